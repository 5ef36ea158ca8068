//! Which files hold which facts, told by their names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use farsight_rulebook::tables::{TABLES, Table};

use crate::error::SourceError;
use crate::read::workbook;

/// How facts are written in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// A sheet of a workbook.
    Xlsx,
    /// One JSON object, or an array of them. No file is of it: it is what a request holds.
    Json,
}

/// A file, or a sheet of a workbook, with the facts of one table.
#[derive(Debug, Clone)]
pub struct Source {
    pub(crate) path: PathBuf,
    pub(crate) sheet: Option<String>,
    pub(crate) table: &'static Table,
    pub(crate) format: Format,
    pub(crate) bytes: u64,
    pub(crate) called: Option<String>,
    pub(crate) held: Option<Arc<[u8]>>,
}

impl Source {
    /// A file whose name tells nothing: what it holds is known to whoever put it there.
    pub fn at(path: PathBuf, bytes: u64, table: &'static Table, format: Format) -> Self {
        Self { path, sheet: None, table, format, bytes, called: None, held: None }
    }

    /// Facts that are held in memory.
    pub fn held(held: Arc<[u8]>, table: &'static Table, format: Format) -> Self {
        let bytes = held.len() as u64;
        Self { path: PathBuf::new(), sheet: None, table, format, bytes, called: None, held: Some(held) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The sheet, in a workbook.
    pub fn sheet(&self) -> Option<&str> {
        self.sheet.as_deref()
    }

    /// The table its rows belong to.
    pub const fn table(&self) -> &'static Table {
        self.table
    }

    /// How it is written.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Its size on disk, by which progress is told; a sheet has an equal share of its workbook.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The same source under the name that its sender gave it: where an upload lies here is nobody's concern.
    #[must_use]
    pub fn called(mut self, name: &str) -> Self {
        self.called = Some(name.to_owned());
        self
    }

    /// Its name in messages: the path or the name it is called by, and the sheet in brackets.
    pub fn label(&self) -> String {
        let name = self.called.clone().unwrap_or_else(|| self.path.display().to_string());
        match &self.sheet {
            Some(sheet) => format!("{name} [{sheet}]"),
            None => name,
        }
    }
}

/// The sources among files and folders, in the order of the tables (those referred to first), then by path.
///
/// A file's name is its table's, with `-`, `_`, `.` or a space and anything after it if need be, and an extension
/// (`complaints-2025-03.csv.gz`); a workbook has any name and a sheet for each table. Of a folder all files are taken but
/// hidden ones, `expected-*`, `README*` and `LICENSE*`; its own folders are left alone.
pub fn find<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Source>, SourceError> {
    let mut files = Vec::new();
    for path in paths {
        let path = path.as_ref();
        if look(path)?.is_dir() { files.extend(in_folder(path)?) } else { files.push(path.to_owned()) }
    }
    files.sort();
    files.dedup();
    let (mut sources, mut unknown) = (Vec::new(), Vec::new());
    for path in files {
        match meaning(&path) {
            Some((Format::Xlsx, _)) => sources.extend(sheets(&path)?),
            Some((format, Some(table))) => {
                let bytes = look(&path)?.len();
                sources.push(Source::at(path, bytes, table, format));
            }
            _ => unknown.push(path.display().to_string()),
        }
    }
    if !unknown.is_empty() {
        return Err(SourceError::UnknownName { files: unknown, known: known_names() });
    }
    sources.sort_by_cached_key(|s| (place(s.table), s.path.clone(), s.sheet.clone()));
    Ok(sources)
}

fn unreadable(path: &Path, why: std::io::Error) -> SourceError {
    SourceError::Unreadable { file: path.display().to_string(), why }
}

fn look(path: &Path) -> Result<std::fs::Metadata, SourceError> {
    let found = std::fs::metadata(path).map_err(|why| unreadable(path, why))?;
    if found.is_file() || found.is_dir() {
        return Ok(found);
    }
    let what = "neither a file nor a folder: give the path of a regular file".to_owned();
    Err(SourceError::WrongFormat { file: path.display().to_string(), what })
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|why| unreadable(folder, why))? {
        let path = entry.map_err(|why| unreadable(folder, why))?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let passed_over = ['.', '~'].iter().any(|c| name.starts_with(*c))
            || ["expected-", "README", "LICENSE"].iter().any(|start| name.starts_with(start));
        if !passed_over && !look(&path)?.is_dir() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(SourceError::NoFacts { folder: folder.display().to_string(), known: known_names() });
    }
    Ok(files)
}

fn sheets(path: &Path) -> Result<Vec<Source>, SourceError> {
    let bytes = look(path)?.len();
    let filled = workbook::filled_sheets(path)?;
    let share = bytes / (filled.len().max(1) as u64);
    let one = |sheet: String| {
        let Some(table) = named(&sheet) else {
            return Err(SourceError::UnknownSheet {
                file: path.display().to_string(),
                sheet,
                known: known_names(),
            });
        };
        Ok(Source {
            path: path.to_owned(),
            sheet: Some(sheet),
            table,
            format: Format::Xlsx,
            bytes: share,
            called: None,
            held: None,
        })
    };
    filled.into_iter().map(one).collect()
}

/// What a file's name says: its format, and its table where the name tells one.
fn meaning(path: &Path) -> Option<(Format, Option<&'static Table>)> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let (stem, extension) = name.rsplit_once('.')?;
    let format = match extension {
        "csv" => Format::Csv,
        "ndjson" | "jsonl" => Format::Ndjson,
        "xlsx" => Format::Xlsx,
        _ => return None,
    };
    Some((format, named(stem)))
}

/// The table a stem or a sheet's name begins with; of several the longest.
fn named(stem: &str) -> Option<&'static Table> {
    let stem = stem.trim().to_ascii_lowercase();
    let begins = |table: &&Table| {
        let rest = stem.strip_prefix(table.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.', ' ']))
    };
    TABLES.iter().filter(begins).max_by_key(|table| table.name.len())
}

fn place(table: &Table) -> usize {
    TABLES.iter().position(|t| t.name == table.name).unwrap_or(usize::MAX)
}

fn known_names() -> String {
    TABLES.iter().map(|t| t.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_table_and_the_format() {
        for (name, wanted) in [
            ("complaints.csv", Some((Format::Csv, "complaints"))),
            ("complaints-2025-03.csv", Some((Format::Csv, "complaints"))),
            ("complaints.part2.csv.gz", Some((Format::Csv, "complaints"))),
            ("complaints_0001.ndjson", Some((Format::Ndjson, "complaints"))),
            ("complaint_events 3.jsonl.gz", Some((Format::Ndjson, "complaint_events"))),
            ("work_order_delays.csv", Some((Format::Csv, "work_order_delays"))),
            ("dealer_regions.csv", Some((Format::Csv, "dealer_regions"))),
            ("Work_Orders.CSV", Some((Format::Csv, "work_orders"))),
            ("complaintsx.csv", None),
            ("expected-complaints.csv", None),
        ] {
            let found = meaning(Path::new(name)).and_then(|(format, table)| Some((format, table?.name)));
            assert_eq!(found, wanted, "{name}");
        }
        assert!(matches!(meaning(Path::new("anything.xlsx")), Some((Format::Xlsx, None))));
        assert!(meaning(Path::new("complaints.txt")).is_none());
        assert!(meaning(Path::new("complaints")).is_none());
    }

    #[test]
    fn a_folder_gives_its_facts_in_order_and_names_what_is_strange() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| std::fs::write(folder.path().join(name), "x\n").unwrap();
        let empty = find(&[folder.path()]).unwrap_err();
        assert_eq!(empty.code(), "no_facts");
        for name in [
            "posts.csv",
            "dealers-b.csv",
            "dealers-a.csv",
            "regions.ndjson",
            ".hidden",
            "expected-x.csv",
            "README.md",
        ] {
            put(name);
        }
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        let names: Vec<_> = find(&[folder.path()])
            .unwrap()
            .iter()
            .map(|s| s.path().file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["regions.ndjson", "dealers-a.csv", "dealers-b.csv", "posts.csv"]);
        put("sales.csv");
        put("notes.txt");
        let strange = find(&[folder.path()]).unwrap_err();
        let text = strange.to_string();
        assert_eq!(strange.code(), "unknown_name");
        assert!(text.contains("sales.csv") && text.contains("notes.txt"), "{text}");
        assert!(text.contains("known are regions, people, dealers"), "{text}");
        assert_eq!(find(&[folder.path().join("absent.csv")]).unwrap_err().code(), "unreadable");
    }
}
