//! Complaints — 投诉 (rulebook 4.2): reply and closing deadlines, attitude, majors, mishandling.
//!
//! Its unit is the complaint.

pub mod clocks;
pub mod life;
mod receipts;

use serde_json::json;

use crate::calendar::{Days, HolidaysUnknown};
use crate::case::{Case, Draft, detail};
use crate::facts::{Complaint, ComplaintEvent, Deed, Ruling, RulingKind};
use crate::finding::Found;
use crate::policy::{Amount, ChargeTerms, Clause, Seat, Section, Source, Version};
use crate::time::Instant;

pub use clocks::{Clocks, Dues, Standing, clocks, standing};
pub use receipts::grounds;

/// The check's name.
pub const NAME: &str = "complaint";
/// The categories that this house knows words for; any other text is taken as it is.
pub const CATEGORIES: [&str; 7] =
    ["attitude", "repair-quality", "waiting", "price", "parts", "sales", "other"];

/// What a policy says of complaints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How days are counted.
    pub days: Days,
    /// Days to the first reply.
    pub reply_days: u32,
    /// Days to close a general complaint.
    pub close_days: u32,
    /// Days to close a major one.
    pub close_days_major: u32,
    /// The least a mishandling costs.
    pub mishandled_least: Amount,
    /// The most.
    pub mishandled_most: Amount,
    /// `complaint.attitude`
    pub attitude: Clause,
    /// `complaint.reply-late`
    pub reply_late: Clause,
    /// `complaint.close-late`
    pub close_late: Clause,
    /// `complaint.major-unattended`
    pub major_unattended: Clause,
    /// `complaint.mishandled`
    pub mishandled: Clause,
}

impl Terms {
    /// Reads the section `complaint` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        let terms = Self {
            days: section.days("days"),
            reply_days: section.count("reply_days", 0, 366) as u32,
            close_days: section.count("close_days", 0, 366) as u32,
            close_days_major: section.count("close_days_major", 0, 366) as u32,
            mishandled_least: section.amount("mishandled_least"),
            mishandled_most: section.amount("mishandled_most"),
            attitude: section.clause("attitude", "complaint.attitude", &DEALER),
            reply_late: section.clause("reply-late", "complaint.reply-late", &DEALER),
            close_late: section.clause("close-late", "complaint.close-late", &DEALER),
            major_unattended: section.clause("major-unattended", "complaint.major-unattended", &DEALER),
            mishandled: section.clause("mishandled", "complaint.mishandled", &[]),
        };
        if terms.mishandled_least.money > terms.mishandled_most.money {
            section.contradiction(
                "mishandled_least",
                "mishandled_least is above mishandled_most: no amount could be ruled",
            );
        }
        terms
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.attitude, &self.reply_late, &self.close_late, &self.major_unattended, &self.mishandled]
    }
}

/// Judges every complaint.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let mut events: Vec<&ComplaintEvent> = case.facts.complaint_events.iter().collect();
    events.sort_unstable_by_key(|event| (event.complaint, event.at));
    let mut complaints: Vec<&Complaint> = case.facts.complaints.iter().collect();
    complaints.sort_unstable_by_key(|complaint| complaint.complaint);
    let mut rest = events.as_slice();
    for complaint in complaints {
        let skip = rest.iter().take_while(|event| event.complaint < complaint.complaint).count();
        let own = rest[skip..].iter().take_while(|event| event.complaint == complaint.complaint).count();
        let (of_complaint, later) = rest[skip..].split_at(own);
        rest = later;
        let unit = case.text(complaint.complaint);
        if case.judges(unit, complaint.dealer) {
            judge(case, unit, complaint, of_complaint, found)?;
            case.close_unit(NAME, unit, found);
        }
    }
    Ok(())
}

fn judge(
    case: &Case,
    unit: &str,
    complaint: &Complaint,
    events: &[&ComplaintEvent],
    found: &mut Found,
) -> Result<(), HolidaysUnknown> {
    let subject = format!("complaint:{unit}");
    if !case.horizon.seen(complaint.received_at) || case.rulings.withdrawn(&case.horizon, &subject) {
        return Ok(());
    }
    let file = File { case, unit, subject, complaint, events };
    file.judge_attitude(found);
    file.judge_mishandled(found);
    file.judge_deadlines(found)
}

/// One complaint with what is known of it.
struct File<'a, 'c> {
    case: &'a Case<'c>,
    unit: &'a str,
    subject: String,
    complaint: &'a Complaint,
    events: &'a [&'a ComplaintEvent],
}

impl File<'_, '_> {
    fn draft<'d>(
        &'d self,
        clause: &'d Clause,
        family: &'static str,
        at: Instant,
        version: &Version,
        facts: &serde_json::Value,
    ) -> Draft<'d> {
        Draft {
            check: NAME,
            clause,
            family,
            subject: self.subject.clone(),
            unit: self.unit,
            dealer: self.complaint.dealer,
            occurred_on: self.case.date(at),
            version: version.number,
            charged: &clause.charges,
            detail: detail(facts),
        }
    }

    fn judge_attitude(&self, found: &mut Found) {
        let at = self.complaint.received_at;
        if self.case.text(self.complaint.category) != "attitude" {
            return;
        }
        if let Some(version) = self.case.version(self.case.date(at)) {
            let clause = &version.policy.complaint.attitude;
            self.case.find(found, self.draft(clause, "complaint.attitude", at, version, &json!({})));
        }
    }

    /// The seen rulings that it was mishandled, on a complaint received by then, by time and then id.
    fn mishandlings(&self) -> Vec<&Ruling> {
        let rulings = self.case.rulings.on(RulingKind::Mishandled, &self.subject);
        let received = self.complaint.received_at;
        rulings
            .filter(|ruling| ruling.decided_at >= received && self.case.horizon.seen(ruling.decided_at))
            .collect()
    }

    /// The latest ruling, with its amount and date.
    fn judge_mishandled(&self, found: &mut Found) {
        let case = self.case;
        let rulings = self.mishandlings();
        let Some(ruling) = rulings.last() else { return };
        let Some(version) = case.version(case.date(ruling.decided_at)) else { return };
        let Some(amount) = ruling.amount else { return };
        let charged =
            [ChargeTerms { seat: Seat::Dealer, amount: amount.opposite(), source: Source::Published }];
        let clause = &version.policy.complaint.mishandled;
        let facts = json!({ "ruling": ruling.ruling });
        let draft = self.draft(clause, "complaint.mishandled", ruling.decided_at, version, &facts);
        case.find(found, Draft { charged: &charged, ..draft });
    }

    fn judge_deadlines(&self, found: &mut Found) -> Result<(), HolidaysUnknown> {
        let case = self.case;
        let start = self.start();
        let Some(version) = case.version(case.date(start)) else { return Ok(()) };
        let terms = &version.policy.complaint;
        let Dues { reply: reply_due, close: close_due } =
            terms.dues(case.ground, start, self.complaint.major)?;

        let replied = self.first(|deed| deed == Deed::FirstReply);
        if late(replied, reply_due) && case.horizon.passed(reply_due) {
            let facts = self.lateness(reply_due, replied);
            case.find(found, self.draft(&terms.reply_late, "complaint.reply", reply_due, version, &facts));
        }

        let closed = self.first(|deed| deed == Deed::Callback(Some(true)));
        if late(closed, close_due) && !self.submitted_well(close_due) && case.horizon.passed(close_due) {
            let facts = self.lateness(close_due, closed);
            case.find(found, self.draft(&terms.close_late, "complaint.close", close_due, version, &facts));
        }

        if self.complaint.major {
            let gm = late(self.first(|deed| deed == Deed::HandledByDealerGm), close_due);
            let deputy = late(self.first(|deed| deed == Deed::HandledByDeputyDirector), close_due);
            if (gm || deputy) && case.horizon.passed(close_due) {
                let missing = [(gm, "dealer-gm"), (deputy, "region-deputy-director")];
                let missing: Vec<&str> =
                    missing.into_iter().filter(|(is, _)| *is).map(|(_, role)| role).collect();
                let facts = json!({ "due_at": self.show(close_due), "missing": missing });
                // The deputy's absence is never charged to the dealer.
                let charged: &[ChargeTerms] = if gm { &terms.major_unattended.charges } else { &[] };
                let draft =
                    self.draft(&terms.major_unattended, "complaint.major", close_due, version, &facts);
                case.find(found, Draft { charged, ..draft });
            }
        }
        Ok(())
    }

    /// When its clock started: with the dispatch to the dealer, where there is one.
    fn start(&self) -> Instant {
        self.case.horizon.came(self.complaint.dispatched_at).unwrap_or(self.complaint.received_at)
    }

    /// The first seen deed of a kind.
    fn first(&self, is: impl Fn(Deed) -> bool) -> Option<Instant> {
        let mut deeds = self.events.iter().filter(|event| is(event.deed));
        deeds.find(|event| self.case.horizon.seen(event.at)).map(|event| event.at)
    }

    /// Whether the complaint was submitted for callback by the deadline and the next answered callback,
    /// strictly later, does not say otherwise.
    fn submitted_well(&self, due: Instant) -> bool {
        let submissions = self.events.iter().filter(|event| event.deed == Deed::Submitted && event.at <= due);
        submissions.filter(|event| self.case.horizon.seen(event.at)).any(|submission| {
            self.next_answer(submission.at).is_none_or(|answer| answer.deed == Deed::Callback(Some(true)))
        })
    }

    /// The next seen callback with an answer, strictly later.
    fn next_answer(&self, after: Instant) -> Option<&ComplaintEvent> {
        let answers = self
            .events
            .iter()
            .filter(|event| event.at > after && matches!(event.deed, Deed::Callback(Some(_))));
        answers.copied().find(|event| self.case.horizon.seen(event.at))
    }

    fn lateness(&self, due: Instant, done: Option<Instant>) -> serde_json::Value {
        let late_minutes = done.map(|done| (done.0 - due.0) / crate::time::MINUTE);
        json!({ "due_at": self.show(due), "done_at": done.map(|at| self.show(at)), "late_minutes": late_minutes })
    }

    fn show(&self, at: Instant) -> String {
        self.case.ground.zone.rfc3339(at)
    }
}

fn late(done: Option<Instant>, due: Instant) -> bool {
    done.is_none_or(|done| done > due)
}
