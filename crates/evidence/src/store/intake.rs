//! What comes in, looked at while it passes: hashed, counted, and refused as soon as it may not be taken. It must never
//! hold more than one part, and never decode anything.

use object_store::{PutPayload, PutPayloadMut};
use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::error::EvidenceError;
use crate::kind::{Limits, MediaClass, MediaType};

/// What is sent at once. Smaller content is written whole; one part is filled while another is sent, so 16 MiB are held.
pub(super) const PART_BYTES: usize = 8 << 20;
/// Enough to tell any type that is taken.
const TYPE_BYTES: usize = 4 << 10;
/// Where a picture's size is first looked for; then after four times as much, and so on.
const FIRST_LOOK_BYTES: usize = 64 << 10;
/// A picture that does not say its size within this is refused. Well below a part, so nothing was sent by then.
const LAST_LOOK_BYTES: usize = 1 << 20;
const BLOCK_BYTES: usize = 256 << 10;

/// One content on its way in.
pub(super) struct Intake<'a> {
    limits: &'a Limits,
    hasher: Sha256,
    bytes: u64,
    part: PutPayloadMut,
    kind: Option<MediaType>,
    head: Vec<u8>,
    next_look: usize,
    measured: bool,
}

/// What a content turned out to be.
pub(super) struct Seen {
    pub(super) digest: Digest,
    pub(super) bytes: u64,
    pub(super) kind: MediaType,
    /// What was not handed over as a part yet.
    pub(super) rest: PutPayload,
}

impl<'a> Intake<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            hasher: Sha256::new(),
            bytes: 0,
            part: PutPayloadMut::new().with_block_size(BLOCK_BYTES),
            kind: None,
            head: Vec::new(),
            next_look: TYPE_BYTES,
            measured: false,
        }
    }

    /// How many bytes still go into the part at hand.
    pub(super) fn room(&self) -> usize {
        PART_BYTES - self.part.content_length()
    }

    /// Takes a piece of at most [`Intake::room`] bytes.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), EvidenceError> {
        self.hasher.update(piece);
        self.bytes += piece.len() as u64;
        self.part.extend_from_slice(piece);
        self.keep_head(piece);
        if self.head.len() >= self.next_look && !self.measured {
            self.look()?;
        }
        self.kind.map_or(Ok(()), |kind| self.limits.check_bytes(kind, self.bytes))
    }

    /// The full part, to be sent; more is to come.
    pub(super) fn cut(&mut self) -> PutPayload {
        let empty = PutPayloadMut::new().with_block_size(BLOCK_BYTES);
        std::mem::replace(&mut self.part, empty).freeze()
    }

    /// The end has come.
    pub(super) fn finish(mut self) -> Result<Seen, EvidenceError> {
        if self.bytes == 0 {
            return Err(EvidenceError::Empty);
        }
        self.next_look = LAST_LOOK_BYTES;
        let kind = self.look()?;
        self.limits.check_bytes(kind, self.bytes)?;
        Ok(Seen { digest: Digest::finish(self.hasher), bytes: self.bytes, kind, rest: self.part.freeze() })
    }

    fn keep_head(&mut self, piece: &[u8]) {
        if !self.measured {
            let room = LAST_LOOK_BYTES.saturating_sub(self.head.len());
            self.head.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    /// Tells type and, of a picture, size, from as much of the head as there is.
    fn look(&mut self) -> Result<MediaType, EvidenceError> {
        let kind = match self.kind {
            Some(kind) => kind,
            None => MediaType::of(&self.head)?,
        };
        self.kind = Some(kind);
        if kind.class() == MediaClass::Picture && !self.measured {
            self.measure()?;
        } else {
            self.settled();
        }
        Ok(kind)
    }

    fn measure(&mut self) -> Result<(), EvidenceError> {
        match imagesize::blob_size(&self.head) {
            Ok(size) => {
                self.limits.check_pixels(size.width as u64, size.height as u64)?;
                self.settled();
                Ok(())
            }
            Err(_) if self.next_look < LAST_LOOK_BYTES => {
                self.next_look = (self.next_look * 4).max(FIRST_LOOK_BYTES);
                Ok(())
            }
            Err(error) => {
                Err(EvidenceError::Picture(format!("its size cannot be told from its head ({error})")))
            }
        }
    }

    fn settled(&mut self) {
        self.measured = true;
        self.head = Vec::new();
    }
}
