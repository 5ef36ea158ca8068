//! Feedback — 48 小时闭环 (rulebook 4.9): feedback solved in time, and customers called after the work.
//!
//! Its units are the feedback, and the dealer and month of completion.

use hashbrown::HashMap;
use serde_json::json;

use super::months::{self, ExcusedOrders, OfMonth, by_dealer, together};
use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Draft, detail};
use crate::codes::Code;
use crate::exact::percent;
use crate::facts::{Feedback, WorkOrder};
use crate::finding::{Finding, Found};
use crate::period::Period;
use crate::policy::{Clause, Seat, Section};
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;
use crate::time::{Instant, MINUTE};

/// The check's name.
pub const NAME: &str = "feedback";
/// The family of feedback not solved in time.
pub const LATE: &str = "feedback.late";
/// The family of a month's share of callbacks.
pub const MISSED: &str = "feedback.callback-missed";

/// What a policy says of feedback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Hours from receipt to the solution.
    pub solve_hours: i64,
    /// Hours from completion in which the customer is called.
    pub callback_hours: i64,
    /// The least orders of a month that are judged.
    pub min_orders: i64,
    /// The least share of orders with a callback, in percent.
    pub min_rate: i64,
    /// `feedback.late`
    pub late: Clause,
    /// `feedback.callback-missed`
    pub callback_missed: Clause,
}

impl Terms {
    /// Reads the section `feedback` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        Self {
            solve_hours: section.count("solve_hours", 1, 8_760),
            callback_hours: section.count("callback_hours", 1, 8_760),
            min_orders: section.count("min_orders", 1, 1_000_000),
            min_rate: section.count("min_rate", 1, 100),
            late: section.clause("late", LATE, &DEALER),
            callback_missed: section.clause("callback-missed", MISSED, &DEALER),
        }
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.late, &self.callback_missed]
    }
}

/// Judges every feedback, and every dealer's months of completed orders.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    for row in &case.facts.feedback {
        let unit = case.text(row.feedback);
        if case.judges(unit, row.dealer) {
            judge_feedback(case, unit, row, found);
            case.close_unit(NAME, unit, found);
        }
    }
    let callbacks = callbacks(case);
    let excused = ExcusedOrders::of(case);
    let completed = case.facts.work_orders.iter().filter_map(|order| Some((order, order.completed_at?)));
    let months = completed.map(|(order, at)| (order.dealer, Period::of(case.date(at)), order));
    for of_month in by_dealer(case, months).chunk_by(together) {
        judge_month(case, &callbacks, &excused, of_month, found);
    }
    Ok(())
}

/// Whether a feedback that was received was not solved in time, by the version of that day.
pub(super) fn is_late(case: &Case, row: &Feedback) -> bool {
    let version = case.version(case.date(row.received_at));
    let terms = version.and_then(|version| version.policy.feedback.as_ref());
    terms.is_some_and(|terms| overdue(case, terms, row).is_some())
}

/// The deadline of a feedback and when it was solved, where that is not in time.
fn overdue(case: &Case, terms: &Terms, row: &Feedback) -> Option<(Instant, Option<Instant>)> {
    let due = row.received_at.plus_hours(terms.solve_hours);
    let solved = case.horizon.came(row.solved_at);
    let in_time = solved.is_some_and(|at| at <= due);
    (!in_time && case.horizon.passed(due)).then_some((due, solved))
}

fn judge_feedback(case: &Case, unit: &str, row: &Feedback, found: &mut Found) {
    if !case.horizon.seen(row.received_at) {
        return;
    }
    let Some(version) = case.version(case.date(row.received_at)) else { return };
    let Some(terms) = &version.policy.feedback else { return };
    let Some((due, solved)) = overdue(case, terms, row) else { return };
    let zone = &case.ground.zone;
    let draft = Draft {
        check: NAME,
        clause: &terms.late,
        family: LATE,
        subject: format!("feedback:{unit}"),
        unit,
        dealer: row.dealer,
        occurred_on: case.date(due),
        version: version.number,
        charged: &terms.late.charges,
        detail: detail(&json!({
            "due_at": zone.rfc3339(due), "done_at": solved.map(|at| zone.rfc3339(at)),
            "late_minutes": solved.map(|at| (at.0 - due.0) / MINUTE),
        })),
    };
    case.find(found, draft);
}

/// The callbacks of each order.
pub(super) fn callbacks(case: &Case) -> HashMap<Code, Vec<Instant>> {
    let mut callbacks: HashMap<Code, Vec<Instant>> = HashMap::new();
    for row in &case.facts.callbacks {
        callbacks.entry(row.work_order).or_default().push(row.at);
    }
    callbacks
}

/// Whether the customer of a completed order was called in time; none: there is still time.
pub(super) fn called(case: &Case, terms: &Terms, completed: Instant, calls: &[Instant]) -> Option<bool> {
    let due = completed.plus_hours(terms.callback_hours);
    let in_time = |at: &&Instant| completed <= **at && **at <= due;
    if calls.iter().filter(in_time).any(|at| case.horizon.seen(*at)) {
        return Some(true);
    }
    case.horizon.passed(due).then_some(false)
}

type Calls = HashMap<Code, Vec<Instant>>;

/// How many orders of a month count, and how many of them were called; those that were not, to `missed`.
fn counts<'o>(
    case: &Case,
    terms: &Terms,
    calls: &Calls,
    excused: &ExcusedOrders,
    orders: impl Iterator<Item = &'o WorkOrder>,
    mut missed: impl FnMut(&'o WorkOrder),
) -> (i64, i64) {
    let (mut counted, mut good) = (0, 0);
    for order in orders.filter(|order| !excused.has(case, MISSED, order.work_order)) {
        let Some(completed) = order.completed_at.filter(|_| case.horizon.seen(order.created_at)) else {
            continue;
        };
        let own = calls.get(&order.work_order).map_or(&[][..], Vec::as_slice);
        match called(case, terms, completed, own) {
            Some(true) => good += 1,
            Some(false) => missed(order),
            None => continue,
        }
        counted += 1;
    }
    (counted, good)
}

fn judge_month(
    case: &Case,
    calls: &Calls,
    excused: &ExcusedOrders,
    of_month: &[(Code, Period, &WorkOrder)],
    found: &mut Found,
) {
    let (dealer, month, _) = of_month[0];
    months::judge_month(
        case,
        NAME,
        (dealer, month),
        |policy| policy.feedback.as_ref(),
        found,
        |unit, (version, terms), found| {
            let orders = of_month.iter().map(|(_, _, order)| *order);
            let (counted, good) = counts(case, terms, calls, excused, orders, |_| ());
            if counted >= terms.min_orders && good * 100 < terms.min_rate * counted {
                let clause = &terms.callback_missed;
                let finding = OfMonth { check: NAME, clause, family: MISSED, dealer, month, unit, version };
                let share = percent(good, counted).to_string();
                finding.find(case, found, &json!({ "orders": counted, "called": good, "share": share }));
            }
        },
    );
}

/// Tells a finding's grounds: the feedback, or the month's orders without a callback.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let version = case.ground.timeline.version(finding.version);
    let Some(terms) = version.and_then(|version| version.policy.feedback.as_ref()) else { return Ok(()) };
    match Subject::read(&finding.subject) {
        Some(Subject::Feedback { feedback }) => {
            let row = case.facts.feedback.iter().find(|row| case.text(row.feedback) == feedback);
            if let Some(row) = row {
                tell_feedback(case, terms, row, grounds);
            }
        }
        Some(Subject::DealerMonth { month, .. }) => tell_month(case, finding, terms, month, grounds),
        _ => {}
    }
    Ok(())
}

fn tell_feedback(case: &Case, terms: &Terms, row: &Feedback, grounds: &mut Grounds) {
    grounds.stand_on(FactRef::new(case, row, "feedback").judged());
    let due = row.received_at.plus_hours(terms.solve_hours);
    let hours = Value::Counted("count.hours", terms.solve_hours);
    grounds
        .say("feedback.due", [("at", Value::At(row.received_at)), ("hours", hours), ("due", Value::At(due))]);
    match case.horizon.came(row.solved_at) {
        Some(at) => {
            grounds
                .say("feedback.solved-late", [("at", Value::At(at)), ("late", Value::Elapsed(at.0 - due.0))]);
        }
        None => grounds.say("feedback.not-solved", [("as_of", Value::At(case.horizon.as_of()))]),
    }
}

fn tell_month(case: &Case, finding: &Finding, terms: &Terms, month: Period, grounds: &mut Grounds) {
    let of_month = |order: &&WorkOrder| {
        order.dealer == finding.dealer
            && order.completed_at.is_some_and(|at| Period::of(case.date(at)) == month)
    };
    let orders = case.facts.work_orders.iter().filter(of_month);
    let (counted, good) = counts(case, terms, &callbacks(case), &ExcusedOrders::of(case), orders, |order| {
        grounds.stand_on(FactRef::new(case, order, "work-order").judged());
    });
    grounds.say(
        "feedback.callbacks",
        [
            ("month", Value::Month(month)),
            ("orders", Value::Counted("count.orders", counted)),
            ("called", Value::text(good)),
            ("hours", Value::Counted("count.hours", terms.callback_hours)),
            ("share", Value::text(percent(good, counted))),
            ("least", Value::text(terms.min_rate)),
        ],
    );
}
