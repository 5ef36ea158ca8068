//! `/uploads`: files sent piece by piece from a page; the protocol is [`crate::tus`], refusals are in the reader's words.

use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use farsight_control::uploads::{Upload, UploadError, UploadState};
use serde_json::json;

use crate::entered::Entered;
use crate::page::PageError;
use crate::tus::{self, Refusal};

/// What can be done here, for a client that asks first.
pub(crate) async fn options() -> Response {
    tus::options()
}

/// Begins an upload for what its metadata names.
pub(crate) async fn begin(entered: Entered, headers: HeaderMap) -> Response {
    answered(&entered, tus::begin(entered.seat(), "/uploads", &headers).await)
}

/// How far an upload has come, in headers.
pub(crate) async fn head(entered: Entered, Path(id): Path<String>) -> Response {
    answered(&entered, tus::head(entered.seat(), id).await)
}

/// What became of an upload, for a page that waits for it.
pub(crate) async fn state(entered: Entered, Path(id): Path<String>) -> Response {
    let upload = tus::state(entered.seat(), id).await;
    answered(&entered, upload.map(|upload| Json(as_json(&upload, &entered)).into_response()))
}

/// Takes bytes from an offset on.
pub(crate) async fn patch(
    entered: Entered,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answered(&entered, tus::patch(entered.seat(), id, &headers, body).await)
}

/// Gives an upload up.
pub(crate) async fn give_up(entered: Entered, Path(id): Path<String>) -> Response {
    answered(&entered, tus::give_up(entered.seat(), id).await)
}

fn as_json(upload: &Upload, entered: &Entered) -> serde_json::Value {
    let (state, refusal) = match &upload.state {
        UploadState::Refused { code, why } => ("refused", Some((code, why))),
        other => (other.name(), None),
    };
    let text = refusal.map(|(code, why)| words(entered, code, why));
    json!({
        "state": state, "received": upload.received, "length": upload.length, "name": upload.file_name,
        "error": refusal.map(|(code, _)| code), "text": text,
    })
}

fn answered(entered: &Entered, outcome: Result<Response, Refusal>) -> Response {
    match outcome {
        Ok(answer) => answer,
        Err(Refusal::Protocol(status)) => (status, tus::versions()).into_response(),
        Err(Refusal::Upload(refusal)) => refused(entered, &refusal),
        Err(Refusal::Failed(failed)) => PageError::from(failed).into_response(),
    }
}

/// A refusal in the reader's words, for a script to show.
fn refused(entered: &Entered, refusal: &UploadError) -> Response {
    let text = words(entered, refusal.code(), &refusal.to_string());
    let body = Json(json!({ "error": refusal.code(), "text": text }));
    (tus::status(refusal), [(tus::RESUMABLE, tus::VERSION)], body).into_response()
}

/// A refusal's words: the reader's, where there are some for its code.
pub(crate) fn words(entered: &Entered, code: &str, otherwise: &str) -> String {
    let reading = entered.frame().reading();
    let key = format!("refusal.{code}");
    if !reading.messages.has(reading.language, &key) {
        return otherwise.to_owned();
    }
    reading.say(&key, &[]).unwrap_or_else(|_| otherwise.to_owned())
}
