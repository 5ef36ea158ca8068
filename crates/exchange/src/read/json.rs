//! JSON: one object, or an array of them, as a request holds it. It is read whole, so it is bounded: large batches are
//! NDJSON or CSV, which stream.

use std::io::Read;
use std::ops::ControlFlow;

use serde_json::value::RawValue;

use super::{Sink, ndjson};
use crate::error::SourceError;
use crate::input::{Progress, failed, open_text};
use crate::source::Source;

/// The most bytes of a JSON source, once expanded.
pub const JSON_MAX_BYTES: usize = 4 << 20;

pub(super) struct JsonRows {
    file: String,
    text: String,
}

impl JsonRows {
    pub(super) fn open(source: &Source, progress: &Progress) -> Result<Self, SourceError> {
        let (file, mut bytes) = (source.label(), Vec::new());
        let limit = JSON_MAX_BYTES as u64 + 1;
        open_text(source, progress)?
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|why| failed(&file, 1, why))?;
        if bytes.len() as u64 == limit {
            return Err(SourceError::RecordTooLong { file, line: 1, limit: JSON_MAX_BYTES });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { file, text }),
            Err(why) => {
                let guess = crate::input::guess_encoding(why.as_bytes());
                Err(SourceError::NotUtf8 { file, line: 1, guess })
            }
        }
    }

    /// Hands every object on; its number stands for the line, from 1.
    pub(super) fn each(self, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        let objects: Vec<&RawValue> = if self.text.trim_start().starts_with('[') {
            serde_json::from_str(&self.text)
        } else {
            serde_json::from_str(&self.text).map(|one| vec![one])
        }
        .map_err(|why| SourceError::WrongFormat {
            file: self.file.clone(),
            what: format!("not JSON: {why}"),
        })?;
        for (number, object) in (1..).zip(objects) {
            if let ControlFlow::Break(()) = ndjson::object_row(object.get(), number, false, sink) {
                break;
            }
        }
        Ok(())
    }
}
