//! Drafts of policy versions. What a draft says never changes; whether it may be published is decided elsewhere.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has decided.
    Open,
    /// It became a version.
    Published,
    /// It was given up.
    Dropped,
}

impl State {
    /// Its name in the database, addresses and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Published => "published",
            Self::Dropped => "dropped",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "published" => Self::Published,
            "dropped" => Self::Dropped,
            _ => Self::Open,
        }
    }
}

/// A draft.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its number.
    pub id: i64,
    /// The policy's name.
    pub name: String,
    /// The file, as it was handed in.
    pub body: String,
    /// Who drafted it.
    pub drafted_by: String,
    /// When.
    pub drafted_at: Instant,
    /// Where it stands.
    pub state: State,
    /// Who published or dropped it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Instant>,
    /// The version it became.
    pub version: Option<i32>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    draft_id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    body: String,
    #[diesel(sql_type = Text)]
    drafted_by: String,
    #[diesel(sql_type = Timestamptz)]
    drafted_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    decided_by: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    decided_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Integer>)]
    version: Option<i32>,
}

impl From<Row> for Draft {
    fn from(row: Row) -> Self {
        Self {
            id: row.draft_id,
            name: row.name,
            body: row.body,
            drafted_by: row.drafted_by,
            drafted_at: instant(row.drafted_at),
            state: State::named(&row.state),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(instant),
            version: row.version,
        }
    }
}

/// Writes a draft down and gives its number.
pub fn add(tx: &mut Tx, name: &str, body: &str, by: &str, at: Instant) -> Result<i64, StoreError> {
    let id = tx.next_number("policy_drafts", "draft_id")?;
    diesel::sql_query(
        "INSERT INTO policy_drafts (tenant_id, draft_id, name, body, drafted_by, drafted_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(name)
    .bind::<Text, _>(body)
    .bind::<Text, _>(by)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(id)
}

/// The latest drafts, those that are open first.
pub fn all(tx: &mut Tx, most: i64) -> Result<Vec<Draft>, StoreError> {
    let rows: Vec<Row> =
        diesel::sql_query("SELECT * FROM policy_drafts ORDER BY state = 'open' DESC, draft_id DESC LIMIT $1")
            .bind::<BigInt, _>(most)
            .load(tx.connection)?;
    Ok(rows.into_iter().map(Draft::from).collect())
}

/// The draft of a number.
pub fn find(tx: &mut Tx, id: i64) -> Result<Option<Draft>, StoreError> {
    let row: Option<Row> = diesel::sql_query("SELECT * FROM policy_drafts WHERE draft_id = $1")
        .bind::<BigInt, _>(id)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(Draft::from))
}

/// The latest open draft that says exactly this.
pub fn saying(tx: &mut Tx, body: &str) -> Result<Option<Draft>, StoreError> {
    let row: Option<Row> = diesel::sql_query(
        "SELECT * FROM policy_drafts WHERE state = 'open' AND body = $1 ORDER BY draft_id DESC LIMIT 1",
    )
    .bind::<Text, _>(body)
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(Draft::from))
}

/// Ends an open draft, as the version that it became or as given up; says whether it was open.
pub fn end(tx: &mut Tx, id: i64, version: Option<i32>, by: &str, at: Instant) -> Result<bool, StoreError> {
    let state = if version.is_some() { State::Published } else { State::Dropped };
    let changed = diesel::sql_query(
        "UPDATE policy_drafts SET state = $2, version = $3, decided_by = $4, decided_at = $5
         WHERE draft_id = $1 AND state = 'open'",
    )
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(state.name())
    .bind::<Nullable<Integer>, _>(version)
    .bind::<Text, _>(by)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(changed > 0)
}
