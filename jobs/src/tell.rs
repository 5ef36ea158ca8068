//! `tell`: makes what is new into messages, and sends what is due: e-mail, group robots, webhooks of channels and machines.
//!
//! Due: every 30 seconds. Catch-up: the latest due time stands for all. Retries of the job: 5 s, doubling to 5 minutes,
//! given up after the 6th failure; a message that cannot be delivered is no failure of the job, it is tried again by
//! its own schedule (ten tries over some four days) and listed when that is over.
//! Promise: each notice is made into messages exactly once, each message goes out at least once under one number, and
//! no robot gets more than its limit.

use std::sync::Arc;

use farsight_control::telling::{self, Claim};
use farsight_control::{Desk, webhooks};
use farsight_store::registry::Tenant;
use farsight_store::slots::Ending;
use futures_util::future::{BoxFuture, join_all};

use crate::job::{CatchUp, Job, Turn, Work, done};
use crate::judging::RETRIES;
use crate::means::Means;
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "tell",
    schedule: Schedule::Every(30),
    promise: "each notice is told once, each message goes out at least once under one number, no robot gets more than its limit",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Abroad(carry_out),
};

/// So many messages are on their way at once, of a tenant and replica.
const AT_ONCE: usize = 32;
/// After so many rounds the next slot goes on: other tenants' work waits behind this one.
const ROUNDS: usize = 16;

fn carry_out(turn: Turn, tenant: Tenant) -> BoxFuture<'static, anyhow::Result<Ending>> {
    Box::pin(async move {
        let post = Post { means: Arc::clone(&turn.means), tenant: Arc::new(tenant) };
        let fanned = post.on_books(|desk| Ok(telling::fan_out(desk)?)).await?;
        let events = post.on_books(|desk| Ok(webhooks::fan_out(desk)?)).await?;
        let (delivered, failed) = post.send_what_is_due().await?;
        done(format!(
            "{} notices, {} messages made, {} held back, {events} events for webhooks, {delivered} delivered, {failed} not",
            fanned.notices, fanned.deliveries, fanned.held
        ))
    })
}

/// Sends a tenant's messages.
#[derive(Clone)]
struct Post {
    means: Arc<Means>,
    tenant: Arc<Tenant>,
}

impl Post {
    /// Sends round by round what is due; says how many were delivered and how many not.
    async fn send_what_is_due(&self) -> anyhow::Result<(u64, u64)> {
        let (mut delivered, mut failed) = (0, 0);
        for _ in 0..ROUNDS {
            let means = Arc::clone(&self.means);
            let claims = self
                .on_books(move |desk| Ok(telling::due(desk, &means.sealer, &means.courier, AT_ONCE)?))
                .await?;
            if claims.is_empty() {
                break;
            }
            for arrived in join_all(claims.into_iter().map(|claim| self.send(claim))).await {
                let counted = if arrived? { &mut delivered } else { &mut failed };
                *counted += 1;
            }
        }
        Ok((delivered, failed))
    }

    /// Sends one message and writes down what became of it; says whether it arrived.
    async fn send(&self, claim: Claim) -> anyhow::Result<bool> {
        let outcome = claim.send(&self.means.courier, self.means.now()).await;
        self.means.watch.delivery(claim.kind(), outcome.code());
        let arrived = outcome.code() == "delivered";
        if !arrived {
            // Not to whom, nor what was answered: both may name a person.
            tracing::warn!(delivery = %claim.what.id, tries = claim.what.tries, channel = claim.kind(), "{}", outcome.code());
        }
        self.on_books(move |desk| Ok(telling::record(desk, &claim, &outcome)?)).await?;
        Ok(arrived)
    }

    /// Does something at a desk, on a thread that may block.
    async fn on_books<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let post = self.clone();
        tokio::task::spawn_blocking(move || work(&mut post.means.desk(&post.tenant)?)).await?
    }
}
