//! Webhooks of machines, from the subscription to a receiver on this machine, which checks signatures by a library of its own.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_control::{alerts, telling, tokens, webhooks};
use farsight_courier::{Courier, Settings};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{DAY, HOUR, Instant, MINUTE};
use farsight_tests::office::{at, sealer};
use farsight_tests::tower::{run, texts};
use farsight_tests::{Office, Tower};
use serde_json::{Value, json};

use crate::testing::{NOW, over, reach};
use crate::tests::machines::{Answer, Machine, token};

/// What a receiver was sent.
#[derive(Debug, Clone)]
struct Got {
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn id(&self) -> String {
        self.header("webhook-id").to_owned()
    }

    /// How many of the signatures fit a key, by another library than the one that signed.
    fn signed_by(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
        let text = format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.body);
        let fits = |signature: &&str| {
            let tag = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
            ring::hmac::verify(&key, text.as_bytes(), &tag).is_ok()
        };
        self.header("webhook-signature").split(' ').filter(fits).count()
    }
}

/// A receiver that answers as it is told.
#[derive(Clone)]
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
    answer: Arc<Mutex<(u16, Option<&'static str>)>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let receiver = Self { url, got: Arc::default(), answer: Arc::new(Mutex::new((204, None))) };
        let serving = receiver.clone();
        let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: String| async move {
            serving.take(&uri, headers, body)
        });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        receiver
    }

    fn take(&self, uri: &Uri, headers: HeaderMap, body: String) -> Response {
        self.got.lock().unwrap().push(Got { path: uri.path().to_owned(), headers, body });
        let (status, wait) = *self.answer.lock().unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        match wait {
            Some(wait) => (status, [("retry-after", wait)]).into_response(),
            None => status.into_response(),
        }
    }

    fn answers(&self, status: u16, wait: Option<&'static str>) {
        *self.answer.lock().unwrap() = (status, wait);
    }

    /// What came since it was last asked.
    fn news(&self) -> Vec<Got> {
        std::mem::take(&mut *self.got.lock().unwrap())
    }
}

struct World {
    tower: Tower,
    office: Office,
    courier: Courier,
    receiver: Receiver,
    hq: Machine,
    dealer: Machine,
    now: Instant,
}

async fn world() -> World {
    let tower = Tower::new();
    let mut office = Office::since(&tower, "a", "example-2026", NOW);
    let app = over(&tower.database, at(NOW)).await;
    let hq = token(&mut office, "hq", |new| new.tables = vec!["all".to_owned()]);
    let hq = Machine::new(&app, &hq);
    facts(&hq, "regions", "region_code,name\nR1,North\n").await;
    let dealers = "dealer_code,name,region_code,opened_on\nA1,One,R1,2020-01-01\nA2,Two,R1,2020-01-01\n";
    facts(&hq, "dealers", dealers).await;
    let dealer = token(&mut office, "dms", |new| {
        (new.role, new.dealers) = (Role::Dealer, vec!["A1".to_owned()]);
    });
    let dealer = Machine::new(&app, &dealer);
    let settings = Settings { reach: reach(), timeout: Duration::from_secs(5), smtp: None };
    World {
        tower,
        office,
        courier: Courier::new(&settings).unwrap(),
        receiver: Receiver::start().await,
        hq,
        dealer,
        now: at(NOW),
    }
}

async fn facts(machine: &Machine, table: &str, csv: &str) {
    let path = format!("/api/v1/facts/{table}");
    let sent = machine.send("POST", &path, csv, &[("content-type", "text/csv")]).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
}

impl World {
    /// A complaint of a dealer.
    async fn complaint(&self, id: &str, dealer: &str) {
        let row = format!("{id},{dealer},2026-01-12 09:00,2026-01-12 10:00,major,attitude");
        let csv = format!("complaint_id,dealer_code,received_at,dispatched_at,severity,category\n{row}\n");
        facts(&self.hq, "complaints", &csv).await;
    }

    /// A reply to it that came too late, which is charged.
    async fn late_reply(&self, id: &str) {
        let csv = format!("complaint_id,at,kind\n{id},2026-01-14 10:00,first-reply\n");
        facts(&self.hq, "complaint_events", &csv).await;
    }

    /// Makes what is new into messages and sends what is due, as the job does; says how many were made.
    async fn tell(&mut self) -> u64 {
        self.office.now(self.now);
        let made = webhooks::fan_out(&mut self.office.desk).unwrap();
        loop {
            let all = (telling::Whose::Machines, 32);
            let claims = telling::due(&mut self.office.desk, &sealer(), &self.courier, all).unwrap();
            if claims.is_empty() {
                return made;
            }
            for claim in claims {
                let outcome = claim.send(&self.courier, self.now).await;
                telling::record(&mut self.office.desk, &claim, &outcome).unwrap();
            }
        }
    }

    fn pass(&mut self, time: i64) {
        self.now = Instant(self.now.0 + time);
    }

    /// Subscribes a path of the receiver; gives number and key.
    async fn subscribe(&self, machine: &Machine, path: &str, events: &[&str]) -> (String, String) {
        let new = json!({ "name": path, "url": format!("{}{path}", self.receiver.url), "events": events });
        let made = post(machine, "/api/v1/webhooks", &new).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let made = made.json();
        (made["webhook_id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
    }

    fn texts(&self, query: &str) -> Vec<String> {
        texts(&mut self.tower.sql(), query)
    }
}

async fn post(machine: &Machine, path: &str, body: &Value) -> Answer {
    machine.send("POST", path, &body.to_string(), &[("content-type", "application/json")]).await
}

async fn patch(machine: &Machine, path: &str, body: &Value) -> Answer {
    machine.send("PATCH", path, &body.to_string(), &[("content-type", "application/json")]).await
}

async fn get(machine: &Machine, path: &str) -> Answer {
    machine.send("GET", path, "", &[]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_told_once_signed_and_only_to_who_may_see_it() {
    let mut world = world().await;
    let events = ["complaint.changed", "facts.imported", "entries.changed", "alert.opened"];
    let (_, secret) = world.subscribe(&world.hq, "/hq", &events).await;
    world
        .subscribe(&world.dealer, "/dealer", &["complaint.changed", "alert.opened", "entries.changed"])
        .await;
    assert_eq!(world.tell().await, 0, "what was before is not told");
    world.complaint("C1", "A1").await;
    world.complaint("C2", "A2").await;
    world.late_reply("C1").await;
    world.late_reply("C2").await;
    world.office.check("2026-03-01T00:00:00+08:00");
    assert!(world.tell().await > 0);
    let got = world.receiver.news();
    for it in got.iter().filter(|it| it.path == "/hq") {
        assert_eq!(it.signed_by(&secret), 1, "{it:?}");
        assert_eq!(it.header("content-type"), "application/json; charset=utf-8");
        assert_eq!(it.json()["data"]["tenant"], "a");
    }
    let told = |path: &str, event: &str| -> Vec<Value> {
        let of = got.iter().filter(|it| it.path == path).map(Got::json);
        of.filter(|it| it["type"] == event).map(|it| it["data"].clone()).collect()
    };
    let complaints = |path: &str| -> BTreeSet<String> {
        told(path, "complaint.changed")
            .iter()
            .map(|it| it["complaint_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(complaints("/hq"), BTreeSet::from(["C1".to_owned(), "C2".to_owned()]));
    assert_eq!(complaints("/dealer"), BTreeSet::from(["C1".to_owned()]), "another dealer's is not told");
    assert_eq!(
        told("/hq", "facts.imported")[0]["tables"]["complaints"],
        json!({ "imports": 2, "new": 2, "corrected": 0 })
    );
    let dealers: Vec<Value> =
        told("/dealer", "alert.opened").iter().map(|it| it["dealer_code"].clone()).collect();
    assert!(!dealers.is_empty() && dealers.iter().all(|dealer| dealer == "A1"), "{dealers:?}");
    assert!(told("/hq", "alert.opened").len() > dealers.len());
    // What links lead to is there for whoever was told, and there is as much of it as was said.
    for (path, machine) in [("/hq", &world.hq), ("/dealer", &world.dealer)] {
        for event in ["complaint.changed", "alert.opened", "entries.changed"] {
            for data in told(path, event) {
                let there = get(machine, data["link"].as_str().unwrap()).await;
                assert_eq!(there.status, 200, "{data}: {}", there.text);
            }
        }
        let entries = &told(path, "entries.changed")[0];
        let items =
            get(machine, entries["link"].as_str().unwrap()).await.json()["items"].as_array().unwrap().len();
        assert_eq!(items as i64, entries["posted"].as_i64().unwrap() + entries["reversed"].as_i64().unwrap());
    }
    let ids: BTreeSet<String> = got.iter().map(Got::id).collect();
    assert_eq!(ids.len(), got.len(), "each has a number of its own");
    assert_eq!(world.tell().await, 0, "and nothing is told twice");
    assert!(world.receiver.news().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_reading_and_writing_down_nothing_is_lost_or_doubled() {
    let mut world = world().await;
    world.subscribe(&world.hq, "/hq", &["complaint.changed"]).await;
    world.complaint("C1", "A1").await;
    // The cursor stands as if the run had never been; the same is made under the same number, so nothing is new.
    let cursor = world.texts("SELECT seq::text || ' ' || key AS value FROM webhook_cursors");
    world.tell().await;
    let (seq, key) = cursor[0].split_once(' ').unwrap();
    farsight_tests::tower::run(
        &mut world.tower.sql(),
        &format!("UPDATE webhook_cursors SET seq = {seq}, key = '{key}'"),
    );
    assert_eq!(world.tell().await, 0);
    assert_eq!(world.receiver.news().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_its_machines_own() {
    let mut world = world().await;
    let (id, secret) = world.subscribe(&world.hq, "/hq", &["complaint.changed"]).await;
    let path = format!("/api/v1/webhooks/{id}");
    let shown = get(&world.hq, &path).await;
    assert_eq!((shown.status, shown.json()["enabled"].as_bool()), (200, Some(true)));
    assert!(!shown.text.contains(&secret), "the key is told once");
    let kept = world.texts("SELECT encode(sealed, 'escape') AS value FROM webhooks");
    assert!(!kept[0].contains("whsec_") && !kept[0].contains("127.0.0.1"), "sealed");
    let nobodys = "/api/v1/webhooks/00000000-0000-4000-8000-000000000000";
    for tail in ["", "/deliveries"] {
        let (foreign, none) = (
            get(&world.dealer, &format!("{path}{tail}")).await,
            get(&world.dealer, &format!("{nobodys}{tail}")).await,
        );
        assert_eq!((foreign.status, foreign.text), (404, none.text), "{tail}");
    }
    assert_eq!(get(&world.dealer, "/api/v1/webhooks").await.json()["items"], json!([]));
    assert_eq!(world.dealer.send("DELETE", &path, "", &[]).await.status, 404);
    for (body, code) in [
        (json!({ "url": "https://hooks.example/", "events": ["settlement.locked"] }), "webhook_events"),
        (json!({ "url": "https://hooks.example/", "events": [] }), "webhook_events"),
        (json!({ "url": "https://192.168.1.1/", "events": ["alert.opened"] }), "address_refused"),
        (json!({ "url": "nonsense", "events": ["alert.opened"] }), "address_unreadable"),
        (json!({ "url": "https://hooks.example/", "events": ["alert.opened"], "secret": "x" }), "bad_body"),
    ] {
        let refused = post(&world.dealer, "/api/v1/webhooks", &body).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some(code)), "{}", refused.text);
    }
    let app = over(&world.tower.database, at(NOW)).await;
    for (name, reads, acts) in [("reader", true, false), ("actor", false, true)] {
        let shown = token(&mut world.office, name, |new| (new.reads, new.acts) = (reads, acts));
        let body = json!({ "url": "https://hooks.example/", "events": ["alert.opened"] });
        let refused = post(&Machine::new(&app, &shown), "/api/v1/webhooks", &body).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("token_may_not")), "{name}");
    }
    for _ in 1..webhooks::MOST {
        world.subscribe(&world.hq, "/more", &["alert.opened"]).await;
    }
    let body = json!({ "url": world.receiver.url, "events": ["alert.opened"] });
    assert_eq!(post(&world.hq, "/api/v1/webhooks", &body).await.json()["code"], "webhook_too_many");
    // Removed, it is gone, with what waits for it.
    world.complaint("C1", "A1").await;
    webhooks::fan_out(&mut world.office.desk).unwrap();
    assert_eq!(world.hq.send("DELETE", &path, "", &[]).await.status, 200);
    assert_eq!(get(&world.hq, &path).await.status, 404);
    world.tell().await;
    assert!(world.receiver.news().is_empty());
    assert_eq!(world.texts("SELECT state AS value FROM deliveries"), ["dropped"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_and_the_old_one_sign_side_by_side_for_a_while() {
    let mut world = world().await;
    let (id, old) = world.subscribe(&world.hq, "/hq", &["complaint.changed"]).await;
    let rotated =
        post(&world.hq, &format!("/api/v1/webhooks/{id}/rotate"), &json!({ "overlap_hours": 24 })).await;
    let new = rotated.json()["secret"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    world.complaint("C1", "A1").await;
    world.tell().await;
    let got = world.receiver.news();
    assert_eq!((got[0].signed_by(&new), got[0].signed_by(&old)), (1, 1));
    world.pass(24 * HOUR);
    let ping = post(&world.hq, &format!("/api/v1/webhooks/{id}/ping"), &json!({})).await;
    assert_eq!(ping.status, 200, "{}", ping.text);
    world.tell().await;
    let got = world.receiver.news();
    assert_eq!((got[0].signed_by(&new), got[0].signed_by(&old)), (1, 0), "the old key's time is over");
    assert_eq!(
        (got[0].json()["type"].as_str(), got[0].id()),
        (Some("ping"), ping.json()["delivery_id"].as_str().unwrap().to_owned())
    );
    let refused =
        post(&world.hq, &format!("/api/v1/webhooks/{id}/rotate"), &json!({ "overlap_hours": 999 })).await;
    assert_eq!(refused.json()["code"], "webhook_overlap");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_was_down_is_told_all_of_it_and_told_again_when_asked() {
    let mut world = world().await;
    let (id, _) = world.subscribe(&world.hq, "/hq", &["complaint.changed"]).await;
    world.subscribe(&world.dealer, "/hq", &["complaint.changed"]).await;
    let log = format!("/api/v1/webhooks/{id}/deliveries");
    world.receiver.answers(503, None);
    world.complaint("C1", "A2").await;
    world.tell().await;
    let first = world.receiver.news();
    assert_eq!(first.len(), 1);
    world.pass(MINUTE);
    world.receiver.answers(429, Some("3600"));
    world.complaint("C2", "A2").await;
    world.tell().await;
    let waiting = get(&world.hq, &log).await.json();
    let waits = |place: usize| {
        waiting["items"][place]["state"] == "due" && waiting["items"][place]["attempts"].as_i64() >= Some(1)
    };
    assert!(waits(0) && waits(1), "{waiting}");
    assert!(waiting["items"][0]["last_answer"].as_str().unwrap().contains("429"), "{waiting}");
    let asked = waiting["items"][0]["next_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(asked.as_microsecond() >= world.now.0 + HOUR, "Retry-After is honoured");
    world.receiver.news();
    world.receiver.answers(204, None);
    world.pass(HOUR + MINUTE);
    world.tell().await;
    let got = world.receiver.news();
    let ids: BTreeSet<String> = got.iter().map(Got::id).collect();
    assert_eq!(
        (got.len(), ids.len(), ids.contains(&first[0].id())),
        (2, 2, true),
        "each once, under its number"
    );
    let delivered = get(&world.hq, &format!("{log}?state=delivered&limit=1")).await.json();
    assert_eq!((delivered["items"].as_array().unwrap().len(), delivered["more"].as_bool()), (1, Some(true)));
    assert!(delivered["items"][0]["last_answer"].as_str().unwrap().contains("204"), "{delivered}");
    assert_eq!(get(&world.hq, &format!("{log}?state=lost")).await.json()["code"], "delivery_state");
    let again = post(&world.hq, &format!("{log}/{}/redeliver", first[0].id()), &json!({})).await;
    assert_eq!(again.status, 200, "{}", again.text);
    world.tell().await;
    let got = world.receiver.news();
    assert_eq!(
        (got.len(), got[0].id(), &got[0].body),
        (1, first[0].id(), &first[0].body),
        "the same, byte for byte"
    );
    assert_eq!(
        post(&world.dealer, &format!("{log}/{}/redeliver", first[0].id()), &json!({})).await.status,
        404
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_takes_nothing_for_days_is_switched_off_and_nothing_is_lost() {
    let mut world = world().await;
    let (id, _) = world.subscribe(&world.hq, "/hq", &["complaint.changed"]).await;
    let path = format!("/api/v1/webhooks/{id}");
    world.receiver.answers(500, None);
    world.complaint("C1", "A1").await;
    world.tell().await;
    let down_since = world.now;
    for _ in 0..6 {
        world.pass(DAY);
        world.complaint(&format!("D{}", world.now.0), "A1").await;
        world.tell().await;
    }
    let off = get(&world.hq, &path).await.json();
    assert_eq!(off["enabled"], false, "{off}");
    assert!(off["disabled_why"].as_str().unwrap().contains("500"), "{off}");
    alerts::tend(&mut world.office.desk).unwrap();
    let open = "SELECT clause AS value FROM alerts WHERE clause = 'webhook-off' AND resolved_at = 'infinity'";
    assert_eq!(world.texts(open), ["webhook-off"], "whoever looks after machines is told");
    let waiting = "SELECT count(*)::text AS value FROM deliveries WHERE state IN ('due', 'sending')";
    assert_eq!(world.texts(waiting), ["0"]);
    world.complaint("LATE", "A1").await;
    world.receiver.news();
    world.receiver.answers(204, None);
    assert_eq!(world.tell().await, 0, "while it is off nothing is made");
    // Switched on again it is told what happened meanwhile, and what was given up when asked.
    assert_eq!(patch(&world.hq, &path, &json!({ "enabled": true })).await.json()["enabled"], true);
    let since = down_since.timestamp().to_string();
    let again = post(&world.hq, &format!("{path}/redeliver"), &json!({ "since": since })).await;
    assert!(again.json()["deliveries"].as_i64().unwrap() >= 6, "{}", again.text);
    world.tell().await;
    let told: BTreeSet<String> = world
        .receiver
        .news()
        .iter()
        .map(|it| it.json()["data"]["complaint_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told.len(), 8, "{told:?}");
    assert!(told.contains("C1") && told.contains("LATE"));
    alerts::tend(&mut world.office.desk).unwrap();
    assert!(world.texts(open).is_empty(), "the alert is over");
    // Gone for good: at once.
    world.receiver.answers(410, None);
    world.complaint("C9", "A1").await;
    world.tell().await;
    assert_eq!(get(&world.hq, &path).await.json()["enabled"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_waits_is_sent_at_once_when_asked() {
    let mut world = world().await;
    let (id, _) = world.subscribe(&world.hq, "/hq", &["complaint.changed"]).await;
    world.receiver.answers(503, None);
    world.complaint("C1", "A1").await;
    world.tell().await;
    let first = world.receiver.news().remove(0).id();
    world.receiver.answers(204, None);
    assert_eq!(world.tell().await + world.receiver.news().len() as u64, 0, "it waits");
    let again = format!("/api/v1/webhooks/{id}/deliveries/{first}/redeliver");
    assert_eq!(post(&world.hq, &again, &json!({})).await.status, 200);
    // One that is being sent just now is being sent; nothing is changed.
    let claimed =
        telling::due(&mut world.office.desk, &sealer(), &world.courier, (telling::Whose::Machines, 32));
    assert_eq!(claimed.unwrap().len(), 1);
    assert_eq!(post(&world.hq, &again, &json!({})).await.status, 200);
    assert_eq!(world.texts("SELECT state AS value FROM deliveries"), ["sending"]);
    assert_eq!(post(&world.dealer, &again, &json!({})).await.status, 404);
    assert_eq!(post(&world.hq, &again.replace(&first, "none"), &json!({})).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fits_no_more_can_be_switched_off_and_renamed() {
    let world = world().await;
    let (id, _) = world.subscribe(&world.hq, "/hq", &["complaint.changed"]).await;
    let path = format!("/api/v1/webhooks/{id}");
    run(&mut world.tower.sql(), "UPDATE webhooks SET events = '{lost.type}'");
    for (change, status) in [
        (json!({ "enabled": false }), 200),
        (json!({ "name": "old" }), 200),
        (json!({ "enabled": true }), 422),
        (json!({ "events": ["lost.type"] }), 422),
        (json!({ "url": "nowhere" }), 422),
        (json!({ "name": "a\nb" }), 422),
        (json!({ "enabled": true, "events": ["complaint.changed"] }), 200),
    ] {
        let told = patch(&world.hq, &path, &change).await;
        assert_eq!(told.status, status, "{change} {}", told.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_is_forgotten_in_the_end_pings_too() {
    let mut world = world().await;
    let (id, _) = world.subscribe(&world.hq, "/hq", &["complaint.changed"]).await;
    world.receiver.answers(410, None);
    assert_eq!(post(&world.hq, &format!("/api/v1/webhooks/{id}/ping"), &json!({})).await.status, 200);
    world.tell().await;
    let states = "SELECT what || ' ' || state AS value FROM deliveries";
    assert_eq!(world.texts(states), ["test gave-up"]);
    world.pass(100 * DAY);
    world.office.now(world.now);
    telling::digest(&mut world.office.desk).unwrap();
    assert!(world.texts(states).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_whose_tokens_are_revoked_is_told_nothing_more() {
    let mut world = world().await;
    let (id, _) = world.subscribe(&world.dealer, "/dealer", &["complaint.changed"]).await;
    world.complaint("C1", "A1").await;
    webhooks::fan_out(&mut world.office.desk).unwrap();
    tokens::revoke(&mut world.office.desk, "dms").unwrap();
    world.complaint("C2", "A1").await;
    assert_eq!(world.tell().await, 0);
    assert!(world.receiver.news().is_empty(), "also what was made already");
    // A new token alone does not switch it on: its machine has to.
    let renewed = token(&mut world.office, "dms", |new| {
        (new.role, new.dealers) = (Role::Dealer, vec!["A1".to_owned()]);
    });
    let renewed = Machine::new(&over(&world.tower.database, at(NOW)).await, &renewed);
    assert_eq!(world.tell().await, 0);
    patch(&renewed, &format!("/api/v1/webhooks/{id}"), &json!({ "enabled": true })).await;
    assert_eq!(world.tell().await, 1, "C2, which came meanwhile");
}

/// A type is told to those roles that may call what its link leads to, and the document has it.
#[tokio::test]
async fn types_are_told_to_who_may_read_what_they_link_to() {
    use farsight_control::webhooks::events::{EVENTS, roles};
    use farsight_store::webhooks::happened::Source;
    for event in EVENTS.iter().filter(|event| event.source != Source::Imports) {
        let list = format!("/api/v1/{}", event.source.name());
        let operation = crate::api::operations()
            .into_iter()
            .find(|operation| operation.path == list && operation.verb() == "GET");
        let operation = operation.unwrap_or_else(|| panic!("{} links to {list}", event.name));
        for role in
            [Role::RegionalManager, Role::Hq, Role::Dealer, Role::Finance, Role::CallCentre, Role::Operator]
        {
            assert_eq!(
                operation.who.lets(role),
                roles(event.source).contains(&role),
                "{} {role:?}",
                event.name
            );
        }
    }
    let stranger = Machine::new(&crate::testing::app().await, "");
    let document = get(&stranger, "/api/v1/openapi.json").await.json();
    for event in EVENTS {
        let told =
            &document["webhooks"][event.name]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(told["properties"]["type"]["const"], event.name);
    }
}
