//! Mystery shopper — 神秘客 (rulebook 4.8): the mean of a month's visits.
//!
//! Its unit is the dealer and month.

use serde_json::json;

use super::months::{OfMonth, by_dealer, together};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::codes::Code;
use crate::exact::{Mean, hundredths};
use crate::facts::MysteryVisit;
use crate::finding::{Finding, Found};
use crate::period::Period;
use crate::policy::{Clause, Seat, Section};
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;

/// The check's name, and its only family.
pub const NAME: &str = "mystery-shopper";
/// What a visit scores, in the order of a row.
pub const FACTORS: [&str; 4] = ["response", "attitude", "professionalism", "transparency"];

/// What a policy says of mystery shoppers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The weight of each factor.
    pub weights: [i64; 4],
    /// The least visits of a month that are judged.
    pub min_visits: i64,
    /// The least score that is excellent.
    pub excellent_at: i64,
    /// The score below which is poor.
    pub poor_below: i64,
    /// `mystery-shopper.excellent`
    pub excellent: Clause,
    /// `mystery-shopper.poor`
    pub poor: Clause,
}

impl Terms {
    /// Reads the section `mystery-shopper` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        let named = section.weights("weights");
        if let Some((unknown, _)) = named.iter().find(|(name, _)| !FACTORS.contains(&name.as_str())) {
            section.contradiction(
                "weights",
                &format!("'{unknown}' in weights is not scored: there is {}", FACTORS.join(", ")),
            );
        }
        let weight =
            |factor: &str| named.iter().find(|(name, _)| name == factor).map_or(0, |(_, weight)| *weight);
        let terms = Self {
            weights: FACTORS.map(weight),
            min_visits: section.count("min_visits", 1, 1_000),
            excellent_at: section.count("excellent_at", 0, 100),
            poor_below: section.count("poor_below", 0, 100),
            excellent: section.clause("excellent", "mystery-shopper.excellent", &DEALER),
            poor: section.clause("poor", "mystery-shopper.poor", &DEALER),
        };
        if terms.poor_below > terms.excellent_at {
            section
                .contradiction("poor_below", "the tiers overlap: poor_below must not be above excellent_at");
        }
        terms
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.excellent, &self.poor]
    }

    /// A month's score in hundredths, of all its visits.
    fn score<'v>(&self, visits: impl Iterator<Item = &'v MysteryVisit>) -> Option<i64> {
        let mut mean = Mean::default();
        visits.for_each(|visit| self.add_to(&mut mean, visit));
        mean.rounded()
    }

    /// Adds a visit's score, in hundredths, to a mean.
    pub(super) fn add_to(&self, mean: &mut Mean, visit: &MysteryVisit) {
        let sum: i64 = visit.scores.iter().zip(self.weights).map(|(score, weight)| score * weight).sum();
        mean.add(sum, self.weights.iter().sum::<i64>().max(1));
    }

    fn clause(&self, score: i64) -> Option<&Clause> {
        if score >= self.excellent_at * 100 {
            Some(&self.excellent)
        } else if score < self.poor_below * 100 {
            Some(&self.poor)
        } else {
            None
        }
    }
}

/// Judges every dealer's months.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let visits = case.facts.mystery_visits.iter();
    let visits = visits.map(|visit| (visit.dealer, Period::of(visit.visited_on), visit));
    for of_month in by_dealer(case, visits).chunk_by(together) {
        let (dealer, month, _) = of_month[0];
        let unit = format!("{}@{month}", case.text(dealer));
        if case.judges(&unit, dealer) {
            judge(case, &unit, of_month, found);
            case.close_unit(NAME, &unit, found);
        }
    }
    Ok(())
}

fn judge(case: &Case, unit: &str, of_month: &[(Code, Period, &MysteryVisit)], found: &mut Found) {
    let (dealer, month, _) = of_month[0];
    let Some(version) = case.version(month.last_day()) else { return };
    let Some(terms) = &version.policy.mystery_shopper else { return };
    if !case.horizon.over(month.last_day()) || (of_month.len() as i64) < terms.min_visits {
        return;
    }
    let Some(score) = terms.score(of_month.iter().map(|(_, _, visit)| *visit)) else { return };
    if let Some(clause) = terms.clause(score) {
        let finding = OfMonth { check: NAME, clause, family: NAME, dealer, month, unit, version };
        let facts = json!({ "score": hundredths(score).to_string(), "visits": of_month.len() });
        finding.find(case, found, &facts);
    }
}

/// Tells a finding's grounds: the month's visits.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let Some(Subject::DealerMonth { month, .. }) = Subject::read(&finding.subject) else { return Ok(()) };
    let version = case.ground.timeline.version(finding.version);
    let Some(terms) = version.and_then(|version| version.policy.mystery_shopper.as_ref()) else {
        return Ok(());
    };
    let of_month =
        |visit: &&MysteryVisit| visit.dealer == finding.dealer && Period::of(visit.visited_on) == month;
    let visits: Vec<&MysteryVisit> = case.facts.mystery_visits.iter().filter(of_month).collect();
    for visit in &visits {
        let own = terms.score(std::iter::once(*visit)).unwrap_or_default();
        let fact = FactRef::new(case, *visit, "mystery-visit").judged();
        grounds.stand_on(fact.note("score", Value::text(hundredths(own))));
    }
    let Some(score) = terms.score(visits.iter().copied()) else { return Ok(()) };
    let values = |at: i64| {
        [
            ("month", Value::Month(month)),
            ("visits", Value::Counted("count.visits", visits.len() as i64)),
            ("score", Value::text(hundredths(score))),
            ("at", Value::text(at)),
        ]
    };
    if finding.clause == terms.excellent.name {
        grounds.say("mystery-shopper.excellent", values(terms.excellent_at));
    } else {
        grounds.say("mystery-shopper.poor", values(terms.poor_below));
    }
    Ok(())
}
