//! The steps of the draw: freeze, draw, publish the key; each once, none late, none early, none undone.

use farsight_control::sample::{self, Anchor};
use farsight_rulebook::draw::Verdict;
use farsight_rulebook::time::plus_days;
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::{number, refused, run, texts};
use farsight_tests::{Office, Tower};

use super::{code, day, draw_at_seven, network, office};

fn deeds(tower: &Tower, action: &str) -> i64 {
    number(&mut tower.sql(), &format!("SELECT count(*) FROM audit_log WHERE action = '{action}'"))
}

#[test]
fn drawn_many_times_at_once_is_drawn_once() {
    let tower = Tower::new();
    let mut first = office(&tower, 70, "2026-03-05 07:00");
    let on = day("2026-03-05");
    let draws: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut office = Office::open(&tower, "t");
                    office.now(at("2026-03-05 07:00"));
                    sample::make(&mut office.desk, &sealer(), on).unwrap().drawn.unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(draws.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!((draws[0].0.sample.len(), draws[0].0.reserve.len()), (30, 30));
    assert_eq!((deeds(&tower, "draw.commit"), deeds(&tower, "draw.make")), (1, 1));
    assert_eq!(sample::make(&mut first.desk, &sealer(), on).unwrap().drawn.unwrap(), draws[0]);
    first.audit_links();
}

/// The program dies after the pool is frozen: on that day it goes on with that pool, later the day is missed.
#[test]
fn a_crash_between_freezing_and_drawing() {
    let tower = Tower::new();
    let mut office = office(&tower, 3, "2026-03-05 07:00");
    let on = day("2026-03-05");
    let frozen = sample::commit(&mut office.desk, &sealer(), on).unwrap();
    assert_eq!(frozen.pool, ["D000", "D001", "D002"]);
    assert_eq!(code(sample::export(&mut office.desk, &sealer(), on)), "draw_not_made");
    let mut late = office;
    late.import_folder(&Folder::of(&network(9)));
    late.now(at("2026-03-05 23:59"));
    let drawn = sample::make(&mut late.desk, &sealer(), on).unwrap();
    assert_eq!((&drawn.pool, &drawn.pool_sha256), (&frozen.pool, &frozen.pool_sha256));
    assert_eq!(drawn.committed_at, frozen.committed_at);
    let sample = drawn.drawn.unwrap().0;
    assert_eq!((sample.sample.len(), sample.reserve.len()), (3, 0), "a small pool is drawn whole");

    late.now(at("2026-03-06 07:00"));
    sample::commit(&mut late.desk, &sealer(), day("2026-03-06")).unwrap();
    late.now(at("2026-03-07 00:00"));
    assert_eq!(code(sample::make(&mut late.desk, &sealer(), day("2026-03-06"))), "draw_missed");
    assert_eq!(code(sample::export(&mut late.desk, &sealer(), day("2026-03-06"))), "draw_missed");
    assert_eq!(
        sample::reveal(&mut late.desk, &sealer()).unwrap(),
        [on],
        "a day without a draw has no key to publish"
    );
}

#[test]
fn only_today_is_drawn() {
    let tower = Tower::new();
    let mut office = office(&tower, 3, "2026-03-05 07:00");
    for (on, expected) in
        [("2026-03-04", "draw_missed"), ("2026-03-06", "draw_too_early"), ("2030-01-01", "draw_too_early")]
    {
        assert_eq!(code(sample::make(&mut office.desk, &sealer(), day(on))), expected, "{on}");
        assert_eq!(code(sample::draw(&mut office.desk, &sealer(), day(on))), expected, "{on}");
        assert_eq!(code(sample::verify(&mut office.desk, &sealer(), day(on))), expected, "{on}");
    }
    assert_eq!(code(sample::draw(&mut office.desk, &sealer(), day("2026-03-05"))), "draw_not_frozen");
    // Midnight is the tenant's: 16:00 in UTC.
    office.now(at("2026-03-05T15:59:59Z"));
    sample::make(&mut office.desk, &sealer(), day("2026-03-05")).unwrap();
    office.now(at("2026-03-05T16:00:00Z"));
    sample::make(&mut office.desk, &sealer(), day("2026-03-06")).unwrap();
}

#[test]
fn the_pool_is_who_is_open_and_has_a_working_camera() {
    let tower = Tower::new();
    let mut office = Office::since(&tower, "t", "example-2026", "2026-03-05 07:00");
    let on = day("2026-03-05");
    assert_eq!(code(sample::make(&mut office.desk, &sealer(), on)), "draw_empty_pool");
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code | name\nR1 | North"),
        sheet(
            "dealers",
            "dealer_code | name | region_code | opened_on | closed_on | voided
             b | working is empty | R1 | 2020-01-01 | | false
             B | works | R1 | 2026-03-05 | 2026-03-05 | false
             a-1 | one of two works | R1 | 2020-01-01 | | false
             no-camera | | R1 | 2020-01-01 | | false
             broken | | R1 | 2020-01-01 | | false
             withdrawn-camera | | R1 | 2020-01-01 | | false
             not-open-yet | | R1 | 2026-03-06 | | false
             closed | | R1 | 2020-01-01 | 2026-03-04 | false
             withdrawn | | R1 | 2020-01-01 | | true"
                .replace("| | R1", "| x | R1")
                .as_str(),
        ),
        sheet(
            "cameras",
            "camera_code | dealer_code | snapshot_url | working | voided
             1 | b | http://c/ | | false
             2 | B | http://c/ | true | false
             3 | a-1 | http://c/ | false | false
             4 | a-1 | http://c/ | true | false
             5 | broken | http://c/ | false | false
             6 | withdrawn-camera | http://c/ | true | true
             7 | not-open-yet | http://c/ | true | false
             8 | closed | http://c/ | true | false
             9 | withdrawn | http://c/ | true | false",
        ),
    ]));
    let draw = sample::make(&mut office.desk, &sealer(), on).unwrap();
    assert_eq!(draw.pool, ["B", "a-1", "b"], "sorted by bytes");
}

#[test]
fn the_key_is_published_when_the_day_is_over() {
    let tower = Tower::new();
    let mut office = office(&tower, 70, "2026-03-05 07:00");
    let on = day("2026-03-05");
    sample::make(&mut office.desk, &sealer(), on).unwrap();
    office.now(at("2026-03-05 23:59"));
    assert_eq!(sample::reveal(&mut office.desk, &sealer()).unwrap(), []);
    let sealed = sample::export(&mut office.desk, &sealer(), on).unwrap();
    assert_eq!((&sealed.key, &sealed.revealed_at), (&None, &None));
    assert_eq!(sample::verify(&mut office.desk, &sealer(), on).unwrap(), Verdict::KeyNotPublished);

    office.now(at("2026-03-06 00:00"));
    assert_eq!(sample::reveal(&mut office.desk, &sealer()).unwrap(), [on]);
    assert_eq!(sample::reveal(&mut office.desk, &sealer()).unwrap(), []);
    let open = sample::export(&mut office.desk, &sealer(), on).unwrap();
    assert_eq!(open.revealed_at.as_deref(), Some("2026-03-06T00:00:00+08:00"));
    assert_eq!((&open.sample, &open.pool_sha256), (&sealed.sample, &sealed.pool_sha256));
    assert_eq!(sample::verify(&mut office.desk, &sealer(), on).unwrap(), Verdict::Redone);
    let next = draw_at_seven(&mut office, day("2026-03-06")).unwrap();
    let published = sample::export(&mut office.desk, &sealer(), next.day).unwrap();
    assert_eq!(Some(published.previous_key), open.key, "yesterday's key is what today's hashes to");
    assert_eq!(deeds(&tower, "draw.reveal"), 1);
}

fn spans(anchors: &[Anchor]) -> Vec<String> {
    anchors.iter().map(|a| format!("{} {} {}", a.first_day, a.last_day, &a.published_at[..10])).collect()
}

#[test]
fn the_next_chain_is_published_thirty_days_ahead() {
    let tower = Tower::new();
    let mut office = office(&tower, 3, "2026-03-05 07:00");
    assert_eq!(spans(&sample::anchors(&mut office.desk).unwrap()), ["2026-03-05 2027-03-04 2026-03-05"]);
    for on in ["2026-03-05", "2027-02-02"] {
        draw_at_seven(&mut office, day(on)).unwrap();
    }
    assert_eq!(sample::anchors(&mut office.desk).unwrap().len(), 1);
    let first = draw_at_seven(&mut office, day("2027-02-03")).unwrap();
    assert_eq!(first.index, 336);
    let two = ["2026-03-05 2027-03-04 2026-03-05", "2027-03-05 2028-03-04 2027-02-03"];
    assert_eq!(spans(&sample::anchors(&mut office.desk).unwrap()), two);
    assert_eq!(draw_at_seven(&mut office, day("2027-03-04")).unwrap().index, 365);
    assert_eq!(draw_at_seven(&mut office, day("2027-03-05")).unwrap().index, 1);
    assert_eq!(sample::anchors(&mut office.desk).unwrap().len(), 2);
    // Nothing was drawn for more than a year: a chain is made with the next draw; and before the first one, up to it.
    assert_eq!(draw_at_seven(&mut office, day("2029-01-01")).unwrap().index, 1);
    assert_eq!(draw_at_seven(&mut office, day("2026-02-01")).unwrap().index, 1);
    let spans = spans(&sample::anchors(&mut office.desk).unwrap());
    assert_eq!(spans[0], "2026-02-01 2026-03-04 2026-02-01");
    assert_eq!(spans[3], "2029-01-01 2029-12-31 2029-01-01");
}

#[test]
fn a_tenant_older_than_the_draw_gets_its_chain_with_the_first() {
    let tower = Tower::new();
    let mut office = office(&tower, 3, "2026-03-05 07:00");
    run(
        &mut tower.sql(),
        "ALTER TABLE draw_chains DISABLE TRIGGER draw_chains_kept; DELETE FROM draw_chains; ALTER TABLE draw_chains ENABLE TRIGGER draw_chains_kept",
    );
    assert_eq!(sample::anchors(&mut office.desk).unwrap().len(), 0);
    assert_eq!(draw_at_seven(&mut office, day("2026-03-09")).unwrap().index, 1);
    assert_eq!(sample::anchors(&mut office.desk).unwrap().len(), 1);
}

#[test]
fn what_is_drawn_never_changes_whoever_tries() {
    let tower = Tower::new();
    let mut office = office(&tower, 70, "2026-03-05 07:00");
    for on in 5..8 {
        draw_at_seven(&mut office, day(&format!("2026-03-0{on}"))).unwrap();
    }
    sample::reveal(&mut office.desk, &sealer()).unwrap();
    sample::commit(&mut office.desk, &sealer(), day("2026-03-07")).unwrap();
    let mut owner = tower.sql();
    let columns = texts(
        &mut owner,
        "SELECT attname::text AS value FROM pg_attribute WHERE attrelid = 'draws'::regclass AND attnum > 0 ORDER BY attnum",
    );
    let other = |column: &str| match column {
        "tenant_id" | "chain_id" | "day_index" | "sample_size" => format!("{column} + 1"),
        "day" => "day + 100".to_owned(),
        "pool" | "sample" | "reserve" | "follow_ups" => "ARRAY['X']".to_owned(),
        "pool_sha256" | "day_key" => "'00'".to_owned(),
        _ => format!("{column} + interval '1 hour'"),
    };
    for column in &columns {
        let told = refused(
            &mut owner,
            &format!("UPDATE draws SET {column} = {} WHERE day = '2026-03-05'", other(column)),
        );
        assert!(told.contains("never changes"), "{column}: {told}");
    }
    for statement in ["DELETE FROM draws", "DELETE FROM draw_chains", "UPDATE draw_chains SET length = 1"] {
        let told = refused(&mut owner, statement);
        assert!(told.contains("never changes"), "{statement}: {told}");
    }
    let filled = "UPDATE draws SET day_key = NULL, revealed_at = NULL WHERE day = '2026-03-05'";
    assert!(refused(&mut owner, filled).contains("never changes"));
}

#[test]
fn a_seed_is_sealed_and_must_lead_to_its_anchor() {
    let tower = Tower::new();
    let mut office = office(&tower, 70, "2026-03-05 07:00");
    let on = day("2026-03-05");
    draw_at_seven(&mut office, on).unwrap();
    let mut owner = tower.sql();
    run(&mut owner, "ALTER TABLE draw_chains DISABLE TRIGGER draw_chains_kept");
    run(&mut owner, "UPDATE draw_chains SET anchor = repeat('0', 64)");
    assert_eq!(code(sample::verify(&mut office.desk, &sealer(), on)), "draw_seed_changed");
    run(&mut owner, "UPDATE draw_chains SET sealed_seed = decode(repeat('00', 72), 'hex')");
    assert_eq!(code(sample::verify(&mut office.desk, &sealer(), on)), "usage");
}

#[test]
fn failures_are_followed_up_the_next_month() {
    let tower = Tower::new();
    let mut office = office(&tower, 70, "2026-03-05 07:00");
    let mut failures =
        sheet("inspections", "inspection_id | item_code | dealer_code | inspected_at | result");
    for number in 0..25 {
        let (id, dealer) = (format!("I-{number}"), format!("D{number:03}"));
        let when = format!("2026-02-{:02} 10:00", 28 - number);
        failures.rows.push([&id, "item-01", &dealer, &when, "fail"].map(str::to_owned).to_vec());
    }
    office.import_folder(&Folder::of(&[failures]));
    let on = day("2026-03-05");
    let mut owed: Vec<String> = (0..25).rev().map(|number| format!("D{number:03}")).collect();
    let (drawn, follow_ups) = draw_at_seven(&mut office, on).unwrap().drawn.unwrap();
    let due = |owed: &[String], sample: &[String]| -> Vec<String> {
        owed.iter().filter(|dealer| !sample.contains(dealer)).take(10).cloned().collect()
    };
    assert_eq!(
        follow_ups,
        due(&owed, &drawn.sample),
        "the oldest failure first, ten a day, none that is drawn"
    );
    // Nobody looked at them: they stay owed, and come first again.
    let next = plus_days(on, 1);
    let (drawn, follow_ups) = draw_at_seven(&mut office, next).unwrap().drawn.unwrap();
    assert_eq!(follow_ups, due(&owed, &drawn.sample));
    // Those who are looked at are done for this month; the one who could not be seen comes after all others.
    super::plan::see(&mut office, next, &follow_ups[..9]);
    super::plan::see_nothing(&mut office, next, &follow_ups[9]);
    owed.retain(|dealer| !follow_ups.contains(dealer));
    owed.push(follow_ups[9].clone());
    let (drawn, follow_ups) = draw_at_seven(&mut office, plus_days(next, 1)).unwrap().drawn.unwrap();
    assert_eq!(follow_ups, due(&owed, &drawn.sample));
    let (_, none) = draw_at_seven(&mut office, day("2026-04-01")).unwrap().drawn.unwrap();
    assert_eq!(none, Vec::<String>::new(), "in April nothing of February is owed");
}
