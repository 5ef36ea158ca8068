//! What jobs work with: passed in, so that a test passes its own clock, network and store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use farsight_control::sealing::Sealer;
use farsight_control::watches::Places;
use farsight_control::{ControlError, Desk};
use farsight_rulebook::time::Instant;
use farsight_store::pool::Pool;
use farsight_store::registry::{self, Tenant};
use farsight_store::{Database, Session, StoreError};

use crate::watch::Watch;

/// Tells the present moment: the binary's one clock, or a test's.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Who acts when nobody asked: so it stands in the audit log.
pub const ACTOR: &str = "farsight:jobs";

/// What jobs work with.
pub struct Means {
    /// Where the data is.
    pub database: Database,
    /// Sessions for it.
    pub pool: Pool,
    /// The clock.
    pub clock: Clock,
    /// What secrets are sealed with.
    pub sealer: Sealer,
    /// Where evidence is kept.
    pub evidence: farsight_evidence::Store,
    /// What fetches pictures from cameras.
    pub fetcher: farsight_cameras::Fetcher,
    /// What carries messages.
    pub courier: Arc<farsight_courier::Courier>,
    /// Where files with facts are put.
    pub watched: Watched,
    /// Who watches.
    pub watch: Arc<dyn Watch>,
    /// The tenants there are, by number; as last looked.
    pub tenants: Tenants,
}

/// Where files with facts are put.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// Where each tenant's watched places may be.
    pub places: Places,
    /// How buckets are signed in to: the usual `AWS_…` variables.
    pub settings: Vec<(String, String)>,
}

impl Means {
    /// The present moment.
    pub fn now(&self) -> Instant {
        (self.clock)()
    }

    /// A desk for a tenant, on a session of the pool.
    pub fn desk(&self, tenant: &Tenant) -> Result<Desk, ControlError> {
        Ok(self.desk_on(self.pool.session()?, tenant))
    }

    /// A desk for a tenant, on a session at hand.
    pub fn desk_on(&self, session: Session, tenant: &Tenant) -> Desk {
        Desk {
            database: self.database.clone(),
            session,
            tenant: tenant.clone(),
            actor: ACTOR.to_owned(),
            now: self.now(),
            person: None,
        }
    }
}

/// The tenants there are.
#[derive(Default)]
pub struct Tenants {
    known: Mutex<HashMap<i32, Tenant>>,
}

impl Tenants {
    /// Looks again which tenants there are, and gives all of them.
    pub fn look(&self, database: &Database) -> Result<Vec<Tenant>, StoreError> {
        let tenants = registry::tenants(database)?;
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *known = tenants.iter().map(|tenant| (tenant.id, tenant.clone())).collect();
        Ok(tenants)
    }

    /// The tenant of a number; looks again where it is not known yet.
    pub fn find(&self, database: &Database, id: i32) -> Result<Option<Tenant>, StoreError> {
        if let Some(tenant) = self.known(id) {
            return Ok(Some(tenant));
        }
        self.look(database)?;
        Ok(self.known(id))
    }

    /// The number of the tenant that was made first, as last looked.
    pub fn oldest(&self) -> Option<i32> {
        let known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.keys().min().copied()
    }

    fn known(&self, id: i32) -> Option<Tenant> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&id).cloned()
    }
}
