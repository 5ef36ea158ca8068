//! What an operator does about jobs: look, run one now, run again what was given up, pause a tenant.
//!
//! It only writes slots; carrying them out is the worker's.

use farsight_rulebook::alert::feeds::Feed;
use farsight_rulebook::time::Instant;
use farsight_store::Tx;
use farsight_store::audit::{self, Deed};
use farsight_store::counts::{self, Storage};
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Key, Listed, Making, Standing, Stretch};
use serde::Serialize;

use crate::{ControlError, Desk};

/// The latest slots, newest first; of one job or state where one is named.
pub fn list(
    desk: &mut Desk,
    job: Option<&str>,
    state: Option<&str>,
    most: u32,
) -> Result<Vec<Listed>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| Ok(slots::list(tx, job, state, most)?))
}

/// Makes a job due now, before what is due by schedule. Whether it was not so already.
pub fn call(desk: &mut Desk, job: &str) -> Result<Key, ControlError> {
    let now = desk.now;
    let key = Key { job: job.to_owned(), due_at: now, part: String::new() };
    deed(desk, "job.run", job, |tx| {
        slots::add(tx, job, &[(now, "")], Making { at: now, priority: 1, called: true })?;
        Ok(key)
    })
}

/// Queues again what was given up, with all tries before it. Gives which.
pub fn retry(desk: &mut Desk, job: Option<&str>, due_at: Option<Instant>) -> Result<Vec<Key>, ControlError> {
    deed(desk, "job.retry", job.unwrap_or("all"), |tx| Ok(slots::retry(tx, job, due_at)?))
}

/// Pauses the tenant's jobs: what runs ends, nothing new is begun. Whether they were not paused already.
pub fn pause(desk: &mut Desk) -> Result<bool, ControlError> {
    let (now, by, code) = (desk.now, desk.actor.clone(), desk.tenant.code.clone());
    deed(desk, "job.pause", &code, |tx| Ok(slots::pause(tx, &by, now)?))
}

/// Ends a pause. Whether there was one.
pub fn resume(desk: &mut Desk) -> Result<bool, ControlError> {
    let code = desk.tenant.code.clone();
    deed(desk, "job.resume", &code, |tx| Ok(slots::resume(tx)?))
}

/// Whether the tenant's jobs are paused.
pub fn is_paused(desk: &mut Desk) -> Result<bool, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| Ok(slots::is_paused(tx)?))
}

/// How the jobs stand, and their line of time.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Each job.
    pub jobs: Vec<Standing>,
    /// What was due in each stretch of the time looked at.
    pub stretches: Vec<Stretch>,
    /// Whether the tenant is paused.
    pub paused: bool,
}

/// How the jobs stand, with slots due in a time, by stretches of so many seconds.
pub fn overview(
    desk: &mut Desk,
    (from, to): (Instant, Instant),
    seconds: i64,
) -> Result<Overview, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok(Overview {
            jobs: slots::standings(tx)?,
            stretches: slots::stretches(tx, from, to, seconds)?,
            paused: slots::is_paused(tx)?,
        })
    })
}

/// Some slots of a job, newest first, and how many there are.
pub fn of_job(
    desk: &mut Desk,
    job: &str,
    state: Option<&str>,
    limit: i64,
    offset: i64,
) -> Result<(Standing, Vec<Listed>, i64), ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let standing = slots::standings(tx)?.into_iter().find(|standing| standing.job == job);
        let (listed, total) = slots::page(tx, Some(job), state, limit, offset)?;
        Ok((standing.ok_or(ControlError::NotFound("job"))?, listed, total))
    })
}

/// A table's feed as an operator sees it: when, never what.
#[derive(Debug, Clone, Serialize)]
pub struct FeedSeen {
    /// The table.
    pub table: String,
    /// How many imports it had.
    pub imports: u64,
    /// Rows they added.
    pub added: u64,
    /// Rows they corrected.
    pub corrected: u64,
    /// When one last brought rows, in microseconds since 1970.
    pub last_at: Option<i64>,
    /// Usual hours between two; none while there is no habit yet.
    pub usual_hours: Option<i64>,
    /// Until when silence is as usual.
    pub expected_by: Option<i64>,
    /// Whether it is silent for longer.
    pub silent: bool,
}

/// Every table that ever had an import, and what is stored.
pub fn feeds(desk: &mut Desk) -> Result<(Vec<FeedSeen>, Storage), ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let ground = crate::ground::load(tx, &tenant)?;
        let least = crate::alerts::terms(&ground, ground.zone.date(now)).feed_silent_hours;
        let habits = crate::feeds::feeds(tx, now, least)?;
        let seen = |feed: counts::Feed| {
            let habit = habits.iter().find(|(table, _)| *table == feed.table).map(|(_, habit)| habit);
            FeedSeen {
                imports: feed.imports,
                added: feed.added,
                corrected: feed.corrected,
                last_at: feed.last_fact_at.map(|at| at.0),
                usual_hours: habit.map(Feed::usual_hours),
                expected_by: habit.map(|habit| habit.expected_by.0),
                silent: habit.is_some_and(|habit| habit.is_silent(now)),
                table: feed.table,
            }
        };
        let mut feeds: Vec<FeedSeen> = counts::feeds(tx)?.into_iter().map(seen).collect();
        feeds.sort_by(|a, b| (!a.silent, &a.table).cmp(&(!b.silent, &b.table)));
        Ok((feeds, counts::storage(tx)?))
    })
}

fn deed<T>(
    desk: &mut Desk,
    action: &str,
    subject: &str,
    work: impl FnOnce(&mut Tx) -> Result<T, ControlError>,
) -> Result<T, ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let done = work(tx)?;
        audit::add(tx, now, &Deed { actor: &actor, action, subject, detail: "{}" })?;
        Ok(done)
    })
}
