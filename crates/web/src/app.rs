//! What the routes work with: passed in, so that a test passes its own.

use std::sync::Arc;

use farsight_control::metrics::{self, Metrics};
use farsight_control::sealing::Sealer;
use farsight_control::{ControlError, Desk};
use farsight_ledger::journal::Accounts;
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::pool::Pool;
use farsight_store::registry::{self, Tenant};
use farsight_store::session::Person;
use farsight_store::{Database, StoreError};
use prometheus::Registry;

use crate::door::Pace;
use crate::intake::Intake;
use crate::live::Live;
use crate::middleware::Limits;
use crate::requests::Requests;
use crate::tenants::Tenants;
use crate::views::{ViewError, Views};
use crate::{api, router};

/// Tells the present moment: the binary's one clock, or a test's.
pub type Clock = Arc<metrics::Clock>;

/// What the binary has, and the routes need.
#[derive(Clone)]
pub struct Parts {
    /// Where the data is.
    pub database: Database,
    /// Sessions that are lent to requests.
    pub pool: Pool,
    /// The one registry of metrics.
    pub registry: Registry,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The one clock.
    pub clock: Clock,
    /// Opens and seals secrets, and gives bytes nobody can foresee.
    pub sealer: Sealer,
    /// The identity providers that people may come by.
    pub providers: Arc<farsight_identity::Providers>,
    /// Where webhooks may lead to.
    pub reach: farsight_courier::Reach,
    /// Where evidence lies.
    pub evidence: farsight_evidence::Store,
    /// The accounts that journals are booked to.
    pub accounts: Accounts,
    /// How the tower is reached from outside.
    pub front: Front,
}

/// How the tower is reached from outside.
#[derive(Debug, Clone)]
pub struct Front {
    /// Its address for links in mails, like `https://tower.maker.example`.
    pub address: String,
    /// Whether browsers reach it by https only: cookies are then never sent in the open.
    pub secure: bool,
    /// Whether a proxy stands before it, whose `X-Forwarded-For` tells where a browser is.
    pub behind_proxy: bool,
}

/// Why the routes cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A metric.
    #[error(transparent)]
    Metrics(#[from] metrics::MetricsError),
    /// A template or message file.
    #[error(transparent)]
    Views(#[from] ViewError),
}

/// What the routes work with.
#[derive(Clone)]
pub struct App {
    pub(crate) parts: Arc<Parts>,
    pub(crate) requests: Arc<Requests>,
    pub(crate) views: Arc<Views>,
    pub(crate) live: Arc<Live>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) calls: Arc<api::Calls>,
    pub(crate) known: api::Known,
    pub(crate) gather: Arc<api::Gather>,
    pub(crate) limits: Limits,
    pub(crate) pace: Arc<Pace>,
    /// One look at readiness at a time: who asks often must not open many connections.
    pub(crate) readiness: Arc<tokio::sync::Mutex<()>>,
    tenants: Arc<Tenants>,
}

impl App {
    /// Over the binary's parts; the metrics of requests are registered here, templates and words are read.
    pub fn new(parts: Parts) -> Result<Self, AppError> {
        let mut paths: Vec<&'static str> = router::routes().into_iter().map(|route| route.path).collect();
        paths.extend(api::operations().into_iter().map(|operation| operation.path));
        paths.sort_unstable();
        paths.dedup();
        let requests = Arc::new(Requests::register(&parts.registry, paths)?);
        Ok(Self {
            parts: Arc::new(parts),
            requests,
            views: Arc::new(Views::read()?),
            live: Arc::default(),
            intake: Arc::default(),
            calls: Arc::default(),
            known: api::Known::default(),
            gather: Arc::default(),
            limits: Limits::default(),
            pace: Arc::default(),
            readiness: Arc::default(),
            tenants: Arc::default(),
        })
    }

    /// The same with other limits.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The tenant of a number.
    pub(crate) fn tenant(&self, id: i32) -> Result<Option<Tenant>, StoreError> {
        self.tenants.find(|| registry::tenants(&self.parts.database), |tenant| tenant.id == id)
    }

    /// The tenant of a code.
    pub(crate) fn tenant_of(&self, code: &str) -> Result<Option<Tenant>, StoreError> {
        self.tenants.find(|| registry::tenants(&self.parts.database), |tenant| tenant.code == code)
    }

    /// The only tenant there is.
    pub(crate) fn only_tenant(&self) -> Result<Option<Tenant>, StoreError> {
        self.tenants.only(|| registry::tenants(&self.parts.database))
    }

    /// The desk of a person or machine, with what of the network is theirs.
    pub(crate) fn desk(
        &self,
        tenant: &Tenant,
        zone: &Zone,
        (user, role, actor): (i32, Role, &str),
        now: Instant,
    ) -> Result<Desk, ControlError> {
        let person = Person { user, today: zone.date(now) };
        Ok(Desk {
            database: self.parts.database.clone(),
            session: self.parts.pool.session()?,
            tenant: tenant.clone(),
            actor: actor.to_owned(),
            now,
            person: role.sees_a_part().then_some(person),
        })
    }
}
