//! What lies outside the database: the evidence store, the cameras, the ways to people. Opened once a program.

use std::path::PathBuf;
use std::sync::Arc;

use farsight_cameras::{Fetcher, SystemResolver, system_trust};
use farsight_courier::{Courier, Settings};
use farsight_evidence::Store;

use crate::chance;
use crate::failure::Failure;

/// What lies outside.
pub(crate) struct Outside {
    /// Where evidence is kept.
    pub(crate) evidence: Store,
    /// What fetches pictures.
    pub(crate) fetcher: Fetcher,
    /// What carries messages.
    pub(crate) courier: Arc<Courier>,
}

impl Outside {
    /// Opens all of it, within a runtime.
    pub(crate) async fn open(evidence: &str, courier: &Settings) -> Result<Self, Failure> {
        Ok(Self {
            evidence: store(evidence).await?,
            fetcher: fetcher()?,
            courier: Arc::new(Courier::new(courier).map_err(anyhow::Error::from)?),
        })
    }
}

/// The evidence store; a bucket's sign-in is the usual `AWS_…` environment.
pub(crate) async fn store(url: &str) -> Result<Store, Failure> {
    let settings = std::env::vars().filter(|(name, _)| name.starts_with("AWS_"));
    Ok(Store::open(url, settings, u128::from_le_bytes(random())).await.map_err(anyhow::Error::from)?)
}

fn fetcher() -> Result<Fetcher, Failure> {
    let trust = system_trust().map_err(|error| {
        anyhow::anyhow!(
            "the system's certificates cannot be read ({error}): install the package ca-certificates"
        )
    })?;
    let fetcher = Fetcher::new(Arc::new(SystemResolver), Arc::new(random), trust);
    Ok(match ffmpeg() {
        Some(program) => fetcher.with_ffmpeg(program),
        None => fetcher, // cameras that are streams are then told to be away for the want of it
    })
}

/// `ffmpeg` on the search path, for cameras that give a stream instead of pictures.
fn ffmpeg() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("ffmpeg")).find(|program| program.is_file())
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    chance::unforeseeable(&mut bytes);
    bytes
}
