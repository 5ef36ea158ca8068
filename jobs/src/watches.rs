//! `watches`: looks at watched folders and buckets, takes the files in that others put there, and writes what became of each beside it.
//!
//! Due: every minute. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th
//! failure; a place that cannot be looked at is no failure of the job, it is an alert, and the others are looked at.
//! Promise: a file that lies finished in a watched place is taken in once, within some two minutes, and its result lies beside it.

use std::path::Path;
use std::sync::Arc;

use farsight_control::Desk;
use farsight_control::watches::{self, Fetched, Owed};
use farsight_evidence::EvidenceError;
use farsight_evidence::watched::{Lying, MOST_BYTES, Watched};
use farsight_store::registry::Tenant;
use farsight_store::slots::Ending;
use farsight_store::watches::Watch;
use futures_util::future::BoxFuture;

use crate::job::{CatchUp, Job, Turn, Work, done};
use crate::judging::RETRIES;
use crate::means::Means;
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "watches",
    schedule: Schedule::Every(60),
    promise: "a file in a watched place is taken in once, within two minutes, and its result lies beside it",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Abroad(carry_out),
};

fn carry_out(turn: Turn, tenant: Tenant) -> BoxFuture<'static, anyhow::Result<Ending>> {
    Box::pin(async move {
        let round = Round { means: turn.means, tenant: Arc::new(tenant) };
        let (mut files, mut away) = (0, 0);
        for watch in round.on_books(|desk| Ok(watches::list(desk)?)).await? {
            let watch = Arc::new(watch);
            match round.attend(&watch).await {
                Ok(taken) => files += taken,
                Err(Trouble::Away(why)) => {
                    away += 1;
                    round.on_books(move |desk| Ok(watches::away(desk, &watch, &why)?)).await?;
                }
                Err(Trouble::Own(why)) => return Err(why),
            }
        }
        done(format!("{files} files looked through, {away} places could not be looked at"))
    })
}

/// Why a place was not attended to.
enum Trouble {
    /// The place does not answer as it should.
    Away(String),
    /// It is our own.
    Own(anyhow::Error),
}

impl From<EvidenceError> for Trouble {
    fn from(error: EvidenceError) -> Self {
        Self::Away(error.to_string())
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::Own(error)
    }
}

/// A tenant's places.
struct Round {
    means: Arc<Means>,
    tenant: Arc<Tenant>,
}

impl Round {
    /// Looks at a place and does what is to be done; says how many files were looked through.
    async fn attend(&self, watch: &Arc<Watch>) -> Result<usize, Trouble> {
        if watch.shut || !self.means.watched.places.allow(&self.tenant.code, &watch.url) {
            let why =
                "the place is not (any more) among those the configuration allows, or its user is shut out";
            return Err(Trouble::Away(why.to_owned()));
        }
        let place = Watched::open(&watch.url, self.means.watched.settings.clone())?;
        let lying = place.look().await?;
        let looking = Arc::clone(watch);
        let looked = self.on_books(move |desk| Ok(watches::look(desk, &looking, &lying)?)).await?;
        self.tell(&place, watch, looked.owed).await?;
        if looked.ripe.is_empty() {
            return Ok(0);
        }
        // The copies go with it, whatever happens.
        let copies = tempfile::tempdir().map_err(|error| Trouble::Own(error.into()))?;
        let fetched = fetch(&place, copies.path(), looked.ripe).await?;
        let taking = Arc::clone(watch);
        let owed = self.on_books(move |desk| Ok(watches::take_in(desk, &taking, &fetched)?)).await?;
        let files = owed.len();
        self.tell(&place, watch, owed).await?;
        Ok(files)
    }

    /// Writes results beside their files.
    async fn tell(&self, place: &Watched, watch: &Arc<Watch>, owed: Vec<Owed>) -> Result<(), Trouble> {
        for owed in owed {
            place.tell(&owed.name, owed.result.clone().into_bytes()).await?;
            let watch = Arc::clone(watch);
            self.on_books(move |desk| Ok(watches::told(desk, &watch, &owed)?)).await?;
        }
        Ok(())
    }

    /// Does something at a desk, on a thread that may block.
    async fn on_books<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (means, tenant) = (Arc::clone(&self.means), Arc::clone(&self.tenant));
        tokio::task::spawn_blocking(move || work(&mut means.desk(&tenant)?)).await?
    }
}

/// Copies files; those that changed meanwhile are left for a later look.
async fn fetch(place: &Watched, into: &Path, ripe: Vec<Lying>) -> Result<Vec<Fetched>, EvidenceError> {
    let mut fetched = Vec::with_capacity(ripe.len());
    for file in ripe {
        let copy = into.join(&file.name);
        let fits = file.bytes <= MOST_BYTES;
        if !fits || place.fetch(&file, &copy).await? {
            fetched.push(Fetched { name: file.name, mark: file.mark, at: fits.then_some(copy) });
        }
    }
    Ok(fetched)
}
