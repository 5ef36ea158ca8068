//! Many notices at once become few messages, and quickly.

use std::time::Instant as Stopwatch;

use farsight_ledger::settlement::Role;
use farsight_tests::sheets::sheet;
use farsight_tests::tower::run;

use crate::world::World;

/// A network like the reference's: dealers with a user each, eight regions, some of headquarters.
const DEALERS: u32 = 573;
const NOTICES: u32 = 70_000;

#[test]
fn a_first_runs_seventy_thousand_notices_become_one_message_each() {
    let mut world = World::new();
    let dealers: Vec<String> = (1..=DEALERS).map(|n| format!("M{n} | M{n} | N | 2015-01-01")).collect();
    world.import(&[sheet(
        "dealers",
        &format!("dealer_code | name | region_code | opened_on\n{}", dealers.join("\n")),
    )]);
    let tenant = world.office.tenant();
    run(
        &mut world.sql,
        &format!(
            "INSERT INTO users (tenant_id, email, role, dealers, created_at)
             SELECT {tenant}, 'm' || n || '@x', 'dealer', ARRAY['M' || n], now() FROM generate_series(1, {DEALERS}) n"
        ),
    );
    world.user("north@x", Role::RegionalManager, &["N"], &[]);
    for number in 1..=5 {
        world.user(&format!("hq{number}@x"), Role::Hq, &[], &[]);
    }
    world.channel("hook", "email", &["all@x.example"]);
    world.complaint("C-1", "D1");
    world.check("2026-03-10 09:00");
    world.more_alerts(NOTICES, &format!("'M' || (1 + g % {DEALERS})"));
    let watch = Stopwatch::now();
    let fanned = world.fan_out("2026-03-10 09:00:30");
    let took = watch.elapsed();
    println!("{} notices into {} messages: {took:?}", fanned.notices, fanned.deliveries);
    assert!(fanned.notices > u64::from(NOTICES));
    assert_eq!(fanned.deliveries, u64::from(DEALERS) + 1, "one for each dealer, one for the channel");
    let lines = world.texts(
        "SELECT jsonb_array_length(message::jsonb->'lines')::text AS value FROM deliveries WHERE receiver = 'channel:hook'",
    );
    assert_eq!(lines, ["14"], "counts, kinds, a heading, the worst ten, and how many more there are");
    let longest = world.texts("SELECT max(length(message))::text AS value FROM deliveries");
    assert!(longest[0].parse::<u32>().unwrap() < 60_000, "{longest:?}");
    assert!(took.as_secs() < 60, "{took:?}");
    // The next run has nothing to read again.
    assert_eq!(world.fan_out("2026-03-10 09:01").notices, 0);
}
