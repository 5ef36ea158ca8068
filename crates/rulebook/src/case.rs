//! A case: everything a check is given, and the one way to say what it found.

use hashbrown::HashSet;
use jiff::civil::Date;

use crate::calendar::Calendar;
use crate::codes::Code;
use crate::facts::{Facts, Role};
use crate::finding::{Charge, Finding, Found, PartyKind, Wake};
use crate::horizon::Horizon;
use crate::org::Org;
use crate::period::Period;
use crate::policy::{ChargeTerms, Clause, Seat, Timeline, Version};
use crate::rulings::Rulings;
use crate::time::{Instant, Zone};

/// What is judged. The facts of a case may be more than that (a region's figures need all its dealers).
#[derive(Debug, Clone)]
pub enum Judged {
    /// Everything.
    All,
    /// All units of these dealers.
    Dealers(HashSet<Code>),
    /// These units of one check.
    Units(HashSet<String>),
}

/// The tenant's ground: what holds for all its evaluations.
#[derive(Debug, Clone)]
pub struct Ground {
    /// Its policy versions.
    pub timeline: Timeline,
    /// Its time zone.
    pub zone: Zone,
    /// Its working days.
    pub calendar: Calendar,
}

/// Everything a check is given.
pub struct Case<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The network's structure, by date.
    pub org: Org,
    /// The rulings, by subject.
    pub rulings: Rulings,
    /// The tenant's policy, zone and calendar.
    pub ground: &'a Ground,
    /// The as-of instant.
    pub horizon: Horizon<'a>,
    judged: Judged,
}

impl<'a> Case<'a> {
    /// A case of some facts as of an instant.
    pub fn new(facts: &'a Facts, ground: &'a Ground, as_of: Instant, judged: Judged) -> Self {
        let horizon = Horizon::new(as_of, &ground.zone);
        Self { facts, org: Org::new(facts), rulings: Rulings::new(&facts.rulings), ground, horizon, judged }
    }

    /// Whether a dealer's units may be judged at all: a quick look before work is done.
    pub fn judges_dealer(&self, dealer: Code) -> bool {
        match &self.judged {
            Judged::All | Judged::Units(_) => true,
            Judged::Dealers(dealers) => dealers.contains(&dealer),
        }
    }

    /// Whether a unit is to be judged.
    pub fn judges(&self, unit: &str, dealer: Code) -> bool {
        match &self.judged {
            Judged::All => true,
            Judged::Dealers(dealers) => dealers.contains(&dealer),
            Judged::Units(units) => units.contains(unit),
        }
    }

    /// Whether a unit of the whole network is to be judged: never with some dealers' facts only.
    pub fn judges_network(&self, unit: &str) -> bool {
        match &self.judged {
            Judged::All => true,
            Judged::Dealers(_) => false,
            Judged::Units(units) => units.contains(unit),
        }
    }

    /// The version that judges what happened on a day, if one is in force.
    pub fn version(&self, on: Date) -> Option<&'a Version> {
        self.ground.timeline.in_force(on)
    }

    /// The local date of an instant.
    pub fn date(&self, at: Instant) -> Date {
        self.ground.zone.date(at)
    }

    /// The text of a code.
    pub fn text(&self, code: Code) -> &'a str {
        self.facts.codes.text(code)
    }

    /// Remembers that a unit's judgement changes at the earliest instant not yet seen since the last call.
    /// To be called once a unit, after all its facts were looked at.
    pub fn close_unit(&self, check: &'static str, unit: &str, found: &mut Found) {
        if let Some(at) = self.horizon.take_next() {
            found.wakes.push(Wake { check, unit: unit.to_owned(), at });
        }
    }

    /// Adds a finding about a dealer, unless it is excused, before the first judged day, or of a unit not judged. Says
    /// whether it stands.
    pub fn find(&self, found: &mut Found, draft: Draft<'_>) -> bool {
        self.find_of(found, Concern::Dealer, draft)
    }

    /// The same of whomever it concerns.
    pub fn find_of(&self, found: &mut Found, concern: Concern, draft: Draft<'_>) -> bool {
        let Draft { check, clause, family, subject, unit, dealer, occurred_on, version, charged, detail } =
            draft;
        if occurred_on < self.ground.timeline.first_judged_day()
            || self.rulings.excused(&self.horizon, family, &subject)
        {
            return false;
        }
        let judged = match concern {
            Concern::Dealer | Concern::Employee(_) => self.judges(unit, dealer),
            Concern::Region(_) | Concern::Network => self.judges_network(unit),
        };
        if !judged {
            return true;
        }
        let Some((dealer, region)) = self.place(concern, dealer, occurred_on) else { return false };
        let (mut charges, mut vacant) = (Vec::new(), Vec::new());
        for terms in charged.iter().filter(|terms| !terms.amount.is_zero()) {
            match self.party(terms.seat, concern, dealer, region, occurred_on) {
                Some((party_kind, party)) => {
                    charges.push(Charge { seat: terms.seat, party_kind, party, amount: terms.amount });
                }
                None => vacant.push((terms.seat, terms.amount)),
            }
        }
        found.findings.push(Finding {
            check,
            clause: clause.name,
            family,
            subject,
            unit: unit.to_owned(),
            dealer,
            region,
            occurred_on,
            version,
            severity: clause.severity,
            charges,
            vacant,
            detail,
        });
        true
    }

    /// The dealer and region of a finding; none: of a dealer that is voided nothing is found, whatever its moves say.
    fn place(&self, concern: Concern, dealer: Code, on: Date) -> Option<(Code, Code)> {
        let none = self.facts.codes.none();
        match concern {
            Concern::Region(region) => Some((none, region)),
            Concern::Network => Some((none, none)),
            Concern::Dealer | Concern::Employee(_) => {
                self.org.dealer(dealer)?;
                Some((dealer, self.org.region(dealer, on)?))
            }
        }
    }

    fn party(
        &self,
        seat: Seat,
        concern: Concern,
        dealer: Code,
        region: Code,
        on: Date,
    ) -> Option<(PartyKind, Code)> {
        match seat {
            Seat::Dealer => Some((PartyKind::Dealer, dealer)),
            Seat::DistrictManager => {
                self.org.holder(Role::DistrictManager, dealer, on).map(|p| (PartyKind::Person, p))
            }
            Seat::RegionDirector => self.org.region_leader(region, on).map(|p| (PartyKind::Person, p)),
            Seat::Employee => match concern {
                Concern::Employee(person) => Some((PartyKind::Person, person)),
                Concern::Dealer | Concern::Region(_) | Concern::Network => None,
            },
        }
    }
}

/// The month of a unit that is a month or a dealer's (`2026-03`, `D1@2026-03`): nothing can be found of it before its end.
pub fn month_of_unit(unit: &str) -> Option<Period> {
    unit.rsplit('@').next().and_then(|month| month.parse().ok())
}

/// Whom a finding concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// The draft's dealer.
    Dealer,
    /// An employee of the draft's dealer.
    Employee(Code),
    /// A region, and no dealer of it.
    Region(Code),
    /// The manufacturer's headquarters.
    Network,
}

/// A finding as a check states it.
pub struct Draft<'d> {
    /// The check.
    pub check: &'static str,
    /// The clause, of the version that judges.
    pub clause: &'d Clause,
    /// The family, of the finding's key.
    pub family: &'static str,
    /// The subject, of the finding's key.
    pub subject: String,
    /// The unit judged.
    pub unit: &'d str,
    /// The dealer, where it concerns one.
    pub dealer: Code,
    /// The local date.
    pub occurred_on: Date,
    /// The number of the version that judges.
    pub version: i32,
    /// What is charged whom.
    pub charged: &'d [ChargeTerms],
    /// What a person wants to know at a glance, as JSON.
    pub detail: String,
}

/// Writes a finding's detail.
pub fn detail(value: &serde_json::Value) -> String {
    value.to_string()
}
