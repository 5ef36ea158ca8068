//! A complaint's clocks as people see them: what is due when, which stretches were kept, spent waiting for the
//! manufacturer, or overdue, and who must act now (rulebook 4.2).
//!
//! The judgement is the check's own: a clock is late here exactly when the check finds it late. It charges nothing.

use super::{File, Terms, late};
use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Ground};
use crate::facts::{Complaint, ComplaintEvent, Deed};
use crate::time::Instant;

/// Until when a complaint is to be answered and closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dues {
    /// The first reply.
    pub reply: Instant,
    /// The closing, and of a major one the handling in person by both posts.
    pub close: Instant,
}

impl Terms {
    /// The deadlines of a complaint whose clock started at an instant.
    ///
    /// # Errors
    /// When they are counted in working days of a year whose holidays are not known.
    pub fn dues(&self, ground: &Ground, start: Instant, major: bool) -> Result<Dues, HolidaysUnknown> {
        let deadline = |days| ground.calendar.deadline(&ground.zone, start, self.days, days);
        let close_days = if major { self.close_days_major } else { self.close_days };
        Ok(Dues { reply: deadline(self.reply_days)?, close: deadline(close_days)? })
    }
}

/// What a stretch of a clock was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Within the deadline.
    Kept,
    /// Submitted, and the manufacturer had not called back: never held against the dealer.
    Waiting,
    /// Past the deadline.
    Overdue,
}

impl Phase {
    /// Its name in classes and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Waiting => "waiting",
            Self::Overdue => "overdue",
        }
    }
}

/// A stretch of a clock, from its first instant to before its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub to: Instant,
    /// What it was.
    pub phase: Phase,
}

/// One clock of a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The deadline.
    pub due: Instant,
    /// When it was met, in time or not.
    pub done: Option<Instant>,
    /// Whether the check finds it late by now.
    pub late: bool,
    /// From the start to when it was met, or to now.
    pub stretches: Vec<Stretch>,
}

/// The clocks of a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clocks {
    /// When they started.
    pub start: Instant,
    /// The version that judges them.
    pub version: i32,
    /// The first reply.
    pub reply: Clock,
    /// The closing.
    pub close: Clock,
    /// Of a major one: the dealer's general manager in person.
    pub dealer_gm: Option<Clock>,
    /// Of a major one: the region's deputy director in person.
    pub deputy: Option<Clock>,
}

/// Where a complaint stands: the first of each deed by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether it is major.
    pub major: bool,
    /// When it was dispatched to the dealer.
    pub dispatched: Option<Instant>,
    /// The first reply.
    pub replied: Option<Instant>,
    /// The dealer's general manager in person.
    pub dealer_gm: Option<Instant>,
    /// The region's deputy director in person.
    pub deputy: Option<Instant>,
    /// The last submission.
    pub submitted: Option<Instant>,
    /// The last answered callback.
    pub answered: Option<Instant>,
    /// The first satisfied callback.
    pub closed: Option<Instant>,
}

/// Who is to act on a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The manufacturer's call centre.
    CallCentre,
    /// The dealer's people.
    Dealer,
    /// The dealer's general manager in person.
    DealerGm,
    /// The region's deputy director in person.
    Deputy,
}

impl Who {
    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CallCentre => "call-centre",
            Self::Dealer => "dealer",
            Self::DealerGm => "dealer-gm",
            Self::Deputy => "region-deputy-director",
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Dispatch it to the dealer.
    Dispatch,
    /// Give the first reply.
    Reply,
    /// Handle it in person.
    Attend,
    /// Settle it and submit it for a callback.
    Submit,
    /// Call the customer back.
    CallBack,
}

impl Act {
    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dispatch => "dispatch",
            Self::Reply => "reply",
            Self::Attend => "attend",
            Self::Submit => "submit",
            Self::CallBack => "callback",
        }
    }
}

/// What somebody has to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// Who.
    pub who: Who,
    /// What.
    pub act: Act,
    /// Until when, where a deadline runs.
    pub until: Option<Instant>,
    /// Since when the customer waits for the callback.
    pub since: Option<Instant>,
}

impl Standing {
    /// Since when a submission waits for the manufacturer's call, where one does.
    pub fn waiting(&self) -> Option<Instant> {
        let open = self.submitted.filter(|_| self.closed.is_none());
        open.filter(|submitted| self.answered.is_none_or(|answered| answered <= *submitted))
    }

    /// Who must act now, in the order of the deeds; nobody once all is done.
    pub fn duties(&self, dues: Option<Dues>, now: Instant) -> Vec<Duty> {
        let mut duties = Vec::new();
        let mut add = |who, act, until| duties.push(Duty { who, act, until, since: None });
        let (reply, close) = (dues.map(|dues| dues.reply), dues.map(|dues| dues.close));
        let open = self.closed.is_none();
        if open && self.dispatched.is_none() {
            add(Who::CallCentre, Act::Dispatch, None);
        }
        if open && self.replied.is_none() {
            add(Who::Dealer, Act::Reply, reply);
        }
        // Once it is closed and the deadline is over, coming in person changes nothing any more.
        if self.major && (open || close.is_some_and(|close| now <= close)) {
            if self.dealer_gm.is_none() {
                add(Who::DealerGm, Act::Attend, close);
            }
            if self.deputy.is_none() {
                add(Who::Deputy, Act::Attend, close);
            }
        }
        match self.waiting() {
            Some(since) => {
                duties.push(Duty {
                    who: Who::CallCentre,
                    act: Act::CallBack,
                    until: None,
                    since: Some(since),
                });
            }
            None if open && self.dispatched.is_some() => add(Who::Dealer, Act::Submit, close),
            None => {}
        }
        duties
    }
}

/// The clocks of a complaint with its deeds in order of time, as of the case's instant; none where no policy was in
/// force when they started.
///
/// # Errors
/// When they are counted in working days of a year whose holidays are not known.
pub fn clocks(
    case: &Case,
    complaint: &Complaint,
    events: &[&ComplaintEvent],
) -> Result<Option<Clocks>, HolidaysUnknown> {
    let unit = case.text(complaint.complaint);
    let file = File { case, unit, subject: format!("complaint:{unit}"), complaint, events };
    file.clocks()
}

/// Where a complaint with its deeds in order of time stands, as of the case's instant.
pub fn standing(case: &Case, complaint: &Complaint, events: &[&ComplaintEvent]) -> Standing {
    let seen = |is: fn(Deed) -> bool| {
        let deeds = events.iter().filter(move |event| is(event.deed)).map(|event| event.at);
        deeds.filter(|at| case.horizon.seen(*at)).collect::<Vec<_>>()
    };
    let first = |is: fn(Deed) -> bool| seen(is).first().copied();
    let last = |is: fn(Deed) -> bool| seen(is).last().copied();
    Standing {
        major: complaint.major,
        dispatched: case.horizon.came(complaint.dispatched_at),
        replied: first(|deed| deed == Deed::FirstReply),
        dealer_gm: first(|deed| deed == Deed::HandledByDealerGm),
        deputy: first(|deed| deed == Deed::HandledByDeputyDirector),
        submitted: last(|deed| deed == Deed::Submitted),
        answered: last(|deed| matches!(deed, Deed::Callback(Some(_)))),
        closed: first(|deed| deed == Deed::Callback(Some(true))),
    }
}

impl File<'_, '_> {
    fn clocks(&self) -> Result<Option<Clocks>, HolidaysUnknown> {
        let start = self.start();
        let Some(version) = self.case.version(self.case.date(start)) else { return Ok(None) };
        let major = self.complaint.major;
        let dues = version.policy.complaint.dues(self.case.ground, start, major)?;
        let stands = standing(self.case, self.complaint, self.events);
        let clock = |due, done, excused: bool, waits: &[(Instant, Instant)]| Clock {
            due,
            done,
            late: !excused && late(done, due) && self.case.horizon.passed(due),
            stretches: stretches(start, done.unwrap_or(self.case.horizon.as_of()), due, waits),
        };
        let submitted_well = self.submitted_well(dues.close);
        let in_person = |done| major.then(|| clock(dues.close, done, false, &[]));
        Ok(Some(Clocks {
            start,
            version: version.number,
            reply: clock(dues.reply, stands.replied, false, &[]),
            close: clock(dues.close, stands.closed, submitted_well, &self.waits()),
            dealer_gm: in_person(stands.dealer_gm),
            deputy: in_person(stands.deputy),
        }))
    }

    /// From each submission to the next answer, or to now.
    fn waits(&self) -> Vec<(Instant, Instant)> {
        let now = self.case.horizon.as_of();
        let submissions = self.events.iter().filter(|event| event.deed == Deed::Submitted);
        let seen = submissions.filter(|event| self.case.horizon.seen(event.at));
        seen.map(|event| (event.at, self.next_answer(event.at).map_or(now, |answer| answer.at))).collect()
    }
}

/// The time from start to end, cut where the deadline passes and where waiting begins and ends.
fn stretches(start: Instant, end: Instant, due: Instant, waits: &[(Instant, Instant)]) -> Vec<Stretch> {
    let mut cuts = vec![start, end, due];
    cuts.extend(waits.iter().flat_map(|(from, to)| [*from, *to]));
    cuts.retain(|cut| (start..=end).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    let mut stretches: Vec<Stretch> = Vec::new();
    for pair in cuts.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let waits = waits.iter().any(|(begun, answered)| *begun <= from && to <= *answered);
        let phase = match (waits, from < due) {
            (true, _) => Phase::Waiting,
            (false, true) => Phase::Kept,
            (false, false) => Phase::Overdue,
        };
        match stretches.last_mut() {
            Some(last) if last.phase == phase => last.to = to,
            _ => stretches.push(Stretch { from, to, phase }),
        }
    }
    stretches
}
