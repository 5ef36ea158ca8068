//! A workbook before its cells are read: a zip archive whose parts are measured first, then its sheets.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{DataRef, Reader, SheetType, Xlsx, XlsxError};
use zip::ZipArchive;

use crate::error::SourceError;
use crate::input::{self, GZIP_FREE_BYTES, GZIP_RATIO, Progress};

/// How many bytes the parts of a workbook may expand to, all together.
pub const WORKBOOK_MAX_BYTES: u64 = 2 << 30;
/// How many bytes its table of strings may expand to; it is kept in memory.
pub const WORKBOOK_STRINGS_MAX_BYTES: u64 = 256 << 20;
/// How many parts it may have.
pub const WORKBOOK_MAX_PARTS: usize = 2_000;
/// How large a gzip'd workbook may be once expanded; it is kept in memory.
const GZIPPED_WORKBOOK_MAX_BYTES: u64 = 256 << 20;

/// Where a workbook's bytes are.
pub(crate) trait Archive: Read + Seek + Send {}
impl<T: Read + Seek + Send> Archive for T {}

/// A workbook, opened.
pub(super) type Book = Xlsx<Box<dyn Archive>>;

fn archive(path: &Path) -> Result<Box<dyn Archive>, SourceError> {
    let label = path.display().to_string();
    let unreadable = |why| SourceError::Unreadable { file: label.clone(), why };
    let mut head = [0; 2];
    let gzipped = File::open(path).map_err(unreadable)?.read_exact(&mut head).is_ok() && head == [0x1f, 0x8b];
    if !gzipped {
        return Ok(Box::new(BufReader::new(File::open(path).map_err(unreadable)?)));
    }
    let mut bytes = Vec::new();
    let expanded = input::open(path, &Progress::default())?;
    let limit = GZIPPED_WORKBOOK_MAX_BYTES;
    expanded.take(limit + 1).read_to_end(&mut bytes).map_err(|why| input::failed(&label, 1, why))?;
    if bytes.len() as u64 > limit {
        return Err(SourceError::Bomb {
            file: label,
            what: format!("a gzip'd workbook of more than {} MiB", limit >> 20),
        });
    }
    Ok(Box::new(Cursor::new(bytes)))
}

/// Opens a workbook that [`filled_sheets`] has measured.
pub(super) fn open(path: &Path) -> Result<Book, SourceError> {
    let archive = archive(path)?;
    sheltered(|| Xlsx::new(archive)).map_err(|why| damaged(&path.display().to_string(), &why))
}

/// Calls the reader of workbooks, which overflows on some damaged ones where overflow is checked: a file must not be able
/// to end the program. What it leaves behind is thrown away with the error.
pub(super) fn sheltered<T>(call: impl FnOnce() -> Result<T, XlsxError>) -> Result<T, XlsxError> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or(Err(XlsxError::Unexpected("its parts contradict one another")))
}

/// The error of a workbook that cannot be read.
pub(super) fn damaged(file: &str, why: &XlsxError) -> SourceError {
    let what = match why {
        XlsxError::Password => "protected with a password: save it without one".to_owned(),
        other => format!("not a readable workbook ({other}): save it again as .xlsx"),
    };
    SourceError::WrongFormat { file: file.to_owned(), what }
}

/// The names of the worksheets that hold anything, of a workbook whose parts keep within the limits.
pub(crate) fn filled_sheets(path: &Path) -> Result<Vec<String>, SourceError> {
    let label = path.display().to_string();
    measure(&label, archive(path)?)?;
    let mut book = open(path)?;
    let sheets = book.sheets_metadata().to_vec();
    let mut filled = Vec::new();
    for sheet in sheets.into_iter().filter(|sheet| sheet.typ == SheetType::WorkSheet) {
        if sheltered(|| holds_anything(&mut book, &sheet.name)).map_err(|why| damaged(&label, &why))? {
            filled.push(sheet.name);
        }
    }
    Ok(filled)
}

fn holds_anything(book: &mut Book, sheet: &str) -> Result<bool, XlsxError> {
    let mut cells = book.worksheet_cells_reader(sheet)?;
    while let Some(cell) = cells.next_cell()? {
        let empty = match cell.get_value() {
            DataRef::Empty => true,
            DataRef::String(text) => text.trim().is_empty(),
            DataRef::SharedString(text) => text.trim().is_empty(),
            _ => false,
        };
        if !empty {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Measures every part of a workbook, as declared and as it really expands, before anything is kept of it.
fn measure(file: &str, archive: impl Read + Seek) -> Result<(), SourceError> {
    let bomb = |what: String| SourceError::Bomb { file: file.to_owned(), what };
    let broken = |why: &dyn std::fmt::Display| SourceError::WrongFormat {
        file: file.to_owned(),
        what: format!(
            "not a workbook, or a damaged or protected one ({why}): save it again as .xlsx without a password"
        ),
    };
    let mut zip = ZipArchive::new(archive).map_err(|why| broken(&why))?;
    if zip.len() > WORKBOOK_MAX_PARTS {
        return Err(bomb(format!("a workbook of {} parts", zip.len())));
    }
    let mut total = 0;
    for index in 0..zip.len() {
        let mut part = zip.by_index(index).map_err(|why| broken(&why))?;
        let name = part.name().map_err(|why| broken(&why))?.into_owned();
        let strings = name.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let most = if strings { WORKBOOK_STRINGS_MAX_BYTES } else { WORKBOOK_MAX_BYTES };
        let fair = part.compressed_size().saturating_mul(GZIP_RATIO).max(GZIP_FREE_BYTES).min(most);
        if part.size() > fair {
            return Err(bomb(format!("part {name} expands to {} bytes", part.size())));
        }
        let (size, most_strings) = expand(&mut part).map_err(|why| broken(&why))?;
        if most_strings > size {
            return Err(bomb(format!("part {name} declares {most_strings} strings, more than it has bytes")));
        }
        total += size;
        if total > WORKBOOK_MAX_BYTES {
            return Err(bomb(format!(
                "a workbook that expands to more than {} MiB",
                WORKBOOK_MAX_BYTES >> 20
            )));
        }
    }
    Ok(())
}

/// Expands a part (the archive's reader stops one that grows beyond what it declares) and throws it away; gives its size, and the greatest `uniqueCount` it declares, for which
/// the reader of workbooks would set memory aside.
fn expand(part: &mut impl Read) -> std::io::Result<(u64, u64)> {
    const OVERLAP: usize = 128;
    let mut window = vec![0; (1 << 16) + OVERLAP];
    let (mut kept, mut size, mut most) = (0, 0, 0);
    loop {
        let count = part.read(&mut window[kept..])?;
        size += count as u64;
        let filled = kept + count;
        most = most.max(unique_count(&window[..filled]));
        if count == 0 {
            return Ok((size, most));
        }
        kept = filled.min(OVERLAP);
        window.copy_within(filled - kept..filled, 0);
    }
}

/// The greatest number that some `uniqueCount="…"` gives; unlimited where one is written oddly.
fn unique_count(text: &[u8]) -> u64 {
    const NAME: &[u8] = b"uniqueCount";
    let mut most = 0;
    let starts = text.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    for (start, _) in starts {
        let rest = &text[start + NAME.len()..];
        most = most.max(match rest {
            [b'=', b'"' | b'\'', digits @ ..] => {
                let digits = digits.iter().take_while(|b| b.is_ascii_digit());
                digits.fold(0_u64, |sum, b| sum.saturating_mul(10).saturating_add(u64::from(b - b'0')))
            }
            [next, ..] if next.is_ascii_whitespace() => u64::MAX,
            _ => 0,
        });
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_counts_are_found_wherever_they_stand() {
        assert_eq!(unique_count(b"<sst count=\"9\" uniqueCount=\"12\">"), 12);
        assert_eq!(unique_count(b"<sst uniqueCount='99999999999999999999999'>"), u64::MAX);
        assert_eq!(unique_count(b"<sst uniqueCount = \"1\">"), u64::MAX);
        assert_eq!(unique_count(b"<si><t>uniqueCount, he said</t></si>"), 0);
        let far = [vec![b' '; 70_000], b"<sst uniqueCount=\"77\">".to_vec(), vec![b' '; 70_000]].concat();
        assert_eq!(expand(&mut &far[..]).unwrap(), (far.len() as u64, 77));
    }
}
