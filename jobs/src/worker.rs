//! The worker: takes rows of the queue by apalis and carries out the slots they name.
//!
//! apalis 1.0 finds the rows, keeps a heartbeat, and hands the rows of a process that died to another. Everything else
//! is the slot's: how often, when again, whether at all. So a row always ends well for apalis.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::*;
use apalis_postgres::{Config, PgConnectOptions, PgPool, PostgresStorage};
use farsight_rulebook::time::Instant;
use farsight_store::Scope;
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Key, QUEUE};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::job::Job;
use crate::means::Means;
use crate::scheduler::Scheduler;

/// A worker that is silent for longer is thought dead: HEARTBEAT times MISSED.
const HEARTBEAT: Duration = Duration::from_secs(1);
const MISSED: usize = 5;
/// How often an idle worker looks for work.
const POLL: Duration = Duration::from_millis(200);
/// How often the scheduler looks at the clock.
const TICK: Duration = Duration::from_millis(500);
/// After this a stop does not wait for what still runs.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a row of the queue says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Due {
    tenant: i32,
    job: String,
    due_at: i64,
    part: String,
}

/// How a worker works.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Slots carried out at once; the pool should have as many connections and two more.
    pub at_once: usize,
    /// Rows taken from the queue at a time.
    pub batch: usize,
    /// Whether slots are carried out here (else only made).
    pub works: bool,
    /// Whether due times are made into slots here.
    pub schedules: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { at_once: 8, batch: 32, works: true, schedules: true }
    }
}

/// What the queue is reached by.
#[derive(Clone)]
pub struct Queue {
    pool: PgPool,
}

impl Queue {
    /// Opens the queue of a database, and makes its tables where they are missing or behind.
    pub async fn open(database: &farsight_store::Database) -> anyhow::Result<Self> {
        let options: PgConnectOptions = database.url().parse()?;
        let pool = sqlx::postgres::PgPoolOptions::new()
            .max_connections(4)
            .min_connections(0)
            .connect_with(options.application_name("farsight-queue"))
            .await?;
        let database = database.clone();
        if !tokio::task::spawn_blocking({
            let database = database.clone();
            move || farsight_store::slots::is_ready(&database)
        })
        .await??
        {
            PostgresStorage::setup(&pool).await?;
            tokio::task::spawn_blocking(move || farsight_store::slots::ready_for_program(&database))
                .await??;
        }
        Ok(Self { pool })
    }
}

/// Works until told to stop; then what runs is ended, and what was only taken is given back.
pub async fn work(
    means: Arc<Means>,
    jobs: &'static [Job],
    queue: Queue,
    settings: Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let scheduling =
        settings.schedules.then(|| tokio::spawn(schedule(Arc::clone(&means), jobs, stop.clone())));
    if settings.works {
        carry_out(means, jobs, queue, settings, stop.clone()).await?;
    } else {
        stop.cancelled().await;
    }
    if let Some(scheduling) = scheduling {
        scheduling.await?;
    }
    Ok(())
}

/// Makes due times into slots until told to stop. What goes wrong is told, and tried again at the next tick.
async fn schedule(means: Arc<Means>, jobs: &'static [Job], stop: CancellationToken) {
    let mut scheduler = Some(Scheduler::new(jobs));
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let means = Arc::clone(&means);
        let mut ticking = scheduler.take().unwrap_or_else(|| Scheduler::new(jobs));
        match tokio::task::spawn_blocking(move || (ticking.tick(&means), ticking)).await {
            Ok((Ok(_), ticked)) => scheduler = Some(ticked),
            Ok((Err(error), _)) => {
                tracing::error!("the scheduler cannot make due times into slots: {error:#}");
            }
            Err(error) => tracing::error!("the scheduler failed, a fault of the program: {error}"),
        }
    }
}

async fn carry_out(
    means: Arc<Means>,
    jobs: &'static [Job],
    queue: Queue,
    settings: Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let config = Config::default()
        .queue(QUEUE)
        .batch_size(settings.batch)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(MISSED);
    let room = Arc::new(Semaphore::new(settings.at_once));
    let until = stop.clone();
    let stopped = stop.clone();
    Monitor::new()
        .register(move |_| {
            // New at each start: what a dead process held is found by its name.
            let name = format!("farsight-{}-{}", std::process::id(), uuid::Uuid::new_v4());
            let hand = Arc::new(Hand {
                means: Arc::clone(&means),
                jobs,
                room: Arc::clone(&room),
                stop: stopped.clone(),
                name: name.as_str().into(),
            });
            let storage = PostgresStorage::<Due>::new(&queue.pool).with_config(config.clone());
            WorkerBuilder::new(name)
                .backend(PollWith::new(storage, Steadily::every(POLL)))
                .data(hand)
                .parallelize(tokio::spawn)
                .build(take)
        })
        // Any fault of the database ends an apalis worker: another takes its place.
        .should_restart(move |_, error| {
            tracing::warn!("the queue went away: {error}; trying again");
            !until.is_cancelled()
        })
        .shutdown_timeout(PATIENCE)
        .run_with_signal(async move {
            stop.cancelled().await;
            Ok(())
        })
        .await?;
    Ok(())
}

/// What a worker carries out slots with.
struct Hand {
    means: Arc<Means>,
    jobs: &'static [Job],
    room: Arc<Semaphore>,
    stop: CancellationToken,
    name: Arc<str>,
}

/// Carries out what a row says. It always ends well: a fault of the database is told, and the slot found again.
async fn take(due: Due, hand: Data<Arc<Hand>>) -> Result<(), BoxDynError> {
    let room = tokio::select! {
        biased;
        () = hand.stop.cancelled() => None,
        room = hand.room.acquire() => room.ok(),
    };
    let outcome = if room.is_some() { hand.slot(due).await } else { hand.give_back(due).await };
    if let Err(error) = outcome {
        tracing::error!("a slot could not be begun or ended, it will be tried again: {error:#}");
    }
    Ok(())
}

impl Hand {
    /// Told to stop before there was room: another may begin it at once.
    async fn give_back(&self, due: Due) -> anyhow::Result<()> {
        let means = Arc::clone(&self.means);
        tokio::task::spawn_blocking(move || {
            let key = Key { job: due.job, due_at: Instant(due.due_at), part: due.part };
            let mut session = means.pool.session()?;
            session.transaction(Scope::network(due.tenant), Isolation::ReadCommitted, |tx| {
                Ok(slots::give_back(tx, &key)?)
            })
        })
        .await?
    }

    async fn slot(&self, due: Due) -> anyhow::Result<()> {
        let Some(job) = self.jobs.iter().find(|job| job.name == due.job) else {
            // Of a newer or older version of the program, which also runs: it is that one's to carry out.
            tracing::warn!(job = %due.job, "no such job in this version of the program");
            return Ok(());
        };
        let means = Arc::clone(&self.means);
        let id = due.tenant;
        let found = tokio::task::spawn_blocking(move || means.tenants.find(&means.database, id)).await??;
        let Some(tenant) = found else { return Ok(()) };
        let key = Key { job: due.job, due_at: Instant(due.due_at), part: due.part };
        crate::run::run(Arc::clone(&self.means), job, tenant, key, Arc::clone(&self.name)).await
    }
}

/// Wakes the worker at a steady pace. apalis's own interval loses wake-ups.
struct Steadily {
    interval: tokio::time::Interval,
}

impl Steadily {
    fn every(period: Duration) -> Self {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self { interval }
    }
}

impl PollStrategy for Steadily {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut ticked = false;
        // Until it is pending, so that the waker is registered for the next tick.
        while self.interval.poll_tick(cx).is_ready() {
            ticked = true;
        }
        if ticked { Poll::Ready(Some(())) } else { Poll::Pending }
    }
}

/// Completes at SIGTERM or SIGINT.
pub async fn signalled() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let either: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    either.await;
    Ok(())
}
