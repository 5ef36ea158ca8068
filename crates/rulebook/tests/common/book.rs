//! A small book of facts written by hand, for the tables of the rulebook: dealer `D1` in region `R1`, its district
//! manager `DM`, the region's director `RD`. Days without a time are ten in the morning, Shanghai time.

use std::fmt::Write;

use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks;
use farsight_rulebook::codes::Code;
use farsight_rulebook::facts::{
    Answer, Bays, Callback, Certificate, Complaint, ComplaintEvent, CustomerBase, Dealer, Deed, Delay,
    Employment, Exam, Facts, Feedback, Inspection, InspectionResult, Level, Move, MysteryVisit, PartPrice,
    Post, Role, Ruling, RulingKind, SupportRequest, Vehicle, WorkOrder,
};
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::policy::Seat;
use farsight_rulebook::receipt::{Receipt, receipt};
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::Date;

/// The dealer of a book.
pub const DEALER: &str = "D1";

pub struct Book {
    pub facts: Facts,
}

pub fn at(text: &str) -> Instant {
    let text = match text.len() {
        10 => format!("{text}T10:00:00"),
        16 => format!("{text}:00"),
        _ => text.to_owned(),
    };
    super::instant(&text.replace(' ', "T"), &Zone::shanghai())
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn yuan(text: &str) -> Money {
    Currency::of("CNY").unwrap().parse(text).unwrap()
}

impl Book {
    /// One dealer, nobody in a post.
    pub fn bare() -> Self {
        Self { facts: Facts::default() }.dealer(DEALER, "R1")
    }

    /// One dealer, a district manager and a region director.
    pub fn new() -> Self {
        let book = Self::bare().post("DM", Role::DistrictManager, DEALER, "2014-01-01", None);
        book.post("RD", Role::RegionDirector, "R1", "2014-01-01", None)
    }

    fn code(&mut self, text: &str) -> Code {
        self.facts.codes.keep(text)
    }

    pub fn dealer(mut self, dealer: &str, region: &str) -> Self {
        let (dealer, region) = (self.code(dealer), self.code(region));
        self.facts.dealers.push(Dealer { dealer, region, opened_on: day("2010-01-01"), closed_on: None });
        self
    }

    pub fn closes(mut self, on: &str) -> Self {
        self.facts.dealers[0].closed_on = Some(day(on));
        self
    }

    pub fn moves(mut self, from: &str, region: &str) -> Self {
        let (dealer, region) = (self.code(DEALER), self.code(region));
        self.facts.moves.push(Move { dealer, from: day(from), region });
        self
    }

    pub fn post(mut self, person: &str, role: Role, scope: &str, from: &str, to: Option<&str>) -> Self {
        let (person, scope) = (self.code(person), self.code(scope));
        self.facts.posts.push(Post { person, role, scope, from: day(from), to: to.map(day) });
        self
    }

    pub fn looks(
        mut self,
        id: &str,
        item: &str,
        when: &str,
        result: InspectionResult,
        follow_up: bool,
    ) -> Self {
        let (inspection, item, dealer) = (self.code(id), self.code(item), self.code(DEALER));
        self.facts.inspections.push(Inspection {
            inspection,
            item,
            dealer,
            inspected_at: at(when),
            result,
            follow_up,
        });
        self
    }

    /// Failures of item-05, each in an inspection `I-WHEN`.
    pub fn fails(self, whens: &[&str]) -> Self {
        let look = |book: Self, when: &&str| {
            book.looks(&format!("I-{}", id(when)), "item-05", when, InspectionResult::Fail, false)
        };
        whens.iter().fold(self, look)
    }

    pub fn passes(self, when: &str) -> Self {
        self.looks(&format!("I-{}", id(when)), "item-05", when, InspectionResult::Pass, false)
    }

    /// The complaint `C-1`.
    pub fn complaint(self, received: &str, major: bool, category: &str) -> Self {
        self.complaint_of("C-1", received, None, major, category, None)
    }

    pub fn complaint_of(
        mut self,
        id: &str,
        received: &str,
        dispatched: Option<&str>,
        major: bool,
        category: &str,
        vin: Option<&str>,
    ) -> Self {
        let (complaint, dealer, category) = (self.code(id), self.code(DEALER), self.code(category));
        let vin = vin.map(|vin| self.code(vin));
        let (received_at, dispatched_at) = (at(received), dispatched.map(at));
        self.facts.complaints.push(Complaint {
            complaint,
            dealer,
            received_at,
            dispatched_at,
            major,
            category,
            vin,
        });
        self
    }

    /// A deed on the complaint `C-1`.
    pub fn deed(mut self, deed: Deed, when: &str) -> Self {
        let complaint = self.code("C-1");
        self.facts.complaint_events.push(ComplaintEvent { complaint, at: at(when), deed });
        self
    }

    pub fn employed(mut self, person: &str, position: &str, from: &str, to: Option<(&str, &str)>) -> Self {
        let (person, dealer, position) = (self.code(person), self.code(DEALER), self.code(position));
        let leave_reason =
            to.map(|(_, reason)| reason).filter(|reason| !reason.is_empty()).map(|reason| self.code(reason));
        let (from, to) = (day(from), to.map(|(to, _)| day(to)));
        self.facts.employments.push(Employment { person, dealer, position, from, to, leave_reason });
        self
    }

    pub fn certified(self, id: &str, person: &str, kind: &str, days: (&str, &str)) -> Self {
        self.certified_at(id, person, kind, None, days, None)
    }

    pub fn certified_at(
        mut self,
        id: &str,
        person: &str,
        kind: &str,
        level: Option<Level>,
        (issued, expires): (&str, &str),
        revoked: Option<&str>,
    ) -> Self {
        let (certificate, person, kind) = (self.code(id), self.code(person), self.code(kind));
        let (issued_on, expires_on, revoked_on) = (day(issued), day(expires), revoked.map(day));
        self.facts.certificates.push(Certificate {
            certificate,
            person,
            kind,
            level,
            issued_on,
            expires_on,
            revoked_on,
        });
        self
    }

    pub fn bays(mut self, on: &str, bays: i64) -> Self {
        let dealer = self.code(DEALER);
        self.facts.bays.push(Bays { dealer, effective_on: day(on), bays });
        self
    }

    pub fn base(self, month: &str, base: i64, visits: Option<i64>) -> Self {
        self.base_of(DEALER, month, base, visits)
    }

    pub fn base_of(mut self, dealer: &str, month: &str, base_customers: i64, visits: Option<i64>) -> Self {
        let dealer = self.code(dealer);
        self.facts.customer_base.push(CustomerBase {
            dealer,
            month: month.parse().unwrap(),
            base_customers,
            visits,
        });
        self
    }

    /// A repair of fault `F1` of vehicle `V1`.
    pub fn repair(self, id: &str, completed: &str, fixed: bool) -> Self {
        self.order(id, completed, |order, _| {
            order.completed_at = Some(at(completed));
            order.fixed = Some(fixed);
        })
    }

    /// A work order, changed as the test wants it.
    pub fn order(
        mut self,
        id: &str,
        created: &str,
        change: impl FnOnce(&mut WorkOrder, &mut dyn FnMut(&str) -> Code),
    ) -> Self {
        let (work_order, dealer, vin, fault) =
            (self.code(id), self.code(DEALER), self.code("V1"), self.code("F1"));
        let mut order = WorkOrder {
            work_order,
            dealer,
            vin,
            fault: Some(fault),
            created_at: at(created),
            reported_at: None,
            diagnosed_at: None,
            promised_at: None,
            completed_at: None,
            fixed: None,
            advisor: None,
            technician: None,
            level: Level::Basic,
            nev: false,
            odometer_km: None,
            confirmed: false,
        };
        change(&mut order, &mut |text| self.facts.codes.keep(text));
        self.facts.work_orders.push(order);
        self
    }

    /// A request for support about fault `F1` of vehicle `V1`.
    pub fn asks(mut self, id: &str, when: &str) -> Self {
        let (request, dealer, vin, fault) =
            (self.code(id), self.code(DEALER), self.code("V1"), self.code("F1"));
        self.facts.support_requests.push(SupportRequest {
            request,
            dealer,
            vin,
            fault,
            requested_at: at(when),
        });
        self
    }

    /// A delay notice on an order.
    pub fn delays(mut self, order: &str, given: &str, promised: &str) -> Self {
        let work_order = self.code(order);
        self.facts.delays.push(Delay { work_order, given_at: at(given), promised_at: at(promised) });
        self
    }

    /// A response of one factor, `quality`, to the dealer, perhaps naming an employee.
    pub fn answers(self, response: &str, employee: Option<&str>, when: &str, score: i64) -> Self {
        self.answers_of(DEALER, response, "quality", employee, when, score)
    }

    pub fn answers_of(
        mut self,
        dealer: &str,
        response: &str,
        factor: &str,
        employee: Option<&str>,
        when: &str,
        score: i64,
    ) -> Self {
        let (dealer, response, factor) = (self.code(dealer), self.code(response), self.code(factor));
        let employee = employee.map(|person| self.code(person));
        self.facts.answers.push(Answer { response, factor, dealer, employee, answered_at: at(when), score });
        self
    }

    pub fn mystery(mut self, visit: &str, on: &str, scores: [i64; 4]) -> Self {
        let (visit, dealer) = (self.code(visit), self.code(DEALER));
        self.facts.mystery_visits.push(MysteryVisit { visit, dealer, visited_on: day(on), scores });
        self
    }

    pub fn feedback(mut self, id: &str, received: &str, solved: Option<&str>) -> Self {
        let (feedback, dealer) = (self.code(id), self.code(DEALER));
        let (received_at, solved_at) = (at(received), solved.map(at));
        self.facts.feedback.push(Feedback { feedback, dealer, received_at, solved_at });
        self
    }

    pub fn calls(mut self, order: &str, when: &str) -> Self {
        let work_order = self.code(order);
        self.facts.callbacks.push(Callback { work_order, at: at(when) });
        self
    }

    /// A vehicle of model `M1`.
    pub fn sold(mut self, vin: &str, on: &str, dealer: Option<&str>) -> Self {
        let (vin, model) = (self.code(vin), self.code("M1"));
        let dealer = dealer.map(|dealer| self.code(dealer));
        self.facts.vehicles.push(Vehicle { vin, model, sold_on: day(on), dealer });
        self
    }

    /// A price of part `P1`, the manufacturer's or the dealer's.
    pub fn price(mut self, on: &str, dealer: Option<&str>, price: i64) -> Self {
        let part = self.code("P1");
        let dealer = dealer.map(|dealer| self.code(dealer));
        self.facts.part_prices.push(PartPrice { part, effective_on: day(on), dealer, price });
        self
    }

    pub fn exam(mut self, person: &str, on: &str, score: i64) -> Self {
        let person = self.code(person);
        self.facts.exams.push(Exam { person, taken_on: day(on), score });
        self
    }

    pub fn rules(self, id: &str, kind: RulingKind, subject: &str, when: &str) -> Self {
        self.rules_of(id, kind, subject, None, when, None)
    }

    pub fn rules_of(
        mut self,
        id: &str,
        kind: RulingKind,
        subject: &str,
        family: Option<&str>,
        when: &str,
        amount: Option<&str>,
    ) -> Self {
        self.facts.rulings.push(Ruling {
            ruling: id.to_owned(),
            kind,
            subject: subject.to_owned(),
            family: family.map(str::to_owned),
            decided_at: at(when),
            amount: amount.map(yuan),
        });
        self
    }

    pub fn found(&self, ground: &Ground, as_of: &str) -> Found {
        super::evaluate(&self.facts, ground, at(as_of))
    }

    /// `CLAUSE SUBJECT DATE`, and what it charges each seat, sorted; of one check.
    pub fn findings(&self, check: &str, ground: &Ground, as_of: &str) -> Vec<String> {
        let found = self.found(ground, as_of);
        let mut lines: Vec<String> = found.findings.iter().filter(|f| f.check == check).map(line).collect();
        lines.sort();
        lines
    }

    /// The receipt of the finding of this family and subject.
    pub fn receipt(&self, ground: &Ground, as_of: &str, key: (&str, &str), seat: Seat) -> Receipt {
        let found = self.found(ground, as_of);
        let finding = found.findings.iter().find(|f| (f.family, f.subject.as_str()) == key);
        let finding = finding.unwrap_or_else(|| panic!("{key:?} is not in {:#?}", found.findings));
        let unit = Judged::Units(std::iter::once(finding.unit.clone()).collect());
        let case = Case::new(&self.facts, ground, at(as_of), unit);
        receipt(&case, checks::check(finding.check).unwrap(), finding, seat).unwrap()
    }
}

/// `CLAUSE SUBJECT DATE` and the amounts, dealer/district manager/region director, when there are any.
pub fn line(finding: &Finding) -> String {
    let mut line =
        format!("{} {} {}", finding.clause.split_once('.').unwrap().1, finding.subject, finding.occurred_on);
    for charge in &finding.charges {
        let _ = write!(line, " {}{:+}", charge.seat.name(), charge.amount.0 / 100);
    }
    for (seat, amount) in &finding.vacant {
        let _ = write!(line, " vacant {}{:+}", seat.name(), amount.0 / 100);
    }
    line
}

/// A `when` as part of an id.
fn id(when: &str) -> String {
    when.replace([':', ' '], "")
}
