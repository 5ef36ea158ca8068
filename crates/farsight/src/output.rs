//! Printing results: words for people, JSON for programs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;

/// Prints a result: as JSON when asked, else by `words`.
pub(crate) fn print<T: Serialize>(
    json: bool,
    result: &T,
    words: impl FnOnce(&T) -> String,
) -> Result<(), Failure> {
    let text = if json { serde_json::to_string(result).map_err(anyhow::Error::from)? } else { words(result) };
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        // Whoever reads may have seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Writes beside the file and renames: what stands at the path is the old or the new, never a half. Gives what `write` does.
pub(crate) fn to_file<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let failed = |why: io::Error| {
        Failure::Work(anyhow::anyhow!("{}: {why}; nothing is written there", path.display()))
    };
    let mut name = path
        .file_name()
        .ok_or_else(|| Failure::usage(format!("--out {}: not a file's name", path.display())))?
        .to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let whole = || -> Result<T, Failure> {
        let mut out = BufWriter::new(File::create(&part).map_err(failed)?);
        let written = write(&mut out)?;
        out.flush().map_err(failed)?;
        out.get_ref().sync_all().map_err(failed)?;
        std::fs::rename(&part, path).map_err(failed)?;
        Ok(written)
    };
    let written = whole();
    if written.is_err() {
        // What was begun is of no use; that it may not be there is no fault.
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// A number with its digits grouped: 1 234 567.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or("")).collect();
    groups.join(" ")
}

/// A number of things: `1 file`, `2 files`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}
