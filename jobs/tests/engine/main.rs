//! The engine under the jobs, on a real database: slots are made once, in order, caught up with by rule, tried again,
//! given up, paused; whatever fails, panics or stops.

mod left;
mod site;
mod visits;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use farsight_control::{Desk, jobs};
use farsight_jobs::job::{CatchUp, Retries, Turn, Work, done};
use farsight_jobs::schedule::Schedule;
use farsight_jobs::scheduler::Scheduler;
use farsight_jobs::{Job, Means};
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::slots::{Ending, Listed};
use jiff::civil::time;
use site::{Site, over};

/// What was carried out: tenant, job, due time; in this order. Of all tests of this program, told apart by tenant.
static CARRIED_OUT: Mutex<Vec<(String, String, Instant)>> = Mutex::new(Vec::new());

fn note(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    let mut carried_out = CARRIED_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    carried_out.push((desk.tenant.code.clone(), turn.key.job.clone(), turn.key.due_at));
    done("noted")
}

fn fail(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    note(desk, turn)?;
    anyhow::bail!("as it always does")
}

fn panic(_: &mut Desk, _: &Turn) -> anyhow::Result<Ending> {
    panic!("something that cannot be")
}

fn of(tenant: &str) -> Vec<(String, Instant)> {
    let carried_out = CARRIED_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    carried_out.iter().filter(|(t, ..)| t == tenant).map(|(_, job, due)| (job.clone(), *due)).collect()
}

const SOON: Retries =
    Retries { failures: 3, first: Duration::from_millis(20), longest: Duration::from_millis(40) };

fn job(
    name: &'static str,
    schedule: Schedule,
    catch_up: CatchUp,
    work: fn(&mut Desk, &Turn) -> anyhow::Result<Ending>,
) -> Job {
    Job { name, schedule, promise: "a test", catch_up, retries: SOON, work: Work::Books(work) }
}

fn told(slots: &[Listed]) -> Vec<String> {
    let zone = Zone::shanghai();
    slots
        .iter()
        .map(|slot| {
            let due = zone.rfc3339(slot.key.due_at);
            let more =
                if slot.stands_for > 0 { format!(" for {} more", slot.stands_for) } else { String::new() };
            format!("{} {} {}{more}", &due[..16], slot.key.job, slot.state)
        })
        .collect()
}

#[test]
fn after_three_days_away_each_job_catches_up_as_its_rule_says() {
    let jobs = vec![
        job("each", Schedule::Daily(time(1, 0, 0, 0)), CatchUp::All(2), note),
        job("latest", Schedule::Every(300), CatchUp::Latest, note),
        job("today", Schedule::Daily(time(0, 10, 0, 0)), CatchUp::Today, note),
    ];
    let site = Site::new("away", jobs, "2026-03-01T12:00:00+08:00");
    let slots = site.work(2, over);
    assert_eq!(
        told(&slots),
        ["2026-03-01T00:10 today done", "2026-03-01T01:00 each done", "2026-03-01T12:00 latest done"]
    );
    site.set("2026-03-04T12:01:00+08:00");
    let slots = site.work(2, |slots| slots.len() > 3 && over(slots));
    assert_eq!(
        told(&slots)[3..],
        [
            "2026-03-02T00:10 today missed",
            "2026-03-02T01:00 each missed",
            "2026-03-03T00:10 today missed",
            "2026-03-03T01:00 each done",
            "2026-03-04T00:10 today done",
            "2026-03-04T01:00 each done",
            "2026-03-04T12:00 latest done for 863 more",
        ]
    );
    let each: Vec<Instant> =
        of("away").into_iter().filter(|(job, _)| job == "each").map(|(_, due)| due).collect();
    assert!(each.windows(2).all(|pair| pair[0] < pair[1]), "in order: {each:?}");
    assert_eq!(of("away").len(), 7, "nothing twice, nothing that was missed");
}

#[test]
fn replicas_that_tick_at_once_make_each_slot_once() {
    let jobs = vec![job("often", Schedule::Every(60), CatchUp::All(500), note)];
    let site = Site::new("replicas", jobs, "2026-03-01T12:00:00+08:00");
    let tick = |means: &Arc<Means>| {
        let mut scheduler = Scheduler::new(site.jobs);
        scheduler.tick(means).unwrap()
    };
    tick(&site.means());
    site.set("2026-03-01T13:00:00+08:00");
    let made: usize = std::thread::scope(|scope| {
        let ticking: Vec<_> = (0..4).map(|_| scope.spawn(|| tick(&site.means()))).collect();
        ticking.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((made, site.slots().len()), (60, 61));
    let slots = site.work(3, over);
    assert!(slots.iter().all(|slot| slot.starts == 1), "{slots:#?}");
    let due: Vec<Instant> = of("replicas").into_iter().map(|(_, due)| due).collect();
    assert_eq!(due.len(), 61);
    assert!(due.windows(2).all(|pair| pair[0] < pair[1]), "one after the other: {due:?}");
}

#[test]
fn what_fails_is_tried_again_and_given_up_and_can_be_run_again() {
    let jobs = vec![
        job("fails", Schedule::Called, CatchUp::Latest, fail),
        job("panics", Schedule::Called, CatchUp::Latest, panic),
        job("works", Schedule::Called, CatchUp::Latest, note),
    ];
    let site = Site::new("failing", jobs, "2026-03-01T12:00:00+08:00");
    for name in ["fails", "panics", "works"] {
        jobs::call(&mut site.desk(), name).unwrap();
    }
    let slots = site.work(1, over);
    let of_job = |slots: &[Listed], job: &str| slots.iter().find(|slot| slot.key.job == job).unwrap().clone();
    for (name, why) in
        [("fails", "as it always does"), ("panics", "a fault of the program: something that cannot be")]
    {
        let slot = of_job(&slots, name);
        assert_eq!((&*slot.state, slot.failures, slot.outcome.as_deref()), ("gave-up", 3, Some(why)));
    }
    assert_eq!(of_job(&slots, "works").state, "done");
    assert_eq!(jobs::retry(&mut site.desk(), Some("fails"), None).unwrap().len(), 1);
    let slots = site.work(1, over);
    assert_eq!((of_job(&slots, "fails").failures, of_job(&slots, "fails").starts), (3, 6));
    assert_eq!(of_job(&slots, "panics").starts, 3, "only what was asked for");
}

#[test]
fn a_paused_tenant_waits_and_then_catches_up() {
    let jobs = vec![job("often", Schedule::Every(60), CatchUp::Latest, note)];
    let site = Site::new("paused", jobs, "2026-03-01T12:00:00+08:00");
    site.work(1, over);
    assert!(jobs::pause(&mut site.desk()).unwrap());
    assert!(!jobs::pause(&mut site.desk()).unwrap(), "paused already");
    site.set("2026-03-01T12:00:30+08:00");
    jobs::call(&mut site.desk(), "often").unwrap();
    site.set("2026-03-01T12:30:00+08:00");
    let slots = site.work(1, |slots| slots.iter().any(|slot| slot.state == "waiting"));
    assert_eq!(slots.len(), 2, "no due time is made while paused: {:?}", told(&slots));
    assert!(jobs::resume(&mut site.desk()).unwrap());
    let slots = site.work(1, |slots| slots.len() == 3 && over(slots));
    assert_eq!(
        told(&slots),
        [
            "2026-03-01T12:00 often done",
            "2026-03-01T12:00 often done",
            "2026-03-01T12:30 often done for 29 more"
        ][..]
    );
}

#[test]
fn a_slot_whose_row_in_the_queue_is_lost_is_found_again() {
    let jobs = vec![job("lost", Schedule::Called, CatchUp::Latest, note)];
    let site = Site::new("forgotten", jobs, "2026-03-01T12:00:00+08:00");
    jobs::call(&mut site.desk(), "lost").unwrap();
    let mut sql = site.tower.sql();
    farsight_tests::tower::run(
        &mut sql,
        "DELETE FROM apalis.jobs; UPDATE slots SET queued_at = now() - interval '1 minute'",
    );
    let slots = site.work(1, over);
    assert_eq!((&*slots[0].state, slots[0].starts), ("done", 1));
}

#[test]
fn a_job_that_kills_its_process_is_given_up() {
    let jobs = vec![job("poison", Schedule::Called, CatchUp::Latest, note)];
    let site = Site::new("poisoned", jobs, "2026-03-01T12:00:00+08:00");
    jobs::call(&mut site.desk(), "poison").unwrap();
    let mut sql = site.tower.sql();
    // What eight processes that died while it ran leave behind.
    farsight_tests::tower::run(&mut sql, "UPDATE slots SET state = 'running', starts = 8, losses = 8");
    let slots = site.work(1, over);
    let slot = &slots[0];
    assert_eq!((&*slot.state, slot.starts, slot.losses), ("gave-up", 8, 9));
    assert_eq!(of("poisoned"), []);
}
