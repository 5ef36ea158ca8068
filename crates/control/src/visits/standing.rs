//! How a day's plan stands: how many dealers can be inspected, and if not as many as wanted, why not.
//!
//! Adds up what is stored; changes nothing.

use farsight_rulebook::time::Zone;
use farsight_store::draws;
use farsight_store::draws::StoredDraw;
use farsight_store::session::Isolation;
use farsight_store::visits::{self, Kind, State, Visit};
use jiff::civil::Date;
use serde::Serialize;

use crate::sample::SampleError;
use crate::{ControlError, Desk, ground};

/// How a day's plan stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The day.
    pub date: Date,
    /// Dealers that the policy wants inspected.
    pub wanted: usize,
    /// Visits planned for them, those of stand-ins included.
    pub planned: usize,
    /// Visits with something to inspect.
    pub inspectable: usize,
    /// Visits that saw nothing.
    pub not_visible: usize,
    /// Visits still to be made.
    pub waiting: usize,
    /// Visits that were not made before the day was over.
    pub not_made: usize,
    /// Dealers wanted for whom there is and will be nothing to inspect.
    pub missing: usize,
    /// Dealers of the reserve list that have no visit.
    pub reserve_left: usize,
    /// Whether the day is over.
    pub over: bool,
    /// Why dealers are missing.
    pub reasons: Vec<String>,
    /// All of it in one sentence.
    pub verdict: String,
    /// The follow-ups, which come on top.
    pub follow_ups: FollowUps,
    /// Each visit, by rank.
    pub visits: Vec<VisitRow>,
}

/// How the day's follow-ups stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FollowUps {
    /// Visits planned.
    pub planned: usize,
    /// Visits with something to inspect.
    pub inspectable: usize,
    /// Visits that saw nothing: the dealers stay owed.
    pub not_visible: usize,
    /// Visits still to be made, or not made before the day was over: the dealers stay owed.
    pub waiting: usize,
}

/// A visit as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitRow {
    /// Its place in the plan, from 1.
    pub rank: i32,
    /// The dealer.
    pub dealer: String,
    /// Why it is looked at.
    pub kind: Kind,
    /// When it is due, RFC 3339.
    pub due_at: String,
    /// Where it stands.
    pub state: State,
    /// Why nothing could be seen.
    pub reason: Option<String>,
    /// The dealer it stands in for.
    pub stands_for: Option<String>,
    /// How often it was begun.
    pub attempts: i32,
    /// Cameras that gave a picture without flaws.
    pub inspectable_cameras: i32,
}

/// How a day's plan stands now.
pub fn standing(desk: &mut Desk, day: Date) -> Result<Standing, ControlError> {
    let (scope, now, zone) = (desk.scope(), desk.now, ground::zone(&desk.tenant)?);
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let draw = draws::find(tx, day)?.filter(|draw| draw.drawn.is_some());
        let draw = draw.ok_or(SampleError::NotDrawn(day))?;
        Ok(add_up(&draw, &visits::of_day(tx, day)?, zone.date(now) > day, &zone))
    })
}

fn count(visits: &[Visit], kind: Kind, state: State) -> usize {
    visits.iter().filter(|visit| (visit.kind, visit.state) == (kind, state)).count()
}

fn add_up(draw: &StoredDraw, visits: &[Visit], over: bool, zone: &Zone) -> Standing {
    let of = |state| count(visits, Kind::Draw, state);
    let (inspectable, not_visible, open) =
        (of(State::Inspectable), of(State::NotVisible), of(State::Waiting));
    let (waiting, not_made) = if over { (0, open) } else { (open, 0) };
    let planned = inspectable + not_visible + open;
    let missing = draw.sample_size.saturating_sub(inspectable + waiting);
    let reserve = draw.drawn.as_ref().map_or(&[][..], |(drawn, _)| &drawn.reserve);
    let has_visit = |dealer: &&String| visits.iter().any(|visit| visit.dealer == **dealer);
    let reserve_left = reserve.iter().filter(|dealer| !has_visit(dealer)).count();
    let mut standing = Standing {
        date: draw.day,
        wanted: draw.sample_size,
        planned,
        inspectable,
        not_visible,
        waiting,
        not_made,
        missing,
        reserve_left,
        over,
        reasons: Vec::new(),
        verdict: String::new(),
        follow_ups: follow_ups(visits),
        visits: visits.iter().map(|visit| row(visit, zone)).collect(),
    };
    if missing > 0 {
        standing.reasons = reasons(draw, &standing);
    }
    standing.verdict = verdict(&standing);
    standing
}

fn follow_ups(visits: &[Visit]) -> FollowUps {
    let of = |state| count(visits, Kind::FollowUp, state);
    FollowUps {
        planned: visits.iter().filter(|visit| visit.kind == Kind::FollowUp).count(),
        inspectable: of(State::Inspectable),
        not_visible: of(State::NotVisible),
        waiting: of(State::Waiting),
    }
}

fn reasons(draw: &StoredDraw, standing: &Standing) -> Vec<String> {
    let mut reasons = Vec::new();
    if standing.planned == 0 {
        reasons.push("the day was never planned".to_owned());
    }
    if draw.pool.len() < draw.sample_size {
        reasons
            .push(format!("dealers that could be drawn (open, with a working camera): {}", draw.pool.len()));
    }
    if standing.not_made > 0 {
        reasons.push(format!("not visited before the day was over: {}", standing.not_made));
    }
    if standing.not_visible > 0 {
        let reserve = if standing.reserve_left == 0 { ", and the reserve list is used up" } else { "" };
        reasons.push(format!("not visible: {}{reserve}", standing.not_visible));
    }
    reasons
}

fn verdict(standing: &Standing) -> String {
    let Standing { date, wanted, inspectable, waiting, missing, reasons, .. } = standing;
    let ends = if *waiting == 0 { "ends" } else { "stands" };
    let mut text = format!("the plan of {date} {ends} with {inspectable} inspectable dealers of {wanted}");
    if *waiting > 0 {
        text.push_str(&format!("; still to be visited: {waiting}"));
    }
    if *missing > 0 {
        text.push_str(&format!("; missing: {missing} ({})", reasons.join("; ")));
    }
    text
}

fn row(visit: &Visit, zone: &Zone) -> VisitRow {
    VisitRow {
        rank: visit.rank,
        dealer: visit.dealer.clone(),
        kind: visit.kind,
        due_at: zone.rfc3339(visit.due_at),
        state: visit.state,
        reason: visit.reason.clone(),
        stands_for: visit.stands_for.clone(),
        attempts: visit.attempts,
        inspectable_cameras: visit.inspectable_cameras,
    }
}
