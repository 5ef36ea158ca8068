//! The files (or other sources) facts came from.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// One file taken in.
#[derive(Debug, Clone)]
pub struct Import {
    /// Its number.
    pub id: i64,
    /// The fact table.
    pub table: &'static str,
    /// The file, as it was named.
    pub source: String,
    /// Who took it in.
    pub by: String,
    /// Rows read.
    pub rows: u64,
    /// New facts.
    pub added: u64,
    /// Facts with other content than before.
    pub corrected: u64,
}

/// The number the next import has.
pub fn next_id(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.number("SELECT coalesce(max(import_id), 0) + 1 AS number FROM imports")
}

/// The moment this import becomes known: now, but after every earlier import and run.
pub fn recording_instant(tx: &mut Tx, now: Instant) -> Result<Instant, StoreError> {
    Ok(now.max(Instant(crate::runs::last_moment(tx)? + 1)))
}

/// Writes an import down, and that every check has yet to see it.
pub fn add(
    tx: &mut Tx,
    import: &Import,
    at: Instant,
    recorded_at: Instant,
    checks: &[&str],
) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO imports (tenant_id, import_id, fact_table, source, imported_by, imported_at, recorded_at, row_count, added, corrected)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(import.id)
    .bind::<Text, _>(import.table)
    .bind::<Text, _>(&import.source)
    .bind::<Text, _>(&import.by)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Timestamptz, _>(pg_instant(recorded_at))
    .bind::<BigInt, _>(import.rows as i64)
    .bind::<BigInt, _>(import.added as i64)
    .bind::<BigInt, _>(import.corrected as i64)
    .execute(tx.connection)?;
    if import.added + import.corrected > 0 {
        crate::runs::touch(tx, checks, import.id)?;
    }
    Ok(())
}

/// Writes several imports of one moment down, and that every check has yet to see them.
pub fn add_all(
    tx: &mut Tx,
    imports: &[Import],
    at: Instant,
    recorded_at: Instant,
    checks: &[&str],
) -> Result<(), StoreError> {
    let big = |of: fn(&Import) -> i64| -> Vec<i64> { imports.iter().map(of).collect() };
    let text = |of: fn(&Import) -> &str| -> Vec<&str> { imports.iter().map(of).collect() };
    diesel::sql_query(
        "INSERT INTO imports (tenant_id, import_id, fact_table, source, imported_by, imported_at, recorded_at, row_count, added, corrected)
         SELECT $1, i.id, i.fact_table, i.source, i.by, $2, $3, i.row_count, i.added, i.corrected
         FROM unnest($4, $5, $6, $7, $8, $9, $10) AS i (id, fact_table, source, by, row_count, added, corrected)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Timestamptz, _>(pg_instant(recorded_at))
    .bind::<Array<BigInt>, _>(big(|import| import.id))
    .bind::<Array<Text>, _>(text(|import| import.table))
    .bind::<Array<Text>, _>(text(|import| &import.source))
    .bind::<Array<Text>, _>(text(|import| &import.by))
    .bind::<Array<BigInt>, _>(big(|import| import.rows as i64))
    .bind::<Array<BigInt>, _>(big(|import| import.added as i64))
    .bind::<Array<BigInt>, _>(big(|import| import.corrected as i64))
    .execute(tx.connection)?;
    let changed = |import: &&Import| import.added + import.corrected > 0;
    let changed: Vec<i64> = imports.iter().filter(changed).map(|import| import.id).collect();
    if changed.is_empty() { Ok(()) } else { crate::runs::touch_all(tx, checks, &changed) }
}

/// When each table was sent since an instant: by table, then time.
pub fn sent_since(tx: &mut Tx, since: Instant) -> Result<Vec<(String, Instant)>, StoreError> {
    #[derive(QueryableByName)]
    struct Sent {
        #[diesel(sql_type = Text)]
        fact_table: String,
        #[diesel(sql_type = Timestamptz)]
        imported_at: PgTimestamp,
    }
    let rows: Vec<Sent> = diesel::sql_query(
        "SELECT fact_table, imported_at FROM imports WHERE imported_at >= $1 ORDER BY fact_table, imported_at",
    )
    .bind::<Timestamptz, _>(pg_instant(since))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.fact_table, instant(row.imported_at))).collect())
}
