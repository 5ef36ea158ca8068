//! What a screen can do, a token can do: findings, evidence, a month settled, a statement answered, a penalty, a roster,
//! support, an order to mend; and lists that tell what has changed and what is gone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_control::export::Report;
use farsight_ledger::settlement::Role;
use farsight_tests::books::records;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::number;
use farsight_tests::{Office, Tower};
use serde_json::{Value, json};

use super::machines::{Answer, Machine, token};
use crate::App;
use crate::testing::{NOW, over};

struct House {
    tower: Tower,
    office: Office,
    app: App,
}

impl House {
    async fn new() -> Self {
        let tower = Tower::new();
        let mut office = Office::since(&tower, "t", "example-2026", NOW);
        office.import_folder(&Folder::of(&[
            sheet("regions", "region_code | name\nN | North\nS | South"),
            sheet("people", "person_code | name\nM1 | Li\nP1 | Wang"),
            sheet(
                "dealers",
                "dealer_code | name | region_code | opened_on\nD1 | One | N | 2020-01-01\nD2 | Two | N | 2020-01-01\nD3 | Three | S | 2020-01-01",
            ),
            sheet("posts", "person_code | role | scope_code | from\nM1 | district-manager | D1 | 2020-01-01"),
            sheet(
                "inspections",
                "inspection_id | item_code | dealer_code | inspected_at | result\nI-1 | item-01 | D1 | 2025-01-10 10:00 | fail\nI-1 | item-02 | D1 | 2025-01-10 10:00 | fail\nI-2 | item-01 | D2 | 2025-01-10 10:00 | fail\nI-3 | item-01 | D3 | 2025-01-11 10:00 | fail",
            ),
            sheet(
                "complaints",
                "complaint_id | dealer_code | received_at | dispatched_at | severity | category\nC-1 | D1 | 2025-01-05 10:00 | 2025-01-05 11:00 | general | attitude\nC-2 | D2 | 2025-01-05 10:00 | 2025-01-05 11:00 | general | attitude",
            ),
        ]));
        office.check("2025-03-01T00:00:00+08:00");
        let app = over(&tower.database, at(NOW)).await;
        Self { tower, office, app }
    }

    fn machine(&mut self, name: &str, role: Role, (regions, dealers): (&[&str], &[&str])) -> Machine {
        let owned = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        // Each is made by somebody else: two machines of one maker are one pair of eyes.
        self.office.desk.actor = format!("maker-of-{name}@oem");
        let secret = token(&mut self.office, name, |new| {
            (new.role, new.regions, new.dealers) = (role, owned(regions), owned(dealers));
            if role == Role::Hq {
                new.tables = vec!["all".to_owned()];
            }
        });
        Machine::new(&self.app, &secret)
    }

    fn hq(&mut self) -> Machine {
        self.machine("hq", Role::Hq, (&[], &[]))
    }

    fn dealer(&mut self, dealer: &str) -> Machine {
        self.machine(&dealer.to_lowercase(), Role::Dealer, (&[], &[dealer]))
    }
}

#[track_caller]
fn done(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[track_caller]
fn refused(answer: &Answer, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (422, code), "{}", answer.text);
}

/// Three regions with answers of a month: a first and a last one, a star, and customers of D2 who stay away.
fn regions_compared() -> Folder {
    let answers =
        [("D1", "P1", 95), ("D3", "", 85), ("D4", "", 80)].into_iter().flat_map(|(dealer, person, score)| {
            (0..10).map(move |number| {
                format!("R-{dealer}-{number} | quality | {dealer} | {person} | 2025-01-10 10:00 | {score}\n")
            })
        });
    let sold = (0..20).map(|number| format!("V{number} | M | 2024-01-05 | D2\n"));
    Folder::of(&[
        sheet("regions", "region_code | name\nE | East"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD4 | Four | E | 2020-01-01"),
        sheet(
            "surveys",
            &format!(
                "response_id | factor | dealer_code | employee_code | answered_at | score\n{}",
                answers.collect::<String>()
            ),
        ),
        sheet("vehicles", &format!("vin | model | sold_on | dealer_code\n{}", sold.collect::<String>())),
    ])
}

/// Where a clause's findings stand in the list: 0 with their dealers, then by check.
fn of_network(clause: &str) -> u8 {
    match clause {
        "retention.churn" => 1,
        "satisfaction.star" | "satisfaction.region-top" | "satisfaction.region-bottom" => 2,
        _ => 0,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn findings_are_those_of_the_export_piece_by_piece() {
    let mut house = House::new().await;
    house.office.import_folder(&regions_compared());
    house.office.check("2025-03-01T00:00:00+08:00");
    let hq = house.hq();
    let exported = house.office.csv(Report::Findings, None);
    let mut exported: Vec<_> = records(&exported)
        .map(|row| {
            (row["dealer_code"].clone(), row["clause"].clone(), row["subject"].clone(), row["amount"].clone())
        })
        .collect();
    // The network's units have rows of several dealers: those stand by clause and subject.
    let place = |row: &(String, String, String, String)| match of_network(&row.1) {
        0 => (0, row.clone()),
        later => (later, (String::new(), row.1.clone(), row.2.clone(), row.3.clone())),
    };
    exported.sort_by_key(place);
    let dealers = exported.iter().filter(|row| of_network(&row.1) == 0).count();
    let regions = exported.iter().filter(|row| row.0.is_empty()).count();
    assert!(dealers >= 5 && regions == 2 && exported.len() >= dealers + regions + 2, "{exported:?}");
    let told = |items: &[Value]| -> Vec<_> {
        let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
        let told = items.iter().map(|item| {
            let amount = item["amount"]["amount"].as_str().unwrap().to_owned();
            (text(item, "dealer_code"), text(item, "clause"), text(item, "subject"), amount)
        });
        told.collect()
    };
    for limit in [1, 2, 500] {
        let (items, next) = hq.pull("findings", limit, String::new()).await;
        assert_eq!(told(&items), exported, "{limit}: in order, none lost, none twice");
        assert_eq!(
            told(&hq.pull("findings", limit, next).await.0),
            exported,
            "after the last it begins anew"
        );
    }
    let only = |rows: &[(String, String, String, String)], dealer: &str| -> Vec<_> {
        rows.iter().filter(|row| row.0 == dealer).cloned().collect()
    };
    let of_one = done(&hq.get("/api/v1/findings?dealer=D1").await);
    assert_eq!(told(of_one["items"].as_array().unwrap()), only(&exported, "D1"));
    let own = house.dealer("D2").pull("findings", 2, String::new()).await.0;
    assert_eq!(told(&own), only(&exported, "D2"), "a dealer's machine finds its own");
    let foreign = house.machine("d3", Role::Dealer, (&[], &["D3"])).get("/api/v1/findings?dealer=D1").await;
    assert_eq!(done(&foreign)["items"], json!([]));
    let narrow = done(&hq.get("/api/v1/findings?check=complaint&period=2025-01").await);
    assert!(narrow["items"].as_array().unwrap().iter().all(|item| item["check"] == "complaint"));
    assert_eq!(done(&hq.get("/api/v1/findings?period=2024-01").await)["items"], json!([]));
    for (bad, status) in [("check=nothing", 422), ("period=now", 422), ("nonsense=1", 422)] {
        assert_eq!(hq.get(&format!("/api/v1/findings?{bad}")).await.status, status, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn findings_that_are_the_same_are_not_worked_out_again() {
    let mut house = House::new().await;
    let hq = house.hq();
    let tag = hq.get("/api/v1/findings").await.headers["etag"].to_str().unwrap().to_owned();
    let known = [("if-none-match", tag.as_str())];
    assert_eq!(hq.send("GET", "/api/v1/findings", "", &known).await.status, 304);
    assert_eq!(hq.send("GET", "/api/v1/findings?dealer=D1", "", &known).await.status, 200, "something else");
    let dealer = house.dealer("D1");
    assert_eq!(dealer.send("GET", "/api/v1/findings", "", &known).await.status, 200, "somebody else's");
    house.office.import_folder(&Folder::of(&[sheet(
        "inspections",
        "inspection_id | item_code | dealer_code | inspected_at | result\nI-9 | item-03 | D1 | 2025-01-12 10:00 | fail",
    )]));
    let changed = hq.send("GET", "/api/v1/findings", "", &known).await;
    assert!(done(&changed)["items"].to_string().contains("I-9"), "{}", changed.text);
    let tag = changed.headers["etag"].to_str().unwrap().to_owned();
    house.office.check("2025-03-02T00:00:00+08:00");
    let known = [("if-none-match", tag.as_str())];
    assert_eq!(hq.send("GET", "/api/v1/findings", "", &known).await.status, 200, "a run came");
}

const PDF: &str = "%PDF-1.7\n1 0 obj << >> endobj trailer << >> and so on";
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

fn metadata(dealer: &str) -> String {
    let pair = |name: &str, value: &str| format!("{name} {}", STANDARD.encode(value));
    [pair("filename", "a.pdf"), pair("subject", "complaint:C-1"), pair("dealer", dealer)].join(",")
}

async fn begin(machine: &Machine, dealer: &str, length: usize) -> Answer {
    let (length, metadata) = (length.to_string(), metadata(dealer));
    let headers = [TUS, ("upload-length", &*length), ("upload-metadata", &*metadata)];
    machine.send("POST", "/api/v1/uploads", "", &headers).await
}

async fn piece(machine: &Machine, to: &str, offset: &str, bytes: &str) -> Answer {
    let kind = ("content-type", "application/offset+octet-stream");
    machine.send("PATCH", to, bytes, &[TUS, ("upload-offset", offset), kind]).await
}

fn header(answer: &Answer, name: &str) -> String {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_goes_in_by_pieces_and_out_again() {
    let mut house = House::new().await;
    let (d1, d2, hq) = (house.dealer("D1"), house.dealer("D2"), house.hq());
    let offered = d1.send("OPTIONS", "/api/v1/uploads", "", &[]).await;
    assert_eq!((offered.status, header(&offered, "tus-extension").contains("creation")), (204, true));
    let other = d1.send("POST", "/api/v1/uploads", "", &[("upload-length", "5")]).await;
    assert_eq!(
        (other.status, header(&other, "tus-version").as_str(), other.code().as_str()),
        (412, "1.0.0", "upload_protocol")
    );
    refused(&begin(&d2, "D1", PDF.len()).await, "upload_subject");
    let begun = begin(&d1, "D1", PDF.len()).await;
    assert_eq!((begun.status, header(&begun, "upload-offset").as_str()), (201, "0"), "{}", begun.text);
    let to = header(&begun, "location");
    assert_eq!(piece(&d1, &to, "0", &PDF[..20]).await.status, 204);
    let again = piece(&d1, &to, "0", &PDF[..20]).await;
    assert_eq!((again.status, again.code().as_str()), (409, "upload_offset"));
    assert_eq!(header(&again, "content-type"), "application/problem+json");
    let head = d1.send("HEAD", &to, "", &[TUS]).await;
    assert_eq!((head.status, header(&head, "upload-offset").as_str()), (200, "20"));
    for machine in [&d2, &hq] {
        assert_eq!(machine.get(&to).await.status, 404, "an upload is its sender's");
        assert_eq!(piece(machine, &to, "20", &PDF[20..]).await.status, 404);
        assert_eq!(machine.send("DELETE", &to, "", &[TUS]).await.status, 404);
    }
    assert_eq!(piece(&d1, &to, "20", &PDF[20..]).await.status, 204);
    let upload = loop {
        let upload = done(&d1.get(&to).await);
        if upload["state"] != "stored" {
            break upload;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((upload["state"].as_str(), upload["dealer_code"].as_str()), (Some("finished"), Some("D1")));
    let item = format!("/api/v1/evidence/{}", upload["sha256"].as_str().unwrap());
    let told = done(&hq.get(&item).await);
    assert_eq!(
        (told["media_type"].as_str(), told["is_picture"].as_bool()),
        (Some("application/pdf"), Some(false))
    );
    assert_eq!(told["handings"][0]["handed_in_by"], "machine:d1");
    let original = hq.get(&format!("{item}/copy?size=original")).await;
    assert_eq!((original.status, original.text.as_str()), (200, PDF));
    assert_eq!(hq.get(&format!("{item}/copy")).await.status, 404, "a document has no picture");
    assert_eq!(hq.get(&format!("{item}/copy?size=huge")).await.code(), "bad_query");
    for path in [item.clone(), format!("{item}/copy?size=original")] {
        assert_eq!(
            d2.get(&path).await.text,
            d2.get(&path.replace(&item, &format!("/api/v1/evidence/{}", "0".repeat(64)))).await.text
        );
    }
    let looks =
        "SELECT count(*) AS value FROM audit_log WHERE action = 'evidence.look' AND actor = 'machine:hq'";
    assert_eq!(
        number(&mut house.tower.sql(), looks),
        2,
        "both looks, at the original and at a copy, are written down"
    );
    let gone = begin(&d1, "D1", PDF.len()).await;
    assert_eq!(d1.send("DELETE", &header(&gone, "location"), "", &[TUS]).await.status, 204);
    assert_eq!(d1.get(&header(&gone, "location")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_settled_by_two_machines_and_its_statement_answered() {
    let mut house = House::new().await;
    let anna = house.machine("anna", Role::Finance, (&[], &[]));
    let bo = house.machine("bo", Role::Finance, (&[], &[]));
    let (hq, d1, d2) = (house.hq(), house.dealer("D1"), house.dealer("D2"));
    let month = "/api/v1/settlements/2025-01";
    let step = async |machine: &Machine, step: &str, figures: &Value| {
        machine.post(&format!("{month}/{step}"), &json!({ "figures": figures })).await
    };
    assert_eq!(step(&hq, "review", &json!("1")).await.status, 422, "finance does");
    let figures = done(&anna.post(&format!("{month}/calculate"), &json!({})).await)["figures"].clone();
    assert_eq!(step(&anna, "review", &json!("x")).await.code(), "bad_figures");
    assert_eq!(step(&anna, "review", &json!("1")).await.status, 422, "of other figures");
    let figures = done(&step(&anna, "review", &figures).await)["figures"].clone();
    refused(&step(&anna, "approve", &figures).await, "four_eyes");
    house.office.desk.actor = "maker-of-anna@oem".to_owned();
    let twin = Machine::new(&house.app, &token(&mut house.office, "twin", |new| new.role = Role::Finance));
    refused(&step(&twin, "approve", &figures).await, "four_eyes");
    let approved = done(&step(&bo, "approve", &figures).await);
    assert_eq!(approved["status"], "approved");
    let (all, next) = anna.pull("statements", 1, String::new()).await;
    let dealers: Vec<&str> = all.iter().map(|it| it["dealer_code"].as_str().unwrap()).collect();
    assert_eq!(dealers, ["D1", "D2", "D3"], "each once");
    assert!(anna.pull("statements", 1, next.clone()).await.0.is_empty(), "nothing has changed");
    let statement = "/api/v1/statements/2025-01/D1";
    let entry = done(&d1.get(statement).await)["lines"][0]["entry_id"].clone();
    assert_eq!(d2.post(&format!("{statement}/confirm"), &json!({})).await.status, 404);
    done(
        &d1.post(&format!("{statement}/dispute"), &json!({ "entry_id": entry, "reason": "not ours" })).await,
    );
    refused(&d1.post(&format!("{statement}/confirm"), &json!({})).await, "statement_disputed");
    refused(
        &hq.post(&format!("{statement}/reply"), &json!({ "entry_id": entry, "reply": "it is" })).await,
        "statement_role",
    );
    let (changed, next) = anna.pull("statements", 1, next).await;
    assert_eq!((changed.len(), changed[0]["state"].as_str()), (1, Some("disputed")), "the one that changed");
    let replied = d1_replied(&anna, statement, &entry).await;
    assert_eq!(replied["lines"][0]["reply"], "it is");
    assert_eq!(
        done(&d1.post(&format!("{statement}/confirm"), &json!({})).await)["statement"]["state"],
        "confirmed"
    );
    let (changed, next) = anna.pull("statements", 1, next).await;
    assert_eq!(changed.len(), 1, "two deeds between two pulls are one change");
    assert!(d2.pull("statements", 1, String::new()).await.0.iter().all(|it| it["dealer_code"] == "D2"));
    assert_eq!(anna.get("/api/v1/statements?since=2100-01-01T00:00:00Z").await.json()["items"], json!([]));
    assert_eq!(done(&anna.get("/api/v1/statements?period=2024-01").await)["items"], json!([]));
    done(&step(&anna, "lock", &approved["figures"]).await);
    assert_eq!(anna.pull("statements", 500, next).await.0.len(), 3, "all of them are locked now");
}

async fn d1_replied(finance: &Machine, statement: &str, entry: &Value) -> Value {
    done(&finance.post(&format!("{statement}/reply"), &json!({ "entry_id": entry, "reply": "it is" })).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn penalties_and_orders_have_two_pairs_of_eyes() {
    let mut house = House::new().await;
    let (hq, d1) = (house.hq(), house.dealer("D1"));
    let north = house.machine("north", Role::RegionalManager, (&["N"], &[]));
    let new = |amount: &str| json!({ "complaint_id": "C-1", "amount": amount, "body": "nobody called back" });
    assert_eq!(north.post("/api/v1/penalties", &new("much")).await.code(), "bad_amount");
    refused(&north.post("/api/v1/penalties", &new("0.01")).await, "penalty_amount");
    assert_eq!(d1.post("/api/v1/penalties", &new("5000.00")).await.status, 404, "not for dealers");
    let draft = done(&north.post("/api/v1/penalties", &new("5000.00")).await);
    assert_eq!(draft["amount"], json!({ "amount": "-5000.00", "currency": "CNY" }));
    let path = format!("/api/v1/penalties/{}", draft["draft_id"]);
    let approve = json!({ "verdict": "approve", "reason": "agreed" });
    refused(&north.post(&format!("{path}/decide"), &approve).await, "penalty_own_draft");
    house.office.desk.actor = "maker-of-north@oem".to_owned();
    let twin = token(&mut house.office, "twin", |new| {
        (new.role, new.regions) = (Role::RegionalManager, vec!["N".to_owned()]);
    });
    let twin = Machine::new(&house.app, &twin);
    refused(&twin.post(&format!("{path}/decide"), &approve).await, "penalty_own_draft");
    let (_, next) = hq.pull("penalties", 2, String::new()).await;
    assert_eq!(done(&hq.post(&format!("{path}/decide"), &approve).await)["state"], "approved");
    assert_eq!(hq.pull("penalties", 2, next).await.0[0]["ruling_id"], draft_ruling(&draft));
    refused(&north.post(&format!("{path}/withdraw"), &json!({})).await, "penalty_over");

    let order = json!({ "dealer_code": "D1", "title": "Mend the roof", "due_on": "2030-06-01" });
    refused(
        &north
            .post(
                "/api/v1/rectifications",
                &json!({ "dealer_code": "D3", "title": "x", "due_on": "2030-06-01" }),
            )
            .await,
        "rectification_no_dealer",
    );
    assert_eq!(
        north
            .post("/api/v1/rectifications", &json!({ "dealer_code": "D1", "title": "x", "due_on": "soon" }))
            .await
            .code(),
        "field_not_a_date"
    );
    let (_, next) = d1.pull("rectifications", 2, String::new()).await;
    let order = done(&north.post("/api/v1/rectifications", &order).await);
    let (given, next) = d1.pull("rectifications", 2, next).await;
    assert_eq!((given.len(), &given[0]["order"]), (1, &order["order"]["order"]));
    assert!(d1.pull("rectifications", 2, next).await.0.is_empty());
    assert!(house.dealer("D2").pull("rectifications", 2, String::new()).await.0.is_empty());
}

fn draft_ruling(draft: &Value) -> Value {
    json!(format!("penalty-{}", draft["draft_id"]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rosters_support_and_complaints_are_changed_by_whom_they_are() {
    let mut house = House::new().await;
    let (hq, d1, d2) = (house.hq(), house.dealer("D1"), house.dealer("D2"));
    let call = house.machine("call", Role::CallCentre, (&[], &[]));
    let hire =
        json!({ "person_code": "P9", "name": "New", "position": "service-advisor", "from": "2025-01-01" });
    assert_eq!(d2.post("/api/v1/dealers/D1/roster/hire", &hire).await.status, 404);
    let roster = done(&d1.post("/api/v1/dealers/D1/roster/hire", &hire).await);
    assert_eq!(
        (&roster["members"][0]["person_code"], &roster["members"][0]["uncertified"]),
        (&json!("P9"), &json!(true))
    );
    let certificate = json!({ "certificate_id": "Z-9", "person_code": "P9", "kind": "service-advisor", "issued_on": "2025-01-01", "expires_on": "2099-01-01" });
    assert_eq!(done(&d1.post("/api/v1/dealers/D1/roster/certify", &certificate).await)["certified"], 1);
    let revoked = d1
        .post("/api/v1/dealers/D1/roster/revoke", &json!({ "certificate_id": "Z-9", "on": "2025-02-01" }))
        .await;
    assert_eq!(done(&revoked)["certified"], 0);
    let leave = json!({ "person_code": "P9", "position": "service-advisor", "from": "2025-01-01", "to": "2025-03-01" });
    assert_eq!(done(&d1.post("/api/v1/dealers/D1/roster/leave", &leave).await)["members"], json!([]));
    assert_eq!(done(&hq.get("/api/v1/dealers/D1/roster/former").await)["members"][0]["to"], "2025-03-01");
    assert_eq!(
        d2.get("/api/v1/dealers/D1/roster").await.text,
        d2.get("/api/v1/dealers/D9/roster").await.text
    );

    let asked = json!({ "dealer_code": "D1", "vin": "V1", "fault_code": "F1" });
    let request = done(&d1.post("/api/v1/support-requests", &asked).await);
    let path = format!("/api/v1/support-requests/{}", request["request_id"].as_str().unwrap());
    assert_eq!(d2.post(&format!("{path}/resolve"), &json!({})).await.status, 404);
    assert!(done(&d1.post(&format!("{path}/resolve"), &json!({})).await)["resolved_at"].is_string());
    assert_eq!(done(&hq.get("/api/v1/support-requests/owed").await)["items"], json!([]));
    assert_eq!(d2.pull("support-requests", 5, String::new()).await.0.len(), 0);

    let new = json!({ "dealer_code": "D1", "severity": "general", "category": "waiting" });
    assert_eq!(d1.post("/api/v1/complaints", &new).await.status, 404);
    let taken = done(&call.post("/api/v1/complaints", &new).await);
    let deeds = format!("/api/v1/complaints/{}/deeds", taken["complaint"]["complaint_id"].as_str().unwrap());
    assert!(
        done(&call.post(&deeds, &json!({ "deed": "dispatch" })).await)["complaint"]["dispatched_at"]
            .is_string()
    );
    assert_eq!(call.post(&deeds, &json!({ "deed": "callback" })).await.code(), "no_outcome");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_voided_is_told() {
    let mut house = House::new().await;
    let (hq, d1) = (house.hq(), house.dealer("D1"));
    for (list, table, key, row) in [
        ("complaints", "complaints", "complaint_id", json!({ "complaint_id": "C-1", "voided": true })),
        (
            "inspections",
            "inspections",
            "inspection_id",
            json!([{ "inspection_id": "I-1", "item_code": "item-01", "voided": true }, { "inspection_id": "I-1", "item_code": "item-02", "voided": true }]),
        ),
    ] {
        let (all, next) = d1.pull(list, 2, String::new()).await;
        assert!(all.iter().all(|it| it["voided"] == false), "{all:?}");
        let sent = hq.post(&format!("/api/v1/facts/{table}"), &row).await;
        done(&sent);
        let (changed, next) = d1.pull(list, 2, next).await;
        assert_eq!(
            (changed.len(), &changed[0][key], &changed[0]["voided"]),
            (1, &all[0][key], &json!(true)),
            "{list}: {changed:?}"
        );
        assert!(d1.pull(list, 2, next).await.0.is_empty(), "once");
    }
}
