//! PATCH (RFC 7644, 3.5.2) as Entra ID and Okta send it: operations on a resource's JSON, pure. A path-less value is merged,
//! `members[value eq "…"]` names elements of a list, operations are written in any case of letters.

use serde_json::{Map, Value};

use super::Fault;
use super::filter::terms;

/// As many operations as one call may have.
const MOST: usize = 1000;

/// Carries the operations of a patch out on a resource.
pub(crate) fn apply(resource: &mut Value, patch: &Value) -> Result<(), Fault> {
    let operations = get(patch, "Operations").and_then(Value::as_array);
    let operations = operations.ok_or_else(|| Fault::syntax("a patch has a list of Operations"))?;
    if operations.len() > MOST {
        return Err(Fault::value("a patch has at most 1000 operations"));
    }
    operations.iter().try_for_each(|operation| carry_out(resource, operation))
}

fn carry_out(resource: &mut Value, operation: &Value) -> Result<(), Fault> {
    let what = get(operation, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let path = get(operation, "path").and_then(Value::as_str).filter(|path| !path.is_empty());
    let value = get(operation, "value");
    match (what.as_str(), path, value) {
        ("add" | "replace", None, Some(Value::Object(value))) => {
            value.iter().try_for_each(|(path, value)| set(resource, path, value, what == "add"))
        }
        ("add" | "replace", Some(path), Some(value)) => set(resource, path, value, what == "add"),
        ("remove", Some(path), value) => remove(resource, path, value),
        ("remove", None, _) => Err(Fault::path("what is removed needs a path")),
        ("add" | "replace", ..) => Err(Fault::value("an operation needs a value")),
        _ => Err(Fault::syntax("an operation is add, replace or remove")),
    }
}

/// A path taken apart: attribute, filter in brackets, attribute within.
struct Steps<'p> {
    attribute: &'p str,
    filter: Option<&'p str>,
    within: Option<&'p str>,
}

/// The names of the core schemas before an attribute say nothing.
const CORE: [&str; 2] =
    ["urn:ietf:params:scim:schemas:core:2.0:User:", "urn:ietf:params:scim:schemas:core:2.0:Group:"];

fn steps(path: &str) -> Result<Steps<'_>, Fault> {
    let path = CORE.iter().find_map(|core| path.strip_prefix(core)).unwrap_or(path);
    if let Some((attribute, rest)) = path.split_once('[') {
        let (filter, rest) =
            rest.split_once(']').ok_or_else(|| Fault::path("a bracket is open in the path"))?;
        return Ok(Steps { attribute, filter: Some(filter), within: rest.strip_prefix('.') });
    }
    // A schema's name has dots and colons of its own; what follows its last colon is the path.
    let local = path.rsplit_once(':').map_or(path, |(_, local)| local);
    let schema = &path[..path.len() - local.len()];
    match local.split_once('.') {
        Some((attribute, within)) if schema.is_empty() => {
            Ok(Steps { attribute, filter: None, within: Some(within) })
        }
        // A schema's name alone has its attributes for a value.
        _ if local == "User" || schema.is_empty() => {
            Ok(Steps { attribute: path, filter: None, within: None })
        }
        _ => Ok(Steps { attribute: schema.trim_end_matches(':'), filter: None, within: Some(local) }),
    }
}

fn set(resource: &mut Value, path: &str, value: &Value, adds: bool) -> Result<(), Fault> {
    let steps = steps(path)?;
    let place = entry(object(resource)?, steps.attribute);
    match (steps.filter, steps.within) {
        (None, None) => put(place, value, adds),
        (None, Some(within)) => put(entry(object(place)?, within), value, adds),
        (Some(filter), within) => {
            for element in matching(list(place), filter, true)? {
                match within {
                    Some(within) => put(entry(object(element)?, within), value, false),
                    None => put(element, value, true),
                }
            }
        }
    }
    Ok(())
}

/// Lists grow by what is added, objects take attributes over, all else is replaced.
fn put(place: &mut Value, value: &Value, adds: bool) {
    match (place, value) {
        (Value::Array(there), Value::Array(more)) if adds => {
            for one in more {
                join(there, one);
            }
        }
        (Value::Array(there), one @ Value::Object(_)) if adds => join(there, one),
        (Value::Object(there), Value::Object(more)) => {
            for (name, value) in more {
                *entry(there, name) = value.clone();
            }
        }
        (place, value) => *place = value.clone(),
    }
}

/// Adds an element that is not there yet, by its `value`.
fn join(there: &mut Vec<Value>, one: &Value) {
    let same = |other: &Value| match (get(other, "value"), get(one, "value")) {
        (Some(a), Some(b)) => a == b,
        _ => other == one,
    };
    if !there.iter().any(same) {
        there.push(one.clone());
    }
}

fn remove(resource: &mut Value, path: &str, value: Option<&Value>) -> Result<(), Fault> {
    let steps = steps(path)?;
    let place = entry(object(resource)?, steps.attribute);
    match (steps.filter, steps.within, value) {
        // Okta and Entra ID name those to be removed in the value too.
        (None, None, Some(Value::Array(gone))) => {
            let gone: Vec<&Value> = gone.iter().filter_map(|one| get(one, "value")).collect();
            list(place).retain(|there| get(there, "value").is_none_or(|value| !gone.contains(&value)));
        }
        (None, None, _) => *place = Value::Null,
        (None, Some(within), _) => *entry(object(place)?, within) = Value::Null,
        (Some(filter), None, _) => {
            let terms = terms(filter)?;
            list(place).retain(|there| !fits(there, &terms));
        }
        (Some(filter), Some(within), _) => {
            for element in matching(list(place), filter, false)? {
                *entry(object(element)?, within) = Value::Null;
            }
        }
    }
    Ok(())
}

/// The elements that a filter names; where there is none and one is to be set, a new one that fits.
fn matching<'l>(list: &'l mut Vec<Value>, filter: &str, makes: bool) -> Result<Vec<&'l mut Value>, Fault> {
    let terms = terms(filter)?;
    if makes && !list.iter().any(|element| fits(element, &terms)) {
        let new: Map<String, Value> =
            terms.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        list.push(Value::Object(new));
    }
    Ok(list.iter_mut().filter(|element| fits(element, &terms)).collect())
}

fn fits(element: &Value, terms: &[(String, String)]) -> bool {
    terms.iter().all(|(name, wanted)| match get(element, name) {
        Some(Value::String(text)) => text == wanted,
        Some(other) => other.to_string().eq_ignore_ascii_case(wanted),
        None => false,
    })
}

/// An attribute, in any case of letters.
pub(crate) fn get<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The place of an attribute, in any case of letters; made where there is none.
fn entry<'m>(object: &'m mut Map<String, Value>, name: &str) -> &'m mut Value {
    let known = object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
    object.entry(known.unwrap_or_else(|| name.to_owned())).or_insert(Value::Null)
}

/// A value as an object, made one where it is nothing.
fn object(value: &mut Value) -> Result<&mut Map<String, Value>, Fault> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().ok_or_else(|| Fault::path("the path leads into something that has no attributes"))
}

/// A value as a list, made one where it is none.
fn list(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(list) => list,
        _ => unreachable!("it was made a list"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(resource: &str, operations: &str) -> String {
        let mut resource: Value = serde_json::from_str(resource).unwrap();
        let patch = json!({ "Operations": serde_json::from_str::<Value>(operations).unwrap() });
        match apply(&mut resource, &patch) {
            Ok(()) => resource.to_string(),
            Err(_) => "refused".to_owned(),
        }
    }

    #[test]
    fn shapes_of_entra_and_okta() {
        for (resource, operations, becomes) in [
            // Okta deactivates without a path, Entra ID with one and a text.
            (r#"{"active":true}"#, r#"[{"op":"replace","value":{"active":false}}]"#, r#"{"active":false}"#),
            (
                r#"{"active":true}"#,
                r#"[{"op":"Replace","path":"active","value":"False"}]"#,
                r#"{"active":"False"}"#,
            ),
            (
                r#"{"name":{"givenName":"A"}}"#,
                r#"[{"op":"Add","path":"name.familyName","value":"B"}]"#,
                r#"{"name":{"givenName":"A","familyName":"B"}}"#,
            ),
            (
                r#"{"name":{"givenName":"A"}}"#,
                r#"[{"op":"replace","value":{"name.givenName":"B","displayName":"B"}}]"#,
                r#"{"name":{"givenName":"B"},"displayName":"B"}"#,
            ),
            (
                r#"{"emails":[{"type":"work","value":"a@b"}]}"#,
                r#"[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"c@d"}]"#,
                r#"{"emails":[{"type":"work","value":"c@d"}]}"#,
            ),
            (
                r"{}",
                r#"[{"op":"Add","path":"emails[type eq \"work\"].value","value":"c@d"}]"#,
                r#"{"emails":[{"type":"work","value":"c@d"}]}"#,
            ),
            (
                r#"{"members":[{"value":"1"}]}"#,
                r#"[{"op":"Add","path":"members","value":[{"value":"1"},{"value":"2"}]}]"#,
                r#"{"members":[{"value":"1"},{"value":"2"}]}"#,
            ),
            (
                r#"{"members":[{"value":"1"},{"value":"2"}]}"#,
                r#"[{"op":"remove","path":"members[value eq \"1\"]"}]"#,
                r#"{"members":[{"value":"2"}]}"#,
            ),
            (
                r#"{"members":[{"value":"1"},{"value":"2"}]}"#,
                r#"[{"op":"Remove","path":"members","value":[{"value":"2"}]}]"#,
                r#"{"members":[{"value":"1"}]}"#,
            ),
            (
                r#"{"members":[{"value":"1"}]}"#,
                r#"[{"op":"remove","path":"members"}]"#,
                r#"{"members":null}"#,
            ),
            (
                r#"{"members":[{"value":"1"}]}"#,
                r#"[{"op":"replace","path":"members","value":[{"value":"2"}]}]"#,
                r#"{"members":[{"value":"2"}]}"#,
            ),
            (
                r"{}",
                r#"[{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"D"}]"#,
                r#"{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"D"}}"#,
            ),
            (r#"{"active":true}"#, r#"[{"op":"remove"}]"#, "refused"),
            (r#"{"active":true}"#, r#"[{"op":"move","path":"active","value":1}]"#, "refused"),
            (r#"{"active":true}"#, r#"[{"op":"replace","path":"active"}]"#, "refused"),
            (r#"{"active":true}"#, r#"[{"op":"replace","path":"active.x","value":1}]"#, "refused"),
            (r#"{"members":[]}"#, r#"[{"op":"remove","path":"members[value eq \"1\""}]"#, "refused"),
        ] {
            assert_eq!(patched(resource, operations), becomes, "{operations}");
        }
    }
}
