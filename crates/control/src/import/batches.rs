//! Facts that machines send: requests that arrive together are taken in by one transaction, each whole or without its bad
//! rows, each with its own import and its own answer; a request that comes twice is given its first answer again, where
//! anything of it was stored.
//!
//! The first answer is kept in the transaction that stores the facts: either both are there or neither.

use std::collections::{BTreeMap, BTreeSet};

use farsight_exchange::{Progress, Reading, RowError, Source};
use farsight_rulebook::tables::Table;
use farsight_rulebook::time::{DAY, Instant};
use farsight_store::audit::{self, Deed};
use farsight_store::imports::{self, Import};
use farsight_store::session::{Attempt, Isolation, Turn};
use farsight_store::tokens::{self, Answer};
use farsight_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::call::{Call, Done, OfSource, TOLD};
use super::entered::checks;
use crate::{ControlError, Desk, ground};

/// A first answer is given again for so long.
const AGAIN: i64 = 7 * DAY;
/// How many errors an answer tells.
const ERRORS: usize = 1_000;

/// A request's facts of one table.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Where they are.
    pub source: Source,
    /// Whether good rows are taken in though others are bad.
    pub lenient: bool,
    /// By what the request is known again.
    pub key: Option<Key>,
}

/// By what a request is known again.
#[derive(Debug, Clone)]
pub struct Key {
    /// What its sender calls it.
    pub key: String,
    /// The SHA-256 of what it says.
    pub request: [u8; 32],
}

/// What became of a request's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The number of the import; none: nothing is stored.
    pub import: Option<i64>,
    /// Good rows.
    pub rows: u64,
    /// New facts.
    pub added: u64,
    /// Facts with other content than before.
    pub corrected: u64,
    /// Rows that say what is known already.
    pub unchanged: u64,
    /// Bad rows that were left out.
    pub refused: u64,
    /// What is wrong, by row: the first of many.
    pub errors: Vec<RowFault>,
    /// How much is wrong.
    pub error_count: u64,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    /// Which row it is, from 0.
    pub index: u64,
    /// Its line in a text, from 1; of JSON the how-manieth object; 0 where the whole is at fault.
    pub line: u64,
    /// The column; empty where the whole row is at fault.
    pub field: String,
    /// What stands there, cut to 80 characters.
    pub value: String,
    /// The stable code.
    pub code: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

impl From<RowError> for RowFault {
    fn from(error: RowError) -> Self {
        let (reason, remedy) = match error.reason.split_once(": ") {
            Some((reason, remedy)) => (reason.to_owned(), remedy.to_owned()),
            None => (error.reason, "correct it and send the row again".to_owned()),
        };
        Self {
            index: error.index,
            line: error.line,
            field: error.column,
            value: error.value,
            code: error.code.to_owned(),
            reason,
            remedy,
        }
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It was taken in, or why not.
    Taken(Report),
    /// It came before: what was answered then.
    Again(Report),
    /// The key came before with another request.
    Differs,
    /// A request with this key is being taken in just now.
    Busy,
}

/// Takes the facts of some requests in, all of one table and one machine, whose number is `user`.
pub fn batches(desk: &mut Desk, user: i32, batches: &[Batch]) -> Result<Vec<Answered>, ControlError> {
    let numbers: Vec<Option<i64>> = batches.iter().map(|batch| lock_of(desk, user, batch)).collect();
    let wanted: Vec<i64> = numbers.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let held = if wanted.is_empty() { Vec::new() } else { desk.session.hold(&wanted)? };
    let done = take_turns(desk, user, batches, &numbers, &held);
    let given_back = if held.is_empty() { Ok(()) } else { desk.session.let_go(&held) };
    let done = done?;
    given_back?;
    Ok(done)
}

/// The number that stands for a key among all sessions.
fn lock_of(desk: &Desk, user: i32, batch: &Batch) -> Option<i64> {
    let key = batch.key.as_ref()?;
    let hash = Sha256::digest(format!("{} {user} {}", desk.tenant.id, key.key));
    hash.first_chunk::<8>().map(|bytes| i64::from_be_bytes(*bytes))
}

/// Those whose key nobody else has just now, in the turn of facts.
fn take_turns(
    desk: &mut Desk,
    user: i32,
    batches: &[Batch],
    numbers: &[Option<i64>],
    held: &[i64],
) -> Result<Vec<Answered>, ControlError> {
    let mut free: BTreeSet<i64> = held.iter().copied().collect();
    // Of several with one key in a call, the first; removing it makes the others wait.
    let mine: Vec<usize> = (0..batches.len())
        .filter(|place| numbers[*place].is_none_or(|number| free.remove(&number)))
        .collect();
    let mut answers = vec![Answered::Busy; batches.len()];
    let scope = desk.scope();
    let reading = Reading { zone: ground::zone(&desk.tenant)?, currency: ground::currency(&desk.tenant)? };
    let (tenant, now, actor) = (desk.tenant.clone(), desk.now, desk.actor.clone());
    let progress = Progress::default();
    let call = Call { tenant: &tenant, reading: &reading, now, progress: &progress };
    let group = Group { call, user, actor: &actor, batches };
    desk.session.in_turn(scope, Turn::Facts, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| group.take_in(tx, mine, &mut answers))
    })?;
    Ok(answers)
}

/// Requests that are taken in together.
struct Group<'g> {
    call: Call<'g>,
    user: i32,
    actor: &'g str,
    batches: &'g [Batch],
}

impl Group<'_> {
    fn take_in(
        &self,
        tx: &mut Tx,
        mut mine: Vec<usize>,
        answers: &mut [Answered],
    ) -> Result<(), ControlError> {
        let known = self.known(tx, &mine)?;
        mine.retain(|place| {
            let again = self.batches[*place].key.as_ref().and_then(|key| Some((key, known.get(&*key.key)?)));
            let Some((key, (request, report))) = again else { return true };
            let same = *request == key.request;
            answers[*place] = if same { Answered::Again(report.clone()) } else { Answered::Differs };
            false
        });
        if mine.is_empty() {
            return Ok(());
        }
        let kept = tx.attempt(|tx| {
            let at_odds = self.store(tx, &mine, answers)?;
            Ok::<_, ControlError>(if at_odds && mine.len() > 1 {
                Attempt::Undo(())
            } else {
                Attempt::Keep(())
            })
        })?;
        // One request may correct what another has just said: then each is stored by itself, in the order they came.
        if matches!(kept, Attempt::Undo(())) {
            for place in &mine {
                self.store(tx, &[*place], answers)?;
            }
        }
        Ok(())
    }

    /// Stores some requests together, and what they are answered; says whether they are at odds with one another.
    fn store(&self, tx: &mut Tx, mine: &[usize], answers: &mut [Answered]) -> Result<bool, ControlError> {
        let sources: Vec<Source> = mine.iter().map(|place| self.batches[*place].source.clone()).collect();
        let lenient: Vec<bool> = mine.iter().map(|place| self.batches[*place].lenient).collect();
        let done = self.call.take_in(tx, &sources, &lenient)?;
        self.write_down(tx, sources[0].table(), &done)?;
        let mut first = Vec::new();
        for ((import, place), of) in (done.first_import..).zip(mine).zip(done.sources) {
            let report = report(import, of);
            // Of what was refused nothing is stored: its key is free, and it may be sent again when what it refers to is there.
            if let Some(key) = self.batches[*place].key.as_ref().filter(|_| report.import.is_some()) {
                first.push(kept(key, &report)?);
            }
            answers[*place] = Answered::Taken(report);
        }
        if !first.is_empty() {
            tokens::keep_answers(tx, self.user, &first, self.call.now)?;
        }
        Ok(done.at_odds)
    }

    /// What was answered before, by key.
    fn known(
        &self,
        tx: &mut Tx,
        mine: &[usize],
    ) -> Result<BTreeMap<String, (Vec<u8>, Report)>, ControlError> {
        let keys: Vec<&str> =
            mine.iter().filter_map(|place| Some(&*self.batches[*place].key.as_ref()?.key)).collect();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let since = Instant(self.call.now.0.saturating_sub(AGAIN));
        let answers = tokens::answers(tx, self.user, &keys, since)?;
        let read = |answer: Answer| {
            let report = serde_json::from_str(&answer.answer)
                .map_err(|why| StoreError::Value(format!("a first answer: {why}")))?;
            Ok((answer.key, (answer.request, report)))
        };
        answers.into_iter().map(read).collect()
    }

    /// One import row a request that was stored, and one link for all of them.
    fn write_down(&self, tx: &mut Tx, table: &Table, done: &Done) -> Result<(), ControlError> {
        let stored = (done.first_import..).zip(&done.sources).filter(|(_, of)| !of.failed);
        let imports: Vec<Import> = stored
            .map(|(id, of)| Import {
                id,
                table: table.name,
                source: "api".to_owned(),
                by: self.actor.to_owned(),
                rows: of.rows,
                added: of.merged.added,
                corrected: of.merged.corrected,
            })
            .collect();
        let (Some(first), Some(last)) = (imports.first(), imports.last()) else { return Ok(()) };
        imports::add_all(tx, &imports, self.call.now, done.recorded_at, &checks())?;
        let sum = |of: fn(&Import) -> u64| imports.iter().map(of).sum::<u64>();
        let detail = json!({
            "imports": [first.id, last.id], "table": table.name, "rows": sum(|import| import.rows),
            "added": sum(|import| import.added), "corrected": sum(|import| import.corrected),
        })
        .to_string();
        let deed = Deed { actor: self.actor, action: "facts.import", subject: "api", detail: &detail };
        audit::add(tx, self.call.now, &deed)?;
        Ok(())
    }
}

fn report(import: i64, of: OfSource) -> Report {
    let stored = !of.failed;
    let errors: Vec<RowFault> = of.errors.into_iter().take(ERRORS).map(RowFault::from).collect();
    let refused = if stored { of.refused } else { 0 };
    debug_assert!(refused <= TOLD);
    Report {
        import: stored.then_some(import),
        rows: of.rows,
        added: of.merged.added,
        corrected: of.merged.corrected,
        unchanged: if stored { of.rows - of.merged.added - of.merged.corrected } else { 0 },
        refused,
        errors,
        error_count: of.error_count,
    }
}

fn kept(key: &Key, report: &Report) -> Result<Answer, ControlError> {
    let answer =
        serde_json::to_string(report).map_err(|why| StoreError::Value(format!("an answer: {why}")))?;
    Ok(Answer { key: key.key.clone(), request: key.request.to_vec(), answer })
}
