//! Results out, row after row: the same rows give the same bytes, in every format.

mod plain;
mod xlsx;

use std::io::Write;

use farsight_rulebook::money::Decimal;
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::Date;
use serde_json::Value;

/// What a column of a result holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutKind {
    /// Text, codes, months.
    Text,
    /// Whole numbers.
    Count,
    /// Decimals that are no money: a number in NDJSON.
    Number,
    /// Money: in NDJSON a decimal string, for many readers take JSON numbers as binary fractions.
    Amount,
    /// Local dates.
    Date,
    /// Moments, written with the tenant's offset.
    Instant,
    /// A JSON value; in CSV and XLSX its text.
    Json,
}

/// A column of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutColumn {
    /// Its name in the header.
    pub name: &'static str,
    /// What it holds.
    pub kind: OutKind,
}

/// A cell of a result.
#[derive(Debug, Clone, Copy)]
pub enum OutCell<'a> {
    /// Nothing, in a column of any kind.
    Empty,
    /// Text.
    Text(&'a str),
    /// A whole number.
    Count(i64),
    /// A decimal, for columns of numbers and of amounts.
    Decimal(Decimal),
    /// A local date.
    Date(Date),
    /// A moment.
    Instant(Instant),
    /// A JSON value.
    Json(&'a Value),
}

/// How results are written.
#[derive(Debug, Clone, Copy)]
pub enum OutFormat<'a> {
    /// RFC 4180, LF, with a header.
    Csv {
        /// Whether a byte order mark comes first, for Excel.
        bom: bool,
    },
    /// One JSON object a line, all fields present.
    Ndjson,
    /// A workbook with the rows on one sheet and a summary on another.
    Xlsx {
        /// The name of the rows' sheet.
        sheet: &'a str,
        /// What the workbook tells as the moment of its making: pass the books' own, not the clock's.
        created: Instant,
    },
}

/// Why a result cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The output refuses.
    #[error("cannot write the result: {0}")]
    Output(#[from] std::io::Error),
    /// More rows than a sheet has.
    #[error("more rows than the {rows} a worksheet can hold: export fewer periods, or csv")]
    TooManyRows {
        /// How many rows fit.
        rows: u32,
    },
    /// A longer text than a cell of a sheet holds.
    #[error(
        "column {column} has a text longer than the 32767 characters of a worksheet's cell: export csv or ndjson"
    )]
    TooLong {
        /// The column.
        column: &'static str,
    },
    /// The workbook cannot be made.
    #[error("cannot make the workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The caller's row does not fit its columns.
    #[error("a row does not fit its columns, at {column}: this is a fault of the program")]
    Misfit {
        /// The first column that does not fit.
        column: &'static str,
    },
}

impl WriteError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Output(_) => "output",
            Self::TooManyRows { .. } => "too_many_rows",
            Self::TooLong { .. } => "too_long",
            Self::Workbook(_) => "workbook",
            Self::Misfit { .. } => "misfit",
        }
    }
}

/// Writes one result: its header at once, then row after row, then what belongs at the end.
pub struct Writer<W: Write> {
    columns: Vec<OutColumn>,
    zone: Zone,
    sink: Sink<W>,
}

enum Sink<W: Write> {
    Csv(Box<plain::CsvSink<W>>),
    Ndjson(W),
    Xlsx(Box<xlsx::XlsxSink<W>>),
}

impl<W: Write> Writer<W> {
    /// Begins a result with its header. Moments are written in `zone`.
    pub fn new(
        out: W,
        format: OutFormat<'_>,
        columns: &[OutColumn],
        zone: &Zone,
    ) -> Result<Self, WriteError> {
        let sink = match format {
            OutFormat::Csv { bom } => Sink::Csv(Box::new(plain::CsvSink::new(out, columns, bom)?)),
            OutFormat::Ndjson => Sink::Ndjson(out),
            OutFormat::Xlsx { sheet, created } => {
                Sink::Xlsx(Box::new(xlsx::XlsxSink::new(out, columns, sheet, created)?))
            }
        };
        Ok(Self { columns: columns.to_vec(), zone: zone.clone(), sink })
    }

    /// Writes a row, a cell for each column.
    pub fn row(&mut self, cells: &[OutCell<'_>]) -> Result<(), WriteError> {
        fits(&self.columns, cells)?;
        match &mut self.sink {
            Sink::Csv(sink) => sink.row(cells, &self.zone),
            Sink::Ndjson(out) => plain::ndjson_row(out, &self.columns, cells, &self.zone),
            Sink::Xlsx(sink) => sink.row(&self.columns, cells, &self.zone),
        }
    }

    /// Ends the result and gives the output back, flushed. The summary, labels with their values, goes to a workbook's
    /// second sheet; other formats have no place for it.
    pub fn finish(self, summary: &[(&str, OutCell<'_>)]) -> Result<W, WriteError> {
        match self.sink {
            Sink::Csv(sink) => sink.finish(),
            Sink::Ndjson(mut out) => {
                out.flush()?;
                Ok(out)
            }
            Sink::Xlsx(sink) => sink.finish(summary, &self.zone),
        }
    }
}

fn fits(columns: &[OutColumn], cells: &[OutCell<'_>]) -> Result<(), WriteError> {
    for (at, column) in columns.iter().enumerate() {
        let fit = match cells.get(at) {
            None => false,
            Some(OutCell::Empty) => true,
            Some(OutCell::Text(_)) => column.kind == OutKind::Text,
            Some(OutCell::Count(_)) => column.kind == OutKind::Count,
            Some(OutCell::Decimal(_)) => matches!(column.kind, OutKind::Number | OutKind::Amount),
            Some(OutCell::Date(_)) => column.kind == OutKind::Date,
            Some(OutCell::Instant(_)) => column.kind == OutKind::Instant,
            Some(OutCell::Json(_)) => column.kind == OutKind::Json,
        };
        if !fit {
            return Err(WriteError::Misfit { column: column.name });
        }
    }
    if cells.len() > columns.len() { Err(WriteError::Misfit { column: "(beyond the last)" }) } else { Ok(()) }
}

/// A moment with the tenant's offset, `2026-03-05T14:30:00+08:00`.
fn moment(at: Instant, zone: &Zone) -> String {
    let local = zone.local(at);
    let elapsed = local.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |utc| utc.timestamp().as_second());
    let seconds = elapsed - at.0.div_euclid(1_000_000);
    let offset = jiff::tz::Offset::from_seconds(seconds as i32).unwrap_or(jiff::tz::Offset::UTC);
    at.timestamp().display_with_offset(offset).to_string()
}

/// A text as a spreadsheet may show it: one that it would take for a formula gets a leading `'`.
fn guarded(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}
