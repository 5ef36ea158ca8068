//! Alerts that no check finds; notices and their transactions; many at once; alerts of an earlier version.

use farsight_control::ControlError;
use farsight_control::alerts::{self, Tended, Trouble};
use farsight_control::evaluate::Request;
use farsight_control::export::Report;
use farsight_rulebook::time::Instant;
use farsight_store::session::Isolation;
use farsight_tests::office::at;
use farsight_tests::sheets::sheet;
use farsight_tests::tower::{number, run, texts};
use farsight_tests::{Office, Tower};

use crate::world::{World, after, opens};

const CAMERA: Trouble =
    Trouble::CameraAway { camera: "CAM-1", dealer: "D1", since: Instant(0), why: "no answer" };

#[test]
fn what_no_check_finds_is_raised_and_withdrawn_and_left_alone_by_checks() {
    let mut world = World::new();
    world.complaints(&["D1"]);
    world.check(opens());
    world.notices();
    world.now(after(1));
    let desk = &mut world.office.desk;
    assert!(alerts::raise(desk, CAMERA).unwrap());
    assert!(!alerts::raise(desk, CAMERA).unwrap(), "it is open already");
    let slot = at("2026-03-10 10:00");
    let job = Trouble::JobGaveUp { job: "draw", slot, attempts: 5, why: "the pool is empty" };
    assert!(alerts::raise(desk, job).unwrap());
    assert_eq!(world.notices(), ["opened camera:CAM-1 dealer", "opened job:draw@2026-03-10T02:00:00Z hq"]);
    let before = world.office.csv(Report::Alerts, None);
    world.now(after(2));
    world.office.evaluate(&Request { full: true, ..Request::default() });
    assert_eq!(world.office.csv(Report::Alerts, None), before);
    assert_eq!(world.notices(), Vec::<String>::new());
    world.escalate(after(1 + 72));
    assert_eq!(world.level("camera:CAM-1"), "district-manager DM-1");
    world.notices();
    let desk = &mut world.office.desk;
    assert!(alerts::withdraw(desk, "camera-away", "camera:CAM-1").unwrap());
    assert!(!alerts::withdraw(desk, "camera-away", "camera:CAM-1").unwrap());
    assert_eq!(world.notices(), ["resolved camera:CAM-1 district-manager DM-1"]);
}

#[test]
fn posts_that_nobody_holds_today_are_alerts_one_a_post() {
    let mut world = World::new();
    assert_eq!(world.tend(opens()), Tended { opened: 3, ..Tended::default() });
    assert_eq!(
        world.notices(),
        ["opened dealer:D2 region-director", "opened dealer:D3 hq", "opened region:S hq"]
    );
    assert_eq!(world.tend(after(30)), Tended::default(), "a day later they are the same");
    world.import(&[sheet(
        "posts",
        "person_code | role | scope_code | from | to\nDM-2 | district-manager | D2 | 2026-03-12 |\nDEP-N | region-deputy-director | S | 2026-03-12 |",
    )]);
    assert_eq!(world.tend(at("2026-03-11 23:59")), Tended::default(), "not before the day");
    let filled = world.tend(at("2026-03-12 00:00"));
    assert_eq!((filled.opened, filled.resolved), (0, 2));
    assert_eq!(world.columns("resolved_at = 'infinity'", "dealer:D3"), ["t"]);
}

#[test]
fn a_feed_is_silent_when_it_stays_away_for_longer_than_it_does() {
    let mut world = World::new();
    for day in 1..=5 {
        world.now(at(&format!("2026-03-{day:02} 02:00")));
        world.import(&[sheet(
            "surveys",
            &format!("response_id | factor | dealer_code | answered_at | score\nR-{day} | quality | D1 | 2026-03-01 10:00 | 80"),
        )]);
    }
    let last = at("2026-03-05 02:00");
    world.tend(last.plus_hours(72));
    world.notices();
    assert_eq!(world.tend(last.plus_hours(72)).opened, 0, "three usual gaps are not yet too long");
    assert_eq!(world.tend(Instant(last.plus_hours(72).0 + 1)).opened, 1);
    assert_eq!(world.notices(), ["opened feed:surveys hq"], "regions and posts, sent once, are no feeds");
    world.now(last.plus_hours(80));
    world.import(&[sheet(
        "surveys",
        "response_id | factor | dealer_code | answered_at | score\nR-9 | quality | D1 | 2026-03-01 10:00 | 80",
    )]);
    assert_eq!(world.tend(last.plus_hours(81)).resolved, 1);
    assert_eq!(world.notices(), ["resolved feed:surveys hq"]);
}

#[test]
fn a_notice_stands_and_falls_with_its_transaction() {
    let mut world = World::new();
    world.complaints(&["D1"]);
    world.now(opens());
    world.office.evaluate(&Request { dry_run: true, ..Request::default() });
    let (scope, tenant, now) = (world.office.desk.scope(), world.office.desk.tenant.clone(), opens());
    let failed: Result<(), ControlError> =
        world.office.desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
            assert!(alerts::raise_within(tx, &tenant, now, CAMERA)?);
            Err(ControlError::Usage("the work around it failed".to_owned()))
        });
    assert!(failed.is_err());
    assert_eq!(number(&mut world.sql, "SELECT count(*) FROM alerts"), 0);
    assert_eq!(number(&mut world.sql, "SELECT count(*) FROM notices"), 0);
    world.check(opens());
    assert_eq!(world.notices(), ["opened complaint:C-D1 dealer"]);
    let (alert, notice) =
        ("SELECT max(xmin::text::bigint) FROM alerts", "SELECT max(xmin::text::bigint) FROM notices");
    assert_eq!(number(&mut world.sql, alert), number(&mut world.sql, notice), "one transaction wrote both");
}

/// Checks and raises side by side: each alert is opened once, numbers and notices without a clash.
#[test]
fn many_at_once_open_an_alert_once() {
    let tower = Tower::new();
    let mut office = Office::new(&tower, "t", "example-2026");
    office.import(&[farsight_tests::tower::root().join("tests/cases/small")]);
    let opened: usize = std::thread::scope(|scope| {
        let raising: Vec<_> = (0..4)
            .map(|turn| {
                let tower = &tower;
                scope.spawn(move || {
                    let mut office = Office::open(tower, "t");
                    if turn % 2 == 0 {
                        office.evaluate(&Request { full: true, ..Request::default() });
                    }
                    usize::from(alerts::raise(&mut office.desk, CAMERA).unwrap())
                })
            })
            .collect();
        raising.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(opened, 1);
    let mut sql = tower.sql();
    let counts = "SELECT concat_ws(' ', count(*) = count(DISTINCT (family, subject)), count(*) = count(DISTINCT alert_id),
                  count(*) = (SELECT count(*) FROM notices), bool_and(resolved_at = 'infinity')) AS value FROM alerts";
    assert_eq!(texts(&mut sql, counts), ["t t t t"]);
}

/// Alerts of an earlier version are numbered, escalate, and are looked at again.
#[test]
fn alerts_of_before_get_a_life() {
    let tower = Tower::empty();
    let mut sql = tower.sql();
    let books = farsight_tests::tower::root().join("migrations/2026-11-22-000001_books/up.sql");
    run(&mut sql, &std::fs::read_to_string(books).unwrap());
    run(
        &mut sql,
        "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT current_timestamp);
         INSERT INTO __diesel_schema_migrations (version) VALUES ('20261122000001');
         INSERT INTO tenants (code, name, time_zone, currency, simulated, created_at) VALUES ('a', 'A', 'Asia/Shanghai', 'CNY', false, now()), ('b', 'B', 'Asia/Shanghai', 'CNY', false, now());
         INSERT INTO marks SELECT tenant_id, 'complaint', now(), 1 FROM tenants;
         INSERT INTO alerts (tenant_id, family, subject, check_name, clause, unit, dealer_code, severity, occurred_on, detail, opened_at)
         SELECT tenant_id, 'complaint.reply', 'complaint:C-' || n, 'complaint', 'complaint.reply-late', 'C-' || n, 'D1', 'warning', '2026-03-01', '{}', timestamptz '2026-03-02 00:00Z' - n * interval '1 hour'
         FROM tenants CROSS JOIN generate_series(1, 2) AS n",
    );
    farsight_store::schema::migrate(&tower.database).unwrap();
    let rows = "SELECT concat_ws(' ', tenant_id, alert_id, subject, level, escalates_at - opened_at) AS value FROM alerts ORDER BY tenant_id, alert_id";
    assert_eq!(
        texts(&mut sql, rows),
        [
            "1 1 complaint:C-2 dealer 3 days",
            "1 2 complaint:C-1 dealer 3 days",
            "2 1 complaint:C-2 dealer 3 days",
            "2 2 complaint:C-1 dealer 3 days",
        ]
    );
    assert_eq!(
        number(&mut sql, "SELECT count(*) FROM touched WHERE import_id = 0 AND check_name = 'complaint'"),
        2
    );
}
