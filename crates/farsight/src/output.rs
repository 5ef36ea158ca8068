//! Printing results: words for people, JSON for programs.

use std::io::Write;

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
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
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
