//! A month's figures, added up once where they change and kept, so that a look at a settlement adds nothing up.
//!
//! Only copies: whatever is locked or exported is read from `settlement_lines` and the entries.

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, Date as SqlDate, Timestamptz};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;

use super::lines_query;
use crate::values::{month, pg_instant, pg_month};
use crate::{StoreError, Tx};

const TENANT: &str = "(SELECT nullif(current_setting('farsight.tenant', true), '')::integer)";

/// Sums by kind, as every figure has them.
const SUMS: &str = "coalesce(sum(e.amount) FILTER (WHERE e.kind = 'charge' AND e.amount < 0), 0)::bigint AS penalties,
    coalesce(sum(e.amount) FILTER (WHERE e.kind = 'charge' AND e.amount > 0), 0)::bigint AS incentives,
    coalesce(sum(e.amount) FILTER (WHERE e.kind = 'reversal'), 0)::bigint AS reversals, count(*) AS entry_count";

/// Something was posted into these months: their figures are no longer what the books say.
pub(super) fn mark_stale(tx: &mut Tx, periods: &[Period]) -> Result<(), StoreError> {
    let days: Vec<PgDate> = periods.iter().map(|period| pg_month(*period)).collect();
    diesel::sql_query("UPDATE settlement_totals SET stale = true WHERE period = ANY($1) AND NOT stale")
        .bind::<Array<SqlDate>, _>(days)
        .execute(tx.connection)?;
    Ok(())
}

/// Months whose figures are stale.
pub fn stale(tx: &mut Tx) -> Result<Vec<Period>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlDate)]
        period: PgDate,
    }
    let rows: Vec<Row> =
        diesel::sql_query("SELECT period FROM settlement_totals WHERE stale ORDER BY period")
            .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| month(row.period)).collect())
}

/// Adds a month up again, and says what became different since it was calculated.
pub fn refresh(tx: &mut Tx, period: Period, at: Instant) -> Result<(), StoreError> {
    let first = period.first_day();
    let lines = lines_query(tx, period);
    tx.execute(&format!("DELETE FROM settlement_parties WHERE period = date '{first}'"))?;
    tx.execute(&format!(
        "INSERT INTO settlement_parties
         SELECT {TENANT}, l.period, l.party_kind, l.party_code, l.name, l.region_code, l.penalties, l.incentives, l.reversals,
                l.penalties + l.incentives + l.reversals, l.entry_count FROM ({lines}) AS l"
    ))?;
    tx.execute(&format!("DELETE FROM settlement_sums WHERE period = date '{first}'"))?;
    tx.execute(&format!(
        "INSERT INTO settlement_sums (tenant_id, period, clause, region_code, party_kind, penalties, incentives, reversals, entry_count)
         SELECT {TENANT}, e.period, e.clause, coalesce(p.region_code, ''), e.party_kind, {SUMS}
         FROM entries e LEFT JOIN settlement_parties p ON p.period = e.period AND p.party_kind = e.party_kind AND p.party_code = e.party_code
         WHERE e.period = date '{first}' GROUP BY e.period, e.clause, coalesce(p.region_code, ''), e.party_kind"
    ))?;
    tx.execute(&format!("DELETE FROM settlement_figures WHERE period = date '{first}' AND kept = 'now'"))?;
    tx.execute(&format!(
        "INSERT INTO settlement_figures (tenant_id, period, kept, party_kind, party_code, clause, amount, entry_count)
         SELECT {TENANT}, period, 'now', party_kind, party_code, clause, sum(amount)::bigint, count(*)
         FROM entries WHERE period = date '{first}' GROUP BY period, party_kind, party_code, clause"
    ))?;
    compare(tx, period, "last", "now")?;
    diesel::sql_query(format!(
        "INSERT INTO settlement_totals (tenant_id, period, figured_at, stale, entry_sum, entry_count)
         SELECT {TENANT}, $1, $2, false, coalesce(sum(amount), 0)::bigint, count(*) FROM entries WHERE period = $1
         ON CONFLICT (tenant_id, period) DO UPDATE SET figured_at = excluded.figured_at, stale = false,
             entry_sum = excluded.entry_sum, entry_count = excluded.entry_count"
    ))
    .bind::<SqlDate, _>(pg_month(period))
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// The month was calculated: what it was calculated as last time is kept as the time before, and compared with.
pub fn keep(tx: &mut Tx, period: Period) -> Result<(), StoreError> {
    let first = period.first_day();
    // A month that is calculated for the first time is new as a whole: nothing to compare it with.
    let again = tx.number(&format!(
        "SELECT count(*) AS number FROM (SELECT FROM settlement_figures WHERE period = date '{first}' AND kept = 'last' LIMIT 1) AS f"
    ))? > 0;
    tx.execute(&format!("DELETE FROM settlement_figures WHERE period = date '{first}' AND kept = 'before'"))?;
    tx.execute(&format!(
        "UPDATE settlement_figures SET kept = 'before' WHERE period = date '{first}' AND kept = 'last'"
    ))?;
    tx.execute(&format!(
        "INSERT INTO settlement_figures (tenant_id, period, kept, party_kind, party_code, clause, amount, entry_count)
         SELECT tenant_id, period, 'last', party_kind, party_code, clause, amount, entry_count
         FROM settlement_figures WHERE period = date '{first}' AND kept = 'now'"
    ))?;
    tx.execute(&format!("DELETE FROM settlement_changes WHERE period = date '{first}'"))?;
    if again {
        compare(tx, period, "before", "last")?;
    }
    Ok(())
}

/// Writes down where two keepings of a month differ.
fn compare(tx: &mut Tx, period: Period, old: &str, new: &str) -> Result<(), StoreError> {
    let first = period.first_day();
    let kept = |kept: &str| {
        format!("(SELECT * FROM settlement_figures WHERE period = date '{first}' AND kept = '{kept}')")
    };
    tx.execute(&format!("DELETE FROM settlement_changes WHERE period = date '{first}' AND since = '{old}'"))?;
    tx.execute(&format!(
        "INSERT INTO settlement_changes (tenant_id, period, since, party_kind, party_code, clause, was, became)
         SELECT {TENANT}, date '{first}', '{old}', party_kind, party_code, clause, coalesce(o.amount, 0), coalesce(n.amount, 0)
         FROM {} AS o FULL JOIN {} AS n USING (party_kind, party_code, clause)
         WHERE coalesce(o.amount, 0) <> coalesce(n.amount, 0)
           AND EXISTS (SELECT FROM settlement_figures WHERE period = date '{first}' AND kept = '{old}')",
        kept(old),
        kept(new)
    ))?;
    Ok(())
}
