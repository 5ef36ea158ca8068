//! The lives of complaints, as the rulebook tells them, kept for counting by month.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use farsight_rulebook::checks::complaint::life::Life;
use farsight_rulebook::time::Instant;

use super::{CHANGED, Seen};
use crate::staging::Rows;
use crate::values::instant;
use crate::{StoreError, Tx};

/// The complaints that imports have touched since: those, their events, rulings on them.
pub fn touched_complaints(tx: &mut Tx, since: Seen) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        id: String,
    }
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT t.complaint_id AS id FROM complaints t WHERE {CHANGED}
         UNION SELECT t.complaint_id FROM complaint_events t WHERE {CHANGED}
         UNION SELECT substr(t.subject, 11) FROM rulings t WHERE {CHANGED} AND t.subject LIKE 'complaint:%'"
    ))
    .bind::<BigInt, _>(since.import)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// A complaint's life, to be kept.
#[derive(Debug, Clone)]
pub struct LifeRow<'l> {
    /// The complaint.
    pub complaint: &'l str,
    /// Its dealer.
    pub dealer: &'l str,
    /// When it was received.
    pub received_at: Instant,
    /// What became of it.
    pub life: Life,
}

/// When it last changes a month's count; never while it is open.
fn ends_at(row: &LifeRow) -> Option<Instant> {
    let Life { reply_due, close_due, closed_at, answered_at, .. } = row.life;
    closed_at.map(|closed| {
        [reply_due, close_due, answered_at, Some(row.received_at)]
            .into_iter()
            .flatten()
            .fold(closed, Ord::max)
    })
}

#[derive(QueryableByName)]
struct First {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    first: Option<PgTimestamp>,
}

const COLUMNS: &str = "complaint_id text, dealer_code text, received_at timestamptz, reply_due_at timestamptz, replied_at timestamptz,
    reply_late boolean, close_due_at timestamptz, closed_at timestamptz, close_late boolean, waiting_since timestamptz,
    answered_at timestamptz, waited_minutes bigint, ends_at timestamptz";

fn or_null(rows: &mut Rows, at: Option<Instant>) {
    match at {
        Some(at) => rows.instant(at),
        None => rows.null(),
    };
}

fn write(rows: &mut Rows, row: &LifeRow) -> std::io::Result<()> {
    let Life { reply_due, replied_at, reply_late, close_due, closed_at, close_late, .. } = row.life;
    let rows = rows.row()?;
    rows.text(row.complaint).text(row.dealer).instant(row.received_at);
    or_null(rows, reply_due);
    or_null(rows, replied_at);
    rows.flag(reply_late);
    or_null(rows, close_due);
    or_null(rows, closed_at);
    rows.flag(close_late);
    or_null(rows, row.life.waiting_since);
    or_null(rows, row.life.answered_at);
    rows.big(row.life.waited_minutes);
    or_null(rows, ends_at(row));
    Ok(())
}

/// Puts lives in the place of those of the touched complaints (none named: of all). Gives the earliest instant at which
/// one of them, as it was or as it is, was received.
pub fn put_lives(
    tx: &mut Tx,
    touched: Option<&[String]>,
    lives: &[LifeRow],
) -> Result<Option<Instant>, StoreError> {
    let of = match touched {
        Some(_) => "WHERE complaint_id IN (SELECT a FROM pg_temp.wanted)",
        None => "",
    };
    let before: First =
        diesel::sql_query(format!("SELECT min(received_at) AS first FROM complaint_lives {of}"))
            .get_result(tx.connection)?;
    tx.execute(&format!("DELETE FROM complaint_lives {of}"))?;
    tx.stage::<StoreError>(COLUMNS, |rows| {
        lives
            .iter()
            .try_for_each(|life| write(rows, life))
            .map_err(|error| StoreError::Input(error.to_string()))
    })?;
    tx.execute(
        "INSERT INTO complaint_lives
         SELECT (SELECT nullif(current_setting('farsight.tenant', true), '')::integer), complaint_id, dealer_code, received_at,
             reply_due_at, replied_at, reply_late, close_due_at, coalesce(closed_at, 'infinity'), close_late, waiting_since,
             answered_at, waited_minutes, coalesce(ends_at, 'infinity')
         FROM pg_temp.staging",
    )?;
    let now = lives.iter().map(|life| life.received_at).min();
    Ok(before.first.map(instant).into_iter().chain(now).min())
}
