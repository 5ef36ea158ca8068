//! Lists pulled while facts arrive and checks run: in the end who pulled has what the whole list has, and was told no state
//! of an object twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use farsight_tests::served::{Machine, Served, token};
use farsight_tests::tower::texts;
use farsight_tests::{Farsight, Tower};
use serde_json::{Value, json};

use super::EXE;

/// The lists, and what numbers their objects.
const LISTS: [(&str, &str); 4] = [
    ("entries", "entry_id"),
    ("alerts", "alert_id"),
    ("complaints", "complaint_id"),
    ("inspections", "inspection_id"),
];
const WRITERS: usize = 3;
const ROUNDS: usize = 40;

fn sent(machine: &Machine, table: &str, rows: &Value) {
    let json = [("Content-Type", "application/json")];
    let answer = machine.facts(table, &json, rows.to_string().as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn complaint(id: &str, dealer: usize, severity: &str, category: &str) -> Value {
    json!({ "complaint_id": id, "dealer_code": format!("D{dealer}"), "received_at": "2025-03-05 09:00", "severity": severity, "category": category })
}

fn network(machine: &Machine) {
    sent(machine, "regions", &json!({ "region_code": "R", "name": "North" }));
    let dealer = |n: usize| json!({ "dealer_code": format!("D{n}"), "name": "Centre", "region_code": "R", "opened_on": "2020-01-01" });
    sent(machine, "dealers", &(0..WRITERS).map(dealer).collect());
    let old = |n: usize| complaint(&format!("old-{n}"), n % WRITERS, "general", "before");
    sent(machine, "complaints", &(0..30).map(old).collect());
}

/// One of those who send: new complaints, changed ones of its own and of before, and failed inspections.
fn write(machine: &Machine, writer: usize) {
    for round in 0..ROUNDS {
        let mut rows = vec![complaint(&format!("new-{writer}-{round}"), writer, "general", "new")];
        if round % 2 == 1 {
            let severity = if round % 4 == 1 { "major" } else { "general" };
            let changed = format!("new-{writer}-{}", round / 2);
            rows.push(complaint(&changed, writer, severity, &format!("changed {round}")));
        }
        if round % 5 == 0 {
            let changed = format!("old-{}", writer + WRITERS * (round / 5));
            rows.push(complaint(&changed, writer, "general", &format!("changed {writer}")));
        }
        sent(machine, "complaints", &json!(rows));
        let inspection = json!({ "inspection_id": format!("I-{writer}-{round}"), "item_code": "item-01", "dealer_code": format!("D{writer}"),
            "inspected_at": format!("2025-{:02}-{:02} 10:00", 1 + round / 20, 1 + round % 20), "result": if round % 3 == 0 { "fail" } else { "pass" } });
        sent(machine, "inspections", &inspection);
    }
}

/// A list as somebody reads on in it.
struct Pull<'m> {
    machine: &'m Machine,
    list: &'static str,
    id: &'static str,
    since: Option<String>,
    cursor: Option<String>,
    seen: Vec<(String, Value)>,
}

impl<'m> Pull<'m> {
    fn new(machine: &'m Machine, (list, id): (&'static str, &'static str), since: Option<&str>) -> Self {
        Self { machine, list, id, since: since.map(str::to_owned), cursor: None, seen: Vec::new() }
    }

    /// All that is new just now.
    fn read_on(&mut self) {
        loop {
            let mut path = format!("/api/v1/{}?limit=7", self.list);
            for (name, value) in [("cursor", &self.cursor), ("since", &self.since)] {
                path.extend(value.iter().map(|value| format!("&{name}={value}")));
            }
            let answer = self.machine.get(&path).unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text);
            let piece = answer.json();
            for item in piece["items"].as_array().unwrap() {
                self.seen.push((item[self.id].to_string(), item.clone()));
            }
            self.cursor = piece["next"].as_str().map(str::to_owned);
            if piece["more"] == false {
                return;
            }
        }
    }

    fn latest(&self) -> BTreeMap<&str, &Value> {
        self.seen.iter().map(|(id, state)| (id.as_str(), state)).collect()
    }

    fn assert_complete(&self) {
        let mut whole = Pull { cursor: None, seen: Vec::new(), since: self.since.clone(), ..*self };
        whole.read_on();
        assert!(whole.seen.len() > 30, "{}: there is something to compare", self.list);
        let (given, wanted) = (self.latest(), whole.latest());
        let lost: Vec<_> = wanted
            .iter()
            .filter(|(id, state)| given.get(*id) != Some(*state))
            .map(|(id, state)| format!("{state}, seen as {:?}", given.get(id).map(ToString::to_string)))
            .collect();
        assert!(lost.is_empty(), "{} of {} are lost or old, such as {}", lost.len(), self.list, lost[0]);
        let strange: Vec<_> = given.keys().filter(|id| !wanted.contains_key(*id)).collect();
        assert!(strange.is_empty(), "{}: not in the list: {strange:?}", self.list);
        let states: BTreeSet<String> = self.seen.iter().map(|(_, state)| state.to_string()).collect();
        assert_eq!(states.len(), self.seen.len(), "{}: a state came twice", self.list);
        eprintln!("{}: {} objects in {} states", self.list, wanted.len(), states.len());
    }
}

/// Says that it is over, also where something fails: nobody pulls for ever.
struct Ending<'o>(&'o AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn now(tower: &Tower) -> String {
    let now =
        "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS value";
    texts(&mut tower.sql(), now).remove(0)
}

#[test]
fn who_pulls_while_facts_arrive_has_everything_once() {
    let tower = Tower::new();
    let farsight = Farsight::on_database(EXE, &tower.url());
    farsight.ok(&["tenant", "add", "t", "--name", "T"]);
    let served = Served::start(&farsight);
    let machine =
        Machine::new(served.address(), &token(&farsight, "feed", &["--role", "hq", "--table", "all"]));
    network(&machine);
    farsight.ok(&["check"]);
    let since = now(&tower);
    let over = AtomicBool::new(false);
    let pulls: Vec<Pull> = std::thread::scope(|scope| {
        let ending = Ending(&over);
        let pull = |list, since: Option<&str>| {
            let mut pull = Pull::new(&machine, list, since);
            let over = &over;
            scope.spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    pull.read_on();
                    std::thread::park_timeout(Duration::from_millis(10));
                }
                pull.read_on();
                pull
            })
        };
        let pulling: Vec<_> =
            LISTS.into_iter().flat_map(|list| [pull(list, None), pull(list, Some(&since))]).collect();
        let writing: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn({
                    let machine = &machine;
                    move || write(machine, writer)
                })
            })
            .collect();
        while writing.iter().any(|writer| !writer.is_finished()) {
            farsight.ok(&["check"]);
        }
        writing.into_iter().for_each(|writer| writer.join().expect("somebody could not write"));
        farsight.ok(&["check"]);
        drop(ending);
        pulling.into_iter().map(|pull| pull.join().expect("somebody could not pull")).collect()
    });
    pulls.iter().for_each(Pull::assert_complete);
}
