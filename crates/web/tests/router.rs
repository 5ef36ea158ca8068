//! Each route answers, on a real socket; what is not there is 404; whatever is asked, the metrics stay bounded.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use farsight_control::metrics::{Metrics, series_per_tenant};
use farsight_rulebook::tables::TABLES;
use farsight_rulebook::time::Instant;
use farsight_store::pool::Pool;
use farsight_store::{Database, schema};
use farsight_tests::tower::{run, texts};
use farsight_tests::{Office, Tower};
use farsight_web::{App, Front, Parts, router};
use prometheus::Registry;

const JOBS: &[&str] = &["import-watch", "sweep"];

/// The program's web part, over a database, with a clock that the test turns.
struct Served {
    address: SocketAddr,
    clock: Arc<AtomicI64>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    serving: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn over(database: Database) -> Self {
        let registry = Registry::new();
        let metrics = Arc::new(Metrics::register(&registry, JOBS).unwrap());
        let clock = Arc::new(AtomicI64::new(0));
        let hand = Arc::clone(&clock);
        let clock_of_app = Arc::new(move || Instant(hand.load(Ordering::Relaxed)));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let serving = std::thread::spawn(move || {
            runtime.block_on(async {
                let evidence = tempfile::tempdir().unwrap();
                let url = format!("file://{}", evidence.path().display());
                let parts = Parts {
                    pool: Pool::open(&database, 2).unwrap(),
                    database,
                    registry,
                    metrics,
                    clock: clock_of_app,
                    sealer: farsight_tests::office::sealer(),
                    providers: Arc::new(
                        farsight_identity::Providers::new(&farsight_courier::Reach::public()).unwrap(),
                    ),
                    reach: farsight_courier::Reach::public(),
                    evidence: farsight_evidence::Store::open(&url, [], 1).await.unwrap(),
                    accounts: farsight_ledger::journal::Accounts::default(),
                    front: Front { address: "http://x".to_owned(), secure: false, behind_proxy: false },
                };
                let app = App::new(parts).unwrap();
                let listener = farsight_web::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let stop = async { drop(stopped.await) };
                farsight_web::serve(listener, router(app), stop).await.unwrap();
            });
        });
        Self { address: told.recv().unwrap(), clock, stop: Some(stop), serving: Some(serving) }
    }

    /// Lets time pass.
    fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// Asks; gives status, head and body.
    fn ask(&self, method: &str, path: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).unwrap();
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.ask("GET", path);
        (status, body)
    }

    /// The metrics, after their look at the database has grown old.
    fn metrics(&self) -> String {
        self.later(60);
        let (status, body) = self.get("/metrics");
        assert_eq!(status, 200, "{body}");
        body
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.serving.take().map(std::thread::JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

/// The value of a series, as it is written.
fn value<'m>(metrics: &'m str, series: &str) -> Option<&'m str> {
    metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

#[track_caller]
fn says(metrics: &str, series: &str, expected: &str) {
    assert_eq!(value(metrics, series), Some(expected), "{series} in\n{metrics}");
}

fn lines(metrics: &str) -> usize {
    metrics.lines().filter(|line| !line.starts_with('#')).count()
}

/// A table of a queue, as far as readiness looks.
fn with_queue(tower: &Tower) {
    run(
        &mut tower.sql(),
        "CREATE SCHEMA apalis; CREATE TABLE apalis.jobs (id text); CREATE TABLE apalis.workers (id text);
         GRANT USAGE ON SCHEMA apalis TO farsight_app; GRANT INSERT ON apalis.jobs TO farsight_app",
    );
}

#[test]
fn each_route_answers_and_nothing_else_is_there() {
    let tower = Tower::new();
    with_queue(&tower);
    let served = Served::over(tower.database.clone());
    let ready = r#"{"ready":true,"database":"ok","schema":"ok","queue":"ok"}"#;
    for (method, path, status, says) in [
        ("GET", "/healthz", 200, r#"{"alive":true}"#),
        ("GET", "/readyz", 200, ready),
        ("GET", "/readyz?x=1", 200, ready),
        ("GET", "/metrics", 200, "farsight_build_info{version="),
        ("HEAD", "/healthz", 200, ""),
        ("POST", "/healthz", 405, r#"{"error":"method_not_allowed"}"#),
        ("GET", "/", 401, r#"{"error":"sign_in"}"#),
        ("GET", "/healthz/", 404, r#"{"error":"not_found"}"#),
        ("GET", "/metrics/..%2f", 404, r#"{"error":"not_found"}"#),
        ("GET", "/dealers/D001?q=%E7%8E%8B", 401, r#"{"error":"sign_in"}"#),
        ("GET", "/dealers/D001/weather", 404, r#"{"error":"not_found"}"#),
    ] {
        let (code, head, body) = served.ask(method, path);
        assert_eq!(code, status, "{method} {path}: {body}");
        assert!(body.contains(says), "{method} {path}: {body}");
        for guard in ["x-content-type-options: nosniff", "x-frame-options: DENY", "cache-control: no-store"] {
            assert!(head.contains(guard), "{method} {path} lacks `{guard}`:\n{head}");
        }
    }
}

#[test]
fn not_ready_says_what_is_missing_and_is_alive_all_the_same() {
    let gone = Served::over(Database::at("postgres:///farsight?host=/nowhere"));
    assert_eq!(gone.get("/healthz").0, 200);
    let (status, body) = gone.get("/readyz");
    assert_eq!(status, 503);
    assert_eq!(body, r#"{"ready":false,"database":"unreachable","schema":"unknown","queue":"unknown"}"#);

    let tower = Tower::empty();
    let behind = Served::over(tower.database.clone());
    let (status, body) = behind.get("/readyz");
    assert_eq!(
        (status, &*body),
        (503, r#"{"ready":false,"database":"ok","schema":"behind","queue":"missing"}"#)
    );
    schema::migrate(&tower.database).unwrap();
    let (status, body) = behind.get("/readyz");
    assert_eq!((status, &*body), (503, r#"{"ready":false,"database":"ok","schema":"ok","queue":"missing"}"#));
    with_queue(&tower);
    assert_eq!(behind.get("/readyz").0, 200);
}

#[test]
fn a_database_that_is_gone_is_a_number_in_the_metrics() {
    let gone = Served::over(Database::at("postgres:///farsight?host=/nowhere"));
    let metrics = gone.metrics();
    says(&metrics, r#"farsight_collect_failures_total{part="tenants"}"#, "1");
    assert_eq!(value(&metrics, "farsight_tenants"), Some("0"));
    assert_eq!(gone.get("/metrics").0, 200);
    // Within a few seconds nobody looks again.
    says(&gone.get("/metrics").1, r#"farsight_collect_failures_total{part="tenants"}"#, "1");
    says(&gone.metrics(), r#"farsight_collect_failures_total{part="tenants"}"#, "2");
}

#[test]
fn one_tenant_that_cannot_be_looked_at_hides_no_other() {
    let tower = Tower::new();
    Office::new(&tower, "t1", "example-2026");
    Office::new(&tower, "t2", "example-2026");
    let served = Served::over(tower.database.clone());
    says(&served.metrics(), r#"farsight_jobs_paused{tenant="t1"}"#, "0");
    let tenant = texts(&mut tower.sql(), "SELECT tenant_id::text AS value FROM tenants WHERE code = 't1'");
    // Its rows cannot be read: a division by zero stands in for whatever is broken about them.
    run(
        &mut tower.sql(),
        &format!("CREATE POLICY broken ON runs AS RESTRICTIVE USING (tenant_id <> {} OR 1 / (tenant_id - tenant_id) = 0);
                  INSERT INTO runs SELECT tenant_id, 1, '{{}}', now(), now(), true, 5, 2, 0, 0, 0, 1 FROM tenants", tenant[0]),
    );
    let metrics = served.metrics();
    says(&metrics, r#"farsight_collect_failures_total{part="tenant"}"#, "1");
    assert_eq!(value(&metrics, r#"farsight_jobs_paused{tenant="t1"}"#), None);
    says(&metrics, r#"farsight_entries_total{kind="charge",tenant="t2"}"#, "5");
    says(&metrics, r#"farsight_entries_total{kind="reversal",tenant="t2"}"#, "2");
    run(&mut tower.sql(), "DROP POLICY broken ON runs");
    says(&served.metrics(), r#"farsight_entries_total{kind="charge",tenant="t1"}"#, "5");
}

#[test]
fn a_tenant_whose_rows_are_locked_is_given_up_in_time() {
    let tower = Tower::new();
    Office::new(&tower, "t1", "example-2026");
    let served = Served::over(tower.database.clone());
    let mut locking = tower.sql();
    run(&mut locking, "BEGIN; LOCK TABLE alerts IN ACCESS EXCLUSIVE MODE");
    let metrics = served.metrics(); // Prometheus would wait 10 seconds; so does nobody here
    says(&metrics, r#"farsight_collect_failures_total{part="tenant"}"#, "1");
    says(&metrics, "farsight_tenants", "1");
    run(&mut locking, "ROLLBACK");
    says(&served.metrics(), r#"farsight_alerts_open{severity="critical",tenant="t1"}"#, "0");
}

#[test]
fn a_tenant_has_a_bounded_number_of_series_however_much_it_holds() {
    let tower = Tower::new();
    let served = Served::over(tower.database.clone());
    let none = served.metrics();
    Office::new(&tower, "t1", "example-2026");
    let begun = served.metrics();
    assert!(lines(&begun) > lines(&none));
    // Imports of every table and of others, slots of every job and of others, alerts of every severity and dealer.
    let tables: Vec<String> = TABLES.iter().map(|table| format!("'{}'", table.name)).collect();
    run(
        &mut tower.sql(),
        &format!(
            "INSERT INTO imports SELECT tenant_id, n, t, 's', 'who', now(), now() - interval '1 hour' * n, 10, 4, 3
                 FROM tenants, (SELECT row_number() OVER () AS n, t FROM unnest(ARRAY[{}, 'weather']) AS t) AS i;
             INSERT INTO slots (tenant_id, job, due_at, state, made_at, queued_at)
                 SELECT tenant_id, job, now() - interval '1 minute' * n, state, now(), now() - interval '100 s' FROM tenants,
                 unnest(ARRAY['import-watch', 'sweep', 'of-a-newer-version']) AS job, generate_series(1, 20) AS n,
                 unnest(ARRAY['queued', 'waiting', 'running', 'retry', 'gave-up', 'done', 'missed']) AS state
                 ON CONFLICT DO NOTHING;
             INSERT INTO slots (tenant_id, job, due_at, state, made_at, queued_at)
                 SELECT tenant_id, 'sweep', now(), 'gave-up', now(), now() - interval '100 s' FROM tenants",
            tables.join(", ")
        ),
    );
    let full = served.metrics();
    let grown = lines(&full) - lines(&none);
    assert!(grown <= series_per_tenant(JOBS.len()), "{grown} series of a tenant");
    assert!(!full.contains("weather") && !full.contains("newer"), "{full}");
    says(&full, r#"farsight_slots{job="import-watch",state="queued",tenant="t1"}"#, "20");
    says(&full, r#"farsight_slots{job="sweep",state="gave-up",tenant="t1"}"#, "1");
    says(&full, r#"farsight_imports_total{table="bays",tenant="t1"}"#, "1");
    says(&full, r#"farsight_import_rows_total{change="unchanged",table="bays",tenant="t1"}"#, "3");
    assert!(value(&full, r#"farsight_feed_last_fact_timestamp_seconds{table="bays",tenant="t1"}"#).is_some());
    let oldest =
        value(&full, r#"farsight_slot_oldest_seconds{job="sweep",state="gave-up",tenant="t1"}"#).unwrap();
    assert!((100.0..1000.0).contains(&oldest.parse::<f64>().unwrap()), "{oldest}");
}

#[test]
fn whatever_is_asked_the_metrics_of_requests_stay_bounded() {
    let served = Served::over(Database::at("postgres:///farsight?host=/nowhere"));
    let ask_all = |from: u32| {
        for number in from..from + 50 {
            served.ask("GET", &format!("/dealers/D{number}?name={number}"));
            served.ask(&format!("VERB{number}"), &format!("/x/{number}"));
            served.ask("GET", "/healthz");
        }
    };
    ask_all(0);
    served.metrics();
    let before = served.metrics();
    ask_all(1000);
    let after = served.metrics();
    assert_eq!(lines(&before), lines(&after));
    says(
        &after,
        r#"farsight_http_requests_total{method="GET",route="/dealers/{dealer}",status="4xx"}"#,
        "100",
    );
    says(&after, r#"farsight_http_requests_total{method="other",route="unmatched",status="4xx"}"#, "100");
    says(&after, r#"farsight_http_requests_total{method="GET",route="/healthz",status="2xx"}"#, "100");
    assert!(!after.contains("D1001") && !after.contains("VERB"), "{after}");
}
