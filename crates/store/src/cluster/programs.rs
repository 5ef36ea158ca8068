//! Finds the installed PostgreSQL: the newest there is, or the very major version that made the data folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::ClusterError;
use super::{MIN_MAJOR, Options};

/// Where packages and builds put the server; `*` stands for any text in one name.
const WELL_KNOWN: &[&str] = &[
    "/usr/lib/postgresql/*/bin", // Debian, Ubuntu
    "/usr/pgsql-*/bin",          // Red Hat and its like, from postgresql.org
    "/usr/lib/postgresql*/bin",  // SUSE
    "/usr/libexec/postgresql*",  // Alpine
    "/usr/local/pgsql/bin",      // from source
    "/usr/local/bin",            // FreeBSD, Homebrew
    "/usr/bin",                  // Fedora, Arch
    "/opt/homebrew/opt/postgresql@*/bin",
];

/// An installed PostgreSQL server.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) bin: PathBuf,
    pub(super) version: String,
    pub(super) major: u32,
}

impl Programs {
    pub(super) fn initdb(&self) -> PathBuf {
        self.bin.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.bin.join("postgres")
    }

    /// Reads the version of the server in a folder; `None` when there is none.
    fn in_folder(bin: &Path) -> Option<Self> {
        if !bin.join("initdb").is_file() || !bin.join("postgres").is_file() {
            return None;
        }
        let version = first_line_of(&bin.join("postgres"), "--version")?;
        let version =
            version.split(' ').find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?.to_owned();
        let major = leading_number(&version)?;
        Some(Self { bin: std::path::absolute(bin).ok()?, version, major })
    }
}

/// Finds the server to use for a cluster of `folder`, made by major version `made_by` (`None` when still to be made).
pub(super) fn find(options: &Options, folder: &Path, made_by: Option<u32>) -> Result<Programs, ClusterError> {
    let folders = folders(options);
    let mut found: Vec<Programs> = folders.iter().filter_map(|bin| Programs::in_folder(bin)).collect();
    // Newest last; among equals, the one found first.
    found.reverse();
    found.sort_by_key(|programs| programs.major);
    let Some(newest) = found.last().cloned() else {
        return Err(ClusterError::PostgresMissing { looked_in: listed(options, &folders) });
    };
    let chosen = match made_by {
        None => newest,
        Some(data) => match found.into_iter().rfind(|programs| programs.major == data) {
            Some(programs) => programs,
            None => return Err(other_major(folder, data, newest)),
        },
    };
    if chosen.major < MIN_MAJOR {
        return Err(ClusterError::PostgresTooOld { version: chosen.version, bin: chosen.bin });
    }
    Ok(chosen)
}

fn other_major(folder: &Path, data: u32, newest: Programs) -> ClusterError {
    let folder = folder.to_owned();
    ClusterError::OtherMajorVersion { folder, data, installed: newest.version, bin: newest.bin }
}

/// The folders to look in, in order: the one named and no other, else the search path's and the well-known ones.
fn folders(options: &Options) -> Vec<PathBuf> {
    if let Some(bin) = &options.bin_dir {
        return vec![bin.clone()];
    }
    let path = options.search_path.iter().flat_map(std::env::split_paths);
    let path: Vec<PathBuf> = path.filter(|folder| folder.is_absolute()).collect();
    let by_pg_config = path.iter().filter_map(|folder| first_line_of(&folder.join("pg_config"), "--bindir"));
    let mut folders: Vec<PathBuf> = by_pg_config.map(PathBuf::from).collect();
    folders.extend(path.iter().cloned());
    folders.extend(WELL_KNOWN.iter().flat_map(|pattern| matching(pattern)));
    let mut seen = std::collections::HashSet::new();
    folders.retain(|folder| folder.is_absolute() && seen.insert(folder.clone()));
    folders
}

/// The existing folders that match a pattern with at most one `*`.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    names.map(|entry| PathBuf::from(format!("{}{after}", entry.path().display()))).collect()
}

/// What the error names: the folder asked for, or the kinds of places tried.
fn listed(options: &Options, folders: &[PathBuf]) -> String {
    if options.bin_dir.is_some() {
        return folders.iter().map(|folder| folder.display().to_string()).collect();
    }
    let path = options.search_path.as_ref().map(|_| "the search path").into_iter();
    path.chain(WELL_KNOWN.iter().copied()).collect::<Vec<_>>().join(", ")
}

/// The first line a program prints; `None` when it isn't there or fails.
fn first_line_of(program: &Path, argument: &str) -> Option<String> {
    let output =
        Command::new(program).arg(argument).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?.lines().next()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

/// `17` of `17beta1` and of `17.2`.
pub(super) fn leading_number(text: &str) -> Option<u32> {
    let digits = text.trim_start();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_versions_are_leading_numbers() {
        for (text, major) in
            [("15.18", Some(15)), ("18beta1", Some(18)), ("19devel", Some(19)), ("devel", None)]
        {
            assert_eq!(leading_number(text), major, "{text}");
        }
    }

    #[test]
    fn patterns_match_whole_folders() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["pg-15/bin", "pg-16/bin", "other/bin"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let mut found = matching(&format!("{}/pg-*/bin", folder.path().display()));
        found.sort();
        assert_eq!(found, [folder.path().join("pg-15/bin"), folder.path().join("pg-16/bin")]);
    }
}
