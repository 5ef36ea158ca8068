//! Who calls: a tenant's provider, by its secret.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::header;
use axum::http::request::Parts;
use farsight_control::{ControlError, Desk, provisioning};
use farsight_store::registry::Tenant;
use farsight_store::single_sign_on::Provider;

use super::Fault;
use crate::App;

/// A provider at work, in its tenant.
#[derive(Clone)]
pub(crate) struct Provisioner {
    pub(crate) app: App,
    tenant: Tenant,
    provider: Provider,
}

impl Provisioner {
    /// Carries a use case out for the provider, on a thread that may block.
    pub(crate) async fn at_desk<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk, &Provider) -> Result<T, ControlError> + Send + 'static,
    {
        let this = self.clone();
        let work = move || {
            let mut desk = desk(&this.app, this.tenant.clone())?;
            work(&mut desk, &this.provider)
        };
        Ok(tokio::task::spawn_blocking(work).await.map_err(|error| Fault::broken(&error.to_string()))??)
    }

    /// The address of a resource of this tenant.
    pub(crate) fn location(&self, kind: &str, id: &str) -> String {
        format!("{}/scim/v2/{}/{kind}/{id}", self.app.parts.front.address, self.tenant.code)
    }
}

fn desk(app: &App, tenant: Tenant) -> Result<Desk, ControlError> {
    Ok(Desk {
        database: app.parts.database.clone(),
        session: app.parts.pool.session()?,
        tenant,
        actor: "provider".to_owned(),
        now: (app.parts.clock)(),
        person: None,
    })
}

/// Whose secret it is, in the tenant that the path names.
fn whose(app: &App, code: &str, secret: &str) -> Result<Option<Provisioner>, ControlError> {
    let Some(tenant) = app.tenant_of(code)? else { return Ok(None) };
    let provider = provisioning::whose(&mut desk(app, tenant.clone())?, secret)?;
    Ok(provider.map(|provider| Provisioner { app: app.clone(), tenant, provider }))
}

fn bearer(parts: &Parts) -> Option<String> {
    let told = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = told.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim().to_owned())
}

impl FromRequestParts<App> for Provisioner {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let named = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let code = named.ok().and_then(|Path(named)| named.get("tenant").cloned()).unwrap_or_default();
        let (secret, asked) = (bearer(parts).unwrap_or_default(), app.clone());
        let found = tokio::task::spawn_blocking(move || whose(&asked, &code, &secret)).await;
        // Wrong ones are not counted: nobody guesses 256 bits, and the door's pace is for people.
        found.map_err(|error| Fault::broken(&error.to_string()))??.ok_or_else(Fault::stranger)
    }
}
