//! Files that were fetched from a watched place taken in, all by one transaction, which remembers what became of each: killed
//! in it, nothing is stored and nothing remembered; killed after it, nothing is taken in again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use farsight_exchange::{Reading, Source, find};
use farsight_rulebook::tables::TABLES;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::session::{Attempt, Isolation, Person, Turn};
use farsight_store::watches::{self as stored, Watch};
use farsight_store::{StoreError, Tx};

use super::Owed;
use super::result::FileResult;
use crate::desk::scope_of;
use crate::import::files::{self, OfFile, Sender};
use crate::{ControlError, Desk, ground, tokens};

/// A file that was fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its name.
    pub name: String,
    /// By what it is known to be the same.
    pub mark: String,
    /// Where its copy is, under the same name; none: it is too large.
    pub at: Option<PathBuf>,
}

/// Where a file stands by its name: tables that others refer to first, workbooks and what is strange last.
pub(super) fn place(name: &str) -> usize {
    let begins = |table: &&farsight_rulebook::tables::Table| {
        let rest = name.to_ascii_lowercase();
        rest.strip_prefix(table.name).is_some_and(|rest| rest.starts_with(['-', '_', '.', ' ']))
    };
    let longest = TABLES.iter().enumerate().filter(|(_, table)| begins(table));
    longest.max_by_key(|(_, table)| table.name.len()).map_or(TABLES.len(), |(place, _)| place)
}

/// Takes fetched files in, in the name of the watch's user; gives the results that are to be written beside them. Where the watch
/// was shut or changed since it was listed, or its user was, nothing is taken.
pub fn take_in(desk: &mut Desk, watch: &Watch, fetched: &[Fetched]) -> Result<Vec<Owed>, ControlError> {
    let zone = ground::zone(&desk.tenant)?;
    let reading = Reading { zone: zone.clone(), currency: ground::currency(&desk.tenant)? };
    let (now, tenant) = (desk.now, desk.tenant.clone());
    let scope = scope_of(&tenant, watch.role, Person { user: watch.user, today: zone.date(now) });
    let sender =
        Sender { tenant: &tenant, reading: &reading, actor: &watch.actor, lenient: watch.lenient, now };
    let work = Work { watch, sender, zone: &zone };
    desk.session.in_turn(scope, Turn::Facts, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| work.carry_out(tx, fetched))
    })
}

struct Work<'w> {
    watch: &'w Watch,
    sender: Sender<'w>,
    zone: &'w Zone,
}

impl Work<'_> {
    /// Asked before, so that nothing is read in vain, and after, when revoking waits for the end: whoever revoked before that, and
    /// was answered, finds nothing taken in.
    fn carry_out(&self, tx: &mut Tx, fetched: &[Fetched]) -> Result<Vec<Owed>, ControlError> {
        if !stored::stands(tx, self.watch, false)? {
            return Ok(Vec::new());
        }
        let taken = tx.attempt(|tx| {
            let owed = self.take_all(tx, fetched)?;
            let stands = stored::stands(tx, self.watch, true)?;
            Ok::<_, ControlError>(if stands { Attempt::Keep(owed) } else { Attempt::Undo(Vec::new()) })
        })?;
        match taken {
            Attempt::Keep(owed) | Attempt::Undo(owed) => Ok(owed),
        }
    }

    fn take_all(&self, tx: &mut Tx, fetched: &[Fetched]) -> Result<Vec<Owed>, ControlError> {
        let mut results: BTreeMap<usize, FileResult> = BTreeMap::new();
        let (mut sources, mut files) = (Vec::new(), Vec::new());
        for (number, file) in fetched.iter().enumerate() {
            if !stored::take(tx, &self.watch.code, &file.name, &file.mark)? {
                continue;
            }
            files.push(number);
            match self.sources(file) {
                Ok(found) => sources.extend(found.into_iter().map(|source| (number, source))),
                Err((code, why)) => {
                    results.insert(number, FileResult::refused(&file.name, self.when(), code, &why));
                }
            }
        }
        sources.sort_by_key(|(_, source)| TABLES.iter().position(|table| table.name == source.table().name));
        let (of, sources): (Vec<usize>, Vec<Source>) = sources.into_iter().unzip();
        let done = files::take_in(tx, &self.sender, &sources)?;
        let mut by_file: BTreeMap<usize, Vec<(Option<String>, OfFile)>> = BTreeMap::new();
        for done in done {
            let sheet = sources[done.source].sheet().map(str::to_owned);
            by_file.entry(of[done.source]).or_default().push((sheet, done));
        }
        for number in &files {
            let sheets = by_file.remove(number).unwrap_or_default();
            let name = &fetched[*number].name;
            results.entry(*number).or_insert_with(|| FileResult::of(name, self.when(), sheets));
        }
        results.into_iter().map(|(number, result)| self.remember(tx, &fetched[number], &result)).collect()
    }

    fn when(&self) -> (Instant, &Zone) {
        (self.sender.now, self.zone)
    }

    /// Whether facts of a table are taken in: as was said when the place was added, and as the user's role is now.
    fn takes(&self, table: &str) -> bool {
        self.watch.takes(table) && tokens::may_send(self.watch.role, table)
    }

    /// The tables of a file; or why nothing of it is taken in.
    fn sources(&self, file: &Fetched) -> Result<Vec<Source>, (&'static str, String)> {
        let too_large = ("too_large", "the file is larger than 2 GiB: send it in parts".to_owned());
        let path: &Path = file.at.as_deref().ok_or(too_large)?;
        let found =
            find(&[path]).map_err(|error| (error.code(), said(&error.to_string(), path, &file.name)))?;
        if let Some(source) = found.iter().find(|source| !self.takes(source.table().name)) {
            let why = format!(
                "facts of table {} are not taken in here: send them to where they are",
                source.table().name
            );
            return Err(("table_not_taken", why));
        }
        let label = format!("{}/{}", self.watch.code, file.name);
        Ok(found.into_iter().map(|source| source.called(&label)).collect())
    }

    fn remember(&self, tx: &mut Tx, file: &Fetched, result: &FileResult) -> Result<Owed, ControlError> {
        let text = serde_json::to_string_pretty(result)
            .map_err(|why| StoreError::Value(format!("the result of a file: {why}")))?;
        stored::done(tx, &self.watch.code, &file.name, &text, self.sender.now)?;
        Ok(Owed { name: file.name.clone(), mark: file.mark.clone(), result: text })
    }
}

/// What was said of a copy, said of the file: where copies lie is nobody's concern.
fn said(text: &str, copy: &Path, name: &str) -> String {
    text.replace(&copy.display().to_string(), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_refer_to_comes_first() {
        let mut names = [
            "work_orders-1.csv",
            "people.xlsx",
            "regions.csv.gz",
            "DEALERS.csv",
            "x.xlsx",
            "dealer_regions.csv",
        ];
        names.sort_by_key(|name| place(name));
        assert_eq!(names[0], "regions.csv.gz");
        assert_eq!(names[5], "x.xlsx");
        assert!(place("dealer_regions.csv") > place("DEALERS.csv"));
    }
}
