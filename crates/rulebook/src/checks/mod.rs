//! The catalogue: one file a check. To add a check, add a file and one line here.

pub mod bay_turnover;
pub mod certification;
pub mod complaint;
pub mod custom;
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
    /// Whether units of the whole network are among its units, so that it cannot be judged some dealers at a time.
    pub of_network: bool,
    /// Judges a case.
    pub evaluate: fn(&Case, &mut Found) -> Result<(), HolidaysUnknown>,
    /// Tells what a finding of this check, in this case, stands on: its facts and its arithmetic.
    pub grounds: fn(&Case, &Finding, &mut Grounds) -> Result<(), HolidaysUnknown>,
}

/// All checks, in the order of the rulebook.
pub static CHECKS: [Check; 13] = [
    Check {
        name: spot_check::NAME,
        of_network: false,
        evaluate: spot_check::evaluate,
        grounds: spot_check::grounds,
    },
    Check {
        name: complaint::NAME,
        of_network: false,
        evaluate: complaint::evaluate,
        grounds: complaint::grounds,
    },
    Check {
        name: certification::NAME,
        of_network: false,
        evaluate: certification::evaluate,
        grounds: certification::grounds,
    },
    Check {
        name: bay_turnover::NAME,
        of_network: false,
        evaluate: bay_turnover::evaluate,
        grounds: bay_turnover::grounds,
    },
    Check {
        name: repeat_repair::NAME,
        of_network: false,
        evaluate: repeat_repair::evaluate,
        grounds: repeat_repair::grounds,
    },
    Check {
        name: service_clock::NAME,
        of_network: false,
        evaluate: service_clock::evaluate,
        grounds: service_clock::grounds,
    },
    Check {
        name: satisfaction::NAME,
        of_network: true,
        evaluate: satisfaction::evaluate,
        grounds: satisfaction::grounds,
    },
    Check {
        name: mystery_shopper::NAME,
        of_network: false,
        evaluate: mystery_shopper::evaluate,
        grounds: mystery_shopper::grounds,
    },
    Check {
        name: feedback::NAME,
        of_network: false,
        evaluate: feedback::evaluate,
        grounds: feedback::grounds,
    },
    Check {
        name: retention::NAME,
        of_network: true,
        evaluate: retention::evaluate,
        grounds: retention::grounds,
    },
    Check {
        name: fault_hotspot::NAME,
        of_network: true,
        evaluate: fault_hotspot::evaluate,
        grounds: fault_hotspot::grounds,
    },
    Check {
        name: transparency::NAME,
        of_network: false,
        evaluate: transparency::evaluate,
        grounds: transparency::grounds,
    },
    Check { name: custom::NAME, of_network: true, evaluate: custom::evaluate, grounds: custom::grounds },
];

/// The check of a name.
pub fn check(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.name == name)
}
