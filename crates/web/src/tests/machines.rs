//! The machines' door: tokens, and the document that is what it says; in rooms beside it facts in and lists out.

mod facts;
mod lists;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use farsight_control::tokens::{self, New};
use farsight_ledger::settlement::Role;
use farsight_rulebook::tables::TABLES;
use farsight_rulebook::time::{HOUR, Instant};
use farsight_tests::office::{at, sealer};
use farsight_tests::tower::number;
use farsight_tests::{Office, Tower};
use serde_json::Value;
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
