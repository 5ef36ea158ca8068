//! The machine that calls, and the desk it works at.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use farsight_control::{ControlError, Desk};
use farsight_rulebook::messages::Language;
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::time::{HOUR, Instant};
use farsight_store::registry::Tenant;
use farsight_store::tokens::Held;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::problem::{Given, Problem};
use crate::App;
use crate::reader::Reader;
use crate::seat::Seat;

/// A machine that showed a token and may be where it is. Operations have it only behind [`super::admit`].
#[derive(Clone)]
pub(crate) struct Caller(Arc<Inner>);

struct Inner {
    seat: Seat,
    currency: Currency,
    held: Held,
    language: Language,
    /// The present moment that it says, of a simulated tenant.
    simulated: Option<Instant>,
}

impl Caller {
    pub(crate) fn new(
        app: &App,
        tenant: Tenant,
        held: Held,
        reader: Reader,
        (now, simulated): (Instant, Option<Instant>),
    ) -> Result<Self, ControlError> {
        let zone = farsight_control::ground::zone(&tenant)?;
        let currency = farsight_control::ground::currency(&tenant)?;
        let language = reader.language;
        let now = simulated.unwrap_or(now);
        let seat = Seat::new(app, (tenant, zone), (held.user, held.role, &held.machine), now);
        Ok(Self(Arc::new(Inner { seat, currency, held, language, simulated })))
    }

    /// Where it works.
    pub(crate) fn seat(&self) -> &Seat {
        &self.0.seat
    }

    /// What the routes work with.
    pub(crate) fn app(&self) -> &App {
        self.0.seat.app()
    }

    /// Whose network it is.
    pub(crate) fn tenant(&self) -> &Tenant {
        self.0.seat.tenant()
    }

    /// Its token.
    pub(crate) fn held(&self) -> &Held {
        &self.0.held
    }

    /// The present moment: of a simulated tenant the one that it says.
    pub(crate) fn now(&self) -> Instant {
        self.0.simulated.unwrap_or_else(|| (self.app().parts.clock)())
    }

    /// The moment that it says, of a simulated tenant.
    pub(crate) fn simulated(&self) -> Option<Instant> {
        self.0.simulated
    }

    /// How it wishes texts to be.
    pub(crate) fn language(&self) -> Language {
        self.0.language
    }

    /// A moment as RFC 3339, in the tenant's zone.
    pub(crate) fn moment(&self, at: Instant) -> String {
        self.0.seat.zone().rfc3339(at)
    }

    /// The same of microseconds since 1970.
    pub(crate) fn micros(&self, at: i64) -> String {
        self.moment(Instant(at))
    }

    /// An amount with its currency.
    pub(crate) fn amount(&self, amount: Money) -> super::paging::Amount {
        super::paging::Amount::of(self.0.currency, amount)
    }

    /// An amount that was written as a decimal of the tenant's currency.
    pub(crate) fn read_amount(&self, text: &str) -> Option<Money> {
        self.0.currency.parse(text.trim()).ok()
    }

    /// Carries a use case out at a desk with this machine's scope, on a thread that may block.
    pub(crate) async fn at_desk<T, F>(&self, work: F) -> Given<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk) -> Result<T, ControlError> + Send + 'static,
    {
        Ok(self.0.seat.at_desk(work).await?)
    }

    /// The desk of this machine at another moment than that of the request.
    pub(crate) fn desk(&self, now: Instant) -> Result<Desk, ControlError> {
        let seat = &self.0.seat;
        seat.app().desk(seat.tenant(), seat.zone(), (seat.user(), seat.role(), seat.actor()), now)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Given<Self> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::not_found)
    }
}

/// More tokens than this are not remembered at once.
const KNOWN: usize = 10_000;

type Token = (i32, i32);

/// How often each token called, and what of that is written down already. Each replica counts for itself.
#[derive(Default)]
pub(crate) struct Calls {
    limits: Mutex<HashMap<Token, (u32, Arc<DefaultDirectRateLimiter>)>>,
    noted: Mutex<(i64, HashSet<(Token, String)>)>,
}

impl Calls {
    /// Counts a call; too many: how long to wait. A burst of a minute's calls is let through.
    pub(crate) fn check(&self, token: Token, rate: u32) -> Result<(), Duration> {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        if limits.len() > KNOWN {
            limits.clear();
        }
        let limit = match limits.get(&token) {
            Some((known, limit)) if *known == rate => Arc::clone(limit),
            _ => {
                let quota = Quota::per_minute(NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN));
                let limit = Arc::new(RateLimiter::direct(quota));
                limits.insert(token, (rate, Arc::clone(&limit)));
                limit
            }
        };
        drop(limits);
        limit.check().map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
    }

    /// Whether this use of a token in this hour is news to this process.
    pub(crate) fn is_news(&self, token: Token, what: &str, now: Instant) -> bool {
        let hour = now.0.div_euclid(HOUR);
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.0 != hour {
            *noted = (hour, HashSet::new());
        }
        !noted.1.contains(&(token, what.to_owned()))
    }

    /// It is written down.
    pub(crate) fn note(&self, token: Token, what: &str) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.1.insert((token, what.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_has_a_rate_of_its_own() {
        let calls = Calls::default();
        assert!(calls.check((1, 1), 2).is_ok() && calls.check((1, 1), 2).is_ok());
        assert!(calls.check((1, 1), 2).is_err_and(|wait| wait <= Duration::from_secs(31)));
        assert!(calls.check((1, 2), 2).is_ok(), "another token");
        assert!(calls.check((2, 1), 2).is_ok(), "another tenant's");
        assert!(calls.check((1, 1), 3).is_ok(), "a rate that was changed holds at once");
    }

    #[test]
    fn a_use_is_news_once_an_hour() {
        let calls = Calls::default();
        assert!(calls.is_news((1, 1), "read", Instant(0)));
        calls.note((1, 1), "read");
        assert!(!calls.is_news((1, 1), "read", Instant(HOUR - 1)));
        assert!(calls.is_news((1, 1), "act", Instant(HOUR - 1)));
        assert!(calls.is_news((1, 1), "read", Instant(HOUR)));
    }
}
