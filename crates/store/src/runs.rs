//! How far each check has judged, and what it has yet to look at.

use std::collections::HashMap;

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::finding::Wake;
use farsight_rulebook::time::Instant;

use crate::values::{instant, literal, pg_instant};
use crate::{StoreError, Tx};

/// The import number that stands for everything: a policy was published.
pub const EVERYTHING: i64 = 0;

/// Where a check stands.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The check.
    pub check: String,
    /// The as-of instant of its latest run.
    pub as_of: Instant,
}

#[derive(QueryableByName)]
struct MarkRow {
    #[diesel(sql_type = Text)]
    check_name: String,
    #[diesel(sql_type = Timestamptz)]
    as_of: PgTimestamp,
}

/// Where each check stands that ever ran.
pub fn marks(tx: &mut Tx) -> Result<Vec<Mark>, StoreError> {
    let query = match tx.known_at() {
        None => "SELECT check_name, as_of FROM marks".to_owned(),
        Some(at) => format!(
            "SELECT DISTINCT ON (check_name) check_name, as_of FROM runs CROSS JOIN unnest(checks) AS check_name
             WHERE ran_at <= {} ORDER BY check_name, run_id DESC",
            literal(at)
        ),
    };
    let rows: Vec<MarkRow> = diesel::sql_query(query).load(tx.connection)?;
    Ok(rows.into_iter().map(|row| Mark { check: row.check_name, as_of: instant(row.as_of) }).collect())
}

/// How far a check has come.
#[derive(Debug, Clone)]
pub struct Stand {
    /// The check.
    pub check: String,
    /// The as-of instant of its latest run; none: it never ran.
    pub as_of: Option<Instant>,
    /// Whether there are imports that it has yet to look at.
    pub touched: bool,
}

/// How far each check has come that ever ran, or has something to look at.
pub fn stand(tx: &mut Tx) -> Result<Vec<Stand>, StoreError> {
    let mut stands = Vec::new();
    tx.each::<_, (String, Option<PgTimestamp>, bool)>(
        diesel::dsl::sql::<(Text, Nullable<Timestamptz>, Bool)>(
            "SELECT coalesce(m.check_name, t.check_name), m.as_of, t.check_name IS NOT NULL
             FROM marks m FULL JOIN (SELECT DISTINCT check_name FROM touched) t USING (check_name)",
        ),
        |(check, as_of, touched)| stands.push(Stand { check, as_of: as_of.map(instant), touched }),
    )?;
    Ok(stands)
}

#[derive(QueryableByName)]
struct Touched {
    #[diesel(sql_type = Text)]
    check_name: String,
    #[diesel(sql_type = BigInt)]
    import_id: i64,
}

/// What each check has yet to look at: pairs of check and import.
pub fn touched(tx: &mut Tx) -> Result<Vec<(String, i64)>, StoreError> {
    let rows: Vec<Touched> =
        diesel::sql_query("SELECT check_name, import_id FROM touched").load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.check_name, row.import_id)).collect())
}

/// Marks an import as not yet seen by these checks.
pub fn touch(tx: &mut Tx, checks: &[&str], import: i64) -> Result<(), StoreError> {
    touch_all(tx, checks, &[import])
}

/// Marks imports as not yet seen by these checks.
pub(crate) fn touch_all(tx: &mut Tx, checks: &[&str], imports: &[i64]) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO touched (tenant_id, check_name, import_id)
         SELECT $1, name, import FROM unnest($2) AS name CROSS JOIN unnest($3) AS import ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Array<Text>, _>(checks)
    .bind::<Array<BigInt>, _>(imports)
    .execute(tx.connection)?;
    Ok(())
}

/// A check has seen these imports.
pub fn seen(tx: &mut Tx, check: &str, imports: &[i64]) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM touched WHERE check_name = $1 AND import_id = ANY($2)")
        .bind::<Text, _>(check)
        .bind::<Array<BigInt>, _>(imports)
        .execute(tx.connection)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Unit {
    #[diesel(sql_type = Text)]
    unit: String,
}

/// The units of a check that time has touched by an instant.
pub fn woken(tx: &mut Tx, check: &str, by: Instant) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Unit> = diesel::sql_query("SELECT unit FROM wakes WHERE check_name = $1 AND wake_at <= $2")
        .bind::<Text, _>(check)
        .bind::<Timestamptz, _>(pg_instant(by))
        .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.unit).collect())
}

/// The units of a check that have entries, open alerts or wakes; as known at an instant those that had entries, for every
/// unit comes from facts, and the rest only helps to close what was opened.
pub fn units_known(tx: &mut Tx, check: &str) -> Result<Vec<String>, StoreError> {
    let of_entries =
        format!("SELECT unit FROM entries WHERE check_name = $1 AND {}", tx.by_then("posted_at"));
    let query = match tx.known_at() {
        Some(_) => of_entries,
        None => format!(
            "{of_entries} UNION SELECT unit FROM alerts WHERE check_name = $1 AND resolved_at = 'infinity'
             UNION SELECT unit FROM wakes WHERE check_name = $1"
        ),
    };
    let rows: Vec<Unit> = diesel::sql_query(query).bind::<Text, _>(check).load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.unit).collect())
}

/// Replaces the wakes of a check: all of them, or those of the units judged.
pub fn set_wakes(
    tx: &mut Tx,
    check: &str,
    units: Option<&[String]>,
    wakes: &[Wake],
) -> Result<(), StoreError> {
    match units {
        None => {
            diesel::sql_query("DELETE FROM wakes WHERE check_name = $1")
                .bind::<Text, _>(check)
                .execute(tx.connection)?;
        }
        Some(units) => {
            diesel::sql_query("DELETE FROM wakes WHERE check_name = $1 AND unit = ANY($2)")
                .bind::<Text, _>(check)
                .bind::<Array<Text>, _>(units)
                .execute(tx.connection)?;
        }
    }
    let of_check = || wakes.iter().filter(|wake| wake.check == check);
    let units: Vec<&str> = of_check().map(|wake| wake.unit.as_str()).collect();
    let times: Vec<PgTimestamp> = of_check().map(|wake| pg_instant(wake.at)).collect();
    if units.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "INSERT INTO wakes (tenant_id, check_name, unit, wake_at)
         SELECT $1, $2, unit, min(wake_at) FROM unnest($3, $4) AS w (unit, wake_at) GROUP BY unit",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(check)
    .bind::<Array<Text>, _>(units)
    .bind::<Array<Timestamptz>, _>(times)
    .execute(tx.connection)?;
    Ok(())
}

/// A run that posted.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// Its number.
    pub id: i64,
    /// The checks it judged.
    pub checks: Vec<&'a str>,
    /// Its as-of instant.
    pub as_of: Instant,
    /// When it ran.
    pub ran_at: Instant,
    /// Whether it looked at everything.
    pub whole: bool,
    /// Charges posted.
    pub posted: u64,
    /// Entries reversed.
    pub reversed: u64,
    /// Entries that stayed.
    pub unchanged: u64,
    /// Alerts opened.
    pub opened: u64,
    /// Alerts resolved.
    pub resolved: u64,
    /// The newest policy version that it knew.
    pub newest_policy: i32,
}

/// The number the next run has.
pub fn next_id(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.number("SELECT coalesce(max(run_id), 0) + 1 AS number FROM runs")
}

/// Writes a run down and moves the marks of its checks.
pub fn add(tx: &mut Tx, run: &Run) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO runs (tenant_id, run_id, checks, as_of, ran_at, whole, posted, reversed, unchanged, alerts_opened, alerts_resolved,
             newest_policy)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(run.id)
    .bind::<Array<Text>, _>(&run.checks)
    .bind::<Timestamptz, _>(pg_instant(run.as_of))
    .bind::<Timestamptz, _>(pg_instant(run.ran_at))
    .bind::<Bool, _>(run.whole)
    .bind::<BigInt, _>(run.posted as i64)
    .bind::<BigInt, _>(run.reversed as i64)
    .bind::<BigInt, _>(run.unchanged as i64)
    .bind::<BigInt, _>(run.opened as i64)
    .bind::<BigInt, _>(run.resolved as i64)
    .bind::<Integer, _>(run.newest_policy)
    .execute(tx.connection)?;
    diesel::sql_query(
        "INSERT INTO marks (tenant_id, check_name, as_of, run_id) SELECT $1, name, $3, $4 FROM unnest($2) AS name
         ON CONFLICT (tenant_id, check_name) DO UPDATE SET as_of = excluded.as_of, run_id = excluded.run_id",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Array<Text>, _>(&run.checks)
    .bind::<Timestamptz, _>(pg_instant(run.as_of))
    .bind::<BigInt, _>(run.id)
    .execute(tx.connection)?;
    Ok(())
}

/// The moment of this run: now, but after every earlier run and import, so that what was known at it can be told.
pub fn stamp(tx: &mut Tx, now: Instant) -> Result<Instant, StoreError> {
    Ok(now.max(Instant(last_moment(tx)? + 1)))
}

/// The latest moment of any import or run, in microseconds since 1970.
pub(crate) fn last_moment(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.number(
        "SELECT coalesce((extract(epoch FROM greatest(
             (SELECT max(ran_at) FROM runs), (SELECT max(recorded_at) FROM imports))) * 1000000)::bigint, -9000000000000000) AS number",
    )
}

/// What a run judged by besides facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Its as-of instant.
    pub as_of: Instant,
    /// The newest policy version that it knew.
    pub newest_policy: i32,
}

#[derive(QueryableByName)]
struct JudgedRow {
    #[diesel(sql_type = BigInt)]
    run_id: i64,
    #[diesel(sql_type = Timestamptz)]
    as_of: PgTimestamp,
    #[diesel(sql_type = Integer)]
    newest_policy: i32,
}

/// What these runs judged by.
pub fn judged(tx: &mut Tx, runs: &[i64]) -> Result<HashMap<i64, Judged>, StoreError> {
    let rows: Vec<JudgedRow> =
        diesel::sql_query("SELECT run_id, as_of, newest_policy FROM runs WHERE run_id = ANY($1)")
            .bind::<Array<BigInt>, _>(runs)
            .load(tx.connection)?;
    let judged = |row: JudgedRow| {
        let JudgedRow { run_id, as_of, newest_policy } = row;
        (run_id, Judged { as_of: instant(as_of), newest_policy })
    };
    Ok(rows.into_iter().map(judged).collect())
}
