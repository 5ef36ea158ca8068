//! The cluster's place in the data folder: its files and its locks.
//!
//! ```text
//! DATA/postgres/            root's or the user's, 0711 or 0700
//!     gate.lock             exclusive while a command opens or closes the cluster: one start or stop at a time
//!     users.lock            shared by every open cluster: who gets it exclusively at close is the last one out
//!     data/                 the PostgreSQL data folder and socket, 0700, the server's OS user's
//!     data.new-RANDOM/      a data folder being made; renamed to data when whole, else redone
//!     server.log, initdb.log
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::error::ClusterError;
use super::os_user::{OsUser, is_root};

const POLL: Duration = Duration::from_millis(10);

/// The cluster's folder.
#[derive(Debug, Clone)]
pub(super) struct Place {
    folder: PathBuf,
}

impl Place {
    /// Makes `DATA/postgres` where it isn't there, and refuses places that hold something else.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, ClusterError> {
        let parents = data_dir.parent().filter(|parent| !parent.as_os_str().is_empty());
        parents.map_or(Ok(()), fs::create_dir_all).map_err(ClusterError::io("make the folder", data_dir))?;
        make_folder(data_dir)?;
        let data_dir = data_dir.canonicalize().map_err(ClusterError::io("resolve", data_dir))?;
        refuse_postgres_folder(&data_dir)?;
        let place = Self { folder: data_dir.join("postgres") };
        make_folder(&place.folder)?;
        refuse_postgres_folder(&place.folder)?;
        place.refuse_foreign()?;
        Ok(place)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    pub(super) fn init_log(&self) -> PathBuf {
        self.folder.join("initdb.log")
    }

    fn gate(&self) -> PathBuf {
        self.folder.join("gate.lock")
    }

    /// Waits for the right to start or stop the server; dropping the file gives it back, and so does any death.
    pub(super) fn lock_gate(&self, patience: Duration) -> Result<File, ClusterError> {
        let path = self.gate();
        let file = self.open(&path, OpenOptions::new().create(true).write(true).truncate(false))?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(source)) => return Err(ClusterError::io("lock", &path)(source)),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(ClusterError::Busy { lock: path, seconds: patience.as_secs() });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(POLL),
            }
        }
    }

    /// Counts the caller in as a user of the server. Only ever called, as every try to be the last, behind the gate.
    pub(super) fn lock_users(&self) -> Result<File, ClusterError> {
        let path = self.folder.join("users.lock");
        let file = self.open(&path, OpenOptions::new().create(true).write(true).truncate(false))?;
        file.lock_shared().map_err(ClusterError::io("lock", &path))?;
        Ok(file)
    }

    /// Opens a file of ours, private, never through a link, and owned as the folder is when root makes it for a user.
    pub(super) fn open(&self, path: &Path, options: &mut OpenOptions) -> Result<File, ClusterError> {
        let no_links = OFlags::NOFOLLOW.bits().cast_signed();
        let open = options.mode(0o600).custom_flags(no_links).open(path);
        let file = open.map_err(ClusterError::io("open", path))?;
        self.give_as_folder(&file).map_err(ClusterError::io("change the owner of", path))?;
        Ok(file)
    }

    fn give_as_folder(&self, file: &File) -> io::Result<()> {
        let folder = fs::metadata(&self.folder)?;
        if is_root() && folder.uid() != file.metadata()?.uid() {
            std::os::unix::fs::fchown(file, Some(folder.uid()), Some(folder.gid()))?;
        }
        Ok(())
    }

    /// The major version that made the data folder; `None` when it is still to be made.
    pub(super) fn made_by(&self) -> Result<Option<u32>, ClusterError> {
        let data = self.data();
        let path = data.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(version) => super::programs::leading_number(&version).map(Some).ok_or_else(|| {
                let what = format!("holds {version:?} where PostgreSQL writes its major version");
                ClusterError::FolderTaken { path, what }
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.refuse_unknown_data().map(|()| None)
            }
            Err(error) => Err(ClusterError::io("read", &path)(error)),
        }
    }

    /// A data folder of ours is whole, or absent, or (by an old backup tool) empty.
    fn refuse_unknown_data(&self) -> Result<(), ClusterError> {
        let names = names_in(&self.data())?;
        if names.is_empty() {
            return Ok(());
        }
        let what = format!("holds no PostgreSQL database but other things ({})", shortened(&names));
        Err(ClusterError::FolderTaken { path: self.data(), what })
    }

    /// A folder called `postgres` that no command of ours made is left alone.
    fn refuse_foreign(&self) -> Result<(), ClusterError> {
        let names = names_in(&self.folder)?;
        if names.is_empty() || names.iter().any(|name| name == "gate.lock") {
            return Ok(());
        }
        let what = format!("holds things that farsight did not put there ({})", shortened(&names));
        Err(ClusterError::FolderTaken { path: self.folder.clone(), what })
    }

    /// Removes the data folders that a killed command left half-made, as far as they let themselves be removed: an
    /// orphaned initdb that still writes keeps its own until the next start.
    pub(super) fn clear_half_made(&self) {
        for name in names_in(&self.folder).unwrap_or_default() {
            if name.starts_with("data.new-") {
                let _ = fs::remove_dir_all(self.folder.join(name));
            }
        }
    }

    /// Makes a fresh folder to build the data folder in, the server user's. Its name was never used before: the initdb
    /// of a killed command may still be writing to its own.
    pub(super) fn make_new(&self, user: OsUser) -> Result<PathBuf, ClusterError> {
        let random = RandomState::new().build_hasher().finish();
        let new = self.folder.join(format!("data.new-{random:016x}"));
        DirBuilder::new().mode(0o700).create(&new).map_err(ClusterError::io("make the folder", &new))?;
        if user.switch {
            let chown = std::os::unix::fs::chown(&new, Some(user.uid), Some(user.gid));
            chown.map_err(ClusterError::io("change the owner of", &new))?;
        }
        Ok(new)
    }

    /// Puts a whole new data folder in its place, and all of it on the disk first: only a complete one survives a
    /// power cut under its final name.
    pub(super) fn settle(&self, new: &Path) -> Result<(), ClusterError> {
        flush(new).map_err(ClusterError::io("write to the disk", new))?;
        fs::rename(new, self.data()).map_err(ClusterError::io("rename to its place", new))?;
        let folder = File::open(&self.folder).and_then(|folder| folder.sync_all());
        folder.map_err(ClusterError::io("write to the disk", &self.folder))
    }
}

/// Makes a folder that other users cannot list; root's may be passed through, so that the server's user reaches its
/// own folder in it by path. An existing folder stays as it is.
fn make_folder(folder: &Path) -> Result<(), ClusterError> {
    let mode = if is_root() { 0o711 } else { 0o700 };
    match DirBuilder::new().mode(mode).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made.map_err(ClusterError::io("make the folder", folder)),
    }
}

/// Another PostgreSQL's data folder is not a place for ours.
fn refuse_postgres_folder(folder: &Path) -> Result<(), ClusterError> {
    if !folder.join("PG_VERSION").exists() {
        return Ok(());
    }
    let what = "is itself the data folder of a PostgreSQL server (it has a PG_VERSION)".to_owned();
    Err(ClusterError::FolderTaken { path: folder.to_owned(), what })
}

/// The names in a folder; none when it isn't there.
fn names_in(folder: &Path) -> Result<Vec<String>, ClusterError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(ClusterError::io("list", folder))?,
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    names.collect::<io::Result<_>>().map_err(ClusterError::io("list", folder))
}

fn shortened(names: &[String]) -> String {
    let rest = names.len().saturating_sub(3);
    let more = if rest == 0 { String::new() } else { format!(", and {rest} more") };
    names.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ") + &more
}

/// Writes a whole new data folder to the disk: one call for its file system instead of one for each of ~1000 files.
#[cfg(target_os = "linux")]
fn flush(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
fn flush(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { flush(&path)? } else { File::open(&path)?.sync_all()? }
    }
    File::open(folder)?.sync_all()
}
