//! A tenant, a clock that stands until it is moved, and workers: what the tests of this program have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use farsight_cameras::{Fetcher, SystemResolver, system_trust};
use farsight_control::{Desk, jobs};
use farsight_courier::Courier;
use farsight_jobs::means::Tenants;
use farsight_jobs::watch::Nobody;
use farsight_jobs::worker::{self, Queue, Settings};
use farsight_jobs::{Job, Means};
use farsight_rulebook::time::Instant;
use farsight_store::pool::Pool;
use farsight_store::slots::Listed;
use farsight_tests::Tower;
use farsight_tests::office::{Office, at, sealer};
use tokio_util::sync::CancellationToken;

/// A tenant, a clock that stands until it is moved, and workers.
pub(crate) struct Site {
    pub(crate) tower: Tower,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) jobs: &'static [Job],
    pub(crate) tenant: String,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) queue: Queue,
    pub(crate) evidence: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new(tenant: &str, jobs: Vec<Job>, now: &str) -> Self {
        let tower = Tower::new();
        Office::since(&tower, tenant, "example-2026", now);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let queue = runtime.block_on(Queue::open(&tower.database)).unwrap();
        let clock = Arc::new(AtomicI64::new(at(now).0));
        Self {
            tower,
            clock,
            jobs: Box::leak(jobs.into_boxed_slice()),
            tenant: tenant.to_owned(),
            runtime,
            queue,
            evidence: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn set(&self, now: &str) {
        self.clock.store(at(now).0, Ordering::SeqCst);
    }

    pub(crate) fn means(&self) -> Arc<Means> {
        let clock = Arc::clone(&self.clock);
        let evidence = format!("file://{}", self.evidence.path().display());
        let evidence = self
            .runtime
            .block_on(farsight_evidence::Store::open(&evidence, [], uuid::Uuid::new_v4().as_u128()))
            .unwrap();
        let _runtime = self.runtime.enter();
        Arc::new(Means {
            database: self.tower.database.clone(),
            pool: Pool::open(&self.tower.database, 8).unwrap(),
            clock: Arc::new(move || Instant(clock.load(Ordering::SeqCst))),
            sealer: sealer(),
            evidence,
            fetcher: Fetcher::new(Arc::new(SystemResolver), Arc::new(|| [7; 16]), system_trust().unwrap()),
            courier: Arc::new(Courier::new(&farsight_courier::Settings::default()).unwrap()),
            watch: Arc::new(Nobody),
            watched: farsight_jobs::means::Watched::default(),
            tenants: Tenants::default(),
        })
    }

    pub(crate) fn desk(&self) -> Desk {
        let now = Instant(self.clock.load(Ordering::SeqCst));
        Desk::open(&self.tower.database, Some(&self.tenant), "os:test", now).unwrap()
    }

    pub(crate) fn slots(&self) -> Vec<Listed> {
        let mut slots = jobs::list(&mut self.desk(), None, None, 10_000).unwrap();
        slots.reverse();
        slots
    }

    /// Runs workers, each with a scheduler, until all slots are as wanted; then stops them.
    #[track_caller]
    pub(crate) fn work(&self, workers: usize, until: impl Fn(&[Listed]) -> bool) -> Vec<Listed> {
        let stop = CancellationToken::new();
        let settings = Settings { at_once: 4, ..Settings::default() };
        let working: Vec<_> = (0..workers)
            .map(|_| worker::work(self.means(), self.jobs, self.queue.clone(), settings, stop.clone()))
            .map(|work| self.runtime.spawn(work))
            .collect();
        let began = std::time::Instant::now();
        while !until(&self.slots()) && began.elapsed() < Duration::from_mins(1) {
            std::thread::park_timeout(Duration::from_millis(50));
        }
        stop.cancel();
        for working in working {
            self.runtime.block_on(working).unwrap().unwrap();
        }
        let slots = self.slots();
        assert!(until(&slots), "not within a minute: {slots:#?}");
        slots
    }
}

/// Whether every slot is over.
pub(crate) fn over(slots: &[Listed]) -> bool {
    !slots.is_empty() && slots.iter().all(|slot| matches!(&*slot.state, "done" | "missed" | "gave-up"))
}
