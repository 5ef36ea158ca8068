//! Who is signed in, and the desk they work at.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use farsight_control::doors::Visitor;
use farsight_control::{ControlError, Desk};
use farsight_ledger::settlement::Role;
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::registry::Tenant;
use minijinja::Value;
use serde_json::json;

use crate::page::{Frame, PageError, PageResult};
use crate::reader::Reader;
use crate::seat::Seat;
use crate::views::value;
use crate::{App, nav};

/// Somebody who is signed in and may be where they are. Routes have it only behind [`crate::admit`].
#[derive(Clone)]
pub(crate) struct Entered(Arc<Inner>);

struct Inner {
    seat: Seat,
    currency: Currency,
    visitor: Visitor,
    secret: String,
    reader: Reader,
    uri: Uri,
    done: Option<String>,
}

impl Entered {
    pub(crate) fn new(
        app: &App,
        tenant: Tenant,
        (visitor, secret): (Visitor, String),
        (headers, uri): (&HeaderMap, &Uri),
        now: Instant,
    ) -> Result<Self, PageError> {
        let reader = Reader::of(headers, &visitor.account.language);
        let zone = farsight_control::ground::zone(&tenant)?;
        let currency = farsight_control::ground::currency(&tenant)?;
        let (uri, done) = (uri.clone(), crate::page::done_of(headers));
        let account = &visitor.account;
        let seat = Seat::new(app, (tenant, zone), (account.user, account.role, &account.email), now);
        Ok(Self(Arc::new(Inner { seat, currency, visitor, secret, reader, uri, done })))
    }

    /// Where they work.
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

    /// The tenant's zone.
    pub(crate) fn zone(&self) -> &Zone {
        self.0.seat.zone()
    }

    /// The present moment, the same for the whole request.
    pub(crate) fn now(&self) -> Instant {
        self.0.seat.now()
    }

    /// What they may do.
    pub(crate) fn role(&self) -> Role {
        self.0.visitor.account.role
    }

    /// The address they signed in with.
    pub(crate) fn email(&self) -> &str {
        &self.0.visitor.account.email
    }

    /// Their number.
    pub(crate) fn user(&self) -> i32 {
        self.0.visitor.account.user
    }

    /// The dealers they work for, of a dealer.
    pub(crate) fn dealers(&self) -> &[String] {
        &self.0.visitor.account.dealers
    }

    /// The regions they see, of a regional manager.
    pub(crate) fn regions(&self) -> &[String] {
        &self.0.visitor.account.regions
    }

    /// Who they are, with what they are known by.
    pub(crate) fn visitor(&self) -> &Visitor {
        &self.0.visitor
    }

    /// The secret of their session.
    pub(crate) fn secret(&self) -> &str {
        &self.0.secret
    }

    /// How they wish to read.
    pub(crate) fn reader(&self) -> Reader {
        self.0.reader
    }

    /// Carries a use case out at a desk with this person's scope, on a thread that may block.
    pub(crate) async fn at_desk<T, F>(&self, work: F) -> Result<T, PageError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk) -> Result<T, ControlError> + Send + 'static,
    {
        Ok(self.0.seat.at_desk(work).await?)
    }

    /// What every page of theirs has.
    pub(crate) fn frame(&self) -> Frame<'_> {
        let it = &self.0;
        let account = &it.visitor.account;
        let nav = if it.visitor.before.is_none() { nav::of(account.role, it.uri.path()) } else { Vec::new() };
        let person = value(json!({
            "user": { "email": account.email, "name": account.name, "role": account.role.name() },
            "tenant": { "code": self.tenant().code, "name": self.tenant().name, "simulated": self.tenant().simulated, "currency": self.tenant().currency },
            "nav": nav,
        }));
        Frame {
            app: self.app(),
            reader: it.reader,
            zone: self.zone().clone(),
            currency: it.currency,
            now: self.now(),
            uri: &it.uri,
            done: it.done.clone(),
            person,
        }
    }

    /// A page of theirs.
    pub(crate) fn page(&self, template: &str, context: Value) -> PageResult {
        self.frame().page(template, context)
    }

    /// On to another page after something was done.
    #[expect(clippy::unused_self, reason = "it reads as what this person does next")]
    pub(crate) fn onward(&self, to: &str, done: &str) -> Response {
        crate::page::onward(to, done)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Entered {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        // Absent only where a route says that anyone may come, and then asks who came.
        parts.extensions.get::<Self>().cloned().ok_or(PageError::NotFound)
    }
}
