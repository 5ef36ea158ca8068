//! A day of spot checks from the draw to the last picture, against simulated cameras of which some are bad.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use farsight_cameras::Rules;
use farsight_cameras::simulator::{Behaviour, Hash, SceneCamera, Simulator};
use farsight_control::visits::Standing;
use farsight_control::{cameras, visits};
use farsight_jobs::{JOBS, Job};
use farsight_rulebook::time::{Instant, Zone};
use farsight_tests::office::{Office, at, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower;
use jiff::civil::{Date, date};

use crate::site::Site;

const DEALERS: usize = 44;
const DAYS: [Date; 2] = [date(2026, 3, 4), date(2026, 3, 5)];

/// The camera jobs as they are.
fn camera_jobs() -> Vec<Job> {
    JOBS.iter().filter(|job| ["draw", "snapshot", "alerts"].contains(&job.name)).copied().collect()
}

fn code(number: usize) -> String {
    format!("C{number:02}")
}

/// Dealers with one camera each, at the simulator.
fn open(site: &Site, simulator: &Simulator) {
    let mut office = Office::open(&site.tower, &site.tenant);
    let numbers = 1..=DEALERS;
    let dealers: Vec<String> =
        numbers.clone().map(|n| format!("D{n:02}|Dealer {n}|R|2020-01-01\n")).collect();
    let list: Vec<String> =
        numbers.map(|n| format!("{}|D{n:02}|{}|1\n", code(n), simulator.url_of(&code(n)))).collect();
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code|name\nR|Region"),
        sheet("dealers", &format!("dealer_code|name|region_code|opened_on\n{}", dealers.concat())),
        sheet("cameras", &format!("camera_code|dealer_code|snapshot_url|working\n{}", list.concat())),
    ]));
    let rules = Rules {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        ports: vec![simulator.address().port()],
        total_millis: 800,
        ..Rules::default()
    };
    cameras::set_rules(&mut site.desk(), &rules).unwrap();
}

/// Lets a day pass in steps of half an hour; the queue's own clock is moved along.
fn pass(site: &Site, day: Date) -> Standing {
    let zone = Zone::shanghai();
    let mut sql = site.tower.sql();
    for half_hour in 0..=34 {
        let now = Instant(zone.midnight(day).0 + (15 + half_hour * 30) * 60_000_000);
        site.clock.store(now.0, Ordering::SeqCst);
        let due = "(SELECT task FROM slots WHERE due_at <= to_timestamp({now} / 1000000.0))";
        let due = due.replace("{now}", &now.0.to_string());
        if half_hour > 0 {
            tower::run(
                &mut sql,
                &format!("UPDATE apalis.jobs SET run_at = now() WHERE status = 'Pending' AND id IN {due}"),
            );
        }
        let over = |slots: &[farsight_store::slots::Listed]| {
            slots.iter().all(|slot| slot.key.due_at > now || matches!(&*slot.state, "done" | "missed"))
                && slots.iter().any(|slot| slot.key.job == "draw" && zone.date(slot.key.due_at) == day)
        };
        if half_hour == 0 || !over(&site.slots()) {
            site.work(2, over);
        }
    }
    visits::standing(&mut site.desk(), day).unwrap()
}

#[test]
fn thirty_cameras_of_which_ten_are_bad_end_with_thirty_dealers_to_inspect() {
    let site = Site::new("spotted", camera_jobs(), "2026-03-04T00:15:00+08:00");
    let clock = Arc::clone(&site.clock);
    let scenes =
        (1..=DEALERS).map(|n| SceneCamera { code: code(n), name: format!("CAM {n}"), seed: n as u64 });
    let shown = Arc::new(move || Zone::shanghai().local(Instant(clock.load(Ordering::SeqCst))));
    let simulator =
        site.runtime.block_on(Simulator::start("127.0.0.1:0".parse().unwrap(), scenes, shown)).unwrap();
    open(&site, &simulator);

    let first = pass(&site, DAYS[0]);
    assert_eq!((first.inspectable, first.missing), (30, 0), "{first:#?}");
    let before = requests(&simulator);
    // Of those who were seen today, some are bad tomorrow; frozen shows only on whom was seen before.
    let seen: Vec<usize> = (1..=DEALERS).filter(|n| before[&code(*n)] > 0).collect();
    let bad = |range: std::ops::Range<usize>, behaviour: Behaviour| {
        for n in &seen[range] {
            assert!(simulator.set(&code(*n), behaviour.clone()));
        }
    };
    bad(0..5, Behaviour::TimesOut);
    bad(5..8, Behaviour::Black);
    bad(8..10, Behaviour::Frozen);
    let (user, password) = ("tower".to_owned(), "correct horse".to_owned());
    bad(10..11, Behaviour::Digest { user, password, hash: Hash::Sha256 });
    let signs_in = code(seen[10]);
    cameras::set_credentials(&mut site.desk(), &sealer(), &signs_in, "tower", "correct horse").unwrap();

    let second = pass(&site, DAYS[1]);
    let told: BTreeMap<&str, &str> =
        second.visits.iter().filter_map(|v| Some((&*v.dealer, v.reason.as_deref()?))).collect();
    assert_eq!(second.inspectable + second.missing, 30, "{second:#?}");
    assert!(second.missing == 0 || !second.reasons.is_empty(), "it says why not: {second:#?}");
    assert_eq!(second.waiting, 0);
    let visited = |n: usize| second.visits.iter().any(|visit| visit.dealer == format!("D{n:02}"));
    for (range, why) in [(0..5, "time"), (5..8, "black"), (8..10, "frozen")] {
        for n in seen[range].iter().filter(|n| visited(**n)) {
            let reason = told[&*format!("D{n:02}")];
            assert!(reason.contains(why), "D{n:02}: {reason}");
        }
    }
    // Twice for a camera that does not answer, twice for one that asks who is there, else once.
    for (camera, count) in requests(&simulator) {
        let asked = count - before[&camera];
        assert!(asked <= 2, "{camera} was asked {asked} times");
        let n: usize = camera[1..].parse().unwrap();
        if !visited(n) {
            assert_eq!(asked, 0, "{camera} is not in the plan");
        } else if !seen[..5].contains(&n) && camera != signs_in {
            assert_eq!(asked, 1, "{camera}");
        }
    }
}

fn requests(simulator: &Simulator) -> BTreeMap<String, u32> {
    (1..=DEALERS).map(|n| (code(n), simulator.requests(&code(n)))).collect()
}

#[test]
fn a_visit_that_is_late_is_not_made_and_says_so() {
    let site = Site::new("late", camera_jobs(), "2026-03-04T00:15:00+08:00");
    let shown = Arc::new(|| date(2026, 3, 4).at(0, 0, 0, 0));
    let scenes = (1..=DEALERS).map(|n| SceneCamera { code: code(n), name: String::new(), seed: n as u64 });
    let simulator =
        site.runtime.block_on(Simulator::start("127.0.0.1:0".parse().unwrap(), scenes, shown)).unwrap();
    open(&site, &simulator);
    site.work(1, |slots| slots.iter().filter(|slot| slot.key.job == "snapshot").count() == 30);
    site.clock.store(at("2026-03-04T23:00:00+08:00").0, Ordering::SeqCst);
    tower::run(&mut site.tower.sql(), "UPDATE apalis.jobs SET run_at = now() WHERE status = 'Pending'");
    let is_snapshot_over = |slots: &[farsight_store::slots::Listed]| {
        slots.iter().filter(|slot| slot.key.job == "snapshot").all(|slot| slot.state == "done")
    };
    let slots = site.work(2, is_snapshot_over);
    let told =
        slots.iter().filter(|slot| slot.key.job == "snapshot").filter_map(|slot| slot.outcome.as_deref());
    assert!(told.clone().count() == 30 && told.clone().all(|told| told.contains("late")), "{slots:#?}");
    assert!(requests(&simulator).values().all(|count| *count == 0), "no camera of a closed dealer is asked");
}

#[test]
fn without_a_working_camera_the_draw_waits_and_no_alarm_is_raised() {
    let site = Site::new("blind", camera_jobs(), "2026-03-04T00:15:00+08:00");
    let is_draw = |slot: &&farsight_store::slots::Listed| slot.key.job == "draw";
    let slots = site
        .work(1, |slots| slots.iter().filter(is_draw).any(|slot| slot.starts == 1 && slot.state == "retry"));
    let draw = slots.iter().find(is_draw).unwrap();
    assert_eq!((draw.failures, draw.next_at.is_some()), (0, true), "{draw:?}");
    // The day is over, and nothing was drawn on it.
    site.set("2026-03-05T00:05:00+08:00");
    tower::run(&mut site.tower.sql(), "UPDATE apalis.jobs SET run_at = now() WHERE status = 'Pending'");
    let slots = site.work(1, |slots| slots.iter().filter(is_draw).all(|slot| slot.state == "done"));
    assert!(
        slots.iter().find(is_draw).unwrap().outcome.as_deref().unwrap().contains("is over"),
        "{slots:#?}"
    );
}
