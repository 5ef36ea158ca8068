//! Sending what is due, round by round: what the jobs `tell` and `webhooks` have in common. It decides nothing.

use std::sync::Arc;

use farsight_control::Desk;
use farsight_control::telling::{self, Claim, Whose};
use farsight_store::registry::Tenant;
use futures_util::future::join_all;

use crate::means::Means;

/// So many messages are on their way at once, of a tenant, a job and replica.
const AT_ONCE: usize = 32;
/// After so many rounds the next slot goes on: other tenants' work waits behind this one.
const ROUNDS: usize = 16;

/// Sends a tenant's messages.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) means: Arc<Means>,
    pub(crate) tenant: Arc<Tenant>,
}

impl Post {
    /// Sends round by round what is due; says how many were delivered and how many not.
    pub(crate) async fn send_what_is_due(&self, whose: Whose) -> anyhow::Result<(u64, u64)> {
        let (mut delivered, mut failed) = (0, 0);
        for _ in 0..ROUNDS {
            let means = Arc::clone(&self.means);
            let claims = self
                .on_books(move |desk| {
                    Ok(telling::due(desk, &means.sealer, &means.courier, (whose, AT_ONCE))?)
                })
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
    pub(crate) async fn on_books<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let post = self.clone();
        tokio::task::spawn_blocking(move || work(&mut post.means.desk(&post.tenant)?)).await?
    }
}
