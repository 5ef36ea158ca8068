//! Evidence as it is shown: what was handed in for a subject, who may see a content, and who looked.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Text, Timestamp, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::DateTime;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// A handing that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Handed<'h> {
    /// The content.
    pub sha256: &'h str,
    /// By whom.
    pub by: &'h str,
    /// For what.
    pub subject: &'h str,
    /// About whom.
    pub dealer: &'h str,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The number of the first handing of just this.
pub fn handed_before(tx: &mut Tx, handed: &Handed) -> Result<Option<i64>, StoreError> {
    let row: Option<Number> = diesel::sql_query(
        "SELECT handing_id AS number FROM handings
         WHERE sha256 = $1 AND handed_in_by = $2 AND subject = $3 AND dealer_code = $4 AND source = 'person'
         ORDER BY handing_id LIMIT 1",
    )
    .bind::<Text, _>(handed.sha256)
    .bind::<Text, _>(handed.by)
    .bind::<Text, _>(handed.subject)
    .bind::<Text, _>(handed.dealer)
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(|row| row.number))
}

/// A handing as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its number.
    pub handing: i64,
    /// The content.
    pub sha256: String,
    /// Its type.
    pub media_type: String,
    /// Its size in bytes.
    pub bytes: i64,
    /// What the file was called.
    pub file_name: String,
    /// For what it was handed in.
    pub subject: String,
    /// About whom.
    pub dealer: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Instant,
    /// When it was taken, by its own metadata, in local time.
    pub taken_local: Option<DateTime>,
    /// Where it was taken, by its own metadata: latitude and longitude.
    pub place: Option<(f64, f64)>,
    /// What is wrong with a picture.
    pub flaws: Vec<String>,
    /// Where it was handed in before, as JSON.
    pub likeness: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    handing_id: i64,
    #[diesel(sql_type = Text)]
    sha256: String,
    #[diesel(sql_type = Text)]
    media_type: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = Text)]
    file_name: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    handed_in_by: String,
    #[diesel(sql_type = Timestamptz)]
    handed_in_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Timestamp>)]
    taken_local: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Double>)]
    lat: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    lon: Option<f64>,
    #[diesel(sql_type = Array<Text>)]
    flaws: Vec<String>,
    #[diesel(sql_type = Text)]
    likeness: String,
}

impl From<Row> for Shown {
    fn from(row: Row) -> Self {
        Self {
            handing: row.handing_id,
            sha256: row.sha256,
            media_type: row.media_type,
            bytes: row.bytes,
            file_name: row.file_name,
            subject: row.subject,
            dealer: row.dealer_code,
            by: row.handed_in_by,
            at: instant(row.handed_in_at),
            taken_local: row.taken_local.map(local),
            place: row.lat.zip(row.lon),
            flaws: row.flaws,
            likeness: row.likeness,
        }
    }
}

/// A local time, counted as if it were UTC's.
fn local(stored: PgTimestamp) -> DateTime {
    let origin = jiff::civil::datetime(2000, 1, 1, 0, 0, 0, 0);
    origin.saturating_add(jiff::SignedDuration::from_micros(stored.0))
}

/// So many handings are shown of a subject.
const MOST_SHOWN: i64 = 200;

const SHOWN: &str = "SELECT h.handing_id, h.sha256, e.media_type, e.bytes, h.file_name, h.subject, h.dealer_code, h.handed_in_by, h.handed_in_at,
             e.taken_local, e.lat, e.lon, e.flaws, h.likeness
         FROM handings h JOIN evidence e ON e.tenant_id = h.tenant_id AND e.sha256 = h.sha256";

/// What persons and cameras handed in of one content, as far as the transaction's person sees it; the first first.
pub fn of_content(tx: &mut Tx, sha256: &str) -> Result<Vec<Shown>, StoreError> {
    let rows: Vec<Row> =
        diesel::sql_query(format!("{SHOWN} WHERE h.sha256 = $1 ORDER BY h.handing_id LIMIT $2"))
            .bind::<Text, _>(sha256)
            .bind::<BigInt, _>(MOST_SHOWN)
            .load(tx.connection)?;
    Ok(rows.into_iter().map(Shown::from).collect())
}

/// What persons handed in for these subjects, the first first.
pub fn of_subjects(tx: &mut Tx, subjects: &[&str]) -> Result<Vec<Shown>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "{SHOWN} WHERE h.subject = ANY ($1) AND h.source = 'person' ORDER BY h.handing_id LIMIT $2"
    ))
    .bind::<Array<Text>, _>(subjects)
    .bind::<BigInt, _>(MOST_SHOWN)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Shown::from).collect())
}

/// Which of these handings the transaction's person sees.
pub fn seen_of(tx: &mut Tx, handings: &[i64]) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<Number> =
        diesel::sql_query("SELECT handing_id AS number FROM handings WHERE handing_id = ANY ($1)")
            .bind::<Array<BigInt>, _>(handings)
            .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.number).collect())
}

/// A content's type, when the transaction's person sees it.
pub fn media_type(tx: &mut Tx, sha256: &str) -> Result<Option<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Media {
        #[diesel(sql_type = Text)]
        media_type: String,
    }
    let row: Option<Media> = diesel::sql_query("SELECT media_type FROM evidence WHERE sha256 = $1")
        .bind::<Text, _>(sha256)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(|row| row.media_type))
}

/// Writes down that somebody looked; says whether they had not within that hour.
pub fn look(tx: &mut Tx, sha256: &str, by: &str, original: bool, at: Instant) -> Result<bool, StoreError> {
    let new = diesel::sql_query(
        "INSERT INTO evidence_looks (tenant_id, sha256, seen_by, hour, original)
         VALUES ($1, $2, $3, date_trunc('hour', $4), $5) ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(sha256)
    .bind::<Text, _>(by)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Bool, _>(original)
    .execute(tx.connection)?;
    Ok(new > 0)
}

/// Forgets who looked in which hour before an instant; the audit log does not.
pub fn forget_looks(tx: &mut Tx, before: Instant) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM evidence_looks WHERE hour < date_trunc('hour', $1)")
        .bind::<Timestamptz, _>(pg_instant(before))
        .execute(tx.connection)?;
    Ok(())
}
