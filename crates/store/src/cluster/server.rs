//! The server itself: making its data folder, starting it, knowing whether it runs, stopping it.
//!
//! Everything here runs behind the gate lock, so that no two commands do it at once. What may still be in the way is
//! what a killed command left: a server just starting, one just stopping, an orphaned initdb, a stale pid file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use diesel::{Connection, ConnectionError, PgConnection, RunQueryDsl};
use rustix::process::{Pid, Signal};

use super::error::{ClusterError, says_disk_full};
use super::os_user::OsUser;
use super::place::Place;
use super::postmaster::Postmaster;
use super::programs::{self, Programs};
use super::settings;
use super::{DATABASE, OWNER, Options, socket};

const POLL: Duration = Duration::from_millis(5);

/// How long leftovers of a killed server (its sessions, its pid file) may keep a new one from starting.
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(30);

/// At this size the log is put aside (one old log is kept) before the next start.
const MAX_LOG_BYTES: u64 = 16 << 20;

/// Runs a PostgreSQL program on a data folder its user owns but may not be able to reach by path: root's folders are
/// often closed to others (mktemp -d makes such). The folder comes open as standard input, moves to descriptor 9, and
/// is named by that where the path leads nowhere. `$s` is setsid or nothing.
const LAUNCH: &str = r#"
exec 9<&0 </dev/null
d=$1 s=$2 p=$3
shift 3
if [ -x "$d/." ]; then exec 9<&-; else d=/proc/self/fd/9; fi
exec $s "$p" -D "$d" "$@"
"#;

/// A cluster's server, running or not.
pub(super) struct Server<'a> {
    pub(super) place: &'a Place,
    pub(super) socket_dir: &'a Path,
    pub(super) options: &'a Options,
}

/// What knocking at the socket found.
enum Knock {
    /// The database takes connections.
    Ready,
    /// A server is there but takes none yet, or no more.
    NotYet(String),
    /// Nothing listens.
    Nobody,
}

/// A start under way.
struct Attempt<'a> {
    programs: &'a Programs,
    user: OsUser,
    arguments: Vec<String>,
    began: Instant,
    log_from: u64,
    child: Option<Child>,
}

impl Server<'_> {
    /// Makes sure that the server runs and takes connections; gives it back if this call started it.
    pub(super) fn ensure(&self) -> Result<Option<Child>, ClusterError> {
        if let Knock::Ready = self.knock()? {
            return Ok(None);
        }
        let user = OsUser::of(self.place)?;
        let programs = programs::find(self.options, self.place.folder(), self.place.made_by()?)?;
        self.place.clear_half_made();
        if self.place.made_by()?.is_none() {
            self.make(&programs, user)?;
        }
        self.start(&programs, user)
    }

    /// Makes the data folder beside its place and moves it there when it is whole.
    fn make(&self, programs: &Programs, user: OsUser) -> Result<(), ClusterError> {
        let log_path = self.place.init_log();
        let log = self.place.open(&log_path, OpenOptions::new().create(true).write(true).truncate(true))?;
        let new = self.place.make_new(user)?;
        let made = self.initdb(programs, user, &new, &log).and_then(|()| self.place.settle(&new));
        if made.is_err() {
            let _ = fs::remove_dir_all(&new);
        }
        made
    }

    fn initdb(&self, programs: &Programs, user: OsUser, new: &Path, log: &File) -> Result<(), ClusterError> {
        let mut command = launch(user, new, log, None, &programs.initdb())?;
        // Trust is right here: who may open the socket at all is root or the server's user (see settings).
        command.args(["--encoding=UTF8", "--locale=C", "--auth-local=trust", "--auth-host=reject"]);
        command.args(["--username", OWNER, "--no-sync", "--no-instructions"]);
        let status = command.status().map_err(ClusterError::io("run", &programs.initdb()))?;
        if status.success() {
            return Ok(());
        }
        let (folder, said) = (self.place.folder().to_owned(), tail(&self.place.init_log(), 0));
        let full = says_disk_full(&said);
        Err(if full {
            ClusterError::DiskFull { folder, said }
        } else {
            ClusterError::InitFailed { folder, said }
        })
    }

    /// Starts the server and waits until it takes connections.
    fn start(&self, programs: &Programs, user: OsUser) -> Result<Option<Child>, ClusterError> {
        let arguments = settings::arguments(self.knows_lz4(programs, user)?, &self.options.settings);
        let log_from = self.log_length();
        let mut attempt = Attempt { programs, user, arguments, began: Instant::now(), log_from, child: None };
        loop {
            let waiting_for = match self.knock() {
                Ok(Knock::Ready) => return Ok(attempt.child),
                Ok(Knock::NotYet(message)) => message,
                Ok(Knock::Nobody) => {
                    self.revive(&mut attempt)?;
                    "it does not listen".to_owned()
                }
                Err(error) => {
                    let _ = attempt.child.as_mut().map(|child| self.stop(Some(child)));
                    return Err(error);
                }
            };
            if attempt.began.elapsed() > self.options.start_timeout {
                // It is left alone: a recovery that takes this long would only begin again.
                let seconds = self.options.start_timeout.as_secs();
                let what = format!("takes no connections after {seconds} s ({waiting_for})");
                return Err(self.start_failed(what, attempt.log_from));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Where nothing listens: starts a server, unless one is still coming up or going down.
    fn revive(&self, attempt: &mut Attempt<'_>) -> Result<(), ClusterError> {
        if let Some(child) = &mut attempt.child {
            let ended =
                child.try_wait().map_err(ClusterError::io("wait for", &attempt.programs.postgres()))?;
            let Some(ended) = ended else { return Ok(()) };
            attempt.child = None;
            self.check_leftovers(ended, attempt)?;
            std::thread::sleep(POLL * 20);
        }
        if !Postmaster::of(&self.place.data()).may_run(attempt.began) {
            self.put_old_log_aside();
            attempt.log_from = self.log_length();
            attempt.child = Some(self.spawn(attempt.programs, attempt.user, &attempt.arguments)?);
        }
        Ok(())
    }

    /// A server that ended at once is worth another try only where what a killed one left behind is going away.
    fn check_leftovers(&self, ended: ExitStatus, attempt: &Attempt<'_>) -> Result<(), ClusterError> {
        let said = tail(&self.place.log(), attempt.log_from);
        let leftovers = said.contains("is still in use") || said.contains("already exists");
        if leftovers && attempt.began.elapsed() < LEFTOVER_PATIENCE {
            return Ok(());
        }
        if says_disk_full(&said) {
            return Err(ClusterError::DiskFull { folder: self.place.folder().to_owned(), said });
        }
        Err(self.start_failed(format!("did not start ({ended})"), attempt.log_from))
    }

    fn start_failed(&self, what: String, log_from: u64) -> ClusterError {
        let (folder, log) = (self.place.folder().to_owned(), self.place.log());
        let said = tail(&log, log_from);
        ClusterError::StartFailed { folder, what, log, said }
    }

    /// The server outlives the command: a session of its own, no terminal, and the log for its output.
    fn spawn(&self, programs: &Programs, user: OsUser, arguments: &[String]) -> Result<Child, ClusterError> {
        let log = self.place.open(&self.place.log(), OpenOptions::new().create(true).append(true))?;
        let setsid = ["/usr/bin/setsid", "/bin/setsid"].iter().map(Path::new).find(|path| path.exists());
        let mut command = launch(user, &self.place.data(), &log, setsid, &programs.postgres())?;
        if setsid.is_none() {
            command.process_group(0);
        }
        command.args(arguments).spawn().map_err(ClusterError::io("run", &programs.postgres()))
    }

    /// Asks the server whether it was built with lz4.
    fn knows_lz4(&self, programs: &Programs, user: OsUser) -> Result<bool, ClusterError> {
        let null = Path::new("/dev/null");
        let log = OpenOptions::new().write(true).open(null).map_err(ClusterError::io("open", null))?;
        let mut command = launch(user, &self.place.data(), &log, None, &programs.postgres())?;
        command.args(["-C", settings::LZ4[0].0]).args(settings::LZ4.iter().flat_map(settings::argument));
        let status = command.status().map_err(ClusterError::io("run", &programs.postgres()))?;
        Ok(status.success())
    }

    /// Knocks at the socket; where a server answers, makes sure that it has our database.
    fn knock(&self) -> Result<Knock, ClusterError> {
        let path = socket::file_in(self.socket_dir);
        match UnixStream::connect(&path) {
            Ok(_) => self.connect(),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::NotADirectory => {
                    Ok(Knock::Nobody)
                }
                io::ErrorKind::ConnectionReset => Ok(Knock::NotYet(error.to_string())),
                _ => Err(ClusterError::io("connect to the socket", &path)(error)),
            },
        }
    }

    fn connect(&self) -> Result<Knock, ClusterError> {
        match self.connect_to(DATABASE) {
            Ok(_) => Ok(Knock::Ready),
            Err(ConnectionError::BadConnection(message)) if passes(&message) => Ok(Knock::NotYet(message)),
            Err(ConnectionError::BadConnection(message)) if message.contains("does not exist") => {
                self.make_database()
            }
            Err(error) => Err(self.refused("open a connection", &error)),
        }
    }

    /// The gate is ours, so nobody else makes it at the same time.
    fn make_database(&self) -> Result<Knock, ClusterError> {
        let mut connection =
            self.connect_to("postgres").map_err(|error| self.refused("open a connection", &error))?;
        let create = diesel::sql_query(format!("CREATE DATABASE {DATABASE}")).execute(&mut connection);
        create.map(|_| Knock::Ready).map_err(|error| self.refused("make the database", &error))
    }

    fn connect_to(&self, database: &str) -> Result<PgConnection, ConnectionError> {
        PgConnection::establish(&format!(
            "{}&connect_timeout=10",
            socket::url(self.socket_dir, database, OWNER)
        ))
    }

    fn refused(&self, action: &'static str, error: &dyn std::error::Error) -> ClusterError {
        let (folder, message) = (self.place.folder().to_owned(), error.to_string());
        if says_disk_full(&message) {
            return ClusterError::DiskFull { folder, said: message };
        }
        ClusterError::Refused { folder, action, message }
    }

    /// Stops the server, the way that breaks off sessions and leaves nothing to recover.
    pub(super) fn stop(&self, child: Option<&mut Child>) -> Result<(), ClusterError> {
        let postmaster = Postmaster::of(&self.place.data());
        let Some(pid) = postmaster.pid_to_stop(child.as_deref()) else {
            let listens = UnixStream::connect(socket::file_in(self.socket_dir)).is_ok();
            let what = "it listens, but its postmaster.pid names no process of this cluster";
            return if listens { Err(self.stop_failed(what.to_owned())) } else { Ok(()) };
        };
        if let Err(error) = rustix::process::kill_process(pid, Signal::INT)
            && error != rustix::io::Errno::SRCH
        {
            return Err(self.stop_failed(format!("cannot signal process {}: {error}", pid.as_raw_nonzero())));
        }
        self.wait_for_end(&postmaster, pid, child)
    }

    fn wait_for_end(
        &self,
        postmaster: &Postmaster,
        pid: Pid,
        mut child: Option<&mut Child>,
    ) -> Result<(), ClusterError> {
        let began = Instant::now();
        loop {
            let reaped =
                child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_some()));
            if reaped || !postmaster.lives(pid) {
                return Ok(());
            }
            if began.elapsed() > self.options.stop_timeout {
                let seconds = self.options.stop_timeout.as_secs();
                return Err(
                    self.stop_failed(format!("process {} runs on after {seconds} s", pid.as_raw_nonzero()))
                );
            }
            std::thread::sleep(POLL);
        }
    }

    fn stop_failed(&self, what: String) -> ClusterError {
        ClusterError::StopFailed { folder: self.place.folder().to_owned(), what, log: self.place.log() }
    }

    fn log_length(&self) -> u64 {
        fs::metadata(self.place.log()).map_or(0, |log| log.len())
    }

    fn put_old_log_aside(&self) {
        if self.log_length() > MAX_LOG_BYTES {
            let _ = fs::rename(self.place.log(), self.place.folder().join("server.log.1"));
        }
    }
}

/// Refusals that time heals: starting, recovering, stopping, all seats taken, gone meanwhile.
const PASSING: [&str; 7] = [
    "the database system is",
    "too many clients",
    "server closed the connection",
    "Connection refused",
    "Connection reset",
    "No such file or directory",
    "timeout expired",
];

fn passes(message: &str) -> bool {
    PASSING.iter().any(|text| message.contains(text))
}

/// A command that runs a PostgreSQL program on a data folder as its user, deaf to the caller's environment.
fn launch(
    user: OsUser,
    data: &Path,
    log: &File,
    setsid: Option<&Path>,
    program: &PathBuf,
) -> Result<Command, ClusterError> {
    let folder = File::open(data).map_err(ClusterError::io("open", data))?;
    let output = || log.try_clone().map_err(ClusterError::io("open the log for", data));
    let mut command = Command::new("/bin/sh");
    command.args(["-c", LAUNCH, "farsight"]).arg(data).arg(setsid.unwrap_or(Path::new(""))).arg(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir("/");
    command.stdin(folder).stdout(output()?).stderr(output()?);
    if user.switch {
        command.uid(user.uid).gid(user.gid);
    }
    Ok(command)
}

/// The last lines of a log, from where this attempt began.
fn tail(log: &Path, from: u64) -> String {
    const LINES: usize = 12;
    let mut text = Vec::new();
    let read = File::open(log).and_then(|mut file| {
        let end = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(from.max(end.saturating_sub(8192))))?;
        file.read_to_end(&mut text)
    });
    if read.is_err() || text.is_empty() {
        return "(nothing)".to_owned();
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
