//! Walking the audit chain, and writing down what was looked at or taken away.

use std::fmt::Display;

use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use farsight_store::Tx;
use farsight_store::audit::{self, Deed, Listed, Walk, Which};
use farsight_store::session::Isolation;

use crate::{ControlError, Desk, users};

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

/// Writes down a deed about something of a kind, with its key, within a transaction.
pub(crate) fn about(
    tx: &mut Tx,
    now: Instant,
    (actor, action): (&str, &str),
    (kind, key): (&str, impl Display),
    detail: &serde_json::Value,
) -> Result<(), ControlError> {
    let subject = format!("{kind}:{key}");
    audit::add(tx, now, &Deed { actor, action, subject: &subject, detail: &detail.to_string() })?;
    Ok(())
}

/// Writes down an export whose reader had seen enough: what was read of it is read.
pub fn cut_off(desk: &mut Desk, what: &str, period: Option<&str>) -> Result<(), ControlError> {
    note(desk, "books.export", what, &serde_json::json!({ "period": period, "cut_off": true }))
}

/// What an operator may read of links: what the installation itself did. The rest speaks of dealers and money.
const OF_THE_INSTALLATION: [&str; 8] =
    ["job.", "user.", "delivery.", "channel.", "subscription.", "camera.rules", "tenant.", "session."];

/// Some links of the chain, the latest first, and how many there are. To an operator, subject and result are given only
/// where the installation is spoken of.
pub fn list(
    desk: &mut Desk,
    which: Which,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Listed>, i64), ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let blind = users::actor(tx, &by)?.role == Role::Operator;
        // A filter tells what it filters by.
        let which = if blind { Which { subject: None, ..which } } else { which };
        let (mut links, total) = audit::list(tx, which, limit, offset)?;
        let hidden =
            |link: &&mut Listed| blind && !OF_THE_INSTALLATION.iter().any(|own| link.action.starts_with(own));
        for link in links.iter_mut().filter(hidden) {
            link.subject.clear();
            link.detail.clear();
        }
        Ok((links, total))
    })
}
