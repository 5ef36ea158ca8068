//! The job `watches` as a worker carries it out, over a folder that others put files into: each file once, its result beside it,
//! whatever is killed when.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use farsight_cameras::{Fetcher, SystemResolver, system_trust};
use farsight_control::watches::{self, Fetched, New, Places};
use farsight_control::{alerts, tokens};
use farsight_courier::{Courier, Settings};
use farsight_evidence::watched::Watched as Place;
use farsight_jobs::job::{Turn, Work};
use farsight_jobs::means::{Tenants, Watched};
use farsight_jobs::watch::Nobody;
use farsight_jobs::{JOBS, Means};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{Instant, MINUTE};
use farsight_store::pool::Pool;
use farsight_store::slots::{Ending, Key};
use farsight_store::watches::Watch;
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, gzip, sheet};
use farsight_tests::tower::{number, texts};
use farsight_tests::{Office, Tower};
use serde_json::Value;

const START: &str = "2026-03-10 09:00";

struct World {
    tower: Tower,
    office: Office,
    means: Arc<Means>,
    clock: Arc<AtomicI64>,
    folder: tempfile::TempDir,
}

/// A tenant whose headquarters' machine may send all, and whose places are in a folder.
async fn world() -> World {
    let (tower, folder) = (Tower::new(), tempfile::tempdir().unwrap());
    let office = tokio::task::block_in_place(|| {
        let mut office = Office::since(&tower, "t", "example-2026", START);
        for (name, role) in [("dms", Role::Hq), ("operator", Role::Operator)] {
            let new = tokens::New {
                name: name.to_owned(),
                role,
                regions: Vec::new(),
                dealers: Vec::new(),
                tables: Vec::new(),
                reads: true,
                acts: false,
                days: 1,
                rate: 1,
            };
            tokens::add(&mut office.desk, &sealer(), &new).unwrap();
        }
        office
    });
    let clock = Arc::new(AtomicI64::new(at(START).0));
    let ticking = Arc::clone(&clock);
    let evidence = format!("file://{}", folder.path().join("evidence").display());
    let inbox = folder.path().join("in");
    std::fs::create_dir(&inbox).unwrap();
    let places = Places([("t".to_owned(), vec![url(&inbox)])].into());
    let means = Means {
        database: tower.database.clone(),
        pool: Pool::open(&tower.database, 4).unwrap(),
        clock: Arc::new(move || Instant(ticking.load(Ordering::Relaxed))),
        sealer: sealer(),
        evidence: farsight_evidence::Store::open(&evidence, [], 7).await.unwrap(),
        fetcher: Fetcher::new(Arc::new(SystemResolver), Arc::new(|| [7; 16]), system_trust().unwrap()),
        courier: Arc::new(Courier::new(&Settings::default()).unwrap()),
        watch: Arc::new(Nobody),
        watched: Watched { places, settings: Vec::new() },
        tenants: Tenants::default(),
    };
    World { tower, office, means: Arc::new(means), clock, folder }
}

fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

impl World {
    fn inbox(&self) -> PathBuf {
        self.folder.path().join("in")
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.inbox().join(name), text).unwrap();
    }

    fn watch(&mut self, tables: &[&str], lenient: bool) {
        let new = New {
            code: "dms".to_owned(),
            url: url(&self.inbox()),
            sender: "dms".to_owned(),
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
            lenient,
        };
        watches::add(&mut self.office.desk, &self.means.watched.places, &new).unwrap();
    }

    /// A minute passes, and the job is carried out.
    async fn look(&self) -> String {
        match self.carry_out().await.unwrap() {
            Ending::Done(told) => told,
            other => panic!("{other:?}"),
        }
    }

    async fn carry_out(&self) -> anyhow::Result<Ending> {
        self.clock.fetch_add(MINUTE, Ordering::Relaxed);
        let job = JOBS.iter().find(|job| job.name == "watches").unwrap();
        let key = Key { job: job.name.to_owned(), due_at: self.means.now(), part: String::new() };
        let turn = Turn { key, stands_for: 0, failures: 0, means: Arc::clone(&self.means) };
        let Work::Abroad(work) = job.work else { panic!("it waits for the network") };
        work(turn, self.office.desk.tenant.clone()).await
    }

    fn result(&self, name: &str) -> Option<Value> {
        let text = std::fs::read_to_string(self.inbox().join(format!("{name}.result.json"))).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }

    /// A file that is fetched from the place, which is watched as it is listed.
    async fn fetched(&mut self) -> (Watch, Vec<Fetched>) {
        let again =
            "UPDATE users SET disabled_at = NULL, role = 'hq', dealers = '{}' WHERE email = 'machine:dms'";
        farsight_tests::tower::run(&mut self.tower.sql(), again);
        self.watch(&["all"], false);
        self.put("regions.csv", REGIONS);
        self.look().await;
        let marks = texts(&mut self.tower.sql(), "SELECT mark AS value FROM watched_files");
        assert_eq!(marks.len(), 1);
        let at = Some(self.inbox().join("regions.csv"));
        let file = Fetched { name: "regions.csv".to_owned(), mark: marks[0].clone(), at };
        (watches::list(&mut self.office.desk).unwrap().remove(0), vec![file])
    }

    /// Takes in what was fetched; says how many files were.
    fn take_in(&mut self, (listed, fetched): &(Watch, Vec<Fetched>)) -> usize {
        watches::take_in(&mut self.office.desk, listed, fetched).unwrap().len()
    }

    fn count(&self, table: &str) -> i64 {
        number(&mut self.tower.sql(), &format!("SELECT count(*) FROM {table}"))
    }

    fn imports(&self) -> Vec<String> {
        texts(
            &mut self.tower.sql(),
            "SELECT fact_table || ' ' || source AS value FROM imports ORDER BY import_id",
        )
    }
}

const REGIONS: &str = "region_code,name\nR1,North\n";
const DEALERS: &str = "dealer_code,name,region_code,opened_on\nA1,One,R1,2020-01-01\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_arrive_together_are_taken_in_by_their_order_and_once() {
    let mut world = world().await;
    world.watch(&["all"], false);
    let bays = b"dealer_code,effective_on,bays\nA1,2026-01-01,4\n";
    std::fs::write(world.inbox().join("bays.csv.gz"), gzip(bays)).unwrap();
    let book = Folder::workbook(&[sheet("people", "person_code | name\nP1 | One")]);
    std::fs::copy(book.path().join("facts.xlsx"), world.inbox().join("staff.xlsx")).unwrap();
    world.put("dealers.csv", DEALERS);
    world.put("regions.csv", REGIONS);
    assert_eq!(
        world.look().await,
        "0 files looked through, 0 places could not be looked at",
        "they may be being written"
    );
    assert_eq!(world.look().await, "4 files looked through, 0 places could not be looked at");
    for table in ["regions", "dealers", "bays", "people"] {
        assert_eq!(world.count(table), 1, "{table}");
    }
    let imports = world.imports();
    assert_eq!(imports.len(), 4, "{imports:?}");
    assert!(imports.contains(&"people dms/staff.xlsx [people]".to_owned()), "{imports:?}");
    let by = texts(&mut world.tower.sql(), "SELECT DISTINCT imported_by AS value FROM imports");
    assert_eq!(by, ["machine:dms"], "in the name of the watch's machine");
    let result = world.result("dealers.csv").unwrap();
    assert_eq!(
        (result["status"].as_str(), result["tables"][0]["new"].as_u64()),
        (Some("imported"), Some(1)),
        "{result}"
    );
    for name in ["bays.csv.gz", "staff.xlsx", "regions.csv"] {
        assert_eq!(world.result(name).unwrap()["status"], "imported", "{name}");
    }
    for _ in 0..3 {
        world.look().await;
    }
    assert_eq!(world.imports().len(), 4, "each once");
    // Another content is another file.
    world.put("regions.csv", "region_code,name\nR1,North\nR2,South\n");
    world.look().await;
    world.look().await;
    assert_eq!((world.imports().len(), world.count("regions")), (5, 2));
    world.office.audit_links();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_grows_is_left_until_it_is_whole() {
    let mut world = world().await;
    world.watch(&["regions"], false);
    let mut text = "region_code,name\n".to_owned();
    for number in 0..4 {
        text.push_str(&format!("R{number},Region {number}\n"));
        world.put("regions.csv", &text);
        world.look().await;
        assert_eq!(world.count("regions"), 0, "it is another one at each look");
    }
    world.look().await;
    assert_eq!((world.count("regions"), world.imports().len()), (4, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_file_is_told_row_by_row_and_tried_again_when_it_has_changed() {
    let mut world = world().await;
    world.watch(&["regions", "dealers"], false);
    world.put("regions.csv", "region_code,name\nR1,North\nbad code,x\n");
    world.put("bays.csv", "dealer_code,effective_on,bays\nA1,2026-01-01,4\n");
    world.put("sales.csv", "a\n1\n");
    world.put("people.xlsx", "this is no workbook");
    for _ in 0..4 {
        world.look().await;
    }
    assert_eq!((world.count("regions"), world.imports().len()), (0, 0));
    let told = world.result("regions.csv").unwrap();
    let error = &told["errors"][0];
    assert_eq!((told["status"].as_str(), told["error_count"].as_u64()), (Some("refused"), Some(1)), "{told}");
    assert_eq!(
        (error["line"].as_u64(), error["column"].as_str(), error["value"].as_str()),
        (Some(3), Some("region_code"), Some("bad code"))
    );
    assert!(
        !error["reason"].as_str().unwrap().is_empty() && !error["remedy"].as_str().unwrap().is_empty(),
        "{error}"
    );
    for (name, code) in [("bays.csv", "table_not_taken"), ("sales.csv", "unknown_name")] {
        let told = world.result(name).unwrap();
        assert_eq!(told["errors"][0]["code"], code, "{told}");
        assert!(!told.to_string().contains("/tmp"), "where copies lie is nobody's concern: {told}");
    }
    assert_eq!(world.result("people.xlsx").unwrap()["status"], "refused");
    let tries = "SELECT count(*) FROM watched_files WHERE state = 'done'";
    assert_eq!(number(&mut world.tower.sql(), tries), 4);
    world.put("regions.csv", REGIONS);
    world.look().await;
    world.look().await;
    assert_eq!(
        (world.count("regions"), world.result("regions.csv").unwrap()["status"].as_str()),
        (1, Some("imported"))
    );
    // Without bad rows, where the watch says so.
    world.watch(&["all"], true);
    world.put("regions-2.csv", "region_code,name\nR2,South\nbad code,x\n");
    world.look().await;
    world.look().await;
    let told = world.result("regions-2.csv").unwrap();
    assert_eq!(
        (told["status"].as_str(), told["tables"][0]["refused"].as_u64()),
        (Some("imported-without-bad-rows"), Some(1))
    );
    assert_eq!(world.count("regions"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_importing_and_telling_nothing_is_imported_twice_and_all_is_told() {
    let mut world = world().await;
    world.watch(&["regions"], false);
    world.put("regions.csv", REGIONS);
    world.look().await;
    // A program that takes the file in and is killed before it writes the result.
    let watch = watches::list(&mut world.office.desk).unwrap().remove(0);
    let place = Place::open(&watch.url, &watch.url, []).unwrap();
    let file = place.look().await.unwrap().remove(0);
    let fetched = [Fetched { name: file.name, mark: file.mark, at: Some(world.inbox().join("regions.csv")) }];
    assert_eq!(watches::take_in(&mut world.office.desk, &watch, &fetched).unwrap().len(), 1);
    assert!(world.result("regions.csv").is_none());
    // Another that had looked before finds it done.
    assert!(watches::take_in(&mut world.office.desk, &watch, &fetched).unwrap().is_empty());
    world.look().await;
    assert_eq!(
        (world.imports().len(), world.result("regions.csv").unwrap()["status"].as_str()),
        (1, Some("imported"))
    );
    // Killed between writing the result and remembering it: it is written again, the same.
    let before = world.result("regions.csv");
    farsight_tests::tower::run(&mut world.tower.sql(), "UPDATE watched_files SET told = false");
    std::fs::remove_file(world.inbox().join("regions.csv.result.json")).unwrap();
    world.look().await;
    assert_eq!((world.imports().len(), world.result("regions.csv")), (1, before));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_network_sends_its_own_and_places_are_the_operators_word() {
    let mut world = world().await;
    world.watch(&["all"], false);
    world.put("regions.csv", REGIONS);
    world.put("dealers.csv", &format!("{DEALERS}A2,Two,R1,2020-01-01\n"));
    world.look().await;
    world.look().await;
    let new = tokens::New {
        name: "a1".to_owned(),
        role: Role::Dealer,
        regions: Vec::new(),
        dealers: vec!["A1".to_owned()],
        tables: Vec::new(),
        reads: true,
        acts: false,
        days: 1,
        rate: 1,
    };
    tokens::add(&mut world.office.desk, &sealer(), &new).unwrap();
    let below = world.inbox().join("a1");
    std::fs::create_dir(&below).unwrap();
    let places = world.means.watched.places.clone();
    let with = |change: &dyn Fn(&mut New)| {
        let mut new = New {
            code: "a1".to_owned(),
            url: url(&below),
            sender: "a1".to_owned(),
            tables: vec!["bays".to_owned()],
            lenient: false,
        };
        change(&mut new);
        new
    };
    for (new, code) in [
        (with(&|new| new.code = "a 1".to_owned()), "watch_code"),
        (with(&|new| new.url = "file:///etc".to_owned()), "watch_place"),
        (with(&|new| new.url = format!("{}/../evidence", new.url)), "watch_place"),
        (with(&|new| new.sender = "nobody".to_owned()), "watch_sender"),
        (with(&|new| new.tables = vec!["rulings".to_owned()]), "token_tables"),
        (with(&|new| new.sender = "operator".to_owned()), "token_tables"),
    ] {
        assert_eq!(watches::add(&mut world.office.desk, &places, &new).unwrap_err().code(), code, "{new:?}");
    }
    watches::add(&mut world.office.desk, &places, &with(&|_| ())).unwrap();
    std::fs::write(below.join("bays.csv"), "dealer_code,effective_on,bays\nA2,2026-01-01,4\n").unwrap();
    std::fs::write(below.join("bays-own.csv"), "dealer_code,effective_on,bays\nA1,2026-01-01,4\n").unwrap();
    world.look().await;
    world.look().await;
    let told = std::fs::read_to_string(below.join("bays.csv.result.json")).unwrap();
    assert!(told.contains("unknown_reference"), "another's dealer is as one that is not there: {told}");
    assert_eq!(world.count("bays"), 1);
    assert!(below.join("bays-own.csv.result.json").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_is_away_is_an_alert_until_it_is_back() {
    let mut world = world().await;
    world.watch(&["all"], false);
    let moved = world.folder.path().join("moved");
    std::fs::rename(world.inbox(), &moved).unwrap();
    assert_eq!(world.look().await, "0 files looked through, 1 places could not be looked at");
    let open = |world: &World| {
        texts(
            &mut world.tower.sql(),
            "SELECT subject AS value FROM alerts WHERE clause = 'watch-away' AND resolved_at = 'infinity'",
        )
    };
    alerts::tend(&mut world.office.desk).unwrap();
    assert_eq!(open(&world), ["watch:dms"]);
    std::fs::rename(&moved, world.inbox()).unwrap();
    world.look().await;
    alerts::tend(&mut world.office.desk).unwrap();
    assert!(open(&world).is_empty());
    // Where the result cannot be written it is owed.
    world.put("regions.csv", REGIONS);
    if !rights_hold(&world.inbox()) {
        return; // this user may write everywhere
    }
    world.look().await;
    world.look().await;
    assert_eq!((world.count("regions"), world.result("regions.csv")), (1, None));
    std::fs::set_permissions(world.inbox(), Permissions::from_mode(0o755)).unwrap();
    world.look().await;
    assert_eq!(world.result("regions.csv").unwrap()["status"], "imported");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_whose_tokens_are_revoked_sends_nothing_more() {
    let mut world = world().await;
    world.watch(&["all"], false);
    tokens::revoke(&mut world.office.desk, "dms").unwrap();
    world.put("regions.csv", REGIONS);
    world.look().await;
    assert_eq!(world.look().await, "0 files looked through, 1 places could not be looked at");
    assert_eq!((world.count("regions"), world.result("regions.csv")), (0, None));
    alerts::tend(&mut world.office.desk).unwrap();
    let told = "SELECT detail::json->>'why' AS value FROM alerts WHERE clause = 'watch-away' AND resolved_at = 'infinity'";
    let told = texts(&mut world.tower.sql(), told);
    assert!(told.len() == 1 && told[0].contains("revoked"), "{told:?}");
    world.watch(&["all"], false);
    world.look().await;
    world.look().await;
    assert_eq!(world.count("regions"), 1, "somebody has added it again");
}

/// A round lists the watches once and may fetch for minutes: what was listed is looked at again when files are taken in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shut_while_files_are_fetched_takes_none_in() {
    let mut world = world().await;
    let sql = |world: &mut World, set: &str| {
        let query = format!("UPDATE users SET {set} WHERE email = 'machine:dms'");
        farsight_tests::tower::run(&mut world.tower.sql(), &query);
    };
    let changes: [&dyn Fn(&mut World); 4] = [
        &|world| assert_eq!(tokens::revoke(&mut world.office.desk, "dms").unwrap(), 1),
        &|world| sql(world, "disabled_at = now()"),
        &|world| sql(world, "role = 'dealer', dealers = '{A1}'"),
        &|world| watches::remove(&mut world.office.desk, "dms").unwrap(),
    ];
    for change in changes {
        let fetched = world.fetched().await;
        change(&mut world);
        assert_eq!(world.take_in(&fetched), 0);
        assert_eq!((world.count("regions"), world.result("regions.csv")), (0, None));
    }
    let fetched = world.fetched().await;
    assert_eq!((world.take_in(&fetched), world.count("regions")), (1, 1), "what stands as it was listed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_takes_what_its_user_may_send_now() {
    let mut world = world().await;
    world.watch(&["all"], false);
    let lost = "UPDATE users SET role = 'dealer', dealers = '{A1}' WHERE email = 'machine:dms'";
    farsight_tests::tower::run(&mut world.tower.sql(), lost);
    world.put("regions.csv", REGIONS);
    world.look().await;
    world.look().await;
    assert_eq!(world.count("regions"), 0);
    assert_eq!(world.result("regions.csv").unwrap()["errors"][0]["code"], "table_not_taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_read_keeps_no_other_waiting() {
    let mut world = world().await;
    world.watch(&["all"], false);
    world.put("regions.csv", REGIONS);
    world.put("dealers.csv", DEALERS);
    let unreadable = world.inbox().join("dealers.csv");
    std::fs::set_permissions(&unreadable, Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&unreadable).is_ok() {
        return; // this user may read everything
    }
    world.look().await;
    assert_eq!(world.look().await, "1 files looked through, 0 places could not be looked at");
    assert_eq!(world.result("regions.csv").unwrap()["status"], "imported");
    let why = "SELECT last_error AS value FROM watches WHERE failing_since IS NOT NULL";
    assert!(texts(&mut world.tower.sql(), why)[0].starts_with("dealers.csv"));
    std::fs::set_permissions(&unreadable, Permissions::from_mode(0o644)).unwrap();
    world.look().await;
    assert_eq!(world.count("dealers"), 1);
    assert!(texts(&mut world.tower.sql(), why).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_that_fails_keeps_no_other_waiting() {
    let mut world = world().await;
    world.watch(&["all"], false);
    let below = world.inbox().join("first");
    std::fs::create_dir(&below).unwrap();
    let first = New {
        code: "a-first".to_owned(),
        url: url(&below),
        sender: "dms".to_owned(),
        tables: vec!["all".to_owned()],
        lenient: false,
    };
    watches::add(&mut world.office.desk, &world.means.watched.places, &first).unwrap();
    let fails = "ALTER TABLE watched_files ADD CONSTRAINT fails CHECK (watch_code <> 'a-first')";
    farsight_tests::tower::run(&mut world.tower.sql(), fails);
    std::fs::write(below.join("dealers.csv"), DEALERS).unwrap();
    world.put("regions.csv", REGIONS);
    for _ in 0..2 {
        let why = world.carry_out().await.unwrap_err().to_string();
        assert!(why.starts_with("a-first: "), "{why}");
    }
    assert_eq!(world.result("regions.csv").unwrap()["status"], "imported");
}

/// Takes the right to write a folder away; says whether that keeps this user from it.
fn rights_hold(folder: &Path) -> bool {
    std::fs::set_permissions(folder, Permissions::from_mode(0o555)).unwrap();
    let probe = folder.join("probe.tmp");
    let kept_out = std::fs::write(&probe, "").is_err();
    if !kept_out {
        std::fs::remove_file(probe).unwrap();
        std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
    kept_out
}
