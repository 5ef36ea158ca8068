//! The document's examples, sent: made from the list of operations, so that a new one cannot be forgotten. What comes back
//! must be what the document says, and nothing may be refused but what is named here with its code.
//!
//! The network they are sent to is itself made of the examples of the fact tables.

use std::collections::BTreeMap;

use farsight_ledger::settlement::Role;
use farsight_rulebook::tables::TABLES;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::texts;
use farsight_tests::{Office, Tower};
use serde_json::{Value, json};

use super::machines::{Answer, Machine, token};
use crate::admit::Who;
use crate::api::{self, Operation};
use crate::testing::over;

/// The day after what the examples tell of.
const NOW: &str = "2026-04-02 10:00";

/// What is refused, and why: the state it needs is another's doing, or was changed by an example before it.
const REFUSED: [(&str, &str); 11] = [
    ("settlement", "not_found"),
    ("act-on-complaint", "complaint_dispatched"),
    ("resolve-support", "support_resolved"),
    ("withdraw-appeal", "appeal_over"),
    ("draw", "not_found"),
    ("proof", "not_found"),
    ("hand-in", "rectification_no_evidence"),
    ("judge", "rectification_not_handed_in"),
    ("withdraw-penalty", "penalty_over"),
    ("evidence", "not_found"),
    ("evidence-copy", "not_found"),
];

struct House {
    tower: Tower,
    machines: BTreeMap<&'static str, Machine>,
    document: Value,
}

impl House {
    async fn new() -> Self {
        let tower = Tower::new();
        let mut office = Office::since(&tower, "t", "example-2026", "2026-01-01 00:00");
        office.now(at(NOW));
        let app = over(&tower.database, at(NOW)).await;
        let mut machines = BTreeMap::new();
        for (name, role, regions, dealers) in [
            ("hq", Role::Hq, &[][..], &[][..]),
            ("manager", Role::RegionalManager, &["region-1"], &[]),
            ("dealer", Role::Dealer, &[], &["dealer-1"]),
            ("finance", Role::Finance, &[], &[]),
            ("second", Role::Finance, &[], &[]),
        ] {
            if name == "manager" {
                examples_in(&machines["hq"]).await;
            }
            office.desk.actor = format!("maker-of-{name}@oem");
            let owned = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
            let secret = token(&mut office, name, |new| {
                (new.role, new.regions, new.dealers) = (role, owned(regions), owned(dealers));
                if role == Role::Hq {
                    new.tables = vec!["all".to_owned()];
                }
            });
            machines.insert(name, Machine::new(&app, &secret));
        }
        // Something that fails, so that there are findings, alerts, entries, and something that a later look is owed.
        office.import_folder(&Folder::of(&[sheet(
            "inspections",
            "inspection_id | item_code | dealer_code | inspected_at | result\ninspection-2 | item-01 | dealer-1 | 2026-03-10 10:00 | fail",
        )]));
        office.check("2026-04-02T00:00:00+08:00");
        let document = machines["hq"].get("/api/v1/openapi.json").await.json();
        Self { tower, machines, document }
    }

    /// Who calls an operation: whoever of them may, headquarters first; the second pair of eyes where one is needed.
    fn caller(&self, operation: &Operation) -> &Machine {
        let named = match operation.id {
            "approve-settlement" => Some("second"),
            "calculate-settlement" | "review-settlement" | "lock-settlement" | "reply-to-dispute" => {
                Some("finance")
            }
            "draft-penalty" => Some("manager"),
            "confirm-statement" | "dispute-line" | "request-support" => Some("dealer"),
            id if id.starts_with("hire") || id.starts_with("leave") || id.contains("certif") => {
                Some("dealer")
            }
            _ => None,
        };
        let roles = [("hq", Role::Hq), ("dealer", Role::Dealer), ("finance", Role::Finance)];
        let may = roles.into_iter().find(|(_, role)| operation.who.lets(*role)).map(|(name, _)| name);
        &self.machines[named.or(may).expect("somebody may")]
    }

    /// What stands for a placeholder just now.
    fn code(&self, placeholder: &str) -> String {
        let first = |query: &str| {
            let found =
                texts(&mut self.tower.sql(), &format!("SELECT coalesce(({query})::text, '') AS value"));
            found.into_iter().next().unwrap_or_default()
        };
        match placeholder {
            "alert" => first("SELECT max(alert_id) FROM alerts"),
            "entry" => first(
                "SELECT max(entry_id) FROM entries WHERE seat = 'dealer' AND amount < 0 AND period = '2026-03-01'",
            ),
            "appeal" => first("SELECT max(appeal_id) FROM appeals"),
            "order" => first("SELECT max(order_id) FROM rectifications"),
            "draft" => first("SELECT max(draft_id) FROM penalty_drafts"),
            "request" => "request-1".to_owned(),
            "webhook" => first("SELECT max(webhook_id) FROM webhooks"),
            "delivery" => first("SELECT max(delivery_id::text) FROM deliveries "),
            "period" => "2026-03".to_owned(),
            "date" => "2026-03-05".to_owned(),
            "sha256" => "0".repeat(64),
            "dealer" | "complaint" | "inspection" => format!("{placeholder}-1"),
            other => panic!("the examples do not know {{{other}}}: say here what stands for it"),
        }
    }

    fn path(&self, path: &str) -> String {
        let filled = path.split('/').map(|part| {
            match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(placeholder) => self.code(placeholder),
                None => part.to_owned(),
            }
        });
        filled.collect::<Vec<_>>().join("/")
    }

    /// The example, with the numbers and marks that only this network knows.
    async fn body(&self, operation: &Operation, told: &Value) -> Value {
        let mut body = told["requestBody"]["content"]["application/json"]["example"].clone();
        if body.get("entry_id").is_some() {
            body["entry_id"] = self.code("entry").parse::<i64>().unwrap().into();
        }
        if body.get("figures").is_some() {
            let path = self.path(operation.path);
            let month = path.rsplit_once('/').map(|(month, _)| month.to_owned()).unwrap_or_default();
            body["figures"] = self.machines["finance"].get(&month).await.json()["figures"].clone();
        }
        body
    }
}

/// The fact tables' examples, but those that only a machine of the whole network sends are the same.
async fn examples_in(hq: &Machine) {
    let document = hq.get("/api/v1/openapi.json").await.json();
    for table in TABLES {
        let told = &document["paths"][format!("/api/v1/facts/{}", table.name)]["post"];
        let example = &told["requestBody"]["content"]["application/json"]["example"];
        let sent = hq.facts(table.name, "application/json", &example.to_string(), &[]).await;
        assert_eq!(sent.status, 200, "{}: {}", table.name, sent.text);
        conforms(&document, told, &sent).unwrap();
    }
}

/// Whether an answer is what the document says of the operation.
fn conforms(document: &Value, told: &Value, answer: &Answer) -> Result<(), String> {
    let status = answer.status.to_string();
    let responses = &told["responses"];
    let response = if responses[&status].is_null() { &responses["default"] } else { &responses[&status] };
    let kind = answer.headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
    let schema = &response["content"][kind]["schema"];
    if schema.is_null() {
        return Err(format!("{status} {kind} is not in the document"));
    }
    let whole = json!({ "allOf": [schema], "components": document["components"] });
    let validator = jsonschema::draft202012::new(&whole).map_err(|error| error.to_string())?;
    validator
        .validate(&answer.json())
        .map_err(|error| format!("{error} at {}: {}", error.instance_path(), answer.text))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_is_answered_as_the_document_says() {
    let house = House::new().await;
    let mut faults = Vec::new();
    let refused: BTreeMap<&str, &str> = REFUSED.into_iter().collect();
    for operation in api::operations() {
        assert!(!matches!(operation.who, Who::Anyone));
        let verb = operation.verb();
        let told = house.document["paths"][operation.path][verb.to_lowercase()].clone();
        // Facts are sent above; the protocol of uploads speaks in headers and has a test of its own.
        if told.is_null() || operation.path.starts_with("/api/v1/uploads") {
            continue;
        }
        let path = house.path(operation.path);
        let body = house.body(&operation, &told).await;
        let headers = [("content-type", "application/json")];
        let answer = house.caller(&operation).send(verb, &path, &body.to_string(), &headers).await;
        let code = if answer.status == 200 { String::new() } else { answer.code() };
        if code != refused.get(operation.id).copied().unwrap_or_default() {
            faults.push(format!("{verb} {path} ({}): {} {}", operation.id, answer.status, answer.text));
        }
        if let Err(fault) = conforms(&house.document, &told, &answer) {
            faults.push(format!("{verb} {path}: {fault}"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
