//! Telling people what became of alerts: who is told what, when, in which words, and what became of the telling.
//!
//! `fan_out` makes notices into deliveries, each notice exactly once; `due` hands deliveries out, `record` says what became of
//! a try, so that each goes out at least once under one number; `digest` adds up a day for a person. Nothing here
//! sends: that is the courier's. It must never put a person's address or a channel's secret into a log.

mod channels;
mod digest;
mod error;
mod fan_out;
mod own;
mod quiet;
mod receivers;
mod sending;
mod subscriptions;
mod terms;
mod texts;

use farsight_store::registry::Tenant;
use sha2::{Digest, Sha256};

pub use channels::{NewChannel, Shown as ShownChannel, add, list, remove, test};
pub use digest::{Digested, digest};
pub use error::TellingError;
pub use fan_out::{FannedOut, fan_out};
pub use farsight_store::telling::{Listed, State};
pub use own::{Heard, Source, Wish, choose, choose_nothing, heard};
pub use quiet::Quiet;
pub use sending::{Claim, Whose, deliver_again, deliveries, due, page, record, take, undelivered};
pub use subscriptions::{Subscriber, Subscription, set, subscriptions, unset};
pub use terms::{Kind, Terms};
pub(crate) use texts::written;

/// A receiver that is a user.
const PERSON: &str = "person:";
/// What a link in a message that nobody else may read is sealed for.
pub(crate) const SEALED_LINK: &str = "link of a message";
/// Where such a link lies in a message's data.
pub(crate) const LINK_SEALED: &str = "link_sealed";
/// A receiver that is a channel.
const CHANNEL: &str = "channel:";
/// In subscriptions: all users of a role.
const ROLE: &str = "role:";

/// The receiver that a user of an address is.
pub(crate) fn person(email: &str) -> String {
    format!("{PERSON}{email}")
}

/// The number of a delivery: told by what it is about, so that the same one made twice is one.
pub(crate) fn number(tenant: &Tenant, parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in [&[tenant.code.as_str()], parts].concat() {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let hash = hasher.finalize();
    let bytes = std::array::from_fn(|place| hash[place]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
