//! Channels: group robots, webhooks and mailboxes of a tenant.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// A channel.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its code.
    pub code: String,
    /// Its kind: `email`, `wecom`, `dingtalk`, `feishu`, `webhook`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// Where and with which keys, sealed.
    pub sealed: Vec<u8>,
    /// By what its pace is held; empty where there is none to hold.
    pub robot_key: String,
    /// When it was added.
    pub added_at: Instant,
    /// By whom.
    pub added_by: String,
    /// Since when nothing is sent by it, and why.
    pub disabled: Option<(Instant, String)>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    channel_code: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
    #[diesel(sql_type = Text)]
    robot_key: String,
    #[diesel(sql_type = Timestamptz)]
    added_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    added_by: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    disabled_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    disabled_why: Option<String>,
}

impl From<Row> for Channel {
    fn from(row: Row) -> Self {
        let why = row.disabled_why.unwrap_or_default();
        Self {
            code: row.channel_code,
            kind: row.kind,
            name: row.name,
            sealed: row.sealed,
            robot_key: row.robot_key,
            added_at: instant(row.added_at),
            added_by: row.added_by,
            disabled: row.disabled_at.map(|at| (instant(at), why)),
        }
    }
}

/// All channels, by code.
pub fn all(tx: &mut Tx) -> Result<Vec<Channel>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query("SELECT * FROM channels ORDER BY channel_code COLLATE \"C\"")
        .load(tx.connection)?;
    Ok(rows.into_iter().map(Channel::from).collect())
}

/// The channel of a code.
pub fn find(tx: &mut Tx, code: &str) -> Result<Option<Channel>, StoreError> {
    let row: Option<Row> = diesel::sql_query("SELECT * FROM channels WHERE channel_code = $1")
        .bind::<Text, _>(code)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(Channel::from))
}

/// Adds a channel, or takes the place of the one of its code; it is sent by from then on. What waits for it goes by the
/// new one.
pub fn put(tx: &mut Tx, channel: &Channel) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO channels (tenant_id, channel_code, kind, name, sealed, robot_key, added_at, added_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, channel_code) DO UPDATE SET kind = excluded.kind, name = excluded.name,
             sealed = excluded.sealed, robot_key = excluded.robot_key, added_at = excluded.added_at,
             added_by = excluded.added_by, disabled_at = NULL, disabled_why = NULL",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(&channel.code)
    .bind::<Text, _>(&channel.kind)
    .bind::<Text, _>(&channel.name)
    .bind::<Binary, _>(&channel.sealed)
    .bind::<Text, _>(&channel.robot_key)
    .bind::<Timestamptz, _>(pg_instant(channel.added_at))
    .bind::<Text, _>(&channel.added_by)
    .execute(tx.connection)?;
    diesel::sql_query(
        "UPDATE deliveries SET robot_key = $1 WHERE receiver = 'channel:' || $2 AND robot_key <> $1",
    )
    .bind::<Text, _>(&channel.robot_key)
    .bind::<Text, _>(&channel.code)
    .execute(tx.connection)?;
    Ok(())
}

/// Sends nothing more by a channel.
pub fn disable(tx: &mut Tx, code: &str, why: &str, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE channels SET disabled_at = $1, disabled_why = $2 WHERE channel_code = $3 AND disabled_at IS NULL",
    )
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(why)
    .bind::<Text, _>(code)
    .execute(tx.connection)?;
    Ok(())
}

/// Removes a channel with what was held back for it; says whether there was one.
pub fn remove(tx: &mut Tx, code: &str) -> Result<bool, StoreError> {
    for table in ["held", "told", "subscriptions"] {
        diesel::sql_query(format!("DELETE FROM {table} WHERE receiver = 'channel:' || $1"))
            .bind::<Text, _>(code)
            .execute(tx.connection)?;
    }
    let removed = diesel::sql_query("DELETE FROM channels WHERE channel_code = $1")
        .bind::<Text, _>(code)
        .execute(tx.connection)?;
    Ok(removed > 0)
}
