//! A content larger than one part, on its way under a name of its own until it is whole. It must never write to a
//! final name.
//!
//! In a bucket the parts sent so far are invisible, and kept and paid for until someone completes or aborts the upload
//! by its id. So the id is written beside it first: a sweep finds what a killed process left.

use std::sync::Arc;

use object_store::aws::AmazonS3;
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use tokio_util::task::AbortOnDropHandle;

use super::place::Place;
use crate::error::EvidenceError;

/// The ending of an object that holds the id of an upload.
pub(super) const MARK: &str = ".upload";

type Sending = AbortOnDropHandle<Result<Option<PartId>, object_store::Error>>;

/// An upload under way; one part is sent while the next is filled.
pub(super) struct Upload {
    name: Path,
    way: Way,
    sending: Option<Sending>,
}

enum Way {
    Folder(Box<dyn MultipartUpload>),
    Bucket { store: Arc<AmazonS3>, id: String, parts: Vec<PartId>, next: usize },
}

impl Upload {
    pub(super) async fn begin(place: &Place, name: Path) -> Result<Self, EvidenceError> {
        let way = match place {
            Place::Folder { store, .. } => Way::Folder(store.put_multipart(&name).await?),
            Place::Bucket { store, .. } => {
                let id = store.create_multipart(&name).await?;
                store.put(&mark(&name), id.clone().into()).await?;
                Way::Bucket { store: Arc::clone(store), id, parts: Vec::new(), next: 0 }
            }
        };
        Ok(Self { name, way, sending: None })
    }

    /// Sends a part, once the one before has arrived.
    pub(super) async fn send(&mut self, part: PutPayload) -> Result<(), EvidenceError> {
        self.arrive().await?;
        let sending = match &mut self.way {
            Way::Folder(upload) => {
                let writing = upload.put_part(part);
                tokio::spawn(async move { writing.await.map(|()| None) })
            }
            Way::Bucket { store, id, next, .. } => {
                let (store, name, id, turn) = (Arc::clone(store), self.name.clone(), id.clone(), *next);
                *next += 1;
                tokio::spawn(async move { store.put_part(&name, &id, turn, part).await.map(Some) })
            }
        };
        self.sending = Some(AbortOnDropHandle::new(sending));
        Ok(())
    }

    /// Makes the upload one object, still under its own name.
    pub(super) async fn complete(&mut self) -> Result<(), EvidenceError> {
        self.arrive().await?;
        match &mut self.way {
            Way::Folder(upload) => {
                upload.complete().await?;
            }
            Way::Bucket { store, id, parts, .. } => {
                store.complete_multipart(&self.name, id, std::mem::take(parts)).await?;
            }
        }
        Ok(())
    }

    /// Removes what lies under the upload's own name, once its content is elsewhere.
    pub(super) async fn clear(self, place: &Place) -> Result<(), EvidenceError> {
        place.objects().delete(&self.name).await?;
        if let Way::Bucket { store, .. } = &self.way {
            store.delete(&mark(&self.name)).await?;
        }
        Ok(())
    }

    /// Gives up; what cannot be removed now is the sweep's, so nothing is said of it.
    pub(super) async fn abort(mut self) {
        drop(self.sending.take());
        match &mut self.way {
            Way::Folder(upload) => {
                let _ = upload.abort().await;
            }
            Way::Bucket { store, id, .. } => {
                if store.abort_multipart(&self.name, id).await.is_ok() {
                    let _ = store.delete(&mark(&self.name)).await;
                }
            }
        }
    }

    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    async fn arrive(&mut self) -> Result<(), EvidenceError> {
        let Some(sending) = self.sending.take() else { return Ok(()) };
        let arrived = sending.await.map_err(|error| EvidenceError::Storage(error.to_string()))??;
        if let (Way::Bucket { parts, .. }, Some(part)) = (&mut self.way, arrived) {
            parts.push(part);
        }
        Ok(())
    }
}

fn mark(name: &Path) -> Path {
    Path::from(format!("{name}{MARK}"))
}
