//! The catalogue: one file a check. To add a check, add a file and one line here.

pub mod bay_turnover;
pub mod certification;
pub mod complaint;
pub mod repeat_repair;
pub mod spot_check;

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
pub static CHECKS: [Check; 5] = [
    Check { name: spot_check::NAME, evaluate: spot_check::evaluate, grounds: spot_check::grounds },
    Check { name: complaint::NAME, evaluate: complaint::evaluate, grounds: complaint::grounds },
    Check { name: certification::NAME, evaluate: certification::evaluate, grounds: certification::grounds },
    Check { name: bay_turnover::NAME, evaluate: bay_turnover::evaluate, grounds: bay_turnover::grounds },
    Check { name: repeat_repair::NAME, evaluate: repeat_repair::evaluate, grounds: repeat_repair::grounds },
];

/// The check of a name.
pub fn check(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.name == name)
}
