//! What this side can do, said in SCIM's own words (RFC 7643, 5 to 7). It needs the secret too.

use std::collections::HashMap;

use axum::extract::Path;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::{listed, said};
use super::resource::{GROUP, USER};
use super::{Fault, Provisioner, ScimResult};

/// What is supported.
pub(crate) async fn config(_: Provisioner) -> ScimResult {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": 200 },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": false },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer",
            "description": "The provisioning secret of the provider, made on its page",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig" },
    });
    Ok(said(StatusCode::OK, &body))
}

fn types() -> Vec<Value> {
    let kind = |id: &str, endpoint: &str, schema: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": id, "name": id, "endpoint": endpoint, "schema": schema,
            "meta": { "resourceType": "ResourceType" },
        })
    };
    vec![kind("User", "/Users", USER), kind("Group", "/Groups", GROUP)]
}

fn attribute(name: &str, kind: &str, (required, unique, many): (bool, bool, bool), parts: &[&str]) -> Value {
    let parts: Vec<Value> =
        parts.iter().map(|part| attribute(part, "string", (false, false, false), &[])).collect();
    let mut told = json!({
        "name": name, "type": kind, "multiValued": many, "required": required, "caseExact": false,
        "mutability": "readWrite", "returned": "default", "uniqueness": if unique { "server" } else { "none" },
    });
    if !parts.is_empty() {
        told["subAttributes"] = Value::Array(parts);
    }
    told
}

fn all_schemas() -> Vec<Value> {
    let (plain, many) = ((false, false, false), (false, false, true));
    let schema = |id: &str, name: &str, attributes: Vec<Value>| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": id, "name": name, "attributes": attributes, "meta": { "resourceType": "Schema" },
        })
    };
    let user = vec![
        attribute("userName", "string", (true, true, false), &[]),
        attribute("name", "complex", plain, &["formatted", "familyName", "givenName"]),
        attribute("displayName", "string", plain, &[]),
        attribute("active", "boolean", plain, &[]),
        attribute("emails", "complex", many, &["value", "type"]),
        attribute("groups", "complex", many, &["value", "display"]),
    ];
    let group = vec![
        attribute("displayName", "string", (true, true, false), &[]),
        attribute("members", "complex", many, &["value", "display"]),
    ];
    vec![schema(USER, "User", user), schema(GROUP, "Group", group)]
}

/// What there is.
pub(crate) async fn resource_types(_: Provisioner) -> ScimResult {
    let all = types();
    Ok(listed(&all, all.len() as i64, 1))
}

/// One of them.
pub(crate) async fn resource_type(_: Provisioner, Path(named): Path<HashMap<String, String>>) -> ScimResult {
    one(types(), &named)
}

/// What it consists of.
pub(crate) async fn schemas(_: Provisioner) -> ScimResult {
    let all = all_schemas();
    Ok(listed(&all, all.len() as i64, 1))
}

/// One of them.
pub(crate) async fn schema(_: Provisioner, Path(named): Path<HashMap<String, String>>) -> ScimResult {
    one(all_schemas(), &named)
}

fn one(all: Vec<Value>, named: &HashMap<String, String>) -> ScimResult {
    let id = named.get("name").map(String::as_str);
    let found = all.into_iter().find(|one| one["id"].as_str() == id).ok_or_else(Fault::nothing)?;
    Ok(said(StatusCode::OK, &found))
}
