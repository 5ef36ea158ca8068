//! Facts written as the outside sends them: for tests, demonstrations, and templates to fill in.

use std::io::Write;

use farsight_rulebook::tables::{self, Kind};
use rust_xlsxwriter::{Format, Workbook, Worksheet};

use crate::value::excel_serial;
use crate::write::WriteError;

/// The rows of one table, as texts.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The table's name.
    pub table: String,
    /// The columns there are, in any order.
    pub columns: Vec<String>,
    /// The rows, a text for each column; an empty one is an empty cell.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    fn kind(&self, at: usize) -> Option<Kind> {
        let (_, column) = tables::table(&self.table)?.column(self.columns.get(at)?)?;
        Some(column.kind)
    }
}

/// Writes a sheet as CSV, its text as it is: what is imported is not guarded against spreadsheets.
pub fn write_csv<W: Write>(out: W, sheet: &Sheet) -> Result<W, WriteError> {
    let mut csv = csv::WriterBuilder::new().from_writer(out);
    for record in std::iter::once(&sheet.columns).chain(&sheet.rows) {
        csv.write_record(record).map_err(std::io::Error::from)?;
    }
    csv.into_inner().map_err(|why| WriteError::Output(why.into_error()))
}

/// Writes a sheet as NDJSON: numbers and booleans where the table has them, `null` for empty cells.
pub fn write_ndjson<W: Write>(mut out: W, sheet: &Sheet) -> Result<W, WriteError> {
    for row in &sheet.rows {
        let fields = sheet.columns.iter().zip(row).enumerate().map(|(at, (name, text))| {
            format!("{}:{}", serde_json::Value::from(name.as_str()), json(sheet.kind(at), text))
        });
        writeln!(out, "{{{}}}", fields.collect::<Vec<_>>().join(","))?;
    }
    out.flush()?;
    Ok(out)
}

fn json(kind: Option<Kind>, text: &str) -> String {
    match kind {
        _ if text.is_empty() => "null".to_owned(),
        Some(Kind::Flag) if matches!(text, "true" | "false") => text.to_owned(),
        Some(kind) if is_number(kind) && serde_json::from_str::<serde_json::Number>(text).is_ok() => {
            text.to_owned()
        }
        _ => serde_json::Value::from(text).to_string(),
    }
}

const fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Count { .. } | Kind::Hundredths { .. } | Kind::Money | Kind::Degrees { .. })
}

/// Writes sheets as one workbook: real numbers, dates and local times where the table has them, else text.
pub fn write_workbook<W: Write>(mut out: W, sheets: &[Sheet]) -> Result<W, WriteError> {
    let mut book = Workbook::new();
    let styles = Styles {
        date: Format::new().set_num_format("yyyy-mm-dd"),
        moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
    };
    for sheet in sheets {
        let worksheet = book.add_worksheet();
        worksheet.set_name(&sheet.table)?.set_freeze_panes(1, 0)?;
        for (column, name) in (0_u16..).zip(&sheet.columns) {
            worksheet.write_string(0, column, name)?;
        }
        for (row, cells) in (1_u32..).zip(&sheet.rows) {
            for (column, text) in (0_u16..).zip(cells).filter(|(_, text)| !text.is_empty()) {
                put(worksheet, (row, column), sheet.kind(usize::from(column)), text, &styles)?;
            }
        }
    }
    out.write_all(&book.save_to_buffer()?)?;
    out.flush()?;
    Ok(out)
}

struct Styles {
    date: Format,
    moment: Format,
}

fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    kind: Option<Kind>,
    text: &str,
    styles: &Styles,
) -> Result<(), WriteError> {
    let number = kind.filter(|kind| is_number(*kind)).and_then(|_| text.parse::<f64>().ok());
    let (serial, style) = match kind {
        Some(Kind::Date) => (excel_serial(text), &styles.date),
        Some(Kind::Instant) => (excel_serial(text), &styles.moment),
        _ => (None, &styles.date),
    };
    match (number, serial, text) {
        (Some(number), ..) => sheet.write_number(row, column, number)?,
        (_, Some(serial), _) => sheet.write_number_with_format(row, column, serial, style)?,
        (_, _, "true" | "false") if kind == Some(Kind::Flag) => {
            sheet.write_boolean(row, column, text == "true")?
        }
        _ => sheet.write_string(row, column, text)?,
    };
    Ok(())
}
