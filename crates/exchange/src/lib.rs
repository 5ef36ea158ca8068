//! Facts in and results out: CSV, NDJSON, XLSX, each gzip'd or not.
//!
//! Reading streams: [`find`] names the sources among files and folders, a [`Reader`] goes through one of them and hands
//! every row, checked cell by cell against the table's description, and every bad cell with its place, to a callback.
//! Writing streams too: a [`Writer`] takes row after row and gives the same bytes for the same rows.
//!
//! Vouchers for bookkeeping are written as XML by [`vouchers`].
//!
//! Nothing here knows a database, a clock or whether a fact is already stored; nothing a file holds may make it panic
//! or take memory without bound.

mod error;
pub mod facts;
mod input;
mod lines;
mod read;
mod source;
mod value;
pub mod vouchers;
mod write;

pub use error::{RowError, SourceError};
pub use farsight_rulebook::tables::Cell;
pub use input::{GZIP_FREE_BYTES, GZIP_MAX_BYTES, GZIP_RATIO, Progress};
pub use lines::RECORD_MAX_BYTES;
pub use read::json::JSON_MAX_BYTES;
pub use read::workbook::{WORKBOOK_MAX_BYTES, WORKBOOK_MAX_PARTS, WORKBOOK_STRINGS_MAX_BYTES};
pub use read::{ERRORS_REPORTED, Found, Reader, Reading, Row, Summary};
pub use source::{Format, Source, find};
pub use value::CellFault;
pub use write::{OutCell, OutColumn, OutFormat, OutKind, WriteError, Writer};
