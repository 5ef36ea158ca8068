//! The log of a webhook's messages, a message that says nothing but that it works, and messages sent again.

use farsight_rulebook::time::Instant;
use farsight_store::audit::{self, Deed};
use farsight_store::session::Isolation;
use farsight_store::telling::{self, Delivery, Listed, State};
use serde_json::json;

use super::fan_out::event;
use super::{Machine, Refusal, events, known, receiver};
use crate::telling::written;
use crate::{ControlError, Desk};

/// Which part of a webhook's messages is asked for.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Those in this state.
    pub state: Option<String>,
    /// At most so many.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

/// A webhook's messages, the newest first, and how many there are.
pub fn log(
    desk: &mut Desk,
    machine: Machine,
    id: &str,
    asked: &Log,
) -> Result<(Vec<Listed>, i64), ControlError> {
    let scope = desk.tenant.network();
    let state = match &asked.state {
        None => None,
        Some(name) => Some(State::named(name).ok_or_else(|| Refusal::State(name.clone()))?),
    };
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        known(tx, machine, id)?;
        Ok(telling::of_receiver(tx, &receiver(id), state, (asked.limit, asked.offset))?)
    })
}

/// Makes a message that says nothing but that a webhook works, due at once; gives its number.
pub fn ping(desk: &mut Desk, machine: Machine, id: &str) -> Result<String, ControlError> {
    let (scope, now, tenant) = (desk.tenant.network(), desk.now, desk.tenant.clone());
    let message = event(
        &tenant,
        id,
        &[events::PING, &now.0.to_string()],
        now.0,
        json!({ "tenant": tenant.code, "webhook_id": id }),
    );
    let (receiver, text) = (receiver(id), written(&message)?);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        known(tx, machine, id)?;
        let delivery = Delivery {
            id: &message.id,
            receiver: &receiver,
            robot_key: &receiver,
            what: "test",
            alerts: &[],
            message: &text,
            made_at: now,
        };
        telling::add(tx, &delivery)?;
        Ok(message.id.clone())
    })
}

/// Has one message sent again under its number, whether it arrived or was given up; one that waits is due at once, and one that is
/// being sent just now is being sent.
pub fn deliver_again(
    desk: &mut Desk,
    machine: Machine,
    id: &str,
    delivery: &str,
) -> Result<(), ControlError> {
    if !again(desk, machine, id, (Some(delivery), None))?.is_empty() {
        return Ok(());
    }
    let scope = desk.tenant.network();
    let found = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok::<_, ControlError>(telling::find_delivery(tx, delivery)?)
    })?;
    // It was being sent, and has perhaps arrived meanwhile.
    let is_its = |found: &Listed| found.receiver == receiver(id);
    if found.as_ref().is_some_and(is_its) { Ok(()) } else { Err(ControlError::NotFound("delivery")) }
}

/// Has all messages sent again that were given up and made at an instant or later; says how many.
pub fn deliver_failed_again(
    desk: &mut Desk,
    machine: Machine,
    id: &str,
    since: Instant,
) -> Result<usize, ControlError> {
    Ok(again(desk, machine, id, (None, Some(since)))?.len())
}

fn again(
    desk: &mut Desk,
    machine: Machine,
    id: &str,
    which: (Option<&str>, Option<Instant>),
) -> Result<Vec<String>, ControlError> {
    let (scope, now, actor) = (desk.tenant.network(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        known(tx, machine, id)?;
        let again = telling::again_of(tx, &receiver(id), which, now)?;
        let detail = json!({ "deliveries": again.len() }).to_string();
        let deed =
            Deed { actor: &actor, action: "webhook.deliver-again", subject: &receiver(id), detail: &detail };
        if !again.is_empty() {
            audit::add(tx, now, &deed)?;
        }
        Ok(again)
    })
}
