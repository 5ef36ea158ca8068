//! `/draws`: who is drawn, as far as the caller may know it, and the proof of days that are over.

use farsight_control::pulls;
use farsight_control::sample::{self, ShownDraw};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::paging::{Paging, Piece};
use super::problem::{Given, Problem};

const LIST: &str = "draws";

/// A day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfDay {
    /// The day, like 2026-03-05.
    #[param(format = Date)]
    date: String,
}

impl OfDay {
    fn day(&self) -> Given<Date> {
        self.date.parse().map_err(|_| Problem::not_found())
    }
}

/// A day's draw, as far as the caller may know it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DrawOut {
    /// The day.
    #[schema(format = Date)]
    date: String,
    /// Its number in its chain, from 1.
    index: u32,
    /// Key 0 of its chain.
    anchor: String,
    /// How many dealers were in the pool.
    pool_size: usize,
    /// The pool's hash.
    pool_sha256: String,
    /// How many the policy draws.
    sample_size: usize,
    /// Whether it is drawn.
    drawn: bool,
    /// Who is drawn, in order; nothing where that is not for the caller yet.
    sample: Option<Vec<String>>,
    /// The reserve list, in its order.
    reserve: Option<Vec<String>>,
    /// Who is followed up.
    follow_ups: Option<Vec<String>>,
    /// When the pool was frozen and its hash published.
    #[schema(format = DateTime)]
    committed_at: String,
    /// The day's key, once it is published.
    key: Option<String>,
    /// When that was.
    #[schema(format = DateTime)]
    revealed_at: Option<String>,
}

fn told(caller: &Caller, draw: ShownDraw) -> DrawOut {
    let (sample, reserve, follow_ups) = match draw.drawn {
        Some(who) => (Some(who.sample), Some(who.reserve), Some(who.follow_ups)),
        None => (None, None, None),
    };
    let (key, revealed_at) = draw.revealed.map(|(key, at)| (key, caller.moment(at))).unzip();
    DrawOut {
        date: draw.day.to_string(),
        index: draw.index,
        anchor: draw.anchor,
        pool_size: draw.pool,
        pool_sha256: draw.pool_sha256,
        sample_size: draw.sample_size,
        drawn: draw.is_drawn,
        sample,
        reserve,
        follow_ups,
        committed_at: caller.moment(draw.committed_at),
        key,
        revealed_at,
    }
}

/// The draws, in the order of their latest step.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<DrawOut>> {
    let wanted = paging.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::draws(desk, &wanted)).await?;
    Ok(Piece::of(LIST, pulled, |draw| told(&caller, draw)))
}

/// One day's draw.
pub(crate) async fn one(caller: Caller, of: OfDay) -> Given<DrawOut> {
    let day = of.day()?;
    let draw = caller.at_desk(move |desk| sample::shown(desk, day)).await?;
    Ok(told(&caller, draw))
}

/// All that is needed to redo a draw, as `farsight sample export` writes it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Proof {
    /// The manufacturer's code.
    tenant: String,
    /// The day.
    #[schema(format = Date)]
    date: String,
    /// n: days since the chain's first day, from 1.
    index: u32,
    /// k_0
    anchor: String,
    /// k_(n-1)
    previous_key: String,
    /// k_n
    key: Option<String>,
    /// The dealers that could be drawn, sorted by bytes.
    pool: Vec<String>,
    /// The SHA-256 of the codes joined by line feeds.
    pool_sha256: String,
    /// How many the policy draws.
    sample_size: usize,
    /// Who was drawn, in order.
    sample: Vec<String>,
    /// The following dealers in order, as many as the sample.
    reserve: Vec<String>,
    /// Dealers of the follow-up list, on top of the draw.
    follow_ups: Vec<String>,
    /// When the pool was frozen and its hash published.
    #[schema(format = DateTime)]
    committed_at: String,
    /// When the key was published.
    #[schema(format = DateTime)]
    revealed_at: Option<String>,
}

/// The proof of a day that is over.
pub(crate) async fn proof(caller: Caller, of: OfDay) -> Given<Proof> {
    let (day, app) = (of.day()?, caller.app().clone());
    let it = caller.at_desk(move |desk| sample::proof(desk, &app.parts.sealer, day)).await?;
    Ok(Proof {
        tenant: it.tenant,
        date: it.date.to_string(),
        index: it.index,
        anchor: it.anchor,
        previous_key: it.previous_key,
        key: it.key,
        pool: it.pool,
        pool_sha256: it.pool_sha256,
        sample_size: it.sample_size,
        sample: it.sample,
        reserve: it.reserve,
        follow_ups: it.follow_ups,
        committed_at: it.committed_at,
        revealed_at: it.revealed_at,
    })
}
