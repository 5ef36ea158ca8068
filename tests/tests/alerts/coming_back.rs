//! Resolving, coming back, getting worse: the same alert, told seldom enough.

use farsight_control::alerts;
use farsight_control::export::Report;
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::{HOUR, Instant};
use farsight_store::alerts::{Filter, Status};
use farsight_tests::books::records;
use farsight_tests::chance::Dice;
use farsight_tests::sheets::sheet;
use farsight_tests::tower::{number, texts};

use crate::world::{World, after, just_before, opens};

#[test]
fn it_resolves_with_its_finding_acknowledged_or_not() {
    for acknowledged in [false, true] {
        let mut world = World::new();
        world.user("d1@dealer", Role::Dealer, &[], &["D1"]);
        world.complaints(&["D1"]);
        world.check(opens());
        if acknowledged {
            assert_eq!(world.acknowledge("complaint:C-D1", "d1@dealer"), Ok(()));
        }
        world.reply(true);
        world.check(after(5));
        assert_eq!(world.escalate(after(10_000)).0, 0, "what is over goes nowhere");
        let csv = world.office.csv(Report::Alerts, None);
        assert!(csv.starts_with(
            "check,clause,subject,dealer_code,severity,status,opened_at,acknowledged_by,resolved_at\n"
        ));
        let row = records(&csv).next().unwrap();
        let by = if acknowledged { "d1@dealer" } else { "" };
        assert_eq!((&*row["status"], &*row["acknowledged_by"]), ("resolved", by));
        assert_eq!(row["resolved_at"], "2026-03-10T14:00:00+08:00");
    }
}

#[test]
fn what_comes_back_within_the_time_is_the_same_alert() {
    let window = 24;
    // Hours between resolving and coming back, and a microsecond more or less; whether it is the same alert.
    for (gap, same) in
        [(HOUR, true), (window * HOUR - 1, true), (window * HOUR, true), (window * HOUR + 1, false)]
    {
        let mut world = World::new();
        world.complaints(&["D1"]);
        world.check(opens());
        world.reply(true);
        world.check(after(2));
        world.reply(false);
        world.check(Instant(after(2).0 + gap));
        let opened = "opened_at = (SELECT min(opened_at) FROM alerts), flaps, resolved_at = 'infinity'";
        let expected: &[&str] = if same { &["t 1 t"] } else { &["t 0 f", "f 0 t"] };
        assert_eq!(world.columns(opened, "complaint:C-D1"), expected, "{gap}");
    }
}

#[test]
fn coming_back_is_told_when_it_stays_and_once_a_day_at_most() {
    let mut world = World::new();
    world.complaints(&["D1"]);
    world.check(opens());
    assert_eq!(world.notices(), ["opened complaint:C-D1 dealer"]);
    for hour in [1, 3, 5] {
        world.reply(true);
        world.check(after(hour));
        world.reply(false);
        world.check(after(hour + 1));
    }
    assert_eq!(
        world.notices(),
        ["resolved complaint:C-D1 dealer"],
        "over once; that it is back nobody knows yet"
    );
    assert_eq!(world.escalate(just_before(after(24))), (0, 0));
    assert_eq!(world.notices(), Vec::<String>::new());
    assert_eq!(world.escalate(after(24)), (0, 1));
    assert_eq!(world.notices(), ["reopened complaint:C-D1 dealer"], "it stayed");
    assert_eq!(world.escalate(after(24)), (0, 0));
    // Later than a day after the last telling, coming back is told at once.
    world.reply(true);
    world.check(after(40));
    world.reply(false);
    world.check(after(49));
    assert_eq!(world.notices(), ["resolved complaint:C-D1 dealer", "reopened complaint:C-D1 dealer"]);
    // Its age is that of the first day: it goes up as if it had never been away.
    assert_eq!(world.escalate(after(72)).0, 1);
    assert_eq!(world.columns("flaps", "complaint:C-D1"), ["4"]);
}

/// Any walk of coming, going and passing time keeps what an alert promises.
#[test]
fn walks_keep_one_open_alert_and_quiet_notices() {
    for seed in 1..=3 {
        let mut dice = Dice::new(seed);
        let mut world = World::new();
        world.user("d1@dealer", Role::Dealer, &[], &["D1"]);
        world.complaints(&["D1"]);
        let mut now = opens();
        let mut replied = false;
        let mut log = Vec::new();
        for _ in 0..35 {
            now =
                Instant(now.0 + *dice.pick(&[1, HOUR, 5 * HOUR, 23 * HOUR, 24 * HOUR, 25 * HOUR, 80 * HOUR]));
            match dice.below(8) {
                0..=3 => {
                    replied = !replied;
                    world.reply(replied);
                    world.check(now);
                }
                4 => world.check(now),
                5 => {
                    world.now(now);
                    // Where there is nothing yet, or it is over, there is nothing to acknowledge.
                    if !world.columns("1", "complaint:C-D1").is_empty() {
                        let _ = world.acknowledge("complaint:C-D1", "d1@dealer");
                    }
                }
                _ => {
                    world.tend(now);
                }
            }
            log.push(format!("{now} replied: {replied}"));
            keeps_its_promises(&mut world, &log);
        }
    }
}

fn keeps_its_promises(world: &mut World, log: &[String]) {
    let none = |world: &mut World, what: &str, query: &str| {
        assert_eq!(number(&mut world.sql, query), 0, "{what}\n{}", log.join("\n"));
    };
    none(
        world,
        "one key open twice",
        "SELECT count(*) FROM (SELECT FROM alerts WHERE resolved_at = 'infinity' GROUP BY family, subject HAVING count(*) > 1) twice",
    );
    none(
        world,
        "an alert opened at another time than it was told",
        "SELECT count(*) FROM alerts a JOIN notices n USING (tenant_id, alert_id) WHERE n.kind = 'opened' AND n.at <> a.opened_at",
    );
    none(
        world,
        "an alert not opened once",
        "SELECT count(*) FROM (SELECT FROM notices WHERE kind = 'opened' GROUP BY alert_id HAVING count(*) <> 1) other",
    );
    none(
        world,
        "coming told twice within a day",
        "SELECT count(*) FROM (SELECT at - lag(at) OVER (PARTITION BY alert_id ORDER BY notice_id) AS gap
         FROM notices WHERE kind IN ('opened', 'reopened')) n WHERE gap < interval '24 hours'",
    );
    none(
        world,
        "going told twice and nothing of it being there between",
        "SELECT count(*) FROM (SELECT kind = 'resolved' AS gone, lag(kind = 'resolved') OVER (PARTITION BY alert_id ORDER BY notice_id) AS before
         FROM notices WHERE kind IN ('opened', 'reopened', 'escalated', 'resolved')) n WHERE gone AND before",
    );
    none(
        world,
        "an alert that escalates while it is at the top or resolved",
        "SELECT count(*) FROM alerts WHERE level = 'hq' AND escalates_at IS NOT NULL",
    );
}

#[test]
fn what_gets_worse_is_told_and_begins_anew() {
    let mut world = World::new();
    world.user("d1@dealer", Role::Dealer, &[], &["D1"]);
    let looks = |rows: &str| {
        sheet(
            "inspections",
            &format!("inspection_id | item_code | dealer_code | inspected_at | result\n{rows}"),
        )
    };
    world.import(&[looks("I-3 | item-01 | D1 | 2026-03-09 10:00 | fail")]);
    world.check(opens());
    assert_eq!(world.acknowledge("inspection:I-3#item-01", "d1@dealer"), Ok(()));
    world.notices();
    assert_eq!(
        world.columns("clause, severity, amount, region_code", "inspection:I-3#item-01"),
        ["spot-check.first warning -50000 N"]
    );
    world.import(&[looks(
        "I-1 | item-01 | D1 | 2025-05-09 10:00 | fail\nI-2 | item-01 | D1 | 2025-09-09 10:00 | fail",
    )]);
    world.check(after(30));
    let notices = world.notices();
    assert!(notices.contains(&"worsened inspection:I-3#item-01 dealer".to_owned()), "{notices:?}");
    let own = "SELECT concat_ws(' ', clause, severity, amount, acknowledged_by, escalates_at - level_since) AS value
               FROM alerts WHERE family = 'spot-check' AND subject = 'inspection:I-3#item-01'";
    assert_eq!(texts(&mut world.sql, own), ["spot-check.third critical -1000000 1 day"]);
}

#[test]
fn an_alert_knows_its_cost_region_and_deadline() {
    let mut world = World::new();
    world.complaints(&["D3"]);
    world.check(opens());
    let columns = "amount, region_code, due_at AT TIME ZONE 'Asia/Shanghai'";
    assert_eq!(world.columns(columns, "complaint:C-D3"), ["0 S 2026-03-09 10:00:00"]);
    let listed = |world: &mut World, filter: Filter| {
        alerts::list(&mut world.office.desk, &filter, Language::Chinese).unwrap()
    };
    let of_s = listed(&mut world, Filter { region: Some("S".to_owned()), ..Filter::default() });
    assert_eq!(
        (of_s.total, &*of_s.alerts[0].happened),
        (1, "服务中心 D3：投诉 C-D3 未在 2026年3月9日 10:00 前首次回复。")
    );
    for nothing in [
        Filter { region: Some("N".to_owned()), ..Filter::default() },
        Filter { dealer: Some("D1".to_owned()), ..Filter::default() },
        Filter { severity: Some(Severity::Critical), ..Filter::default() },
        Filter { status: Some(Status::Acknowledged), ..Filter::default() },
        Filter { status: Some(Status::Resolved), ..Filter::default() },
    ] {
        assert_eq!(listed(&mut world, nothing).total, 0);
    }
}
