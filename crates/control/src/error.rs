//! Why a use case does not do what was asked: what was tried, where, and what to do.

use farsight_exchange::{SourceError, WriteError};
use farsight_ledger::settlement::Refusal;
use farsight_rulebook::calendar::HolidaysUnknown;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::PolicyError;
use farsight_store::StoreError;

use crate::sample::SampleError;
use crate::visits::VisitError;

/// An error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A source that cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A result that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A step of a settlement that is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An alert that may not be acknowledged.
    #[error(transparent)]
    Alert(#[from] crate::alerts::Refusal),
    /// A deadline in working days of a year that is not known.
    #[error(transparent)]
    Holidays(#[from] HolidaysUnknown),
    /// A step of the draw.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// A step of the day's plan.
    #[error(transparent)]
    Visit(#[from] VisitError),
    /// A step of the inspection desk.
    #[error(transparent)]
    Inspection(#[from] crate::inspections::InspectionError),
    /// A file on its way in.
    #[error(transparent)]
    Upload(#[from] crate::uploads::UploadError),
    /// A link that leads nowhere.
    #[error(transparent)]
    Link(#[from] crate::evidence::LinkError),
    /// Something about telling people that is refused.
    #[error(transparent)]
    Telling(#[from] crate::telling::TellingError),
    /// A deed on a complaint that is refused.
    #[error(transparent)]
    Complaint(#[from] crate::complaints::Refusal),
    /// Something about a support request that is refused.
    #[error(transparent)]
    Support(#[from] crate::support::Refusal),
    /// A change of a roster that is refused.
    #[error(transparent)]
    People(#[from] crate::people::Refusal),
    /// Something about an appeal that is refused.
    #[error(transparent)]
    Appeal(#[from] crate::appeals::Refusal),
    /// Something about an order that is refused.
    #[error(transparent)]
    Rectification(#[from] crate::rectifications::Refusal),
    /// Something about a penalty that is refused.
    #[error(transparent)]
    Penalty(#[from] crate::penalties::Refusal),
    /// A field that no fact can hold.
    #[error(transparent)]
    Unfit(#[from] crate::import::Unfit),
    /// Something about a statement that is refused.
    #[error(transparent)]
    Statement(#[from] crate::statements::StatementRefusal),
    /// A proof pack that cannot be written.
    #[error(transparent)]
    Pack(#[from] farsight_proof::PackError),
    /// Something about a token that is refused.
    #[error(transparent)]
    Token(#[from] crate::tokens::Refusal),
    /// Something about a watched place that is refused.
    #[error(transparent)]
    Watch(#[from] crate::watches::Refusal),
    /// Something about a webhook that is refused.
    #[error(transparent)]
    Webhook(#[from] crate::webhooks::Refusal),
    /// Something about a user that is refused.
    #[error(transparent)]
    User(#[from] crate::users::UserRefusal),
    /// Something about an identity provider that is refused.
    #[error(transparent)]
    Provider(#[from] crate::providers::ProviderRefusal),
    /// Something about a draft of a policy that is refused.
    #[error(transparent)]
    PolicyDraft(#[from] crate::policies::drafts::Refusal),
    /// A policy file with faults.
    #[error("policy {file} is refused:\n{}", faults.iter().map(|fault| format!("  {file}: {fault}")).collect::<Vec<_>>().join("\n"))]
    Policy {
        /// The file.
        file: String,
        /// Its faults.
        faults: Vec<PolicyError>,
    },
    /// A policy that would change what is locked.
    #[error("a policy effective on {effective_on} is refused: period {locked} is locked; choose a date after {}", locked.last_day())]
    PolicyTooEarly {
        /// Its date.
        effective_on: jiff::civil::Date,
        /// The last locked period.
        locked: Period,
    },
    /// Reconciling at an instant that is refused (rulebook 3.3).
    #[error(
        "checks as of {as_of} cannot be posted: {why}; `farsight check --dry-run` computes and shows without posting"
    )]
    AsOf {
        /// The instant.
        as_of: String,
        /// Why.
        why: String,
    },
    /// A month whose settlement is not calculated, and so neither packed nor booked.
    #[error(
        "settlement {0} is not calculated yet: run `farsight settle {0} --as-of INSTANT --by EMAIL` first"
    )]
    NotCalculated(Period),
    /// A journal that is not written.
    #[error(transparent)]
    Journal(#[from] crate::journal::Refusal),
    /// A report of a moment that has not come.
    #[error("as known at {at}: that is yet to come, it is {now} now; ask for a moment that is past")]
    KnownLater {
        /// The moment.
        at: String,
        /// The present one.
        now: String,
    },
    /// What was asked for is not there, or not for this person to see: which, is not said.
    #[error("there is no {0} like this here: see the list for what there is")]
    NotFound(&'static str),
    /// Anything else that was asked wrongly.
    #[error("{0}")]
    Usage(String),
    /// A file that cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// Why.
        why: std::io::Error,
    },
}

impl ControlError {
    /// Whether what was asked for is not there, or not the person's to see.
    pub const fn is_not_found(&self) -> bool {
        use crate::inspections::InspectionError::{NoInspection, NoPicture, NoVisit};
        matches!(
            self,
            Self::NotFound(_)
                | Self::Link(_)
                | Self::Inspection(NoVisit { .. } | NoInspection(_) | NoPicture(_))
                | Self::Upload(crate::uploads::UploadError::Unknown)
                | Self::Visit(VisitError::NoVisit { .. } | VisitError::NoPicture(_))
                | Self::Sample(SampleError::NotDrawn(_))
        )
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Source(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Alert(refusal) => refusal.code(),
            Self::Holidays(_) => "holidays_unknown",
            Self::Sample(error) => error.code(),
            Self::Visit(error) => error.code(),
            Self::Inspection(error) => error.code(),
            Self::Upload(error) => error.code(),
            Self::Link(_) => "evidence_unknown",
            Self::Telling(error) => error.code(),
            Self::Complaint(refusal) => refusal.code(),
            Self::Support(refusal) => refusal.code(),
            Self::People(refusal) => refusal.code(),
            Self::Appeal(refusal) => refusal.code(),
            Self::Rectification(refusal) => refusal.code(),
            Self::Penalty(refusal) => refusal.code(),
            Self::Unfit(unfit) => unfit.code(),
            Self::Statement(refusal) => refusal.code(),
            Self::Pack(error) => error.code(),
            Self::Token(refusal) => refusal.code(),
            Self::Watch(refusal) => refusal.code(),
            Self::Webhook(refusal) => refusal.code(),
            Self::User(refusal) => refusal.code(),
            Self::Provider(refusal) => refusal.code(),
            Self::PolicyDraft(refusal) => refusal.code(),
            Self::Policy { .. } => "bad_policy",
            Self::PolicyTooEarly { .. } => "policy_too_early",
            Self::AsOf { .. } => "as_of_refused",
            Self::NotCalculated(_) => "not_calculated",
            Self::Journal(refusal) => refusal.code(),
            Self::KnownLater { .. } => "known_later",
            Self::NotFound(_) => "not_found",
            Self::Usage(_) => "usage",
            Self::File { .. } => "file",
        }
    }
}
