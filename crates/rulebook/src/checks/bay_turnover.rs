//! Bay turnover — 工位周转率(客户/工位) (rulebook 4.4): a load, customers per bay, and high is bad.
//!
//! Its unit is the dealer; the regions' factors need the figures of all dealers.

mod orders;
mod receipts;

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use serde_json::json;

use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Draft, detail};
use crate::codes::Code;
use crate::facts::CustomerBase;
use crate::finding::Found;
use crate::money::Decimal;
use crate::period::Period;
use crate::policy::{Clause, Seat, Section};
use crate::time::plus_days;

pub use receipts::grounds;

/// The check's name.
pub const NAME: &str = "bay-turnover";
/// The family of rectify and warn.
pub const FAMILY: &str = "bay-turnover";

/// What a policy says of bay turnover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Customers a bay at which to warn.
    pub warn: i64,
    /// Customers a bay at which to order a rectification.
    pub rectify: i64,
    /// Days after the month's end by which a rectification is due.
    pub rectify_days: i64,
    /// Days after the month's end at which a missing figure is an alert.
    pub data_grace_days: i64,
    /// `bay-turnover.rectify`
    pub rectify_clause: Clause,
    /// `bay-turnover.warn`
    pub warn_clause: Clause,
    /// `bay-turnover.overdue`
    pub overdue: Clause,
    /// `bay-turnover.data-missing`
    pub data_missing: Clause,
}

impl Terms {
    /// Reads the section `bay-turnover` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        let terms = Self {
            warn: section.count("warn_at", 1, 1_000_000),
            rectify: section.count("rectify_at", 1, 1_000_000),
            rectify_days: section.count("rectify_days", 1, 3_650),
            data_grace_days: section.count("data_grace_days", 0, 3_650),
            rectify_clause: section.clause("rectify", "bay-turnover.rectify", &DEALER),
            warn_clause: section.clause("warn", "bay-turnover.warn", &DEALER),
            overdue: section.clause("overdue", "bay-turnover.overdue", &DEALER),
            data_missing: section.clause("data-missing", "bay-turnover.data-missing", &DEALER),
        };
        if terms.warn >= terms.rectify {
            section.contradiction("warn_at", "the tiers overlap: warn_at must be below rectify_at");
        }
        terms
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.rectify_clause, &self.warn_clause, &self.overdue, &self.data_missing]
    }
}

/// A region's factor in ten-thousandths; 10 000 where it is unknown.
pub const ONE: i128 = 10_000;

/// Visits and base customers, summed over dealers with both figures.
#[derive(Debug, Clone, Copy, Default)]
struct Volume {
    visits: i128,
    base: i128,
}

impl Volume {
    fn add(&mut self, row: &CustomerBase) {
        if let Some(visits) = row.visits {
            self.visits += i128::from(visits);
            self.base += i128::from(row.base_customers);
        }
    }
}

/// Network visits per base customer / the region's, clamped to [0.80, 1.25], then rounded half-up to
/// four decimals; 1 where either is unknown or 0.
fn factor(network: Volume, region: Volume) -> i128 {
    let (above, below) = (network.visits * region.base, network.base * region.visits);
    if above == 0 || below == 0 {
        return ONE;
    }
    if above * 100 <= below * 80 {
        return 8_000;
    }
    if above * 100 >= below * 125 {
        return 12_500;
    }
    (above * ONE * 2 + below) / (below * 2)
}

/// The figures of one month.
#[derive(Default)]
struct Month {
    base: HashMap<Code, i64>,
    network: Volume,
    regions: HashMap<Code, Volume>,
}

impl Month {
    fn factor(&self, region: Code) -> i128 {
        factor(self.network, self.regions.get(&region).copied().unwrap_or_default())
    }
}

/// The figures of all seen months, and the first month to come that has any.
struct Figures {
    months: BTreeMap<Period, Month>,
    later: Option<Period>,
}

fn figures(case: &Case) -> Figures {
    let mut months: BTreeMap<Period, Month> = BTreeMap::new();
    let mut later: BTreeSet<Period> = BTreeSet::new();
    for row in &case.facts.customer_base {
        let end = row.month.last_day();
        if end >= case.horizon.today() {
            later.insert(row.month); // a month is seen once it is over
            continue;
        }
        let month = months.entry(row.month).or_default();
        month.base.insert(row.dealer, row.base_customers);
        month.network.add(row);
        if let Some(region) = case.org.region(row.dealer, end) {
            month.regions.entry(region).or_default().add(row);
        }
    }
    Figures { months, later: later.into_iter().next() }
}

/// Judges every dealer in every month for which any dealer has a figure.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let Figures { months, later } = figures(case);
    for dealer in case.facts.dealers.iter().filter(|row| case.judges_dealer(row.dealer)) {
        let unit = case.text(dealer.dealer);
        if case.judges(unit, dealer.dealer) {
            if let Some(next) = later {
                case.horizon.over(next.last_day());
            }
            let subject = Dealer { case, dealer: dealer.dealer, unit };
            let rectified = subject.judge_months(&months, found);
            orders::judge(case, dealer.dealer, unit, &rectified, found);
            case.close_unit(NAME, unit, found);
        }
    }
    Ok(())
}

struct Dealer<'a, 'c> {
    case: &'a Case<'c>,
    dealer: Code,
    unit: &'a str,
}

impl Dealer<'_, '_> {
    /// Judges the months in order; gives those with a rectify finding.
    fn judge_months(&self, months: &BTreeMap<Period, Month>, found: &mut Found) -> Vec<Period> {
        let case = self.case;
        let Some(dealer) = case.org.dealer(self.dealer) else { return Vec::new() };
        let mut rectified = Vec::new();
        for (month, figures) in months.iter().filter(|(month, _)| dealer.is_open(month.last_day())) {
            let end = month.last_day();
            let Some(version) = case.version(end) else { continue };
            let terms = &version.policy.bay_turnover;
            let bays = case.org.bays(self.dealer, end).filter(|bays| *bays > 0);
            let base = figures.base.get(&self.dealer).copied();
            let (Some(bays), Some(base)) = (bays, base) else {
                if case.horizon.begun(plus_days(end, terms.data_grace_days)) {
                    let facts = json!({ "base_customers": base, "bays": bays });
                    self.find(
                        found,
                        &terms.data_missing,
                        "bay-turnover.data-missing",
                        *month,
                        version.number,
                        &facts,
                    );
                }
                continue;
            };
            let factor = case.org.region(self.dealer, end).map_or(ONE, |region| figures.factor(region));
            let reaches =
                |threshold: i64| i128::from(base) * ONE >= i128::from(threshold) * factor * i128::from(bays);
            let facts = || {
                let due_on = plus_days(end, terms.rectify_days).to_string();
                json!({
                    "base_customers": base, "bays": bays, "factor": Decimal { units: factor as i64, decimals: 4 }.to_string(),
                    "warn_at": terms.warn, "rectify_at": terms.rectify, "due_on": due_on,
                })
            };
            if reaches(terms.rectify) {
                if self.find(found, &terms.rectify_clause, FAMILY, *month, version.number, &facts()) {
                    rectified.push(*month);
                }
            } else if reaches(terms.warn) {
                self.find(found, &terms.warn_clause, FAMILY, *month, version.number, &facts());
            }
        }
        rectified
    }

    fn find(
        &self,
        found: &mut Found,
        clause: &Clause,
        family: &'static str,
        month: Period,
        version: i32,
        facts: &serde_json::Value,
    ) -> bool {
        let draft = Draft {
            check: NAME,
            clause,
            family,
            subject: format!("dealer:{}@{month}", self.unit),
            unit: self.unit,
            dealer: self.dealer,
            occurred_on: month.last_day(),
            version,
            charged: &clause.charges,
            detail: detail(facts),
        };
        self.case.find(found, draft)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(network: (i128, i128), region: (i128, i128), expected: i128) {
        let volume = |(visits, base)| Volume { visits, base };
        assert_eq!(factor(volume(network), volume(region)), expected, "{network:?} {region:?}");
    }

    #[test]
    fn the_factor_is_clamped_then_rounded_half_up() {
        check((100, 1_000), (100, 1_000), 10_000);
        check((100, 1_000), (50, 1_000), 12_500);
        check((100, 1_000), (500, 1_000), 8_000);
        check((1, 3), (1, 3), 10_000);
        check((20_001, 20_000), (20_000, 20_000), 10_001); // 1.00005 rounds up
        check((200_009, 200_000), (200_000, 200_000), 10_000); // 1.000045 rounds down
        check((100, 1_000), (0, 1_000), 10_000);
        check((0, 0), (10, 10), 10_000);
    }
}
