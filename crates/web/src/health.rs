//! `/healthz`: the process answers. `/readyz`: and has what it needs to serve; which is missing is in the answer.
//!
//! Neither says where the database is, nor why it does not answer: that is logged.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use farsight_control::readiness::{self, Readiness};
use serde_json::json;

use crate::App;

/// A database that takes longer to answer is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// The process is alive. It asks nobody: a database that is gone is no reason to start the program again.
pub(crate) async fn alive() -> Response {
    Json(json!({ "alive": true })).into_response()
}

/// Whether there is what the program needs.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let looking = async {
        let turn = app.readiness.clone().lock_owned().await;
        tokio::task::spawn_blocking(move || {
            let _turn = turn; // kept for as long as it looks, also when nobody waits for it any more
            readiness::look(&app.parts.database)
        })
        .await
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(Ok(readiness)) => answer(&readiness),
        Ok(Err(fault)) => {
            tracing::error!("readiness could not be looked at, a fault of the program: {fault}");
            answer(&NOTHING)
        }
        Err(_) => {
            tracing::warn!(seconds = PATIENCE.as_secs(), "not ready: the database does not answer");
            answer(&NOTHING)
        }
    }
}

const NOTHING: Readiness = Readiness { database: false, schema: false, queue: false, error: None };

fn answer(readiness: &Readiness) -> Response {
    if let Some(error) = &readiness.error {
        tracing::warn!(code = error.code(), "not ready: {error}");
    }
    // Of a database that does not answer, nobody knows the rest.
    let (database, schema, queue) = match (readiness.database, readiness.schema, readiness.queue) {
        (false, _, _) => ("unreachable", "unknown", "unknown"),
        (true, schema, queue) => {
            ("ok", if schema { "ok" } else { "behind" }, if queue { "ok" } else { "missing" })
        }
    };
    let status = if readiness.is_whole() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": readiness.is_whole(), "database": database, "schema": schema, "queue": queue,
    });
    (status, Json(body)).into_response()
}
