//! Sessions: a browser signs in, is known again, and signs out.

use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::time::{Instant, MINUTE};
use farsight_store::audit::Deed;
use farsight_store::doors::{self, Account, ListedSession, NewSession};
use farsight_store::session::Isolation;
use farsight_store::{Session, audit, registry::Tenant};

use super::{IDLE, Refusal, SECRET_BYTES, SESSION, Secret, kept, locked_until, password, refuse_locked};
use crate::sealing::Sealer;
use crate::{ControlError, Desk};

/// The browser that somebody signs in with, as it shows itself.
#[derive(Debug, Clone, Copy)]
pub struct Browser<'b> {
    /// What it calls itself; cut to 200 characters.
    pub name: &'b str,
    /// Where it is.
    pub address: &'b str,
}

/// Somebody who signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the browser is to show from now on.
    pub secret: String,
    /// Whether a code is to be shown before anything else.
    pub needs_code: bool,
}

/// Somebody who is known by their session.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who.
    pub account: Account,
    /// What is still to be done before anything else is shown.
    pub before: Option<Before>,
}

/// What is to be done before anything else is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// To show a code of the second factor.
    Code,
    /// To set a second factor up, since the role moves money.
    Enrol,
}

/// Whether a role moves money, and so needs a second factor. A simulated tenant's may do without.
pub(super) fn needs_second_factor(role: Role, tenant: &Tenant) -> bool {
    !tenant.simulated && matches!(role, Role::Finance | Role::Hq | Role::RegionalManager | Role::Operator)
}

/// Signs a browser in by address and password.
pub fn sign_in(
    desk: &mut Desk,
    sealer: &Sealer,
    (email, password): (&str, &str),
    browser: Browser,
) -> Result<Result<SignedIn, Refusal>, ControlError> {
    let email = email.trim().to_lowercase();
    let (scope, now) = (desk.tenant.network(), desk.now);
    let known: Option<Account> =
        desk.session.transaction(scope, Isolation::ReadCommitted, |tx| doors::of_email(tx, &email))?;
    if let Some(refusal) = known.as_ref().and_then(|known| refuse_locked(known.locked_until, now).err()) {
        return Ok(Err(refusal));
    }
    // Outside of a transaction, for it takes long; and for an unknown address just as long.
    let hash = known.as_ref().and_then(|known| known.password_hash.as_deref());
    let right = password::is_right(password, hash);
    let Some(account) = known else { return Ok(Err(Refusal::Wrong)) };
    let secret = Secret::new(sealer.random::<SECRET_BYTES>());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let Some(account) = doors::of_user(tx, account.user)? else { return Ok(Err(Refusal::Wrong)) };
        if !right || account.disabled {
            doors::failed(tx, account.user, locked_until(account.failures + 1, now))?;
            return Ok(Err(Refusal::Wrong));
        }
        if !account.totp_confirmed {
            doors::succeeded(tx, account.user, None)?; // with a second factor only its code clears the failures
        }
        let session = NewSession {
            secret: &secret.kept,
            user: account.user,
            begun_at: now,
            ends_at: Instant(now.0.saturating_add(SESSION)),
            second_factor: false,
            browser: &browser.name.chars().take(200).collect::<String>(),
            address: browser.address,
        };
        doors::begin_session(tx, &session)?;
        let deed = Deed { actor: &email, action: "session.begin", subject: &email, detail: "{}" };
        audit::add(tx, now, &deed)?;
        Ok(Ok(SignedIn { secret: secret.told, needs_code: account.totp_confirmed }))
    })
}

/// Who a browser's secret belongs to, while the session holds.
pub fn enter(
    session: &mut Session,
    tenant: &Tenant,
    secret: &str,
    now: Instant,
) -> Result<Option<Visitor>, ControlError> {
    let (idle_since, secret) = (Instant(now.0.saturating_sub(IDLE)), kept(secret));
    session.transaction(tenant.network(), Isolation::ReadCommitted, |tx| {
        let Some(held) = doors::held(tx, &secret, now, idle_since)? else { return Ok(None) };
        if now.0 - held.seen_at.0 >= MINUTE {
            doors::seen(tx, &secret, now)?;
        }
        let account = held.account;
        let before = match account.totp_confirmed {
            true if !held.second_factor => Some(Before::Code),
            // One shown to a provider is as good; without either, one is set up here.
            false if !held.second_factor && needs_second_factor(account.role, tenant) => Some(Before::Enrol),
            _ => None,
        };
        Ok(Some(Visitor { account, before }))
    })
}

/// The sessions of a user, the last seen first, and which of them is the one at hand.
pub fn sessions(
    desk: &mut Desk,
    user: i32,
    secret: &str,
) -> Result<Vec<(ListedSession, bool)>, ControlError> {
    let (scope, now, own) = (desk.tenant.network(), desk.now, kept(secret));
    let idle_since = Instant(now.0.saturating_sub(IDLE));
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let listed = doors::sessions(tx, user, now, idle_since)?;
        Ok(listed
            .into_iter()
            .map(|session| {
                let is_own = session.secret == own;
                (session, is_own)
            })
            .collect())
    })
}

/// Ends all other sessions of a user; gives how many.
pub fn end_others(desk: &mut Desk, user: i32, secret: &str) -> Result<usize, ControlError> {
    let (scope, now, actor) = (desk.tenant.network(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let ended = doors::end_sessions(tx, user, Some(&kept(secret)))?;
        let deed = Deed { actor: &actor, action: "session.end-others", subject: &actor, detail: "{}" };
        audit::add(tx, now, &deed)?;
        Ok(ended)
    })
}

/// Ends one session of a user, named by its stored hash in hex. Says whether there was one.
pub fn end_one(desk: &mut Desk, user: i32, named: &str) -> Result<bool, ControlError> {
    let (scope, now) = (desk.tenant.network(), desk.now);
    let Ok(secret) = hex::decode(named) else { return Ok(false) };
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let own = doors::sessions(tx, user, now, Instant(0))?.iter().any(|session| session.secret == secret);
        if own {
            doors::end_session(tx, &secret)?;
        }
        Ok(own)
    })
}

/// Remembers the language a user chose.
pub fn set_language(desk: &mut Desk, user: i32, language: Language) -> Result<(), ControlError> {
    let scope = desk.tenant.network();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        doors::set_language(tx, user, language.tag())?;
        Ok(())
    })
}
