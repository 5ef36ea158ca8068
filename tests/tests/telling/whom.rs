//! Who is told: by role and scope, by subscription, by the hour.

use farsight_control::alerts::{self, Trouble};
use farsight_control::telling::{self, Quiet, Subscriber, Terms};
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use farsight_tests::Tower;
use farsight_tests::office::at;
use farsight_tests::tower::run;
use jiff::civil::time;

use crate::world::World;

const START: &str = "2026-03-10 09:00";

fn everybody(world: &mut World) {
    world.user("d1@x", Role::Dealer, &[], &["D1"]);
    world.user("d3@x", Role::Dealer, &[], &["D3"]);
    world.user("north@x", Role::RegionalManager, &["N"], &[]);
    world.user("south@x", Role::RegionalManager, &["S"], &[]);
    world.user("hq@x", Role::Hq, &[], &[]);
    world.user("finance@x", Role::Finance, &[], &[]);
    world.user("calls@x", Role::CallCentre, &[], &[]);
    world.user("operator@x", Role::Operator, &[], &[]);
}

#[test]
fn by_default_everybody_hears_what_is_before_them_and_nothing_of_others() {
    let mut world = World::new();
    everybody(&mut world);
    world.complaint("C-1", "D1");
    world.complaint("C-3", "D3");
    world.check(START);
    assert_eq!(world.fan_out(START).deliveries, 2);
    assert_eq!(world.told(), ["person:d1@x opened complaint:C-1", "person:d3@x opened complaint:C-3"]);
    assert_eq!(world.fan_out(START), telling::FannedOut::default(), "each notice is told once");
    world.forget();

    // Nobody holds the posts between: all of it goes to headquarters.
    world.office.now(at("2026-03-13 09:00"));
    alerts::escalate(&mut world.office.desk).unwrap();
    world.fan_out("2026-03-13 09:00");
    assert_eq!(world.told(), ["person:hq@x escalated complaint:C-1", "person:hq@x escalated complaint:C-3"]);
    world.forget();

    world.office.now(at("2026-03-13 10:00"));
    let slot = at("2026-03-13 09:30");
    let trouble = Trouble::JobGaveUp { job: "import-watch", slot, attempts: 6, why: "no folder" };
    alerts::raise(&mut world.office.desk, trouble).unwrap();
    world.fan_out("2026-03-13 10:00");
    let told: Vec<String> =
        world.told().iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(told, ["person:hq@x opened", "person:operator@x opened"]);
    world.forget();

    // What is over is told to whoever was told that it began: the dealer and headquarters, nobody else.
    world.reply("C-1");
    world.check("2026-03-13 11:00");
    world.fan_out("2026-03-13 11:00");
    assert_eq!(world.told(), ["person:d1@x resolved complaint:C-1", "person:hq@x resolved complaint:C-1"]);
}

#[test]
fn a_regional_manager_hears_of_their_region_only() {
    let mut world = World::new();
    everybody(&mut world);
    world.complaint("C-1", "D1");
    world.complaint("C-3", "D3");
    world.check(START);
    world.fan_out(START);
    world.forget();
    // As if they had come before the district managers.
    run(
        &mut world.sql,
        "INSERT INTO notices (tenant_id, notice_id, kind, alert_id, severity, dealer_code, region_code, level, at)
         SELECT tenant_id, 100 + alert_id, 'escalated', alert_id, severity, dealer_code, region_code, 'district-manager', opened_at FROM alerts",
    );
    world.fan_out("2026-03-10 10:00");
    assert_eq!(
        world.told(),
        ["person:north@x escalated complaint:C-1", "person:south@x escalated complaint:C-3"]
    );
}

#[test]
fn nobody_hears_of_another_tenant() {
    let mut a = World::within(Tower::new(), "a");
    everybody(&mut a);
    a.complaint("C-1", "D1");
    a.check(START);
    let mut b = farsight_tests::Office::new(&a.tower, "b", "example-2026");
    b.now(at(START));
    b.user("hq@x", Role::Hq);
    assert_eq!(telling::fan_out(&mut b.desk).unwrap(), telling::FannedOut::default());
    a.fan_out(START);
    assert_eq!(
        a.texts("SELECT DISTINCT tenant_id::text AS value FROM deliveries"),
        [a.office.tenant().to_string()]
    );
    b.now(at("2026-03-10 10:00"));
    assert!(telling::undelivered(&mut b.desk, 10).unwrap().is_empty());
}

#[test]
fn a_subscription_takes_the_defaults_place_but_opens_no_scope() {
    let mut world = World::new();
    everybody(&mut world);
    let person = |email: &str| Subscriber::Person(email.to_owned());
    let all = Terms::plain(Language::Chinese);
    // The dealer of D1 asks for everything, that of D3 for nothing, the north for everything of D2, all of HQ for D3.
    world.subscribe(&person("d1@x"), &all);
    world.subscribe(&person("d3@x"), &Terms { kinds: Vec::new(), each: false, ..all.clone() });
    world.subscribe(&person("north@x"), &Terms { dealers: vec!["D2".to_owned()], ..all.clone() });
    world.subscribe(&Subscriber::Role(Role::Hq), &Terms { regions: vec!["S".to_owned()], ..all.clone() });
    world.subscribe(&person("calls@x"), &Terms { least: Severity::Critical, ..all });
    for (id, dealer) in [("C-1", "D1"), ("C-2", "D2"), ("C-3", "D3")] {
        world.complaint(id, dealer);
    }
    world.check(START);
    world.fan_out(START);
    assert_eq!(
        world.told(),
        [
            "person:d1@x opened complaint:C-1",
            "person:hq@x opened complaint:C-3",
            "person:north@x opened complaint:C-2",
        ]
    );
    telling::unset(&mut world.office.desk, &person("d3@x")).unwrap();
    let gone = telling::unset(&mut world.office.desk, &person("d3@x")).unwrap_err();
    assert_eq!(gone.code(), "subscription_not_found");
}

/// Hears in English everything before D1's dealer but at night.
fn at_night_only_what_is_critical(world: &mut World) {
    world.user("d1@x", Role::Dealer, &[], &["D1"]);
    let quiet = Some(Quiet { from: time(22, 0, 0, 0), to: time(7, 0, 0, 0) });
    let terms = Terms { quiet, ..Terms::plain(Language::English) };
    world.subscribe(&Subscriber::Person("d1@x".to_owned()), &terms);
}

#[test]
fn in_quiet_hours_only_what_is_critical_is_told_and_the_rest_when_they_are_over() {
    let mut world = World::new();
    at_night_only_what_is_critical(&mut world);
    world.complaint("C-1", "D1");
    world.complaint("C-2", "D1");
    world.complaint("C-3", "D1");
    world.check("2026-03-10 22:00");
    let held = world.fan_out("2026-03-10 22:00");
    assert_eq!((held.deliveries, held.held), (0, 3));
    // A complaint about attitude is critical.
    world.import(&[farsight_tests::sheets::sheet(
        "complaints",
        "complaint_id | dealer_code | received_at | severity | category\nC-4 | D1 | 2026-03-10 20:00 | general | attitude",
    )]);
    world.check("2026-03-11 00:30");
    world.fan_out("2026-03-11 00:30");
    assert_eq!(world.told(), ["person:d1@x opened complaint:C-4"]);
    world.forget();
    // One of those held back is over before it is told: it is not told at all.
    world.reply("C-2");
    world.check("2026-03-11 03:00");
    world.fan_out("2026-03-11 06:59:59");
    assert_eq!(world.told(), Vec::<String>::new());
    assert_eq!(world.fan_out("2026-03-11 07:00").deliveries, 1, "bundled");
    assert_eq!(world.told(), ["person:d1@x opened complaint:C-1", "person:d1@x opened complaint:C-3"]);
    let title = world.texts("SELECT message::jsonb->>'title' AS value FROM deliveries");
    assert_eq!(title, ["2 alerts"]);
    assert_eq!(world.fan_out("2026-03-11 07:01"), telling::FannedOut::default());
}

#[test]
fn what_happened_to_one_alert_between_two_runs_is_told_as_one() {
    let mut world = World::new();
    world.user("d1@x", Role::Dealer, &[], &["D1"]);
    world.complaint("C-1", "D1");
    world.check(START);
    world.reply("C-1");
    world.check("2026-03-10 09:00:10");
    assert_eq!(world.fan_out("2026-03-10 09:00:30").deliveries, 0, "it was over before it was told");
}
