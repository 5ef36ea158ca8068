//! The draws of the spot check: chains of day keys, and each day's draw, filled in step by step and never changed.
//!
//! Who is drawn is decided elsewhere; a seed comes here sealed and leaves sealed.

mod days;

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::draw::Drawn;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::session::Turn;
use crate::values::{date, instant, pg_date, pg_instant};
use crate::{StoreError, Tx};
pub use days::{Day, days};

/// A chain of day keys.
#[derive(Debug, Clone)]
pub struct StoredChain {
    /// Its number within the tenant, from 1.
    pub id: i32,
    /// The day of its key 1.
    pub first_day: Date,
    /// How many days it has keys for.
    pub length: u32,
    /// Its key 0, in hex.
    pub anchor: String,
    /// Its last key, sealed.
    pub sealed_seed: Vec<u8>,
    /// When it was made and its anchor published.
    pub made_at: Instant,
}

#[derive(QueryableByName)]
struct ChainRow {
    #[diesel(sql_type = Integer)]
    chain_id: i32,
    #[diesel(sql_type = SqlDate)]
    first_day: PgDate,
    #[diesel(sql_type = Integer)]
    length: i32,
    #[diesel(sql_type = Text)]
    anchor: String,
    #[diesel(sql_type = Binary)]
    sealed_seed: Vec<u8>,
    #[diesel(sql_type = Timestamptz)]
    made_at: PgTimestamp,
}

impl From<ChainRow> for StoredChain {
    fn from(row: ChainRow) -> Self {
        Self {
            id: row.chain_id,
            first_day: date(row.first_day),
            length: row.length.unsigned_abs(),
            anchor: row.anchor,
            sealed_seed: row.sealed_seed,
            made_at: instant(row.made_at),
        }
    }
}

/// A day's draw, as far as it has come.
#[derive(Debug, Clone)]
pub struct StoredDraw {
    /// The day.
    pub day: Date,
    /// The chain.
    pub chain: i32,
    /// The day's number in the chain, from 1.
    pub index: u32,
    /// The pool as it was frozen.
    pub pool: Vec<String>,
    /// Its hash.
    pub pool_sha256: String,
    /// How many the policy draws.
    pub sample_size: usize,
    /// When the pool was frozen.
    pub committed_at: Instant,
    /// Who is drawn, once that is done.
    pub drawn: Option<(Drawn, Vec<String>)>,
    /// The key and when it was published, once the day is over.
    pub revealed: Option<(String, Instant)>,
}

#[derive(QueryableByName)]
struct DrawRow {
    #[diesel(sql_type = SqlDate)]
    day: PgDate,
    #[diesel(sql_type = Integer)]
    chain_id: i32,
    #[diesel(sql_type = Integer)]
    day_index: i32,
    #[diesel(sql_type = Array<Text>)]
    pool: Vec<String>,
    #[diesel(sql_type = Text)]
    pool_sha256: String,
    #[diesel(sql_type = Integer)]
    sample_size: i32,
    #[diesel(sql_type = Timestamptz)]
    committed_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    sample: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    reserve: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    follow_ups: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Text>)]
    day_key: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    revealed_at: Option<PgTimestamp>,
}

impl From<DrawRow> for StoredDraw {
    fn from(row: DrawRow) -> Self {
        let drawn = row.sample.zip(row.reserve).map(|(sample, reserve)| Drawn { sample, reserve });
        Self {
            day: date(row.day),
            chain: row.chain_id,
            index: row.day_index.unsigned_abs(),
            pool: row.pool,
            pool_sha256: row.pool_sha256,
            sample_size: row.sample_size.unsigned_abs() as usize,
            committed_at: instant(row.committed_at),
            drawn: drawn.zip(row.follow_ups),
            revealed: row.day_key.zip(row.revealed_at.map(instant)),
        }
    }
}

/// Waits until no other transaction draws, plans or concludes for the tenant; kept to the end of this one.
pub fn take_turn(tx: &mut Tx) -> Result<(), StoreError> {
    tx.take_turn(Turn::Draws)
}

/// All chains, by their first day.
pub fn chains(tx: &mut Tx) -> Result<Vec<StoredChain>, StoreError> {
    let rows: Vec<ChainRow> = diesel::sql_query(
        "SELECT chain_id, first_day, length, anchor, sealed_seed, made_at FROM draw_chains ORDER BY first_day",
    )
    .load(tx.connection)?;
    Ok(rows.into_iter().map(StoredChain::from).collect())
}

/// Keeps a new chain.
pub fn add_chain(tx: &mut Tx, chain: &StoredChain) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO draw_chains (tenant_id, chain_id, first_day, length, anchor, sealed_seed, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Integer, _>(chain.id)
    .bind::<SqlDate, _>(pg_date(chain.first_day))
    .bind::<Integer, _>(chain.length as i32)
    .bind::<Text, _>(&chain.anchor)
    .bind::<Binary, _>(&chain.sealed_seed)
    .bind::<Timestamptz, _>(pg_instant(chain.made_at))
    .execute(tx.connection)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Code {
    #[diesel(sql_type = Text)]
    code: String,
}

/// The dealers that could be drawn on a day, as far as is known now: open that day with at least one camera that is
/// not said to be out of order; sorted by bytes.
pub fn pool(tx: &mut Tx, on: Date) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Code> = diesel::sql_query(format!(
        "SELECT t.dealer_code AS code FROM dealers t
         WHERE {} AND t.opened_on <= $1 AND (t.closed_on IS NULL OR t.closed_on >= $1)
           AND t.dealer_code IN (
               SELECT c.dealer_code FROM cameras c
               WHERE c.superseded_at = 'infinity' AND NOT c.voided AND c.working IS DISTINCT FROM false)
         ORDER BY t.dealer_code COLLATE \"C\"",
        tx.holds()
    ))
    .bind::<SqlDate, _>(pg_date(on))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.code).collect())
}

const COLUMNS: &str = "day, chain_id, day_index, pool, pool_sha256, sample_size, committed_at, sample, reserve, follow_ups, day_key, revealed_at";

/// The draw of a day, if its pool was ever frozen.
pub fn find(tx: &mut Tx, day: Date) -> Result<Option<StoredDraw>, StoreError> {
    let row: Option<DrawRow> = diesel::sql_query(format!("SELECT {COLUMNS} FROM draws WHERE day = $1"))
        .bind::<SqlDate, _>(pg_date(day))
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(StoredDraw::from))
}

/// Draws that are made, of days before this one, whose key is not published yet; by day.
pub fn sealed_before(tx: &mut Tx, day: Date) -> Result<Vec<StoredDraw>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM draws WHERE day < $1 AND drawn_at IS NOT NULL AND revealed_at IS NULL ORDER BY day"
    );
    let rows: Vec<DrawRow> = diesel::sql_query(query).bind::<SqlDate, _>(pg_date(day)).load(tx.connection)?;
    Ok(rows.into_iter().map(StoredDraw::from).collect())
}

/// The days from one to another, both included, whose key is published, in order.
pub fn revealed_within(tx: &mut Tx, first: Date, last: Date) -> Result<Vec<Date>, StoreError> {
    let mut days = Vec::new();
    let query = diesel::sql_query(
        "SELECT * FROM draws WHERE day BETWEEN $1 AND $2 AND day_key IS NOT NULL ORDER BY day",
    );
    let query = query.bind::<SqlDate, _>(pg_date(first)).bind::<SqlDate, _>(pg_date(last));
    tx.each::<_, DrawRow>(query, |row| days.push(date(row.day)))?;
    Ok(days)
}

/// Freezes a day's pool.
pub fn commit(tx: &mut Tx, draw: &StoredDraw) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO draws (tenant_id, day, chain_id, day_index, pool, pool_sha256, sample_size, committed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<SqlDate, _>(pg_date(draw.day))
    .bind::<Integer, _>(draw.chain)
    .bind::<Integer, _>(draw.index as i32)
    .bind::<Array<Text>, _>(&draw.pool)
    .bind::<Text, _>(&draw.pool_sha256)
    .bind::<Integer, _>(draw.sample_size as i32)
    .bind::<Timestamptz, _>(pg_instant(draw.committed_at))
    .execute(tx.connection)?;
    Ok(())
}

/// Fills in who is drawn.
pub fn fill_in(
    tx: &mut Tx,
    day: Date,
    drawn: &Drawn,
    follow_ups: &[String],
    at: Instant,
) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE draws SET sample = $2, reserve = $3, follow_ups = $4, drawn_at = $5 WHERE day = $1",
    )
    .bind::<SqlDate, _>(pg_date(day))
    .bind::<Array<Text>, _>(&drawn.sample)
    .bind::<Array<Text>, _>(&drawn.reserve)
    .bind::<Array<Text>, _>(follow_ups)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// Publishes a day's key.
pub fn reveal(tx: &mut Tx, day: Date, key: &str, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE draws SET day_key = $2, revealed_at = $3 WHERE day = $1")
        .bind::<SqlDate, _>(pg_date(day))
        .bind::<Text, _>(key)
        .bind::<Timestamptz, _>(pg_instant(at))
        .execute(tx.connection)?;
    Ok(())
}
