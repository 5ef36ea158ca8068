//! Passwords: what will do, their argon2id hashes, and looking whether one is right.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use farsight_store::audit::Deed;
use farsight_store::session::Isolation;
use farsight_store::{audit, doors};

use super::Refusal;
use crate::sealing::Sealer;
use crate::{ControlError, Desk};

/// The fewest characters of a password.
const LEAST: usize = 10;
/// The most: hashing more only costs.
const MOST: usize = 200;
const SALT_BYTES: usize = 16;

/// Why a password will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Too short.
    #[error("a password needs at least 10 characters: a few words do well")]
    TooShort,
    /// Too long.
    #[error("a password has at most 200 characters: shorten it")]
    TooLong,
    /// One character over and over, or the address itself.
    #[error("this password is guessed at once: take another")]
    TooPlain,
}

impl Fault {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "password_short",
            Self::TooLong => "password_long",
            Self::TooPlain => "password_plain",
        }
    }
}

/// Whether a password will do for an address.
pub(super) fn check(password: &str, email: &str) -> Result<(), Fault> {
    let count = password.chars().count();
    let name = email.split('@').next().unwrap_or_default();
    let lower = password.to_lowercase();
    let distinct: std::collections::BTreeSet<char> = password.chars().collect();
    match count {
        ..LEAST => Err(Fault::TooShort),
        _ if count > MOST => Err(Fault::TooLong),
        _ if distinct.len() < 4
            || lower == email
            || (!name.is_empty() && lower.trim_matches(|c: char| !c.is_alphabetic()) == name) =>
        {
            Err(Fault::TooPlain)
        }
        _ => Ok(()),
    }
}

/// The hash of a password, in PHC form.
pub(super) fn hash(password: &str, sealer: &Sealer) -> Result<String, ControlError> {
    let salt: [u8; SALT_BYTES] = sealer.random();
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| ControlError::Usage(format!("the password cannot be hashed: {error}")))
}

/// Whether a password is the one of a hash. Without a hash it takes as long, and is wrong.
pub(super) fn is_right(password: &str, hash: Option<&str>) -> bool {
    /// Of nobody: what an unknown address is compared with, so that it takes as long as a known one.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && hash.is_some()
}

/// Sets the password of a user by an operator's hand; their sessions end.
pub fn set_password(
    desk: &mut Desk,
    sealer: &Sealer,
    email: &str,
    password: &str,
) -> Result<Result<(), Refusal>, ControlError> {
    let email = email.to_lowercase();
    if let Err(fault) = check(password, &email) {
        return Ok(Err(fault.into()));
    }
    let hash = hash(password, sealer)?;
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let Some(account) = doors::of_email(tx, &email)? else {
            return Err(ControlError::Usage(format!(
                "no user '{email}': add them first with `farsight user add`"
            )));
        };
        doors::set_password(tx, account.user, &hash, now)?;
        doors::end_sessions(tx, account.user, None)?;
        let deed = Deed { actor: &actor, action: "user.password", subject: &email, detail: "{}" };
        audit::add(tx, now, &deed)?;
        Ok(Ok(()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(bytes: &mut [u8]) {
        bytes.fill(7);
    }

    #[test]
    fn a_password_is_known_by_its_hash() {
        let sealer = Sealer::new([1; 32], counting);
        let hash = hash("correct horse battery", &sealer).unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        for (password, hash, right) in [
            ("correct horse battery", Some(hash.as_str()), true),
            ("correct horse batterY", Some(hash.as_str()), false),
            ("", Some(hash.as_str()), false),
            ("correct horse battery", None, false),
            ("correct horse battery", Some("no hash"), false),
        ] {
            assert_eq!(is_right(password, hash), right, "{password}");
        }
    }

    #[test]
    fn what_will_not_do() {
        for (password, fault) in [
            ("short", Some(Fault::TooShort)),
            ("aaaaaaaaaaaaaa", Some(Fault::TooPlain)),
            ("wang.wei@oem.example", Some(Fault::TooPlain)),
            ("Wang.Wei12345", Some(Fault::TooPlain)),
            ("correct horse", None),
            ("正确的马电池订书钉好", None),
        ] {
            assert_eq!(check(password, "wang.wei@oem.example").err(), fault, "{password}");
        }
        assert_eq!(check(&"abcd".repeat(51), "a@b"), Err(Fault::TooLong));
    }
}
