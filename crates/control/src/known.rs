//! As known on: a report of a past moment says what it would have said then. Facts, entries, steps of settlements, alerts,
//! policy versions and runs all keep when they came, so that what came later can be left out
//! ([`farsight_store::Tx::as_known_at`]).

use farsight_rulebook::time::Instant;

use crate::{ControlError, Desk, ground};

/// As of when a report is asked for; none where that is the present.
///
/// Refused: a moment that has not come, for nobody knows what will be known then.
pub(crate) fn asked(desk: &Desk, known_at: Option<Instant>) -> Result<Option<Instant>, ControlError> {
    let Some(at) = known_at.filter(|at| *at != desk.now) else { return Ok(None) };
    if at < desk.now {
        return Ok(Some(at));
    }
    let zone = ground::zone(&desk.tenant)?;
    let whole = |at: Instant| zone.rfc3339(Instant(at.0 - at.0.rem_euclid(1_000_000)));
    Err(ControlError::KnownLater { at: whole(at), now: whole(desk.now) })
}
