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

/// By what an entry is judged, besides the facts themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// By the facts as they were known at this instant.
    pub known_at: Instant,
    /// As of this one.
    pub as_of: Instant,
    /// By the policy versions up to this one, the newest that its run knew.
    pub newest_policy: i32,
}

/// A run's posting is stamped after every import that is done; one that was under way then may have an earlier stamp, though
/// the run did not see it. So what does not come out by the knowledge at its posting may by that before one of the last few.
const EARLIER: usize = 8;

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
    moment: Moment,
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

    fn hold(&mut self, unit: &str, moment: Moment) -> Result<&Held, JudgingError> {
        let again = self
            .held
            .take()
            .filter(|held| held.moment == moment && (held.unit == unit || held.unit.is_empty()));
        let held = match again {
            Some(held) => held,
            None => self.judge(unit, moment)?,
        };
        Ok(self.held.insert(held))
    }

    fn judge(&self, unit: &str, moment: Moment) -> Result<Held, JudgingError> {
        let Moment { known_at, as_of, newest_policy } = moment;
        let (facts, alone) = self.ever.facts(self.check.name, unit, known_at)?;
        let mut shipped = Calendar::default();
        self.basis.shipped.iter().for_each(|(day, kind)| shipped.set(*day, *kind));
        let calendar = self.ever.calendar(known_at, shipped)?;
        let timeline = self.basis.timeline.as_known(newest_policy);
        let ground = Ground { timeline, zone: self.basis.zone.clone(), calendar };
        let judged =
            if alone { Units::Units(std::iter::once(unit.to_owned()).collect()) } else { Units::All };
        let mut found = Found::default();
        (self.check.evaluate)(&Case::new(&facts, &ground, as_of, judged), &mut found)?;
        // A name that is empty stands for every unit.
        let unit = if alone { unit.to_owned() } else { String::new() };
        Ok(Held { unit, moment, facts, ground, found })
    }

    /// What is found of a family and subject in a unit, at a moment.
    ///
    /// # Errors
    /// A fact that cannot be read, a calendar that lacks a year.
    pub fn finding(
        &mut self,
        unit: &str,
        moment: Moment,
        family: &str,
        subject: &str,
    ) -> Result<Option<Finding>, JudgingError> {
        let held = self.hold(unit, moment)?;
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
        let Some(Held { facts, ground, moment, .. }) = &self.held else { return Ok(None) };
        let unit = Units::Units(std::iter::once(finding.unit.clone()).collect());
        let case = Case::new(facts, ground, moment.as_of, unit);
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

    /// The knowledge before each of the latest imports before a posting, latest first: what its run may have seen.
    pub fn earlier(&self, posted_at: Instant) -> impl Iterator<Item = Instant> + use<> {
        self.ever.became_known(posted_at).into_iter().take(EARLIER).map(|came| Instant(came.0 - 1))
    }
}
