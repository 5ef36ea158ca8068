//! The cases with the books they must give: findings and charges equal in every row.
//!
//! They lie beside the project (`../shared`) where it is developed; without them there is nothing to compare,
//! and the test says so. The committed cases stand in `tests/`.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use farsight_rulebook::case::{Case, Judged};
use farsight_rulebook::checks::field_staff;
use farsight_rulebook::exact::hundredths;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::Found;
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::Zone;

fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    let there = path.is_dir();
    if !there {
        println!("nothing compared: {} is not there", path.display());
    }
    there.then_some(path)
}

fn lines(path: &Path) -> BTreeSet<String> {
    std::fs::read_to_string(path).unwrap().lines().skip(1).map(str::to_owned).collect()
}

/// The checks that the expectations of a case know of: case 1 was written for 4.1 to 4.5.
fn known(folder: &str, check: &str) -> bool {
    const FIRST: [&str; 5] = ["spot-check", "complaint", "certification", "bay-turnover", "repeat-repair"];
    folder != "case-1" || FIRST.contains(&check)
}

fn findings(facts: &Facts, found: &Found) -> BTreeSet<String> {
    let row = |f: &farsight_rulebook::finding::Finding| {
        format!("{},{},{},{}", f.clause, f.subject, facts.codes.text(f.dealer), f.occurred_on)
    };
    found.findings.iter().map(row).collect()
}

fn charges(facts: &Facts, found: &Found) -> BTreeSet<String> {
    let yuan = Currency::of("CNY").unwrap();
    let mut rows = BTreeSet::new();
    for f in &found.findings {
        for charge in &f.charges {
            rows.insert(format!(
                "{},{},{},{},{},{},{}",
                charge.party_kind.name(),
                facts.codes.text(charge.party),
                facts.codes.text(f.dealer),
                f.clause,
                f.subject,
                f.occurred_on,
                yuan.show(charge.amount)
            ));
        }
    }
    rows
}

fn compare(what: &str, expected: &BTreeSet<String>, given: &BTreeSet<String>) {
    let missing: Vec<_> = expected.difference(given).take(8).collect();
    let extra: Vec<_> = given.difference(expected).take(8).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{what}\nmissing {missing:#?}\nextra {extra:#?}");
}

fn check(folder: &str, as_of: &str, expected_findings: &str, expected_charges: &[(&str, &str)]) {
    let name = folder;
    let Some(folder) = shared(folder) else { return };
    let zone = Zone::shanghai();
    let facts = common::read(&folder, &zone);
    for (policy, file) in expected_charges {
        let mut found = common::evaluate(&facts, &common::ground(policy), common::instant(as_of, &zone));
        found.findings.retain(|finding| known(name, finding.check));
        compare(expected_findings, &lines(&folder.join(expected_findings)), &findings(&facts, &found));
        compare(file, &lines(&folder.join(file)), &charges(&facts, &found));
    }
}

#[test]
fn case_1_in_june() {
    check(
        "case-1",
        "2025-06-15T12:00:00+08:00",
        "expected-findings-at-2025-06-15.csv",
        &[
            ("changan-2014", "expected-changan-2014-at-2025-06-15.csv"),
            ("example-2026", "expected-example-2026-at-2025-06-15.csv"),
        ],
    );
}

#[test]
fn case_1_at_the_end_of_the_year() {
    check(
        "case-1",
        "2026-01-01T00:00:00+08:00",
        "expected-findings-at-2026-01-01.csv",
        &[
            ("changan-2014", "expected-changan-2014-at-2026-01-01.csv"),
            ("example-2026", "expected-example-2026-at-2026-01-01.csv"),
        ],
    );
}

#[test]
fn case_2() {
    check(
        "case-2",
        "2025-08-20T10:00:00+08:00",
        "expected-findings-at-2025-08-20.csv",
        &[
            ("changan-2014", "expected-changan-2014-at-2025-08-20.csv"),
            ("example-2026", "expected-example-2026-at-2025-08-20.csv"),
        ],
    );
}

/// What `example-2026` owes customers, and the staff's quarter.
#[test]
fn case_2_beside_the_books() {
    let Some(folder) = shared("case-2") else { return };
    let zone = Zone::shanghai();
    let facts = common::read(&folder, &zone);
    let (ground, as_of) =
        (common::ground("example-2026"), common::instant("2025-08-20T10:00:00+08:00", &zone));
    let found = common::evaluate(&facts, &ground, as_of);
    let owed = found.findings.iter().filter(|f| f.clause == "service-clock.compensation");
    let owed = owed.map(|f| {
        let detail: serde_json::Value = serde_json::from_str(&f.detail).unwrap();
        let text = |key: &str| detail[key].as_str().unwrap().to_owned();
        format!("{},{},{},{}", text("work_order"), facts.codes.text(f.dealer), f.occurred_on, text("owed"))
    });
    compare("expected-owed.csv", &lines(&folder.join("expected-owed.csv")), &owed.collect());
    let case = Case::new(&facts, &ground, as_of, Judged::All);
    let scores = field_staff::scores(&case, "2025-Q2".parse().unwrap());
    let scores = scores.iter().map(|s| format!("{},{}", facts.codes.text(s.person), hundredths(s.score)));
    let file = "expected-staff-2025-Q2.csv";
    compare(file, &lines(&folder.join(file)), &scores.collect());
}

#[test]
fn records_of_real_origin() {
    check(
        "real",
        "2017-12-01T00:00:00+08:00",
        "expected-findings.csv",
        &[("changan-2014", "expected-changan-2014.csv")],
    );
}
