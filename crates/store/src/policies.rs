//! Policy versions as they were published; never changed.

pub mod drafts;

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{date, instant, pg_date, pg_instant};
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
    /// When it was published.
    pub published_at: Instant,
    /// By whom.
    pub published_by: String,
    /// Who drafted it; nobody where it came with the tenant.
    pub drafted_by: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = SqlDate)]
    effective_on: PgDate,
    #[diesel(sql_type = Text)]
    body: String,
    #[diesel(sql_type = Timestamptz)]
    published_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    published_by: String,
    #[diesel(sql_type = Nullable<Text>)]
    drafted_by: Option<String>,
}

/// All versions, by effective date. The first came with the tenant: as known at any instant it is there.
pub fn all(tx: &mut Tx) -> Result<Vec<Published>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT version, effective_on, body, published_at, published_by, drafted_by FROM policies
         WHERE version = 1 OR {} ORDER BY effective_on",
        tx.by_then("published_at")
    ))
    .load(tx.connection)?;
    let published = |row: Row| Published {
        version: row.version,
        effective_on: date(row.effective_on),
        body: row.body,
        published_at: instant(row.published_at),
        published_by: row.published_by,
        drafted_by: row.drafted_by,
    };
    Ok(rows.into_iter().map(published).collect())
}

/// A version to publish.
#[derive(Debug, Clone, Copy)]
pub struct New<'n> {
    /// The policy's name.
    pub name: &'n str,
    /// The file.
    pub body: &'n str,
    /// The first day it judges.
    pub effective_on: Date,
    /// Who drafted it; nobody where it comes with the tenant.
    pub drafted_by: Option<&'n str>,
    /// Who publishes it.
    pub by: &'n str,
    /// When.
    pub at: Instant,
}

/// Publishes a version; gives its number.
pub fn publish(tx: &mut Tx, new: &New) -> Result<i32, StoreError> {
    let version = tx.number("SELECT coalesce(max(version), 0)::bigint + 1 AS number FROM policies")? as i32;
    diesel::sql_query(
        "INSERT INTO policies (tenant_id, version, name, effective_on, body, published_at, published_by, drafted_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Integer, _>(version)
    .bind::<Text, _>(new.name)
    .bind::<SqlDate, _>(pg_date(new.effective_on))
    .bind::<Text, _>(new.body)
    .bind::<Timestamptz, _>(pg_instant(new.at))
    .bind::<Text, _>(new.by)
    .bind::<Nullable<Text>, _>(new.drafted_by)
    .execute(tx.connection)?;
    Ok(version)
}
