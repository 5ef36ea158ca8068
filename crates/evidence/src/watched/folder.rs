//! A watched folder of this machine.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{Lying, away};
use crate::error::EvidenceError;

/// Opens no link in place of a file (Linux: `O_NOFOLLOW`), and waits for nobody at a pipe (`O_NONBLOCK`).
const NO_LINK: i32 = (rustix::fs::OFlags::NOFOLLOW.bits() | rustix::fs::OFlags::NONBLOCK.bits()) as i32;

/// A watched folder.
#[derive(Debug, Clone)]
pub struct Folder {
    url: String,
    path: PathBuf,
}

impl Folder {
    pub(super) fn at(url: &str, path: &str) -> Result<Self, EvidenceError> {
        let path = PathBuf::from(path);
        let plain =
            path.is_absolute() && path.components().all(|part| part != std::path::Component::ParentDir);
        if plain {
            Ok(Self { url: url.to_owned(), path })
        } else {
            Err(EvidenceError::Address(url.to_owned()))
        }
    }

    pub(super) async fn look(&self) -> Result<Vec<Lying>, EvidenceError> {
        self.apart(Folder::files).await
    }

    pub(super) async fn fetch(&self, file: &Lying, to: &Path) -> Result<bool, EvidenceError> {
        let (file, to) = (file.clone(), to.to_owned());
        self.apart(move |folder| folder.copy(&file, &to)).await
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), EvidenceError> {
        let name = name.to_owned();
        self.apart(move |folder| folder.write(&name, &bytes)).await
    }

    /// Does something on a thread that may block.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, EvidenceError> {
        let folder = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        done.map_err(|error| away(&self.url, &error))?.map_err(|error| away(&self.url, &error))
    }

    fn files(&self) -> io::Result<Vec<Lying>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            match entry.path().symlink_metadata() {
                Ok(found) if found.is_file() => {
                    files.push(Lying { name, bytes: found.len(), mark: mark(&found) });
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(files)
    }

    fn copy(&self, file: &Lying, to: &Path) -> io::Result<bool> {
        let opened = OpenOptions::new().read(true).custom_flags(NO_LINK).open(self.path.join(&file.name));
        let mut from = match opened {
            Ok(from) => from,
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_link(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        let same = |from: &File| from.metadata().map(|found| found.is_file() && mark(&found) == file.mark);
        if !same(&from)? {
            return Ok(false);
        }
        io::copy(&mut from, &mut File::create(to)?)?;
        same(&from)
    }

    /// Under another name first, which nobody else made, then under its own: whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = self.path.join(format!(".{name}.tmp"));
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&draft, self.path.join(name))
    }
}

/// Whether a link lies where a file was.
fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// Size, the moment of the last change, and which file it is.
fn mark(found: &Metadata) -> String {
    format!("{}-{}.{:09}-{}", found.len(), found.mtime(), found.mtime_nsec(), found.ino())
}
