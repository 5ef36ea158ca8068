//! A link of the audit log's hash chain: how it is hashed, so that whoever has a link can do it again.

use sha2::{Digest, Sha256};

/// The hash before the first link.
pub const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a link says.
#[derive(Debug, Clone, Copy)]
pub struct Said<'l> {
    /// The tenant's number.
    pub tenant: i32,
    /// The link's number within the tenant, from 1.
    pub seq: i64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Who did it.
    pub actor: &'l str,
    /// What was done.
    pub action: &'l str,
    /// To what.
    pub subject: &'l str,
    /// With what result, as JSON.
    pub detail: &'l str,
}

/// The hash of a link in lower-case hex: SHA-256 over the link before and its own parts, each with its length before it,
/// so that no two links read alike.
pub fn hash(previous: &str, said: &Said) -> String {
    let mut hasher = Sha256::new();
    let (tenant, seq, at) = (said.tenant.to_string(), said.seq.to_string(), said.at.to_string());
    for part in [previous, &tenant, &seq, &at, said.actor, said.action, said.subject, said.detail] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(hasher.finalize())
}
