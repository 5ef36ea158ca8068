//! What can be wrong with a source as a whole, and with one row of it.

use std::fmt;

use serde::Serialize;

/// Why a source cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system refuses.
    #[error("{file}: cannot be read: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        why: std::io::Error,
    },
    /// Names that say no table.
    #[error("{}: no table has this name; known are {known} (.csv, .ndjson, .jsonl, each also .gz) and any .xlsx", files.join(", "))]
    UnknownName {
        /// The files.
        files: Vec<String>,
        /// The names there are.
        known: String,
    },
    /// A folder without a single file of facts.
    #[error(
        "{folder}: no file of facts in this folder; known names are {known} (.csv, .ndjson, .jsonl, .xlsx)"
    )]
    NoFacts {
        /// The folder.
        folder: String,
        /// The names there are.
        known: String,
    },
    /// A filled sheet whose name says no table.
    #[error("{file}: no table has the name of sheet '{sheet}': rename or remove it; known are {known}")]
    UnknownSheet {
        /// The workbook.
        file: String,
        /// The sheet.
        sheet: String,
        /// The names there are.
        known: String,
    },
    /// Not even a header.
    #[error("{file}: the file is empty: a header row is needed")]
    Empty {
        /// The file.
        file: String,
    },
    /// The header names the wrong columns.
    #[error("{file}:{line}: {}", problems.join("; "))]
    Header {
        /// The file.
        file: String,
        /// The header's line.
        line: u64,
        /// Everything wrong with it.
        problems: Vec<String>,
    },
    /// Written in another encoding.
    #[error("{file}:{line}: not UTF-8 but {guess}: save it as UTF-8 (in Excel: CSV UTF-8)")]
    NotUtf8 {
        /// The file.
        file: String,
        /// The first such line.
        line: u64,
        /// What it looks like.
        guess: &'static str,
    },
    /// Cut off.
    #[error("{file}:{line}: the file ends in the middle: {what}; send it whole")]
    EndsInTheMiddle {
        /// The file.
        file: String,
        /// Where what is unfinished begins.
        line: u64,
        /// What is unfinished.
        what: &'static str,
    },
    /// A record without an end in sight.
    #[error(
        "{file}:{line}: a record longer than {limit} bytes: is a quote left open, or a line break missing?"
    )]
    RecordTooLong {
        /// The file.
        file: String,
        /// Where it begins.
        line: u64,
        /// The limit.
        limit: usize,
    },
    /// Expands beyond all reason.
    #[error("{file}: {what}: split the file, or send it without compression")]
    Bomb {
        /// The file.
        file: String,
        /// What was found.
        what: String,
    },
    /// Named one thing and is another, or damaged.
    #[error("{file}: {what}")]
    WrongFormat {
        /// The file.
        file: String,
        /// What it is, and what to do.
        what: String,
    },
}

impl SourceError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::UnknownName { .. } => "unknown_name",
            Self::NoFacts { .. } => "no_facts",
            Self::UnknownSheet { .. } => "unknown_sheet",
            Self::Empty { .. } => "empty_file",
            Self::Header { .. } => "header",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::EndsInTheMiddle { .. } => "ends_in_the_middle",
            Self::RecordTooLong { .. } => "record_too_long",
            Self::Bomb { .. } => "expands_too_far",
            Self::WrongFormat { .. } => "wrong_format",
        }
    }
}

/// One bad cell, or a row that is bad as a whole (then `column` and `value` are empty).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// The file, and the sheet of a workbook.
    pub file: String,
    /// The line, or the row of a sheet, from 1; of a record over several lines the first.
    pub line: u64,
    /// Which row of the source it is, from 0; of a source that is bad as a whole 0. A file is told by lines alone.
    #[serde(skip)]
    pub index: u64,
    /// The column's name.
    pub column: String,
    /// What stands there, cut to 80 characters, control characters written out.
    pub value: String,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        match (self.column.is_empty(), self.value.is_empty()) {
            (true, _) => write!(f, "{}", self.reason),
            (false, true) => write!(f, "{}: {}", self.column, self.reason),
            (false, false) => write!(f, "{} '{}': {}", self.column, self.value, self.reason),
        }
    }
}

/// The longest value an error repeats, in characters.
const SHOWN: usize = 80;

/// A value as errors repeat it: cut, and with its control characters written out.
pub(crate) fn shown(value: &str) -> String {
    let mut text = String::new();
    for (count, c) in value.chars().enumerate() {
        if count == SHOWN {
            text.push('…');
            break;
        }
        if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_and_cannot_command_a_terminal() {
        assert_eq!(shown("plain 文字"), "plain 文字");
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(shown(&"长".repeat(81)), format!("{}…", "长".repeat(80)));
        assert_eq!(shown(&"x".repeat(80)), "x".repeat(80));
    }
}
