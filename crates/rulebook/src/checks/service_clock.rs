//! Service clock — 3-30-24 (rulebook 4.6): opened, diagnosed and completed promptly, and what a late promise owes the
//! customer.
//!
//! Its units are the dealer and month of creation (the prompt share) and the dealer and day of completion (compensation):
//! what a charge says (dealer, `occurred_on`) names its unit, so that a charge that stays never lies in another.

mod receipts;

use hashbrown::HashMap;
use serde_json::json;

use super::months::{self, ExcusedOrders, OfMonth, by_dealer, together};
use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Draft, detail};
use crate::codes::Code;
use crate::exact::percent;
use crate::facts::{Delay, WorkOrder};
use crate::finding::Found;
use crate::money::{Currency, Money};
use crate::period::Period;
use crate::policy::{Amount, Clause, Seat, Section};
use crate::time::{HOUR, Instant, MINUTE};

pub use receipts::grounds;

/// The check's name.
pub const NAME: &str = "service-clock";
/// The family of a month's share.
pub const SLOW: &str = "service-clock.slow";
/// The family of what an order owes.
pub const COMPENSATION: &str = "service-clock.compensation";

/// What a policy says of the service clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Minutes from report to creation.
    pub open_minutes: i64,
    /// Minutes from creation to diagnosis.
    pub diagnose_minutes: i64,
    /// Hours from creation to completion, unless a delay notice was given in time.
    pub complete_hours: i64,
    /// Natural days from creation beyond which no notice moves the limit.
    pub max_delay_days: u32,
    /// The least orders of a month that are judged.
    pub min_orders: i64,
    /// The least share of prompt orders, in percent.
    pub min_rate: i64,
    /// Minutes after the promise before anything is owed.
    pub grace_minutes: i64,
    /// Minutes of a step of what is owed.
    pub step_minutes: i64,
    /// What the dealer owes the customer for each step begun.
    pub owed_step: Amount,
    /// The most it owes for an order.
    pub owed_most: Amount,
    /// The currency of both.
    pub currency: Currency,
    /// `service-clock.slow`
    pub slow: Clause,
    /// `service-clock.compensation`
    pub compensation: Clause,
}

impl Terms {
    /// Reads the section `service-clock` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        Self {
            open_minutes: section.count("open_minutes", 0, 1_440),
            diagnose_minutes: section.count("diagnose_minutes", 0, 1_440),
            complete_hours: section.count("complete_hours", 1, 8_760),
            max_delay_days: section.count("max_delay_days", 1, 366) as u32,
            min_orders: section.count("min_orders", 1, 1_000_000),
            min_rate: section.count("min_rate", 1, 100),
            grace_minutes: section.count("grace_minutes", 0, 1_440),
            step_minutes: section.count("step_minutes", 1, 1_440),
            owed_step: section.amount("owed_step"),
            owed_most: section.amount("owed_most"),
            currency: section.currency(),
            slow: section.clause("slow", SLOW, &DEALER),
            compensation: section.clause("compensation", COMPENSATION, &DEALER),
        }
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.slow, &self.compensation]
    }

    /// What is owed for so much time after the promise; none within the grace.
    pub fn owed(&self, late: i64) -> Option<Money> {
        let beyond = late - self.grace_minutes * MINUTE;
        let step = self.step_minutes * MINUTE;
        let steps = (beyond + step - 1) / step;
        let owed = self.owed_step.money.0.saturating_mul(steps).min(self.owed_most.money.0);
        (beyond > 0).then_some(Money(owed))
    }
}

/// The delay notices of each order, by time.
pub(super) struct Delays<'f>(HashMap<Code, Vec<&'f Delay>>);

impl<'f> Delays<'f> {
    pub(super) fn of(case: &Case<'f>) -> Self {
        let mut delays: HashMap<Code, Vec<&Delay>> = HashMap::new();
        for delay in &case.facts.delays {
            delays.entry(delay.work_order).or_default().push(delay);
        }
        delays.values_mut().for_each(|list| list.sort_unstable_by_key(|delay| delay.given_at));
        Self(delays)
    }

    pub(super) fn on(&self, order: &WorkOrder) -> &[&'f Delay] {
        self.0.get(&order.work_order).map_or(&[], Vec::as_slice)
    }
}

/// Whether an order was prompt; none: not decided yet.
pub(super) fn prompt(case: &Case, terms: &Terms, order: &WorkOrder, delays: &[&Delay]) -> Option<bool> {
    let limit = limit(case, terms, order, delays);
    let completed = case.horizon.came(order.completed_at);
    if completed.is_none() && !case.horizon.passed(limit) {
        return None;
    }
    let opened = order
        .reported_at
        .is_none_or(|reported| order.created_at.0 <= reported.0.saturating_add(terms.open_minutes * MINUTE));
    let diagnosed = match case.horizon.came(order.diagnosed_at) {
        Some(at) => at.0 <= order.created_at.0 + terms.diagnose_minutes * MINUTE,
        None => order.fault.is_none(),
    };
    Some(opened && diagnosed && completed.is_some_and(|at| at <= limit))
}

/// Until when an order is completed promptly: each notice given in time moves it, up to the most.
fn limit(case: &Case, terms: &Terms, order: &WorkOrder, delays: &[&Delay]) -> Instant {
    let most = case.ground.zone.plus_natural_days(order.created_at, terms.max_delay_days);
    let mut limit = Instant(order.created_at.0 + terms.complete_hours * HOUR);
    for delay in delays {
        if delay.given_at > limit || !case.horizon.seen(delay.given_at) {
            break;
        }
        limit = limit.max(delay.promised_at.min(most));
    }
    limit
}

/// The promise in force when an order was completed.
pub(super) fn promise(order: &WorkOrder, delays: &[&Delay], completed: Instant) -> Option<Instant> {
    let mut promise = order.promised_at;
    for delay in delays.iter().filter(|delay| delay.given_at <= completed) {
        match promise {
            None => promise = Some(delay.promised_at),
            Some(at) if delay.given_at <= at => promise = Some(at.max(delay.promised_at)),
            Some(_) => {}
        }
    }
    promise
}

/// Judges every dealer's months and days.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let delays = Delays::of(case);
    let excused = ExcusedOrders::of(case);
    let orders = case.facts.work_orders.iter();
    let months = orders.map(|order| (order.dealer, Period::of(case.date(order.created_at)), order));
    for of_month in by_dealer(case, months).chunk_by(together) {
        judge_month(case, &delays, &excused, of_month, found);
    }
    let promised = |order: &&WorkOrder| order.promised_at.is_some() || !delays.on(order).is_empty();
    let orders = case.facts.work_orders.iter().filter(promised);
    let days = orders.filter_map(|order| Some((order.dealer, case.date(order.completed_at?), order)));
    for of_day in by_dealer(case, days).chunk_by(together) {
        let (dealer, day, _) = of_day[0];
        let unit = format!("{}@{day}", case.text(dealer));
        if case.judges(&unit, dealer) {
            of_day
                .iter()
                .for_each(|(_, _, order)| judge_promise(case, &unit, order, delays.on(order), found));
            case.close_unit(NAME, &unit, found);
        }
    }
    Ok(())
}

/// How many orders of a month are decided and not excused, and how many of them are prompt.
fn counts<'o>(
    case: &Case,
    terms: &Terms,
    delays: &Delays,
    excused: &ExcusedOrders,
    orders: impl Iterator<Item = &'o WorkOrder>,
) -> (i64, i64) {
    let counted = orders.filter(|order| !excused.has(case, SLOW, order.work_order));
    let decided = counted.filter_map(|order| prompt(case, terms, order, delays.on(order)));
    decided.fold((0, 0), |(all, good), prompt| (all + 1, good + i64::from(prompt)))
}

fn judge_month(
    case: &Case,
    delays: &Delays,
    excused: &ExcusedOrders,
    of_month: &[(Code, Period, &WorkOrder)],
    found: &mut Found,
) {
    let (dealer, month, _) = of_month[0];
    months::judge_month(
        case,
        NAME,
        (dealer, month),
        |policy| policy.service_clock.as_ref(),
        found,
        |unit, (version, terms), found| {
            let orders = of_month.iter().map(|(_, _, order)| *order);
            let (decided, prompt) = counts(case, terms, delays, excused, orders);
            if decided >= terms.min_orders && prompt * 100 < terms.min_rate * decided {
                let clause = &terms.slow;
                let finding = OfMonth { check: NAME, clause, family: SLOW, dealer, month, unit, version };
                let share = percent(prompt, decided).to_string();
                finding.find(case, found, &json!({ "orders": decided, "prompt": prompt, "share": share }));
            }
        },
    );
}

fn judge_promise(case: &Case, unit: &str, order: &WorkOrder, delays: &[&Delay], found: &mut Found) {
    let Some(completed) =
        case.horizon.came(order.completed_at).filter(|_| case.horizon.seen(order.created_at))
    else {
        return;
    };
    let on = case.date(completed);
    let Some(version) = case.version(on) else { return };
    let Some(terms) = &version.policy.service_clock else { return };
    let Some(promise) = promise(order, delays, completed) else { return };
    let Some(owed) = terms.owed(completed.0 - promise.0) else { return };
    let (zone, id) = (&case.ground.zone, case.text(order.work_order));
    let draft = Draft {
        check: NAME,
        clause: &terms.compensation,
        family: COMPENSATION,
        subject: format!("order:{id}"),
        unit,
        dealer: order.dealer,
        occurred_on: on,
        version: version.number,
        charged: &terms.compensation.charges,
        detail: detail(&json!({
            "work_order": id, "promised_at": zone.rfc3339(promise), "completed_at": zone.rfc3339(completed),
            "late_minutes": (completed.0 - promise.0) / MINUTE, "owed": terms.currency.show(owed).to_string(),
        })),
    };
    case.find(found, draft);
}
