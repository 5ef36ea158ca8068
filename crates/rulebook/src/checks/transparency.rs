//! Transparency — 透明公约 (rulebook 4.12): work confirmed by three persons, parts at the manufacturer's price.
//!
//! Its unit is the dealer and month: of completion, or in which a price came into effect.

use hashbrown::HashMap;
use jiff::civil::Date;
use serde_json::json;

use super::months::{ExcusedOrders, OfMonth, by_dealer, together};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::codes::Code;
use crate::exact::{hundredths, percent};
use crate::facts::{PartPrice, WorkOrder};
use crate::finding::{Finding, Found};
use crate::period::Period;
use crate::policy::{Clause, Seat, Section};
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;

/// The check's name.
pub const NAME: &str = "transparency";
/// The family of orders without their confirmations.
pub const UNCONFIRMED: &str = "transparency.unconfirmed";
/// The family of prices that differ.
pub const PRICE: &str = "transparency.price";

/// What a policy says of transparency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// `transparency.unconfirmed`
    pub unconfirmed: Clause,
    /// `transparency.price`
    pub price: Clause,
}

impl Terms {
    /// Reads the section `transparency` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        Self {
            unconfirmed: section.clause("unconfirmed", UNCONFIRMED, &DEALER),
            price: section.clause("price", PRICE, &DEALER),
        }
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.unconfirmed, &self.price]
    }
}

/// A row of a dealer's month.
#[derive(Clone, Copy)]
enum Item<'f> {
    Order(&'f WorkOrder),
    Price(&'f PartPrice),
}

/// The manufacturer's list prices of each part, by the first day they hold.
struct List(HashMap<Code, Vec<(Date, i64)>>);

impl List {
    fn of(case: &Case) -> Self {
        let mut list: HashMap<Code, Vec<(Date, i64)>> = HashMap::new();
        for row in case.facts.part_prices.iter().filter(|row| row.dealer.is_none()) {
            list.entry(row.part).or_default().push((row.effective_on, row.price));
        }
        list.values_mut().for_each(|prices| prices.sort_unstable());
        Self(list)
    }

    /// The price in force on a day.
    fn price(&self, part: Code, on: Date) -> Option<i64> {
        let prices = self.0.get(&part)?;
        prices.partition_point(|(from, _)| *from <= on).checked_sub(1).map(|index| prices[index].1)
    }

    /// Whether a dealer's price differs from it; where there is none it does not.
    fn differs(&self, row: &PartPrice) -> bool {
        self.price(row.part, row.effective_on).is_some_and(|price| price != row.price)
    }
}

/// Whether an order with a fault was completed without all three confirmations; none: it does not count.
pub(super) fn unconfirmed(case: &Case, excused: &ExcusedOrders, order: &WorkOrder) -> Option<bool> {
    order.fault?;
    let counts = case.horizon.seen(order.created_at) && !excused.has(case, UNCONFIRMED, order.work_order);
    counts.then_some(!order.confirmed)
}

/// The rows of all dealers' months.
fn items<'f>(case: &Case<'f>) -> impl Iterator<Item = (Code, Period, Item<'f>)> {
    let orders = case.facts.work_orders.iter().filter(|order| order.fault.is_some());
    let completed = orders.filter_map(|order| Some((order, Period::of(case.date(order.completed_at?)))));
    let orders = completed.map(|(order, month)| (order.dealer, month, Item::Order(order)));
    let prices = case.facts.part_prices.iter().filter_map(|row| {
        let month = Period::of(row.effective_on);
        row.dealer.map(|dealer| (dealer, month, Item::Price(row)))
    });
    orders.collect::<Vec<_>>().into_iter().chain(prices)
}

/// Judges every dealer's months.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let (list, excused) = (List::of(case), ExcusedOrders::of(case));
    for of_month in by_dealer(case, items(case)).chunk_by(together) {
        let (dealer, month, _) = of_month[0];
        let unit = format!("{}@{month}", case.text(dealer));
        if !case.judges(&unit, dealer) {
            continue;
        }
        if case.horizon.over(month.last_day()) {
            judge(case, &unit, &list, &excused, of_month, found);
        }
        case.close_unit(NAME, &unit, found);
    }
    Ok(())
}

fn judge(
    case: &Case,
    unit: &str,
    list: &List,
    excused: &ExcusedOrders,
    of_month: &[(Code, Period, Item)],
    found: &mut Found,
) {
    let (dealer, month, _) = of_month[0];
    let Some(version) = case.version(month.last_day()) else { return };
    let Some(terms) = &version.policy.transparency else { return };
    let orders = of_month.iter().filter_map(|(_, _, item)| match item {
        Item::Order(order) => unconfirmed(case, excused, order),
        Item::Price(_) => None,
    });
    let orders: Vec<bool> = orders.collect();
    let prices = of_month.iter().filter_map(|(_, _, item)| match item {
        Item::Price(row) => Some(list.differs(row)),
        Item::Order(_) => None,
    });
    let prices: Vec<bool> = prices.collect();
    let parts =
        [(&terms.unconfirmed, UNCONFIRMED, "orders", orders), (&terms.price, PRICE, "prices", prices)];
    for (clause, family, of, wrong) in parts {
        let (count, all) = (wrong.iter().filter(|wrong| **wrong).count() as i64, wrong.len() as i64);
        if count > 0 {
            let finding = OfMonth { check: NAME, clause, family, dealer, month, unit, version };
            let share = percent(count, all).to_string();
            finding.find(case, found, &json!({ of: all, "count": count, "share": share }));
        }
    }
}

/// Tells a finding's grounds: the orders or prices that are wrong.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let Some(Subject::DealerMonth { month, .. }) = Subject::read(&finding.subject) else { return Ok(()) };
    let (list, excused) = (List::of(case), ExcusedOrders::of(case));
    let of_orders = finding.family == UNCONFIRMED;
    let (mut wrong, mut all) = (0, 0);
    for (_, _, item) in items(case).filter(|(dealer, of, _)| (*dealer, *of) == (finding.dealer, month)) {
        match item {
            Item::Order(order) if of_orders => {
                let Some(lacks) = unconfirmed(case, &excused, order) else { continue };
                all += 1;
                if lacks {
                    wrong += 1;
                    grounds.stand_on(FactRef::new(case, order, "work-order").judged());
                }
            }
            Item::Price(row) if !of_orders => {
                all += 1;
                if list.differs(row) {
                    wrong += 1;
                    tell_price(case, row, grounds);
                }
            }
            Item::Order(_) | Item::Price(_) => {}
        }
    }
    let key = if of_orders { "transparency.unconfirmed" } else { "transparency.price" };
    grounds.say(
        key,
        [
            ("month", Value::Month(month)),
            ("count", Value::text(wrong)),
            ("all", Value::text(all)),
            ("share", Value::text(percent(wrong, all))),
        ],
    );
    Ok(())
}

/// A dealer's price, and the manufacturer's in force that day.
fn tell_price(case: &Case, row: &PartPrice, grounds: &mut Grounds) {
    let fact = FactRef::new(case, row, "part-price").judged();
    grounds.stand_on(fact.note("price", Value::text(hundredths(row.price))));
    let list = case.facts.part_prices.iter().filter(|other| other.dealer.is_none() && other.part == row.part);
    let in_force = list.filter(|other| other.effective_on <= row.effective_on);
    if let Some(other) = in_force.max_by_key(|other| other.effective_on) {
        let fact = FactRef::new(case, other, "list-price");
        grounds.stand_on(fact.note("price", Value::text(hundredths(other.price))));
    }
}
