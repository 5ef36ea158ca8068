//! The demonstration while it runs: its cameras are simulated ones, and some of the day's visits are made at once, so
//! that there is something to see.

use std::collections::HashMap;
use std::path::Path;

use farsight_cameras::Rules;
use farsight_exchange::Progress;
use farsight_store::cameras as stored;
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Making};
use farsight_store::visits::{self, State};

use crate::{ControlError, Desk, cameras, ground, import};

/// Every camera: its code and its dealer.
pub fn camera_codes(desk: &mut Desk) -> Result<Vec<(String, String)>, ControlError> {
    let all = all(desk)?;
    Ok(all.into_iter().map(|(camera, dealer, _)| (camera, dealer)).collect())
}

fn all(desk: &mut Desk) -> Result<Vec<(String, String, String)>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(stored::all(tx)?))
}

/// Moves the cameras to a simulator of this machine: a correction of facts like any other.
pub fn move_cameras(
    desk: &mut Desk,
    port: u16,
    url_of: impl Fn(&str) -> String,
    scratch: &Path,
) -> Result<(), ControlError> {
    let moved: Vec<String> = all(desk)?
        .into_iter()
        .filter(|(camera, _, url)| *url != url_of(camera))
        .map(|(camera, dealer, _)| format!("{camera},{dealer},{}\n", url_of(&camera)))
        .collect();
    if !moved.is_empty() {
        let file = scratch.join("cameras.csv");
        let text = format!("camera_code,dealer_code,snapshot_url\n{}", moved.concat());
        std::fs::write(&file, text)
            .map_err(|why| ControlError::File { path: file.display().to_string(), why })?;
        import::import(desk, &import::sources(&[file])?, false, &Progress::default())?;
    }
    // Only the simulator: the demonstration asks nothing outside this machine.
    let rules = Rules {
        ports: vec![port],
        public_addresses: false,
        allow_networks: "127.0.0.0/8".parse().into_iter().collect(),
        total_millis: 4_000,
        ..Rules::default()
    };
    if cameras::rules(desk)? != rules {
        cameras::set_rules(desk, &rules)?;
    }
    Ok(())
}

/// Lets the first visits of today that wait be made within seconds. Gives how many; 0 before the draw.
pub fn hasten(desk: &mut Desk, most: usize) -> Result<usize, ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    let day = ground::zone(&desk.tenant)?.date(now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let waiting: Vec<String> = visits::of_day(tx, day)?
            .into_iter()
            .filter(|visit| visit.state == State::Waiting)
            .map(|visit| visit.dealer)
            .take(most)
            .collect();
        let due: Vec<_> = waiting.iter().map(|dealer| (now, dealer.as_str())).collect();
        Ok(slots::add(tx, "snapshot", &due, Making { at: now, priority: 0, called: true })?)
    })
}

/// What has been told of already.
#[derive(Debug, Default)]
pub struct Told {
    slots: HashMap<slots::Key, i32>,
    primed: bool,
}

/// What happened since the last call: a line each, oldest first. The first call tells nothing.
pub fn news(desk: &mut Desk, told: &mut Told) -> Result<Vec<String>, ControlError> {
    let scope = desk.scope();
    let latest = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let mut latest = Vec::new();
        for job in ["draw", "snapshot", "alerts", "complaint-deadlines", "reconcile", "tell", "digest"] {
            latest.extend(slots::list(tx, Some(job), None, 60)?);
        }
        Ok::<_, ControlError>(latest)
    })?;
    let mut lines = Vec::new();
    for slot in latest {
        let (Some(ended), Some(outcome)) = (slot.ended_at, &slot.outcome) else { continue };
        if told.slots.insert(slot.key.clone(), slot.starts) == Some(slot.starts) {
            continue;
        }
        let part = if slot.key.part.is_empty() { String::new() } else { format!("{}: ", slot.key.part) };
        let nothing = outcome.starts_with("nothing") || outcome.starts_with("0 ");
        if told.primed && !nothing {
            lines.push((ended, format!("{:<20} {part}{outcome}", slot.key.job)));
        }
    }
    told.primed = true;
    lines.sort();
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}
