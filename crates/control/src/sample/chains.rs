//! Chains of day keys: one a year, its anchor published when it is made, the next one made 30 days ahead.
//!
//! A seed never leaves this file unsealed but within the chain that is opened for one step.

use farsight_rulebook::draw::{Chain, Key};
use farsight_rulebook::time::{Instant, day_number, plus_days};
use farsight_store::audit::Deed;
use farsight_store::draws::{self, StoredChain, StoredDraw};
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::{StoreError, Tx, audit};
use jiff::Span;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use super::{SampleError, Step};
use crate::sealing::Sealer;
use crate::{ControlError, Desk, ground};

/// So many days before a chain ends the next one is made and its anchor published.
const DAYS_AHEAD: i64 = 30;

/// A chain as outsiders know it.
#[derive(Debug, Clone, Serialize)]
pub struct Anchor {
    /// The day of its key 1.
    pub first_day: Date,
    /// The day of its last key.
    pub last_day: Date,
    /// Its key 0, in hex.
    pub anchor: String,
    /// When it was made and this anchor published, RFC 3339.
    pub published_at: String,
}

/// The anchors published so far, by first day.
pub fn anchors(desk: &mut Desk) -> Result<Vec<Anchor>, ControlError> {
    let (scope, zone) = (desk.scope(), ground::zone(&desk.tenant)?);
    let chains = desk
        .session
        .transaction(scope, Isolation::Snapshot, |tx| Ok::<_, ControlError>(draws::chains(tx)?))?;
    let anchor = |chain: StoredChain| Anchor {
        first_day: chain.first_day,
        last_day: plus_days(end(&chain), -1),
        published_at: zone.rfc3339(chain.made_at),
        anchor: chain.anchor,
    };
    Ok(chains.into_iter().map(anchor).collect())
}

/// Makes a chain of a year from a day on, or up to the next chain where one begins earlier; publishes its anchor in
/// the audit log. Gives its number.
pub fn start_chain(
    tx: &mut Tx,
    sealer: &Sealer,
    tenant: &Tenant,
    first_day: Date,
    actor: &str,
    now: Instant,
) -> Result<i32, ControlError> {
    let chains = draws::chains(tx)?;
    let year_later = first_day.saturating_add(Span::new().years(1));
    let next = chains.iter().map(|chain| chain.first_day).filter(|day| *day > first_day).min();
    let length =
        (day_number(next.map_or(year_later, |next| next.min(year_later))) - day_number(first_day)) as u32;
    let id = chains.iter().map(|chain| chain.id).max().unwrap_or(0) + 1;
    let seed: [u8; 32] = sealer.random();
    let anchor = Chain::new(Key::new(seed), length).anchor().to_string();
    let sealed_seed = sealer.seal(&purpose(tenant, id), &seed);
    let detail = json!({ "chain": id, "length": length, "anchor": anchor }).to_string();
    draws::add_chain(tx, &StoredChain { id, first_day, length, anchor, sealed_seed, made_at: now })?;
    let subject = first_day.to_string();
    audit::add(tx, now, &Deed { actor, action: "draw.chain", subject: &subject, detail: &detail })?;
    Ok(id)
}

fn purpose(tenant: &Tenant, id: i32) -> String {
    format!("draw-chain:{}:{id}", tenant.code)
}

/// The first day after a chain.
fn end(chain: &StoredChain) -> Date {
    plus_days(chain.first_day, i64::from(chain.length))
}

/// A chain with its seed, which has to lead to the anchor that was published.
pub(super) fn open(sealer: &Sealer, tenant: &Tenant, stored: &StoredChain) -> Result<Chain, ControlError> {
    let seed = sealer.open(&purpose(tenant, stored.id), &stored.sealed_seed)?;
    let changed = SampleError::SeedChanged(stored.first_day);
    let Ok(seed) = <[u8; 32]>::try_from(seed) else { return Err(changed.into()) };
    let chain = Chain::new(Key::new(seed), stored.length);
    if chain.anchor().to_string() == stored.anchor { Ok(chain) } else { Err(changed.into()) }
}

/// The chain that a draw's key comes from, opened, and its anchor.
pub(super) fn of(
    tx: &mut Tx,
    sealer: &Sealer,
    tenant: &Tenant,
    draw: &StoredDraw,
) -> Result<(Chain, String), ControlError> {
    let stored = draws::chains(tx)?.into_iter().find(|chain| chain.id == draw.chain);
    let unknown = || StoreError::Value(format!("chain {} of the draw of {}", draw.chain, draw.day));
    let stored = stored.ok_or_else(unknown)?;
    Ok((open(sealer, tenant, &stored)?, stored.anchor))
}

/// The key of a number that a draw's chain has.
pub(super) fn key(chain: &Chain, draw: &StoredDraw, index: u32) -> Result<Key, ControlError> {
    let beyond = || StoreError::Value(format!("day {index} of the chain of the draw of {}", draw.day));
    Ok(chain.key(index).ok_or_else(beyond)?)
}

/// The key of a draw's day: it leaves the program only when the day is over.
pub(crate) fn key_of(
    tx: &mut Tx,
    sealer: &Sealer,
    tenant: &Tenant,
    draw: &StoredDraw,
) -> Result<Key, ControlError> {
    let (chain, _) = of(tx, sealer, tenant, draw)?;
    key(&chain, draw, draw.index)
}

/// The number of the chain that has a key for a day, and the day's index in it; made now where there is none (a
/// tenant older than the draw, or one that drew nothing for a year).
pub(super) fn covering(tx: &mut Tx, step: &Step, day: Date) -> Result<(i32, u32), ControlError> {
    let covers = |chain: &&StoredChain| chain.first_day <= day && day < end(chain);
    let chains = draws::chains(tx)?;
    match chains.iter().find(covers) {
        Some(chain) => Ok((chain.id, (day_number(day) - day_number(chain.first_day) + 1) as u32)),
        None => Ok((start_chain(tx, step.sealer, step.tenant, day, step.actor, step.now)?, 1)),
    }
}

/// Makes the next chain where the one of a day is near its end and no other follows.
pub(super) fn prolong(tx: &mut Tx, step: &Step, day: Date) -> Result<(), ControlError> {
    let chains = draws::chains(tx)?;
    let Some(current) = chains.iter().find(|chain| chain.first_day <= day && day < end(chain)) else {
        return Ok(());
    };
    let next = end(current);
    let is_near = plus_days(day, DAYS_AHEAD) >= next;
    if is_near && chains.iter().all(|chain| chain.first_day != next) {
        start_chain(tx, step.sealer, step.tenant, next, step.actor, step.now)?;
    }
    Ok(())
}
