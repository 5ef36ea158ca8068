//! What a run looks at: everything of a check, or the units that facts and time have touched.

use std::collections::{BTreeMap, BTreeSet};

use farsight_rulebook::checks::Check;
use farsight_store::facts::touch::{self, Touched};
use farsight_store::{Tx, runs};

use super::Run;
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
            Some(mark) if !run.request.full && run.as_of >= mark => touched_units(tx, run, check, &imports)?,
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
) -> Result<Option<Vec<String>>, ControlError> {
    let mut units: BTreeSet<String> = BTreeSet::new();
    if !imports.is_empty() {
        tx.look_at_few()?;
        let touched = touch::units(tx, check.name, imports, run.ground.zone.name(), MOST_UNITS)?;
        tx.look_at_all()?;
        match touched {
            Touched::Everything => return Ok(None),
            Touched::Units(touched) => units.extend(touched),
        }
    }
    units.extend(runs::woken(tx, check.name, run.as_of)?);
    Ok((units.len() <= MOST_UNITS).then(|| units.into_iter().collect()))
}
