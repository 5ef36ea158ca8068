//! Copies that are shown: pixels only, made from what was handed in when somebody looks, kept a while in memory.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use farsight_control::evidence::Copy;
use farsight_evidence::{Digest, EvidenceError, safe_copy};

use super::fault;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};

/// A picture is read up to this size.
const MOST_BYTES: u64 = 32 << 20;

/// A copy as an answer; a browser keeps it for as long as its link holds.
pub(super) async fn shown(entered: &Entered, digest: Digest, copy: Copy, longest: u32) -> PageResult {
    let key = (entered.tenant().id, digest, copy);
    let intake = &entered.app().intake;
    let bytes = match intake.copy(&key) {
        Some(bytes) => bytes,
        None => {
            let made = make(entered, digest, longest).await?;
            intake.keep(key, &made);
            made
        }
    };
    Ok(answer(bytes))
}

async fn make(entered: &Entered, digest: Digest, longest: u32) -> Result<Bytes, PageError> {
    let app = entered.app();
    let _turn = app.intake.looking.acquire().await;
    let bytes = app.parts.evidence.bytes(&entered.tenant().code, &digest, MOST_BYTES).await.map_err(fault)?;
    let made = tokio::task::spawn_blocking(move || safe_copy(&bytes, longest));
    match made.await.map_err(|error| PageError::Fault(error.to_string()))? {
        Ok(copy) => Ok(copy.into()),
        // A film, a document, a picture of a kind that is not decoded: there is no copy to show.
        Err(EvidenceError::NotDecoded(_) | EvidenceError::Picture(_)) => Err(PageError::NotFound),
        Err(error) => Err(fault(error)),
    }
}

fn answer(copy: Bytes) -> Response {
    let mut answer = copy.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=600, immutable"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    answer
}
