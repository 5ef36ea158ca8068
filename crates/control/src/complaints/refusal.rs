//! Why a deed on a complaint is refused, in the order in which the reasons are looked at.

use farsight_rulebook::time::Instant;

use super::DeedKind;

/// A deed on a complaint that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The dealer is not in the person's part of the network.
    #[error("there is no dealer '{0}': choose one of the list")]
    NoDealer(String),
    /// The deed belongs to another post.
    #[error("{by} may not {}: this is for {}", deed.verb(), deed.belongs_to())]
    MayNot {
        /// Who tried.
        by: String,
        /// What.
        deed: DeedKind,
    },
    /// The complaint counts for nothing any more.
    #[error("the complaint is withdrawn: nothing is to be done on it any more")]
    Withdrawn,
    /// The customer has said satisfied.
    #[error(
        "the complaint is closed, the customer said satisfied: take in a new one where there is a new matter"
    )]
    Closed,
    /// It was sent to the dealer already.
    #[error("the complaint is dispatched already: its clock runs since then")]
    Dispatched {
        /// When.
        at: Instant,
    },
    /// The call centre has not sent it to the dealer.
    #[error("the complaint is not dispatched yet: the call centre dispatches it first")]
    NotDispatched,
    /// The dealer has replied.
    #[error("the first reply is there already: only the first one counts")]
    Replied {
        /// When.
        at: Instant,
    },
    /// Only majors are handled in person.
    #[error("the complaint is a general one: only major ones are handled in person by both posts")]
    NotMajor,
    /// This post has handled it.
    #[error("this post has handled the complaint in person already")]
    Handled {
        /// When.
        at: Instant,
    },
    /// It is submitted, and nobody has called the customer yet.
    #[error(
        "the complaint is submitted already: wait for the call centre's callback, the time is not held against you"
    )]
    Submitted {
        /// When.
        at: Instant,
    },
    /// A withdrawal says why.
    #[error("a withdrawal takes the complaint out of every check: write the reason")]
    NoReason,
    /// The facts do not take it.
    #[error("this cannot be entered: {0}")]
    Facts(String),
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoDealer(_) => "no_dealer",
            Self::MayNot { .. } => "complaint_may_not",
            Self::Withdrawn => "complaint_withdrawn",
            Self::Closed => "complaint_closed",
            Self::Dispatched { .. } => "complaint_dispatched",
            Self::NotDispatched => "complaint_not_dispatched",
            Self::Replied { .. } => "complaint_replied",
            Self::NotMajor => "complaint_not_major",
            Self::Handled { .. } => "complaint_handled",
            Self::Submitted { .. } => "complaint_submitted",
            Self::NoReason => "complaint_no_reason",
            Self::Facts(_) => "complaint_facts",
        }
    }
}
