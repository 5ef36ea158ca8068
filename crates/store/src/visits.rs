//! The day's plan: which dealer is looked at when, and what came of it.
//!
//! A visit is put once and then moves on; which way it moves is decided elsewhere.

use std::collections::BTreeSet;

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;
use serde::Serialize;

use crate::values::{date, instant, pg_date, pg_instant};
use crate::{StoreError, Tx};

/// Why a dealer is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It was drawn, or stands in for one that was.
    Draw,
    /// It is on the follow-up list.
    FollowUp,
}

impl Kind {
    /// Its name in tables and facts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draw => "draw",
            Self::FollowUp => "follow-up",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        if name == "draw" { Self::Draw } else { Self::FollowUp }
    }
}

/// Where a visit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not made yet.
    Waiting,
    /// There is at least one picture to inspect.
    Inspectable,
    /// No camera gave a picture that shows the dealer.
    NotVisible,
}

impl State {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Inspectable => "inspectable",
            Self::NotVisible => "not-visible",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        match name {
            "waiting" => Self::Waiting,
            "inspectable" => Self::Inspectable,
            _ => Self::NotVisible,
        }
    }
}

/// A look at a dealer on a day.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The day.
    pub day: Date,
    /// The dealer.
    pub dealer: String,
    /// Why.
    pub kind: Kind,
    /// Its place in the day's plan, from 1.
    pub rank: i32,
    /// When it is due.
    pub due_at: Instant,
    /// Where it stands.
    pub state: State,
    /// Why nothing could be seen.
    pub reason: Option<String>,
    /// The dealer it stands in for.
    pub stands_for: Option<String>,
    /// How often it was begun.
    pub attempts: i32,
    /// Cameras that gave a picture without flaws.
    pub inspectable_cameras: i32,
    /// When it ended.
    pub concluded_at: Option<Instant>,
    /// Who said whether there was something to see.
    pub decided_by: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlDate)]
    day: PgDate,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Integer)]
    rank: i32,
    #[diesel(sql_type = Timestamptz)]
    due_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    stands_for: Option<String>,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Integer)]
    inspectable_cameras: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    concluded_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    decided_by: Option<String>,
}

impl From<Row> for Visit {
    fn from(row: Row) -> Self {
        Self {
            day: date(row.day),
            dealer: row.dealer_code,
            kind: Kind::named(&row.kind),
            rank: row.rank,
            due_at: instant(row.due_at),
            state: State::named(&row.state),
            reason: row.reason,
            stands_for: row.stands_for,
            attempts: row.attempts,
            inspectable_cameras: row.inspectable_cameras,
            concluded_at: row.concluded_at.map(instant),
            decided_by: row.decided_by,
        }
    }
}

const COLUMNS: &str = "day, dealer_code, kind, rank, due_at, state, reason, stands_for, attempts, inspectable_cameras, concluded_at, decided_by";

/// Puts a visit into the plan; one that is there stays as it is.
pub fn add(tx: &mut Tx, visit: &Visit) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO visits (tenant_id, day, dealer_code, kind, rank, due_at, stands_for)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, day, dealer_code) DO NOTHING",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<SqlDate, _>(pg_date(visit.day))
    .bind::<Text, _>(&visit.dealer)
    .bind::<Text, _>(visit.kind.name())
    .bind::<Integer, _>(visit.rank)
    .bind::<Timestamptz, _>(pg_instant(visit.due_at))
    .bind::<Nullable<Text>, _>(visit.stands_for.as_deref())
    .execute(tx.connection)?;
    Ok(())
}

/// A day's visits, by rank.
pub fn of_day(tx: &mut Tx, day: Date) -> Result<Vec<Visit>, StoreError> {
    let rows: Vec<Row> =
        diesel::sql_query(format!("SELECT {COLUMNS} FROM visits WHERE day = $1 ORDER BY rank"))
            .bind::<SqlDate, _>(pg_date(day))
            .load(tx.connection)?;
    Ok(rows.into_iter().map(Visit::from).collect())
}

/// A day's visit to a dealer.
pub fn find(tx: &mut Tx, day: Date, dealer: &str) -> Result<Option<Visit>, StoreError> {
    let row: Option<Row> =
        diesel::sql_query(format!("SELECT {COLUMNS} FROM visits WHERE day = $1 AND dealer_code = $2"))
            .bind::<SqlDate, _>(pg_date(day))
            .bind::<Text, _>(dealer)
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(Visit::from))
}

/// The day's visits that wait and are due by an instant, the longest due first.
pub fn due(tx: &mut Tx, day: Date, by: Instant) -> Result<Vec<Visit>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT {COLUMNS} FROM visits WHERE day = $1 AND state = 'waiting' AND due_at <= $2 ORDER BY due_at, rank"
    ))
    .bind::<SqlDate, _>(pg_date(day))
    .bind::<Timestamptz, _>(pg_instant(by))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Visit::from).collect())
}

/// Counts one more beginning of a visit.
pub fn count_attempt(tx: &mut Tx, day: Date, dealer: &str) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE visits SET attempts = attempts + 1 WHERE day = $1 AND dealer_code = $2")
        .bind::<SqlDate, _>(pg_date(day))
        .bind::<Text, _>(dealer)
        .execute(tx.connection)?;
    Ok(())
}

/// What came of a visit.
#[derive(Debug, Clone)]
pub struct Outcome<'o> {
    /// Where it stands now.
    pub state: State,
    /// Why nothing could be seen.
    pub reason: Option<&'o str>,
    /// Cameras that gave a picture without flaws.
    pub inspectable_cameras: i32,
    /// When it ended.
    pub at: Instant,
}

/// Writes down what came of a visit.
pub fn conclude(tx: &mut Tx, day: Date, dealer: &str, outcome: &Outcome) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE visits SET state = $3, reason = $4, inspectable_cameras = $5, concluded_at = $6
         WHERE day = $1 AND dealer_code = $2",
    )
    .bind::<SqlDate, _>(pg_date(day))
    .bind::<Text, _>(dealer)
    .bind::<Text, _>(outcome.state.name())
    .bind::<Nullable<Text>, _>(outcome.reason)
    .bind::<Integer, _>(outcome.inspectable_cameras)
    .bind::<Timestamptz, _>(pg_instant(outcome.at))
    .execute(tx.connection)?;
    Ok(())
}

/// Writes down a person's word on a visit that saw nothing: it stays so, or there was something to see after all.
pub fn decide(
    tx: &mut Tx,
    visit: &Visit,
    state: State,
    inspectable_cameras: i32,
    by: &str,
    at: Instant,
) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE visits SET state = $3, inspectable_cameras = $4, decided_by = $5, decided_at = $6
         WHERE day = $1 AND dealer_code = $2",
    )
    .bind::<SqlDate, _>(pg_date(visit.day))
    .bind::<Text, _>(&visit.dealer)
    .bind::<Text, _>(state.name())
    .bind::<Integer, _>(inspectable_cameras)
    .bind::<Text, _>(by)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// Dealers followed up earlier in a month: those that were seen, and those that were tried and were not.
pub fn followed_up(
    tx: &mut Tx,
    month: Period,
    before: Date,
) -> Result<(BTreeSet<String>, BTreeSet<String>), StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT {COLUMNS} FROM visits WHERE kind = 'follow-up' AND day >= $1 AND day < $2"
    ))
    .bind::<SqlDate, _>(pg_date(month.first_day()))
    .bind::<SqlDate, _>(pg_date(before))
    .load(tx.connection)?;
    let of = |state: State| {
        rows.iter()
            .filter(|row| State::named(&row.state) == state)
            .map(|row| row.dealer_code.clone())
            .collect()
    };
    Ok((of(State::Inspectable), of(State::NotVisible)))
}
