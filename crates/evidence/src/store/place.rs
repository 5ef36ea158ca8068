//! Where evidence lies: a folder or a bucket, opened by its address. It must never read the environment, nor print
//! a credential.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, RetryConfig};

use crate::error::EvidenceError;

/// How long a bucket may be away before an operation on it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A place, ready for use.
#[derive(Debug)]
pub(super) enum Place {
    /// A folder of this machine, synced to disk at every write.
    Folder {
        /// The folder.
        path: PathBuf,
        /// The folder as a store.
        store: LocalFileSystem,
        /// The empty path: keys begin at the folder.
        root: Path,
    },
    /// A bucket.
    Bucket {
        /// The bucket.
        store: Arc<AmazonS3>,
        /// What every key begins with.
        root: Path,
    },
}

impl Place {
    pub(super) async fn open<I>(url: &str, settings: I, nonce: u128) -> Result<Self, EvidenceError>
    where
        I: IntoIterator<Item = (String, String)>,
    {
        let address = || EvidenceError::Address(url.to_owned());
        if let Some(path) = url.strip_prefix("file://") {
            let path = path.starts_with('/').then(|| PathBuf::from(path)).ok_or_else(address)?;
            return folder(url, path, nonce).await;
        }
        let rest = url.strip_prefix("s3://").ok_or_else(address)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(address());
        }
        let root = Path::parse(prefix.trim_end_matches('/')).map_err(|_| address())?;
        let store = bucket_client(bucket, settings)?;
        // One request that needs name, credentials, region and endpoint to be right.
        store.list(Some(&root)).next().await.transpose().map_err(|error| unreachable(url, &error))?;
        Ok(Self::Bucket { store: Arc::new(store), root })
    }

    /// What every key begins with.
    pub(super) fn root(&self) -> &Path {
        match self {
            Self::Folder { root, .. } | Self::Bucket { root, .. } => root,
        }
    }

    /// The place as a store of objects.
    pub(super) fn objects(&self) -> &dyn ObjectStore {
        match self {
            Self::Folder { store, .. } => store,
            Self::Bucket { store, .. } => store.as_ref(),
        }
    }
}

async fn folder(url: &str, path: PathBuf, nonce: u128) -> Result<Place, EvidenceError> {
    // A file that is made and removed: a folder that may be read but not written is found now, not at the first upload.
    let probe = path.join(format!(".probe-{nonce:032x}"));
    let tried = async {
        tokio::fs::create_dir_all(&path).await?;
        tokio::fs::write(&probe, b"").await?;
        tokio::fs::remove_file(&probe).await
    };
    tried.await.map_err(|error| unreachable(url, &error))?;
    let store =
        LocalFileSystem::new_with_prefix(&path).map_err(|error| unreachable(url, &error))?.with_fsync(true);
    Ok(Place::Folder { path, store, root: Path::ROOT })
}

/// A bucket's client, with the usual `AWS_…` variables in `settings`.
pub(crate) fn bucket_client<I>(bucket: &str, settings: I) -> Result<AmazonS3, EvidenceError>
where
    I: IntoIterator<Item = (String, String)>,
{
    // Whoever came first installed one; then this one is not needed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
    for (name, value) in settings {
        builder = with_setting(builder, &name.to_ascii_lowercase(), value);
    }
    let retry = RetryConfig { max_retries: 4, retry_timeout: PATIENCE, ..RetryConfig::default() };
    // An address that says http means it: a bucket within the operator's own network.
    let plain = builder
        .get_config_value(&AmazonS3ConfigKey::Endpoint)
        .is_some_and(|endpoint| endpoint.starts_with("http://"));
    if plain {
        builder = builder.with_client_options(ClientOptions::new().with_allow_http(true));
    }
    builder.with_retry(retry).build().map_err(|error| EvidenceError::Settings(error.to_string()))
}

fn with_setting(builder: AmazonS3Builder, name: &str, value: String) -> AmazonS3Builder {
    match name.parse::<AmazonS3ConfigKey>() {
        // The bucket is the address's. AWS_PROFILE and its like mean nothing to a program that reads no files of AWS.
        Ok(key) if name.starts_with("aws_") && key != AmazonS3ConfigKey::Bucket && !value.is_empty() => {
            builder.with_config(key, value)
        }
        _ => builder,
    }
}

fn unreachable(url: &str, error: &dyn std::fmt::Display) -> EvidenceError {
    EvidenceError::Unreachable { place: url.to_owned(), reason: error.to_string() }
}
