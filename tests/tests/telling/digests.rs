//! The day's digest: once a day, at the person's hour, with what is theirs.

use farsight_control::telling::{Subscriber, Terms};
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_tests::sheets::sheet;
use jiff::civil::time;

use crate::world::World;

impl World {
    fn digests(&mut self) -> Vec<String> {
        self.texts(
            "SELECT concat_ws(' ', receiver, message::jsonb->'data'->>'date') AS value FROM deliveries WHERE what = 'digest' ORDER BY made_at, receiver",
        )
    }

    fn text_for(&mut self, receiver: &str) -> String {
        let query = format!(
            "SELECT (message::jsonb->>'title') || E'\\n' || (SELECT string_agg(line->>'text', E'\\n') FROM jsonb_array_elements(message::jsonb->'lines') line) AS value
             FROM deliveries WHERE what = 'digest' AND receiver = 'person:{receiver}'"
        );
        self.texts(&query).remove(0)
    }
}

#[test]
fn once_a_day_at_its_hour_and_not_where_there_is_nothing() {
    let mut world = World::new();
    world.user("d1@x", Role::Dealer, &[], &["D1"]);
    world.user("d2@x", Role::Dealer, &[], &["D2"]);
    world.user("hq@x", Role::Hq, &[], &[]);
    world.complaint("C-1", "D1");
    world.check("2026-03-10 07:00");
    assert_eq!(world.digest("2026-03-10 07:59:59").made, 0);
    let first = world.digest("2026-03-10 08:00");
    assert_eq!((first.made, first.empty), (2, 1), "nothing is open at D2");
    for later in ["2026-03-10 08:00:01", "2026-03-10 08:05", "2026-03-10 23:59"] {
        assert_eq!(world.digest(later).made, 0, "{later}");
    }
    // A worker that comes back in the afternoon makes that day's, and none of the days before.
    assert_eq!(world.digest("2026-03-13 15:00").made, 2);
    assert_eq!(
        world.digests(),
        [
            "person:d1@x 2026-03-10",
            "person:hq@x 2026-03-10",
            "person:d1@x 2026-03-13",
            "person:hq@x 2026-03-13"
        ]
    );
}

#[test]
fn an_hour_just_before_midnight_is_not_passed_over() {
    let mut world = World::new();
    world.user("d1@x", Role::Dealer, &[], &["D1"]);
    let terms = Terms { digest_at: Some(time(23, 58, 0, 0)), ..Terms::plain(Language::English) };
    world.subscribe(&Subscriber::Person("d1@x".to_owned()), &terms);
    world.complaint("C-1", "D1");
    world.check("2026-03-10 07:00");
    let runs =
        ["2026-03-10 23:55", "2026-03-11 00:00", "2026-03-11 00:05", "2026-03-11 12:00", "2026-03-12 00:00"];
    assert_eq!(runs.map(|now| world.digest(now).made), [0, 1, 0, 0, 1]);
}

#[test]
fn it_says_what_is_open_what_costs_most_and_what_is_due() {
    let mut world = World::new();
    world.user("hq@x", Role::Hq, &[], &[]);
    world.user("south@x", Role::RegionalManager, &["S"], &[]);
    world.complaint("C-1", "D1");
    world.import(&[sheet(
        "complaints",
        "complaint_id | dealer_code | received_at | severity | category\nC-3 | D3 | 2026-03-09 20:00 | general | attitude",
    )]);
    world.check("2026-03-10 07:00");
    farsight_tests::tower::run(
        &mut world.sql,
        "UPDATE alerts SET due_at = '2026-03-10 15:59:59+00' WHERE subject = 'complaint:C-1'",
    );
    world.digest("2026-03-10 08:00");
    let hq = world.text_for("hq@x");
    let south = world.text_for("south@x");
    assert!(hq.starts_with("每日摘要 2026年3月10日\n未解决：紧急 1 条、注意 1 条。"), "{hq}");
    assert!(south.contains("未解决：紧急 1 条。"), "{south}");
    for (what, of_hq, of_south) in [
        ("金额最大的\n服务中心 D3", true, true),
        ("罚款合计 5,000.00 元", true, true),
        ("今日到期\n服务中心 D1：投诉 C-1", true, false),
        ("C-1", true, false),
    ] {
        assert_eq!(hq.contains(what), of_hq, "{what} in\n{hq}");
        assert_eq!(south.contains(what), of_south, "{what} in\n{south}");
    }
}

#[test]
fn what_was_delivered_long_ago_is_forgotten_and_what_was_not_is_kept() {
    let mut world = World::new();
    world.user("d1@x", Role::Dealer, &[], &["D1"]);
    world.complaint("C-1", "D1");
    world.check("2026-03-10 07:00");
    world.fan_out("2026-03-10 07:00");
    world.digest("2026-03-10 08:00");
    farsight_tests::tower::run(
        &mut world.sql,
        "UPDATE deliveries SET state = 'delivered' WHERE what = 'alerts'",
    );
    assert_eq!(world.digest("2026-07-10 07:00").forgotten, 1);
    assert_eq!(world.digests(), ["person:d1@x 2026-03-10"]);
}
