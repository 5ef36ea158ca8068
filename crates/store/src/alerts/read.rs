//! Alerts as they are shown, counted and exported.

use std::collections::HashMap;

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::alert::Level;
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{FOREVER, date, instant, pg_instant};
use crate::{StoreError, Tx};

/// An alert, open or not.
#[derive(Debug, Clone)]
pub struct Alert {
    /// Its number within the tenant.
    pub id: i64,
    /// The family, of its key.
    pub family: String,
    /// The check.
    pub check: String,
    /// The clause.
    pub clause: String,
    /// The subject.
    pub subject: String,
    /// The dealer; empty where none is concerned.
    pub dealer: String,
    /// The region; empty where none is concerned.
    pub region: String,
    /// The severity.
    pub severity: String,
    /// The local date of its finding.
    pub occurred_on: Date,
    /// What there is to know at a glance, as JSON.
    pub detail: String,
    /// All that its finding charges, posted or vacant.
    pub amount: Money,
    /// Until when something can or must be done.
    pub due_at: Option<Instant>,
    /// Before whom it is.
    pub level: Level,
    /// Since when.
    pub level_since: Instant,
    /// Who held that post when it came there.
    pub holder: Option<String>,
    /// When it goes one level up.
    pub escalates_at: Option<Instant>,
    /// How often it came back soon after it was resolved.
    pub flaps: i32,
    /// When it opened.
    pub opened_at: Instant,
    /// When it was acknowledged at its level.
    pub acknowledged_at: Option<Instant>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// When it was resolved.
    pub resolved_at: Option<Instant>,
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody at its level has looked at it.
    Open,
    /// Somebody has.
    Acknowledged,
    /// What it was about is gone.
    Resolved,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Resolved];

    /// Its name in files and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    /// Where an alert stands that is resolved or was acknowledged at its level, or both.
    pub(super) const fn of(resolved: bool, acknowledged: bool) -> Self {
        match (resolved, acknowledged) {
            (true, _) => Self::Resolved,
            (false, true) => Self::Acknowledged,
            (false, false) => Self::Open,
        }
    }

    /// The rows of it.
    const fn condition(self) -> &'static str {
        match self {
            Self::Open => "a.resolved_at = 'infinity' AND a.acknowledged_by IS NULL",
            Self::Acknowledged => "a.resolved_at = 'infinity' AND a.acknowledged_by IS NOT NULL",
            Self::Resolved => "a.resolved_at < 'infinity'",
        }
    }
}

impl Alert {
    /// `open`, `acknowledged` or `resolved`.
    pub const fn status(&self) -> Status {
        Status::of(self.resolved_at.is_some(), self.acknowledged_by.is_some())
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    alert_id: i64,
    #[diesel(sql_type = Text)]
    family: String,
    #[diesel(sql_type = Text)]
    check_name: String,
    #[diesel(sql_type = Text)]
    clause: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    region_code: String,
    #[diesel(sql_type = Text)]
    severity: String,
    #[diesel(sql_type = SqlDate)]
    occurred_on: PgDate,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    due_at: Option<PgTimestamp>,
    #[diesel(sql_type = Text)]
    level: String,
    #[diesel(sql_type = Timestamptz)]
    level_since: PgTimestamp,
    #[diesel(sql_type = Nullable<Text>)]
    holder_code: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    escalates_at: Option<PgTimestamp>,
    #[diesel(sql_type = Integer)]
    flaps: i32,
    #[diesel(sql_type = Timestamptz)]
    opened_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    acknowledged_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    acknowledged_by: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    resolved_at: PgTimestamp,
}

impl From<Row> for Alert {
    fn from(row: Row) -> Self {
        Self {
            id: row.alert_id,
            family: row.family,
            check: row.check_name,
            clause: row.clause,
            subject: row.subject,
            dealer: row.dealer_code,
            region: row.region_code,
            severity: row.severity,
            occurred_on: date(row.occurred_on),
            detail: row.detail,
            amount: Money(row.amount),
            due_at: row.due_at.map(instant),
            level: Level::named(&row.level).unwrap_or(Level::Dealer),
            level_since: instant(row.level_since),
            holder: row.holder_code,
            escalates_at: row.escalates_at.map(instant),
            flaps: row.flaps,
            opened_at: instant(row.opened_at),
            acknowledged_at: row.acknowledged_at.map(instant),
            acknowledged_by: row.acknowledged_by,
            resolved_at: (row.resolved_at.0 != FOREVER).then(|| instant(row.resolved_at)),
        }
    }
}

/// The open alerts of a check.
pub fn open_of(tx: &mut Tx, check: &str) -> Result<Vec<Alert>, StoreError> {
    let rows: Vec<Row> =
        diesel::sql_query("SELECT * FROM alerts WHERE check_name = $1 AND resolved_at = 'infinity'")
            .bind::<diesel::sql_types::Text, _>(check)
            .load(tx.connection)?;
    Ok(rows.into_iter().map(Alert::from).collect())
}

/// The alerts of some numbers; what is not there is left out.
pub fn find_all(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Alert>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query("SELECT * FROM alerts WHERE alert_id = ANY($1)")
        .bind::<Array<BigInt>, _>(ids)
        .load(tx.connection)?;
    Ok(rows.into_iter().map(Alert::from).collect())
}

/// The alert of a number.
pub fn find(tx: &mut Tx, id: i64) -> Result<Option<Alert>, StoreError> {
    let row: Option<Row> = diesel::sql_query("SELECT * FROM alerts WHERE alert_id = $1")
        .bind::<BigInt, _>(id)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(Alert::from))
}

/// Which alerts are listed; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of a dealer.
    pub dealer: Option<String>,
    /// Of a region.
    pub region: Option<String>,
    /// Of a severity.
    pub severity: Option<Severity>,
    /// Of a status; none: those not resolved.
    pub status: Option<Status>,
    /// Opened then or later.
    pub opened_since: Option<Instant>,
    /// At most so many.
    pub limit: Option<u32>,
    /// So many are left out before.
    pub offset: i64,
    /// In which order.
    pub order: Order,
    /// The other way round.
    pub falling: bool,
}

/// What a list of alerts is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The most severe first, then the oldest.
    #[default]
    Severity,
    /// When it opened.
    Opened,
    /// Until when something can or must be done.
    Due,
    /// The dealer.
    Dealer,
    /// The amount.
    Amount,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Severity, Self::Opened, Self::Due, Self::Dealer, Self::Amount];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Opened => "opened",
            Self::Due => "due",
            Self::Dealer => "dealer",
            Self::Amount => "amount",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Severity => "array_position(ARRAY['critical', 'warning', 'notice'], a.severity)",
            Self::Opened => "a.opened_at",
            Self::Due => "a.due_at",
            Self::Dealer => "a.dealer_code COLLATE \"C\"",
            Self::Amount => "a.amount",
        }
    }
}

/// How many alerts there are of a filter, and those asked for, in its order.
pub fn list(tx: &mut Tx, filter: &Filter) -> Result<(u64, Vec<Alert>), StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let status = filter.status.map_or("a.resolved_at = 'infinity'", Status::condition);
    let from = format!(
        "FROM alerts a WHERE {status} AND ($1 IS NULL OR a.dealer_code = $1) AND ($2 IS NULL OR a.region_code = $2)
         AND ($3 IS NULL OR a.severity = $3) AND ($4 IS NULL OR a.opened_at >= $4)"
    );
    let since = filter.opened_since.map(pg_instant);
    let severity = filter.severity.map(Severity::name);
    let count: Count = diesel::sql_query(format!("SELECT count(*) AS count {from}"))
        .bind::<Nullable<Text>, _>(&filter.dealer)
        .bind::<Nullable<Text>, _>(&filter.region)
        .bind::<Nullable<Text>, _>(severity)
        .bind::<Nullable<Timestamptz>, _>(since)
        .get_result(tx.connection)?;
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT a.* {from} ORDER BY {} {} NULLS LAST, a.opened_at, a.alert_id LIMIT $5 OFFSET $6",
        filter.order.key(),
        if filter.falling { "DESC" } else { "ASC" }
    ))
    .bind::<Nullable<Text>, _>(&filter.dealer)
    .bind::<Nullable<Text>, _>(&filter.region)
    .bind::<Nullable<Text>, _>(severity)
    .bind::<Nullable<Timestamptz>, _>(since)
    .bind::<Nullable<BigInt>, _>(filter.limit.map(i64::from))
    .bind::<BigInt, _>(filter.offset)
    .load(tx.connection)?;
    Ok((count.count as u64, rows.into_iter().map(Alert::from).collect()))
}

/// The local dates of the open alerts of a check, by family and subject.
pub fn open_days(tx: &mut Tx, check: &str) -> Result<HashMap<(String, String), Date>, StoreError> {
    #[derive(QueryableByName)]
    struct Day {
        #[diesel(sql_type = Text)]
        family: String,
        #[diesel(sql_type = Text)]
        subject: String,
        #[diesel(sql_type = SqlDate)]
        occurred_on: PgDate,
    }
    let rows: Vec<Day> = diesel::sql_query(
        "SELECT family, subject, occurred_on FROM alerts WHERE check_name = $1 AND resolved_at = 'infinity'",
    )
    .bind::<Text, _>(check)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| ((row.family, row.subject), date(row.occurred_on))).collect())
}

/// How many alerts are open: critical, warning, notice.
pub fn open_by_severity(tx: &mut Tx) -> Result<[u64; 3], StoreError> {
    let mut counts = [0; 3];
    tx.each::<_, (String, i64)>(
        diesel::dsl::sql::<(Text, BigInt)>(
            "SELECT severity, count(*) FROM alerts WHERE resolved_at = 'infinity' GROUP BY severity",
        ),
        |(severity, number)| match severity.as_str() {
            "critical" => counts[0] = number as u64,
            "warning" => counts[1] = number as u64,
            _ => counts[2] = number as u64,
        },
    )?;
    Ok(counts)
}
