//! Requests: counted by matched route, method and class of status, and logged.
//!
//! Never by the path that was asked for, and without its query: paths name dealers, queries hold what people typed.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use farsight_control::metrics::{MetricsError, OTHER};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};

use crate::App;

/// What matches no route.
const UNMATCHED: &str = "unmatched";
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const CLASSES: &[&str] = &["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Upper bounds of how long requests take, in seconds.
const DURATIONS: &[f64] = &[0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

/// The metrics of requests.
pub(crate) struct Requests {
    routes: Vec<&'static str>,
    total: IntCounterVec,
    duration: HistogramVec,
    running: IntGauge,
}

impl Requests {
    pub(crate) fn register(registry: &Registry, mut routes: Vec<&'static str>) -> Result<Self, MetricsError> {
        routes.push(UNMATCHED);
        let total = IntCounterVec::new(
            Opts::new(
                "farsight_http_requests_total",
                "Requests answered, by route, method and class of status.",
            ),
            &["route", "method", "status"],
        )?;
        let duration = HistogramVec::new(
            HistogramOpts::new(
                "farsight_http_request_duration_seconds",
                "Seconds from a request's head to its answer's head.",
            )
            .buckets(DURATIONS.to_vec()),
            &["route"],
        )?;
        let running = IntGauge::new("farsight_http_requests_running", "Requests that are being answered.")?;
        for route in &routes {
            duration.get_metric_with_label_values(&[*route])?;
            for class in ["2xx", "4xx", "5xx"] {
                total.get_metric_with_label_values(&[*route, "GET", class])?;
            }
        }
        registry.register(Box::new(total.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(running.clone()))?;
        Ok(Self { routes, total, duration, running })
    }

    fn count(&self, route: &str, method: &str, status: StatusCode, took: Duration) {
        let route = self.routes.iter().find(|known| **known == route).copied().unwrap_or(UNMATCHED);
        let class = CLASSES.get(usize::from(status.as_u16() / 100).wrapping_sub(1)).copied().unwrap_or(OTHER);
        self.total.with_label_values(&[route, method, class]).inc();
        self.duration.with_label_values(&[route]).observe(took.as_secs_f64());
    }
}

/// A request that is being answered; also one whose client goes away is not forgotten.
struct Running<'r>(&'r IntGauge);

impl<'r> Running<'r> {
    fn new(gauge: &'r IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts and logs a request.
pub(crate) async fn watch(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = word(request.method());
    let running = Running::new(&app.requests.running);
    let begun = Instant::now();
    let answer = next.run(request).await;
    drop(running);
    let (route, status, took) =
        (route.as_ref().map_or(UNMATCHED, |path| path.as_str()), answer.status(), begun.elapsed());
    app.requests.count(route, method, status, took);
    let milliseconds = took.as_millis() as u64;
    let code = status.as_u16();
    if status.is_server_error() {
        tracing::error!(route, method, status = code, milliseconds, "request failed");
    } else {
        tracing::debug!(route, method, status = code, milliseconds, "request");
    }
    answer
}

/// The method, where it is one of HTTP's own: anybody can send any word.
fn word(method: &Method) -> &'static str {
    METHODS.iter().find(|known| **known == method.as_str()).copied().unwrap_or(OTHER)
}
