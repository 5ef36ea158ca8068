//! A place to try: an integrator makes books in a simulated tenant with nothing but requests, at moments of its own choice, and sees
//! nothing of another's.

use farsight_control::tenants::{self, NewTenant};
use farsight_tests::office::{at, sealer};
use farsight_tests::{Office, Tower};
use serde_json::{Value, json};

use crate::testing::{NOW, over};
use crate::tests::machines::{Machine, token};

/// Facts of some months, sent and judged as if it were then.
async fn try_out(machine: &Machine, dealer: &str) -> Value {
    let csv = [("content-type", "text/csv"), ("farsight-now", "2026-03-01T08:00:00+08:00")];
    for (table, rows) in [
        ("regions", "region_code,name\nR1,North\n".to_owned()),
        ("dealers", format!("dealer_code,name,region_code,opened_on\n{dealer},One,R1,2020-01-01\n")),
        (
            "complaints",
            format!(
                "complaint_id,dealer_code,received_at,dispatched_at,severity,category\nC1,{dealer},2026-03-02 09:00,2026-03-02 09:30,major,attitude\n"
            ),
        ),
        ("complaint_events", "complaint_id,at,kind\nC1,2026-03-05 10:00,first-reply\n".to_owned()),
    ] {
        let sent = machine.send("POST", &format!("/api/v1/facts/{table}"), &rows, &csv).await;
        assert_eq!(sent.status, 200, "{}", sent.text);
    }
    let mut posted = Vec::new();
    for now in ["2026-03-02T08:00:00+08:00", "2026-04-02T10:00:00+08:00"] {
        let headers = [("content-type", "application/json"), ("farsight-now", now)];
        let checked = machine.send("POST", "/api/v1/sandbox/check", "{}", &headers).await;
        assert_eq!(checked.status, 200, "{}", checked.text);
        posted.push(checked.json()["posted"].as_u64().unwrap());
    }
    assert_eq!(posted[0], 0, "an hour before the complaint there is nothing to charge");
    assert!(posted[1] > 0, "a month later there is");
    machine.send("GET", "/api/v1/entries", "", &[]).await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_are_made_by_requests_alone_and_sandboxes_do_not_see_one_another() {
    let tower = Tower::new();
    let mut machines = Vec::new();
    let app = over(&tower.database, at(NOW)).await;
    for code in ["one", "two"] {
        let mut office = Office::since(&tower, code, "example-2026", NOW);
        let secret = token(&mut office, "dms", |new| new.tables = vec!["all".to_owned()]);
        machines.push(Machine::new(&app, &secret));
    }
    let one = try_out(&machines[0], "A1").await;
    let nothing = machines[1].send("GET", "/api/v1/entries", "", &[]).await.json();
    assert_eq!(nothing["items"], json!([]), "another integrator's sandbox is empty");
    let two = try_out(&machines[1], "B1").await;
    for (books, dealer) in [(&one, "A1"), (&two, "B1")] {
        let items = books["items"].as_array().unwrap();
        assert!(!items.is_empty() && items.iter().all(|entry| entry["dealer_code"] == dealer), "{books}");
    }
    let bad = machines[0].send("GET", "/api/v1/me", "", &[("farsight-now", "tomorrow")]).await;
    assert_eq!((bad.status, bad.json()["code"].as_str()), (422, Some("bad_now")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_tenant_has_no_other_time_than_the_present() {
    let tower = Tower::new();
    let new = NewTenant {
        code: "real".to_owned(),
        name: "Real".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        currency: "CNY".to_owned(),
        from: None,
        simulated: false,
        policy: "example-2026".to_owned(),
    };
    tenants::add(&tower.database, &new, &sealer(), "test", at(NOW)).unwrap();
    let mut office = Office::open(&tower, "real");
    let secret = token(&mut office, "dms", |_| {});
    let machine = Machine::new(&over(&tower.database, at(NOW)).await, &secret);
    let headers = [("content-type", "application/json"), ("farsight-now", "2026-03-02T10:00:00+08:00")];
    for headers in [&headers[..], &headers[..1]] {
        let refused = machine.send("POST", "/api/v1/sandbox/check", "{}", headers).await;
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (422, Some("not_simulated")),
            "{}",
            refused.text
        );
    }
}
