//! Subscriptions: set in place of what a role hears by default, listed, taken back. Each change is in the audit log.

use farsight_ledger::settlement::Role;
use farsight_store::audit::{self, Deed};
use farsight_store::session::{Isolation, Scope, Turn};
use farsight_store::users::{self, NetworkTable};
use farsight_store::{StoreError, Tx, telling};
use serde::Serialize;

use super::error::TellingError;
use super::receivers::subscribed;
use super::terms::Terms;
use super::{CHANNEL, PERSON, ROLE};
use crate::{ControlError, Desk};

/// Whose subscription it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscriber {
    /// A user, by address.
    Person(String),
    /// A channel, by code.
    Channel(String),
    /// All users of a role who have none of their own.
    Role(Role),
}

impl Subscriber {
    fn key(&self) -> String {
        match self {
            Self::Person(email) => format!("{PERSON}{}", email.to_lowercase()),
            Self::Channel(code) => format!("{CHANNEL}{code}"),
            Self::Role(role) => format!("{ROLE}{}", role.name()),
        }
    }

    fn check(&self, tx: &mut Tx) -> Result<(), ControlError> {
        let there = match self {
            Self::Person(email) => {
                users::find(tx, &email.to_lowercase())?.is_none().then(|| TellingError::NoUser(email.clone()))
            }
            Self::Channel(code) => {
                telling::find(tx, code)?.is_none().then(|| TellingError::NoChannel(code.clone()))
            }
            Self::Role(_) => None,
        };
        there.map_or(Ok(()), |missing| Err(missing.into()))
    }
}

/// A subscription as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Subscription {
    /// `person:ADDRESS`, `channel:CODE` or `role:NAME`.
    pub receiver: String,
    /// What they want to hear.
    pub terms: Terms,
}

/// Says what somebody wants to hear, in place of what was said before; without kinds and digest: nothing.
pub fn set(desk: &mut Desk, who: &Subscriber, terms: &Terms) -> Result<(), ControlError> {
    write(desk, who, terms, desk.scope())
}

/// The same within a scope: one's own subscription is no row of any dealer's.
pub(super) fn write(
    desk: &mut Desk,
    who: &Subscriber,
    terms: &Terms,
    scope: Scope,
) -> Result<(), ControlError> {
    if let Some(quiet) = terms.quiet.filter(|quiet| quiet.from == quiet.to) {
        return Err(TellingError::Quiet(quiet.from).into());
    }
    let (now, actor) = (desk.now, desk.actor.clone());
    let text = serde_json::to_string(terms)
        .map_err(|error| StoreError::Value(format!("a subscription cannot be written: {error}")))?;
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        who.check(tx)?;
        for (noun, table, codes) in [
            ("region", NetworkTable::Regions, &terms.regions),
            ("dealer", NetworkTable::Dealers, &terms.dealers),
        ] {
            let unknown = users::unknown_codes(tx, table, codes)?;
            if !unknown.is_empty() {
                return Err(TellingError::Unknown { noun, codes: unknown.join(", ") }.into());
            }
        }
        let key = who.key();
        telling::set_subscription(tx, &key, &text, now, &actor)?;
        audit::add(
            tx,
            now,
            &Deed { actor: &actor, action: "subscription.set", subject: &key, detail: &text },
        )?;
        Ok(())
    })
}

/// Takes a subscription back, so that the default holds again.
pub fn unset(desk: &mut Desk, who: &Subscriber) -> Result<(), ControlError> {
    take_back(desk, who, desk.scope())
}

/// The same within a scope.
pub(super) fn take_back(desk: &mut Desk, who: &Subscriber, scope: Scope) -> Result<(), ControlError> {
    let (now, actor) = (desk.now, desk.actor.clone());
    let key = who.key();
    desk.session.in_turn(scope, Turn::Telling, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            if !telling::remove_subscription(tx, &key)? {
                return Err(TellingError::NoSubscription(key.clone()).into());
            }
            audit::add(
                tx,
                now,
                &Deed { actor: &actor, action: "subscription.remove", subject: &key, detail: "{}" },
            )?;
            Ok(())
        })
    })
}

/// All subscriptions, by receiver.
pub fn subscriptions(desk: &mut Desk) -> Result<Vec<Subscription>, ControlError> {
    let scope = desk.scope();
    let all =
        desk.session.transaction(scope, Isolation::Snapshot, |tx| Ok::<_, ControlError>(subscribed(tx)?))?;
    let mut all: Vec<_> = all.into_iter().map(|(receiver, terms)| Subscription { receiver, terms }).collect();
    all.sort_by(|a, b| a.receiver.cmp(&b.receiver));
    Ok(all)
}
