//! Taking facts in: files are read, staged, compared and stored, a file whole or not at all.

pub(crate) mod entered;
mod grown;
mod rulings;
pub(crate) mod written;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use farsight_exchange::{Found, Progress, Reader, Reading, RowError, Source, SourceError, find};
use farsight_rulebook::case::Ground;
use farsight_rulebook::tables::Table;
use farsight_store::facts::references::References;
use farsight_store::facts::take_in::{self, Fault, Merge, Merged, Taken};
use farsight_store::imports::{self, Import};
use farsight_store::session::{Attempt, Isolation, Turn};
use farsight_store::{StoreError, Tx};
use serde::Serialize;

use crate::{ControlError, Desk, ground};

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
    let mut outcome = Outcome { dry_run, ..Outcome::default() };
    let mut by_table: Vec<&[Source]> = sources.chunk_by(|a, b| a.table().name == b.table().name).collect();
    by_table.retain(|files| !files.is_empty());
    desk.session.in_turn(scope, Turn::Facts, |session| {
        let mut take_in = |tx: &mut Tx, files: &[Source]| -> Result<(), ControlError> {
            let ground = ground::load(tx, &tenant)?;
            let call = Call { reading: &reading, ground: &ground, now, actor: &actor, progress };
            let (reports, errors) = call.take_in(tx, files)?;
            outcome.files.extend(reports);
            outcome.errors.extend(errors);
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

/// What all files of a call have in common.
struct Call<'c> {
    reading: &'c Reading,
    ground: &'c Ground,
    now: farsight_rulebook::time::Instant,
    actor: &'c str,
    progress: &'c Progress,
}

/// Errors of the files of one table, by file and line.
#[derive(Default)]
struct Errors {
    told: BTreeMap<(usize, u64), Vec<RowError>>,
    counts: BTreeMap<usize, u64>,
}

/// How many errors of one table are told; further ones are counted.
const TOLD: u64 = 10_000;

impl Errors {
    fn add(&mut self, file: usize, error: RowError) {
        *self.counts.entry(file).or_default() += 1;
        if self.counts.values().sum::<u64>() <= TOLD {
            self.told.entry((file, error.line)).or_default().push(error);
        }
    }

    fn files(&self) -> Vec<i32> {
        self.counts.keys().map(|file| *file as i32).collect()
    }
}

impl Call<'_> {
    /// Takes the files of one table in, in the transaction at hand.
    fn take_in(
        &self,
        tx: &mut Tx,
        files: &[Source],
    ) -> Result<(Vec<FileReport>, Vec<RowError>), ControlError> {
        let table = files[0].table();
        let mut errors = Errors::default();
        let mut rows = vec![0_u64; files.len()];
        let staged = self.stage(tx, table, files, &mut rows, &mut errors)?;
        let first_import = imports::next_id(tx)?;
        let recorded_at = imports::recording_instant(tx, self.now)?;
        // With every file first, so that rows of a failing file still contradict those of others.
        let mut failed: Vec<i32> = Vec::new();
        let merged = loop {
            let left: u64 = staged - failed.iter().map(|file| rows[*file as usize]).sum::<u64>();
            let merge = Merge { table, first_import, recorded_at, excluded: &failed };
            let attempt = tx.attempt(|tx| {
                let Taken { counts, mut faults } = merge.run(tx, left)?;
                if table.name == "rulings" {
                    faults.extend(rulings::faults(tx, self.ground, self.reading.currency, first_import)?);
                }
                let any = !faults.is_empty();
                for fault in faults {
                    let file = fault.file as usize;
                    errors.add(file, row_error(files, fault));
                }
                let keep = !any && errors.files() == failed;
                Ok::<_, ControlError>(if keep { Attempt::Keep(counts) } else { Attempt::Undo(counts) })
            })?;
            match attempt {
                Attempt::Keep(counts) => break counts,
                Attempt::Undo(_) => failed = errors.files(),
            }
        };
        let counts: BTreeMap<i64, Merged> = merged.into_iter().collect();
        let reports = self.write_down(tx, files, &rows, &errors, &counts, (first_import, recorded_at))?;
        Ok((reports, errors.told.into_values().flatten().collect()))
    }

    /// Reads all files into the staging table; bad rows are kept as errors.
    fn stage(
        &self,
        tx: &mut Tx,
        table: &'static Table,
        files: &[Source],
        rows: &mut [u64],
        errors: &mut Errors,
    ) -> Result<u64, ControlError> {
        let references = References::load(tx)?;
        take_in::stage(tx, table, |stage| {
            for (number, source) in files.iter().enumerate() {
                let label = source.label();
                let reader = match Reader::open(source, self.reading, self.progress) {
                    Ok(reader) => reader,
                    Err(error) => {
                        errors.add(number, unreadable(label, &error));
                        continue;
                    }
                };
                let mut broken: Option<std::io::Error> = None;
                let summary = reader.each(&mut |found| {
                    match found {
                        Found::Bad(error) => errors.add(number, error),
                        Found::Row(row) => {
                            for (column, to) in references.missing(table, row.cells) {
                                let value = row.cells[table.column(column.name).map_or(0, |(at, _)| at)];
                                let error = RowError {
                                    file: label.clone(),
                                    line: row.line,
                                    column: column.name.to_owned(),
                                    value: if let farsight_exchange::Cell::Text(text) = value {
                                        text.to_owned()
                                    } else {
                                        String::new()
                                    },
                                    code: "unknown_reference",
                                    reason: format!(
                                        "not among the {to}: import it first, or correct the code"
                                    ),
                                };
                                errors.add(number, error);
                            }
                            rows[number] += 1;
                            if let Err(error) = stage.row(number as i32, row.line, row.cells) {
                                broken = Some(error);
                                return ControlFlow::Break(());
                            }
                        }
                    }
                    ControlFlow::Continue(())
                });
                if let Some(error) = broken {
                    return Err(StoreError::Gone(error.to_string()).into());
                }
                let summary = match summary {
                    Ok(summary) => summary,
                    Err(error) => {
                        errors.add(number, unreadable(label, &error));
                        continue;
                    }
                };
                // Beyond what the reader tells, it only counts.
                let told = errors.counts.get(&number).copied().unwrap_or(0);
                if summary.errors > told {
                    errors.counts.insert(number, summary.errors);
                }
            }
            Ok::<(), ControlError>(())
        })
    }

    /// One import row a file that was stored, with what it did.
    fn write_down(
        &self,
        tx: &mut Tx,
        files: &[Source],
        rows: &[u64],
        errors: &Errors,
        counts: &BTreeMap<i64, Merged>,
        (first_import, recorded_at): (i64, farsight_rulebook::time::Instant),
    ) -> Result<Vec<FileReport>, ControlError> {
        let mut reports = Vec::with_capacity(files.len());
        for (number, source) in files.iter().enumerate() {
            let failed = errors.counts.get(&number).copied().unwrap_or(0);
            let id = first_import + number as i64;
            let merged = counts.get(&id).copied().unwrap_or_default();
            let report = FileReport {
                file: source.label(),
                table: source.table().name,
                rows: rows[number],
                added: merged.added,
                corrected: merged.corrected,
                unchanged: if failed > 0 { 0 } else { rows[number] - merged.added - merged.corrected },
                errors: failed,
            };
            if failed == 0 {
                let import = Import {
                    id,
                    table: report.table,
                    source: report.file.clone(),
                    by: self.actor.to_owned(),
                    rows: report.rows,
                    added: merged.added,
                    corrected: merged.corrected,
                };
                entered::record(tx, &import, self.now, recorded_at)?;
            }
            reports.push(report);
        }
        Ok(reports)
    }
}

/// A source that cannot be read (further): an error of the file, at no line of its own.
fn unreadable(file: String, error: &SourceError) -> RowError {
    RowError {
        file,
        line: 0,
        column: String::new(),
        value: String::new(),
        code: error.code(),
        reason: error.to_string(),
    }
}

fn row_error(files: &[Source], fault: Fault) -> RowError {
    let reason = match fault.other {
        Some((other, line)) => {
            let place =
                if other == fault.file { "this file".to_owned() } else { files[other as usize].label() };
            format!("the same key with other content stands in line {line} of {place}: keep one of them")
        }
        None => fault.reason,
    };
    RowError {
        file: files[fault.file as usize].label(),
        line: fault.line as u64,
        column: fault.column,
        value: fault.value.chars().take(80).collect(),
        code: fault.code,
        reason,
    }
}
