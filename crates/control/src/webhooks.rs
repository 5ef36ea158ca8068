//! Webhooks: a machine says where it wants to be told of what happens, of which types of events, and is told what it may
//! see, each event at least once under one number. A webhook is its machine's own: no other machine learns of it.
//!
//! The messages are deliveries like those to people: [`fan_out`] makes them, the job `tell` sends them. It must never put an
//! address or a key into a log.

mod deliveries;
pub mod events;
mod fan_out;
mod keys;
mod refusal;

use farsight_courier::{Channel, Reach};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{HOUR, Instant};
use farsight_store::session::{Isolation, Turn};
use farsight_store::webhooks::happened::{self, Source};
use farsight_store::webhooks::{self as stored, Webhook};
use farsight_store::{Tx, audit, telling};
use serde_json::json;

use crate::sealing::Sealer;
use crate::telling::TellingError;
use crate::{ControlError, Desk};

pub use deliveries::{Log, deliver_again, deliver_failed_again, log, ping};
pub use fan_out::fan_out;
pub(crate) use keys::open;
pub use refusal::Refusal;

/// What the receiver of a webhook's messages is called.
pub(crate) const RECEIVER: &str = "webhook:";
/// A machine has so many webhooks at most.
pub const MOST: usize = 20;
/// A name is so many characters at most.
pub const NAME_CHARACTERS: usize = 100;
/// After a rotation the old key signs too for so many hours where nobody said.
pub const OVERLAP_HOURS: i64 = 24;
/// The longest overlap in hours.
pub const MOST_OVERLAP_HOURS: i64 = 24 * 7;

/// The machine at the desk: its number as a user, and what it may do.
pub type Machine = (i32, Role);

/// A webhook that is asked for.
#[derive(Debug, Clone)]
pub struct New {
    /// What the machine calls it.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// The types of events that it is told of.
    pub events: Vec<String>,
}

/// What of a webhook is to be another; none: stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What the machine calls it.
    pub name: Option<String>,
    /// Where it is told.
    pub url: Option<String>,
    /// The types of events that it is told of.
    pub events: Option<Vec<String>>,
    /// Whether it is told at all. What happens meanwhile it is told when it is on again.
    pub enabled: Option<bool>,
}

/// A webhook as its machine sees it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The webhook, sealed.
    pub webhook: Webhook,
    /// Where it is told.
    pub url: String,
}

/// A webhook with its key: the only time that it is told.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The webhook.
    pub shown: Shown,
    /// What its messages are signed with, `whsec_…`.
    pub secret: String,
}

/// The receiver that a webhook is.
pub(crate) fn receiver(id: &str) -> String {
    format!("{RECEIVER}{id}")
}

/// Makes a webhook. It is told of what happens from now on.
///
/// Refused: [`Refusal::TooMany`], [`Refusal::Name`], [`Refusal::Events`], an address out of reach.
pub fn add(
    desk: &mut Desk,
    (sealer, reach): (&Sealer, &Reach),
    machine: Machine,
    new: &New,
) -> Result<Issued, ControlError> {
    is_name(&new.name)?;
    are_heard(machine.1, &new.events)?;
    let host = host_of(reach, &new.url)?;
    let id = uuid::Builder::from_random_bytes(sealer.random()).into_uuid().to_string();
    let secret = keys::make(sealer);
    let webhook = Webhook {
        sealed: keys::seal(sealer, &desk.tenant, &id, &new.url, std::slice::from_ref(&secret)),
        id,
        user: machine.0,
        name: new.name.clone(),
        host,
        events: new.events.clone(),
        old_until: None,
        made_at: desk.now,
        failing_since: None,
        disabled: None,
    };
    write(desk, ("webhook.add", &webhook.id), |tx| {
        if stored::of_machine(tx, machine.0)?.len() >= MOST {
            return Err(Refusal::TooMany.into());
        }
        stored::add(tx, &webhook)?;
        begin(tx, &webhook.id, &[], &webhook.events)?;
        Ok((json!({ "host": webhook.host, "events": webhook.events }), ()))
    })?;
    Ok(Issued { shown: Shown { webhook, url: new.url.clone() }, secret })
}

/// The webhooks of a machine, the oldest first.
pub fn list(desk: &mut Desk, sealer: &Sealer, machine: Machine) -> Result<Vec<Shown>, ControlError> {
    let (scope, tenant) = (desk.tenant.network(), desk.tenant.clone());
    let webhooks = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok::<_, ControlError>(stored::of_machine(tx, machine.0)?)
    })?;
    webhooks.into_iter().map(|webhook| keys::shown(sealer, &tenant, webhook)).collect()
}

/// One webhook of a machine.
pub fn find(desk: &mut Desk, sealer: &Sealer, machine: Machine, id: &str) -> Result<Shown, ControlError> {
    let (scope, tenant) = (desk.tenant.network(), desk.tenant.clone());
    let webhook = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| known(tx, machine, id))?;
    keys::shown(sealer, &tenant, webhook)
}

/// Changes a webhook. What is changed has to fit, and when it is switched on all of it: one whose address or types fit no more can be
/// switched off and renamed all the same. Of types that are new to it it is told from now on; one that is switched on again is told of what
/// happened meanwhile.
pub fn change(
    desk: &mut Desk,
    (sealer, reach): (&Sealer, &Reach),
    machine: Machine,
    (id, change): (&str, &Change),
) -> Result<Shown, ControlError> {
    let (tenant, now) = (desk.tenant.clone(), desk.now);
    let webhook = write(desk, ("webhook.change", id), |tx| {
        let mut webhook = known(tx, machine, id)?;
        let before = std::mem::take(&mut webhook.events);
        let (url, secrets) = keys::parts(sealer, &tenant, &webhook)?;
        let url = change.url.as_ref().unwrap_or(&url);
        webhook.events = change.events.clone().unwrap_or_else(|| before.clone());
        webhook.name = change.name.clone().unwrap_or(webhook.name);
        let on = change.enabled == Some(true);
        if on || change.name.is_some() {
            is_name(&webhook.name)?;
        }
        if on || change.events.is_some() {
            are_heard(machine.1, &webhook.events)?;
        }
        if on || change.url.is_some() {
            webhook.host = host_of(reach, url)?;
        }
        webhook.sealed = keys::seal(sealer, &tenant, id, url, &secrets);
        match change.enabled {
            Some(true) => (webhook.disabled, webhook.failing_since) = (None, None),
            Some(false) if webhook.disabled.is_none() => {
                webhook.disabled = Some((now, "switched off by its machine".to_owned()));
            }
            _ => {}
        }
        stored::change(tx, &webhook)?;
        begin(tx, id, &before, &webhook.events)?;
        let detail =
            json!({ "host": webhook.host, "events": webhook.events, "enabled": webhook.disabled.is_none() });
        Ok((detail, webhook))
    })?;
    keys::shown(sealer, &tenant, webhook)
}

/// Gives a webhook a new key; the old one signs too until the overlap is over.
pub fn rotate(
    desk: &mut Desk,
    sealer: &Sealer,
    machine: Machine,
    (id, overlap_hours): (&str, i64),
) -> Result<Issued, ControlError> {
    if !(0..=MOST_OVERLAP_HOURS).contains(&overlap_hours) {
        return Err(Refusal::Overlap.into());
    }
    let (tenant, now, secret) = (desk.tenant.clone(), desk.now, keys::make(sealer));
    let webhook = write(desk, ("webhook.rotate", id), |tx| {
        let mut webhook = known(tx, machine, id)?;
        let (url, old) = keys::parts(sealer, &tenant, &webhook)?;
        let secrets: Vec<String> = std::iter::once(secret.clone()).chain(old.into_iter().take(1)).collect();
        let until = Instant(now.0.saturating_add(overlap_hours * HOUR));
        webhook.sealed = keys::seal(sealer, &tenant, id, &url, &secrets);
        webhook.old_until = Some(until);
        stored::change(tx, &webhook)?;
        Ok((json!({ "old_until": until.timestamp().to_string() }), webhook))
    })?;
    Ok(Issued { shown: keys::shown(sealer, &tenant, webhook)?, secret })
}

/// Removes a webhook; what waits for it is dropped.
pub fn remove(desk: &mut Desk, machine: Machine, id: &str) -> Result<(), ControlError> {
    write(desk, ("webhook.remove", id), |tx| {
        known(tx, machine, id)?;
        stored::remove(tx, id)?;
        let dropped = telling::drop_of(tx, &receiver(id))?;
        Ok((json!({ "dropped": dropped }), ()))
    })
}

/// Switches the webhooks of a machine off whose tokens are revoked: who has its address must not go on being told.
pub(crate) fn disable_of(tx: &mut Tx, user: i32, now: Instant) -> Result<(), ControlError> {
    let why = "the tokens of its machine were revoked: switch it on again with a new one";
    for id in stored::disable_of(tx, user, why, now)? {
        telling::give_up_of(tx, &receiver(&id), why)?;
    }
    Ok(())
}

/// A machine's webhook of a number; another's is not there.
fn known(tx: &mut Tx, machine: Machine, id: &str) -> Result<Webhook, ControlError> {
    stored::find(tx, machine.0, id)?.ok_or(ControlError::NotFound("webhook"))
}

/// Carries a change out, one at a time with the making of messages, and puts it into the audit log.
fn write<T>(
    desk: &mut Desk,
    (action, id): (&str, &str),
    work: impl FnOnce(&mut Tx) -> Result<(serde_json::Value, T), ControlError>,
) -> Result<T, ControlError> {
    let (scope, now, actor) = (desk.tenant.network(), desk.now, desk.actor.clone());
    desk.session.in_turn(scope, Turn::Telling, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            let (detail, done) = work(tx)?;
            let deed =
                audit::Deed { actor: &actor, action, subject: &receiver(id), detail: &detail.to_string() };
            audit::add(tx, now, &deed)?;
            Ok(done)
        })
    })
}

/// Refuses what is no name.
fn is_name(name: &str) -> Result<(), Refusal> {
    let fits = name.chars().count() <= NAME_CHARACTERS && !name.contains(char::is_control);
    if fits { Ok(()) } else { Err(Refusal::Name) }
}

/// Refuses types of events that a role is not told of.
fn are_heard(role: Role, events: &[String]) -> Result<(), Refusal> {
    let unknown: Vec<&str> =
        events.iter().filter(|event| !events::may_hear(role, event)).map(String::as_str).collect();
    if events.is_empty() || !unknown.is_empty() {
        let known = events::of_role(role).collect::<Vec<_>>().join(", ");
        return Err(Refusal::Events { unknown: unknown.join(", "), known });
    }
    Ok(())
}

/// The host that an address leads to, where it is within reach.
fn host_of(reach: &Reach, url: &str) -> Result<String, ControlError> {
    let address = reach.webhook(url).map_err(|refusal| TellingError::Channel(refusal.into()))?;
    Ok(address.host_str().unwrap_or_default().to_owned())
}

/// Of sources that are new to a webhook it is told from here on, of those it wants no more nothing.
fn begin(tx: &mut Tx, id: &str, before: &[String], events: &[String]) -> Result<(), ControlError> {
    for source in Source::ALL {
        let (was, is) = (events::asks(before, source), events::asks(events, source));
        match (was, is) {
            (false, true) => {
                let mark = happened::latest(tx, source)?;
                stored::move_cursor(tx, id, source.name(), &mark)?;
            }
            (true, false) => stored::forget_cursor(tx, id, source.name())?,
            _ => {}
        }
    }
    Ok(())
}

/// The channel that a webhook is at a moment: the old key signs too until its time is over.
pub(crate) fn channel(mut channel: Channel, old_until: Option<Instant>, now: Instant) -> Channel {
    if let Channel::Webhook { secrets, .. } = &mut channel
        && old_until.is_none_or(|until| until <= now)
    {
        secrets.truncate(1);
    }
    channel
}
