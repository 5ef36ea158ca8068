//! The desks' pages as people walk through them: a complaint from intake to closing, a support request, a roster.

use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::{Office, Tower};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::testing::{self, Answer, Browser, user};

struct Desks {
    /// Keeps the database.
    _tower: Tower,
    clock: Arc<AtomicI64>,
    app: crate::App,
}

impl Desks {
    /// Wednesday 2026-03-04, 10:00 in Shanghai.
    async fn new() -> Self {
        let tower = Tower::new();
        let mut office = Office::since(&tower, "t", "example-2026", "2026-03-04 10:00");
        office.import_folder(&Folder::of(&[
            sheet("regions", "region_code | name\nN | 北区"),
            sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 一店 | N | 2020-01-01\nD2 | 二店 | N | 2020-01-01"),
            sheet("people", "person_code | name\nP1 | 王一"),
            sheet("employments", "person_code | dealer_code | position | from\nP1 | D1 | service-advisor | 2024-01-01"),
            sheet("certificates", "certificate_id | person_code | kind | issued_on | expires_on\nC-1 | P1 | service-advisor | 2025-01-01 | 2026-03-20"),
            sheet("work_orders", "work_order_id | dealer_code | vin | fault_code | created_at | completed_at | fixed\nW-1 | D1 | V1 | F1 | 2026-02-01 09:00 | 2026-02-01 12:00 | false\nW-2 | D1 | V1 | F1 | 2026-03-03 12:00 | 2026-03-03 20:00 | false"),
        ]));
        for (email, role, dealers) in [
            ("call@t", Role::CallCentre, &[][..]),
            ("hq@t", Role::Hq, &[]),
            ("d1@t", Role::Dealer, &["D1"]),
            ("d2@t", Role::Dealer, &["D2"]),
        ] {
            user(&mut office, email, role, (&[], dealers));
        }
        user(&mut office, "north@t", Role::RegionalManager, (&["N"], &[]));
        let clock = Arc::new(AtomicI64::new(at("2026-03-04 10:00").0));
        let told = Arc::clone(&clock);
        let app = testing::at(&tower.database, Arc::new(move || Instant(told.load(Ordering::Relaxed)))).await;
        Self { _tower: tower, clock, app }
    }

    fn now(&self, now: &str) {
        self.clock.store(at(now).0, Ordering::Relaxed);
    }

    async fn enters(&self, email: &str) -> Browser {
        Browser::signed_in(&self.app, "t", email).await
    }
}

/// It was done, and leads on to a page that says so.
async fn done(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> (String, String) {
    let answer = browser.post(path, fields).await;
    assert_eq!(answer.status, 303, "{path}: {}", answer.text());
    let page = browser.get(&answer.to).await;
    assert_eq!(page.status, 200, "{}: {}", answer.to, page.text());
    assert!(page.text().contains("class=\"done\""), "{}", page.text());
    (answer.to, page.text())
}

/// It was refused, and the page says why.
fn refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("class=\"refusal\"") && answer.text().contains(why), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_complaint_from_intake_to_closing() {
    let desks = Desks::new().await;
    let mut call = desks.enters("call@t").await;
    assert_eq!(call.get("/").await.to, "/queue");
    assert!(call.get("/queue").await.text().contains("class=\"empty\""));
    let form = [
        ("dealer", "D1"),
        ("severity", "major"),
        ("category", "waiting"),
        ("channel", "hotline"),
        ("text", "<b>等</b>"),
    ];
    let (complaint, page) = done(&mut call, "/complaints/new", &form).await;
    assert!(page.contains("&lt;b&gt;等") && page.contains("value=\"dispatch\""), "{page}");
    refused(
        &call.post("/complaints/new", &[("dealer", "D9"), ("severity", "major"), ("category", "x")]).await,
        "no such dealer",
    );
    let id = complaint.rsplit('/').next().unwrap().to_owned();
    assert!(call.get("/queue").await.text().contains(&id));
    done(&mut call, &complaint, &[("deed", "dispatch")]).await;
    refused(&call.post(&complaint, &[("deed", "dispatch")]).await, "dispatched already");
    let (mut dealer, mut manager) = (desks.enters("d1@t").await, desks.enters("north@t").await);
    desks.now("2026-03-04 11:00");
    let page = dealer.get(&complaint).await.text();
    assert!(page.contains("<svg class=\"clock-bar\"") && page.contains("data-countdown"), "{page}");
    assert!(!page.contains("value=\"callback\"") && page.contains("value=\"reply\""), "{page}");
    for deed in ["reply", "attend", "submit"] {
        done(&mut dealer, &complaint, &[("deed", deed), ("note", "已联系客户")]).await;
    }
    done(&mut manager, &complaint, &[("deed", "attend")]).await;
    assert_eq!(desks.enters("d2@t").await.get(&complaint).await.status, 404);
    desks.now("2026-03-12 11:00");
    // Sessions do not last that long.
    let (mut call, mut dealer) = (desks.enters("call@t").await, desks.enters("d1@t").await);
    let waiting = dealer.get(&complaint).await.text();
    assert!(waiting.contains("clock-waiting") && !waiting.contains("class=\"clock-overdue\" x"), "{waiting}");
    let unsaid = call.post(&complaint, &[("deed", "callback"), ("note", "谈了很久")]).await;
    refused(&unsaid, "Choose what the callback gave");
    assert!(unsaid.text().contains(">谈了很久</textarea>"), "what was typed is kept: {}", unsaid.text());
    assert!(call.get("/queue").await.text().contains(&id));
    done(&mut call, &complaint, &[("deed", "callback"), ("outcome", "satisfied")]).await;
    assert!(call.get("/complaints?state=closed").await.text().contains(&id));
    let csv = call.get("/complaints?state=all&format=csv").await.text();
    assert!(csv.contains("complaint,state,due") && csv.lines().count() == 2, "{csv}");
    let mut chinese = desks.enters("d1@t").await;
    chinese.language = "zh-CN";
    assert!(chinese.get(&complaint).await.text().contains("经销商总经理亲自处理"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn support_is_asked_for_and_resolved() {
    let desks = Desks::new().await;
    let mut dealer = desks.enters("d1@t").await;
    let page = dealer.get("/support").await.text();
    assert!(page.contains("V1 · F1") && page.contains("data-countdown"), "{page}");
    assert!(!desks.enters("d2@t").await.get("/support").await.text().contains("V1 · F1"));
    let fields = [("dealer", "D1"), ("vin", "V1"), ("fault", "F1")];
    done(&mut dealer, "/support", &fields).await;
    let again = dealer.post("/support", &fields).await;
    refused(&again, "is open");
    assert!(again.text().contains("value=\"V1\" required"), "what was typed is kept: {}", again.text());
    let page = dealer.get("/support").await.text();
    let id = page.split("<option value=\"TS-").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let id = format!("TS-{id}");
    let mut other = desks.enters("d2@t").await;
    assert_eq!(other.post("/support/resolved", &[("request", &id)]).await.status, 404);
    done(&mut dealer, "/support/resolved", &[("request", &id)]).await;
    assert!(desks.enters("hq@t").await.get("/support?state=resolved").await.text().contains(&id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roster_is_changed_by_its_dealer() {
    let desks = Desks::new().await;
    let mut dealer = desks.enters("d1@t").await;
    assert_eq!(dealer.get("/people").await.to, "/people/D1");
    let page = dealer.get("/people/D1").await.text();
    assert!(page.contains("lapses in 30 days or less") && page.contains("1 missing"), "{page}");
    let hire = [("person", "P5"), ("name", "新人"), ("position", "service-advisor"), ("from", "2026-03-04")];
    done(&mut dealer, "/people/D1/hire", &hire).await;
    let again = dealer.post("/people/D1/hire", &hire).await;
    refused(&again, "position already");
    assert!(again.text().contains("value=\"新人\""), "what was typed is kept: {}", again.text());
    let certificate = [
        ("person", "P5"),
        ("certificate", "C-5"),
        ("kind", "service-advisor"),
        ("issued", "2026-03-01"),
        ("expires", "2028-03-01"),
    ];
    let (_, page) = done(&mut dealer, "/people/D1/certify", &certificate).await;
    assert!(page.contains("enough"), "{page}");
    refused(&dealer.post("/people/D1/revoke", &[("certificate", "C-5"), ("on", "soon")]).await, "date");
    done(&mut dealer, "/people/D1/revoke", &[("certificate", "C-5"), ("on", "2026-03-04")]).await;
    let leaves =
        [("employment", "P5|service-advisor|2026-03-04"), ("to", "2026-03-04"), ("reason", "resigned")];
    done(&mut dealer, "/people/D1/leave", &leaves).await;
    assert_eq!(dealer.get("/people/D2").await.status, 404);
    assert_eq!(dealer.post("/people/D2/hire", &hire).await.status, 404);
    let mut manager = desks.enters("north@t").await;
    let page = manager.get("/people").await.text();
    assert!(page.contains("people&#x2f;D1\"") && page.contains("people&#x2f;D2\""), "{page}");
    assert!(!manager.get("/people/D1").await.text().contains("/people/D1/hire"));
    assert_eq!(manager.post("/people/D1/hire", &hire).await.status, 404);
}

/// A form with a file in it, as browsers send it.
async fn upload(browser: &mut Browser, path: &str, sheets: &[Sheet]) -> Answer {
    let folder = Folder::workbook(sheets);
    let bytes = std::fs::read(folder.path().join("facts.xlsx")).unwrap();
    let head = "--X\r\ncontent-disposition: form-data; name=\"file\"; filename=\"名册.xlsx\"\r\n\r\n";
    let body: Vec<u8> = [head.as_bytes(), &bytes, b"\r\n--X--\r\n"].concat();
    browser.send_bytes("POST", path, body, &[("content-type", "multipart/form-data; boundary=X")]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roster_is_sent_as_a_workbook() {
    let desks = Desks::new().await;
    let mut dealer = desks.enters("d1@t").await;
    let people = sheet("people", "person_code | name\nP6 | 钱六");
    let employments = |dealer: &str| {
        sheet(
            "employments",
            &format!("person_code | dealer_code | position | from\nP6 | {dealer} | technician | 2026-03-01"),
        )
    };
    let foreign = upload(&mut dealer, "/people/D1/import", &[people.clone(), employments("D2")]).await;
    assert_eq!(foreign.status, 200, "{}", foreign.text());
    assert!(foreign.text().contains("名册.xlsx [employments]") && foreign.text().contains("not this dealer"));
    assert!(!foreign.text().contains("/import/take"), "what is wrong cannot be taken in");
    let good = upload(&mut dealer, "/people/D1/import", &[people, employments("D1")]).await.text();
    let file = good.split("name=\"file\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(!dealer.get("/people/D1").await.text().contains("钱六"));
    let (_, page) =
        done(&mut dealer, "/people/D1/import/take", &[("name", "名册.xlsx"), ("file", file)]).await;
    assert!(page.contains("钱六"), "{page}");
    refused(&dealer.post("/people/D1/import/take", &[("name", "x"), ("file", "AAAA")]).await, "x");
    let workbook = dealer.get("/people/D1/workbook").await;
    assert_eq!((workbook.status, &workbook.body[..2]), (200, &b"PK"[..]));
    assert_eq!(dealer.get("/people/D2/workbook").await.status, 404);
}
