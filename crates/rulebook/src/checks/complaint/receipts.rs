//! What a finding about a complaint stands on: the complaint, its clock, the deeds on it, the ruling.

use super::{File, NAME};
use crate::calendar::{Days, HolidaysUnknown};
use crate::case::Case;
use crate::facts::{ComplaintEvent, Deed};
use crate::finding::Finding;
use crate::policy::Version;
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;
use crate::time::Instant;

/// Tells a finding's grounds.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    debug_assert_eq!(finding.check, NAME);
    let Some(Subject::Complaint { complaint: id }) = Subject::read(&finding.subject) else { return Ok(()) };
    let Some(complaint) = case.facts.complaints.iter().find(|row| case.text(row.complaint) == id) else {
        return Ok(());
    };
    let Some(version) = case.ground.timeline.version(finding.version) else { return Ok(()) };
    let mut events: Vec<&ComplaintEvent> =
        case.facts.complaint_events.iter().filter(|event| event.complaint == complaint.complaint).collect();
    events.sort_by_key(|event| event.at);
    let file = File { case, unit: id, subject: finding.subject.clone(), complaint, events: &events };
    let severity = if complaint.major { "complaint-severity.major" } else { "complaint-severity.general" };
    let fact = FactRef::new(case, complaint, "complaint").judged().note("severity", Value::word(severity));
    grounds
        .stand_on(fact.note("category", Value::Known("category", case.text(complaint.category).to_owned())));
    match finding.family {
        "complaint.attitude" => {
            grounds.say("complaint.attitude", [("on", Value::Date(finding.occurred_on))]);
            Ok(())
        }
        "complaint.mishandled" => {
            file.tell_ruling(version, grounds);
            Ok(())
        }
        "complaint.reply" => file.tell_reply(version, grounds),
        "complaint.close" => file.tell_closing(version, grounds),
        _ => file.tell_attendance(version, grounds),
    }
}

impl File<'_, '_> {
    fn tell_ruling(&self, version: &Version, grounds: &mut Grounds) {
        let terms = &version.policy.complaint;
        let rulings = self.mishandlings();
        let Some(ruling) = rulings.last() else { return };
        let amount = ruling.amount.unwrap_or_default();
        grounds.stand_on(FactRef::new(self.case, *ruling, "ruling").note("amount", Value::Amount(amount)));
        if rulings.len() > 1 {
            grounds.say(
                "complaint.latest-ruling",
                [("count", Value::Counted("count.rulings", rulings.len() as i64))],
            );
        }
        grounds.say(
            "complaint.mishandled",
            [
                ("ruling", Value::text(&ruling.ruling)),
                ("at", Value::At(ruling.decided_at)),
                ("amount", Value::Amount(amount)),
                ("least", Value::Amount(terms.mishandled_least.money)),
                ("most", Value::Amount(terms.mishandled_most.money)),
            ],
        );
    }

    fn tell_clock(&self, grounds: &mut Grounds) -> Instant {
        let dispatched = self.case.horizon.came(self.complaint.dispatched_at);
        let start = dispatched.unwrap_or(self.complaint.received_at);
        let key =
            if dispatched.is_some() { "complaint.clock-dispatched" } else { "complaint.clock-received" };
        grounds.say(key, [("at", Value::At(start))]);
        start
    }

    fn tell_reply(&self, version: &Version, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
        let terms = &version.policy.complaint;
        let start = self.tell_clock(grounds);
        let due = self.case.ground.calendar.deadline(
            &self.case.ground.zone,
            start,
            terms.days,
            terms.reply_days,
        )?;
        grounds.say(
            "complaint.reply-due",
            [("days", days(terms.days, terms.reply_days)), ("due", Value::At(due))],
        );
        let reply = self.event(|deed| deed == Deed::FirstReply);
        self.tell_deed(reply, due, "complaint.reply-came-late", "complaint.no-reply", grounds);
        Ok(())
    }

    fn tell_closing_due(&self, version: &Version, grounds: &mut Grounds) -> Result<Instant, HolidaysUnknown> {
        let terms = &version.policy.complaint;
        let start = self.tell_clock(grounds);
        let (count, key) = if self.complaint.major {
            (terms.close_days_major, "complaint.close-due-major")
        } else {
            (terms.close_days, "complaint.close-due-general")
        };
        let due = self.case.ground.calendar.deadline(&self.case.ground.zone, start, terms.days, count)?;
        grounds.say(key, [("days", days(terms.days, count)), ("due", Value::At(due))]);
        Ok(due)
    }

    fn tell_closing(&self, version: &Version, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
        let due = self.tell_closing_due(version, grounds)?;
        let closing = self.event(|deed| deed == Deed::Callback(Some(true)));
        self.tell_deed(closing, due, "complaint.closed-late", "complaint.not-closed", grounds);
        let mut submissions =
            self.events.iter().filter(|event| event.deed == Deed::Submitted && event.at <= due).peekable();
        if submissions.peek().is_none() {
            grounds.say("complaint.not-submitted", [("due", Value::At(due))]);
        }
        for submission in submissions {
            grounds.stand_on(self.deed(submission));
            if let Some(answer) = self.next_answer(submission.at) {
                grounds.stand_on(self.deed(answer));
                grounds.say(
                    "complaint.submission-refused",
                    [("at", Value::At(submission.at)), ("answered", Value::At(answer.at))],
                );
            }
        }
        Ok(())
    }

    fn tell_attendance(&self, version: &Version, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
        let due = self.tell_closing_due(version, grounds)?;
        let roles = [
            (Deed::HandledByDealerGm, "complaint.gm-late", "complaint.gm-absent"),
            (Deed::HandledByDeputyDirector, "complaint.deputy-late", "complaint.deputy-absent"),
        ];
        for (deed, late, absent) in roles {
            let handled = self.event(|given| given == deed);
            if handled.is_none_or(|event| event.at > due) {
                self.tell_deed(handled, due, late, absent, grounds);
            } else if let Some(event) = handled {
                grounds.stand_on(self.deed(event));
            }
        }
        if self.event(|deed| deed == Deed::HandledByDealerGm).is_some_and(|event| event.at <= due) {
            grounds.say("complaint.deputy-not-charged", []);
        }
        Ok(())
    }

    /// A deed that came late, by how much; or that it has not come.
    fn tell_deed(
        &self,
        done: Option<&ComplaintEvent>,
        due: Instant,
        late: &'static str,
        missing: &'static str,
        grounds: &mut Grounds,
    ) {
        match done {
            Some(event) => {
                grounds.stand_on(self.deed(event));
                grounds
                    .say(late, [("at", Value::At(event.at)), ("late", Value::Elapsed(event.at.0 - due.0))]);
            }
            None => grounds.say(missing, [("as_of", Value::At(self.case.horizon.as_of()))]),
        }
    }

    fn event(&self, is: impl Fn(Deed) -> bool) -> Option<&ComplaintEvent> {
        let mut deeds = self.events.iter().filter(|event| is(event.deed));
        deeds.find(|event| self.case.horizon.seen(event.at)).copied()
    }

    fn deed(&self, event: &ComplaintEvent) -> FactRef {
        let key = match event.deed {
            Deed::FirstReply => "deed.first-reply",
            Deed::HandledByDealerGm => "deed.handled-by-dealer-gm",
            Deed::HandledByDeputyDirector => "deed.handled-by-deputy-director",
            Deed::Submitted => "deed.submitted",
            Deed::Callback(None) => "deed.callback-unanswered",
            Deed::Callback(Some(true)) => "deed.callback-satisfied",
            Deed::Callback(Some(false)) => "deed.callback-not-satisfied",
        };
        FactRef::new(self.case, event, "deed").note("deed", Value::word(key))
    }
}

fn days(kind: Days, count: u32) -> Value {
    let key = match kind {
        Days::Natural => "count.natural-days",
        Days::Working => "count.working-days",
    };
    Value::Counted(key, i64::from(count))
}
