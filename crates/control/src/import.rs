//! Taking facts in: files are read, staged, compared and stored, a file whole or not at all.

mod batches;
mod call;
pub(crate) mod entered;
pub(crate) mod files;
mod grown;
mod rulings;
pub(crate) mod written;

use std::path::PathBuf;

use farsight_exchange::{Progress, Reading, RowError, Source, find};
use farsight_rulebook::time::Instant;
use farsight_store::Tx;
use farsight_store::imports::Import;
use farsight_store::session::{Isolation, Turn};
use serde::Serialize;

use crate::{ControlError, Desk, ground};
use call::{Call, Done};

pub use batches::{Answered, Batch, Key, Report, RowFault, batches};
pub use written::Unfit;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Read and compare, store nothing.
    pub dry_run: bool,
}

/// What became of one file.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// The file, and the sheet of a workbook.
    pub file: String,
    /// The fact table.
    pub table: &'static str,
    /// Good rows read.
    pub rows: u64,
    /// New facts.
    pub added: u64,
    /// Facts with other content than before.
    pub corrected: u64,
    /// Rows that say what is known already.
    pub unchanged: u64,
    /// Bad cells; with any, nothing of the file is stored.
    pub errors: u64,
}

/// What became of a call.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// Each file.
    pub files: Vec<FileReport>,
    /// What is wrong, in order of file and line (the first of many).
    pub errors: Vec<RowError>,
    /// Whether nothing of it was kept.
    pub dry_run: bool,
}

impl Outcome {
    /// How many bad cells there are.
    pub fn error_count(&self) -> u64 {
        self.files.iter().map(|file| file.errors).sum()
    }
}

/// Where an import reads from, known before it begins: for a progress bar.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, ControlError> {
    Ok(find(paths)?)
}

/// Takes the facts of some sources in. Files with errors are told in the outcome; the others are stored.
pub fn import(
    desk: &mut Desk,
    sources: &[Source],
    dry_run: bool,
    progress: &Progress,
) -> Result<Outcome, ControlError> {
    let scope = desk.scope();
    let reading = Reading { zone: ground::zone(&desk.tenant)?, currency: ground::currency(&desk.tenant)? };
    let (tenant, now, actor) = (desk.tenant.clone(), desk.now, desk.actor.clone());
    let call = Call { tenant: &tenant, reading: &reading, now, progress };
    let mut outcome = Outcome { dry_run, ..Outcome::default() };
    let mut by_table: Vec<&[Source]> = sources.chunk_by(|a, b| a.table().name == b.table().name).collect();
    by_table.retain(|files| !files.is_empty());
    desk.session.in_turn(scope, Turn::Facts, |session| {
        let mut take_in = |tx: &mut Tx, files: &[Source]| -> Result<(), ControlError> {
            let mut done = call.take_in(tx, files, &[])?;
            for of in &mut done.sources {
                outcome.errors.append(&mut of.errors);
            }
            outcome.files.extend(write_down(tx, files, &done, now, &actor)?);
            Ok(())
        };
        if dry_run {
            return session.rehearse(scope, Isolation::ReadCommitted, |tx| {
                by_table.iter().try_for_each(|files| take_in(tx, files))
            });
        }
        by_table.iter().try_for_each(|files| {
            session.transaction(scope, Isolation::ReadCommitted, |tx| take_in(tx, files))
        })
    })?;
    if !dry_run {
        grown::tell_planner(desk, &outcome.files)?;
    }
    Ok(outcome)
}

/// One import row a file that was stored, with what it did.
fn write_down(
    tx: &mut Tx,
    files: &[Source],
    done: &Done,
    now: Instant,
    actor: &str,
) -> Result<Vec<FileReport>, ControlError> {
    let mut reports = Vec::with_capacity(files.len());
    for ((id, source), of) in (done.first_import..).zip(files).zip(&done.sources) {
        let report = FileReport {
            file: source.label(),
            table: source.table().name,
            rows: of.rows,
            added: of.merged.added,
            corrected: of.merged.corrected,
            unchanged: if of.failed { 0 } else { of.rows - of.merged.added - of.merged.corrected },
            errors: of.error_count,
        };
        if !of.failed {
            let import = Import {
                id,
                table: report.table,
                source: report.file.clone(),
                by: actor.to_owned(),
                rows: report.rows,
                added: report.added,
                corrected: report.corrected,
            };
            entered::record(tx, &import, now, done.recorded_at)?;
        }
        reports.push(report);
    }
    Ok(reports)
}
