//! Rectification orders — 整改: which months one order covers, when it ends, whether it is overdue.

use jiff::civil::Date;
use serde_json::json;

use super::NAME;
use crate::case::{Case, Draft, detail};
use crate::codes::Code;
use crate::facts::RulingKind;
use crate::finding::Found;
use crate::period::Period;
use crate::time::plus_days;

/// An order: open from the last day of its first month to the day of the earliest acceptance that names a
/// month it covers.
pub(super) struct Order {
    pub(super) months: Vec<Period>,
    pub(super) accepted_on: Option<Date>,
}

/// Judges a dealer's orders; `rectified` are the months with a rectify finding that stands, in order.
pub(super) fn judge(case: &Case, dealer: Code, unit: &str, rectified: &[Period], found: &mut Found) {
    for order in &orders(case, unit, rectified) {
        judge_overdue(case, dealer, unit, order, found);
    }
}

/// The orders that months with a rectify finding open or join, in order.
pub(super) fn orders(case: &Case, unit: &str, rectified: &[Period]) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for month in rectified {
        let accepted_on = first_acceptance(case, unit, *month);
        match orders.last_mut() {
            Some(order) if order.accepted_on.is_none_or(|day| month.last_day() <= day) => {
                order.months.push(*month);
                order.accepted_on = order.accepted_on.into_iter().chain(accepted_on).min();
            }
            _ => orders.push(Order { months: vec![*month], accepted_on }),
        }
    }
    orders
}

fn first_acceptance(case: &Case, unit: &str, month: Period) -> Option<Date> {
    let subject = format!("dealer:{unit}@{month}");
    let mut accepts = case.rulings.on(RulingKind::Accept, &subject);
    accepts.find(|ruling| case.horizon.seen(ruling.decided_at)).map(|ruling| case.date(ruling.decided_at))
}

/// Judged under the version in force when the order's clock started, the last day of its first month.
fn judge_overdue(case: &Case, dealer: Code, unit: &str, order: &Order, found: &mut Found) {
    let first = order.months[0];
    let Some(version) = case.version(first.last_day()) else { return };
    let terms = &version.policy.bay_turnover;
    let due_on = plus_days(first.last_day(), terms.rectify_days);
    if order.accepted_on.is_some_and(|day| day <= due_on) || !case.horizon.over(due_on) {
        return;
    }
    let months: Vec<String> = order.months.iter().map(ToString::to_string).collect();
    let draft = Draft {
        check: NAME,
        clause: &terms.overdue,
        family: "bay-turnover.overdue",
        subject: format!("dealer:{unit}@{first}"),
        unit,
        dealer,
        occurred_on: plus_days(due_on, 1),
        version: version.number,
        charged: &terms.overdue.charges,
        detail: detail(&json!({
            "due_on": due_on.to_string(), "months": months, "accepted_on": order.accepted_on.map(|day| day.to_string()),
        })),
    };
    case.find(found, draft);
}
