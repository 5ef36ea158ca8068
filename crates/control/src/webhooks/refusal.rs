//! Why nothing was done about a webhook, in the order in which it is looked at.

use super::{MOST, MOST_OVERLAP_HOURS, NAME_CHARACTERS};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too long a name.
    #[error("a webhook's name is at most {NAME_CHARACTERS} characters on one line")]
    Name,
    /// Types that there are not, or that this role is not told of; or none.
    #[error("{}; this machine can be told of: {known}", if unknown.is_empty() { "no type of event is named".to_owned() } else { format!("types of events that this machine cannot be told of: {unknown}") })]
    Events {
        /// The types.
        unknown: String,
        /// Those it can be told of.
        known: String,
    },
    /// The machine has enough.
    #[error("a machine has at most {MOST} webhooks: remove one first, or subscribe one to more")]
    TooMany,
    /// Too long an overlap.
    #[error("the old key signs for 0 to {MOST_OVERLAP_HOURS} hours more")]
    Overlap,
    /// A state that a delivery is not in.
    #[error("'{0}' is no state of a delivery: take due, sending, delivered, gave-up or dropped")]
    State(String),
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name => "webhook_name",
            Self::Events { .. } => "webhook_events",
            Self::TooMany => "webhook_too_many",
            Self::Overlap => "webhook_overlap",
            Self::State(_) => "delivery_state",
        }
    }
}
