//! A watched prefix of a bucket.

use std::path::Path as FilePath;

use futures_util::StreamExt as _;
use object_store::aws::AmazonS3;
use object_store::path::{Path, PathPart};
use object_store::{GetOptions, ObjectMeta, ObjectStore as _, ObjectStoreExt as _};
use tokio::io::AsyncWriteExt as _;

use super::{Lying, away, uncopied, unreadable};
use crate::error::EvidenceError;
use crate::store::bucket_client;

/// A watched prefix of a bucket.
#[derive(Debug)]
pub struct Bucket {
    url: String,
    store: AmazonS3,
    root: Path,
}

impl Bucket {
    pub(super) fn at<I>(url: &str, settings: I) -> Result<Self, EvidenceError>
    where
        I: IntoIterator<Item = (String, String)>,
    {
        let address = || EvidenceError::Address(url.to_owned());
        let rest = url.strip_prefix("s3://").ok_or_else(address)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let root = Path::parse(prefix.trim_end_matches('/')).map_err(|_| address())?;
        if bucket.is_empty() {
            return Err(address());
        }
        Ok(Self { url: url.to_owned(), store: bucket_client(bucket, settings)?, root })
    }

    pub(super) async fn look(&self) -> Result<Vec<Lying>, EvidenceError> {
        let listed = self.store.list_with_delimiter(Some(&self.root)).await;
        let objects = listed.map_err(|error| away(&self.url, &error))?.objects;
        let named = |meta: ObjectMeta| {
            let name = meta.location.filename()?.to_owned();
            Some(Lying { name, bytes: meta.size, mark: mark(&meta) })
        };
        Ok(objects.into_iter().filter_map(named).collect())
    }

    pub(super) async fn fetch(&self, file: &Lying, to: &FilePath) -> Result<bool, EvidenceError> {
        let options = GetOptions { if_match: tag(&file.mark).map(str::to_owned), ..GetOptions::default() };
        let got = match self.store.get_opts(&self.named(&file.name)?, options).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. } | object_store::Error::Precondition { .. }) => {
                return Ok(false);
            }
            Err(
                error @ (object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. }),
            ) => return Err(unreadable(&file.name, &error)),
            Err(error) => return Err(away(&self.url, &error)),
        };
        if got.meta.size != file.bytes || (tag(&file.mark).is_none() && untagged(&got.meta) != file.mark) {
            return Ok(false);
        }
        let mut pieces = got.into_stream();
        let own = |error: std::io::Error| uncopied(&file.name, &error);
        let mut out = tokio::fs::File::create(to).await.map_err(own)?;
        while let Some(piece) = pieces.next().await {
            // The connection broke: that says nothing of the file.
            let piece = piece.map_err(|error| away(&self.url, &error))?;
            out.write_all(&piece).await.map_err(own)?;
        }
        out.flush().await.map_err(own)?;
        Ok(true)
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), EvidenceError> {
        let put = self.store.put(&self.named(name)?, bytes.into()).await;
        put.map(drop).map_err(|error| away(&self.url, &error))
    }

    /// The key of a name as the bucket has it: nothing in it is encoded, as nothing is in what is listed.
    fn named(&self, name: &str) -> Result<Path, EvidenceError> {
        let part = PathPart::parse(name).map_err(|error| away(&self.url, &error))?;
        Ok(self.root.clone().join(part))
    }
}

/// What an entity's tag begins with in a mark.
const TAG: &str = "tag:";

/// The entity's tag where the bucket tells one, else size and moment.
fn mark(meta: &ObjectMeta) -> String {
    meta.e_tag.as_ref().map_or_else(|| untagged(meta), |tag| format!("{TAG}{tag}"))
}

fn tag(mark: &str) -> Option<&str> {
    mark.strip_prefix(TAG)
}

/// A header tells the moment to the second only.
fn untagged(meta: &ObjectMeta) -> String {
    format!("{}-{}", meta.size, meta.last_modified.timestamp())
}
