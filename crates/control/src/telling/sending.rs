//! Deliveries handed out to be sent, and what became of each try.
//!
//! A delivery is taken for a while only: whoever is killed between sending and saying what became of it loses it to the
//! next, who sends it again under the same number. A robot's place is reserved before anything is sent.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_courier::{Channel, Courier, Message, Outcome, TRIES};
use farsight_rulebook::time::{DAY, Instant, MINUTE};
use farsight_store::audit::{self, Deed};
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::telling::{self, Attempted, Listed, State, Waiting};
use farsight_store::webhooks::Owned;
use farsight_store::{StoreError, Tx};
use serde_json::json;

use super::channels::open;
use super::error::TellingError;
use super::{CHANNEL, LINK_SEALED, PERSON, SEALED_LINK};
use crate::sealing::Sealer;
use crate::{ControlError, Desk, webhooks};

/// After the latest moment at which a try can end, so much longer nobody else takes the delivery.
const GRACE: i64 = MINUTE;
/// So many messages are on their way to one webhook at once: one that does not answer must not keep the others waiting.
const TO_ONE_WEBHOOK: usize = 8;
/// While a webhook takes nothing, what waits for it is tried after so long at the earliest.
const HELD_BACK: i64 = 5 * MINUTE;
/// A webhook that took nothing for so long is switched off.
const LOST_AFTER: i64 = 5 * DAY;

/// A delivery taken for sending.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which try of which delivery.
    pub what: Attempted,
    /// To whom.
    pub receiver: String,
    /// What is to be sent by what; or why it cannot be.
    pub order: Result<(Channel, Message), String>,
}

impl Claim {
    /// The channel's kind, for counting.
    pub fn kind(&self) -> &'static str {
        self.order.as_ref().map_or("none", |(channel, _)| channel.kind())
    }

    /// Tries once to send it.
    pub async fn send(&self, courier: &Courier, now: Instant) -> Outcome {
        match &self.order {
            Ok((channel, message)) => courier.send(channel, message, now).await,
            Err(why) => Outcome::Never { why: why.clone() },
        }
    }
}

/// Whose deliveries are taken: machines may keep those of machines waiting, and never people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// People's own, and their channels'.
    People,
    /// The webhooks of machines.
    Machines,
}

impl Whose {
    /// Whether a robot is one of theirs.
    fn has(self, robot: &str) -> bool {
        robot.starts_with(webhooks::RECEIVER) == (self == Self::Machines)
    }
}

/// Takes up to so many due deliveries for sending; the caller sends them at once, and records what became of each.
pub fn due(
    desk: &mut Desk,
    sealer: &Sealer,
    courier: &Courier,
    (whose, most): (Whose, usize),
) -> Result<Vec<Claim>, ControlError> {
    take_some(desk, sealer, courier, (Some(whose), None, most))
}

/// Takes one delivery for sending, if it is due and its robot's pace allows it now.
pub fn take(
    desk: &mut Desk,
    sealer: &Sealer,
    courier: &Courier,
    id: &str,
) -> Result<Option<Claim>, ControlError> {
    Ok(take_some(desk, sealer, courier, (None, Some(id), 1))?.pop())
}

fn take_some(
    desk: &mut Desk,
    sealer: &Sealer,
    courier: &Courier,
    (whose, only, most): (Option<Whose>, Option<&str>, usize),
) -> Result<Vec<Claim>, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    let is_of = |robot: &str| whose.is_none_or(|whose| whose.has(robot));
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let why = "each time the program ended before it was known what became of it: look into its log, and deliver again";
        telling::give_up_lost(tx, TRIES, why, now)?;
        let channels = Channels::read(tx, &tenant, sealer, now)?;
        let arrives_by = courier.arrives_by(now);
        let times = (now, Instant(arrives_by.0.saturating_add(GRACE)));
        // What goes to a person by mail has no robot.
        let mut taken =
            if is_of("") { telling::claim(tx, "", only, most, times)? } else { Vec::new() };
        for robot in telling::busy_robots(tx, now)?.into_iter().filter(|robot| is_of(robot)) {
            let free = most.saturating_sub(taken.len());
            if free == 0 {
                break;
            }
            let free = free.min(channels.free(tx, &robot, now)?);
            let of_robot = telling::claim(tx, &robot, only, free, times)?;
            for waiting in of_robot.iter().filter(|_| !robot.starts_with(webhooks::RECEIVER)) {
                telling::reserve(tx, &robot, &waiting.what, arrives_by)?;
            }
            taken.extend(of_robot);
        }
        Ok(taken.into_iter().map(|waiting| channels.claim(waiting, sealer)).collect())
    })
}

/// The tenant's channels, opened; or why one cannot be.
struct Channels {
    by_code: HashMap<String, Result<Channel, String>>,
    /// A channel of each robot.
    of_robot: HashMap<String, String>,
}

impl Channels {
    fn read(tx: &mut Tx, tenant: &Tenant, sealer: &Sealer, now: Instant) -> Result<Self, StoreError> {
        let mut channels = Self { by_code: HashMap::new(), of_robot: HashMap::new() };
        for channel in telling::all(tx)? {
            let opened = match &channel.disabled {
                Some((_, why)) => Err(format!(
                    "channel '{}' is disabled ({why}): add it anew and deliver again",
                    channel.code
                )),
                None => open(sealer, tenant, &channel).map_err(|error| error.to_string()),
            };
            channels.of_robot.insert(channel.robot_key, channel.code.clone());
            channels.by_code.insert(channel.code, opened);
        }
        for owned in farsight_store::webhooks::all(tx, now)? {
            let opened = of_machine(&owned, tenant, sealer, now);
            channels.by_code.insert(webhooks::receiver(&owned.webhook.id), opened);
        }
        Ok(channels)
    }

    /// How many messages a robot may be sent now. One that cannot be opened is sent none, and told so for each.
    fn free(&self, tx: &mut Tx, robot: &str, now: Instant) -> Result<usize, StoreError> {
        if robot.starts_with(webhooks::RECEIVER) {
            return Ok(TO_ONE_WEBHOOK);
        }
        let channel = self.of_robot.get(robot).and_then(|code| self.by_code.get(code));
        let Some(Ok(channel)) = channel else { return Ok(usize::MAX) };
        let Some(pace) = channel.pace() else { return Ok(usize::MAX) };
        if !telling::lock(tx, robot)? {
            return Ok(0);
        }
        let since = now.0.saturating_sub(pace.looks_back().as_micros() as i64);
        let sent = telling::sent_since(tx, robot, Instant(since))?;
        Ok(pace.turn(&sent, now).free)
    }

    fn claim(&self, waiting: Waiting, sealer: &Sealer) -> Claim {
        let Waiting { what, receiver, message } = waiting;
        let message = serde_json::from_str::<Message>(&message)
            .map_err(|error| format!("the message as it was kept cannot be read ({error}): report it"))
            .and_then(|message| unseal(message, sealer));
        let order = self.channel(&receiver).and_then(|channel| Ok((channel, message?)));
        Claim { what, receiver, order }
    }

    fn channel(&self, receiver: &str) -> Result<Channel, String> {
        if let Some(email) = receiver.strip_prefix(PERSON) {
            return Ok(Channel::Email { to: email.to_owned() });
        }
        let code = receiver.strip_prefix(CHANNEL).unwrap_or(receiver);
        self.by_code.get(code).cloned().unwrap_or_else(|| {
            Err(format!("channel '{code}' is gone: add it again with `farsight channel add {code}`"))
        })
    }
}

/// The channel that a machine's webhook is, or why nothing is sent by it.
fn of_machine(owned: &Owned, tenant: &Tenant, sealer: &Sealer, now: Instant) -> Result<Channel, String> {
    if let Some((_, why)) = &owned.webhook.disabled {
        return Err(format!("the webhook is off ({why}): switch it on and deliver again"));
    }
    if !owned.holds {
        return Err("its machine has no token that may read: make one and deliver again".to_owned());
    }
    let channel = webhooks::open(sealer, tenant, &owned.webhook).map_err(|error| error.to_string())?;
    Ok(webhooks::channel(channel, owned.webhook.old_until, now))
}

/// A link that nobody else may read is opened only now, on its way out.
fn unseal(mut message: Message, sealer: &Sealer) -> Result<Message, String> {
    if let Some(sealed) = message.data.get(LINK_SEALED).and_then(serde_json::Value::as_str) {
        let sealed = STANDARD.decode(sealed).map_err(|error| error.to_string())?;
        let link = sealer.open(SEALED_LINK, &sealed).map_err(|error| error.to_string())?;
        message.link = Some(String::from_utf8_lossy(&link).into_owned());
        message.data = serde_json::Value::Null;
    }
    Ok(message)
}

/// Says what became of a try. It is tried again by the courier's schedule, or given up; a channel whose receiver wants
/// no more messages is disabled. No: the delivery was taken by somebody else since, who will say.
pub fn record(desk: &mut Desk, claim: &Claim, outcome: &Outcome) -> Result<bool, ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    let failures = claim.what.failures.unsigned_abs();
    let (state, next_at, error) = match outcome {
        Outcome::Delivered { .. } => (State::Delivered, now, None),
        Outcome::Later { why, .. } => match outcome.retry_in(failures, seed(&claim.what.id)) {
            Some(wait) => (State::Due, later(now, wait), Some(why.as_str())),
            None => (State::GaveUp, now, Some(why.as_str())),
        },
        Outcome::Never { why } => (State::GaveUp, now, Some(why.as_str())),
    };
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        telling::arrived(tx, &claim.what, now)?;
        if let (true, Some(code), Some(why)) =
            (outcome.is_gone(), claim.receiver.strip_prefix(CHANNEL), error)
        {
            telling::disable(tx, code, why, now)?;
        }
        let answer = if let Outcome::Delivered { detail } = outcome { Some(detail.as_str()) } else { None };
        let ended = telling::end(tx, &claim.what, state, (now, next_at), (error, answer))?;
        if let Some(webhook) = claim.receiver.strip_prefix(webhooks::RECEIVER)
            && claim.order.is_ok()
        {
            health(tx, webhook, (&claim.what.id, outcome), now)?;
        }
        Ok(ended)
    })
}

/// Keeps whether a webhook takes anything. While it does not, what waits for it waits longer; when it does again, all of it is due;
/// after days without, or when its receiver wants no more, it is switched off.
fn health(
    tx: &mut Tx,
    webhook: &str,
    (delivery, outcome): (&str, &Outcome),
    now: Instant,
) -> Result<(), StoreError> {
    let receiver = webhooks::receiver(webhook);
    let why = match outcome {
        Outcome::Delivered { .. } => {
            if farsight_store::webhooks::recovered(tx, webhook)? {
                telling::let_go(tx, &receiver, now)?;
            }
            return Ok(());
        }
        Outcome::Later { why, .. } | Outcome::Never { why } => why,
    };
    let since = Instant(now.0.saturating_sub(LOST_AFTER));
    if farsight_store::webhooks::failed(tx, webhook, why, (now, since, outcome.is_gone()))? {
        telling::give_up_of(tx, &receiver, "its webhook was switched off: switch it on and deliver again")?;
        return Ok(());
    }
    telling::hold_back(tx, &receiver, delivery, Instant(now.0.saturating_add(HELD_BACK)))
}

fn later(now: Instant, wait: Duration) -> Instant {
    Instant(now.0.saturating_add(wait.as_micros() as i64))
}

/// What spreads the retries of a delivery, the same each time.
fn seed(id: &str) -> u64 {
    id.parse::<uuid::Uuid>().map_or(0, |id| id.as_u64_pair().0)
}

/// Deliveries that have not arrived: given up, or tried in vain and still to be tried.
pub fn undelivered(desk: &mut Desk, most: u32) -> Result<Vec<Listed>, ControlError> {
    deliveries(desk, &[State::GaveUp, State::Due, State::Sending], most)
}

/// Deliveries in some states, the newest first.
pub fn deliveries(desk: &mut Desk, states: &[State], most: u32) -> Result<Vec<Listed>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(telling::list(tx, states, most)?))
}

/// Some deliveries in some states, the newest first, and how many there are.
pub fn page(
    desk: &mut Desk,
    states: &[State],
    limit: i64,
    offset: i64,
) -> Result<(Vec<Listed>, i64), ControlError> {
    let scope = desk.scope();
    desk.session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok(telling::page(tx, states, limit, offset)?))
}

/// Has what was given up delivered again, under the same numbers and with all tries before it: those named, or all.
/// Gives their numbers.
pub fn deliver_again(desk: &mut Desk, ids: Option<&[String]>) -> Result<Vec<String>, ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let again = telling::again(tx, ids, now)?;
        if let Some(missing) = ids.into_iter().flatten().find(|id| !again.contains(id)) {
            return Err(TellingError::NoDelivery(missing.clone()).into());
        }
        for id in &again {
            let detail = json!({}).to_string();
            let deed = Deed { actor: &actor, action: "delivery.again", subject: id, detail: &detail };
            audit::add(tx, now, &deed)?;
        }
        Ok(again)
    })
}
