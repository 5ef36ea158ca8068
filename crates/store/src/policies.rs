//! Policy versions as they were published; never changed.

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{Date as SqlDate, Integer, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{date, pg_date, pg_instant};
use crate::{StoreError, Tx};

/// A published policy file.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its number, from 1.
    pub version: i32,
    /// The first day it judges.
    pub effective_on: Date,
    /// The file, as it was.
    pub body: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = SqlDate)]
    effective_on: PgDate,
    #[diesel(sql_type = Text)]
    body: String,
}

/// All versions, by effective date.
pub fn all(tx: &mut Tx) -> Result<Vec<Published>, StoreError> {
    let rows: Vec<Row> =
        diesel::sql_query("SELECT version, effective_on, body FROM policies ORDER BY effective_on")
            .load(tx.connection)?;
    let published =
        |row: Row| Published { version: row.version, effective_on: date(row.effective_on), body: row.body };
    Ok(rows.into_iter().map(published).collect())
}

/// Publishes a version; gives its number.
pub fn publish(
    tx: &mut Tx,
    name: &str,
    body: &str,
    effective_on: Date,
    by: &str,
    at: Instant,
) -> Result<i32, StoreError> {
    let version = tx.number("SELECT coalesce(max(version), 0)::bigint + 1 AS number FROM policies")? as i32;
    diesel::sql_query(
        "INSERT INTO policies (tenant_id, version, name, effective_on, body, published_at, published_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Integer, _>(version)
    .bind::<Text, _>(name)
    .bind::<SqlDate, _>(pg_date(effective_on))
    .bind::<Text, _>(body)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(by)
    .execute(tx.connection)?;
    Ok(version)
}
