//! Seeing it run: the real `farsight serve` scraped by a real Prometheus, whose boards and rules hold against what is
//! really exported. Needs Debian's package `prometheus` (`./run test` installs it) and fails without.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use farsight_tests::tower::root;
use farsight_tests::{Farsight, Tower, cli};
use serde_json::Value;

const EXE: &str = env!("CARGO_BIN_EXE_farsight");
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// A program of the package `prometheus`, which has to be there.
fn program(name: &str, arguments: &[&str], input: Option<&str>) -> Output {
    let mut command = Command::new(name);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("{name}: {error}; install Debian's package prometheus (./run test does)")
    });
    child.stdin.take().unwrap().write_all(input.unwrap_or_default().as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn promtool(arguments: &[&str], input: Option<&str>) {
    let told = program("promtool", arguments, input);
    let said = format!("{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success(), "promtool {arguments:?}\n{said}");
    // A lint of `check metrics` is told, and is no failure to it.
    assert!(input.is_none() || said.trim().is_empty(), "promtool {arguments:?}\n{said}");
}

fn dashboards(path: &str) -> PathBuf {
    root().join("dashboards").join(path)
}

fn text(path: &str) -> String {
    std::fs::read_to_string(dashboards(path)).unwrap()
}

/// What a line of the rules or their tests says under a key.
fn said<'l>(text: &'l str, key: &'l str) -> impl Iterator<Item = &'l str> {
    text.lines().filter_map(move |line| line.trim().trim_start_matches("- ").strip_prefix(key))
}

/// What a program asks Prometheus for, and where it stands.
struct Asked {
    place: String,
    expression: String,
}

/// Everything the boards ask for.
fn boards() -> Vec<Asked> {
    let mut asked = Vec::new();
    for name in ["operator", "tower"] {
        let board: Value = serde_json::from_str(&text(&format!("grafana/{name}.json"))).unwrap();
        for variable in ["datasource", "tenant"] {
            let variables = board["templating"]["list"].as_array().unwrap();
            assert!(
                variables.iter().any(|one| one["name"] == variable),
                "{name} lacks the variable {variable}"
            );
        }
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let place = format!("{name}: {}", panel["title"].as_str().unwrap());
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{place}");
                asked.push(Asked { place, expression: target["expr"].as_str().unwrap().to_owned() });
            }
        }
    }
    assert!(asked.len() > 30, "the boards ask for {} things only", asked.len());
    asked
}

/// The metrics of ours that an expression names.
fn names(expression: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    expression.split(word).filter(|name| name.starts_with("farsight_")).map(str::to_owned).collect()
}

#[test]
fn the_rules_are_right_and_each_alert_fires_and_is_quiet() {
    for (what, file) in [("rules", "rules.yml"), ("config", "prometheus.yml")] {
        promtool(&["check", what, dashboards("prometheus").join(file).to_str().unwrap()], None);
    }
    promtool(&["test", "rules", dashboards("prometheus/rules_test.yml").to_str().unwrap()], None);
    let (rules, tests) = (text("prometheus/rules.yml"), text("prometheus/rules_test.yml"));
    let alerts: Vec<&str> = said(&rules, "alert: ").collect();
    for key in ["summary: ", "description: ", "labels: { severity: ", "for: "] {
        assert_eq!(said(&rules, key).count(), alerts.len(), "not every alert has {key}");
    }
    for alert in alerts {
        let cases: Vec<&str> = tests
            .split("alertname: ")
            .skip(1)
            .filter(|case| case.lines().next() == Some(alert))
            .map(|case| case.lines().nth(1).unwrap_or_default().trim())
            .collect();
        assert!(cases.contains(&"exp_alerts:"), "no test that {alert} fires");
        assert!(cases.contains(&"exp_alerts: []"), "no test that {alert} is quiet");
    }
}

/// A program that serves, until it is dropped.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(farsight: &Farsight, arguments: &[&str]) -> Self {
        let mut command = farsight.command(&[arguments, &["--listen", "127.0.0.1:0"]].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut told = Vec::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else { panic!("it serves nothing:\n{}", told.join("\n")) };
            match serde_json::from_str::<Value>(&line) {
                Ok(event) if event["message"] == "listening" => {
                    break event["address"].as_str().unwrap().to_owned();
                }
                _ => told.push(line),
            }
        };
        // Read on, or it would stop when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn get(&self, path: &str) -> String {
        let (status, body) = get(&self.address, path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// SIGTERM; gives the exit code.
    fn stop(mut self) -> Option<i32> {
        signal(&self.child);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(child: &Child) {
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

/// Asks over HTTP/1.0, which answers in one piece.
fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    let (head, body) = told.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// Looks again and again, until there is what is looked for.
#[track_caller]
fn until<T>(mut look: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(missing) => {
                assert!(begun.elapsed() < PATIENCE, "after {PATIENCE:?} there is still not: {missing}");
            }
        }
        std::thread::park_timeout(Duration::from_millis(200));
    }
}

/// A real Prometheus that scrapes a program every second, until it is dropped.
struct Prometheus {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    fn scraping(target: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        let rules = dashboards("prometheus/rules.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: ['{}']\n\
             scrape_configs: [{{ job_name: farsight, static_configs: [{{ targets: ['{target}'] }}] }}]\n",
            rules.display()
        );
        std::fs::write(&config, text).unwrap();
        // It cannot be given any port that is free; the one found may be taken before it is there.
        for _ in 0..10 {
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
            let mut child = Self::spawn(&config, folder.path(), &address);
            let ready = until(|| match TcpStream::connect(&address) {
                Ok(_) if get(&address, "/-/ready").0 == 200 => Ok(true),
                _ if child.try_wait().unwrap().is_some() => Ok(false),
                _ => Err("a Prometheus".to_owned()),
            });
            if ready {
                return Self { child, address, _folder: folder };
            }
        }
        panic!("Prometheus does not start: run `prometheus --config.file={}` to see why", config.display());
    }

    fn spawn(config: &Path, data: &Path, address: &str) -> Child {
        Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .args(["--log.level=error"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("prometheus: {error}; install Debian's package (./run test does)"))
    }

    fn api(&self, path: &str) -> Value {
        let (status, body) = get(&self.address, &format!("/api/v1/{path}"));
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str::<Value>(&body).unwrap()["data"].take()
    }

    /// How many series an expression of a board gives now.
    fn series(&self, expression: &str) -> usize {
        let expression = expression.replace("$__rate_interval", "10s").replace("$tenant", ".*");
        let encoded: Vec<String> = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let encoded = encoded.concat();
        self.api(&format!("query?query={encoded}"))["result"].as_array().unwrap().len()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program's own files beside a database of the tests.
fn installation(tower: &Tower, folder: &Path) -> Farsight {
    Farsight::on_database(EXE, &tower.url()).with("--data", folder.to_str().unwrap())
}

/// Every metric has a text, a type, and a name as Prometheus wants it.
fn well_said(metrics: &str) {
    promtool(&["check", "metrics"], Some(metrics));
    let families: Vec<&str> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert!(families.len() > 30, "{} metrics only", families.len());
    for family in families {
        let name = family.split(' ').next().unwrap();
        let help = metrics.lines().find_map(|line| line.strip_prefix(&format!("# HELP {name} ")));
        assert!(help.is_some_and(|help| help.len() > 15), "{name} has no help");
        assert!(name.starts_with("farsight_"), "{name} is not ours");
    }
}

/// What the boards and rules name is exported.
fn all_named_are_there(metrics: &str) {
    let there: BTreeSet<&str> = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(['{', ' ']).next().unwrap_or_default())
        .collect();
    let of_boards = boards().into_iter().flat_map(|asked| names(&asked.expression));
    let mut named: BTreeSet<String> = of_boards.collect();
    // The rules' texts name no metric, so that whatever they name stands in an expression.
    named.extend(names(&text("prometheus/rules.yml")));
    assert!(named.len() > 25, "{} metrics are named only", named.len());
    let missing: Vec<&String> = named.iter().filter(|name| !there.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "named on boards or in rules, and not exported: {missing:?}");
}

/// Prometheus evaluated every rule, and none that is critical fires.
fn rules_are_evaluated(prometheus: &Prometheus) {
    let rules = until(|| {
        let told = prometheus.api("rules");
        let groups = told["groups"].as_array().unwrap();
        let rules: Vec<Value> =
            groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).cloned().collect();
        match rules.iter().find(|rule| rule["health"] == "unknown") {
            Some(rule) => Err(format!("an evaluation of {}", rule["name"])),
            None => Ok(rules),
        }
    });
    assert_eq!(rules.len(), said(&text("prometheus/rules.yml"), "alert: ").count());
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
        assert!(rule["labels"]["severity"] != "critical" || rule["state"] != "firing", "{rule}");
    }
}

#[test]
fn prometheus_sees_what_the_boards_and_rules_ask_for() {
    let (tower, folder) = (Tower::new(), tempfile::tempdir().unwrap());
    let farsight = installation(&tower, folder.path());
    farsight.ok(&["demo", "--once", "--dealers", "12", "--months", "3"]);
    let serving = Serving::start(&farsight, &["serve", "--with-worker", "--at-once", "4"]);
    let metrics = serving.get("/metrics");
    well_said(&metrics);
    all_named_are_there(&metrics);
    let prometheus = Prometheus::scraping(&serving.address);
    // A board shows rates, for which two scrapes are needed.
    for asked in boards() {
        until(|| match prometheus.series(&asked.expression) {
            0 => Err(format!("data for `{}` of {}", asked.expression, asked.place)),
            series => Ok(series),
        });
    }
    rules_are_evaluated(&prometheus);
    let metrics = serving.get("/metrics");
    for (series, at_least) in [
        (r#"farsight_job_endings_total{ending="done",job="import-watch"}"#, 1.0),
        (r#"farsight_entries_total{kind="charge",tenant="demo"}"#, 1.0),
        (r#"farsight_feed_last_fact_timestamp_seconds{table="work_orders",tenant="demo"}"#, 1.7e9),
        (r#"farsight_http_requests_total{method="GET",route="/metrics",status="2xx"}"#, 2.0),
        ("farsight_pool_connections_max", 7.0),
    ] {
        let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok());
        assert!(value.is_some_and(|value| value >= at_least), "{series} is {value:?}, less than {at_least}");
    }
    // Nobody's name or code gets into them: the demo's dealers, people and entries.
    for word in ["D0", "E0", "P0", "@"] {
        let labels = metrics.lines().filter(|line| line.contains(&format!("=\"{word}"))).count();
        assert_eq!(labels, 0, "a label begins with {word}");
    }
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn without_a_worker_what_is_due_is_seen_waiting() {
    let (tower, folder) = (Tower::new(), tempfile::tempdir().unwrap());
    let farsight = installation(&tower, folder.path());
    farsight.ok(&["tenant", "add", "t", "--name", "T"]);
    let serving = Serving::start(&farsight, &["serve"]);
    assert!(serving.get("/readyz").contains(r#""ready":true"#));
    let waits = r#"farsight_slots{job="sweep",state="queued",tenant="t"} 1"#;
    until(|| match serving.get("/metrics") {
        metrics if metrics.contains(waits) => Ok(()),
        metrics => Err(format!("{waits} in\n{metrics}")),
    });
    // A worker comes, serving its own numbers, and takes it.
    let worker = Serving::start(&farsight, &["work"]);
    let done = r#"farsight_job_endings_total{ending="done",job="sweep"} 1"#;
    until(|| match worker.get("/metrics") {
        metrics if metrics.contains(done) => Ok(()),
        _ => Err(done.to_owned()),
    });
    assert_eq!(worker.stop(), Some(0));
    let taken = installation(&tower, folder.path()).run(&["serve", "--listen", &serving.address]);
    assert_eq!(taken.code, Some(1));
    assert!(taken.err.contains("another program has that port"), "{}", taken.err);
    let wrong = cli::told(farsight.command(&["serve", "--listen", "8080"]).output().unwrap());
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("write IP:PORT, like 127.0.0.1:8080"), "{}", wrong.err);
    assert_eq!(serving.stop(), Some(0));
}
