//! A sheet of a workbook. Only the workbook's strings are kept in memory; the cells stream.

use std::borrow::Cow;
use std::ops::ControlFlow;

use calamine::{DataRef, XlsxError};
use farsight_rulebook::tables::MAX_COLUMNS;

use super::workbook::{self, Book, sheltered};
use super::{Draft, Sink, header};
use crate::error::SourceError;
use crate::input::Progress;
use crate::source::Source;
use crate::value::{CellFault, Fault, Raw, excel_moment};

pub(super) struct XlsxRows {
    file: String,
    sheet: String,
    book: Book,
    header: Header,
    bytes: u64,
    progress: Progress,
}

struct Header {
    /// Its row, from 0.
    row: u32,
    /// For each column of the sheet that has a name, where it stands in a row of the table.
    places: Vec<(u32, usize)>,
}

/// A cell of a sheet.
struct SheetCell<'a> {
    column: u32,
    held: Held<'a>,
}

enum Held<'a> {
    Text(Cow<'a, str>),
    Number(String),
    Plain(Raw<'static>),
    Error(String),
}

impl Held<'_> {
    fn raw(&self) -> Raw<'_> {
        match self {
            Self::Text(text) => Raw::Text(text),
            Self::Number(digits) => Raw::Number(digits),
            Self::Plain(raw) => *raw,
            Self::Error(text) => Raw::Bad(Fault::SheetError, text),
        }
    }

    fn is_nothing(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Plain(raw) => matches!(raw, Raw::Null),
            _ => false,
        }
    }
}

impl XlsxRows {
    pub(super) fn open(source: &Source, progress: &Progress) -> Result<Self, SourceError> {
        let (file, sheet) = (source.label(), source.sheet.clone().unwrap_or_default());
        let mut book = workbook::open(&source.path)?;
        let (row, names) =
            sheltered(|| header_row(&mut book, &sheet)).map_err(|why| workbook::damaged(&file, &why))?;
        if names.is_empty() {
            return Err(SourceError::Empty { file });
        }
        let found = header::places(source.table, names.iter().map(|(_, name)| name.as_str()));
        match found {
            Ok(places) => {
                let places = names.iter().map(|(column, _)| *column).zip(places).collect();
                let (header, progress) = (Header { row, places }, progress.clone());
                Ok(Self { file, sheet, book, header, bytes: source.bytes, progress })
            }
            Err(problems) => Err(SourceError::Header { file, line: u64::from(row) + 1, problems }),
        }
    }

    pub(super) fn each(mut self, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        let (file, header) = (&self.file, &self.header);
        let damaged = |why: XlsxError| workbook::damaged(file, &why);
        let from_1904 = self.book.has_1904_epoch();
        let mut cells = sheltered(|| self.book.worksheet_cells_reader(&self.sheet)).map_err(damaged)?;
        let (mut row, mut held) = (header.row, Vec::new());
        while let Some(cell) = sheltered(|| cells.next_cell_with_formula_metadata()).map_err(damaged)? {
            if cell.pos.0 <= header.row {
                continue;
            }
            if cell.pos.0 < row {
                let what =
                    format!("row {} stands after row {}: save the workbook again", cell.pos.0 + 1, row + 1);
                return Err(SourceError::WrongFormat { file: file.clone(), what });
            }
            if cell.pos.0 > row {
                if finish(header, row, &mut held, sink).is_break() {
                    return Ok(());
                }
                row = cell.pos.0;
            }
            let formula = cell.formula.is_some();
            let value =
                if formula { Held::Plain(Raw::Bad(Fault::Formula, "")) } else { hold(cell.value, from_1904) };
            held.push(SheetCell { column: cell.pos.1, held: value });
        }
        let _ = finish(header, row, &mut held, sink);
        self.progress.add(self.bytes);
        Ok(())
    }
}

/// The first row that holds anything, with the names in it.
fn header_row(book: &mut Book, sheet: &str) -> Result<(u32, Vec<(u32, String)>), XlsxError> {
    let mut cells = book.worksheet_cells_reader(sheet)?;
    let (mut row, mut names) = (0, Vec::new());
    while let Some(cell) = cells.next_cell()? {
        let (at, held) = (cell.get_position(), hold(cell.get_value().clone(), false));
        if held.is_nothing() {
            continue;
        }
        if names.is_empty() {
            row = at.0;
        } else if at.0 != row {
            break;
        }
        let name = match held {
            Held::Text(text) => text.into_owned(),
            Held::Number(text) | Held::Error(text) => text,
            Held::Plain(_) => "(not text)".to_owned(),
        };
        names.push((at.1, name));
    }
    Ok((row, names))
}

fn hold(value: DataRef<'_>, from_1904: bool) -> Held<'_> {
    match value {
        DataRef::Int(number) => Held::Number(number.to_string()),
        // The shortest decimal that is this very number: what was typed.
        DataRef::Float(number) => Held::Number(number.to_string()),
        DataRef::String(text) => Held::Text(Cow::Owned(text)),
        DataRef::DateTimeIso(text) => Held::Plain(Raw::Moment(text.parse().ok())),
        DataRef::SharedString(text) => Held::Text(Cow::Borrowed(text)),
        DataRef::Bool(flag) => Held::Plain(Raw::Flag(flag)),
        DataRef::DateTime(serial) if serial.is_datetime() => {
            Held::Plain(Raw::Moment(excel_moment(serial.as_f64(), from_1904)))
        }
        DataRef::DateTime(_) | DataRef::DurationIso(_) => Held::Plain(Raw::Bad(Fault::Duration, "")),
        DataRef::Error(error) => Held::Error(error.to_string()),
        DataRef::Empty => Held::Plain(Raw::Null),
    }
}

/// Hands on the row that is complete, unless it is blank.
fn finish(header: &Header, row: u32, held: &mut Vec<SheetCell<'_>>, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let cells = std::mem::take(held);
    if cells.iter().all(|cell| cell.held.is_nothing()) {
        return ControlFlow::Continue(());
    }
    let mut draft = Draft::at(u64::from(row) + 1);
    let mut raws: [Option<Raw<'_>>; MAX_COLUMNS] = [None; MAX_COLUMNS];
    for cell in &cells {
        match header.places.iter().find(|(column, _)| *column == cell.column) {
            Some((_, place)) if raws[*place].is_some() => raws[*place] = Some(Raw::Bad(Fault::Twice, "")),
            Some((_, place)) => raws[*place] = Some(cell.held.raw()),
            None if cell.held.is_nothing() => {}
            None => draft.fault("", "", CellFault::NoHeader),
        }
    }
    for (_, place) in &header.places {
        sink.cell(&mut draft, *place, raws[*place].unwrap_or(Raw::Null));
    }
    sink.row(draft)
}
