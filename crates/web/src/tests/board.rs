//! The board, the list, a dealer's page, alerts and search, as a browser gets them.

use farsight_control::figures;
use farsight_ledger::settlement::Role;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::{Office, Tower};

use crate::App;
use crate::testing::{Browser, over, user};

const NOW: &str = "2026-03-01T00:00:00+08:00";

struct World {
    _tower: Tower,
    app: App,
}

fn facts() -> Vec<Sheet> {
    vec![
        sheet("regions", "region_code | name\nN | North\nS | South"),
        sheet(
            "dealers",
            "dealer_code | name | region_code | province | city | lat | lon | opened_on
             A-1 | Alpha <b> | N | Hebei | Baoding | 38.0 | 114.5 | 2020-01-01
             A-2 | Beta | N | Hebei | Baoding | 38.9 | 115.5 | 2020-01-01
             B-1 | Gamma | S | Guangdong | Guangzhou | 23.1 | 113.3 | 2020-01-01",
        ),
        sheet("bays", "dealer_code | effective_on | bays\nA-1 | 2020-01-01 | 10\nA-2 | 2020-01-01 | 10"),
        sheet(
            "customer_base",
            "dealer_code | month | base_customers\nA-1 | 2026-01 | 4600\nA-2 | 2026-01 | 1000",
        ),
        sheet(
            "inspections",
            "inspection_id | item_code | dealer_code | inspected_at | result
             I-1 | item-01 | A-1 | 2026-02-10 10:00 | fail\nI-1 | item-02 | A-1 | 2026-02-10 10:00 | pass",
        ),
        sheet(
            "complaints",
            "complaint_id | dealer_code | received_at | severity | category\nC-1 | A-1 | 2026-02-01 10:00 | general | attitude",
        ),
    ]
}

async fn world() -> World {
    let tower = Tower::new();
    let mut office = Office::since(&tower, "t", "example-2026", NOW);
    office.import_folder(&Folder::of(&facts()));
    office.check("2026-03-01T00:00:00+08:00");
    office.now(at(NOW));
    figures::refresh(&mut office.desk).unwrap();
    user(&mut office, "north@t", Role::RegionalManager, (&["N"], &[]));
    user(&mut office, "south@t", Role::RegionalManager, (&["S"], &[]));
    user(&mut office, "alpha@t", Role::Dealer, (&[], &["A-1"]));
    user(&mut office, "hq@t", Role::Hq, (&[], &[]));
    let app = over(&tower.database, at(NOW)).await;
    World { _tower: tower, app }
}

async fn text(browser: &mut Browser, path: &str) -> String {
    let answer = browser.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let text = answer.text().replace("&#x2f;", "/");
    // What the tower forbids browsers must not be needed.
    assert!(!text.contains(" style=") && !text.contains("<script>") && !text.contains("onclick"), "{path}");
    text
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no '{part}' in {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_shows_the_region_and_leads_on() {
    let world = world().await;
    let mut north = Browser::signed_in(&world.app, "t", "north@t").await;
    assert_eq!(north.get("/").await.to, "/board");
    let board = text(&mut north, "/board").await;
    has(
        &board,
        &[
            "Morning board",
            "280.0",
            "2 dealers",
            "/dealers/A-1",
            "Alpha &lt;b&gt;",
            "class=\"map\"",
            "1 overdue",
        ],
    );
    has(&board, &["/dealers?sort=-turnover", "North", "50.0 %"]);
    assert!(!board.contains("B-1") && !board.contains("South"), "another region's");
    north.language = "zh-CN";
    has(&text(&mut north, "/board").await, &["晨会看板", "2 家服务中心"]);
    let mut south = Browser::signed_in(&world.app, "t", "south@t").await;
    let board = text(&mut south, "/board").await;
    assert!(board.contains("B-1") && !board.contains("A-1"));
    let mut hq = Browser::signed_in(&world.app, "t", "hq@t").await;
    has(&text(&mut hq, "/board").await, &["3 dealers", "North", "South"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_filters_sorts_and_exports_as_it_stands() {
    let world = world().await;
    let mut hq = Browser::signed_in(&world.app, "t", "hq@t").await;
    let list = text(&mut hq, "/dealers?sort=-turnover").await;
    let place = |code: &str| list.find(&format!(">{code}<")).unwrap_or_else(|| panic!("no {code} in {list}"));
    assert!(place("A-1") < place("A-2") && place("A-2") < place("B-1"), "460, 100, unknown last");
    has(&list, &["aria-sort=\"descending\"", "460.0", "1–3 of 3"]);
    let list = text(&mut hq, "/dealers?region=S").await;
    assert!(list.contains(">B-1<") && !list.contains(">A-1<"));
    let file = text(&mut hq, "/dealers?region=N&sort=-code&format=csv").await;
    let lines: Vec<&str> = file.trim_start_matches('\u{feff}').lines().collect();
    assert!(lines[0].starts_with("code,name,region,city,alerts,money,turnover"), "{file}");
    assert!(lines[1].starts_with("A-2,") && lines[2].starts_with("A-1,") && lines.len() == 3, "{file}");
    has(lines[2], &["460.0000"]);
    has(&text(&mut hq, "/dealers?q=nobody").await, &["No dealer is like that"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dealers_page_has_every_tab_in_both_languages() {
    let world = world().await;
    let mut dealer = Browser::signed_in(&world.app, "t", "alpha@t").await;
    for language in ["en", "zh-CN"] {
        dealer.language = language;
        for tab in farsight_control::dealers::Tab::ALL {
            let page = text(&mut dealer, &format!("/dealers/A-1?tab={}", tab.name())).await;
            has(&page, &["Alpha &lt;b&gt;", "460.0", "aria-current=\"page\""]);
        }
    }
    dealer.language = "en";
    has(
        &text(&mut dealer, "/dealers/A-1?tab=trends").await,
        &["rectification from 450", "class=\"threshold critical\""],
    );
    has(&text(&mut dealer, "/dealers/A-1?tab=complaints").await, &["/complaints/C-1", "overdue"]);
    has(&text(&mut dealer, "/dealers/A-1?tab=inspections").await, &["/inspections/I-1", "item-01"]);
    let money = text(&mut dealer, "/dealers/A-1?tab=money&format=csv").await;
    has(&money, &["entry,period,occurred_on,clause,subject,amount,kind", "-5000.00"]);
    assert_eq!(dealer.get("/dealers/A-2").await.status, 404);
    assert_eq!(dealer.get("/dealers").await.status, 404, "dealers have no list of dealers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_found_read_and_acknowledged() {
    let world = world().await;
    let mut north = Browser::signed_in(&world.app, "t", "north@t").await;
    let list = text(&mut north, "/alerts?severity=critical&sort=opened").await;
    let path =
        list.split("href=\"/alerts/").nth(1).and_then(|rest| rest.split('"').next()).expect("an alert");
    let (path, done) = (format!("/alerts/{path}"), "it stays at your level");
    has(&text(&mut north, &path).await, &["I have seen to it", "/dealers/A-1"]);
    let mut south = Browser::signed_in(&world.app, "t", "south@t").await;
    assert_eq!(south.get(&path).await.status, 404);
    assert_eq!(south.post(&format!("{path}/acknowledge"), &[]).await.status, 404);
    let answer = north.post(&format!("{path}/acknowledge"), &[]).await;
    assert_eq!((answer.status, answer.to.as_str()), (303, path.as_str()), "{}", answer.text());
    let after = text(&mut north, &path).await;
    has(&after, &[done, "acknowledged", "north@t"]);
    assert!(!after.contains("I have seen to it"));
    assert!(!text(&mut north, &path).await.contains(done), "said once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_finds_what_is_ones_own() {
    let world = world().await;
    let mut north = Browser::signed_in(&world.app, "t", "north@t").await;
    has(&text(&mut north, "/search?q=alph").await, &["/dealers/A-1"]);
    has(&text(&mut north, "/search?q=C-1").await, &["/complaints/C-1"]);
    has(&text(&mut north, "/search?q=%3Cscript%3E").await, &["&lt;script&gt;", "Nothing that you may see"]);
    has(&text(&mut north, "/search?q=Gamma").await, &["Nothing that you may see"]);
}
