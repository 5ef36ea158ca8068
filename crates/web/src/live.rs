//! Live pages: a stream of server-sent events that tells only *that* something happened, never what.
//!
//! One watcher a tenant feels the database's pulse while anybody listens, so that what any replica did is told by all. A
//! page that is told looks again with its reader's own session: nothing is told to anyone that their scope would hide.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use farsight_control::{ControlError, pulse};
use farsight_store::pulse::Pulse;
use farsight_store::registry::Tenant;
use futures_util::{Stream, stream};
use tokio::sync::watch;

use crate::App;
use crate::entered::Entered;

/// How often the pulse is felt.
const PACE: Duration = Duration::from_secs(2);
/// A stream ends after so long; the browser opens it again, and shows its session anew.
const STREAM: Duration = Duration::from_mins(15);

/// The tenants that somebody listens to.
#[derive(Default)]
pub(crate) struct Live {
    watched: Mutex<HashMap<i32, watch::Receiver<Option<Pulse>>>>,
}

/// What a stream tells: the topics that have moved on.
fn moved(before: &Pulse, now: &Pulse) -> Vec<&'static str> {
    let topics = [
        ("alerts", before.alerts != now.alerts),
        ("draw", before.draw != now.draw),
        ("entries", before.entries != now.entries),
        ("facts", before.facts != now.facts),
        ("decisions", before.decisions != now.decisions),
        ("slots", before.slots != now.slots),
    ];
    topics.into_iter().filter(|(_, moved)| *moved).map(|(topic, _)| topic).collect()
}

/// `/events`: the stream.
pub(crate) async fn events(entered: Entered) -> Response {
    let pulses = listen(entered.app(), entered.tenant());
    Sse::new(told(pulses)).keep_alive(KeepAlive::default()).into_response()
}

fn told(pulses: watch::Receiver<Option<Pulse>>) -> impl Stream<Item = Result<Event, Infallible>> {
    let ends = tokio::time::Instant::now() + STREAM;
    stream::unfold((pulses, None::<Pulse>), move |(mut pulses, mut before)| async move {
        loop {
            tokio::time::timeout_at(ends, pulses.changed()).await.ok()?.ok()?;
            let now = *pulses.borrow_and_update();
            let Some(now) = now else { continue };
            let topics = before.map_or_else(Vec::new, |before| moved(&before, &now));
            before = Some(now);
            if !topics.is_empty() {
                return Some((Ok(Event::default().event("moved").data(topics.join(" "))), (pulses, before)));
            }
        }
    })
}

/// The pulses of a tenant; a watcher is begun where there is none.
fn listen(app: &App, tenant: &Tenant) -> watch::Receiver<Option<Pulse>> {
    let mut watched = app.live.watched.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pulses) = watched.get(&tenant.id).filter(|pulses| pulses.has_changed().is_ok()) {
        let mut pulses = pulses.clone();
        pulses.mark_changed();
        return pulses;
    }
    let (tell, pulses) = watch::channel(None);
    watched.insert(tenant.id, pulses.clone());
    tokio::spawn(watch(app.clone(), tenant.clone(), tell));
    pulses
}

/// Feels the pulse until nobody listens any more (the map's own copy does not count).
async fn watch(app: App, tenant: Tenant, tell: watch::Sender<Option<Pulse>>) {
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        if tell.receiver_count() <= 1 {
            let mut watched = app.live.watched.lock().unwrap_or_else(PoisonError::into_inner);
            if tell.receiver_count() <= 1 {
                watched.remove(&tenant.id);
                return;
            }
        }
        let (parts, tenant) = (app.parts.clone(), tenant.clone());
        let felt = tokio::task::spawn_blocking(move || -> Result<Pulse, ControlError> {
            pulse::feel(&mut parts.pool.session()?, &tenant, (parts.clock)())
        });
        match felt.await {
            Ok(Ok(pulse)) => {
                tell.send_if_modified(|last| {
                    let moved = *last != Some(pulse);
                    *last = Some(pulse);
                    moved
                });
            }
            Ok(Err(error)) => tracing::warn!("the pulse cannot be felt: {error}"),
            Err(fault) => tracing::error!("the pulse could not be felt, a fault of the program: {fault}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_is_told_by_topic() {
        let before = Pulse { alerts: 1, draw: 2, entries: 3, facts: 4, decisions: 5, slots: 6 };
        assert!(moved(&before, &before).is_empty());
        assert_eq!(moved(&before, &Pulse { alerts: 2, facts: 5, ..before }), ["alerts", "facts"]);
        assert_eq!(moved(&before, &Pulse { slots: 7, ..before }), ["slots"]);
    }
}
