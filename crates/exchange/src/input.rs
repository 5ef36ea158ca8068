//! The bytes of a source: opened, counted, expanded within limits, and known to be UTF-8 text as far as a look can tell.

use std::fs::File;
use std::io::{Chain, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use crate::error::SourceError;
use crate::lines::RECORD_MAX_BYTES;
use crate::source::Source;

/// How many bytes a gzip'd file may expand to before its ratio is looked at.
pub const GZIP_FREE_BYTES: u64 = 64 << 20;
/// How many times its size a gzip'd file may expand to.
pub const GZIP_RATIO: u64 = 200;
/// How many bytes a gzip'd file may expand to at most.
pub const GZIP_MAX_BYTES: u64 = 64 << 30;

/// The bytes of a source, in the order of the file.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// How far reading has come, shared with whoever shows it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Bytes on disk read so far, to be held against the sum of [`crate::Source::bytes`].
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What goes wrong below the parser; travels inside an `io::Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InputFault {
    #[error("a record longer than {RECORD_MAX_BYTES} bytes")]
    RecordTooLong,
    #[error("expands to more than {GZIP_RATIO} times its size, or more than {} GiB", GZIP_MAX_BYTES >> 30)]
    Bomb,
}

impl From<InputFault> for std::io::Error {
    fn from(fault: InputFault) -> Self {
        Self::other(fault)
    }
}

/// The error of a source that fails while it is read, at a line.
pub(crate) fn failed(file: &str, line: u64, why: std::io::Error) -> SourceError {
    let file = file.to_owned();
    let fault = why.get_ref().and_then(|inner| inner.downcast_ref::<InputFault>()).copied();
    match (fault, why.kind()) {
        (Some(InputFault::RecordTooLong), _) => {
            SourceError::RecordTooLong { file, line, limit: RECORD_MAX_BYTES }
        }
        (Some(fault @ InputFault::Bomb), _) => SourceError::Bomb { file, what: fault.to_string() },
        (None, std::io::ErrorKind::UnexpectedEof) => {
            SourceError::EndsInTheMiddle { file, line, what: "the gzip'd data is cut off" }
        }
        (None, std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData) => {
            SourceError::WrongFormat {
                file,
                what: format!("the gzip'd data is damaged ({why}): send it again"),
            }
        }
        (None, _) => SourceError::Unreadable { file, why },
    }
}

/// Counts what is read of a file.
struct Counted {
    file: Bytes,
    read: Arc<AtomicU64>,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        self.progress.add(count as u64);
        Ok(count)
    }
}

/// Expands gzip'd data, and stops where that goes beyond reason.
struct Expanded<R> {
    inner: MultiGzDecoder<R>,
    read: Arc<AtomicU64>,
    given: u64,
}

impl<R: Read> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.given += count as u64;
        let fair = self.read.load(Ordering::Relaxed).saturating_mul(GZIP_RATIO).max(GZIP_FREE_BYTES);
        if self.given > fair.min(GZIP_MAX_BYTES) {
            return Err(InputFault::Bomb.into());
        }
        Ok(count)
    }
}

/// A stream with its first bytes put back in front.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// Takes the first bytes of a stream, and puts them back in front.
fn peek<R: Read>(mut from: R, count: usize) -> std::io::Result<(Vec<u8>, Peeked<R>)> {
    let mut head = Vec::new();
    (&mut from).take(count as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(from)))
}

/// Opens a file, expanding it when it is gzip'd, whatever its name says.
pub(crate) fn open(path: &Path, progress: &Progress) -> Result<Bytes, SourceError> {
    let file = path.display().to_string();
    let opened = File::open(path).map_err(|why| SourceError::Unreadable { file: file.clone(), why })?;
    expanded(Box::new(opened), path, file, progress)
}

/// The same of bytes that are open.
fn expanded(opened: Bytes, path: &Path, file: String, progress: &Progress) -> Result<Bytes, SourceError> {
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted { file: opened, read: Arc::clone(&read), progress: progress.clone() };
    let (head, whole) = peek(counted, 2).map_err(|why| failed(&file, 1, why))?;
    if head == [0x1f, 0x8b] {
        return Ok(Box::new(Expanded { inner: MultiGzDecoder::new(whole), read, given: 0 }));
    }
    let named_gzip = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    if named_gzip && !head.is_empty() {
        let what = "named .gz but not gzip'd: rename it, or compress it".to_owned();
        return Err(SourceError::WrongFormat { file, what });
    }
    Ok(Box::new(whole))
}

/// Opens a text: not empty, no other encoding or kind of file by the look of its beginning, without its byte order mark.
pub(crate) fn open_text(source: &Source, progress: &Progress) -> Result<Bytes, SourceError> {
    let file = source.label();
    let opened: Bytes = match &source.held {
        Some(held) => Box::new(Cursor::new(Arc::clone(held))),
        None => Box::new(
            File::open(&source.path).map_err(|why| SourceError::Unreadable { file: file.clone(), why })?,
        ),
    };
    let bytes = expanded(opened, &source.path, file.clone(), progress)?;
    let (head, mut whole) = peek(bytes, 4096).map_err(|why| failed(&file, 1, why))?;
    if head.is_empty() {
        return Err(SourceError::Empty { file });
    }
    if let Some(what) = other_kind(&head) {
        return Err(SourceError::WrongFormat { file, what: what.to_owned() });
    }
    if looks_like_utf16(&head) {
        return Err(SourceError::NotUtf8 { file, line: 1, guess: "UTF-16" });
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        whole.get_mut().0.set_position(3);
    }
    Ok(Box::new(whole))
}

fn other_kind(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"PK\x03\x04") {
        Some("a zip archive or workbook: name a workbook .xlsx, unpack an archive")
    } else if head.starts_with(b"\xd0\xcf\x11\xe0") {
        Some("an old Excel file (.xls): save it as .xlsx or CSV UTF-8")
    } else {
        None
    }
}

fn looks_like_utf16(head: &[u8]) -> bool {
    let nuls = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let marked = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    marked || (head.len() >= 8 && nuls(0).max(nuls(1)) * 5 > head.len())
}

/// What bytes that are not UTF-8 look like: in Chinese text nearly all characters are two bytes that are both high, in
/// Western text a high byte mostly stands alone.
pub(crate) fn guess_encoding(bytes: &[u8]) -> &'static str {
    let mut rest = bytes.iter();
    let (mut pairs, mut alone) = (0, 0);
    while let Some(first) = rest.find(|b| **b >= 0x80) {
        match rest.next() {
            Some(second) if *first >= 0x81 && *second >= 0x80 => pairs += 1,
            _ => alone += 1,
        }
    }
    if pairs > alone { "GBK (by the look of it)" } else { "Latin-1 or Windows-1252 (by the look of it)" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_guessed() {
        assert!(guess_encoding(b"\xcd\xb6\xcb\xdf").starts_with("GBK"));
        assert!(guess_encoding(b"M\xfcnchen \xe9").starts_with("Latin-1"));
        assert!(looks_like_utf16(b"r\0e\0g\0i\0o\0n\0"));
        assert!(looks_like_utf16(b"\0r\0e\0g\0i\0o\0n"));
        assert!(looks_like_utf16(b"\xff\xfer\0"));
        assert!(!looks_like_utf16(b"region_code,name\n"));
    }
}
