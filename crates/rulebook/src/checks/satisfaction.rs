//! Satisfaction — 满意度 (rulebook 4.7): what customers say of dealers, regions and employees, month by month.
//!
//! Its units are the dealer and month (gold, silver, low), and the month over the whole network (regions and stars).

mod network;
mod receipts;
mod scores;

use serde_json::json;

use super::months::{OfMonth, by_dealer, together};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::codes::Code;
use crate::exact::hundredths;
use crate::facts::Answer;
use crate::finding::Found;
use crate::period::Period;
use crate::policy::{Amount, ChargeTerms, Clause, Seat, Section, Version};

pub use network::facts_of_star;
pub use receipts::grounds;
use scores::mean;
pub use scores::{MonthScore, month_scores};
pub(super) use scores::{Response, responses};

/// The check's name.
pub const NAME: &str = "satisfaction";
/// The family of gold, silver and low.
pub const LEVEL: &str = "satisfaction.level";
/// The family of top and bottom.
pub const REGION: &str = "satisfaction.region";
/// The family of stars.
pub const STAR: &str = "satisfaction.star";

/// What a policy says of satisfaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The weight of each factor.
    pub weights: Vec<(String, i64)>,
    /// Other weights, of named regions.
    pub region_weights: Vec<(String, Vec<(String, i64)>)>,
    /// The least responses of a dealer's, region's or employee's month that are judged.
    pub min_responses: i64,
    /// The least score of gold.
    pub gold_at: i64,
    /// The least score of silver.
    pub silver_at: i64,
    /// The score below which is low.
    pub low_below: i64,
    /// The score below which the last region is charged.
    pub bottom_below: i64,
    /// The least regions that are ranked.
    pub min_regions: i64,
    /// The least score of a response that makes a star.
    pub star_at: i64,
    /// What the employees at the first, second and third place get.
    pub stars: [Amount; 3],
    /// `satisfaction.gold`
    pub gold: Clause,
    /// `satisfaction.silver`
    pub silver: Clause,
    /// `satisfaction.low`
    pub low: Clause,
    /// `satisfaction.region-top`
    pub region_top: Clause,
    /// `satisfaction.region-bottom`
    pub region_bottom: Clause,
    /// `satisfaction.star`
    pub star: Clause,
}

impl Terms {
    /// Reads the section `satisfaction` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        const DIRECTOR: [Seat; 1] = [Seat::RegionDirector];
        let terms = Self {
            weights: section.weights("weights"),
            region_weights: section.optional_weights_by_region("region_weights"),
            min_responses: section.count("min_responses", 1, 1_000_000),
            gold_at: section.count("gold_at", 0, 100),
            silver_at: section.count("silver_at", 0, 100),
            low_below: section.count("low_below", 0, 100),
            bottom_below: section.count("bottom_below", 0, 101),
            min_regions: section.count("min_regions", 2, 1_000),
            star_at: section.count("star_at", 0, 100),
            stars: ["star_first", "star_second", "star_third"].map(|key| section.amount(key)),
            gold: section.clause("gold", "satisfaction.gold", &DEALER),
            silver: section.clause("silver", "satisfaction.silver", &DEALER),
            low: section.clause("low", "satisfaction.low", &DEALER),
            region_top: section.clause("region-top", "satisfaction.region-top", &DIRECTOR),
            region_bottom: section.clause("region-bottom", "satisfaction.region-bottom", &DIRECTOR),
            star: section.clause("star", STAR, &[]),
        };
        if terms.gold_at < terms.silver_at || terms.silver_at < terms.low_below {
            section.contradiction("gold_at", "the tiers overlap: gold_at ≥ silver_at ≥ low_below");
        }
        terms
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.gold, &self.silver, &self.low, &self.region_top, &self.region_bottom, &self.star]
    }

    /// The weights in a region.
    fn weights_in(&self, region: &str) -> &[(String, i64)] {
        let own = self.region_weights.iter().find(|(name, _)| name == region);
        own.map_or(&self.weights, |(_, weights)| weights)
    }

    /// The tier of a month's score in hundredths, with the number it is measured by.
    fn tier(&self, score: i64) -> Option<(&Clause, i64)> {
        if score >= self.gold_at * 100 {
            Some((&self.gold, self.gold_at))
        } else if score >= self.silver_at * 100 {
            Some((&self.silver, self.silver_at))
        } else if score < self.low_below * 100 {
            Some((&self.low, self.low_below))
        } else {
            None
        }
    }

    /// What a star's place gets.
    fn reward(&self, place: usize) -> ChargeTerms {
        let Amount { money, source } = self.stars[place - 1];
        ChargeTerms { seat: Seat::Employee, amount: money, source }
    }
}

fn terms<'c>(case: &Case<'c>, month: Period) -> Option<(&'c Version, &'c Terms)> {
    let version = case.version(month.last_day())?;
    Some((version, version.policy.satisfaction.as_ref()?))
}

/// Judges every dealer's months, then the network's.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let answers = case.facts.answers.iter();
    let months = answers.map(|answer| (answer.dealer, Period::of(case.date(answer.answered_at)), answer));
    let of_months = by_dealer(case, months);
    for of_month in of_months.chunk_by(together) {
        let (dealer, month, _) = of_month[0];
        let unit = format!("{}@{month}", case.text(dealer));
        if case.judges(&unit, dealer) {
            judge_month(case, &unit, of_month, found);
            case.close_unit(NAME, &unit, found);
        }
    }
    network::evaluate(case, &of_months, found);
    Ok(())
}

fn judge_month(case: &Case, unit: &str, of_month: &[(Code, Period, &Answer)], found: &mut Found) {
    let (dealer, month, _) = of_month[0];
    let Some((version, terms)) = terms(case, month) else { return };
    if !case.horizon.over(month.last_day()) {
        return;
    }
    let mean = mean(&responses(case, terms, of_month.iter().map(|(_, _, answer)| *answer), month));
    let Some(score) = mean.rounded().filter(|_| mean.count() >= terms.min_responses) else { return };
    if let Some((clause, _)) = terms.tier(score) {
        let finding = OfMonth { check: NAME, clause, family: LEVEL, dealer, month, unit, version };
        finding.find(
            case,
            found,
            &json!({ "score": hundredths(score).to_string(), "responses": mean.count() }),
        );
    }
}
