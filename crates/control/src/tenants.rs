//! Adding a manufacturer, with the policy it is judged by from the first day.

use farsight_rulebook::codes::is_code;
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::audit::Deed;
use farsight_store::registry::{self, Tenant};
use farsight_store::session::Isolation;
use farsight_store::{Database, audit, policies as stored};
use jiff::civil::Date;

use crate::policies::{self, Source};
use crate::sealing::Sealer;
use crate::{ControlError, Desk, ground, sample};

/// A tenant to add.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its IANA time zone.
    pub time_zone: String,
    /// Its ISO 4217 currency.
    pub currency: String,
    /// The first judged day; none: the policy's date.
    pub from: Option<Date>,
    /// Whether its clock may be set.
    pub simulated: bool,
    /// A shipped policy's name, or a file.
    pub policy: String,
}

/// Adds a tenant, publishes its first policy and the anchor of its first chain of draws, all or nothing.
pub fn add(
    database: &Database,
    new: &NewTenant,
    sealer: &Sealer,
    actor: &str,
    now: Instant,
) -> Result<Tenant, ControlError> {
    let usage = |text: String| Err(ControlError::Usage(text));
    if !is_code(&new.code) {
        return usage(format!("'{}' is no code: 1–64 ASCII letters, digits, '-', '_', '.'", new.code));
    }
    if new.name.trim().is_empty() {
        return usage("a tenant needs a name: give --name".to_owned());
    }
    if let Err(error) = Zone::named(&new.time_zone) {
        return usage(error.to_string());
    }
    let Some(currency) = Currency::of(&new.currency) else {
        return usage(format!(
            "'{}' is no currency: use its three letters (ISO 4217), like CNY",
            new.currency
        ));
    };
    let source = Source::named(&new.policy)?;
    let policy = policies::read(&source, currency)?;
    let effective_on = policies::SHIPPED_EFFECTIVE_ON;
    let tenant = Tenant {
        id: 0,
        code: new.code.clone(),
        name: new.name.clone(),
        time_zone: new.time_zone.clone(),
        currency: new.currency.clone(),
        first_judged_day: new.from,
        simulated: new.simulated,
    };
    let publish = |tenant: &Tenant| -> Result<(), ControlError> {
        let mut desk = Desk::open(database, Some(&tenant.code), actor, now)?;
        let scope = desk.scope();
        desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
            if stored::all(tx)?.is_empty() {
                let (name, body) = (&*policy.name, &*source.text);
                let (drafted_by, by, at) = (None, actor, now);
                stored::publish(tx, &stored::New { name, body, effective_on, drafted_by, by, at })?;
                let detail =
                    serde_json::json!({ "policy": policy.name, "effective_on": effective_on.to_string() })
                        .to_string();
                audit::add(
                    tx,
                    now,
                    &Deed { actor, action: "tenant.add", subject: &tenant.code, detail: &detail },
                )?;
                let first_day = ground::zone(tenant)?.date(now);
                sample::start_chain(tx, sealer, tenant, first_day, actor, now)?;
            }
            Ok(())
        })
    };
    match registry::add(database, &tenant, now)? {
        Some(tenant) => {
            publish(&tenant)?;
            Ok(tenant)
        }
        None => {
            // A tenant whose first policy was cut off by a crash gets it now.
            let there = registry::tenants(database)?.into_iter().find(|known| known.code == new.code);
            if let Some(tenant) = there {
                publish(&tenant)?;
            }
            usage(format!("tenant '{}' is there already: choose another code", new.code))
        }
    }
}
