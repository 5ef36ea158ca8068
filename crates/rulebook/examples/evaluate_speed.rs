//! How many facts a second one core judges, with the facts in memory already:
//! `cargo run --release -p farsight-rulebook --example evaluate_speed -- FACTS --as-of INSTANT [--from DATE] [--policy NAME] [--runs N]`.
//!
//! FACTS is a folder of import files (CSV). Each run makes a case of them anew and evaluates every check on it, on one
//! thread; reading the files is reported, and is no part of the measure. The median of the runs is printed as JSON.
//! The rate is a core's: by the thread's processor time where the system tells it, so that a busy machine does not lower it.

use std::collections::HashMap;
use std::error::Error;
use std::ffi::OsString;
use std::fmt::Display;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time;

use farsight_rulebook::calendar::{Calendar, DayKind};
use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::CHECKS;
use farsight_rulebook::codes::{Code, Codes};
use farsight_rulebook::facts::{
    Bays, Certificate, Complaint, ComplaintEvent, CustomerBase, Dealer, Deed, Employment, Facts, Inspection,
    InspectionResult, Level, Move, Post, Role, Ruling, RulingKind, SupportRequest, WorkOrder,
};
use farsight_rulebook::finding::Found;
use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::{Policy, Timeline};
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::Date;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let options = Options::given()?;
    let ground = options.ground()?;
    let start = time::Instant::now();
    let facts = read(&options.facts, &ground.zone)?;
    let read_seconds = start.elapsed().as_secs_f64();

    let mut runs = Vec::new();
    for _ in 0..options.runs {
        runs.push(evaluate(&facts, &ground, options.as_of)?);
    }
    runs.sort_by(|a, b| a.core_seconds.total_cmp(&b.core_seconds));
    let median = &runs[runs.len() / 2];
    let checks: serde_json::Map<_, _> = CHECKS
        .iter()
        .zip(&median.checks)
        .map(|(check, seconds)| (check.name.to_owned(), (*seconds).into()))
        .collect();
    let report = serde_json::json!({
        "facts": facts.len(),
        "findings": median.found.findings.len(),
        "charges": median.found.findings.iter().map(|finding| finding.charges.len()).sum::<usize>(),
        "runs": runs.len(),
        "read_seconds": read_seconds,
        "seconds": median.seconds,
        "core_seconds": median.core_seconds,
        "facts_a_second": facts.len() as f64 / median.core_seconds,
        "check_seconds": checks,
    });
    println!("{report:#}");
    Ok(())
}

/// What is measured of one evaluation.
struct Run {
    seconds: f64,
    core_seconds: f64,
    checks: Vec<f64>,
    found: Found,
}

fn evaluate(facts: &Facts, ground: &Ground, as_of: Instant) -> Outcome<Run> {
    let wall = time::Instant::now();
    let core = || core_seconds().unwrap_or_else(|| wall.elapsed().as_secs_f64());
    let start = core();
    let case = Case::new(black_box(facts), ground, as_of, Judged::All);
    let mut found = Found::default();
    let mut checks = Vec::new();
    for check in &CHECKS {
        let start = core();
        (check.evaluate)(&case, &mut found)?;
        checks.push(core() - start);
    }
    Ok(Run {
        seconds: wall.elapsed().as_secs_f64(),
        core_seconds: core() - start,
        checks,
        found: black_box(found),
    })
}

/// Processor time of this thread, where the system tells it (Linux).
fn core_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// The command line.
struct Options {
    facts: PathBuf,
    as_of: Instant,
    from: Date,
    policy: String,
    runs: usize,
}

impl Options {
    fn given() -> Outcome<Self> {
        let mut words = std::env::args_os().skip(1);
        let mut folders = Vec::new();
        let mut named: HashMap<String, String> = HashMap::new();
        let text =
            |word: OsString| word.into_string().map_err(|word| format!("not UTF-8: {}", word.display()));
        while let Some(word) = words.next() {
            match word.to_str().and_then(|word| word.strip_prefix("--")) {
                None => folders.push(PathBuf::from(word)),
                Some(name @ ("as-of" | "from" | "policy" | "runs")) => {
                    let value = words.next().ok_or_else(|| format!("--{name} needs a value"))?;
                    named.insert(name.to_owned(), text(value)?);
                }
                Some(name) => return Err(format!("no option --{name}").into()),
            }
        }
        let [facts] = <[PathBuf; 1]>::try_from(folders).map_err(|_| "name one folder of import files")?;
        let as_of: jiff::Timestamp = named.get("as-of").ok_or("--as-of INSTANT is needed")?.parse()?;
        Ok(Self {
            facts,
            as_of: Instant::exactly(as_of).ok_or("--as-of is finer than a microsecond")?,
            from: named.get("from").map_or(Ok(Date::constant(2014, 9, 1)), |from| from.parse())?,
            policy: named.remove("policy").unwrap_or_else(|| "example-2026".to_owned()),
            runs: named.get("runs").map_or(Ok(3), |runs| runs.parse())?,
        })
    }

    fn ground(&self) -> Outcome<Ground> {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
        let text = std::fs::read_to_string(config.join(format!("policies/{}.toml", self.policy)))?;
        let policy = Policy::read(&text, yuan()?).map_err(|faults| format!("{faults:?}"))?;
        let mut calendar = Calendar::default();
        for year in std::fs::read_dir(config.join("calendars"))? {
            let path = year?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                add_days(&mut calendar, &serde_json::from_str(&std::fs::read_to_string(path)?)?)?;
            }
        }
        Ok(Ground { timeline: Timeline::of(policy, self.from), zone: Zone::shanghai(), calendar })
    }
}

fn add_days(calendar: &mut Calendar, year: &serde_json::Value) -> Outcome<()> {
    for day in year["days"].as_array().into_iter().flatten() {
        let kind = if day["isOffDay"] == true { DayKind::Holiday } else { DayKind::MakeUp };
        calendar.set(day["date"].as_str().unwrap_or_default().parse()?, kind);
    }
    Ok(())
}

fn yuan() -> Outcome<Currency> {
    Currency::of("CNY").ok_or_else(|| "no currency CNY".into())
}

/// One row of a file, and what its cells stand for. A column that is not there is empty.
struct Row<'r> {
    columns: &'r HashMap<String, usize>,
    cells: &'r csv::StringRecord,
    zone: &'r Zone,
}

impl Row<'_> {
    fn get(&self, column: &str) -> Option<&str> {
        self.columns.get(column).and_then(|index| self.cells.get(*index)).filter(|cell| !cell.is_empty())
    }

    fn text(&self, column: &str) -> Outcome<&str> {
        self.get(column).ok_or_else(|| self.fault(column, "is empty"))
    }

    fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Outcome<Option<T>> {
        self.get(column).map(str::parse).transpose().map_err(|why| self.fault(column, why))
    }

    fn needed<T: FromStr<Err: Display>>(&self, column: &str) -> Outcome<T> {
        self.parsed(column)?.ok_or_else(|| self.fault(column, "is empty"))
    }

    fn instant(&self, column: &str) -> Outcome<Option<Instant>> {
        let Some(text) = self.get(column) else { return Ok(None) };
        let instant = match text.parse::<jiff::Timestamp>() {
            Ok(timestamp) => Instant::exactly(timestamp),
            Err(_) => text.parse().ok().and_then(|local| self.zone.instant(local).ok()),
        };
        instant.map(Some).ok_or_else(|| self.fault(column, "is no instant"))
    }

    fn known_instant(&self, column: &str) -> Outcome<Instant> {
        self.instant(column)?.ok_or_else(|| self.fault(column, "is empty"))
    }

    /// A word of a short list.
    fn word<T>(&self, column: &str, named: impl Fn(&str) -> Option<T>) -> Outcome<Option<T>> {
        let known = |word| named(word).ok_or_else(|| self.fault(column, format!("'{word}' is unknown")));
        self.get(column).map(known).transpose()
    }

    fn known_word<T>(&self, column: &str, named: impl Fn(&str) -> Option<T>) -> Outcome<T> {
        self.word(column, named)?.ok_or_else(|| self.fault(column, "is empty"))
    }

    fn flag(&self, column: &str) -> Option<bool> {
        self.get(column).map(|text| matches!(text, "true" | "1" | "是"))
    }

    fn fault(&self, column: &str, why: impl Display) -> Box<dyn Error> {
        let line = self.cells.position().map_or(0, csv::Position::line);
        format!("line {line}, {column}: {why}").into()
    }
}

/// Calls `take` with each row of a table that is not voided.
fn each(
    folder: &Path,
    table: &str,
    zone: &Zone,
    mut take: impl FnMut(&Row<'_>) -> Outcome<()>,
) -> Outcome<()> {
    let path = folder.join(format!("{table}.csv"));
    if !path.exists() {
        return Ok(());
    }
    let mut reader = csv::Reader::from_path(&path)?;
    let headers = reader.headers()?.iter().enumerate();
    let columns =
        headers.map(|(index, name)| (name.trim_start_matches('\u{feff}').to_owned(), index)).collect();
    let mut cells = csv::StringRecord::new();
    while reader.read_record(&mut cells)? {
        let row = Row { columns: &columns, cells: &cells, zone };
        if row.flag("voided") != Some(true) {
            take(&row).map_err(|why| format!("{}: {why}", path.display()))?;
        }
    }
    Ok(())
}

fn read(folder: &Path, zone: &Zone) -> Outcome<Facts> {
    let mut facts = Facts::default();
    let mut codes = std::mem::take(&mut facts.codes);
    network(folder, zone, &mut facts, &mut codes)?;
    deeds(folder, zone, &mut facts, &mut codes)?;
    staff(folder, zone, &mut facts, &mut codes)?;
    repairs(folder, zone, &mut facts, &mut codes)?;
    facts.codes = codes;
    if facts.is_empty() { Err(format!("no facts in {}", folder.display()).into()) } else { Ok(facts) }
}

/// A code of a row that must be there, and one that may.
fn code(codes: &mut Codes, row: &Row<'_>, column: &str) -> Outcome<Code> {
    Ok(codes.keep(row.text(column)?))
}

fn maybe(codes: &mut Codes, row: &Row<'_>, column: &str) -> Option<Code> {
    row.get(column).map(|text| codes.keep(text))
}

fn network(folder: &Path, zone: &Zone, facts: &mut Facts, codes: &mut Codes) -> Outcome<()> {
    each(folder, "dealers", zone, |row| {
        facts.dealers.push(Dealer {
            dealer: code(codes, row, "dealer_code")?,
            region: code(codes, row, "region_code")?,
            opened_on: row.needed("opened_on")?,
            closed_on: row.parsed("closed_on")?,
        });
        Ok(())
    })?;
    each(folder, "dealer_regions", zone, |row| {
        let (dealer, region) = (code(codes, row, "dealer_code")?, code(codes, row, "region_code")?);
        facts.moves.push(Move { dealer, from: row.needed("from")?, region });
        Ok(())
    })?;
    each(folder, "posts", zone, |row| {
        facts.posts.push(Post {
            person: code(codes, row, "person_code")?,
            role: row.known_word("role", Role::named)?,
            scope: code(codes, row, "scope_code")?,
            from: row.needed("from")?,
            to: row.parsed("to")?,
        });
        Ok(())
    })?;
    each(folder, "bays", zone, |row| {
        let dealer = code(codes, row, "dealer_code")?;
        facts.bays.push(Bays {
            dealer,
            effective_on: row.needed("effective_on")?,
            bays: row.needed("bays")?,
        });
        Ok(())
    })?;
    each(folder, "customer_base", zone, |row| {
        facts.customer_base.push(CustomerBase {
            dealer: code(codes, row, "dealer_code")?,
            month: row.needed("month")?,
            base_customers: row.needed("base_customers")?,
            visits: row.parsed("visits")?,
        });
        Ok(())
    })
}

fn deeds(folder: &Path, zone: &Zone, facts: &mut Facts, codes: &mut Codes) -> Outcome<()> {
    each(folder, "inspections", zone, |row| {
        facts.inspections.push(Inspection {
            inspection: code(codes, row, "inspection_id")?,
            item: code(codes, row, "item_code")?,
            dealer: code(codes, row, "dealer_code")?,
            inspected_at: row.known_instant("inspected_at")?,
            result: row.known_word("result", |word| {
                Some(match word {
                    "pass" => InspectionResult::Pass,
                    "fail" => InspectionResult::Fail,
                    "na" => InspectionResult::NotApplicable,
                    "not-visible" => InspectionResult::NotVisible,
                    _ => return None,
                })
            })?,
            follow_up: row.get("kind") == Some("follow-up"),
        });
        Ok(())
    })?;
    each(folder, "complaints", zone, |row| {
        facts.complaints.push(Complaint {
            complaint: code(codes, row, "complaint_id")?,
            dealer: code(codes, row, "dealer_code")?,
            received_at: row.known_instant("received_at")?,
            dispatched_at: row.instant("dispatched_at")?,
            major: row.text("severity")? == "major",
            category: code(codes, row, "category")?,
            vin: maybe(codes, row, "vin"),
        });
        Ok(())
    })?;
    each(folder, "complaint_events", zone, |row| {
        let deed = match (row.text("kind")?, row.get("actor_role")) {
            ("first-reply", _) => Deed::FirstReply,
            ("handled", Some("dealer-gm")) => Deed::HandledByDealerGm,
            ("handled", _) => Deed::HandledByDeputyDirector,
            ("submitted", _) => Deed::Submitted,
            ("callback", _) => Deed::Callback(row.flag("satisfied")),
            (kind, _) => return Err(row.fault("kind", format!("'{kind}' is unknown"))),
        };
        let complaint = code(codes, row, "complaint_id")?;
        facts.complaint_events.push(ComplaintEvent { complaint, at: row.known_instant("at")?, deed });
        Ok(())
    })?;
    each(folder, "rulings", zone, |row| {
        let amount =
            row.get("amount").map(|amount| yuan()?.parse(amount).map_err(|why| row.fault("amount", why)));
        facts.rulings.push(Ruling {
            ruling: row.text("ruling_id")?.to_owned(),
            kind: row.known_word("kind", RulingKind::named)?,
            subject: row.text("subject")?.to_owned(),
            family: row.get("family").map(str::to_owned),
            decided_at: row.known_instant("decided_at")?,
            amount: amount.transpose()?,
        });
        Ok(())
    })
}

fn staff(folder: &Path, zone: &Zone, facts: &mut Facts, codes: &mut Codes) -> Outcome<()> {
    each(folder, "employments", zone, |row| {
        facts.employments.push(Employment {
            person: code(codes, row, "person_code")?,
            dealer: code(codes, row, "dealer_code")?,
            position: code(codes, row, "position")?,
            from: row.needed("from")?,
            to: row.parsed("to")?,
            leave_reason: maybe(codes, row, "leave_reason"),
        });
        Ok(())
    })?;
    each(folder, "certificates", zone, |row| {
        facts.certificates.push(Certificate {
            certificate: code(codes, row, "certificate_id")?,
            person: code(codes, row, "person_code")?,
            kind: code(codes, row, "kind")?,
            level: row.word("level", Level::named)?,
            issued_on: row.needed("issued_on")?,
            expires_on: row.needed("expires_on")?,
            revoked_on: row.parsed("revoked_on")?,
        });
        Ok(())
    })
}

fn repairs(folder: &Path, zone: &Zone, facts: &mut Facts, codes: &mut Codes) -> Outcome<()> {
    each(folder, "work_orders", zone, |row| {
        facts.work_orders.push(WorkOrder {
            work_order: code(codes, row, "work_order_id")?,
            dealer: code(codes, row, "dealer_code")?,
            vin: code(codes, row, "vin")?,
            fault: maybe(codes, row, "fault_code"),
            reported_at: None,
            created_at: row.known_instant("created_at")?,
            diagnosed_at: None,
            promised_at: None,
            completed_at: row.instant("completed_at")?,
            fixed: row.flag("fixed"),
            advisor: maybe(codes, row, "advisor_code"),
            technician: maybe(codes, row, "technician_code"),
            level: row.word("level", Level::named)?.unwrap_or(Level::Basic),
            nev: row.flag("nev") == Some(true),
            odometer_km: None,
            confirmed: false,
        });
        Ok(())
    })?;
    each(folder, "support_requests", zone, |row| {
        facts.support_requests.push(SupportRequest {
            request: code(codes, row, "request_id")?,
            dealer: code(codes, row, "dealer_code")?,
            vin: code(codes, row, "vin")?,
            fault: code(codes, row, "fault_code")?,
            requested_at: row.known_instant("requested_at")?,
        });
        Ok(())
    })
}
