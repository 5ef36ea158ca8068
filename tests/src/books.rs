//! Exports as comparable rows, and the cases with the books they must give.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use farsight_control::export::Report;
use farsight_rulebook::policy::{Policy, Severity};

use crate::Office;
use crate::sheets::{Sheet, read_folder};
use crate::tower::root;

/// Rows as texts, with how often each is there.
pub type Rows = BTreeMap<String, i64>;

/// Charges that are not reversed: who, for which dealer, under which clause, about what, when; and how much in fen.
pub fn net_of(entries: &str) -> Rows {
    let mut net = Rows::new();
    for row in records(entries) {
        let cell = |name: &str| row[name].as_str();
        let key = ["party_kind", "party_code", "dealer_code", "clause", "subject", "occurred_on"]
            .map(cell)
            .join(",");
        *net.entry(key).or_default() += fen(cell("amount"));
    }
    net.retain(|_, amount| *amount != 0);
    net
}

/// Findings: clause, subject, dealer, date.
pub fn findings_of(findings: &str) -> Rows {
    count(records(findings).map(|row| {
        ["clause", "subject", "dealer_code", "occurred_on"].map(|name| row[name].as_str()).join(",")
    }))
}

/// Alerts that are not resolved: clause, subject, dealer, severity.
pub fn open_alerts_of(alerts: &str) -> Rows {
    let open = records(alerts).filter(|row| row["status"] != "resolved");
    count(
        open.map(|row| {
            ["clause", "subject", "dealer_code", "severity"].map(|name| row[name].as_str()).join(",")
        }),
    )
}

fn count(rows: impl Iterator<Item = String>) -> Rows {
    let mut counts = Rows::new();
    rows.for_each(|row| *counts.entry(row).or_default() += 1);
    counts
}

/// The rows of a CSV text, by column.
pub fn records(text: &str) -> impl Iterator<Item = BTreeMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes())
        .into_deserialize()
        .map(|row| row.expect("a row"))
        .collect::<Vec<_>>()
        .into_iter()
}

/// An amount with two decimals in its smallest unit.
pub fn fen(amount: &str) -> i64 {
    let digits: String = amount.chars().filter(|c| *c != '.').collect();
    assert!(amount.len() > 3 && amount.as_bytes()[amount.len() - 3] == b'.', "no amount: '{amount}'");
    digits.parse().unwrap_or_else(|_| panic!("no amount: '{amount}'"))
}

/// Says which rows are missing and which are too many.
#[track_caller]
pub fn same(what: &str, given: &Rows, expected: &Rows) {
    let differing = |a: &Rows, b: &Rows| {
        let rows = a.iter().filter(|(row, count)| b.get(*row) != Some(count));
        rows.map(|(row, count)| format!("{row} = {count}")).collect::<Vec<_>>()
    };
    let (missing, extra) = (differing(expected, given), differing(given, expected));
    let first = |rows: &[String]| rows.iter().take(8).cloned().collect::<Vec<_>>();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{what}: of {} rows {} are missing or differ {:#?}\n{} are too many or differ {:#?}",
        expected.len(),
        missing.len(),
        first(&missing),
        extra.len(),
        first(&extra)
    );
}

impl Office {
    /// What each party is charged, reversals taken off.
    pub fn net(&mut self) -> Rows {
        net_of(&self.csv(Report::Entries, None))
    }

    /// What the checks find.
    pub fn findings(&mut self) -> Rows {
        findings_of(&self.csv(Report::Findings, None))
    }

    /// What is to be looked at.
    pub fn open_alerts(&mut self) -> Rows {
        open_alerts_of(&self.csv(Report::Alerts, None))
    }
}

/// The alerts that findings raise by themselves under a policy (a vacant post raises another).
pub fn alerts_raised(findings: &Rows, policy: &str) -> Rows {
    let policy = shipped(policy);
    let mut alerts = Rows::new();
    for (row, count) in findings {
        let mut cells = row.split(',');
        let (clause, subject, dealer) =
            (cells.next().unwrap_or(""), cells.next().unwrap_or(""), cells.next().unwrap_or(""));
        let severity = policy.clause(clause).unwrap_or_else(|| panic!("no clause {clause}")).severity;
        if severity != Severity::None {
            *alerts.entry(format!("{clause},{subject},{dealer},{}", severity.name())).or_default() += count;
        }
    }
    alerts
}

fn shipped(name: &str) -> Policy {
    let text = std::fs::read_to_string(root().join(format!("config/policies/{name}.toml")))
        .expect("a shipped policy");
    let yuan = farsight_rulebook::money::Currency::of("CNY").expect("the yuan");
    Policy::read(&text, yuan).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// Facts, and the books they must give as of an instant under a policy.
#[derive(Debug, Clone)]
pub struct Case {
    pub folder: PathBuf,
    pub policy: &'static str,
    pub as_of: &'static str,
    charges: &'static str,
    findings: &'static str,
}

impl Case {
    pub fn facts(&self) -> Vec<Sheet> {
        read_folder(&self.folder)
    }

    /// Compares the whole books.
    #[track_caller]
    pub fn compare(&self, what: &str, office: &mut Office) {
        let read = |file: &str| {
            std::fs::read_to_string(self.folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
        };
        let known = |rows: Rows, clause: usize| -> Rows {
            rows.into_iter()
                .filter(|(row, _)| is_known(&self.folder, row.split(',').nth(clause).unwrap_or_default()))
                .collect()
        };
        let what = format!("{what}, {} {}", self.policy, self.as_of);
        let expected = known(findings_of(&read(self.findings)), 0);
        assert!(!expected.is_empty(), "{what}: nothing is expected");
        same(&format!("{what}: findings"), &known(office.findings(), 0), &expected);
        same(&format!("{what}: charges"), &known(office.net(), 3), &known(net_of(&read(self.charges)), 3));
        let raised = alerts_raised(&expected, self.policy);
        let open = office.open_alerts().into_iter().filter(|(row, _)| !row.starts_with("post-vacant,"));
        same(&format!("{what}: alerts"), &known(open.collect(), 0), &raised);
    }
}

/// Whether the expectations of a case know of a clause: most were written for rulebook 4.1 to 4.5.
fn is_known(folder: &Path, clause: &str) -> bool {
    const FIRST: [&str; 5] =
        ["spot-check.", "complaint.", "certification.", "bay-turnover.", "repeat-repair."];
    folder.ends_with("case-2") || FIRST.iter().any(|check| clause.starts_with(check))
}

fn shared(folder: &str) -> Option<PathBuf> {
    Some(root().join("../shared").join(folder)).filter(|path| path.is_dir())
}

const fn case(
    policy: &'static str,
    as_of: &'static str,
    charges: &'static str,
    findings: &'static str,
) -> Case {
    Case { folder: PathBuf::new(), policy, as_of, charges, findings }
}

fn at(folder: &Path, cases: &[Case]) -> Vec<Case> {
    cases.iter().map(|case| Case { folder: folder.to_owned(), ..case.clone() }).collect()
}

/// The committed case, small, with charges worked out by hand.
pub fn small() -> Vec<Case> {
    let folder = root().join("tests/cases/small");
    at(
        &folder,
        &[
            case(
                "changan-2014",
                "2025-07-01T00:00:00+08:00",
                "expected-changan-2014.csv",
                "expected-findings.csv",
            ),
            case(
                "example-2026",
                "2025-07-01T00:00:00+08:00",
                "expected-example-2026.csv",
                "expected-findings.csv",
            ),
        ],
    )
}

/// Case 1 of the contract, two policies at two instants, where it lies beside the repository.
pub fn case_1() -> Option<Vec<Case>> {
    let (june, new_year) = ("2025-06-15T12:00:00+08:00", "2026-01-01T00:00:00+08:00");
    let (found_june, found_new_year) =
        ("expected-findings-at-2025-06-15.csv", "expected-findings-at-2026-01-01.csv");
    Some(at(
        &shared("case-1")?,
        &[
            case("changan-2014", june, "expected-changan-2014-at-2025-06-15.csv", found_june),
            case("changan-2014", new_year, "expected-changan-2014-at-2026-01-01.csv", found_new_year),
            case("example-2026", june, "expected-example-2026-at-2025-06-15.csv", found_june),
            case("example-2026", new_year, "expected-example-2026-at-2026-01-01.csv", found_new_year),
        ],
    ))
}

/// Case 2 of the contract.
pub fn case_2() -> Option<Vec<Case>> {
    let (august, found) = ("2025-08-20T10:00:00+08:00", "expected-findings-at-2025-08-20.csv");
    Some(at(
        &shared("case-2")?,
        &[
            case("changan-2014", august, "expected-changan-2014-at-2025-08-20.csv", found),
            case("example-2026", august, "expected-example-2026-at-2025-08-20.csv", found),
        ],
    ))
}

/// The records of real origin.
pub fn real() -> Option<Vec<Case>> {
    let case = case(
        "changan-2014",
        "2017-12-01T00:00:00+08:00",
        "expected-changan-2014.csv",
        "expected-findings.csv",
    );
    Some(at(&shared("real")?, &[case]))
}
