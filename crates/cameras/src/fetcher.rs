//! Fetching: one visit to one camera, within its rules and its time.
//!
//! This file must never remember anything between two visits.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::time::Instant;
use url::Url;

use crate::away::Away;
use crate::camera::{Camera, Snapshot};
use crate::resolve::Resolve;
use crate::rules::{Rules, Scheme};
use crate::visit::Place;
use crate::{snapshot, stream};

/// Gives 16 random bytes that nobody has seen before; Digest answers need them.
pub type Fresh = Arc<dyn Fn() -> [u8; 16] + Send + Sync>;

/// Fetches pictures from cameras; cheap to clone, keeps no connection.
#[derive(Clone)]
pub struct Fetcher {
    pub(crate) names: Arc<dyn Resolve>,
    pub(crate) fresh: Fresh,
    pub(crate) trust: ClientConfig,
    pub(crate) ffmpeg: Option<PathBuf>,
}

/// A TLS set-up that trusts the certificates the operating system trusts, or why there is none.
pub fn system_trust() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_platform_verifier()?.with_no_client_auth())
}

impl Fetcher {
    /// A fetcher that finds names by `names`, draws nonces from `fresh` and believes certificates as `trust` does.
    pub fn new(names: Arc<dyn Resolve>, fresh: Fresh, trust: ClientConfig) -> Self {
        Self { names, fresh, trust, ffmpeg: None }
    }

    /// The same fetcher, reading streams with this ffmpeg program.
    #[must_use]
    pub fn with_ffmpeg(mut self, program: impl Into<PathBuf>) -> Self {
        self.ffmpeg = Some(program.into());
        self
    }

    /// Fetches one picture from a camera, or says why there is none; ends within the rules' time whatever the camera does.
    pub async fn fetch(&self, camera: &Camera, rules: &Rules) -> Result<Snapshot, Away> {
        let began = Instant::now();
        let url = Url::parse(&camera.url).map_err(|error| Away::RefusedUrl { why: error.to_string() })?;
        let first = Place::of(&url, rules)?;
        let late = Away::TimedOut { place: first.to_string(), within: rules.total_within() };
        let visit = async {
            match first.scheme {
                Scheme::Http | Scheme::Https => snapshot::take(self, camera, rules, url, first).await,
                Scheme::Rtsp => stream::take(self, camera, rules, &url, &first).await,
            }
        };
        let taken = tokio::time::timeout(rules.total_within(), visit).await.map_err(|_| late)??;
        tracing::debug!(bytes = taken.bytes.len(), requests = taken.requests, "picture fetched");
        Ok(Snapshot::new(taken.bytes, taken.picture, began.elapsed(), taken.requests))
    }
}
