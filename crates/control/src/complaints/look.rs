//! Complaints as they are looked at: with deadlines, whose turn it is, and what the person at the desk may do.

use std::sync::Arc;

use farsight_rulebook::calendar::Days;
use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::complaint::clocks::Duty;
use farsight_rulebook::checks::complaint::{self as rule, Clocks, Dues, Standing};
use farsight_rulebook::facts::{Complaint as Fact, ComplaintEvent, Deed as FactDeed, Facts};
use farsight_rulebook::policy::Policy;
use farsight_rulebook::time::{Instant, plus_days};
use farsight_store::complaints::{
    self as stored, Complaint, Deadlines, Event, Filter, Sort, Span, State, WorkingDeadline,
};
use farsight_store::session::Isolation;
use farsight_store::{Tx, users};
use jiff::civil::Date;

use super::deeds::{DeedKind, may};
use crate::{ControlError, Desk, ground};

/// A complaint of a list.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The complaint with its deeds.
    pub complaint: Complaint,
    /// Its deadlines; none where no policy or no calendar tells them.
    pub dues: Option<Dues>,
    /// Who must act now.
    pub duties: Vec<Duty>,
}

/// Complaints of a filter.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// How many there are.
    pub total: u64,
    /// Those of the page.
    pub rows: Vec<Shown>,
}

/// One complaint with all there is to see.
#[derive(Debug, Clone)]
pub struct One {
    /// The complaint with its deeds.
    pub complaint: Complaint,
    /// Its clocks.
    pub clocks: Option<Clocks>,
    /// Why there are no clocks, where a calendar is missing.
    pub no_clocks: Option<String>,
    /// Who must act now.
    pub duties: Vec<Duty>,
    /// What happened, by time.
    pub events: Vec<Event>,
    /// What the person at the desk may do on it now.
    pub may: Vec<DeedKind>,
    /// The moment all this was seen at.
    pub now: Instant,
}

/// The call centre's work.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// Not dispatched yet, the oldest first.
    pub undispatched: Listed,
    /// Waiting for a callback, the oldest submission first.
    pub callbacks: Listed,
    /// How many are open, and how many of them overdue.
    pub open: u64,
    /// How many of them are overdue.
    pub overdue: u64,
}

/// The complaints of a filter that the person at the desk sees.
pub fn list(desk: &mut Desk, filter: &Filter) -> Result<Listed, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        listed(tx, &ground, filter, now)
    })
}

/// What the call centre has to do, at most so many rows of each kind.
pub fn queue(desk: &mut Desk, limit: u32) -> Result<Queue, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        let mut of = |state, sort, limit| {
            listed(tx, &ground, &Filter { state, sort, limit, ..Filter::default() }, now)
        };
        Ok(Queue {
            undispatched: of(State::Undispatched, Sort::Received, limit)?,
            callbacks: of(State::Waiting, Sort::Submitted, limit)?,
            open: of(State::Open, Sort::Received, 1)?.total,
            overdue: of(State::Overdue, Sort::Received, 1)?.total,
        })
    })
}

fn listed(tx: &mut Tx, ground: &Ground, filter: &Filter, now: Instant) -> Result<Listed, ControlError> {
    let today = ground.zone.date(now);
    let deadlines = deadlines(ground, today);
    let (total, rows) = stored::list(tx, filter, &deadlines, now, today)?;
    let shown = |complaint: Complaint| {
        let dues = dues(ground, &complaint);
        let duties = duties(&complaint, dues, now);
        Shown { complaint, dues, duties }
    };
    Ok(Listed { total, rows: rows.into_iter().map(shown).collect() })
}

/// One complaint, with its clocks and what may be done on it.
pub fn one(desk: &mut Desk, id: &str) -> Result<One, ControlError> {
    let (scope, now, tenant, actor) = (desk.scope(), desk.now, desk.tenant.clone(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        let complaint = stored::find(tx, id, now)?.ok_or(ControlError::NotFound("complaint"))?;
        let events = stored::events(tx, id)?;
        let (clocks, no_clocks) = match clocks(&ground, &complaint, &events, now) {
            Ok(clocks) => (clocks, None),
            Err(unknown) => (None, Some(unknown.to_string())),
        };
        let dues = clocks.as_ref().map(|clocks| Dues { reply: clocks.reply.due, close: clocks.close.due });
        let role = users::find(tx, &actor)?.map(|user| user.role);
        let may =
            DeedKind::ALL.into_iter().filter(|kind| may(*kind, role, &complaint, &actor).is_ok()).collect();
        Ok(One { duties: duties(&complaint, dues, now), complaint, clocks, no_clocks, events, may, now })
    })
}

/// Where a stored complaint stands, as the rulebook looks at it.
pub(super) const fn standing(complaint: &Complaint) -> Standing {
    Standing {
        major: complaint.major,
        dispatched: complaint.dispatched_at,
        replied: complaint.replied_at,
        dealer_gm: complaint.dealer_gm_at,
        deputy: complaint.deputy_at,
        submitted: complaint.submitted_at,
        answered: complaint.answered_at,
        closed: complaint.closed_at,
    }
}

fn duties(complaint: &Complaint, dues: Option<Dues>, now: Instant) -> Vec<Duty> {
    if complaint.withdrawn { Vec::new() } else { standing(complaint).duties(dues, now) }
}

/// The deadlines of a listed complaint; what a calendar does not know is told where the complaint itself is shown.
fn dues(ground: &Ground, complaint: &Complaint) -> Option<Dues> {
    let start = complaint.dispatched_at.unwrap_or(complaint.received_at);
    let version = ground.timeline.in_force(ground.zone.date(start))?;
    version.policy.complaint.dues(ground, start, complaint.major).ok()
}

fn clocks(
    ground: &Ground,
    complaint: &Complaint,
    events: &[Event],
    now: Instant,
) -> Result<Option<Clocks>, ControlError> {
    let mut facts = Facts::default();
    let (dealer, category) = (facts.codes.keep(&complaint.dealer), facts.codes.keep(&complaint.category));
    let fact = Fact {
        complaint: facts.codes.keep(&complaint.id),
        dealer,
        received_at: complaint.received_at,
        dispatched_at: complaint.dispatched_at,
        major: complaint.major,
        category,
        vin: None,
    };
    let deed =
        |event: &Event| ComplaintEvent { complaint: fact.complaint, at: event.at, deed: fact_deed(event) };
    let deeds: Vec<ComplaintEvent> = events.iter().map(deed).collect();
    let case = Case::new(&facts, ground, now, Judged::All);
    Ok(rule::clocks(&case, &fact, &deeds.iter().collect::<Vec<_>>())?)
}

fn fact_deed(event: &Event) -> FactDeed {
    match (event.kind.as_str(), event.actor_role.as_deref()) {
        ("first-reply", _) => FactDeed::FirstReply,
        ("handled", Some("dealer-gm")) => FactDeed::HandledByDealerGm,
        ("handled", _) => FactDeed::HandledByDeputyDirector,
        ("submitted", _) => FactDeed::Submitted,
        _ => FactDeed::Callback(event.satisfied),
    }
}

/// What the database needs to sort by deadline: every version's days, and where working days end, each day of them.
fn deadlines(ground: &Ground, today: Date) -> Deadlines {
    let versions = ground.timeline.versions();
    let mut deadlines = Deadlines { zone: ground.zone.name().to_owned(), ..Deadlines::default() };
    for (place, version) in versions.iter().enumerate() {
        let until = versions.get(place + 1).map_or(Date::constant(9999, 1, 1), |next| next.effective_on);
        let terms = &version.policy.complaint;
        let span = Span {
            from: version.effective_on,
            until,
            reply_days: terms.reply_days as i32,
            close_days: terms.close_days as i32,
            close_days_major: terms.close_days_major as i32,
            working: terms.days == Days::Working,
        };
        if span.working {
            deadlines.working.extend(working(ground, &version.policy, &span, today));
        }
        deadlines.spans.push(span);
    }
    deadlines
}

/// How far back an open complaint is sorted by working days; an older one has been overdue for long.
const WORKING_DAYS_BACK: i64 = 800;

fn working(ground: &Ground, policy: &Arc<Policy>, span: &Span, today: Date) -> Vec<WorkingDeadline> {
    let mut wanted = vec![span.reply_days, span.close_days, span.close_days_major];
    wanted.sort_unstable();
    wanted.dedup();
    let first = span.from.max(plus_days(today, -WORKING_DAYS_BACK));
    let days = std::iter::successors(Some(first), |day| Some(plus_days(*day, 1)))
        .take_while(|day| *day <= today && *day < span.until);
    let noon = |day: Date| ground.zone.compatible(day.at(12, 0, 0, 0));
    let ends = |day: Date, count: i32| {
        let counted = policy.complaint.days;
        let at = ground.calendar.deadline(&ground.zone, noon(day), counted, count as u32).ok()?;
        let local = ground.zone.local(at);
        Some(WorkingDeadline { day, days: count, target: local.date(), at_midnight: local.hour() != 12 })
    };
    days.flat_map(|day| wanted.iter().map(move |count| (day, *count)))
        .filter_map(|(day, count)| ends(day, count))
        .collect()
}
