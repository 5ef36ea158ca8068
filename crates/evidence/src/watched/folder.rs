//! A watched folder of this machine, below one that the operator allowed.
//!
//! Who may write there may put a link in place of a file or of a folder. So each step below the allowed folder is taken by itself,
//! from a folder that is held open, and no link is followed; the allowed one is the operator's, who may make it a link.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

use super::{Lying, away, uncopied, unreadable};
use crate::error::EvidenceError;

/// A folder that is held to find what lies in it.
const HELD: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// A file that is read: no link in its place, and nobody is waited for at a pipe.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
/// A file that is written, which nobody else made.
const WRITTEN: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::CLOEXEC);
/// The rights of a result: the user's mask says what is left of them.
const RIGHTS: Mode = Mode::from_raw_mode(0o666);

/// A watched folder.
#[derive(Debug, Clone)]
pub struct Folder {
    url: String,
    /// The folder that the operator allowed.
    allowed: PathBuf,
    /// The way from there.
    below: PathBuf,
}

impl Folder {
    /// The folder at `path`, which is `allowed` or lies below it.
    pub(super) fn at(url: &str, path: &str, allowed: &str) -> Result<Self, EvidenceError> {
        let (path, allowed) = (Path::new(path), PathBuf::from(allowed));
        let plain =
            |path: &Path| path.is_absolute() && path.components().all(|part| part != Component::ParentDir);
        match path.strip_prefix(&allowed) {
            Ok(below) if plain(path) && plain(&allowed) => {
                Ok(Self { url: url.to_owned(), below: below.to_owned(), allowed })
            }
            _ => Err(EvidenceError::Address(url.to_owned())),
        }
    }

    pub(super) async fn look(&self) -> Result<Vec<Lying>, EvidenceError> {
        self.apart(|folder| folder.files().map_err(|error| away(&folder.url, &error))).await
    }

    pub(super) async fn fetch(&self, file: &Lying, to: &Path) -> Result<bool, EvidenceError> {
        let (file, to) = (file.clone(), to.to_owned());
        self.apart(move |folder| {
            let held = folder.open().map_err(|error| away(&folder.url, &error))?;
            copy(&held, &file, &to)
        })
        .await
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), EvidenceError> {
        let name = name.to_owned();
        self.apart(move |folder| folder.write(&name, &bytes).map_err(|error| away(&folder.url, &error))).await
    }

    /// Does something on a thread that may block.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, EvidenceError> + Send + 'static,
    ) -> Result<T, EvidenceError> {
        let folder = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        done.map_err(|error| away(&self.url, &error))?
    }

    /// The folder, held open.
    fn open(&self) -> io::Result<OwnedFd> {
        let mut held = openat(CWD, &self.allowed, HELD, Mode::empty())?;
        for part in &self.below {
            held = openat(&held, part, HELD | OFlags::NOFOLLOW, Mode::empty()).map_err(|error| {
                let error = io::Error::from(error);
                io::Error::new(error.kind(), format!("{} below it: {error}", part.display()))
            })?;
        }
        Ok(held)
    }

    fn files(&self) -> io::Result<Vec<Lying>> {
        let held = self.open()?;
        let listed = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut files = Vec::new();
        for entry in Dir::new(openat(&held, ".", listed, Mode::empty())?)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            match statat(&held, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(found) if is_file(&found) => files.push(Lying {
                    name: name.to_owned(),
                    bytes: found.st_size.unsigned_abs(),
                    mark: mark(&found),
                }),
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(files)
    }

    /// Under another name first, which nobody else made, then under its own: whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let held = self.open()?;
        let draft = format!(".{name}.tmp");
        match unlinkat(&held, &draft, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let mut file = File::from(openat(&held, &draft, WRITTEN, RIGHTS)?);
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(renameat(&held, &draft, &held, name)?)
    }
}

/// Copies a file of a folder as it was when it was looked at. No: it is another one by now, or gone.
fn copy(held: &OwnedFd, file: &Lying, to: &Path) -> Result<bool, EvidenceError> {
    let theirs = |error: io::Error| unreadable(&file.name, &error);
    let own = |error: io::Error| uncopied(&file.name, &error);
    let mut from = match openat(held, &file.name, READ, Mode::empty()) {
        Ok(from) => File::from(from),
        Err(Errno::NOENT | Errno::LOOP) => return Ok(false),
        Err(error) => return Err(theirs(error.into())),
    };
    let same = |from: &File| match fstat(from) {
        Ok(found) => Ok(is_file(&found) && mark(&found) == file.mark),
        Err(error) => Err(theirs(error.into())),
    };
    if !same(&from)? {
        return Ok(false);
    }
    let (mut out, mut piece) = (File::create(to).map_err(own)?, vec![0; 1 << 16]);
    loop {
        let read = match from.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(theirs)?,
        };
        if read == 0 {
            return same(&from);
        }
        out.write_all(&piece[..read]).map_err(own)?;
    }
}

fn is_file(found: &Stat) -> bool {
    FileType::from_raw_mode(found.st_mode) == FileType::RegularFile
}

/// Size, the moment of the last change, and which file it is.
fn mark(found: &Stat) -> String {
    format!("{}-{}.{:09}-{}", found.st_size, found.st_mtime, found.st_mtime_nsec, found.st_ino)
}
