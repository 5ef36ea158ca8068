//! What became of one try.

use std::time::Duration;

use crate::backoff::backoff;

/// How the text of an outcome begins when the receiver wants no more messages.
pub(crate) const GONE: &str = "disabled by the receiver";

/// What became of handing one message to one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it.
    Delivered {
        /// What the channel answered, for the log.
        detail: String,
    },
    /// It may go through later. The channel may have taken it and its answer been lost: the id tells repeats.
    Later {
        /// What was tried and what came of it.
        why: String,
        /// The earliest next try the channel asks for.
        after: Option<Duration>,
    },
    /// It will not go through until a person mends something.
    Never {
        /// What was tried and what to mend.
        why: String,
    },
}

impl Outcome {
    /// A later try, when one likes.
    pub(crate) fn later(why: impl Into<String>) -> Self {
        Self::Later { why: why.into(), after: None }
    }

    /// No further try.
    pub(crate) fn never(why: impl Into<String>) -> Self {
        Self::Never { why: why.into() }
    }

    /// A stable name: `delivered`, `later`, `never`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Later { .. } => "later",
            Self::Never { .. } => "never",
        }
    }

    /// Whether the receiver itself said that it wants no more messages, ever.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Never { why } if why.starts_with(GONE))
    }

    /// How long to wait before the next try after `failures` failed ones (this one counted), or `None` when there is
    /// none: delivered, never, or the last try is spent. The channel's own wish is kept where it is the longer.
    pub fn retry_in(&self, failures: u32, seed: u64) -> Option<Duration> {
        match self {
            Self::Later { after, .. } => Some(backoff(failures, seed)?.max(after.unwrap_or_default())),
            Self::Delivered { .. } | Self::Never { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_wait_wins_and_the_end_is_the_end() {
        let asked = Outcome::Later { why: String::new(), after: Some(Duration::from_mins(10)) };
        assert_eq!(asked.retry_in(1, 0), Some(Duration::from_mins(10)));
        assert!(asked.retry_in(3, 0) >= Some(Duration::from_mins(30)));
        assert_eq!(asked.retry_in(10, 0), None);
        assert_eq!(Outcome::never("").retry_in(1, 0), None);
    }
}
