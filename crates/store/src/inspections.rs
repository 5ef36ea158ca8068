//! Inspections as they are looked up: listed, one by one with what follows from them, and who judged.
//!
//! An inspection is its rows in the fact table; nothing here says what a result costs.

mod desk;
mod list;

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{date, instant};
use crate::{StoreError, Tx};
pub use desk::{
    Judged, Queued, Standard, confirm, days, draft, judge, judged, queue, set_standard, standard_of,
};
pub use list::{Filter, Listed, Order, Page, list};

/// What was found of one item.
#[derive(Debug, Clone)]
pub struct Row {
    /// The item.
    pub item: String,
    /// The result, as the fact has it.
    pub result: String,
    /// The dealer.
    pub dealer: String,
    /// When.
    pub at: Instant,
    /// `draw` or `follow-up`.
    pub kind: String,
}

#[derive(QueryableByName)]
struct ItemRow {
    #[diesel(sql_type = Text)]
    item_code: String,
    #[diesel(sql_type = Text)]
    result: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Timestamptz)]
    inspected_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    kind: String,
}

/// The rows of an inspection, by item; none where there is no such inspection.
pub fn rows(tx: &mut Tx, inspection: &str) -> Result<Vec<Row>, StoreError> {
    let holds = tx.holds();
    rows_that(tx, &holds, inspection)
}

/// The results of an inspection that were voided: what was known of them last.
pub fn voided_rows(tx: &mut Tx, inspection: &str) -> Result<Vec<Row>, StoreError> {
    rows_that(tx, "t.superseded_at = 'infinity' AND t.voided", inspection)
}

fn rows_that(tx: &mut Tx, condition: &str, inspection: &str) -> Result<Vec<Row>, StoreError> {
    let query = format!(
        "SELECT t.item_code, t.result, t.dealer_code, t.inspected_at, t.kind FROM inspections t
         WHERE {condition} AND t.inspection_id = $1 ORDER BY t.item_code"
    );
    let rows: Vec<ItemRow> = diesel::sql_query(query).bind::<Text, _>(inspection).load(tx.connection)?;
    let row = |row: ItemRow| Row {
        item: row.item_code,
        result: row.result,
        dealer: row.dealer_code,
        at: instant(row.inspected_at),
        kind: row.kind,
    };
    Ok(rows.into_iter().map(row).collect())
}

#[derive(QueryableByName)]
struct By {
    #[diesel(sql_type = Text)]
    by: String,
}

/// Who made an inspection's findings: who confirmed the judgement, who said that nothing could be seen, or who brought
/// the facts in; none where there is no such inspection.
pub fn judged_by(tx: &mut Tx, inspection: &str) -> Result<Option<String>, StoreError> {
    let row: Option<By> = diesel::sql_query(
        "SELECT coalesce(
             (SELECT j.judged_by FROM judged_visits j WHERE j.inspection_id = $1),
             (SELECT m.imported_by FROM inspections t JOIN imports m ON m.tenant_id = t.tenant_id AND m.import_id = t.import_id
              WHERE t.inspection_id = $1 AND t.superseded_at = 'infinity' ORDER BY t.import_id LIMIT 1)) AS by
         WHERE EXISTS (SELECT FROM inspections t WHERE t.inspection_id = $1)",
    )
    .bind::<Text, _>(inspection)
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(|row| row.by))
}

/// An entry on a finding of an inspection.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// `charge` or `reversal`.
    pub kind: String,
    /// The clause.
    pub clause: String,
    /// The finding.
    pub subject: String,
    /// `dealer` or `person`.
    pub party_kind: String,
    /// Who.
    pub party: String,
    /// How much, minor units; negative is owed.
    pub amount: i64,
}

#[derive(QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = BigInt)]
    entry_id: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    clause: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    party_kind: String,
    #[diesel(sql_type = Text)]
    party_code: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
}

/// The entries on these subjects, in the order of posting.
pub fn entries(tx: &mut Tx, subjects: &[String]) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<EntryRow> = diesel::sql_query(
        "SELECT entry_id, kind, clause, subject, party_kind, party_code, amount FROM entries
         WHERE family IN ('spot-check', 'spot-check.managers') AND subject = ANY ($1) ORDER BY entry_id",
    )
    .bind::<Array<Text>, _>(subjects)
    .load(tx.connection)?;
    let entry = |row: EntryRow| Entry {
        id: row.entry_id,
        kind: row.kind,
        clause: row.clause,
        subject: row.subject,
        party_kind: row.party_kind,
        party: row.party_code,
        amount: row.amount,
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// A ruling that excuses a finding.
#[derive(Debug, Clone)]
pub struct Excuse {
    /// Its id.
    pub ruling: String,
    /// What is excused.
    pub subject: String,
    /// When it was decided.
    pub decided_at: Instant,
    /// By whom.
    pub by: String,
    /// Why.
    pub note: Option<String>,
}

#[derive(QueryableByName)]
struct ExcuseRow {
    #[diesel(sql_type = Text)]
    ruling_id: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Timestamptz)]
    decided_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    decided_by: String,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
}

/// The rulings that excuse one of these subjects, by id.
pub fn excuses(tx: &mut Tx, subjects: &[String]) -> Result<Vec<Excuse>, StoreError> {
    let query = format!(
        "SELECT t.ruling_id, t.subject, t.decided_at, t.decided_by, t.note FROM rulings t
         WHERE {} AND t.kind = 'excuse' AND t.subject = ANY ($1) ORDER BY t.ruling_id",
        tx.holds()
    );
    let rows: Vec<ExcuseRow> =
        diesel::sql_query(query).bind::<Array<Text>, _>(subjects).load(tx.connection)?;
    let excuse = |row: ExcuseRow| Excuse {
        ruling: row.ruling_id,
        subject: row.subject,
        decided_at: instant(row.decided_at),
        by: row.decided_by,
        note: row.note,
    };
    Ok(rows.into_iter().map(excuse).collect())
}

#[derive(QueryableByName)]
struct Visit {
    #[diesel(sql_type = SqlDate)]
    day: diesel::data_types::PgDate,
    #[diesel(sql_type = Text)]
    dealer_code: String,
}

/// The visit from which an inspection of the inspection desk came.
pub fn visit_of(tx: &mut Tx, inspection: &str) -> Result<Option<(Date, String)>, StoreError> {
    let row: Option<Visit> =
        diesel::sql_query("SELECT day, dealer_code FROM judged_visits WHERE inspection_id = $1")
            .bind::<Text, _>(inspection)
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(|row| (date(row.day), row.dealer_code)))
}
