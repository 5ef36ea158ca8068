//! Whether a token is a provider's word that sessions are over (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6), and whose.
//!
//! The library reads tokens that name a person; one that ends sessions may name a session alone. So it is taken apart here,
//! and the library is asked for the signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use farsight_rulebook::time::{Instant, MINUTE, SECOND};
use openidconnect::core::{CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey as _, SignatureVerificationError};
use serde_json::{Map, Value};

use crate::judge::{AHEAD, ALGORITHMS, begins, is_for_us_alone};
use crate::{IdentityError, Registration};

/// What such a token has among its events.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// What such a token may call itself, in any case of letters; or nothing.
const TYPES: [&str; 4] = ["jwt", "application/jwt", "logout+jwt", "application/logout+jwt"];

/// How far a provider's clock may be behind.
const BEHIND: i64 = MINUTE;

/// Whose sessions are over: at least one of the two is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
    /// Of whom, as only the provider names them.
    pub subject: Option<String>,
    /// Which one, as the provider names its own session.
    pub session: Option<String>,
    /// Until when those of a person had begun, by our clock: the word says nothing of what begins after it, also when it is told again.
    pub begun_by: Instant,
}

/// Whose sessions a provider ends by this token, if it is its word, for this client alone, and now.
pub(crate) fn judge(
    token: &str,
    keys: &CoreJsonWebKeySet,
    registration: &Registration,
    now: Instant,
) -> Result<Farewell, IdentityError> {
    let claims = signed(token, keys)?;
    if claims.get("iss").and_then(Value::as_str) != Some(registration.issuer.as_str()) {
        return Err(IdentityError::Issuer);
    }
    is_for_us_alone(&claims, &registration.client_id)?;
    let issued = is_of_now(&claims, now)?;
    if !claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
        return Err(IdentityError::Odd("it ends nothing".to_owned()));
    }
    // One to sign in by has a nonce, and ends none.
    if claims.contains_key("nonce") {
        return Err(IdentityError::Nonce);
    }
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str).map(str::to_owned);
    let begun_by = Instant(issued.0.saturating_add(BEHIND));
    let farewell = Farewell { subject: text("sub"), session: text("sid"), begun_by };
    if farewell.subject.is_none() && farewell.session.is_none() {
        return Err(IdentityError::Odd("it names neither a person nor a session".to_owned()));
    }
    Ok(farewell)
}

/// The claims of a token that one of the keys signed.
fn signed(token: &str, keys: &CoreJsonWebKeySet) -> Result<Map<String, Value>, IdentityError> {
    let odd = || IdentityError::Odd("it cannot be read".to_owned());
    let (message, signature) = token.rsplit_once('.').ok_or_else(odd)?;
    let (header, payload) = message.split_once('.').ok_or_else(odd)?;
    let header = object(header).ok_or_else(odd)?;
    let algorithm = algorithm(&header)?;
    if !is_kind(&header) {
        return Err(IdentityError::Odd("it calls itself something else".to_owned()));
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| odd())?;
    is_signed(&header, &algorithm, keys, (message.as_bytes(), &signature))?;
    object(payload).ok_or_else(odd)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn algorithm(header: &Map<String, Value>) -> Result<CoreJwsSigningAlgorithm, IdentityError> {
    let named = header.get("alg").cloned().unwrap_or_default();
    if named == "none" {
        return Err(IdentityError::Unsigned);
    }
    let algorithm = serde_json::from_value(named).ok().filter(|named| ALGORITHMS.contains(named));
    algorithm.ok_or(IdentityError::Algorithm)
}

/// Whether nothing in the header says that the token is to be read in another way.
fn is_kind(header: &Map<String, Value>) -> bool {
    let kind = header.get("typ").map(|kind| kind.as_str().unwrap_or_default().to_ascii_lowercase());
    kind.is_none_or(|kind| TYPES.contains(&kind.as_str()))
        && !header.contains_key("crit")
        && !header.contains_key("cty")
}

/// By one of the keys that the token may mean: those of the name it gives, or all.
fn is_signed(
    header: &Map<String, Value>,
    algorithm: &CoreJwsSigningAlgorithm,
    keys: &CoreJsonWebKeySet,
    (message, signature): (&[u8], &[u8]),
) -> Result<(), IdentityError> {
    let named = header.get("kid").and_then(Value::as_str);
    let meant = keys.keys().iter().filter(|key| match (named, key.key_id()) {
        (Some(named), Some(id)) => id.as_str() == named,
        (Some(_), None) => false,
        (None, _) => true,
    });
    let mut why = IdentityError::Key;
    for key in meant {
        match key.verify_signature(algorithm, message, signature) {
            Ok(()) => return Ok(()),
            Err(SignatureVerificationError::InvalidKey(_)) => {}
            Err(_) => why = IdentityError::Signature,
        }
    }
    Err(why)
}

/// When it was issued, if it is of now.
fn is_of_now(claims: &Map<String, Value>, now: Instant) -> Result<Instant, IdentityError> {
    let at = |claim: &str| {
        claims
            .get(claim)
            .and_then(Value::as_f64)
            .ok_or_else(|| IdentityError::Odd(format!("it has no {claim}")))
    };
    let (ends, issued) = (at("exp")?, at("iat")?);
    let seconds = |instant: i64| instant as f64 / SECOND as f64;
    if ends <= seconds(now.0) {
        return Err(IdentityError::Expired);
    }
    if issued > seconds(now.0.saturating_add(AHEAD)) {
        return Err(IdentityError::Early);
    }
    begins(claims, now)?;
    Ok(Instant((issued * SECOND as f64) as i64))
}
