//! One month of every dealer, worked out from facts, entries and the lives of complaints; and its sums by region.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date as SqlDate, Timestamptz};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{pg_date, pg_instant, pg_month};
use crate::{StoreError, Tx};

/// What a month is worked out by.
#[derive(Debug, Clone, Copy)]
pub struct MonthTerms {
    /// The month.
    pub month: Period,
    /// Its last day, of the running month the present one.
    pub day: Date,
    /// Its first instant.
    pub starts: Instant,
    /// The first instant after it, or now.
    pub ends: Instant,
    /// The least number of certified advisors that the policy of that day asks for.
    pub least_advisors: i64,
    /// Bays one advisor can serve by that policy.
    pub bays_per_advisor: i64,
}

/// Facts that hold.
const HOLDS: &str = "superseded_at = 'infinity' AND NOT voided";

/// What is counted of a dealer, in the order of the table from `inspections` on.
const COUNTED: &str = "inspections, passed, failed, complaints, replies_late, closings_late, complaints_open, complaints_overdue,
    waiting, waits, waited_minutes";

fn dealers() -> String {
    format!(
        "WITH moved AS (
             SELECT DISTINCT ON (dealer_code) dealer_code, region_code FROM dealer_regions
             WHERE {HOLDS} AND \"from\" <= $2 ORDER BY dealer_code, \"from\" DESC),
         built AS (
             SELECT DISTINCT ON (dealer_code) dealer_code, bays FROM bays
             WHERE {HOLDS} AND effective_on <= $2 ORDER BY dealer_code, effective_on DESC),
         based AS (SELECT dealer_code, base_customers FROM customer_base WHERE {HOLDS} AND month = $1),
         excused AS MATERIALIZED (
             SELECT DISTINCT subject FROM rulings WHERE {HOLDS} AND kind = 'excuse' AND subject LIKE 'inspection:%#%'),
         looked AS (
             SELECT i.dealer_code, count(DISTINCT i.inspection_id) AS inspections,
                    count(*) FILTER (WHERE i.result = 'pass' AND i.kind = 'draw') AS passed,
                    count(*) FILTER (WHERE i.result = 'fail' AND i.kind = 'draw' AND x.subject IS NULL) AS failed
             FROM inspections i LEFT JOIN excused x ON x.subject = 'inspection:' || i.inspection_id || '#' || i.item_code
             WHERE {HOLDS} AND i.inspected_at >= $3 AND i.inspected_at < $4 GROUP BY 1),
         complained AS (
             SELECT dealer_code,
                    count(*) FILTER (WHERE received_at >= $3) AS complaints,
                    count(*) FILTER (WHERE reply_late AND reply_due_at >= $3 AND reply_due_at < $4) AS replies_late,
                    count(*) FILTER (WHERE close_late AND close_due_at >= $3 AND close_due_at < $4) AS closings_late,
                    count(*) FILTER (WHERE closed_at >= $4) AS complaints_open,
                    count(*) FILTER (WHERE closed_at >= $4 AND close_late AND close_due_at < $4) AS complaints_overdue,
                    count(*) FILTER (WHERE closed_at >= $4 AND waiting_since < $4) AS waiting,
                    count(*) FILTER (WHERE answered_at >= $3 AND answered_at < $4) AS waits,
                    coalesce(sum(waited_minutes) FILTER (WHERE answered_at >= $3 AND answered_at < $4), 0)::bigint AS waited_minutes
             FROM complaint_lives WHERE received_at < $4 AND ends_at >= $3 GROUP BY 1),
         advising AS (
             SELECT e.dealer_code, count(DISTINCT e.person_code) FILTER (
                        WHERE e.position = 'service-advisor' AND (e.\"to\" IS NULL OR e.\"to\" >= $2) AND k.person_code IS NOT NULL) AS certified
             FROM employments e LEFT JOIN (
                 SELECT DISTINCT person_code FROM certificates WHERE {HOLDS} AND kind = 'service-advisor'
                     AND issued_on <= $2 AND expires_on >= $2 AND (revoked_on IS NULL OR revoked_on > $2)) AS k USING (person_code)
             WHERE {HOLDS} AND e.\"from\" <= $2 GROUP BY 1),
         charged AS (
             SELECT party_code AS dealer_code,
                    sum(amount) FILTER (WHERE kind = 'charge' AND amount < 0) AS penalties,
                    sum(amount) FILTER (WHERE kind = 'charge' AND amount > 0) AS incentives,
                    sum(amount) FILTER (WHERE kind = 'reversal') AS reversals
             FROM entries WHERE period = $1 AND party_kind = 'dealer' GROUP BY 1),
         placed AS (
             SELECT d.dealer_code, coalesce(m.region_code, d.region_code) AS region_code,
                    d.opened_on <= $2 AND (d.closed_on IS NULL OR d.closed_on >= $2) AS is_open
             FROM dealers d LEFT JOIN moved m USING (dealer_code) WHERE {HOLDS}),
         fresh AS MATERIALIZED (
             SELECT p.dealer_code, p.region_code, p.is_open, s.base_customers, b.bays,
                    coalesce(l.inspections, 0) AS inspections, coalesce(l.passed, 0) AS passed, coalesce(l.failed, 0) AS failed,
                    coalesce(c.complaints, 0) AS complaints, coalesce(c.replies_late, 0) AS replies_late,
                    coalesce(c.closings_late, 0) AS closings_late, coalesce(c.complaints_open, 0) AS complaints_open,
                    coalesce(c.complaints_overdue, 0) AS complaints_overdue, coalesce(c.waiting, 0) AS waiting,
                    coalesce(c.waits, 0) AS waits, coalesce(c.waited_minutes, 0) AS waited_minutes,
                    coalesce(a.certified, 0) AS certified,
                    CASE WHEN p.is_open AND a.dealer_code IS NOT NULL
                         THEN greatest($5, (coalesce(b.bays, 0) + $6 - 1) / $6) ELSE 0 END AS required,
                    coalesce(n.penalties, 0)::bigint AS penalties, coalesce(n.incentives, 0)::bigint AS incentives,
                    coalesce(n.reversals, 0)::bigint AS reversals
             FROM placed p LEFT JOIN based s USING (dealer_code) LEFT JOIN built b USING (dealer_code)
                 LEFT JOIN looked l USING (dealer_code) LEFT JOIN complained c USING (dealer_code)
                 LEFT JOIN advising a USING (dealer_code) LEFT JOIN charged n USING (dealer_code)
             WHERE p.is_open OR l.dealer_code IS NOT NULL OR c.dealer_code IS NOT NULL OR n.dealer_code IS NOT NULL),
         gone AS (
             DELETE FROM dealer_figures f WHERE f.month = $1 AND NOT EXISTS (SELECT FROM fresh WHERE fresh.dealer_code = f.dealer_code))
         INSERT INTO dealer_figures AS f
         SELECT (SELECT nullif(current_setting('farsight.tenant', true), '')::integer), $1, fresh.* FROM fresh
         ON CONFLICT (tenant_id, month, dealer_code) DO UPDATE SET
             (region_code, is_open, base_customers, bays, {COUNTED}, certified, required, penalties, incentives, reversals)
             = (excluded.region_code, excluded.is_open, excluded.base_customers, excluded.bays, {}, excluded.certified,
                excluded.required, excluded.penalties, excluded.incentives, excluded.reversals)
         WHERE (f.*) IS DISTINCT FROM (excluded.*)",
        excluded(COUNTED)
    )
}

fn excluded(columns: &str) -> String {
    columns.split(',').map(|column| format!("excluded.{}", column.trim())).collect::<Vec<_>>().join(", ")
}

/// What is summed up of a region, in the order of the table.
const SUMMED: [&str; 19] = [
    "count(*) FILTER (WHERE is_open)",
    "coalesce(sum(base_customers) FILTER (WHERE is_open AND bays > 0), 0)",
    "coalesce(sum(bays) FILTER (WHERE is_open AND bays > 0 AND base_customers IS NOT NULL), 0)",
    "sum(inspections)",
    "sum(passed)",
    "sum(failed)",
    "sum(complaints)",
    "sum(replies_late)",
    "sum(closings_late)",
    "sum(complaints_open)",
    "sum(complaints_overdue)",
    "sum(waiting)",
    "sum(waits)",
    "sum(waited_minutes)",
    "sum(least(certified, required))",
    "sum(required)",
    "sum(penalties)",
    "sum(incentives)",
    "sum(reversals)",
];

fn regions() -> String {
    let sums = SUMMED.iter().map(|sum| format!("({sum})::bigint"));
    format!(
        "INSERT INTO region_figures
         SELECT (SELECT nullif(current_setting('farsight.tenant', true), '')::integer), $1, coalesce(region_code, ''), {}
         FROM dealer_figures WHERE month = $1 GROUP BY GROUPING SETS ((region_code), ()) HAVING count(*) > 0",
        sums.collect::<Vec<_>>().join(", ")
    )
}

/// Works out a month of every dealer, region, and the network.
pub fn work_out(tx: &mut Tx, terms: &MonthTerms) -> Result<(), StoreError> {
    diesel::sql_query(dealers())
        .bind::<SqlDate, _>(pg_month(terms.month))
        .bind::<SqlDate, _>(pg_date(terms.day))
        .bind::<Timestamptz, _>(pg_instant(terms.starts))
        .bind::<Timestamptz, _>(pg_instant(terms.ends))
        .bind::<BigInt, _>(terms.least_advisors)
        .bind::<BigInt, _>(terms.bays_per_advisor)
        .execute(tx.connection)?;
    diesel::sql_query("DELETE FROM region_figures WHERE month = $1")
        .bind::<SqlDate, _>(pg_month(terms.month))
        .execute(tx.connection)?;
    diesel::sql_query(regions()).bind::<SqlDate, _>(pg_month(terms.month)).execute(tx.connection)?;
    Ok(())
}
