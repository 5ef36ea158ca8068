//! Taking content in. It must never hold more than two parts of it, nor make anything visible under a final name that
//! is not whole and hashed.

use std::fmt::Display;
use std::pin::pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use object_store::path::Path;
use object_store::{Error as ObjectError, ObjectStoreExt as _, PutMode, PutPayload};

use super::Store;
use super::intake::{Intake, Seen};
use super::place::Place;
use super::upload::Upload;
use crate::digest::Digest;
use crate::error::EvidenceError;
use crate::kind::{Limits, MediaType};

/// What is hashed between two chances for other tasks to run.
const STRETCH_BYTES: usize = 256 << 10;

/// A content that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub sha256: Digest,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it is, told by its content.
    pub media_type: MediaType,
    /// Whether the tenant's store had it before. Of several that hand the same in at the same moment more than one
    /// may hear `false`; it is stored once all the same.
    pub already_there: bool,
}

impl Store {
    /// Stores what the stream gives, for a tenant, and says under which name; the same content is stored once. Dropped
    /// half-way, nothing is visible; what was sent is for the [`Store::sweep`].
    ///
    /// # Errors
    /// [`EvidenceError`]: tenant, empty, type, too large, too many pixels, picture, source, storage.
    pub async fn put<S, E>(&self, tenant: &str, content: S, limits: &Limits) -> Result<Stored, EvidenceError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Display,
    {
        let tenant = self.tenant(tenant)?;
        let mut upload = None;
        let stored = self.take_in(&tenant, content, limits, &mut upload).await;
        if let (Err(_), Some(upload)) = (&stored, upload) {
            upload.abort().await;
        }
        stored
    }

    async fn take_in<S, E>(
        &self,
        tenant: &Path,
        content: S,
        limits: &Limits,
        upload: &mut Option<Upload>,
    ) -> Result<Stored, EvidenceError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Display,
    {
        let mut content = pin!(content);
        let mut intake = Intake::new(limits);
        while let Some(piece) = content.next().await {
            let mut piece = piece.map_err(|error| EvidenceError::Source(error.to_string()))?;
            while !piece.is_empty() {
                // A part is sent when more is to come, so what fits into one part is never an upload in parts.
                if intake.room() == 0 {
                    self.send(tenant, upload, intake.cut()).await?;
                }
                let stretch = piece.split_to(piece.len().min(intake.room()).min(STRETCH_BYTES));
                intake.take(&stretch)?;
                tokio::task::consume_budget().await;
            }
        }
        let seen = intake.finish()?;
        let key = Self::key(tenant, &seen.digest);
        let stored = |already_there| Stored {
            sha256: seen.digest,
            bytes: seen.bytes,
            media_type: seen.kind,
            already_there,
        };
        match upload {
            None => self.write(&key, &seen).await.map(stored),
            Some(_) => self.finish(&key, &seen, upload).await.map(stored),
        }
    }

    async fn send(
        &self,
        tenant: &Path,
        upload: &mut Option<Upload>,
        part: PutPayload,
    ) -> Result<(), EvidenceError> {
        if let Some(upload) = upload {
            return upload.send(part).await;
        }
        let begun = Upload::begin(&self.place, self.incoming(tenant)).await?;
        upload.insert(begun).send(part).await
    }

    /// Writes a small content in one go; says whether it was there.
    async fn write(&self, key: &Path, seen: &Seen) -> Result<bool, EvidenceError> {
        let objects = self.place.objects();
        // A bucket may answer "it is there" and hang up while the bytes are still being sent: better to ask first.
        if matches!(self.place.as_ref(), Place::Bucket { .. }) && self.stored_bytes(key).await?.is_some() {
            return Ok(true);
        }
        let Err(error) = objects.put_opts(key, seen.rest.clone(), PutMode::Create.into()).await else {
            return Ok(false);
        };
        // Another writer came first, with the same bytes, whatever error that looked like here.
        if self.stored_bytes(key).await?.is_some() {
            return Ok(true);
        }
        // A bucket also refuses when another was about to write; that one may have failed since.
        if matches!(error, ObjectError::AlreadyExists { .. }) {
            objects.put(key, seen.rest.clone()).await?;
            return Ok(false);
        }
        Err(error.into())
    }

    /// Ends an upload in parts: what is whole is copied under its name, in one step; says whether it was there.
    async fn finish(
        &self,
        key: &Path,
        seen: &Seen,
        upload: &mut Option<Upload>,
    ) -> Result<bool, EvidenceError> {
        let Some(under_way) = upload else { return Ok(false) };
        under_way.send(seen.rest.clone()).await?;
        under_way.complete().await?;
        let already_there = self.stored_bytes(key).await?.is_some();
        if !already_there {
            // Whoever else copies at this moment copies the same bytes.
            self.place.objects().copy(under_way.name(), key).await?;
        }
        if let Some(done) = upload.take() {
            // It is stored; what is left over is the sweep's.
            let _ = done.clear(&self.place).await;
        }
        Ok(already_there)
    }

    pub(super) async fn stored_bytes(&self, key: &Path) -> Result<Option<u64>, EvidenceError> {
        match self.place.objects().head(key).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(ObjectError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
