//! Reads a folder of fact files into [`Facts`], simply: for tests, which have small files without faults.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

pub mod book;

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use farsight_rulebook::calendar::{Calendar, DayKind};
use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::{CHECKS, mystery_shopper};
use farsight_rulebook::codes::{Code, Codes};
use farsight_rulebook::facts::{
    Answer, Bays, Callback, Certificate, Complaint, ComplaintEvent, CustomerBase, Dealer, Deed, Delay,
    Employment, Exam, Facts, Feedback, Inspection, InspectionResult, Level, Move, MysteryVisit, PartPrice,
    Post, Role, Ruling, RulingKind, SupportRequest, Vehicle, WorkOrder,
};
use farsight_rulebook::finding::Found;
use farsight_rulebook::messages::Messages;
use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::{Policy, Timeline};
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::{Date, DateTime};

/// One row by column name; a column that is not there is empty.
pub struct Row<'z> {
    cells: HashMap<String, String>,
    zone: &'z Zone,
}

impl Row<'_> {
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn text(&self, column: &str) -> &str {
        self.get(column).unwrap_or_else(|| panic!("{column} is empty"))
    }

    fn date(&self, column: &str) -> Option<Date> {
        self.get(column).map(|text| text.parse().unwrap())
    }

    fn instant(&self, column: &str) -> Option<Instant> {
        self.get(column).map(|text| instant(text, self.zone))
    }

    fn number(&self, column: &str) -> Option<i64> {
        self.get(column).map(|text| text.parse().unwrap())
    }

    fn flag(&self, column: &str) -> Option<bool> {
        self.get(column).map(|text| matches!(text, "true" | "1" | "是"))
    }
}

pub fn instant(text: &str, zone: &Zone) -> Instant {
    match text.parse::<jiff::Timestamp>() {
        Ok(timestamp) => Instant::exactly(timestamp).unwrap(),
        Err(_) => zone.instant(text.parse::<DateTime>().unwrap()).unwrap(),
    }
}

pub fn rows<'z>(folder: &Path, table: &str, zone: &'z Zone) -> Vec<Row<'z>> {
    let Ok(file) = File::open(folder.join(format!("{table}.csv"))) else { return Vec::new() };
    let rows = csv::Reader::from_reader(file).into_deserialize().map(|row| Row { cells: row.unwrap(), zone });
    rows.filter(|row: &Row| row.flag("voided") != Some(true)).collect()
}

pub fn read(folder: &Path, zone: &Zone) -> Facts {
    let mut facts = Facts::default();
    let mut codes = std::mem::take(&mut facts.codes);
    let mut keep = |text: &str| codes.keep(text);
    for row in rows(folder, "dealers", zone) {
        facts.dealers.push(Dealer {
            dealer: keep(row.text("dealer_code")),
            region: keep(row.text("region_code")),
            opened_on: row.date("opened_on").unwrap(),
            closed_on: row.date("closed_on"),
        });
    }
    for row in rows(folder, "dealer_regions", zone) {
        facts.moves.push(Move {
            dealer: keep(row.text("dealer_code")),
            from: row.date("from").unwrap(),
            region: keep(row.text("region_code")),
        });
    }
    for row in rows(folder, "posts", zone) {
        facts.posts.push(Post {
            person: keep(row.text("person_code")),
            role: Role::named(row.text("role")).unwrap(),
            scope: keep(row.text("scope_code")),
            from: row.date("from").unwrap(),
            to: row.date("to"),
        });
    }
    for row in rows(folder, "bays", zone) {
        facts.bays.push(Bays {
            dealer: keep(row.text("dealer_code")),
            effective_on: row.date("effective_on").unwrap(),
            bays: row.number("bays").unwrap(),
        });
    }
    for row in rows(folder, "customer_base", zone) {
        facts.customer_base.push(CustomerBase {
            dealer: keep(row.text("dealer_code")),
            month: row.text("month").parse().unwrap(),
            base_customers: row.number("base_customers").unwrap(),
            visits: row.number("visits"),
        });
    }
    for row in rows(folder, "inspections", zone) {
        facts.inspections.push(Inspection {
            inspection: keep(row.text("inspection_id")),
            item: keep(row.text("item_code")),
            dealer: keep(row.text("dealer_code")),
            inspected_at: row.instant("inspected_at").unwrap(),
            result: match row.text("result") {
                "pass" => InspectionResult::Pass,
                "fail" => InspectionResult::Fail,
                "na" => InspectionResult::NotApplicable,
                "not-visible" => InspectionResult::NotVisible,
                other => panic!("{other}"),
            },
            follow_up: row.get("kind") == Some("follow-up"),
        });
    }
    for row in rows(folder, "complaints", zone) {
        facts.complaints.push(Complaint {
            complaint: keep(row.text("complaint_id")),
            dealer: keep(row.text("dealer_code")),
            received_at: row.instant("received_at").unwrap(),
            dispatched_at: row.instant("dispatched_at"),
            major: row.text("severity") == "major",
            category: keep(row.text("category")),
            vin: row.get("vin").map(&mut keep),
        });
    }
    for row in rows(folder, "complaint_events", zone) {
        let deed = match (row.text("kind"), row.get("actor_role")) {
            ("first-reply", _) => Deed::FirstReply,
            ("handled", Some("dealer-gm")) => Deed::HandledByDealerGm,
            ("handled", _) => Deed::HandledByDeputyDirector,
            ("submitted", _) => Deed::Submitted,
            ("callback", _) => Deed::Callback(row.flag("satisfied")),
            other => panic!("{other:?}"),
        };
        facts.complaint_events.push(ComplaintEvent {
            complaint: keep(row.text("complaint_id")),
            at: row.instant("at").unwrap(),
            deed,
        });
    }
    for row in rows(folder, "employments", zone) {
        facts.employments.push(Employment {
            person: keep(row.text("person_code")),
            dealer: keep(row.text("dealer_code")),
            position: keep(row.text("position")),
            from: row.date("from").unwrap(),
            to: row.date("to"),
            leave_reason: row.get("leave_reason").map(&mut keep),
        });
    }
    for row in rows(folder, "certificates", zone) {
        facts.certificates.push(Certificate {
            certificate: keep(row.text("certificate_id")),
            person: keep(row.text("person_code")),
            kind: keep(row.text("kind")),
            level: row.get("level").map(|level| Level::named(level).unwrap()),
            issued_on: row.date("issued_on").unwrap(),
            expires_on: row.date("expires_on").unwrap(),
            revoked_on: row.date("revoked_on"),
        });
    }
    for row in rows(folder, "work_orders", zone) {
        facts.work_orders.push(WorkOrder {
            work_order: keep(row.text("work_order_id")),
            dealer: keep(row.text("dealer_code")),
            vin: keep(row.text("vin")),
            fault: row.get("fault_code").map(&mut keep),
            reported_at: row.instant("reported_at"),
            created_at: row.instant("created_at").unwrap(),
            diagnosed_at: row.instant("diagnosed_at"),
            promised_at: row.instant("promised_at"),
            completed_at: row.instant("completed_at"),
            fixed: row.flag("fixed"),
            advisor: row.get("advisor_code").map(&mut keep),
            technician: row.get("technician_code").map(&mut keep),
            level: row.get("level").map_or(Level::Basic, |level| Level::named(level).unwrap()),
            nev: row.flag("nev") == Some(true),
            odometer_km: row.number("odometer_km"),
            confirmed: ["confirmed_advisor", "confirmed_technician", "confirmed_inspector"]
                .iter()
                .all(|column| row.flag(column) == Some(true)),
        });
    }
    read_service(folder, zone, &mut facts, &mut keep);
    for row in rows(folder, "support_requests", zone) {
        facts.support_requests.push(SupportRequest {
            request: keep(row.text("request_id")),
            dealer: keep(row.text("dealer_code")),
            vin: keep(row.text("vin")),
            fault: keep(row.text("fault_code")),
            requested_at: row.instant("requested_at").unwrap(),
        });
    }
    let yuan = Currency::of("CNY").unwrap();
    for row in rows(folder, "rulings", zone) {
        facts.rulings.push(Ruling {
            ruling: row.text("ruling_id").to_owned(),
            kind: RulingKind::named(row.text("kind")).unwrap(),
            subject: row.text("subject").to_owned(),
            family: row.get("family").map(str::to_owned),
            decided_at: row.instant("decided_at").unwrap(),
            amount: row.get("amount").map(|amount| yuan.parse(amount).unwrap()),
        });
    }
    facts.codes = codes;
    facts
}

/// 0 to 100 or a price, in hundredths.
fn hundredths(row: &Row, column: &str) -> i64 {
    Currency::of("CNY").unwrap().parse(row.text(column)).unwrap().0
}

/// The tables of service and customers.
fn read_service(folder: &Path, zone: &Zone, facts: &mut Facts, mut keep: &mut impl FnMut(&str) -> Code) {
    for row in rows(folder, "work_order_delays", zone) {
        facts.delays.push(Delay {
            work_order: keep(row.text("work_order_id")),
            given_at: row.instant("given_at").unwrap(),
            promised_at: row.instant("promised_at").unwrap(),
        });
    }
    for row in rows(folder, "surveys", zone) {
        facts.answers.push(Answer {
            response: keep(row.text("response_id")),
            factor: keep(row.text("factor")),
            dealer: keep(row.text("dealer_code")),
            employee: row.get("employee_code").map(&mut keep),
            answered_at: row.instant("answered_at").unwrap(),
            score: hundredths(&row, "score"),
        });
    }
    for row in rows(folder, "mystery_visits", zone) {
        facts.mystery_visits.push(MysteryVisit {
            visit: keep(row.text("visit_id")),
            dealer: keep(row.text("dealer_code")),
            visited_on: row.date("visited_on").unwrap(),
            scores: mystery_shopper::FACTORS.map(|factor| hundredths(&row, factor)),
        });
    }
    for row in rows(folder, "feedback", zone) {
        facts.feedback.push(Feedback {
            feedback: keep(row.text("feedback_id")),
            dealer: keep(row.text("dealer_code")),
            received_at: row.instant("received_at").unwrap(),
            solved_at: row.instant("solved_at"),
        });
    }
    for row in rows(folder, "callbacks", zone) {
        facts
            .callbacks
            .push(Callback { work_order: keep(row.text("work_order_id")), at: row.instant("at").unwrap() });
    }
    for row in rows(folder, "vehicles", zone) {
        facts.vehicles.push(Vehicle {
            vin: keep(row.text("vin")),
            model: keep(row.text("model")),
            sold_on: row.date("sold_on").unwrap(),
            dealer: row.get("dealer_code").map(&mut keep),
        });
    }
    for row in rows(folder, "part_prices", zone) {
        facts.part_prices.push(PartPrice {
            part: keep(row.text("part_code")),
            effective_on: row.date("effective_on").unwrap(),
            dealer: row.get("dealer_code").map(&mut keep),
            price: hundredths(&row, "price"),
        });
    }
    for row in rows(folder, "exams", zone) {
        facts.exams.push(Exam {
            person: keep(row.text("person_code")),
            taken_on: row.date("taken_on").unwrap(),
            score: hundredths(&row, "score"),
        });
    }
}

pub fn policy(name: &str) -> Policy {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let text = std::fs::read_to_string(root.join(format!("{name}.toml"))).unwrap();
    Policy::read(&text, Currency::of("CNY").unwrap()).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The message files that ship.
pub fn messages() -> Messages {
    let chinese = include_str!("../../../../config/messages/zh-CN.toml");
    Messages::read(chinese, include_str!("../../../../config/messages/en.toml")).unwrap()
}

/// A shipped policy with some texts replaced, each after the header of its table.
pub fn policy_with(name: &str, edits: &[(&str, &str, &str)]) -> Policy {
    policy_of(&policy_text(name, edits))
}

/// The policy of a text without faults.
pub fn policy_of(text: &str) -> Policy {
    Policy::read(text, Currency::of("CNY").unwrap()).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The text of a shipped policy with some texts replaced, each after the header of its table.
pub fn policy_text(name: &str, edits: &[(&str, &str, &str)]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let mut text = std::fs::read_to_string(root.join(format!("{name}.toml"))).unwrap();
    for (header, from, to) in edits {
        let table = text.find(&format!("[{header}]\n")).unwrap_or_else(|| panic!("no table {header}"));
        let place = table + text[table..].find(from).unwrap_or_else(|| panic!("no {from} in {header}"));
        text.replace_range(place..place + from.len(), to);
    }
    text
}

/// The ground of the example policy with rules of a manufacturer's own.
pub fn ground_with_rules(rules: &str) -> Ground {
    let policy = policy_of(&format!("{}\n{rules}", policy_text("example-2026", &[])));
    let timeline = Timeline::of(policy, Date::constant(2014, 9, 1));
    Ground { timeline, zone: Zone::shanghai(), calendar: shipped_calendar() }
}

/// The ground of an example policy with some texts replaced, and the calendars that ship.
pub fn ground_with(edits: &[(&str, &str, &str)]) -> Ground {
    let timeline = Timeline::of(policy_with("example-2026", edits), Date::constant(2014, 9, 1));
    Ground { timeline, zone: Zone::shanghai(), calendar: shipped_calendar() }
}

/// The calendars under `config/calendars`.
pub fn shipped_calendar() -> Calendar {
    let mut calendar = Calendar::default();
    for entry in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/calendars")).unwrap()
    {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file: serde_json::Value = serde_json::from_reader(File::open(path).unwrap()).unwrap();
            for day in file["days"].as_array().unwrap() {
                let kind =
                    if day["isOffDay"].as_bool().unwrap() { DayKind::Holiday } else { DayKind::MakeUp };
                calendar.set(day["date"].as_str().unwrap().parse().unwrap(), kind);
            }
        }
    }
    calendar
}

pub fn ground(policy_name: &str) -> Ground {
    let start = Date::constant(2014, 9, 1);
    Ground {
        timeline: Timeline::of(policy(policy_name), start),
        zone: Zone::shanghai(),
        calendar: Calendar::default(),
    }
}

pub fn evaluate(facts: &Facts, ground: &Ground, as_of: Instant) -> Found {
    let case = Case::new(facts, ground, as_of, Judged::All);
    let mut found = Found::default();
    for check in &CHECKS {
        (check.evaluate)(&case, &mut found).unwrap();
    }
    found
}

/// The same facts with the codes of another holder, their rows in the opposite order, begun elsewhere.
pub fn recode(from: &Facts, to: &mut Facts, turn: usize) {
    fn turned<R>(rows: &[R], turn: usize) -> impl Iterator<Item = &R> {
        rows.iter().rev().cycle().skip(turn % rows.len().max(1)).take(rows.len())
    }
    let code = |codes: &mut Codes, code: Code| codes.keep(from.codes.text(code));
    let codes = &mut to.codes;
    to.dealers = turned(&from.dealers, turn)
        .map(|r| Dealer { dealer: code(codes, r.dealer), region: code(codes, r.region), ..*r })
        .collect();
    to.moves = turned(&from.moves, turn)
        .map(|r| Move { dealer: code(codes, r.dealer), region: code(codes, r.region), ..*r })
        .collect();
    to.posts = turned(&from.posts, turn)
        .map(|r| Post { person: code(codes, r.person), scope: code(codes, r.scope), ..*r })
        .collect();
    to.bays = turned(&from.bays, turn).map(|r| Bays { dealer: code(codes, r.dealer), ..*r }).collect();
    to.customer_base = turned(&from.customer_base, turn)
        .map(|r| CustomerBase { dealer: code(codes, r.dealer), ..*r })
        .collect();
    let inspections = turned(&from.inspections, turn);
    to.inspections = inspections
        .map(|r| Inspection {
            dealer: code(codes, r.dealer),
            item: code(codes, r.item),
            inspection: code(codes, r.inspection),
            ..*r
        })
        .collect();
    let complaints = turned(&from.complaints, turn);
    to.complaints = complaints
        .map(|r| Complaint {
            complaint: code(codes, r.complaint),
            dealer: code(codes, r.dealer),
            category: code(codes, r.category),
            vin: r.vin.map(|vin| code(codes, vin)),
            ..*r
        })
        .collect();
    let events = turned(&from.complaint_events, turn);
    to.complaint_events =
        events.map(|r| ComplaintEvent { complaint: code(codes, r.complaint), ..*r }).collect();
    let employments = turned(&from.employments, turn);
    to.employments = employments
        .map(|r| Employment {
            person: code(codes, r.person),
            dealer: code(codes, r.dealer),
            position: code(codes, r.position),
            leave_reason: r.leave_reason.map(|reason| code(codes, reason)),
            ..*r
        })
        .collect();
    let certificates = turned(&from.certificates, turn);
    to.certificates = certificates
        .map(|r| Certificate {
            certificate: code(codes, r.certificate),
            person: code(codes, r.person),
            kind: code(codes, r.kind),
            ..*r
        })
        .collect();
    let orders = turned(&from.work_orders, turn);
    to.work_orders = orders
        .map(|r| WorkOrder {
            work_order: code(codes, r.work_order),
            dealer: code(codes, r.dealer),
            vin: code(codes, r.vin),
            fault: r.fault.map(|fault| code(codes, fault)),
            advisor: r.advisor.map(|person| code(codes, person)),
            technician: r.technician.map(|person| code(codes, person)),
            ..*r
        })
        .collect();
    let requests = turned(&from.support_requests, turn);
    to.support_requests = requests
        .map(|r| SupportRequest {
            request: code(codes, r.request),
            dealer: code(codes, r.dealer),
            vin: code(codes, r.vin),
            fault: code(codes, r.fault),
            ..*r
        })
        .collect();
    to.delays =
        turned(&from.delays, turn).map(|r| Delay { work_order: code(codes, r.work_order), ..*r }).collect();
    let answers = turned(&from.answers, turn);
    to.answers = answers
        .map(|r| Answer {
            response: code(codes, r.response),
            factor: code(codes, r.factor),
            dealer: code(codes, r.dealer),
            employee: r.employee.map(|person| code(codes, person)),
            ..*r
        })
        .collect();
    to.mystery_visits = turned(&from.mystery_visits, turn)
        .map(|r| MysteryVisit { visit: code(codes, r.visit), dealer: code(codes, r.dealer), ..*r })
        .collect();
    to.feedback = turned(&from.feedback, turn)
        .map(|r| Feedback { feedback: code(codes, r.feedback), dealer: code(codes, r.dealer), ..*r })
        .collect();
    to.callbacks = turned(&from.callbacks, turn)
        .map(|r| Callback { work_order: code(codes, r.work_order), ..*r })
        .collect();
    let vehicles = turned(&from.vehicles, turn);
    to.vehicles = vehicles
        .map(|r| Vehicle {
            vin: code(codes, r.vin),
            model: code(codes, r.model),
            dealer: r.dealer.map(|dealer| code(codes, dealer)),
            ..*r
        })
        .collect();
    let prices = turned(&from.part_prices, turn);
    to.part_prices = prices
        .map(|r| PartPrice {
            part: code(codes, r.part),
            dealer: r.dealer.map(|dealer| code(codes, dealer)),
            ..*r
        })
        .collect();
    to.exams = turned(&from.exams, turn).map(|r| Exam { person: code(codes, r.person), ..*r }).collect();
    to.rulings = turned(&from.rulings, turn).cloned().collect();
}
