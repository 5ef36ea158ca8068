//! Regional staff — 区域人员 (rulebook 4.13): a district manager's quarter, a score and no charge.

use hashbrown::{HashMap, HashSet};
use num_bigint::BigInt;

use super::{satisfaction, spot_check};
use crate::case::Case;
use crate::codes::Code;
use crate::exact::{Fraction, Mean, fraction, rounded};
use crate::facts::{InspectionResult, Role};
use crate::period::Quarter;
use crate::policy::Section;

/// What a policy says of regional staff.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The weight of the mean exam score.
    pub exams: i64,
    /// The weight of passed inspections.
    pub inspections: i64,
    /// The weight of the dealers' satisfaction.
    pub satisfaction: i64,
}

impl Terms {
    /// Reads the section `field-staff` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const PARTS: [&str; 3] = ["exams", "inspections", "satisfaction"];
        let named = section.weights("weights");
        if let Some((unknown, _)) = named.iter().find(|(name, _)| !PARTS.contains(&name.as_str())) {
            section.contradiction(
                "weights",
                &format!("'{unknown}' in weights is no part: there is {}", PARTS.join(", ")),
            );
        }
        let weight =
            |part: &str| named.iter().find(|(name, _)| name == part).map_or(0, |(_, weight)| *weight);
        let [exams, inspections, satisfaction] = PARTS.map(weight);
        Self { exams, inspections, satisfaction }
    }
}

/// A district manager's quarter. Parts and score are in hundredths, rounded; a part that is missing is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// Who.
    pub person: Code,
    /// The mean exam score.
    pub exams: Option<i64>,
    /// Items passed of those passed or failed, in percent.
    pub inspections: Option<i64>,
    /// The mean of the dealers' month scores.
    pub satisfaction: Option<i64>,
    /// The whole.
    pub score: i64,
}

/// What a person's quarter is made of.
#[derive(Default)]
struct Parts {
    exams: Mean,
    passed: i64,
    failed: i64,
    satisfaction: Mean,
}

impl Parts {
    /// The exact parts, in hundredths.
    fn values(&self) -> [Option<Fraction>; 3] {
        let looks = self.passed + self.failed;
        let inspections = (looks > 0).then(|| fraction(i128::from(self.passed) * 10_000, i128::from(looks)));
        [self.exams.value(), inspections, self.satisfaction.value()]
    }

    /// The score: a missing part's weight is shared among the others in proportion.
    fn score(&self, person: Code, terms: &Terms) -> Option<Score> {
        let values = self.values();
        let weights = [terms.exams, terms.inspections, terms.satisfaction];
        let there =
            || values.iter().zip(weights).filter_map(|(value, weight)| Some((value.as_ref()?, weight)));
        let weight: i64 = there().map(|(_, weight)| weight).sum();
        let sum = there().fold(fraction(0, 1), |sum, (value, weight)| sum + value * BigInt::from(weight));
        let [exams, inspections, satisfaction] = values.each_ref().map(|value| value.as_ref().map(rounded));
        (weight > 0).then(|| Score {
            person,
            exams,
            inspections,
            satisfaction,
            score: rounded(&(sum / BigInt::from(weight))),
        })
    }
}

/// The scores of a quarter, as far as it has passed, by the policy of its last day: the best first, equal ones by code.
pub fn scores(case: &Case, quarter: Quarter) -> Vec<Score> {
    let version = case.version(quarter.last_day());
    let Some(terms) = version.and_then(|version| version.policy.field_staff.as_ref()) else {
        return Vec::new();
    };
    let mut parts: HashMap<Code, Parts> = managers(case, quarter);
    add_exams(case, quarter, &mut parts);
    add_inspections(case, quarter, &mut parts);
    add_satisfaction(case, quarter, &mut parts);
    let mut scores: Vec<Score> =
        parts.iter().filter_map(|(person, parts)| parts.score(*person, terms)).collect();
    scores.sort_by_key(|score| (std::cmp::Reverse(score.score), case.text(score.person)));
    scores
}

/// Whoever held a dealer's post on some day of the quarter that has begun: of two holders at once, one (rulebook 3.7).
fn managers(case: &Case, quarter: Quarter) -> HashMap<Code, Parts> {
    let (first, last) = (quarter.first_day(), quarter.last_day().min(case.horizon.today()));
    let posts = case.facts.posts.iter().filter(|post| post.role == Role::DistrictManager);
    let running = posts.filter(|post| post.from <= last && post.to.is_none_or(|to| to >= first));
    let dealers: HashSet<Code> = running.map(|post| post.scope).collect();
    let days =
        || std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(|day| *day <= last);
    let holders = dealers
        .iter()
        .flat_map(|dealer| days().filter_map(|day| case.org.holder(Role::DistrictManager, *dealer, day)));
    holders.map(|person| (person, Parts::default())).collect()
}

fn add_exams(case: &Case, quarter: Quarter, parts: &mut HashMap<Code, Parts>) {
    let taken = case.facts.exams.iter().filter(|exam| quarter.contains(exam.taken_on));
    for exam in taken.filter(|exam| case.horizon.begun(exam.taken_on)) {
        if let Some(own) = parts.get_mut(&exam.person) {
            own.exams.add(exam.score, 1);
        }
    }
}

/// Results of the draw that are not excused, at dealers whose post the person held that day.
fn add_inspections(case: &Case, quarter: Quarter, parts: &mut HashMap<Code, Parts>) {
    for row in
        case.facts.inspections.iter().filter(|row| !row.follow_up && case.horizon.seen(row.inspected_at))
    {
        let on = case.date(row.inspected_at);
        if !quarter.contains(on) {
            continue;
        }
        let holder = case.org.holder(Role::DistrictManager, row.dealer, on);
        let Some(own) = holder.and_then(|person| parts.get_mut(&person)) else { continue };
        match row.result {
            _ if spot_check::is_excused(case, row) => {}
            InspectionResult::Pass => own.passed += 1,
            InspectionResult::Fail => own.failed += 1,
            InspectionResult::NotApplicable | InspectionResult::NotVisible => {}
        }
    }
}

/// Month scores of months that are over, of dealers whose post the person held at the month's end.
fn add_satisfaction(case: &Case, quarter: Quarter, parts: &mut HashMap<Code, Parts>) {
    let over = quarter.months().into_iter().filter(|month| case.horizon.over(month.last_day()));
    for row in over.flat_map(|month| satisfaction::month_scores(case, month)) {
        let holder = case.org.holder(Role::DistrictManager, row.dealer, row.month.last_day());
        if let Some(own) = holder.and_then(|person| parts.get_mut(&person)) {
            own.satisfaction.add(row.score, 1);
        }
    }
}
