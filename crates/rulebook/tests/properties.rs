//! What holds of every book: neither the order of fact rows nor the cut into units changes what is found, and what
//! time alone changes is woken (rulebook 3.1).
//!
//! The books are small and dense: few dealers, items, people and days, so that rules meet often.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use common::book::{at, day};
use common::ground_with;
use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::{CHECKS, Check, custom};
use farsight_rulebook::codes::Code;
use farsight_rulebook::facts::{
    Answer, Bays, Callback, Certificate, Complaint, ComplaintEvent, CustomerBase, Dealer, Deed, Delay,
    Employment, Facts, Feedback, Inspection, InspectionResult, Level, Move, MysteryVisit, PartPrice, Post,
    Role, Ruling, RulingKind, SupportRequest, Vehicle, WorkOrder,
};
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::{Policy, Seat, Timeline, Version};
use farsight_rulebook::receipt::receipt;
use farsight_rulebook::time::{HOUR, Instant, MINUTE, plus_days};
use proptest::prelude::*;

/// One row in small numbers, from which a row of any table is made.
#[derive(Debug, Clone)]
struct Seed {
    table: u8,
    which: u8,
    dealer: u8,
    hours: u16,
    more: u16,
    choice: u8,
}

/// Hours of the half year from 2025-01-01 that the books cover.
const HOURS: u16 = 181 * 24;

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
fn seeds() -> impl Strategy<Value = Vec<Seed>> {
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
fn when(hours: u16) -> Instant {
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
fn facts(seeds: &[Seed]) -> Facts {
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

/// Two policy versions, the second counting otherwise, so that a change of version is crossed too.
fn ground() -> &'static Ground {
    static GROUND: LazyLock<Ground> = LazyLock::new(two_versions);
    &GROUND
}

fn two_versions() -> Ground {
    // The least counts are small, so that small books reach them.
    const SMALL: [(&str, &str, &str); 12] = [
        ("service-clock.min_orders", "20", "1"),
        ("service-clock.slow", "\"0.00\"", "\"100.00\""),
        ("service-clock.compensation", "\"0.00\"", "\"10.00\""),
        ("satisfaction.min_responses", "10", "1"),
        ("satisfaction.min_regions", "3", "2"),
        ("feedback.min_orders", "20", "1"),
        ("feedback.callback-missed", "\"0.00\"", "\"50.00\""),
        ("retention.min_vehicles", "20", "1"),
        ("retention.churn", "\"0.00\"", "\"500.00\""),
        ("fault-hotspot.min_count", "5", "1"),
        ("fault-hotspot.chance", "1000", "500000"),
        ("transparency.unconfirmed", "\"0.00\"", "\"5.00\""),
    ];
    let overdue = [("bay-turnover.overdue", "\"0.00\"", "\"3000.00\"")];
    let mut ground = ground_with(&[]);
    let first = with_own_rules(&[&SMALL[..], &overdue[..]].concat(), "50");
    ground.timeline = Timeline::of(first, day("2014-09-01"));
    let second = [
        ("spot-check.repeat_window", "\"next-month\"", "\"next-check\""),
        ("spot-check.follow_up_charges", "false", "true"),
        ("spot-check.manager_unit", "\"inspection\"", "\"item\""),
        ("complaint.days", "\"natural\"", "\"working\""),
        ("certification.expiring_days", "[60, 30, 7]", "[45, 7]"),
        ("bay-turnover.rectify_days", "60", "20"),
        ("repeat-repair.report_hours", "24", "48"),
        ("service-clock.complete_hours", "24", "12"),
        ("satisfaction.gold_at", "95", "99"),
        ("feedback.solve_hours", "48", "24"),
        ("retention.away_days", "90", "20"),
    ];
    let mut versions = ground.timeline.versions().to_vec();
    let policy = std::sync::Arc::new(with_own_rules(&[&SMALL[..], &second[..]].concat(), "30"));
    versions.push(Version { number: 2, effective_on: day("2025-03-16"), policy });
    ground.timeline = Timeline::new(versions, None);
    ground
}

/// The example policy with some texts replaced, and rules of the manufacturer's own.
fn with_own_rules(edits: &[(&str, &str, &str)], percent: &str) -> Policy {
    let rules = include_str!("own_rules.toml").replace("{percent}", percent);
    common::policy_of(&format!("{}\n{rules}", common::policy_text("example-2026", edits)))
}

/// The units of own rules in the months that ended after one instant and by another: time alone has them judged.
fn ended(check: &Check, facts: &Facts, (since, now): (Instant, Instant)) -> Vec<String> {
    let zone = &ground().zone;
    if check.name != custom::NAME {
        return Vec::new();
    }
    let months = custom::ended(Period::of(zone.date(since)), zone, now);
    let of_dealers = |month: Period| {
        facts.dealers.iter().map(move |row| format!("{}@{month}", facts.codes.text(row.dealer)))
    };
    months.flat_map(|month| of_dealers(month).chain([month.to_string()])).collect()
}

fn judge(check: &Check, facts: &Facts, ground: &Ground, as_of: Instant, judged: Judged) -> Found {
    let mut found = Found::default();
    (check.evaluate)(&Case::new(facts, ground, as_of, judged), &mut found).unwrap();
    found
}

/// A finding in texts, whatever the order of its codes.
fn told(facts: &Facts, finding: &Finding) -> String {
    let charges: BTreeSet<String> = finding
        .charges
        .iter()
        .map(|charge| {
            format!("{} {} {}", charge.seat.name(), facts.codes.text(charge.party), charge.amount.0)
        })
        .collect();
    let Finding { clause, family, subject, unit, occurred_on, version, detail, .. } = finding;
    let (dealer, region) = (facts.codes.text(finding.dealer), facts.codes.text(finding.region));
    let vacant = &finding.vacant;
    format!(
        "{clause} {family} {subject} {unit} {dealer} {region} {occurred_on} {version} {charges:?} {vacant:?} {detail}"
    )
}

fn all_told(facts: &Facts, findings: &[Finding]) -> Vec<String> {
    let mut lines: Vec<String> = findings.iter().map(|finding| told(facts, finding)).collect();
    lines.sort();
    lines
}

fn units(found: &Found) -> BTreeSet<String> {
    let of_findings = found.findings.iter().map(|finding| finding.unit.clone());
    of_findings.chain(found.wakes.iter().map(|wake| wake.unit.clone())).collect()
}

/// How many books each property is asked of: `PROPTEST_CASES`, or enough to meet every clause.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(600)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn the_order_of_rows_changes_nothing(
        (seeds, shuffled) in seeds().prop_flat_map(|seeds| (Just(seeds.clone()), Just(seeds).prop_shuffle())),
        hours in 0..HOURS,
    ) {
        // Rows are chosen once (a key's first seed), then given in another order, with other codes.
        let given = facts(&seeds);
        let mut other = Facts::default();
        for seed in &shuffled {
            other.codes.keep(&format!("E{}", seed.which % 3));
            other.codes.keep(&format!("item-0{}", 1 + seed.which % 2));
            other.codes.keep(&format!("F{}", seed.choice % 2));
        }
        common::recode(&given, &mut other, usize::from(hours));
        let ground = ground();
        for check in &CHECKS {
            let (a, b) = (judge(check, &given, ground, when(hours), Judged::All), judge(check, &other, ground, when(hours), Judged::All));
            prop_assert_eq!(all_told(&given, &a.findings), all_told(&other, &b.findings), "{}", check.name);
            let wakes = |found: &Found| found.wakes.iter().map(|wake| (wake.unit.clone(), wake.at)).collect::<BTreeSet<_>>();
            prop_assert_eq!(wakes(&a), wakes(&b), "{}", check.name);
        }
    }

    #[test]
    fn a_unit_alone_is_judged_as_among_all(seeds in seeds(), hours in 0..HOURS) {
        let (facts, ground) = (facts(&seeds), ground());
        for check in &CHECKS {
            let all = judge(check, &facts, ground, when(hours), Judged::All);
            let mut apart = Found::default();
            for unit in units(&all) {
                let one = judge(check, &facts, ground, when(hours), Judged::Units(std::iter::once(unit.clone()).collect()));
                prop_assert!(one.findings.iter().all(|finding| finding.unit == unit));
                prop_assert!(one.wakes.iter().all(|wake| wake.unit == unit));
                apart.findings.extend(one.findings);
                apart.wakes.extend(one.wakes);
            }
            prop_assert_eq!(all_told(&facts, &apart.findings), all_told(&facts, &all.findings), "{}", check.name);
            let wakes = |found: &Found| found.wakes.iter().map(|wake| (wake.unit.clone(), wake.at)).collect::<BTreeSet<_>>();
            prop_assert_eq!(wakes(&apart), wakes(&all), "{}", check.name);
        }
    }

    #[test]
    fn judging_only_what_has_woken_gives_the_whole(seeds in seeds(), start in 0..HOURS, steps in prop::collection::vec(1_u16..900, 1..6)) {
        let (facts, ground) = (facts(&seeds), ground());
        for check in &CHECKS {
            let mut now = when(start);
            let Found { findings, wakes } = judge(check, &facts, ground, now, Judged::All);
            let mut standing = findings;
            let mut due: BTreeMap<String, Instant> = wakes.into_iter().map(|wake| (wake.unit, wake.at)).collect();
            for hours in &steps {
                let since = now;
                now = Instant(now.0 + i64::from(*hours) * HOUR + i64::from(hours % 2));
                let mut woken: hashbrown::HashSet<String> =
                    due.iter().filter(|(_, at)| **at <= now).map(|(unit, _)| unit.clone()).collect();
                woken.extend(ended(check, &facts, (since, now)));
                let again = judge(check, &facts, ground, now, Judged::Units(woken.clone()));
                standing.retain(|finding| !woken.contains(&finding.unit));
                standing.extend(again.findings);
                due.retain(|unit, _| !woken.contains(unit));
                due.extend(again.wakes.into_iter().map(|wake| (wake.unit, wake.at)));
                let whole = judge(check, &facts, ground, now, Judged::All);
                prop_assert_eq!(all_told(&facts, &standing), all_told(&facts, &whole.findings), "{} at {}", check.name, now);
            }
        }
    }

    #[test]
    fn every_charge_has_a_receipt_that_stands_on_facts_that_are_there(seeds in seeds(), hours in 0..HOURS) {
        let (facts, ground) = (facts(&seeds), ground());
        let case = Case::new(&facts, ground, when(hours), Judged::All);
        for check in &CHECKS {
            for finding in judge(check, &facts, ground, when(hours), Judged::All).findings {
                for seat in [Seat::Dealer, Seat::DistrictManager, Seat::RegionDirector, Seat::Employee] {
                    let receipt = receipt(&case, check, &finding, seat).unwrap();
                    for fact in &receipt.facts {
                        prop_assert_eq!(facts.without(fact.table, &fact.key).len() + 1, facts.len(), "{:?}", fact);
                    }
                    if receipt.amount.is_zero() {
                        prop_assert_eq!(receipt.counterfactual, None);
                        continue;
                    }
                    // What is counted may be none: then no row is to be named.
                    let none_counted = finding.check == custom::NAME;
                    let by_counts = ["bay-turnover.data-missing", "certification.shortfall", "retention.churn"];
                    if !none_counted && !by_counts.contains(&finding.clause) {
                        prop_assert!(receipt.facts.iter().any(|fact| fact.judged), "{:?}", finding);
                        let charged = receipt.charged.iter().find(|charged| charged.seat == seat);
                        prop_assert_eq!(charged.map(|charged| charged.amount), Some(receipt.amount));
                    }
                    if let Some(otherwise) = receipt.counterfactual {
                        prop_assert!(otherwise.would_be.0.abs() < receipt.amount.0.abs());
                    }
                }
            }
        }
    }
}
