//! `evidence-sweep`: removes what broken uploads left in the evidence store; never what was stored whole.
//!
//! Due: daily at 05:00, of the oldest tenant only: one walk sees the whole store. Catch-up: the latest due time stands for
//! all. Retries: a minute, doubling to an hour, given up after the 6th failure.
//! Promise: what an upload that broke off left behind is gone within two days.

use std::time::{Duration, SystemTime};

use farsight_store::registry::Tenant;
use farsight_store::slots::Ending;
use futures_util::future::BoxFuture;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Retries, Turn, Work, done};
use crate::schedule::Schedule;

/// An upload that still runs is younger.
const OLD: Duration = Duration::from_hours(24);

pub(crate) const JOB: Job = Job {
    name: "evidence-sweep",
    schedule: Schedule::Daily(time(5, 0, 0, 0)),
    promise: "what an upload that broke off left behind is gone within two days",
    catch_up: CatchUp::Latest,
    retries: Retries { failures: 6, first: Duration::from_mins(1), longest: Duration::from_hours(1) },
    work: Work::Abroad(carry_out),
};

#[expect(clippy::needless_pass_by_value, reason = "what every job abroad is given")]
fn carry_out(turn: Turn, tenant: Tenant) -> BoxFuture<'static, anyhow::Result<Ending>> {
    let is_oldest = turn.means.tenants.oldest() == Some(tenant.id);
    Box::pin(async move {
        let means = turn.means;
        if !is_oldest {
            return done("nothing to do: the oldest tenant's job walks the whole store");
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_micros(means.now().0.max(0).unsigned_abs());
        let swept = means.evidence.sweep(now - OLD).await?;
        done(format!("{} leftovers removed, {} bytes", swept.leftovers, swept.bytes))
    })
}
