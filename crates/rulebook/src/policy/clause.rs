//! A clause of a policy: the sentence a finding stands on, its severity and the charges it carries.

use serde::Serialize;

use crate::money::Money;

/// A text in both languages of the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Where a number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The published programme.
    Published,
    /// Set by the manufacturer.
    SetByTheManufacturer,
}

/// How much a finding wants a person's eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Raises no alert: good news.
    None,
    /// Worth knowing.
    Notice,
    /// Needs doing.
    Warning,
    /// Needs doing now.
    Critical,
}

impl Severity {
    /// Its name in files and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Notice, Self::Warning, Self::Critical].into_iter().find(|s| s.name() == name)
    }
}

/// Who is charged (rulebook 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seat {
    /// The dealer itself.
    Dealer,
    /// The holder of the dealer's district post.
    DistrictManager,
    /// The director of the dealer's region, or, that post vacant, the deputy.
    RegionDirector,
    /// An employee of the dealer.
    Employee,
}

impl Seat {
    /// Its name in files and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dealer => "dealer",
            Self::DistrictManager => "district-manager",
            Self::RegionDirector => "region-director",
            Self::Employee => "employee",
        }
    }

    /// The seat of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Dealer, Self::DistrictManager, Self::RegionDirector, Self::Employee]
            .into_iter()
            .find(|s| s.name() == name)
    }
}

/// An amount of a policy, never negative: whether it is owed or earned is the clause's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// How much.
    pub money: Money,
    /// Where it comes from.
    pub source: Source,
}

/// What a clause charges one seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeTerms {
    /// Who.
    pub seat: Seat,
    /// How much: penalty < 0, incentive > 0.
    pub amount: Money,
    /// Where the number comes from.
    pub source: Source,
}

/// A clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Its full name, `check.clause`.
    pub name: &'static str,
    /// Its title.
    pub title: Text,
    /// Its severity.
    pub severity: Severity,
    /// What it charges whom.
    pub charges: Vec<ChargeTerms>,
}

impl Clause {
    /// What it charges a seat; no money where it names none.
    pub fn charge(&self, seat: Seat) -> Money {
        self.charges.iter().find(|charge| charge.seat == seat).map_or(Money::ZERO, |charge| charge.amount)
    }
}
