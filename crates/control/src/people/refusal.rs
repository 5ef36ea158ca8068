//! Why a change of a roster is refused, in the order in which the reasons are looked at.

use jiff::civil::Date;

/// A change of a roster that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only the dealer's own people and the headquarters change a roster.
    #[error("{by} may not change this roster: the dealer's own people do, or the headquarters")]
    MayNot {
        /// Who tried.
        by: String,
    },
    /// The code belongs to somebody of another name.
    #[error(
        "the code '{0}' belongs to another person already: choose another code, or write the name as it is known"
    )]
    CodeTaken(String),
    /// The person works for another dealer.
    #[error("'{0}' works for another dealer: that employment has to end first")]
    Elsewhere(String),
    /// The person has the position already.
    #[error("'{person}' has this position since {since}: nothing is to be added")]
    Employed {
        /// The person.
        person: String,
        /// Since when.
        since: Date,
    },
    /// Nobody of that code works there.
    #[error("'{0}' is not on this dealer's roster: add the employment first")]
    NotEmployed(String),
    /// The employment is over already.
    #[error("this employment ended on {on} already")]
    Ended {
        /// Its last day.
        on: Date,
    },
    /// There is no such certificate of a person on the roster.
    #[error("there is no certificate '{0}' of a person on this roster")]
    NoCertificate(String),
    /// The certificate's number is another's.
    #[error("the certificate number '{0}' is taken: write the number that stands on the certificate")]
    CertificateTaken(String),
    /// The certificate is revoked already.
    #[error("the certificate is revoked since {on}")]
    Revoked {
        /// Since when.
        on: Date,
    },
    /// The facts do not take it.
    #[error("this cannot be entered: {0}")]
    Facts(String),
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MayNot { .. } => "people_may_not",
            Self::CodeTaken(_) => "person_code_taken",
            Self::Elsewhere(_) => "person_elsewhere",
            Self::Employed { .. } => "person_employed",
            Self::NotEmployed(_) => "person_not_employed",
            Self::Ended { .. } => "employment_ended",
            Self::NoCertificate(_) => "no_certificate",
            Self::CertificateTaken(_) => "certificate_taken",
            Self::Revoked { .. } => "certificate_revoked",
            Self::Facts(_) => "people_facts",
        }
    }
}
