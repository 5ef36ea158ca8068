//! A complaint's life at a glance: when it was answered and closed against its deadlines, and how long it waited for
//! the manufacturer. For figures of months; it charges nothing, and knows no as-of instant: who counts cuts it in time.

use super::Terms;
use crate::calendar::HolidaysUnknown;
use crate::case::Ground;
use crate::facts::{Complaint, ComplaintEvent, Deed, RulingKind};
use crate::rulings::Rulings;
use crate::time::{Instant, MINUTE};

/// What became of a complaint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    /// Until when a first reply is due; none: no policy was in force, or its working days are not known (which the
    /// check itself refuses aloud).
    pub reply_due: Option<Instant>,
    /// The first reply.
    pub replied_at: Option<Instant>,
    /// Whether none came by then, and nobody excused it.
    pub reply_late: bool,
    /// Until when it is to be closed.
    pub close_due: Option<Instant>,
    /// The first callback in which the customer was satisfied.
    pub closed_at: Option<Instant>,
    /// Whether it was neither closed by then nor well submitted, and nobody excused it.
    pub close_late: bool,
    /// Since when it waits for the manufacturer's callback.
    pub waiting_since: Option<Instant>,
    /// When its last wait ended.
    pub answered_at: Option<Instant>,
    /// How long its waits were, those that ended, in whole minutes.
    pub waited_minutes: i64,
}

impl Life {
    /// The life of a complaint, with its events by time; none: it is withdrawn. `subject` is its `complaint:ID`.
    pub fn of(
        ground: &Ground,
        rulings: &Rulings,
        subject: &str,
        complaint: &Complaint,
        events: &[ComplaintEvent],
    ) -> Option<Self> {
        if rulings.on(RulingKind::Withdraw, subject).next().is_some() {
            return None;
        }
        let first = |is: fn(&Deed) -> bool| events.iter().find(|event| is(&event.deed)).map(|event| event.at);
        let mut life = Self {
            replied_at: first(|deed| *deed == Deed::FirstReply),
            closed_at: first(|deed| *deed == Deed::Callback(Some(true))),
            ..Self::default()
        };
        life.wait(events);
        let start = complaint.dispatched_at.unwrap_or(complaint.received_at);
        if let Some(version) = ground.timeline.in_force(ground.zone.date(start)) {
            let dues = dues(&version.policy.complaint, ground, start, complaint.major);
            if let Ok((reply_due, close_due)) = dues {
                life.judge(ground, reply_due, close_due, events);
            }
        }
        let excused = |family: &str| {
            let mut excuses = rulings.on(RulingKind::Excuse, subject);
            excuses.any(|ruling| ruling.family.as_deref().is_none_or(|only| only == family))
        };
        life.reply_late &= !excused("complaint.reply");
        life.close_late &= !excused("complaint.close");
        Some(life)
    }

    fn wait(&mut self, events: &[ComplaintEvent]) {
        for event in events {
            match (event.deed, self.waiting_since) {
                (Deed::Submitted, None) => self.waiting_since = Some(event.at),
                (Deed::Callback(Some(_)), Some(since)) if event.at > since => {
                    self.waited_minutes += (event.at.0 - since.0) / MINUTE;
                    self.answered_at = Some(event.at);
                    self.waiting_since = None;
                }
                _ => {}
            }
        }
        if self.closed_at.is_some() {
            self.waiting_since = None;
        }
    }

    fn judge(&mut self, ground: &Ground, reply_due: Instant, close_due: Instant, events: &[ComplaintEvent]) {
        let is_judged = |due: Instant| ground.zone.date(due) >= ground.timeline.first_judged_day();
        self.reply_late = super::late(self.replied_at, reply_due) && is_judged(reply_due);
        self.close_late = super::late(self.closed_at, close_due)
            && !submitted_well(events, close_due)
            && is_judged(close_due);
        (self.reply_due, self.close_due) = (Some(reply_due), Some(close_due));
    }
}

/// When a reply and the closing are due.
fn dues(
    terms: &Terms,
    ground: &Ground,
    start: Instant,
    major: bool,
) -> Result<(Instant, Instant), HolidaysUnknown> {
    let deadline = |days| ground.calendar.deadline(&ground.zone, start, terms.days, days);
    Ok((
        deadline(terms.reply_days)?,
        deadline(if major { terms.close_days_major } else { terms.close_days })?,
    ))
}

/// Whether it was submitted by the deadline and the next answered callback, strictly later, does not say otherwise.
fn submitted_well(events: &[ComplaintEvent], due: Instant) -> bool {
    let mut submissions = events.iter().filter(|event| event.deed == Deed::Submitted && event.at <= due);
    submissions.any(|submission| {
        let mut later = events.iter().filter(|event| event.at > submission.at);
        later
            .find(|event| matches!(event.deed, Deed::Callback(Some(_))))
            .is_none_or(|answer| answer.deed == Deed::Callback(Some(true)))
    })
}
