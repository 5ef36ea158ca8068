//! Subscriptions: what a receiver wants to hear, as JSON that its caller reads.

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::pg_instant;
use crate::{StoreError, Tx};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    receiver: String,
    #[diesel(sql_type = Text)]
    terms: String,
}

/// Receiver and terms of every subscription, by receiver.
pub fn all(tx: &mut Tx) -> Result<Vec<(String, String)>, StoreError> {
    let query = "SELECT receiver, terms FROM subscriptions ORDER BY receiver COLLATE \"C\"";
    let rows: Vec<Row> = diesel::sql_query(query).load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.receiver, row.terms)).collect())
}

/// The terms of one receiver.
pub fn find(tx: &mut Tx, receiver: &str) -> Result<Option<String>, StoreError> {
    let query = "SELECT receiver, terms FROM subscriptions WHERE receiver = $1";
    let row: Option<Row> =
        diesel::sql_query(query).bind::<Text, _>(receiver).get_result(tx.connection).optional()?;
    Ok(row.map(|row| row.terms))
}

/// Says what a receiver wants to hear, in place of what was said before.
pub fn set(tx: &mut Tx, receiver: &str, terms: &str, at: Instant, by: &str) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO subscriptions (tenant_id, receiver, terms, set_at, set_by) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, receiver) DO UPDATE SET terms = excluded.terms, set_at = excluded.set_at, set_by = excluded.set_by",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(receiver)
    .bind::<Text, _>(terms)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(by)
    .execute(tx.connection)?;
    Ok(())
}

/// Takes a subscription back, so that the default holds again; says whether there was one.
pub fn remove(tx: &mut Tx, receiver: &str) -> Result<bool, StoreError> {
    let removed = diesel::sql_query("DELETE FROM subscriptions WHERE receiver = $1")
        .bind::<Text, _>(receiver)
        .execute(tx.connection)?;
    Ok(removed > 0)
}
