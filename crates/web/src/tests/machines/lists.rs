//! Lists out by the machines' door: they lose and double nothing while facts arrive.

use farsight_rulebook::tables::TABLES;
use farsight_tests::office::at;
use farsight_tests::{Office, Tower, books};
use serde_json::{Value, json};

use super::{CSV, Door, JSON, Machine, NDJSON, door, token, two_dealers};
use crate::testing::{NOW, over};

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
