//! Going up by age, through posts held and vacant; acknowledged by whom and for how long.

use farsight_control::alerts;
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::time::Instant;
use farsight_tests::office::at;
use farsight_tests::sheets::sheet;
use farsight_tests::tower::texts;

use crate::world::{World, after, just_before, opens};

#[test]
fn an_alert_goes_up_by_its_age_and_severity() {
    // Severity and category of the complaint; the hours after opening at which it goes one up.
    for (category, family, steps) in [
        ("parts", "complaint.reply", [72, 72 + 72, 72 + 72 + 168]),
        ("attitude", "complaint.attitude", [24, 24 + 24, 24 + 24 + 48]),
    ] {
        let mut world = World::new();
        let rows = format!(
            "complaint_id | dealer_code | received_at | severity | category\nC-D1 | D1 | 2026-03-08 10:00 | general | {category}"
        );
        world.import(&[sheet("complaints", &rows)]);
        world.check(opens());
        let own = format!("SELECT level AS value FROM alerts WHERE family = '{family}'");
        assert_eq!(texts(&mut world.sql, &own), ["dealer"]);
        let levels = ["dealer", "district-manager", "region-director", "hq"];
        for (step, hours) in steps.into_iter().enumerate() {
            world.escalate(just_before(after(hours)));
            assert_eq!(texts(&mut world.sql, &own), [levels[step]], "{family} before {hours} hours");
            world.escalate(after(hours));
            assert_eq!(texts(&mut world.sql, &own), [levels[step + 1]], "{family} on {hours} hours");
            world.escalate(Instant(after(hours).0 + 1));
            assert_eq!(texts(&mut world.sql, &own), [levels[step + 1]], "{family} after {hours} hours");
        }
        world.escalate(after(10_000));
        assert_eq!(texts(&mut world.sql, &own), ["hq"], "there is nobody above");
    }
}

#[test]
fn a_notice_never_goes_up() {
    let mut world = World::new();
    world.import(&[sheet("customer_base", "dealer_code | month | base_customers\nD1 | 2026-02 | 100")]);
    world.check(at("2026-03-20 09:00"));
    // Figures of D2 and D3 and bays of D1 are missing: `data-missing` is a notice.
    assert_eq!(world.columns("severity, level, escalates_at", "dealer:D2@2026-02"), ["notice dealer"]);
    assert_eq!(world.escalate(at("2027-03-20 09:00")).0, 0);
    // It has a life too: what was missing comes, and it is over.
    world.notices();
    world.import(&[
        sheet("bays", "dealer_code | effective_on | bays\nD2 | 2026-01-01 | 10"),
        sheet("customer_base", "dealer_code | month | base_customers\nD2 | 2026-02 | 100"),
    ]);
    world.check(at("2027-03-21 09:00"));
    assert!(world.notices().contains(&"resolved dealer:D2@2026-02 dealer".to_owned()));
}

#[test]
fn vacant_posts_are_passed_over() {
    let mut world = World::new();
    world.complaints(&["D1", "D2", "D3"]);
    world.check(opens());
    world.notices();
    assert_eq!(world.escalate(after(72)).0, 3);
    assert_eq!(
        world.notices(),
        [
            "escalated complaint:C-D1 district-manager DM-1",
            "escalated complaint:C-D2 region-director DIR-N",
            "escalated complaint:C-D3 hq",
        ]
    );
    assert_eq!(world.escalate(after(72)).0, 0, "a second time there is nothing to do");
    assert_eq!(world.notices(), Vec::<String>::new());
}

#[test]
fn it_goes_to_whoever_holds_the_post_that_day() {
    // What is recorded of posts besides; to whom the alert of D1 goes on 13 March and (hours later) on 16 March.
    let table = [
        ("", ["district-manager DM-1", "region-director DIR-N"]),
        ("DM-1 | district-manager | D1 | 2020-01-01 | 2026-03-12", ["region-director DIR-N", "hq"]),
        (
            "DM-1 | district-manager | D1 | 2020-01-01 | 2026-03-13",
            ["district-manager DM-1", "region-director DIR-N"],
        ),
        ("DM-2 | district-manager | D1 | 2026-03-13 |", ["district-manager DM-2", "region-director DIR-N"]),
        ("DM-2 | district-manager | D1 | 2026-03-14 |", ["district-manager DM-1", "region-director DIR-N"]),
        (
            "DIR-N | region-director | N | 2020-01-01 | 2026-03-15",
            ["district-manager DM-1", "region-director DEP-N"],
        ),
    ];
    for (post, levels) in table {
        let mut world = World::new();
        if !post.is_empty() {
            world.import(&[sheet("posts", &format!("person_code | role | scope_code | from | to\n{post}"))]);
        }
        world.complaints(&["D1"]);
        world.check(opens());
        world.escalate(after(72));
        assert_eq!(world.level("complaint:C-D1"), levels[0], "{post}");
        world.escalate(after(72 + 168));
        assert_eq!(world.level("complaint:C-D1"), levels[1], "{post}");
    }
}

#[test]
fn a_dealer_that_moved_goes_up_where_it_is() {
    let mut world = World::new();
    world.complaints(&["D3"]);
    world.check(opens());
    world.import(&[sheet("dealer_regions", "dealer_code | from | region_code\nD3 | 2026-03-12 | N")]);
    world.escalate(after(72));
    assert_eq!(world.level("complaint:C-D3"), "region-director DIR-N");
}

#[test]
fn acknowledging_holds_an_alert_for_a_time_and_not_for_ever() {
    let mut world = World::new();
    world.user("d1@dealer", Role::Dealer, &[], &["D1"]);
    world.complaints(&["D1"]);
    world.check(opens());
    world.notices();
    world.now(after(71));
    assert_eq!(world.acknowledge("complaint:C-D1", "D1@dealer"), Ok(()));
    assert_eq!(world.notices(), ["acknowledged complaint:C-D1 dealer d1@dealer"]);
    // A second time says who looked at it, and buys no more time.
    world.now(after(100));
    assert_eq!(world.acknowledge("complaint:C-D1", "d1@dealer"), Ok(()));
    world.notices();
    world.escalate(just_before(after(71 + 72)));
    assert_eq!(world.columns("level, acknowledged_by", "complaint:C-D1"), ["dealer d1@dealer"]);
    world.escalate(after(71 + 72));
    assert_eq!(world.columns("level, acknowledged_by", "complaint:C-D1"), ["district-manager"]);
    assert_eq!(world.notices(), ["escalated complaint:C-D1 district-manager DM-1"]);
    assert_eq!(world.acknowledge("complaint:C-D1", "d1@dealer"), Err("alert_gone_up"));
    assert!(world.office.audit_links() > 0);
}

#[test]
fn acknowledging_early_hastens_nothing() {
    let mut world = World::new();
    world.user("hq@oem", Role::Hq, &[], &[]);
    world.complaints(&["D1"]);
    world.check(opens());
    world.escalate(after(72));
    world.escalate(after(144)); // at the director for 168 hours
    world.now(after(145));
    assert_eq!(world.acknowledge("complaint:C-D1", "hq@oem"), Ok(()));
    world.escalate(just_before(after(144 + 168)));
    assert_eq!(world.level("complaint:C-D1"), "region-director DIR-N");
    world.escalate(after(144 + 168));
    assert_eq!(world.level("complaint:C-D1"), "hq");
}

#[test]
fn who_may_acknowledge_goes_by_role_scope_and_level() {
    let mut world = World::new();
    for (email, role, regions, dealers) in [
        ("d1@x", Role::Dealer, vec![], vec!["D1"]),
        ("d2@x", Role::Dealer, vec![], vec!["D2"]),
        ("n@x", Role::RegionalManager, vec!["N"], vec![]),
        ("s@x", Role::RegionalManager, vec!["S"], vec![]),
        ("fin@x", Role::Finance, vec![], vec![]),
        ("ops@x", Role::Operator, vec![], vec![]),
    ] {
        world.user(email, role, &regions, &dealers);
    }
    world.complaints(&["D1"]);
    world.check(opens());
    world.notices();
    for (by, code) in [
        ("d2@x", "alert_not_found"),
        ("s@x", "alert_not_found"),
        ("fin@x", "alert_wrong_role"),
        ("ops@x", "alert_not_found"),
        ("nobody@x", "usage"),
    ] {
        assert_eq!(world.acknowledge("complaint:C-D1", by), Err(code), "{by}");
    }
    assert_eq!(world.notices(), Vec::<String>::new(), "a refusal tells nobody");
    let unknown = alerts::acknowledge(&mut world.office.desk, 99, "n@x", Language::English).unwrap_err();
    assert_eq!(unknown.code(), "alert_not_found");
    assert_eq!(world.acknowledge("complaint:C-D1", "n@x"), Ok(()));
    world.reply(true);
    world.check(after(1));
    assert_eq!(world.acknowledge("complaint:C-D1", "n@x"), Err("alert_resolved"));
    assert_eq!(world.acknowledge("complaint:C-D1", "d2@x"), Err("alert_not_found"), "nor that there was one");
}
