//! What the routes work with: passed in, so that a test passes its own.

use std::sync::Arc;

use farsight_control::metrics::{self, Metrics};
use farsight_store::Database;
use prometheus::Registry;

use crate::middleware::Limits;
use crate::requests::Requests;
use crate::router;

/// Tells the present moment: the binary's one clock, or a test's.
pub type Clock = Arc<metrics::Clock>;

/// What the routes work with.
#[derive(Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) registry: Registry,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) requests: Arc<Requests>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    /// One look at readiness at a time: who asks often must not open many connections.
    pub(crate) readiness: Arc<tokio::sync::Mutex<()>>,
}

impl App {
    /// Over a database, with the one registry; the metrics of requests are registered here.
    pub fn new(
        database: Database,
        registry: Registry,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Result<Self, metrics::MetricsError> {
        let paths = router::routes().into_iter().map(|(path, _)| path).collect();
        let requests = Arc::new(Requests::register(&registry, paths)?);
        let (limits, readiness) = (Limits::default(), Arc::default());
        Ok(Self { database, registry, metrics, requests, clock, limits, readiness })
    }

    /// The same with other limits.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
