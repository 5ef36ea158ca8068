//! Why somebody is not taken at a provider's word.

use openidconnect::{ClaimsVerificationError, SignatureVerificationError};

/// Why a provider's word is not taken, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// An address that the operator's rules do not lead to.
    #[error("the provider's address is refused: {0}")]
    Address(String),
    /// No answer, or none in time.
    #[error("tried to ask the provider: {0}; try again later")]
    Away(String),
    /// An answer that cannot be understood.
    #[error("the provider's answer cannot be used: {0}")]
    Answer(String),
    /// The provider does not take the code, or not from this client.
    #[error(
        "the provider refuses the sign-in's code ({0}): sign in again; if that does not help, compare client and secret"
    )]
    Code(String),
    /// There is no ID token in the answer.
    #[error("the provider gives no ID token: ask for the scope openid")]
    NoToken,
    /// Not signed at all.
    #[error("the token is not signed")]
    Unsigned,
    /// Signed by an algorithm that is not allowed: one with a shared secret, or an unknown one.
    #[error("the token is signed by an algorithm that is not allowed")]
    Algorithm,
    /// Signed by a key that the provider does not publish.
    #[error("the token is signed by a key that the provider does not publish")]
    Key,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// Another provider's.
    #[error("the token was given by another provider")]
    Issuer,
    /// Not for this tower, or not for it alone.
    #[error("the token is for somebody else")]
    Audience,
    /// Of another sign-in.
    #[error("the token belongs to another sign-in")]
    Nonce,
    /// No longer.
    #[error("the token has expired: compare the provider's clock with ours")]
    Expired,
    /// Not yet.
    #[error("the token is not valid yet: compare the provider's clock with ours")]
    Early,
    /// What the provider tells about the person is about somebody else.
    #[error("the provider tells about somebody else than the token")]
    Subject,
    /// Anything else about a token.
    #[error("the token cannot be used: {0}")]
    Odd(String),
}

impl IdentityError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "provider_address",
            Self::Away(_) => "provider_away",
            Self::Answer(_) => "provider_answer",
            Self::Code(_) => "provider_code",
            Self::NoToken => "token_missing",
            Self::Unsigned => "token_unsigned",
            Self::Algorithm => "token_algorithm",
            Self::Key => "token_key",
            Self::Signature => "token_signature",
            Self::Issuer => "token_issuer",
            Self::Audience => "token_audience",
            Self::Nonce => "token_nonce",
            Self::Expired => "token_expired",
            Self::Early => "token_early",
            Self::Subject => "token_subject",
            Self::Odd(_) => "token_odd",
        }
    }
}

impl From<ClaimsVerificationError> for IdentityError {
    fn from(error: ClaimsVerificationError) -> Self {
        match error {
            ClaimsVerificationError::Expired(why) if why == super::judge::EARLY => Self::Early,
            ClaimsVerificationError::Expired(_) => Self::Expired,
            ClaimsVerificationError::InvalidAudience(_) => Self::Audience,
            ClaimsVerificationError::InvalidIssuer(_) => Self::Issuer,
            ClaimsVerificationError::InvalidNonce(_) => Self::Nonce,
            ClaimsVerificationError::SignatureVerification(error) => signature(&error),
            other => Self::Odd(other.to_string()),
        }
    }
}

fn signature(error: &SignatureVerificationError) -> IdentityError {
    match error {
        SignatureVerificationError::NoSignature => IdentityError::Unsigned,
        SignatureVerificationError::DisallowedAlg(_) | SignatureVerificationError::UnsupportedAlg(_) => {
            IdentityError::Algorithm
        }
        SignatureVerificationError::NoMatchingKey
        | SignatureVerificationError::AmbiguousKeyId(_)
        | SignatureVerificationError::InvalidKey(_) => IdentityError::Key,
        _ => IdentityError::Signature,
    }
}
