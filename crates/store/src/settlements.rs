//! Settlements: a month's entries added up by party, and how far the month has come.

mod figures;
mod overview;
mod standing;

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_ledger::settlement::{Settlement, Status};
use farsight_rulebook::finding::PartyKind;
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;

pub use figures::{keep, refresh, stale};
pub use overview::{
    Change, LinesOf, Month, Part, PartyLine, Sum, Sums, changes, month as of_month, months, of_lines,
    party_lines, posted_span, sums,
};

pub use standing::{Standing, standing};

use crate::values::{instant, month, pg_instant, pg_month};
use crate::{StoreError, Tx};

/// A settlement as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Where it stands.
    pub settlement: Settlement,
    /// The as-of instant it was calculated for.
    pub as_of: Instant,
    /// Who locked it.
    pub locked_by: Option<String>,
    /// When it was locked.
    pub locked_at: Option<Instant>,
    /// The audit chain's head when it was locked.
    pub audit_head: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlDate)]
    period: PgDate,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Timestamptz)]
    as_of: PgTimestamp,
    #[diesel(sql_type = Nullable<Text>)]
    reviewed_by: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    approved_by: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    locked_by: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    locked_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    audit_head: Option<String>,
}

const COLUMNS: &str = "period, status, as_of, reviewed_by, approved_by, locked_by, locked_at, audit_head";

fn stored(row: Row) -> Result<Stored, StoreError> {
    let status = Status::named(&row.status)
        .ok_or_else(|| StoreError::Value(format!("settlement status '{}'", row.status)))?;
    Ok(Stored {
        settlement: Settlement {
            period: month(row.period),
            status,
            reviewed_by: row.reviewed_by,
            approved_by: row.approved_by,
        },
        as_of: instant(row.as_of),
        locked_by: row.locked_by,
        locked_at: row.locked_at.map(instant),
        audit_head: row.audit_head,
    })
}

/// The settlement of a month.
pub fn find(tx: &mut Tx, period: Period) -> Result<Option<Stored>, StoreError> {
    let row: Option<Row> = diesel::sql_query(format!("SELECT {COLUMNS} FROM settlements WHERE period = $1"))
        .bind::<SqlDate, _>(pg_month(period))
        .get_result(tx.connection)
        .optional()?;
    row.map(stored).transpose()
}

/// All settlements, by month.
pub fn all(tx: &mut Tx) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!("SELECT {COLUMNS} FROM settlements ORDER BY period"))
        .load(tx.connection)?;
    rows.into_iter().map(stored).collect()
}

/// The last locked month.
pub fn last_locked(tx: &mut Tx) -> Result<Option<Period>, StoreError> {
    #[derive(QueryableByName)]
    struct Last {
        #[diesel(sql_type = Nullable<SqlDate>)]
        period: Option<PgDate>,
    }
    let last: Last =
        diesel::sql_query("SELECT max(period) AS period FROM settlements WHERE status = 'locked'")
            .get_result(tx.connection)?;
    Ok(last.period.map(month))
}

/// The last month that is locked; and where none is, the earliest month before this one that has postings.
pub fn before(tx: &mut Tx, period: Period) -> Result<(Option<Period>, Option<Period>), StoreError> {
    #[derive(QueryableByName)]
    struct Before {
        #[diesel(sql_type = Nullable<SqlDate>)]
        locked: Option<PgDate>,
        #[diesel(sql_type = Nullable<SqlDate>)]
        posted: Option<PgDate>,
    }
    let before: Before = diesel::sql_query(
        "SELECT (SELECT max(period) FROM settlements WHERE status = 'locked') AS locked,
             (SELECT period FROM entries WHERE period < $1 ORDER BY period LIMIT 1) AS posted",
    )
    .bind::<SqlDate, _>(pg_month(period))
    .get_result(tx.connection)?;
    let posted = before.posted.filter(|_| before.locked.is_none());
    Ok((before.locked.map(month), posted.map(month)))
}

/// A step that was taken.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The month.
    pub period: Period,
    /// Who.
    pub by: &'a str,
    /// When.
    pub at: Instant,
}

/// Calculated, anew or again; reviews and approvals are cleared.
pub fn calculated(tx: &mut Tx, step: Step, as_of: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO settlements (tenant_id, period, status, as_of, calculated_at, calculated_by)
         VALUES ($1, $2, 'calculated', $3, $4, $5)
         ON CONFLICT (tenant_id, period) DO UPDATE SET status = 'calculated', as_of = excluded.as_of,
             calculated_at = excluded.calculated_at, calculated_by = excluded.calculated_by,
             reviewed_at = NULL, reviewed_by = NULL, approved_at = NULL, approved_by = NULL",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<SqlDate, _>(pg_month(step.period))
    .bind::<Timestamptz, _>(pg_instant(as_of))
    .bind::<Timestamptz, _>(pg_instant(step.at))
    .bind::<Text, _>(step.by)
    .execute(tx.connection)?;
    Ok(())
}

/// Reviewed or approved.
pub fn moved(tx: &mut Tx, step: Step, to: Status) -> Result<(), StoreError> {
    let name = to.name();
    diesel::sql_query(format!(
        "UPDATE settlements SET status = '{name}', {name}_at = $1, {name}_by = $2 WHERE period = $3"
    ))
    .bind::<Timestamptz, _>(pg_instant(step.at))
    .bind::<Text, _>(step.by)
    .bind::<SqlDate, _>(pg_month(step.period))
    .execute(tx.connection)?;
    Ok(())
}

/// Locked: its lines are kept as they are, names and all, and the audit chain's head with them.
pub fn locked(tx: &mut Tx, step: Step, audit_head: &str) -> Result<(), StoreError> {
    let lines = lines_query(tx, step.period);
    tx.execute(&format!(
        "INSERT INTO settlement_lines (tenant_id, period, party_kind, party_code, name, region_code, penalties, incentives, reversals, entry_count)
         SELECT (SELECT nullif(current_setting('farsight.tenant', true), '')::integer), l.* FROM ({lines}) AS l"
    ))?;
    diesel::sql_query("UPDATE settlements SET status = 'locked', locked_at = $1, locked_by = $2, audit_head = $3 WHERE period = $4")
        .bind::<Timestamptz, _>(pg_instant(step.at))
        .bind::<Text, _>(step.by)
        .bind::<Text, _>(audit_head)
        .bind::<SqlDate, _>(pg_month(step.period))
        .execute(tx.connection)?;
    Ok(())
}

/// Something was posted into these months: what was reviewed or approved is calculated again. Gives the months that were.
pub fn reopened(tx: &mut Tx, periods: &[Period]) -> Result<Vec<Period>, StoreError> {
    #[derive(QueryableByName)]
    struct Reopened {
        #[diesel(sql_type = SqlDate)]
        period: PgDate,
    }
    figures::mark_stale(tx, periods)?;
    let days: Vec<PgDate> = periods.iter().map(|period| pg_month(*period)).collect();
    let months: Vec<Reopened> = diesel::sql_query(
        "UPDATE settlements SET status = 'calculated', reviewed_at = NULL, reviewed_by = NULL, approved_at = NULL, approved_by = NULL
         WHERE period = ANY($1) AND status IN ('reviewed', 'approved') RETURNING period",
    )
    .bind::<diesel::sql_types::Array<SqlDate>, _>(days)
    .load(tx.connection)?;
    Ok(months.into_iter().map(|row| month(row.period)).collect())
}

/// One party's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The month.
    pub period: Period,
    /// `dealer` or `person`.
    pub party_kind: String,
    /// Who.
    pub party: String,
    /// Their name.
    pub name: String,
    /// The dealer's region on the month's last day; empty for persons.
    pub region: String,
    /// The sum of charges below zero.
    pub penalties: Money,
    /// The sum of charges above zero.
    pub incentives: Money,
    /// The sum of reversals.
    pub reversals: Money,
    /// How many entries.
    pub entries: i64,
}

impl Line {
    /// All three.
    pub fn net(&self) -> Money {
        self.penalties + self.incentives + self.reversals
    }
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = SqlDate)]
    period: PgDate,
    #[diesel(sql_type = Text)]
    party_kind: String,
    #[diesel(sql_type = Text)]
    party_code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    region_code: String,
    #[diesel(sql_type = BigInt)]
    penalties: i64,
    #[diesel(sql_type = BigInt)]
    incentives: i64,
    #[diesel(sql_type = BigInt)]
    reversals: i64,
    #[diesel(sql_type = BigInt)]
    entry_count: i64,
}

fn lines_query(tx: &Tx, period: Period) -> String {
    let (first, last) = (period.first_day(), period.last_day());
    let (dealer, person, posted) = (tx.stands("d"), tx.stands("p"), tx.by_then("posted_at"));
    let moved = tx.holds_of("m");
    format!(
        "SELECT e.period, e.party_kind, e.party_code,
                coalesce(CASE WHEN e.party_kind = 'dealer'
                    THEN (SELECT d.name FROM dealers d WHERE d.dealer_code = e.party_code AND {dealer})
                    ELSE (SELECT p.name FROM people p WHERE p.person_code = e.party_code AND {person}) END, '') AS name,
                CASE WHEN e.party_kind <> 'dealer' THEN '' ELSE coalesce(
                    (SELECT m.region_code FROM dealer_regions m WHERE m.dealer_code = e.party_code AND m.\"from\" <= date '{last}'
                         AND {moved} ORDER BY m.\"from\" DESC LIMIT 1),
                    (SELECT d.region_code FROM dealers d WHERE d.dealer_code = e.party_code AND {dealer}), '') END AS region_code,
                e.penalties, e.incentives, e.reversals, e.entry_count
         FROM (SELECT period, party_kind, party_code,
                      coalesce(sum(amount) FILTER (WHERE kind = 'charge' AND amount < 0), 0)::bigint AS penalties,
                      coalesce(sum(amount) FILTER (WHERE kind = 'charge' AND amount > 0), 0)::bigint AS incentives,
                      coalesce(sum(amount) FILTER (WHERE kind = 'reversal'), 0)::bigint AS reversals,
                      count(*) AS entry_count
               FROM entries WHERE period = date '{first}' AND {posted} GROUP BY period, party_kind, party_code) AS e"
    )
}

/// The lines of a month, by kind and code: of a locked one as they were locked.
pub fn lines(tx: &mut Tx, period: Period, status: Option<Status>) -> Result<Vec<Line>, StoreError> {
    let query = if status == Some(Status::Locked) {
        format!(
            "SELECT * FROM settlement_lines WHERE period = date '{}' ORDER BY party_kind COLLATE \"C\", party_code COLLATE \"C\"",
            period.first_day()
        )
    } else {
        format!("{} ORDER BY party_kind COLLATE \"C\", party_code COLLATE \"C\"", lines_query(tx, period))
    };
    let rows: Vec<LineRow> = diesel::sql_query(query).load(tx.connection)?;
    let line = |row: LineRow| Line {
        period: month(row.period),
        party_kind: row.party_kind,
        party: row.party_code,
        name: row.name,
        region: row.region_code,
        penalties: Money(row.penalties),
        incentives: Money(row.incentives),
        reversals: Money(row.reversals),
        entries: row.entry_count,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// The months that have entries or a settlement, in order; as known at an instant, those that had entries.
pub fn periods(tx: &mut Tx) -> Result<Vec<Period>, StoreError> {
    #[derive(QueryableByName)]
    struct Of {
        #[diesel(sql_type = SqlDate)]
        period: PgDate,
    }
    let posted = format!("SELECT period FROM entries WHERE {} GROUP BY period", tx.by_then("posted_at"));
    let settled = if tx.known_at().is_none() { "UNION SELECT period FROM settlements" } else { "" };
    let rows: Vec<Of> =
        diesel::sql_query(format!("{posted} {settled} ORDER BY period")).load(tx.connection)?;
    Ok(rows.into_iter().map(|row| month(row.period)).collect())
}

/// The name of a party; empty when it is not known.
pub fn party_name(tx: &mut Tx, kind: PartyKind, code: &str) -> Result<String, StoreError> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let (table, column) = match kind {
        PartyKind::Dealer => ("dealers", "dealer_code"),
        PartyKind::Person => ("people", "person_code"),
    };
    let row: Option<Name> = diesel::sql_query(format!(
        "SELECT t.name FROM {table} t WHERE t.{column} = $1 AND {}",
        tx.stands("t")
    ))
    .bind::<Text, _>(code)
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(|row| row.name).unwrap_or_default())
}
