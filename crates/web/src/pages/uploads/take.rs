//! Taking bytes: into memory as far as there is room, then into the store's incoming area; the last byte makes it whole.
//!
//! A file that comes in one go within the room goes straight into the store; one in pieces is put together there.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use farsight_control::ControlError;
use farsight_control::uploads::{self, Upload, UploadError};
use farsight_evidence::{EvidenceError, Limits, MediaClass, Stored};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::OwnedSemaphorePermit;

use super::told;
use crate::entered::Entered;
use crate::intake::UNIT_BYTES;
use crate::page::PageError;

/// A piece in the incoming area is not larger; a file that comes in one go and is not larger needs no piece at all.
const PIECE_BYTES: usize = 8 << 20;
/// A request takes bytes for so long, then answers how far it came: before it would be given up as a whole.
const PATIENCE: Duration = Duration::from_secs(20);
/// A picture is read back up to this size to be looked at.
const MOST_BYTES: u64 = 32 << 20;

/// Why bytes were not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Refused, in words for the sender.
    Upload(UploadError),
    /// Something else.
    Page(PageError),
}

impl From<PageError> for Refusal {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

impl From<EvidenceError> for Refusal {
    fn from(error: EvidenceError) -> Self {
        Self::Page(PageError::Fault(error.to_string()))
    }
}

/// Bytes that arrived and lie in memory, with the room they take.
#[derive(Default)]
struct Held {
    bytes: BytesMut,
    room: Vec<OwnedSemaphorePermit>,
}

/// Takes what a body brings from an offset on, until it ends, breaks, or has lasted long enough.
pub(super) async fn take(entered: Entered, id: String, offset: u64, body: Body) -> Result<Upload, Refusal> {
    let asked = id.clone();
    let ready = entered.at_desk(move |desk| told(uploads::ready(desk, &asked, offset))).await?;
    let mut upload = ready.map_err(Refusal::Upload)?;
    let ends = tokio::time::Instant::now() + PATIENCE;
    let mut body = body.into_data_stream();
    let mut held = Held::default();
    // A body that breaks off ends like one that is over: what arrived counts.
    while let Ok(Some(Ok(data))) = tokio::time::timeout_at(ends, body.next()).await {
        if upload.received + (held.bytes.len() + data.len()) as u64 > upload.length {
            return Err(Refusal::Upload(UploadError::Beyond { length: upload.length }));
        }
        if !make_room(&entered, &mut held, data.len()).await {
            upload = put_down(&entered, &upload, &mut held).await?;
            make_room(&entered, &mut held, data.len()).await;
        }
        held.bytes.extend_from_slice(&data);
    }
    let is_whole = upload.received == 0 && held.bytes.len() as u64 == upload.length;
    if is_whole {
        let whole = std::mem::take(&mut held.bytes).freeze();
        let content = stream::iter([Ok::<_, EvidenceError>(whole)]);
        return finish(&entered, &upload, content).await;
    }
    if !held.bytes.is_empty() {
        upload = put_down(&entered, &upload, &mut held).await?;
    }
    if upload.received < upload.length {
        return Ok(upload);
    }
    let asked = id.clone();
    let pieces = entered.at_desk(move |desk| uploads::pieces(desk, &asked)).await?;
    let content = entered.app().parts.evidence.pieces(&entered.tenant().code, pieces.clone())?;
    let finished = finish(&entered, &upload, content).await?;
    drop_all(&entered, &pieces).await;
    Ok(finished)
}

/// Makes room for more; false where what is held has to be put down first. Who holds nothing waits.
async fn make_room(entered: &Entered, held: &mut Held, more: usize) -> bool {
    let wanted = held.bytes.len() + more;
    if wanted > PIECE_BYTES && !held.bytes.is_empty() {
        return false;
    }
    let units = wanted.div_ceil(UNIT_BYTES).saturating_sub(held.room.len());
    for _ in 0..units {
        let room = entered.app().intake.room.clone();
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
async fn put_down(entered: &Entered, upload: &Upload, held: &mut Held) -> Result<Upload, Refusal> {
    let bytes = std::mem::take(&mut held.bytes).freeze();
    let (store, tenant) = (&entered.app().parts.evidence, &entered.tenant().code);
    let (id, at, count) = (upload.id.clone(), upload.received, bytes.len() as u64);
    let piece = store.keep_piece(tenant, bytes).await?;
    held.room.clear();
    let name = piece.clone();
    let took = entered.at_desk(move |desk| told(uploads::took(desk, &id, at, count, &name))).await?;
    if took.is_err() {
        drop_all(entered, &[piece]).await; // another request was first with these bytes
    }
    took.map_err(Refusal::Upload)
}

/// Puts a whole content into the store, and has it looked at; what may not be taken is written down as refused.
async fn finish<S>(entered: &Entered, upload: &Upload, content: S) -> Result<Upload, Refusal>
where
    S: Stream<Item = Result<Bytes, EvidenceError>>,
{
    let stored = put(entered, content).await;
    let id = upload.id.clone();
    let upload = match stored {
        Ok(stored) => entered.at_desk(move |desk| told(uploads::stored(desk, &id, &stored))).await?,
        // The sender's bytes are sound, the store is not: to be tried again.
        Err(error @ (EvidenceError::Storage(_) | EvidenceError::Source(_))) => return Err(error.into()),
        Err(error) => entered.at_desk(move |desk| told(uploads::refused(desk, &id, &error))).await?,
    };
    let upload = upload.map_err(Refusal::Upload)?;
    finish_later(entered, &upload);
    Ok(upload)
}

async fn put<S>(entered: &Entered, content: S) -> Result<Stored, EvidenceError>
where
    S: Stream<Item = Result<Bytes, EvidenceError>>,
{
    let app = entered.app();
    let _turn = app.intake.putting.acquire().await;
    app.parts.evidence.put(&entered.tenant().code, content, &Limits::default()).await
}

/// Has an upload looked at and handed in, after this answer.
pub(crate) fn finish_later(entered: &Entered, upload: &Upload) {
    let Some(stored) = uploads::to_look_at(upload) else { return };
    let (entered, id) = (entered.clone(), upload.id.clone());
    tokio::spawn(async move {
        if let Err(error) = look(&entered, id, stored).await {
            tracing::warn!(
                ?error,
                "an upload was not looked at: it is tried again when somebody asks for it"
            );
        }
    });
}

/// Looks at what is stored, one picture at a time, and hands it in.
async fn look(entered: &Entered, id: String, stored: Stored) -> Result<Upload, PageError> {
    let app = entered.app();
    let _turn = app.intake.looking.acquire().await;
    let bytes = match stored.media_type.class() {
        MediaClass::Picture => {
            let read = app.parts.evidence.bytes(&entered.tenant().code, &stored.sha256, MOST_BYTES).await;
            read.map_err(|error| PageError::Fault(error.to_string()))?
        }
        MediaClass::Document | MediaClass::Film => Bytes::new(),
    };
    entered.at_desk(move |desk| uploads::look_at(desk, &id, &stored, &bytes)).await
}

/// Takes a whole file that a form brought, looks at it and hands it in.
pub(crate) async fn whole<S>(entered: &Entered, upload: Upload, content: S) -> Result<Upload, Refusal>
where
    S: Stream<Item = Result<Bytes, EvidenceError>>,
{
    let id = upload.id;
    let asked = id.clone();
    match put(entered, content).await {
        Ok(stored) => {
            entered.at_desk(move |desk| uploads::stored(desk, &asked, &stored)).await?;
            Ok(look(entered, id, stored).await?)
        }
        Err(error) => {
            let told = entered.at_desk(move |desk| uploads::refused(desk, &asked, &error)).await;
            Ok(told?)
        }
    }
}

/// Drops pieces that nobody needs; what cannot be dropped is the sweep's.
pub(super) async fn drop_all(entered: &Entered, pieces: &[String]) {
    for piece in pieces {
        let dropped = entered.app().parts.evidence.drop_piece(&entered.tenant().code, piece).await;
        if let Err(error) = dropped {
            tracing::warn!(%error, "a piece is left to the sweep");
        }
    }
}

/// A refusal of a use case in a form's flow.
impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        Self::Page(error.into())
    }
}
