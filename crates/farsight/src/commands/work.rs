//! `farsight work`: carries out jobs until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use farsight_jobs::means::{Means, Tenants};
use farsight_jobs::watch::Nobody;
use farsight_jobs::worker::{self, Queue, Settings};
use farsight_store::pool::Pool;
use tokio_util::sync::CancellationToken;

use super::Installation;
use crate::arguments::WorkArguments;
use crate::failure::Failure;
use crate::{clock, logging};

/// Connections that are not a slot's: the scheduler's, and one to spare.
const OTHER_CONNECTIONS: u32 = 3;

/// Works until SIGTERM or SIGINT.
pub(super) fn run(installation: &Installation, arguments: &WorkArguments) -> Result<ExitCode, Failure> {
    logging::start(installation.global.json)?;
    let settings = Settings {
        at_once: arguments.at_once as usize,
        works: !arguments.only_schedule,
        ..Settings::default()
    };
    let means = Arc::new(means(installation, arguments.at_once)?);
    runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let queue = Queue::open(&means.database).await?;
        let on_signal = stop.clone();
        tokio::spawn(async move {
            match worker::signalled().await {
                Ok(()) => tracing::info!("told to stop: what runs is ended first"),
                Err(error) => tracing::error!("signals cannot be waited for: {error}"),
            }
            on_signal.cancel();
        });
        tracing::info!(at_once = arguments.at_once, "working");
        worker::work(means, farsight_jobs::JOBS, queue, settings, stop).await?;
        tracing::info!("stopped");
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What jobs work with, of this installation.
pub(super) fn means(installation: &Installation, at_once: u32) -> Result<Means, Failure> {
    Ok(Means {
        pool: Pool::open(&installation.database, at_once + OTHER_CONNECTIONS)?,
        database: installation.database.clone(),
        clock: Arc::new(clock::now),
        sealer: installation.sealer()?,
        watch: Arc::new(Nobody),
        tenants: Tenants::default(),
    })
}

/// The runtime of programs that run for long.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    // Of two that are installed by different ways, the first holds: both are the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
