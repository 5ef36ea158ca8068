//! Findings: one thing a check found, about one subject, under one clause, on one local date.

use jiff::civil::Date;

use crate::codes::Code;
use crate::money::Money;
use crate::policy::{Seat, Severity};
use crate::time::Instant;

/// Who is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartyKind {
    /// A dealer.
    Dealer,
    /// A person: an employee of the manufacturer or of a dealer.
    Person,
}

impl PartyKind {
    /// Its name in files and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dealer => "dealer",
            Self::Person => "person",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Dealer, Self::Person].into_iter().find(|kind| kind.name() == name)
    }
}

/// A signed amount a finding puts on a party; never zero (rulebook 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Which seat pays or gets it.
    pub seat: Seat,
    /// What kind of party sits there.
    pub party_kind: PartyKind,
    /// Who.
    pub party: Code,
    /// How much: penalty < 0, incentive > 0.
    pub amount: Money,
}

/// A finding.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check that found it.
    pub check: &'static str,
    /// The clause it stands on.
    pub clause: &'static str,
    /// The clause family, of its key.
    pub family: &'static str,
    /// The thing judged, of its key.
    pub subject: String,
    /// What had to be judged together to find it; an evaluation of this unit alone finds it again.
    pub unit: String,
    /// The dealer concerned; the empty code: none.
    pub dealer: Code,
    /// The dealer's region on that date, or the region concerned; the empty code: none.
    pub region: Code,
    /// The local date.
    pub occurred_on: Date,
    /// The policy version it was judged by.
    pub version: i32,
    /// How much it wants a person's eye.
    pub severity: Severity,
    /// The charges to post.
    pub charges: Vec<Charge>,
    /// Charges that nobody holds the post for (rulebook 3.7).
    pub vacant: Vec<(Seat, Money)>,
    /// What a person wants to know at a glance, as JSON.
    pub detail: String,
}

impl Finding {
    /// The sum of all its charges, posted or vacant.
    pub fn amount(&self) -> Money {
        self.charges
            .iter()
            .map(|charge| charge.amount)
            .chain(self.vacant.iter().map(|(_, amount)| *amount))
            .sum()
    }
}

/// A unit that must be judged again at an instant, even if no fact arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wake {
    /// The check.
    pub check: &'static str,
    /// The unit.
    pub unit: String,
    /// When.
    pub at: Instant,
}

/// What an evaluation gives.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The findings, each key once.
    pub findings: Vec<Finding>,
    /// What time alone will change.
    pub wakes: Vec<Wake>,
}
