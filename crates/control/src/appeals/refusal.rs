//! Why something about an appeal is refused, in the order in which the reasons are looked at.

use farsight_rulebook::time::Instant;

/// An appeal, or a decision on one, that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only the dealer's own people contest its entries.
    #[error("{by} may not contest this entry: it is for the dealer's own people")]
    MayNot {
        /// Who tried.
        by: String,
    },
    /// Incentives, reversals and charges on persons are not contested.
    #[error("this entry is no penalty of the dealer: only those can be contested")]
    NoPenalty,
    /// The charge is gone already.
    #[error("this entry is reversed already: there is nothing to contest")]
    Reversed,
    /// There is an open one.
    #[error("appeal {appeal} on this entry is open: add to it, or withdraw it first")]
    Open {
        /// Its number.
        appeal: i64,
    },
    /// It was decided.
    #[error("appeal {appeal} on this entry was rejected: that decision stands")]
    DecidedBefore {
        /// Its number.
        appeal: i64,
    },
    /// The policy's days are over.
    #[error("the days for contesting this entry are over: it was posted too long ago")]
    TooLate {
        /// Until when it could be contested.
        until: Option<Instant>,
    },
    /// Only managers of the region and headquarters decide.
    #[error("{by} may not decide this: a regional manager of the dealer's region or headquarters does")]
    MayNotDecide {
        /// Who tried.
        by: String,
    },
    /// Whoever had a hand in the finding does not decide on it.
    #[error("{by} had a hand in what this entry stands on: somebody else decides")]
    OwnFinding {
        /// Who tried.
        by: String,
    },
    /// It is over.
    #[error("this appeal is over: nothing can be done on it any more")]
    Over,
    /// There is no text.
    #[error("the text is empty: say why")]
    NoText,
    /// The text is too long.
    #[error("the text is longer than 2000 characters: put the rest into a document")]
    TextTooLong,
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MayNot { .. } => "appeal_may_not",
            Self::NoPenalty => "appeal_no_penalty",
            Self::Reversed => "appeal_reversed",
            Self::Open { .. } => "appeal_open",
            Self::DecidedBefore { .. } => "appeal_decided_before",
            Self::TooLate { .. } => "appeal_too_late",
            Self::MayNotDecide { .. } => "appeal_may_not_decide",
            Self::OwnFinding { .. } => "appeal_own_finding",
            Self::Over => "appeal_over",
            Self::NoText => "case_text_empty",
            Self::TextTooLong => "case_text_too_long",
        }
    }
}
