//! How things stand: the tenants' slots, alerts, feeds and books, looked up in the database when somebody asks.
//!
//! One look serves everybody for a few seconds; no statement, and not the whole either, may take long; a tenant that
//! cannot be looked at is a failure that is counted, and the others are shown.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use farsight_rulebook::time::Instant;
use farsight_store::pool::Pool;
use farsight_store::registry::{self, Tenant};
use farsight_store::session::Isolation;
use farsight_store::{Database, Session, StoreError, Tx, counts, slots};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use super::seconds_between;
use super::words::{self, SEVERITIES, STATES};

/// Tells the present moment: the binary's one clock, or a test's.
pub type Clock = dyn Fn() -> Instant + Send + Sync;

/// Who asks again within this gets what was looked up before.
const FRESH: f64 = 4.0;
/// A look that takes longer leaves out the tenants that are left.
const WHOLE_LOOK: f64 = 4.0;
/// A statement that takes longer is refused by the database.
const STATEMENT: Duration = Duration::from_secs(2);

const PART_TENANTS: &str = "tenants";
const PART_TENANT: &str = "tenant";
pub(super) const PART_TIME: &str = "time";

/// What could not be looked up.
#[derive(Debug)]
pub struct Failure {
    /// `tenants`: which there are; `tenant`: how one stands; `time`: some were left out, as it took too long.
    pub part: &'static str,
    /// The tenant's code, where it is one's.
    pub tenant: Option<String>,
    /// Why; none: for lack of time.
    pub error: Option<StoreError>,
}

/// The most series that one tenant can have, with so many jobs.
pub fn series_per_tenant(jobs: usize) -> usize {
    let (tables, paused, books) = (words::tables().len(), 1, 2);
    // Slots and the oldest of them; open alerts; a feed's imports, its rows by what became of them, and its last fact.
    2 * jobs * STATES.len() + SEVERITIES.len() + tables * 5 + paused + books
}

/// The series of all tenants, as of one look.
struct Families {
    tenants: IntGauge,
    schema: IntGaugeVec,
    slots: IntGaugeVec,
    oldest: GaugeVec,
    paused: IntGaugeVec,
    alerts: IntGaugeVec,
    imports: IntCounterVec,
    import_rows: IntCounterVec,
    last_fact: GaugeVec,
    entries: IntCounterVec,
}

impl Families {
    fn new() -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str, labels: &[&str]| IntGaugeVec::new(Opts::new(name, help), labels);
        let exact = |name: &str, help: &str, labels: &[&str]| GaugeVec::new(Opts::new(name, help), labels);
        let counter =
            |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        Ok(Self {
            tenants: IntGauge::new("farsight_tenants", "Tenants of this installation.")?,
            schema: gauge(
                "farsight_schema_info",
                "The latest migration of the database; always 1.",
                &["version"],
            )?,
            slots: gauge(
                "farsight_slots",
                "Slots that are unfinished or were given up, by job and state.",
                &["tenant", "job", "state"],
            )?,
            oldest: exact(
                "farsight_slot_oldest_seconds",
                "Seconds since the oldest slot of a job and state was queued; 0 where there is none.",
                &["tenant", "job", "state"],
            )?,
            paused: gauge(
                "farsight_jobs_paused",
                "1 while the tenant's jobs are paused, else 0.",
                &["tenant"],
            )?,
            alerts: gauge("farsight_alerts_open", "Open alerts, by severity.", &["tenant", "severity"])?,
            imports: counter(
                "farsight_imports_total",
                "Imports taken in, by fact table.",
                &["tenant", "table"],
            )?,
            import_rows: counter(
                "farsight_import_rows_total",
                "Rows of imports, by fact table and what became of them: added, corrected, unchanged.",
                &["tenant", "table", "change"],
            )?,
            last_fact: exact(
                "farsight_feed_last_fact_timestamp_seconds",
                "When rows of a fact table last came in, in seconds since 1970; not there where none ever did.",
                &["tenant", "table"],
            )?,
            entries: counter(
                "farsight_entries_total",
                "Entries of the ledger, by kind: charge, reversal.",
                &["tenant", "kind"],
            )?,
        })
    }

    fn all(&self) -> [&dyn Collector; 10] {
        [
            &self.tenants,
            &self.schema,
            &self.slots,
            &self.oldest,
            &self.paused,
            &self.alerts,
            &self.imports,
            &self.import_rows,
            &self.last_fact,
            &self.entries,
        ]
    }

    /// Takes in how a tenant stands.
    fn take(&self, code: &str, jobs: &[&'static str], standing: &OfTenant) {
        for (job, state) in jobs.iter().flat_map(|job| STATES.iter().map(move |state| (*job, *state))) {
            let load = standing.workload.iter().find(|load| load.job == job && load.state == state);
            let labels = [code, job, state];
            self.slots.with_label_values(&labels).set(load.map_or(0, |load| load.slots));
            self.oldest.with_label_values(&labels).set(load.map_or(0.0, |load| load.oldest_seconds));
        }
        self.paused.with_label_values(&[code]).set(i64::from(standing.paused));
        for severity in SEVERITIES {
            let open = standing.open.iter().find(|open| open.severity == *severity);
            self.alerts.with_label_values(&[code, *severity]).set(open.map_or(0, |open| open.alerts));
        }
        let tables = words::tables();
        for feed in standing.feeds.iter().filter(|feed| tables.contains(&&*feed.table)) {
            self.take_feed(code, feed);
        }
        self.entries.with_label_values(&[code, "charge"]).inc_by(standing.books.posted);
        self.entries.with_label_values(&[code, "reversal"]).inc_by(standing.books.reversed);
    }

    fn take_feed(&self, code: &str, feed: &counts::Feed) {
        let table = &*feed.table;
        self.imports.with_label_values(&[code, table]).inc_by(feed.imports);
        for (change, rows) in
            [("added", feed.added), ("corrected", feed.corrected), ("unchanged", feed.unchanged)]
        {
            self.import_rows.with_label_values(&[code, table, change]).inc_by(rows);
        }
        if let Some(at) = feed.last_fact_at {
            self.last_fact.with_label_values(&[code, table]).set(at.0 as f64 / 1e6);
        }
    }
}

/// How one tenant stands.
struct OfTenant {
    workload: Vec<slots::Workload>,
    paused: bool,
    open: Vec<counts::Open>,
    feeds: Vec<counts::Feed>,
    books: counts::Books,
}

fn look_at(tx: &mut Tx) -> Result<OfTenant, StoreError> {
    counts::within(tx, STATEMENT)?;
    Ok(OfTenant {
        workload: slots::workload(tx)?,
        paused: slots::is_paused(tx)?,
        open: counts::open_alerts(tx)?,
        feeds: counts::feeds(tx)?,
        books: counts::books(tx)?,
    })
}

/// What the registry asks: the families of the latest look.
struct Latest {
    shape: Families,
    latest: Arc<Mutex<Families>>,
}

impl Collector for Latest {
    fn desc(&self) -> Vec<&Desc> {
        self.shape.all().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.all().into_iter().flat_map(Collector::collect).collect()
    }
}

/// Who looks: one at a time, on a session that is kept.
#[derive(Default)]
struct Looking {
    session: Option<Session>,
    looked_at: Option<Instant>,
}

pub(super) struct Standing {
    jobs: Vec<&'static str>,
    latest: Arc<Mutex<Families>>,
    looking: Mutex<Looking>,
    failures: IntCounterVec,
    took: prometheus::Gauge,
}

impl Standing {
    pub(super) fn register(registry: &Registry, jobs: &[&'static str]) -> prometheus::Result<Self> {
        let failures = IntCounterVec::new(
            Opts::new(
                "farsight_collect_failures_total",
                "Failures to look up how tenants stand, by part: tenants (which there are), tenant (one of them), time (it took too long).",
            ),
            &["part"],
        )?;
        for part in [PART_TENANTS, PART_TENANT, PART_TIME] {
            failures.get_metric_with_label_values(&[part])?;
        }
        let took = prometheus::Gauge::new(
            "farsight_collect_duration_seconds",
            "Seconds that the latest look at how tenants stand took.",
        )?;
        let latest = Arc::new(Mutex::new(Families::new()?));
        registry.register(Box::new(failures.clone()))?;
        registry.register(Box::new(took.clone()))?;
        registry.register(Box::new(Latest { shape: Families::new()?, latest: Arc::clone(&latest) }))?;
        Ok(Self { jobs: jobs.to_vec(), latest, looking: Mutex::default(), failures, took })
    }

    pub(super) fn failed(&self, part: &str) {
        self.failures.with_label_values(&[part]).inc();
    }

    pub(super) fn collect(&self, database: &Database, clock: &Clock) -> Vec<Failure> {
        let mut looking = match self.looking.try_lock() {
            Ok(looking) => looking,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Vec::new(), // somebody looks: what there is will do
        };
        let begun = clock();
        if looking.looked_at.is_some_and(|at| (0.0..FRESH).contains(&seconds_between(at, begun))) {
            return Vec::new();
        }
        let mut failures = Vec::new();
        match Families::new() {
            Ok(families) => {
                self.look(&families, &mut looking, database, clock, &mut failures);
                *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = families;
            }
            // They were made at registration, in the same way.
            Err(error) => unreachable_shape(&error, &mut failures),
        }
        for failure in &failures {
            self.failed(failure.part);
        }
        let ended = clock();
        self.took.set(seconds_between(begun, ended).max(0.0));
        looking.looked_at = Some(ended);
        failures
    }

    fn look(
        &self,
        families: &Families,
        looking: &mut Looking,
        database: &Database,
        clock: &Clock,
        failures: &mut Vec<Failure>,
    ) {
        let begun = clock();
        let tenants = match which(database, families) {
            Ok(tenants) => tenants,
            Err(error) => {
                looking.session = None;
                return failures.push(Failure { part: PART_TENANTS, tenant: None, error: Some(error) });
            }
        };
        for tenant in &tenants {
            if seconds_between(begun, clock()) > WHOLE_LOOK {
                return failures.push(Failure { part: PART_TIME, tenant: None, error: None });
            }
            match stand(looking, database, tenant) {
                Ok(standing) => families.take(&tenant.code, &self.jobs, &standing),
                Err(error) => {
                    // A connection that broke, or may have.
                    looking.session = None;
                    let tenant = Some(tenant.code.clone());
                    failures.push(Failure { part: PART_TENANT, tenant, error: Some(error) });
                }
            }
        }
    }
}

fn unreachable_shape(error: &prometheus::Error, failures: &mut Vec<Failure>) {
    let error = Some(StoreError::Value(error.to_string()));
    failures.push(Failure { part: PART_TENANTS, tenant: None, error });
}

fn which(database: &Database, families: &Families) -> Result<Vec<Tenant>, StoreError> {
    if let Some(version) = counts::schema_version(database)? {
        families.schema.with_label_values(&[&version]).set(1);
    }
    let tenants = registry::tenants(database)?;
    families.tenants.set(tenants.len() as i64);
    Ok(tenants)
}

fn stand(looking: &mut Looking, database: &Database, tenant: &Tenant) -> Result<OfTenant, StoreError> {
    let session = match &mut looking.session {
        Some(session) => session,
        none => none.insert(database.session()?),
    };
    session.transaction(tenant.network(), Isolation::ReadCommitted, look_at)
}

/// How much of a pool is used, asked of the pool itself.
pub(super) struct PoolUse {
    pool: Pool,
    used: IntGauge,
    open: IntGauge,
    most: IntGauge,
}

impl PoolUse {
    pub(super) fn new(pool: Pool, size: u32) -> prometheus::Result<Self> {
        let most =
            IntGauge::new("farsight_pool_connections_max", "The most database connections the pool opens.")?;
        most.set(i64::from(size));
        Ok(Self {
            pool,
            used: IntGauge::new(
                "farsight_pool_connections_used",
                "Database connections of the pool that are lent.",
            )?,
            open: IntGauge::new(
                "farsight_pool_connections_open",
                "Database connections of the pool that are open.",
            )?,
            most,
        })
    }
}

impl Collector for PoolUse {
    fn desc(&self) -> Vec<&Desc> {
        [&self.used, &self.open, &self.most].into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let (used, open) = self.pool.use_of();
        self.used.set(i64::from(used));
        self.open.set(i64::from(open));
        [&self.used, &self.open, &self.most].into_iter().flat_map(Collector::collect).collect()
    }
}
