//! What went wrong, as machines read it: problem documents (RFC 9457) with a stable code.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use farsight_control::ControlError;
use farsight_control::import::RowFault;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Code;
use crate::seat::Failed;

/// How it is told apart from other JSON.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The kind of problem, as a URI; it ends in the code.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: Box<str>,
    /// The kind of problem in words.
    #[schema(value_type = String)]
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What was tried, and what to do.
    #[schema(value_type = String)]
    detail: Box<str>,
    /// The stable code.
    #[schema(value_type = String)]
    code: Box<str>,
    /// What is wrong with each row, of facts: the first of many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<Fault>,
    /// How much is wrong, of facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_count: Option<u64>,
    /// After so many seconds it may be tried again.
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// Which row of the request it is, from 0.
    index: u64,
    /// Its line in CSV or NDJSON, from 1; of JSON the how-manieth object; 0 where the whole is at fault.
    line: u64,
    /// The column; empty where the whole row is at fault.
    field: String,
    /// What stands there, cut.
    value: String,
    /// The stable code.
    code: String,
    /// What is wrong.
    reason: String,
    /// What to do.
    remedy: String,
}

impl From<RowFault> for Fault {
    fn from(fault: RowFault) -> Self {
        let RowFault { index, line, field, value, code, reason, remedy } = fault;
        Self { index, line, field, value, code, reason, remedy }
    }
}

/// What a handler gives.
pub(crate) type Given<T> = Result<T, Problem>;

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<Box<str>>) -> Self {
        Self {
            kind: format!("urn:farsight:problem:{code}").into(),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.into(),
            errors: Vec::new(),
            error_count: None,
            retry_after: None,
        }
    }

    /// Not there, or not this caller's: which, is not said.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing like this here")
    }

    /// What was asked for cannot be.
    pub(crate) fn refused(code: &str, detail: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// Something is broken; told to operators, not to the caller.
    pub(crate) fn fault(why: &str) -> Self {
        tracing::error!(why, "a request of a machine could not be answered");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "fault",
            "something is broken here: operators have been told",
        )
    }

    /// Rows that are wrong.
    pub(crate) fn of_rows(errors: Vec<RowFault>, count: u64) -> Self {
        let mut problem = Self::refused(
            "rows_refused",
            "nothing was stored, for some rows are wrong: correct them and send all again, or send `Prefer: handling=lenient`",
        );
        problem.errors = errors.into_iter().map(Fault::from).collect();
        problem.error_count = Some(count);
        problem
    }

    /// The same, to be tried again after a while.
    pub(crate) fn later(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait.as_secs() as u32 + u32::from(wait.subsec_nanos() > 0));
        self
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        match error {
            gone if gone.is_not_found() => Self::not_found(),
            ControlError::Store(_) | ControlError::Write(_) | ControlError::File { .. } => {
                Self::fault(&error.to_string())
            }
            refused => Self::refused(refused.code(), refused.to_string()),
        }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Control(error) => error.into(),
            Failed::Broken(why) => Self::fault(&why),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let wait = self.retry_after;
        let mut answer = (status, Json(self)).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"farsight\""));
        }
        if let Some(wait) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.max(1)));
        }
        answer
    }
}

/// Makes a problem document of whatever else went wrong on the way to or from the machines' door.
pub(crate) async fn everywhere(request: Request, next: Next) -> Response {
    let of_machines = request.uri().path().starts_with("/api/");
    let answer = next.run(request).await;
    let status = answer.status();
    let bad = status.is_client_error() || status.is_server_error();
    let told = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == MEDIA_TYPE);
    if !of_machines || !bad || told {
        return answer;
    }
    let code = match answer.extensions().get::<Code>() {
        Some(Code(code)) => code.clone(),
        None => status.canonical_reason().unwrap_or("error").to_lowercase().replace(' ', "_"),
    };
    let detail = match status {
        StatusCode::METHOD_NOT_ALLOWED => "this address takes other methods: see Allow, and the document",
        StatusCode::NOT_FOUND => "there is nothing like this here",
        StatusCode::SERVICE_UNAVAILABLE => "it took too long: try again later, or ask for less at once",
        _ => "the request cannot be answered: see the code, and the document",
    };
    let mut problem = Problem::new(status, &code, detail);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        problem = problem.later(Duration::from_secs(5));
    }
    let (mut parts, _) = answer.into_parts();
    let (told, body) = problem.into_response().into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(told.headers);
    Response::from_parts(parts, Body::new(body))
}
