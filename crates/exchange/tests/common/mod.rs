//! What the tests share: reading a file into plain text, and the samples.
#![allow(dead_code, reason = "each test file uses its part")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use farsight_exchange::{
    Cell, Found, Progress, Reader, Reading, RowError, Source, SourceError, Summary, find,
};
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::Zone;

/// All that a source gave.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) rows: Vec<(u64, Vec<String>)>,
    pub(crate) errors: Vec<RowError>,
    pub(crate) outcome: Result<Summary, SourceError>,
}

impl Read {
    /// The cells of all rows, without their lines.
    pub(crate) fn cells(&self) -> Vec<&Vec<String>> {
        self.rows.iter().map(|(_, cells)| cells).collect()
    }

    /// The errors as they are printed, without the file's folder.
    pub(crate) fn told(&self) -> Vec<String> {
        let named = |e: &RowError| {
            format!("{}:{}", Path::new(&e.file).file_name().unwrap().to_string_lossy(), e.line)
        };
        self.errors
            .iter()
            .map(|e| format!("{} {} '{}' {}: {}", named(e), e.column, e.value, e.code, e.reason))
            .collect()
    }

    /// The error of the source as a whole, without the file's folder.
    pub(crate) fn refusal(&self) -> String {
        let Err(error) = &self.outcome else { panic!("the source was read: {self:?}") };
        let text = error.to_string();
        let end = text.find(": ").unwrap_or(text.len());
        let start = text[..end].rfind('/').map_or(0, |at| at + 1);
        format!("{}: {}", error.code(), &text[start..])
    }
}

pub(crate) fn reading() -> Reading {
    Reading { zone: Zone::shanghai(), currency: Currency::of("CNY").unwrap() }
}

pub(crate) fn show(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Missing => "-".to_owned(),
        Cell::Empty => String::new(),
        Cell::Text(text) => (*text).to_owned(),
        Cell::Count(number) => number.to_string(),
        Cell::Degrees(degrees) => degrees.to_string(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Date(date) => date.to_string(),
        Cell::Month(month) => month.to_string(),
        Cell::Instant(at) => at.to_string(),
    }
}

pub(crate) fn read_source(source: &Source) -> Read {
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    let outcome = Reader::open(source, &reading(), &Progress::default()).and_then(|reader| {
        reader.each(&mut |found| {
            match found {
                Found::Row(row) => rows.push((row.line, row.cells.iter().map(show).collect())),
                Found::Bad(error) => errors.push(error),
            }
            ControlFlow::Continue(())
        })
    });
    Read { rows, errors, outcome }
}

/// Reads the only source in a file.
pub(crate) fn read(path: &Path) -> Read {
    match find(&[path]) {
        Ok(sources) if sources.len() == 1 => read_source(&sources[0]),
        Ok(sources) => panic!("{} sources in {}", sources.len(), path.display()),
        Err(error) => Read { rows: Vec::new(), errors: Vec::new(), outcome: Err(error) },
    }
}

/// Reads bytes as a file of this name.
pub(crate) fn read_bytes(name: &str, bytes: &[u8]) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The folders of samples: the small one that is always there, and the large ones where they are at hand.
pub(crate) fn sample_folders() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let large = ["case-1", "case-2", "real"].map(|name| here.join("../../../shared").join(name));
    let at_hand = large.into_iter().filter(|folder| folder.is_dir());
    std::iter::once(here.join("tests/samples")).chain(at_hand).collect()
}
