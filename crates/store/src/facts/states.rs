//! Facts as they were ever known: every state of a row, whether it holds, was corrected or withdrawn.

use farsight_rulebook::money::Currency;
use farsight_rulebook::tables::{self, Kind};
use farsight_rulebook::time::Instant;

use super::read::{Which, source};
use crate::values::literal;
use crate::{StoreError, Tx};

/// Which states are read.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The fact table.
    pub table: &'a str,
    /// Its columns that are given.
    pub columns: &'a [&'a str],
    /// Which of its rows.
    pub which: Which,
    /// For [`Which::ById`]: the column that is wanted as `a`.
    pub id: &'a str,
    /// Only what was known by this moment, and as it was known then.
    pub until: Instant,
}

/// Hands each state to `take` once, as a line of JSON, in the order of the lines: its columns as the contract writes them,
/// `voided`, `recorded_at`, and `superseded_at` (null while it holds). `zone` is by what days are told apart.
pub fn each(
    tx: &mut Tx,
    asked: Asked,
    zone: &str,
    currency: Currency,
    mut take: impl FnMut(&str),
) -> Result<(), StoreError> {
    let Asked { table, columns, which, id, until } = asked;
    let unknown = || StoreError::Value(format!("no fact table '{table}'"));
    let of = tables::table(table).ok_or_else(unknown)?;
    let until = literal(until);
    let from = source(&format!("t.recorded_at <= {until}"), table, which, id, zone);
    let kind = |name: &str| of.column(name).map(|(_, column)| column.kind);
    let cells: Vec<String> =
        columns.iter().map(|name| format!("{} AS \"{name}\"", cell(name, kind(name), currency))).collect();
    let (recorded, superseded) = (moment("recorded_at"), moment("superseded_at"));
    tx.read(
        &format!(
            "SELECT DISTINCT line COLLATE \"C\" AS line FROM (SELECT row_to_json(x)::text AS line FROM (
                 SELECT {}, t.voided, {recorded} AS recorded_at,
                     CASE WHEN t.superseded_at <= {until} THEN {superseded} END AS superseded_at
                 FROM {from}) AS x) AS y ORDER BY line",
            cells.join(", ")
        ),
        |row| take(row.text()),
    )
}

/// A column as the contract writes it: dates and numbers by themselves, the rest as texts.
fn cell(name: &str, kind: Option<Kind>, currency: Currency) -> String {
    match kind {
        Some(Kind::Instant) => moment(name),
        Some(Kind::Month) => format!("to_char(t.\"{name}\", 'YYYY-MM')"),
        Some(Kind::Hundredths { .. }) => format!("round(t.\"{name}\"::numeric / 100, 2)::text"),
        Some(Kind::Money) => {
            let decimals = currency.decimals();
            format!("round(t.\"{name}\"::numeric / 10::numeric ^ {decimals}, {decimals})::text")
        }
        _ => format!("t.\"{name}\""),
    }
}

fn moment(name: &str) -> String {
    format!("to_char(t.\"{name}\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
}
