//! Certification — 认证 (rulebook 4.3): advisors and technicians with the certificates their posts need.
//!
//! Its units are the dealer (its roster) and, for uncertified work, the dealer and local date.

mod receipts;
mod roster;
mod standing;
mod work;

use hashbrown::{HashMap, HashSet};
use jiff::civil::Date;

use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::codes::Code;
use crate::facts::{Certificate, Employment};
use crate::finding::Found;
use crate::policy::{Clause, Seat, Section};

pub use receipts::grounds;
pub use standing::{Standing, standing};

/// The check's name.
pub const NAME: &str = "certification";
/// The position and the certificate kind of service advisors, the key post.
pub const ADVISOR: &str = "service-advisor";
/// The position and the certificate kind of technicians.
pub const TECHNICIAN: &str = "technician";
/// The certificate kind of new-energy work, which technicians do.
pub const NEV: &str = "nev";

/// What a policy says of certification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Least number of certified advisors.
    pub min: i64,
    /// Bays one advisor can serve.
    pub bays_per_advisor: i64,
    /// Days before expiry at which to warn, largest first.
    pub expiring_days: Vec<i64>,
    /// Reasons of leaving that are no attrition.
    pub exempt_reasons: Vec<String>,
    /// `certification.attrition`
    pub attrition: Clause,
    /// `certification.shortfall`
    pub shortfall: Clause,
    /// `certification.expiring`
    pub expiring: Clause,
    /// `certification.uncertified-work`
    pub uncertified_work: Clause,
    /// `certification.bonus`
    pub bonus: Clause,
}

impl Terms {
    /// Reads the section `certification` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        Self {
            min: section.count("min", 0, 1_000),
            bays_per_advisor: section.count("bays_per_advisor", 1, 10_000),
            expiring_days: section.falling_counts("expiring_days", 1, 3_650),
            exempt_reasons: section.names("exempt_reasons"),
            attrition: section.clause("attrition", "certification.attrition", &DEALER),
            shortfall: section.clause("shortfall", "certification.shortfall", &DEALER),
            expiring: section.clause("expiring", "certification.expiring", &DEALER),
            uncertified_work: section.clause("uncertified-work", "certification.uncertified-work", &DEALER),
            bonus: section.clause("bonus", "certification.bonus", &DEALER),
        }
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.attrition, &self.shortfall, &self.expiring, &self.uncertified_work, &self.bonus]
    }

    /// The certified advisors a dealer of so many bays needs.
    pub fn needed(&self, bays: i64) -> i64 {
        self.min.max((bays + self.bays_per_advisor - 1) / self.bays_per_advisor)
    }
}

/// Judges every roster and every day's work.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let mut certificates: HashMap<Code, Vec<&Certificate>> = HashMap::new();
    for certificate in &case.facts.certificates {
        certificates.entry(certificate.person).or_default().push(certificate);
    }
    roster::evaluate(case, &certificates, found);
    work::evaluate(case, &certificates, found);
    Ok(())
}

/// The advisors of every dealer, with the days that their certificates count.
pub(super) struct Advisors<'f> {
    employed: HashMap<Code, Vec<&'f Employment>>,
    certificates: ByPerson<'f>,
}

impl<'f> Advisors<'f> {
    pub(super) fn of(case: &Case<'f>) -> Self {
        let mut employed: HashMap<Code, Vec<&Employment>> = HashMap::new();
        for row in case.facts.employments.iter().filter(|row| case.text(row.position) == ADVISOR) {
            employed.entry(row.dealer).or_default().push(row);
        }
        let mut certificates: ByPerson = HashMap::new();
        for row in case.facts.certificates.iter().filter(|row| case.text(row.kind) == ADVISOR) {
            certificates.entry(row.person).or_default().push(row);
        }
        Self { employed, certificates }
    }

    /// How many of a dealer's were certified on a day that is over, as for the shortfall.
    pub(super) fn certified(&self, dealer: Code, on: Date) -> i64 {
        let there = |row: &&&Employment| row.from <= on && row.to.is_none_or(|to| on <= to);
        let valid = |person: &Code| {
            self.certificates.get(person).into_iter().flatten().any(|certificate| certificate.is_valid(on))
        };
        let employed = self.employed.get(&dealer).into_iter().flatten().filter(there);
        let certified: HashSet<Code> = employed.map(|row| row.person).filter(valid).collect();
        certified.len() as i64
    }
}

/// Whether a position needs a certificate of that kind.
fn needs(case: &Case, row: &Employment, certificate: &Certificate) -> bool {
    match case.text(certificate.kind) {
        ADVISOR => case.text(row.position) == ADVISOR,
        TECHNICIAN | NEV => case.text(row.position) == TECHNICIAN,
        _ => false,
    }
}

type ByPerson<'f> = HashMap<Code, Vec<&'f Certificate>>;
