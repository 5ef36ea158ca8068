//! What the next failure would cost, item by item: the check itself is asked, with one more failure than there is.
//!
//! No second formula: whatever the check says of the imagined failure is what is told. Nothing of it is ever posted.

use jiff::civil::Date;

use super::{FAMILY, evaluate, window_start};
use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Ground, Judged};
use crate::facts::{Facts, Inspection, InspectionResult};
use crate::finding::{Finding, Found};
use crate::money::Money;
use crate::policy::Seat;
use crate::time::{Instant, plus_days};

/// What stands behind an item of a dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The item.
    pub item: String,
    /// Counting failures in the window that ends with the next one, that one left out.
    pub failures: usize,
    /// The clause that the next failure would come under.
    pub clause: &'static str,
    /// What it would cost the dealer; a penalty is below zero.
    pub dealer: Money,
    /// The oldest failure in the window.
    pub oldest: Option<Date>,
    /// The first day on which that one does not count any more.
    pub leaves_on: Option<Date>,
}

/// A code that no inspection can have.
const IMAGINED: &str = "?next";

/// What the next failure of each item would cost a dealer: today, or tomorrow where the item has failed today. `facts`
/// has the dealer's inspections and the network; empty where no policy is in force.
///
/// # Errors
/// Those of the check.
pub fn outlook(
    facts: &Facts,
    ground: &Ground,
    as_of: Instant,
    dealer: &str,
) -> Result<Vec<Outlook>, HolidaysUnknown> {
    let today = ground.zone.date(as_of);
    let Some(version) = ground.timeline.in_force(today) else { return Ok(Vec::new()) };
    let mut imagined = facts.clone();
    let (code, inspection) = (imagined.codes.keep(dealer), imagined.codes.keep(IMAGINED));
    let tomorrow = ground.zone.end_of(today);
    for (item, _) in &version.policy.spot_check.items {
        let item = imagined.codes.keep(item);
        let failed_today = facts.inspections.iter().any(|row| {
            row.dealer == code
                && row.item == item
                && row.result == InspectionResult::Fail
                && ground.zone.date(row.inspected_at) == today
        });
        let inspected_at = if failed_today { tomorrow } else { as_of };
        imagined.inspections.push(Inspection {
            inspection,
            item,
            dealer: code,
            inspected_at,
            result: InspectionResult::Fail,
            follow_up: false,
        });
    }
    let judged = Judged::Units([dealer.to_owned()].into_iter().collect());
    let case = Case::new(&imagined, ground, tomorrow, judged);
    let mut found = Found::default();
    evaluate(&case, &mut found)?;
    let of_next = |finding: &&Finding| finding.family == FAMILY && finding.subject.contains(IMAGINED);
    Ok(found.findings.iter().filter(of_next).filter_map(|finding| told(&case, finding)).collect())
}

/// What the check says of the imagined failure; its detail has the days that count.
fn told(case: &Case, finding: &Finding) -> Option<Outlook> {
    let detail: serde_json::Value = serde_json::from_str(&finding.detail).ok()?;
    let earlier: Vec<Date> =
        detail["earlier"].as_array()?.iter().filter_map(|day| day.as_str()?.parse().ok()).collect();
    let oldest = earlier.iter().min().copied();
    let of_dealer = finding.charges.iter().filter(|charge| charge.seat == Seat::Dealer);
    Some(Outlook {
        item: detail["item"].as_str()?.to_owned(),
        failures: earlier.len(),
        clause: finding.clause,
        dealer: of_dealer.map(|charge| charge.amount).sum(),
        oldest,
        leaves_on: oldest.and_then(|oldest| leaves_on(case, oldest, finding.occurred_on)),
    })
}

/// The first day whose window begins after a failure.
fn leaves_on(case: &Case, failed: Date, from: Date) -> Option<Date> {
    let terms = &case.version(from)?.policy.spot_check;
    (0..=366).map(|days| plus_days(from, days)).find(|day| window_start(terms, *day) > failed)
}
