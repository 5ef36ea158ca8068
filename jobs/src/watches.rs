//! `watches`: looks at watched folders and buckets, takes the files in that others put there, and writes what became of each beside it.
//!
//! Due: every minute. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th
//! failure; a place that cannot be looked at, or a file there that cannot be read, is no failure of the job, it is an alert, and the others
//! are looked at. What fails at our own end for one place fails the job when all were attended to.
//! Promise: a file that lies finished in a watched place is taken in once, within some two minutes, and its result lies beside it.

use std::path::Path;
use std::sync::Arc;

use farsight_control::Desk;
use farsight_control::watches::{self, Batch, Owed};
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
        let mut own = Vec::new();
        for watch in round.on_books(|desk| Ok(watches::list(desk)?)).await? {
            let watch = Arc::new(watch);
            match round.attend_and_remember(&watch).await {
                Ok((taken, is_away)) => {
                    files += taken;
                    away += usize::from(is_away);
                }
                Err(why) => own.push(format!("{}: {why:#}", watch.code)),
            }
        }
        anyhow::ensure!(own.is_empty(), "{}", own.join("; "));
        done(format!("{files} files looked through, {away} places could not be looked at"))
    })
}

/// What came of attending to a place.
#[derive(Default)]
struct Attended {
    /// So many files were looked through.
    files: usize,
    /// Why one could not be read, if one could not.
    fault: Option<String>,
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
        match error {
            EvidenceError::Copy { .. } => Self::Own(error.into()),
            _ => Self::Away(error.to_string()),
        }
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
    /// Attends to a place and remembers whether it could be looked at; says how many files were looked through, and whether the
    /// place was away.
    async fn attend_and_remember(&self, watch: &Arc<Watch>) -> anyhow::Result<(usize, bool)> {
        let (attended, is_away) = match self.attend(watch).await {
            Ok(attended) => (attended, false),
            Err(Trouble::Away(why)) => (Attended { fault: Some(why), ..Attended::default() }, true),
            Err(Trouble::Own(why)) => return Err(why),
        };
        let (watch, fault) = (Arc::clone(watch), attended.fault);
        self.on_books(move |desk| Ok(watches::attended(desk, &watch, fault.as_deref())?)).await?;
        Ok((attended.files, is_away))
    }

    /// Looks at a place and does what is to be done.
    async fn attend(&self, watch: &Arc<Watch>) -> Result<Attended, Trouble> {
        let allowed = self.means.watched.places.of(&self.tenant.code, watch);
        let allowed = allowed.map_err(|why| Trouble::Away(why.to_owned()))?;
        let place = Watched::open(&watch.url, allowed, self.means.watched.settings.clone())?;
        let lying = place.look().await?;
        let looking = Arc::clone(watch);
        let looked = self.on_books(move |desk| Ok(watches::look(desk, &looking, &lying)?)).await?;
        self.tell(&place, watch, looked.owed).await?;
        if looked.ripe.is_empty() {
            return Ok(Attended::default());
        }
        // The copies go with it, whatever happens.
        let copies = tempfile::tempdir().map_err(|error| Trouble::Own(error.into()))?;
        let (batch, fault) = fetch(&place, copies.path(), looked.ripe).await?;
        let taking = Arc::clone(watch);
        let owed = self.on_books(move |desk| Ok(watches::take_in(desk, &taking, &batch.fetched)?)).await?;
        let files = owed.len();
        self.tell(&place, watch, owed).await?;
        Ok(Attended { files, fault })
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

/// Copies files as far as there is room; those that changed meanwhile, or cannot be read, are left for a later look and take none. Says
/// why one cannot be read.
async fn fetch(
    place: &Watched,
    into: &Path,
    ripe: Vec<Lying>,
) -> Result<(Batch, Option<String>), EvidenceError> {
    let (mut batch, mut fault) = (Batch::default(), None);
    for file in ripe {
        if !batch.has_room_for(&file) {
            break;
        }
        let copy = into.join(&file.name);
        let fits = file.bytes <= MOST_BYTES;
        let is_there = !fits
            || match place.fetch(&file, &copy).await {
                Err(why @ EvidenceError::Unreadable { .. }) => {
                    fault = Some(why.to_string());
                    false
                }
                other => other?,
            };
        if is_there {
            batch.add(file, fits.then_some(copy));
        } else {
            let _ = tokio::fs::remove_file(&copy).await; // what was copied of it, if anything
        }
    }
    Ok((batch, fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_cannot_be_read_keeps_no_other_waiting() {
        let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["a.csv", "b.csv", "c.csv"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let url = format!("file://{}", folder.path().display());
        let place = Watched::open(&url, &url, []).unwrap();
        let ripe = place.look().await.unwrap();
        // Whoever runs this may read every file, but nobody a socket.
        std::fs::remove_file(folder.path().join("b.csv")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("b.csv")).unwrap();
        let (batch, fault) = fetch(&place, copies.path(), ripe).await.unwrap();
        let names: Vec<&str> = batch.fetched.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.csv", "c.csv"]);
        assert!(fault.unwrap().starts_with("b.csv cannot be read"));
    }

    #[tokio::test]
    async fn a_copy_that_cannot_be_written_is_our_own_trouble() {
        let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("b.csv"), "b").unwrap();
        std::fs::create_dir(copies.path().join("b.csv")).unwrap();
        let url = format!("file://{}", folder.path().display());
        let place = Watched::open(&url, &url, []).unwrap();
        let ripe = place.look().await.unwrap();
        let why = fetch(&place, copies.path(), ripe).await.map(|(_, fault)| fault).unwrap_err();
        assert!(why.to_string().starts_with("the copy of b.csv cannot be written here"), "{why}");
        assert!(matches!(Trouble::from(why), Trouble::Own(_)));
    }
}
