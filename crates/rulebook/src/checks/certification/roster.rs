//! A dealer's roster: who left, who is missing, whose certificate lapses, who earned the differential pay.

use hashbrown::HashMap;
use jiff::civil::Date;
use serde_json::json;

use super::{ADVISOR, ByPerson, NAME, needs};
use crate::case::{Case, Draft, detail};
use crate::codes::Code;
use crate::facts::{Certificate, Employment};
use crate::finding::Found;
use crate::period::Period;
use crate::time::plus_days;

/// First and last day, both included; `Date::MAX` where it has not ended.
type Span = (Date, Date);

/// Judges every dealer's roster.
pub(super) fn evaluate(case: &Case, certificates: &ByPerson, found: &mut Found) {
    let mut rows: Vec<&Employment> = case.facts.employments.iter().collect();
    rows.sort_unstable_by_key(|row| (row.dealer, row.person, row.from));
    let mut of_person: HashMap<Code, Vec<&Employment>> = HashMap::new();
    for row in &rows {
        of_person.entry(row.person).or_default().push(row);
    }
    for of_dealer in rows.chunk_by(|a, b| a.dealer == b.dealer) {
        let dealer = of_dealer[0].dealer;
        let unit = case.text(dealer);
        if case.judges_dealer(dealer) && case.judges(unit, dealer) {
            let roster = Roster { case, unit, dealer, certificates, of_person: &of_person };
            roster.judge(of_dealer, found);
            case.close_unit(NAME, unit, found);
        }
    }
}

struct Roster<'a, 'c> {
    case: &'a Case<'c>,
    unit: &'a str,
    dealer: Code,
    certificates: &'a ByPerson<'a>,
    of_person: &'a HashMap<Code, Vec<&'a Employment>>,
}

impl Roster<'_, '_> {
    fn judge(&self, rows: &[&Employment], found: &mut Found) {
        let seen: Vec<Employment> = rows.iter().filter_map(|row| self.as_seen(row)).collect();
        let mut certified_advisors: Vec<(Code, Vec<Span>)> = Vec::new();
        for of_person in seen.chunk_by(|a, b| a.person == b.person) {
            let person = of_person[0].person;
            let advisor = self.spans(of_person, ADVISOR);
            if !advisor.is_empty() {
                self.judge_attrition(person, of_person, found);
                let certified = both(&advisor, &self.certified(person));
                self.judge_bonus(person, &certified, found);
                certified_advisors.push((person, certified));
            }
            self.judge_expiring(person, found);
        }
        if let Some(begun) = seen.iter().map(|row| row.from).min() {
            self.judge_shortfall(begun, &certified_advisors, found);
        }
    }

    /// A row as of the horizon: an end that has not come is empty, and so is what rests on it.
    fn as_seen(&self, row: &Employment) -> Option<Employment> {
        let horizon = &self.case.horizon;
        horizon.begun(row.from).then(|| match row.to.filter(|to| horizon.begun(*to)) {
            None => Employment { to: None, leave_reason: None, ..*row },
            Some(_) => *row,
        })
    }

    fn is_advisor(&self, row: &Employment) -> bool {
        self.case.text(row.position) == ADVISOR
    }

    /// The days in a position, adjoining employments joined.
    fn spans(&self, rows: &[Employment], position: &str) -> Vec<Span> {
        let of_position = rows.iter().filter(|row| self.case.text(row.position) == position);
        joined(of_position.map(|row| (row.from, row.to.unwrap_or(Date::MAX))).collect())
    }

    /// The days with a valid advisor certificate, adjoining certificates joined.
    fn certified(&self, person: Code) -> Vec<Span> {
        let horizon = &self.case.horizon;
        let own = self.of_kind(person, ADVISOR).filter(|certificate| horizon.begun(certificate.issued_on));
        let valid = own.filter_map(|certificate| {
            let revoked = certificate.revoked_on.filter(|day| horizon.begun(*day));
            let last =
                revoked.map_or(certificate.expires_on, |day| certificate.expires_on.min(plus_days(day, -1)));
            (certificate.issued_on <= last).then_some((certificate.issued_on, last))
        });
        joined(valid.collect())
    }

    fn of_kind(&self, person: Code, kind: &str) -> impl Iterator<Item = &Certificate> {
        let all = self.certificates.get(&person).into_iter().flatten().copied();
        all.filter(move |certificate| self.case.text(certificate.kind) == kind)
    }

    /// A certified advisor left the dealer, on the last day of a stay.
    fn judge_attrition(&self, person: Code, rows: &[Employment], found: &mut Found) {
        let case = self.case;
        let mut ends: Vec<&Employment> =
            rows.iter().filter(|row| row.to.is_some() && self.is_advisor(row)).collect();
        // Of several that end on one day, the latest begun gives the reason.
        ends.sort_by_key(|row| (row.to, std::cmp::Reverse(row.from)));
        ends.dedup_by_key(|row| row.to);
        for row in ends {
            let Some(last) = row.to else { continue };
            let next = plus_days(last, 1);
            let stays = rows.iter().any(|other| other.from <= next && other.to.is_none_or(|to| next <= to));
            let closes = case.org.dealer(self.dealer).and_then(|dealer| dealer.closed_on) == Some(last);
            if stays || closes || !case.horizon.over(last) || !covers(&self.certified(person), last) {
                continue;
            }
            let Some(version) = case.version(last) else { continue };
            let terms = &version.policy.certification;
            let reason = row.leave_reason.map(|reason| case.text(reason));
            if reason.is_some_and(|reason| terms.exempt_reasons.iter().any(|exempt| exempt == reason)) {
                continue;
            }
            let subject = format!("person:{}/{}@{last}", case.text(person), self.unit);
            let facts = json!({ "person": case.text(person), "reason": reason });
            self.find(
                found,
                &terms.attrition,
                "certification.attrition",
                subject,
                last,
                version.number,
                &facts,
            );
        }
    }

    /// Differential pay: every day of the month a certified advisor at this dealer.
    fn judge_bonus(&self, person: Code, certified: &[Span], found: &mut Found) {
        for (first, last) in certified {
            let start = Period::of((*first).max(self.case.ground.timeline.first_judged_day()));
            let start = if start.first_day() < *first { start.next() } else { start };
            for month in std::iter::successors(Some(start), |month| Some(month.next())) {
                let end = month.last_day();
                if end > *last || !self.case.horizon.over(end) {
                    break;
                }
                let Some(version) = self.case.version(end) else { continue };
                let clause = &version.policy.certification.bonus;
                let subject = format!("person:{}/{}@{month}", self.case.text(person), self.unit);
                self.find(found, clause, "certification.bonus", subject, end, version.number, &json!({}));
            }
        }
    }

    fn judge_shortfall(&self, begun: Date, advisors: &[(Code, Vec<Span>)], found: &mut Found) {
        let case = self.case;
        let Some(dealer) = case.org.dealer(self.dealer) else { return };
        let start = Period::of(begun.max(case.ground.timeline.first_judged_day()));
        for month in std::iter::successors(Some(start), |month| Some(month.next())) {
            let end = month.last_day();
            if !case.horizon.over(end) {
                break;
            }
            if dealer.closed_on.is_some_and(|closed| closed < end) {
                break;
            }
            let Some(version) = case.version(end) else { continue };
            if !dealer.is_open(end) {
                continue;
            }
            let terms = &version.policy.certification;
            let bays = case.org.bays(self.dealer, end).unwrap_or(0);
            let needed = terms.needed(bays);
            let have = advisors.iter().filter(|(_, certified)| covers(certified, end)).count() as i64;
            if have < needed {
                let subject = format!("dealer:{}@{month}", self.unit);
                let facts = json!({ "have": have, "needed": needed, "bays": bays });
                self.find(
                    found,
                    &terms.shortfall,
                    "certification.shortfall",
                    subject,
                    end,
                    version.number,
                    &facts,
                );
            }
        }
    }

    /// One finding for each threshold crossed, until the certificate has lapsed or is replaced.
    fn judge_expiring(&self, person: Code, found: &mut Found) {
        let case = self.case;
        let Some(own) = self.certificates.get(&person) else { return };
        for certificate in own {
            if !case.horizon.begun(certificate.issued_on)
                || certificate.revoked_on.is_some_and(|day| case.horizon.begun(day))
                || case.horizon.over(certificate.expires_on)
                || self.is_replaced(certificate, own)
            {
                continue;
            }
            for days in self.thresholds() {
                self.judge_threshold(person, certificate, days, found);
            }
        }
    }

    fn thresholds(&self) -> Vec<i64> {
        let versions = self.case.ground.timeline.versions();
        let mut days: Vec<i64> =
            versions.iter().flat_map(|v| v.policy.certification.expiring_days.clone()).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    fn judge_threshold(&self, person: Code, certificate: &Certificate, days: i64, found: &mut Found) {
        let case = self.case;
        let crossed = plus_days(certificate.expires_on, -days);
        if certificate.issued_on > crossed
            || !case.horizon.begun(crossed)
            || !self.is_latest_place(person, certificate, crossed)
        {
            return;
        }
        let Some(version) = case.version(crossed) else { return };
        let terms = &version.policy.certification;
        if !terms.expiring_days.contains(&days) {
            return;
        }
        let subject = format!("certificate:{}#{days}", case.text(certificate.certificate));
        let facts = json!({
            "person": case.text(person), "kind": case.text(certificate.kind),
            "expires_on": certificate.expires_on.to_string(), "days": days,
        });
        self.find(found, &terms.expiring, "certification.expiring", subject, crossed, version.number, &facts);
    }

    fn is_replaced(&self, certificate: &Certificate, own: &[&Certificate]) -> bool {
        let horizon = &self.case.horizon;
        own.iter().any(|other| {
            (other.kind, other.level) == (certificate.kind, certificate.level)
                && other.expires_on > certificate.expires_on
                && horizon.begun(other.issued_on)
                && !other.revoked_on.is_some_and(|day| horizon.begun(day))
        })
    }

    /// Whether, of the employments then in a position that needs the certificate, the latest is at this dealer.
    fn is_latest_place(&self, person: Code, certificate: &Certificate, on: Date) -> bool {
        let Some(all) = self.of_person.get(&person) else { return false };
        let holds = |row: &Employment| row.from <= on && row.to.is_none_or(|to| on <= to);
        let places = all
            .iter()
            .filter_map(|row| self.as_seen(row))
            .filter(|row| holds(row) && needs(self.case, row, certificate));
        let latest = places.max_by(|a, b| {
            a.from.cmp(&b.from).then_with(|| self.case.text(b.dealer).cmp(self.case.text(a.dealer)))
        });
        latest.is_some_and(|row| row.dealer == self.dealer)
    }

    #[expect(clippy::too_many_arguments, reason = "a finding has that many parts")]
    fn find(
        &self,
        found: &mut Found,
        clause: &crate::policy::Clause,
        family: &'static str,
        subject: String,
        occurred_on: Date,
        version: i32,
        facts: &serde_json::Value,
    ) {
        let draft = Draft {
            check: NAME,
            clause,
            family,
            subject,
            unit: self.unit,
            dealer: self.dealer,
            occurred_on,
            version,
            charged: &clause.charges,
            detail: detail(facts),
        };
        self.case.find(found, draft);
    }
}

/// Spans joined where they overlap or adjoin, in order.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for (first, last) in spans {
        match joined.last_mut() {
            Some((_, end)) if first <= plus_days(*end, 1) => *end = (*end).max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// The days in both.
fn both(left: &[Span], right: &[Span]) -> Vec<Span> {
    let mut shared = Vec::new();
    for (from, to) in left {
        for (first, last) in right {
            let (start, end) = ((*from).max(*first), (*to).min(*last));
            if start <= end {
                shared.push((start, end));
            }
        }
    }
    shared
}

fn covers(spans: &[Span], on: Date) -> bool {
    spans.iter().any(|(first, last)| *first <= on && on <= *last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn adjoining_spans_are_one_and_gaps_are_kept() {
        let (a, b, c, d) = (date(2025, 1, 1), date(2025, 1, 31), date(2025, 2, 1), date(2025, 2, 28));
        assert_eq!(joined(vec![(c, d), (a, b)]), [(a, d)]);
        assert_eq!(joined(vec![(a, b), (date(2025, 2, 2), d)]).len(), 2);
        assert_eq!(both(&[(a, d)], &[(b, Date::MAX)]), [(b, d)]);
    }
}
