//! What a provider said of a person, by its last token and by provisioning, as one set of claims, pure. Signing in and
//! provisioning judge the same set, so that neither shuts out whom the other let in.

use farsight_store::identities::Identity;
use serde_json::{Map, Value, json};

/// What belongs to one token and says nothing of the person.
const OF_ONE_TOKEN: [&str; 9] =
    ["at_hash", "auth_time", "c_hash", "exp", "iat", "jti", "nbf", "nonce", "sid"];

/// What of a token's claims is kept until the next one comes. A text with a zero byte is not: the database takes none.
pub(crate) fn kept(claims: &Map<String, Value>) -> Value {
    let says = |name: &str, value: &Value| {
        !OF_ONE_TOKEN.contains(&name) && !json!([name, value]).to_string().contains("\\u0000")
    };
    let kept = claims.iter().filter(|(name, value)| says(name, value));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// All that is said of a person. What provisioning says stands above what the last token said by the same name, for it
/// works at once; an empty text or list, or nothing, says nothing.
pub(crate) fn said(identity: &Identity) -> Map<String, Value> {
    let mut said = identity.claims.as_object().cloned().unwrap_or_default();
    if identity.provisioned {
        said.extend(provisioned(identity));
    }
    said
}

/// What provisioning says, as the claim table looks at it.
fn provisioned(identity: &Identity) -> Map<String, Value> {
    let mut told = identity.attributes.as_object().cloned().unwrap_or_default();
    // What an extension's schema holds is named without it: `department`, not `urn:…:User:department`.
    let schemas: Vec<Value> =
        told.iter().filter(|(name, _)| name.starts_with("urn:")).map(|(_, told)| told.clone()).collect();
    for (name, value) in schemas.iter().filter_map(Value::as_object).flatten() {
        told.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let mut claims: Map<String, Value> = told
        .into_iter()
        .map(|(name, value)| (name, plain(value)))
        .filter(|(_, value)| says_any(value))
        .collect();
    claims.insert("userName".to_owned(), json!(identity.user_name));
    if identity.user_name.contains('@') {
        claims.insert("email".to_owned(), json!(identity.user_name.to_lowercase()));
    }
    claims
}

/// A list's elements by their `value`, as SCIM writes roles and addresses.
fn plain(told: Value) -> Value {
    let Value::Array(all) = told else { return told };
    Value::Array(all.into_iter().map(|one| one.get("value").cloned().unwrap_or(one)).collect())
}

fn says_any(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::identity::nobody_yet;

    #[test]
    fn provisioning_stands_above_the_last_token() {
        for (token, attributes, expected) in [
            (json!({ "groups": ["finance"] }), json!({}), json!({ "groups": ["finance"] })),
            (
                json!({ "department": "Books" }),
                json!({ "department": "Cars" }),
                json!({ "department": "Cars" }),
            ),
            (json!({ "roles": ["hq"] }), json!({ "roles": [] }), json!({ "roles": ["hq"] })),
            (json!({ "title": "A" }), json!({ "title": "" }), json!({ "title": "A" })),
            (
                json!({ "roles": ["hq"] }),
                json!({ "roles": [{ "value": "shop", "primary": true }] }),
                json!({ "roles": ["shop"] }),
            ),
            (json!({}), json!({ "urn:x:User": { "department": "Books" } }), json!({ "department": "Books" })),
        ] {
            let mut identity = nobody_yet("I".to_owned());
            (identity.user_name, identity.claims) = ("Anna@oem.example".to_owned(), token);
            identity.attributes = attributes;
            let said = said(&identity);
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(&said[name], value, "{said:?}");
            }
            assert_eq!(
                (&said["email"], &said["userName"]),
                (&json!("anna@oem.example"), &json!("Anna@oem.example"))
            );
        }
    }

    #[test]
    fn what_belongs_to_one_token_is_not_kept() {
        let claims =
            json!({ "sub": "S", "sid": "1", "nonce": "n", "exp": 1, "groups": ["hq"], "odd": "a\u{0}b" });
        assert_eq!(kept(claims.as_object().unwrap()), json!({ "sub": "S", "groups": ["hq"] }));
    }
}
