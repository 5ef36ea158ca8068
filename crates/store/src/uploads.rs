//! Files on their way in: how far each has come and where its pieces lie. The pieces themselves are not here.
//!
//! A row moves on only from where the caller saw it: of two that send the same bytes at once one is told so.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// Where an upload stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// More of it is to come.
    Open,
    /// It is whole in the evidence store, not yet looked at.
    Stored {
        /// Its SHA-256.
        sha256: String,
        /// Its type, told by content.
        media_type: String,
    },
    /// It was handed in.
    Finished {
        /// Its SHA-256.
        sha256: String,
        /// The number of the handing.
        handing: i64,
    },
    /// It was not taken.
    Refused {
        /// The stable code.
        code: String,
        /// Why.
        why: String,
    },
}

impl State {
    /// Its name in the database and in answers.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Stored { .. } => "stored",
            Self::Finished { .. } => "finished",
            Self::Refused { .. } => "refused",
        }
    }
}

/// A file on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its name, which nobody can guess.
    pub id: String,
    /// The dealer it is about.
    pub dealer: String,
    /// What it is for: a subject of the rulebook.
    pub subject: String,
    /// What the file is called.
    pub file_name: String,
    /// Who sends it.
    pub by: String,
    /// Its size in bytes.
    pub length: u64,
    /// How many of them are here.
    pub received: u64,
    /// Where it stands.
    pub state: State,
    /// Until when more is taken.
    pub ends_at: Instant,
    /// When it was whole.
    pub stored_at: Option<Instant>,
}

impl Upload {
    /// Whether all its bytes are here, in pieces that were not put together yet.
    pub fn has_arrived(&self) -> bool {
        self.state == State::Open && self.received == self.length
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    upload_id: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    file_name: String,
    #[diesel(sql_type = Text)]
    sent_by: String,
    #[diesel(sql_type = BigInt)]
    length: i64,
    #[diesel(sql_type = BigInt)]
    received: i64,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Timestamptz)]
    ends_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Text>)]
    sha256: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    media_type: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    stored_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<BigInt>)]
    handing_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    refusal_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    refusal: Option<String>,
}

impl From<Row> for Upload {
    fn from(row: Row) -> Self {
        let sha256 = row.sha256.unwrap_or_default();
        let state = match row.state.as_str() {
            "open" => State::Open,
            "stored" => State::Stored { sha256, media_type: row.media_type.unwrap_or_default() },
            "finished" => State::Finished { sha256, handing: row.handing_id.unwrap_or_default() },
            _ => State::Refused {
                code: row.refusal_code.unwrap_or_default(),
                why: row.refusal.unwrap_or_default(),
            },
        };
        Self {
            id: row.upload_id,
            dealer: row.dealer_code,
            subject: row.subject,
            file_name: row.file_name,
            by: row.sent_by,
            length: row.length.unsigned_abs(),
            received: row.received.unsigned_abs(),
            state,
            ends_at: instant(row.ends_at),
            stored_at: row.stored_at.map(instant),
        }
    }
}

const COLUMNS: &str = "upload_id, dealer_code, subject, file_name, sent_by, length, received, state, ends_at, sha256, media_type, stored_at, handing_id, refusal_code, refusal";

/// Begins an upload.
pub fn begin(tx: &mut Tx, upload: &Upload, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO uploads (tenant_id, upload_id, dealer_code, subject, file_name, sent_by, length, begun_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(&upload.id)
    .bind::<Text, _>(&upload.dealer)
    .bind::<Text, _>(&upload.subject)
    .bind::<Text, _>(&upload.file_name)
    .bind::<Text, _>(&upload.by)
    .bind::<BigInt, _>(upload.length as i64)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Timestamptz, _>(pg_instant(upload.ends_at))
    .execute(tx.connection)?;
    Ok(())
}

/// How many uploads of a sender are open.
pub fn open_of(tx: &mut Tx, by: &str, at: Instant) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let query = "SELECT count(*) AS number FROM uploads WHERE sent_by = $1 AND state IN ('open', 'stored') AND ends_at > $2";
    let count: Count = diesel::sql_query(query)
        .bind::<Text, _>(by)
        .bind::<Timestamptz, _>(pg_instant(at))
        .get_result(tx.connection)?;
    Ok(count.number)
}

/// An upload by its name; its row is kept from others until the transaction ends.
pub fn find_for_update(tx: &mut Tx, id: &str) -> Result<Option<Upload>, StoreError> {
    one(tx, id, "FOR UPDATE")
}

/// An upload by its name.
pub fn find(tx: &mut Tx, id: &str) -> Result<Option<Upload>, StoreError> {
    one(tx, id, "")
}

fn one(tx: &mut Tx, id: &str, lock: &str) -> Result<Option<Upload>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM uploads WHERE upload_id = $1 {lock}");
    let row: Option<Row> =
        diesel::sql_query(query).bind::<Text, _>(id).get_result(tx.connection).optional()?;
    Ok(row.map(Upload::from))
}

/// Writes a piece down that begins where the upload has come to.
pub fn add_piece(tx: &mut Tx, upload: &Upload, bytes: u64, piece: &str) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO upload_pieces (tenant_id, upload_id, at_byte, bytes, piece) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(&upload.id)
    .bind::<BigInt, _>(upload.received as i64)
    .bind::<BigInt, _>(bytes as i64)
    .bind::<Text, _>(piece)
    .execute(tx.connection)?;
    set_received(tx, &upload.id, upload.received + bytes)
}

/// Writes down that an upload is here as a whole, and how large it turned out to be.
pub fn set_whole(tx: &mut Tx, id: &str, bytes: u64) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE uploads SET received = $2, length = $2 WHERE upload_id = $1")
        .bind::<Text, _>(id)
        .bind::<BigInt, _>(bytes as i64)
        .execute(tx.connection)?;
    Ok(())
}

/// Writes down how far an upload has come.
fn set_received(tx: &mut Tx, id: &str, received: u64) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE uploads SET received = $2 WHERE upload_id = $1")
        .bind::<Text, _>(id)
        .bind::<BigInt, _>(received as i64)
        .execute(tx.connection)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Piece {
    #[diesel(sql_type = Text)]
    piece: String,
}

/// The names of an upload's pieces, in their order.
pub fn pieces(tx: &mut Tx, id: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Piece> =
        diesel::sql_query("SELECT piece FROM upload_pieces WHERE upload_id = $1 ORDER BY at_byte")
            .bind::<Text, _>(id)
            .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.piece).collect())
}

/// Writes down that an upload is whole in the evidence store, or what became of it since; its pieces are forgotten.
pub fn move_on(tx: &mut Tx, id: &str, state: &State, at: Instant) -> Result<(), StoreError> {
    let (name, sha256, media_type, handing, code, why) = match state {
        State::Open => return Ok(()),
        State::Stored { sha256, media_type } => ("stored", Some(sha256), Some(media_type), None, None, None),
        State::Finished { sha256, handing } => ("finished", Some(sha256), None, Some(*handing), None, None),
        State::Refused { code, why } => ("refused", None, None, None, Some(code), Some(why)),
    };
    diesel::sql_query(
        "UPDATE uploads SET state = $2, sha256 = coalesce($3, sha256), media_type = coalesce($4, media_type),
             handing_id = $5, refusal_code = $6, refusal = $7, stored_at = coalesce(stored_at, $8) WHERE upload_id = $1",
    )
    .bind::<Text, _>(id)
    .bind::<Text, _>(name)
    .bind::<Nullable<Text>, _>(sha256)
    .bind::<Nullable<Text>, _>(media_type)
    .bind::<Nullable<BigInt>, _>(handing)
    .bind::<Nullable<Text>, _>(code)
    .bind::<Nullable<Text>, _>(why)
    .bind::<Nullable<Timestamptz>, _>((!matches!(state, State::Refused { .. })).then(|| pg_instant(at)))
    .execute(tx.connection)?;
    diesel::sql_query("DELETE FROM upload_pieces WHERE upload_id = $1")
        .bind::<Text, _>(id)
        .execute(tx.connection)?;
    Ok(())
}

/// Forgets an upload and its pieces.
pub fn remove(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM uploads WHERE upload_id = $1")
        .bind::<Text, _>(id)
        .execute(tx.connection)?;
    Ok(())
}

/// Uploads that are whole since before an instant and that nobody has looked at, the oldest first.
pub fn left_stored(tx: &mut Tx, before: Instant, most: i64) -> Result<Vec<Upload>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM uploads WHERE state = 'stored' AND stored_at < $1 ORDER BY stored_at LIMIT $2"
    );
    let rows: Vec<Row> = diesel::sql_query(query)
        .bind::<Timestamptz, _>(pg_instant(before))
        .bind::<BigInt, _>(most)
        .load(tx.connection)?;
    Ok(rows.into_iter().map(Upload::from).collect())
}

/// Uploads whose bytes are all here and that nobody has put together, the first to end first.
pub fn left_in_pieces(tx: &mut Tx, most: i64) -> Result<Vec<Upload>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM uploads WHERE state = 'open' AND received = length ORDER BY ends_at LIMIT $1"
    );
    let rows: Vec<Row> = diesel::sql_query(query).bind::<BigInt, _>(most).load(tx.connection)?;
    Ok(rows.into_iter().map(Upload::from).collect())
}

/// Forgets the uploads that ended before an instant, but those that are whole and wait to be looked at; says how many.
pub fn sweep(tx: &mut Tx, before: Instant) -> Result<usize, StoreError> {
    Ok(diesel::sql_query("DELETE FROM uploads WHERE ends_at < $1 AND state <> 'stored'")
        .bind::<Timestamptz, _>(pg_instant(before))
        .execute(tx.connection)?)
}
