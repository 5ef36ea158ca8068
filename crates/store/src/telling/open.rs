//! Open alerts as a digest adds them up, and for which day each receiver had one.

use std::collections::HashMap;

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::alerts::{KNOWN, REGION};
use crate::values::{date, instant, pg_date};
use crate::{StoreError, Tx};

/// An open alert, as far as a digest asks.
#[derive(Debug, Clone)]
pub struct OpenAlert {
    /// Its number.
    pub id: i64,
    /// How severe it is.
    pub severity: Severity,
    /// The dealer; empty where none is concerned.
    pub dealer: String,
    /// The dealer's region today, or the alert's own where no dealer is concerned.
    pub region: String,
    /// The check.
    pub check: String,
    /// The clause.
    pub clause: String,
    /// What it charges: penalties are negative.
    pub amount: Money,
    /// Until when something can be done.
    pub due_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    alert_id: i64,
    #[diesel(sql_type = Text)]
    severity: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    region: String,
    #[diesel(sql_type = Text)]
    check_name: String,
    #[diesel(sql_type = Text)]
    clause: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    due_at: Option<PgTimestamp>,
}

impl From<Row> for OpenAlert {
    fn from(row: Row) -> Self {
        Self {
            id: row.alert_id,
            severity: Severity::named(&row.severity).unwrap_or(Severity::Warning),
            dealer: row.dealer_code,
            region: row.region,
            check: row.check_name,
            clause: row.clause,
            amount: Money(row.amount),
            due_at: row.due_at.map(instant),
        }
    }
}

/// Every open alert, the oldest first; dealers are in the regions of a local date.
pub fn open_alerts(tx: &mut Tx, today: Date) -> Result<Vec<OpenAlert>, StoreError> {
    let mut open = Vec::new();
    let query = diesel::sql_query(format!(
        "WITH home AS (SELECT d.dealer_code, {REGION} AS region_code FROM dealers d WHERE $1 IS NOT NULL AND {KNOWN})
         SELECT a.alert_id, a.severity, a.dealer_code, coalesce(h.region_code, a.region_code) AS region, a.check_name,
             a.clause, a.amount, a.due_at
         FROM alerts a LEFT JOIN home h ON h.dealer_code = a.dealer_code
         WHERE a.resolved_at = 'infinity' ORDER BY a.opened_at, a.alert_id"
    ))
    .bind::<Text, _>("") // the region's condition asks for the date as the second
    .bind::<SqlDate, _>(pg_date(today));
    tx.each::<_, Row>(query, |row| open.push(row.into()))?;
    Ok(open)
}

/// For which day each receiver last had a digest.
pub fn digested(tx: &mut Tx) -> Result<HashMap<String, Date>, StoreError> {
    #[derive(QueryableByName)]
    struct Day {
        #[diesel(sql_type = Text)]
        receiver: String,
        #[diesel(sql_type = SqlDate)]
        day: PgDate,
    }
    let rows: Vec<Day> = diesel::sql_query("SELECT receiver, day FROM digests").load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.receiver, date(row.day))).collect())
}

/// A receiver had its digest of a day.
pub fn mark_digested(tx: &mut Tx, receiver: &str, day: Date) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO digests (tenant_id, receiver, day) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, receiver) DO UPDATE SET day = excluded.day",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(receiver)
    .bind::<SqlDate, _>(pg_date(day))
    .execute(tx.connection)?;
    Ok(())
}
