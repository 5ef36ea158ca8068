//! As known on: whatever came later (corrections, late facts, rulings, policy versions, checks, acknowledgements, steps of
//! settlements), a report of a past moment is, to the byte, the report that was taken at that moment.
//!
//! A failure prints its seed; `FARSIGHT_SEED=n` runs that one alone.

use std::collections::BTreeMap;

use farsight_control::evaluate::Request;
use farsight_control::export::{self, Format, Of, Report};
use farsight_control::policies::{Source, drafts, replay};
use farsight_control::{alerts, explain, journal, settle};
use farsight_ledger::journal::Accounts;
use farsight_ledger::settlement::Role;
use farsight_rulebook::checks::CHECKS;
use farsight_rulebook::messages::Language;
use farsight_rulebook::time::{DAY, HOUR, Instant, MINUTE};
use farsight_tests::books::records;
use farsight_tests::chance::{self, Dice, World, masters, ruling, sheet_of};
use farsight_tests::office::{Step, at, month};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::texts;
use farsight_tests::{Office, Tower};

const REPORTS: [Report; 5] =
    [Report::Entries, Report::Settlement, Report::Alerts, Report::Findings, Report::Compensation];
const CSV: Format = Format::Csv { bom: false };

/// Reports by name, each whole.
type Told = BTreeMap<String, Vec<u8>>;

/// Every report there is, as known at a moment or as taken now; with the receipts of these entries.
fn told(office: &mut Office, known_at: Option<Instant>, entries: &[i64]) -> Told {
    let mut told = Told::new();
    for what in REPORTS {
        told.insert(what.name().to_owned(), office.export_of(what, Of { period: None, known_at }, CSV));
    }
    let march = Of { period: Some(month("2025-03")), known_at };
    for what in [Report::Entries, Report::Settlement, Report::Alerts] {
        told.insert(format!("{} 2025-03", what.name()), office.export_of(what, march, Format::Xlsx));
    }
    for quarter in ["2025-Q1", "2025-Q2"] {
        let mut out = Vec::new();
        export::staff(&mut office.desk, quarter.parse().unwrap(), known_at, CSV, &mut out).unwrap();
        told.insert(format!("staff {quarter}"), out);
    }
    for period in month("2024-08").through(month("2025-02")) {
        let (mut out, of) = (Vec::new(), journal::Of { period, known_at });
        let written =
            journal::journal(&mut office.desk, &Accounts::default(), of, journal::Format::Xml, &mut out);
        let status = written.map_or_else(|error| error.to_string(), |written| written.status.to_owned());
        told.insert(format!("journal {period}"), [status.into_bytes(), out].concat());
    }
    for entry in entries {
        let explained = explain::explain(&mut office.desk, *entry, Language::English, known_at)
            .unwrap_or_else(|error| panic!("{entry}: {error}"));
        told.insert(format!("explain {entry}"), serde_json::to_vec(&explained).unwrap());
    }
    told
}

fn replayed(office: &mut Office, known_at: Option<Instant>) -> Vec<u8> {
    let file = Source::named("example-2026").unwrap();
    let months = (month("2025-01"), month("2025-06"));
    let replayed = replay::replay(&mut office.desk, &[file], months, known_at).unwrap();
    format!("{replayed:#?}").into_bytes()
}

/// The same policy, which may change from one day to the next.
fn without_notice(policy: &str, folder: &Folder) -> String {
    let mut text = Source::named(policy).unwrap().text;
    if let Some(place) = text.find("[general.notice_days]") {
        let end = place + text[place..].find("\n\n").unwrap();
        text.replace_range(place..end, "");
    }
    folder.put("without-notice.toml", text.as_bytes()).display().to_string()
}

/// What was told at a moment.
struct Taken {
    at: Instant,
    after: String,
    entries: Vec<i64>,
    told: Told,
    /// A replay, of some moments.
    replayed: Option<Vec<u8>>,
}

/// A tenant at work, and what its reports said on the way.
struct Walk {
    tower: Tower,
    office: Office,
    dice: Dice,
    world: World,
    as_of: Instant,
    taken: Vec<Taken>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let tower = Tower::new();
        let folder = Folder::new();
        let policy = without_notice(&chance::policy(seed, &folder).1, &folder);
        let mut office = Office::since(&tower, "t", &policy, "2026-01-05 09:00");
        office.user("hq@oem", Role::Hq);
        office.finance(&["anna@oem", "bo@oem"]);
        "hq@oem".clone_into(&mut office.desk.actor);
        let as_of = at("2025-03-12T00:00:00+08:00");
        let mut walk =
            Self { tower, office, dice: Dice::new(seed), world: World::new(), as_of, taken: Vec::new() };
        walk.take("adding the tenant");
        walk
    }

    fn pass(&mut self, micros: i64) {
        let now = self.office.desk.now;
        self.office.now(Instant(now.0 + micros));
    }

    /// Every report, as it is a minute after something was done; hours go by until something is done again.
    fn take(&mut self, after: &str) {
        self.pass(MINUTE);
        let ids: Vec<i64> = records(&self.office.csv(Report::Entries, None))
            .map(|row| row["entry_id"].parse().unwrap())
            .collect();
        let entries: Vec<i64> = (0..4).filter(|_| !ids.is_empty()).map(|_| *self.dice.pick(&ids)).collect();
        let told = told(&mut self.office, None, &entries);
        let replayed = (self.taken.len() % 6 == 4).then(|| replayed(&mut self.office, None));
        let at = self.office.desk.now;
        self.taken.push(Taken { at, after: after.to_owned(), entries, told, replayed });
        let hours = *self.dice.pick(&[1, 2, 12, 30]);
        self.pass(hours * HOUR);
    }

    fn import(&mut self, sheets: &[Sheet]) {
        let folder = Folder::new();
        let named = sheets.iter().enumerate();
        let paths: Vec<_> =
            named.map(|(n, sheet)| folder.csv(&format!("{}-{n}", sheet.table), sheet)).collect();
        if paths.is_empty() {
            return;
        }
        let outcome = self.office.try_import(&paths).unwrap_or_else(|error| panic!("{error}"));
        for (sheet, path) in sheets.iter().zip(&paths) {
            let file = path.display().to_string();
            if outcome.files.iter().any(|report| report.file == file && report.errors == 0) {
                self.world.take(std::slice::from_ref(sheet));
            }
        }
    }

    fn draw(&mut self, most: usize) {
        let sheets = self.world.draw(&mut self.dice, most);
        self.import(&sheets);
    }

    fn rule(&mut self) {
        let findings = self.office.csv(Report::Findings, None);
        let subjects: Vec<String> = records(&findings).map(|row| row["subject"].clone()).collect();
        let row = ruling(&mut self.dice, &subjects, &self.as_of.to_string());
        self.import(&[sheet_of("rulings", row)]);
    }

    fn check(&mut self, names: &[&str]) {
        self.as_of = Instant(self.as_of.0 + self.dice.below(9) as i64 * DAY);
        let checks = names.iter().map(ToString::to_string).collect();
        self.office.evaluate(&Request { checks, as_of: Some(self.as_of), ..Request::default() });
    }

    fn settle(&mut self, step: Step, period: &str, by: &str) {
        let done = match step {
            Step::Settle(_) => {
                settle::calculate(&mut self.office.desk, month(period), self.as_of, by).map(|_| ())
            }
            other => self.office.step(other, period, by).map(|_| ()),
        };
        done.unwrap_or_else(|error| panic!("{step:?} {period} by {by}: {error}"));
    }

    fn acknowledge(&mut self) {
        let open = "SELECT alert_id::text AS value FROM alerts WHERE resolved_at = 'infinity' ORDER BY 1";
        let open = texts(&mut self.tower.sql(), open);
        let alert: i64 = self.dice.pick(&open).parse().unwrap();
        alerts::acknowledge(&mut self.office.desk, alert, "hq@oem", Language::English).unwrap();
    }

    /// Names, regions and days that everything else is told by.
    fn change_masters(&mut self) {
        let month = self.dice.between(1, 6);
        self.import(&[
            sheet("dealers", &format!("dealer_code | name\nD1 | renamed {}", self.office.desk.now.0)),
            sheet(
                "dealer_regions",
                &format!("dealer_code | from | region_code\nD2 | 2025-{month:02}-15 | R2"),
            ),
            sheet("calendar", &format!("day | kind\n2025-{month:02}-18 | holiday")),
        ]);
    }

    /// The first month that something was posted in, and the one after it.
    fn first_months(&mut self) -> [String; 2] {
        let entries = self.office.csv(Report::Entries, None);
        let first = month(&records(&entries).next().unwrap()["period"]);
        [first, first.next()].map(|month| month.to_string())
    }

    fn publish(&mut self, effective_on: &str) {
        let file = Source::named("changan-2014").unwrap();
        let text = file.text.replacen("changan-2014", "changed", 1);
        let file = Source { name: "changed".to_owned(), text };
        drafts::publish_file(&mut self.office.desk, &file, effective_on.parse().unwrap()).unwrap();
    }

    fn some(&mut self) -> &'static str {
        match self.dice.below(10) {
            0..=3 => {
                self.draw(12);
                "an import"
            }
            4 => {
                self.rule();
                "a ruling"
            }
            5..=6 => {
                self.check(&[]);
                "a check"
            }
            7 => {
                let name = self.dice.pick(&CHECKS).name;
                self.check(&[name]);
                "one check"
            }
            8 => {
                self.pass(4 * DAY);
                alerts::tend(&mut self.office.desk).unwrap();
                "going up"
            }
            _ => {
                self.acknowledge();
                "acknowledging"
            }
        }
    }

    fn steps(&mut self) {
        self.import(&masters());
        self.draw(60);
        self.take("the first facts");
        self.draw(60);
        self.draw(60);
        self.take("more facts");
        self.check(&[]);
        self.take("the first check");
        self.several(3);
        self.as_of = self.as_of.max(at("2025-04-02T00:00:00+08:00"));
        let [first, second] = self.first_months();
        for (step, by) in [
            (Step::Settle(""), "anna@oem"),
            (Step::Review, "anna@oem"),
            (Step::Approve, "bo@oem"),
            (Step::Lock, "anna@oem"),
        ] {
            self.settle(step, &first, by);
            self.take(&format!("{step:?}"));
        }
        self.settle(Step::Settle(""), &second, "anna@oem");
        self.settle(Step::Review, &second, "anna@oem");
        self.settle(Step::Approve, &second, "bo@oem");
        self.take("the second month approved");
        self.change_masters();
        self.take("other masters");
        self.several(2);
        self.publish("2025-03-01");
        self.take("another policy");
        self.check(&[]);
        self.take("a check by it");
        self.several(3);
    }

    fn several(&mut self, times: usize) {
        for _ in 0..times {
            let after = self.some();
            self.take(after);
        }
    }

    /// Every report of every moment is what it was; gives which reports have become others since, and how often.
    fn compare(mut self) -> BTreeMap<String, usize> {
        let mut changed = BTreeMap::new();
        let all_taken = std::mem::take(&mut self.taken);
        let entries: Vec<i64> = all_taken.iter().flat_map(|taken| taken.entries.clone()).collect();
        let now = told(&mut self.office, None, &entries);
        for taken in all_taken {
            let then = told(&mut self.office, Some(taken.at), &taken.entries);
            if let Some(before) = taken.replayed {
                let again = replayed(&mut self.office, Some(taken.at));
                assert!(before == again, "replay after {} at {}", taken.after, taken.at);
            }
            for (name, bytes) in &taken.told {
                let (was, is) = (String::from_utf8_lossy(bytes), String::from_utf8_lossy(&then[name]));
                assert!(
                    *bytes == then[name],
                    "{name} after {} at {}\nwas:\n{was}\nis told as:\n{is}",
                    taken.after,
                    taken.at
                );
                let kind = name.split(' ').next().unwrap();
                *changed.entry(kind.to_owned()).or_default() += usize::from(now[name] != *bytes);
            }
        }
        changed
    }
}

fn walked(seed: u64) {
    let result = std::panic::catch_unwind(|| {
        let mut walk = Walk::new(seed);
        walk.steps();
        let changed = walk.compare();
        for kind in ["entries", "settlement", "alerts", "findings", "explain", "journal"] {
            assert!(changed[kind] > 0, "no {kind} changed: the walk says little: {changed:?}");
        }
    });
    result.unwrap_or_else(|cause| {
        println!("seed {seed}");
        std::panic::resume_unwind(cause);
    });
}

/// The seed that is asked for, or a test's own.
fn seed(own: u64) -> u64 {
    std::env::var("FARSIGHT_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(own)
}

#[test]
fn a_report_of_a_past_moment_is_the_one_taken_then() {
    walked(seed(1));
}

/// Under a policy that uses every choice there is.
#[test]
fn so_it_is_under_a_policy_of_other_choices() {
    walked(seed(2));
}

#[test]
fn a_moment_has_to_be_past_and_an_entry_posted_by_then() {
    let tower = Tower::new();
    let mut office = Office::since(&tower, "t", "example-2026", "2026-01-05 09:00");
    let failed = "inspection_id | item_code | dealer_code | inspected_at | result
        I-1 | item-01 | D1 | 2025-01-10 10:00 | fail";
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 一店 | N | 2015-01-01"),
        sheet("inspections", failed),
    ]));
    let imported = office.desk.now;
    office.now(Instant(imported.0 + HOUR));
    office.check("2025-02-01T00:00:00+08:00");
    office.now(Instant(imported.0 + 2 * HOUR));
    let mut taken = |known_at| {
        let mut out = Vec::new();
        let of = Of { period: None, known_at: Some(known_at) };
        export::export(&mut office.desk, Report::Entries, of, CSV, &mut out).map(|rows| (rows > 0, out))
    };
    let header = taken(imported).unwrap();
    assert!(!header.0, "nothing was posted yet");
    assert_eq!(taken(Instant(0)).unwrap(), header, "long before there was anything");
    assert!(taken(Instant(imported.0 + 2 * HOUR)).unwrap().0, "the present moment is the present");
    let later = taken(Instant(imported.0 + 2 * HOUR + 1)).unwrap_err();
    assert_eq!(later.code(), "known_later");
    assert!(later.to_string().contains("it is 2026-01-05T11:00:00+08:00 now"), "{later}");
    let mut explained =
        |at| explain::explain(&mut office.desk, 1, Language::English, Some(at)).map(|told| told.entry);
    assert_eq!(explained(Instant(imported.0 + HOUR + MINUTE)).unwrap(), 1);
    assert!(explained(imported).unwrap_err().to_string().contains("no entry 1 at that moment"));
    let noted = "SELECT detail AS value FROM audit_log WHERE action = 'books.export' ORDER BY seq LIMIT 1";
    let noted = texts(&mut tower.sql(), noted).remove(0);
    assert!(noted.contains(r#""known_at":"2026-01-05T09:00:00+08:00""#), "{noted}");
}
