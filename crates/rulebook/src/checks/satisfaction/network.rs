//! What is judged over the whole network: the first and the last region, and the stars.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde_json::json;

use super::{NAME, REGION, Response, STAR, Terms, mean, responses, terms};
use crate::case::{Case, Concern, Draft, detail};
use crate::codes::Code;
use crate::exact::{hundredths, percent};
use crate::facts::{Answer, Facts};
use crate::finding::{Finding, Found};
use crate::period::Period;
use crate::policy::{Clause, Version};
use crate::subject::Subject;

/// How many places make stars.
const PLACES: usize = 3;

/// Judges every month; `answers` are those of all dealers where any month of the network is judged.
pub(super) fn evaluate(case: &Case, answers: &[(Code, Period, &Answer)], found: &mut Found) {
    let mut months: BTreeMap<Period, Vec<&Answer>> = BTreeMap::new();
    for (_, month, answer) in answers {
        months.entry(*month).or_default().push(answer);
    }
    for (month, answers) in months {
        let unit = month.to_string();
        if !case.judges_network(&unit) {
            continue;
        }
        if let Some((version, terms)) = terms(case, month)
            && case.horizon.over(month.last_day())
        {
            let responses = responses(case, terms, answers.iter().copied(), month);
            let of_network = OfNetwork { case, month, unit: &unit, version, terms };
            of_network.judge_regions(&responses, found);
            of_network.judge_stars(&responses, found);
        }
        case.close_unit(NAME, &unit, found);
    }
}

/// A region's month.
pub(super) struct RegionScore {
    pub(super) region: Code,
    pub(super) score: i64,
    pub(super) responses: i64,
}

/// The regions with enough responses, by code.
pub(super) fn regions(case: &Case, terms: &Terms, responses: &[Response]) -> Vec<RegionScore> {
    let mut by_region: HashMap<Code, Vec<&Response>> = HashMap::new();
    for response in responses {
        by_region.entry(response.region).or_default().push(response);
    }
    let scores = by_region.into_iter().filter_map(|(region, responses)| {
        let mean = mean(responses);
        let score = mean.rounded().filter(|_| mean.count() >= terms.min_responses)?;
        Some(RegionScore { region, score, responses: mean.count() })
    });
    let mut scores: Vec<RegionScore> = scores.collect();
    scores.sort_by_key(|score| case.text(score.region));
    scores
}

/// An employee's month.
#[derive(Debug, Clone, Copy)]
pub(super) struct Star {
    pub(super) employee: Code,
    /// The dealer of the last response.
    pub(super) dealer: Code,
    pub(super) good: i64,
    pub(super) responses: i64,
    /// From 1.
    pub(super) place: usize,
}

/// The employees at the first places, by place and code: by share of good responses, then by more of them; equal ones
/// share a place and leave the next ones empty.
pub(super) fn stars(case: &Case, terms: &Terms, responses: &[Response]) -> Vec<Star> {
    let mut own: HashMap<Code, Vec<&Response>> = HashMap::new();
    for response in responses {
        if let Some(employee) = response.employee {
            own.entry(employee).or_default().push(response);
        }
    }
    let mut stars: Vec<Star> = own
        .into_iter()
        .filter(|(_, responses)| responses.len() as i64 >= terms.min_responses)
        .filter_map(|(employee, responses)| {
            let good = responses.iter().filter(|response| response.reaches(terms.star_at)).count() as i64;
            let last = responses.iter().max_by_key(|last| (last.answered_at, case.text(last.response)))?;
            Some(Star { employee, dealer: last.dealer, good, responses: responses.len() as i64, place: 0 })
        })
        .filter(|star| star.good > 0)
        .collect();
    let by_rank = |a: &Star, b: &Star| {
        (b.good * a.responses).cmp(&(a.good * b.responses)).then(b.responses.cmp(&a.responses))
    };
    stars.sort_by(|a, b| by_rank(a, b).then_with(|| case.text(a.employee).cmp(case.text(b.employee))));
    for index in 0..stars.len() {
        let equal = index > 0 && by_rank(&stars[index - 1], &stars[index]).is_eq();
        stars[index].place = if equal { stars[index - 1].place } else { index + 1 };
    }
    stars.retain(|star| star.place <= PLACES);
    stars
}

/// Of a star, the facts with the answers about it and about the best others alone, as many as there are places: by these its
/// place is the same, also without some of its own answers. None of any other finding.
pub fn facts_of_star(case: &Case, finding: &Finding) -> Option<Facts> {
    let Some(Subject::PersonMonth { person, month }) = Subject::read(&finding.subject) else { return None };
    let (_, terms) = terms(case, month).filter(|_| finding.family == STAR)?;
    let own = case.facts.codes.find(person)?;
    let of_others = case.facts.answers.iter().filter(|answer| {
        answer.employee.is_some_and(|of| of != own) && Period::of(case.date(answer.answered_at)) == month
    });
    let others = stars(case, terms, &responses(case, terms, of_others, month));
    let mut few: Vec<Code> = others.iter().map(|star| star.employee).take(PLACES).collect();
    few.push(own);
    let mut facts = case.facts.clone();
    facts.answers.retain(|answer| answer.employee.is_some_and(|of| few.contains(&of)));
    Some(facts)
}

struct OfNetwork<'a, 'c> {
    case: &'a Case<'c>,
    month: Period,
    unit: &'a str,
    version: &'c Version,
    terms: &'c Terms,
}

impl OfNetwork<'_, '_> {
    fn judge_regions(&self, responses: &[Response], found: &mut Found) {
        let scores = regions(self.case, self.terms, responses);
        let all = || scores.iter().map(|region| region.score);
        let (Some(least), Some(most)) = (all().min(), all().max()) else { return };
        if (scores.len() as i64) < self.terms.min_regions || least == most {
            return;
        }
        for region in &scores {
            if region.score == most {
                self.find_region(&self.terms.region_top, region, scores.len(), found);
            } else if region.score == least && least < self.terms.bottom_below * 100 {
                self.find_region(&self.terms.region_bottom, region, scores.len(), found);
            }
        }
    }

    fn find_region(&self, clause: &Clause, region: &RegionScore, regions: usize, found: &mut Found) {
        let case = self.case;
        let draft = Draft {
            check: NAME,
            clause,
            family: REGION,
            subject: format!("region:{}@{}", case.text(region.region), self.month),
            unit: self.unit,
            dealer: case.facts.codes.none(),
            occurred_on: self.month.last_day(),
            version: self.version.number,
            charged: &clause.charges,
            detail: detail(&json!({
                "score": hundredths(region.score).to_string(), "responses": region.responses, "regions": regions,
            })),
        };
        case.find_of(found, Concern::Region(region.region), draft);
    }

    fn judge_stars(&self, responses: &[Response], found: &mut Found) {
        for star in stars(self.case, self.terms, responses) {
            let case = self.case;
            let draft = Draft {
                check: NAME,
                clause: &self.terms.star,
                family: STAR,
                subject: format!("person:{}@{}", case.text(star.employee), self.month),
                unit: self.unit,
                dealer: star.dealer,
                occurred_on: self.month.last_day(),
                version: self.version.number,
                charged: &[self.terms.reward(star.place)],
                detail: detail(&json!({
                    "place": star.place, "share": percent(star.good, star.responses).to_string(), "responses": star.responses,
                })),
            };
            case.find_of(found, Concern::Employee(star.employee), draft);
        }
    }
}
