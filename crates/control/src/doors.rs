//! Coming in and going out: passwords, second factors, sessions, and ways to set a password anew.
//!
//! What a browser or a mail has is never stored, only its SHA-256; of a password its argon2id hash. It must never say
//! whether an address is known, nor which of address and password was wrong.

pub mod claims;
pub(crate) mod identity;
mod password;
mod reset;
pub(crate) mod said;
mod second_factor;
mod session;
pub mod single_sign_on;

use farsight_rulebook::time::{DAY, HOUR, Instant, MINUTE};
use sha2::{Digest, Sha256};

pub use password::{Fault as PasswordFault, set_password};
pub use reset::{Invitation, ask_reset, change_password, invite, reset_password, whose_reset};
pub use second_factor::{Enrolment, confirm, enrol, show_code, take_away};
pub use session::{
    Before, Browser, SignedIn, Visitor, end_one, end_others, enter, sessions, set_language, sign_in,
};

/// A session that nobody used for so long has ended.
pub const IDLE: i64 = 12 * HOUR;
/// A session ends after so long in any case.
pub const SESSION: i64 = 7 * DAY;
/// A reset holds for so long, an invitation for longer.
pub const RESET: i64 = HOUR;
/// How long an invitation holds.
pub const INVITATION: i64 = 7 * DAY;
/// So many wrong tries lock an account for a minute; each further one doubles that, up to an hour.
const TRIES: i32 = 5;
/// The bytes of a secret.
const SECRET_BYTES: usize = 32;

/// Why somebody does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Address or password is wrong, or the account is disabled: which, is not said.
    #[error("address or password is wrong: try again, or set a new password by mail")]
    Wrong,
    /// Too many wrong tries.
    #[error("too many wrong tries: wait {minutes} min, or set a new password by mail")]
    Locked {
        /// How long to wait, in whole minutes.
        minutes: i64,
    },
    /// The code is wrong, or was used before.
    #[error(
        "the code is wrong or was used already: wait for the next one, and see that your phone's clock is right"
    )]
    Code,
    /// There is no such reset, or it has ended.
    #[error("this link has been used or has ended: ask for a new one")]
    Reset,
    /// The password will not do.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// A role that moves money keeps its second factor.
    #[error("your role needs a second factor: it can be renewed, not taken away")]
    NeedsSecondFactor,
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "sign_in_wrong",
            Self::Locked { .. } => "sign_in_locked",
            Self::Code => "sign_in_code",
            Self::Reset => "reset_ended",
            Self::Password(fault) => fault.code(),
            Self::NeedsSecondFactor => "second_factor_needed",
        }
    }
}

/// A secret as a browser or a mail has it, and as it is stored.
struct Secret {
    told: String,
    kept: Vec<u8>,
}

impl Secret {
    fn new(bytes: [u8; SECRET_BYTES]) -> Self {
        let told = hex::encode(bytes);
        let kept = kept(&told);
        Self { told, kept }
    }
}

/// What is stored of a secret.
fn kept(told: &str) -> Vec<u8> {
    Sha256::digest(told.as_bytes()).to_vec()
}

/// Until when nothing is looked at after so many failures, this one included.
fn locked_until(failures: i32, now: Instant) -> Option<Instant> {
    let beyond = failures - TRIES;
    (beyond >= 0).then(|| Instant(now.0.saturating_add((MINUTE << beyond.min(6)).min(HOUR))))
}

/// The refusal while an account is locked.
fn refuse_locked(until: Option<Instant>, now: Instant) -> Result<(), Refusal> {
    match until {
        Some(until) if until > now => {
            Err(Refusal::Locked { minutes: ((until.0 - now.0) + MINUTE - 1) / MINUTE })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_doubles_up_to_an_hour() {
        for (failures, minutes) in [(1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (1000, 60)] {
            let until = locked_until(failures, Instant(0)).map_or(0, |until| until.0 / MINUTE);
            assert_eq!(until, minutes, "{failures}");
        }
        assert_eq!(refuse_locked(Some(Instant(MINUTE + 1)), Instant(0)), Err(Refusal::Locked { minutes: 2 }));
        assert_eq!(refuse_locked(Some(Instant(5)), Instant(5)), Ok(()));
    }
}
