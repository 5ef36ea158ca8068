//! Slots: the due times of jobs as rows, from being made to being done, and what is queued for them.
//!
//! A slot's life: `queued` → `running` → `done`; or `retry` after a failure, and `gave-up` after the last one;
//! `waiting` while an earlier slot of the same job is unfinished or the tenant is paused; `missed` when its time
//! passed and the job does not catch up. Nothing else may touch the queue's tables.

mod life;
mod list;
mod queue;

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use farsight_rulebook::time::Instant;

pub use life::{Begun, Ending, Limits, begin, end, give_back};
pub use list::{Listed, Standing, Stretch, Workload, list, page, retry, standings, stretches, workload};
pub use queue::{QUEUE, is_ready, purge, ready_for_program, requeue_lost};

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// Which slot: a due time of a job of the transaction's tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The job.
    pub job: String,
    /// When it was due.
    pub due_at: Instant,
    /// What of the job, where it is split (a dealer of the day's plan); else empty.
    pub part: String,
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = Text)]
    job: String,
    #[diesel(sql_type = Timestamptz)]
    made_to: PgTimestamp,
}

/// How far each job's due times have been made into slots.
pub fn horizons(tx: &mut Tx) -> Result<Vec<(String, Instant)>, StoreError> {
    let rows: Vec<Made> = diesel::sql_query("SELECT job, made_to FROM schedules").load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.job, instant(row.made_to))).collect())
}

/// How far a job's due times have been made, to be moved on by this transaction alone: whoever else asks, waits.
/// A job that was never scheduled begins at `first`.
pub fn horizon_for_update(tx: &mut Tx, job: &str, first: Instant) -> Result<Instant, StoreError> {
    diesel::sql_query(
        "INSERT INTO schedules (tenant_id, job, made_to) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind::<diesel::sql_types::Integer, _>(tx.tenant())
    .bind::<Text, _>(job)
    .bind::<Timestamptz, _>(pg_instant(first))
    .execute(tx.connection)?;
    let row: Made = diesel::sql_query("SELECT job, made_to FROM schedules WHERE job = $1 FOR UPDATE")
        .bind::<Text, _>(job)
        .get_result(tx.connection)?;
    Ok(instant(row.made_to))
}

/// A job's due times have been made up to an instant.
pub fn move_horizon(tx: &mut Tx, job: &str, to: Instant) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE schedules SET made_to = $2 WHERE job = $1")
        .bind::<Text, _>(job)
        .bind::<Timestamptz, _>(pg_instant(to))
        .execute(tx.connection)?;
    Ok(())
}

/// What slots are made with.
#[derive(Debug, Clone, Copy)]
pub struct Making {
    /// Now, by the program's clock.
    pub at: Instant,
    /// Larger ones are begun first.
    pub priority: i32,
    /// Whether somebody, or another job, asked for it: no later due time takes its place.
    pub called: bool,
}

/// Makes due times into slots and queues them, each for when it is due, in one statement; those that are there already stay as they are.
/// Gives how many were made.
pub fn add(tx: &mut Tx, job: &str, due: &[(Instant, &str)], making: Making) -> Result<usize, StoreError> {
    add_standing_for(tx, job, due, 0, making)
}

/// The same, for a slot that stands for `missed` earlier due times as well.
pub fn add_standing_for(
    tx: &mut Tx,
    job: &str,
    due: &[(Instant, &str)],
    missed: i64,
    making: Making,
) -> Result<usize, StoreError> {
    if due.is_empty() {
        return Ok(0);
    }
    let (times, parts): (Vec<PgTimestamp>, Vec<&str>) =
        due.iter().map(|(at, part)| (pg_instant(*at), *part)).unzip();
    let made = diesel::sql_query(format!(
        "WITH made AS (
             INSERT INTO slots (tenant_id, job, due_at, part, state, stands_for, made_at, called, queued_at, task)
             SELECT $1, $2, due_at, part, 'queued', $5, $6, $7, now() + greatest(due_at - $6, interval '0'), apalis.generate_ulid()
             FROM unnest($3, $4) AS d (due_at, part)
             ON CONFLICT DO NOTHING
             RETURNING tenant_id, job, due_at, part, task, queued_at - now() AS delay)
         {}",
        queue::insert("made", making.priority)
    ))
    .bind::<diesel::sql_types::Integer, _>(tx.tenant())
    .bind::<Text, _>(job)
    .bind::<Array<Timestamptz>, _>(times)
    .bind::<Array<Text>, _>(parts)
    .bind::<BigInt, _>(missed)
    .bind::<Timestamptz, _>(pg_instant(making.at))
    .bind::<diesel::sql_types::Bool, _>(making.called)
    .execute(tx.connection)?;
    Ok(made)
}

/// Records due times that nobody catches up with.
pub fn add_missed(tx: &mut Tx, job: &str, due: &[Instant], at: Instant) -> Result<usize, StoreError> {
    if due.is_empty() {
        return Ok(0);
    }
    let times: Vec<PgTimestamp> = due.iter().map(|due| pg_instant(*due)).collect();
    let made = diesel::sql_query(
        "INSERT INTO slots (tenant_id, job, due_at, part, state, made_at, ended_at, outcome)
         SELECT $1, $2, due_at, '', 'missed', $4, $4, 'no worker was there when it was due'
         FROM unnest($3) AS d (due_at) ON CONFLICT DO NOTHING",
    )
    .bind::<diesel::sql_types::Integer, _>(tx.tenant())
    .bind::<Text, _>(job)
    .bind::<Array<Timestamptz>, _>(times)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(made)
}

/// Slots of a job that were never begun give way to a later one. Gives how many.
pub fn supersede(tx: &mut Tx, job: &str, at: Instant) -> Result<usize, StoreError> {
    let gone = diesel::sql_query(
        "UPDATE slots SET state = 'missed', ended_at = $2, outcome = 'a later due time came before it was begun'
         WHERE job = $1 AND state IN ('queued', 'waiting') AND starts = 0 AND NOT called",
    )
    .bind::<Text, _>(job)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(gone)
}

/// Pauses the tenant's jobs: what runs ends, nothing new is begun. Whether it was not paused already.
pub fn pause(tx: &mut Tx, by: &str, at: Instant) -> Result<bool, StoreError> {
    let paused = diesel::sql_query(
        "INSERT INTO pauses (tenant_id, paused_at, paused_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind::<diesel::sql_types::Integer, _>(tx.tenant())
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(by)
    .execute(tx.connection)?;
    Ok(paused > 0)
}

/// Ends a pause; what waited is queued. Whether there was one.
pub fn resume(tx: &mut Tx) -> Result<bool, StoreError> {
    let resumed = tx.execute("DELETE FROM pauses")?;
    queue::wake(tx, "s.state = 'waiting'")?;
    Ok(resumed > 0)
}

/// Whether the tenant's jobs are paused.
pub fn is_paused(tx: &mut Tx) -> Result<bool, StoreError> {
    Ok(tx.number("SELECT count(*) AS number FROM pauses")? > 0)
}
