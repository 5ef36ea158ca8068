//! What an operator does about jobs: look, run one now, run again what was given up, pause a tenant.
//!
//! It only writes slots; carrying them out is the worker's.

use farsight_store::Tx;
use farsight_store::audit::{self, Deed};
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Key, Listed, Making};

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
pub fn retry(
    desk: &mut Desk,
    job: Option<&str>,
    due_at: Option<farsight_rulebook::time::Instant>,
) -> Result<Vec<Key>, ControlError> {
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
