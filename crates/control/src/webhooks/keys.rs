//! Addresses and signing keys of webhooks: made, sealed, opened. The key is kept so that messages can be signed with it, and told
//! once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_courier::Channel;
use farsight_store::StoreError;
use farsight_store::registry::Tenant;
use farsight_store::webhooks::Webhook;
use serde::{Deserialize, Serialize};

use super::{RECEIVER, Shown};
use crate::ControlError;
use crate::sealing::Sealer;

/// The bytes of a key.
const KEY_BYTES: usize = 32;

/// A webhook as it is sealed: what the courier reads as a channel.
#[derive(Serialize, Deserialize)]
struct Sealed {
    kind: String,
    url: String,
    secrets: Vec<String>,
}

/// A new key.
pub(super) fn make(sealer: &Sealer) -> String {
    format!("whsec_{}", STANDARD.encode(sealer.random::<KEY_BYTES>()))
}

fn purpose(tenant: &Tenant, id: &str) -> String {
    format!("{RECEIVER}{}:{id}", tenant.code)
}

/// Seals an address with its keys, the new one first.
pub(super) fn seal(sealer: &Sealer, tenant: &Tenant, id: &str, url: &str, secrets: &[String]) -> Vec<u8> {
    let sealed = serde_json::json!({ "kind": "webhook", "url": url, "secrets": secrets });
    sealer.seal(&purpose(tenant, id), sealed.to_string().as_bytes())
}

/// The address and the keys, the new one first.
pub(super) fn parts(
    sealer: &Sealer,
    tenant: &Tenant,
    webhook: &Webhook,
) -> Result<(String, Vec<String>), ControlError> {
    let text = sealer.open(&purpose(tenant, &webhook.id), &webhook.sealed)?;
    let Sealed { url, secrets, .. } = serde_json::from_slice(&text).map_err(|_| unread(webhook))?;
    Ok((url, secrets))
}

/// A webhook as its machine sees it.
pub(super) fn shown(sealer: &Sealer, tenant: &Tenant, webhook: Webhook) -> Result<Shown, ControlError> {
    let (url, _) = parts(sealer, tenant, &webhook)?;
    Ok(Shown { webhook, url })
}

/// A webhook as the courier takes it.
pub(crate) fn open(sealer: &Sealer, tenant: &Tenant, webhook: &Webhook) -> Result<Channel, ControlError> {
    let text = sealer.open(&purpose(tenant, &webhook.id), &webhook.sealed)?;
    serde_json::from_slice(&text).map_err(|_| unread(webhook))
}

/// What the parser says might quote a key.
fn unread(webhook: &Webhook) -> ControlError {
    StoreError::Value(format!("webhook {}", webhook.id)).into()
}
