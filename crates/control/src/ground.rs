//! The tenant's ground: policy versions, zone, calendar.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

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
    let timeline = timeline(tx, tenant)?;
    let mut calendar = calendars::shipped()?;
    facts::read::calendar(tx, &mut calendar)?;
    Ok(Ground { timeline, zone, calendar })
}

/// Reads a tenant's policy versions.
pub(crate) fn timeline(tx: &mut Tx, tenant: &Tenant) -> Result<Timeline, ControlError> {
    let currency = currency(tenant)?;
    let mut versions = Vec::new();
    for published in policies::all(tx)? {
        versions.push(Version {
            number: published.version,
            effective_on: published.effective_on,
            policy: policy(published.version, &published.body, currency)?,
        });
    }
    Ok(Timeline::new(versions, tenant.first_judged_day))
}

/// Policies that were read, by currency and text. What a text says never changes, so a page need not read it again.
type Read = HashMap<(String, String), Arc<Policy>>;
static READ: LazyLock<Mutex<Read>> = LazyLock::new(Mutex::default);
/// More texts than this are not kept.
const KEPT: usize = 64;

fn policy(version: i32, body: &str, currency: Currency) -> Result<Arc<Policy>, ControlError> {
    let key = (currency.code().to_owned(), body.to_owned());
    if let Some(policy) = READ.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(Arc::clone(policy));
    }
    let refused = |faults| ControlError::Policy { file: format!("version {version}"), faults };
    let policy = Arc::new(Policy::read(body, currency).map_err(refused)?);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if read.len() >= KEPT {
        read.clear();
    }
    read.insert(key, Arc::clone(&policy));
    Ok(policy)
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
