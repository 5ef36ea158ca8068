//! `/uploads`: files sent piece by piece by the tus protocol 1.0.0 (core, creation, termination, expiration).
//!
//! What is received lies in memory only up to a bound, then in the store's incoming area; how far it has come is in the
//! database, so that any replica goes on with it. A line that breaks loses nothing that arrived.

mod take;

use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_control::ControlError;
use farsight_control::uploads::{self, New, Upload, UploadError, UploadState};
use farsight_evidence::Limits;
use serde_json::json;

use crate::entered::Entered;
use crate::page::PageError;

pub(crate) use take::{Refusal, finish_later, whole};

const VERSION: &str = "1.0.0";
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
/// What a piece comes as.
const PIECE_TYPE: &str = "application/offset+octet-stream";

/// What can be done here, for a client that asks first.
pub(crate) async fn options() -> Response {
    let most_bytes = Limits::default().film_bytes.to_string();
    let told = [
        (RESUMABLE, VERSION),
        (HeaderName::from_static("tus-version"), VERSION),
        (HeaderName::from_static("tus-extension"), "creation,termination,expiration"),
        (HeaderName::from_static("tus-max-size"), most_bytes.as_str()),
    ];
    (StatusCode::NO_CONTENT, told.map(|(name, value)| (name, value.to_owned()))).into_response()
}

/// Begins an upload for what its metadata names: `filename`, `subject`, `dealer`.
pub(crate) async fn begin(entered: Entered, headers: HeaderMap) -> Response {
    if let Some(answer) = other_version(&headers) {
        return answer;
    }
    let length = number(&headers, &LENGTH);
    let metadata = headers.get(METADATA).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = |name: &str| value_of(metadata, name).unwrap_or_default();
    let (dealer, subject, file_name) = (named("dealer"), named("subject"), named("filename"));
    let Some(length) = length else { return StatusCode::BAD_REQUEST.into_response() };
    let app = entered.app().clone();
    let begun = entered.at_desk(move |desk| {
        let new = New { dealer: &dealer, subject: &subject, file_name: &file_name, length };
        told(uploads::begin(desk, &app.parts.sealer, &new))
    });
    match begun.await {
        Ok(Ok(upload)) => {
            let location = (header::LOCATION, format!("/uploads/{}", upload.id));
            (StatusCode::CREATED, [location], standing(&upload, &entered)).into_response()
        }
        Ok(Err(refusal)) => refused(&entered, &refusal),
        Err(error) => error.into_response(),
    }
}

/// A refusal of the use case, apart from faults.
pub(crate) fn told<T>(outcome: Result<T, ControlError>) -> Result<Result<T, UploadError>, ControlError> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(ControlError::Upload(refusal)) => Ok(Err(refusal)),
        Err(other) => Err(other),
    }
}

/// How far an upload has come, in headers.
pub(crate) async fn head(entered: Entered, Path(id): Path<String>) -> Response {
    match find(&entered, id).await {
        Ok(Ok(upload)) => {
            ([(LENGTH, upload.length.to_string())], standing(&upload, &entered)).into_response()
        }
        Ok(Err(refusal)) => refused(&entered, &refusal),
        Err(error) => error.into_response(),
    }
}

async fn find(entered: &Entered, id: String) -> Result<Result<Upload, UploadError>, PageError> {
    entered.at_desk(move |desk| told(uploads::find(desk, &id))).await
}

/// What became of an upload, for a page that waits for it.
pub(crate) async fn state(entered: Entered, Path(id): Path<String>) -> Response {
    match find(&entered, id).await {
        Ok(Ok(upload)) => {
            if matches!(upload.state, UploadState::Stored { .. }) {
                finish_later(&entered, &upload); // in case who took it ended before it was looked at
            }
            Json(as_json(&upload, &entered)).into_response()
        }
        Ok(Err(refusal)) => refused(&entered, &refusal),
        Err(error) => error.into_response(),
    }
}

fn as_json(upload: &Upload, entered: &Entered) -> serde_json::Value {
    let (state, refusal) = match &upload.state {
        UploadState::Open => ("open", None),
        UploadState::Stored { .. } => ("stored", None),
        UploadState::Finished { .. } => ("finished", None),
        UploadState::Refused { code, why } => ("refused", Some((code, why))),
    };
    let text = refusal.map(|(code, why)| words(entered, code, why));
    json!({
        "state": state, "received": upload.received, "length": upload.length, "name": upload.file_name,
        "error": refusal.map(|(code, _)| code), "text": text,
    })
}

/// Takes bytes from an offset on.
pub(crate) async fn patch(
    entered: Entered,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Some(answer) = other_version(&headers) {
        return answer;
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if kind != Some(PIECE_TYPE) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let Some(offset) = number(&headers, &OFFSET) else { return StatusCode::BAD_REQUEST.into_response() };
    // A task of its own: what has arrived is kept even when the line breaks and this answer is not wanted any more.
    let taking = tokio::spawn(take::take(entered.clone(), id, offset, body));
    match taking.await {
        Ok(Ok(upload)) => (StatusCode::NO_CONTENT, standing(&upload, &entered)).into_response(),
        Ok(Err(Refusal::Upload(refusal))) => refused(&entered, &refusal),
        Ok(Err(Refusal::Page(error))) => error.into_response(),
        Err(error) => PageError::Fault(error.to_string()).into_response(),
    }
}

/// Gives an upload up.
pub(crate) async fn give_up(entered: Entered, Path(id): Path<String>) -> Response {
    match entered.at_desk(move |desk| told(uploads::give_up(desk, &id))).await {
        Ok(Ok(pieces)) => {
            take::drop_all(&entered, &pieces).await;
            (StatusCode::NO_CONTENT, [(RESUMABLE, VERSION)]).into_response()
        }
        Ok(Err(refusal)) => refused(&entered, &refusal),
        Err(error) => error.into_response(),
    }
}

/// A client of another version of the protocol is told which is spoken here.
fn other_version(headers: &HeaderMap) -> Option<Response> {
    let other = headers.get(RESUMABLE).is_none_or(|version| version != VERSION);
    let told = [(HeaderName::from_static("tus-version"), VERSION)];
    other.then(|| (StatusCode::PRECONDITION_FAILED, told).into_response())
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// A value of `Upload-Metadata`: pairs of a name and base64, apart by commas.
fn value_of(metadata: &str, name: &str) -> Option<String> {
    let pair = metadata.split(',').map(str::trim).find_map(|pair| match pair.split_once(' ') {
        Some((key, value)) if key == name => Some(value),
        _ => None,
    })?;
    String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()
}

/// How far an upload has come and until when, as the protocol has it.
fn standing(upload: &Upload, entered: &Entered) -> HeaderMap {
    let ends = entered.zone().local(upload.ends_at);
    let ends = ends.to_zoned(jiff::tz::TimeZone::UTC);
    let ends = ends.map(|ends| ends.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).unwrap_or_default();
    let told = [(RESUMABLE, VERSION.to_owned()), (OFFSET, upload.received.to_string()), (EXPIRES, ends)];
    let value = |text: String| HeaderValue::from_str(&text).ok();
    told.into_iter().filter_map(|(name, text)| Some((name, value(text)?))).collect()
}

/// A refusal in the reader's words, for a script to show.
fn refused(entered: &Entered, refusal: &UploadError) -> Response {
    let status = match refusal {
        UploadError::Unknown => StatusCode::NOT_FOUND,
        UploadError::Expired => StatusCode::GONE,
        UploadError::Offset { .. } | UploadError::Over => StatusCode::CONFLICT,
        UploadError::TooLarge { .. } | UploadError::Beyond { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        UploadError::MayNot => StatusCode::FORBIDDEN,
        UploadError::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        UploadError::Empty | UploadError::Subject(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let text = words(entered, refusal.code(), &refusal.to_string());
    let body = Json(json!({ "error": refusal.code(), "text": text }));
    (status, [(RESUMABLE, VERSION)], body).into_response()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_by_name() {
        let metadata = "filename aGFsbC5qcGc=,subject Y29tcGxhaW50OkMtMQ==, dealer RDE=,empty,bad !!";
        for (name, value) in [
            ("filename", Some("hall.jpg")),
            ("subject", Some("complaint:C-1")),
            ("dealer", Some("D1")),
            ("empty", None),
            ("bad", None),
            ("name", None),
        ] {
            assert_eq!(value_of(metadata, name).as_deref(), value, "{name}");
        }
    }
}
