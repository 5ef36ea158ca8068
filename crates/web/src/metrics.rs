//! `/metrics`: what there is to count, in Prometheus's text format.
//!
//! A database that fails or stalls is a number in it, never an error of the page: the rest must still be seen.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::{Encoder, TextEncoder};

use crate::App;
use crate::answer::refusal;

/// Within Prometheus's own patience of 10 seconds; what was looked up before is shown then.
const PATIENCE: Duration = Duration::from_secs(7);

/// Shows the metrics.
pub(crate) async fn show(State(app): State<App>) -> Response {
    look_up(&app).await;
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    match encoder.encode(&app.parts.registry.gather(), &mut text) {
        Ok(()) => ([(header::CONTENT_TYPE, encoder.format_type().to_owned())], text).into_response(),
        Err(fault) => {
            tracing::error!("metrics cannot be written, a fault of the program: {fault}");
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "metrics")
        }
    }
}

async fn look_up(app: &App) {
    let (metrics, database, clock) =
        (Arc::clone(&app.parts.metrics), app.parts.database.clone(), Arc::clone(&app.parts.clock));
    let looking = tokio::task::spawn_blocking(move || metrics.collect(&database, &*clock));
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(Ok(failures)) => {
            for failure in failures {
                let why =
                    failure.error.map_or_else(|| "it takes too long".to_owned(), |error| error.to_string());
                let tenant = failure.tenant.unwrap_or_default();
                tracing::warn!(part = failure.part, tenant, "cannot be looked up for metrics: {why}");
            }
        }
        Ok(Err(fault)) => tracing::error!("metrics cannot be looked up, a fault of the program: {fault}"),
        Err(_) => {
            app.parts.metrics.collect_took_too_long();
            tracing::warn!(
                seconds = PATIENCE.as_secs(),
                "metrics are looked up too slowly: those of before are shown"
            );
        }
    }
}
