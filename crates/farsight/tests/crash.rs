//! Commands killed with SIGKILL at random moments, and the server under them: nothing lost, nothing doubled, the audit
//! chain whole; the same commands run again end in the same books as when nobody disturbs them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use farsight_network::{Plan, Scale, Window, write_window};
use farsight_store::cluster::{Cluster, Options};
use farsight_tests::chance::Dice;
use farsight_tests::office::at;
use farsight_tests::sheets::Folder;
use farsight_tests::tower::{connect, number, texts};
use farsight_tests::{Farsight, Tower, cli};
use rustix::process::{Pid, Signal, kill_process};

const EXE: &str = env!("CARGO_BIN_EXE_farsight");
const SEED: u64 = 2014;
/// How many commands are killed, the server's own kills not counted.
const KILLS: usize = 50;

/// A command as an operator types it, and what it says when its work is done already.
#[derive(Debug, Clone)]
struct Deed {
    words: Vec<String>,
    done_already: Option<&'static str>,
}

fn deed(words: &[&str], done_already: Option<&'static str>) -> Deed {
    Deed { words: words.iter().map(ToString::to_string).collect(), done_already }
}

/// A small network that becomes known month by month; each month is imported, checked, settled and locked.
fn story(folder: &Folder, length: usize) -> Vec<Deed> {
    let until = at("2025-09-01T00:00:00+08:00");
    let mut plan = Plan::new(8, 8, until, SEED);
    plan.scale = Scale { orders_a_month: 40.0, complaints_a_month: 8.0, inspections_a_day: 2, ..plan.scale };
    let mut deeds = Vec::new();
    let mut known: Option<&str> = None;
    let months = ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05", "2025-06", "2025-07", "2025-08"];
    let ends = [
        "2025-02-01T00:00:00+08:00",
        "2025-03-01T00:00:00+08:00",
        "2025-04-01T00:00:00+08:00",
        "2025-05-01T00:00:00+08:00",
        "2025-06-01T00:00:00+08:00",
        "2025-07-01T00:00:00+08:00",
        "2025-08-01T00:00:00+08:00",
        "2025-09-01T00:00:00+08:00",
    ];
    for (month, end) in months.into_iter().zip(ends).take(length) {
        let window =
            known.map_or_else(|| Window::up_to(at(end)), |known| Window::between(at(known), at(end)));
        let piece: PathBuf = folder.path().join(month);
        std::fs::create_dir(&piece).unwrap();
        write_window(&plan, window, &piece).unwrap();
        deeds.push(deed(&["import", piece.to_str().unwrap()], None));
        deeds.push(deed(&["check", "--as-of", end], None));
        if known.is_some() {
            let before = months[months.iter().position(|m| *m == month).unwrap() - 1];
            deeds.push(deed(&["settle", before, "--as-of", end, "--by", "anna@oem"], Some("is locked")));
            deeds.push(deed(&["review", before, "--by", "anna@oem"], Some("review needs it calculated")));
            deeds.push(deed(&["approve", before, "--by", "bo@oem"], Some("approve needs it reviewed")));
            deeds.push(deed(&["lock", before, "--by", "anna@oem"], Some("is locked")));
        }
        known = Some(end);
    }
    deeds
}

fn begin(farsight: &Farsight) {
    farsight.ok(&[
        "tenant",
        "add",
        "t",
        "--name",
        "T",
        "--simulated",
        "--policy",
        "example-2026",
        "--from",
        "2025-01-01",
    ]);
    for name in ["anna@oem", "bo@oem"] {
        farsight.ok(&["user", "add", name, "--role", "finance"]);
    }
}

/// Runs a command to its end; done already is as good as done.
#[track_caller]
fn finish(farsight: &Farsight, deed: &Deed) {
    let told = farsight.run(&deed.words);
    let done = told.code == Some(0) || deed.done_already.is_some_and(|words| told.err.contains(words));
    assert!(done, "{:?}: {:?}\n{}\n{}", deed.words, told.code, told.out, told.err);
}

/// What must be true of the database at any moment.
fn whole(url: &str) {
    let mut sql = connect(url);
    let tables = texts(&mut sql, "SELECT DISTINCT fact_table AS value FROM imports");
    for table in tables {
        // Every row belongs to a file that is in as a whole, and each such file has all its rows.
        let torn = number(
            &mut sql,
            &format!(
                "SELECT count(*) FROM (SELECT i.import_id FROM imports i LEFT JOIN {table} t USING (tenant_id, import_id)
                 WHERE i.fact_table = '{table}' GROUP BY i.import_id, i.added, i.corrected HAVING count(t.import_id) <> i.added + i.corrected) AS torn"
            ),
        );
        let stray = number(
            &mut sql,
            &format!(
                "SELECT count(*) FROM {table} t WHERE NOT EXISTS (SELECT FROM imports i WHERE i.import_id = t.import_id AND i.fact_table = '{table}')"
            ),
        );
        assert_eq!((torn, stray), (0, 0), "{table}");
    }
    let same = |sql: &mut _, what: &str, one: &str, other: &str| {
        assert_eq!(number(sql, one), number(sql, other), "{what}");
    };
    same(
        &mut sql,
        "each file is in the audit log once",
        "SELECT count(*) FROM imports",
        "SELECT count(*) FROM audit_log WHERE action = 'facts.import'",
    );
    same(
        &mut sql,
        "what runs say they posted",
        "SELECT coalesce(sum(posted), 0) FROM runs",
        "SELECT count(*) FROM entries WHERE kind = 'charge'",
    );
    same(
        &mut sql,
        "what runs say they reversed",
        "SELECT coalesce(sum(reversed), 0) FROM runs",
        "SELECT count(*) FROM entries WHERE kind = 'reversal'",
    );
    same(
        &mut sql,
        "locked months and their lines",
        "SELECT count(DISTINCT period) FROM settlement_lines",
        "SELECT count(*) FROM settlements WHERE status = 'locked'",
    );
    same(
        &mut sql,
        "locks in the audit log",
        "SELECT count(*) FROM audit_log WHERE action = 'settlement.lock'",
        "SELECT count(*) FROM settlements WHERE status = 'locked'",
    );
}

/// The books in words, without what the clock and the order of retries decide.
fn books(url: &str) -> Vec<String> {
    let mut sql = connect(url);
    let mut rows = texts(
        &mut sql,
        "SELECT concat_ws(' ', kind, period, origin_period, family, clause, subject, seat, party_code, dealer_code, region_code, occurred_on, amount, turn) AS value
         FROM entries ORDER BY 1",
    );
    rows.extend(texts(&mut sql, "SELECT concat_ws(' ', family, subject, clause, dealer_code, severity, occurred_on, detail) AS value FROM alerts WHERE resolved_at = 'infinity' ORDER BY 1"));
    rows.extend(texts(&mut sql, "SELECT concat_ws(' ', period, status, reviewed_by, approved_by, locked_by) AS value FROM settlements ORDER BY 1"));
    rows.extend(texts(&mut sql, "SELECT concat_ws(' ', l.*) AS value FROM settlement_lines l ORDER BY 1"));
    for table in [
        "regions",
        "people",
        "dealers",
        "posts",
        "inspections",
        "complaints",
        "complaint_events",
        "work_orders",
        "certificates",
        "employments",
        "rulings",
    ] {
        rows.extend(texts(&mut sql, &format!("SELECT '{table} ' || count(*) || ' ' || count(*) FILTER (WHERE superseded_at = 'infinity') AS value FROM {table}")));
    }
    rows
}

/// The books that the story makes when nobody disturbs it.
fn undisturbed(deeds: &[Deed]) -> Vec<String> {
    let tower = Tower::new();
    let farsight = Farsight::on_database(EXE, &tower.url());
    begin(&farsight);
    deeds.iter().for_each(|deed| finish(&farsight, deed));
    whole(&tower.url());
    let rows = books(&tower.url());
    assert!(
        rows.iter().any(|row| row.starts_with("charge")) && rows.iter().any(|row| row.contains("locked")),
        "the story has books"
    );
    rows
}

/// Starts a command and kills it after so long; whether it was still at work.
fn killed(farsight: &Farsight, deed: &Deed, after: Duration) -> bool {
    let mut child =
        farsight.command(&deed.words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(
                status.code() == Some(0) || deed.done_already.is_some(),
                "{:?} failed undisturbed: {status}",
                deed.words
            );
            return false;
        }
        let left = after.saturating_sub(begun.elapsed());
        if left.is_zero() {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        std::thread::park_timeout(left.min(Duration::from_millis(2)));
    }
}

#[test]
fn fifty_kills_lose_nothing_and_double_nothing() {
    let folder = Folder::new();
    let deeds = story(&folder, 8);
    let expected = undisturbed(&deeds);
    let tower = Tower::new();
    let farsight = Farsight::on_database(EXE, &tower.url());
    begin(&farsight);
    let mut dice = Dice::new(SEED);
    let mut kills = 0;
    // How long a command of each kind takes when it is left alone, as far as it is known.
    let mut lengths = std::collections::BTreeMap::new();
    for (place, deed) in deeds.iter().enumerate() {
        let verb = deed.words[0].clone();
        let rounds = (KILLS - kills.min(KILLS)).div_ceil(deeds.len() - place);
        let mut tries = 0;
        while tries < rounds * 3 && kills * deeds.len() < KILLS * (place + 1) {
            tries += 1;
            let length: Duration = lengths.get(&verb).copied().unwrap_or(Duration::from_millis(400));
            let after = length.mul_f64(dice.below(1_000) as f64 / 1_000.0);
            if killed(&farsight, deed, after) {
                kills += 1;
                whole(&tower.url());
            }
        }
        let begun = Instant::now();
        finish(&farsight, deed);
        lengths.insert(verb, begun.elapsed());
    }
    assert!(kills >= KILLS, "{kills} kills: too few for the test to say something");
    farsight.ok(&["audit", "verify"]);
    whole(&tower.url());
    let given = books(&tower.url());
    let differing: Vec<_> = expected
        .iter()
        .filter(|row| !given.contains(row))
        .chain(given.iter().filter(|row| !expected.contains(row)))
        .take(8)
        .collect();
    assert!(given == expected, "seed {SEED}: {differing:#?}");
}

/// The server's process, by its own file.
fn postmaster(data: &Path) -> Option<Pid> {
    let file = std::fs::read_to_string(data.join("postgres/data/postmaster.pid")).ok()?;
    Pid::from_raw(file.lines().next()?.parse().ok()?)
}

/// A backend that is at work for a command.
fn busy_backend(sql: &mut diesel::PgConnection) -> Option<Pid> {
    let busy = "SELECT pid::text AS value FROM pg_stat_activity WHERE application_name = 'farsight' AND state = 'active' AND pid <> pg_backend_pid()";
    Pid::from_raw(texts(sql, busy).first()?.parse().ok()?)
}

/// The server, or the one process that works for the command, is killed under it: the command says so and stores nothing
/// of its step, and the next command finds a server again.
#[test]
fn a_server_killed_in_the_middle_is_told_and_started_again() {
    let folder = Folder::new();
    let deeds = story(&folder, 4);
    let expected = undisturbed(&deeds);
    let data = tempfile::tempdir().unwrap();
    let farsight = Farsight::on_data(EXE, data.path());
    // As commands run it: what is committed is on disk.
    let durable = Options { search_path: std::env::var_os("PATH"), ..Options::default() };
    let cluster = Cluster::open(data.path(), durable).unwrap();
    begin(&farsight);
    let (mut told_gone, mut kills) = (0, 0);
    for (place, deed) in deeds.iter().enumerate() {
        if ["import", "check", "lock"].contains(&deed.words[0].as_str()) {
            let mut child =
                farsight.command(&deed.words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            // Wait until the command is at work in the database, then kill under it.
            let mut sql = connect(&cluster.url());
            let mut backend = None;
            while backend.is_none() && child.try_wait().unwrap().is_none() {
                backend = busy_backend(&mut sql);
            }
            drop(sql);
            let victim = if place % 4 < 2 { backend } else { postmaster(data.path()) };
            if let Some(victim) = victim {
                kills += usize::from(kill_process(victim, Signal::KILL).is_ok());
            }
            let told = cli::told(child.wait_with_output().unwrap());
            if told.code != Some(0) {
                assert_eq!(told.code, Some(1), "{:?}: {}", deed.words, told.err);
                let says = ["database went away", "cannot connect to the database"]
                    .iter()
                    .any(|words| told.err.contains(words));
                assert!(says, "{:?}: {}", deed.words, told.err);
                told_gone += 1;
            }
        }
        finish_when_back(&farsight, deed);
        whole(&cluster.url());
    }
    assert!(
        kills >= 6 && told_gone >= 3,
        "{kills} kills, {told_gone} told: too few for the test to say something"
    );
    farsight.ok(&["audit", "verify"]);
    assert!(books(&cluster.url()) == expected, "the books are those of an undisturbed run");
    cluster.close().unwrap();
}

/// After a backend's death the server takes a moment to recover, in which it takes no connections: run again when it is back.
fn finish_when_back(farsight: &Farsight, deed: &Deed) {
    let begun = Instant::now();
    loop {
        let told = farsight.run(&deed.words);
        if told.code == Some(0) || deed.done_already.is_some_and(|words| told.err.contains(words)) {
            return;
        }
        let back_soon = told.err.contains("database went away") || told.err.contains("cannot connect");
        assert!(
            back_soon && begun.elapsed() < Duration::from_secs(20),
            "{:?}: {:?}\n{}",
            deed.words,
            told.code,
            told.err
        );
    }
}
