//! Why a place is not watched, in the order in which it is looked at.

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a code.
    #[error("'{0}' is no code of a watch: take 1 to 64 letters, digits, '-', '_', '.'")]
    Code(String),
    /// The operator did not allow it.
    #[error(
        "{url} is no place that tenant {tenant} may watch: the operator lists places in the configuration, [watch.places] {tenant} = [\"…\"]"
    )]
    Place {
        /// The address.
        url: String,
        /// The tenant.
        tenant: String,
    },
    /// Nobody of this name.
    #[error(
        "there is no machine or user '{0}' whose facts they could be: `farsight token list` and `farsight user list` show them"
    )]
    Sender(String),
    /// No such watch.
    #[error("there is no watch '{0}': `farsight watch list` shows them")]
    Unknown(String),
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Code(_) => "watch_code",
            Self::Place { .. } => "watch_place",
            Self::Sender(_) => "watch_sender",
            Self::Unknown(_) => "watch_not_found",
        }
    }
}
