//! The private cluster against a real PostgreSQL: opened, shared, killed, damaged. Runs as root and as anyone else.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use farsight_store::cluster::{Cluster, ClusterError, Options};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, geteuid, kill_process, kill_process_group};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

fn options() -> Options {
    Options { search_path: std::env::var_os("PATH"), ..Options::default() }
}

fn open(data: &Path) -> Cluster {
    Cluster::open(data, options()).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(data: &Path, options: Options) -> ClusterError {
    Cluster::open(data, options).expect_err("it must not open")
}

fn connect(cluster: &Cluster) -> PgConnection {
    PgConnection::establish(&cluster.url()).unwrap()
}

/// Asks the database for one text.
fn ask(cluster: &Cluster, expression: &str) -> String {
    let query = sql_query(format!("SELECT ({expression})::text AS answer"));
    query.get_result::<Answer>(&mut connect(cluster)).unwrap().answer
}

fn run(cluster: &Cluster, statement: &str) {
    sql_query(statement).execute(&mut connect(cluster)).unwrap();
}

fn pgdata(data: &Path) -> PathBuf {
    data.join("postgres/data")
}

/// The server's processes: those that work in the PostgreSQL data folder, where that can be seen (a container's root may
/// not), and the postmaster's children.
fn server_pids(data: &Path) -> Vec<Pid> {
    let Ok(folder) = fs::metadata(pgdata(data)) else { return Vec::new() };
    let postmaster = named_pid(data).map(|pid| pid.as_raw_nonzero().to_string());
    let its = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
        let lives = !stat.contains(") Z ");
        lives && postmaster.as_deref().is_some_and(|named| parent == Some(named) || pid.to_string() == named)
    };
    let here = |pid: &i32| {
        fs::metadata(format!("/proc/{pid}/cwd"))
            .is_ok_and(|cwd| (cwd.dev(), cwd.ino()) == (folder.dev(), folder.ino()))
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| here(pid) || its(pid)).filter_map(Pid::from_raw).collect()
}

/// The pid in `postmaster.pid`.
fn named_pid(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(pgdata(data).join("postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.parse().ok()?)
}

/// A PostgreSQL data folder that is not yet in its place.
fn half_made(data: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(data.join("postgres")).ok()?.flatten();
    let mut half = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("data.new-"));
    half.next().map(|entry| entry.path())
}

fn postmaster(data: &Path) -> Pid {
    named_pid(data).expect("a running server")
}

fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn assert_stopped(data: &Path) {
    assert_eq!(server_pids(data), []);
    assert!(!pgdata(data).join("postmaster.pid").exists());
    assert!(!pgdata(data).join(".s.PGSQL.5432").exists());
}

/// Another command on the same data folder: the program `hold_cluster`.
struct Holder {
    process: Child,
    said: BufReader<ChildStdout>,
}

impl Holder {
    fn spawn(data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hold_cluster"));
        command.arg(data);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("the holder runs");
        let said = BufReader::new(process.stdout.take().unwrap());
        Self { process, said }
    }

    fn open(data: &Path) -> Self {
        let mut holder = Self::spawn(data);
        let mut line = String::new();
        while !line.contains("holding") {
            line.clear();
            assert_ne!(holder.said.read_line(&mut line).unwrap(), 0, "the holder ended without opening");
        }
        holder
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    /// Lets it close, and says whether it went well.
    fn finish(mut self) -> bool {
        drop(self.process.stdin.take());
        self.process.wait().unwrap().success()
    }

    /// Waits for a killed holder, and for the end of its output: `farsight … | cat` ends only if nobody else has it.
    fn assert_output_ends(mut self) {
        self.process.wait().unwrap();
        let (ended, end) = std::sync::mpsc::channel();
        std::thread::spawn(move || ended.send(self.said.read_to_end(&mut Vec::new()).is_ok()));
        assert_eq!(end.recv_timeout(PATIENCE), Ok(true), "the server keeps the command's output open");
    }
}

#[test]
fn the_first_open_makes_a_database_and_the_last_close_stops_it() {
    let folder = TempDir::new().unwrap();
    let cluster = open(folder.path());
    assert!(cluster.started_it());
    assert_eq!(ask(&cluster, "current_database() || ' ' || current_user"), "farsight farsight");
    assert_eq!(ask(&cluster, "current_setting('server_encoding')"), "UTF8");
    let collation = ask(&cluster, "SELECT datcollate FROM pg_database WHERE datname = 'farsight'");
    assert_eq!(collation, "C");
    assert_eq!(ask(&cluster, "current_setting('fsync')"), "on");
    cluster.close().unwrap();
    assert_stopped(folder.path());

    let again = open(folder.path());
    assert!(again.started_it());
    drop(again);
    assert_stopped(folder.path());
}

#[test]
fn nobody_else_can_reach_it() {
    let folder = TempDir::new().unwrap();
    let cluster = open(folder.path());
    assert_eq!(ask(&cluster, "current_setting('listen_addresses')"), "");
    for closed in [cluster.socket_dir(), &cluster.socket_dir().join(".s.PGSQL.5432")] {
        assert_eq!(fs::metadata(closed).unwrap().permissions().mode() & 0o077, 0, "{}", closed.display());
    }
    let owner = fs::metadata(cluster.socket_dir()).unwrap().uid();
    assert_ne!(owner, 0);
    assert!(geteuid().is_root() || owner == geteuid().as_raw());
    run(&cluster, "CREATE ROLE reader LOGIN");
    let mut reader = PgConnection::establish(&cluster.url_as("reader")).unwrap();
    let name = sql_query("SELECT current_user::text AS answer").get_result::<Answer>(&mut reader).unwrap();
    assert_eq!(name.answer, "reader");
}

#[test]
fn commands_share_it_and_the_last_one_out_stops_it() {
    let folder = TempDir::new().unwrap();
    let first = Holder::open(folder.path());
    let cluster = open(folder.path());
    assert!(!cluster.started_it());
    let server = postmaster(folder.path());
    assert!(first.finish());
    assert_eq!(postmaster(folder.path()), server);
    assert_eq!(ask(&cluster, "1"), "1");
    cluster.close().unwrap();
    assert_stopped(folder.path());
}

#[test]
fn a_killed_command_leaves_the_server_to_the_next() {
    let folder = TempDir::new().unwrap();
    let mut killed = Holder::open(folder.path());
    let server = postmaster(folder.path());
    killed.process.kill().unwrap();
    killed.assert_output_ends();
    let cluster = open(folder.path());
    assert!(!cluster.started_it());
    assert_eq!(postmaster(folder.path()), server);
    cluster.close().unwrap();
    assert_stopped(folder.path());
}

#[test]
fn signals_to_the_commands_group_spare_the_server() {
    for signal in [Signal::INT, Signal::HUP, Signal::KILL] {
        let folder = TempDir::new().unwrap();
        let command = Holder::open(folder.path());
        kill_process_group(command.pid(), signal).unwrap();
        // Under nohup and its like the first is ignored, and the command ends by the second.
        let _ = kill_process_group(command.pid(), Signal::KILL);
        command.assert_output_ends();
        let cluster = open(folder.path());
        assert!(!cluster.started_it(), "{signal:?} ended the server");
        assert_eq!(ask(&cluster, "1"), "1");
    }
}

#[test]
fn many_at_once_never_meet_a_stopped_server() {
    let folder = TempDir::new().unwrap();
    std::thread::scope(|scope| {
        for number in 0..6 {
            let data = folder.path();
            scope.spawn(move || {
                for round in 0..5 {
                    let cluster = open(data);
                    assert_eq!(ask(&cluster, &format!("{number} + {round}")), (number + round).to_string());
                    cluster.close().unwrap();
                }
            });
        }
    });
    assert_stopped(folder.path());
}

#[test]
fn a_crash_of_every_process_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let mut command = Holder::open(folder.path());
    let cluster = open(folder.path());
    run(&cluster, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
    command.process.kill().unwrap();
    for pid in server_pids(folder.path()) {
        // Its sessions may end by themselves as soon as the postmaster is gone.
        assert!(matches!(kill_process(pid, Signal::KILL), Ok(()) | Err(Errno::SRCH)));
    }
    command.assert_output_ends();
    assert!(pgdata(folder.path()).join("postmaster.pid").exists());

    let again = open(folder.path());
    assert!(again.started_it());
    assert_eq!(ask(&again, "SELECT sum(n) FROM kept"), "500500");
    drop(cluster);
    assert_eq!(ask(&again, "1"), "1", "the share of before the crash is only a share");
    drop(again);
    assert_stopped(folder.path());
}

#[test]
fn a_killed_postmaster_whose_sessions_live_on_is_replaced() {
    let folder = TempDir::new().unwrap();
    let cluster = open(folder.path());
    run(&cluster, "CREATE TABLE kept AS SELECT 42 AS n");
    let mut session = connect(&cluster);
    let busy = std::thread::spawn(move || sql_query("SELECT pg_sleep(1)").execute(&mut session).is_err());
    eventually("the session is busy", || {
        ask(
            &cluster,
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)' AND state = 'active'",
        ) == "1"
    });
    // As its child, it stays a zombie: its number still answers to signals.
    kill_process(postmaster(folder.path()), Signal::KILL).unwrap();
    let again = open(folder.path());
    assert!(again.started_it());
    assert_eq!(ask(&again, "SELECT n FROM kept"), "42");
    assert!(busy.join().unwrap(), "the session ended with its server");
}

#[test]
fn a_stale_pid_that_is_another_process_by_now_is_no_server() {
    let folder = TempDir::new().unwrap();
    open(folder.path()).close().unwrap();
    let owner = fs::metadata(pgdata(folder.path())).unwrap();
    let mut other = Command::new("sleep");
    if geteuid().is_root() {
        other.uid(owner.uid()).gid(owner.gid());
    }
    let mut other = other.arg("600").current_dir("/").spawn().unwrap();
    let text = format!("{}\n/gone\n1700000000\n5432\n.\n\n  1 1\nready\n", other.id());
    for name in ["postmaster.pid", ".s.PGSQL.5432.lock"] {
        fs::write(pgdata(folder.path()).join(name), &text).unwrap();
    }
    let cluster = open(folder.path());
    assert_ne!(postmaster(folder.path()), Pid::from_child(&other));
    cluster.close().unwrap();
    assert_stopped(folder.path());
    assert!(other.try_wait().unwrap().is_none(), "the other process was left alone");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_half_made_folder_is_made_again() {
    let folder = TempDir::new().unwrap();
    let mut killed = Holder::spawn(folder.path());
    eventually("initdb is under way", || {
        half_made(folder.path()).is_some_and(|half| half.join("base").exists())
    });
    killed.process.kill().unwrap();
    killed.process.wait().unwrap();
    assert!(!pgdata(folder.path()).exists());

    let cluster = open(folder.path());
    assert_eq!(ask(&cluster, "1"), "1");
    cluster.close().unwrap();
    let half = folder.path().join("postgres/data.new-0123456789abcdef");
    fs::create_dir_all(half.join("base")).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    fs::remove_dir_all(pgdata(folder.path())).unwrap();
    open(folder.path()).close().unwrap();
    assert_eq!(half_made(folder.path()), None);
}

#[test]
fn a_data_folder_removed_under_it_is_let_go() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let cluster = open(&data);
    let server = postmaster(&data);
    fs::remove_dir_all(&data).unwrap();
    cluster.close().unwrap();
    // Ended; how long its entry stays is up to whoever reaps it.
    eventually("the server is gone", || rustix::process::test_kill_process(server).is_err());
}

#[test]
fn odd_and_long_folders_work() {
    let odd = "a b/千里眼, 'quoted' \"%20\" &?#+;$(x)\\".to_owned();
    let long = ["long".repeat(50), "longer".repeat(40)].join("/");
    for name in [odd, long] {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join(name);
        let first = open(&data);
        assert_eq!(ask(&first, "1"), "1");
        assert!(first.socket_dir().as_os_str().len() < 94 && first.socket_dir().join("PG_VERSION").exists());
        let second = open(&data);
        assert!(!second.started_it());
        assert_eq!(first.url(), second.url());
        drop((first, second));
        assert_stopped(&data);
    }
}

#[test]
fn the_runtime_folder_serves_as_the_short_way() {
    let (folder, runtime) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let data = folder.path().join("long".repeat(60));
    let runtime_dir = Some(runtime.path().to_owned());
    let cluster = Cluster::open(&data, Options { runtime_dir, ..options() }).unwrap();
    assert!(cluster.socket_dir().starts_with(runtime.path()));
    assert_eq!(ask(&cluster, "1"), "1");
    drop(cluster);
    assert_eq!(fs::read_dir(runtime.path()).unwrap().count(), 0, "the short way goes with the server");
}

#[test]
fn another_major_version_is_refused() {
    let folder = TempDir::new().unwrap();
    open(folder.path()).close().unwrap();
    let version = pgdata(folder.path()).join("PG_VERSION");
    let installed = fs::read_to_string(&version).unwrap();
    fs::write(&version, "12\n").unwrap();
    let error = refusal(folder.path(), options());
    assert_eq!(error.code(), "other_major_version");
    let text = error.to_string();
    for part in
        ["PostgreSQL 12", &format!("PostgreSQL {}.", installed.trim()), "install postgresql-12", "pg_dump"]
    {
        assert!(text.contains(part), "{part} not in: {text}");
    }
    fs::write(&version, installed).unwrap();
    assert_eq!(ask(&open(folder.path()), "1"), "1");
}

#[test]
fn a_missing_server_is_named_with_its_package() {
    let (folder, bin) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let error = refusal(folder.path(), Options { bin_dir: Some(bin.path().to_owned()), ..options() });
    assert_eq!(error.code(), "postgres_missing");
    let text = error.to_string();
    for part in ["apt-get install postgresql", "FARSIGHT_PG_BIN", bin.path().to_str().unwrap()] {
        assert!(text.contains(part), "{part} not in: {text}");
    }
}

/// A folder of programs that only print and fail.
fn pretend_programs(version: &str, initdb_says: &str) -> TempDir {
    let bin = TempDir::new().unwrap();
    fs::set_permissions(bin.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let postgres = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n");
    let initdb = format!("#!/bin/sh\necho '{initdb_says}' >&2\nexit 1\n");
    for (name, text) in [("postgres", postgres), ("initdb", initdb)] {
        let path = bin.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

#[test]
fn what_initdb_says_decides_the_refusal() {
    let full = "initdb: error: could not write file: No space left on device";
    let cases = [
        ("14.9 (Debian)", "", "postgres_too_old"),
        ("15.1", full, "disk_full"),
        ("16beta1", "initdb: error: a reason of its own", "init_failed"),
    ];
    for (version, says, code) in cases {
        let (folder, bin) = (TempDir::new().unwrap(), pretend_programs(version, says));
        let error = refusal(folder.path(), Options { bin_dir: Some(bin.path().to_owned()), ..options() });
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(half_made(folder.path()), None, "nothing half-made is left");
        assert_eq!(ask(&open(folder.path()), "1"), "1", "and the real one can be made there");
    }
}

#[test]
fn a_server_that_does_not_start_is_quoted() {
    let folder = TempDir::new().unwrap();
    let settings = vec![("shared_buffers".to_owned(), "nonsense".to_owned())];
    let error = refusal(folder.path(), Options { settings, ..options() });
    assert_eq!(error.code(), "start_failed");
    assert!(
        error.to_string().contains("invalid value for parameter \"shared_buffers\": \"nonsense\""),
        "{error}"
    );
    let settings = vec![("work_mem".to_owned(), "7MB".to_owned())];
    let cluster = Cluster::open(folder.path(), Options { settings, ..options() }).unwrap();
    assert_eq!(ask(&cluster, "current_setting('work_mem')"), "7MB");
}

#[test]
fn folders_that_hold_other_things_are_left_alone() {
    for (name, code) in [
        ("postgres/notes.txt", "folder_taken"),
        ("postgres/data/notes.txt", "folder_taken"),
        ("PG_VERSION", "folder_taken"),
        ("postgres/PG_VERSION", "folder_taken"),
        ("postgres", "folder_unusable"),
    ] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if name.contains("/data/") {
            fs::write(folder.path().join("postgres/gate.lock"), "").unwrap();
        }
        fs::write(&path, "mine").unwrap();
        let error = refusal(folder.path(), options());
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains("choose another"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}

#[test]
fn folders_that_cannot_be_made_are_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for data in [file.clone(), file.join("under"), PathBuf::from("/proc/farsight")] {
        let error = refusal(&data, options());
        assert_eq!(error.code(), "folder_unusable");
        assert!(error.to_string().contains(data.to_str().unwrap()), "{error}");
    }
}
