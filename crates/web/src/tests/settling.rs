//! A month from being calculated to being locked, statements answered, users and jobs looked after: by the pages alone.

use farsight_control::export::{Format, Report};
use farsight_control::journal;
use farsight_ledger::journal::Accounts;
use farsight_ledger::settlement::Role;
use farsight_tests::office::{at, month};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::{Office, Tower};

use crate::App;
use crate::testing::{Browser, NOW, over, user};

struct House {
    /// Keeps the database.
    _tower: Tower,
    office: Office,
    app: App,
}

impl House {
    async fn new() -> Self {
        let tower = Tower::new();
        let mut office = Office::since(&tower, "t", "example-2026", NOW);
        office.import_folder(&Folder::of(&[
            sheet("regions", "region_code | name\nN | 北区"),
            sheet("people", "person_code | name\nM1 | 李经理"),
            sheet(
                "dealers",
                "dealer_code | name | region_code | opened_on\nD1 | 一店 | N | 2020-01-01\nD2 | 二店 | N | 2020-01-01",
            ),
            sheet("posts", "person_code | role | scope_code | from\nM1 | district-manager | D1 | 2020-01-01"),
            sheet(
                "inspections",
                "inspection_id | item_code | dealer_code | inspected_at | result\nI-1 | item-01 | D1 | 2025-01-10 10:00 | fail\nI-2 | item-01 | D1 | 2025-02-10 10:00 | fail",
            ),
        ]));
        for (email, role, dealers) in [
            ("anna@t", Role::Finance, &[][..]),
            ("bo@t", Role::Finance, &[]),
            ("hq@t", Role::Hq, &[]),
            ("ops@t", Role::Operator, &[]),
            ("d1@t", Role::Dealer, &["D1"]),
            ("d2@t", Role::Dealer, &["D2"]),
        ] {
            user(&mut office, email, role, (&[], dealers));
        }
        let app = over(&tower.database, at(NOW)).await;
        Self { _tower: tower, office, app }
    }

    async fn enters(&self, email: &str) -> Browser {
        Browser::signed_in(&self.app, "t", email).await
    }
}

fn failed(inspection: &str, on: &str) -> Sheet {
    let rows = format!(
        "inspection_id | item_code | dealer_code | inspected_at | result\n{inspection} | item-01 | D1 | {on} 10:00 | fail"
    );
    sheet("inspections", &rows)
}

/// The page, which must be there.
async fn page(browser: &mut Browser, path: &str) -> String {
    let answer = browser.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text()
}

/// The figures that a month's page shows, as its forms send them.
async fn seen(browser: &mut Browser, month: &str) -> String {
    let text = page(browser, &format!("/settlements/{month}")).await;
    let (_, rest) = text.split_once("name=\"seen\" value=\"").expect("a step to take");
    rest.split('"').next().unwrap().to_owned()
}

/// Takes a step with what the page shows now.
async fn step(browser: &mut Browser, month: &str, step: &str) -> (u16, String) {
    let seen = seen(browser, month).await;
    let answer = browser.post(&format!("/settlements/{month}/{step}"), &[("seen", &seen)]).await;
    (answer.status, answer.text())
}

#[track_caller]
fn refused((status, text): &(u16, String), says: &str) {
    assert_eq!(*status, 422, "{text}");
    assert!(text.contains(says), "lacks '{says}': {text}");
}

async fn locked(house: &House, month: &str) {
    let (mut anna, mut bo) = (house.enters("anna@t").await, house.enters("bo@t").await);
    for (who, done) in [(0, "calculate"), (0, "review"), (1, "approve"), (0, "lock")] {
        let browser = if who == 0 { &mut anna } else { &mut bo };
        let (status, text) = step(browser, month, done).await;
        assert_eq!(status, 303, "{done}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_settled_by_two_people_and_exports_what_the_command_exports() {
    let mut house = House::new().await;
    let (mut anna, mut bo) = (house.enters("anna@t").await, house.enters("bo@t").await);
    assert!(page(&mut anna, "/settlements/2025-01").await.contains("Nothing is added up"));
    assert_eq!(step(&mut anna, "2025-01", "calculate").await.0, 303);
    let text = page(&mut anna, "/settlements/2025-01").await;
    for says in ["All sums agree", "500.00", "北区", "spot-check.first", "All earlier months are locked"] {
        assert!(text.contains(says), "lacks '{says}': {text}");
    }
    assert_eq!(step(&mut anna, "2025-01", "review").await.0, 303);
    refused(&step(&mut anna, "2025-01", "approve").await, "second person");
    let answer = bo.post("/settlements/2025-01/approve", &[("seen", "1")]).await;
    refused(&(answer.status, answer.text()), "posted since you looked");
    assert_eq!(step(&mut bo, "2025-01", "approve").await.0, 303);
    refused(&step(&mut bo, "2025-01", "lock").await, "second person");
    assert_eq!(step(&mut anna, "2025-01", "lock").await.0, 303);
    let text = page(&mut anna, "/settlements/2025-01").await;
    assert!(text.contains("never changes again") && !text.contains("name=\"seen\""), "{text}");
    for (what, report) in [("settlement", Report::Settlement), ("entries", Report::Entries)] {
        for (ending, format) in
            [("csv", Format::Csv { bom: false }), ("ndjson", Format::Ndjson), ("xlsx", Format::Xlsx)]
        {
            let path = format!("/settlements/2025-01/export?what={what}&format={ending}");
            let by_command = house.office.export(report, Some(month("2025-01")), format);
            assert_eq!(anna.get(&path).await.body, by_command, "{path}");
            assert_eq!(bo.get(&path).await.body, by_command, "{path}, again");
        }
    }
    assert!(text.contains("export?what=pack"), "{text}");
    let pack = anna.get("/settlements/2025-01/export?what=pack").await;
    assert_eq!(pack.status, 200);
    let mut by_command = Vec::new();
    let sealer = farsight_tests::office::sealer();
    farsight_control::pack::pack(&mut house.office.desk, &sealer, month("2025-01"), &mut by_command).unwrap();
    assert_eq!(pack.body, by_command);
    assert_eq!(anna.get("/settlements/2025-09/export?what=pack").await.status, 422);
    let early = anna.get("/settlements/2025-09/export?what=journal").await;
    refused(&(early.status, early.text()), "not calculated yet");
    anna.language = "zh-CN";
    let early = anna.get("/settlements/2025-09/export?what=journal").await;
    refused(&(early.status, early.text()), "本月尚未计算");
    anna.language = "en";
    let people = page(&mut anna, "/settlements/2025-02/people").await;
    assert!(people.contains("No line is like this"), "{people}");
    assert!(page(&mut anna, "/settlements").await.contains("2025-01"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vouchers_are_downloaded_as_the_command_writes_them() {
    let mut house = House::new().await;
    let (mut anna, mut d1) = (house.enters("anna@t").await, house.enters("d1@t").await);
    let address = "/settlements/2025-01/export?what=journal";
    assert!(!page(&mut anna, "/settlements/2025-01").await.contains(&address.replace('&', "&amp;")));
    locked(&house, "2025-01").await;
    let text = page(&mut anna, "/settlements/2025-01").await;
    for (ending, format) in [
        ("csv", journal::Format::Csv { bom: false }),
        ("xlsx", journal::Format::Xlsx),
        ("xml", journal::Format::Xml),
    ] {
        assert!(text.contains(&format!("export?what=journal&amp;format={ending}")), "{text}");
        let (of, mut by_command) = (journal::Of { period: month("2025-01"), known_at: None }, Vec::new());
        journal::journal(&mut house.office.desk, &Accounts::default(), of, format, &mut by_command).unwrap();
        let answer = anna.get(&format!("{address}&format={ending}")).await;
        assert!(answer.status == 200 && answer.body == by_command, "{ending}");
        let name = answer.headers["content-disposition"].to_str().unwrap();
        assert!(name.contains(&format!("journal-2025-01.{ending}")), "{name}");
    }
    assert_eq!(anna.get(&format!("{address}&format=ndjson")).await.status, 404);
    assert_eq!(d1.get(address).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_says_what_was_known_at_a_past_moment() {
    let house = House::new().await;
    let mut anna = house.enters("anna@t").await;
    locked(&house, "2025-01").await;
    let address = "/settlements/2025-01/export?what=entries";
    let now = anna.get(address).await.text();
    assert!(now.lines().count() > 1, "{now}");
    let before = anna.get(&format!("{address}&known_at=2020-01-01T00:00")).await;
    assert_eq!((before.status, before.text().lines().count()), (200, 1), "{}", before.text());
    for (asked, says) in [
        ("what=entries&known_at=2199-01-01T00:00", "yet to come"),
        ("what=entries&known_at=2020-01-01", "no moment"),
        ("what=journal&known_at=2020-01-01T00:00", "not calculated yet"),
        ("what=pack&known_at=2020-01-01T00:00", "takes no moment"),
    ] {
        let answer = anna.get(&format!("/settlements/2025-01/export?{asked}")).await;
        refused(&(answer.status, answer.text()), says);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_late_is_a_difference_then_an_adjustment_with_its_cause() {
    let mut house = House::new().await;
    let mut anna = house.enters("anna@t").await;
    locked(&house, "2025-01").await;
    assert_eq!(step(&mut anna, "2025-02", "calculate").await.0, 303);
    let text = page(&mut anna, "/settlements/2025-02").await;
    assert!(text.contains("No difference") && text.contains("Persons"), "{text}");
    let people = page(&mut anna, "/settlements/2025-02/people").await;
    assert!(people.contains("李经理") && !people.contains("一店"), "{people}");
    // A second failure of January comes to light: it is settled in February, and nobody has to calculate to see it.
    let late = sheet(
        "inspections",
        "inspection_id | item_code | dealer_code | inspected_at | result\nI-9 | item-02 | D1 | 2025-01-20 10:00 | fail",
    );
    house.office.import_folder(&Folder::of(&[late]));
    house.office.check(NOW);
    let text = page(&mut anna, "/settlements/2025-02").await;
    assert!(text.contains("since the last calculation") && text.contains("spot-check.first"), "{text}");
    let statement = page(&mut anna, "/statements/2025-02/D1").await;
    assert!(statement.contains("a fact that came late") && statement.contains("2025-01"), "{statement}");
    assert_eq!(step(&mut anna, "2025-02", "calculate").await.0, 303);
    let changes = page(&mut anna, "/settlements/2025-02/changes").await;
    assert!(changes.contains("against the one before"), "{changes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dealer_confirms_and_disputes_its_own_statement_only() {
    let mut house = House::new().await;
    let (mut anna, mut d1, mut d2) =
        (house.enters("anna@t").await, house.enters("d1@t").await, house.enters("d2@t").await);
    assert_eq!(d1.get("/statements/2025-02/D1").await.status, 404);
    assert_eq!(step(&mut anna, "2025-02", "calculate").await.0, 303);
    let statement = "/statements/2025-02/D1";
    let file = format!("{statement}?format=xlsx");
    let workbook = anna.get(&file).await;
    assert!(workbook.status == 200 && workbook.body.starts_with(b"PK"), "{file}");
    assert_eq!(anna.get(&file).await.body, workbook.body, "the same statement, the same file");
    assert_eq!(d1.get(&file).await.status, 200);
    let todo = page(&mut d1, "/todo").await;
    assert!(todo.contains("Confirm the statement") && todo.contains("2025-02&#x2f;D1"), "{todo}");
    let text = page(&mut d1, statement).await;
    assert!(!text.contains("李经理"), "what a person is charged is not the dealer's to read");
    let entry = text.split("/entries/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for path in ["", "/confirm", "/dispute"] {
        let path = format!("{statement}{path}");
        assert_eq!(d2.get(&path).await.status.min(404), 404, "{path}");
    }
    assert_eq!(d2.post(&format!("{statement}/confirm"), &[]).await.status, 404);
    let dispute = format!("{statement}/dispute");
    let answer = d1.post(&dispute, &[("entry", &entry), ("text", " ")]).await;
    refused(&(answer.status, answer.text()), "no text");
    assert!(answer.text().contains("<details open>"), "beside the line: {}", answer.text());
    let appeal = format!("/entries/{entry}/appeal");
    assert!(text.contains(&appeal) && text.contains("This is wrong"), "{text}");
    assert_eq!(d1.post(&dispute, &[("entry", "999"), ("text", "x")]).await.status, 404);
    assert_eq!(d1.post(&dispute, &[("entry", &entry), ("text", "当天停电")]).await.status, 303);
    assert!(!page(&mut d1, "/todo").await.contains("Confirm the statement"), "finance has to reply first");
    let answer = d1.post(&format!("{statement}/confirm"), &[]).await;
    refused(&(answer.status, answer.text()), "disputed without a reply");
    let answer = d1.post(&dispute, &[("entry", &entry), ("text", "当天停电")]).await;
    refused(&(answer.status, answer.text()), "disputed already");
    let waits = page(&mut d1, statement).await;
    assert!(!waits.contains(&format!("why-{entry}\"")), "a line that waits for a reply: {waits}");
    assert_eq!(d1.post(&appeal, &[("body", "当天停电")]).await.status, 303);
    assert!(!page(&mut d1, statement).await.contains(&appeal), "it is contested already");
    let list = page(&mut anna, "/statements?period=2025-02&state=disputed").await;
    assert!(
        list.contains("D1") && page(&mut anna, "/settlements/2025-02").await.contains("1 line is disputed")
    );
    let reply = format!("{statement}/reply");
    let answer = d1.post(&reply, &[("entry", &entry), ("text", "ok")]).await;
    refused(&(answer.status, answer.text()), "finance replies");
    assert_eq!(anna.post(&reply, &[("entry", &entry), ("text", "电表无记录")]).await.status, 303);
    let answer = anna.post(&reply, &[("entry", &entry), ("text", "again")]).await;
    refused(&(answer.status, answer.text()), "no dispute without a reply");
    assert!(page(&mut d1, statement).await.contains("电表无记录"));
    assert_eq!(d1.post(&format!("{statement}/confirm"), &[]).await.status, 303);
    assert!(page(&mut anna, "/statements?state=confirmed").await.contains("D1"));
    assert!(!page(&mut d1, "/todo").await.contains("Confirm the statement"));
    // What is posted afterwards was not confirmed.
    house.office.import_folder(&Folder::of(&[failed("I-3", "2025-02-20")]));
    house.office.import_folder(&Folder::of(&[sheet(
        "inspections",
        "inspection_id | item_code | dealer_code | inspected_at | result\nI-4 | item-05 | D1 | 2025-02-21 10:00 | fail",
    )]));
    house.office.check(NOW);
    assert!(page(&mut anna, "/statements?state=changed").await.contains("D1"));
    assert!(page(&mut d1, "/todo").await.contains("Posted since you confirmed"));
    assert!(page(&mut d2, "/statements").await.contains("Here the dealers"));
}

/// Where the first user of a list leads.
fn first_user(list: &str) -> String {
    let number = list.split("&#x2f;users&#x2f;").nth(1).expect("a user in the list");
    format!("/users/{}", number.split('"').next().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_looked_after_by_another_person() {
    let house = House::new().await;
    let (mut hq, mut d1) = (house.enters("hq@t").await, house.enters("d1@t").await);
    let fields = |email, role, regions, dealers| {
        [("email", email), ("name", "新人"), ("role", role), ("regions", regions), ("dealers", dealers)]
    };
    for (form, says) in [
        (fields("new", "hq", "", ""), "e-mail address"),
        (fields("d1@t", "hq", "", ""), "already"),
        (fields("HQ@t", "finance", "", ""), "own account"),
        (fields("new@t", "dealer", "", ""), "at least one dealer"),
        (fields("new@t", "regional-manager", "N", "D1"), "no dealers"),
        (fields("new@t", "hq", "N", ""), "whole network"),
        (fields("new@t", "dealer", "", "D1, D7"), "not known"),
    ] {
        let answer = hq.post("/users", &form).await;
        refused(&(answer.status, answer.text()), says);
        assert!(answer.text().contains("value=\"新人\""), "what was typed is kept: {}", answer.text());
    }
    let answer = hq.post("/users", &fields("New@t", "dealer", "", "D1，D2")).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let path = answer.to;
    assert!(page(&mut hq, &path).await.contains("D1, D2"));
    let answer = hq.post(&path, &fields("", "dealer", "", "D1 D9")).await;
    refused(&(answer.status, answer.text()), "not known");
    assert!(answer.text().contains("value=\"D1 D9\""), "{}", answer.text());
    let invited = hq.post(&format!("{path}/invite"), &[]).await.text();
    assert!(invited.contains("reset&#x2f;t&#x2f;"), "{invited}");
    let list = page(&mut hq, "/users?q=d1").await;
    let of_d1 = first_user(&list);
    assert_eq!(d1.get("/users").await.status, 404);
    assert_eq!(d1.get("/statements").await.status, 200);
    assert_eq!(hq.post(&format!("{of_d1}/disable"), &[]).await.status, 303);
    assert!(d1.get("/statements").await.to.starts_with("/sign-in"), "all its sessions ended");
    let own = page(&mut hq, "/users?q=hq").await;
    let own = first_user(&own);
    for deed in ["", "/disable", "/invite"] {
        let answer = hq.post(&format!("{own}{deed}"), &fields("", "finance", "", "")).await;
        refused(&(answer.status, answer.text()), "own account");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_that_things_run_and_no_facts() {
    let house = House::new().await;
    let (mut ops, mut hq) = (house.enters("ops@t").await, house.enters("hq@t").await);
    for path in ["/jobs", "/feeds", "/deliveries", "/audit", "/users"] {
        let text = page(&mut ops, path).await;
        assert!(!text.contains("一店") && !text.contains("李经理"), "{path}: {text}");
    }
    assert!(page(&mut hq, "/audit?action=facts.").await.contains("inspections"));
    let blind = page(&mut ops, "/audit?action=facts.").await;
    assert!(blind.contains("facts.import") && !blind.contains(".csv"), "{blind}");
    assert!(page(&mut ops, "/feeds").await.contains("inspections"));
    assert_eq!(ops.post("/jobs/pause", &[]).await.status, 303);
    assert!(page(&mut ops, "/jobs").await.contains("nothing new is begun"));
    assert_eq!(ops.post("/jobs/no-such/run", &[]).await.status, 404);
    let verified = ops.post("/audit/verify", &[]).await.text();
    assert!(verified.contains("The chain is whole"), "{verified}");
    assert_eq!(hq.get("/jobs").await.status, 404);
}

/// Every clause says when it holds, in both languages, with its parameters filled in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_reads_as_text_in_both_languages() {
    let house = House::new().await;
    let mut hq = house.enters("hq@t").await;
    for (language, says) in [("en", "at least number 3"), ("zh-CN", "第 3 次及以上")] {
        hq.language = language;
        let text = page(&mut hq, "/policy").await;
        assert!(text.contains(says), "{text}");
        let clauses = text.matches("<article class=\"clause\"").count();
        assert!(clauses >= 19, "{clauses} clauses");
        let sentences = text.matches("</h3>\n<p>").count();
        assert_eq!(sentences, clauses, "a clause does not say when it holds");
        assert!(page(&mut hq, "/organisation").await.contains("李经理"));
    }
    assert_eq!(hq.get("/policy?version=99").await.status, 404);
}
