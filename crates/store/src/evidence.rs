//! What is in the evidence store, who handed it in, and where it was handed in before. The content is not here.

mod shown;

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Integer, Nullable, Text, Timestamp, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::DateTime;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};
pub use shown::{
    Handed, Shown, forget_looks, handed_before, look, media_type, of_content, of_subjects, seen_of,
};

/// A content as it was looked at when it came.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// Its SHA-256, lower-case hex.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: i64,
    /// Its type, told by content.
    pub media_type: String,
    /// A picture's width and height in pixels.
    pub size: Option<(i32, i32)>,
    /// A picture's perceptual hash.
    pub fingerprint: Option<u64>,
    /// What is wrong with a picture (`black`, `covered`, `blurred`).
    pub flaws: Vec<String>,
    /// When it was taken, by its own metadata, in local time.
    pub taken_local: Option<DateTime>,
    /// Where it was taken, by its own metadata: latitude and longitude.
    pub place: Option<(f64, f64)>,
}

/// Where a content came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A person handed it in.
    Person,
    /// A camera was asked for it.
    Camera,
}

impl Source {
    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Camera => "camera",
        }
    }
}

/// A content handed in.
#[derive(Debug, Clone)]
pub struct Handing<'a> {
    /// The content's SHA-256.
    pub sha256: &'a str,
    /// Where from.
    pub source: Source,
    /// By whom.
    pub by: &'a str,
    /// When.
    pub at: Instant,
    /// For what: a subject of the rulebook, or `camera:CODE`.
    pub subject: &'a str,
    /// The dealer it is about.
    pub dealer: &'a str,
    /// What the file was called.
    pub file_name: &'a str,
    /// Where it was handed in before, as JSON.
    pub likeness: &'a str,
}

/// An earlier handing that is the same or nearly so.
#[derive(Debug, Clone)]
pub struct Like {
    /// Its number.
    pub handing: i64,
    /// Its content.
    pub sha256: String,
    /// By whom it was handed in.
    pub by: String,
    /// When.
    pub at: Instant,
    /// For what.
    pub subject: String,
    /// Bits by which the pictures differ; 0 with the same content: the very same file.
    pub distance: i32,
}

#[derive(QueryableByName)]
struct LikeRow {
    #[diesel(sql_type = BigInt)]
    handing_id: i64,
    #[diesel(sql_type = Text)]
    sha256: String,
    #[diesel(sql_type = Text)]
    handed_in_by: String,
    #[diesel(sql_type = Timestamptz)]
    handed_in_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Integer)]
    distance: i32,
}

/// Writes a content down; one that is known already stays as it was looked at first.
pub fn keep(tx: &mut Tx, content: &Content, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO evidence (tenant_id, sha256, bytes, media_type, width, height, fingerprint, flaws, taken_local, lat, lon, stored_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::timestamp, $10, $11, $12) ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(&content.sha256)
    .bind::<BigInt, _>(content.bytes)
    .bind::<Text, _>(&content.media_type)
    .bind::<Nullable<Integer>, _>(content.size.map(|(width, _)| width))
    .bind::<Nullable<Integer>, _>(content.size.map(|(_, height)| height))
    .bind::<Nullable<BigInt>, _>(content.fingerprint.map(u64::cast_signed))
    .bind::<Array<Text>, _>(&content.flaws)
    .bind::<Nullable<Timestamp>, _>(content.taken_local.map(pg_local))
    .bind::<Nullable<Double>, _>(content.place.map(|(lat, _)| lat))
    .bind::<Nullable<Double>, _>(content.place.map(|(_, lon)| lon))
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// A local time without a zone, as PostgreSQL stores it.
fn pg_local(local: DateTime) -> PgTimestamp {
    // Counted as if the local time were UTC's.
    let since = local.duration_since(jiff::civil::datetime(2000, 1, 1, 0, 0, 0, 0));
    PgTimestamp(since.as_micros() as i64)
}

/// Earlier handings by persons of the very same content, or of a picture one of whose forms (turned, mirrored) is within
/// so many bits of it; the nearest first.
pub fn like(
    tx: &mut Tx,
    sha256: &str,
    forms: &[u64],
    within: u32,
    most: u32,
) -> Result<Vec<Like>, StoreError> {
    let forms: Vec<i64> = forms.iter().map(|form| form.cast_signed()).collect();
    let rows: Vec<LikeRow> = diesel::sql_query(
        "SELECT h.handing_id, h.sha256, h.handed_in_by, h.handed_in_at, h.subject, d.distance
         FROM evidence e
         CROSS JOIN LATERAL (
             SELECT CASE WHEN e.sha256 = $1 THEN 0
                    ELSE (SELECT min(bit_count((e.fingerprint # form)::bit(64)))::integer FROM unnest($2) AS f (form)) END AS distance
         ) AS d
         JOIN handings h ON h.tenant_id = e.tenant_id AND h.sha256 = e.sha256
         WHERE d.distance <= $3 AND h.source = 'person'
         ORDER BY d.distance, e.sha256 <> $1, h.handing_id LIMIT $4",
    )
    .bind::<Text, _>(sha256)
    .bind::<Array<BigInt>, _>(forms)
    .bind::<Integer, _>(within as i32)
    .bind::<BigInt, _>(i64::from(most))
    .load(tx.connection)?;
    Ok(rows
        .into_iter()
        .map(|row| Like {
            handing: row.handing_id,
            sha256: row.sha256,
            by: row.handed_in_by,
            at: instant(row.handed_in_at),
            subject: row.subject,
            distance: row.distance,
        })
        .collect())
}

/// Waits until no other transaction hands in for the tenant; kept to the end of this one.
pub fn take_turn(tx: &mut Tx) -> Result<(), StoreError> {
    tx.take_turn(crate::session::Turn::Evidence)
}

/// Writes a handing down and gives its number.
pub fn hand_in(tx: &mut Tx, handing: &Handing) -> Result<i64, StoreError> {
    take_turn(tx)?;
    let number = tx.number("SELECT coalesce(max(handing_id), 0) + 1 AS number FROM handings")?;
    diesel::sql_query(
        "INSERT INTO handings (tenant_id, handing_id, sha256, source, handed_in_by, handed_in_at, subject, dealer_code, file_name, likeness)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(number)
    .bind::<Text, _>(handing.sha256)
    .bind::<Text, _>(handing.source.name())
    .bind::<Text, _>(handing.by)
    .bind::<Timestamptz, _>(pg_instant(handing.at))
    .bind::<Text, _>(handing.subject)
    .bind::<Text, _>(handing.dealer)
    .bind::<Text, _>(handing.file_name)
    .bind::<Text, _>(handing.likeness)
    .execute(tx.connection)?;
    Ok(number)
}

/// The latest content of a subject (a camera's last picture).
pub fn latest_of(tx: &mut Tx, subject: &str) -> Result<Option<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        sha256: String,
    }
    let row: Option<Row> =
        diesel::sql_query("SELECT sha256 FROM handings WHERE subject = $1 ORDER BY handing_id DESC LIMIT 1")
            .bind::<Text, _>(subject)
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(|row| row.sha256))
}
