//! Whether anything happened: what live pages ask every other second.

use farsight_rulebook::time::Instant;
use farsight_store::pulse::{self, Pulse};
use farsight_store::registry::Tenant;
use farsight_store::session::{Isolation, Session};

use crate::{ControlError, ground};

/// The tenant's pulse now. It tells only that something happened, never what: each page then asks within its own scope.
pub fn feel(session: &mut Session, tenant: &Tenant, now: Instant) -> Result<Pulse, ControlError> {
    let today = ground::zone(tenant)?.date(now);
    session.transaction(tenant.network(), Isolation::ReadCommitted, |tx| Ok(pulse::pulse(tx, today)?))
}
