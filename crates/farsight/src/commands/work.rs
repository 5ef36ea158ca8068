//! `farsight work`: carries out jobs until it is told to stop. What `farsight serve` does besides is wired here too.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use farsight_control::metrics::Metrics;
use farsight_identity::Providers;
use farsight_jobs::means::{Means, Tenants};
use farsight_jobs::worker::{self, Queue, Settings};
use farsight_store::pool::Pool;
use farsight_web::{App, Front, Parts};
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Installation;
use crate::arguments::WorkArguments;
use crate::failure::Failure;
use crate::outside::Outside;
use crate::watching::Counted;
use crate::{clock, logging};

/// Connections that are not a slot's: the scheduler's, and one to spare.
const OTHER_CONNECTIONS: u32 = 3;
/// Connections for requests: more would only wait for the database's processors.
const WEB_CONNECTIONS: u32 = 12;

/// Works until SIGTERM or SIGINT.
pub(super) fn run(installation: &Installation, arguments: &WorkArguments) -> Result<ExitCode, Failure> {
    let duty = Duty {
        at_once: arguments.at_once,
        works: !arguments.only_schedule,
        listen: arguments.listen,
        courier: installation.courier()?,
    };
    until_told(installation, duty)
}

/// What a program that runs for long does.
#[derive(Debug)]
pub(super) struct Duty {
    /// Jobs carried out at once.
    pub(super) at_once: u32,
    /// Whether jobs are carried out here; due times are made into slots in any case, so that late ones are seen.
    pub(super) works: bool,
    /// Where to serve, if at all.
    pub(super) listen: Option<SocketAddr>,
    /// How messages are carried.
    pub(super) courier: farsight_courier::Settings,
}

/// Does its duty until SIGTERM or SIGINT; then what is being answered is answered, and what runs is ended.
pub(super) fn until_told(installation: &Installation, duty: Duty) -> Result<ExitCode, Failure> {
    logging::start(installation.global.json, logging::USUAL)?;
    runtime()?.block_on(do_duty(installation, duty, async |_, _| Ok(())))?;
    Ok(ExitCode::SUCCESS)
}

/// The same, with something beside it that ends when it is told to stop.
pub(super) async fn do_duty(
    installation: &Installation,
    duty: Duty,
    beside: impl AsyncFnOnce(Arc<Means>, CancellationToken) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let registry = Registry::new();
    let settings = Settings { at_once: duty.at_once as usize, works: duty.works, ..Settings::default() };
    // First: an address that is taken is told before anything is begun.
    let listener = match duty.listen {
        Some(address) => Some(farsight_web::listen(address).await.map_err(anyhow::Error::from)?),
        None => None,
    };
    let wired = Wired::new(installation, &duty, &registry).await?;
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    let queue = Queue::open(&wired.means.database).await?;
    if duty.works {
        tracing::info!(at_once = duty.at_once, "working");
    }
    let beside = beside(Arc::clone(&wired.means), stop.clone());
    let working = worker::work(wired.means, farsight_jobs::JOBS, queue, settings, stop.clone());
    let working = or_stop(async { Ok(working.await?) }, stop.clone());
    let serving = serve(listener, wired.app, stop.clone());
    let serving = or_stop(async { Ok(serving.await?) }, stop.clone());
    let (worked, served, beside) = tokio::join!(working, serving, or_stop(beside, stop));
    worked.and(served).and(beside)?;
    tracing::info!("stopped");
    Ok(())
}

/// What the program's parts share: one registry, one pool, one clock.
struct Wired {
    means: Arc<Means>,
    app: App,
}

impl Wired {
    async fn new(installation: &Installation, duty: &Duty, registry: &Registry) -> Result<Self, Failure> {
        let jobs: Vec<&'static str> = farsight_jobs::JOBS.iter().map(|job| job.name).collect();
        let metrics = Arc::new(Metrics::register(registry, &jobs).map_err(anyhow::Error::from)?);
        let for_jobs = OTHER_CONNECTIONS + if duty.works { duty.at_once } else { 0 };
        let connections = for_jobs + if duty.listen.is_some() { WEB_CONNECTIONS } else { 0 };
        let pool = Pool::open(&installation.database, connections)?;
        metrics.watch_pool(registry, pool.clone(), connections).map_err(anyhow::Error::from)?;
        let database = installation.database.clone();
        let outside = Outside::open(&installation.evidence()?, &duty.courier).await?;
        let sealer = installation.sealer()?;
        let nowhere = || Front { address: String::new(), secure: false, behind_proxy: false };
        let parts = Parts {
            database: database.clone(),
            pool: pool.clone(),
            registry: registry.clone(),
            metrics: Arc::clone(&metrics),
            clock: Arc::new(clock::now),
            sealer: sealer.clone(),
            providers: Arc::new(Providers::new(&duty.courier.reach).map_err(anyhow::Error::from)?),
            reach: duty.courier.reach.clone(),
            evidence: outside.evidence.clone(),
            accounts: installation.accounts().clone(),
            front: duty.listen.map_or_else(nowhere, |listen| installation.front(listen)),
        };
        let app = App::new(parts).map_err(anyhow::Error::from)?;
        let means = Means {
            evidence: outside.evidence,
            fetcher: outside.fetcher,
            courier: outside.courier,
            pool,
            database,
            clock: Arc::new(clock::now),
            sealer,
            watch: Arc::new(Counted(metrics)),
            watched: installation.watched(),
            tenants: Tenants::default(),
        };
        Ok(Self { means: Arc::new(means), app })
    }
}

async fn serve(listener: Option<TcpListener>, app: App, stop: CancellationToken) -> anyhow::Result<()> {
    let Some(listener) = listener else { return Ok(()) };
    tracing::info!(address = %listener.local_addr()?, "listening");
    Ok(farsight_web::serve(listener, farsight_web::router(app), stop.cancelled_owned()).await?)
}

/// When one part fails, the others are told to stop.
async fn or_stop(
    part: impl Future<Output = Result<(), Failure>>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let outcome = part.await;
    if outcome.is_err() {
        stop.cancel();
    }
    outcome
}

async fn stop_on_signal(stop: CancellationToken) {
    match worker::signalled().await {
        Ok(()) => tracing::info!("told to stop: what runs is ended first"),
        Err(error) => tracing::error!("signals cannot be waited for: {error}"),
    }
    stop.cancel();
}

/// The runtime of programs that run for long.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    // Of two that are installed by different ways, the first holds: both are the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
