//! Webhooks of machines as rows, and how far each was told. What happened is read by [`happened`].
//!
//! Addresses and keys come here sealed and leave sealed.

pub mod happened;

use std::collections::HashMap;

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;

use crate::pulls::Mark;
use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// A webhook of a machine.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its number, a UUID as text.
    pub id: String,
    /// The machine's number as a user.
    pub user: i32,
    /// What its machine calls it.
    pub name: String,
    /// The host it leads to, which is no secret.
    pub host: String,
    /// The types of events that are told.
    pub events: Vec<String>,
    /// Where and with which keys, sealed.
    pub sealed: Vec<u8>,
    /// Until when the key before the present one signs too.
    pub old_until: Option<Instant>,
    /// When it was made.
    pub made_at: Instant,
    /// Since when nothing was taken by it.
    pub failing_since: Option<Instant>,
    /// Since when nothing is sent by it, and why.
    pub disabled: Option<(Instant, String)>,
}

/// A webhook with the machine it belongs to.
#[derive(Debug, Clone)]
pub struct Owned {
    /// The webhook.
    pub webhook: Webhook,
    /// The machine, as the audit log names it.
    pub machine: String,
    /// What the machine may do.
    pub role: Role,
    /// Whether a token of the machine that may read holds.
    pub holds: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    webhook_id: String,
    #[diesel(sql_type = Integer)]
    user_id: i32,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    host: String,
    #[diesel(sql_type = Array<Text>)]
    events: Vec<String>,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    old_until: Option<PgTimestamp>,
    #[diesel(sql_type = Timestamptz)]
    made_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    failing_since: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    disabled_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    disabled_why: Option<String>,
}

impl From<Row> for Webhook {
    fn from(row: Row) -> Self {
        let why = row.disabled_why.unwrap_or_default();
        Self {
            id: row.webhook_id,
            user: row.user_id,
            name: row.name,
            host: row.host,
            events: row.events,
            sealed: row.sealed,
            old_until: row.old_until.map(instant),
            made_at: instant(row.made_at),
            failing_since: row.failing_since.map(instant),
            disabled: row.disabled_at.map(|at| (instant(at), why)),
        }
    }
}

/// The webhooks of a machine, the oldest first.
pub fn of_machine(tx: &mut Tx, user: i32) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<Row> =
        diesel::sql_query("SELECT * FROM webhooks WHERE user_id = $1 ORDER BY made_at, webhook_id")
            .bind::<Integer, _>(user)
            .load(tx.connection)?;
    Ok(rows.into_iter().map(Webhook::from).collect())
}

/// A machine's webhook of a number, kept from change by others until the transaction ends.
pub fn find(tx: &mut Tx, user: i32, id: &str) -> Result<Option<Webhook>, StoreError> {
    let row: Option<Row> =
        diesel::sql_query("SELECT * FROM webhooks WHERE user_id = $1 AND webhook_id = $2 FOR UPDATE")
            .bind::<Integer, _>(user)
            .bind::<Text, _>(id)
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(Webhook::from))
}

/// Every webhook of the tenant with its machine, by number.
pub fn all(tx: &mut Tx, now: Instant) -> Result<Vec<Owned>, StoreError> {
    #[derive(QueryableByName)]
    struct OwnedRow {
        #[diesel(embed)]
        webhook: Row,
        #[diesel(sql_type = Text)]
        email: String,
        #[diesel(sql_type = Text)]
        role: String,
        #[diesel(sql_type = Bool)]
        holds: bool,
    }
    let rows: Vec<OwnedRow> = diesel::sql_query(
        "SELECT w.*, u.email, u.role, u.disabled_at IS NULL AND EXISTS (
             SELECT FROM tokens k WHERE k.tenant_id = u.tenant_id AND k.user_id = u.user_id AND k.reads
                 AND k.revoked_at IS NULL AND k.expires_at > $1) AS holds
         FROM webhooks w JOIN users u ON u.tenant_id = w.tenant_id AND u.user_id = w.user_id ORDER BY w.webhook_id",
    )
    .bind::<Timestamptz, _>(pg_instant(now))
    .load(tx.connection)?;
    let owned = |row: OwnedRow| {
        let role = Role::named(&row.role).ok_or_else(|| StoreError::Value(format!("role '{}'", row.role)))?;
        Ok(Owned { webhook: row.webhook.into(), machine: row.email, role, holds: row.holds })
    };
    rows.into_iter().map(owned).collect()
}

/// Writes a new webhook down.
pub fn add(tx: &mut Tx, new: &Webhook) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO webhooks (tenant_id, webhook_id, user_id, name, host, events, sealed, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(&new.id)
    .bind::<Integer, _>(new.user)
    .bind::<Text, _>(&new.name)
    .bind::<Text, _>(&new.host)
    .bind::<Array<Text>, _>(&new.events)
    .bind::<Binary, _>(&new.sealed)
    .bind::<Timestamptz, _>(pg_instant(new.made_at))
    .execute(tx.connection)?;
    Ok(())
}

/// Writes down what of a webhook has changed: all but whose it is and when it was made.
pub fn change(tx: &mut Tx, to: &Webhook) -> Result<(), StoreError> {
    let (at, why) = to.disabled.clone().unzip();
    diesel::sql_query(
        "UPDATE webhooks SET name = $2, host = $3, events = $4, sealed = $5, old_until = $6, failing_since = $7,
             disabled_at = $8, disabled_why = $9, disabled_by_failure = disabled_by_failure AND $8 IS NOT NULL
         WHERE webhook_id = $1",
    )
    .bind::<Text, _>(&to.id)
    .bind::<Text, _>(&to.name)
    .bind::<Text, _>(&to.host)
    .bind::<Array<Text>, _>(&to.events)
    .bind::<Binary, _>(&to.sealed)
    .bind::<Nullable<Timestamptz>, _>(to.old_until.map(pg_instant))
    .bind::<Nullable<Timestamptz>, _>(to.failing_since.map(pg_instant))
    .bind::<Nullable<Timestamptz>, _>(at.map(pg_instant))
    .bind::<Nullable<Text>, _>(why)
    .execute(tx.connection)?;
    Ok(())
}

/// Removes a webhook.
pub fn remove(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    for table in ["webhook_cursors", "webhooks"] {
        diesel::sql_query(format!("DELETE FROM {table} WHERE webhook_id = $1"))
            .bind::<Text, _>(id)
            .execute(tx.connection)?;
    }
    Ok(())
}

/// Switches the webhooks of a machine off; gives the numbers of those that were on.
pub fn disable_of(tx: &mut Tx, user: i32, why: &str, at: Instant) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = Text)]
        webhook_id: String,
    }
    let rows: Vec<Number> = diesel::sql_query(
        "UPDATE webhooks SET disabled_at = $2, disabled_why = $3 WHERE user_id = $1 AND disabled_at IS NULL RETURNING webhook_id",
    )
    .bind::<Integer, _>(user)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(why)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.webhook_id).collect())
}

/// Something was taken by a webhook; says whether nothing had been before.
pub fn recovered(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let changed = diesel::sql_query(
        "UPDATE webhooks SET failing_since = NULL WHERE webhook_id = $1 AND failing_since IS NOT NULL",
    )
    .bind::<Text, _>(id)
    .execute(tx.connection)?;
    Ok(changed > 0)
}

/// Something was not taken by a webhook, at an instant. Where nothing was taken since an earlier one, or for good, it is
/// switched off; says whether it was.
pub fn failed(
    tx: &mut Tx,
    id: &str,
    why: &str,
    (at, since, gone): (Instant, Instant, bool),
) -> Result<bool, StoreError> {
    diesel::sql_query(
        "UPDATE webhooks SET failing_since = $2 WHERE webhook_id = $1 AND failing_since IS NULL",
    )
    .bind::<Text, _>(id)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    let disabled = diesel::sql_query(
        "UPDATE webhooks SET disabled_at = $2, disabled_why = $3, disabled_by_failure = true
         WHERE webhook_id = $1 AND disabled_at IS NULL AND (failing_since <= $4 OR $5)",
    )
    .bind::<Text, _>(id)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(why)
    .bind::<Timestamptz, _>(pg_instant(since))
    .bind::<Bool, _>(gone)
    .execute(tx.connection)?;
    Ok(disabled > 0)
}

/// A webhook that was switched off because nothing was taken by it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Lost {
    /// The webhook's number.
    #[diesel(sql_type = Text)]
    pub webhook_id: String,
    /// The machine.
    #[diesel(sql_type = Text)]
    pub machine: String,
    /// Where it leads to.
    #[diesel(sql_type = Text)]
    pub host: String,
    /// Since when, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub since: i64,
    /// Why.
    #[diesel(sql_type = Text)]
    pub why: String,
}

/// The webhooks that were switched off because nothing was taken by them.
pub fn lost(tx: &mut Tx) -> Result<Vec<Lost>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT w.webhook_id, u.email AS machine, w.host, coalesce(w.disabled_why, '') AS why,
             (extract(epoch FROM w.disabled_at) * 1000000)::bigint AS since
         FROM webhooks w JOIN users u ON u.tenant_id = w.tenant_id AND u.user_id = w.user_id
         WHERE w.disabled_by_failure AND w.disabled_at IS NOT NULL ORDER BY w.webhook_id",
    )
    .load(tx.connection)?)
}

/// Up to where a webhook was told, by source.
pub fn cursors(tx: &mut Tx, id: &str) -> Result<HashMap<String, Mark>, StoreError> {
    #[derive(QueryableByName)]
    struct Cursor {
        #[diesel(sql_type = Text)]
        source: String,
        #[diesel(embed)]
        mark: Mark,
    }
    let rows: Vec<Cursor> =
        diesel::sql_query("SELECT source, seq, key FROM webhook_cursors WHERE webhook_id = $1")
            .bind::<Text, _>(id)
            .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.source, row.mark)).collect())
}

/// A webhook was told of a source's changes up to a mark.
pub fn move_cursor(tx: &mut Tx, id: &str, source: &str, to: &Mark) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO webhook_cursors (tenant_id, webhook_id, source, seq, key) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, webhook_id, source) DO UPDATE SET seq = excluded.seq, key = excluded.key",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(id)
    .bind::<Text, _>(source)
    .bind::<BigInt, _>(to.seq)
    .bind::<Text, _>(&to.key)
    .execute(tx.connection)?;
    Ok(())
}

/// A webhook is told nothing of a source any more.
pub fn forget_cursor(tx: &mut Tx, id: &str, source: &str) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM webhook_cursors WHERE webhook_id = $1 AND source = $2")
        .bind::<Text, _>(id)
        .bind::<Text, _>(source)
        .execute(tx.connection)?;
    Ok(())
}
