//! Carrying out one slot: begun, worked, ended; counted, logged, and never able to take the worker down with it.

use std::sync::Arc;
use std::time::Duration;

use farsight_control::ControlError;
use farsight_rulebook::time::Instant;
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Begun, Ending, Key, Limits};
use farsight_store::{Session, StoreError};
use tracing::Instrument;

use crate::job::{Abroad, Books, Job, Turn, Work};
use crate::means::Means;
use crate::watch::Went;

/// So many times a process may end while a slot runs before the slot is thought to be the reason.
const LOSSES: u32 = 8;

/// Carries out a slot, if it may be begun. An error is the database's: the slot is then found and queued again.
pub(crate) async fn run(
    means: Arc<Means>,
    job: &'static Job,
    tenant: Tenant,
    key: Key,
    worker: Arc<str>,
) -> anyhow::Result<()> {
    let span = tracing::info_span!("slot", tenant = %tenant.code, job = job.name, slot = %key.due_at, part = %key.part);
    let slot = Slot { means, job, tenant, key, worker };
    match job.work {
        // One thread and one session from beginning to end.
        Work::Books(work) => {
            let within = span.clone();
            tokio::task::spawn_blocking(move || within.in_scope(|| slot.on_books(work))).await??;
            Ok(())
        }
        Work::Abroad(work) => slot.abroad(work).instrument(span).await,
    }
}

/// After this a job is done again that another transaction came before.
const OVERTAKEN_MILLISECONDS: u64 = 200;

struct Slot {
    means: Arc<Means>,
    job: &'static Job,
    tenant: Tenant,
    key: Key,
    worker: Arc<str>,
}

/// A slot that was begun.
struct Started {
    start: i32,
    at: Instant,
    turn: Turn,
}

impl Slot {
    fn on_books(&self, work: Books) -> anyhow::Result<()> {
        let mut session = self.means.pool.session()?;
        let Some(started) = self.begin(&mut session)? else { return Ok(()) };
        let mut desk = self.means.desk_on(session, &self.tenant);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let result = work(&mut desk, &started.turn);
            (desk, result)
        }));
        match result {
            Ok((mut desk, result)) => self.end(&mut desk.session, &started, result),
            // What the session was in the middle of nobody knows: it was closed.
            Err(panic) => self.end(&mut self.means.pool.session()?, &started, Err(panicked(&*panic))),
        }
    }

    async fn abroad(self, work: Abroad) -> anyhow::Result<()> {
        let slot = Arc::new(self);
        let this = Arc::clone(&slot);
        let begun =
            tokio::task::spawn_blocking(move || this.begin(&mut this.means.pool.session()?)).await??;
        let Some(started) = begun else { return Ok(()) };
        let doing = tokio::spawn(work(started.turn.clone(), slot.tenant.clone()).in_current_span());
        let result = match doing.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(panicked(&*error.into_panic())),
            Err(error) => Err(error.into()),
        };
        tokio::task::spawn_blocking(move || slot.end(&mut slot.means.pool.session()?, &started, result))
            .await?
    }

    fn begin(&self, session: &mut Session) -> anyhow::Result<Option<Started>> {
        let at = self.means.now();
        let limits = Limits { failures: self.job.retries.failures, losses: LOSSES };
        let begun = session.transaction(self.tenant.network(), Isolation::ReadCommitted, |tx| {
            slots::begin(tx, &self.key, &self.worker, at, limits)
        })?;
        match begun {
            Begun::Start { start, failures, stands_for } => {
                let turn =
                    Turn { key: self.key.clone(), stands_for, failures, means: Arc::clone(&self.means) };
                tracing::debug!(start, failures, "begun");
                Ok(Some(Started { start, at, turn }))
            }
            Begun::GaveUp(losses) => {
                tracing::error!(losses, "given up: its processes ended while it ran");
                self.means.watch.lost(self.job.name);
                Ok(None)
            }
            Begun::Over | Begun::Waits | Begun::Slowed => Ok(None),
        }
    }

    /// Ends the start, with what came of it. A failure is tried again after a while, or given up.
    fn end(
        &self,
        session: &mut Session,
        started: &Started,
        result: anyhow::Result<Ending>,
    ) -> anyhow::Result<()> {
        let at = self.means.now();
        let ending = result.unwrap_or_else(|error| {
            let told = format!("{error:#}");
            if was_overtaken(&error) {
                return Ending::Snooze(told, OVERTAKEN_MILLISECONDS);
            }
            match self.job.retries.wait(started.turn.failures + 1) {
                Some(wait) => Ending::Retry(told, wait.as_millis() as u64),
                None => Ending::GaveUp(told),
            }
        });
        let ended = session.transaction(self.tenant.network(), Isolation::ReadCommitted, |tx| {
            slots::end(tx, &self.key, started.start, &ending, at)
        })?;
        self.tell(started, &ending, at, ended);
        Ok(())
    }

    fn tell(&self, started: &Started, ending: &Ending, at: Instant, ended: bool) {
        let took = between(started.at, at);
        let name = match ending {
            Ending::Done(_) => "done",
            Ending::Retry(..) => "retry",
            Ending::Snooze(..) => "snoozed",
            Ending::GaveUp(_) => "gave-up",
        };
        let milliseconds = took.as_millis() as u64;
        match ending {
            _ if !ended => tracing::warn!(milliseconds, "ended, but was thought lost: another start ends it"),
            Ending::Done(told) => tracing::info!(milliseconds, "done: {told}"),
            Ending::Snooze(told, after) => tracing::info!(milliseconds, after, "later: {told}"),
            Ending::Retry(told, after) => tracing::warn!(milliseconds, after, "failed, again later: {told}"),
            Ending::GaveUp(told) => tracing::error!(milliseconds, "given up: {told}"),
        }
        // When it was to be tried again is by the queue's own clock.
        let delay = (started.start == 1).then(|| between(self.key.due_at, started.at));
        self.means.watch.went(&Went { job: self.job.name, delay, took, ending: name });
    }
}

pub(crate) fn between(from: Instant, to: Instant) -> Duration {
    Duration::from_micros((to.0 - from.0).max(0) as u64)
}

/// Another transaction came first: nothing failed, it only has to be done again.
fn was_overtaken(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let store = cause.downcast_ref::<StoreError>();
        let within = cause.downcast_ref::<ControlError>().and_then(|error| match error {
            ControlError::Store(store) => Some(store),
            _ => None,
        });
        matches!(store.or(within), Some(StoreError::Conflict(_)))
    })
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> anyhow::Error {
    let told = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    anyhow::anyhow!("a fault of the program: {told}")
}
