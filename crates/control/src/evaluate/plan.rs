//! What a run looks at: everything of a check, or the units that facts and time have touched.

use std::collections::{BTreeMap, BTreeSet};

use farsight_rulebook::case::month_of_unit;
use farsight_rulebook::checks::Check;
use farsight_rulebook::checks::custom::{self, Reads};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use farsight_store::facts::touch::{self, Touched};
use farsight_store::{Tx, runs};

use super::{Run, reads};
use crate::ControlError;

/// More units than this are not worth looking up one by one.
const MOST_UNITS: usize = 50_000;

/// What to look at.
pub(super) struct Plan {
    /// Checks of which everything is looked at.
    pub(super) whole: Vec<&'static Check>,
    /// Checks of which these units are.
    pub(super) partial: Vec<(&'static Check, Vec<String>)>,
    /// The imports each check will have seen.
    pub(super) seen: Vec<(&'static str, Vec<i64>)>,
}

/// Refuses what may not be posted (rulebook 3.3), then plans.
pub(super) fn make(tx: &mut Tx, run: &Run) -> Result<Plan, ControlError> {
    let marks: BTreeMap<String, _> =
        runs::marks(tx)?.into_iter().map(|mark| (mark.check, mark.as_of)).collect();
    let latest = marks.values().max().copied();
    if !run.request.dry_run {
        let zone = &run.ground.zone;
        let refused = |why: String| Err(ControlError::AsOf { as_of: zone.rfc3339(run.as_of), why });
        if run.as_of > run.now {
            return refused(format!("that is later than now, {}", zone.rfc3339(run.now)));
        }
        if let Some(latest) = latest.filter(|latest| run.as_of < *latest) {
            return refused(format!("the books are reconciled as of {} already", zone.rfc3339(latest)));
        }
    }
    let mut touched: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (check, import) in runs::touched(tx)? {
        touched.entry(check).or_default().push(import);
    }
    let mut plan = Plan { whole: Vec::new(), partial: Vec::new(), seen: Vec::new() };
    for check in &run.checks {
        let imports = touched.remove(check.name).unwrap_or_default();
        let mark = marks.get(check.name).copied();
        let units = match mark {
            Some(mark) if !run.request.full && run.as_of >= mark => {
                touched_units(tx, run, check, &imports, mark)?
            }
            _ => None,
        };
        match units {
            Some(units) => plan.partial.push((check, units)),
            None => plan.whole.push(check),
        }
        if !imports.is_empty() {
            plan.seen.push((check.name, imports));
        }
    }
    Ok(plan)
}

/// The units touched since the last run; `None` when everything is.
fn touched_units(
    tx: &mut Tx,
    run: &Run,
    check: &Check,
    imports: &[i64],
    mark: Instant,
) -> Result<Option<Vec<String>>, ControlError> {
    let mut units: BTreeSet<String> = BTreeSet::new();
    let reads = (check.name == custom::NAME).then(|| Reads::of(&run.ground.timeline));
    let first_own = custom::first_month(&run.ground.timeline).filter(|_| reads.is_some());
    if let Some(reads) = &reads {
        let Some(first) = first_own else { return Ok(Some(Vec::new())) };
        // Whoever has nothing in a month is judged too: every month that has ended since the latest run.
        let since = Period::of(run.ground.zone.date(mark)).max(first);
        let ended = custom::ended(since, &run.ground.zone, run.as_of);
        units.extend(reads::custom_units(tx, reads, ended)?);
    }
    if !imports.is_empty() {
        tx.look_at_few()?;
        let which = touch::Looked { check: check.name, own: reads.as_ref() };
        let touched = touch::units(tx, which, imports, run.ground.zone.name(), MOST_UNITS)?;
        tx.look_at_all()?;
        match touched {
            Touched::Everything => return Ok(None),
            Touched::Units(touched) => units.extend(touched),
        }
    }
    units.extend(runs::woken(tx, check.name, run.as_of)?);
    if let Some(first) = first_own {
        units.retain(|unit| month_of_unit(unit).is_some_and(|month| month >= first));
    }
    Ok((units.len() <= MOST_UNITS).then(|| units.into_iter().collect()))
}
