//! A workbook: rows stream to a temporary file, so its size costs no memory but that of the packed result.

use std::io::Write;

use farsight_rulebook::money::Decimal;
use farsight_rulebook::time::{Instant, Zone, day_number};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{OutCell, OutColumn, OutKind, WriteError, guarded};

/// Rows of a worksheet, the header's not counted.
const ROWS: u32 = 1_048_575;
/// The whole numbers a spreadsheet's numbers tell apart.
const EXACT: u64 = 1 << 53;

/// A workbook in the making.
pub(super) struct XlsxSink<W: Write> {
    out: W,
    book: Workbook,
    rows: u32,
    styles: Styles,
}

struct Styles {
    bold: Format,
    date: Format,
    moment: Format,
    decimals: Vec<Format>,
}

impl Styles {
    fn new() -> Self {
        let decimals = |count| if count == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(count)) };
        Self {
            bold: Format::new().set_bold(),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            decimals: (0..=6).map(|count| Format::new().set_num_format(decimals(count))).collect(),
        }
    }
}

impl<W: Write> XlsxSink<W> {
    pub(super) fn new(
        out: W,
        columns: &[OutColumn],
        sheet: &str,
        created: Instant,
    ) -> Result<Self, WriteError> {
        let (mut book, styles) = (Workbook::new(), Styles::new());
        let made = created.timestamp().to_zoned(TimeZone::UTC).datetime();
        book.set_properties(&DocProperties::new().set_creation_datetime(&stamp(made)?));
        let rows = book.add_worksheet_with_constant_memory()?;
        rows.set_name(sheet)?.set_freeze_panes(1, 0)?;
        for (at, column) in (0_u16..).zip(columns) {
            rows.set_column_width(at, width(column))?;
        }
        for (at, column) in (0_u16..).zip(columns) {
            rows.write_string_with_format(0, at, column.name, &styles.bold)?;
        }
        Ok(Self { out, book, rows: 0, styles })
    }

    pub(super) fn row(
        &mut self,
        columns: &[OutColumn],
        cells: &[OutCell<'_>],
        zone: &Zone,
    ) -> Result<(), WriteError> {
        if self.rows == ROWS {
            return Err(WriteError::TooManyRows { rows: ROWS });
        }
        self.rows += 1;
        let sheet = self.book.worksheet_from_index(0)?;
        for ((at, column), cell) in (0_u16..).zip(columns).zip(cells) {
            put(sheet, (self.rows, at), cell, zone, &self.styles).map_err(|why| match why {
                XlsxError::MaxStringLengthExceeded => WriteError::TooLong { column: column.name },
                other => other.into(),
            })?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, summary: &[(&str, OutCell<'_>)], zone: &Zone) -> Result<W, WriteError> {
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name("summary")?.set_freeze_panes(0, 1)?;
        sheet.set_column_width(0, 28)?;
        sheet.set_column_width(1, 28)?;
        for (row, (label, cell)) in (0_u32..).zip(summary) {
            sheet.write_string_with_format(row, 0, guarded(label).as_ref(), &self.styles.bold)?;
            put(sheet, (row, 1), cell, zone, &self.styles)?;
        }
        let bytes = self.book.save_to_buffer()?;
        self.out.write_all(&bytes)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn width(column: &OutColumn) -> f64 {
    let usual: f64 = match column.kind {
        OutKind::Text => 18.0,
        OutKind::Count | OutKind::Number | OutKind::Date => 12.0,
        OutKind::Amount => 14.0,
        OutKind::Instant => 20.0,
        OutKind::Json => 40.0,
    };
    usual.max(column.name.len() as f64 + 2.0)
}

fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &OutCell<'_>,
    zone: &Zone,
    styles: &Styles,
) -> Result<(), XlsxError> {
    match *cell {
        OutCell::Empty => return Ok(()),
        OutCell::Text(text) => sheet.write_string(row, column, guarded(text).as_ref())?,
        OutCell::Json(json) => sheet.write_string(row, column, guarded(&json.to_string()).as_ref())?,
        OutCell::Count(count) if count.unsigned_abs() <= EXACT => {
            sheet.write_number(row, column, count as f64)?
        }
        OutCell::Count(count) => sheet.write_string(row, column, count.to_string())?,
        OutCell::Decimal(decimal) => match number(decimal) {
            Some(number) => {
                let style = &styles.decimals[usize::from(decimal.decimals).min(styles.decimals.len() - 1)];
                sheet.write_number_with_format(row, column, number, style)?
            }
            None => sheet.write_string(row, column, decimal.to_string())?,
        },
        OutCell::Date(date) => match serial(date) {
            Some(serial) => sheet.write_number_with_format(row, column, serial, &styles.date)?,
            None => sheet.write_string(row, column, date.to_string())?,
        },
        OutCell::Instant(at) => {
            let local = zone.local(at);
            match serial(local.date()) {
                Some(days) => {
                    let serial = days + of_day(local) / 86_400_000.0;
                    sheet.write_number_with_format(row, column, serial, &styles.moment)?
                }
                None => sheet.write_string(row, column, super::moment(at, zone))?,
            }
        }
    };
    Ok(())
}

/// A decimal as a spreadsheet's number, where it tells it from its neighbours.
fn number(decimal: Decimal) -> Option<f64> {
    (decimal.units.unsigned_abs() <= EXACT)
        .then(|| decimal.units as f64 / 10_f64.powi(i32::from(decimal.decimals)))
}

/// A date as a spreadsheet counts it; before March 1900 spreadsheets disagree.
fn serial(date: Date) -> Option<f64> {
    let days = day_number(date) - day_number(Date::constant(1899, 12, 30));
    (61..=2_958_465).contains(&days).then_some(days as f64)
}

/// The milliseconds of a day; spreadsheets keep no finer.
fn of_day(local: DateTime) -> f64 {
    let seconds =
        i32::from(local.hour()) * 3_600 + i32::from(local.minute()) * 60 + i32::from(local.second());
    f64::from(seconds) * 1_000.0 + f64::from(local.subsec_nanosecond() / 1_000_000)
}

fn stamp(at: DateTime) -> Result<ExcelDateTime, XlsxError> {
    let (hour, minute, second) = (at.hour() as u16, at.minute() as u8, f64::from(at.second()));
    let year = u16::try_from(at.year()).unwrap_or(1900).max(1900);
    ExcelDateTime::from_ymd(year, at.month() as u8, at.day() as u8)?.and_hms(hour, minute, second)
}
