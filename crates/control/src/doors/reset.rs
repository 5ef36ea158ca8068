//! Setting a password without the old one: by a link that comes by mail, or from whoever runs the installation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_courier::{Line, Message};
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::{DAY, Instant};
use farsight_store::audit::Deed;
use farsight_store::doors::{self, Account};
use farsight_store::session::Isolation;
use farsight_store::telling::Delivery;
use farsight_store::{Tx, audit, identities, telling};
use serde_json::json;

use super::{INVITATION, RESET, Refusal, SECRET_BYTES, Secret, kept, password};
use crate::sealing::Sealer;
use crate::telling::{LINK_SEALED, SEALED_LINK, number, person};
use crate::{ControlError, Desk, explain};

/// So many resets may be asked for in a day.
const A_DAY: i64 = 5;

/// A way to set a password, for somebody to be given.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The path of the link, to be put behind the tower's address.
    pub path: String,
}

/// Sends a link to the mail of an address, if it is known: which, is not said. `tower` is the address of the tower.
pub fn ask_reset(desk: &mut Desk, sealer: &Sealer, email: &str, tower: &str) -> Result<(), ControlError> {
    let email = email.trim().to_lowercase();
    let (scope, now) = (desk.tenant.network(), desk.now);
    let secret = Secret::new(sealer.random::<SECRET_BYTES>());
    let tenant = desk.tenant.clone();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let Some(account) = doors::of_email(tx, &email)?.filter(|account| !account.disabled) else {
            return Ok(());
        };
        // Whom a provider made comes by the provider; a password of their own would go around what it asks of them.
        if account.password_hash.is_none() && identities::provider_of(tx, account.user)?.is_some() {
            return Ok(());
        }
        if doors::resets_since(tx, account.user, Instant(now.0.saturating_sub(DAY)))? >= A_DAY {
            return Ok(());
        }
        doors::add_reset(tx, &secret.kept, account.user, now, Instant(now.0.saturating_add(RESET)))?;
        let link = format!("{}{}", tower.trim_end_matches('/'), path(&tenant.code, &secret.told));
        let id = number(&tenant, &["reset", &hex::encode(&secret.kept)]);
        let message = written(&id, &account, &sealer.seal(SEALED_LINK, link.as_bytes()), now)?;
        let delivery = Delivery {
            id: &id,
            receiver: &person(&account.email),
            robot_key: "",
            what: "reset",
            alerts: &[],
            message: &message,
            made_at: now,
        };
        telling::add(tx, &delivery)?;
        let deed = Deed { actor: &email, action: "user.ask-reset", subject: &email, detail: "{}" };
        audit::add(tx, now, &deed)?;
        Ok(())
    })
}

/// The mail, with its link sealed: the secret in it lies nowhere in the open.
fn written(id: &str, account: &Account, link: &[u8], now: Instant) -> Result<String, ControlError> {
    let language = Language::tagged(&account.language).unwrap_or(Language::Chinese);
    let messages = explain::messages()?;
    let say = |key| messages.say::<&str>(language, key, &[]).map_err(explain::unsaid);
    let message = Message {
        id: id.to_owned(),
        title: say("telling.reset")?,
        lines: vec![Line::Text(say("telling.reset-how")?), Line::Text(say("telling.reset-not-you")?)],
        severity: Severity::None,
        link: None,
        language,
        at: now.to_string(),
        event: "account.reset".to_owned(),
        data: json!({ LINK_SEALED: STANDARD.encode(link) }),
    };
    serde_json::to_string(&message).map_err(|error| ControlError::Usage(error.to_string()))
}

/// A link for somebody to set their first password, or a new one, given to whoever runs the installation.
pub fn invite(desk: &mut Desk, sealer: &Sealer, email: &str) -> Result<Invitation, ControlError> {
    let email = email.to_lowercase();
    let (scope, now, actor) = (desk.tenant.network(), desk.now, desk.actor.clone());
    let (secret, tenant) = (Secret::new(sealer.random::<SECRET_BYTES>()), desk.tenant.code.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let Some(account) = doors::of_email(tx, &email)? else {
            return Err(ControlError::Usage(format!(
                "no user '{email}': add them first with `farsight user add`"
            )));
        };
        doors::add_reset(tx, &secret.kept, account.user, now, Instant(now.0.saturating_add(INVITATION)))?;
        let deed = Deed { actor: &actor, action: "user.invite", subject: &email, detail: "{}" };
        audit::add(tx, now, &deed)?;
        Ok(Invitation { path: path(&tenant, &secret.told) })
    })
}

fn path(tenant: &str, secret: &str) -> String {
    format!("/reset/{tenant}/{secret}")
}

/// Whose password a link sets; none when it has been used or has ended.
pub fn whose_reset(desk: &mut Desk, secret: &str) -> Result<Option<String>, ControlError> {
    let (scope, now) = (desk.tenant.network(), desk.now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok(reset_account(tx, secret, now)?.map(|account| account.email))
    })
}

fn reset_account(tx: &mut Tx, secret: &str, now: Instant) -> Result<Option<Account>, ControlError> {
    let Some(user) = doors::reset_of(tx, &kept(secret), now)? else { return Ok(None) };
    Ok(doors::of_user(tx, user)?.filter(|account| !account.disabled))
}

/// Sets the password that a link allows to set; all sessions end, all links of the user too.
pub fn reset_password(
    desk: &mut Desk,
    sealer: &Sealer,
    secret: &str,
    new: &str,
) -> Result<Result<(), Refusal>, ControlError> {
    let Some(email) = whose_reset(desk, secret)? else { return Ok(Err(Refusal::Reset)) };
    if let Err(fault) = password::check(new, &email) {
        return Ok(Err(fault.into()));
    }
    let hash = password::hash(new, sealer)?;
    let (scope, now) = (desk.tenant.network(), desk.now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        // Again, for another may have used it meanwhile.
        let Some(account) = reset_account(tx, secret, now)? else { return Ok(Err(Refusal::Reset)) };
        replace(tx, &account, &hash, None, now)?;
        Ok(Ok(()))
    })
}

/// A user sets a new password, showing the old one; all other sessions end.
pub fn change_password(
    desk: &mut Desk,
    sealer: &Sealer,
    (email, secret): (&str, &str),
    (old, new): (&str, &str),
) -> Result<Result<(), Refusal>, ControlError> {
    let (scope, now) = (desk.tenant.network(), desk.now);
    let known: Option<Account> =
        desk.session.transaction(scope, Isolation::ReadCommitted, |tx| doors::of_email(tx, email))?;
    let Some(account) = known else { return Ok(Err(Refusal::Wrong)) };
    if let Err(refusal) = super::refuse_locked(account.locked_until, now) {
        return Ok(Err(refusal));
    }
    if !password::is_right(old, account.password_hash.as_deref()) {
        desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
            doors::failed(tx, account.user, super::locked_until(account.failures + 1, now))
        })?;
        return Ok(Err(Refusal::Wrong));
    }
    if let Err(fault) = password::check(new, email) {
        return Ok(Err(fault.into()));
    }
    let hash = password::hash(new, sealer)?;
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        replace(tx, &account, &hash, Some(secret), now)?;
        Ok(Ok(()))
    })
}

fn replace(
    tx: &mut Tx,
    account: &Account,
    hash: &str,
    keep: Option<&str>,
    now: Instant,
) -> Result<(), ControlError> {
    doors::set_password(tx, account.user, hash, now)?;
    doors::drop_resets(tx, account.user)?;
    doors::end_sessions(tx, account.user, keep.map(kept).as_deref())?;
    let deed = Deed { actor: &account.email, action: "user.password", subject: &account.email, detail: "{}" };
    audit::add(tx, now, &deed)?;
    Ok(())
}
