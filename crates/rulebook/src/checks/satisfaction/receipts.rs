//! What a finding of satisfaction stands on: the month's responses, as many as can be read.

use super::network::{regions, stars};
use super::scores::mean;
use super::{Response, Terms, responses, terms};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::exact::{hundredths, percent};
use crate::facts::Answer;
use crate::finding::Finding;
use crate::period::Period;
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;

/// More answers than this are told as a count, and the receipt names those that weigh most.
const NAMED: usize = 40;

/// Tells a finding's grounds.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let month = Period::of(finding.occurred_on);
    let Some((_, terms)) = terms(case, month) else { return Ok(()) };
    let of_month = case.facts.answers.iter().filter(|row| Period::of(case.date(row.answered_at)) == month);
    let all = responses(case, terms, of_month, month);
    let telling = Telling { case, finding, terms, month };
    match Subject::read(&finding.subject) {
        Some(Subject::DealerMonth { .. }) => telling.level(&all, grounds),
        Some(Subject::RegionMonth { region, .. }) => telling.region(&all, region, grounds),
        Some(Subject::PersonMonth { person, .. }) => telling.star(&all, person, grounds),
        _ => {}
    }
    Ok(())
}

struct Telling<'a, 'c> {
    case: &'a Case<'c>,
    finding: &'a Finding,
    terms: &'a Terms,
    month: Period,
}

impl Telling<'_, '_> {
    /// Names the answers of some responses: of many, those of the responses furthest to the side the finding is on.
    fn stand_on(&self, mut own: Vec<&Response>, grounds: &mut Grounds) {
        let amount = self.finding.amount().0;
        own.sort_by(|a, b| {
            let by_score = (a.above * b.below).cmp(&(b.above * a.below));
            let outermost = if amount < 0 { by_score } else { by_score.reverse() };
            outermost.then_with(|| self.case.text(a.response).cmp(self.case.text(b.response)))
        });
        let mut named = 0;
        for response in own {
            let answers = self.case.facts.answers.iter().filter(|row| row.response == response.response);
            for answer in answers {
                named += 1;
                if named > NAMED {
                    return;
                }
                grounds.stand_on(self.answer(answer));
            }
        }
    }

    fn answer(&self, answer: &Answer) -> FactRef {
        let fact = FactRef::new(self.case, answer, "answer").judged();
        let fact = fact.note("factor", Value::Known("factor", self.case.text(answer.factor).to_owned()));
        fact.note("score", Value::text(hundredths(answer.score)))
    }

    fn level(&self, all: &[Response], grounds: &mut Grounds) {
        let own: Vec<&Response> = all.iter().filter(|row| row.dealer == self.finding.dealer).collect();
        let mean = mean(own.iter().copied());
        let Some(score) = mean.rounded() else { return };
        let Some((clause, at)) = self.terms.tier(score) else { return };
        let values = [
            ("month", Value::Month(self.month)),
            ("responses", Value::Counted("count.responses", mean.count())),
            ("score", Value::text(hundredths(score))),
            ("at", Value::text(at)),
        ];
        let low = clause.name == self.terms.low.name;
        grounds.say(if low { "satisfaction.low" } else { "satisfaction.high" }, values);
        self.stand_on(own, grounds);
    }

    fn region(&self, all: &[Response], region: &str, grounds: &mut Grounds) {
        let scores = regions(self.case, self.terms, all);
        for score in &scores {
            grounds.say(
                "satisfaction.region",
                [
                    ("region", Value::text(self.case.text(score.region))),
                    ("responses", Value::Counted("count.responses", score.responses)),
                    ("score", Value::text(hundredths(score.score))),
                ],
            );
        }
        let values = [("region", Value::text(region)), ("month", Value::Month(self.month))];
        if self.finding.clause == self.terms.region_top.name {
            grounds.say("satisfaction.region-first", values);
        } else {
            grounds.say("satisfaction.region-last", values);
            grounds.say("satisfaction.region-below", [("below", Value::text(self.terms.bottom_below))]);
        }
        let own = all.iter().filter(|row| self.case.text(row.region) == region);
        self.stand_on(own.collect(), grounds);
    }

    fn star(&self, all: &[Response], person: &str, grounds: &mut Grounds) {
        let stars = stars(self.case, self.terms, all);
        let Some(star) = stars.iter().find(|star| self.case.text(star.employee) == person) else { return };
        grounds.say(
            "satisfaction.star",
            [
                ("person", Value::text(person)),
                ("month", Value::Month(self.month)),
                ("responses", Value::Counted("count.responses", star.responses)),
                ("good", Value::text(star.good)),
                ("at", Value::text(self.terms.star_at)),
                ("share", Value::text(percent(star.good, star.responses))),
                ("place", Value::text(star.place)),
                ("reward", Value::Charge(self.terms.reward(star.place).amount)),
            ],
        );
        let own = all.iter().filter(|row| row.employee == Some(star.employee));
        self.stand_on(own.collect(), grounds);
    }
}
