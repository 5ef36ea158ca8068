//! The tables themselves, one list in order of dependency: a table comes after those it refers to.

use super::{Column, Kind, Refers, Rule, Table};
use Kind::{Choice, Code, Count, Date, Degrees, Flag, Hundredths, Instant, Money, Month, Subject, Text, Url};

/// Names, reasons, notes.
const SHORT: Kind = Text { max: 1_000 };
/// What a customer said, at length.
const LONG: Kind = Text { max: 65_536 };
/// 0 to 100 with two decimals.
const SCORE: Kind = Hundredths { max: 10_000 };
/// Up to ten thousand million.
const PRICE: Kind = Hundredths { max: 1_000_000_000_000 };
/// The levels of a technician's certificate and of an order.
const LEVEL: Kind = Choice(&["basic", "special", "difficult"]);

const fn key(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, key: true, required: true, default: None, refers: None }
}

const fn needed(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, key: false, required: true, default: None, refers: None }
}

const fn optional(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, key: false, required: false, default: None, refers: None }
}

/// Every fact table of the contract, each after those it refers to.
pub static TABLES: &[Table] = &[
    Table { name: "regions", columns: &[key("region_code", Code), needed("name", SHORT)], rules: &[] },
    Table { name: "people", columns: &[key("person_code", Code), needed("name", SHORT)], rules: &[] },
    Table {
        name: "dealers",
        columns: &[
            key("dealer_code", Code),
            needed("name", SHORT),
            needed("region_code", Code).of("regions"),
            optional("province", SHORT),
            optional("city", SHORT),
            optional("lat", Degrees { limit: 90.0 }),
            optional("lon", Degrees { limit: 180.0 }),
            needed("opened_on", Date),
            optional("closed_on", Date),
        ],
        rules: &[Rule::NotBefore { column: "closed_on", earlier: "opened_on" }],
    },
    Table {
        name: "dealer_regions",
        columns: &[
            key("dealer_code", Code).of("dealers"),
            key("from", Date),
            needed("region_code", Code).of("regions"),
        ],
        rules: &[],
    },
    Table {
        name: "posts",
        columns: &[
            key("person_code", Code).of("people"),
            key(
                "role",
                Choice(&["region-director", "region-deputy-director", "district-manager", "dealer-gm"]),
            ),
            Column { refers: Some(Refers::PostScope), ..key("scope_code", Code) },
            key("from", Date),
            optional("to", Date),
        ],
        rules: &[Rule::NotBefore { column: "to", earlier: "from" }],
    },
    Table {
        name: "bays",
        columns: &[
            key("dealer_code", Code).of("dealers"),
            key("effective_on", Date),
            needed("bays", Count { max: 10_000 }),
        ],
        rules: &[],
    },
    Table {
        name: "calendar",
        columns: &[key("day", Date), needed("kind", Choice(&["holiday", "make-up"]))],
        rules: &[],
    },
    Table {
        name: "customer_base",
        columns: &[
            key("dealer_code", Code).of("dealers"),
            key("month", Month),
            needed("base_customers", Count { max: 100_000_000 }),
            optional("visits", Count { max: 100_000_000 }),
        ],
        rules: &[],
    },
    Table {
        name: "cameras",
        columns: &[
            key("camera_code", Code),
            needed("dealer_code", Code).of("dealers"),
            needed("snapshot_url", Url),
            optional("working", Flag),
        ],
        rules: &[],
    },
    Table {
        name: "inspections",
        columns: &[
            key("inspection_id", Code),
            key("item_code", Code),
            needed("dealer_code", Code).of("dealers"),
            needed("inspected_at", Instant),
            needed("result", Choice(&["pass", "fail", "na", "not-visible"])),
            optional("kind", Choice(&["draw", "follow-up"])).or("draw"),
        ],
        rules: &[],
    },
    Table {
        name: "complaints",
        columns: &[
            key("complaint_id", Code),
            needed("dealer_code", Code).of("dealers"),
            needed("received_at", Instant),
            optional("dispatched_at", Instant),
            needed("severity", Choice(&["general", "major"])),
            needed("category", SHORT),
            optional("vin", Code),
            optional("channel", SHORT),
            optional("text", LONG),
        ],
        rules: &[Rule::NotBefore { column: "dispatched_at", earlier: "received_at" }],
    },
    Table {
        name: "complaint_events",
        columns: &[
            key("complaint_id", Code).of("complaints"),
            key("at", Instant),
            key("kind", Choice(&["first-reply", "handled", "submitted", "callback"])),
            optional("actor_role", Choice(&["dealer-gm", "region-deputy-director"])),
            optional("satisfied", Flag),
            optional("note", LONG),
        ],
        rules: &[Rule::NeededWhen { column: "actor_role", other: "kind", is: "handled" }],
    },
    Table {
        name: "employments",
        columns: &[
            key("person_code", Code).of("people"),
            key("dealer_code", Code).of("dealers"),
            key("position", Code),
            key("from", Date),
            optional("to", Date),
            optional("leave_reason", SHORT),
        ],
        rules: &[Rule::NotBefore { column: "to", earlier: "from" }],
    },
    Table {
        name: "certificates",
        columns: &[
            key("certificate_id", Code),
            needed("person_code", Code).of("people"),
            needed("kind", Choice(&["service-advisor", "technician", "nev"])),
            optional("level", LEVEL),
            needed("issued_on", Date),
            needed("expires_on", Date),
            optional("revoked_on", Date),
        ],
        rules: &[Rule::NotBefore { column: "expires_on", earlier: "issued_on" }],
    },
    Table {
        name: "work_orders",
        columns: &[
            key("work_order_id", Code),
            needed("dealer_code", Code).of("dealers"),
            needed("vin", Code),
            optional("model", Code),
            optional("fault_code", Code),
            optional("reported_at", Instant),
            needed("created_at", Instant),
            optional("diagnosed_at", Instant),
            optional("promised_at", Instant),
            optional("completed_at", Instant),
            optional("fixed", Flag),
            optional("advisor_code", Code).of("people"),
            optional("technician_code", Code).of("people"),
            optional("level", LEVEL),
            optional("nev", Flag),
            optional("odometer_km", Count { max: 10_000_000 }),
            optional("confirmed_advisor", Flag),
            optional("confirmed_technician", Flag),
            optional("confirmed_inspector", Flag),
        ],
        rules: &[],
    },
    Table {
        name: "work_order_delays",
        columns: &[
            key("work_order_id", Code).of("work_orders"),
            key("given_at", Instant),
            needed("reason", SHORT),
            needed("promised_at", Instant),
        ],
        rules: &[],
    },
    Table {
        name: "support_requests",
        columns: &[
            key("request_id", Code),
            needed("dealer_code", Code).of("dealers"),
            needed("vin", Code),
            needed("fault_code", Code),
            needed("requested_at", Instant),
            optional("resolved_at", Instant),
        ],
        rules: &[],
    },
    Table {
        name: "surveys",
        columns: &[
            key("response_id", Code),
            key("factor", Code),
            needed("dealer_code", Code).of("dealers"),
            optional("employee_code", Code).of("people"),
            needed("answered_at", Instant),
            needed("score", SCORE),
        ],
        rules: &[],
    },
    Table {
        name: "mystery_visits",
        columns: &[
            key("visit_id", Code),
            needed("dealer_code", Code).of("dealers"),
            needed("visited_on", Date),
            needed("response", SCORE),
            needed("attitude", SCORE),
            needed("professionalism", SCORE),
            needed("transparency", SCORE),
        ],
        rules: &[],
    },
    Table {
        name: "feedback",
        columns: &[
            key("feedback_id", Code),
            needed("dealer_code", Code).of("dealers"),
            needed("channel", SHORT),
            needed("received_at", Instant),
            needed("kind", SHORT),
            optional("solved_at", Instant),
        ],
        rules: &[],
    },
    Table {
        name: "callbacks",
        columns: &[key("work_order_id", Code).of("work_orders"), key("at", Instant), needed("reached", Flag)],
        rules: &[],
    },
    Table {
        name: "vehicles",
        columns: &[
            key("vin", Code),
            needed("model", Code),
            needed("sold_on", Date),
            optional("dealer_code", Code).of("dealers"),
        ],
        rules: &[],
    },
    Table {
        name: "part_prices",
        columns: &[
            key("part_code", Code),
            key("effective_on", Date),
            Column { required: false, ..key("dealer_code", Code).of("dealers") },
            needed("price", PRICE),
        ],
        rules: &[],
    },
    Table {
        name: "exams",
        columns: &[key("person_code", Code).of("people"), key("taken_on", Date), needed("score", SCORE)],
        rules: &[],
    },
    Table {
        name: "rulings",
        columns: &[
            key("ruling_id", Code),
            needed("kind", Choice(&["excuse", "withdraw", "mishandled", "accept"])),
            needed("subject", Subject),
            optional("family", Code),
            needed("decided_at", Instant),
            needed("decided_by", SHORT),
            optional("amount", Money),
            optional("note", LONG),
        ],
        rules: &[Rule::NeededWhen { column: "amount", other: "kind", is: "mishandled" }],
    },
];
