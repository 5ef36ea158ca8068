//! The demonstration while it runs: its cameras are simulated ones, and some of the day's visits are made at once, so
//! that there is something to see.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use farsight_cameras::Rules;
use farsight_exchange::Progress;
use farsight_rulebook::messages::Language;
use farsight_rulebook::time::Instant;
use farsight_store::alerts::Filter;
use farsight_store::cameras as stored;
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Making};
use farsight_store::visits::{self, State};

use crate::{ControlError, Desk, alerts, cameras, ground, import};

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

/// The dealers of today's plan whom nobody has looked at yet; `None` before the draw.
pub fn waiting(desk: &mut Desk) -> Result<Option<Vec<String>>, ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    let day = ground::zone(&desk.tenant)?.date(now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let visits = visits::of_day(tx, day)?;
        let is_drawn = !visits.is_empty();
        let waiting = visits.into_iter().filter(|visit| visit.state == State::Waiting);
        Ok(is_drawn.then(|| waiting.map(|visit| visit.dealer).collect()))
    })
}

/// Lets the visits to these dealers be made now instead of later in the day.
pub fn hasten(desk: &mut Desk, dealers: &[String]) -> Result<usize, ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    let due: Vec<_> = dealers.iter().map(|dealer| (now, dealer.as_str())).collect();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok(slots::add(tx, "snapshot", &due, Making { at: now, priority: 0, called: true })?)
    })
}

/// A customer complains about a dealer, just now: a fact like those the call centre sends.
pub fn complain(desk: &mut Desk, dealer: &str, scratch: &Path) -> Result<(), ControlError> {
    let at = ground::zone(&desk.tenant)?.rfc3339(desk.now);
    let number = desk.now.0 / 1_000_000;
    let file = scratch.join("complaints.csv");
    let text = format!(
        "complaint_id,dealer_code,received_at,severity,category,channel\nLIVE-{number},{dealer},{at},general,attitude,hotline\n"
    );
    std::fs::write(&file, text)
        .map_err(|why| ControlError::File { path: file.display().to_string(), why })?;
    import::import(desk, &import::sources(&[file])?, false, &Progress::default())?;
    Ok(())
}

/// What has been told of already.
#[derive(Debug)]
pub struct Told {
    since: Instant,
    slots: HashMap<slots::Key, i32>,
    alerts: HashSet<i64>,
}

impl Told {
    /// From an instant on.
    pub fn since(since: Instant) -> Self {
        Self { since, slots: HashMap::new(), alerts: HashSet::new() }
    }
}

/// The jobs whose work is told of.
const JOBS: [&str; 7] =
    ["draw", "snapshot", "import-watch", "complaint-deadlines", "reconcile", "tell", "digest"];
/// How it begins when there was nothing to do.
const QUIET: [&str; 4] =
    ["nothing", "0 findings", "0 made", "0 notices, 0 messages made, 0 held back, 0 delivered"];
/// So many alerts are told of at a time.
const ALERTS: u32 = 50;

/// What happened since the last call: a line each, oldest first.
pub fn news(desk: &mut Desk, told: &mut Told, language: Language) -> Result<Vec<String>, ControlError> {
    let scope = desk.scope();
    let latest = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let mut latest = Vec::new();
        for job in JOBS {
            latest.extend(slots::list(tx, Some(job), None, 60)?);
        }
        Ok::<_, ControlError>(latest)
    })?;
    let mut lines = Vec::new();
    for slot in latest {
        let (Some(ended), Some(outcome)) = (slot.ended_at, &slot.outcome) else { continue };
        let known = told.slots.insert(slot.key.clone(), slot.starts) == Some(slot.starts);
        if known || ended < told.since || QUIET.iter().any(|quiet| outcome.starts_with(quiet)) {
            continue;
        }
        let part = if slot.key.part.is_empty() { String::new() } else { format!("{}: ", slot.key.part) };
        lines.push((ended, format!("{:<14} {part}{outcome}", slot.key.job)));
    }
    let filter = Filter { opened_since: Some(told.since), limit: Some(ALERTS), ..Filter::default() };
    for alert in alerts::list(desk, &filter, language)?.alerts {
        if told.alerts.insert(alert.alert) {
            lines.push((
                desk.now,
                format!("{:<14} {}: {}", "alert", alert.severity, alert.text.replace('\n', " ")),
            ));
        }
    }
    lines.sort();
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}
