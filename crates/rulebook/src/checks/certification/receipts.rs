//! What a finding about certification stands on: employments and certificates, orders and bays.

use jiff::civil::Date;

use super::{ADVISOR, ByPerson, NEV, TECHNICIAN, Terms, work};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::facts::{Certificate, Employment};
use crate::finding::Finding;
use crate::period::Period;
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;
use crate::time::plus_days;

/// Tells a finding's grounds.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let Some(version) = case.ground.timeline.version(finding.version) else { return Ok(()) };
    let telling = Telling { case, finding, terms: &version.policy.certification };
    match Subject::read(&finding.subject) {
        Some(Subject::PersonDealerDate { person, on, .. }) => telling.attrition(person, on, grounds),
        Some(Subject::PersonDealerMonth { person, month, .. }) => telling.bonus(person, month, grounds),
        Some(Subject::DealerMonth { month, .. }) => telling.shortfall(month, grounds),
        Some(Subject::DealerDate { on, .. }) => telling.work(on, grounds),
        Some(Subject::Certificate { certificate, days }) => telling.expiring(certificate, days, grounds),
        _ => {}
    }
    Ok(())
}

struct Telling<'a, 'c> {
    case: &'a Case<'c>,
    finding: &'a Finding,
    terms: &'a Terms,
}

impl<'c> Telling<'_, 'c> {
    /// The last employment of the stay that ended, and what certified the person that day.
    fn attrition(&self, person: &str, last: Date, grounds: &mut Grounds) {
        let ended = self.advising(Some(person), last, last).into_iter().filter(|row| row.to == Some(last));
        let Some(row) = ended.max_by_key(|row| row.from) else { return };
        grounds.stand_on(self.employment(row).judged());
        for row in self.certificates(person, last, last) {
            grounds.stand_on(self.certificate(row));
        }
        let (who, on) = (("person", Value::text(person)), ("on", Value::Date(last)));
        grounds.say(
            "certification.left",
            [who.clone(), ("dealer", self.dealer()), on.clone(), ("next", Value::Date(plus_days(last, 1)))],
        );
        grounds.say("certification.was-certified", [who, on]);
        let exempt = Value::List(
            self.terms.exempt_reasons.iter().map(|reason| Value::Known("reason", reason.clone())).collect(),
        );
        match row.leave_reason {
            Some(reason) => grounds.say(
                "certification.reason",
                [("reason", Value::Known("reason", self.case.text(reason).to_owned())), ("exempt", exempt)],
            ),
            None => grounds.say("certification.no-reason", [("exempt", exempt)]),
        }
    }

    fn bonus(&self, person: &str, month: Period, grounds: &mut Grounds) {
        let (first, last) = (month.first_day(), month.last_day());
        let days = ("days", Value::Days(first, Some(last)));
        for row in self.advising(Some(person), first, last) {
            grounds.stand_on(self.employment(row).judged());
        }
        for row in self.certificates(person, first, last) {
            grounds.stand_on(self.certificate(row));
        }
        grounds.say(
            "certification.bonus",
            [
                ("person", Value::text(person)),
                ("dealer", self.dealer()),
                ("month", Value::Month(month)),
                days,
            ],
        );
    }

    /// The certified advisors there were, and the bays that ask for more.
    fn shortfall(&self, month: Period, grounds: &mut Grounds) {
        let last = month.last_day();
        let mut have: Vec<&str> = Vec::new();
        for row in self.advising(None, last, last) {
            let person = self.case.text(row.person);
            let certificates = self.certificates(person, last, last);
            if !certificates.is_empty() {
                grounds.stand_on(self.employment(row));
                for row in certificates {
                    grounds.stand_on(self.certificate(row));
                }
                have.push(person);
            }
        }
        have.sort_unstable();
        have.dedup();
        let rows = self
            .case
            .facts
            .bays
            .iter()
            .filter(|row| row.dealer == self.finding.dealer && row.effective_on <= last);
        let row = rows.max_by_key(|row| row.effective_on);
        let bays = row.map_or(0, |row| row.bays);
        if let Some(row) = row {
            grounds.stand_on(FactRef::new(self.case, row, "bays").note("bays", Value::text(row.bays)));
        }
        let needed = self.terms.needed(bays);
        grounds.say(
            "certification.needed",
            [
                ("bays", Value::Counted("count.bays", bays)),
                ("each", Value::Counted("count.bays", self.terms.bays_per_advisor)),
                ("min", Value::text(self.terms.min)),
                ("needed", Value::text(needed)),
            ],
        );
        grounds.say(
            "certification.have",
            [
                ("on", Value::Date(last)),
                ("have", Value::text(have.len())),
                ("missing", Value::text(needed - have.len() as i64)),
            ],
        );
    }

    fn expiring(&self, certificate: &str, days: u32, grounds: &mut Grounds) {
        let mut certificates = self.case.facts.certificates.iter();
        let Some(row) = certificates.find(|row| self.case.text(row.certificate) == certificate) else {
            return;
        };
        grounds.stand_on(self.certificate(row).judged());
        let on = self.finding.occurred_on;
        let held = self
            .case
            .facts
            .employments
            .iter()
            .filter(|held| held.person == row.person && held.dealer == self.finding.dealer);
        for held in held.filter(|held| self.works(held, on, on) && super::needs(self.case, held, row)) {
            grounds.stand_on(self.employment(held));
        }
        grounds.say(
            "certification.expiring",
            [
                ("person", Value::text(self.case.text(row.person))),
                ("kind", Value::Known("certificate", self.case.text(row.kind).to_owned())),
                ("expires", Value::Date(row.expires_on)),
                ("days", Value::Counted("count.natural-days", i64::from(days))),
                ("on", Value::Date(on)),
            ],
        );
    }

    /// The orders of the day, and which certificate was missing on each.
    fn work(&self, on: Date, grounds: &mut Grounds) {
        let case = self.case;
        let mut certificates = ByPerson::new();
        for row in &case.facts.certificates {
            certificates.entry(row.person).or_default().push(row);
        }
        let kinds = work::Kinds::of(case);
        let orders = case
            .facts
            .work_orders
            .iter()
            .filter(|row| row.dealer == self.finding.dealer && case.date(row.created_at) == on);
        let mut orders: Vec<_> = orders.collect();
        orders.sort_unstable_by_key(|row| (row.created_at, case.text(row.work_order)));
        for order in orders {
            let lacking = work::lacks(order, on, &certificates, &kinds);
            let missing = [
                (lacking.advisor, order.advisor, ADVISOR),
                (lacking.technician, order.technician, TECHNICIAN),
                (lacking.nev, order.technician, NEV),
            ];
            for (_, person, kind) in missing.into_iter().filter(|(lacks, ..)| *lacks) {
                let Some(person) = person else { continue };
                let kind = Value::Word(if kind == TECHNICIAN {
                    format!("certificate.technician-{}", order.level.name())
                } else {
                    format!("certificate.{kind}")
                });
                grounds.stand_on(FactRef::new(case, order, "work-order").judged());
                grounds.say(
                    "certification.lacks",
                    [
                        ("order", Value::text(case.text(order.work_order))),
                        ("person", Value::text(case.text(person))),
                        ("kind", kind),
                        ("on", Value::Date(on)),
                    ],
                );
            }
        }
    }

    /// Seen advisor employments at the dealer that touch some days, by person and first day.
    fn advising(&self, person: Option<&str>, first: Date, last: Date) -> Vec<&'c Employment> {
        let case = self.case;
        let own = case.facts.employments.iter().filter(|row| row.dealer == self.finding.dealer);
        let own = own.filter(|row| person.is_none_or(|person| case.text(row.person) == person));
        let mut rows: Vec<&Employment> =
            own.filter(|row| case.text(row.position) == ADVISOR && self.works(row, first, last)).collect();
        rows.sort_by_key(|row| (case.text(row.person), row.from));
        rows
    }

    fn works(&self, row: &Employment, first: Date, last: Date) -> bool {
        self.case.horizon.begun(row.from) && row.from <= last && row.to.is_none_or(|to| first <= to)
    }

    /// Seen advisor certificates of a person that were valid on some of the days, by issue.
    fn certificates(&self, person: &str, first: Date, last: Date) -> Vec<&'c Certificate> {
        let case = self.case;
        let own = case
            .facts
            .certificates
            .iter()
            .filter(|row| case.text(row.person) == person && case.text(row.kind) == ADVISOR);
        let mut rows: Vec<&Certificate> = own
            .filter(|row| {
                case.horizon.begun(row.issued_on) && row.issued_on <= last && first <= row.expires_on
            })
            .filter(|row| row.revoked_on.is_none_or(|day| first < day && row.issued_on < day))
            .collect();
        rows.sort_by_key(|row| (row.issued_on, case.text(row.certificate)));
        rows
    }

    fn employment(&self, row: &Employment) -> FactRef {
        let fact = FactRef::new(self.case, row, "employment")
            .note("person", Value::text(self.case.text(row.person)));
        fact.note("days", Value::Days(row.from, row.to.filter(|to| self.case.horizon.begun(*to))))
    }

    fn certificate(&self, row: &Certificate) -> FactRef {
        let revoked = row.revoked_on.filter(|day| self.case.horizon.begun(*day));
        let last = revoked.map_or(row.expires_on, |day| row.expires_on.min(plus_days(day, -1)));
        let fact = FactRef::new(self.case, row, "certificate")
            .note("person", Value::text(self.case.text(row.person)));
        fact.note("days", Value::Days(row.issued_on, Some(last)))
    }

    fn dealer(&self) -> Value {
        Value::text(self.case.text(self.finding.dealer))
    }
}
