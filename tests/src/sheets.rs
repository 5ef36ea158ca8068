//! Fact files as tables of texts.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use farsight_exchange::facts::{write_csv, write_ndjson, write_workbook};
use farsight_rulebook::tables::TABLES;
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

pub use farsight_exchange::facts::Sheet;

/// Every fact table that lies in a folder as CSV, in the order of the tables.
pub fn read_folder(folder: &Path) -> Vec<Sheet> {
    let named = |name: &str| {
        let mut csv = csv::Reader::from_path(folder.join(format!("{name}.csv"))).ok()?;
        let columns = csv.headers().expect("a header").iter().map(str::to_owned).collect();
        let rows = csv.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect();
        Some(Sheet { table: name.to_owned(), columns, rows })
    };
    TABLES.iter().filter_map(|table| named(table.name)).collect()
}

/// Rows written as lines of cells between bars, the first naming the columns; a table's name before them.
pub fn sheet(table: &str, lines: &str) -> Sheet {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let columns = cells(lines.next().expect("a line of columns"));
    let rows: Vec<_> = lines.map(cells).collect();
    assert!(rows.iter().all(|row| row.len() == columns.len()), "{table}: rows as wide as the header");
    Sheet { table: table.to_owned(), columns, rows }
}

/// The same rows, cut into sheets of one table each with the rows that `pick` takes; the rest in the second.
pub fn split(sheets: &[Sheet], mut pick: impl FnMut(&str, usize) -> bool) -> (Vec<Sheet>, Vec<Sheet>) {
    let mut both = (Vec::new(), Vec::new());
    for sheet in sheets {
        let (mut first, mut second) = (sheet.clone(), sheet.clone());
        first.rows.clear();
        second.rows.clear();
        for (place, row) in sheet.rows.iter().enumerate() {
            if pick(&sheet.table, place) {
                first.rows.push(row.clone());
            } else {
                second.rows.push(row.clone());
            }
        }
        both.0.extend(Some(first).filter(|sheet| !sheet.rows.is_empty()));
        both.1.extend(Some(second).filter(|sheet| !sheet.rows.is_empty()));
    }
    both
}

/// A folder of fact files that goes with the test.
pub struct Folder {
    folder: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// One CSV file a sheet.
    pub fn of(sheets: &[Sheet]) -> Self {
        let folder = Self::new();
        for sheet in sheets {
            folder.csv(&sheet.table, sheet);
        }
        folder
    }

    /// One NDJSON file a sheet, every second one gzip'd.
    pub fn ndjson(sheets: &[Sheet]) -> Self {
        let folder = Self::new();
        for (number, sheet) in sheets.iter().enumerate() {
            let text = write_ndjson(Vec::new(), sheet).expect("NDJSON");
            if number % 2 == 0 {
                folder.put(&format!("{}.ndjson.gz", sheet.table), &gzip(&text));
            } else {
                folder.put(&format!("{}.ndjson", sheet.table), &text);
            }
        }
        folder
    }

    /// One workbook with a sheet a table.
    pub fn workbook(sheets: &[Sheet]) -> Self {
        let folder = Self::new();
        folder.put("facts.xlsx", &write_workbook(Vec::new(), sheets).expect("a workbook"));
        folder
    }

    /// One CSV file a row.
    pub fn one_row_a_file(sheets: &[Sheet]) -> Self {
        let folder = Self::new();
        for sheet in sheets {
            for (number, row) in sheet.rows.iter().enumerate() {
                let single = Sheet { rows: vec![row.clone()], ..header_of(sheet) };
                // Named so that the order of names is not that of the rows.
                folder.csv(&format!("{}-{:02}-{number}", sheet.table, number % 89), &single);
            }
        }
        folder
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of this name; gives its path.
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        File::create(&path).and_then(|mut file| file.write_all(bytes)).expect("a file is written");
        path
    }

    /// Writes a sheet as CSV under this name; gives its path.
    pub fn csv(&self, name: &str, sheet: &Sheet) -> PathBuf {
        self.put(&format!("{name}.csv"), &write_csv(Vec::new(), sheet).expect("CSV"))
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

/// A sheet without its rows.
pub fn header_of(sheet: &Sheet) -> Sheet {
    Sheet { table: sheet.table.clone(), columns: sheet.columns.clone(), rows: Vec::new() }
}

/// The same bytes, gzip'd.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).expect("memory");
    gzip.finish().expect("memory")
}

/// So many MiB of one byte, gzip'd as small as can be.
pub fn bomb(byte: u8, mib: usize) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let piece = vec![byte; 1 << 20];
    (0..mib).for_each(|_| gzip.write_all(&piece).expect("memory"));
    gzip.finish().expect("memory")
}
