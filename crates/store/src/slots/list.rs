//! What an operator sees of the slots, and running again what was given up.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use serde::Serialize;

use super::{Key, queue};
use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// A slot as an operator sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Which one.
    pub key: Key,
    /// `queued`, `waiting`, `running`, `retry`, `done`, `gave-up` or `missed`.
    pub state: String,
    /// Earlier due times that it stands for as well.
    pub stands_for: i64,
    /// How often it was begun.
    pub starts: i32,
    /// How often it failed.
    pub failures: i32,
    /// How often its process ended while it ran.
    pub losses: i32,
    /// When it is begun again.
    pub next_at: Option<Instant>,
    /// When it was last begun.
    pub started_at: Option<Instant>,
    /// When it last ended.
    pub ended_at: Option<Instant>,
    /// What came of it.
    pub outcome: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    job: String,
    #[diesel(sql_type = Timestamptz)]
    due_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    part: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    stands_for: i64,
    #[diesel(sql_type = Integer)]
    starts: i32,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Integer)]
    losses: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    next_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    started_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    ended_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    outcome: Option<String>,
}

impl From<Row> for Listed {
    fn from(row: Row) -> Self {
        Self {
            key: Key { job: row.job, due_at: instant(row.due_at), part: row.part },
            state: row.state,
            stands_for: row.stands_for,
            starts: row.starts,
            failures: row.failures,
            losses: row.losses,
            next_at: row.next_at.map(instant),
            started_at: row.started_at.map(instant),
            ended_at: row.ended_at.map(instant),
            outcome: row.outcome,
        }
    }
}

/// The latest slots, newest first; of one job or state where one is named.
pub fn list(
    tx: &mut Tx,
    job: Option<&str>,
    state: Option<&str>,
    most: u32,
) -> Result<Vec<Listed>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT job, due_at, part, state, stands_for, starts, failures, losses, next_at, started_at, ended_at, outcome
         FROM slots WHERE ($1 IS NULL OR job = $1) AND ($2 IS NULL OR state = $2)
         ORDER BY due_at DESC, job, part LIMIT $3",
    )
    .bind::<Nullable<Text>, _>(job)
    .bind::<Nullable<Text>, _>(state)
    .bind::<BigInt, _>(i64::from(most))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// Queues slots again that were given up, with all their tries before them: those of a job, of one due time where one
/// is named. Gives which.
pub fn retry(tx: &mut Tx, job: Option<&str>, due_at: Option<Instant>) -> Result<Vec<Key>, StoreError> {
    #[derive(QueryableByName)]
    struct Again {
        #[diesel(sql_type = Text)]
        job: String,
        #[diesel(sql_type = Timestamptz)]
        due_at: PgTimestamp,
        #[diesel(sql_type = Text)]
        part: String,
    }
    let rows: Vec<Again> = diesel::sql_query(format!(
        "WITH again AS (
             UPDATE slots SET state = 'queued', failures = 0, losses = 0, queued_at = now(), next_at = NULL,
                 ended_at = NULL, task = apalis.generate_ulid()
             WHERE state = 'gave-up' AND ($1 IS NULL OR job = $1) AND ($2 IS NULL OR due_at = $2)
             RETURNING tenant_id, job, due_at, part, task, interval '0' AS delay),
         queued AS ({})
         SELECT job, due_at, part FROM again ORDER BY job, due_at, part",
        queue::insert("again", 0)
    ))
    .bind::<Nullable<Text>, _>(job)
    .bind::<Nullable<Timestamptz>, _>(due_at.map(pg_instant))
    .load(tx.connection)?;
    Ok(rows
        .into_iter()
        .map(|row| Key { job: row.job, due_at: instant(row.due_at), part: row.part })
        .collect())
}

/// How many slots of a job are in a state that is not over, and how long the oldest has been due, in seconds.
#[derive(Debug, Clone, QueryableByName)]
pub struct Workload {
    /// The job.
    #[diesel(sql_type = Text)]
    pub job: String,
    /// The state.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub slots: i64,
    /// Seconds since the oldest was queued.
    #[diesel(sql_type = Double)]
    pub oldest_seconds: f64,
}

/// What is unfinished or was given up, by job and state.
pub fn workload(tx: &mut Tx) -> Result<Vec<Workload>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT job, state, count(*) AS slots,
             greatest(extract(epoch FROM now() - min(queued_at)), 0)::double precision AS oldest_seconds
         FROM slots WHERE state IN ('queued', 'waiting', 'running', 'retry', 'gave-up') GROUP BY job, state",
    )
    .load(tx.connection)?)
}

/// A stretch of a job's line of time.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Stretch {
    /// The job.
    #[diesel(sql_type = Text)]
    pub job: String,
    /// Which stretch, from 0.
    #[diesel(sql_type = Integer)]
    pub stretch: i32,
    /// The state in it that most wants an eye.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many slots were due in it.
    #[diesel(sql_type = BigInt)]
    pub slots: i64,
}

/// Slots due from an instant on, by job and stretch of so many seconds.
pub fn stretches(tx: &mut Tx, from: Instant, to: Instant, seconds: i64) -> Result<Vec<Stretch>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT job, floor(extract(epoch FROM due_at - $1) / $3)::integer AS stretch, count(*) AS slots,
             (ARRAY['gave-up', 'retry', 'running', 'missed', 'waiting', 'queued', 'done'])[
                 min(array_position(ARRAY['gave-up', 'retry', 'running', 'missed', 'waiting', 'queued', 'done'], state))] AS state
         FROM slots WHERE due_at >= $1 AND due_at < $2 GROUP BY 1, 2 ORDER BY 1, 2",
    )
    .bind::<Timestamptz, _>(pg_instant(from))
    .bind::<Timestamptz, _>(pg_instant(to))
    .bind::<BigInt, _>(seconds)
    .load(tx.connection)?)
}

/// How a job stands.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Standing {
    /// The job.
    #[diesel(sql_type = Text)]
    pub job: String,
    /// The due time up to which slots were made, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub made_to: i64,
    /// Slots that are not over.
    #[diesel(sql_type = BigInt)]
    pub unfinished: i64,
    /// Those that run.
    #[diesel(sql_type = BigInt)]
    pub running: i64,
    /// Those that failed and are tried again.
    #[diesel(sql_type = BigInt)]
    pub retrying: i64,
    /// Those that were given up.
    #[diesel(sql_type = BigInt)]
    pub gave_up: i64,
    /// The oldest that is due and not done, in microseconds since 1970.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub oldest_due: Option<i64>,
    /// When one was last done.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub done_at: Option<i64>,
}

/// How each job stands that was ever scheduled.
pub fn standings(tx: &mut Tx) -> Result<Vec<Standing>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT j.job, (extract(epoch FROM j.made_to) * 1000000)::bigint AS made_to,
             count(s.job) FILTER (WHERE s.state IN ('queued', 'waiting', 'running', 'retry')) AS unfinished,
             count(s.job) FILTER (WHERE s.state = 'running') AS running, count(s.job) FILTER (WHERE s.state = 'retry') AS retrying,
             count(s.job) FILTER (WHERE s.state = 'gave-up') AS gave_up,
             (extract(epoch FROM min(s.due_at) FILTER (WHERE s.state IN ('queued', 'waiting', 'running', 'retry'))) * 1000000)::bigint AS oldest_due,
             (extract(epoch FROM max(s.ended_at) FILTER (WHERE s.state = 'done')) * 1000000)::bigint AS done_at
         FROM schedules j LEFT JOIN slots s ON s.tenant_id = j.tenant_id AND s.job = j.job
         GROUP BY j.job, j.made_to ORDER BY j.job",
    )
    .load(tx.connection)?)
}

/// Some slots, newest first, of one job and state where named, and how many there are.
pub fn page(
    tx: &mut Tx,
    job: Option<&str>,
    state: Option<&str>,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Listed>, i64), StoreError> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(embed)]
        slot: Row,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let rows: Vec<Counted> = diesel::sql_query(
        "SELECT job, due_at, part, state, stands_for, starts, failures, losses, next_at, started_at, ended_at, outcome,
             count(*) OVER () AS total
         FROM slots WHERE ($1 IS NULL OR job = $1) AND ($2 IS NULL OR state = $2)
         ORDER BY due_at DESC, job, part LIMIT $3 OFFSET $4",
    )
    .bind::<Nullable<Text>, _>(job)
    .bind::<Nullable<Text>, _>(state)
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(offset)
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |counted| counted.total);
    Ok((rows.into_iter().map(|counted| Listed::from(counted.slot)).collect(), total))
}
