//! After much came in, the database's planner is told: what comes next would else be planned for the tables as they were.

use std::collections::{BTreeMap, BTreeSet};

use super::FileReport;
use crate::{ControlError, Desk};

/// So many new rows of a table change what is a good plan.
const MANY: u64 = 50_000;

/// Has the tables looked at again that many rows came into.
pub(super) fn tell_planner(desk: &Desk, files: &[FileReport]) -> Result<(), ControlError> {
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    for file in files {
        *rows.entry(file.table).or_default() += file.added + file.corrected;
    }
    let grown: BTreeSet<&str> =
        rows.into_iter().filter(|(_, rows)| *rows >= MANY).map(|(table, _)| table).collect();
    if grown.is_empty() { Ok(()) } else { Ok(desk.database.analyze(&grown)?) }
}
