//! `/uploads`: evidence in, by the tus protocol as pages send it ([`crate::tus`]). An upload is its sender's alone.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, head, options, patch, post};
use farsight_control::uploads::{UploadError, UploadState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::document::Part;
use super::operation::{Named, Needs, Operation, operation, read};
use super::problem::{Given, Problem};
use crate::App;
use crate::router::{HANDS_IN, Object};
use crate::tus::{self, Refusal};

const PLACE: &str = "/api/v1/uploads";
const ONE: &str = "/api/v1/uploads/{upload}";

/// An upload.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfUpload {
    /// Its name, the last part of its `Location`.
    upload: String,
}

/// A file on its way in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadOut {
    /// Its name.
    upload: String,
    /// Where it stands: `open`, `stored` (whole, not yet looked at), `finished` (handed in) or `refused`.
    state: String,
    /// How many bytes are here.
    received: u64,
    /// How many there will be.
    length: u64,
    /// What the file is called.
    file_name: String,
    /// What it is for.
    subject: String,
    /// The dealer.
    dealer_code: String,
    /// The SHA-256 of its content, once it is whole: by which it is found under `/evidence`.
    sha256: Option<String>,
    /// The code of why it was not taken.
    code: Option<String>,
    /// Why it was not taken.
    detail: Option<String>,
}

/// How an upload stands.
async fn state(caller: Caller, of: OfUpload) -> Given<UploadOut> {
    let upload = tus::state(caller.seat(), of.upload).await.map_err(refused)?;
    let state = upload.state.name().to_owned();
    let (sha256, refusal) = match upload.state {
        UploadState::Open => (None, None),
        UploadState::Stored { sha256, .. } | UploadState::Finished { sha256, .. } => (Some(sha256), None),
        UploadState::Refused { code, why } => (None, Some((code, why))),
    };
    let (code, detail) = refusal.unzip();
    Ok(UploadOut {
        upload: upload.id,
        state,
        received: upload.received,
        length: upload.length,
        file_name: upload.file_name,
        subject: upload.subject,
        dealer_code: upload.dealer,
        sha256,
        code,
        detail,
    })
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Upload(UploadError::Unknown) => Problem::not_found(),
        Refusal::Upload(refusal) => Problem::new(tus::status(&refusal), refusal.code(), refusal.to_string()),
        Refusal::Protocol(status) => Problem::new(
            status,
            "upload_protocol",
            "this is no request of tus 1.0.0: send Tus-Resumable, Upload-Length or Upload-Offset, and application/offset+octet-stream",
        ),
        Refusal::Failed(failed) => failed.into(),
    }
}

/// What the protocol's answers carry also where they refuse.
fn answered(outcome: Result<Response, Refusal>) -> Response {
    outcome.unwrap_or_else(|refusal| (tus::versions(), refused(refusal)).into_response())
}

async fn begin(caller: Caller, headers: HeaderMap) -> Response {
    answered(tus::begin(caller.seat(), PLACE, &headers).await)
}

async fn offset(caller: Caller, named: Named<OfUpload>) -> Response {
    answered(tus::head(caller.seat(), named.0.upload).await)
}

async fn take(caller: Caller, named: Named<OfUpload>, headers: HeaderMap, body: Body) -> Response {
    answered(tus::patch(caller.seat(), named.0.upload, &headers, body).await)
}

async fn give_up(caller: Caller, named: Named<OfUpload>) -> Response {
    answered(tus::give_up(caller.seat(), named.0.upload).await)
}

/// The operations of the protocol. All of them need a token that takes deeds: asking how far an upload has come is a part of
/// sending it.
pub(crate) fn operations() -> Vec<Operation> {
    let raw = |path, method, said, part, does: MethodRouter<App>| {
        let of = if path == ONE { Object::Upload } else { Object::Nothing };
        Operation { needs: Needs::Act, ..operation((path, of, HANDS_IN), said, method, part, does) }
    };
    vec![
        raw(
            PLACE,
            HttpMethod::Options,
            ("uploads-offer", "What of the tus protocol is spoken here."),
            |_| none(),
            options(async || tus::options()),
        ),
        raw(
            PLACE,
            HttpMethod::Post,
            ("begin-upload", "Begins an upload (tus 1.0.0)."),
            |_| Part { besides: Some(begins), ..Part::default() },
            post(begin),
        ),
        Operation {
            needs: Needs::Act,
            ..read((ONE, Object::Upload, HANDS_IN), ("upload", "How an upload stands."), state)
        },
        raw(
            ONE,
            HttpMethod::Head,
            ("upload-offset", "How far an upload has come, in `Upload-Offset`."),
            |_| named(offers),
            head(offset),
        ),
        raw(
            ONE,
            HttpMethod::Patch,
            ("send-piece", "Takes bytes of an upload from an offset on."),
            |_| named(takes),
            patch(take),
        ),
        raw(
            ONE,
            HttpMethod::Delete,
            ("give-upload-up", "Gives an upload up."),
            |_| named(nothing),
            delete(give_up),
        ),
    ]
}

fn none() -> Part {
    Part { besides: Some(nothing), ..Part::default() }
}

fn named(besides: fn(&mut Value)) -> Part {
    let parameters = OfUpload::into_params(|| Some(ParameterIn::Path));
    Part { parameters, besides: Some(besides), ..Part::default() }
}

fn header(name: &str, said: &str) -> Value {
    json!({ "name": name, "in": "header", "required": true, "description": said, "schema": { "type": "string" } })
}

fn needs(told: &mut Value, headers: &[(&str, &str)]) {
    let parameters = told["parameters"].as_array_mut();
    let mut all = vec![header("Tus-Resumable", "`1.0.0`")];
    all.extend(headers.iter().map(|(name, said)| header(name, said)));
    if let Some(parameters) = parameters {
        parameters.append(&mut all);
    }
}

fn nothing(told: &mut Value) {
    told["responses"]["204"] = json!({ "description": "Done." });
}

fn begins(told: &mut Value) {
    let metadata = "`filename`, `subject` and `dealer`, each with its value in base64, apart by commas.";
    needs(told, &[("Upload-Length", "The file's size in bytes."), ("Upload-Metadata", metadata)]);
    told["responses"]["201"] = json!({ "description": "Begun; `Location` is the upload's address." });
}

fn offers(told: &mut Value) {
    told["responses"]["200"] = json!({ "description": "`Upload-Offset` bytes of `Upload-Length` are here." });
}

fn takes(told: &mut Value) {
    needs(told, &[("Upload-Offset", "Where the bytes begin: as many as are here.")]);
    let body = json!({ "schema": { "type": "string", "contentEncoding": "binary" } });
    told["requestBody"] = json!({ "required": true, "content": { "application/offset+octet-stream": body } });
    told["responses"]["204"] = json!({ "description": "Taken; `Upload-Offset` bytes are here." });
    told["responses"]["409"] =
        json!({ "description": "Bytes from another offset are wanted: ask for it, and go on there." });
}
