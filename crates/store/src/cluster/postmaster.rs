//! Tells whether the process that `postmaster.pid` names is this cluster's server. A pid file outlives a killed server,
//! and its number may by then be another process's, even one of the same user, which PostgreSQL takes for a server.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::Pid;

/// A server writes its pid file some milliseconds before it listens, and removes it as its last act. A process of which
/// we can't say more is given this long to begin or end.
const UNSURE_PATIENCE: Duration = Duration::from_secs(2);

/// The files that hold the server's pid, the data folder's and the socket's; PostgreSQL checks both.
const PID_FILES: [&str; 2] = ["postmaster.pid", ".s.PGSQL.5432.lock"];

/// The server of a data folder, as far as its traces tell.
pub(super) struct Postmaster {
    data: PathBuf,
}

/// Whose a pid is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The process is no more, or only waits to be reaped.
    Nobodys,
    /// It is this cluster's: it works in the data folder.
    Ours,
    /// It is something else.
    Others,
    /// It is of the right user, but where it works isn't ours to see (a container's root without ptrace).
    Unsure,
}

impl Postmaster {
    pub(super) fn of(data: &Path) -> Self {
        Self { data: data.to_owned() }
    }

    /// Whether a server without a listening socket may still be there, starting or ending. Where not, clears away the
    /// pid files that would keep a new one from starting; PostgreSQL's own fence, the shared memory, still stands.
    pub(super) fn may_run(&self, since: Instant) -> bool {
        for file in PID_FILES {
            let path = self.data.join(file);
            let Some(pid) = pid_in(&path) else { continue };
            match self.whose(pid) {
                Whose::Ours => return true,
                Whose::Unsure if since.elapsed() < UNSURE_PATIENCE => return true,
                Whose::Nobodys if !exists(pid) => {}
                Whose::Nobodys | Whose::Others | Whose::Unsure => drop(fs::remove_file(&path)),
            }
        }
        false
    }

    /// The server's process: the caller's own child if that still runs, else the one that the pid file names.
    pub(super) fn pid_to_stop(&self, child: Option<&Child>) -> Option<Pid> {
        let child = child.and_then(|child| Pid::from_raw(child.id().cast_signed()));
        let named = pid_in(&self.data.join(PID_FILES[0]));
        child.into_iter().chain(named).find(|pid| self.lives(*pid))
    }

    /// Whether a process that was the server still is.
    pub(super) fn lives(&self, pid: Pid) -> bool {
        matches!(self.whose(pid), Whose::Ours | Whose::Unsure)
    }

    fn whose(&self, pid: Pid) -> Whose {
        if !exists(pid) || is_zombie(pid) {
            return Whose::Nobodys;
        }
        let proc = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
        let Ok(data) = fs::metadata(&self.data) else { return Whose::Unsure };
        match fs::metadata(&proc) {
            Ok(process) if process.uid() != data.uid() => return Whose::Others,
            Ok(_) => {}
            Err(_) => return if Path::new("/proc/self").exists() { Whose::Nobodys } else { Whose::Unsure },
        }
        match fs::metadata(proc.join("cwd")) {
            Ok(cwd) if (cwd.dev(), cwd.ino()) == (data.dev(), data.ino()) => Whose::Ours,
            Ok(_) => Whose::Others,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Whose::Nobodys,
            Err(_) => Whose::Unsure,
        }
    }
}

/// The pid on a pid file's first line; PostgreSQL writes a stand-alone server's with a minus.
fn pid_in(path: &Path) -> Option<Pid> {
    let text = fs::read_to_string(path).ok()?;
    let number: i32 = text.lines().next()?.trim().parse().ok()?;
    Pid::from_raw(number.saturating_abs()).filter(|pid| !pid.is_init())
}

fn exists(pid: Pid) -> bool {
    rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
}

/// A killed child that its parent has not asked about still has its number; the state follows the name's last bracket.
fn is_zombie(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
}
