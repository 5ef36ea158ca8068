//! Why a visit is not judged or its judgement not confirmed.

use jiff::civil::Date;

/// Why the inspection desk refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectionError {
    /// No such visit, or one of a dealer whom the person does not see.
    #[error("there is no visit to {dealer} on {day}: open the day's list and choose one of it")]
    NoVisit {
        /// The day.
        day: Date,
        /// The dealer.
        dealer: String,
    },
    /// No such inspection, or one of a dealer whom the person does not see.
    #[error("there is no inspection {0}: open the list and choose one of it")]
    NoInspection(String),
    /// No such picture.
    #[error("there is no picture {0}: open the visit and choose one of it")]
    NoPicture(i64),
    /// Not everyone may judge.
    #[error(
        "your role does not judge inspections: that is for hq, the call centre, or the regional manager of the dealer's region"
    )]
    MayNot,
    /// Nothing was seen yet, or nothing can be.
    #[error("the visit to {dealer} on {day} has no picture to judge by: it is {state}")]
    NothingToJudge {
        /// The day.
        day: Date,
        /// The dealer.
        dealer: String,
        /// Where it stands.
        state: &'static str,
    },
    /// Said already.
    #[error("the inspection {0} is confirmed: correct it by an import")]
    Confirmed(String),
    /// No item of the policy in force that day.
    #[error("'{0}' is no item of the policy in force on that day: reload the page")]
    NoItem(String),
    /// Pictures that may show nothing.
    #[error("{0} pictures of the visit are in doubt: say of each whether it shows anything, then confirm")]
    InDoubt(usize),
    /// Items without a result.
    #[error("not every item is judged: {} have no result yet", missing.join(", "))]
    Incomplete {
        /// Their codes.
        missing: Vec<String>,
    },
    /// The draft is another than the one shown.
    #[error("somebody judged on while you looked: see what is judged now, then confirm that")]
    Changed,
    /// The facts were refused.
    #[error("the inspection {inspection} cannot be taken in: {why}")]
    Refused {
        /// Its id.
        inspection: String,
        /// The first fault.
        why: String,
    },
}

impl InspectionError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoVisit { .. } => "inspection_no_visit",
            Self::NoInspection(_) => "inspection_unknown",
            Self::NoPicture(_) => "inspection_no_picture",
            Self::MayNot => "inspection_may_not",
            Self::NothingToJudge { .. } => "inspection_nothing_to_judge",
            Self::Confirmed(_) => "inspection_confirmed",
            Self::NoItem(_) => "inspection_no_item",
            Self::InDoubt(_) => "inspection_in_doubt",
            Self::Incomplete { .. } => "inspection_incomplete",
            Self::Changed => "inspection_changed",
            Self::Refused { .. } => "inspection_refused",
        }
    }
}
