//! Where a person or a machine works: tenant, zone, role, and the desk at which use cases are carried out. What pages and
//! the machines' door share is given a seat, and asks no more of who sits there.

use std::sync::Arc;

use farsight_control::{ControlError, Desk};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::registry::Tenant;

use crate::App;
use crate::page::PageError;

/// Somebody's seat: a copy is the same seat.
#[derive(Clone)]
pub(crate) struct Seat(Arc<Inner>);

struct Inner {
    app: App,
    tenant: Tenant,
    zone: Zone,
    user: i32,
    role: Role,
    actor: String,
    now: Instant,
}

/// Why work at a seat came to nothing.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The use case says why.
    Control(ControlError),
    /// Something is broken; for operators.
    Broken(String),
}

impl From<ControlError> for Failed {
    fn from(error: ControlError) -> Self {
        Self::Control(error)
    }
}

impl From<Failed> for PageError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Control(error) => error.into(),
            Failed::Broken(why) => Self::Fault(why),
        }
    }
}

impl Seat {
    /// The seat of a user (number, role, and the name that is written down) at a moment.
    pub(crate) fn new(
        app: &App,
        (tenant, zone): (Tenant, Zone),
        (user, role, actor): (i32, Role, &str),
        now: Instant,
    ) -> Self {
        Self(Arc::new(Inner { app: app.clone(), tenant, zone, user, role, actor: actor.to_owned(), now }))
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

    /// The user's number.
    pub(crate) fn user(&self) -> i32 {
        self.0.user
    }

    /// What the user may do.
    pub(crate) fn role(&self) -> Role {
        self.0.role
    }

    /// As whom the audit log names the user.
    pub(crate) fn actor(&self) -> &str {
        &self.0.actor
    }

    /// Carries a use case out at a desk with this user's scope, on a thread that may block.
    pub(crate) async fn at_desk<T, F>(&self, work: F) -> Result<T, Failed>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk) -> Result<T, ControlError> + Send + 'static,
    {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&mut this.desk()?));
        done.await.map_err(|error| Failed::Broken(error.to_string()))?.map_err(Failed::Control)
    }

    /// The desk of this user.
    pub(crate) fn desk(&self) -> Result<Desk, ControlError> {
        let it = &self.0;
        it.app.desk(&it.tenant, &it.zone, (it.user, it.role, &it.actor), it.now)
    }
}
