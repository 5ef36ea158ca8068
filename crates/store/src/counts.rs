//! What a tower's operator watches, counted by the database: imports and their last fact, books, open alerts.
//!
//! Numbers by code of table or severity only: never a dealer, person, entry or text of one.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::session::Database;
use crate::values::instant;
use crate::{StoreError, Tx};

/// The imports of one fact table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The fact table.
    pub table: String,
    /// Imports ever taken in.
    pub imports: u64,
    /// Facts they added.
    pub added: u64,
    /// Facts they corrected.
    pub corrected: u64,
    /// Rows that said what was known already.
    pub unchanged: u64,
    /// When facts last came in; none: none ever did.
    pub last_fact_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct FeedRow {
    #[diesel(sql_type = Text)]
    fact_table: String,
    #[diesel(sql_type = BigInt)]
    imports: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    added: i64,
    #[diesel(sql_type = BigInt)]
    corrected: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_fact_at: Option<PgTimestamp>,
}

impl From<FeedRow> for Feed {
    fn from(row: FeedRow) -> Self {
        Self {
            table: row.fact_table,
            imports: row.imports as u64,
            added: row.added as u64,
            corrected: row.corrected as u64,
            unchanged: (row.rows - row.added - row.corrected).max(0) as u64,
            last_fact_at: row.last_fact_at.map(instant),
        }
    }
}

/// The imports of each table that ever had one.
pub fn feeds(tx: &mut Tx) -> Result<Vec<Feed>, StoreError> {
    let rows: Vec<FeedRow> = diesel::sql_query(
        "SELECT fact_table, count(*) AS imports, sum(row_count)::bigint AS rows, sum(added)::bigint AS added,
             sum(corrected)::bigint AS corrected, max(recorded_at) FILTER (WHERE row_count > 0) AS last_fact_at
         FROM imports GROUP BY fact_table",
    )
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Feed::from).collect())
}

/// What all runs ever did to the books.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Books {
    /// Charges posted.
    pub posted: u64,
    /// Entries reversed.
    pub reversed: u64,
}

/// What all runs ever did to the books: told by the runs, so that no ledger of millions is counted.
pub fn books(tx: &mut Tx) -> Result<Books, StoreError> {
    let sum = |column: &str| format!("SELECT coalesce(sum({column}), 0)::bigint AS number FROM runs");
    Ok(Books { posted: tx.number(&sum("posted"))? as u64, reversed: tx.number(&sum("reversed"))? as u64 })
}

/// Open alerts of one severity.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Open {
    /// The severity.
    #[diesel(sql_type = Text)]
    pub severity: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub alerts: i64,
}

/// The open alerts by severity.
pub fn open_alerts(tx: &mut Tx) -> Result<Vec<Open>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT severity, count(*) AS alerts FROM alerts WHERE resolved_at = 'infinity' GROUP BY severity",
    )
    .load(tx.connection)?)
}

/// No statement of the transaction may take longer: it is refused then.
pub fn within(tx: &mut Tx, limit: Duration) -> Result<(), StoreError> {
    tx.connection.batch_execute(&format!("SET LOCAL statement_timeout = {}", limit.as_millis().max(1)))?;
    Ok(())
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Nullable<Text>)]
    version: Option<String>,
}

/// The latest migration that ran; none: none did.
pub fn schema_version(database: &Database) -> Result<Option<String>, StoreError> {
    let row: Version =
        diesel::sql_query("SELECT max(version)::text AS version FROM __diesel_schema_migrations")
            .get_result(&mut database.owner()?)?;
    Ok(row.version)
}

/// What is stored: the whole database, which all tenants share, and the tenant's evidence.
#[derive(Debug, Clone, Copy, QueryableByName, serde::Serialize)]
pub struct Storage {
    /// Bytes of the database.
    #[diesel(sql_type = BigInt)]
    pub database_bytes: i64,
    /// Bytes of evidence.
    #[diesel(sql_type = BigInt)]
    pub evidence_bytes: i64,
    /// How many contents that are.
    #[diesel(sql_type = BigInt)]
    pub evidence_contents: i64,
}

/// What is stored.
pub fn storage(tx: &mut Tx) -> Result<Storage, StoreError> {
    Ok(diesel::sql_query(
        "SELECT pg_database_size(current_database()) AS database_bytes, coalesce(sum(bytes), 0)::bigint AS evidence_bytes,
             count(*) AS evidence_contents FROM evidence",
    )
    .get_result(tx.connection)?)
}
