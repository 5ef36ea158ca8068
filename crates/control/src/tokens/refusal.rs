//! Why nothing was done about a token, in the order in which it is looked at.

use super::{MOST_DAYS, MOST_RATE};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a name.
    #[error("a machine's name is a code: 1 to 64 small letters, digits, '-', '_' or '.'")]
    Name,
    /// Too short or too long a life.
    #[error("a token holds for 1 to {MOST_DAYS} days")]
    Days,
    /// Too few or too many requests.
    #[error("a token's rate is 1 to {MOST_RATE} requests a minute")]
    Rate,
    /// It could do nothing.
    #[error("the token may do nothing: let it read, take deeds, or send facts of a table")]
    Nothing,
    /// Tables that there are not, or that this role does not send.
    #[error(
        "tables this role cannot send: {0}; a part of a network sends what is one dealer's, the operator nothing"
    )]
    Tables(String),
    /// Too long an overlap.
    #[error("the old token goes on for 0 to 744 hours")]
    Overlap,
    /// Only headquarters and operators look after tokens.
    #[error("this role may not look after tokens: headquarters and operators do")]
    Role,
    /// The machine has a token.
    #[error("a machine of this name has a token: rotate it, or revoke it first")]
    Exists,
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name => "token_name",
            Self::Days => "token_days",
            Self::Rate => "token_rate",
            Self::Nothing => "token_nothing",
            Self::Tables(_) => "token_tables",
            Self::Overlap => "token_overlap",
            Self::Role => "token_role",
            Self::Exists => "token_exists",
        }
    }
}
