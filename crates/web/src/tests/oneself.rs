//! `/me`: what reaches oneself is chosen, refused with its reason, and taken back.

use farsight_ledger::settlement::Role;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::texts;
use farsight_tests::{Office, Tower};

use crate::testing::{Browser, NOW, over, user};

const CHOICE: [(&str, &str); 8] = [
    ("each", "yes"),
    ("kind", "opened"),
    ("kind", "resolved"),
    ("least", "critical"),
    ("language", "en"),
    ("digest_at", "07:30"),
    ("quiet_from", "22:00"),
    ("quiet_to", "07:00"),
];

fn but(name: &str, said: &'static str) -> Vec<(&'static str, &'static str)> {
    let kept = CHOICE.into_iter().filter(|(other, _)| *other != name);
    let name = CHOICE.into_iter().find(|(other, _)| *other == name).map_or("", |(name, _)| name);
    kept.chain([(name, said)]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_reaches_oneself_is_ones_own_choice() {
    let tower = Tower::new();
    let mut office = Office::new(&tower, "a", "example-2026");
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code | name\nR1 | North"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nA1 | One | R1 | 2020-01-01"),
    ]));
    user(&mut office, "dealer@a", Role::Dealer, (&[], &["A1"]));
    user(&mut office, "fin@a", Role::Finance, (&[], &[]));
    let app = over(&tower.database, at(NOW)).await;
    let mut dealer = Browser::signed_in(&app, "a", "dealer@a").await;
    let page = dealer.get("/me").await.text();
    assert!(page.contains("As your role hears") && page.contains("value=\"08:00\""), "{page}");
    let answer = dealer.post("/me/telling/default", &[]).await;
    assert!(answer.status == 422 && answer.text().contains("You have chosen nothing"), "{}", answer.text());
    for (form, says) in [
        (but("kind", ""), "There is no such kind"),
        (CHOICE.into_iter().filter(|(name, _)| *name != "kind").collect(), "at least one kind"),
        (but("quiet_to", ""), "a beginning and an end"),
        (but("quiet_to", "22:00"), "give two times"),
        (but("digest_at", "early"), "written like 07:30"),
    ] {
        let answer = dealer.post("/me/telling", &form).await;
        assert_eq!(answer.status, 422, "{form:?}: {}", answer.text());
        assert!(answer.text().contains(says), "lacks '{says}': {}", answer.text());
        assert!(answer.text().contains("value=\"22:00\""), "what was typed is kept: {}", answer.text());
    }
    let mut sql = tower.sql();
    let mut stored = || texts(&mut sql, "SELECT receiver || ' ' || terms AS value FROM subscriptions");
    assert!(stored().is_empty(), "what is refused is not kept");
    let answer = dealer.post("/me/telling", &CHOICE).await;
    assert_eq!((answer.status, answer.to.as_str()), (303, "/me"), "{}", answer.text());
    let [kept] = stored().try_into().expect("one subscription");
    assert!(kept.starts_with("person:dealer@a {") && kept.contains("[\"opened\",\"resolved\"]"), "{kept}");
    assert!(kept.contains("\"levels\":[\"dealer\"]") && kept.contains("07:30"), "{kept}");
    let page = dealer.get("/me").await.text();
    assert!(page.contains("As you chose") && page.contains("value=\"07:30\""), "{page}");
    assert_eq!(dealer.post("/me/telling/default", &[]).await.status, 303);
    assert!(stored().is_empty());
    let page = Browser::signed_in(&app, "a", "fin@a").await.get("/me").await.text();
    assert!(page.contains("You hear nothing"), "{page}");
}
