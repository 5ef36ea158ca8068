//! The queue behind the slots: apalis's table, in which a row says which slot is to be begun, and when.
//!
//! A row there is one try to begin a slot, never more: what the slot's state allows decides. So rows may be doubled,
//! late or lost, and nothing runs twice or not at all.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::schema::MIGRATION_LOCK;
use crate::session::Database;
use crate::{StoreError, Tx};

/// The name of the queue.
pub const QUEUE: &str = "farsight";

/// Puts the slots of a common table expression (tenant_id, job, due_at, part, task, delay) into the queue.
pub(super) fn insert(slots: &str, priority: i32) -> String {
    format!(
        "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority)
         SELECT task, '{QUEUE}', convert_to(json_build_object('tenant', tenant_id, 'job', job,
                'due_at', (extract(epoch FROM due_at) * 1000000)::bigint, 'part', part)::text, 'UTF8'),
                'Pending', 0, 1, now() + delay, {priority}
         FROM {slots}"
    )
}

/// Queues slots that wait, by a condition on `s`.
pub(super) fn wake(tx: &mut Tx, condition: &str) -> Result<usize, StoreError> {
    tx.execute(&format!(
        "WITH woken AS (
             UPDATE slots s SET state = 'queued', queued_at = now(), task = apalis.generate_ulid()
             WHERE {condition}
             RETURNING tenant_id, job, due_at, part, task, interval '0' AS delay)
         {}",
        insert("woken", 0)
    ))
}

/// Queues again what nobody will come for: a slot whose row in the queue is gone or ended, or that waits for nothing.
/// Only what was queued some time ago is looked at. Gives how many.
pub fn requeue_lost(tx: &mut Tx, after_seconds: u32) -> Result<usize, StoreError> {
    let lost = format!(
        "s.queued_at < now() - interval '{after_seconds} seconds' AND NOT EXISTS (SELECT FROM pauses) AND (
             (s.state IN ('queued', 'retry', 'running')
              AND NOT EXISTS (SELECT FROM apalis.jobs j
                              WHERE j.id = s.task AND j.status IN ('Pending', 'Queued', 'Running')))
             OR (s.state = 'waiting'
                 AND NOT EXISTS (SELECT FROM slots e WHERE e.job = s.job AND e.part = s.part AND e.due_at < s.due_at
                                 AND e.state IN ('queued', 'waiting', 'running', 'retry'))))"
    );
    // The state stays: one that is running is then found to have been lost.
    tx.execute(&format!(
        "WITH lost AS (
             UPDATE slots s SET queued_at = now(), task = apalis.generate_ulid(),
                 state = CASE WHEN state = 'waiting' THEN 'queued' ELSE state END
             WHERE {lost}
             RETURNING tenant_id, job, due_at, part, task, interval '0' AS delay)
         {}",
        insert("lost", 0)
    ))
}

/// Deletes what is over: rows of the queue that ended an hour ago, and slots that ended before so many days.
pub fn purge(tx: &mut Tx, keep_days: u32) -> Result<usize, StoreError> {
    let tenant = tx.tenant();
    tx.execute(&format!(
        "DELETE FROM apalis.jobs WHERE job_type = '{QUEUE}' AND status IN ('Done', 'Failed', 'Killed')
         AND done_at < now() - interval '1 hour'
         AND (convert_from(job, 'UTF8')::json ->> 'tenant')::integer = {tenant}"
    ))?;
    tx.execute(&format!(
        "DELETE FROM slots WHERE state IN ('done', 'missed') AND ended_at < now() - interval '{keep_days} days'"
    ))
}

#[derive(QueryableByName)]
struct There {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    there: bool,
}

/// Whether the queue's tables are there and the program may use them.
pub fn is_ready(database: &Database) -> Result<bool, StoreError> {
    let row: There = diesel::sql_query(
        "SELECT coalesce(has_table_privilege('farsight_app', to_regclass('apalis.jobs'), 'INSERT'), false)
            AND to_regclass('apalis.workers') IS NOT NULL AS there",
    )
    .get_result(&mut database.owner()?)?;
    Ok(row.there)
}

/// Lets the program's role use the queue's tables, once apalis has made them; programs that start together take turns.
pub fn ready_for_program(database: &Database) -> Result<(), StoreError> {
    database.owner()?.batch_execute(&format!(
        "BEGIN;
         SELECT pg_advisory_xact_lock({MIGRATION_LOCK});
         GRANT USAGE ON SCHEMA apalis TO farsight_app;
         GRANT SELECT, INSERT, UPDATE, DELETE ON apalis.jobs, apalis.workers TO farsight_app;
         COMMIT"
    ))?;
    Ok(())
}
