//! `/evidence`: what was handed in, and copies of it. Who looks at a copy is in the audit log, as of a person.

use axum::response::Response;
use axum::routing::get;
use farsight_control::evidence::{self, Copy, Seen, Shown};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::document::{Part, Schemas};
use super::operation::{Asked, Named, Operation, operation};
use super::problem::{Given, Problem};
use crate::copies;
use crate::router::{Object, SEARCHERS};

/// A content of the evidence store.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfContent {
    /// Its SHA-256, lower-case hex.
    #[param(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
}

/// A content, with who handed it in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvidenceOut {
    /// Its SHA-256.
    sha256: String,
    /// Its type, told by content.
    media_type: String,
    /// Its size.
    bytes: i64,
    /// Whether there is a copy to look at: `large` and `thumb`.
    is_picture: bool,
    /// When a picture was taken, by its own metadata, in local time.
    taken_local: Option<String>,
    /// What is wrong with a picture: `black`, `covered`, `blurred`.
    flaws: Vec<String>,
    /// By whom it was handed in for what, as far as the caller sees; the first first.
    handings: Vec<HandingOut>,
}

/// A content handed in for something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandingOut {
    /// Its number.
    handing_id: i64,
    /// For what.
    subject: String,
    /// The dealer.
    dealer_code: String,
    /// What the file was called.
    file_name: String,
    /// By whom.
    handed_in_by: String,
    /// When.
    #[schema(format = DateTime)]
    handed_in_at: String,
    /// Where it, or nearly it, was handed in before: a hint for a person, never a reason to charge anyone.
    like: Vec<LikeOut>,
    /// In how many places that the caller does not see.
    like_elsewhere: usize,
}

/// An earlier handing of the same or nearly the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LikeOut {
    /// Its number.
    handing_id: i64,
    /// `same` file, or `near`.
    how: String,
    /// By whom.
    handed_in_by: String,
    /// When.
    #[schema(format = DateTime)]
    handed_in_at: String,
    /// For what.
    subject: String,
}

fn like(seen: Seen) -> LikeOut {
    LikeOut {
        handing_id: seen.handing,
        how: seen.how,
        handed_in_by: seen.by,
        handed_in_at: seen.at,
        subject: seen.subject,
    }
}

fn handing(shown: Shown) -> HandingOut {
    HandingOut {
        handing_id: shown.handing.handing,
        subject: shown.handing.subject,
        dealer_code: shown.handing.dealer,
        file_name: shown.handing.file_name,
        handed_in_by: shown.handing.by,
        handed_in_at: shown.at,
        like: shown.like.into_iter().map(like).collect(),
        like_elsewhere: shown.like_elsewhere,
    }
}

/// A content with its handings.
pub(crate) async fn one(caller: Caller, of: OfContent) -> Given<EvidenceOut> {
    let shown = caller.at_desk(move |desk| evidence::of_content(desk, &of.sha256)).await?;
    let first = shown.first().cloned().ok_or_else(Problem::not_found)?;
    Ok(EvidenceOut {
        sha256: first.handing.sha256,
        media_type: first.handing.media_type,
        bytes: first.handing.bytes,
        is_picture: first.is_picture,
        taken_local: first.handing.taken_local.map(|local| local.to_string()),
        flaws: first.handing.flaws,
        handings: shown.into_iter().map(handing).collect(),
    })
}

/// Which copy.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// `thumb` and `large` are pictures without metadata; `original` the bytes as they were handed in: of pictures for who
    /// judges alone.
    #[param(default = "large")]
    size: Option<CopyIn>,
}

/// A copy of a content.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum CopyIn {
    /// Small.
    Thumb,
    /// For a screen.
    Large,
    /// As it was handed in.
    Original,
}

async fn copy(caller: Caller, named: Named<OfContent>, asked: Asked<Which>) -> Given<Response> {
    let copy = match asked.0.size {
        Some(CopyIn::Thumb) => Copy::Thumb,
        Some(CopyIn::Large) | None => Copy::Large,
        Some(CopyIn::Original) => Copy::Original,
    };
    let sha256 = named.0.sha256;
    let opened = caller.at_desk(move |desk| evidence::look(desk, &sha256, copy)).await?;
    Ok(copies::answer(caller.seat(), &opened, copy).await?)
}

/// The bytes of a copy.
pub(crate) fn copy_out() -> Operation {
    let part = |schemas: &mut Schemas| {
        schemas.of::<CopyIn>();
        let mut parameters = OfContent::into_params(|| Some(ParameterIn::Path));
        parameters.extend(Which::into_params(|| Some(ParameterIn::Query)));
        Part { parameters, besides: Some(gives_bytes), ..Part::default() }
    };
    let place = ("/api/v1/evidence/{sha256}/copy", Object::Evidence, SEARCHERS);
    let said = ("evidence-copy", "A copy of what was handed in, or of a camera's picture.");
    operation(place, said, HttpMethod::Get, part, get(copy))
}

fn gives_bytes(told: &mut Value) {
    let bytes = json!({ "schema": { "type": "string", "contentEncoding": "binary" } });
    told["responses"]["200"] = json!({
        "description": "The bytes: of a picture's copy a JPEG, else the type told by content.",
        "content": { "image/jpeg": bytes, "*/*": bytes },
    });
    if let Some(responses) = told["responses"].as_object_mut() {
        responses.remove("304");
    }
}
