//! Import, correct, void, rule, check, settle and lock in any order: the books end as one clean run of the same facts
//! makes them, each check looks at enough, and what is locked stays the same to the byte.
//!
//! A failure prints its seed; `FARSIGHT_SEED=n` runs that one alone, `FARSIGHT_CASES=n` runs more.

use std::collections::BTreeMap;

use diesel::PgConnection;
use farsight_control::ControlError;
use farsight_control::evaluate::{Outcome, Request};
use farsight_control::export::Report;
use farsight_rulebook::checks::CHECKS;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use farsight_tests::books::{self, alerts_raised, records, same};
use farsight_tests::chance::{Dice, World, masters, policy, ruling, sheet_of};
use farsight_tests::office::{Step, at, month};
use farsight_tests::sheets::{Folder, Sheet, header_of};
use farsight_tests::tower::texts;
use farsight_tests::{Office, Tower};

const STEPS: usize = 60;
const CASES: u64 = 4;

/// A run at work.
struct Walk {
    dice: Dice,
    world: World,
    office: Office,
    as_of: Instant,
    /// When each check ran last: whether all of them stand at `as_of`.
    locked: BTreeMap<Period, [String; 2]>,
    refused: usize,
    imports: usize,
    sql: PgConnection,
    /// How many sums that followed the facts were compared with those counted anew.
    sums: usize,
}

impl Walk {
    fn new(tower: &Tower, seed: u64, policy: &str) -> Self {
        let mut office = Office::new(tower, "walk", policy);
        office.import_folder(&Folder::of(&masters()));
        office.finance(&["anna@oem", "bo@oem"]);
        // Either time goes by while facts come in, or they are all late.
        let as_of = at(if seed.is_multiple_of(2) {
            "2025-01-11T00:00:00+08:00"
        } else {
            "2025-03-12T00:00:00+08:00"
        });
        Self {
            dice: Dice::new(seed),
            world: World::new(),
            office,
            as_of,
            locked: BTreeMap::new(),
            refused: 0,
            imports: 0,
            sql: tower.sql(),
            sums: 0,
        }
    }

    fn step(&mut self, log: &mut Vec<String>) {
        match self.dice.below(20) {
            0..=7 => {
                let most = *self.dice.pick(&[1, 3, 3, 12]);
                let sheets = self.world.draw(&mut self.dice, most);
                self.import(&sheets, log);
            }
            8..=9 => {
                let subjects: Vec<String> = records(&self.office.csv(Report::Findings, None))
                    .map(|row| row["subject"].clone())
                    .collect();
                let decided_at = self.as_of.to_string();
                let ruling = ruling(&mut self.dice, &subjects, &decided_at);
                self.import(&[sheet_of("rulings", ruling)], log);
            }
            10..=13 => self.check(&[], log),
            14..=15 => {
                let name = self.dice.pick(&CHECKS).name;
                self.check(&[name], log);
            }
            16 => self.full(log),
            _ => self.settle(log),
        }
    }

    /// Imports in one call; where a row is refused nothing of its file holds, and the other files do.
    fn import(&mut self, sheets: &[Sheet], log: &mut Vec<String>) {
        if sheets.is_empty() {
            return;
        }
        let folder = Folder::new();
        let paths: Vec<_> = sheets
            .iter()
            .enumerate()
            .map(|(n, sheet)| folder.csv(&format!("{}-{n}", sheet.table), sheet))
            .collect();
        let outcome = self.office.try_import(&paths).unwrap_or_else(|error| panic!("{error}"));
        for (sheet, path) in sheets.iter().zip(&paths) {
            let file = path.display().to_string();
            let report = outcome.files.iter().find(|report| report.file == file).unwrap();
            let taken = report.errors == 0;
            self.imports += 1;
            if taken {
                self.world.take(std::slice::from_ref(sheet));
            } else {
                self.refused += 1;
            }
            for row in &sheet.rows {
                let row: Vec<String> =
                    sheet.columns.iter().zip(row).map(|(column, cell)| format!("{column}={cell}")).collect();
                log.push(format!(
                    "import {} {}{}",
                    sheet.table,
                    row.join(" "),
                    if taken { "" } else { " (refused)" }
                ));
            }
        }
    }

    fn advance(&mut self) {
        let hours = *self.dice.pick(&[0, 0, 1, 24, 24 * 3, 24 * 9, 24 * 20]);
        self.as_of = self.as_of.plus_hours(hours).min(at("2025-08-01T00:00:00+08:00"));
    }

    fn check(&mut self, names: &[&str], log: &mut Vec<String>) {
        self.advance();
        let request = Request {
            checks: names.iter().map(ToString::to_string).collect(),
            as_of: Some(self.as_of),
            ..Request::default()
        };
        let outcome = self.office.evaluate(&request);
        log.push(format!(
            "check {names:?} as of {}: {} posted, {} reversed",
            outcome.as_of, outcome.posted, outcome.reversed
        ));
        enough(&mut self.office, &request);
    }

    fn full(&mut self, log: &mut Vec<String>) {
        self.advance();
        let request = Request { as_of: Some(self.as_of), ..Request::default() };
        self.office.evaluate(&request);
        let followed = sums(&mut self.sql);
        let outcome = self.office.evaluate(&Request { full: true, ..request });
        let counted = sums(&mut self.sql);
        for (month, followed) in followed {
            // A look at everything keeps the months that it judges.
            if let Some(counted) = counted.get(&month) {
                assert_eq!(
                    &followed, counted,
                    "sums of {month} that followed the facts, and those counted anew"
                );
                self.sums += followed.len();
            }
        }
        log.push(format!(
            "check --full as of {}: {} posted, {} reversed",
            outcome.as_of, outcome.posted, outcome.reversed
        ));
    }

    /// A step of the first open month, or of one at random.
    fn settle(&mut self, log: &mut Vec<String>) {
        let first_open = match self.locked.keys().next_back() {
            Some(last) => last.next(),
            // Entries are sorted by period: the earliest first.
            None => records(&self.office.csv(Report::Entries, None))
                .next()
                .map_or_else(|| month("2025-01"), |entry| month(&entry["period"])),
        };
        let period = if self.dice.once_in(5) { month("2025-03") } else { first_open };
        // Anna or Bo takes each step, so that four eyes are refused now and then.
        let mut steps = vec![Step::Settle(""), Step::Review, Step::Approve, Step::Lock];
        if self.dice.once_in(3) {
            steps.truncate(self.dice.between(1, 3));
        }
        for step in steps {
            let by = if step == Step::Approve {
                "bo@oem"
            } else {
                *self.dice.pick(&["anna@oem", "anna@oem", "anna@oem", "bo@oem"])
            };
            let result = match step {
                Step::Settle(_) => {
                    farsight_control::settle::calculate(&mut self.office.desk, period, self.as_of, by)
                        .map(|(_, settled)| settled)
                }
                other => self.office.step(other, &period.to_string(), by),
            };
            let told = result.as_ref().map_or_else(ControlError::code, |settled| settled.status);
            log.push(format!("{step:?} {period} by {by}: {told}"));
            if result.is_ok() && step == Step::Lock {
                let exports = self.exports(period);
                self.locked.insert(period, exports);
            }
        }
    }

    fn exports(&mut self, period: Period) -> [String; 2] {
        [Report::Entries, Report::Settlement].map(|what| self.office.csv(what, Some(period)))
    }

    fn locked_stays(&mut self) {
        for (period, before) in self.locked.clone() {
            assert!(
                self.exports(period) == before,
                "the exports of {period} are not what they were when it was locked"
            );
        }
    }

    /// What holds at the end is what one clean run makes of the facts that hold.
    fn end(mut self, policy_name: &str, policy: &str) -> (usize, usize, usize) {
        self.as_of = self.as_of.max(at("2025-07-01T00:00:00+08:00"));
        let as_of = Request { as_of: Some(self.as_of), ..Request::default() };
        self.office.evaluate(&as_of);
        let again = self.office.evaluate(&as_of);
        assert_eq!(
            (again.posted, again.reversed, again.alerts_opened, again.alerts_resolved),
            (0, 0, 0, 0),
            "a second check"
        );

        let fresh = Tower::new();
        let mut clean = Office::new(&fresh, "clean", policy);
        clean.import_folder(&Folder::of(&self.world.sheets()));
        clean.evaluate(&as_of);
        let findings = clean.findings();
        same("findings", &self.office.findings(), &findings);
        same("net books", &self.office.net(), &clean.net());
        let alerts = clean.open_alerts();
        same("open alerts", &self.office.open_alerts(), &alerts);
        let own = alerts.into_iter().filter(|(row, _)| !row.starts_with("post-vacant,")).collect();
        same("alerts of the findings", &own, &alerts_raised(&findings, policy_name));

        enough(&mut self.office, &as_of);
        self.locked_stays();
        self.office.audit_links();
        assert!(
            self.refused * 3 < self.imports.max(3),
            "{} of {} imports are refused: the test says little",
            self.refused,
            self.imports
        );
        (findings.len(), self.locked.len(), self.sums)
    }
}

/// The sums that are kept, by kind and month.
fn sums(sql: &mut PgConnection) -> BTreeMap<String, Vec<String>> {
    let rows = "SELECT s.kind || ' ' || s.month || ' ' || k.what AS value FROM sum_months s CROSS JOIN LATERAL (
            SELECT s.orders || ' orders' AS what
            UNION ALL SELECT dealer_code || ' ' || idle::text FROM home_sums h WHERE s.kind = 'homes' AND h.month = s.month
            UNION ALL SELECT model || ' ' || fault_code || ' ' || vehicles FROM fault_sums f
                WHERE s.kind = 'faults' AND f.month = s.month
            UNION ALL SELECT model || ' ' || km || ' km ' || vehicles FROM early_fault_sums e
                WHERE s.kind = 'faults' AND e.month = s.month) AS k ORDER BY 1";
    let mut sums: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in texts(sql, rows) {
        let mut words = row.splitn(3, ' ');
        let month = [words.next(), words.next()].map(Option::unwrap).join(" ");
        sums.entry(month).or_default().push(words.next().unwrap().to_owned());
    }
    sums
}

/// What a check looked at was enough: a look at everything would change nothing; if it would, tells what.
fn enough(office: &mut Office, request: &Request) {
    let unchanged = |outcome: &Outcome| {
        outcome.posted + outcome.reversed + outcome.alerts_opened + outcome.alerts_resolved == 0
    };
    let full = Request { full: true, ..request.clone() };
    let shown = office.evaluate(&Request { dry_run: true, ..full.clone() });
    if unchanged(&shown) {
        return;
    }
    let (net, alerts) = (office.net(), office.open_alerts());
    office.evaluate(&full);
    let what = format!("after {:?} as of {}, of what a full look gives", request.checks, shown.as_of);
    same(&format!("net books {what}"), &net, &office.net());
    same(&format!("open alerts {what}"), &alerts, &office.open_alerts());
    panic!("{what}: {shown:?}");
}

/// One random run; a failure tells the seed and what was done.
fn run(seed: u64) -> (usize, usize, usize) {
    let mut log = Vec::new();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let folder = Folder::new();
        let (policy_name, policy) = policy(seed, &folder);
        let tower = Tower::new();
        let mut walk = Walk::new(&tower, seed, &policy);
        for _ in 0..3 {
            let sheets = walk.world.draw(&mut walk.dice, 60);
            walk.import(&sheets, &mut log);
        }
        for number in 1..=STEPS {
            walk.step(&mut log);
            if number % 20 == 0 {
                walk.locked_stays();
            }
        }
        walk.end(policy_name, &policy)
    }));
    result.unwrap_or_else(|cause| {
        println!("seed {seed}, what was done:\n{}", log.join("\n"));
        std::panic::resume_unwind(cause);
    })
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn runs(part: u64) {
    if let Some(seed) = number("FARSIGHT_SEED") {
        if part == 0 {
            println!("{:?}", run(seed));
        }
        return;
    }
    let cases = number("FARSIGHT_CASES").unwrap_or(CASES);
    let (mut findings, mut locked, mut sums) = (0, 0, 0);
    for seed in part * cases..(part + 1) * cases {
        let (found, locks, compared) = run(seed);
        findings += found;
        locked += locks;
        sums += compared;
    }
    assert!(
        findings > 20 * cases as usize && locked > 0 && sums > 10 * cases as usize,
        "{findings} findings, {locked} locked periods, {sums} sums compared: the test says little"
    );
}

#[test]
fn any_order_ends_in_the_same_books_1() {
    runs(0);
}

#[test]
fn any_order_ends_in_the_same_books_2() {
    runs(1);
}

#[test]
fn any_order_ends_in_the_same_books_3() {
    runs(2);
}

/// The same books also where facts come in by chance from a case, row by row between checks.
#[test]
fn any_share_of_a_case_at_any_moment() {
    let mut dice = Dice::new(7);
    for cases in [Some(books::small()), books::case_1()].into_iter().flatten() {
        let case = cases.last().unwrap();
        let facts = case.facts();
        let masters = ["regions", "people", "dealers"];
        let tower = Tower::new();
        let mut office = Office::new(&tower, "t", case.policy);
        let (first, mut rest) = farsight_tests::sheets::split(&facts, |table, _| masters.contains(&table));
        office.import_folder(&Folder::of(&first));
        let end = at(case.as_of);
        for part in (0..6).rev() {
            // Complaints before their events: a piece of each table, its references first.
            let (now, later) = farsight_tests::sheets::split(&rest, |table, _| {
                part == 0 || table == "complaints" || dice.once_in(part + 1)
            });
            office.import_folder(&Folder::of(&now));
            rest = later;
            let as_of = end.plus_hours(-24 * 31 * part as i64);
            office.evaluate(&Request { as_of: Some(as_of), ..Request::default() });
            enough(&mut office, &Request { as_of: Some(as_of), ..Request::default() });
        }
        assert!(rest.is_empty());
        case.compare("in pieces", &mut office);
    }
}

/// Each fact of the small case by itself withdrawn, looked at, sent again and looked at: a check that looks only at what
/// was touched finds all that hangs on it.
#[test]
fn each_fact_alone_withdrawn_and_sent_again() {
    let case = &books::small()[1];
    let tower = Tower::new();
    let mut office = Office::new(&tower, "t", case.policy);
    let facts = case.facts();
    office.import_folder(&Folder::of(&facts));
    let as_of = Request { as_of: Some(at(case.as_of)), ..Request::default() };
    office.evaluate(&as_of);
    let (mut changed, before) = (0, office.net());
    for sheet in &facts {
        for row in &sheet.rows {
            let mut one = Sheet { rows: vec![row.clone()], ..header_of(sheet) };
            one.columns.push("voided".to_owned());
            for voided in ["true", "false"] {
                one.rows[0].truncate(sheet.columns.len());
                one.rows[0].push(voided.to_owned());
                office.import_folder(&Folder::of(std::slice::from_ref(&one)));
                let outcome = office.evaluate(&as_of);
                enough(&mut office, &as_of);
                changed += usize::from(voided == "true" && outcome.posted + outcome.reversed > 0);
            }
            same(&format!("{} {row:?} again", sheet.table), &office.net(), &before);
        }
    }
    assert!(changed > 40, "{changed} facts change the books: too few for the test to say something");
    case.compare("after all that", &mut office);
}
