//! Places that others put files into: a folder or a prefix of a bucket that is looked at again and again, its files fetched,
//! and results written beside them.
//!
//! Others write there too. So below what the operator allowed a link is never followed, a folder's own folders are left alone, a file that changes while it is
//! fetched is not fetched, and nothing but results is ever written. It must never delete.

mod bucket;
mod folder;

use std::path::Path;

use crate::error::EvidenceError;
use bucket::Bucket;
use folder::Folder;

/// What the name of a result ends in; such files are no facts.
pub const RESULT: &str = ".result.json";
/// A larger file is not fetched.
pub const MOST_BYTES: u64 = 2 << 30;

/// A file that lies there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lying {
    /// Its name, without a folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Another one when it holds something else.
    pub mark: String,
}

/// A place that is watched.
#[derive(Debug)]
pub enum Watched {
    /// A folder of this machine.
    Folder(Folder),
    /// A prefix of a bucket.
    Bucket(Bucket),
}

impl Watched {
    /// The place at `url`, `file:///PATH` or `s3://BUCKET/PREFIX` with the usual `AWS_…` variables in `settings`; `allowed` is the
    /// address that the operator allowed, the same one or one above it.
    ///
    /// # Errors
    /// [`EvidenceError::Address`], [`EvidenceError::Settings`].
    pub fn open<I>(url: &str, allowed: &str, settings: I) -> Result<Self, EvidenceError>
    where
        I: IntoIterator<Item = (String, String)>,
    {
        if let Some(path) = url.strip_prefix("file://") {
            let allowed = allowed.strip_prefix("file://").unwrap_or_default();
            return Folder::at(url, path, allowed).map(Self::Folder);
        }
        Bucket::at(url, settings).map(Self::Bucket)
    }

    /// The files that lie there just now, by name; hidden ones, unfinished ones (`.part`, `.tmp`, …) and results are passed over.
    ///
    /// # Errors
    /// [`EvidenceError::Unreachable`].
    pub async fn look(&self) -> Result<Vec<Lying>, EvidenceError> {
        let mut files = match self {
            Self::Folder(folder) => folder.look().await?,
            Self::Bucket(bucket) => bucket.look().await?,
        };
        files.retain(|file| is_of_interest(&file.name));
        files.sort();
        Ok(files)
    }

    /// Copies a file to a path, as it was when it was looked at. No: it is another one by now, or gone.
    ///
    /// # Errors
    /// [`EvidenceError::Unreachable`]; [`EvidenceError::Unreadable`] where others may be readable; [`EvidenceError::Copy`] where the
    /// fault is this machine's.
    pub async fn fetch(&self, file: &Lying, to: &Path) -> Result<bool, EvidenceError> {
        match self {
            Self::Folder(folder) => folder.fetch(file, to).await,
            Self::Bucket(bucket) => bucket.fetch(file, to).await,
        }
    }

    /// Writes the result of a file beside it: whole or not at all, in place of an earlier one.
    ///
    /// # Errors
    /// [`EvidenceError::Unreachable`].
    pub async fn tell(&self, name: &str, result: Vec<u8>) -> Result<(), EvidenceError> {
        let name = format!("{name}{RESULT}");
        match self {
            Self::Folder(folder) => folder.put(&name, result).await,
            Self::Bucket(bucket) => bucket.put(&name, result).await,
        }
    }
}

/// Whether a file may hold facts, by its name.
fn is_of_interest(name: &str) -> bool {
    let unfinished = [".part", ".partial", ".tmp", ".filepart", ".crdownload"];
    let passed_over = name.starts_with(['.', '~'])
        || name.ends_with(RESULT)
        || ["expected-", "README", "LICENSE"].iter().any(|start| name.starts_with(start))
        || unfinished.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    !passed_over && name.len() <= 200 && !name.contains(['/', '\\', '\0']) && !name.contains(char::is_control)
}

/// A file that cannot be read, though others of its place may be.
fn unreadable(name: &str, error: &dyn std::fmt::Display) -> EvidenceError {
    EvidenceError::Unreadable { file: name.to_owned(), reason: error.to_string() }
}

/// A copy that cannot be written.
fn uncopied(name: &str, error: &std::io::Error) -> EvidenceError {
    EvidenceError::Copy { file: name.to_owned(), reason: error.to_string() }
}

/// A place that does not answer as it should.
fn away(place: &str, error: &dyn std::fmt::Display) -> EvidenceError {
    EvidenceError::Unreachable { place: place.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_facts() {
        for (name, wanted) in [
            ("complaints.csv", true),
            ("sales.txt", true),
            (".hidden.csv", false),
            ("~complaints.xlsx", false),
            ("complaints.csv.part", false),
            ("complaints.csv.TMP", false),
            ("complaints.csv.result.json", false),
            ("README.md", false),
            ("a\nb.csv", false),
        ] {
            assert_eq!(is_of_interest(name), wanted, "{name}");
        }
        assert!(!is_of_interest(&format!("{}.csv", "a".repeat(300))));
    }
}
