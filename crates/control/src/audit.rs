//! Walking the audit chain, and writing down what was looked at or taken away.

use farsight_store::audit::{self, Deed, Walk};
use farsight_store::session::Isolation;

use crate::{ControlError, Desk};

/// Walks the chain from its first link to its head.
pub fn verify(desk: &mut Desk) -> Result<Walk, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| Ok(audit::walk(tx)?))
}

/// Writes a deed down.
pub(crate) fn note(
    desk: &mut Desk,
    action: &str,
    subject: &str,
    detail: &serde_json::Value,
) -> Result<(), ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        audit::add(tx, now, &Deed { actor: &actor, action, subject, detail: &detail.to_string() })?;
        Ok(())
    })
}
