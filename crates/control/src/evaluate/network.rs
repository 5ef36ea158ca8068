//! Checks with units of the whole network: which units there are, how many at a time, and the sums they rest on.

use farsight_rulebook::case::{Ground, month_of_unit};
use farsight_rulebook::checks::{Check, fault_hotspot, retention};
use farsight_rulebook::finding::Wake;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::sums::{self, Kind};
use farsight_store::{Tx, runs};

use super::plan::Plan;
use super::reads;
use crate::ControlError;

/// Forgets the sums of months that unseen imports touch, and all sums of a check of which everything is looked at.
pub(super) fn forget_touched(tx: &mut Tx, plan: &Plan, zone: &str) -> Result<(), ControlError> {
    for (check, kind) in [(retention::NAME, Kind::Homes), (fault_hotspot::NAME, Kind::Faults)] {
        if plan.whole.iter().any(|whole| whole.name == check) {
            sums::forget_all(tx, kind)?;
        }
        for (_, imports) in plan.seen.iter().filter(|(seen, _)| *seen == check) {
            tx.look_at_few()?;
            sums::forget_touched(tx, kind, imports, zone)?;
        }
    }
    Ok(())
}

/// Every unit that such a check has or had, by any of these policies as of an instant.
pub(super) fn all_units(
    tx: &mut Tx,
    check: &Check,
    under: (&[Ground], Instant),
) -> Result<Vec<String>, ControlError> {
    tx.look_at_few()?;
    let mut units = reads::units_of(tx, check, under)?;
    units.extend(runs::units_known(tx, check.name)?);
    units.sort_unstable();
    units.dedup();
    Ok(units)
}

/// Units apart whose month is not over: nothing can be found of them yet.
pub(super) fn resting(units: Vec<String>, zone: &Zone, as_of: Instant) -> (Vec<String>, Vec<String>) {
    let running = Period::of(zone.date(as_of));
    units.into_iter().partition(|unit| month_of_unit(unit).is_some_and(|month| month >= running))
}

/// When units at rest are judged: at their month's end.
pub(super) fn wakes(check: &Check, resting: &[String], zone: &Zone) -> Vec<Wake> {
    let ends = resting.iter().filter_map(|unit| Some((unit, month_of_unit(unit)?)));
    ends.map(|(unit, month)| Wake {
        check: check.name,
        unit: unit.clone(),
        at: zone.end_of(month.last_day()),
    })
    .collect()
}

/// Units some at a time; a month of the network, which needs many facts, alone.
pub(super) fn chunks(units: Vec<String>, most: usize) -> Vec<Vec<String>> {
    let (alone, together): (Vec<_>, Vec<_>) =
        units.into_iter().partition(|unit| unit.parse::<Period>().is_ok());
    let together = together.chunks(most).map(<[String]>::to_vec);
    together.chain(alone.into_iter().map(|unit| vec![unit])).collect()
}
