//! The tenant's ground: policy versions, zone, calendar.

use std::sync::Arc;

use farsight_rulebook::case::Ground;
use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::{Policy, Timeline, Version};
use farsight_rulebook::time::Zone;
use farsight_store::registry::Tenant;
use farsight_store::{StoreError, Tx, facts, policies};

use crate::{ControlError, calendars};

/// Reads the ground of a tenant.
pub(crate) fn load(tx: &mut Tx, tenant: &Tenant) -> Result<Ground, ControlError> {
    let zone = zone(tenant)?;
    let currency = currency(tenant)?;
    let mut versions = Vec::new();
    for published in policies::all(tx)? {
        let policy = Policy::read(&published.body, currency).map_err(|faults| ControlError::Policy {
            file: format!("version {}", published.version),
            faults,
        })?;
        versions.push(Version {
            number: published.version,
            effective_on: published.effective_on,
            policy: Arc::new(policy),
        });
    }
    let mut calendar = calendars::shipped()?;
    facts::read::calendar(tx, &mut calendar)?;
    Ok(Ground { timeline: Timeline::new(versions, tenant.first_judged_day), zone, calendar })
}

/// The tenant's zone.
pub fn zone(tenant: &Tenant) -> Result<Zone, ControlError> {
    Zone::named(&tenant.time_zone).map_err(|error| ControlError::Usage(error.to_string()))
}

/// The tenant's currency.
pub fn currency(tenant: &Tenant) -> Result<Currency, ControlError> {
    let unreadable = || ControlError::Store(StoreError::Value(format!("currency '{}'", tenant.currency)));
    Currency::of(&tenant.currency).ok_or_else(unreadable)
}
