//! The settlement's steps: calculate, review, approve, lock.

mod look;

use farsight_ledger::settlement::{self, Refusal, Settlement, Status, Surroundings};
use farsight_rulebook::checks::CHECKS;
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use farsight_store::audit::Deed;
use farsight_store::session::{Isolation, Turn};
use farsight_store::settlements::{self, Line, Step, Stored};
use farsight_store::{Tx, audit, runs};
use serde::Serialize;

pub use look::{Controls, Listed, Look, RegionSums, changes, lines, look, months};

use crate::evaluate::{self, Outcome, Request};
use crate::{ControlError, Desk, ground, users};

/// Calculating, in the audit log.
const CALCULATE: &str = "settlement.calculate";

/// A settlement after a step.
#[derive(Debug, Clone, Serialize)]
pub struct Settled {
    /// The month.
    pub period: String,
    /// Where it stands.
    pub status: &'static str,
    /// Parties with entries.
    pub parties: usize,
    /// Entries.
    pub entries: i64,
    /// The sum of charges below zero.
    pub penalties: String,
    /// The sum of charges above zero.
    pub incentives: String,
    /// The sum of reversals.
    pub reversals: String,
    /// All three.
    pub net: String,
    /// The audit chain's head, once locked.
    pub audit_head: Option<String>,
}

/// Runs all checks as of an instant and calculates the month.
pub fn calculate(
    desk: &mut Desk,
    period: Period,
    as_of: Instant,
    by: &str,
) -> Result<(Outcome, Settled), ControlError> {
    let by = &*by.to_lowercase();
    let scope = desk.scope();
    // Refusals first: nothing is judged for a settlement that cannot be calculated.
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| may_calculate(tx, period, by))?;
    let outcome = evaluate::evaluate(desk, &Request { as_of: Some(as_of), ..Request::default() })?;
    let settled = step(desk, period, by, CALCULATE, |tx, step| {
        may_calculate(tx, period, by)?;
        settlements::calculated(tx, step, as_of)?;
        Ok(())
    })?;
    Ok((outcome, settled))
}

/// The same at a month's end, by nobody: the steps that need eyes are left to people. Nothing where a person was first.
pub fn calculate_by_schedule(desk: &mut Desk, period: Period) -> Result<Option<Settled>, ControlError> {
    let (scope, as_of, by) = (desk.scope(), desk.now, desk.actor.clone());
    let stands = |tx: &mut Tx| -> Result<bool, ControlError> {
        let locked = settlements::last_locked(tx)?.is_some_and(|locked| locked >= period);
        Ok(locked || settlements::find(tx, period)?.is_some())
    };
    if desk.session.transaction(scope, Isolation::ReadCommitted, stands)? {
        return Ok(None);
    }
    evaluate::evaluate(desk, &Request { as_of: Some(as_of), ..Request::default() })?;
    let settled = step(desk, period, &by, CALCULATE, |tx, step| {
        if !stands(tx)? {
            settlements::calculated(tx, step, as_of)?;
        }
        Ok(())
    })?;
    Ok(Some(settled))
}

fn may_calculate(tx: &mut Tx, period: Period, by: &str) -> Result<(), ControlError> {
    let actor = users::actor(tx, by)?;
    let stored = settlements::find(tx, period)?;
    settlement::calculate(stored.as_ref().map(|stored| &stored.settlement), &actor)?;
    if let Some(locked) = settlements::last_locked(tx)?.filter(|locked| *locked >= period) {
        return Err(Refusal::Past { period, next: locked.next() }.into());
    }
    Ok(())
}

/// A first person has looked.
pub fn review(desk: &mut Desk, period: Period, by: &str) -> Result<Settled, ControlError> {
    reviewed(desk, period, by, None)
}

fn reviewed(desk: &mut Desk, period: Period, by: &str, seen: Option<i64>) -> Result<Settled, ControlError> {
    let by = &*by.to_lowercase();
    step(desk, period, by, "settlement.review", |tx, step| {
        let actor = users::actor(tx, by)?;
        settlement::review(&calculated(tx, period)?, &actor)?;
        as_seen(tx, period, seen)?;
        Ok(settlements::moved(tx, step, Status::Reviewed)?)
    })
}

/// A second person agrees.
pub fn approve(desk: &mut Desk, period: Period, by: &str) -> Result<Settled, ControlError> {
    approved(desk, period, by, None)
}

fn approved(desk: &mut Desk, period: Period, by: &str, seen: Option<i64>) -> Result<Settled, ControlError> {
    let by = &*by.to_lowercase();
    step(desk, period, by, "settlement.approve", |tx, step| {
        let actor = users::actor(tx, by)?;
        settlement::approve(&calculated(tx, period)?, &actor)?;
        as_seen(tx, period, seen)?;
        Ok(settlements::moved(tx, step, Status::Approved)?)
    })
}

/// Never changes again.
pub fn lock(desk: &mut Desk, period: Period, by: &str) -> Result<Settled, ControlError> {
    locked(desk, period, by, None)
}

fn locked(desk: &mut Desk, period: Period, by: &str, seen: Option<i64>) -> Result<Settled, ControlError> {
    let by = &*by.to_lowercase();
    let zone = ground::zone(&desk.tenant)?;
    step(desk, period, by, "settlement.lock", |tx, step| {
        let actor = users::actor(tx, by)?;
        let around = surroundings(tx, period, zone.end_of(period.last_day()))?;
        settlement::lock(&calculated(tx, period)?, &actor, &around)?;
        as_seen(tx, period, seen)?;
        let head = audit::head(tx)?.map_or_else(String::new, |(_, hash)| hash);
        Ok(settlements::locked(tx, step, &head)?)
    })
}

/// Takes a step by the person at the desk, who has looked at the figures of a moment (`Look::month`'s `figured_at`): where
/// they have become others since, it is refused.
pub fn advance(desk: &mut Desk, period: Period, to: Status, seen: i64) -> Result<Settled, ControlError> {
    let (by, seen) = (desk.actor.clone(), Some(seen));
    match to {
        Status::Calculated => Ok(calculate(desk, period, desk.now, &by)?.1),
        Status::Reviewed => reviewed(desk, period, &by, seen),
        Status::Approved => approved(desk, period, &by, seen),
        Status::Locked => locked(desk, period, &by, seen),
    }
}

fn as_seen(tx: &mut Tx, period: Period, seen: Option<i64>) -> Result<(), ControlError> {
    let Some(seen) = seen else { return Ok(()) };
    let month = settlements::of_month(tx, period)?;
    match month.and_then(|month| month.figured_at) {
        Some(figured_at) if figured_at == seen => Ok(()),
        _ => Err(Refusal::Moved(period).into()),
    }
}

fn calculated(tx: &mut Tx, period: Period) -> Result<Settlement, ControlError> {
    match settlements::find(tx, period)? {
        Some(stored) => Ok(stored.settlement),
        None => Err(ControlError::NotCalculated(period)),
    }
}

/// What must hold around a settlement before it is locked.
fn surroundings(tx: &mut Tx, period: Period, over_at: Instant) -> Result<Surroundings, ControlError> {
    let stands = runs::stand(tx)?;
    let named = |names: &mut dyn Iterator<Item = &'static str>| names.map(str::to_owned).collect();
    let names = || CHECKS.iter().map(|check| check.name);
    let behind = |name: &&str| {
        !stands.iter().any(|stand| stand.check == *name && stand.as_of.is_some_and(|at| at >= over_at))
    };
    let unseen = |name: &&str| stands.iter().any(|stand| stand.check == *name && stand.touched);
    let (last_locked, open_before) = settlements::before(tx, period)?;
    Ok(Surroundings {
        open_before,
        last_locked,
        behind: named(&mut names().filter(behind)),
        unseen: named(&mut names().filter(unseen)),
    })
}

fn step(
    desk: &mut Desk,
    period: Period,
    by: &str,
    action: &'static str,
    take: impl FnOnce(&mut Tx, Step) -> Result<(), ControlError>,
) -> Result<Settled, ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    let currency = ground::currency(&desk.tenant)?;
    let work = |tx: &mut Tx| {
        take(tx, Step { period, by, at: now })?;
        settlements::refresh(tx, period, now)?;
        if action == CALCULATE {
            settlements::keep(tx, period)?;
        }
        let stored = settlements::find(tx, period)?;
        let lines = settlements::lines(tx, period, stored.as_ref().map(|stored| stored.settlement.status))?;
        let settled = total(period, stored.as_ref(), &lines, |amount| currency.show(amount).to_string());
        let detail = serde_json::to_string(&settled).unwrap_or_default();
        audit::add(tx, now, &Deed { actor: by, action, subject: &period.to_string(), detail: &detail })?;
        Ok(settled)
    };
    // The audit log's turn before the snapshot: what comes in meanwhile would take the next link's number, and the head that
    // a locked settlement keeps has to be the last one before its own.
    desk.session.in_turn(scope, Turn::Books, |session| {
        session.in_turn(scope, Turn::Audit, |session| session.transaction(scope, Isolation::Snapshot, work))
    })
}

pub(crate) fn total(
    period: Period,
    stored: Option<&Stored>,
    lines: &[Line],
    show: impl Fn(Money) -> String,
) -> Settled {
    let sum = |of: fn(&Line) -> Money| lines.iter().map(of).sum::<Money>();
    Settled {
        period: period.to_string(),
        status: stored.map_or("open", |stored| stored.settlement.status.name()),
        parties: lines.len(),
        entries: lines.iter().map(|line| line.entries).sum(),
        penalties: show(sum(|line| line.penalties)),
        incentives: show(sum(|line| line.incentives)),
        reversals: show(sum(|line| line.reversals)),
        net: show(sum(Line::net)),
        audit_head: stored.and_then(|stored| stored.audit_head.clone()),
    }
}
