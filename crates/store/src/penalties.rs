//! Discretionary penalties: drafts that a second person decides on. Whether that may be is decided elsewhere.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::money::Money;
use farsight_rulebook::time::Instant;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has decided.
    Open,
    /// It became a ruling.
    Approved,
    /// The second person said no.
    Refused,
    /// The drafter took it back.
    Withdrawn,
}

impl State {
    /// All of them, in the order of a choice.
    pub const ALL: [Self; 4] = [Self::Open, Self::Approved, Self::Refused, Self::Withdrawn];

    /// Its name in the database, addresses and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A draft.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its number.
    pub id: i64,
    /// The complaint that was mishandled.
    pub complaint: String,
    /// The dealer.
    pub dealer: String,
    /// The dealer's name.
    pub dealer_name: String,
    /// What it would cost, above zero.
    pub amount: Money,
    /// Why.
    pub body: String,
    /// Who drafted it.
    pub drafted_by: String,
    /// When.
    pub drafted_at: Instant,
    /// Where it stands.
    pub state: State,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Instant>,
    /// Why so.
    pub reason: Option<String>,
    /// The ruling it became.
    pub ruling: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    draft_id: i64,
    #[diesel(sql_type = Text)]
    complaint_id: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    dealer_name: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
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
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    ruling_id: Option<String>,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

impl From<Row> for Draft {
    fn from(row: Row) -> Self {
        Self {
            id: row.draft_id,
            complaint: row.complaint_id,
            dealer: row.dealer_code,
            dealer_name: row.dealer_name,
            amount: Money(row.amount),
            body: row.body,
            drafted_by: row.drafted_by,
            drafted_at: instant(row.drafted_at),
            state: State::named(&row.state).unwrap_or(State::Open),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(instant),
            reason: row.reason,
            ruling: row.ruling_id,
        }
    }
}

/// What a new draft says.
#[derive(Debug, Clone, Copy)]
pub struct New<'n> {
    /// The complaint.
    pub complaint: &'n str,
    /// Its dealer.
    pub dealer: &'n str,
    /// What it would cost, above zero.
    pub amount: Money,
    /// Why.
    pub body: &'n str,
    /// Who drafts it.
    pub by: &'n str,
    /// When.
    pub at: Instant,
}

/// Writes a draft down and gives its number. Two open ones on one complaint: the second fails by the database.
pub fn add(tx: &mut Tx, new: &New) -> Result<i64, StoreError> {
    let id = tx.next_number("penalty_drafts", "draft_id")?;
    diesel::sql_query(
        "INSERT INTO penalty_drafts (tenant_id, draft_id, complaint_id, dealer_code, amount, body, drafted_by, drafted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(new.complaint)
    .bind::<Text, _>(new.dealer)
    .bind::<BigInt, _>(new.amount.0)
    .bind::<Text, _>(new.body)
    .bind::<Text, _>(new.by)
    .bind::<Timestamptz, _>(pg_instant(new.at))
    .execute(tx.connection)?;
    Ok(id)
}

/// How a draft ended.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'d> {
    /// Its state from now on.
    pub state: State,
    /// By whom.
    pub by: &'d str,
    /// When.
    pub at: Instant,
    /// Why so.
    pub reason: &'d str,
    /// The ruling it became.
    pub ruling: Option<&'d str>,
}

/// Ends an open draft; says whether it was open.
pub fn decide(tx: &mut Tx, id: i64, decision: &Decision) -> Result<bool, StoreError> {
    let changed = diesel::sql_query(
        "UPDATE penalty_drafts SET state = $2, decided_by = $3, decided_at = $4, reason = $5, ruling_id = $6
         WHERE draft_id = $1 AND state = 'open'",
    )
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(decision.state.name())
    .bind::<Text, _>(decision.by)
    .bind::<Timestamptz, _>(pg_instant(decision.at))
    .bind::<Text, _>(decision.reason)
    .bind::<Nullable<Text>, _>(decision.ruling)
    .execute(tx.connection)?;
    Ok(changed > 0)
}

const WHOLE: &str = "SELECT p.*, coalesce(d.name, '') AS dealer_name, count(*) OVER () AS total FROM penalty_drafts p
    LEFT JOIN dealers d ON d.tenant_id = p.tenant_id AND d.dealer_code = p.dealer_code AND d.superseded_at = 'infinity'";

/// The draft of a number.
pub fn find(tx: &mut Tx, id: i64) -> Result<Option<Draft>, StoreError> {
    let row: Option<Row> = diesel::sql_query(format!("{WHOLE} WHERE p.draft_id = $1"))
        .bind::<BigInt, _>(id)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(Draft::from))
}

/// The open draft on a complaint.
pub fn open_of(tx: &mut Tx, complaint: &str) -> Result<Option<Draft>, StoreError> {
    let row: Option<Row> =
        diesel::sql_query(format!("{WHOLE} WHERE p.complaint_id = $1 AND p.state = 'open'"))
            .bind::<Text, _>(complaint)
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(Draft::from))
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// When it was drafted.
    #[default]
    Drafted,
    /// The dealer.
    Dealer,
    /// The amount.
    Amount,
}

impl Sort {
    const fn sql(self) -> &'static str {
        match self {
            Self::Drafted => "p.drafted_at",
            Self::Dealer => "p.dealer_code COLLATE \"C\"",
            Self::Amount => "p.amount",
        }
    }
}

/// Which drafts are listed; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In a state.
    pub state: Option<State>,
    /// Of a dealer.
    pub dealer: Option<String>,
    /// In what order.
    pub sort: Sort,
    /// The last first.
    pub descending: bool,
    /// At most so many.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

/// How many drafts there are of a filter, and those of the page.
pub fn list(tx: &mut Tx, filter: &Filter) -> Result<(u64, Vec<Draft>), StoreError> {
    let order = if filter.descending { "DESC" } else { "ASC" };
    let rows: Vec<Row> = diesel::sql_query(format!(
        "{WHOLE} WHERE ($1 IS NULL OR p.state = $1) AND ($2 IS NULL OR p.dealer_code = $2)
         ORDER BY {} {order}, p.draft_id {order} LIMIT $3 OFFSET $4",
        filter.sort.sql()
    ))
    .bind::<Nullable<Text>, _>(filter.state.map(State::name))
    .bind::<Nullable<Text>, _>(&filter.dealer)
    .bind::<BigInt, _>(filter.limit)
    .bind::<BigInt, _>(filter.offset)
    .load(tx.connection)?;
    Ok((rows.first().map_or(0, |row| row.total as u64), rows.into_iter().map(Draft::from).collect()))
}

/// The latest complaints received by an instant that hold, the latest first: where a draft may begin.
pub fn latest_complaints(tx: &mut Tx, now: Instant, limit: i64) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = Text)]
        complaint_id: String,
    }
    let rows: Vec<Id> = diesel::sql_query(
        "SELECT complaint_id FROM complaints WHERE superseded_at = 'infinity' AND NOT voided AND received_at <= $1
         ORDER BY received_at DESC, complaint_id LIMIT $2",
    )
    .bind::<Timestamptz, _>(pg_instant(now))
    .bind::<BigInt, _>(limit)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.complaint_id).collect())
}
