//! Draws as people look at them: the list of days, and one day with what of it is public by now.
//!
//! Who is drawn today is nobody's business at the dealer's: until the key is published a dealer learns the pool's size
//! and hash, and whether the own centre is in it, and nothing of the sample.

use farsight_ledger::settlement::Role;
use farsight_rulebook::draw::Verdict;
use farsight_rulebook::time::Instant;
use farsight_store::draws::{self, StoredDraw};
use farsight_store::session::Isolation;
use farsight_store::{Tx, users, visits};
use jiff::civil::Date;

use super::{Anchor, SampleError, anchors, verify};
use crate::sealing::Sealer;
use crate::{ControlError, Desk};

pub use farsight_store::draws::Day;

/// The wanted page of drawn days, and how many there are in all; their visits as far as the person sees them. To a
/// dealer a day that is not over has no visits.
pub fn days(
    desk: &mut Desk,
    latest_first: bool,
    (skip, most): (i64, i64),
) -> Result<(Vec<Day>, i64), ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let (mut days, total) = draws::days(tx, latest_first, skip, most)?;
        if is_drawn_from(tx, &by)? {
            for day in days.iter_mut().filter(|day| day.revealed_at.is_none()) {
                (day.visits, day.made, day.inspectable, day.judged) = (0, 0, 0, 0);
            }
        }
        Ok((days, total))
    })
}

/// Whether the person is of those who are drawn.
fn is_drawn_from(tx: &mut Tx, by: &str) -> Result<bool, ControlError> {
    Ok(users::find(tx, by)?.is_none_or(|user| user.role == Role::Dealer))
}

/// A day's draw, as far as the person may know it.
#[derive(Debug, Clone)]
pub struct ShownDraw {
    /// The day.
    pub day: Date,
    /// The day's number in its chain.
    pub index: u32,
    /// Key 0 of its chain, published when the chain was made.
    pub anchor: String,
    /// When that was, RFC 3339.
    pub anchored_at: String,
    /// How many dealers were in the pool.
    pub pool: usize,
    /// Which of the pool the person sees.
    pub own_in_pool: Vec<String>,
    /// Which dealers that the person sees were not in the pool.
    pub own_not_in_pool: Vec<String>,
    /// The pool's hash.
    pub pool_sha256: String,
    /// How many the policy draws.
    pub sample_size: usize,
    /// When the pool was frozen and its hash published.
    pub committed_at: Instant,
    /// Who is drawn, the reserve list, who is followed up; none where that is not for the person yet, or not drawn.
    pub drawn: Option<Who>,
    /// Whether it is drawn, whoever may know whom.
    pub is_drawn: bool,
    /// The day's key and when it was published.
    pub revealed: Option<(String, Instant)>,
    /// The visits that the person sees, by rank; none while they are not for the person.
    pub visits: Vec<visits::Visit>,
}

/// Who is drawn.
#[derive(Debug, Clone)]
pub struct Who {
    /// The sample, in the order drawn.
    pub sample: Vec<String>,
    /// The reserve list, in its order.
    pub reserve: Vec<String>,
    /// Who is followed up.
    pub follow_ups: Vec<String>,
}

/// More dealers are not looked up by name: such a person sees the whole network, and the pool is no surprise.
const FEW_OWN: usize = 50;

/// A day's draw.
pub fn shown(desk: &mut Desk, day: Date) -> Result<ShownDraw, ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    let anchors = anchors(desk)?;
    desk.session.transaction(scope, Isolation::Snapshot, |tx| shown_of(tx, day, &by, &anchors))
}

/// A day's draw as `by` may know it, in the transaction at hand.
pub(crate) fn shown_of(
    tx: &mut Tx,
    day: Date,
    by: &str,
    anchors: &[Anchor],
) -> Result<ShownDraw, ControlError> {
    let draw = draws::find(tx, day)?.ok_or(SampleError::NotDrawn(day))?;
    let open = draw.revealed.is_some() || !is_drawn_from(tx, by)?;
    let visits = if open { visits::of_day(tx, day)? } else { Vec::new() };
    let own = farsight_store::facts::read::dealer_codes(tx)?;
    let anchor = anchors.iter().find(|anchor| (anchor.first_day..=anchor.last_day).contains(&day)).cloned();
    Ok(put_together(draw, own, open, visits, anchor))
}

fn put_together(
    draw: StoredDraw,
    own: Vec<String>,
    open: bool,
    visits: Vec<visits::Visit>,
    anchor: Option<Anchor>,
) -> ShownDraw {
    let is_drawn = draw.drawn.is_some();
    let own = if own.len() > FEW_OWN { Vec::new() } else { own };
    let (own_in_pool, own_not_in_pool) =
        own.into_iter().partition(|dealer| draw.pool.binary_search(dealer).is_ok());
    let who = draw.drawn.filter(|_| open).map(|(drawn, follow_ups)| Who {
        sample: drawn.sample,
        reserve: drawn.reserve,
        follow_ups,
    });
    let (anchor, anchored_at) = anchor.map(|anchor| (anchor.anchor, anchor.published_at)).unzip();
    ShownDraw {
        day: draw.day,
        index: draw.index,
        anchor: anchor.unwrap_or_default(),
        anchored_at: anchored_at.unwrap_or_default(),
        pool: draw.pool.len(),
        own_in_pool,
        own_not_in_pool,
        pool_sha256: draw.pool_sha256,
        sample_size: draw.sample_size,
        committed_at: draw.committed_at,
        drawn: who,
        is_drawn,
        revealed: draw.revealed,
        visits,
    }
}

/// Redoes a day's draw whose key is published, for whoever asks.
pub fn check(desk: &mut Desk, sealer: &Sealer, day: Date) -> Result<Verdict, ControlError> {
    for_all(desk, day)?;
    verify(desk, sealer, day)
}

/// The proof of a day whose key is published, for whoever asks: the whole pool is in it, so that anyone can redo it.
pub fn proof(
    desk: &mut Desk,
    sealer: &Sealer,
    day: Date,
) -> Result<farsight_rulebook::draw::Published, ControlError> {
    for_all(desk, day)?;
    super::export(desk, sealer, day)
}

/// Refused until the key is published: before, the sample would give away who is looked at today.
fn for_all(desk: &mut Desk, day: Date) -> Result<(), ControlError> {
    let scope = desk.scope();
    let draw = desk
        .session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok::<_, ControlError>(draws::find(tx, day)?))?;
    match draw.ok_or(SampleError::NotDrawn(day))?.revealed {
        Some(_) => Ok(()),
        None => Err(SampleError::Sealed(day).into()),
    }
}
