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
use crate::views::value;
use crate::{App, nav};

/// Somebody who is signed in and may be where they are. Routes have it only behind [`crate::admit`].
#[derive(Clone)]
pub(crate) struct Entered(Arc<Inner>);

struct Inner {
    app: App,
    tenant: Tenant,
    zone: Zone,
    currency: Currency,
    visitor: Visitor,
    secret: String,
    reader: Reader,
    now: Instant,
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
        Ok(Self(Arc::new(Inner {
            app: app.clone(),
            tenant,
            zone,
            currency,
            visitor,
            secret,
            reader,
            now,
            uri,
            done,
        })))
    }

    /// What the routes work with.
    pub(crate) fn app(&self) -> &App {
        &self.0.app
    }

    /// Whose network it is.
    pub(crate) fn tenant(&self) -> &Tenant {
        &self.0.tenant
    }

    /// The tenant's zone.
    pub(crate) fn zone(&self) -> &Zone {
        &self.0.zone
    }

    /// The present moment, the same for the whole request.
    pub(crate) fn now(&self) -> Instant {
        self.0.now
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
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&mut this.desk()?));
        done.await.map_err(|error| PageError::Fault(error.to_string()))?.map_err(PageError::from)
    }

    /// The desk of this person.
    pub(crate) fn desk(&self) -> Result<Desk, ControlError> {
        let it = &self.0;
        it.app.desk(&it.tenant, &it.zone, (self.user(), self.role(), self.email()), it.now)
    }

    /// What every page of theirs has.
    pub(crate) fn frame(&self) -> Frame<'_> {
        let it = &self.0;
        let account = &it.visitor.account;
        let nav = if it.visitor.before.is_none() { nav::of(account.role, it.uri.path()) } else { Vec::new() };
        let person = value(json!({
            "user": { "email": account.email, "name": account.name, "role": account.role.name() },
            "tenant": { "code": it.tenant.code, "name": it.tenant.name, "simulated": it.tenant.simulated, "currency": it.tenant.currency },
            "nav": nav,
        }));
        Frame {
            app: &it.app,
            reader: it.reader,
            zone: it.zone.clone(),
            currency: it.currency,
            now: it.now,
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
