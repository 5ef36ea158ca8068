//! `evidence-sweep`: removes what broken uploads left in the evidence store, never what was stored whole; forgets uploads
//! whose time is over, and puts together and looks at those that arrived while their program ended or the store was away.
//!
//! Due: daily at 05:00; the store itself is walked for the oldest tenant only: one walk sees the whole of it. Catch-up: the latest due time stands for
//! all. Retries: a minute, doubling to an hour, given up after the 6th failure.
//! Promise: what an upload that broke off left behind is gone within three days; what arrived is handed in within a day.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use farsight_control::Desk;
use farsight_control::uploads::{self, Upload};
use farsight_evidence::{Limits, MediaClass};
use farsight_store::registry::Tenant;
use farsight_store::slots::Ending;
use futures_util::future::BoxFuture;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Retries, Turn, Work, done};
use crate::means::Means;
use crate::schedule::Schedule;

/// An upload that still runs is younger, and so are the pieces of one that arrived after the last slot of this job: 20 hours are
/// taken for sending, and a day passes until the next slot puts them together.
const OLD: Duration = Duration::from_hours(48);

pub(crate) const JOB: Job = Job {
    name: "evidence-sweep",
    schedule: Schedule::Daily(time(5, 0, 0, 0)),
    promise: "what an upload that broke off left behind is gone within three days; what arrived is handed in within a day",
    catch_up: CatchUp::Latest,
    retries: Retries { failures: 6, first: Duration::from_mins(1), longest: Duration::from_hours(1) },
    work: Work::Abroad(carry_out),
};

fn carry_out(turn: Turn, tenant: Tenant) -> BoxFuture<'static, anyhow::Result<Ending>> {
    let is_oldest = turn.means.tenants.oldest() == Some(tenant.id);
    Box::pin(async move {
        let means = turn.means;
        let (joined, failed) = put_together(&means, &tenant).await?;
        let (looked, forgotten) = uploads_of(&means, &tenant).await?;
        let mut told = format!("{joined} uploads put together, {looked} looked at, {forgotten} forgotten");
        if is_oldest {
            let now = SystemTime::UNIX_EPOCH + Duration::from_micros(means.now().0.max(0).unsigned_abs());
            let swept = means.evidence.sweep(now - OLD).await?;
            told = format!("{} leftovers removed, {} bytes; {told}", swept.leftovers, swept.bytes);
        }
        failed.map_or_else(|| done(told), Err)
    })
}

/// A picture is read up to this size.
const MOST_BYTES: u64 = 32 << 20;

/// Puts the tenant's uploads together whose bytes are all here, and looks at them; says how many, and why it failed for one: that
/// keeps no other waiting.
async fn put_together(means: &Arc<Means>, tenant: &Tenant) -> anyhow::Result<(usize, Option<anyhow::Error>)> {
    let left = at_desk(means, tenant, |desk| Ok(uploads::left_in_pieces(desk)?)).await?;
    let (mut joined, mut failed) = (0, None);
    for upload in left {
        match put_one_together(means, tenant, upload).await {
            Ok(()) => joined += 1,
            Err(error) => failed = Some(error),
        }
    }
    Ok((joined, failed))
}

async fn put_one_together(means: &Arc<Means>, tenant: &Tenant, upload: Upload) -> anyhow::Result<()> {
    let (id, by) = (upload.id, upload.by);
    let (asked, sender) = (id.clone(), by.clone());
    let (_, pieces) = at_desk(means, tenant, move |desk| {
        desk.actor = sender;
        Ok(uploads::arrived(desk, &asked)?)
    })
    .await?;
    if pieces.is_empty() {
        return Ok(()); // somebody else was quicker
    }
    let content = means.evidence.pieces(&tenant.code, pieces.clone())?;
    let stored = means.evidence.put(&tenant.code, content, &Limits::default()).await;
    let upload = at_desk(means, tenant, move |desk| {
        desk.actor = by;
        match stored {
            Ok(stored) => Ok(uploads::stored(desk, &id, &stored)?),
            Err(error) if error.may_pass() => Err(error.into()),
            Err(error) => Ok(uploads::refused(desk, &id, &error)?),
        }
    })
    .await?;
    for piece in pieces {
        means.evidence.drop_piece(&tenant.code, &piece).await?;
    }
    look_at(means, tenant, &upload).await
}

/// Looks at an upload that is whole and hands it in, by who sent it.
async fn look_at(means: &Arc<Means>, tenant: &Tenant, upload: &Upload) -> anyhow::Result<()> {
    let Some(stored) = uploads::to_look_at(upload) else { return Ok(()) };
    let bytes = match stored.media_type.class() {
        MediaClass::Picture => means.evidence.bytes(&tenant.code, &stored.sha256, MOST_BYTES).await?.to_vec(),
        MediaClass::Document | MediaClass::Film => Vec::new(),
    };
    let (id, by) = (upload.id.clone(), upload.by.clone());
    at_desk(means, tenant, move |desk| {
        desk.actor = by;
        uploads::look_at(desk, &id, &stored, &bytes)?;
        Ok(())
    })
    .await
}

/// Looks at the tenant's uploads that were left, and forgets those that are over; says how many each.
async fn uploads_of(means: &Arc<Means>, tenant: &Tenant) -> anyhow::Result<(usize, usize)> {
    let left = at_desk(means, tenant, |desk| Ok(uploads::left(desk)?)).await?;
    for upload in &left {
        look_at(means, tenant, upload).await?;
    }
    let forgotten = at_desk(means, tenant, |desk| Ok(uploads::sweep(desk)?)).await?;
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
