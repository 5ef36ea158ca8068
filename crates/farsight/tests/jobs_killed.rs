//! Two workers and a scheduler killed at random, one every two seconds for two minutes, while jobs of all kinds come due
//! for three tenants: no job lost, none twice in effect, the books as one clean check leaves them, and whatever a dead
//! process held goes on within 15 seconds.

use std::collections::HashMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use farsight_network::{Plan, Scale, write};
use farsight_store::registry::Tenant;
use farsight_store::session::{Isolation, Turn};
use farsight_store::slots::{self, Making};
use farsight_store::{Scope, registry};
use farsight_tests::chance::Dice;
use farsight_tests::office::at;
use farsight_tests::sheets::Folder;
use farsight_tests::tower::{connect, number, texts};
use farsight_tests::{Farsight, Tower};
use rustix::process::{Pid, Signal, kill_process};

const EXE: &str = env!("CARGO_BIN_EXE_farsight");
const SEED: u64 = 3;
const TENANTS: [&str; 3] = ["east", "west", "north"];
const KILLS: usize = 60;
const BETWEEN_KILLS: Duration = Duration::from_secs(2);
/// Slots made before each kill, until there are so many.
const AT_ONCE: usize = 8;
const ALL: usize = 200;
const RECOVERY: Duration = Duration::from_secs(15);

/// A process and how it is started again.
struct Running {
    words: &'static [&'static str],
    child: Child,
}

fn start(farsight: &Farsight, words: &'static [&'static str]) -> Running {
    let child = farsight.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    Running { words, child }
}

fn kill(running: &mut Running, signal: Signal) {
    kill_process(Pid::from_child(&running.child), signal).unwrap();
    running.child.wait().unwrap();
}

/// Three manufacturers with facts that no check has seen.
fn begin(tower: &Tower, folder: &Folder) -> Farsight {
    let farsight = Farsight::on_database(EXE, &tower.url());
    let mut plan = Plan::new(6, 6, at("2025-09-01T00:00:00+08:00"), SEED);
    plan.scale = Scale { orders_a_month: 40.0, complaints_a_month: 8.0, inspections_a_day: 2, ..plan.scale };
    let facts = folder.path().join("facts");
    if !facts.exists() {
        std::fs::create_dir(&facts).unwrap();
        write(&plan, &facts).unwrap();
    }
    for tenant in TENANTS {
        let words =
            ["tenant", "add", tenant, "--name", tenant, "--policy", "example-2026", "--from", "2025-03-01"];
        farsight.ok(&words);
        farsight.ok(&["import", facts.to_str().unwrap(), "--tenant", tenant]);
    }
    farsight
}

/// Makes some slots due; each in the past and another one, of each job in turn.
fn make(tower: &Tower, tenants: &[Tenant], from: usize, count: usize) {
    let mut session = tower.database.session().unwrap();
    let kinds: Vec<&str> = farsight_jobs::JOBS.iter().map(|job| job.name).collect();
    for number in from..(from + count).min(ALL) {
        let due =
            farsight_rulebook::time::Instant(at("2025-10-01T00:00:00+08:00").0 + number as i64 * 1_000_000);
        let scope: Scope = tenants[number % tenants.len()].network();
        let job = kinds[(number / tenants.len()) % kinds.len()];
        session
            .transaction(scope, Isolation::ReadCommitted, |tx| {
                slots::add(tx, job, &[(due, "")], Making { at: due, priority: 0, called: true })
            })
            .unwrap();
    }
}

/// Visits to dealers are due all day long: those to come are no concern here.
const UNFINISHED: &str = "state IN ('queued', 'waiting', 'running', 'retry') AND due_at <= now()";

/// What is due and not over.
fn unfinished(sql: &mut diesel::pg::PgConnection) -> Vec<String> {
    let told = "concat_ws(' ', tenant_id, job, due_at, part, state, starts, failures, losses, outcome)";
    texts(sql, &format!("SELECT {told} AS value FROM slots WHERE {UNFINISHED} ORDER BY due_at"))
}

/// What a process holds: slots, and how often they were begun.
fn held_by(sql: &mut diesel::pg::PgConnection, pid: u32) -> Vec<String> {
    texts(
        sql,
        &format!(
            "SELECT concat_ws('|', tenant_id, job, extract(epoch FROM due_at), part, starts) AS value FROM slots
             WHERE state = 'running' AND worker LIKE 'farsight-{pid}-%'"
        ),
    )
}

/// Takes or gives back the turn at the books of each tenant.
fn books(sql: &mut diesel::pg::PgConnection, tenants: &[Tenant], how: &str) {
    for tenant in tenants {
        texts(sql, &format!("SELECT {how}({}, {})::text AS value", Turn::Books as i32, tenant.id));
    }
}

/// What still is as a dead process left it.
fn still_held(sql: &mut diesel::pg::PgConnection, held: &HashMap<String, Instant>) -> Vec<String> {
    let now: Vec<String> = texts(
        sql,
        "SELECT concat_ws('|', tenant_id, job, extract(epoch FROM due_at), part, starts) AS value FROM slots WHERE state = 'running'",
    );
    held.keys().filter(|key| now.contains(key)).cloned().collect()
}

#[test]
fn workers_killed_at_random_lose_nothing_and_do_nothing_twice() {
    let folder = Folder::new();
    let (tower, clean) = (Tower::new(), Tower::new());
    let farsight = begin(&tower, &folder);
    farsight.ok(&["jobs", "list", "--tenant", "east"]);
    let tenants = registry::tenants(&tower.database).unwrap();
    let mut running: Vec<Running> = [&["work"][..], &["work"], &["work", "--only-schedule"]]
        .into_iter()
        .map(|words| start(&farsight, words))
        .collect();
    let mut sql = connect(&tower.url());
    // The queue's tables are made by whoever comes first.
    while number(
        &mut sql,
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'apalis' AND tablename = 'workers'",
    ) == 0
        || !farsight_store::slots::is_ready(&tower.database).unwrap()
    {
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let mut dice = Dice::new(SEED);
    let mut orphans: HashMap<String, Instant> = HashMap::new();
    let (mut made, mut slowest, mut orphaned) = (0, Duration::ZERO, 0);
    for _ in 0..KILLS {
        let began = Instant::now();
        // While the test has a tenant's turn at the books, its checks are begun and do not end: the kill hits them.
        books(&mut sql, &tenants, "pg_advisory_lock");
        make(&tower, &tenants, made, AT_ONCE);
        made += AT_ONCE;
        let pause = Duration::from_millis(100 + dice.below(900) as u64);
        std::thread::park_timeout(pause);
        let victim = dice.below(3);
        let pid = running[victim].child.id();
        kill(&mut running[victim], Signal::KILL);
        for slot in held_by(&mut sql, pid) {
            orphaned += 1;
            orphans.insert(slot, Instant::now());
        }
        books(&mut sql, &tenants, "pg_advisory_unlock");
        let words = running[victim].words;
        running[victim] = start(&farsight, words);
        while began.elapsed() < BETWEEN_KILLS {
            slowest = slowest.max(recover(&mut sql, &mut orphans));
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
    let began = Instant::now();
    let is_quiet = |sql: &mut _| number(sql, &format!("SELECT count(*) FROM slots WHERE {UNFINISHED}")) == 0;
    while !(is_quiet(&mut sql) && orphans.is_empty()) && began.elapsed() < Duration::from_secs(90) {
        slowest = slowest.max(recover(&mut sql, &mut orphans));
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let open = unfinished(&mut sql);
    assert_eq!(open, Vec::<String>::new(), "seed {SEED}: everything ended");
    for process in &mut running {
        kill(process, Signal::TERM);
    }
    eprintln!("{orphaned} slots were running in a killed process; the slowest went on after {slowest:?}");
    assert!(orphaned > 0, "seed {SEED}: no kill hit anything, so nothing was shown");
    assert!(slowest <= RECOVERY, "seed {SEED}: recovery took {slowest:?}");
    let past = "due_at < '2025-10-02'";
    assert_eq!(number(&mut sql, &format!("SELECT count(*) FROM slots WHERE {past}")), ALL as i64);
    let others = texts(
        &mut sql,
        "SELECT job || ' ' || state || ' ' || coalesce(outcome, '') AS value FROM slots WHERE state NOT IN ('done', 'missed') AND due_at <= now()",
    );
    assert_eq!(others, Vec::<String>::new(), "seed {SEED}");
    assert_eq!(
        number(&mut sql, &format!("SELECT count(*) FROM slots WHERE {past} AND state = 'done'")),
        ALL as i64,
        "seed {SEED}: a called slot is never missed"
    );
    same_books(&farsight, &begin(&clean, &folder));
}

#[test]
fn a_worker_told_to_stop_ends_what_runs_and_gives_back_what_it_only_took() {
    let folder = Folder::new();
    let tower = Tower::new();
    let farsight = begin(&tower, &folder);
    let tenants = registry::tenants(&tower.database).unwrap();
    let mut sql = connect(&tower.url());
    let mut worker = start(&farsight, &["work", "--at-once", "2"]);
    let wait_until = |sql: &mut diesel::pg::PgConnection, query: &str, wanted: i64| {
        let began = Instant::now();
        while !farsight_store::slots::is_ready(&tower.database).unwrap() || number(sql, query) != wanted {
            assert!(
                began.elapsed() < Duration::from_mins(1),
                "{query} is not {wanted}: {:#?}",
                unfinished(sql)
            );
            std::thread::park_timeout(Duration::from_millis(50));
        }
    };
    // The first run is over: what was due by schedule is done.
    wait_until(&mut sql, &format!("SELECT count(*) FROM slots WHERE {UNFINISHED}"), 0);
    books(&mut sql, &tenants, "pg_advisory_lock");
    make(&tower, &tenants, 0, 40);
    let running = "SELECT count(*) FROM slots WHERE state = 'running'";
    // Both that may run wait for the books, which are held here: not some job that touches none and ends at once.
    let held_back = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    wait_until(&mut sql, held_back, 2);
    kill_process(Pid::from_child(&worker.child), Signal::TERM).unwrap();
    std::thread::park_timeout(Duration::from_millis(500));
    assert!(worker.child.try_wait().unwrap().is_none(), "it waits for what runs");
    books(&mut sql, &tenants, "pg_advisory_unlock");
    let began = Instant::now();
    let status = worker.child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < Duration::from_secs(20), "it stopped after {:?}", began.elapsed());
    assert_eq!(number(&mut sql, running), 0, "what ran has ended");
    assert_eq!(number(&mut sql, "SELECT count(*) FROM slots WHERE losses > 0"), 0);
    let left = number(&mut sql, &format!("SELECT count(*) FROM slots WHERE {UNFINISHED}"));
    assert!(left > 0, "it began nothing new");
    let held = "SELECT count(*) FROM apalis.jobs WHERE status IN ('Queued', 'Running')";
    assert_eq!(number(&mut sql, held), 0, "{left} slots are left, and nobody holds them");
    let mut next = start(&farsight, &["work"]);
    wait_until(&mut sql, &format!("SELECT count(*) FROM slots WHERE {UNFINISHED}"), 0);
    kill(&mut next, Signal::TERM);
}

/// Takes out what goes on again; gives how long the slowest of it took.
fn recover(sql: &mut diesel::pg::PgConnection, orphans: &mut HashMap<String, Instant>) -> Duration {
    if orphans.is_empty() {
        return Duration::ZERO;
    }
    let held = still_held(sql, orphans);
    let mut slowest = Duration::ZERO;
    orphans.retain(|slot, since| {
        slowest = slowest.max(since.elapsed());
        held.contains(slot)
    });
    slowest
}

/// The disturbed books are those of one clean check, and their audit chain is whole.
fn same_books(disturbed: &Farsight, clean: &Farsight) {
    for tenant in TENANTS {
        let at_once = ["check", "--full", "--tenant", tenant];
        clean.ok(&at_once);
        let last = disturbed.ok(&["check", "--full", "--json", "--tenant", tenant]);
        assert!(last.contains(r#""posted":0"#) && last.contains(r#""reversed":0"#), "{last}");
        disturbed.ok(&["audit", "verify", "--tenant", tenant]);
        let books = |farsight: &Farsight| {
            let ndjson = farsight.ok(&["export", "entries", "--format", "ndjson", "--tenant", tenant]);
            let mut live: HashMap<String, i64> = HashMap::new();
            for line in ndjson.lines() {
                let entry: serde_json::Value = serde_json::from_str(line).unwrap();
                let key = ["clause", "subject", "seat", "party_code", "occurred_on"]
                    .map(|column| entry[column].to_string())
                    .join(" ");
                let amount = entry["amount"].to_string().replace(['"', '.'], "");
                *live.entry(key).or_default() += amount.parse::<i64>().unwrap();
            }
            live.retain(|_, net| *net != 0);
            let mut lines: Vec<String> = live.into_iter().map(|(key, net)| format!("{key} {net}")).collect();
            lines.sort();
            lines
        };
        let (one, other) = (books(disturbed), books(clean));
        assert!(one.len() > 20, "there is something to compare");
        assert_eq!(one, other, "{tenant}");
    }
}
