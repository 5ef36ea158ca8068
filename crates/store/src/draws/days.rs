//! The list of drawn days, with how each stands for the visits that the transaction's person sees.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{date, instant};
use crate::{StoreError, Tx};

/// A drawn day in a list.
#[derive(Debug, Clone)]
pub struct Day {
    /// The day.
    pub day: Date,
    /// Dealers in the pool.
    pub pool: i32,
    /// The pool's hash.
    pub pool_sha256: String,
    /// How many the policy draws.
    pub sample_size: i32,
    /// Whether it is drawn.
    pub drawn: bool,
    /// When its key was published.
    pub revealed_at: Option<Instant>,
    /// Visits that were made or are to be made.
    pub visits: i64,
    /// Of them: made.
    pub made: i64,
    /// Of them: with something to inspect.
    pub inspectable: i64,
    /// Of them: judged, or said to show nothing.
    pub judged: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlDate)]
    day: PgDate,
    #[diesel(sql_type = Integer)]
    pool: i32,
    #[diesel(sql_type = Text)]
    pool_sha256: String,
    #[diesel(sql_type = Integer)]
    sample_size: i32,
    #[diesel(sql_type = Bool)]
    drawn: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    revealed_at: Option<PgTimestamp>,
    #[diesel(sql_type = BigInt)]
    visits: i64,
    #[diesel(sql_type = BigInt)]
    made: i64,
    #[diesel(sql_type = BigInt)]
    inspectable: i64,
    #[diesel(sql_type = BigInt)]
    judged: i64,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// The wanted page of drawn days, the latest first (or the earliest), and how many there are in all.
pub fn days(tx: &mut Tx, latest_first: bool, skip: i64, most: i64) -> Result<(Vec<Day>, i64), StoreError> {
    let order = if latest_first { "DESC" } else { "ASC" };
    let query = format!(
        "SELECT w.*, v.visits, v.made, v.inspectable, v.judged FROM (
             SELECT day, cardinality(pool) AS pool, pool_sha256, sample_size, drawn_at IS NOT NULL AS drawn, revealed_at,
                 count(*) OVER () AS total
             FROM draws ORDER BY day {order} OFFSET $1 LIMIT $2) AS w
         CROSS JOIN LATERAL (
             SELECT count(*) AS visits, count(*) FILTER (WHERE v.state <> 'waiting') AS made,
                 count(*) FILTER (WHERE v.state = 'inspectable') AS inspectable,
                 count(*) FILTER (WHERE j.inspection_id IS NOT NULL OR v.state = 'not-visible' AND v.decided_by IS NOT NULL) AS judged
             FROM visits v LEFT JOIN judged_visits j ON j.day = v.day AND j.dealer_code = v.dealer_code
             WHERE v.day = w.day) AS v
         ORDER BY w.day {order}"
    );
    let rows: Vec<Row> =
        diesel::sql_query(query).bind::<BigInt, _>(skip).bind::<BigInt, _>(most).load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    let shown = |row: Row| Day {
        day: date(row.day),
        pool: row.pool,
        pool_sha256: row.pool_sha256,
        sample_size: row.sample_size,
        drawn: row.drawn,
        revealed_at: row.revealed_at.map(instant),
        visits: row.visits,
        made: row.made,
        inspectable: row.inspectable,
        judged: row.judged,
    };
    Ok((rows.into_iter().map(shown).collect(), total))
}
