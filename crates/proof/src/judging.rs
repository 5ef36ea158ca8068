//! Judging anew: the rulebook over the facts of a pack.

use farsight_rulebook::calendar::{Calendar, DayKind, HolidaysUnknown};
use farsight_rulebook::case::{Case, Ground, Judged as Units};
use farsight_rulebook::checks::Check;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::policy::{Seat, Timeline};
use farsight_rulebook::receipt::{self, Receipt};
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::Date;

use crate::ever::Ever;
use crate::rows::RowFault;

/// The calendar that the program ships with, day by day.
pub type Shipped = Vec<(Date, DayKind)>;

/// What all judgements of a pack rest on besides facts.
pub struct Basis {
    /// The policy versions.
    pub timeline: Timeline,
    /// The tenant's zone.
    pub zone: Zone,
    /// The tenant's currency.
    pub currency: Currency,
    /// The calendar without the tenant's own days.
    pub shipped: Shipped,
}

/// Why nothing can be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgingError {
    /// A fact that cannot be read.
    #[error(transparent)]
    Row(#[from] RowFault),
    /// A calendar that lacks a year.
    #[error(transparent)]
    Holidays(#[from] HolidaysUnknown),
}

/// What the facts call for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// The clause.
    pub clause: String,
    /// `dealer` or `person`.
    pub party_kind: &'static str,
    /// Who.
    pub party: String,
    /// The dealer concerned.
    pub dealer: String,
    /// Its region.
    pub region: String,
    /// The local date.
    pub occurred_on: Date,
    /// How much.
    pub amount: Money,
    /// The policy version.
    pub version: i32,
}

/// One moment of a unit, judged.
struct Held {
    unit: String,
    moments: (Instant, Instant),
    facts: Facts,
    ground: Ground,
    found: Found,
}

/// Judges the units of one check, one after the other; the last one is kept, for several entries ask for the same.
pub struct Judging<'j> {
    basis: &'j Basis,
    ever: &'j Ever,
    check: &'static Check,
    held: Option<Held>,
}

impl<'j> Judging<'j> {
    /// Judges by the facts of one check.
    pub fn new(basis: &'j Basis, ever: &'j Ever, check: &'static Check) -> Self {
        Self { basis, ever, check, held: None }
    }

    fn hold(&mut self, unit: &str, moments: (Instant, Instant)) -> Result<&Held, JudgingError> {
        let again = self
            .held
            .take()
            .filter(|held| held.moments == moments && (held.unit == unit || held.unit.is_empty()));
        let held = match again {
            Some(held) => held,
            None => self.judge(unit, moments)?,
        };
        Ok(self.held.insert(held))
    }

    fn judge(&self, unit: &str, (as_of, known_at): (Instant, Instant)) -> Result<Held, JudgingError> {
        let (facts, alone) = self.ever.facts(self.check.name, unit, known_at)?;
        let mut shipped = Calendar::default();
        self.basis.shipped.iter().for_each(|(day, kind)| shipped.set(*day, *kind));
        let calendar = self.ever.calendar(known_at, shipped)?;
        let ground =
            Ground { timeline: self.basis.timeline.clone(), zone: self.basis.zone.clone(), calendar };
        let judged =
            if alone { Units::Units(std::iter::once(unit.to_owned()).collect()) } else { Units::All };
        let mut found = Found::default();
        (self.check.evaluate)(&Case::new(&facts, &ground, as_of, judged), &mut found)?;
        // A name that is empty stands for every unit.
        let unit = if alone { unit.to_owned() } else { String::new() };
        Ok(Held { unit, moments: (as_of, known_at), facts, ground, found })
    }

    /// What is found of a family and subject in a unit, as of one moment by the knowledge of another.
    ///
    /// # Errors
    /// A fact that cannot be read, a calendar that lacks a year.
    pub fn finding(
        &mut self,
        unit: &str,
        moments: (Instant, Instant),
        family: &str,
        subject: &str,
    ) -> Result<Option<Finding>, JudgingError> {
        let held = self.hold(unit, moments)?;
        let same = |finding: &&Finding| {
            finding.unit == unit && finding.family == family && finding.subject == subject
        };
        Ok(held.found.findings.iter().find(same).cloned())
    }

    /// What a finding that was just given charges a seat.
    pub fn called(&self, finding: &Finding, seat: Seat) -> Option<Called> {
        let held = self.held.as_ref()?;
        let text = |code| held.facts.codes.text(code).to_owned();
        let charge = finding.charges.iter().find(|charge| charge.seat == seat)?;
        Some(Called {
            clause: finding.clause.to_owned(),
            party_kind: charge.party_kind.name(),
            party: text(charge.party),
            dealer: text(finding.dealer),
            region: text(finding.region),
            occurred_on: finding.occurred_on,
            amount: charge.amount,
            version: finding.version,
        })
    }

    /// The receipt of what a finding that was just given charges a seat.
    ///
    /// # Errors
    /// A calendar that lacks a year.
    pub fn receipt(&self, finding: &Finding, seat: Seat) -> Result<Option<Receipt>, JudgingError> {
        let Some(Held { facts, ground, moments, .. }) = &self.held else { return Ok(None) };
        let unit = Units::Units(std::iter::once(finding.unit.clone()).collect());
        let case = Case::new(facts, ground, moments.0, unit);
        Ok(Some(receipt::receipt(&case, self.check, finding, seat)?))
    }

    /// The text of a code of the facts that were just judged.
    pub fn text(&self, code: farsight_rulebook::codes::Code) -> String {
        self.held.as_ref().map_or_else(String::new, |held| held.facts.codes.text(code).to_owned())
    }

    /// The check.
    pub fn check(&self) -> &'static Check {
        self.check
    }

    /// What everything rests on.
    pub fn basis(&self) -> &'j Basis {
        self.basis
    }

    /// The moments, latest first, at which something became known by `until`.
    pub fn became_known(&self, until: Instant) -> Vec<Instant> {
        self.ever.became_known(until)
    }
}
