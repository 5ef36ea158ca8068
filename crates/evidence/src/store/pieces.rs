//! Pieces of a content that is sent bit by bit over a bad line: objects of their own among the incoming, until they are
//! put together. It must never show a piece under a final name; which pieces belong together is the database's.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error as ObjectError, ObjectStoreExt as _};

use super::{INCOMING, Store};
use crate::error::EvidenceError;

/// The ending of a piece's name.
const PIECE: &str = "piece";

impl Store {
    /// Keeps a piece for a tenant and gives its name. It stays until it is dropped, or until a [`Store::sweep`] finds
    /// it too old.
    ///
    /// # Errors
    /// Tenant, storage.
    pub async fn keep_piece(&self, tenant: &str, piece: Bytes) -> Result<String, EvidenceError> {
        let tenant = self.tenant(tenant)?;
        let key = Path::from(format!("{}.{PIECE}", self.incoming(&tenant)));
        self.place.objects().put(&key, piece.into()).await?;
        Ok(key.filename().unwrap_or_default().to_owned())
    }

    /// The bytes of pieces, one after the other in the order named; at most one is open at a time.
    ///
    /// # Errors
    /// Tenant; in the stream: storage, also when a piece is not there any more.
    pub fn pieces(
        &self,
        tenant: &str,
        names: Vec<String>,
    ) -> Result<BoxStream<'static, Result<Bytes, EvidenceError>>, EvidenceError> {
        let (store, tenant) = (self.clone(), self.tenant(tenant)?);
        let opened = stream::iter(names).then(move |name| {
            let (store, key) = (store.clone(), tenant.clone().join(INCOMING).join(name));
            async move {
                let found = store.place.objects().get(&key).await?;
                Ok::<_, EvidenceError>(found.into_stream().map_err(EvidenceError::from))
            }
        });
        Ok(opened.try_flatten().boxed())
    }

    /// Removes a piece; one that is gone already is no fault.
    ///
    /// # Errors
    /// Tenant, storage.
    pub async fn drop_piece(&self, tenant: &str, name: &str) -> Result<(), EvidenceError> {
        let key = self.tenant(tenant)?.join(INCOMING).join(name);
        match self.place.objects().delete(&key).await {
            Ok(()) | Err(ObjectError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
