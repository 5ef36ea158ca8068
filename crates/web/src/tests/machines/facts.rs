//! Facts in by the machines' door: whole or without their bad rows, told what cannot be read, each request once.

use farsight_ledger::settlement::Role;
use farsight_tests::tower::number;
use serde_json::json;

use super::{CSV, Door, JSON, Machine, NDJSON, door, token, two_dealers};

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
