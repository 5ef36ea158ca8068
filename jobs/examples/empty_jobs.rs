//! Measures the whole path of jobs that do nothing: due times made into slots, taken from the queue, begun, ended.
//!
//! `empty_jobs DATABASE_URL COUNT` prints jobs a second, and the delay of slots at rest, as JSON.

use std::sync::Arc;
use std::time::{Duration, Instant};

use farsight_cameras::{Fetcher, SystemResolver, system_trust};
use farsight_control::Desk;
use farsight_control::sealing::{KEY_BYTES, Sealer};
use farsight_jobs::job::{CatchUp, Retries, Turn, Work, done};
use farsight_jobs::means::Tenants;
use farsight_jobs::schedule::Schedule;
use farsight_jobs::watch::{Watch, Went};
use farsight_jobs::worker::{self, Queue, Settings};
use farsight_jobs::{Job, Means};
use farsight_store::pool::Pool;
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Ending, Making};
use farsight_store::{Database, registry, schema};
use tokio_util::sync::CancellationToken;

fn nothing(_: &mut Desk, _: &Turn) -> anyhow::Result<Ending> {
    done("nothing")
}

const RETRIES: Retries =
    Retries { failures: 3, first: Duration::from_secs(1), longest: Duration::from_secs(1) };

static JOBS: &[Job] = &[
    Job {
        name: "empty",
        schedule: Schedule::Called,
        promise: "nothing",
        catch_up: CatchUp::Latest,
        retries: RETRIES,
        work: Work::Books(nothing),
    },
    Job {
        name: "each-second",
        schedule: Schedule::Every(1),
        promise: "nothing",
        catch_up: CatchUp::All(100),
        retries: RETRIES,
        work: Work::Books(nothing),
    },
];

/// Remembers the delays of the job that is due each second.
#[derive(Default)]
struct Delays(std::sync::Mutex<Vec<Duration>>);

impl Watch for Delays {
    fn went(&self, went: &Went) {
        if went.job == "each-second" {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(went.delay);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement has the clock of the machine")]
fn now() -> farsight_rulebook::time::Instant {
    farsight_rulebook::time::Instant(jiff::Timestamp::now().as_microsecond())
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or_else(|| anyhow::anyhow!("usage: empty_jobs DATABASE_URL COUNT"))?;
    let count: usize = arguments.next().unwrap_or_else(|| "10000".to_owned()).parse()?;
    let database = Database::at(&url);
    schema::migrate(&database)?;
    let tenants = registry::tenants(&database)?;
    anyhow::ensure!(!tenants.is_empty(), "the database needs a tenant: `farsight tenant add`");
    let delays = Arc::new(Delays::default());
    let at_once = 4;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let evidence = format!("file://{}", folder.path().display());
    let evidence = runtime.block_on(farsight_evidence::Store::open(&evidence, [], 1))?;
    let within = runtime.enter();
    let courier = farsight_courier::Courier::new(&farsight_courier::Settings::default())?;
    drop(within);
    let fetcher = Fetcher::new(Arc::new(SystemResolver), Arc::new(|| [1; 16]), system_trust()?);
    let means = Arc::new(Means {
        evidence,
        fetcher,
        courier: Arc::new(courier),
        database: database.clone(),
        pool: Pool::open(&database, at_once + 3)?,
        clock: Arc::new(now),
        sealer: Sealer::new([1; KEY_BYTES], |bytes| bytes.fill(1)),
        watch: Arc::clone(&delays) as Arc<dyn Watch>,
        watched: farsight_jobs::means::Watched::default(),
        tenants: Tenants::default(),
    });
    let queue = runtime.block_on(Queue::open(&database))?;
    let stop = CancellationToken::new();
    let settings = Settings { at_once: at_once as usize, batch: 64, ..Settings::default() };
    let working = runtime.spawn(worker::work(Arc::clone(&means), JOBS, queue, settings, stop.clone()));
    // At rest first.
    std::thread::sleep(Duration::from_secs(20));
    let mut at_rest: Vec<f64> = delays
        .0
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .iter()
        .map(Duration::as_secs_f64)
        .collect();
    at_rest.sort_by(f64::total_cmp);
    // All due at once, by parts, so that none waits for another.
    let began = Instant::now();
    let parts: Vec<String> = (0..count).map(|part| part.to_string()).collect();
    let mut session = database.session()?;
    for (number, tenant) in tenants.iter().enumerate() {
        let due = now();
        let mine: Vec<_> =
            parts.iter().skip(number).step_by(tenants.len()).map(|part| (due, part.as_str())).collect();
        session.transaction(tenant.network(), Isolation::ReadCommitted, |tx| {
            slots::add(tx, "empty", &mine, Making { at: due, priority: 0, called: true })
        })?;
    }
    let made = began.elapsed();
    let unfinished = |session: &mut farsight_store::Session| -> anyhow::Result<i64> {
        let mut left = 0;
        for tenant in &tenants {
            let load = session.transaction(tenant.network(), Isolation::ReadCommitted, slots::workload)?;
            left += load.iter().filter(|load| load.job == "empty").map(|load| load.slots).sum::<i64>();
        }
        Ok(left)
    };
    while unfinished(&mut session)? > 0 {
        std::thread::sleep(Duration::from_millis(100));
    }
    let took = began.elapsed();
    stop.cancel();
    runtime.block_on(working)??;
    let share = |of: f64| at_rest.get(((at_rest.len() as f64 - 1.0) * of) as usize).copied();
    println!(
        "{}",
        serde_json::json!({
            "jobs": count,
            "made_seconds": made.as_secs_f64(),
            "seconds": took.as_secs_f64(),
            "jobs_a_second": count as f64 / took.as_secs_f64(),
            "delay_at_rest_seconds": { "slots": at_rest.len(), "median": share(0.5), "worst": share(1.0) },
        })
    );
    Ok(())
}
