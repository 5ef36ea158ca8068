//! Where a fact comes from: the file, the line, who sent it and when it became known.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use farsight_rulebook::tables::{Kind, Table};
use farsight_rulebook::time::Instant;

use crate::values::{instant, literal};
use crate::{StoreError, Tx};

/// The source of a fact as it stands.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The file it came in.
    pub source: String,
    /// Its line there.
    pub line: i64,
    /// Who took it in.
    pub by: String,
    /// When it became known.
    pub recorded_at: Instant,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    source: String,
    #[diesel(sql_type = BigInt)]
    line: i64,
    #[diesel(sql_type = Text)]
    imported_by: String,
    #[diesel(sql_type = Timestamptz)]
    recorded_at: PgTimestamp,
}

/// The source of the fact with this key (texts of its first key columns) as it stands, when it is stored.
pub fn origin(tx: &mut Tx, table: &Table, key: &[&str]) -> Result<Option<Origin>, StoreError> {
    let stands = tx.stands("t");
    first(tx, table, key, &stands)
}

/// The source of what was sent of a fact after an instant, up to another; the latest of several.
pub fn recorded_between(
    tx: &mut Tx,
    table: &Table,
    key: &[&str],
    after: Instant,
    until: Instant,
) -> Result<Option<Origin>, StoreError> {
    let between = format!("t.recorded_at > {} AND t.recorded_at <= {}", literal(after), literal(until));
    first(tx, table, key, &between)
}

fn first(tx: &mut Tx, table: &Table, key: &[&str], condition: &str) -> Result<Option<Origin>, StoreError> {
    let columns: Vec<String> = table
        .key()
        .zip(1..=key.len())
        .map(|((_, column), place)| {
            let text = format!("($1)[{place}]");
            let value = match column.kind {
                Kind::Date => format!("{text}::date"),
                Kind::Month => format!("({text} || '-01')::date"),
                Kind::Instant => format!("{text}::timestamptz"),
                _ => text,
            };
            format!("t.\"{}\" = {value}", column.name)
        })
        .collect();
    let query = format!(
        "SELECT i.source, t.line, i.imported_by, t.recorded_at FROM {} t JOIN imports i USING (import_id)
         WHERE {} AND {condition} ORDER BY t.recorded_at DESC LIMIT 1",
        table.name,
        columns.join(" AND "),
    );
    let row: Option<Row> =
        diesel::sql_query(query).bind::<Array<Text>, _>(key).get_result(tx.connection).optional()?;
    Ok(row.map(|row| Origin {
        source: row.source,
        line: row.line,
        by: row.imported_by,
        recorded_at: instant(row.recorded_at),
    }))
}
