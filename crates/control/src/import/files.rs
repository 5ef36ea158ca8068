//! Several files' facts of several tables, taken in by one transaction of the caller's, who has the turn of facts.

use farsight_exchange::{Progress, Reading, RowError, Source};
use farsight_rulebook::time::Instant;
use farsight_store::Tx;
use farsight_store::registry::Tenant;

use super::call::Call;
use super::{FileReport, write_down};
use crate::ControlError;

/// What became of one source.
#[derive(Debug)]
pub(crate) struct OfFile {
    /// Which source it is, in the order they were given in.
    pub(crate) source: usize,
    /// How many rows were read and what they changed.
    pub(crate) report: FileReport,
    /// Whether nothing of it is stored.
    pub(crate) failed: bool,
    /// Bad rows that were left out.
    pub(crate) refused: u64,
    /// What is wrong: the first of many.
    pub(crate) errors: Vec<RowError>,
}

/// Whose facts they are, read how.
pub(crate) struct Sender<'s> {
    /// The manufacturer.
    pub(crate) tenant: &'s Tenant,
    /// How cells are read.
    pub(crate) reading: &'s Reading,
    /// Who sends them.
    pub(crate) actor: &'s str,
    /// Whether good rows are taken in though others are bad.
    pub(crate) lenient: bool,
    /// The present moment.
    pub(crate) now: Instant,
}

/// Takes sources in, which are in the order of the tables.
pub(crate) fn take_in(tx: &mut Tx, sender: &Sender, sources: &[Source]) -> Result<Vec<OfFile>, ControlError> {
    let progress = Progress::default();
    let call = Call { tenant: sender.tenant, reading: sender.reading, now: sender.now, progress: &progress };
    let mut all = Vec::with_capacity(sources.len());
    for files in sources.chunk_by(|a, b| a.table().name == b.table().name) {
        let done = call.take_in(tx, files, &vec![sender.lenient; files.len()])?;
        let reports = write_down(tx, files, &done, sender.now, sender.actor)?;
        for (report, of) in reports.into_iter().zip(done.sources) {
            let refused = if of.failed { 0 } else { of.refused };
            all.push(OfFile { source: all.len(), report, failed: of.failed, refused, errors: of.errors });
        }
    }
    Ok(all)
}
