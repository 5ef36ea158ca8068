//! What became of a file, as it is written beside it.

use farsight_exchange::RowError;
use farsight_rulebook::time::{Instant, Zone};
use serde::Serialize;

use crate::import::RowFault;
use crate::import::files::OfFile;

/// What became of a file: `NAME.result.json`.
#[derive(Debug, Serialize)]
pub(super) struct FileResult {
    /// The file.
    file: String,
    /// When it was looked through, RFC 3339.
    at: String,
    /// `imported`, `imported-without-bad-rows`, `refused`, or, of a workbook, `imported-in-part`.
    status: &'static str,
    /// Each table in it: one, or of a workbook one a sheet.
    tables: Vec<OfTable>,
    /// How much is wrong.
    error_count: u64,
    /// What is wrong, by row: the first 10 000.
    errors: Vec<Fault>,
}

/// What became of one table's rows.
#[derive(Debug, Serialize)]
struct OfTable {
    table: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<String>,
    stored: bool,
    rows: u64,
    new: u64,
    corrected: u64,
    unchanged: u64,
    refused: u64,
}

/// What is wrong with a row.
#[derive(Debug, Serialize)]
struct Fault {
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<String>,
    line: u64,
    column: String,
    value: String,
    code: String,
    reason: String,
    remedy: String,
}

impl Fault {
    fn of(sheet: Option<&str>, error: RowError) -> Self {
        let RowFault { line, field, value, code, reason, remedy, .. } = error.into();
        Self { sheet: sheet.map(str::to_owned), line, column: field, value, code, reason, remedy }
    }
}

impl FileResult {
    /// Of a file that cannot be taken in at all.
    pub(super) fn refused(name: &str, (at, zone): (Instant, &Zone), code: &'static str, why: &str) -> Self {
        let error = RowError {
            file: name.to_owned(),
            line: 0,
            index: 0,
            column: String::new(),
            value: String::new(),
            code,
            reason: why.to_owned(),
        };
        Self {
            file: name.to_owned(),
            at: zone.rfc3339(at),
            status: "refused",
            tables: Vec::new(),
            error_count: 1,
            errors: vec![Fault::of(None, error)],
        }
    }

    /// Of a file that was looked through, each sheet with its name.
    pub(super) fn of(
        name: &str,
        (at, zone): (Instant, &Zone),
        sheets: Vec<(Option<String>, OfFile)>,
    ) -> Self {
        let failed = sheets.iter().filter(|(_, of)| of.failed).count();
        let refused = sheets.iter().any(|(_, of)| of.refused > 0);
        let status = match failed {
            0 if refused => "imported-without-bad-rows",
            0 => "imported",
            failed if failed == sheets.len() => "refused",
            _ => "imported-in-part",
        };
        let mut result = Self {
            file: name.to_owned(),
            at: zone.rfc3339(at),
            status,
            tables: Vec::new(),
            error_count: 0,
            errors: Vec::new(),
        };
        for (sheet, of) in sheets {
            result.error_count += of.report.errors;
            result.errors.extend(of.errors.into_iter().map(|error| Fault::of(sheet.as_deref(), error)));
            result.tables.push(OfTable {
                table: of.report.table,
                sheet,
                stored: !of.failed,
                rows: of.report.rows,
                new: of.report.added,
                corrected: of.report.corrected,
                unchanged: of.report.unchanged,
                refused: of.refused,
            });
        }
        result
    }
}
