//! `/scim/v2/{tenant}/Groups`: the groups a provider tells of, and who is in them.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farsight_control::provisioning::{self, ShownGroup};
use serde_json::Value;

use super::answer::{listed, said};
use super::filter::wanted;
use super::patch::apply;
use super::resource::{crowd, group, read, without};
use super::{Fault, Provisioner, ScimResult};
use crate::ask::Ask;

fn id(named: &HashMap<String, String>) -> String {
    named.get("id").cloned().unwrap_or_default()
}

fn json(provisioner: &Provisioner, shown: &ShownGroup) -> Value {
    group(shown, |kind, id| provisioner.location(kind, id))
}

fn answered(provisioner: &Provisioner, status: StatusCode, shown: &ShownGroup) -> Response {
    let mut answer = said(status, &json(provisioner, shown));
    let location = provisioner.location("Groups", &shown.group.id);
    if let Ok(location) = HeaderValue::from_str(&location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}

/// Some of them; Entra ID asks for them without their members, who may be many.
pub(crate) async fn list(provisioner: Provisioner, ask: Ask) -> ScimResult {
    let wanted = wanted(&ask, "displayName")?;
    let excluded = ask.get("excludedAttributes").map(str::to_owned);
    let with_members = excluded.as_deref().is_none_or(|excluded| !excluded.contains("members"));
    let from = wanted.from;
    let (found, total) = provisioner
        .at_desk(move |desk, provider| provisioning::groups(desk, provider, &wanted, with_members))
        .await?;
    let found: Vec<Value> =
        found.iter().map(|shown| without(json(&provisioner, shown), excluded.as_deref())).collect();
    Ok(listed(&found, total, from))
}

/// One.
pub(crate) async fn show(
    provisioner: Provisioner,
    Path(named): Path<HashMap<String, String>>,
    ask: Ask,
) -> ScimResult {
    let id = id(&named);
    let shown = provisioner.at_desk(move |desk, provider| provisioning::group(desk, provider, &id)).await??;
    Ok(said(StatusCode::OK, &without(json(&provisioner, &shown), ask.get("excludedAttributes"))))
}

/// A new one.
pub(crate) async fn add(provisioner: Provisioner, body: Bytes) -> ScimResult {
    let (told, app) = (crowd(&read(&body)?)?, provisioner.app.clone());
    let shown = provisioner
        .at_desk(move |desk, provider| provisioning::add_group(desk, &app.parts.sealer, provider, &told))
        .await??;
    Ok(answered(&provisioner, StatusCode::CREATED, &shown))
}

/// All of one anew.
pub(crate) async fn replace(
    provisioner: Provisioner,
    Path(named): Path<HashMap<String, String>>,
    body: Bytes,
) -> ScimResult {
    let (id, told) = (id(&named), crowd(&read(&body)?)?);
    let shown = provisioner
        .at_desk(move |desk, provider| {
            provisioning::change_group(desk, provider, &id, |_| Ok::<_, Fault>(told))
        })
        .await???;
    Ok(answered(&provisioner, StatusCode::OK, &shown))
}

/// Something of one. Answered without the group, as Entra ID wishes: it may have many members.
pub(crate) async fn patch(
    provisioner: Provisioner,
    Path(named): Path<HashMap<String, String>>,
    body: Bytes,
) -> ScimResult {
    let (id, patch) = (id(&named), read(&body)?);
    let here = provisioner.clone();
    let alter = move |before: &ShownGroup| {
        let mut resource = json(&here, before);
        apply(&mut resource, &patch)?;
        crowd(&resource)
    };
    provisioner
        .at_desk(move |desk, provider| provisioning::change_group(desk, provider, &id, alter))
        .await???;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// One less.
pub(crate) async fn delete(
    provisioner: Provisioner,
    Path(named): Path<HashMap<String, String>>,
) -> ScimResult {
    let id = id(&named);
    provisioner.at_desk(move |desk, provider| provisioning::drop_group(desk, provider, &id)).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}
