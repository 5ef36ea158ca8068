//! Rows of a call, staged: how they are written there, and taken out again.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer};
use farsight_rulebook::tables::{Cell, Kind, MAX_COLUMNS, Table};

use super::CountRow;
use crate::staging::Rows;
use crate::{StoreError, Tx};

/// What was staged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Staged {
    /// How many rows.
    pub rows: u64,
    /// Which columns, by their place, hold anything in any row.
    pub filled: i32,
}

/// Writes rows into the staging table.
pub struct Stage<'r, 'w> {
    rows: &'r mut Rows<'w>,
    filled: &'r mut i32,
}

impl Stage<'_, '_> {
    /// Adds a row of a file.
    pub fn row(&mut self, file: i32, line: u64, cells: &[Cell]) -> std::io::Result<()> {
        let bits = |of: fn(&Cell) -> bool| {
            cells.iter().enumerate().filter(|(_, cell)| of(cell)).fold(0, |bits, (at, _)| bits | (1 << at))
        };
        let present = bits(|cell| *cell != Cell::Missing);
        *self.filled |= bits(|cell| !matches!(cell, Cell::Missing | Cell::Empty));
        let row = self.rows.row()?.int(file).big(line as i64).int(present);
        for cell in cells {
            match *cell {
                Cell::Missing | Cell::Empty => row.null(),
                Cell::Text(text) => row.text(text),
                Cell::Count(number) => row.big(number),
                Cell::Degrees(degrees) => row.double(degrees),
                Cell::Flag(flag) => row.flag(flag),
                Cell::Date(date) => row.date(date),
                Cell::Month(month) => row.date(month.first_day()),
                Cell::Instant(at) => row.instant(at),
            };
        }
        Ok(())
    }
}

/// Stages the rows that `fill` writes.
pub fn stage<E: From<StoreError>>(
    tx: &mut Tx,
    table: &'static Table,
    fill: impl FnOnce(&mut Stage) -> Result<(), E>,
) -> Result<Staged, E> {
    debug_assert!(table.width() <= MAX_COLUMNS);
    let columns: Vec<String> = table
        .all_columns()
        .map(|column| format!("{} {}", quoted(column.name), sql_type(column.kind)))
        .collect();
    let columns = format!("file integer, line bigint, present integer, {}", columns.join(", "));
    let mut filled = 0;
    let rows = tx.stage(&columns, |rows| fill(&mut Stage { rows, filled: &mut filled }))?;
    Ok(Staged { rows, filled })
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Code | Kind::Text { .. } | Kind::Subject | Kind::Url | Kind::Choice(_) => "text",
        Kind::Date | Kind::Month => "date",
        Kind::Instant => "timestamptz",
        Kind::Count { .. } | Kind::Hundredths { .. } | Kind::Money => "bigint",
        Kind::Degrees { .. } => "double precision",
        Kind::Flag => "boolean",
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// Takes rows, by file and line, out of what is staged; says how many of each file those were.
pub fn leave_out(tx: &mut Tx, rows: &[(i32, i64)]) -> Result<Vec<(i32, u64)>, StoreError> {
    let (files, lines): (Vec<i32>, Vec<i64>) = rows.iter().copied().unzip();
    let gone: Vec<CountRow> = diesel::sql_query(
        "WITH gone AS (
             DELETE FROM staging s USING unnest($1, $2) AS r (file, line) WHERE s.file = r.file AND s.line = r.line RETURNING s.file)
         SELECT file::bigint AS import_id, count(*) AS number FROM gone GROUP BY 1",
    )
    .bind::<Array<Integer>, _>(files)
    .bind::<Array<BigInt>, _>(lines)
    .load(tx.connection)?;
    Ok(gone.into_iter().map(|row| (row.import_id as i32, row.number as u64)).collect())
}
