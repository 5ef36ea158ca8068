//! One POST: no redirect followed, no answer read beyond its bound, every way to fail named without the address.

use std::error::Error;
use std::time::Duration;

use farsight_rulebook::time::Instant;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT};
use reqwest::{Client, StatusCode, Url};

use crate::outcome::{GONE, Outcome};
use crate::reach::{Refusal, Resolver};
use crate::{CourierError, Reach};

/// No receiver is waited for longer than this on its own wish; the schedule goes no further either.
const LONGEST_WISH: Duration = Duration::from_hours(24);
/// Nothing that a robot has to say is longer.
pub(crate) const ANSWER_BYTES: usize = 64 * 1024;

/// A client that stays within a reach.
pub(crate) fn client(reach: &Reach) -> Result<Client, CourierError> {
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy() // a proxy from the environment would connect where the reach cannot judge
        .referer(false)
        .dns_resolver(Resolver(reach.clone()));
    builder.build().map_err(|error| CourierError::Tls { why: root_cause(&error) })
}

/// What a receiver answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// As much as was asked for and came.
    pub(crate) body: Vec<u8>,
}

/// Posts JSON and reads at most `limit` bytes of the answer.
pub(crate) async fn post(
    client: &Client,
    url: Url,
    mut headers: HeaderMap,
    body: Vec<u8>,
    limit: usize,
) -> Result<Answer, Outcome> {
    let host = url.host_str().unwrap_or_default().to_owned();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("Farsight/", env!("CARGO_PKG_VERSION"))));
    let sent = client.post(url).headers(headers).body(body).send().await;
    let mut response = sent.map_err(|error| lost(&host, &error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    // An answer that breaks off is kept as far as it came: the status has been said.
    while body.len() < limit {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]);
    }
    Ok(Answer { status, headers, body })
}

/// What to make of a request without an answer.
fn lost(host: &str, error: &reqwest::Error) -> Outcome {
    if let Some(refusal) = causes(error).find_map(|cause| cause.downcast_ref::<Refusal>()) {
        return Outcome::never(refusal.to_string());
    }
    Outcome::later(format!("tried to post to {host}: {}; it is tried again", root_cause(error)))
}

/// An error and what caused it, the outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}

/// The innermost cause, in words: unlike the outermost it never tells the address.
fn root_cause(error: &reqwest::Error) -> String {
    let inner = causes(error).skip(1).last();
    inner.map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}

/// What an HTTP status means where nothing in the body says it better; `None` when the message was taken.
pub(crate) fn judged_by_status(host: &str, answer: &Answer, now: Instant) -> Option<Outcome> {
    let status = answer.status;
    match status.as_u16() {
        200..=299 => None,
        300..=399 => Some(Outcome::never(redirected(host, answer))),
        410 => Some(Outcome::never(format!(
            "{GONE}: {host} answered 410 Gone; enter it anew if it is to get messages again"
        ))),
        408 | 425 | 429 | 500..=599 => Some(Outcome::Later {
            why: format!("tried to post to {host}: answered {status}; it is tried again"),
            after: retry_after(&answer.headers, now),
        }),
        _ => Some(Outcome::never(format!(
            "tried to post to {host}: answered {status}; check its address and keys"
        ))),
    }
}

/// The words for a redirect; they name where it points only by host.
fn redirected(host: &str, answer: &Answer) -> String {
    let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let target =
        location.and_then(|text| Url::parse(text).ok()).and_then(|url| url.host_str().map(str::to_owned));
    let to = target.map_or_else(String::new, |target| format!(" to {target}"));
    format!(
        "{host} answered with a redirect{to} ({}), which is not followed: enter the final address",
        answer.status
    )
}

/// How long a receiver asks to wait: seconds or an HTTP date, or Feishu's own header.
pub(crate) fn retry_after(headers: &HeaderMap, now: Instant) -> Option<Duration> {
    let value =
        headers.get(RETRY_AFTER).or_else(|| headers.get("x-ogw-ratelimit-reset"))?.to_str().ok()?.trim();
    let wish = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(value, now)?,
    };
    Some(wish.min(LONGEST_WISH))
}

/// The time from now to an HTTP date, none when it has passed.
fn until(date: &str, now: Instant) -> Option<Duration> {
    let at: Timestamp = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Duration::try_from(at.duration_since(now.timestamp())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_and_bounded() {
        let now = Instant("2015-10-21T07:27:00Z".parse::<Timestamp>().unwrap().as_microsecond());
        for (value, expected) in [
            ("120", Some(120)),
            ("99999999", Some(86_400)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:20:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{value}");
        }
    }
}
