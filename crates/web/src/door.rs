//! The door: pages for somebody who is not known, and how often one may knock.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum_extra::extract::CookieJar;
use farsight_control::doors::Refusal;
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::Zone;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use minijinja::{Value, context};

use crate::App;
use crate::page::{Frame, PageError, PageResult, done_of};
use crate::reader::Reader;

/// The cookie of the tenant somebody signed in to last.
pub(crate) const TENANT: &str = "tenant";

/// How often one may try from one address: a burst of so many, and as many a minute. Each replica counts for itself;
/// what holds over all of them is the lock of the account.
const TRIES: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
/// Addresses are forgotten when so many are known, but for those that knock just now.
const KNOWN: usize = 10_000;

/// How often who knocked.
pub(crate) struct Pace {
    knocked: DefaultKeyedRateLimiter<String>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { knocked: DefaultKeyedRateLimiter::keyed(Quota::per_minute(TRIES)) }
    }
}

impl Pace {
    /// Counts a try from an address; too many: how long to wait.
    pub(crate) fn check(&self, address: &str) -> Result<(), Duration> {
        if self.knocked.len() > KNOWN {
            self.knocked.retain_recent();
        }
        self.knocked
            .check_key(&address.to_owned())
            .map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
    }
}

/// Somebody at the door, of whom nothing is known but what their browser wishes.
pub(crate) struct AtDoor {
    pub(crate) app: App,
    pub(crate) headers: HeaderMap,
    pub(crate) uri: Uri,
}

impl AtDoor {
    /// What a page has for somebody who is not known.
    fn frame(&self) -> Result<Frame<'_>, PageError> {
        Ok(Frame {
            app: &self.app,
            reader: Reader::of(&self.headers, ""),
            // No value of a tenant is shown at the door.
            zone: Zone::named("UTC").map_err(|error| PageError::Fault(error.to_string()))?,
            currency: Currency::of("CNY").ok_or(PageError::NotFound)?,
            now: (self.app.parts.clock)(),
            uri: &self.uri,
            done: done_of(&self.headers),
            person: context! {},
        })
    }

    /// A page at the door.
    pub(crate) fn page(&self, template: &str, context: Value, status: StatusCode) -> PageResult {
        let mut answer = self.frame()?.page(template, context)?;
        *answer.status_mut() = status;
        Ok(answer)
    }

    /// The page again with why not, beside what was typed.
    pub(crate) fn refused(&self, template: &str, refusal: Refusal, typed: Value) -> PageResult {
        let minutes = if let Refusal::Locked { minutes } = refusal { minutes } else { 0 };
        let why = context! { refusal => context! { code => refusal.code(), minutes } };
        self.page(template, minijinja::value::merge_maps([why, typed]), StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// The tenants to choose from: named at the door only where there is but one.
    pub(crate) fn tenant_asked(&self) -> Option<String> {
        Some(CookieJar::from_headers(&self.headers).get(TENANT)?.value().to_owned())
    }

    /// The page again, for there were too many tries from there.
    pub(crate) fn often(&self, template: &str, wait: Duration, typed: Value) -> PageResult {
        let why = context! { refusal => context! { code => "sign_in_often" } };
        let whole = minijinja::value::merge_maps([why, typed]);
        let mut answer = self.page(template, whole, StatusCode::TOO_MANY_REQUESTS)?;
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        Ok(answer)
    }

    /// An error as a page.
    pub(crate) fn told(&self, error: &PageError, status: StatusCode) -> PageResult {
        self.frame()?.told(error, status)
    }
}

/// Where a browser is, as far as it can be told.
pub(crate) fn address_of(app: &App, headers: &HeaderMap, connected: Option<SocketAddr>) -> String {
    let told = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    // The last one was written by the proxy at hand; those before it by anybody.
    let told =
        told.and_then(|told| told.rsplit(',').next()).map(|told| told.trim().chars().take(64).collect());
    match told {
        Some(told) if app.parts.front.behind_proxy => told,
        _ => connected.map_or_else(String::new, |at| at.ip().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_knocks_too_often_waits() {
        let pace = Pace::default();
        for _ in 0..TRIES.get() {
            assert!(pace.check("192.0.2.1").is_ok());
        }
        assert!(pace.check("192.0.2.1").is_err_and(|wait| wait <= Duration::from_mins(1)));
        assert!(pace.check("192.0.2.2").is_ok());
    }
}
