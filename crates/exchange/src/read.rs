//! Reading a source: row after row, every cell checked, every bad cell told, in memory that does not grow with the file.

mod csv;
mod header;
pub(crate) mod json;
mod ndjson;
pub(crate) mod workbook;
mod xlsx;

use std::ops::ControlFlow;

use farsight_rulebook::money::Currency;
use farsight_rulebook::tables::{self, Cell, Column, MAX_COLUMNS, Table};
use farsight_rulebook::time::Zone;

use crate::error::{RowError, SourceError, shown};
use crate::input::Progress;
use crate::source::{Format, Source};
use crate::value::{CellFault, LocalClock, Raw, Values};

/// How many bad cells of one source are told with their place; further ones are only counted.
pub const ERRORS_REPORTED: u64 = 10_000;

/// By what a tenant's files are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The zone of local times.
    pub zone: Zone,
    /// The currency of amounts.
    pub currency: Currency,
}

/// A good row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its line in the file, or row in the sheet, from 1; of a record over several lines the first.
    pub line: u64,
    /// Which row of the source it is, from 0; bad ones count.
    pub index: u64,
    /// One cell for each column of [`Table::all_columns`], in that order. A column with a default is never empty; an
    /// optional key column that the file lacks is empty.
    pub cells: &'a [Cell<'a>],
}

/// What a reader comes upon.
#[derive(Debug)]
pub enum Found<'a> {
    /// A good row.
    Row(Row<'a>),
    /// A bad cell or row; all bad cells of a row are told.
    Bad(RowError),
}

/// What a source held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Good rows.
    pub rows: u64,
    /// Bad rows.
    pub bad_rows: u64,
    /// Bad cells, those beyond [`ERRORS_REPORTED`] included.
    pub errors: u64,
}

/// A source, opened: its header is known to be good.
pub struct Reader {
    label: String,
    table: &'static Table,
    values: Values,
    rows: Rows,
}

enum Rows {
    Csv(Box<csv::CsvRows>),
    Ndjson(ndjson::NdjsonRows),
    Xlsx(Box<xlsx::XlsxRows>),
    Json(json::JsonRows),
}

impl Reader {
    /// Opens a source and checks its header: unknown, repeated and missing key columns are told all at once.
    pub fn open(source: &Source, reading: &Reading, progress: &Progress) -> Result<Self, SourceError> {
        let rows = match source.format {
            Format::Csv => Rows::Csv(Box::new(csv::CsvRows::open(source, progress)?)),
            Format::Ndjson => Rows::Ndjson(ndjson::NdjsonRows::open(source, progress)?),
            Format::Xlsx => Rows::Xlsx(Box::new(xlsx::XlsxRows::open(source, progress)?)),
            Format::Json => Rows::Json(json::JsonRows::open(source, progress)?),
        };
        let values = Values { clock: LocalClock::new(&reading.zone), currency: reading.currency };
        Ok(Self { label: source.label(), table: source.table, values, rows })
    }

    /// Hands every row and every bad cell to `found`, in the order of the file, until the end or until it breaks off.
    ///
    /// Bad rows do not stop the reading. An error is returned where the source itself cannot be read further.
    pub fn each(self, found: &mut dyn FnMut(Found<'_>) -> ControlFlow<()>) -> Result<Summary, SourceError> {
        let mut sink = Sink {
            label: &self.label,
            table: self.table,
            columns: self.table.all_columns().collect(),
            values: self.values,
            summary: Summary::default(),
            found,
        };
        match self.rows {
            Rows::Csv(rows) => rows.each(&mut sink)?,
            Rows::Ndjson(rows) => rows.each(&mut sink)?,
            Rows::Xlsx(rows) => rows.each(&mut sink)?,
            Rows::Json(rows) => rows.each(&mut sink)?,
        }
        Ok(sink.summary)
    }
}

/// Where the rows of every format come together.
struct Sink<'s> {
    label: &'s str,
    table: &'static Table,
    columns: Vec<&'static Column>,
    values: Values,
    summary: Summary,
    found: &'s mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
}

/// A row in the making.
struct Draft<'a> {
    line: u64,
    cells: [Cell<'a>; MAX_COLUMNS],
    faults: Vec<Flaw>,
}

struct Flaw {
    column: String,
    value: String,
    fault: CellFault,
}

impl Draft<'_> {
    const fn at(line: u64) -> Self {
        Self { line, cells: [Cell::Missing; MAX_COLUMNS], faults: Vec::new() }
    }

    /// A fault that no column of the table has.
    fn fault(&mut self, column: &str, value: &str, fault: CellFault) {
        self.faults.push(Flaw { column: column.to_owned(), value: shown(value), fault });
    }
}

impl Sink<'_> {
    /// Reads the cell at a place of a row.
    fn cell<'a>(&mut self, draft: &mut Draft<'a>, place: usize, raw: Raw<'a>) {
        let column = self.columns[place];
        match self.values.read(column, raw) {
            Ok(cell) => draft.cells[place] = cell,
            Err(fault) => {
                let value = match raw {
                    Raw::Text(text) | Raw::Number(text) | Raw::Bad(_, text) => text,
                    Raw::Flag(true) => "true",
                    Raw::Flag(false) => "false",
                    _ => "",
                };
                draft.fault(column.name, value, fault);
            }
        }
    }

    /// Checks what concerns the whole row, and hands it on.
    fn row(&mut self, mut draft: Draft<'_>) -> ControlFlow<()> {
        if draft.faults.is_empty() {
            for (place, column) in self.table.key() {
                match draft.cells[place] {
                    Cell::Missing if column.required => draft.fault(column.name, "", CellFault::KeyMissing),
                    Cell::Missing => draft.cells[place] = Cell::Empty,
                    _ => {}
                }
            }
            for broken in tables::broken(self.table, &draft.cells) {
                draft.faults.push(Flaw {
                    column: broken.column().to_owned(),
                    value: String::new(),
                    fault: broken.into(),
                });
            }
        }
        if draft.faults.is_empty() {
            let index = self.summary.rows + self.summary.bad_rows;
            self.summary.rows += 1;
            let cells = &draft.cells[..self.table.width()];
            return (self.found)(Found::Row(Row { line: draft.line, index, cells }));
        }
        self.bad(draft)
    }

    fn bad(&mut self, draft: Draft<'_>) -> ControlFlow<()> {
        let index = self.summary.rows + self.summary.bad_rows;
        self.summary.bad_rows += 1;
        for Flaw { column, value, fault } in draft.faults {
            self.summary.errors += 1;
            if self.summary.errors <= ERRORS_REPORTED {
                let (file, line) = (self.label.to_owned(), draft.line);
                let (code, reason) = (fault.code(), fault.to_string());
                (self.found)(Found::Bad(RowError { file, line, index, column, value, code, reason }))?;
            }
        }
        ControlFlow::Continue(())
    }
}
