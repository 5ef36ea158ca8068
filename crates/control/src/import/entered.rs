//! Facts that a person enters at a desk: the same taking-in as a file's, in the transaction at hand.
//!
//! No way around the rules of a file: what a file could not say cannot be entered.

use farsight_rulebook::checks::CHECKS;
use farsight_rulebook::tables::{Cell, Table};
use farsight_rulebook::time::Instant;
use farsight_store::audit::Deed;
use farsight_store::facts::take_in::{self, Merge, Merged, Staged, Taken};
use farsight_store::imports::{self, Import};
use farsight_store::{StoreError, Tx, audit};
use serde_json::json;

use crate::ControlError;

/// Rows of one table, entered by one person.
pub(crate) struct Entered<'e> {
    /// The table.
    pub(crate) table: &'static Table,
    /// What stands for the file's name.
    pub(crate) source: &'e str,
    /// Who enters them.
    pub(crate) by: &'e str,
    /// The rows, each cell in the order of the table's columns.
    pub(crate) rows: &'e [Vec<Cell<'e>>],
}

/// Takes the rows in, all or none; the caller has the turn of facts. The inner error is the first fault.
pub(crate) fn enter(
    tx: &mut Tx,
    entered: &Entered,
    now: Instant,
) -> Result<Result<Merged, String>, ControlError> {
    let staged = take_in::stage(tx, entered.table, |stage| {
        let lines = (1..).zip(entered.rows);
        let mut write = |(line, row): (u64, &Vec<Cell>)| stage.row(0, line, row);
        lines.into_iter().try_for_each(&mut write).map_err(|error| StoreError::Gone(error.to_string()))
    })?;
    let id = imports::next_id(tx)?;
    let recorded_at = imports::recording_instant(tx, now)?;
    let Staged { rows, filled } = staged;
    let merge =
        Merge { table: entered.table, first_import: id, recorded_at, excluded: &[], asks_all: false, filled };
    let Taken { counts, faults } = merge.run(tx, rows)?;
    if let Some(fault) = faults.first() {
        return Ok(Err(format!("{} '{}': {}", fault.column, fault.value, fault.reason)));
    }
    let merged =
        counts.into_iter().find(|(import, _)| *import == id).map(|(_, merged)| merged).unwrap_or_default();
    let import = Import {
        id,
        table: entered.table.name,
        source: entered.source.to_owned(),
        by: entered.by.to_owned(),
        rows,
        added: merged.added,
        corrected: merged.corrected,
    };
    record(tx, &import, now, recorded_at)?;
    Ok(Ok(merged))
}

/// The names of all checks: each has yet to see what comes in.
pub(super) fn checks() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.name).collect()
}

/// Writes an import down: for the facts, for the checks that have yet to see it, and in the audit log.
pub(super) fn record(
    tx: &mut Tx,
    import: &Import,
    now: Instant,
    recorded_at: Instant,
) -> Result<(), ControlError> {
    let checks = checks();
    imports::add(tx, import, now, recorded_at, &checks)?;
    let detail = json!({
        "import": import.id, "table": import.table, "rows": import.rows, "added": import.added, "corrected": import.corrected,
    })
    .to_string();
    let deed = Deed { actor: &import.by, action: "facts.import", subject: &import.source, detail: &detail };
    audit::add(tx, now, &deed)?;
    Ok(())
}
