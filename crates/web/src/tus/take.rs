//! Taking bytes: into memory as far as there is room, then into the store's incoming area; the last byte makes it whole.
//!
//! Whoever asks for an upload whose bytes are all here has it put together, where the program that took them did not.
//! A file that comes in one go within the room goes straight into the store; one in pieces is put together there.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use farsight_control::uploads::{self, Upload, UploadError};
use farsight_evidence::{EvidenceError, Limits, MediaClass, Stored};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::OwnedSemaphorePermit;

use super::Refusal;
use crate::intake::UNIT_BYTES;
use crate::seat::{Failed, Seat};

/// A piece in the incoming area is not larger; a file that comes in one go and is not larger needs no piece at all.
const PIECE_BYTES: usize = 8 << 20;
/// A request takes bytes for so long, then answers how far it came: before it would be given up as a whole.
const PATIENCE: Duration = Duration::from_secs(20);
/// A picture is read back up to this size to be looked at.
const MOST_BYTES: u64 = 32 << 20;

impl From<EvidenceError> for Refusal {
    fn from(error: EvidenceError) -> Self {
        Self::Failed(Failed::Broken(error.to_string()))
    }
}

/// Bytes that arrived and lie in memory, with the room they take.
#[derive(Default)]
struct Held {
    bytes: BytesMut,
    room: Vec<OwnedSemaphorePermit>,
}

/// Takes what a body brings from an offset on, until it ends, breaks, or has lasted long enough.
pub(super) async fn take(seat: Seat, id: String, offset: u64, body: Body) -> Result<Upload, Refusal> {
    let asked = id.clone();
    let mut upload = seat.at_desk(move |desk| uploads::ready(desk, &asked, offset)).await?;
    let ends = tokio::time::Instant::now() + PATIENCE;
    let mut body = body.into_data_stream();
    let mut held = Held::default();
    // A body that breaks off ends like one that is over: what arrived counts.
    while let Ok(Some(Ok(data))) = tokio::time::timeout_at(ends, body.next()).await {
        if upload.received + (held.bytes.len() + data.len()) as u64 > upload.length {
            return Err(Refusal::Upload(UploadError::Beyond { length: upload.length }));
        }
        if !make_room(&seat, &mut held, data.len()).await {
            upload = put_down(&seat, &upload, &mut held).await?;
            make_room(&seat, &mut held, data.len()).await;
        }
        held.bytes.extend_from_slice(&data);
    }
    let is_whole = upload.received == 0 && held.bytes.len() as u64 == upload.length;
    if is_whole {
        let whole = std::mem::take(&mut held.bytes).freeze();
        let content = stream::iter([Ok::<_, EvidenceError>(whole)]);
        return finish(&seat, &upload, content).await;
    }
    if !held.bytes.is_empty() {
        upload = put_down(&seat, &upload, &mut held).await?;
    }
    if upload.has_arrived() { put_together(&seat, id).await } else { Ok(upload) }
}

/// Puts the pieces of an upload together whose bytes are all here; any other stays as it is.
pub(super) async fn put_together(seat: &Seat, id: String) -> Result<Upload, Refusal> {
    let asked = id.clone();
    let (upload, pieces) = seat.at_desk(move |desk| uploads::arrived(desk, &asked)).await?;
    if pieces.is_empty() {
        return Ok(upload);
    }
    let content = seat.app().parts.evidence.pieces(&seat.tenant().code, pieces.clone())?;
    match finish(seat, &upload, content).await {
        Ok(finished) => {
            drop_all(seat, &pieces).await;
            Ok(finished)
        }
        Err(refusal) => {
            // Another request may have put them together meanwhile, and dropped them.
            let now = seat.at_desk(move |desk| uploads::find(desk, &id)).await?;
            if now.has_arrived() { Err(refusal) } else { Ok(now) }
        }
    }
}

/// Makes room for more; false where what is held has to be put down first. Who holds nothing waits.
async fn make_room(seat: &Seat, held: &mut Held, more: usize) -> bool {
    let wanted = held.bytes.len() + more;
    if wanted > PIECE_BYTES && !held.bytes.is_empty() {
        return false;
    }
    let units = wanted.div_ceil(UNIT_BYTES).saturating_sub(held.room.len());
    for _ in 0..units {
        let room = seat.app().intake.room.clone();
        let permit = if held.room.is_empty() {
            room.acquire_owned().await.ok()
        } else {
            room.try_acquire_owned().ok()
        };
        match permit {
            Some(permit) => held.room.push(permit),
            None => return held.bytes.is_empty(), // a first chunk larger than what is left: let it in all the same
        }
    }
    true
}

/// Puts what is held down as a piece, and writes down that it is there.
async fn put_down(seat: &Seat, upload: &Upload, held: &mut Held) -> Result<Upload, Refusal> {
    let bytes = std::mem::take(&mut held.bytes).freeze();
    let (store, tenant) = (&seat.app().parts.evidence, &seat.tenant().code);
    let (id, at, count) = (upload.id.clone(), upload.received, bytes.len() as u64);
    let piece = store.keep_piece(tenant, bytes).await?;
    held.room.clear();
    let name = piece.clone();
    let took = seat.at_desk(move |desk| uploads::took(desk, &id, at, count, &name)).await;
    if took.is_err() {
        drop_all(seat, &[piece]).await; // another request was first with these bytes
    }
    Ok(took?)
}

/// Puts a whole content into the store, and has it looked at; what may not be taken is written down as refused.
async fn finish<S>(seat: &Seat, upload: &Upload, content: S) -> Result<Upload, Refusal>
where
    S: Stream<Item = Result<Bytes, EvidenceError>>,
{
    let stored = put(seat, content).await;
    let id = upload.id.clone();
    let upload = match stored {
        Ok(stored) => seat.at_desk(move |desk| uploads::stored(desk, &id, &stored)).await?,
        Err(error) if error.may_pass() => return Err(error.into()),
        Err(error) => seat.at_desk(move |desk| uploads::refused(desk, &id, &error)).await?,
    };
    finish_later(seat, &upload);
    Ok(upload)
}

async fn put<S>(seat: &Seat, content: S) -> Result<Stored, EvidenceError>
where
    S: Stream<Item = Result<Bytes, EvidenceError>>,
{
    let app = seat.app();
    let _turn = app.intake.putting.acquire().await;
    app.parts.evidence.put(&seat.tenant().code, content, &Limits::default()).await
}

/// Has an upload looked at and handed in, after this answer.
pub(crate) fn finish_later(seat: &Seat, upload: &Upload) {
    let Some(stored) = uploads::to_look_at(upload) else { return };
    let (seat, id) = (seat.clone(), upload.id.clone());
    tokio::spawn(async move {
        if let Err(error) = look(&seat, id, stored).await {
            tracing::warn!(
                ?error,
                "an upload was not looked at: it is tried again when somebody asks for it"
            );
        }
    });
}

/// Looks at what is stored, one picture at a time, and hands it in.
async fn look(seat: &Seat, id: String, stored: Stored) -> Result<Upload, Failed> {
    let app = seat.app();
    let _turn = app.intake.looking.acquire().await;
    let bytes = match stored.media_type.class() {
        MediaClass::Picture => {
            let read = app.parts.evidence.bytes(&seat.tenant().code, &stored.sha256, MOST_BYTES).await;
            read.map_err(|error| Failed::Broken(error.to_string()))?
        }
        MediaClass::Document | MediaClass::Film => Bytes::new(),
    };
    seat.at_desk(move |desk| uploads::look_at(desk, &id, &stored, &bytes)).await
}

/// Takes a whole file that a form brought, looks at it and hands it in.
pub(crate) async fn whole<S>(seat: &Seat, upload: Upload, content: S) -> Result<Upload, Refusal>
where
    S: Stream<Item = Result<Bytes, EvidenceError>>,
{
    let id = upload.id;
    let asked = id.clone();
    match put(seat, content).await {
        Ok(stored) => {
            seat.at_desk(move |desk| uploads::stored(desk, &asked, &stored)).await?;
            Ok(look(seat, id, stored).await?)
        }
        Err(error) => Ok(seat.at_desk(move |desk| uploads::refused(desk, &asked, &error)).await?),
    }
}

/// Drops pieces that nobody needs; what cannot be dropped is the sweep's.
pub(super) async fn drop_all(seat: &Seat, pieces: &[String]) {
    for piece in pieces {
        let dropped = seat.app().parts.evidence.drop_piece(&seat.tenant().code, piece).await;
        if let Err(error) = dropped {
            tracing::warn!(%error, "a piece is left to the sweep");
        }
    }
}
