//! Users and groups as SCIM's JSON (RFC 7643), written and read, pure. What a provider tells besides what we know is kept and
//! given back as it came.

use farsight_control::provisioning::{Crowd, Person, Shown, ShownGroup};
use farsight_rulebook::time::Instant;
use serde_json::{Map, Value, json};

use super::Fault;
use super::patch::get;

/// The schema of users.
pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups.
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// What is ours to say, or has a place of its own.
const OURS: [&str; 8] = ["schemas", "id", "externalId", "userName", "active", "groups", "meta", "password"];

/// A body as JSON.
pub(crate) fn read(body: &[u8]) -> Result<Value, Fault> {
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(Fault::syntax("the body is no JSON object")),
    }
}

/// A user as JSON.
pub(crate) fn user(shown: &Shown, location: impl Fn(&str, &str) -> String) -> Value {
    let identity = &shown.identity;
    let mut user = identity.attributes.as_object().cloned().unwrap_or_default();
    let extensions = user.keys().filter(|name| name.starts_with("urn:")).cloned();
    let schemas: Vec<String> = [USER.to_owned()].into_iter().chain(extensions).collect();
    let groups = shown.groups.iter().map(|group| {
        json!({ "value": group.id, "display": group.name, "$ref": location("Groups", &group.id), "type": "direct" })
    });
    user.insert("schemas".to_owned(), json!(schemas));
    user.insert("id".to_owned(), json!(identity.id));
    user.insert("userName".to_owned(), json!(identity.user_name));
    user.insert("active".to_owned(), json!(identity.active));
    user.insert("groups".to_owned(), Value::Array(groups.collect()));
    if let Some(external_id) = &identity.external_id {
        user.insert("externalId".to_owned(), json!(external_id));
    }
    let times = (identity.made_at, identity.changed_at);
    user.insert("meta".to_owned(), meta("User", times, &location("Users", &identity.id)));
    Value::Object(user)
}

fn meta(kind: &str, (made_at, changed_at): (i64, i64), location: &str) -> Value {
    let (made_at, changed_at) = (Instant(made_at).to_string(), Instant(changed_at).to_string());
    json!({ "resourceType": kind, "created": made_at, "lastModified": changed_at, "location": location })
}

/// A user as told.
pub(crate) fn person(user: &Value) -> Result<Person, Fault> {
    let attributes: Map<String, Value> = user
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| !value.is_null() && !OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(Person {
        external_id: text(user, "externalId")?,
        user_name: text(user, "userName")?.unwrap_or_default(),
        name: name(user),
        active: active(get(user, "active"))?,
        attributes,
    })
}

/// A text; none where there is nothing.
fn text(value: &Value, attribute: &str) -> Result<Option<String>, Fault> {
    match get(value, attribute) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= 1000 => {
            Ok(Some(text.clone()).filter(|text| !text.is_empty()))
        }
        Some(_) => Err(Fault::value(&format!("{attribute} is a text of at most 1000 bytes"))),
    }
}

/// Whether somebody may enter: also as Entra ID writes it, in a text. None: that is not said.
fn active(told: Option<&Value>) -> Result<Option<bool>, Fault> {
    match told {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(active)) => Ok(Some(*active)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(Fault::value("active is true or false")),
    }
}

fn name(user: &Value) -> String {
    let of = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let part = |part: &str| of(get(user, "name").and_then(|name| get(name, part)));
    let parts = format!("{} {}", part("givenName"), part("familyName"));
    let named = [of(get(user, "displayName")), part("formatted"), parts.trim().to_owned()];
    let found = named.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    found.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// A group as JSON.
pub(crate) fn group(shown: &ShownGroup, location: impl Fn(&str, &str) -> String) -> Value {
    let group = &shown.group;
    let members = shown.members.iter().map(
        |(id, name)| json!({ "value": id, "display": name, "$ref": location("Users", id), "type": "User" }),
    );
    let mut told = json!({
        "schemas": [GROUP],
        "id": group.id,
        "displayName": group.name,
        "members": members.collect::<Vec<Value>>(),
        "meta": meta("Group", (group.made_at, group.changed_at), &location("Groups", &group.id)),
    });
    if let Some(external_id) = &group.external_id {
        told["externalId"] = json!(external_id);
    }
    told
}

/// A group as told.
pub(crate) fn crowd(group: &Value) -> Result<Crowd, Fault> {
    let mut members = Vec::new();
    for member in get(group, "members").and_then(Value::as_array).into_iter().flatten() {
        let id = get(member, "value").and_then(Value::as_str);
        let id = id.ok_or_else(|| Fault::value("a member has the id of a user for its value"))?;
        if !members.iter().any(|known| known == id) {
            members.push(id.to_owned());
        }
    }
    Ok(Crowd {
        external_id: text(group, "externalId")?,
        name: text(group, "displayName")?.unwrap_or_default(),
        members,
    })
}

/// Without the attributes that a caller wishes to leave out (`excludedAttributes`).
pub(crate) fn without(mut resource: Value, excluded: Option<&str>) -> Value {
    if let (Some(object), Some(excluded)) = (resource.as_object_mut(), excluded) {
        for name in excluded.split(',').map(str::trim).filter(|name| !["id", "schemas"].contains(name)) {
            object.shift_remove(name);
        }
    }
    resource
}
