//! Handing content out, and seeing whether it is still what was handed in. It must never end a stream as if all were
//! well when the bytes do not hash to their name.

use std::fmt;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{BoxStream, try_unfold};
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::{Error as ObjectError, GetResult, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};

use super::Store;
use crate::digest::Digest;
use crate::error::EvidenceError;

/// A stored content, to be read.
pub struct Content {
    /// Its size in bytes.
    pub bytes: u64,
    /// The bytes. They are hashed as they pass: when they are not those that were handed in, the stream ends with
    /// [`EvidenceError::Altered`].
    pub stream: BoxStream<'static, Result<Bytes, EvidenceError>>,
}

/// Whether stored bytes are those that were handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They hash to their name.
    Sound {
        /// How many they are.
        bytes: u64,
    },
    /// They do not.
    Altered {
        /// What they hash to.
        found: Digest,
        /// How many they are.
        bytes: u64,
    },
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Store {
    /// A stored content as a stream, with its size.
    ///
    /// # Errors
    /// [`EvidenceError::Missing`], tenant, storage.
    pub async fn get(&self, tenant: &str, name: &Digest) -> Result<Content, EvidenceError> {
        let found = self.find(tenant, name).await?;
        Ok(Content { bytes: found.meta.size, stream: watched(found, *name) })
    }

    /// A stored content of at most `most_bytes` bytes, in memory.
    ///
    /// # Errors
    /// [`EvidenceError::Missing`], [`EvidenceError::TooLargeToHold`], [`EvidenceError::Altered`], tenant, storage.
    pub async fn bytes(&self, tenant: &str, name: &Digest, most_bytes: u64) -> Result<Bytes, EvidenceError> {
        let Content { bytes, mut stream } = self.get(tenant, name).await?;
        if bytes > most_bytes {
            return Err(EvidenceError::TooLargeToHold { name: *name, bytes, most_bytes });
        }
        let mut held = BytesMut::with_capacity(bytes as usize);
        while let Some(piece) = stream.try_next().await? {
            held.extend_from_slice(&piece);
        }
        Ok(held.freeze())
    }

    /// Reads a stored content through and says whether it still hashes to its name.
    ///
    /// # Errors
    /// [`EvidenceError::Missing`], tenant, storage.
    pub async fn verify(&self, tenant: &str, name: &Digest) -> Result<Verdict, EvidenceError> {
        let mut stream = self.find(tenant, name).await?.into_stream();
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        while let Some(piece) = stream.try_next().await? {
            hasher.update(&piece);
            bytes += piece.len() as u64;
        }
        let found = Digest::finish(hasher);
        Ok(if found == *name { Verdict::Sound { bytes } } else { Verdict::Altered { found, bytes } })
    }

    /// Whether a content is stored for the tenant; its bytes are not looked at.
    ///
    /// # Errors
    /// Tenant, storage.
    pub async fn exists(&self, tenant: &str, name: &Digest) -> Result<bool, EvidenceError> {
        let key = Self::key(&self.tenant(tenant)?, name);
        Ok(self.stored_bytes(&key).await?.is_some())
    }

    async fn find(&self, tenant: &str, name: &Digest) -> Result<GetResult, EvidenceError> {
        let key = Self::key(&self.tenant(tenant)?, name);
        match self.place.objects().get(&key).await {
            Ok(found) => Ok(found),
            Err(ObjectError::NotFound { .. }) => Err(EvidenceError::Missing(*name)),
            Err(error) => Err(error.into()),
        }
    }
}

fn watched(found: GetResult, name: Digest) -> BoxStream<'static, Result<Bytes, EvidenceError>> {
    let start = (found.into_stream(), Some(Sha256::new()));
    try_unfold(start, move |(mut stream, hasher)| async move {
        let Some(mut hasher) = hasher else { return Ok(None) };
        if let Some(piece) = stream.try_next().await? {
            hasher.update(&piece);
            return Ok(Some((piece, (stream, Some(hasher)))));
        }
        match Digest::finish(hasher) {
            found if found == name => Ok(None),
            found => Err(EvidenceError::Altered { name, found }),
        }
    })
    .boxed()
}
