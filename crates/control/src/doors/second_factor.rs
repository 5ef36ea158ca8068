//! The second factor: a code that changes every 30 seconds (TOTP, RFC 6238), from a seed that is stored sealed.

use farsight_rulebook::time::{Instant, SECOND};
use farsight_store::audit::Deed;
use farsight_store::doors::{self, Account};
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::{Tx, audit};
use totp_rs::{Builder, Totp};

use super::session::needs_second_factor;
use super::{Refusal, kept, locked_until, refuse_locked};
use crate::sealing::Sealer;
use crate::{ControlError, Desk};

const PURPOSE: &str = "second factor";
/// 160 bits, as RFC 4226 recommends.
const SEED_BYTES: usize = 20;

/// What a phone is given to make codes.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The seed to type in, in base 32.
    pub seed: String,
    /// The same as an address for a picture to scan.
    pub url: String,
}

fn totp(seed: Vec<u8>, tenant: &Tenant, email: &str) -> Result<Totp, ControlError> {
    Builder::new()
        .with_secret(seed)
        .with_issuer(Some(format!("Farsight {}", tenant.code)))
        .with_account_name(email)
        .build()
        .map_err(|error| ControlError::Usage(format!("the second factor cannot be set up: {error}")))
}

fn purpose(tenant: &Tenant, user: i32) -> String {
    format!("{PURPOSE}/{}/{user}", tenant.id)
}

/// The seed that is being set up: the one begun before, or a new one. Its code has yet to be shown ([`confirm`]).
pub fn enrol(desk: &mut Desk, sealer: &Sealer, user: i32) -> Result<Enrolment, ControlError> {
    let (scope, tenant) = (desk.tenant.network(), desk.tenant.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let account = own(tx, user)?;
        let begun = match &account.totp_sealed {
            Some(sealed) if !account.totp_confirmed => Some(sealer.open(&purpose(&tenant, user), sealed)?),
            _ => None,
        };
        let seed = match begun {
            Some(seed) => seed,
            None => {
                let seed = sealer.random::<SEED_BYTES>().to_vec();
                doors::set_totp(tx, user, Some(&sealer.seal(&purpose(&tenant, user), &seed)))?;
                seed
            }
        };
        let totp = totp(seed, &tenant, &account.email)?;
        let url = totp.to_url().map_err(|error| ControlError::Usage(error.to_string()))?;
        Ok(Enrolment { seed: totp.secret().to_base32(), url })
    })
}

/// The first code of a new second factor: from here on it holds. Other sessions end.
pub fn confirm(
    desk: &mut Desk,
    sealer: &Sealer,
    (user, secret): (i32, &str),
    code: &str,
) -> Result<Result<(), Refusal>, ControlError> {
    let now = desk.now;
    with_code(desk, sealer, (user, secret), code, |tx, account| {
        doors::confirm_totp(tx, user, now)?;
        doors::end_sessions(tx, user, Some(&kept(secret)))?;
        let deed = Deed {
            actor: &account.email,
            action: "user.second-factor",
            subject: &account.email,
            detail: "{}",
        };
        audit::add(tx, now, &deed)?;
        Ok(())
    })
}

/// A code shown at signing in.
pub fn show_code(
    desk: &mut Desk,
    sealer: &Sealer,
    (user, secret): (i32, &str),
    code: &str,
) -> Result<Result<(), Refusal>, ControlError> {
    with_code(desk, sealer, (user, secret), code, |_, _| Ok(()))
}

fn with_code(
    desk: &mut Desk,
    sealer: &Sealer,
    (user, secret): (i32, &str),
    code: &str,
    then: impl FnOnce(&mut Tx, &Account) -> Result<(), ControlError>,
) -> Result<Result<(), Refusal>, ControlError> {
    let (scope, now, tenant) = (desk.tenant.network(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let account = own(tx, user)?;
        if let Err(refusal) = refuse_locked(account.locked_until, now) {
            return Ok(Err(refusal));
        }
        let Some(step) = step_of(&account, sealer, &tenant, code, now)? else {
            doors::failed(tx, user, locked_until(account.failures + 1, now))?;
            return Ok(Err(Refusal::Code));
        };
        doors::succeeded(tx, user, Some(step))?;
        doors::second_factor(tx, &kept(secret), now)?;
        then(tx, &account)?;
        Ok(Ok(()))
    })
}

/// The time step a code is right for; none when it is wrong, or of a step that was used.
fn step_of(
    account: &Account,
    sealer: &Sealer,
    tenant: &Tenant,
    code: &str,
    now: Instant,
) -> Result<Option<i64>, ControlError> {
    let Some(sealed) = &account.totp_sealed else { return Ok(None) };
    let totp = totp(sealer.open(&purpose(tenant, account.user), sealed)?, tenant, &account.email)?;
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    let seconds = u64::try_from(now.0 / SECOND).unwrap_or_default();
    let step = totp.check(&code, seconds).and_then(|step| i64::try_from(step).ok());
    Ok(step.filter(|step| *step > account.totp_last_step))
}

/// Takes a second factor away, where the role can do without.
pub fn take_away(desk: &mut Desk, user: i32) -> Result<Result<(), Refusal>, ControlError> {
    let (scope, now, tenant) = (desk.tenant.network(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let account = own(tx, user)?;
        if needs_second_factor(account.role, &tenant) {
            return Ok(Err(Refusal::NeedsSecondFactor));
        }
        doors::set_totp(tx, user, None)?;
        let deed = Deed {
            actor: &account.email,
            action: "user.second-factor-gone",
            subject: &account.email,
            detail: "{}",
        };
        audit::add(tx, now, &deed)?;
        Ok(Ok(()))
    })
}

fn own(tx: &mut Tx, user: i32) -> Result<Account, ControlError> {
    doors::of_user(tx, user)?
        .ok_or_else(|| ControlError::Usage("this user is gone: sign in again".to_owned()))
}
