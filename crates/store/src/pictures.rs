//! Pictures that cameras gave: where they lie in the evidence store, what is wrong with them, and who looked.
//!
//! A picture is added once; only a person's word changes its state.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;
use serde::Serialize;

use crate::values::{date, instant, pg_date, pg_instant};
use crate::{StoreError, Tx};

/// What a picture is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It seems to show nothing: a person has to say so.
    Candidate,
    /// It can be inspected.
    Fine,
    /// A person said that it shows nothing.
    Confirmed,
    /// A person said that it can be inspected after all.
    Dismissed,
}

impl State {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Fine => "fine",
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "fine" => Self::Fine,
            "confirmed" => Self::Confirmed,
            "dismissed" => Self::Dismissed,
            _ => Self::Candidate,
        }
    }
}

/// A picture as a camera gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// When it was taken.
    pub taken_at: Instant,
    /// Its hash in the evidence store, lower-case hex.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: i64,
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// Its perceptual hash.
    pub fingerprint: i64,
    /// What is wrong with it: black, frozen, blurred, covered …; nothing when empty.
    pub flaws: Vec<String>,
}

/// A picture of a visit.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Its number within the tenant.
    pub id: i64,
    /// The day of the visit.
    pub day: Date,
    /// The dealer visited.
    pub dealer: String,
    /// The camera.
    pub camera: String,
    /// The picture.
    pub shot: Shot,
    /// What it is good for.
    pub state: State,
    /// Who said so.
    pub confirmed_by: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    picture_id: i64,
    #[diesel(sql_type = SqlDate)]
    day: PgDate,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    camera_code: String,
    #[diesel(sql_type = Timestamptz)]
    taken_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    sha256: String,
    #[diesel(sql_type = BigInt)]
    size_bytes: i64,
    #[diesel(sql_type = Integer)]
    width: i32,
    #[diesel(sql_type = Integer)]
    height: i32,
    #[diesel(sql_type = BigInt)]
    fingerprint: i64,
    #[diesel(sql_type = Array<Text>)]
    flaws: Vec<String>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    confirmed_by: Option<String>,
}

impl From<Row> for Picture {
    fn from(row: Row) -> Self {
        let shot = Shot {
            taken_at: instant(row.taken_at),
            sha256: row.sha256,
            bytes: row.size_bytes,
            width: row.width,
            height: row.height,
            fingerprint: row.fingerprint,
            flaws: row.flaws,
        };
        Self {
            id: row.picture_id,
            day: date(row.day),
            dealer: row.dealer_code,
            camera: row.camera_code,
            shot,
            state: State::named(&row.state),
            confirmed_by: row.confirmed_by,
        }
    }
}

const COLUMNS: &str = "picture_id, day, dealer_code, camera_code, taken_at, sha256, size_bytes, width, height, fingerprint, flaws, state, confirmed_by";

/// Adds a picture of a visit; gives its number.
pub fn add(tx: &mut Tx, day: Date, dealer: &str, camera: &str, shot: &Shot) -> Result<i64, StoreError> {
    let id = tx.number("SELECT coalesce(max(picture_id), 0) + 1 AS number FROM pictures")?;
    let state = if shot.flaws.is_empty() { State::Fine } else { State::Candidate };
    diesel::sql_query(
        "INSERT INTO pictures (tenant_id, picture_id, day, dealer_code, camera_code, taken_at, sha256, size_bytes, width, height, fingerprint, flaws, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(id)
    .bind::<SqlDate, _>(pg_date(day))
    .bind::<Text, _>(dealer)
    .bind::<Text, _>(camera)
    .bind::<Timestamptz, _>(pg_instant(shot.taken_at))
    .bind::<Text, _>(&shot.sha256)
    .bind::<BigInt, _>(shot.bytes)
    .bind::<Integer, _>(shot.width)
    .bind::<Integer, _>(shot.height)
    .bind::<BigInt, _>(shot.fingerprint)
    .bind::<Array<Text>, _>(&shot.flaws)
    .bind::<Text, _>(state.name())
    .execute(tx.connection)?;
    Ok(id)
}

/// The picture of a number.
pub fn find(tx: &mut Tx, id: i64) -> Result<Option<Picture>, StoreError> {
    let row: Option<Row> = diesel::sql_query(format!("SELECT {COLUMNS} FROM pictures WHERE picture_id = $1"))
        .bind::<BigInt, _>(id)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(Picture::from))
}

/// The pictures of a visit, by number.
pub fn of_visit(tx: &mut Tx, day: Date, dealer: &str) -> Result<Vec<Picture>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT {COLUMNS} FROM pictures WHERE day = $1 AND dealer_code = $2 ORDER BY picture_id"
    ))
    .bind::<SqlDate, _>(pg_date(day))
    .bind::<Text, _>(dealer)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Picture::from).collect())
}

/// The latest picture that a camera gave before an instant: what a frozen one is compared with.
pub fn latest_of_camera(tx: &mut Tx, camera: &str, before: Instant) -> Result<Option<Picture>, StoreError> {
    let row: Option<Row> = diesel::sql_query(format!(
        "SELECT {COLUMNS} FROM pictures WHERE camera_code = $1 AND taken_at < $2 ORDER BY picture_id DESC LIMIT 1"
    ))
    .bind::<Text, _>(camera)
    .bind::<Timestamptz, _>(pg_instant(before))
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(Picture::from))
}

/// Pictures on which a person's word is wanted, the oldest first.
pub fn to_confirm(tx: &mut Tx) -> Result<Vec<Picture>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT {COLUMNS} FROM pictures WHERE state = 'candidate' ORDER BY picture_id"
    ))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Picture::from).collect())
}

/// Writes a person's word down.
pub fn decide(tx: &mut Tx, id: i64, state: State, by: &str, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE pictures SET state = $2, confirmed_by = $3, confirmed_at = $4 WHERE picture_id = $1",
    )
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(state.name())
    .bind::<Text, _>(by)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}
