//! A slot is begun, and ends.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use super::{Key, queue};
use crate::values::pg_instant;
use crate::{StoreError, Tx};

/// How often a slot may fail before it is given up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Failures: the job said that it could not.
    pub failures: u32,
    /// Losses: the process ended while it ran.
    pub losses: u32,
}

/// What became of the wish to begin a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is to be carried out now.
    Start {
        /// Which start of it this is: to be named when it ends.
        start: i32,
        /// Failures so far.
        failures: u32,
        /// Earlier due times that it stands for.
        stands_for: u64,
    },
    /// It is over, or there is none: nothing to carry out.
    Over,
    /// An earlier slot of the job is unfinished, or the tenant is paused: it comes again by itself.
    Waits,
    /// Its processes ended so often that it is begun again only after a while.
    Slowed,
    /// Its processes ended too often: given up, with the number of times.
    GaveUp(u32),
}

/// How a slot ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Done, and what came of it.
    Done(String),
    /// To be begun again after so many milliseconds: it failed.
    Retry(String, u64),
    /// To be begun again after so many milliseconds: it was too early, which is no failure.
    Snooze(String, u64),
    /// Not to be begun again.
    GaveUp(String),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Integer)]
    starts: i32,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Integer)]
    losses: i32,
    #[diesel(sql_type = BigInt)]
    stands_for: i64,
}

const COLUMNS: &str = "state, starts, failures, losses, stands_for";
const THIS: &str = "job = $1 AND due_at = $2 AND part = $3";
const EARLIER: &str =
    "e.job = $1 AND e.part = $3 AND e.due_at < $2 AND e.state IN ('queued', 'waiting', 'running', 'retry')";

impl Row {
    fn start(&self) -> Begun {
        Begun::Start {
            start: self.starts,
            failures: self.failures as u32,
            stands_for: self.stands_for as u64,
        }
    }
}

/// Begins a slot, if it may be begun.
pub fn begin(tx: &mut Tx, key: &Key, worker: &str, at: Instant, limits: Limits) -> Result<Begun, StoreError> {
    let quick = format!(
        "UPDATE slots SET state = 'running', starts = starts + 1, started_at = $4, worker = $5, next_at = NULL
         WHERE {THIS} AND state IN ('queued', 'retry') AND NOT EXISTS (SELECT FROM pauses)
           AND NOT EXISTS (SELECT FROM slots e WHERE {EARLIER})
         RETURNING {COLUMNS}"
    );
    match started(tx, &quick, key, worker, at)? {
        Some(row) => Ok(row.start()),
        None => begin_with_care(tx, key, worker, at, limits),
    }
}

fn started(tx: &mut Tx, sql: &str, key: &Key, worker: &str, at: Instant) -> Result<Option<Row>, StoreError> {
    Ok(diesel::sql_query(sql)
        .bind::<Text, _>(&key.job)
        .bind::<Timestamptz, _>(pg_instant(key.due_at))
        .bind::<Text, _>(&key.part)
        .bind::<Timestamptz, _>(pg_instant(at))
        .bind::<Text, _>(worker)
        .get_result(tx.connection)
        .optional()?)
}

/// A slot that is not simply next: over, paused, behind another, or lost with its process.
fn begin_with_care(
    tx: &mut Tx,
    key: &Key,
    worker: &str,
    at: Instant,
    limits: Limits,
) -> Result<Begun, StoreError> {
    let row: Option<Row> = about(tx, &format!("SELECT {COLUMNS} FROM slots WHERE {THIS} FOR UPDATE"), key)?;
    let Some(row) = row.filter(|row| !matches!(&*row.state, "done" | "gave-up" | "missed")) else {
        return Ok(Begun::Over);
    };
    // Who ends the earlier slot waits for this transaction, or this one for it: one of them sees the other.
    let earlier =
        format!("SELECT {COLUMNS} FROM slots e WHERE {EARLIER} ORDER BY due_at DESC LIMIT 1 FOR SHARE");
    if super::is_paused(tx)? || about(tx, &earlier, key)?.is_some() {
        write(tx, "state = 'waiting'", key)?;
        return Ok(Begun::Waits);
    }
    let losses = row.losses as u32 + u32::from(row.state == "running");
    if losses > limits.losses {
        let told = format!("its process ended {losses} times while it ran");
        write(
            tx,
            &format!("state = 'gave-up', losses = {losses}, outcome = '{told}', ended_at = started_at"),
            key,
        )?;
        wake_next(tx, key)?;
        return Ok(Begun::GaveUp(losses));
    }
    if row.state == "running" && losses > 1 {
        let seconds = (1_u64 << losses.min(6)) / 2;
        write(tx, &format!("state = 'retry', losses = {losses}"), key)?;
        queue_again(tx, key, seconds * 1000)?;
        return Ok(Begun::Slowed);
    }
    let begin = format!(
        "UPDATE slots SET state = 'running', starts = starts + 1, started_at = $4, worker = $5, next_at = NULL,
             losses = {losses}
         WHERE {THIS} RETURNING {COLUMNS}"
    );
    Ok(started(tx, &begin, key, worker, at)?.map_or(Begun::Over, |row| row.start()))
}

fn about(tx: &mut Tx, sql: &str, key: &Key) -> Result<Option<Row>, StoreError> {
    Ok(diesel::sql_query(sql)
        .bind::<Text, _>(&key.job)
        .bind::<Timestamptz, _>(pg_instant(key.due_at))
        .bind::<Text, _>(&key.part)
        .get_result(tx.connection)
        .optional()?)
}

fn write(tx: &mut Tx, change: &str, key: &Key) -> Result<(), StoreError> {
    diesel::sql_query(format!("UPDATE slots SET {change} WHERE {THIS}"))
        .bind::<Text, _>(&key.job)
        .bind::<Timestamptz, _>(pg_instant(key.due_at))
        .bind::<Text, _>(&key.part)
        .execute(tx.connection)?;
    Ok(())
}

/// Gives back a slot that was taken from the queue and not begun: another may have it at once.
pub fn give_back(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
    queue_where(tx, key, "AND state IN ('queued', 'retry')", 0)
}

/// Ends the start of a slot; whether it was still that start's to end.
pub fn end(tx: &mut Tx, key: &Key, start: i32, ending: &Ending, at: Instant) -> Result<bool, StoreError> {
    let (change, told) = match ending {
        Ending::Done(told) => ("state = 'done', ended_at = $5", told),
        Ending::GaveUp(told) => ("state = 'gave-up', ended_at = $5, failures = failures + 1", told),
        Ending::Retry(told, _) => ("state = 'retry', ended_at = $5, failures = failures + 1", told),
        Ending::Snooze(told, _) => ("state = 'retry', ended_at = $5", told),
    };
    let ended: Option<Ended> = diesel::sql_query(format!(
        "UPDATE slots SET {change}, outcome = $6 WHERE {THIS} AND starts = $4 AND state = 'running'
         RETURNING EXISTS (SELECT FROM slots w WHERE w.job = $1 AND w.part = $3 AND w.state = 'waiting') AS waited_for"
    ))
    .bind::<Text, _>(&key.job)
    .bind::<Timestamptz, _>(pg_instant(key.due_at))
    .bind::<Text, _>(&key.part)
    .bind::<Integer, _>(start)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Nullable<Text>, _>(Some(told))
    .get_result(tx.connection)
    .optional()?;
    let Some(Ended { waited_for }) = ended else { return Ok(false) };
    match ending {
        Ending::Retry(_, after) | Ending::Snooze(_, after) => queue_again(tx, key, *after)?,
        Ending::Done(_) | Ending::GaveUp(_) if waited_for => wake_next(tx, key)?,
        Ending::Done(_) | Ending::GaveUp(_) => {}
    }
    Ok(true)
}

/// What is known of a slot when it ends.
#[derive(QueryableByName)]
struct Ended {
    /// Whether a later slot of the job waits for it.
    #[diesel(sql_type = Bool)]
    waited_for: bool,
}

fn queue_again(tx: &mut Tx, key: &Key, after_milliseconds: u64) -> Result<(), StoreError> {
    queue_where(tx, key, "", after_milliseconds)
}

fn queue_where(tx: &mut Tx, key: &Key, and: &str, after_milliseconds: u64) -> Result<(), StoreError> {
    let delay = format!("interval '{after_milliseconds} milliseconds'");
    diesel::sql_query(format!(
        "WITH again AS (
             UPDATE slots SET task = apalis.generate_ulid(), queued_at = now() + {delay}, next_at = now() + {delay}
             WHERE {THIS} {and}
             RETURNING tenant_id, job, due_at, part, task, {delay} AS delay)
         {}",
        queue::insert("again", 0)
    ))
    .bind::<Text, _>(&key.job)
    .bind::<Timestamptz, _>(pg_instant(key.due_at))
    .bind::<Text, _>(&key.part)
    .execute(tx.connection)?;
    Ok(())
}

/// The next slot of the job that waits, is queued.
fn wake_next(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
    diesel::sql_query(format!(
        "WITH woken AS (
             UPDATE slots s SET state = 'queued', queued_at = now(), task = apalis.generate_ulid()
             WHERE s.job = $1 AND s.part = $2 AND s.state = 'waiting' AND s.due_at =
                 (SELECT min(due_at) FROM slots w WHERE w.job = $1 AND w.part = $2 AND w.state = 'waiting')
             RETURNING tenant_id, job, due_at, part, task, interval '0' AS delay)
         {}",
        queue::insert("woken", 0)
    ))
    .bind::<Text, _>(&key.job)
    .bind::<Text, _>(&key.part)
    .execute(tx.connection)?;
    Ok(())
}
