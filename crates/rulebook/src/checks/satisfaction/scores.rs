//! Scores: of a response, of a month, exact until the end.

use hashbrown::HashMap;

use super::{Terms, terms};
use crate::case::Case;
use crate::codes::Code;
use crate::exact::Mean;
use crate::facts::Answer;
use crate::period::Period;
use crate::time::Instant;

/// A response with its score, `above / below` hundredths.
#[derive(Debug, Clone, Copy)]
pub(in crate::checks) struct Response {
    pub(in crate::checks) response: Code,
    pub(super) dealer: Code,
    pub(super) region: Code,
    pub(super) employee: Option<Code>,
    pub(super) answered_at: Instant,
    pub(in crate::checks) above: i64,
    pub(in crate::checks) below: i64,
}

impl Response {
    /// Whether its exact score is at least so many points.
    pub(in crate::checks) fn reaches(&self, points: i64) -> bool {
        self.above >= points * 100 * self.below
    }
}

/// The responses of a month that have a score: with at least one answered factor that weighs something in the region
/// of the dealer on the month's last day.
pub(in crate::checks) fn responses<'f>(
    case: &Case,
    terms: &Terms,
    answers: impl Iterator<Item = &'f Answer>,
    month: Period,
) -> Vec<Response> {
    let mut weights: HashMap<Code, HashMap<Code, i64>> = HashMap::new();
    let mut responses: HashMap<Code, Response> = HashMap::new();
    for answer in answers {
        let known = case.org.dealer(answer.dealer).is_some();
        let Some(region) = case.org.region(answer.dealer, month.last_day()).filter(|_| known) else {
            continue;
        };
        let of_region = weights.entry(region).or_insert_with(|| weights_in(case, terms, region));
        let Some(weight) = of_region.get(&answer.factor) else { continue };
        let response = responses.entry(answer.response).or_insert(Response {
            response: answer.response,
            dealer: answer.dealer,
            region,
            employee: answer.employee,
            answered_at: answer.answered_at,
            above: 0,
            below: 0,
        });
        response.above += weight * answer.score;
        response.below += weight;
    }
    responses.into_values().collect()
}

/// The factors that weigh something in a region.
fn weights_in(case: &Case, terms: &Terms, region: Code) -> HashMap<Code, i64> {
    let weights = terms.weights_in(case.text(region)).iter().filter(|(_, weight)| *weight > 0);
    weights.filter_map(|(factor, weight)| Some((case.facts.codes.find(factor)?, *weight))).collect()
}

/// The mean score of some responses, in hundredths.
pub(super) fn mean<'r>(responses: impl IntoIterator<Item = &'r Response>) -> Mean {
    let mut mean = Mean::default();
    responses.into_iter().for_each(|response| mean.add(response.above, response.below));
    mean
}

/// A dealer's month, scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthScore {
    /// The dealer.
    pub dealer: Code,
    /// The month.
    pub month: Period,
    /// In hundredths, rounded.
    pub score: i64,
    /// Of how many responses.
    pub responses: i64,
}

/// The scores of all dealers in a month with enough responses, whether it is over or not, by dealer.
pub fn month_scores(case: &Case, month: Period) -> Vec<MonthScore> {
    let Some((_, terms)) = terms(case, month) else { return Vec::new() };
    let of_month =
        case.facts.answers.iter().filter(|answer| Period::of(case.date(answer.answered_at)) == month);
    let mut means: HashMap<Code, Mean> = HashMap::new();
    for response in responses(case, terms, of_month, month) {
        means.entry(response.dealer).or_default().add(response.above, response.below);
    }
    let enough = means.into_iter().filter(|(_, mean)| mean.count() >= terms.min_responses);
    let scores = enough.filter_map(|(dealer, mean)| {
        Some(MonthScore { dealer, month, score: mean.rounded()?, responses: mean.count() })
    });
    let mut scores: Vec<MonthScore> = scores.collect();
    scores.sort_by_key(|score| case.text(score.dealer));
    scores
}
