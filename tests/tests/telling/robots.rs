//! A robot never gets more than its limit, however many replicas there are and however much there is to tell.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use axum::Router;
use farsight_control::telling::{self, Whose};
use farsight_rulebook::time::Instant;
use farsight_tests::Office;
use farsight_tests::office::{at, sealer};
use tokio::net::TcpListener;

use crate::world::{World, courier};

const SECOND: i64 = 1_000_000;
const START: &str = "2026-03-10 09:00";

/// A robot that notes the simulated moments at which it was sent to.
async fn robot(clock: Arc<AtomicI64>) -> (String, Arc<Mutex<Vec<i64>>>) {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&arrivals);
    let app = Router::new().fallback(move || {
        noting.lock().unwrap().push(clock.load(Ordering::SeqCst));
        async { r#"{"errcode":0,"errmsg":"ok"}"# }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/cgi-bin/webhook/send?key=693a91f6", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, arrivals)
}

/// One replica: at each step of the clock it makes messages and sends what it may.
fn replica(code: &str, tower: &farsight_tests::Tower, clock: &AtomicI64, step: &Barrier, steps: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let courier = runtime.block_on(async { courier(None) });
    let mut office = Office::open(tower, code);
    for _ in 0..steps {
        step.wait();
        let now = Instant(clock.load(Ordering::SeqCst));
        office.now(now);
        telling::fan_out(&mut office.desk).unwrap();
        loop {
            let claims = telling::due(&mut office.desk, &sealer(), &courier, (Whose::People, 16)).unwrap();
            if claims.is_empty() {
                break;
            }
            for claim in claims {
                let outcome = runtime.block_on(claim.send(&courier, now));
                assert!(telling::record(&mut office.desk, &claim, &outcome).unwrap());
            }
        }
        step.wait();
    }
}

#[test]
fn three_replicas_and_five_thousand_notices_hold_one_robots_limit() {
    const STEPS: usize = 140;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let clock = Arc::new(AtomicI64::new(at(START).0));
    let (url, arrivals) = runtime.block_on(robot(Arc::clone(&clock)));
    let mut world = World::new();
    // Three channels lead to the same group: its limit is one.
    for code in ["a", "b", "c"] {
        world.channel(code, "wecom", &[&url]);
    }
    world.complaint("C-1", "D1");
    world.check(START);
    let step = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| replica("t", &world.tower, &clock, &step, STEPS));
        }
        let mut sql = world.tower.sql();
        for turn in 0..STEPS {
            // In the first minutes 5000 notices come in 50 runs.
            if turn < 50 {
                more(&mut sql);
            }
            step.wait();
            step.wait();
            clock.fetch_add(5 * SECOND, Ordering::SeqCst);
        }
    });
    let mut arrivals = arrivals.lock().unwrap().clone();
    arrivals.sort_unstable();
    let states = world.texts("SELECT state || ' ' || count(*) AS value FROM deliveries GROUP BY state");
    assert_eq!(states, [format!("delivered {}", arrivals.len())], "each once, and all of them");
    assert!(arrivals.len() >= 150, "{} messages", arrivals.len());
    let notices = world.texts("SELECT count(*)::text AS value FROM notices");
    assert!(notices[0].parse::<u32>().unwrap() >= 5_000, "{notices:?}");
    for window in arrivals.windows(21) {
        assert!(window[20] - window[0] > 60 * SECOND, "21 within {} µs", window[20] - window[0]);
    }
}

/// A hundred alerts more, with their notices.
fn more(sql: &mut diesel::pg::PgConnection) {
    crate::world::more_alerts(sql, 100, "'D1'");
}

#[tokio::test]
async fn tries_that_fail_take_their_place_too() {
    let receiver = crate::receivers::Http::start().await;
    receiver.answer_with(&[], crate::receivers::Answer::Never);
    let courier = courier(None);
    let mut world = World::new();
    for number in 0..25 {
        world.channel(&format!("r{number}"), "wecom", &[&receiver.url("/send?key=1")]);
    }
    world.complaint("C-1", "D1");
    world.check(START);
    assert_eq!(world.fan_out(START).deliveries, 25);
    let now = at(START);
    let mut taken = Vec::new();
    loop {
        let claims = world.due(&courier, now);
        if claims.is_empty() {
            break;
        }
        taken.extend(claims);
    }
    assert_eq!(taken.len(), 20, "what is on its way has its place");
    futures_util::future::join_all(taken.iter().map(|claim| claim.send(&courier, now))).await;
    assert!(world.due(&courier, Instant(now.0 + 61 * SECOND)).is_empty(), "the last of them may arrive late");
}
