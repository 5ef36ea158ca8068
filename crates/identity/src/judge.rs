//! Whether a token is a provider's word for this sign-in, and what it says.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use farsight_rulebook::time::{Instant, MINUTE};
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{ClientId, IssuerUrl, Nonce};
use serde_json::{Map, Value};

use crate::{IdentityError, Registration};

/// How far a provider's clock may be ahead.
pub(crate) const AHEAD: i64 = MINUTE;
/// What the library is told to say of a token from the future.
pub(crate) const EARLY: &str = "early";

/// Signatures with a private key only: with a shared secret whoever knows it could sign.
pub(crate) const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Words of `amr` (RFC 8176) that tell of more than a password.
const STRONG: [&str; 3] = ["mfa", "otp", "hwk"];

/// What a provider says about who signed in.
#[derive(Debug, Clone)]
pub struct Told {
    /// Who it is, as only the provider names them.
    pub subject: String,
    /// All claims, those of the token before those of its user information.
    pub claims: Map<String, Value>,
    /// The token itself, to end the session at the provider by.
    pub token: String,
}

impl Told {
    /// The address, as the provider knows it: `email`, or where there is none a `preferred_username` that looks like one.
    pub fn email(&self) -> Option<String> {
        self.address("email").or_else(|| self.address("preferred_username"))
    }

    /// The address, where the provider says that it made sure of it. That is said of `email` alone: a
    /// `preferred_username` is what somebody wishes to be called.
    pub fn verified_email(&self) -> Option<String> {
        let verified = self.claims.get("email_verified");
        let is_verified = verified.is_some_and(|said| said == &Value::Bool(true) || said == "true");
        self.address("email").filter(|_| is_verified)
    }

    /// The address that a claim is, if it is one.
    fn address(&self, claim: &str) -> Option<String> {
        let text = self.claims.get(claim).and_then(Value::as_str)?.trim();
        let is_plain = text.len() <= 254 && !text.contains(|c: char| c.is_whitespace() || c.is_control());
        let (name, host) = text.split_once('@')?;
        (is_plain && !name.is_empty() && !host.is_empty()).then(|| text.to_lowercase())
    }

    /// The ids that provisioning may know the person by and nobody can edit: `sub`, and the `oid` of Entra ID, whose `sub`
    /// is another one for each application.
    pub fn lasting_ids(&self) -> impl Iterator<Item = &str> {
        let oid = self.claims.get("oid").and_then(Value::as_str);
        [Some(self.subject.as_str()), oid].into_iter().flatten()
    }

    /// The provider's name of its own session, where it tells one.
    pub fn session(&self) -> Option<&str> {
        self.claims.get("sid").and_then(Value::as_str)
    }

    /// What the person is called; empty where it is not said.
    pub fn name(&self) -> String {
        let text = |claim: &str| self.claims.get(claim).and_then(Value::as_str).unwrap_or_default().trim();
        let name = match text("name") {
            "" => format!("{} {}", text("given_name"), text("family_name")),
            name => name.to_owned(),
        };
        name.trim().chars().filter(|c| !c.is_control()).take(100).collect()
    }

    /// Whether the person showed more than a password: by `amr`, or by an `acr` that counts.
    pub fn is_strong(&self, strong_acr: &[String]) -> bool {
        let amr = self.claims.get("amr").and_then(Value::as_array);
        let by_amr =
            amr.is_some_and(|said| said.iter().filter_map(Value::as_str).any(|it| STRONG.contains(&it)));
        let acr = self.claims.get("acr").and_then(Value::as_str);
        by_amr || acr.is_some_and(|acr| strong_acr.iter().any(|strong| strong == acr))
    }
}

/// The token's claims, if it is the provider's word, for this client alone, for this sign-in, and now.
pub(crate) fn judge(
    token: &CoreIdToken,
    keys: &CoreJsonWebKeySet,
    registration: &Registration,
    nonce: &str,
    now: Instant,
) -> Result<Told, IdentityError> {
    let issuer = IssuerUrl::new(registration.issuer.clone())
        .map_err(|_| IdentityError::Answer("its issuer is no address".to_owned()))?;
    let client = ClientId::new(registration.client_id.clone());
    let verifier = CoreIdTokenVerifier::new_public_client(client, issuer, keys.clone())
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || utc(now))
        .set_issue_time_verifier_fn(move |issued| in_time(issued, now));
    let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned()))?;
    let token = token.to_string();
    let all = payload(&token)?;
    is_for_us_alone(&all, &registration.client_id)?;
    begins(&all, now)?;
    Ok(Told { subject: claims.subject().to_string(), claims: all, token })
}

fn utc(at: Instant) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.0).unwrap_or_default()
}

fn in_time(issued: DateTime<Utc>, now: Instant) -> Result<(), String> {
    if issued > utc(Instant(now.0.saturating_add(AHEAD))) { Err(EARLY.to_owned()) } else { Ok(()) }
}

pub(crate) fn begins(claims: &Map<String, Value>, now: Instant) -> Result<(), IdentityError> {
    let begins = claims.get("nbf").and_then(Value::as_f64);
    let latest = (now.0.saturating_add(AHEAD)) as f64 / 1_000_000.0;
    if begins.is_some_and(|begins| begins > latest) { Err(IdentityError::Early) } else { Ok(()) }
}

/// The library looks whether we are among the audiences; here, that nobody else is, and that we are who asked.
pub(crate) fn is_for_us_alone(claims: &Map<String, Value>, client: &str) -> Result<(), IdentityError> {
    let audiences: BTreeSet<&str> = match claims.get("aud") {
        Some(Value::String(one)) => BTreeSet::from([one.as_str()]),
        Some(Value::Array(all)) => all.iter().map(|one| one.as_str().unwrap_or_default()).collect(),
        _ => BTreeSet::new(),
    };
    let asked_by_us = claims.get("azp").is_none_or(|by| by.as_str() == Some(client));
    if audiences == BTreeSet::from([client]) && asked_by_us { Ok(()) } else { Err(IdentityError::Audience) }
}

/// The claims of a token whose signature was looked at.
fn payload(token: &str) -> Result<Map<String, Value>, IdentityError> {
    let odd = || IdentityError::Odd("its claims cannot be read".to_owned());
    let payload = token.split('.').nth(1).ok_or_else(odd)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|_| odd())?;
    serde_json::from_slice(&bytes).map_err(|_| odd())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(claims: Value) -> Told {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        Told { subject: "S".to_owned(), claims, token: String::new() }
    }

    #[test]
    fn what_counts_as_a_second_factor() {
        for (claims, acr, strong) in [
            (serde_json::json!({ "amr": ["pwd"] }), "", false),
            (serde_json::json!({ "amr": ["pwd", "mfa"] }), "", true),
            (serde_json::json!({ "amr": ["hwk"] }), "", true),
            (serde_json::json!({ "amr": "mfa" }), "", false),
            (serde_json::json!({ "acr": "strong" }), "strong", true),
            (serde_json::json!({ "acr": "strong" }), "other", false),
            (serde_json::json!({}), "", false),
        ] {
            assert_eq!(told(claims.clone()).is_strong(&[acr.to_owned()]), strong, "{claims}");
        }
    }

    #[test]
    fn whose_address_it_is() {
        for (claims, email, verified) in [
            (
                serde_json::json!({ "email": " Wang@Oem.Example", "email_verified": true }),
                Some("wang@oem.example"),
                true,
            ),
            (
                serde_json::json!({ "email": "wang@oem.example", "email_verified": false }),
                Some("wang@oem.example"),
                false,
            ),
            (
                serde_json::json!({ "preferred_username": "wang@oem.example", "email_verified": true }),
                Some("wang@oem.example"),
                false,
            ),
            // The word that it is verified is of an address that is none.
            (
                serde_json::json!({ "email": null, "preferred_username": "hq@oem.example", "email_verified": true }),
                Some("hq@oem.example"),
                false,
            ),
            (
                serde_json::json!({ "email": "wang", "preferred_username": "hq@oem.example", "email_verified": "true" }),
                Some("hq@oem.example"),
                false,
            ),
            (serde_json::json!({ "preferred_username": "wang" }), None, false),
        ] {
            let told = told(claims);
            let made_sure_of = email.filter(|_| verified);
            assert_eq!((told.email().as_deref(), told.verified_email().as_deref()), (email, made_sure_of));
        }
    }

    #[test]
    fn for_us_alone() {
        for (claims, fine) in [
            (serde_json::json!({ "aud": "tower" }), true),
            (serde_json::json!({ "aud": ["tower"], "azp": "tower" }), true),
            (serde_json::json!({ "aud": ["tower", "other"], "azp": "tower" }), false),
            (serde_json::json!({ "aud": "tower", "azp": "other" }), false),
            (serde_json::json!({ "aud": [] }), false),
        ] {
            let Value::Object(claims) = claims else { panic!("claims are an object") };
            assert_eq!(is_for_us_alone(&claims, "tower").is_ok(), fine, "{claims:?}");
        }
    }
}
