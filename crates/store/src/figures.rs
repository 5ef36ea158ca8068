//! Figures of months: which months the books have touched since the last look, and working them out.
//!
//! Whole months are worked out by set-based statements, and rows that stay the same are not written again.

mod lives;
mod months;
mod read;

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;

use crate::values::{instant, month, pg_instant, pg_month};
use crate::{StoreError, Tx};

pub use lives::{LifeRow, put_lives, touched_complaints};
pub use months::{MonthTerms, work_out};
pub use read::{DealerMonth, RegionMonth, of_dealer, of_regions};

/// How far figures have seen the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The last import.
    pub import: i64,
    /// The last entry.
    pub entry: i64,
    /// How many policies were published.
    pub policies: i32,
}

/// Where figures stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What they have seen.
    pub seen: Seen,
    /// The month that was running.
    pub month: Period,
    /// Feeds that were silent, by table.
    pub silent_feeds: Vec<String>,
    /// When they were worked out.
    pub refreshed_at: Instant,
}

#[derive(QueryableByName)]
struct MarkRow {
    #[diesel(sql_type = BigInt)]
    import_id: i64,
    #[diesel(sql_type = BigInt)]
    entry_id: i64,
    #[diesel(sql_type = Integer)]
    policies: i32,
    #[diesel(sql_type = SqlDate)]
    month: PgDate,
    #[diesel(sql_type = Array<Text>)]
    silent_feeds: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    refreshed_at: PgTimestamp,
}

/// Where figures stand; none: they were never worked out.
pub fn mark(tx: &mut Tx) -> Result<Option<Mark>, StoreError> {
    let row: Option<MarkRow> =
        diesel::sql_query("SELECT * FROM figure_marks").get_result(tx.connection).optional()?;
    Ok(row.map(|row| Mark {
        seen: Seen { import: row.import_id, entry: row.entry_id, policies: row.policies },
        month: month(row.month),
        silent_feeds: row.silent_feeds,
        refreshed_at: instant(row.refreshed_at),
    }))
}

/// Writes down where figures stand; silent feeds are those with an open alert.
pub fn put_mark(tx: &mut Tx, seen: Seen, running: Period, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO figure_marks (tenant_id, import_id, entry_id, policies, month, silent_feeds, refreshed_at)
         SELECT $1, $2, $3, $4, $5, coalesce((
             SELECT array_agg(split_part(subject, ':', 2) ORDER BY subject COLLATE \"C\") FROM alerts
             WHERE family = 'feed-silent' AND resolved_at = 'infinity'), '{}'), $6
         ON CONFLICT (tenant_id) DO UPDATE SET (import_id, entry_id, policies, month, silent_feeds, refreshed_at)
             = (excluded.import_id, excluded.entry_id, excluded.policies, excluded.month, excluded.silent_feeds, excluded.refreshed_at)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(seen.import)
    .bind::<BigInt, _>(seen.entry)
    .bind::<Integer, _>(seen.policies)
    .bind::<SqlDate, _>(pg_month(running))
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// What there is to see.
pub fn heads(tx: &mut Tx) -> Result<Seen, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        import_id: i64,
        #[diesel(sql_type = BigInt)]
        entry_id: i64,
        #[diesel(sql_type = Integer)]
        policies: i32,
    }
    let row: Row = diesel::sql_query(
        "SELECT coalesce((SELECT max(import_id) FROM imports), 0) AS import_id,
                coalesce((SELECT max(entry_id) FROM entries), 0) AS entry_id,
                (SELECT count(*)::integer FROM policies) AS policies",
    )
    .get_result(tx.connection)?;
    Ok(Seen { import: row.import_id, entry: row.entry_id, policies: row.policies })
}

#[derive(QueryableByName)]
struct Touched {
    #[diesel(sql_type = Nullable<SqlDate>)]
    since: Option<PgDate>,
    #[diesel(sql_type = Nullable<SqlDate>)]
    only: Option<PgDate>,
}

/// Months that the books have touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Every month from this one on.
    pub since: Option<Period>,
    /// These months.
    pub only: Vec<Period>,
}

impl Dirty {
    /// Adds every month from one on.
    pub fn since(&mut self, first: Option<Period>) {
        self.since = self.since.into_iter().chain(first).min();
    }

    /// The months to work out up to the running one, which always is.
    pub fn months(&self, running: Period) -> Vec<Period> {
        let mut months: Vec<Period> = self.only.iter().copied().filter(|month| *month <= running).collect();
        months.extend(
            self.since.filter(|first| *first <= running).into_iter().flat_map(|first| first.through(running)),
        );
        months.push(running);
        months.sort_unstable();
        months.dedup();
        months
    }
}

/// Rows of imports that were not seen yet, new and closed.
const CHANGED: &str = "(t.import_id > $1 OR t.superseded_by > $1)";

/// The months that facts and entries have touched since; without the complaints, whose lives tell.
pub fn touched_months(tx: &mut Tx, since: Seen, zone: &str) -> Result<Dirty, StoreError> {
    let of = |at: &str| format!("date_trunc('month', {at} AT TIME ZONE '{zone}')::date");
    let inspected = of("t.inspected_at");
    let excused = of("i.inspected_at");
    // A row that only ends otherwise than before changes nothing before the earlier end.
    let query = format!(
        "SELECT NULL::date AS since, m.month AS only FROM (
             SELECT t.month FROM customer_base t WHERE {CHANGED}
             UNION SELECT {inspected} FROM inspections t WHERE {CHANGED}
             UNION SELECT {excused} FROM rulings t JOIN inspections i ON t.subject LIKE 'inspection:%'
                 AND i.inspection_id = split_part(substr(t.subject, 12), '#', 1) WHERE {CHANGED}
             UNION SELECT t.period FROM entries t WHERE t.entry_id > $2) AS m
         UNION ALL SELECT date_trunc('month', min(t.effective_on))::date, NULL FROM bays t WHERE {CHANGED}
         UNION ALL SELECT date_trunc('month', min(c.since))::date, NULL FROM (
             SELECT CASE WHEN count(*) > 1 AND count(DISTINCT t.voided) = 1 THEN min(t.\"to\") ELSE min(t.\"from\") END AS since
             FROM employments t WHERE {CHANGED} GROUP BY t.person_code, t.dealer_code, t.position, t.\"from\") AS c
         UNION ALL SELECT date_trunc('month', min(c.since))::date, NULL FROM (
             SELECT CASE WHEN count(*) > 1 AND count(DISTINCT (t.person_code, t.kind, t.issued_on, t.voided)) = 1
                 THEN min(least(t.revoked_on, t.expires_on + 1)) ELSE min(t.issued_on) END AS since
             FROM certificates t WHERE {CHANGED} GROUP BY t.certificate_id) AS c"
    );
    let rows: Vec<Touched> = diesel::sql_query(query)
        .bind::<BigInt, _>(since.import)
        .bind::<BigInt, _>(since.entry)
        .load(tx.connection)?;
    let mut dirty = Dirty::default();
    for row in rows {
        dirty.since(row.since.map(month));
        dirty.only.extend(row.only.map(month));
    }
    Ok(dirty)
}

/// Whether something changed since that stands behind every month: dealers, their moves, the calendar.
pub fn ground_changed(tx: &mut Tx, since: Seen) -> Result<bool, StoreError> {
    let changed = |table: &str| {
        format!("EXISTS (SELECT FROM {table} t WHERE {})", CHANGED.replace("$1", &since.import.to_string()))
    };
    let any = ["dealers", "dealer_regions", "calendar"].map(changed).join(" OR ");
    Ok(tx.number(&format!("SELECT ({any})::integer::bigint AS number"))? == 1)
}

/// The first month with something to count, the lives of complaints being in place; none: there is nothing.
pub fn first_month(tx: &mut Tx, zone: &str) -> Result<Option<Period>, StoreError> {
    first(
        tx,
        &format!(
            "SELECT NULL::date AS only, date_trunc('month', least(
             (SELECT min(month) FROM customer_base WHERE superseded_at = 'infinity' AND NOT voided),
             (SELECT (min(inspected_at) AT TIME ZONE '{zone}')::date FROM inspections),
             (SELECT (min(received_at) AT TIME ZONE '{zone}')::date FROM complaint_lives),
             (SELECT min(period) FROM entries)))::date AS since"
        ),
    )
}

/// The first month that has figures.
pub fn earliest(tx: &mut Tx) -> Result<Option<Period>, StoreError> {
    first(tx, "SELECT NULL::date AS only, min(month) AS since FROM dealer_figures")
}

fn first(tx: &mut Tx, query: &str) -> Result<Option<Period>, StoreError> {
    let row: Touched = diesel::sql_query(query).get_result(tx.connection)?;
    Ok(row.since.map(month))
}

/// Takes away the figures of months before one.
pub fn forget_before(tx: &mut Tx, first: Period) -> Result<(), StoreError> {
    for table in ["dealer_figures", "region_figures"] {
        tx.execute(&format!("DELETE FROM {table} WHERE month < date '{}'", first.first_day()))?;
    }
    Ok(())
}
