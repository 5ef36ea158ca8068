//! Retention — 流失预警 (rulebook 4.10): the vehicles a dealer is the home of, and how many of them stay away.
//!
//! Its unit is the whole network: where a vehicle's home is depends on every dealer's orders, and each month's end asks.

use std::borrow::Cow;

use serde_json::json;

use super::months::OfMonth;
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::exact::percent;
use crate::finding::{Finding, Found};
use crate::period::Period;
use crate::policy::{Clause, Seat, Section, Version};
use crate::receipt::{Grounds, Value};
use crate::subject::Subject;
use crate::sums::{HomeVehicles, Visits};

/// The check's name.
pub const NAME: &str = "retention";
/// Its only family.
pub const CHURN: &str = "retention.churn";
/// Its only unit.
pub const UNIT: &str = "network";

/// What a policy says of retention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Days since the last visit beyond which a vehicle is away.
    pub away_days: i64,
    /// The least home vehicles that are judged.
    pub min_vehicles: i64,
    /// The share of vehicles away, in percent, beyond which a dealer loses its customers.
    pub max_share: i64,
    /// `retention.churn`
    pub churn: Clause,
}

impl Terms {
    /// Reads the section `retention` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        Self {
            away_days: section.count("away_days", 1, 3_650),
            min_vehicles: section.count("min_vehicles", 1, 1_000_000),
            max_share: section.count("max_share", 0, 100),
            churn: section.clause("churn", CHURN, &DEALER),
        }
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.churn]
    }
}

fn terms<'c>(case: &Case<'c>, month: Period) -> Option<(&'c Version, &'c Terms)> {
    let version = case.version(month.last_day())?;
    Some((version, version.policy.retention.as_ref()?))
}

/// The homes of all months that are over, given or counted.
fn homes<'c>(case: &Case<'c>) -> Cow<'c, [HomeVehicles]> {
    if let Some(sums) = &case.facts.sums {
        return Cow::Borrowed(&sums.homes);
    }
    let visits = Visits::of(case.facts, &case.ground.zone);
    let last_over = Period::of(case.horizon.today()).previous();
    let months = visits.first_month().into_iter().flat_map(|first| first.through(last_over));
    let judged = months.filter_map(|month| Some((month, terms(case, month)?.1.away_days)));
    judged.flat_map(|(month, away_days)| visits.homes(month, away_days)).collect()
}

/// Judges every month that is over, of every dealer that was open at its end.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    if !case.judges_network(UNIT) {
        return Ok(());
    }
    for home in homes(case).iter() {
        judge(case, home, found);
    }
    if case.facts.sums.is_some() || !case.facts.vehicles.is_empty() {
        case.horizon.over(Period::of(case.horizon.today()).last_day()); // the next month is judged at its end
    }
    case.close_unit(NAME, UNIT, found);
    Ok(())
}

fn judge(case: &Case, home: &HomeVehicles, found: &mut Found) {
    let HomeVehicles { dealer, month, vehicles, away } = *home;
    let Some((version, terms)) = terms(case, month) else { return };
    let open = case.org.dealer(dealer).is_some_and(|row| row.is_open(month.last_day()));
    if open && vehicles >= terms.min_vehicles && away * 100 > terms.max_share * vehicles {
        let clause = &terms.churn;
        let finding = OfMonth { check: NAME, clause, family: CHURN, dealer, month, unit: UNIT, version };
        let share = percent(away, vehicles).to_string();
        finding.find(case, found, &json!({ "vehicles": vehicles, "away": away, "share": share }));
    }
}

/// Tells a finding's grounds: the counts (the vehicles themselves are too many to name).
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let Some(Subject::DealerMonth { month, .. }) = Subject::read(&finding.subject) else { return Ok(()) };
    let Some((_, terms)) = terms(case, month) else { return Ok(()) };
    let homes = homes(case);
    let Some(home) = homes.iter().find(|home| (home.dealer, home.month) == (finding.dealer, month)) else {
        return Ok(());
    };
    grounds.say(
        "retention.churn",
        [
            ("month", Value::Month(month)),
            ("vehicles", Value::text(home.vehicles)),
            ("away", Value::text(home.away)),
            ("days", Value::Counted("count.natural-days", terms.away_days)),
            ("share", Value::text(percent(home.away, home.vehicles))),
            ("most", Value::text(terms.max_share)),
        ],
    );
    Ok(())
}
