//! Judging a month by a manufacturer's own rules.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::months::OfMonth;
use super::expression::{Absent, Given, Name};
use super::figures::{Book, Scope, Tell};
use super::{NAME, Of, Rule, Terms, Tier, open_dealers};
use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Concern, Draft, detail};
use crate::codes::Code;
use crate::finding::Found;
use crate::period::Period;
use crate::policy::{Clause, Version};

/// A month with the rules that judge it.
pub(super) struct Month<'a, 'c> {
    pub(super) case: &'a Case<'c>,
    pub(super) book: &'a Book<'c>,
    pub(super) month: Period,
    pub(super) version: &'c Version,
    pub(super) terms: &'c Terms,
}

/// What a rule says of a dealer's or region's month.
pub(super) enum Verdict<'t> {
    /// It is not judged: too few, or the condition does not hold.
    Not,
    /// There is no figure to judge by.
    NoFigure(Absent),
    /// This tier, if any.
    Lies(Option<&'t Tier>),
}

impl<'c> Month<'_, 'c> {
    pub(super) fn judge_dealers(&self, found: &mut Found) -> Result<(), HolidaysUnknown> {
        let case = self.case;
        for dealer in open_dealers(case, self.month) {
            let unit = format!("{}@{}", case.text(dealer), self.month);
            if !case.judges(&unit, dealer) {
                continue;
            }
            if case.horizon.over(self.month.last_day()) {
                for rule in self.terms.rules.iter().filter(|rule| rule.of == Of::Dealer) {
                    let region = case.org.region(dealer, self.month.last_day());
                    if region.is_some_and(|region| self.is_in(rule, region)) {
                        self.judge_dealer(rule, dealer, &unit, found)?;
                    }
                }
            }
            case.close_unit(NAME, &unit, found);
        }
        Ok(())
    }

    fn judge_dealer(
        &self,
        rule: &Rule,
        dealer: Code,
        unit: &str,
        found: &mut Found,
    ) -> Result<(), HolidaysUnknown> {
        let dealers = [dealer];
        let mut figures = Figures::new(self.terms, self.scope(&dealers));
        let verdict = figures.verdict(rule)?;
        let Some(clause) = verdict.clause(rule) else { return Ok(()) };
        let (case, version, month) = (self.case, self.version, self.month);
        let finding = OfMonth { check: NAME, clause, family: rule.family, dealer, month, unit, version };
        finding.find(case, found, &figures.told(rule));
        Ok(())
    }

    pub(super) fn judge_regions(&self, found: &mut Found) -> Result<(), HolidaysUnknown> {
        let (case, unit) = (self.case, self.month.to_string());
        if !case.judges_network(&unit) {
            return Ok(());
        }
        if case.horizon.over(self.month.last_day()) {
            for (_, (region, dealers)) in self.regions() {
                let rules = self.terms.rules.iter().filter(|rule| rule.of == Of::Region);
                for rule in rules.filter(|rule| self.is_in(rule, region)) {
                    self.judge_region(rule, region, &dealers, &unit, found)?;
                }
            }
        }
        case.close_unit(NAME, &unit, found);
        Ok(())
    }

    fn judge_region(
        &self,
        rule: &Rule,
        region: Code,
        dealers: &[Code],
        unit: &str,
        found: &mut Found,
    ) -> Result<(), HolidaysUnknown> {
        let case = self.case;
        let mut figures = Figures::new(self.terms, self.scope(dealers));
        let verdict = figures.verdict(rule)?;
        let Some(clause) = verdict.clause(rule) else { return Ok(()) };
        let draft = Draft {
            check: NAME,
            clause,
            family: rule.family,
            subject: format!("region:{}@{}", case.text(region), self.month),
            unit,
            dealer: case.facts.codes.none(),
            occurred_on: self.month.last_day(),
            version: self.version.number,
            charged: &clause.charges,
            detail: detail(&figures.told(rule)),
        };
        case.find_of(found, Concern::Region(region), draft);
        Ok(())
    }

    /// The regions by code, each with the dealers that belonged to it on the month's last day.
    pub(super) fn regions(&self) -> BTreeMap<&'c str, (Code, Vec<Code>)> {
        let mut regions: BTreeMap<&str, (Code, Vec<Code>)> = BTreeMap::new();
        for dealer in open_dealers(self.case, self.month) {
            if let Some(region) = self.case.org.region(dealer, self.month.last_day()) {
                let of_region = regions.entry(self.case.text(region)).or_insert((region, Vec::new()));
                of_region.1.push(dealer);
            }
        }
        regions
    }

    fn is_in(&self, rule: &Rule, region: Code) -> bool {
        rule.regions.is_empty() || rule.regions.iter().any(|name| name == self.case.text(region))
    }

    pub(super) fn scope<'s>(&'s self, dealers: &'s [Code]) -> Scope<'s, 'c> {
        Scope { case: self.case, book: self.book, dealers, month: self.month, version: self.version }
    }
}

impl Verdict<'_> {
    /// The clause that is found, if any.
    pub(super) fn clause<'t>(&'t self, rule: &'t Rule) -> Option<&'t Clause> {
        match self {
            Self::Not => None,
            Self::NoFigure(_) => rule.no_figure.as_ref(),
            Self::Lies(tier) => tier.as_ref()?.clause.as_ref(),
        }
    }
}

/// The figures and measures of one scope, each worked out once.
pub(super) struct Figures<'a, 'c> {
    terms: &'a Terms,
    scope: Scope<'a, 'c>,
    known: BTreeMap<Name, Given<i64>>,
    unknown: Option<HolidaysUnknown>,
}

impl<'a, 'c> Figures<'a, 'c> {
    pub(super) fn new(terms: &'a Terms, scope: Scope<'a, 'c>) -> Self {
        Self { terms, scope, known: BTreeMap::new(), unknown: None }
    }

    /// What a rule says of this scope: first whether there is enough to judge, then whether it is to, then by what.
    pub(super) fn verdict<'t>(&mut self, rule: &'t Rule) -> Result<Verdict<'t>, HolidaysUnknown> {
        let verdict = self.judge(rule);
        match self.unknown.take() {
            Some(unknown) => Err(unknown),
            None => Ok(verdict),
        }
    }

    fn judge<'t>(&mut self, rule: &'t Rule) -> Verdict<'t> {
        // A sample that is not known is too small: that nothing came is neither good nor bad news.
        if !self.number(rule.sample).is_ok_and(|sample| sample >= rule.min_sample) {
            return Verdict::Not;
        }
        match rule.condition.as_ref().map(|condition| condition.truth(&mut |name| self.number(name))) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => return Verdict::Not,
            Some(Err(absent)) => return Verdict::NoFigure(absent),
        }
        match self.number(rule.measure) {
            Ok(number) => Verdict::Lies(rule.tiers.iter().find(|tier| tier.has(number))),
            Err(absent) => Verdict::NoFigure(absent),
        }
    }

    /// A figure or measure.
    pub(super) fn number(&mut self, name: Name) -> Given<i64> {
        if let Some(known) = self.known.get(&name) {
            return *known;
        }
        let given = match name {
            Name::Figure(place) => self.counted(place, &mut |_| ()),
            Name::Measure(place) => {
                let terms = self.terms;
                terms.measures[place].expression.number(&mut |name| self.number(name))
            }
        };
        self.known.insert(name, given);
        given
    }

    /// A listed figure, with the rows it counts.
    pub(super) fn counted(&mut self, place: usize, tell: &mut Tell<'_, 'c>) -> Given<i64> {
        match self.scope.figure(place, tell) {
            Ok(number) => number.ok_or(Absent::Missing(Name::Figure(place))),
            Err(unknown) => {
                self.unknown = Some(unknown);
                Err(Absent::Missing(Name::Figure(place)))
            }
        }
    }

    /// What a person wants to know at a glance.
    fn told(&mut self, rule: &Rule) -> serde_json::Value {
        json!({ "value": self.number(rule.measure).ok(), "sample": self.number(rule.sample).ok() })
    }
}
