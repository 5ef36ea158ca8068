//! How far a month's settlement had come: now by its row, at an earlier instant by the steps in the audit log, which say all
//! that ever was.

use farsight_ledger::settlement::Status;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use serde::Deserialize;

use super::find;
use crate::audit::{self, Listed};
use crate::{StoreError, Tx};

/// How far a settlement has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub status: Status,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When it was locked.
    pub locked_at: Option<Instant>,
}

/// How far a month's settlement has come, as far as is known; none: it is not calculated.
pub fn standing(tx: &mut Tx, period: Period) -> Result<Option<Standing>, StoreError> {
    let Some(known_at) = tx.known_at() else {
        return Ok(find(tx, period)?.map(|stored| Standing {
            status: stored.settlement.status,
            approved_by: stored.settlement.approved_by,
            locked_at: stored.locked_at,
        }));
    };
    let steps = audit::of(tx, "settlement.", &period.to_string())?;
    let known = steps.into_iter().map(|step| step.link).filter(|link| link.at <= known_at.0);
    known.into_iter().try_fold(None, |before, link| after(before, &link).map(Some))
}

/// What a step says of itself.
#[derive(Deserialize)]
struct Said {
    status: String,
}

/// A settlement after a step; one that does not say where it led has set it back (`settlement.reopen`).
fn after(before: Option<Standing>, link: &Listed) -> Result<Standing, StoreError> {
    let status = match serde_json::from_str::<Said>(&link.detail) {
        Ok(said) => Status::named(&said.status)
            .ok_or_else(|| StoreError::Value(format!("settlement status '{}'", said.status)))?,
        Err(_) => Status::Calculated,
    };
    let approved_by = match &*link.action {
        "settlement.approve" => Some(link.actor.clone()),
        _ => before.and_then(|before| before.approved_by).filter(|_| status >= Status::Approved),
    };
    let locked_at = (status == Status::Locked).then_some(Instant(link.at));
    Ok(Standing { status, approved_by, locked_at })
}
