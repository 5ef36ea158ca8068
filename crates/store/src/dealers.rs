//! What a dealer's page shows besides figures: what happened lately, entries, inspections, complaints, people.
//!
//! Each is one query by the dealer's index, with a bound.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date as SqlDate, Nullable, Text, Timestamptz};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{FOREVER, date, instant, month, pg_date};
use crate::{StoreError, Tx};

/// What happened at a dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// What it is: `alert`, `entry`, `reversal`, `complaint`, `inspection`.
    pub kind: String,
    /// When.
    pub at: Instant,
    /// Its number or id.
    pub id: String,
    /// The clause of an alert or entry; the severity of a complaint.
    pub clause: String,
    /// The subject of an alert or entry; the category of a complaint.
    pub subject: String,
    /// The severity of an alert.
    pub severity: String,
    /// The amount of an entry.
    pub amount: Option<Money>,
    /// Items passed and failed of an inspection.
    pub items: (i64, i64),
}

#[derive(QueryableByName)]
struct HappeningRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Timestamptz)]
    at: PgTimestamp,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    clause: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    severity: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    amount: Option<i64>,
    #[diesel(sql_type = BigInt)]
    passed: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
}

/// What happened at a dealer lately, the latest first.
pub fn timeline(tx: &mut Tx, dealer: &str, most: i64) -> Result<Vec<Happening>, StoreError> {
    let rows: Vec<HappeningRow> = diesel::sql_query(
        "(SELECT 'alert' AS kind, opened_at AS at, alert_id::text AS id, clause, subject, severity, NULL::bigint AS amount,
                 0::bigint AS passed, 0::bigint AS failed
          FROM alerts WHERE dealer_code = $1 AND resolved_at = 'infinity' ORDER BY opened_at DESC LIMIT $2)
         UNION ALL
         (SELECT CASE kind WHEN 'reversal' THEN 'reversal' ELSE 'entry' END, posted_at, entry_id::text, clause, subject, '', amount, 0, 0
          FROM entries WHERE dealer_code = $1 AND party_kind = 'dealer' ORDER BY entry_id DESC LIMIT $2)
         UNION ALL
         (SELECT 'complaint', received_at, complaint_id, severity, category, '', NULL, 0, 0
          FROM complaints WHERE dealer_code = $1 AND superseded_at = 'infinity' AND NOT voided ORDER BY received_at DESC LIMIT $2)
         UNION ALL
         (SELECT 'inspection', max(inspected_at), inspection_id, min(kind), '', '', NULL, count(*) FILTER (WHERE result = 'pass'),
                 count(*) FILTER (WHERE result = 'fail')
          FROM inspections WHERE dealer_code = $1 AND superseded_at = 'infinity' AND NOT voided GROUP BY inspection_id
          ORDER BY 2 DESC LIMIT $2)
         ORDER BY 2 DESC, 1, 3 LIMIT $2",
    )
    .bind::<Text, _>(dealer)
    .bind::<BigInt, _>(most)
    .load(tx.connection)?;
    let happening = |row: HappeningRow| Happening {
        kind: row.kind,
        at: instant(row.at),
        id: row.id,
        clause: row.clause,
        subject: row.subject,
        severity: row.severity,
        amount: row.amount.map(Money),
        items: (row.passed, row.failed),
    };
    Ok(rows.into_iter().map(happening).collect())
}

/// An entry of a dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealerEntry {
    /// Its number.
    pub entry: i64,
    /// The settlement it falls into.
    pub period: Period,
    /// The clause.
    pub clause: String,
    /// The subject.
    pub subject: String,
    /// When it happened.
    pub occurred_on: Date,
    /// How much.
    pub amount: Money,
    /// Whether it takes back another.
    pub is_reversal: bool,
}

/// The latest entries that charge a dealer, the latest first; and how many there are.
pub fn entries(
    tx: &mut Tx,
    dealer: &str,
    offset: i64,
    most: i64,
) -> Result<(i64, Vec<DealerEntry>), StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        entry_id: i64,
        #[diesel(sql_type = SqlDate)]
        period: PgDate,
        #[diesel(sql_type = Text)]
        clause: String,
        #[diesel(sql_type = Text)]
        subject: String,
        #[diesel(sql_type = SqlDate)]
        occurred_on: PgDate,
        #[diesel(sql_type = BigInt)]
        amount: i64,
        #[diesel(sql_type = Bool)]
        is_reversal: bool,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT entry_id, period, clause, subject, occurred_on, amount, kind = 'reversal' AS is_reversal, count(*) OVER () AS total
         FROM entries WHERE dealer_code = $1 AND party_kind = 'dealer' AND party_code = $1
         ORDER BY period DESC, entry_id DESC OFFSET $2 LIMIT $3",
    )
    .bind::<Text, _>(dealer)
    .bind::<BigInt, _>(offset)
    .bind::<BigInt, _>(most)
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    let entries = rows.into_iter().map(|row| DealerEntry {
        entry: row.entry_id,
        period: month(row.period),
        clause: row.clause,
        subject: row.subject,
        occurred_on: date(row.occurred_on),
        amount: Money(row.amount),
        is_reversal: row.is_reversal,
    });
    Ok((total, entries.collect()))
}

/// An inspection of a dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealerInspection {
    /// Its id.
    pub inspection: String,
    /// When.
    pub at: Instant,
    /// `draw` or `follow-up`.
    pub kind: String,
    /// Items passed.
    pub passed: i64,
    /// Items failed.
    pub failed: i64,
    /// Items that do not apply or could not be seen.
    pub other: i64,
    /// The failed items, by code.
    pub failed_items: String,
}

/// The latest inspections of a dealer, the latest first.
pub fn inspections(tx: &mut Tx, dealer: &str, most: i64) -> Result<Vec<DealerInspection>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        inspection_id: String,
        #[diesel(sql_type = Timestamptz)]
        at: PgTimestamp,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = BigInt)]
        passed: i64,
        #[diesel(sql_type = BigInt)]
        failed: i64,
        #[diesel(sql_type = BigInt)]
        other: i64,
        #[diesel(sql_type = Text)]
        failed_items: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT inspection_id, max(inspected_at) AS at, min(kind) AS kind, count(*) FILTER (WHERE result = 'pass') AS passed,
                count(*) FILTER (WHERE result = 'fail') AS failed, count(*) FILTER (WHERE result NOT IN ('pass', 'fail')) AS other,
                coalesce(string_agg(item_code, ' ' ORDER BY item_code COLLATE \"C\") FILTER (WHERE result = 'fail'), '') AS failed_items
         FROM inspections WHERE dealer_code = $1 AND superseded_at = 'infinity' AND NOT voided
         GROUP BY inspection_id ORDER BY 2 DESC, 1 LIMIT $2",
    )
    .bind::<Text, _>(dealer)
    .bind::<BigInt, _>(most)
    .load(tx.connection)?;
    let inspection = |row: Row| DealerInspection {
        inspection: row.inspection_id,
        at: instant(row.at),
        kind: row.kind,
        passed: row.passed,
        failed: row.failed,
        other: row.other,
        failed_items: row.failed_items,
    };
    Ok(rows.into_iter().map(inspection).collect())
}

/// A complaint about a dealer, with its clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealerComplaint {
    /// Its id.
    pub complaint: String,
    /// When it was received.
    pub received_at: Instant,
    /// `general` or `major`.
    pub severity: String,
    /// Its category.
    pub category: String,
    /// Until when a reply is due.
    pub reply_due_at: Option<Instant>,
    /// The first reply.
    pub replied_at: Option<Instant>,
    /// Whether the reply was late.
    pub reply_late: bool,
    /// Until when it is to be closed.
    pub close_due_at: Option<Instant>,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// Whether the closing was late.
    pub close_late: bool,
    /// Since when it waits for the manufacturer.
    pub waiting_since: Option<Instant>,
}

/// The complaints about a dealer: the open ones first, then the latest.
pub fn complaints(tx: &mut Tx, dealer: &str, most: i64) -> Result<Vec<DealerComplaint>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        complaint_id: String,
        #[diesel(sql_type = Timestamptz)]
        received_at: PgTimestamp,
        #[diesel(sql_type = Text)]
        severity: String,
        #[diesel(sql_type = Text)]
        category: String,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        reply_due_at: Option<PgTimestamp>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        replied_at: Option<PgTimestamp>,
        #[diesel(sql_type = Bool)]
        reply_late: bool,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        close_due_at: Option<PgTimestamp>,
        #[diesel(sql_type = Timestamptz)]
        closed_at: PgTimestamp,
        #[diesel(sql_type = Bool)]
        close_late: bool,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        waiting_since: Option<PgTimestamp>,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT c.complaint_id, c.received_at, c.severity, c.category, l.reply_due_at, l.replied_at, l.reply_late, l.close_due_at,
                l.closed_at, l.close_late, l.waiting_since
         FROM complaints c JOIN complaint_lives l USING (complaint_id)
         WHERE c.dealer_code = $1 AND c.superseded_at = 'infinity' AND NOT c.voided
         ORDER BY l.closed_at < 'infinity', c.received_at DESC, c.complaint_id COLLATE \"C\" LIMIT $2",
    )
    .bind::<Text, _>(dealer)
    .bind::<BigInt, _>(most)
    .load(tx.connection)?;
    let complaint = |row: Row| DealerComplaint {
        complaint: row.complaint_id,
        received_at: instant(row.received_at),
        severity: row.severity,
        category: row.category,
        reply_due_at: row.reply_due_at.map(instant),
        replied_at: row.replied_at.map(instant),
        reply_late: row.reply_late,
        close_due_at: row.close_due_at.map(instant),
        closed_at: (row.closed_at.0 != FOREVER).then(|| instant(row.closed_at)),
        close_late: row.close_late,
        waiting_since: row.waiting_since.map(instant),
    };
    Ok(rows.into_iter().map(complaint).collect())
}

/// Someone who works for a dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealerPerson {
    /// The person.
    pub person: String,
    /// The name.
    pub name: String,
    /// The position.
    pub position: String,
    /// Since when.
    pub since: Date,
    /// Valid certificates: kind, level where there is one, last day; as one text, or empty.
    pub certificates: String,
    /// The first day on which one of them lapses.
    pub lapses_on: Option<Date>,
}

/// Who works for a dealer on a day, by position and name.
pub fn people(tx: &mut Tx, dealer: &str, today: Date) -> Result<Vec<DealerPerson>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        person_code: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        position: String,
        #[diesel(sql_type = SqlDate)]
        since: PgDate,
        #[diesel(sql_type = Text)]
        certificates: String,
        #[diesel(sql_type = Nullable<SqlDate>)]
        lapses_on: Option<PgDate>,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT e.person_code, coalesce(p.name, '') AS name, e.position, min(e.\"from\") AS since,
                coalesce(min(k.certificates), '') AS certificates, min(k.lapses_on) AS lapses_on
         FROM employments e
             LEFT JOIN people p ON p.person_code = e.person_code AND p.superseded_at = 'infinity' AND NOT p.voided
             LEFT JOIN LATERAL (
                 SELECT string_agg(concat_ws(' ', kind, level, expires_on), ', ' ORDER BY kind, expires_on) AS certificates,
                        min(expires_on) AS lapses_on
                 FROM certificates WHERE person_code = e.person_code AND superseded_at = 'infinity' AND NOT voided
                     AND issued_on <= $2 AND expires_on >= $2 AND (revoked_on IS NULL OR revoked_on > $2)) AS k ON true
         WHERE e.dealer_code = $1 AND e.superseded_at = 'infinity' AND NOT e.voided AND e.\"from\" <= $2
             AND (e.\"to\" IS NULL OR e.\"to\" >= $2)
         GROUP BY e.person_code, p.name, e.position ORDER BY e.position COLLATE \"C\", e.person_code COLLATE \"C\"",
    )
    .bind::<Text, _>(dealer)
    .bind::<SqlDate, _>(pg_date(today))
    .load(tx.connection)?;
    let person = |row: Row| DealerPerson {
        person: row.person_code,
        name: row.name,
        position: row.position,
        since: date(row.since),
        certificates: row.certificates,
        lapses_on: row.lapses_on.map(date),
    };
    Ok(rows.into_iter().map(person).collect())
}
