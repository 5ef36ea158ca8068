//! Books made by chance: small numbers that become rows of the tables that meet in one check.

use farsight_rulebook::codes::Code;
use farsight_rulebook::facts::{
    Answer, Bays, Callback, Certificate, Complaint, ComplaintEvent, CustomerBase, Dealer, Deed, Delay,
    Employment, Facts, Feedback, Inspection, InspectionResult, Level, Move, MysteryVisit, PartPrice, Post,
    Role, Ruling, RulingKind, SupportRequest, Vehicle, WorkOrder,
};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, MINUTE, plus_days};
use proptest::prelude::*;

use crate::common::book::{at, day};

/// One row in small numbers, from which a row of any table is made.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    table: u8,
    pub(crate) which: u8,
    dealer: u8,
    hours: u16,
    more: u16,
    pub(crate) choice: u8,
}

/// Hours of the half year from 2025-01-01 that the books cover.
pub(crate) const HOURS: u16 = 181 * 24;

/// The tables whose rows meet in one check, some twice to be drawn more often.
const TOPICS: [&[u8]; 9] = [
    &[0, 0, 0, 11, 12],
    &[2, 3, 3, 3, 12],
    &[5, 5, 6, 6, 7, 10],
    &[9, 9, 9, 10, 12],
    &[7, 7, 7, 8, 2, 12],
    &[7, 7, 7, 13, 18, 20],
    &[14, 14, 14, 14, 14, 11, 20],
    &[15, 15, 16, 16, 20, 19],
    &[17, 17, 7, 7, 7, 20],
];

/// Rows of one check's tables, so that they meet.
pub(crate) fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    (0..TOPICS.len()).prop_flat_map(|topic| {
        let tables = prop::sample::select(TOPICS[topic]);
        let seed = (tables, 0_u8..6, 0_u8..2, 0..HOURS, 0..HOURS, any::<u8>());
        // Repairs and complaints of one vehicle meet within two months.
        let span = if topic == 4 { 60 * 24 } else { HOURS };

        let seed = seed.prop_map(move |(table, which, dealer, hours, more, choice)| Seed {
            table,
            which,
            dealer,
            hours: hours % span,
            more,
            choice,
        });
        prop::collection::vec(seed, 1..70)
    })
}

/// Mostly full hours of the day, so that deadlines are met to the instant.
pub(crate) fn when(hours: u16) -> Instant {
    let whole_days = hours / 24 * 24 + if hours.is_multiple_of(3) { 10 } else { hours % 24 };
    at("2025-01-01 00:00").plus_hours(i64::from(whole_days))
}

fn on(hours: u16) -> jiff::civil::Date {
    let date = plus_days(day("2025-01-01"), i64::from(hours / 24));
    match hours % 5 {
        0 => date.first_of_month(),
        1 => date.last_of_month(),
        _ => date,
    }
}

/// The facts of some seeds, each key once (the first seed of a key holds), rows added in the given order.
pub(crate) fn facts(seeds: &[Seed]) -> Facts {
    let mut facts = Facts::default();
    for dealer in ["D0", "D1"] {
        let (dealer, region) = (facts.codes.keep(dealer), facts.codes.keep("R0"));
        facts.dealers.push(Dealer { dealer, region, opened_on: day("2020-01-01"), closed_on: None });
    }
    for seed in seeds {
        add(&mut facts, seed);
    }
    facts
}

fn add(facts: &mut Facts, seed: &Seed) {
    let Seed { which, hours, more, choice, .. } = *seed;
    let mut code = |text: String| facts.codes.keep(&text);
    let dealer = code(format!("D{}", seed.dealer));
    let person = code(format!("E{}", which % 3));
    let (vin, fault) = (code(format!("V{}", which % 2)), code(format!("F{}", choice % 2)));
    // One id says one thing only: everything of the row's key is in it.
    let id = code(format!("X{}-{which}-{}-{hours}-{more}-{choice}", seed.table, seed.dealer));
    let complaint = code(format!("C{}-{}", which % 4, seed.dealer));
    let later = (more > hours).then(|| when(more));
    match seed.table {
        0 => {
            let hours = hours / 36 * 36; // several items in one inspection
            let item = code(format!("item-0{}", 1 + which % 2));
            let result = match choice % 8 {
                0 => InspectionResult::Pass,
                1 => InspectionResult::NotVisible,
                2 => InspectionResult::NotApplicable,
                _ => InspectionResult::Fail,
            };
            let inspection = code(format!("I{}-{hours}", seed.dealer));
            let follow_up = hours % 7 == 0;
            let row = Inspection { inspection, item, dealer, inspected_at: when(hours), result, follow_up };
            if !facts.inspections.iter().any(|other| (other.inspection, other.item) == (inspection, item)) {
                facts.inspections.push(row);
            }
        }
        2 => {
            let category =
                code(["attitude", "waiting", "repair-quality", "parts"][usize::from(choice % 4)].to_owned());
            let row = Complaint {
                complaint,
                dealer,
                received_at: when(hours),
                category,
                dispatched_at: (choice % 4 == 0).then(|| when(hours).plus_hours(i64::from(more % 72))),
                major: choice % 2 == 0,
                vin: (choice % 5 < 4).then_some(vin),
            };
            if !facts.complaints.iter().any(|other| other.complaint == complaint) {
                facts.complaints.push(row);
            }
        }
        3 => {
            let deed = match choice % 7 {
                0 => Deed::FirstReply,
                1 => Deed::HandledByDealerGm,
                2 => Deed::HandledByDeputyDirector,
                3 => Deed::Submitted,
                4 => Deed::Callback(None),
                5 => Deed::Callback(Some(false)),
                _ => Deed::Callback(Some(true)),
            };
            // Soon after the complaint, where there is one.
            let received = facts
                .complaints
                .iter()
                .find(|other| other.complaint == complaint)
                .map(|other| other.received_at);
            let at = received.map_or(when(hours), |received| received.plus_hours(i64::from(more % 200) - 5));
            let row = ComplaintEvent { complaint, at, deed };
            let same = |other: &ComplaintEvent| {
                (other.complaint, other.at, other.deed.kind()) == (row.complaint, row.at, row.deed.kind())
            };
            if !facts.complaint_events.iter().any(same) {
                facts.complaint_events.push(row);
            }
        }
        5 => {
            let position =
                ["service-advisor", "service-advisor", "technician", "clerk"][usize::from(choice / 8 % 4)];
            let position = code(position.to_owned());
            let to = (choice % 2 == 0).then(|| on(hours).max(on(more)));
            let leave_reason = (choice % 5 == 0).then(|| code("transfer".to_owned()));
            let row = Employment { person, dealer, position, from: on(hours), to, leave_reason };
            let key = |row: &Employment| (row.person, row.dealer, row.position, row.from);
            if !facts.employments.iter().any(|other| key(other) == key(&row)) {
                facts.employments.push(row);
            }
        }
        6 => {
            let kind =
                ["service-advisor", "service-advisor", "technician", "nev"][usize::from(choice / 8 % 4)];
            let kind = code(kind.to_owned());
            let level = [None, Some(Level::Basic), Some(Level::Special)][usize::from(choice % 9 / 3)];
            let row = Certificate {
                certificate: id,
                person,
                kind,
                level,
                issued_on: on(hours),
                expires_on: on(hours).max(plus_days(on(more), i64::from(choice))),
                revoked_on: (choice % 6 == 0).then(|| plus_days(on(hours), i64::from(more % 90))),
            };
            if !facts.certificates.iter().any(|other| other.certificate == id) {
                facts.certificates.push(row);
            }
        }
        7 => {
            let row = WorkOrder {
                work_order: id,
                dealer,
                vin,
                fault: (choice % 12 < 11).then_some(fault),
                created_at: when(hours),
                reported_at: (choice % 4 == 0).then(|| Instant(when(hours).0 - i64::from(more % 8) * MINUTE)),
                diagnosed_at: (choice % 5 > 0)
                    .then(|| Instant(when(hours).0 + i64::from(more % 40) * MINUTE)),
                promised_at: (choice % 3 == 0).then(|| when(hours).plus_hours(i64::from(choice % 30))),
                completed_at: (choice % 16 < 15).then(|| when(hours).plus_hours(i64::from(more % 60))),
                fixed: [Some(false), Some(false), Some(false), Some(false), Some(true), None]
                    [usize::from(choice % 6)],
                advisor: (choice % 3 == 0).then_some(person),
                technician: (choice % 3 == 1).then_some(person),
                level: [Level::Basic, Level::Special][usize::from(choice / 2 % 2)],
                nev: choice % 11 == 0,
                odometer_km: Some(i64::from(more % 1_500)),
                confirmed: choice % 9 > 0,
            };
            if !facts.work_orders.iter().any(|other| other.work_order == id) {
                facts.work_orders.push(row);
            }
        }
        8 => {
            let row = SupportRequest { request: id, dealer, vin, fault, requested_at: when(hours) };
            if !facts.support_requests.iter().any(|other| other.request == id) {
                facts.support_requests.push(row);
            }
        }
        9 => {
            let month = Period::of(on(hours));
            let visits = (choice % 3 > 0).then(|| i64::from(more % 90));
            let row = CustomerBase { dealer, month, base_customers: i64::from(more), visits };
            if !facts.customer_base.iter().any(|other| (other.dealer, other.month) == (dealer, month)) {
                facts.customer_base.push(row);
            }
        }
        10 => {
            let row = Bays { dealer, effective_on: on(hours), bays: i64::from(choice % 14) };
            if !facts
                .bays
                .iter()
                .any(|other| (other.dealer, other.effective_on) == (dealer, row.effective_on))
            {
                facts.bays.push(row);
            }
        }
        11 => {
            let region = code(format!("R{}", choice % 2));
            let (role, scope) = [
                (Role::DistrictManager, dealer),
                (Role::RegionDirector, region),
                (Role::RegionDeputyDirector, region),
            ][usize::from(choice % 3)];
            let row =
                Post { person, role, scope, from: on(hours), to: later.map(|_| on(hours).max(on(more))) };
            let key = |row: &Post| (row.person, row.role, row.scope, row.from);
            if !facts.posts.iter().any(|other| key(other) == key(&row)) {
                facts.posts.push(row);
            }
            if choice % 7 == 0
                && !facts.moves.iter().any(|step| (step.dealer, step.from) == (dealer, on(hours)))
            {
                facts.moves.push(Move { dealer, from: on(hours), region });
            }
        }
        12 => rule(facts, seed, &format!("C{}-{}", which % 4, seed.dealer)),
        _ => add_service(facts, seed, dealer, person, vin, id),
    }
}

/// Rows of service and customers. Vehicles, orders and calls meet, for there are few of each.
fn add_service(facts: &mut Facts, seed: &Seed, dealer: Code, person: Code, vin: Code, id: Code) {
    let Seed { which, hours, more, choice, .. } = *seed;
    let order = facts.work_orders.get(usize::from(more) % facts.work_orders.len().max(1)).copied();
    match seed.table {
        13 => {
            let Some(order) = order else { return };
            let given_at = order.created_at.plus_hours(i64::from(choice % 40));
            let promised_at = given_at.plus_hours(i64::from(more % 100));
            let row = Delay { work_order: order.work_order, given_at, promised_at };
            let key = |row: &Delay| (row.work_order, row.given_at);
            if !facts.delays.iter().any(|other| key(other) == key(&row)) {
                facts.delays.push(row);
            }
        }
        14 => {
            let factor = ["response", "quality", "attitude", "amenities"][usize::from(choice % 4)];
            let row = Answer {
                response: id,
                factor: facts.codes.keep(factor),
                dealer,
                employee: (which > 0).then_some(person),
                answered_at: when(hours),
                score: i64::from(more) % 2_001 + 8_000,
            };
            if !facts.answers.iter().any(|other| other.response == id) {
                facts.answers.push(row);
            }
        }
        15 => {
            let score = i64::from(more) % 10_001;
            let scores = [score, 10_000, score / 2, 10_000];
            let row = MysteryVisit { visit: id, dealer, visited_on: on(hours), scores };
            if !facts.mystery_visits.iter().any(|other| other.visit == id) {
                facts.mystery_visits.push(row);
            }
        }
        16 => {
            let solved_at = (choice % 3 > 0).then(|| when(hours).plus_hours(i64::from(more % 96)));
            if !facts.feedback.iter().any(|other| other.feedback == id) {
                facts.feedback.push(Feedback { feedback: id, dealer, received_at: when(hours), solved_at });
            }
        }
        17 => {
            let model = facts.codes.keep(&format!("M{}", choice % 2));
            let dealer = (choice % 5 > 0).then_some(dealer);
            let row = Vehicle { vin, model, sold_on: on(hours), dealer };
            if !facts.vehicles.iter().any(|other| other.vin == vin) {
                facts.vehicles.push(row);
            }
        }
        18 => {
            let Some((order, at)) = order.and_then(|order| Some((order.work_order, order.completed_at?)))
            else {
                return;
            };
            let row = Callback { work_order: order, at: at.plus_hours(i64::from(choice % 30) - 2) };
            if !facts.callbacks.iter().any(|other| (other.work_order, other.at) == (row.work_order, row.at)) {
                facts.callbacks.push(row);
            }
        }
        19 => {
            let row = PartPrice {
                part: facts.codes.keep(&format!("P{}", which % 2)),
                effective_on: on(hours),
                dealer: (choice % 2 == 0).then_some(dealer),
                price: i64::from(more % 3) * 100,
            };
            let key = |row: &PartPrice| (row.part, row.effective_on, row.dealer);
            if !facts.part_prices.iter().any(|other| key(other) == key(&row)) {
                facts.part_prices.push(row);
            }
        }
        _ => {
            let month = Period::of(on(more));
            let subject = match choice % 6 {
                0 => format!("dealer:D{}@{month}", seed.dealer),
                1 => format!("person:E{}@{month}", which % 3),
                2 => format!("region:R0@{month}"),
                3 => format!("model:M{}/F{}@{month}", choice % 2, choice % 2),
                _ => order.map_or_else(
                    || "order:none".to_owned(),
                    |order| format!("order:{}", facts.codes.text(order.work_order)),
                ),
            };
            let ruling = format!("S-{}-{hours}-{more}-{choice}", seed.dealer);
            let (kind, decided_at) = (RulingKind::Excuse, when(hours));
            if !facts.rulings.iter().any(|other| other.ruling == ruling) {
                facts.rulings.push(Ruling { ruling, kind, subject, family: None, decided_at, amount: None });
            }
        }
    }
}

/// A ruling on something that may be found.
fn rule(facts: &mut Facts, seed: &Seed, complaint: &str) {
    let Seed { hours, more, choice, .. } = *seed;
    let dealer_month = format!("dealer:D{}@{}", seed.dealer, Period::of(on(more)));
    let (kind, subject, amount) = match choice % 6 {
        0 => {
            (RulingKind::Mishandled, format!("complaint:{complaint}"), Some(Money(500_000 + i64::from(more))))
        }
        1 => (RulingKind::Withdraw, format!("complaint:{complaint}"), None),
        2 => (RulingKind::Excuse, format!("complaint:{complaint}"), None),
        3 => (RulingKind::Accept, dealer_month, None),
        4 => (RulingKind::Excuse, dealer_month, None),
        _ => (RulingKind::Excuse, excusable(facts, usize::from(more)), None),
    };
    let ruling = format!("U-{}-{hours}-{more}-{choice}", seed.dealer);
    if !facts.rulings.iter().any(|other| other.ruling == ruling) {
        facts.rulings.push(Ruling { ruling, kind, subject, family: None, decided_at: when(hours), amount });
    }
}

/// Some failure's subject.
fn excusable(facts: &Facts, pick: usize) -> String {
    let Some(row) = facts.inspections.get(pick % facts.inspections.len().max(1)) else {
        return "inspection:I#none".to_owned();
    };
    format!("inspection:{}#{}", facts.codes.text(row.inspection), facts.codes.text(row.item))
}
