//! Removing what broken uploads left. It must never touch what lies under a final name.

use std::fs;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3;
use object_store::multipart::MultipartStore as _;
use object_store::path::Path;
use object_store::{Error as ObjectError, ObjectMeta, ObjectStore as _, ObjectStoreExt as _};

use super::place::Place;
use super::upload::MARK;
use super::{INCOMING, Store};
use crate::error::EvidenceError;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Leftovers removed, of all tenants.
    pub leftovers: u64,
    /// The bytes they held, as far as they could be seen: the parts of a bucket's unfinished upload cannot.
    pub bytes: u64,
}

impl Store {
    /// Removes what broken uploads of any tenant left before `older_than`. Uploads that still run must be younger:
    /// a day is ample.
    ///
    /// # Errors
    /// [`EvidenceError::Storage`]; what was removed by then stays removed.
    pub async fn sweep(&self, older_than: SystemTime) -> Result<Swept, EvidenceError> {
        match self.place.as_ref() {
            Place::Folder { path, .. } => {
                let path = path.clone();
                let swept = tokio::task::spawn_blocking(move || sweep_folder(&path, older_than)).await;
                swept
                    .map_err(|error| EvidenceError::Storage(error.to_string()))?
                    .map_err(|error| EvidenceError::Storage(error.to_string()))
            }
            Place::Bucket { store, root } => sweep_bucket(store, root, older_than).await,
        }
    }
}

/// A file is left over when it lies among the incoming, or is a copy under way: those end in `#` and a number, and
/// are kept beside their final name for the rename to be one step.
fn sweep_folder(root: &FilePath, older_than: SystemTime) -> io::Result<Swept> {
    let mut swept = Swept::default();
    for tenant in folders(root)? {
        for shelf in folders(&tenant)? {
            let incoming = shelf.file_name().is_some_and(|name| name == INCOMING);
            for entry in fs::read_dir(&shelf)? {
                let entry = entry?;
                if incoming || is_under_way(&entry.file_name().to_string_lossy()) {
                    remove_old(&entry, older_than, &mut swept)?;
                }
            }
        }
    }
    Ok(swept)
}

fn folders(path: &FilePath) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn is_under_way(name: &str) -> bool {
    name.rsplit_once('#')
        .is_some_and(|(_, turn)| !turn.is_empty() && turn.bytes().all(|digit| digit.is_ascii_digit()))
}

fn remove_old(entry: &fs::DirEntry, older_than: SystemTime, swept: &mut Swept) -> io::Result<()> {
    let removed = entry.metadata().and_then(|meta| {
        if meta.modified()? >= older_than {
            return Ok(None);
        }
        fs::remove_file(entry.path()).map(|()| Some(meta.len()))
    });
    match removed {
        Ok(Some(bytes)) => {
            swept.leftovers += 1;
            swept.bytes += bytes;
            Ok(())
        }
        Ok(None) => Ok(()),
        // Its upload has just ended, one way or the other.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

async fn sweep_bucket(
    store: &Arc<AmazonS3>,
    root: &Path,
    older_than: SystemTime,
) -> Result<Swept, EvidenceError> {
    let mut swept = Swept::default();
    for tenant in store.list_with_delimiter(Some(root)).await?.common_prefixes {
        let mut incoming = store.list(Some(&tenant.join(INCOMING)));
        while let Some(left) = incoming.try_next().await? {
            if SystemTime::from(left.last_modified) < older_than {
                remove_object(store, &left).await?;
                swept.leftovers += 1;
                swept.bytes += left.size;
            }
        }
    }
    Ok(swept)
}

async fn remove_object(store: &Arc<AmazonS3>, left: &ObjectMeta) -> Result<(), EvidenceError> {
    if let Some(upload) = left.location.as_ref().strip_suffix(MARK) {
        let id = store.get(&left.location).await?.bytes().await?;
        let id = String::from_utf8_lossy(&id).into_owned();
        match store.abort_multipart(&Path::from(upload), &id).await {
            // Completed or aborted before: only the mark is left.
            Ok(()) | Err(ObjectError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    store.delete(&left.location).await?;
    Ok(())
}
