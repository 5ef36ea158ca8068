//! The inspection desk: the day's visits to judge, what is judged of each, and what was confirmed.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{date, instant, pg_date, pg_instant};
use crate::{StoreError, Tx};

/// A visit as it waits at the desk.
#[derive(Debug, Clone)]
pub struct Queued {
    /// The day.
    pub day: Date,
    /// The dealer.
    pub dealer: String,
    /// The dealer's name.
    pub dealer_name: String,
    /// `draw` or `follow-up`.
    pub kind: String,
    /// `waiting`, `inspectable` or `not-visible`.
    pub state: String,
    /// Why nothing could be seen.
    pub reason: Option<String>,
    /// When the visit ended.
    pub concluded_at: Option<Instant>,
    /// Pictures it gave.
    pub pictures: i64,
    /// Pictures in doubt: a person has to say whether they show anything.
    pub in_doubt: i64,
    /// Items judged so far.
    pub judged: i64,
    /// Whether a person said that nothing can be seen.
    pub decided: bool,
    /// The inspection it became.
    pub inspection: Option<String>,
    /// Who confirmed it.
    pub judged_by: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlDate)]
    day: PgDate,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    concluded_at: Option<PgTimestamp>,
    #[diesel(sql_type = BigInt)]
    pictures: i64,
    #[diesel(sql_type = BigInt)]
    in_doubt: i64,
    #[diesel(sql_type = BigInt)]
    judged: i64,
    #[diesel(sql_type = Bool)]
    decided: bool,
    #[diesel(sql_type = Nullable<Text>)]
    inspection_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    judged_by: Option<String>,
}

impl From<Row> for Queued {
    fn from(row: Row) -> Self {
        Self {
            day: date(row.day),
            dealer: row.dealer_code,
            dealer_name: row.name,
            kind: row.kind,
            state: row.state,
            reason: row.reason,
            concluded_at: row.concluded_at.map(instant),
            pictures: row.pictures,
            in_doubt: row.in_doubt,
            judged: row.judged,
            decided: row.decided,
            inspection: row.inspection_id,
            judged_by: row.judged_by,
        }
    }
}

/// A day's visits that were made, by when they ended; whoever has to be judged comes before whoever was.
pub fn queue(tx: &mut Tx, day: Date) -> Result<Vec<Queued>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT v.day, v.dealer_code, coalesce(d.name, '') AS name, v.kind, v.state, v.reason, v.concluded_at,
             p.pictures, p.in_doubt, (SELECT count(*) FROM judgements g WHERE g.day = v.day AND g.dealer_code = v.dealer_code) AS judged,
             v.state = 'not-visible' AND v.decided_by IS NOT NULL AS decided, j.inspection_id, coalesce(j.judged_by, v.decided_by) AS judged_by
         FROM visits v
         LEFT JOIN dealers d ON d.dealer_code = v.dealer_code AND d.superseded_at = 'infinity'
         LEFT JOIN judged_visits j ON j.day = v.day AND j.dealer_code = v.dealer_code
         CROSS JOIN LATERAL (
             SELECT count(*) AS pictures, count(*) FILTER (WHERE i.state = 'candidate') AS in_doubt
             FROM pictures i WHERE i.day = v.day AND i.dealer_code = v.dealer_code) AS p
         WHERE v.day = $1 AND v.state <> 'waiting'
         ORDER BY j.inspection_id IS NOT NULL OR v.state = 'not-visible' AND v.decided_by IS NOT NULL, v.concluded_at, v.rank",
    )
    .bind::<SqlDate, _>(pg_date(day))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Queued::from).collect())
}

#[derive(QueryableByName)]
struct Day {
    #[diesel(sql_type = SqlDate)]
    day: PgDate,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The days of which visits wait to be judged, the latest first, and how many; the last thirty such days.
pub fn days(tx: &mut Tx) -> Result<Vec<(Date, i64)>, StoreError> {
    let rows: Vec<Day> = diesel::sql_query(
        "SELECT v.day, count(*) AS number FROM visits v
         WHERE v.state <> 'waiting' AND NOT (v.state = 'not-visible' AND v.decided_by IS NOT NULL)
           AND NOT EXISTS (SELECT FROM judged_visits j WHERE j.day = v.day AND j.dealer_code = v.dealer_code)
         GROUP BY v.day ORDER BY v.day DESC LIMIT 30",
    )
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (date(row.day), row.number)).collect())
}

/// A result of an item, as judged so far.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Judged {
    /// The item.
    #[diesel(sql_type = Text, column_name = "item_code")]
    pub item: String,
    /// The result.
    #[diesel(sql_type = Text)]
    pub result: String,
    /// Who judged.
    #[diesel(sql_type = Text, column_name = "judged_by")]
    pub by: String,
}

/// What is judged of a visit so far, by item.
pub fn draft(tx: &mut Tx, day: Date, dealer: &str) -> Result<Vec<Judged>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT item_code, result, judged_by FROM judgements WHERE day = $1 AND dealer_code = $2 ORDER BY item_code",
    )
    .bind::<SqlDate, _>(pg_date(day))
    .bind::<Text, _>(dealer)
    .load(tx.connection)?)
}

/// Writes down what is judged of an item; no result takes it back.
pub fn judge(
    tx: &mut Tx,
    (day, dealer, item): (Date, &str, &str),
    result: Option<&str>,
    by: &str,
    at: Instant,
) -> Result<(), StoreError> {
    let Some(result) = result else {
        diesel::sql_query("DELETE FROM judgements WHERE day = $1 AND dealer_code = $2 AND item_code = $3")
            .bind::<SqlDate, _>(pg_date(day))
            .bind::<Text, _>(dealer)
            .bind::<Text, _>(item)
            .execute(tx.connection)?;
        return Ok(());
    };
    diesel::sql_query(
        "INSERT INTO judgements (tenant_id, day, dealer_code, item_code, result, judged_by, judged_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id, day, dealer_code, item_code)
         DO UPDATE SET result = excluded.result, judged_by = excluded.judged_by, judged_at = excluded.judged_at
         WHERE judgements.result <> excluded.result",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<SqlDate, _>(pg_date(day))
    .bind::<Text, _>(dealer)
    .bind::<Text, _>(item)
    .bind::<Text, _>(result)
    .bind::<Text, _>(by)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Inspection {
    #[diesel(sql_type = Text)]
    inspection_id: String,
}

/// The inspection that a visit's judgement became.
pub fn judged(tx: &mut Tx, day: Date, dealer: &str) -> Result<Option<String>, StoreError> {
    let row: Option<Inspection> =
        diesel::sql_query("SELECT inspection_id FROM judged_visits WHERE day = $1 AND dealer_code = $2")
            .bind::<SqlDate, _>(pg_date(day))
            .bind::<Text, _>(dealer)
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(|row| row.inspection_id))
}

/// Writes down that a visit's judgement was confirmed; the draft is done with.
pub fn confirm(
    tx: &mut Tx,
    (day, dealer): (Date, &str),
    inspection: &str,
    by: &str,
    at: Instant,
) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO judged_visits (tenant_id, day, dealer_code, inspection_id, judged_by, confirmed_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<SqlDate, _>(pg_date(day))
    .bind::<Text, _>(dealer)
    .bind::<Text, _>(inspection)
    .bind::<Text, _>(by)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// The picture that shows a camera's hall as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standard {
    /// The content.
    pub sha256: String,
    /// When it was taken.
    pub taken_at: Instant,
    /// Who chose it; none: nobody did, it is the camera's last sound picture of an earlier visit.
    pub chosen_by: Option<String>,
}

#[derive(QueryableByName)]
struct StandardRow {
    #[diesel(sql_type = Text)]
    sha256: String,
    #[diesel(sql_type = Timestamptz)]
    taken_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Text>)]
    chosen_by: Option<String>,
}

/// What a camera's picture is compared with: the one chosen, else the last sound one of a day before.
pub fn standard_of(tx: &mut Tx, camera: &str, before: Date) -> Result<Option<Standard>, StoreError> {
    let row: Option<StandardRow> = diesel::sql_query(
        "SELECT sha256, taken_at, chosen_by FROM (
             SELECT sha256, taken_at, chosen_by, 1 AS place FROM standard_pictures WHERE camera_code = $1
             UNION ALL
             (SELECT sha256, taken_at, NULL, 2 FROM pictures
              WHERE camera_code = $1 AND day < $2 AND state IN ('fine', 'dismissed') ORDER BY picture_id DESC LIMIT 1)
         ) AS standard ORDER BY place LIMIT 1",
    )
    .bind::<Text, _>(camera)
    .bind::<SqlDate, _>(pg_date(before))
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(|row| Standard {
        sha256: row.sha256,
        taken_at: instant(row.taken_at),
        chosen_by: row.chosen_by,
    }))
}

/// Chooses a camera's standard picture, in place of the one before.
pub fn set_standard(
    tx: &mut Tx,
    picture: &crate::pictures::Picture,
    by: &str,
    at: Instant,
) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO standard_pictures (tenant_id, camera_code, dealer_code, sha256, taken_at, chosen_by, chosen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id, camera_code) DO UPDATE SET dealer_code = excluded.dealer_code, sha256 = excluded.sha256,
             taken_at = excluded.taken_at, chosen_by = excluded.chosen_by, chosen_at = excluded.chosen_at",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(&picture.camera)
    .bind::<Text, _>(&picture.dealer)
    .bind::<Text, _>(&picture.shot.sha256)
    .bind::<Timestamptz, _>(pg_instant(picture.shot.taken_at))
    .bind::<Text, _>(by)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}
