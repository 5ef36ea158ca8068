//! Answers in SCIM's own shape (RFC 7644, 3.12).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farsight_control::ControlError;
use farsight_control::provisioning::Refusal;
use serde_json::{Value, json};

/// What SCIM calls its JSON.
const JSON: &str = "application/scim+json";

/// Why a call is not done.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    /// SCIM's word for it, where there is one.
    kind: Option<&'static str>,
    detail: String,
}

/// What a handler gives.
pub(crate) type ScimResult = Result<Response, Fault>;

impl Fault {
    fn new(status: StatusCode, kind: Option<&'static str>, detail: &str) -> Self {
        Self { status, kind, detail: detail.to_owned() }
    }

    /// No secret, or not one of this tenant's providers.
    pub(crate) fn stranger() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, None, "the bearer secret is not one of this tenant's providers")
    }

    /// Nothing of this name.
    pub(crate) fn nothing() -> Self {
        Self::new(StatusCode::NOT_FOUND, None, "there is nothing of this name")
    }

    /// A body that cannot be read.
    pub(crate) fn syntax(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("invalidSyntax"), detail)
    }

    /// A value that cannot be.
    pub(crate) fn value(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("invalidValue"), detail)
    }

    /// A path of a patch that leads nowhere.
    pub(crate) fn path(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("invalidPath"), detail)
    }

    /// A filter that is not understood.
    pub(crate) fn filter(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("invalidFilter"), detail)
    }

    /// Something of ours is broken.
    pub(crate) fn broken(why: &str) -> Self {
        tracing::error!(why, "a provisioning call could not be done");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, None, "this is our fault: try again later")
    }
}

impl From<ControlError> for Fault {
    fn from(error: ControlError) -> Self {
        Self::broken(&error.to_string())
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let (status, kind) = match refusal {
            Refusal::Over => (StatusCode::UNAUTHORIZED, None),
            Refusal::Unknown => (StatusCode::NOT_FOUND, None),
            Refusal::Exists => (StatusCode::CONFLICT, Some("uniqueness")),
            Refusal::Name | Refusal::Member => (StatusCode::BAD_REQUEST, Some("invalidValue")),
        };
        Self::new(status, kind, &refusal.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_u16().to_string(),
            "detail": self.detail,
        });
        if let Some(kind) = self.kind {
            body["scimType"] = json!(kind);
        }
        let mut answer = said(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

/// A body as SCIM's JSON.
pub(crate) fn said(status: StatusCode, body: &Value) -> Response {
    let mut answer = (status, body.to_string()).into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    answer
}

/// Some of a list.
pub(crate) fn listed(found: &[Value], total: i64, from: i64) -> Response {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": from,
        "itemsPerPage": found.len(),
        "Resources": found,
    });
    said(StatusCode::OK, &body)
}
