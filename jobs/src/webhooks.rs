//! `webhooks`: makes what has happened into messages to machines, and sends what is due of them. A job of its own, so that a
//! receiver that does not answer keeps no person waiting.
//!
//! Due: every 30 seconds. Catch-up: the latest due time stands for all. Retries of the job: 5 s, doubling to 5 minutes,
//! given up after the 6th failure; a message that cannot be delivered is no failure of the job, it is tried again by
//! its own schedule (ten tries over some four days) and listed when that is over.
//! Promise: each event is made into one message to each webhook that is told of it, each message goes out at least once under
//! one number.

use std::sync::Arc;

use farsight_control::telling::Whose;
use farsight_control::webhooks;
use farsight_store::registry::Tenant;
use farsight_store::slots::Ending;
use futures_util::future::BoxFuture;

use crate::job::{CatchUp, Job, Turn, Work, done};
use crate::judging::RETRIES;
use crate::post::Post;
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "webhooks",
    schedule: Schedule::Every(30),
    promise: "each event is told to each webhook at least once under one number, and no person waits for a machine",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Abroad(carry_out),
};

fn carry_out(turn: Turn, tenant: Tenant) -> BoxFuture<'static, anyhow::Result<Ending>> {
    Box::pin(async move {
        let post = Post { means: turn.means, tenant: Arc::new(tenant) };
        let events = post.on_books(|desk| Ok(webhooks::fan_out(desk)?)).await?;
        let (delivered, failed) = post.send_what_is_due(Whose::Machines).await?;
        done(format!("{events} events, {delivered} delivered, {failed} not"))
    })
}
