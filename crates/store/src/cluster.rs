//! The private PostgreSQL cluster: the embedded default, made in the data folder on first use, running while commands
//! use it, and gone with the last of them.
//!
//! - Every [`Cluster`] holds a shared lock; the first to open starts the server, the last to close stops it. A killed
//!   command's lock goes with it and the server stays up: the next command uses it, and stops it if it is the last.
//! - Nothing listens on TCP. The socket lies in the data folder, both closed to all but the server's OS user and root;
//!   who may open it may connect as any role.
//! - PostgreSQL refuses root: as root the server runs as whoever owns the data, else as `postgres`, else `nobody`.
//! - The data folder's parents may be closed to that user: the server then gets the folder as an open descriptor.
//!
//! It must never read the environment or the clock of day: the binary passes in what it wants known.

mod error;
mod os_user;
mod place;
mod postmaster;
mod programs;
mod server;
mod settings;
mod socket;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

pub use error::ClusterError;

use place::Place;
use server::Server;

/// The oldest major version that will do.
pub const MIN_MAJOR: u32 = 15;

/// The database that a cluster is made with.
pub const DATABASE: &str = "farsight";

/// The role that owns it: the cluster's superuser.
pub const OWNER: &str = "farsight";

/// What the binary knows and this module does not ask the environment for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of `initdb` and `postgres` (`FARSIGHT_PG_BIN`); when given, no other is tried.
    pub bin_dir: Option<PathBuf>,
    /// `PATH`, to find `pg_config` and the programs themselves; the well-known folders are tried besides.
    pub search_path: Option<OsString>,
    /// `XDG_RUNTIME_DIR`, for the short way to the socket of a data folder with a long path; else `/tmp` serves.
    pub runtime_dir: Option<PathBuf>,
    /// Server settings that replace this module's own, from the next start on.
    pub settings: Vec<(String, String)>,
    /// How long a start may take, recovery after a crash included, and how long to wait for another command's.
    pub start_timeout: Duration,
    /// How long a stop may take.
    pub stop_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bin_dir: None,
            search_path: None,
            runtime_dir: None,
            settings: Vec::new(),
            start_timeout: Duration::from_mins(5),
            stop_timeout: Duration::from_mins(2),
        }
    }
}

/// A running private cluster, and this command's share in it. Dropping it gives up the share, as [`Cluster::close`]
/// does, but can't say what went wrong.
#[derive(Debug)]
pub struct Cluster {
    place: Place,
    socket_dir: PathBuf,
    options: Options,
    users: Option<File>,
    child: Option<Child>,
}

impl Cluster {
    /// Opens the cluster of a data folder: makes it where there is none (in `DATA/postgres`), starts its server where
    /// it doesn't run, and waits until the database takes connections. Waits for other commands that are at it.
    ///
    /// # Errors
    ///
    /// Every [`ClusterError`] but `StopFailed`; the cluster is then as it was before, or as a killed command leaves it.
    pub fn open(data_dir: &Path, options: Options) -> Result<Self, ClusterError> {
        let place = Place::prepare(data_dir)?;
        let gate = place.lock_gate(options.start_timeout)?;
        let socket_dir = socket::reachable(&place.data(), options.runtime_dir.as_deref())?;
        let child = Server { place: &place, socket_dir: &socket_dir, options: &options }.ensure()?;
        let users = Some(place.lock_users()?);
        drop(gate);
        Ok(Self { place, socket_dir, options, users, child })
    }

    /// The URL of the database as its owner, for libpq: `postgresql:///farsight?host=…&port=5432&user=farsight&…`.
    pub fn url(&self) -> String {
        self.url_as(OWNER)
    }

    /// The URL of the database as another role.
    pub fn url_as(&self, role: &str) -> String {
        socket::url(&self.socket_dir, DATABASE, role)
    }

    /// The folder of the socket, for `psql -h` and its like.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The server's log.
    pub fn log_path(&self) -> PathBuf {
        self.place.log()
    }

    /// Whether this value started the server, rather than finding it running.
    pub fn started_it(&self) -> bool {
        self.child.is_some()
    }

    /// Gives up this command's share, and stops the server if it was the last.
    ///
    /// # Errors
    ///
    /// `StopFailed` when the server can't be stopped, `Busy` when another command holds the gate for too long; the
    /// share is given up all the same, and the next command to close may stop it.
    pub fn close(mut self) -> Result<(), ClusterError> {
        self.leave()
    }

    fn leave(&mut self) -> Result<(), ClusterError> {
        let Some(users) = self.users.take() else { return Ok(()) };
        if !self.place.folder().exists() {
            return self.stop();
        }
        // Nobody joins while the gate is ours: who gets the lock alone now is the last one out.
        let _gate = self.place.lock_gate(self.options.start_timeout)?;
        if users.try_lock().is_ok() { self.stop() } else { Ok(()) }
    }

    fn stop(&mut self) -> Result<(), ClusterError> {
        let Self { place, socket_dir, options, child, .. } = self;
        Server { place, socket_dir, options }.stop(child.as_mut())?;
        socket::forget(&place.data(), socket_dir);
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A drop can't report; a server left running is found and stopped by the next command.
        let _ = self.leave();
    }
}
