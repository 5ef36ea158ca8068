//! Feeds: which tables that a tenant sends regularly have gone quiet, judged from its own imports.

use farsight_rulebook::alert::feeds::Feed;
use farsight_rulebook::time::{HOUR, Instant};
use farsight_store::{Tx, imports};

use crate::ControlError;

/// A habit older than this says nothing about today.
const LOOK_BACK_HOURS: i64 = 400 * 24;

/// The feeds of a tenant by table, each with its habit; `least_hours` of silence are never an alert.
pub fn feeds(tx: &mut Tx, now: Instant, least_hours: i64) -> Result<Vec<(String, Feed)>, ControlError> {
    let sent = imports::sent_since(tx, Instant(now.0 - LOOK_BACK_HOURS * HOUR))?;
    let by_table = sent.chunk_by(|a, b| a.0 == b.0);
    let feeds = by_table.filter_map(|of_table| {
        let moments: Vec<Instant> = of_table.iter().map(|(_, at)| *at).collect();
        Feed::of(&moments, least_hours).map(|feed| (of_table[0].0.clone(), feed))
    });
    Ok(feeds.collect())
}
