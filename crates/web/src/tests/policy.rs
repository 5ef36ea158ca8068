//! `/policy`: a draft with faults, a draft as what it would change, publishing, and what dealers are told of it.

use farsight_control::policies::Source;
use farsight_ledger::settlement::Role;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::{Office, Tower};

use crate::testing::{Answer, Browser, over, user};

const NOW: &str = "2026-03-04 10:00";

#[track_caller]
fn says(answer: &Answer, status: u16, texts: &[&str]) {
    let page = answer.text();
    assert_eq!(answer.status, status, "{page}\n{}", answer.why);
    for text in texts {
        assert!(page.contains(text), "{text}\n{page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_changes_in_time_and_dealers_see_it_coming() {
    let tower = Tower::new();
    let mut office = Office::since(&tower, "t", "example-2026", NOW);
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 一店 | N | 2020-01-01"),
    ]));
    user(&mut office, "wu@t", Role::Hq, (&[], &[]));
    user(&mut office, "d1@t", Role::Dealer, (&[], &["D1"]));
    let app = over(&tower.database, at(NOW)).await;
    let mut wu = Browser::signed_in(&app, "t", "wu@t").await;
    let mut dealer = Browser::signed_in(&app, "t", "d1@t").await;

    says(&wu.get("/policy").await, 200, &["/policy/drafts/new", "class=\"empty\""]);
    says(&wu.get("/policy/drafts/new").await, 200, &["[spot-check.first]"]);
    let body = Source::named("example-2026").unwrap().text;
    let wrong = body.replacen("penalty = \"500.00\"", "penalty = 500.0", 1);
    let line = wrong.lines().position(|line| line.contains("penalty = 500.0")).unwrap() + 1;
    let refused = wu.post("/policy/drafts/new", &[("body", &wrong)]).await;
    says(
        &refused,
        422,
        &[&format!("<td class=\"number\">{line}</td>"), "spot-check.first.charges.dealer.penalty"],
    );
    says(&wu.post("/policy/drafts/new", &[("body", &body)]).await, 422, &["class=\"refusal\""]);

    let dearer = body.replacen("penalty = \"500.00\"", "penalty = \"600.00\"", 1).replace('\n', "\r\n");
    let drafted = wu.post("/policy/drafts/new", &[("body", &dearer)]).await;
    assert_eq!((drafted.status, drafted.to.split('?').next()), (303, Some("/policy/drafts/1")));
    let change = "First failure: the service centre: penalty CNY 500.00 becomes penalty CNY 600.00";
    says(&wu.get(&drafted.to).await, 200, &["class=\"done\"", change, "value=\"2026-04-03\""]);
    wu.language = "zh-CN";
    says(&wu.get("/policy/drafts/1").await, 200, &["首次不合格"]);
    wu.language = "en";
    assert_eq!(dealer.get("/policy/drafts/1").await.status, 404);

    let publish = |on: &'static str| [("verdict", "publish"), ("effective_on", on), ("against", "1")];
    says(&wu.post("/policy/drafts/1", &publish("soon")).await, 422, &["class=\"refusal\""]);
    let early = wu.post("/policy/drafts/1", &publish("2026-04-02")).await;
    says(&early, 422, &["promised notice", "value=\"2026-04-03\""]);
    let unseen = [("verdict", "publish"), ("effective_on", "2026-04-03"), ("against", "7")];
    says(
        &wu.post("/policy/drafts/1", &unseen).await,
        422,
        &["another version", "name=\"against\" value=\"1\""],
    );
    for (path, why) in [
        ("/policy/drafts/1/replay?from=2026-13&to=2026-12", "This is no month"),
        ("/stars?month=march", "This is no month"),
        ("/staff?quarter=2026-Q5", "This is no quarter"),
    ] {
        says(&wu.get(path).await, 422, &[why]);
    }
    let published = wu.post("/policy/drafts/1", &publish("2026-04-03")).await;
    assert_eq!(published.status, 303, "{}", published.text());
    says(&wu.get(&published.to).await, 200, &["class=\"done\"", change, "begins in 30 days"]);
    let seen = dealer.get("/policy?version=2").await;
    says(&seen, 200, &[change, "begins in 30 days"]);
    assert!(!seen.text().contains("/policy/drafts"), "drafts are headquarters' own");
    says(&wu.post("/policy/drafts/1", &[("verdict", "drop")]).await, 422, &["class=\"refusal\""]);
}
