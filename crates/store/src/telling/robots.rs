//! When robots were sent to: shared by all replicas, so that one pace holds.
//!
//! Whoever reads and reserves holds the robot's rows ([`lock`]) to the end of the transaction.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use super::Attempted;
use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// Locks a robot, to the end of the transaction; no: another session has it, or there is none. It does not wait, for
/// the instant that is reserved afterwards must still be the present one.
pub fn lock(tx: &mut Tx, robot: &str) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let locked = diesel::sql_query(
        "SELECT 1 FROM channels WHERE robot_key = $1 ORDER BY channel_code FOR NO KEY UPDATE SKIP LOCKED",
    )
    .bind::<Text, _>(robot)
    .execute(tx.connection)?;
    let there: Count = diesel::sql_query("SELECT count(*) AS number FROM channels WHERE robot_key = $1")
        .bind::<Text, _>(robot)
        .get_result(tx.connection)?;
    Ok(locked > 0 && locked as i64 == there.number)
}

/// The instants after one at which a robot was or will have been sent to; older ones are forgotten.
pub fn sent_since(tx: &mut Tx, robot: &str, since: Instant) -> Result<Vec<Instant>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Timestamptz)]
        at: PgTimestamp,
    }
    diesel::sql_query("DELETE FROM sent WHERE robot_key = $1 AND at <= $2")
        .bind::<Text, _>(robot)
        .bind::<Timestamptz, _>(pg_instant(since))
        .execute(tx.connection)?;
    let rows: Vec<Row> = diesel::sql_query("SELECT at FROM sent WHERE robot_key = $1")
        .bind::<Text, _>(robot)
        .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| instant(row.at)).collect())
}

/// Reserves a place for a try that arrives by an instant.
pub fn reserve(tx: &mut Tx, robot: &str, what: &Attempted, arrives_by: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO sent (tenant_id, robot_key, delivery_id, try, at) VALUES ($1, $2, $3::uuid, $4, $5)
         ON CONFLICT (tenant_id, robot_key, delivery_id, try) DO UPDATE SET at = greatest(sent.at, excluded.at)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(robot)
    .bind::<Text, _>(&what.id)
    .bind::<Integer, _>(what.tries)
    .bind::<Timestamptz, _>(pg_instant(arrives_by))
    .execute(tx.connection)?;
    Ok(())
}

/// A try has ended at an instant: it takes its place from then on.
pub fn arrived(tx: &mut Tx, what: &Attempted, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE sent SET at = $1 WHERE delivery_id = $2::uuid AND try = $3")
        .bind::<Timestamptz, _>(pg_instant(at))
        .bind::<Text, _>(&what.id)
        .bind::<Integer, _>(what.tries)
        .execute(tx.connection)?;
    Ok(())
}
