//! What a finding of the service clock stands on: the month's orders that were not prompt, or the order and its notices.

use super::{Delays, ExcusedOrders, NAME, SLOW, Terms, counts, promise, prompt};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::exact::percent;
use crate::facts::WorkOrder;
use crate::finding::Finding;
use crate::period::Period;
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;

/// Tells a finding's grounds.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    debug_assert_eq!(finding.check, NAME);
    let version = case.ground.timeline.version(finding.version);
    let Some(terms) = version.and_then(|version| version.policy.service_clock.as_ref()) else {
        return Ok(());
    };
    let delays = Delays::of(case);
    match Subject::read(&finding.subject) {
        Some(Subject::DealerMonth { month, .. }) => tell_month(case, finding, terms, &delays, month, grounds),
        Some(Subject::Order { work_order }) => {
            let order = case.facts.work_orders.iter().find(|row| case.text(row.work_order) == work_order);
            if let Some(order) = order {
                tell_promise(case, terms, &delays, order, grounds);
            }
        }
        _ => {}
    }
    Ok(())
}

fn tell_month(
    case: &Case,
    finding: &Finding,
    terms: &Terms,
    delays: &Delays,
    month: Period,
    grounds: &mut Grounds,
) {
    let excused = ExcusedOrders::of(case);
    let of_month = |order: &&WorkOrder| {
        order.dealer == finding.dealer && Period::of(case.date(order.created_at)) == month
    };
    let orders = || case.facts.work_orders.iter().filter(of_month);
    for order in orders().filter(|order| !excused.has(case, SLOW, order.work_order)) {
        if prompt(case, terms, order, delays.on(order)) == Some(false) {
            grounds.stand_on(FactRef::new(case, order, "work-order").judged());
        }
    }
    let (decided, prompt) = counts(case, terms, delays, &excused, orders());
    grounds.say(
        "service-clock.slow",
        [
            ("month", Value::Month(month)),
            ("orders", Value::Counted("count.orders", decided)),
            ("prompt", Value::text(prompt)),
            ("share", Value::text(percent(prompt, decided))),
            ("least", Value::text(terms.min_rate)),
        ],
    );
}

fn tell_promise(case: &Case, terms: &Terms, delays: &Delays, order: &WorkOrder, grounds: &mut Grounds) {
    let Some(completed) = case.horizon.came(order.completed_at) else { return };
    let Some(promise) = promise(order, delays.on(order), completed) else { return };
    let Some(owed) = terms.owed(completed.0 - promise.0) else { return };
    grounds.stand_on(FactRef::new(case, order, "work-order").judged());
    for delay in delays.on(order).iter().filter(|delay| delay.given_at <= completed) {
        grounds.stand_on(FactRef::new(case, *delay, "delay").note("promise", Value::At(delay.promised_at)));
    }
    grounds.say(
        "service-clock.owed",
        [
            ("promise", Value::At(promise)),
            ("completed", Value::At(completed)),
            ("late", Value::Elapsed(completed.0 - promise.0)),
            ("grace", Value::text(terms.grace_minutes)),
            ("step", Value::text(terms.step_minutes)),
            ("each", Value::Amount(terms.owed_step.money)),
            ("most", Value::Amount(terms.owed_most.money)),
            ("owed", Value::Amount(owed)),
        ],
    );
}
