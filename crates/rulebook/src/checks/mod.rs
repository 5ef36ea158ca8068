//! The catalogue: one file a check. To add a check, add a file and one line here.

pub mod bay_turnover;
pub mod certification;
pub mod complaint;
pub mod fault_hotspot;
pub mod feedback;
pub mod field_staff;
mod months;
pub mod mystery_shopper;
pub mod repeat_repair;
pub mod retention;
pub mod satisfaction;
pub mod service_clock;
pub mod spot_check;
pub mod transparency;

use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::finding::{Finding, Found};
use crate::receipt::Grounds;

/// A rule family: facts + policy + as-of instant → findings.
pub struct Check {
    /// Its name on the command line and in exports.
    pub name: &'static str,
    /// Judges a case.
    pub evaluate: fn(&Case, &mut Found) -> Result<(), HolidaysUnknown>,
    /// Tells what a finding of this check, in this case, stands on: its facts and its arithmetic.
    pub grounds: fn(&Case, &Finding, &mut Grounds) -> Result<(), HolidaysUnknown>,
}

/// All checks, in the order of the rulebook.
pub static CHECKS: [Check; 12] = [
    Check { name: spot_check::NAME, evaluate: spot_check::evaluate, grounds: spot_check::grounds },
    Check { name: complaint::NAME, evaluate: complaint::evaluate, grounds: complaint::grounds },
    Check { name: certification::NAME, evaluate: certification::evaluate, grounds: certification::grounds },
    Check { name: bay_turnover::NAME, evaluate: bay_turnover::evaluate, grounds: bay_turnover::grounds },
    Check { name: repeat_repair::NAME, evaluate: repeat_repair::evaluate, grounds: repeat_repair::grounds },
    Check { name: service_clock::NAME, evaluate: service_clock::evaluate, grounds: service_clock::grounds },
    Check { name: satisfaction::NAME, evaluate: satisfaction::evaluate, grounds: satisfaction::grounds },
    Check { name: mystery_shopper::NAME, evaluate: mystery_shopper::evaluate, grounds: mystery_shopper::grounds },
    Check { name: feedback::NAME, evaluate: feedback::evaluate, grounds: feedback::grounds },
    Check { name: retention::NAME, evaluate: retention::evaluate, grounds: retention::grounds },
    Check { name: fault_hotspot::NAME, evaluate: fault_hotspot::evaluate, grounds: fault_hotspot::grounds },
    Check { name: transparency::NAME, evaluate: transparency::evaluate, grounds: transparency::grounds },
];

/// The check of a name.
pub fn check(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.name == name)
}
