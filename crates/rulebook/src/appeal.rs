//! What a policy says of appeals (section `appeal`): how long an entry can be contested, and how long deciding may take.
//!
//! Pure. It decides no appeal: an upheld one is a ruling, and the checks do the rest.

use crate::policy::Section;
use crate::time::{Instant, Zone};

/// What a policy says of appeals; the section may be left out, as may each of its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Natural days after its posting in which an entry can be contested.
    pub days: u32,
    /// Natural days after an appeal was made in which it is to be decided.
    pub decide_days: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self { days: 15, decide_days: 10 }
    }
}

impl Terms {
    /// Reads the section `appeal` of a policy file; what is left out keeps its default.
    pub fn read(section: &mut Section) -> Self {
        let standard = Self::default();
        let mut days = |key: &str, otherwise: u32| {
            section.optional_count(key, 1, 366).map_or(otherwise, |days| days as u32)
        };
        Self { days: days("days", standard.days), decide_days: days("decide_days", standard.decide_days) }
    }

    /// Until when an entry posted at an instant can be contested, that instant included.
    pub fn until(&self, zone: &Zone, posted_at: Instant) -> Instant {
        zone.plus_natural_days(posted_at, self.days)
    }

    /// Until when an appeal made at an instant is to be decided.
    pub fn decide_by(&self, zone: &Zone, made_at: Instant) -> Instant {
        zone.plus_natural_days(made_at, self.decide_days)
    }
}
