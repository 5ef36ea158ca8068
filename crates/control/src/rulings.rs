//! Rulings that people make at a desk: facts like any other, entered in the transaction of the decision.
//!
//! It decides nothing: who may rule is the business of the use case that calls it.

use farsight_rulebook::facts::RulingKind;
use farsight_rulebook::money::Money;
use farsight_rulebook::tables::{self, Cell};
use farsight_rulebook::time::Instant;
use farsight_store::{StoreError, Tx};

use crate::ControlError;
use crate::import::entered::{self, Entered};
use crate::import::written;

/// A ruling to enter.
pub(crate) struct New<'n> {
    /// Its id, unique within the tenant.
    pub(crate) id: &'n str,
    /// What it decides.
    pub(crate) kind: RulingKind,
    /// About what.
    pub(crate) subject: &'n str,
    /// For which family only.
    pub(crate) family: Option<&'n str>,
    /// For how much.
    pub(crate) amount: Option<Money>,
    /// By whom.
    pub(crate) by: &'n str,
    /// When.
    pub(crate) at: Instant,
    /// Why.
    pub(crate) note: &'n str,
    /// The desk it was made at, the source that the fact names.
    pub(crate) desk: &'n str,
}

/// Enters a ruling; the caller has the turn of facts, and has looked at limits. A fact that is refused for its content is
/// an error with the reason.
pub(crate) fn enter(tx: &mut Tx, new: &New) -> Result<(), ControlError> {
    let missing = || ControlError::Store(StoreError::Value("no table 'rulings'".to_owned()));
    let table = tables::table("rulings").ok_or_else(missing)?;
    let mut cells = vec![
        ("ruling_id", Cell::Text(new.id)),
        ("kind", Cell::Text(new.kind.name())),
        ("subject", Cell::Text(new.subject)),
        ("decided_at", Cell::Instant(new.at)),
        ("decided_by", Cell::Text(new.by)),
        ("note", Cell::Text(new.note)),
    ];
    cells.extend(new.family.map(|family| ("family", Cell::Text(family))));
    cells.extend(new.amount.map(|amount| ("amount", Cell::Count(amount.0))));
    let rows = [written::row(table, &cells)?];
    let entered = Entered { table, source: new.desk, by: new.by, rows: &rows };
    entered::enter(tx, &entered, new.at)?.map_err(ControlError::Usage)?;
    Ok(())
}
