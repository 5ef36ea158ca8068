//! `/scim/v2/{tenant}/Users`: the people a provider tells of.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farsight_control::provisioning::{self, Shown};
use serde_json::Value;

use super::answer::{listed, said};
use super::filter::wanted;
use super::patch::apply;
use super::resource::{person, read, user, without};
use super::{Fault, Provisioner, ScimResult};
use crate::ask::Ask;

fn id(named: &HashMap<String, String>) -> String {
    named.get("id").cloned().unwrap_or_default()
}

fn json(provisioner: &Provisioner, shown: &Shown) -> Value {
    user(shown, |kind, id| provisioner.location(kind, id))
}

fn answered(provisioner: &Provisioner, status: StatusCode, shown: &Shown) -> Response {
    let mut answer = said(status, &json(provisioner, shown));
    let location = provisioner.location("Users", &shown.identity.id);
    if let Ok(location) = HeaderValue::from_str(&location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}

/// Some of them.
pub(crate) async fn list(provisioner: Provisioner, ask: Ask) -> ScimResult {
    let wanted = wanted(&ask, "userName")?;
    let from = wanted.from;
    let (found, total) =
        provisioner.at_desk(move |desk, provider| provisioning::people(desk, provider, &wanted)).await?;
    let excluded = ask.get("excludedAttributes");
    let found: Vec<Value> = found.iter().map(|shown| without(json(&provisioner, shown), excluded)).collect();
    Ok(listed(&found, total, from))
}

/// One.
pub(crate) async fn show(
    provisioner: Provisioner,
    Path(named): Path<HashMap<String, String>>,
    ask: Ask,
) -> ScimResult {
    let id = id(&named);
    let shown =
        provisioner.at_desk(move |desk, provider| provisioning::person(desk, provider, &id)).await??;
    Ok(said(StatusCode::OK, &without(json(&provisioner, &shown), ask.get("excludedAttributes"))))
}

/// A new one.
pub(crate) async fn add(provisioner: Provisioner, body: Bytes) -> ScimResult {
    let (told, app) = (person(&read(&body)?)?, provisioner.app.clone());
    let shown = provisioner
        .at_desk(move |desk, provider| provisioning::add_person(desk, &app.parts.sealer, provider, &told))
        .await??;
    Ok(answered(&provisioner, StatusCode::CREATED, &shown))
}

/// All of one anew.
pub(crate) async fn replace(
    provisioner: Provisioner,
    Path(named): Path<HashMap<String, String>>,
    body: Bytes,
) -> ScimResult {
    let (id, told) = (id(&named), person(&read(&body)?)?);
    let shown = provisioner
        .at_desk(move |desk, provider| {
            provisioning::change_person(desk, provider, &id, |_| Ok::<_, Fault>(told))
        })
        .await???;
    Ok(answered(&provisioner, StatusCode::OK, &shown))
}

/// Something of one.
pub(crate) async fn patch(
    provisioner: Provisioner,
    Path(named): Path<HashMap<String, String>>,
    body: Bytes,
) -> ScimResult {
    let (id, patch) = (id(&named), read(&body)?);
    let here = provisioner.clone();
    let alter = move |before: &Shown| {
        let mut resource = json(&here, before);
        apply(&mut resource, &patch)?;
        person(&resource)
    };
    let shown = provisioner
        .at_desk(move |desk, provider| provisioning::change_person(desk, provider, &id, alter))
        .await???;
    Ok(answered(&provisioner, StatusCode::OK, &shown))
}

/// One less.
pub(crate) async fn delete(
    provisioner: Provisioner,
    Path(named): Path<HashMap<String, String>>,
) -> ScimResult {
    let id = id(&named);
    provisioner.at_desk(move |desk, provider| provisioning::drop_person(desk, provider, &id)).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}
