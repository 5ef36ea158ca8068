//! `evidence-sweep`: removes what broken uploads left in the evidence store, never what was stored whole; forgets uploads
//! whose time is over, and looks at those that arrived whole while their program ended.
//!
//! Due: daily at 05:00; the store itself is walked for the oldest tenant only: one walk sees the whole of it. Catch-up: the latest due time stands for
//! all. Retries: a minute, doubling to an hour, given up after the 6th failure.
//! Promise: what an upload that broke off left behind is gone within two days.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use farsight_control::{Desk, uploads};
use farsight_evidence::MediaClass;
use farsight_store::registry::Tenant;
use farsight_store::slots::Ending;
use futures_util::future::BoxFuture;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Retries, Turn, Work, done};
use crate::means::Means;
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

fn carry_out(turn: Turn, tenant: Tenant) -> BoxFuture<'static, anyhow::Result<Ending>> {
    let is_oldest = turn.means.tenants.oldest() == Some(tenant.id);
    Box::pin(async move {
        let means = turn.means;
        let (looked, forgotten) = uploads_of(&means, tenant).await?;
        let told = format!("{looked} uploads looked at, {forgotten} forgotten");
        if !is_oldest {
            return done(told);
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_micros(means.now().0.max(0).unsigned_abs());
        let swept = means.evidence.sweep(now - OLD).await?;
        done(format!("{} leftovers removed, {} bytes; {told}", swept.leftovers, swept.bytes))
    })
}

/// A picture is read up to this size.
const MOST_BYTES: u64 = 32 << 20;

/// Looks at the tenant's uploads that were left, and forgets those that are over; says how many each.
async fn uploads_of(means: &Arc<Means>, tenant: Tenant) -> anyhow::Result<(usize, usize)> {
    let left = at_desk(means, &tenant, |desk| Ok(uploads::left(desk)?)).await?;
    for upload in &left {
        let Some(stored) = uploads::to_look_at(upload) else { continue };
        let bytes = match stored.media_type.class() {
            MediaClass::Picture => {
                means.evidence.bytes(&tenant.code, &stored.sha256, MOST_BYTES).await?.to_vec()
            }
            MediaClass::Document | MediaClass::Film => Vec::new(),
        };
        let (id, by) = (upload.id.clone(), upload.by.clone());
        at_desk(means, &tenant, move |desk| {
            desk.actor = by; // handed in by who sent it
            Ok(uploads::look_at(desk, &id, &stored, &bytes)?)
        })
        .await?;
    }
    let forgotten = at_desk(means, &tenant, |desk| Ok(uploads::sweep(desk)?)).await?;
    Ok((left.len(), forgotten))
}

/// Does something at a desk, on a thread that may block.
async fn at_desk<T: Send + 'static>(
    means: &Arc<Means>,
    tenant: &Tenant,
    work: impl FnOnce(&mut Desk) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let (means, tenant) = (Arc::clone(means), tenant.clone());
    tokio::task::spawn_blocking(move || work(&mut means.desk(&tenant)?)).await?
}
