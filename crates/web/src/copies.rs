//! Evidence on its way out: copies made of pixels only when somebody looks, kept a while in memory; and the bytes as they
//! were handed in, for whoever may have those. Who may have what was asked before, and who looked was written down.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use farsight_control::ControlError;
use farsight_control::evidence::{Copy, Opened};
use farsight_evidence::{Digest, EvidenceError, MediaType, safe_copy};

use crate::seat::{Failed, Seat};

/// A picture is read up to this size.
const MOST_BYTES: u64 = 32 << 20;

/// A copy of what was opened, as an answer.
pub(crate) async fn answer(seat: &Seat, opened: &Opened, copy: Copy) -> Result<Response, Failed> {
    match copy.longest_side() {
        Some(longest) => shown(seat, opened.digest, copy, longest).await,
        None => original(seat, opened).await,
    }
}

/// Whoever is given a picture may keep it for as long as a link holds.
async fn shown(seat: &Seat, digest: Digest, copy: Copy, longest: u32) -> Result<Response, Failed> {
    let key = (seat.tenant().id, digest, copy);
    let intake = &seat.app().intake;
    let bytes = match intake.copy(&key) {
        Some(bytes) => bytes,
        None => {
            let made = make(seat, digest, longest).await?;
            intake.keep(key, &made);
            made
        }
    };
    Ok(picture(bytes))
}

async fn make(seat: &Seat, digest: Digest, longest: u32) -> Result<Bytes, Failed> {
    let app = seat.app();
    let _turn = app.intake.looking.acquire().await;
    let bytes = app.parts.evidence.bytes(&seat.tenant().code, &digest, MOST_BYTES).await.map_err(missing)?;
    let made = tokio::task::spawn_blocking(move || safe_copy(&bytes, longest));
    let made = made.await.map_err(|error| Failed::Broken(error.to_string()))?;
    made.map(Bytes::from).map_err(missing)
}

/// A film, a document, a picture of a kind that is not decoded: there is no copy to show.
fn missing(error: EvidenceError) -> Failed {
    match error {
        EvidenceError::Missing(_) | EvidenceError::NotDecoded(_) | EvidenceError::Picture(_) => {
            Failed::Control(ControlError::NotFound("evidence"))
        }
        other => Failed::Broken(other.to_string()),
    }
}

fn picture(copy: Bytes) -> Response {
    let mut answer = copy.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=600, immutable"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    answer
}

/// The bytes as they were handed in, to be kept: a browser never runs them.
async fn original(seat: &Seat, opened: &Opened) -> Result<Response, Failed> {
    let store = &seat.app().parts.evidence;
    let content = store.get(&seat.tenant().code, &opened.digest).await.map_err(missing)?;
    let kind: MediaType = opened.media_type;
    let name = format!("{}.{}", &opened.digest.to_string()[..12], kind.extension());
    let mut answer = Body::from_stream(content.stream).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.mime()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.bytes));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(answer)
}
