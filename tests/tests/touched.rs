//! What a correction touches: facts that move between units, and ids that look like something else.

use farsight_control::evaluate::{Outcome, Request};
use farsight_control::explain;
use farsight_control::export::Report;
use farsight_rulebook::messages::Language;
use farsight_tests::books::records;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::root;
use farsight_tests::{Office, Tower};

fn import(office: &mut Office, table: &str, rows: &str) {
    office.import_folder(&Folder::of(&[sheet(table, rows)]));
}

/// One dealer under the example policy with one thing in it changed, checked while nothing has happened yet.
fn office(tower: &Tower, section: &str, (from, to): (&str, &str)) -> Office {
    let text = std::fs::read_to_string(root().join("config/policies/example-2026.toml")).unwrap();
    let place = text.find(section).unwrap_or_else(|| panic!("no {section}"));
    let (before, after) = text.split_at(place);
    assert!(after.contains(from), "{section} has {from}");
    let folder = Folder::new();
    let policy = folder.put("policy.toml", format!("{before}{}", after.replacen(from, to, 1)).as_bytes());
    let mut office = Office::new(tower, "t", &policy.display().to_string());
    import(&mut office, "regions", "region_code | name\nN | 北区");
    import(
        &mut office,
        "dealers",
        "dealer_code | name | region_code | opened_on\nD1 | 服务中心 | N | 2015-01-01",
    );
    office.check("2025-01-02");
    office
}

/// What a run posted and reversed, once a look at everything has found that there is nothing more.
fn books(office: &mut Office, as_of: &str) -> (u64, u64) {
    let outcome = office.check(as_of);
    assert!(outcome.whole.is_empty(), "only what was touched is looked at: {:?}", outcome.whole);
    let full = Request { as_of: Some(at(as_of)), full: true, dry_run: true, ..Request::default() };
    let Outcome { posted, reversed, alerts_opened, alerts_resolved, .. } = office.evaluate(&full);
    assert_eq!((posted, reversed, alerts_opened, alerts_resolved), (0, 0, 0, 0), "a look at everything");
    (outcome.posted, outcome.reversed)
}

fn order(office: &mut Office, created: &str, promised: &str) {
    let head = "work_order_id | dealer_code | vin | created_at | promised_at | completed_at";
    import(
        office,
        "work_orders",
        &format!("{head}\nW | D1 | V1 | {created} | {promised} | 2025-03-06 18:00"),
    );
}

#[test]
fn what_an_order_owes_follows_it_over_midnight() {
    let tower = Tower::new();
    let charged = ("penalty = \"0.00\"", "penalty = \"40.00\"");
    let mut office = office(&tower, "[service-clock.compensation]", charged);
    order(&mut office, "2025-03-05 23:50", "2025-03-06 12:00");
    assert_eq!(books(&mut office, "2025-03-10"), (1, 0));

    order(&mut office, "2025-03-06 00:10", "2025-03-06 12:00");
    assert_eq!(books(&mut office, "2025-03-11"), (0, 0), "the same is owed for the same order");
    let entry = records(&office.csv(Report::Entries, None)).next().expect("an entry");
    let id = entry["entry_id"].parse().unwrap();
    let explained = explain::explain(&mut office.desk, id, Language::English, None).unwrap();
    assert_eq!(explained.facts.len(), 1, "it stands on the order: {explained:#?}");

    order(&mut office, "2025-03-06 00:10", "2025-03-06 17:45");
    assert_eq!(books(&mut office, "2025-03-12"), (0, 1), "within the grace nothing is owed");
}

#[test]
fn an_order_that_is_read_for_its_month_and_its_day_counts_once() {
    let tower = Tower::new();
    let mut office = office(&tower, "[service-clock.min_orders]", ("value = 20", "value = 2"));
    // Created in February and completed in March: its own month and another day are looked at.
    let head = "work_order_id | dealer_code | vin | created_at | promised_at | completed_at";
    let row = "W | D1 | V1 | 2025-02-20 10:00 | 2025-02-20 12:00 | 2025-03-06 18:00";
    import(&mut office, "work_orders", &format!("{head}\n{row}"));
    books(&mut office, "2025-04-02");
    let findings = office.csv(Report::Findings, None);
    let clauses: Vec<String> = records(&findings).map(|row| row["clause"].clone()).collect();
    assert_eq!(clauses, ["service-clock.compensation"], "one order is no month of two: {findings}");
}

#[test]
fn an_id_that_looks_like_a_month_is_judged_at_once() {
    let tower = Tower::new();
    let mut office = office(&tower, "[service-clock.min_orders]", ("value = 20", "value = 20"));
    import(
        &mut office,
        "complaints",
        "complaint_id | dealer_code | received_at | severity | category\n2025-12 | D1 | 2025-02-03 10:00 | general | attitude",
    );
    import(
        &mut office,
        "feedback",
        "feedback_id | dealer_code | channel | kind | received_at\n2025-11 | D1 | phone | praise | 2025-02-03 10:00",
    );
    office.check("2025-02-20");
    let subjects: Vec<String> =
        records(&office.csv(Report::Alerts, None)).map(|row| row["subject"].clone()).collect();
    for subject in ["complaint:2025-12", "feedback:2025-11"] {
        assert!(subjects.iter().any(|of| of == subject), "{subject} is told: {subjects:?}");
    }
    books(&mut office, "2025-02-21");
}

#[test]
fn a_month_of_prices_is_judged_by_its_own() {
    let tower = Tower::new();
    let mut office = office(&tower, "[service-clock.min_orders]", ("value = 20", "value = 20"));
    let head = "part_code | effective_on | dealer_code | price";
    let old: Vec<String> = (1..=60).map(|n| format!("A{n} | 2024-03-01 | D1 | {n}")).collect();
    import(&mut office, "part_prices", &format!("{head}\n{}", old.join("\n")));
    office.check("2025-01-03");
    import(
        &mut office,
        "part_prices",
        &format!("{head}\nB1 | 2025-01-01 |  | 10\nB1 | 2025-02-05 | D1 | 12"),
    );
    let request = Request {
        checks: vec!["transparency".to_owned()],
        as_of: Some(at("2025-03-02")),
        ..Request::default()
    };
    let outcome = office.evaluate(&request);
    assert!(outcome.whole.is_empty() && outcome.findings == 1, "{outcome:?}");
    assert!(outcome.facts < 20, "sixty prices of a year ago are not read: {outcome:?}");
}
