//! What a finding about bay turnover stands on: the month's customers and bays, the region's volume, the order.

use super::{Dealer, FAMILY, Figures, ONE, Terms, Volume, figures, orders};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::facts::RulingKind;
use crate::finding::{Finding, Found};
use crate::money::Decimal;
use crate::period::Period;
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;
use crate::time::plus_days;

/// Tells a finding's grounds.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let Some(Subject::DealerMonth { month, .. }) = Subject::read(&finding.subject) else { return Ok(()) };
    let Some(version) = case.ground.timeline.version(finding.version) else { return Ok(()) };
    let terms = &version.policy.bay_turnover;
    let telling = Telling { case, finding, terms, figures: figures(case) };
    match finding.family {
        FAMILY => telling.turnover(month, grounds),
        "bay-turnover.overdue" => telling.overdue(month, grounds),
        _ => telling.missing(month, grounds),
    }
    Ok(())
}

struct Telling<'a, 'c> {
    case: &'a Case<'c>,
    finding: &'a Finding,
    terms: &'a Terms,
    figures: Figures,
}

impl Telling<'_, '_> {
    /// The rows of a month's figures, as far as there are.
    fn rows(&self, month: Period, grounds: &mut Grounds) -> (Option<i64>, Option<i64>) {
        let (case, dealer) = (self.case, self.finding.dealer);
        let base = case.facts.customer_base.iter().find(|row| (row.dealer, row.month) == (dealer, month));
        if let Some(row) = base {
            let fact = FactRef::new(case, row, "customer-base").judged();
            grounds.stand_on(fact.note("base", Value::text(row.base_customers)));
        }
        let bays =
            case.facts.bays.iter().filter(|row| row.dealer == dealer && row.effective_on <= month.last_day());
        let bays = bays.max_by_key(|row| row.effective_on);
        if let Some(row) = bays {
            grounds.stand_on(FactRef::new(case, row, "bays").note("bays", Value::text(row.bays)));
        }
        (base.map(|row| row.base_customers), bays.map(|row| row.bays).filter(|bays| *bays > 0))
    }

    fn turnover(&self, month: Period, grounds: &mut Grounds) {
        let (Some(base), Some(bays)) = self.rows(month, grounds) else { return };
        grounds.say(
            "bay-turnover.turnover",
            [
                ("month", Value::Month(month)),
                ("base", Value::text(base)),
                ("bays", Value::Counted("count.bays", bays)),
                ("turnover", hundredths(base, bays)),
            ],
        );
        let factor = self.factor(month, grounds);
        let rectify = self.finding.clause == self.terms.rectify_clause.name;
        let (key, at) = if rectify {
            ("bay-turnover.rectify", self.terms.rectify)
        } else {
            ("bay-turnover.warn", self.terms.warn)
        };
        grounds.say(
            key,
            [
                ("at", Value::text(at)),
                ("factor", four(factor)),
                ("threshold", four(i128::from(at) * factor)),
                ("turnover", hundredths(base, bays)),
            ],
        );
        if rectify {
            self.due(month, grounds);
        }
    }

    fn factor(&self, month: Period, grounds: &mut Grounds) -> i128 {
        let region = self.case.org.region(self.finding.dealer, month.last_day());
        let Some((figures, region)) = self.figures.months.get(&month).zip(region) else { return ONE };
        let (network, of_region) =
            (figures.network, figures.regions.get(&region).copied().unwrap_or_default());
        let factor = super::factor(network, of_region);
        let known = |volume: Volume| volume.visits > 0 && volume.base > 0;
        if known(network) && known(of_region) {
            grounds.say(
                "bay-turnover.factor",
                [
                    ("region", Value::text(self.case.text(region))),
                    ("visits", Value::text(network.visits)),
                    ("base", Value::text(network.base)),
                    ("region_visits", Value::text(of_region.visits)),
                    ("region_base", Value::text(of_region.base)),
                    ("factor", four(factor)),
                ],
            );
        } else {
            grounds.say("bay-turnover.factor-unknown", [("region", Value::text(self.case.text(region)))]);
        }
        factor
    }

    fn due(&self, month: Period, grounds: &mut Grounds) {
        grounds.say(
            "bay-turnover.due",
            [
                ("month", Value::Month(month)),
                ("days", Value::Counted("count.natural-days", self.terms.rectify_days)),
                ("due", Value::Date(plus_days(month.last_day(), self.terms.rectify_days))),
            ],
        );
    }

    /// The months the order covers, and its acceptances.
    fn overdue(&self, first: Period, grounds: &mut Grounds) {
        let case = self.case;
        let dealer = Dealer { case, dealer: self.finding.dealer, unit: &self.finding.unit };
        let rectified = dealer.judge_months(&self.figures.months, &mut Found::default());
        let orders = orders::orders(case, &self.finding.unit, &rectified);
        let Some(order) = orders.into_iter().find(|order| order.months.first() == Some(&first)) else {
            return;
        };
        for month in &order.months {
            self.rows(*month, grounds);
            let subject = format!("dealer:{}@{month}", self.finding.unit);
            let accepts = case.rulings.on(RulingKind::Accept, &subject);
            for ruling in accepts.filter(|ruling| case.horizon.seen(ruling.decided_at)).take(1) {
                grounds.stand_on(FactRef::new(case, ruling, "acceptance"));
            }
        }
        if order.months.len() > 1 {
            let months = order.months.iter().map(|month| Value::Month(*month)).collect();
            grounds.say("bay-turnover.joined", [("months", Value::List(months))]);
        }
        self.due(first, grounds);
        let due = plus_days(first.last_day(), self.terms.rectify_days);
        match order.accepted_on {
            Some(on) => grounds.say(
                "bay-turnover.accepted-late",
                [
                    ("on", Value::Date(on)),
                    (
                        "late",
                        Value::Counted(
                            "count.natural-days",
                            crate::time::day_number(on) - crate::time::day_number(due),
                        ),
                    ),
                ],
            ),
            None => grounds.say("bay-turnover.not-accepted", [("as_of", Value::At(case.horizon.as_of()))]),
        }
    }

    fn missing(&self, month: Period, grounds: &mut Grounds) {
        let (base, bays) = self.rows(month, grounds);
        let month_value = ("month", Value::Month(month));
        if base.is_none() {
            grounds.say("bay-turnover.no-base", [month_value.clone()]);
        }
        if bays.is_none() {
            grounds.say("bay-turnover.no-bays", [month_value.clone()]);
        }
        grounds.say(
            "bay-turnover.grace",
            [
                month_value,
                ("days", Value::Counted("count.natural-days", self.terms.data_grace_days)),
                ("on", Value::Date(plus_days(month.last_day(), self.terms.data_grace_days))),
            ],
        );
    }
}

fn four(units: i128) -> Value {
    Value::text(Decimal { units: units as i64, decimals: 4 })
}

/// Customers a bay, half-up to two decimals, to be read and not compared.
fn hundredths(base: i64, bays: i64) -> Value {
    let units = (i128::from(base) * 200 + i128::from(bays)) / (i128::from(bays) * 2);
    Value::text(Decimal { units: units as i64, decimals: 2 })
}
