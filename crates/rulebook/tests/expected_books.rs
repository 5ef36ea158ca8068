//! The cases with the books they must give: findings and charges equal in every row.
//!
//! They lie beside the project (`../shared`) where it is developed; without them there is nothing to compare,
//! and the test says so. The committed cases stand in `tests/`.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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

/// The clauses that this version judges (4.1 to 4.5).
fn judged(clause: &str) -> bool {
    ["spot-check.", "complaint.", "certification.", "bay-turnover.", "repeat-repair."]
        .iter()
        .any(|check| clause.starts_with(check))
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
    let Some(folder) = shared(folder) else { return };
    let zone = Zone::shanghai();
    let facts = common::read(&folder, &zone);
    for (policy, file) in expected_charges {
        let found = common::evaluate(&facts, &common::ground(policy), common::instant(as_of, &zone));
        let expected = lines(&folder.join(file))
            .into_iter()
            .filter(|row| judged(row.split(',').nth(3).unwrap()))
            .collect();
        compare(file, &expected, &charges(&facts, &found));
        let expected = lines(&folder.join(expected_findings)).into_iter().filter(|row| judged(row)).collect();
        compare(expected_findings, &expected, &findings(&facts, &found));
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
fn case_2_as_far_as_judged() {
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

#[test]
fn records_of_real_origin() {
    check(
        "real",
        "2017-12-01T00:00:00+08:00",
        "expected-findings.csv",
        &[("changan-2014", "expected-changan-2014.csv")],
    );
}
