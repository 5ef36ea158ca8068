//! Repeat repair — 同一问题两次未修复 (rulebook 4.5): after the second unfixed attempt the dealer must ask for
//! technical support.
//!
//! Its unit is the dealer and vehicle, written `DEALER/VIN`.

mod receipts;

use std::collections::VecDeque;

use hashbrown::HashMap;
use jiff::civil::Date;
use serde_json::json;

use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Draft, detail};
use crate::codes::Code;
use crate::facts::{Complaint, SupportRequest, WorkOrder};
use crate::finding::Found;
use crate::policy::{Clause, Seat, Section, Version};
use crate::time::{Instant, plus_days};

pub use receipts::grounds;

/// The check's name.
pub const NAME: &str = "repeat-repair";
/// The family of obligations that nobody met.
pub const UNREPORTED: &str = "repeat-repair.unreported";

/// What a policy says of repeat repairs.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The unfixed attempt at which an obligation arises.
    pub attempts: usize,
    /// Days within which attempts belong together.
    pub within_days: i64,
    /// Hours within which support must be asked for.
    pub report_hours: i64,
    /// Complaint categories that count as caused by the repair.
    pub categories: Vec<String>,
    /// `repeat-repair.unreported`
    pub unreported: Clause,
    /// `repeat-repair.complaint`
    pub complaint: Clause,
}

impl Terms {
    /// Reads the section `repeat-repair` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        const DEALER: [Seat; 1] = [Seat::Dealer];
        Self {
            attempts: section.count("attempts", 1, 100) as usize,
            within_days: section.count("within_days", 0, 36_500),
            report_hours: section.count("report_hours", 0, 8_760),
            categories: section.names("categories"),
            unreported: section.clause("unreported", "repeat-repair.unreported", &DEALER),
            complaint: section.clause("complaint", "repeat-repair.complaint", &DEALER),
        }
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.unreported, &self.complaint]
    }
}

/// A seen repair attempt.
#[derive(Clone, Copy)]
struct Attempt<'f> {
    order: &'f WorkOrder,
    fault: Code,
    at: Instant,
    fixed: bool,
}

/// The duty to ask for support.
struct Obligation<'f> {
    attempt: Attempt<'f>,
    /// The unfixed attempts since the count started, this one last.
    unfixed: Vec<Attempt<'f>>,
    deadline: Instant,
    /// The first request at or after the attempt.
    request: Option<Instant>,
    /// The first request or fixed attempt that followed.
    settled: Option<Instant>,
}

type Key = (Code, Code);

/// A duty to ask for technical support that no request has answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// The dealer that owes it.
    pub dealer: Code,
    /// The vehicle.
    pub vin: Code,
    /// The fault.
    pub fault: Code,
    /// The work order of the attempt that it arose with.
    pub work_order: Code,
    /// When that attempt was completed.
    pub arose_at: Instant,
    /// Until when support must be asked for.
    pub due: Instant,
    /// How many attempts failed since the count started.
    pub attempts: usize,
    /// When the fault was mended since, without asking.
    pub mended_at: Option<Instant>,
}

/// The duties that are owed as of the case's instant: no request, not excused, of a policy in force.
pub fn owed(case: &Case) -> Vec<Owed> {
    let mut owed = Vec::new();
    each_vehicle(case, |vehicle, orders| {
        for of_fault in orders.chunk_by(|a, b| a.2 == b.2) {
            let (attempts, requests) = (vehicle.attempts(of_fault), vehicle.requests_about(of_fault[0].2));
            for version in case.ground.timeline.versions() {
                let arisen = vehicle.obligations(version, &attempts, &requests).into_iter();
                owed.extend(arisen.filter_map(|obligation| vehicle.owed(&obligation)));
            }
        }
    });
    owed.sort_by(|a, b| (a.due, case.text(a.work_order)).cmp(&(b.due, case.text(b.work_order))));
    owed
}

/// Judges every vehicle that was repaired at a dealer.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    each_vehicle(case, |vehicle, orders| {
        vehicle.judge(orders, found);
        case.close_unit(NAME, vehicle.unit, found);
    });
    Ok(())
}

/// A completed order with dealer, vehicle and fault.
type Order<'f> = (Code, Code, Code, &'f WorkOrder);

/// Every vehicle to be judged that was repaired at a dealer and not always mended, with its orders by fault.
fn each_vehicle<'a>(case: &Case<'a>, mut look_at: impl FnMut(&Vehicle<'_, 'a>, &[Order<'a>])) {
    let mut orders: Vec<Order> = Vec::new();
    for order in case.facts.work_orders.iter().filter(|order| case.judges_dealer(order.dealer)) {
        if let (Some(fault), Some(_), Some(_)) = (order.fault, order.completed_at, order.fixed) {
            orders.push((order.dealer, order.vin, fault, order));
        }
    }
    orders.sort_unstable_by_key(|(dealer, vin, fault, _)| (*dealer, *vin, *fault));
    let requests = by_vehicle(&case.facts.support_requests, |row| Some((row.dealer, row.vin)));
    let complaints = by_vehicle(&case.facts.complaints, |row| row.vin.map(|vin| (row.dealer, vin)));
    for of_vehicle in orders.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (dealer, vin) = (of_vehicle[0].0, of_vehicle[0].1);
        let unfixed = of_vehicle.iter().filter(|(.., order)| order.fixed == Some(false)).count();
        if unfixed == 0 {
            continue; // no obligation can arise, now or later
        }
        let unit = format!("{}/{}", case.text(dealer), case.text(vin));
        if case.judges(&unit, dealer) {
            let vehicle = Vehicle {
                case,
                unit: &unit,
                requests: requests.get(&(dealer, vin)).map_or(&[][..], Vec::as_slice),
                complaints: complaints.get(&(dealer, vin)).map_or(&[][..], Vec::as_slice),
            };
            look_at(&vehicle, of_vehicle);
        }
    }
}

fn by_vehicle<T>(rows: &[T], key: impl Fn(&T) -> Option<Key>) -> HashMap<Key, Vec<&T>> {
    let mut by_vehicle: HashMap<Key, Vec<&T>> = HashMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            by_vehicle.entry(key).or_default().push(row);
        }
    }
    by_vehicle
}

struct Vehicle<'a, 'c> {
    case: &'a Case<'c>,
    unit: &'a str,
    requests: &'a [&'c SupportRequest],
    complaints: &'a [&'c Complaint],
}

impl<'c> Vehicle<'_, 'c> {
    fn judge(&self, orders: &[Order<'c>], found: &mut Found) {
        let unreported = self.unreported(orders, found);
        if !unreported.is_empty() {
            self.judge_complaints(&unreported, found);
        }
    }

    /// Judges the obligations; gives those that went unreported and are not excused.
    fn unreported(&self, orders: &[Order<'c>], found: &mut Found) -> Vec<Obligation<'c>> {
        let mut unreported = Vec::new();
        for of_fault in orders.chunk_by(|a, b| a.2 == b.2) {
            let attempts = self.attempts(of_fault);
            let requests = self.requests_about(of_fault[0].2);
            for version in self.case.ground.timeline.versions() {
                for obligation in self.obligations(version, &attempts, &requests) {
                    if self.judge_obligation(version, &obligation, found) {
                        unreported.push(obligation);
                    }
                }
            }
        }
        unreported
    }

    /// The seen attempts at one fault, by completion and then order id.
    fn attempts(&self, orders: &[Order<'c>]) -> Vec<Attempt<'c>> {
        let horizon = &self.case.horizon;
        let mut attempts: Vec<Attempt> = orders
            .iter()
            .filter(|(.., order)| horizon.seen(order.created_at))
            .filter_map(|(.., fault, order)| {
                let at = horizon.came(order.completed_at)?;
                Some(Attempt { order, fault: *fault, at, fixed: order.fixed? })
            })
            .collect();
        let id = |attempt: &Attempt| self.case.text(attempt.order.work_order);
        attempts.sort_unstable_by(|a, b| a.at.cmp(&b.at).then_with(|| id(a).cmp(id(b))));
        attempts
    }

    fn requests_about(&self, fault: Code) -> Vec<Instant> {
        let of_fault = self.requests.iter().filter(|request| request.fault == fault);
        let mut requests: Vec<Instant> =
            of_fault.map(|request| request.requested_at).filter(|at| self.case.horizon.seen(*at)).collect();
        requests.sort_unstable();
        requests
    }

    /// The obligations that arise by a version's parameters and are its to judge.
    fn obligations(
        &self,
        version: &Version,
        attempts: &[Attempt<'c>],
        requests: &[Instant],
    ) -> Vec<Obligation<'c>> {
        let terms = &version.policy.repeat_repair;
        let mut obligations = Vec::new();
        let mut unfixed: VecDeque<(Date, Attempt)> = VecDeque::new();
        let mut next_request = 0;
        for (index, attempt) in attempts.iter().enumerate() {
            // At one instant attempts come before requests.
            let asked = requests[next_request..].iter().take_while(|at| **at < attempt.at).count();
            next_request += asked;
            if asked > 0 || attempt.fixed {
                unfixed.clear();
            }
            if attempt.fixed {
                continue;
            }
            let on = self.case.date(attempt.at);
            unfixed.retain(|(earlier, _)| plus_days(*earlier, terms.within_days) >= on);
            unfixed.push_back((on, *attempt));
            if unfixed.len() < terms.attempts {
                continue;
            }
            let unfixed = unfixed.drain(..);
            if self.case.version(on).is_some_and(|judge| judge.number == version.number) {
                let request = requests[next_request..].first().copied();
                let mend = attempts[index + 1..].iter().find(|later| later.fixed).map(|later| later.at);
                obligations.push(Obligation {
                    attempt: *attempt,
                    unfixed: unfixed.map(|(_, attempt)| attempt).collect(),
                    deadline: attempt.at.plus_hours(terms.report_hours),
                    request,
                    settled: request.into_iter().chain(mend).min(),
                });
            }
        }
        obligations
    }

    /// The obligation as its dealer sees it, where it is not met and not excused.
    fn owed(&self, obligation: &Obligation) -> Option<Owed> {
        let order = obligation.attempt.order;
        let subject = self.subject(obligation);
        if obligation.request.is_some() || self.case.rulings.excused(&self.case.horizon, UNREPORTED, &subject)
        {
            return None;
        }
        Some(Owed {
            dealer: order.dealer,
            vin: order.vin,
            fault: obligation.attempt.fault,
            work_order: order.work_order,
            arose_at: obligation.attempt.at,
            due: obligation.deadline,
            attempts: obligation.unfixed.len(),
            mended_at: obligation.settled,
        })
    }

    /// The subject of the finding that nobody met an obligation.
    fn subject(&self, obligation: &Obligation) -> String {
        let (case, order) = (self.case, obligation.attempt.order);
        let (vin, fault) = (case.text(order.vin), case.text(obligation.attempt.fault));
        let (dealer, work_order) = (case.text(order.dealer), case.text(order.work_order));
        format!("vin:{vin}/{fault}@{dealer}#{work_order}")
    }

    /// Whether an obligation went unreported, and that was not excused.
    fn judge_obligation(&self, version: &Version, obligation: &Obligation, found: &mut Found) -> bool {
        let case = self.case;
        if obligation.request.is_some_and(|at| at <= obligation.deadline)
            || !case.horizon.passed(obligation.deadline)
        {
            return false;
        }
        let order = obligation.attempt.order;
        let clause = &version.policy.repeat_repair.unreported;
        let draft = Draft {
            check: NAME,
            clause,
            family: UNREPORTED,
            subject: self.subject(obligation),
            unit: self.unit,
            dealer: order.dealer,
            occurred_on: case.date(obligation.deadline),
            version: version.number,
            charged: &clause.charges,
            detail: detail(&json!({
                "due_at": case.ground.zone.rfc3339(obligation.deadline),
                "requested_at": obligation.request.map(|at| case.ground.zone.rfc3339(at)),
            })),
        };
        let excused = case.rulings.excused(&case.horizon, UNREPORTED, &draft.subject);
        case.find(found, draft);
        !excused
    }

    /// The obligation that a complaint is charged by: of several, that of the earliest date that results, then the
    /// earliest attempt.
    fn cause<'o>(
        &self,
        complaint: &Complaint,
        unreported: &'o [Obligation<'c>],
    ) -> Option<&'o Obligation<'c>> {
        let received = complaint.received_at;
        let caused = unreported.iter().filter(|obligation| {
            received > obligation.attempt.at && obligation.settled.is_none_or(|settled| received < settled)
        });
        caused.min_by_key(|obligation| {
            let work_order = self.case.text(obligation.attempt.order.work_order);
            (received.max(obligation.deadline), obligation.attempt.at, work_order)
        })
    }

    /// Complaints caused by the repair, once each, at the earliest date that results.
    fn judge_complaints(&self, unreported: &[Obligation], found: &mut Found) {
        let case = self.case;
        for complaint in self.complaints {
            let subject = format!("complaint:{}", case.text(complaint.complaint));
            if !case.horizon.seen(complaint.received_at) || case.rulings.withdrawn(&case.horizon, &subject) {
                continue;
            }
            let Some(obligation) = self.cause(complaint, unreported) else { continue };
            let occurred_on = case.date(complaint.received_at.max(obligation.deadline));
            let Some(version) = case.version(occurred_on) else { continue };
            let terms = &version.policy.repeat_repair;
            if !terms.categories.iter().any(|category| category == case.text(complaint.category)) {
                continue;
            }
            let order = obligation.attempt.order;
            let draft = Draft {
                check: NAME,
                clause: &terms.complaint,
                family: "repeat-repair.complaint",
                subject,
                unit: self.unit,
                dealer: complaint.dealer,
                occurred_on,
                version: version.number,
                charged: &terms.complaint.charges,
                detail: detail(&json!({
                    "vin": case.text(order.vin), "fault": case.text(obligation.attempt.fault),
                    "work_order": case.text(order.work_order),
                })),
            };
            case.find(found, draft);
        }
    }
}
