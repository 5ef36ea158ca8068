//! What a finding about a repeat repair stands on: the attempts, the request, the complaint.

use super::{Attempt, Obligation, UNREPORTED, Vehicle, each_vehicle};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::facts::{Complaint, When};
use crate::finding::{Finding, Found};
use crate::receipt::{FactRef, Grounds, Value};

/// Tells a finding's grounds.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    each_vehicle(case, |vehicle, orders| {
        if vehicle.unit != finding.unit {
            return;
        }
        let unreported = vehicle.unreported(orders, &mut Found::default());
        if finding.family == UNREPORTED {
            let of_subject = |obligation: &&Obligation| {
                finding.subject.ends_with(&format!("#{}", case.text(obligation.attempt.order.work_order)))
            };
            if let Some(obligation) = unreported.iter().find(of_subject) {
                vehicle.tell_obligation(obligation, finding, grounds);
            }
            return;
        }
        let of_subject =
            |row: &&&Complaint| finding.subject == format!("complaint:{}", case.text(row.complaint));
        if let Some(complaint) = vehicle.complaints.iter().find(of_subject)
            && let Some(obligation) = vehicle.cause(complaint, &unreported)
        {
            let fact = FactRef::new(case, *complaint, "complaint").judged();
            grounds.stand_on(
                fact.note("category", Value::Known("category", case.text(complaint.category).to_owned())),
            );
            vehicle.tell_obligation(obligation, finding, grounds);
            vehicle.tell_complaint(complaint, obligation, grounds);
        }
    });
    Ok(())
}

impl Vehicle<'_, '_> {
    fn tell_obligation(&self, obligation: &Obligation, finding: &Finding, grounds: &mut Grounds) {
        let case = self.case;
        let Some(version) = case.version(case.date(obligation.attempt.at)) else { return };
        let terms = &version.policy.repeat_repair;
        for attempt in &obligation.unfixed {
            let own = finding.family == UNREPORTED
                && attempt.order.work_order == obligation.attempt.order.work_order;
            let fact = self.attempt(attempt);
            grounds.stand_on(if own { fact.judged() } else { fact });
        }
        let order = obligation.attempt.order;
        grounds.say(
            "repeat-repair.attempts",
            [
                ("vin", Value::text(case.text(order.vin))),
                ("fault", Value::text(case.text(obligation.attempt.fault))),
                ("count", Value::Counted("count.attempts", obligation.unfixed.len() as i64)),
                ("within", Value::Counted("count.natural-days", terms.within_days)),
            ],
        );
        grounds.say(
            "repeat-repair.due",
            [
                ("at", Value::At(obligation.attempt.at)),
                ("hours", Value::Counted("count.hours", terms.report_hours)),
                ("due", Value::At(obligation.deadline)),
            ],
        );
        let Some(asked) = obligation.request else {
            grounds.say("repeat-repair.not-asked", [("as_of", Value::At(case.horizon.as_of()))]);
            return;
        };
        let requests = self
            .requests
            .iter()
            .filter(|row| row.fault == obligation.attempt.fault && row.requested_at == asked);
        if let Some(request) = requests.min_by_key(|row| case.text(row.request)) {
            grounds.stand_on(FactRef::new(case, *request, "request"));
        }
        grounds.say(
            "repeat-repair.asked-late",
            [("at", Value::At(asked)), ("late", Value::Elapsed(asked.0 - obligation.deadline.0))],
        );
    }

    fn tell_complaint(&self, complaint: &Complaint, obligation: &Obligation, grounds: &mut Grounds) {
        grounds.say(
            "repeat-repair.complaint",
            [
                ("at", Value::At(complaint.received_at)),
                ("category", Value::Known("category", self.case.text(complaint.category).to_owned())),
                ("completed", Value::At(obligation.attempt.at)),
            ],
        );
        if complaint.received_at < obligation.deadline {
            grounds.say(
                "repeat-repair.dated-by-deadline",
                [("on", Value::Date(self.case.date(obligation.deadline)))],
            );
        }
    }

    fn attempt(&self, attempt: &Attempt) -> FactRef {
        let fact = FactRef::new(self.case, attempt.order, "attempt");
        // An attempt counts from its completion.
        FactRef { when: When::At(attempt.at), ..fact }.note("result", Value::word("attempt.not-fixed"))
    }
}
