//! The store: content under its own hash, in a folder or a bucket. It must never delete or overwrite what is stored
//! whole, nor show a part of a file under a final name.

mod intake;
mod pieces;
mod place;
mod put;
mod read;
mod sweep;
mod upload;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use farsight_rulebook::codes::is_code;
use object_store::path::Path;

use crate::digest::Digest;
use crate::error::EvidenceError;
use place::Place;
pub(crate) use place::bucket_client;
pub use put::Stored;
pub use read::{Content, Verdict};
pub use sweep::Swept;

/// The folder of a tenant in which what is not yet whole lies; no digest begins with this.
const INCOMING: &str = "incoming";

/// A store of evidence; clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    place: Arc<Place>,
    nonce: u128,
    uploads: Arc<AtomicU64>,
}

impl Store {
    /// Opens the store at `url`, `file:///PATH` (made when it is not there; the path is taken as it is written) or
    /// `s3://BUCKET[/PREFIX]` with the usual `AWS_…` variables in `settings` (others are passed over), and sees that
    /// it answers. `nonce` is a random number: it keeps unfinished uploads of several processes apart.
    ///
    /// # Errors
    /// [`EvidenceError::Address`], [`EvidenceError::Settings`], [`EvidenceError::Unreachable`].
    pub async fn open<I>(url: &str, settings: I, nonce: u128) -> Result<Self, EvidenceError>
    where
        I: IntoIterator<Item = (String, String)>,
    {
        let place = Place::open(url, settings, nonce).await?;
        Ok(Self { place: Arc::new(place), nonce, uploads: Arc::default() })
    }

    /// The folder of a tenant. The path encodes what a folder's name may not be, so `..` leads nowhere.
    fn tenant(&self, code: &str) -> Result<Path, EvidenceError> {
        if is_code(code) {
            Ok(self.place.root().clone().join(code))
        } else {
            Err(EvidenceError::Tenant(code.chars().take(80).collect()))
        }
    }

    fn key(tenant: &Path, digest: &Digest) -> Path {
        let name = digest.to_string();
        tenant.clone().join(&name[..2]).join(name)
    }

    /// A place for one unfinished upload, unlike any other.
    fn incoming(&self, tenant: &Path) -> Path {
        let turn = self.uploads.fetch_add(1, Ordering::Relaxed);
        tenant.clone().join(INCOMING).join(format!("{:032x}-{turn}", self.nonce))
    }
}
