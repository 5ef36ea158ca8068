//! Answers that routes have in common.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The stable code of a refusal, on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Code(pub(crate) String);

/// A refusal with its stable code, and nothing about what was asked for.
pub(crate) fn refusal(status: StatusCode, code: &str) -> Response {
    let mut answer = (status, Json(serde_json::json!({ "error": code }))).into_response();
    answer.extensions_mut().insert(Code(code.to_owned()));
    answer
}
