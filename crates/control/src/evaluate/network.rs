//! Checks with units of the whole network: which units there are, how many at a time, and the sums they rest on.

use std::collections::{BTreeMap, BTreeSet};

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

/// Brings the sums of months up to what came in; where everything is to be counted anew, forgets them.
pub(super) fn follow(tx: &mut Tx, plan: &Plan, (full, zone): (bool, &str)) -> Result<(), ControlError> {
    for (check, kind) in [(retention::NAME, Kind::Homes), (fault_hotspot::NAME, Kind::Faults)] {
        if full && plan.whole.iter().any(|whole| whole.name == check) {
            sums::forget_all(tx, kind)?;
        }
        for (_, imports) in plan.seen.iter().filter(|(seen, _)| *seen == check) {
            tx.look_at_few()?;
            sums::follow(tx, kind, imports, zone)?;
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

/// Units that may be months apart from those that are not: where no unit is a month of the network, one that looks like it
/// is the id of a complaint or feedback (`2026-12`, the year's twelfth).
pub(super) fn by_month(check: &Check, units: Vec<String>) -> (Vec<String>, Vec<String>) {
    units.into_iter().partition(|unit| check.of_network || unit.contains('@'))
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

/// Units some at a time; a month of the network, which needs many facts, by itself with the dealers' units of it. Months of
/// hotspots are judged by sums, which are few.
pub(super) fn chunks(check: &Check, units: Vec<String>, most: usize) -> Vec<Vec<String>> {
    if check.name == fault_hotspot::NAME {
        return units.chunks(most).map(<[String]>::to_vec).collect();
    }
    let network: BTreeSet<Period> = units.iter().filter_map(|unit| unit.parse().ok()).collect();
    let mut months: BTreeMap<Period, Vec<String>> = BTreeMap::new();
    let mut others = Vec::new();
    for unit in units {
        match month_of_unit(&unit).filter(|month| network.contains(month)) {
            Some(month) => months.entry(month).or_default().push(unit),
            None => others.push(unit),
        }
    }
    others.chunks(most).map(<[String]>::to_vec).chain(months.into_values()).collect()
}
