//! The machines' door: tokens, facts in, lists that lose and double nothing, and the document that is what it says.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use farsight_control::tokens::{self, New};
use farsight_ledger::settlement::Role;
use farsight_rulebook::tables::TABLES;
use farsight_rulebook::time::{HOUR, Instant};
use farsight_tests::office::{at, sealer};
use farsight_tests::tower::number;
use farsight_tests::{Office, Tower, books};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::testing::{NOW, over};
use crate::{App, api, router};

/// A machine with a token.
#[derive(Clone)]
pub(super) struct Machine {
    router: Router,
    token: String,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {}", self.text))
    }

    pub(super) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Machine {
    pub(super) fn new(app: &App, token: &str) -> Self {
        Self { router: router(app.clone()), token: token.to_owned() }
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send_body(method, path, Body::from(body.to_owned()), headers).await
    }

    pub(super) async fn send_body(
        &self,
        method: &str,
        path: &str,
        body: Body,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "tower.example");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = axum::body::to_bytes(answer.into_body(), 64 << 20).await.unwrap().to_vec();
        Answer { status, headers, text: String::from_utf8(body).unwrap() }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", &[]).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &body.to_string(), &[("content-type", "application/json")]).await
    }

    pub(super) async fn facts(
        &self,
        table: &str,
        kind: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("content-type", kind)];
        all.extend(headers);
        self.send("POST", &format!("/api/v1/facts/{table}"), body, &all).await
    }
}

/// A token with these terms.
pub(super) fn token(office: &mut Office, name: &str, change: impl FnOnce(&mut New)) -> String {
    let mut new = New {
        name: name.to_owned(),
        role: Role::Hq,
        regions: Vec::new(),
        dealers: Vec::new(),
        tables: Vec::new(),
        reads: true,
        acts: true,
        days: 90,
        rate: 100_000,
    };
    change(&mut new);
    tokens::add(&mut office.desk, &sealer(), &new).unwrap_or_else(|error| panic!("{error}")).secret
}

pub(super) struct Door {
    pub(super) tower: Tower,
    pub(super) office: Office,
    app: App,
    pub(super) hq: Machine,
}

pub(super) async fn door() -> Door {
    let tower = Tower::new();
    let mut office = Office::since(&tower, "a", "example-2026", NOW);
    let app = over(&tower.database, at(NOW)).await;
    let hq = token(&mut office, "hq", |new| new.tables = vec!["all".to_owned()]);
    let hq = Machine::new(&app, &hq);
    Door { tower, office, app, hq }
}

pub(super) const CSV: &str = "text/csv";
pub(super) const NDJSON: &str = "application/x-ndjson";
pub(super) const JSON: &str = "application/json";

async fn two_dealers(hq: &Machine) {
    let regions = hq.facts("regions", CSV, "region_code,name\nR1,North\n", &[]).await;
    assert_eq!(regions.status, 200, "{}", regions.text);
    let rows = "dealer_code,name,region_code,opened_on\nA1,One,R1,2020-01-01\nA2,Two,R1,2020-01-01\n";
    assert_eq!(hq.facts("dealers", CSV, rows, &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_holds_until_it_is_revoked_rotated_or_over() {
    let Door { tower, mut office, app, hq } = door().await;
    let me = hq.get("/api/v1/me").await;
    assert_eq!((me.status, me.json()["machine"].as_str()), (200, Some("machine:hq")));
    for shown in ["", "fsk_1_00", "nonsense", &format!("fsk_{}_{}", office.tenant(), "00".repeat(32))] {
        let stranger = Machine::new(&app, shown).get("/api/v1/me").await;
        assert_eq!((stranger.status, stranger.code().as_str()), (401, "token"), "{shown}");
        assert!(stranger.headers.contains_key("www-authenticate"));
        assert_eq!(stranger.headers["content-type"], "application/problem+json");
    }
    let stored = number(
        &mut tower.sql(),
        "SELECT count(*) AS value FROM tokens WHERE encode(secret_sha256, 'escape') LIKE '%fsk%'",
    );
    assert_eq!(stored, 0, "secrets are not kept");
    // The new secret holds at once, the old one until the overlap is over.
    let rotated = tokens::rotate(&mut office.desk, &sealer(), "hq", 24).unwrap();
    let renewed = Machine::new(&app, &rotated.secret);
    assert_eq!((hq.get("/api/v1/me").await.status, renewed.get("/api/v1/me").await.status), (200, 200));
    let later = over(&tower.database, Instant(at(NOW).0 + 25 * HOUR)).await;
    assert_eq!(Machine::new(&later, &hq.token).get("/api/v1/me").await.status, 401);
    assert_eq!(Machine::new(&later, &rotated.secret).get("/api/v1/me").await.status, 200);
    let replica = over(&tower.database, at(NOW)).await;
    tokens::revoke(&mut office.desk, "hq").unwrap();
    for app in [&app, &replica] {
        assert_eq!(
            Machine::new(app, &rotated.secret).get("/api/v1/me").await.status,
            401,
            "on every replica"
        );
    }
    assert!(tokens::list(&mut office.desk).unwrap().iter().all(|token| !token.holds(at(NOW))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_no_person() {
    let Door { tower, mut office, .. } = door().await;
    let listed = farsight_control::users::all(&mut office.desk).unwrap();
    assert!(listed.iter().all(|user| !user.email.starts_with("machine:")), "{listed:?}");
    let set =
        farsight_control::doors::set_password(&mut office.desk, &sealer(), "machine:hq", "a few good words");
    assert!(!matches!(set, Ok(Ok(()))), "a machine has no password");
    let passwords =
        "SELECT count(*) AS value FROM users WHERE kind = 'machine' AND password_hash IS NOT NULL";
    assert_eq!(number(&mut tower.sql(), passwords), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_does_what_it_may_and_is_written_down_once_an_hour() {
    let Door { tower, mut office, app, hq } = door().await;
    two_dealers(&hq).await;
    let feed = token(&mut office, "feed", |new| {
        (new.reads, new.acts, new.tables) = (false, false, vec!["bays".to_owned()]);
    });
    let feed = Machine::new(&app, &feed);
    let bays = "dealer_code,effective_on,bays\nA1,2026-01-01,4\n";
    for _ in 0..3 {
        assert_eq!(feed.facts("bays", CSV, bays, &[]).await.status, 200);
    }
    assert_eq!(feed.get("/api/v1/alerts").await.code(), "token_may_not");
    assert_eq!(feed.facts("regions", CSV, "region_code,name\nR9,x\n", &[]).await.status, 403);
    assert_eq!(feed.facts("nothing", CSV, "a\n1\n", &[]).await.status, 404);
    let uses = |what: &str| {
        format!(
            "SELECT count(*) AS value FROM audit_log WHERE action = 'token.use' AND actor = 'machine:feed' AND detail LIKE '%{what}%'"
        )
    };
    assert_eq!(number(&mut tower.sql(), &uses("write bays")), 1);
    assert_eq!(number(&mut tower.sql(), &uses("read")), 0, "what was refused was no use");
    assert!(office.audit_links() > 0);
    // A role without business is answered as what does not exist.
    let call = token(&mut office, "call", |new| new.role = Role::CallCentre);
    let call = Machine::new(&app, &call);
    let (none, closed) = (call.get("/api/v1/nothing").await, call.get("/api/v1/settlements").await);
    assert_eq!((none.status, closed.status, closed.code().as_str()), (404, 404, "not_found"));
    let slow = token(&mut office, "slow", |new| new.rate = 2);
    let slow = Machine::new(&app, &slow);
    let statuses = [slow.get("/api/v1/me").await, slow.get("/api/v1/me").await].map(|answer| answer.status);
    assert_eq!(statuses, [200, 200]);
    let often = slow.get("/api/v1/me").await;
    assert_eq!((often.status, often.code().as_str()), (429, "too_many_requests"));
    assert!(often.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_whole_or_without_its_bad_rows() {
    let Door { tower, hq, .. } = door().await;
    two_dealers(&hq).await;
    let rows = "{\"dealer_code\":\"A1\",\"effective_on\":\"2026-01-01\",\"bays\":4}\n\n\
                {\"dealer_code\":\"A2\",\"effective_on\":\"yesterday\",\"bays\":4}\n\
                {\"dealer_code\":\"NOPE\",\"effective_on\":\"2026-01-01\",\"bays\":4}\n\
                {\"dealer_code\":\"A2\",\"effective_on\":\"2026-02-01\",\"bays\":\"6\"}\n";
    let count = || number(&mut tower.sql(), "SELECT count(*) AS value FROM bays");
    let strict = hq.facts("bays", NDJSON, rows, &[]).await;
    assert_eq!((strict.status, strict.code().as_str(), count()), (422, "rows_refused", 0), "{}", strict.text);
    let errors = strict.json()["errors"].clone();
    let told = |at: usize| {
        let error = &errors[at];
        (error["index"].as_u64(), error["line"].as_u64(), error["field"].clone(), error["code"].clone())
    };
    assert_eq!(told(0), (Some(1), Some(3), json!("effective_on"), json!("not_a_date")));
    assert_eq!(told(1), (Some(2), Some(4), json!("dealer_code"), json!("unknown_reference")));
    assert_eq!(errors[0]["value"], "yesterday");
    assert_eq!(errors[0]["remedy"], "write it like 2026-03-05");
    let lenient = hq.facts("bays", NDJSON, rows, &[("prefer", "handling=lenient")]).await;
    assert_eq!(lenient.status, 200, "{}", lenient.text);
    let told = lenient.json();
    assert_eq!((told["new"].as_u64(), told["refused"].as_u64(), count()), (Some(2), Some(2), 2));
    assert_eq!(told["errors"], errors);
    // Rows that contradict each other are both bad, wherever that is found out.
    let rows = json!([
        { "dealer_code": "A1", "effective_on": "2026-03-01", "bays": 4 },
        { "dealer_code": "A1", "effective_on": "2026-03-01", "bays": 5 },
        { "dealer_code": "A2", "effective_on": "2026-03-01", "bays": 5 },
    ]);
    let told = hq.facts("bays", JSON, &rows.to_string(), &[("prefer", "handling=lenient")]).await.json();
    assert_eq!((told["new"].as_u64(), told["refused"].as_u64()), (Some(1), Some(2)), "{told}");
    let indices: Vec<u64> =
        told["errors"].as_array().unwrap().iter().map(|error| error["index"].as_u64().unwrap()).collect();
    assert_eq!(indices, [0, 1]);
    // The same again is nothing new.
    let row = json!({ "dealer_code": "A2", "effective_on": "2026-03-01", "bays": 5 });
    assert_eq!(hq.facts("bays", JSON, &row.to_string(), &[]).await.json()["unchanged"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_told() {
    let Door { tower: _tower, hq, .. } = door().await;
    for (kind, body, headers, status, code) in [
        ("text/plain", "x", [("x-a", "b")], 415, "media_type"),
        (CSV, "x", [("content-encoding", "br")], 415, "media_type"),
        (JSON, "{", [("x-a", "b")], 422, "rows_refused"),
        (JSON, "", [("x-a", "b")], 422, "rows_refused"),
        (CSV, "nonsense\n1\n", [("x-a", "b")], 422, "rows_refused"),
        (JSON, "[]", [("idempotency-key", "a b")], 422, "bad_key"),
        (JSON, "[]", [("content-length", "99999999999")], 413, "too_large"),
    ] {
        let answer = hq.facts("regions", kind, body, &headers).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{kind} {body} {}", answer.text);
    }
    // A key that nothing is done with is no key.
    for (method, path) in [
        ("POST", "/api/v1/alerts/1/acknowledge"),
        ("PATCH", "/api/v1/webhooks/1"),
        ("HEAD", "/api/v1/uploads/1"),
    ] {
        let answer = hq.send(method, path, "{}", &[("content-type", JSON), ("idempotency-key", "k")]).await;
        assert_eq!(answer.status, 422, "{path}");
        assert!(method == "HEAD" || answer.code() == "key_not_taken", "{path} {}", answer.text);
    }
    assert_eq!(hq.send("GET", "/api/v1/me", "", &[("idempotency-key", "k")]).await.status, 200);
    let put = hq.send("PUT", "/api/v1/me", "", &[]).await;
    assert_eq!((put.status, put.code().as_str()), (405, "method_not_allowed"));
    assert!(put.headers.contains_key("allow"));
    let other = hq.send("GET", "/api/v1/me", "", &[("accept", "text/html")]).await;
    assert_eq!(other.status, 406);
    for bad in ["limit=0", "limit=x", "cursor=x", "since=yesterday", "nonsense=1"] {
        let answer = hq.get(&format!("/api/v1/alerts?{bad}")).await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].to_str().unwrap()),
            (422, "application/problem+json"),
            "{bad}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_that_comes_twice_is_given_its_first_answer_again() {
    let Door { tower, hq, .. } = door().await;
    let body = "region_code,name\nR1,North\n";
    let key = [("idempotency-key", "monday-1")];
    let first = hq.facts("regions", CSV, body, &key).await;
    assert_eq!((first.status, first.json()["new"].as_u64()), (200, Some(1)));
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let again = hq.facts("regions", CSV, body, &key).await;
    assert_eq!(
        (again.status, again.json()),
        (200, first.json()),
        "the first answer, not that nothing is new"
    );
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let other = hq.facts("regions", CSV, "region_code,name\nR2,South\n", &key).await;
    assert_eq!((other.status, other.code().as_str()), (422, "key_used"));
    let bad = [("idempotency-key", "monday-2")];
    let refused = hq.facts("regions", CSV, "region_code\nR3\n", &bad).await;
    assert_eq!(refused.status, 422);
    // Of what was refused nothing is stored: its key is free for the same when it can be, or for what is corrected.
    let corrected = hq.facts("regions", CSV, "region_code,name\nR3,West\n", &bad).await;
    assert_eq!((corrected.status, corrected.json()["new"].as_u64()), (200, Some(1)), "{}", corrected.text);
    // Many at once with one key: the facts are taken in once, the others wait or are told the same.
    let key = [("idempotency-key", "rush")];
    let calls = (0..8).map(|_| hq.facts("regions", CSV, "region_code,name\nR4,East\n", &key));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(calls).await.iter().map(|it| it.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    let imports = "SELECT count(*) AS value FROM imports WHERE source = 'api'";
    assert_eq!(number(&mut tower.sql(), imports), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_that_arrive_together_have_each_its_own_answer() {
    let Door { tower, mut office, hq, .. } = door().await;
    let bodies: Vec<String> = (0..60)
        .map(|n| match n % 3 {
            0 => format!("region_code,name\nR{n},name {n}\n"),
            1 => format!("region_code,name\nR{n},name {n}\nbad code,x\n"),
            _ => format!("region_code,name\nR{n}\n"),
        })
        .collect();
    let calls = bodies.iter().map(|body| hq.facts("regions", CSV, body, &[]));
    let answers = futures_util::future::join_all(calls).await;
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, if n % 3 == 0 { 200 } else { 422 }, "{n}: {}", answer.text);
    }
    let mut imports: Vec<i64> =
        answers.iter().filter_map(|answer| answer.json()["import"].as_i64()).collect();
    imports.sort_unstable();
    imports.dedup();
    assert_eq!(imports.len(), 20, "each its own import");
    assert_eq!(number(&mut tower.sql(), "SELECT count(*) AS value FROM regions"), 20);
    office.audit_links();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_that_arrive_together_may_correct_one_another() {
    let Door { tower, mut office, hq, .. } = door().await;
    let bodies: Vec<String> = (0..40).map(|n| format!("region_code,name\nR{},name {n}\n", n % 3)).collect();
    let calls = bodies.iter().map(|body| hq.facts("regions", CSV, body, &[]));
    let answers = futures_util::future::join_all(calls).await;
    let sum = |what: &str| answers.iter().filter_map(|answer| answer.json()[what].as_i64()).sum::<i64>();
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!((sum("new"), sum("corrected")), (3, 37));
    let regions = "SELECT count(*) AS value FROM regions WHERE superseded_at = 'infinity'";
    assert_eq!(number(&mut tower.sql(), regions), 3);
    assert_eq!(number(&mut tower.sql(), "SELECT count(*) AS value FROM regions"), 40, "nothing is lost");
    office.audit_links();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dealers_machine_sends_rows_of_its_own_dealer_only() {
    let Door { tower, mut office, app, hq } = door().await;
    two_dealers(&hq).await;
    let dealer = token(&mut office, "dms-a1", |new| {
        (new.role, new.dealers, new.tables) = (Role::Dealer, vec!["A1".to_owned()], vec!["all".to_owned()]);
    });
    let dealer = Machine::new(&app, &dealer);
    let order = |id: &str, dealer: &str, vin: &str| {
        json!({ "work_order_id": id, "dealer_code": dealer, "vin": vin, "created_at": "2026-03-05 09:00" })
            .to_string()
    };
    assert_eq!(hq.facts("work_orders", JSON, &order("W2", "A2", "V2"), &[]).await.status, 200);
    assert_eq!(dealer.facts("work_orders", JSON, &order("W1", "A1", "V1"), &[]).await.status, 200);
    let foreign = dealer.facts("work_orders", JSON, &order("W3", "A2", "V3"), &[]).await;
    let nobodys = dealer.facts("work_orders", JSON, &order("W3", "A9", "V3"), &[]).await;
    assert_eq!(
        foreign.text.replace("A2", "A9"),
        nobodys.text,
        "another's dealer is as one that is not there"
    );
    // The key of another's row: refused, told nothing of, and nothing is changed.
    let taken = dealer.facts("work_orders", JSON, &order("W2", "A1", "V1"), &[]).await;
    assert_eq!(
        (taken.status, taken.json()["errors"][0]["code"].as_str()),
        (422, Some("key_taken")),
        "{}",
        taken.text
    );
    assert!(!taken.text.contains("V2") && !taken.text.contains("A2"), "{}", taken.text);
    let delay = json!({ "work_order_id": "W2", "given_at": "2026-03-06 09:00", "reason": "x", "promised_at": "2026-03-07 09:00" });
    let delay = dealer.facts("work_order_delays", JSON, &delay.to_string(), &[]).await;
    assert_eq!(delay.json()["errors"][0]["code"], "unknown_reference", "{}", delay.text);
    assert_eq!(dealer.facts("rulings", JSON, "[]", &[]).await.status, 403);
    let rows = "SELECT count(*) AS value FROM work_orders";
    assert_eq!(number(&mut tower.sql(), rows), 2);
    // Its own it corrects.
    assert_eq!(dealer.facts("work_orders", JSON, &order("W1", "A1", "V9"), &[]).await.json()["corrected"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_document_gives_as_example_can_be_sent() {
    let Door { tower: _tower, hq, .. } = door().await;
    let document = Machine::new_stranger(&hq).get("/api/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    for table in TABLES {
        let operation = &document["paths"][format!("/api/v1/facts/{}", table.name)]["post"];
        let example = &operation["requestBody"]["content"][JSON]["example"];
        let sent = hq.facts(table.name, JSON, &example.to_string(), &[]).await;
        assert_eq!(sent.status, 200, "{}: {}", table.name, sent.text);
        assert_eq!(sent.json()["new"], 1, "{}", table.name);
        let properties = &document["components"]["schemas"][format!("Fact.{}", table.name)]["properties"];
        for column in table.all_columns() {
            assert!(properties[column.name].is_object(), "{} {}", table.name, column.name);
        }
    }
    for operation in api::operations() {
        let path = operation.path.replace("{table}", "regions");
        let method = operation.verb().to_lowercase();
        assert!(document["paths"][&path][&method].is_object(), "{method} {path} is in the document");
    }
    assert_refs_lead_somewhere(&document, &document);
    let page = Machine::new_stranger(&hq).get("/api/v1/docs").await;
    assert_eq!(page.status, 200);
    let text = page.text.replace("&#x2f;", "/");
    assert!(text.contains("/api/v1/facts/work_orders") && text.contains("/api/v1/alerts/{alert}"));
}

fn assert_refs_lead_somewhere(document: &Value, within: &Value) {
    match within {
        Value::Object(object) => {
            if let Some(to) = object.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(&to[1..]).is_some(), "{to}");
            }
            object.values().for_each(|value| assert_refs_lead_somewhere(document, value));
        }
        Value::Array(values) => values.iter().for_each(|value| assert_refs_lead_somewhere(document, value)),
        _ => {}
    }
}

impl Machine {
    /// The same without a token.
    fn new_stranger(of: &Self) -> Self {
        Self { router: of.router.clone(), token: String::new() }
    }

    /// All objects of a list from a cursor on, and the cursor to go on with.
    pub(super) async fn pull(&self, list: &str, limit: usize, mut cursor: String) -> (Vec<Value>, String) {
        let mut items = Vec::new();
        loop {
            let after = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
            let answer = self.get(&format!("/api/v1/{list}?limit={limit}{after}")).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let piece = answer.json();
            items.extend(piece["items"].as_array().unwrap().iter().cloned());
            piece["next"].as_str().unwrap().clone_into(&mut cursor);
            if piece["more"] == false {
                return (items, cursor);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_books_by_the_machines_door_and_pulled_from_it() {
    let tower = Tower::new();
    let case = books::small().into_iter().next().unwrap();
    let mut office = Office::since(&tower, "a", case.policy, NOW);
    let app = over(&tower.database, at(NOW)).await;
    let hq = token(&mut office, "hq", |new| new.tables = vec!["all".to_owned()]);
    let hq = Machine::new(&app, &hq);
    let mut sheets = case.facts();
    sheets.sort_by_key(|sheet| TABLES.iter().position(|table| table.name == sheet.table));
    for (sheet, ndjson) in sheets.iter().zip([true, false].into_iter().cycle()) {
        let body = if ndjson {
            farsight_exchange::facts::write_ndjson(Vec::new(), sheet)
        } else {
            farsight_exchange::facts::write_csv(Vec::new(), sheet)
        };
        let body = String::from_utf8(body.unwrap()).unwrap();
        let sent = hq.facts(&sheet.table, if ndjson { NDJSON } else { CSV }, &body, &[]).await;
        assert_eq!(sent.status, 200, "{}: {}", sheet.table, sent.text);
    }
    office.check(case.as_of);
    case.compare("by the machines' door", &mut office);
    let (entries, next) = hq.pull("entries", 3, String::new()).await;
    let exported: Vec<_> =
        books::records(&office.csv(farsight_control::export::Report::Entries, None)).collect();
    assert!(!entries.is_empty());
    assert_eq!(entries.len(), exported.len());
    for row in &exported {
        let same = |entry: &&Value| entry["entry_id"].as_i64() == row["entry_id"].parse().ok();
        let entry = entries.iter().find(same).unwrap();
        assert_eq!(entry["amount"], json!({ "amount": row["amount"], "currency": "CNY" }));
        assert_eq!(
            (entry["clause"].as_str(), entry["subject"].as_str()),
            (Some(&*row["clause"]), Some(&*row["subject"]))
        );
    }
    assert!(hq.pull("entries", 3, next).await.0.is_empty(), "nothing is new");
    let receipt = hq.get(&format!("/api/v1/entries/{}/receipt", entries[0]["entry_id"])).await;
    assert_eq!(receipt.status, 200, "{}", receipt.text);
    let (alerts, next) = hq.pull("alerts", 2, String::new()).await;
    let mut acknowledged = Value::Null;
    for open in alerts.iter().filter(|alert| alert["status"] == "open") {
        let id = &open["alert_id"];
        let answer = hq.post(&format!("/api/v1/alerts/{id}/acknowledge"), &json!({})).await;
        if answer.status == 200 {
            acknowledged = id.clone();
            break;
        }
        assert_eq!((answer.status, &*answer.code()), (422, "alert_not_before_you"), "{}", answer.text);
    }
    let (changed, _) = hq.pull("alerts", 2, next).await;
    let changed: Vec<_> = changed.iter().map(|alert| alert["alert_id"].clone()).collect();
    assert_eq!(changed, [acknowledged], "the one that headquarters acknowledged, and no other");
    for list in
        ["settlements", "statements", "inspections", "draws", "rectifications", "appeals", "complaints"]
    {
        hq.pull(list, 2, String::new()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_while_facts_arrive() {
    let Door { tower: _tower, hq, .. } = door().await;
    two_dealers(&hq).await;
    let complaint = |n: usize, text: &str| json!({ "complaint_id": format!("C{n:03}"), "dealer_code": "A1", "received_at": "2026-01-12 09:00", "severity": "general", "category": text });
    let rows: Vec<Value> = (0..25).map(|n| complaint(n, "first")).collect();
    assert_eq!(hq.facts("complaints", JSON, &json!(rows).to_string(), &[]).await.status, 200);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for round in 0..40 {
        let after = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let piece = hq.get(&format!("/api/v1/complaints?limit=4{after}")).await.json();
        for item in piece["items"].as_array().unwrap() {
            let id = item["complaint_id"].as_str().unwrap().to_owned();
            seen.push((id, item["category"].as_str().unwrap().to_owned()));
        }
        piece["next"].as_str().unwrap().clone_into(&mut cursor);
        // Meanwhile one is new, and one that was read or is yet to be read becomes another.
        if round < 10 {
            let rows =
                json!([complaint(100 + round, "late"), complaint(round * 2, &format!("changed {round}"))]);
            assert_eq!(hq.facts("complaints", JSON, &rows.to_string(), &[]).await.status, 200);
        } else if piece["more"] == false {
            break;
        }
    }
    let mut states = seen.clone();
    states.sort();
    states.dedup();
    assert_eq!(states.len(), seen.len(), "no state of an object comes twice: {seen:?}");
    for n in (0..25).chain(100..110) {
        let id = format!("C{n:03}");
        let last = seen.iter().rfind(|(seen, _)| *seen == id).map(|(_, text)| text.as_str());
        let wanted = match n {
            100.. => "late".to_owned(),
            n if n % 2 == 0 && n < 20 => format!("changed {}", n / 2),
            _ => "first".to_owned(),
        };
        assert_eq!(last, Some(wanted.as_str()), "{id} is seen as it is in the end");
    }
    let since = hq.get("/api/v1/complaints?since=2100-01-01T00:00:00Z").await.json();
    assert_eq!(since["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_not_changed_is_not_sent_again() {
    let Door { tower: _tower, hq, .. } = door().await;
    two_dealers(&hq).await;
    let first = hq.get("/api/v1/complaints").await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    let again = hq.send("GET", "/api/v1/complaints", "", &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let row = json!({ "complaint_id": "C1", "dealer_code": "A1", "received_at": "2026-01-12 09:00", "severity": "general", "category": "x" });
    hq.facts("complaints", JSON, &row.to_string(), &[]).await;
    let changed = hq.send("GET", "/api/v1/complaints", "", &[("if-none-match", &tag)]).await;
    assert_eq!(changed.status, 200);
    let deed = hq.post("/api/v1/complaints/C1/deeds", &json!({ "deed": "dispatch" })).await;
    assert_eq!(deed.status, 200, "{}", deed.text);
    let twice = hq.post("/api/v1/complaints/C1/deeds", &json!({ "deed": "dispatch" })).await;
    assert_eq!(twice.status, 422);
    let strange = hq.post("/api/v1/complaints/C1/deeds", &json!({ "deed": "praise" })).await;
    assert_eq!((strange.status, strange.code().as_str()), (422, "bad_body"));
}
