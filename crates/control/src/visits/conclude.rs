//! The end of a visit: what its cameras gave is kept, and who could not be seen gets a stand-in from the reserve list.
//!
//! Judges no picture: what is wrong with one comes with it.

use farsight_rulebook::time::Instant;
use farsight_store::cameras::CameraState;
use farsight_store::pictures::{self, Shot};
use farsight_store::session::Isolation;
use farsight_store::visits::{self, Kind, Outcome, State, Visit};
use farsight_store::{Tx, cameras, draws};
use jiff::civil::Date;

use super::{waiting, wanted};
use crate::sample::SampleError;
use crate::{ControlError, Desk, ground};

/// What one camera gave.
#[derive(Debug, Clone)]
pub struct CameraResult {
    /// The camera.
    pub camera: String,
    /// A picture, kept in the evidence store, or why there is none.
    pub outcome: Result<Shot, String>,
}

/// What a visit has led to.
#[derive(Debug, Clone)]
pub struct Concluded {
    /// The visit as it stands.
    pub visit: Visit,
    /// The numbers of its pictures.
    pub pictures: Vec<i64>,
    /// The visit that takes its place.
    pub replacement: Option<Visit>,
    /// Its place stays empty: the reserve list is used up.
    pub reserve_used_up: bool,
    /// Cameras that count as away from now on.
    pub away: Vec<String>,
    /// Cameras that were away and gave a picture again.
    pub back: Vec<String>,
}

/// Ends a visit with what its cameras gave. Ended twice, the second time changes nothing.
pub fn conclude(
    desk: &mut Desk,
    day: Date,
    dealer: &str,
    results: &[CameraResult],
) -> Result<Concluded, ControlError> {
    let (scope, tenant, now) = (desk.scope(), desk.tenant.clone(), desk.now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        draws::take_turn(tx)?;
        let visit = wanted(tx, day, dealer)?;
        let mut concluded = Concluded {
            visit,
            pictures: Vec::new(),
            replacement: None,
            reserve_used_up: false,
            away: Vec::new(),
            back: Vec::new(),
        };
        if concluded.visit.state != State::Waiting {
            return Ok(concluded);
        }
        let ground = ground::load(tx, &tenant)?;
        let version = ground.timeline.in_force(day).ok_or(SampleError::NoPolicy(day))?;
        for result in results {
            keep(tx, &mut concluded, result, version.policy.spot_check.away_after, now)?;
        }
        end(tx, &mut concluded, results, now)?;
        let is_missing = concluded.visit.state == State::NotVisible && concluded.visit.kind == Kind::Draw;
        if is_missing && ground.zone.date(now) == day {
            concluded.replacement = replace(tx, &concluded.visit, now)?;
            concluded.reserve_used_up = concluded.replacement.is_none();
        }
        Ok(concluded)
    })
}

/// Keeps what one camera gave, and how the camera is now.
fn keep(
    tx: &mut Tx,
    concluded: &mut Concluded,
    result: &CameraResult,
    away_after: i64,
    now: Instant,
) -> Result<(), ControlError> {
    let before = cameras::state(tx, &result.camera)?;
    let after = camera_after(&before, &result.outcome, now, away_after);
    match (before.away_since, after.away_since) {
        (None, Some(_)) => concluded.away.push(result.camera.clone()),
        (Some(_), None) => concluded.back.push(result.camera.clone()),
        _ => {}
    }
    cameras::put_state(tx, &result.camera, &after)?;
    if let Ok(shot) = &result.outcome {
        let visit = &concluded.visit;
        concluded.pictures.push(pictures::add(tx, visit.day, &visit.dealer, &result.camera, shot)?);
    }
    Ok(())
}

/// How a camera is after a visit. One that gave a picture, be it black, is there; how the picture is, is a matter of
/// the visit.
fn camera_after(
    before: &CameraState,
    outcome: &Result<Shot, String>,
    now: Instant,
    away_after: i64,
) -> CameraState {
    match outcome {
        Ok(shot) => CameraState {
            failures: 0,
            away_since: None,
            last_seen_at: Some(shot.taken_at),
            last_reason: (!shot.flaws.is_empty()).then(|| shot.flaws.join(", ")),
        },
        Err(reason) => {
            let failures = before.failures.saturating_add(1);
            let is_away = i64::from(failures) >= away_after;
            CameraState {
                failures,
                away_since: before.away_since.or(is_away.then_some(now)),
                last_seen_at: before.last_seen_at,
                last_reason: Some(reason.clone()),
            }
        }
    }
}

/// Writes down whether there is something to inspect, and if not why.
fn end(
    tx: &mut Tx,
    concluded: &mut Concluded,
    results: &[CameraResult],
    now: Instant,
) -> Result<(), ControlError> {
    let fault = |result: &CameraResult| match &result.outcome {
        Ok(shot) if shot.flaws.is_empty() => None,
        Ok(shot) => Some(format!("{}: {}", result.camera, shot.flaws.join(", "))),
        Err(reason) => Some(format!("{}: {reason}", result.camera)),
    };
    let faults: Vec<String> = results.iter().filter_map(fault).collect();
    let visit = &mut concluded.visit;
    visit.inspectable_cameras = (results.len() - faults.len()) as i32;
    visit.state = if visit.inspectable_cameras > 0 { State::Inspectable } else { State::NotVisible };
    visit.reason = match visit.state {
        State::NotVisible if faults.is_empty() => Some("no working camera is left".to_owned()),
        State::NotVisible => Some(faults.join("; ")),
        _ => None,
    };
    visit.concluded_at = Some(now);
    let outcome = Outcome {
        state: visit.state,
        reason: visit.reason.as_deref(),
        inspectable_cameras: visit.inspectable_cameras,
        at: now,
    };
    Ok(visits::conclude(tx, visit.day, &visit.dealer, &outcome)?)
}

/// The next dealer of the reserve list that has no visit today gets one, due now; none when the list is used up.
fn replace(tx: &mut Tx, missing: &Visit, now: Instant) -> Result<Option<Visit>, ControlError> {
    let day = missing.day;
    let draw = draws::find(tx, day)?.ok_or(SampleError::NotDrawn(day))?;
    let (drawn, _) = draw.drawn.ok_or(SampleError::NotDrawn(day))?;
    let planned = visits::of_day(tx, day)?;
    let is_used = |dealer: &str| planned.iter().any(|visit| visit.dealer == dealer);
    let Some(next) = drawn.reserve.iter().find(|dealer| !is_used(dealer)) else { return Ok(None) };
    let rank = planned.iter().map(|visit| visit.rank).max().unwrap_or(0) + 1;
    let stands_for = Some(missing.dealer.clone());
    visits::add(tx, &Visit { stands_for, ..waiting(day, next, Kind::Draw, rank, now) })?;
    Ok(visits::find(tx, day, next)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farsight_rulebook::time::HOUR;

    fn shot(flaws: &[&str]) -> Shot {
        Shot {
            taken_at: Instant(5),
            sha256: "00".repeat(32),
            bytes: 1,
            width: 1,
            height: 1,
            fingerprint: 0,
            flaws: flaws.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_camera_is_away_after_so_many_visits_in_a_row() {
        let failed = || Err("timed out".to_owned());
        let mut state = CameraState::default();
        let mut told = Vec::new();
        for (at, outcome) in (1..).zip([
            failed(),
            failed(),
            Ok(shot(&["black"])),
            failed(),
            failed(),
            failed(),
            failed(),
            Ok(shot(&[])),
        ]) {
            state = camera_after(&state, &outcome, Instant(at * HOUR), 3);
            told.push((state.failures, state.away_since.map(|at| at.0 / HOUR)));
        }
        let expected =
            [(1, None), (2, None), (0, None), (1, None), (2, None), (3, Some(6)), (4, Some(6)), (0, None)];
        assert_eq!(told, expected);
        assert_eq!(state.last_seen_at, Some(Instant(5)));
        assert_eq!(state.last_reason, None);
    }
}
