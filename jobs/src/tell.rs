//! `tell`: makes what is new into messages to people, and sends what is due: e-mail, group robots, webhooks of channels. Those of
//! machines are the job `webhooks`.
//!
//! Due: every 30 seconds. Catch-up: the latest due time stands for all. Retries of the job: 5 s, doubling to 5 minutes,
//! given up after the 6th failure; a message that cannot be delivered is no failure of the job, it is tried again by
//! its own schedule (ten tries over some four days) and listed when that is over.
//! Promise: each notice is made into messages exactly once, each message goes out at least once under one number, and
//! no robot gets more than its limit.

use std::sync::Arc;

use farsight_control::telling::{self, Whose};
use farsight_store::registry::Tenant;
use farsight_store::slots::Ending;
use futures_util::future::BoxFuture;

use crate::job::{CatchUp, Job, Turn, Work, done};
use crate::judging::RETRIES;
use crate::post::Post;
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "tell",
    schedule: Schedule::Every(30),
    promise: "each notice is told once, each message goes out at least once under one number, no robot gets more than its limit",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Abroad(carry_out),
};

fn carry_out(turn: Turn, tenant: Tenant) -> BoxFuture<'static, anyhow::Result<Ending>> {
    Box::pin(async move {
        let post = Post { means: turn.means, tenant: Arc::new(tenant) };
        let fanned = post.on_books(|desk| Ok(telling::fan_out(desk)?)).await?;
        let (delivered, failed) = post.send_what_is_due(Whose::People).await?;
        done(format!(
            "{} notices, {} messages made, {} held back, {delivered} delivered, {failed} not",
            fanned.notices, fanned.deliveries, fanned.held
        ))
    })
}
