//! The pages of cases, by people who read them: a dealer contests, a manager decides, the books follow; an order goes back
//! and forth; a penalty takes two. Every page in both languages.

use farsight_ledger::settlement::Role;
use farsight_store::evidence::{self, Content, Handing, Source};
use farsight_store::session::Isolation;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::{Office, Tower};

use crate::App;
use crate::testing::{Browser, over, user};

const NOW: &str = "2026-02-01T09:00:00+08:00";

struct World {
    tower: Tower,
    office: Office,
    app: App,
}

impl World {
    async fn new() -> Self {
        let tower = Tower::new();
        let mut office = Office::since(&tower, "a", "example-2026", NOW);
        office.import_folder(&Folder::of(&[
            sheet("regions", "region_code | name\nR1 | North"),
            sheet("dealers", "dealer_code | name | region_code | opened_on\nA1 | Centre one | R1 | 2020-01-01"),
            sheet(
                "inspections",
                "inspection_id | item_code | dealer_code | inspected_at | result\nI-1 | item-01 | A1 | 2026-01-10 10:00 | fail",
            ),
            sheet(
                "complaints",
                "complaint_id | dealer_code | received_at | dispatched_at | severity | category\nC-1 | A1 | 2026-01-31 09:00 | 2026-01-31 10:00 | general | waiting",
            ),
        ]));
        user(&mut office, "dealer@a", Role::Dealer, (&[], &["A1"]));
        user(&mut office, "manager@a", Role::RegionalManager, (&["R1"], &[]));
        user(&mut office, "hq@a", Role::Hq, (&[], &[]));
        office.check(NOW);
        let app = over(&tower.database, at(NOW)).await;
        Self { tower, office, app }
    }

    async fn by(&self, email: &str) -> Browser {
        Browser::signed_in(&self.app, "a", email).await
    }

    fn hand_in(&mut self, subject: &str) {
        let (scope, now) = (self.office.desk.tenant.network(), self.office.desk.now);
        let keep = |tx: &mut farsight_store::Tx| {
            let content = Content {
                sha256: "ab".repeat(32),
                media_type: "application/pdf".to_owned(),
                ..Content::default()
            };
            evidence::keep(tx, &content, now)?;
            let handing = Handing {
                sha256: &content.sha256,
                source: Source::Person,
                by: "dealer@a",
                at: now,
                subject,
                dealer: "A1",
                file_name: "mended.pdf",
                likeness: "[]",
            };
            evidence::hand_in(tx, &handing)
        };
        self.office.desk.session.transaction(scope, Isolation::ReadCommitted, keep).unwrap();
    }
}

/// A page in both languages, each with its own words.
async fn reads(browser: &mut Browser, path: &str, chinese: &str, english: &str) {
    for (language, expected) in [("zh-CN", chinese), ("en", english)] {
        browser.language = language;
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(
            answer.text().contains(expected),
            "{path} in {language} lacks '{expected}': {}",
            answer.text()
        );
    }
}

async fn does(browser: &mut Browser, path: &str, fields: &[(&str, &str)], to: &str) {
    let answer = browser.post(path, fields).await;
    assert_eq!((answer.status, answer.to.as_str()), (303, to), "{path}: {}", answer.text());
}

async fn refuses(browser: &mut Browser, path: &str, fields: &[(&str, &str)], why: &str) {
    let answer = browser.post(path, fields).await;
    assert_eq!(answer.status, 422, "{path}: {}", answer.text());
    assert!(answer.text().contains(why), "{path} lacks '{why}': {}", answer.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dealer_contests_and_the_books_follow() {
    let mut world = World::new().await;
    let (mut dealer, mut manager) = (world.by("dealer@a").await, world.by("manager@a").await);
    reads(&mut dealer, "/todo", "首次不合格 · #1", "First failure · #1").await;
    reads(&mut dealer, "/todo", "−1,000.00", "Failed again the month after").await;
    reads(&mut dealer, "/entries", "首次不合格", "−500.00").await;
    reads(&mut dealer, "/entries/1", "对该分录申诉", "Contest this entry").await;
    reads(&mut dealer, "/entries/1/appeal", "提出申诉", "Make the appeal").await;
    refuses(&mut dealer, "/entries/1/appeal", &[("body", " ")], "The text is empty").await;
    does(&mut dealer, "/entries/1/appeal", &[("body", "The <lamp> was on.")], "/appeals/1").await;
    reads(&mut dealer, "/appeals/1", "撤回申诉", "The &lt;lamp&gt; was on.").await;
    reads(&mut manager, "/appeals", "待决定", "Open").await;
    let to_decide = "&#x2f;appeals&#x2f;1";
    assert!(!manager.get("/board").await.text().contains(to_decide), "its ten days have just begun");
    let last_day = over(&world.tower.database, at("2026-02-11T09:00:00+08:00")).await;
    let mut later = Browser::signed_in(&last_day, "a", "manager@a").await;
    reads(&mut later, "/board", "待决定的申诉", "Appeal to decide").await;
    assert!(later.get("/board").await.text().contains(to_decide));
    refuses(&mut manager, "/appeals/1", &[("verdict", "uphold"), ("body", "")], "The text is empty").await;
    let uphold = [("verdict", "uphold"), ("body", "It was.")];
    does(&mut manager, "/appeals/1", &uphold, "/appeals/1").await;
    reads(&mut manager, "/appeals/1", "已录入裁定 appeal-1", "within a minute").await;
    world.office.now(at("2026-02-01T09:01:00+08:00"));
    assert_eq!(world.office.check("2026-02-01T09:01:00+08:00").reversed, 1);
    reads(&mut dealer, "/appeals/1", "已由分录 2 冲销", "Reversed by entry 2").await;
    reads(&mut dealer, "/entries/2", "冲销分录 1", "Reverses entry 1").await;
    let csv = dealer.get("/entries?format=csv&sort=entry").await.text();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    drop(world.tower);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_goes_back_and_forth() {
    let mut world = World::new().await;
    let (mut dealer, mut manager) = (world.by("dealer@a").await, world.by("manager@a").await);
    let to_order = "/rectifications/new?dealer=A1&amp;inspection=I-1";
    reads(&mut manager, "/inspections/I-1", to_order, "Order to mend").await;
    assert!(!dealer.get("/inspections/I-1").await.text().contains("/rectifications/new"));
    reads(&mut manager, "/rectifications/new?dealer=A1&inspection=I-1", "下达整改", "value=\"I-1\"").await;
    let order = [("dealer", "A1"), ("title", "Paint"), ("due_on", "2026-02-20")];
    refuses(&mut manager, "/rectifications/new", &order[..2], "The due date").await;
    does(&mut manager, "/rectifications/new", &order, "/rectifications/1").await;
    reads(&mut dealer, "/rectifications", "待整改", "Paint").await;
    let hand_in = [("verdict", "hand-in"), ("body", "Done.")];
    refuses(&mut dealer, "/rectifications/1", &hand_in, "no new evidence").await;
    world.hand_in("rectification:1");
    reads(&mut dealer, "/rectifications/1", "mended.pdf", "mended.pdf").await;
    does(&mut dealer, "/rectifications/1", &hand_in, "/rectifications/1").await;
    let accept = [("verdict", "accept"), ("body", "Fine.")];
    assert_eq!(dealer.post("/rectifications/1", &accept).await.status, 422);
    does(&mut manager, "/rectifications/1", &accept, "/rectifications/1").await;
    reads(&mut manager, "/rectifications?state=accepted", "已通过", "Accepted").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_penalty_takes_two() {
    let world = World::new().await;
    let (mut manager, mut hq) = (world.by("manager@a").await, world.by("hq@a").await);
    reads(&mut manager, "/complaints/C-1", "/penalties/new?complaint=C-1", "Draft a penalty").await;
    assert!(!world.by("dealer@a").await.get("/complaints/C-1").await.text().contains("/penalties/new"));
    reads(&mut manager, "/penalties/new?complaint=C-1", "5,000.00", "CNY 20,000.00").await;
    let draft = [("complaint", "C-1"), ("body", "Nobody called.")];
    let of = |amount| [draft[0], draft[1], ("amount", amount)];
    refuses(&mut manager, "/penalties/new", &of("4999.99"), "outside the limits").await;
    refuses(&mut manager, "/penalties/new", &of("a lot"), "outside the limits").await;
    does(&mut manager, "/penalties/new", &of("6,000.00"), "/penalties/1").await;
    let approve = [("verdict", "approve"), ("body", "Agreed.")];
    refuses(&mut manager, "/penalties/1", &approve, "a second person decides").await;
    reads(&mut manager, "/penalties/1", "撤回草案", "Take the draft back").await;
    does(&mut hq, "/penalties/1", &approve, "/penalties/1").await;
    reads(&mut hq, "/penalties", "已批准", "−6,000.00").await;
    assert_eq!(world.by("dealer@a").await.get("/penalties/1").await.status, 404);
}
