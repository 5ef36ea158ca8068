//! The day's plan: every dealer drawn or followed up gets a visit at a moment nobody foresees, its cameras are looked
//! through, and where nothing can be seen the next dealer of the reserve list takes the place.
//!
//! Fetching pictures and judging them is done elsewhere; here is only what follows from it.

mod conclude;
mod confirm;
mod standing;

use farsight_rulebook::checks::spot_check::Terms;
use farsight_rulebook::draw::{Key, visit_fraction};
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::audit::Deed;
use farsight_store::draws::StoredDraw;
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::visits::{self, Kind, State, Visit};
use farsight_store::{Tx, audit, cameras, draws, pictures};
use jiff::civil::Date;
use serde_json::json;

pub use conclude::{CameraResult, Concluded, conclude};
pub use confirm::{Decided, Subject, confirm};
pub(crate) use confirm::{SOURCE, cells, inspection_id};
pub use farsight_store::pictures::{Picture, Shot};
pub use standing::{FollowUps, Standing, VisitRow, standing};

use crate::cameras::SignIn;
use crate::sample::{self, SampleError};
use crate::sealing::Sealer;
use crate::{ControlError, Desk, ground};

/// Why a visit is not planned, begun or decided.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// The day is over and nothing was planned.
    #[error("{0} was drawn but never planned: the day is over, no dealer can be looked at any more")]
    NeverPlanned(Date),
    /// No such visit.
    #[error("no visit to {dealer} is planned on {day}: `farsight plan {day}` shows the day's plan")]
    NoVisit {
        /// The day.
        day: Date,
        /// The dealer.
        dealer: String,
    },
    /// It has ended.
    #[error("the visit to {dealer} on {day} is over: it is {state}")]
    Over {
        /// The day.
        day: Date,
        /// The dealer.
        dealer: String,
        /// Where it stands.
        state: &'static str,
    },
    /// No such picture.
    #[error("there is no picture {0}")]
    NoPicture(i64),
    /// Nothing is in doubt.
    #[error("{0} shows the dealer well enough: there is nothing to decide")]
    NothingToDecide(String),
    /// Nothing could be inspected.
    #[error("the visit to {dealer} on {day} has no picture: it cannot become inspectable")]
    NoPictures {
        /// The day.
        day: Date,
        /// The dealer.
        dealer: String,
    },
    /// Someone has said otherwise.
    #[error("{what} is decided already, by {by}: correct the inspection by an import")]
    Decided {
        /// What.
        what: String,
        /// By whom.
        by: String,
    },
    /// Not everyone may say what a camera shows.
    #[error(
        "user '{by}' may not decide what a camera shows: that is for hq, the call centre, or the regional manager of the dealer's region"
    )]
    MayNot {
        /// Who tried.
        by: String,
    },
    /// The facts that a decision makes were refused.
    #[error("the inspection {inspection} cannot be taken in: {why}")]
    Refused {
        /// Its id.
        inspection: String,
        /// The first fault.
        why: String,
    },
}

impl VisitError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NeverPlanned(_) => "visit_never_planned",
            Self::NoVisit { .. } => "visit_unknown",
            Self::Over { .. } => "visit_over",
            Self::NoPicture(_) => "picture_unknown",
            Self::NothingToDecide(_) => "visit_nothing_to_decide",
            Self::NoPictures { .. } => "visit_no_pictures",
            Self::Decided { .. } => "visit_decided",
            Self::MayNot { .. } => "visit_may_not",
            Self::Refused { .. } => "visit_refused",
        }
    }
}

/// Puts a visit into the day's plan for every dealer drawn or followed up. The day has to be drawn, and to be today;
/// a plan that is there stays as it is. Gives the day's visits by rank.
pub fn plan(desk: &mut Desk, sealer: &Sealer, day: Date) -> Result<Vec<Visit>, ControlError> {
    let (scope, tenant, now, actor) = (desk.scope(), desk.tenant.clone(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        draws::take_turn(tx)?;
        let there = visits::of_day(tx, day)?;
        if !there.is_empty() {
            return Ok(there);
        }
        let draw = draws::find(tx, day)?.ok_or(SampleError::NotDrawn(day))?;
        if ground::zone(&tenant)?.date(now) != day {
            return Err(VisitError::NeverPlanned(day).into());
        }
        put_visits(tx, sealer, &tenant, &draw)?;
        let planned = visits::of_day(tx, day)?;
        let detail = json!({ "visits": planned.len() }).to_string();
        audit::add(
            tx,
            now,
            &Deed { actor: &actor, action: "visits.plan", subject: &day.to_string(), detail: &detail },
        )?;
        Ok(planned)
    })
}

fn put_visits(tx: &mut Tx, sealer: &Sealer, tenant: &Tenant, draw: &StoredDraw) -> Result<(), ControlError> {
    let (drawn, follow_ups) = draw.drawn.as_ref().ok_or(SampleError::NotDrawn(draw.day))?;
    let ground = ground::load(tx, tenant)?;
    let version = ground.timeline.in_force(draw.day).ok_or(SampleError::NoPolicy(draw.day))?;
    let key = sample::key_of(tx, sealer, tenant, draw)?;
    let dealers = drawn.sample.iter().map(|dealer| (dealer, Kind::Draw));
    let dealers = dealers.chain(follow_ups.iter().map(|dealer| (dealer, Kind::FollowUp)));
    for (rank, (dealer, kind)) in (1..).zip(dealers) {
        let due_at = due_at(&ground.zone, &version.policy.spot_check, key, draw.day, dealer);
        visits::add(tx, &waiting(draw.day, dealer, kind, rank, due_at))?;
    }
    Ok(())
}

fn waiting(day: Date, dealer: &str, kind: Kind, rank: i32, due_at: Instant) -> Visit {
    Visit {
        day,
        dealer: dealer.to_owned(),
        kind,
        rank,
        due_at,
        state: State::Waiting,
        reason: None,
        stands_for: None,
        attempts: 0,
        inspectable_cameras: 0,
        concluded_at: None,
        decided_by: None,
    }
}

/// The moment in the opening hours at which a dealer is looked at, to the second: nobody foresees it without the
/// day's key, anyone works it out with it.
fn due_at(zone: &Zone, terms: &Terms, key: Key, day: Date, dealer: &str) -> Instant {
    let at = |time| zone.compatible(day.to_datetime(time)).0;
    let (from, to) = (at(terms.visit_from), at(terms.visit_to));
    let seconds = u128::from((to - from).max(0).unsigned_abs() / 1_000_000);
    let after = (u128::from(visit_fraction(key, day, dealer)) * seconds) >> 64;
    Instant(from + after as i64 * 1_000_000)
}

/// The visits of a day that wait and are due by now, the longest due first.
pub fn due(desk: &mut Desk, day: Date) -> Result<Vec<Visit>, ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(visits::due(tx, day, now)?))
}

/// The latest picture that a camera gave before now: what a frozen one is compared with.
pub fn latest_picture(desk: &mut Desk, camera: &str) -> Result<Option<Picture>, ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    desk.session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok(pictures::latest_of_camera(tx, camera, now)?))
}

/// Pictures on which a person's word is wanted, the oldest first.
pub fn to_confirm(desk: &mut Desk) -> Result<Vec<Picture>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(pictures::to_confirm(tx)?))
}

/// A camera to be looked through.
#[derive(Debug, Clone)]
pub struct CameraToVisit {
    /// Its code.
    pub code: String,
    /// Where its picture is fetched.
    pub snapshot_url: String,
    /// How one signs in, when it asks for that.
    pub sign_in: Option<SignIn>,
}

/// A visit that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The visit.
    pub visit: Visit,
    /// The dealer's working cameras; none when all are out of order by now.
    pub cameras: Vec<CameraToVisit>,
}

/// Begins a visit, or begins it again after a crash: its cameras, with their passwords opened.
pub fn begin(desk: &mut Desk, sealer: &Sealer, day: Date, dealer: &str) -> Result<Begun, ControlError> {
    let (scope, tenant) = (desk.scope(), desk.tenant.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let mut visit = wanted(tx, day, dealer)?;
        if visit.state != State::Waiting {
            return Err(VisitError::Over { day, dealer: visit.dealer, state: visit.state.name() }.into());
        }
        visits::count_attempt(tx, day, dealer)?;
        visit.attempts += 1;
        let cameras = cameras::of_dealer(tx, dealer)?;
        let opened = cameras.into_iter().map(|camera| {
            let sign_in = crate::cameras::open(sealer, &tenant, &camera)?;
            Ok(CameraToVisit { code: camera.code, snapshot_url: camera.snapshot_url, sign_in })
        });
        Ok(Begun { visit, cameras: opened.collect::<Result<_, ControlError>>()? })
    })
}

fn wanted(tx: &mut Tx, day: Date, dealer: &str) -> Result<Visit, ControlError> {
    let unknown = || VisitError::NoVisit { day, dealer: dealer.to_owned() };
    Ok(visits::find(tx, day, dealer)?.ok_or_else(unknown)?)
}
