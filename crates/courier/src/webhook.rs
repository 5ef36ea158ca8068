//! Standard Webhooks: id, timestamp and signature in the headers, type, timestamp and data in the body, byte for byte
//! the same body in every try. A receiver that answers 2xx has it; nobody reads what else it says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_rulebook::time::Instant;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use crate::http;
use crate::message::Message;
use crate::outcome::Outcome;
use crate::reach::Reach;
use crate::secret::Secret;
use crate::signature::signature;

/// A key has so many bytes, as the standard says.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Receivers refuse what is much longer.
const BODY_BYTES: usize = 256 * 1024;

/// Why a webhook cannot be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookFault {
    /// It has no key, or more than are ever changed at once.
    #[error("a webhook has one signing key, or two while they are being changed: enter them")]
    KeyCount,
    /// A key is not of the standard's form.
    #[error("a webhook's signing key is whsec_ and the base64 of 24 to 64 bytes: make a new one")]
    Key,
    /// The event is too long.
    #[error("the event is longer than 256 KiB: send less data with it")]
    TooLong,
}

impl WebhookFault {
    /// A stable name of the fault.
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyCount => "webhook_key_count",
            Self::Key => "webhook_key",
            Self::TooLong => "webhook_too_long",
        }
    }
}

/// Posts a message as an event.
pub(crate) async fn send(
    client: &reqwest::Client,
    reach: &Reach,
    (url, secrets): (&Secret, &[Secret]),
    message: &Message,
    now: Instant,
) -> Outcome {
    let url = match reach.webhook(url.expose()) {
        Ok(url) => url,
        Err(refusal) => return Outcome::never(refusal.to_string()),
    };
    let (headers, body) = match signed(message, secrets, now) {
        Ok(signed) => signed,
        Err(fault) => return Outcome::never(fault.to_string()),
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    match http::post(client, url, headers, body, 0).await {
        Ok(answer) => http::judged_by_status(&host, &answer, now)
            .unwrap_or_else(|| Outcome::Delivered { detail: format!("{host} answered {}", answer.status) }),
        Err(outcome) => outcome,
    }
}

fn signed(message: &Message, secrets: &[Secret], now: Instant) -> Result<(HeaderMap, Vec<u8>), WebhookFault> {
    let body = json!({ "type": message.event, "timestamp": message.at, "data": message.data }).to_string();
    if body.len() > BODY_BYTES {
        return Err(WebhookFault::TooLong);
    }
    let timestamp = now.0.div_euclid(1_000_000).to_string();
    let signatures = signatures(&message.id, &timestamp, body.as_bytes(), secrets)?;
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("webhook-id", &message.id), ("webhook-timestamp", &timestamp), ("webhook-signature", &signatures)]
    {
        // id, number and base64 hold no character that a header could not
        let Ok(value) = HeaderValue::from_str(value) else { return Err(WebhookFault::Key) };
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok((headers, body.into_bytes()))
}

/// `v1,BASE64` of `id.timestamp.body` under each key, space-separated.
fn signatures(id: &str, timestamp: &str, body: &[u8], secrets: &[Secret]) -> Result<String, WebhookFault> {
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let each: Vec<_> = keys(secrets)?.iter().map(|key| format!("v1,{}", signature(key, &parts))).collect();
    Ok(each.join(" "))
}

/// The bytes of a webhook's keys: one, or two while they are being changed.
pub(crate) fn keys(secrets: &[Secret]) -> Result<Vec<Vec<u8>>, WebhookFault> {
    if !(1..=2).contains(&secrets.len()) {
        return Err(WebhookFault::KeyCount);
    }
    secrets.iter().map(key).collect()
}

/// The bytes of a `whsec_` key.
fn key(secret: &Secret) -> Result<Vec<u8>, WebhookFault> {
    let coded = secret.expose().strip_prefix("whsec_").ok_or(WebhookFault::Key)?;
    let bytes = STANDARD.decode(coded).map_err(|_| WebhookFault::Key)?;
    if KEY_BYTES.contains(&bytes.len()) { Ok(bytes) } else { Err(WebhookFault::Key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(secrets: &[&str]) -> Result<String, &'static str> {
        let secrets: Vec<_> = secrets.iter().map(|text| Secret::new(*text)).collect();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
        signatures(id, "1614265330", body, &secrets).map_err(WebhookFault::code)
    }

    #[test]
    fn the_published_example() {
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(of(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]), Ok(expected.to_owned()));
    }

    #[test]
    fn two_keys_sign_side_by_side() {
        let both = of(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
            .unwrap();
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(Ok(first.to_owned()), of(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]));
        assert_eq!(Ok(second.to_owned()), of(&["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]));
    }

    #[test]
    fn other_keys_are_refused() {
        assert_eq!(of(&[]), Err("webhook_key_count"));
        assert_eq!(of(&["whsec_AAAA", "whsec_AAAA", "whsec_AAAA"]), Err("webhook_key_count"));
        for key in ["whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!"] {
            assert_eq!(of(&[key]), Err("webhook_key"), "{key}");
        }
    }
}
