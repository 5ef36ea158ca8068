//! The draw of the spot check (rulebook 4.1): the pool is frozen and its hash published, then the day's key draws,
//! and when the day is over the key is published.
//!
//! Freezing and drawing are two transactions: what was frozen is public before anyone, also this program, has drawn.
//! No day but today is ever drawn, and none twice.

mod chains;
mod shown;

use std::collections::BTreeSet;

use farsight_rulebook::case::{Case, Judged};
use farsight_rulebook::checks::spot_check;
use farsight_rulebook::draw::{self, DrawFault, Published, Verdict};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::audit::Deed;
use farsight_store::draws::{self, StoredDraw};
use farsight_store::facts::read;
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::{Tx, audit, visits};
use jiff::civil::Date;
use serde_json::json;

pub(crate) use chains::key_of;
pub use chains::{Anchor, anchors, start_chain};
pub(crate) use shown::shown_of;
pub use shown::{Day, ShownDraw, Who, check, days, proof, shown};

use crate::sealing::Sealer;
use crate::{ControlError, Desk, ground};

/// Why a day is not drawn, shown or redone.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The day is over and nobody was drawn.
    #[error(
        "the draw of {0} was missed: a day is drawn on that day or never, nothing can be drawn for it any more"
    )]
    Missed(Date),
    /// The day has not begun.
    #[error("{day} cannot be drawn yet: it is {today} there now; a day is drawn on that day")]
    TooEarly {
        /// The day asked for.
        day: Date,
        /// The local date.
        today: Date,
    },
    /// The pool is not frozen yet.
    #[error("the pool of {0} is not frozen yet: `farsight sample {0}` freezes it, then draws")]
    NotFrozen(Date),
    /// Nobody is drawn yet.
    #[error("{0} is not drawn yet: `farsight sample {0}` draws it, on that day")]
    NotDrawn(Date),
    /// Its proof is not public yet.
    #[error("the draw of {0} can be checked when the day is over: its key is published then")]
    Sealed(Date),
    /// Nobody can be drawn.
    #[error(
        "nobody can be drawn on {0}: no dealer that is open has a working camera; import dealers and cameras first"
    )]
    EmptyPool(Date),
    /// Nothing says how many to draw.
    #[error("{0} cannot be drawn: no policy version is in force on that day, which says how many to draw")]
    NoPolicy(Date),
    /// The seed is not the one whose anchor was published.
    #[error(
        "the stored seed of the chain from {0} does not lead to its published anchor: restore the database and the key file from one backup"
    )]
    SeedChanged(Date),
    /// A published draw with a wrong part.
    #[error("the draw of {day} is wrong: {fault}")]
    Wrong {
        /// The day.
        day: Date,
        /// The wrong part.
        fault: DrawFault,
    },
}

impl SampleError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missed(_) => "draw_missed",
            Self::TooEarly { .. } => "draw_too_early",
            Self::NotFrozen(_) => "draw_not_frozen",
            Self::NotDrawn(_) => "draw_not_made",
            Self::Sealed(_) => "draw_sealed",
            Self::EmptyPool(_) => "draw_empty_pool",
            Self::NoPolicy(_) => "draw_no_policy",
            Self::SeedChanged(_) => "draw_seed_changed",
            Self::Wrong { fault, .. } => fault.code(),
        }
    }
}

/// What a step of the draw is taken with.
struct Step<'s> {
    sealer: &'s Sealer,
    tenant: &'s Tenant,
    zone: Zone,
    actor: &'s str,
    now: Instant,
}

impl Step<'_> {
    fn today(&self) -> Date {
        self.zone.date(self.now)
    }

    fn note(
        &self,
        tx: &mut Tx,
        action: &str,
        day: Date,
        detail: &serde_json::Value,
    ) -> Result<(), ControlError> {
        let (subject, detail) = (day.to_string(), detail.to_string());
        audit::add(tx, self.now, &Deed { actor: self.actor, action, subject: &subject, detail: &detail })?;
        Ok(())
    }
}

/// Takes a step in a transaction of its own, while no other draws for the tenant.
fn step<T>(
    desk: &mut Desk,
    sealer: &Sealer,
    take: impl FnOnce(&mut Tx, &Step) -> Result<T, ControlError>,
) -> Result<T, ControlError> {
    let (scope, tenant, actor) = (desk.scope(), desk.tenant.clone(), desk.actor.clone());
    let zone = ground::zone(&tenant)?;
    let step = Step { sealer, tenant: &tenant, zone, actor: &actor, now: desk.now };
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        draws::take_turn(tx)?;
        take(tx, &step)
    })
}

/// Freezes the pool of a day, which has to be today, and publishes its hash; a pool that is frozen stays as it is.
pub fn commit(desk: &mut Desk, sealer: &Sealer, day: Date) -> Result<StoredDraw, ControlError> {
    step(desk, sealer, |tx, step| {
        if let Some(there) = draws::find(tx, day)? {
            return Ok(there);
        }
        may_draw(day, step.today())?;
        let ground = ground::load(tx, step.tenant)?;
        let version = ground.timeline.in_force(day).ok_or(SampleError::NoPolicy(day))?;
        let pool = draws::pool(tx, day)?;
        if pool.is_empty() {
            return Err(SampleError::EmptyPool(day).into());
        }
        let (chain, index) = chains::covering(tx, step, day)?;
        let draw = StoredDraw {
            day,
            chain,
            index,
            pool_sha256: draw::pool_hash(&pool),
            pool,
            sample_size: version.policy.spot_check.daily_sample as usize,
            committed_at: step.now,
            drawn: None,
            revealed: None,
        };
        draws::commit(tx, &draw)?;
        let detail = json!({
            "index": index, "pool": draw.pool.len(), "pool_sha256": draw.pool_sha256, "sample_size": draw.sample_size,
        });
        step.note(tx, "draw.commit", day, &detail)?;
        chains::prolong(tx, step, day)?;
        Ok(draw)
    })
}

/// Draws a day whose pool is frozen, once: whoever comes later finds what was drawn.
pub fn draw(desk: &mut Desk, sealer: &Sealer, day: Date) -> Result<StoredDraw, ControlError> {
    step(desk, sealer, |tx, step| {
        let there = draws::find(tx, day)?;
        let Some(mut draw) = there else {
            may_draw(day, step.today())?;
            return Err(SampleError::NotFrozen(day).into());
        };
        if draw.drawn.is_some() {
            return Ok(draw);
        }
        may_draw(day, step.today())?;
        let drawn = draw::draw(
            chains::key_of(tx, step.sealer, step.tenant, &draw)?,
            day,
            &draw.pool,
            draw.sample_size,
        );
        let follow_ups = follow_ups(tx, step, &draw, &drawn.sample)?;
        draws::fill_in(tx, day, &drawn, &follow_ups, step.now)?;
        let detail =
            json!({ "sample": drawn.sample, "reserve": drawn.reserve.len(), "follow_ups": follow_ups });
        step.note(tx, "draw.make", day, &detail)?;
        draw.drawn = Some((drawn, follow_ups));
        Ok(draw)
    })
}

/// The draw of a day: made now when the day is today, else what was drawn then.
pub fn make(desk: &mut Desk, sealer: &Sealer, day: Date) -> Result<StoredDraw, ControlError> {
    commit(desk, sealer, day)?;
    draw(desk, sealer, day)
}

fn may_draw(day: Date, today: Date) -> Result<(), SampleError> {
    match day.cmp(&today) {
        std::cmp::Ordering::Less => Err(SampleError::Missed(day)),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(SampleError::TooEarly { day, today }),
    }
}

/// Whom the day follows up, as far as failures are known now.
fn follow_ups(
    tx: &mut Tx,
    step: &Step,
    draw: &StoredDraw,
    sample: &[String],
) -> Result<Vec<String>, ControlError> {
    let ground = ground::load(tx, step.tenant)?;
    let version = ground.timeline.in_force(draw.day).ok_or(SampleError::NoPolicy(draw.day))?;
    let month = Period::of(draw.day);
    let last = month.previous();
    let mut facts = Facts::default();
    read::network(tx, &mut facts)?;
    let (from, to) = (step.zone.midnight(last.first_day()), step.zone.end_of(last.last_day()));
    read::failures_between(tx, &mut facts, from, to)?;
    let case = Case::new(&facts, &ground, step.now, Judged::All);
    let owed = spot_check::owed(&case, draw.day);
    let (seen, tried) = visits::followed_up(tx, month, draw.day)?;
    let pool: BTreeSet<&str> = draw.pool.iter().map(String::as_str).collect();
    let drawn: BTreeSet<&str> = sample.iter().map(String::as_str).collect();
    let can_be_seen = |dealer: &str| pool.contains(dealer) && !drawn.contains(dealer);
    let daily = version.policy.spot_check.follow_up_daily as usize;
    Ok(spot_check::choose(&owed, can_be_seen, &seen, &tried, daily))
}

/// Publishes the keys of all drawn days that are over; says which.
pub fn reveal(desk: &mut Desk, sealer: &Sealer) -> Result<Vec<Date>, ControlError> {
    step(desk, sealer, |tx, step| {
        let mut days = Vec::new();
        for draw in draws::sealed_before(tx, step.today())? {
            let key = chains::key_of(tx, step.sealer, step.tenant, &draw)?.to_string();
            draws::reveal(tx, draw.day, &key, step.now)?;
            step.note(tx, "draw.reveal", draw.day, &json!({ "index": draw.index, "key": key }))?;
            days.push(draw.day);
        }
        Ok(days)
    })
}

/// A day's draw with all that an outsider needs to redo it; its key only when the day is over.
pub fn export(desk: &mut Desk, sealer: &Sealer, day: Date) -> Result<Published, ControlError> {
    step(desk, sealer, |tx, step| {
        let Some(draw) = draws::find(tx, day)? else {
            may_draw(day, step.today())?;
            return Err(SampleError::NotDrawn(day).into());
        };
        let (chain, anchor) = chains::of(tx, step.sealer, step.tenant, &draw)?;
        let previous = chains::key(&chain, &draw, draw.index - 1)?;
        let Some((drawn, follow_ups)) = draw.drawn else {
            may_draw(day, step.today())?;
            return Err(SampleError::NotDrawn(day).into());
        };
        let (key, revealed_at) = draw.revealed.unzip();
        Ok(Published {
            tenant: step.tenant.code.clone(),
            date: day,
            index: draw.index,
            anchor,
            previous_key: previous.to_string(),
            key,
            pool: draw.pool,
            pool_sha256: draw.pool_sha256,
            sample_size: draw.sample_size,
            sample: drawn.sample,
            reserve: drawn.reserve,
            follow_ups,
            committed_at: step.zone.rfc3339(draw.committed_at),
            revealed_at: revealed_at.map(|at| step.zone.rfc3339(at)),
        })
    })
}

/// Redoes a day's draw from what is published of it.
pub fn verify(desk: &mut Desk, sealer: &Sealer, day: Date) -> Result<Verdict, ControlError> {
    let published = export(desk, sealer, day)?;
    verify_published(&published)
}

/// Redoes a published draw; needs nothing else.
pub fn verify_published(published: &Published) -> Result<Verdict, ControlError> {
    let wrong = |fault| SampleError::Wrong { day: published.date, fault }.into();
    published.verify().map_err(wrong)
}
