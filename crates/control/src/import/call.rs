//! One call's sources of one table: read, staged, compared with what is stored and with one another, and taken in, in the
//! transaction at hand. A source with a fault is left out whole, or, where its sender wishes so, without its bad rows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use farsight_exchange::{Cell, Found, Progress, Reader, Reading, Row, RowError, Source, SourceError};
use farsight_rulebook::case::Ground;
use farsight_rulebook::tables::Table;
use farsight_rulebook::time::Instant;
use farsight_store::facts::references::References;
use farsight_store::facts::take_in::{self, Fault, Merge, Merged, Stage, Staged, Taken};
use farsight_store::imports;
use farsight_store::registry::Tenant;
use farsight_store::session::Attempt;
use farsight_store::{StoreError, Tx};

use super::rulings;
use crate::{ControlError, ground};

/// How many errors of one table are told; further ones are counted.
pub(super) const TOLD: u64 = 10_000;
/// Of each source so many are told, however much is wrong with those beside it.
const TOLD_OF_EACH: u64 = 100;
/// Sources of fewer bytes in all are looked up in the database rather than held against all that small tables have.
const FEW_BYTES: u64 = 1 << 20;

/// What all sources of a call have in common.
pub(super) struct Call<'c> {
    pub(super) tenant: &'c Tenant,
    pub(super) reading: &'c Reading,
    pub(super) now: Instant,
    pub(super) progress: &'c Progress,
}

/// What became of the sources of a table.
pub(super) struct Done {
    pub(super) sources: Vec<OfSource>,
    /// The number of the first source's import; the n-th has the n-th after it.
    pub(super) first_import: i64,
    pub(super) recorded_at: Instant,
    /// Whether two of the sources say different things of one key: neither was taken in.
    pub(super) at_odds: bool,
}

/// What became of one source.
#[derive(Debug, Default)]
pub(super) struct OfSource {
    /// Good rows.
    pub(super) rows: u64,
    /// Bad rows of a source that is taken in without them.
    pub(super) refused: u64,
    /// What it changed.
    pub(super) merged: Merged,
    /// Whether nothing of it is stored.
    pub(super) failed: bool,
    /// What is wrong, by line: the first of many.
    pub(super) errors: Vec<RowError>,
    /// How much is wrong.
    pub(super) error_count: u64,
}

/// Errors of the sources of one table, by source and line.
struct Errors<'l> {
    lenient: &'l [bool],
    told: BTreeMap<(usize, u64), Vec<RowError>>,
    counts: BTreeMap<usize, u64>,
    /// Sources that cannot be read to their end.
    broken: BTreeSet<usize>,
    bad_rows: BTreeMap<usize, BTreeSet<u64>>,
    places: Vec<Places>,
}

impl<'l> Errors<'l> {
    fn new(sources: usize, lenient: &'l [bool]) -> Self {
        let places = vec![Places::default(); sources];
        Self {
            lenient,
            told: BTreeMap::new(),
            counts: BTreeMap::new(),
            broken: BTreeSet::new(),
            bad_rows: BTreeMap::new(),
            places,
        }
    }

    fn add(&mut self, source: usize, error: RowError) {
        let count = self.counts.entry(source).or_default();
        *count += 1;
        let count = *count;
        // A source that goes in without its bad rows must know all of them.
        let own = if self.is_lenient(source) { TOLD } else { TOLD_OF_EACH };
        if count <= own || self.counts.values().sum::<u64>() <= TOLD {
            self.bad_rows.entry(source).or_default().insert(error.line);
            self.told.entry((source, error.line)).or_default().push(error);
        }
    }

    fn is_lenient(&self, source: usize) -> bool {
        self.lenient.get(source).copied().unwrap_or(false)
    }

    /// Whether nothing of a source can be kept.
    fn is_failed(&self, source: usize) -> bool {
        let count = self.counts.get(&source).copied().unwrap_or(0);
        count > 0 && (!self.is_lenient(source) || count > TOLD || self.broken.contains(&source))
    }

    fn failed(&self) -> Vec<i32> {
        self.counts.keys().filter(|source| self.is_failed(**source)).map(|source| *source as i32).collect()
    }
}

/// Which row of its source a line holds: kept where the two do not go in step.
#[derive(Debug, Clone, Default)]
struct Places(Vec<(u64, u64)>);

impl Places {
    fn note(&mut self, row: &Row) {
        let in_step = self.0.last().is_some_and(|(line, index)| row.line - line == row.index - index);
        if !in_step {
            self.0.push((row.line, row.index));
        }
    }

    fn index(&self, line: u64) -> u64 {
        let after = self.0.partition_point(|(known, _)| *known <= line);
        self.0.get(after.wrapping_sub(1)).map_or(0, |(known, index)| index + (line - known))
    }
}

impl Call<'_> {
    /// Takes the sources of one table in. `lenient` says which of them are taken without their bad rows; left out, none is.
    pub(super) fn take_in(
        &self,
        tx: &mut Tx,
        sources: &[Source],
        lenient: &[bool],
    ) -> Result<Done, ControlError> {
        let table = sources[0].table();
        let few = sources.iter().map(Source::bytes).sum::<u64>() < FEW_BYTES && table.name != "posts";
        let mut errors = Errors::new(sources.len(), lenient);
        let mut rows = vec![0_u64; sources.len()];
        let filled = self.stage(tx, sources, few, &mut rows, &mut errors)?.filled;
        let first_import = imports::next_id(tx)?;
        let recorded_at = imports::recording_instant(tx, self.now)?;
        let ground = (table.name == "rulings").then(|| ground::load(tx, self.tenant)).transpose()?;
        // With every source first, so that rows of a failing one still contradict those of others.
        let mut failed: Vec<i32> = Vec::new();
        let mut at_odds = false;
        let merged = loop {
            let left = (0_i32..).zip(&rows).filter(|(source, _)| !failed.contains(source));
            let left: u64 = left.map(|(_, rows)| rows).sum();
            let merge = Merge { table, first_import, recorded_at, excluded: &failed, asks_all: few, filled };
            let mut out = BTreeSet::new();
            let attempt = tx.attempt(|tx| {
                let Taken { counts, faults } = self.merge(tx, &merge, left, ground.as_ref())?;
                let any = !faults.is_empty();
                for fault in faults {
                    let source = fault.file as usize;
                    at_odds |= fault.other.is_some_and(|(other, _)| other != fault.file);
                    if errors.is_lenient(source) {
                        out.insert((fault.file, fault.line));
                    }
                    let index = errors.places[source].index(fault.line as u64);
                    errors.add(source, row_error(sources, index, fault));
                }
                let keep = !any && errors.failed() == failed;
                Ok::<_, ControlError>(if keep { Attempt::Keep(counts) } else { Attempt::Undo(counts) })
            })?;
            if let Attempt::Keep(counts) = attempt {
                break counts;
            }
            failed = errors.failed();
            let out: Vec<(i32, i64)> = out.into_iter().collect();
            for (source, gone) in take_in::leave_out(tx, &out)? {
                rows[source as usize] -= gone;
            }
        };
        let merged: BTreeMap<i64, Merged> = merged.into_iter().collect();
        Ok(Done {
            sources: of_sources(&rows, errors, first_import, &merged),
            first_import,
            recorded_at,
            at_odds,
        })
    }

    fn merge(
        &self,
        tx: &mut Tx,
        merge: &Merge,
        left: u64,
        ground: Option<&Ground>,
    ) -> Result<Taken, ControlError> {
        let Taken { counts, mut faults } = merge.run(tx, left)?;
        if let Some(ground) = ground {
            faults.extend(rulings::faults(tx, ground, self.reading.currency, merge.first_import)?);
        }
        Ok(Taken { counts, faults })
    }

    /// Reads all sources into the staging table; bad rows are kept as errors.
    fn stage(
        &self,
        tx: &mut Tx,
        sources: &[Source],
        few: bool,
        rows: &mut [u64],
        errors: &mut Errors,
    ) -> Result<Staged, ControlError> {
        let table = sources[0].table();
        let part = !tx.scope().is_whole();
        let references = if few { None } else { Some(References::load(tx)?) };
        take_in::stage(tx, table, |stage| {
            for (number, source) in sources.iter().enumerate() {
                let mut reading = OneSource {
                    number,
                    label: source.label(),
                    table,
                    references: references.as_ref(),
                    errors: &mut *errors,
                    rows: &mut rows[number],
                    part,
                };
                reading.read(source, self.reading, self.progress, stage)?;
            }
            Ok::<(), ControlError>(())
        })
    }
}

/// A source that is being staged.
struct OneSource<'s, 'l> {
    number: usize,
    label: String,
    table: &'static Table,
    references: Option<&'s References>,
    errors: &'s mut Errors<'l>,
    rows: &'s mut u64,
    /// Whether whoever sends it sees a part of the network only: the table itself refuses what refers beyond it.
    part: bool,
}

impl OneSource<'_, '_> {
    fn read(
        &mut self,
        source: &Source,
        reading: &Reading,
        progress: &Progress,
        stage: &mut Stage,
    ) -> Result<(), ControlError> {
        let mut broken: Option<std::io::Error> = None;
        let read = Reader::open(source, reading, progress).and_then(|reader| {
            reader.each(&mut |found| {
                let staged = match found {
                    Found::Bad(error) => {
                        self.errors.add(self.number, error);
                        Ok(())
                    }
                    Found::Row(row) => self.row(&row, stage),
                };
                match staged {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        broken = Some(error);
                        ControlFlow::Break(())
                    }
                }
            })
        });
        if let Some(error) = broken {
            return Err(StoreError::Gone(error.to_string()).into());
        }
        match read {
            Err(error) => {
                self.errors.broken.insert(self.number);
                self.errors.add(self.number, unreadable(self.label.clone(), &error));
            }
            // Beyond what the reader tells, it only counts.
            Ok(summary) => {
                let told = self.errors.counts.get(&self.number).copied().unwrap_or(0);
                if summary.errors > told {
                    self.errors.counts.insert(self.number, summary.errors);
                }
            }
        }
        Ok(())
    }

    /// Stages a row; one that refers to nothing stays out where the others may go in.
    fn row(&mut self, row: &Row, stage: &mut Stage) -> std::io::Result<()> {
        self.errors.places[self.number].note(row);
        let mut dangling = false;
        for (column, to) in self.references.iter().flat_map(|known| known.missing(self.table, row.cells)) {
            dangling = true;
            let value = row.cells[self.table.column(column.name).map_or(0, |(at, _)| at)];
            let error = RowError {
                file: self.label.clone(),
                line: row.line,
                index: row.index,
                column: column.name.to_owned(),
                value: if let Cell::Text(text) = value { text.to_owned() } else { String::new() },
                code: "unknown_reference",
                reason: format!("not among the {to}: import it first, or correct the code"),
            };
            self.errors.add(self.number, error);
        }
        if dangling && (self.part || self.errors.is_lenient(self.number)) {
            return Ok(());
        }
        *self.rows += 1;
        stage.row(self.number as i32, row.line, row.cells)
    }
}

fn of_sources(
    rows: &[u64],
    mut errors: Errors,
    first_import: i64,
    merged: &BTreeMap<i64, Merged>,
) -> Vec<OfSource> {
    let mut sources: Vec<OfSource> = Vec::with_capacity(rows.len());
    for (number, rows) in rows.iter().enumerate() {
        let failed = errors.is_failed(number);
        sources.push(OfSource {
            rows: *rows,
            refused: errors.bad_rows.remove(&number).map_or(0, |lines| lines.len() as u64),
            merged: merged.get(&(first_import + number as i64)).copied().unwrap_or_default(),
            failed,
            errors: Vec::new(),
            error_count: errors.counts.get(&number).copied().unwrap_or(0),
        });
    }
    for ((number, _), told) in errors.told {
        sources[number].errors.extend(told);
    }
    sources
}

/// A source that cannot be read (further): an error of the file, at no line of its own.
fn unreadable(file: String, error: &SourceError) -> RowError {
    RowError {
        file,
        line: 0,
        index: 0,
        column: String::new(),
        value: String::new(),
        code: error.code(),
        reason: error.to_string(),
    }
}

fn row_error(sources: &[Source], index: u64, fault: Fault) -> RowError {
    let reason = match fault.other {
        Some((other, line)) => {
            let place =
                if other == fault.file { "this file".to_owned() } else { sources[other as usize].label() };
            format!("the same key with other content stands in line {line} of {place}: keep one of them")
        }
        None => fault.reason,
    };
    RowError {
        file: sources[fault.file as usize].label(),
        line: fault.line as u64,
        index,
        column: fault.column,
        value: fault.value.chars().take(80).collect(),
        code: fault.code,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_its_row() {
        let mut places = Places::default();
        let rows = [(2, 0), (3, 1), (4, 2), (7, 3), (8, 4), (20, 5)];
        for (line, index) in rows {
            places.note(&Row { line, index, cells: &[] });
        }
        assert_eq!(places.0.len(), 3, "kept where lines and rows go out of step");
        for (line, index) in rows {
            assert_eq!(places.index(line), index, "line {line}");
        }
    }
}
