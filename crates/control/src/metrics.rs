//! Being counted: what the program did, and how its tenants stand, as metrics of one registry that the caller made.
//!
//! What happens is told ([`Metrics::slot`] and its like) where it happens; how things stand is looked up in the
//! database when somebody asks ([`Metrics::collect`]).
//!
//! No label ever says a dealer, person, entry, camera, address or text. What is told has no tenant either: its labels
//! are words of the program, each value known here beforehand, and any other is counted as `other`. What is looked up
//! has the tenant's code and one or two words of the program: at most [`series_per_tenant`] series a tenant.

mod standing;
mod told;
mod words;

use std::time::Duration;

use farsight_rulebook::time::Instant;
use farsight_store::Database;
use farsight_store::pool::Pool;
use prometheus::Registry;

pub use standing::{Clock, Failure, series_per_tenant};
pub use told::Slot;
pub use words::OTHER;

use crate::alerts::Tended;
use crate::evaluate;

/// Metrics that cannot be counted.
#[derive(Debug, thiserror::Error)]
#[error(
    "metrics cannot be registered: {0}; a registry takes each name once, so make a new one for each program"
)]
pub struct MetricsError(#[from] prometheus::Error);

impl MetricsError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        "metrics"
    }
}

/// The metrics of a program.
pub struct Metrics {
    told: told::Told,
    standing: standing::Standing,
}

impl Metrics {
    /// Registers them, each series that is told at 0. `jobs` are the names of the jobs there are.
    pub fn register(registry: &Registry, jobs: &[&'static str]) -> Result<Self, MetricsError> {
        let info = prometheus::IntGaugeVec::new(
            prometheus::Opts::new("farsight_build_info", "The version of this program; always 1."),
            &["version"],
        )?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(info))?;
        Ok(Self {
            told: told::Told::register(registry, jobs)?,
            standing: standing::Standing::register(registry, jobs)?,
        })
    }

    /// Shows how much of a pool is used; `size` is the most connections it opens.
    pub fn watch_pool(&self, registry: &Registry, pool: Pool, size: u32) -> Result<(), MetricsError> {
        Ok(registry.register(Box::new(standing::PoolUse::new(pool, size)?))?)
    }

    /// Looks up how the tenants stand, unless that was done within the last few seconds or is being done. Blocks, for a
    /// few seconds at the longest; gives what failed, which is counted as well.
    pub fn collect(&self, database: &Database, clock: &Clock) -> Vec<Failure> {
        self.standing.collect(database, clock)
    }

    /// The collection did not end in time: what is shown is that of before.
    pub fn collect_took_too_long(&self) {
        self.standing.failed(standing::PART_TIME);
    }

    /// A start of a job's slot ended.
    pub fn slot(&self, slot: &Slot<'_>) {
        self.told.slot(slot);
    }

    /// A slot was given up because its processes ended while it ran.
    pub fn slot_lost(&self, job: &str) {
        self.told.slot_lost(job);
    }

    /// Checks were run.
    pub fn judged(&self, outcome: &evaluate::Outcome, took: Duration) {
        self.told.judged(outcome, took);
    }

    /// Time changed alerts.
    pub fn tended(&self, tended: &Tended) {
        self.told.tended(tended);
    }

    /// Something was put into the evidence store, of so many bytes.
    pub fn evidence_kept(&self, bytes: u64) {
        self.told.evidence_kept(bytes);
    }

    /// A picture of a camera was looked at: its flaws (`black`, `covered`, `blurred`, `frozen`), if it has any.
    pub fn picture(&self, flaws: &[String]) {
        self.told.picture(flaws);
    }

    /// A camera was visited: `picture`, or the code of why there is none (`timed_out`, …).
    pub fn camera_answered(&self, reason: &str) {
        self.told.camera_answered(reason);
    }

    /// A message was sent: the channel's kind (`email`, …) and `delivered`, `later` or `never`.
    pub fn delivery(&self, channel: &str, outcome: &str) {
        self.told.delivery(channel, outcome);
    }

    /// A sign-in by a provider's word was refused, with this code.
    pub fn sign_in_refused(&self, code: &str) {
        self.told.sign_in_refused(code);
    }
}

fn seconds_between(from: Instant, to: Instant) -> f64 {
    (to.0 - from.0) as f64 / 1e6
}
