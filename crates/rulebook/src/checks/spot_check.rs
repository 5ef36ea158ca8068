//! Spot check — RVMS 远程视频抽查 (rulebook 4.1): what failures seen by camera cost dealer and managers.
//!
//! Its unit is the dealer: a failure is judged by the dealer's earlier failures of the same item.

mod follow_ups;
mod outlook;
mod receipts;

use jiff::civil::{Date, Time};
use serde_json::json;

use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Draft, detail};
use crate::facts::{Inspection, InspectionResult};
use crate::finding::Found;
use crate::period::Period;
use crate::policy::{Clause, Seat, Section, Text};
use crate::time::{plus_days, year_before};

pub use follow_ups::{Owed, choose, owed};
pub use outlook::{Outlook, outlook};
pub use receipts::grounds;

/// The check's name.
pub const NAME: &str = "spot-check";
/// The family of failures.
pub const FAMILY: &str = "spot-check";
/// The family of what managers are charged once an inspection.
pub const MANAGERS: &str = "spot-check.managers";
/// The family of looks that saw nothing.
pub const NOT_VISIBLE: &str = "spot-check.not-visible";

/// What an earlier failure makes a failure a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatWindow {
    /// One in the calendar month before.
    NextMonth,
    /// The latest earlier result of the item, failed.
    NextCheck,
}

/// In what window failures add up to a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearWindow {
    /// The year that ends with the failure.
    Rolling,
    /// The calendar year of the failure.
    CalendarYear,
}

/// How often managers are charged for thirds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagerUnit {
    /// Once an inspection.
    Inspection,
    /// With each third.
    Item,
}

/// What a policy says of the spot check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Dealers drawn a day.
    pub daily_sample: i64,
    /// Dealers of the follow-up list added a day.
    pub follow_up_daily: i64,
    /// Whether follow-ups count and charge.
    pub follow_up_charges: bool,
    /// The failure within the window that is a third.
    pub year_count: i64,
    /// What makes a repeat.
    pub repeat_window: RepeatWindow,
    /// The window of thirds.
    pub year_window: YearWindow,
    /// How often managers are charged for thirds.
    pub manager_unit: ManagerUnit,
    /// From when on a day's dealers are looked at, local time of day.
    pub visit_from: Time,
    /// Until when, later than `visit_from`.
    pub visit_to: Time,
    /// A camera that gave no picture at so many visits in a row is away.
    pub away_after: i64,
    /// The items looked at.
    pub items: Vec<(String, Text)>,
    /// `spot-check.first`
    pub first: Clause,
    /// `spot-check.repeat`
    pub repeat: Clause,
    /// `spot-check.third`
    pub third: Clause,
    /// `spot-check.not-visible`
    pub not_visible: Clause,
}

impl Terms {
    /// Reads the section `spot-check` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const ALL: [Seat; 3] = [Seat::Dealer, Seat::DistrictManager, Seat::RegionDirector];
        let (visit_from, visit_to) = opening_hours(section);
        Self {
            daily_sample: section.count("daily_sample", 1, 100_000),
            follow_up_daily: section.count("follow_up_daily", 0, 100_000),
            follow_up_charges: section.flag("follow_up_charges"),
            year_count: section.count("year_count", 2, 1_000),
            repeat_window: section.choice(
                "repeat_window",
                &[("next-month", RepeatWindow::NextMonth), ("next-check", RepeatWindow::NextCheck)],
            ),
            year_window: section.choice(
                "year_window",
                &[("rolling", YearWindow::Rolling), ("calendar-year", YearWindow::CalendarYear)],
            ),
            manager_unit: section.choice(
                "manager_unit",
                &[("inspection", ManagerUnit::Inspection), ("item", ManagerUnit::Item)],
            ),
            visit_from,
            visit_to,
            away_after: section.optional_count("away_after", 1, 1_000).unwrap_or(3),
            items: section.titled_codes("items"),
            first: section.clause("first", "spot-check.first", &ALL),
            repeat: section.clause("repeat", "spot-check.repeat", &ALL),
            third: section.clause("third", "spot-check.third", &ALL),
            not_visible: section.clause("not-visible", "spot-check.not-visible", &[Seat::Dealer]),
        }
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.first, &self.repeat, &self.third, &self.not_visible]
    }

    fn counts(&self, result: &Inspection) -> bool {
        !result.follow_up || self.follow_up_charges
    }
}

/// `visit_from` and `visit_to`, 09:00 and 17:00 where the file leaves them out.
fn opening_hours(section: &mut Section) -> (Time, Time) {
    let from = section.optional_time("visit_from").unwrap_or(Time::constant(9, 0, 0, 0));
    let to = section.optional_time("visit_to").unwrap_or(Time::constant(17, 0, 0, 0));
    if from >= to {
        section.contradiction(
            "visit_to",
            "visit_to must be later than visit_from (09:00 and 17:00 where they are left out)",
        );
    }
    (from, to)
}

/// A result that can count: seen, passed or failed, not excused.
struct Look<'f> {
    row: &'f Inspection,
    on: Date,
}

impl Look<'_> {
    fn is_failure(&self) -> bool {
        self.row.result == InspectionResult::Fail
    }
}

/// A row as a result that can count, if it is one.
fn look<'f>(case: &Case, row: &'f Inspection) -> Option<Look<'f>> {
    let can_count = matches!(row.result, InspectionResult::Pass | InspectionResult::Fail)
        && case.horizon.seen(row.inspected_at)
        && !is_excused(case, row);
    can_count.then(|| Look { row, on: case.date(row.inspected_at) })
}

/// Whether a result is excused, and so from every count (rulebook 3.6).
pub fn is_excused(case: &Case, row: &Inspection) -> bool {
    case.rulings.excused(&case.horizon, FAMILY, &item_subject(case, row))
}

/// Judges every failure, and every look that saw nothing.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let mut rows: Vec<&Inspection> =
        case.facts.inspections.iter().filter(|row| case.judges_dealer(row.dealer)).collect();
    rows.sort_unstable_by(|a, b| {
        let place = |row: &Inspection| (row.dealer, row.item, row.inspected_at);
        place(a).cmp(&place(b)).then_with(|| case.text(a.inspection).cmp(case.text(b.inspection)))
    });
    for of_dealer in rows.chunk_by(|a, b| a.dealer == b.dealer) {
        let unit = case.text(of_dealer[0].dealer);
        if case.judges(unit, of_dealer[0].dealer) {
            judge_dealer(case, unit, of_dealer, found);
            case.close_unit(NAME, unit, found);
        }
    }
    Ok(())
}

fn judge_dealer(case: &Case, unit: &str, rows: &[&Inspection], found: &mut Found) {
    let mut thirds: Vec<(&Inspection, Date)> = Vec::new();
    for of_item in rows.chunk_by(|a, b| a.item == b.item) {
        let mut results = Vec::with_capacity(of_item.len());
        for row in of_item {
            if row.result == InspectionResult::NotVisible && case.horizon.seen(row.inspected_at) {
                note_not_visible(case, unit, row, case.date(row.inspected_at), found);
            }
            results.extend(look(case, row));
        }
        for index in 0..results.len() {
            if results[index].is_failure() && judge_failure(case, unit, &results, index, found) {
                thirds.push((results[index].row, results[index].on));
            }
        }
    }
    charge_managers(case, unit, thirds, found);
}

/// Judges one failure; says whether a third stands for which managers are charged by inspection.
fn judge_failure(case: &Case, unit: &str, results: &[Look], index: usize, found: &mut Found) -> bool {
    let failure = &results[index];
    let Some(version) = case.version(failure.on) else { return false };
    let terms = &version.policy.spot_check;
    let earlier = &results[..index];
    let mut failures = earlier.iter().rev().filter(|result| result.is_failure() && terms.counts(result.row));
    if !terms.counts(failure.row) || failures.next().is_some_and(|latest| latest.on == failure.on) {
        return false;
    }
    let days = failure_days(terms, failure.on, earlier);
    let (clause, by_inspection) = if days.len() as i64 + 1 >= terms.year_count {
        (&terms.third, terms.manager_unit == ManagerUnit::Inspection)
    } else if is_repeat(terms, failure.on, earlier) {
        (&terms.repeat, false)
    } else {
        (&terms.first, false)
    };
    let charged: Vec<_> =
        clause.charges.iter().filter(|terms| !by_inspection || terms.seat == Seat::Dealer).copied().collect();
    let earlier_days: Vec<String> = days.iter().map(ToString::to_string).collect();
    let stands = case.find(
        found,
        Draft {
            check: NAME,
            clause,
            family: FAMILY,
            subject: item_subject(case, failure.row),
            unit,
            dealer: failure.row.dealer,
            occurred_on: failure.on,
            version: version.number,
            charged: &charged,
            detail: detail(&json!({
                "item": case.text(failure.row.item), "failures_in_window": days.len() + 1, "earlier": earlier_days,
            })),
        },
    );
    stands && by_inspection
}

/// The earlier days within the window of thirds on which the item failed, latest first.
fn failure_days(terms: &Terms, on: Date, earlier: &[Look]) -> Vec<Date> {
    let first = window_start(terms, on);
    let mut days: Vec<Date> = earlier
        .iter()
        .rev()
        .take_while(|result| result.on >= first)
        .filter(|result| result.is_failure() && terms.counts(result.row))
        .map(|result| result.on)
        .collect();
    days.dedup();
    days
}

/// The first day of the window of thirds that ends on a day.
fn window_start(terms: &Terms, on: Date) -> Date {
    match terms.year_window {
        YearWindow::Rolling => plus_days(year_before(on), 1),
        YearWindow::CalendarYear => on.first_of_year(),
    }
}

fn is_repeat(terms: &Terms, on: Date, earlier: &[Look]) -> bool {
    let mut counting = earlier.iter().rev().filter(|result| terms.counts(result.row));
    match terms.repeat_window {
        RepeatWindow::NextCheck => counting.next().is_some_and(Look::is_failure),
        RepeatWindow::NextMonth => {
            let month = Period::of(on).previous();
            counting
                .take_while(|result| Period::of(result.on) >= month)
                .any(|result| result.is_failure() && Period::of(result.on) == month)
        }
    }
}

fn note_not_visible(case: &Case, unit: &str, row: &Inspection, on: Date, found: &mut Found) {
    let Some(version) = case.version(on) else { return };
    let clause = &version.policy.spot_check.not_visible;
    case.find(
        found,
        Draft {
            check: NAME,
            clause,
            family: NOT_VISIBLE,
            subject: item_subject(case, row),
            unit,
            dealer: row.dealer,
            occurred_on: on,
            version: version.number,
            charged: &clause.charges,
            detail: detail(&json!({ "item": case.text(row.item) })),
        },
    );
}

/// One further finding for each inspection with thirds: the managers, once an inspection.
fn charge_managers(case: &Case, unit: &str, mut thirds: Vec<(&Inspection, Date)>, found: &mut Found) {
    thirds.sort_by_key(|(row, _)| (row.inspection, case.text(row.item)));
    for of_inspection in thirds.chunk_by(|(a, _), (b, _)| a.inspection == b.inspection) {
        let (row, on) = of_inspection[0];
        let Some(version) = case.version(on) else { continue };
        let clause = &version.policy.spot_check.third;
        let charged: Vec<_> =
            clause.charges.iter().filter(|terms| terms.seat != Seat::Dealer).copied().collect();
        let items: Vec<&str> = of_inspection.iter().map(|(row, _)| case.text(row.item)).collect();
        case.find(
            found,
            Draft {
                check: NAME,
                clause,
                family: MANAGERS,
                subject: format!("inspection:{}", case.text(row.inspection)),
                unit,
                dealer: row.dealer,
                occurred_on: on,
                version: version.number,
                charged: &charged,
                detail: detail(&json!({ "items": items })),
            },
        );
    }
}

fn item_subject(case: &Case, row: &Inspection) -> String {
    format!("inspection:{}#{}", case.text(row.inspection), case.text(row.item))
}
