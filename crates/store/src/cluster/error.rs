//! What can go wrong with the private cluster, each with a stable code and the way out.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private cluster could not be opened, or its server not stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No folder with `initdb` and `postgres` was found.
    #[error(
        "PostgreSQL is not installed: looked for initdb and postgres in {looked_in}; install the package postgresql \
         (Debian, Ubuntu: apt-get install postgresql), or set FARSIGHT_PG_BIN to the folder that holds them, or use \
         a database of your own with --database postgres://…"
    )]
    PostgresMissing {
        /// The folders tried, comma-separated.
        looked_in: String,
    },

    /// The installed (or named) PostgreSQL is older than [`super::MIN_MAJOR`].
    #[error(
        "PostgreSQL {version} in {} is too old: version {} or later is needed; install a newer package postgresql, or \
         set FARSIGHT_PG_BIN to the bin folder of one", .bin.display(), super::MIN_MAJOR
    )]
    PostgresTooOld {
        /// The version found, as the server prints it.
        version: String,
        /// Where it was found.
        bin: PathBuf,
    },

    /// The data folder was made by a major version that is not installed.
    #[error(
        "the database in {} was made by PostgreSQL {data}, but PostgreSQL {installed} is installed in {}; install \
         postgresql-{data} beside it (or set FARSIGHT_PG_BIN to its bin folder), or move the database over: pg_dump it \
         with {data} running and restore into a new --data folder, or use pg_upgrade", .folder.display(), .bin.display()
    )]
    OtherMajorVersion {
        /// The cluster's folder.
        folder: PathBuf,
        /// The major version that made it.
        data: u32,
        /// The version that is installed.
        installed: String,
        /// Where that one is installed.
        bin: PathBuf,
    },

    /// A file or folder could not be made, read or written.
    #[error("cannot {action} {}: {source}; {remedy}", .path.display())]
    FolderUnusable {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do.
        remedy: String,
    },

    /// The place of the cluster holds something else.
    #[error("{} {what}; choose another folder with --data, or move that away", .path.display())]
    FolderTaken {
        /// The place in question.
        path: PathBuf,
        /// What is there.
        what: String,
    },

    /// The cluster's files belong to another user of this machine.
    #[error("the database in {} belongs to the OS user {owner}, and you are {you}; {remedy}", .folder.display())]
    WrongOwner {
        /// The cluster's folder.
        folder: PathBuf,
        /// Who owns it.
        owner: String,
        /// Who asks.
        you: String,
        /// What to do.
        remedy: String,
    },

    /// Run as root, where neither `postgres` nor `nobody` exists.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither a user postgres nor nobody; make one (useradd \
         --system postgres), or run farsight as an ordinary user"
    )]
    NoOsUser,

    /// `initdb` failed.
    #[error("initdb could not make a database in {}; it said:\n{said}", .folder.display())]
    InitFailed {
        /// Where.
        folder: PathBuf,
        /// The last lines it printed.
        said: String,
    },

    /// The server did not start, or not in time.
    #[error("the PostgreSQL server of {} {what}; its log {} ends:\n{said}", .folder.display(), .log.display())]
    StartFailed {
        /// The cluster's folder.
        folder: PathBuf,
        /// What happened.
        what: String,
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },

    /// The disk filled while making or starting the cluster.
    #[error(
        "the disk that holds {} is full: {said}; free some space (a new database needs about 100 MB) or choose a \
         folder on another disk with --data, then run the command again", .folder.display()
    )]
    DiskFull {
        /// The cluster's folder.
        folder: PathBuf,
        /// What was said about it.
        said: String,
    },

    /// The last command out could not stop the server.
    #[error("cannot stop the PostgreSQL server of {}: {what}; its log is {}", .folder.display(), .log.display())]
    StopFailed {
        /// The cluster's folder.
        folder: PathBuf,
        /// What happened.
        what: String,
        /// The server's log.
        log: PathBuf,
    },

    /// Another command held the start-and-stop lock for too long.
    #[error(
        "another farsight command has been starting or stopping the database for {seconds} s and holds {}; wait for \
         it, or end it (fuser {} names it)", .lock.display(), .lock.display()
    )]
    Busy {
        /// The lock file.
        lock: PathBuf,
        /// How long was waited.
        seconds: u64,
    },

    /// The short way to the socket under /tmp or the runtime folder can't be trusted.
    #[error(
        "{} is needed as the short way to the database's socket (the path of {} is too long or has a comma), but it is \
         {what}; remove it, or choose a shorter folder with --data", .link_dir.display(), .folder.display()
    )]
    SocketFolderUnsafe {
        /// The private folder.
        link_dir: PathBuf,
        /// The cluster's folder.
        folder: PathBuf,
        /// What is wrong.
        what: String,
    },

    /// The server runs but refuses the connection or the statement.
    #[error("the PostgreSQL server of {} refused to {action}: {message}", .folder.display())]
    Refused {
        /// The cluster's folder.
        folder: PathBuf,
        /// What was asked.
        action: &'static str,
        /// What it answered.
        message: String,
    },
}

impl ClusterError {
    /// The stable, machine-readable name of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PostgresMissing { .. } => "postgres_missing",
            Self::PostgresTooOld { .. } => "postgres_too_old",
            Self::OtherMajorVersion { .. } => "other_major_version",
            Self::FolderUnusable { .. } => "folder_unusable",
            Self::FolderTaken { .. } => "folder_taken",
            Self::WrongOwner { .. } => "wrong_owner",
            Self::NoOsUser => "no_os_user",
            Self::InitFailed { .. } => "init_failed",
            Self::StartFailed { .. } => "start_failed",
            Self::DiskFull { .. } => "disk_full",
            Self::StopFailed { .. } => "stop_failed",
            Self::Busy { .. } => "busy",
            Self::SocketFolderUnsafe { .. } => "socket_folder_unsafe",
            Self::Refused { .. } => "refused",
        }
    }

    /// Names the path and the remedy of a failed file operation.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { folder: path, said: source.to_string() }
            }
            kind => Self::FolderUnusable { action, path, source, remedy: remedy(kind).to_owned() },
        }
    }
}

/// The way out of a failed file operation.
fn remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::PermissionDenied => {
            "run as the user who owns the folder, or choose another with --data"
        }
        io::ErrorKind::ReadOnlyFilesystem => "choose a folder on a writable disk with --data",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file stands where a folder is needed: choose another folder with --data"
        }
        _ => "check the folder, or choose another with --data",
    }
}

/// Whether a program's output says that the disk is full; the memory file system /dev/shm says the same words.
pub(super) fn says_disk_full(said: &str) -> bool {
    let mut lines = said.lines().filter(|line| !line.contains("shared memory"));
    lines.any(|line| line.contains("No space left on device") || line.contains("Disk quota exceeded"))
}
