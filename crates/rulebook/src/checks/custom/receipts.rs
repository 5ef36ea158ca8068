//! What a finding of a manufacturer's own rule stands on: every figure it names, how the measure comes of them, why it was
//! judged, in which tier it lies; and the rows that count, as many as can be read.

use super::expression::{Absent, Given, Name};
use super::figures::{Book, Row};
use super::judge::{Figures, Month, Verdict};
use super::{FIGURES, Rule, Terms, Tier};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::codes::Code;
use crate::finding::Finding;
use crate::money::Decimal;
use crate::period::Period;
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;

/// More rows than this are told as a count.
const NAMED: usize = 40;

/// Tells a finding's grounds.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let Some(version) = case.ground.timeline.version(finding.version) else { return Ok(()) };
    let Some(terms) = &version.policy.custom else { return Ok(()) };
    let Some(rule) = terms.rule_of(finding.clause) else { return Ok(()) };
    let book = Book::of(case);
    let month = Month { case, book: &book, month: Period::of(finding.occurred_on), version, terms };
    let dealers = match Subject::read(&finding.subject) {
        Some(Subject::RegionMonth { region, .. }) => {
            month.regions().remove(region).map_or_else(Vec::new, |(_, dealers)| dealers)
        }
        _ => vec![finding.dealer],
    };
    let figures = Figures::new(terms, month.scope(&dealers));
    Telling { case, finding, terms, rule, dealers: &dealers, figures }.tell(grounds)
}

struct Telling<'a, 'c> {
    case: &'a Case<'c>,
    finding: &'a Finding,
    terms: &'a Terms,
    rule: &'a Rule,
    dealers: &'a [Code],
    figures: Figures<'a, 'c>,
}

impl<'c> Telling<'_, 'c> {
    fn tell(mut self, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
        let verdict = self.figures.verdict(self.rule)?;
        let month = ("month", Value::Month(Period::of(self.finding.occurred_on)));
        grounds.say("custom.rule", [("rule", Value::Title(self.rule.title.clone())), month]);
        if self.finding.subject.starts_with("region:") {
            grounds.say(
                "custom.region",
                [
                    ("region", Value::text(self.case.text(self.finding.region))),
                    ("dealers", Value::Counted("count.dealers", self.dealers.len() as i64)),
                    ("on", Value::Date(self.finding.occurred_on)),
                ],
            );
        }
        self.tell_figures(grounds);
        self.tell_measures(grounds);
        self.tell_rule(&verdict, grounds);
        Ok(())
    }

    /// The figures with their values, and the rows behind them, those of the smallest figure first.
    fn tell_figures(&mut self, grounds: &mut Grounds) {
        let mut rows: Vec<Vec<FactRef>> = Vec::new();
        for place in self.terms.figures(self.rule) {
            let mut own: Vec<Row<'c>> = Vec::new();
            let given = self.figures.counted(place, &mut |row| own.push(row));
            let figure = ("figure", self.name(Name::Figure(place)));
            match given {
                Ok(_) => {
                    let value = ("value", self.shown(Name::Figure(place), given));
                    grounds.say("custom.figure", [figure, value]);
                }
                Err(_) => grounds.say("custom.figure-missing", [figure]),
            }
            let mut own: Vec<FactRef> = own.into_iter().map(|row| row.fact(self.case)).collect();
            own.sort_by_key(|fact| (fact.when.instant(&self.case.ground.zone), fact.key.clone()));
            rows.push(own);
        }
        rows.sort_by_key(Vec::len);
        let mut all = Grounds::default();
        rows.into_iter().flatten().for_each(|fact| all.stand_on(fact));
        let more = all.facts.len().saturating_sub(NAMED);
        all.facts.into_iter().take(NAMED).for_each(|fact| grounds.stand_on(fact));
        if more > 0 {
            grounds.say("custom.more", [("count", Value::text(more))]);
        }
    }

    /// The own measures that the rule needs, those that others need first.
    fn tell_measures(&mut self, grounds: &mut Grounds) {
        let mut told = Vec::new();
        let condition = self.rule.condition.iter().flat_map(|condition| condition.names.iter().copied());
        for name in [self.rule.sample].into_iter().chain(condition).chain([self.rule.measure]) {
            self.tell_measure(name, &mut told, grounds);
        }
    }

    fn tell_measure(&mut self, name: Name, told: &mut Vec<Name>, grounds: &mut Grounds) {
        let Name::Measure(place) = name else { return };
        if told.contains(&name) {
            return;
        }
        told.push(name);
        let measure = &self.terms.measures[place];
        for needed in &measure.expression.names {
            self.tell_measure(*needed, told, grounds);
        }
        let given = self.figures.number(name);
        let (of, how) = (("measure", self.name(name)), ("expression", Value::text(&measure.expression.text)));
        match given {
            Ok(_) => grounds.say("custom.measure", [of, how, ("value", self.shown(name, given))]),
            Err(why) => grounds.say("custom.measure-none", [of, how, ("why", Self::why(why))]),
        }
    }

    fn tell_rule(&mut self, verdict: &Verdict, grounds: &mut Grounds) {
        let (rule, sample) = (self.rule, self.figures.number(self.rule.sample));
        grounds.say(
            "custom.sample",
            [
                ("sample", self.name(rule.sample)),
                ("value", self.shown(rule.sample, sample)),
                ("least", self.shown(rule.sample, Ok(rule.min_sample))),
            ],
        );
        if let (Some(condition), Verdict::Lies(_)) = (&rule.condition, verdict) {
            grounds.say("custom.condition", [("expression", Value::text(&condition.text))]);
        }
        match verdict {
            Verdict::Lies(Some(tier)) => self.tell_tier(tier, grounds),
            Verdict::NoFigure(why) => grounds.say("custom.no-figure", [("why", Self::why(*why))]),
            Verdict::Lies(None) | Verdict::Not => {}
        }
    }

    fn tell_tier(&mut self, tier: &Tier, grounds: &mut Grounds) {
        let measure = self.rule.measure;
        let given = self.figures.number(measure);
        let (of, value) = (("measure", self.name(measure)), ("value", self.shown(measure, given)));
        let bound = |number: i64| self.shown(measure, Ok(number));
        match (tier.from.map(bound), tier.below.map(bound)) {
            (Some(from), Some(below)) => {
                grounds.say("custom.between", [of, value, ("from", from), ("below", below)]);
            }
            (Some(from), None) => grounds.say("custom.from", [of, value, ("from", from)]),
            (None, Some(below)) => grounds.say("custom.below", [of, value, ("below", below)]),
            (None, None) => {}
        }
    }

    fn name(&self, name: Name) -> Value {
        match name {
            Name::Figure(place) => Value::word(format!("figure.{}", FIGURES[place].name)),
            Name::Measure(place) => Value::Title(self.terms.measures[place].title.clone()),
        }
    }

    /// A number with its decimals and, of an own measure, its unit.
    fn shown(&self, name: Name, given: Given<i64>) -> Value {
        self.terms.shown(name, given.unwrap_or_default())
    }

    fn why(why: Absent) -> Value {
        Value::word(match why {
            Absent::Missing(_) => "custom.missing",
            Absent::DividedByZero => "custom.divided",
            Absent::TooLarge => "custom.too-large",
        })
    }
}

impl Terms {
    /// A number as people read it: with its decimals and, of an own measure, its unit.
    pub fn shown(&self, name: Name, number: i64) -> Value {
        let number = Decimal { units: number, decimals: self.decimals(name) };
        match name {
            Name::Figure(_) => Value::text(number),
            Name::Measure(place) => {
                let unit = &self.measures[place].unit;
                let with = |unit: &str| format!("{number} {unit}").trim_end().to_owned();
                Value::Title(crate::policy::Text { zh: with(&unit.zh), en: with(&unit.en) })
            }
        }
    }
}
