//! CSV as RFC 4180 has it: comma, quotes doubled, LF or CRLF, a header row. Blank lines and rows without a single value
//! are passed over.

use std::ops::ControlFlow;

use csv::{ByteRecord, ErrorKind};

use super::{Draft, Sink, header};
use crate::error::SourceError;
use crate::input::{Progress, failed, guess_encoding, open_text};
use crate::lines::{CsvInput, Lines};
use crate::source::Source;
use crate::value::{CellFault, Raw};

pub(super) struct CsvRows {
    file: String,
    reader: csv::Reader<CsvInput>,
    record: ByteRecord,
    places: Vec<usize>,
}

impl CsvRows {
    pub(super) fn open(source: &Source, progress: &Progress) -> Result<Self, SourceError> {
        let input = CsvInput::new(Lines::new(open_text(source, progress)?));
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
        let mut rows = Self { file: source.label(), reader, record: ByteRecord::new(), places: Vec::new() };
        let Some(line) = rows.advance()? else { return Err(SourceError::Empty { file: rows.file }) };
        let names: Result<Vec<&str>, _> = rows.record.iter().map(std::str::from_utf8).collect();
        let Ok(names) = names else {
            let guess = guess_encoding(rows.record.as_slice());
            return Err(SourceError::NotUtf8 { file: rows.file, line, guess });
        };
        match header::places(source.table, names.into_iter()) {
            Ok(places) => Ok(Self { places, ..rows }),
            Err(problems) => Err(SourceError::Header { file: rows.file, line, problems }),
        }
    }

    /// Goes to the next record and gives the line it begins on; `None` at the end.
    fn advance(&mut self) -> Result<Option<u64>, SourceError> {
        let begun = self.reader.get_ref().line() + 1;
        let more = self.reader.read_byte_record(&mut self.record).map_err(|why| self.broken(begun, why))?;
        let (input, record) = (self.reader.get_mut(), self.record.as_slice());
        input.record_done();
        if !more || input.is_end(record) {
            return Ok(None);
        }
        if input.swallowed_end(record) {
            // The breaks within are those of its lines, the last one's too, and one more with what stands for the end.
            let line = (input.line() + 2).saturating_sub(breaks(record));
            let what = "a quote is left open from here on";
            return Err(SourceError::EndsInTheMiddle { file: self.file.clone(), line, what });
        }
        let within = if input.line() == begun { 0 } else { breaks(record) };
        Ok(Some(input.line() - within))
    }

    fn broken(&self, line: u64, why: csv::Error) -> SourceError {
        match why.into_kind() {
            ErrorKind::Io(why) => failed(&self.file, line, why),
            other => {
                SourceError::WrongFormat { file: self.file.clone(), what: format!("not CSV: {other:?}") }
            }
        }
    }

    pub(super) fn each(mut self, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        while let Some(line) = self.advance()? {
            if self.row(line, sink).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn row(&self, line: u64, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let mut draft = Draft::at(line);
        if self.record.as_slice().iter().all(|b| matches!(b, b' ' | b'\t')) {
            return ControlFlow::Continue(());
        }
        let (have, want) = (self.record.len(), self.places.len());
        if have != want {
            let cut = have < want && !self.reader.get_ref().line_ended();
            let fault = if cut { CellFault::CutOff(have, want) } else { CellFault::FieldCount(have, want) };
            draft.fault("", "", fault);
            return sink.row(draft);
        }
        for (place, field) in self.places.iter().zip(&self.record) {
            if let Ok(text) = std::str::from_utf8(field) {
                sink.cell(&mut draft, *place, Raw::Text(text));
            } else {
                let fault = CellFault::NotUtf8(guess_encoding(field));
                draft.fault(sink.columns[*place].name, &String::from_utf8_lossy(field), fault);
            }
        }
        sink.row(draft)
    }
}

#[allow(clippy::naive_bytecount)] // only records over several lines come here
fn breaks(record: &[u8]) -> u64 {
    record.iter().filter(|b| **b == b'\n').count() as u64
}
