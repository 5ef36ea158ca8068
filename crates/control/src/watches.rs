//! Watched places: folders and buckets that others put files with facts into. Each file is taken in once, when it is the same at
//! two looks, in the name of a user whose scope bounds it; what became of it is remembered in the transaction that takes it in, and
//! lies beside it afterwards.
//!
//! Where a tenant's places may be is the operator's word. Looking, fetching and writing beside are the job's.

mod refusal;
mod result;
mod take_in;

use std::collections::BTreeMap;
use std::path::PathBuf;

use farsight_evidence::watched::Lying;
use farsight_rulebook::codes::is_code;
use farsight_rulebook::time::{DAY, Instant};
use farsight_store::Tx;
use farsight_store::audit::{self, Deed};
use farsight_store::session::Isolation;
use farsight_store::watches::{self as stored, Watch};
use serde_json::json;

use crate::{ControlError, Desk, tokens};

pub use refusal::Refusal;
pub use take_in::{Fetched, take_in};

/// Files that lie there no more are forgotten so long after they were taken in.
const KEPT: i64 = 90 * DAY;
/// So many files are taken in at one look; the next goes on.
const AT_ONCE: usize = 500;
/// And so many bytes, for all of them are copied first.
const AT_ONCE_BYTES: u64 = 2 << 30;

/// Where each tenant's watched places may be: what their addresses begin with, by the tenant's code.
#[derive(Debug, Clone, Default)]
pub struct Places(pub BTreeMap<String, Vec<String>>);

impl Places {
    /// Whether a tenant may watch an address: one that was allowed, or below it.
    pub fn allow(&self, tenant: &str, url: &str) -> bool {
        self.allowed(tenant, url).is_some()
    }

    /// The place that was allowed, at or above an address; the nearest where there are several.
    fn allowed(&self, tenant: &str, url: &str) -> Option<&str> {
        let below = |place: &&str| {
            url.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let steps_out = url.split('/').any(|part| part == ".." || part == ".");
        let places = self.0.get(tenant).filter(|_| !steps_out)?;
        let places = places.iter().map(|place| place.trim_end_matches('/'));
        places.filter(below).max_by_key(|place| place.len())
    }

    /// The place that was allowed, at or above a watched one; or why nothing is taken in there (any more).
    pub fn of(&self, tenant: &str, watch: &Watch) -> Result<&str, &'static str> {
        if watch.shut {
            return Err("its user is shut out: let them in again, or remove the watch");
        }
        if watch.revoked {
            return Err("the tokens of its machine were revoked: add the watch again, or remove it");
        }
        self.allowed(tenant, &watch.url).ok_or(
            "the place is not (any more) among those the configuration allows: list it, or remove the watch",
        )
    }
}

/// A place that is to be watched.
#[derive(Debug, Clone)]
pub struct New {
    /// Its code.
    pub code: String,
    /// Where it is: `file:///PATH` or `s3://BUCKET/PREFIX`.
    pub url: String,
    /// Whose facts they are: a machine's name, or a person's address.
    pub sender: String,
    /// The tables whose facts are taken in; `all` is all there are.
    pub tables: Vec<String>,
    /// Whether good rows are taken in though others are bad.
    pub lenient: bool,
}

/// Watches a place from now on, or by new terms.
pub fn add(desk: &mut Desk, places: &Places, new: &New) -> Result<(), ControlError> {
    if !is_code(&new.code) {
        return Err(Refusal::Code(new.code.clone()).into());
    }
    if !places.allow(&desk.tenant.code, &new.url) {
        return Err(Refusal::Place { url: new.url.clone(), tenant: desk.tenant.code.clone() }.into());
    }
    let (scope, now, by) = (desk.tenant.network(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let (machine, person) = (tokens::named(&new.sender), new.sender.to_lowercase());
        let found = match stored::user(tx, &machine)? {
            Some(found) => Some(found),
            None => stored::user(tx, &person)?,
        };
        let (user, role) = found.ok_or_else(|| Refusal::Sender(new.sender.clone()))?;
        let tables = tokens::tables_of(role, &new.tables)?;
        let row = stored::New {
            code: &new.code,
            url: &new.url,
            user,
            tables: &tables,
            lenient: new.lenient,
            at: now,
            by: &by,
        };
        stored::put(tx, &row)?;
        let detail = json!({ "sender": new.sender, "tables": tables, "lenient": new.lenient }).to_string();
        audit::add(tx, now, &Deed { actor: &by, action: "watch.add", subject: &new.code, detail: &detail })?;
        Ok(())
    })
}

/// All watched places, by code.
pub fn list(desk: &mut Desk) -> Result<Vec<Watch>, ControlError> {
    let scope = desk.tenant.network();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(stored::all(tx)?))
}

/// Watches a place no more.
pub fn remove(desk: &mut Desk, code: &str) -> Result<(), ControlError> {
    let (scope, now, by) = (desk.tenant.network(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        if !stored::remove(tx, code)? {
            return Err(Refusal::Unknown(code.to_owned()).into());
        }
        audit::add(tx, now, &Deed { actor: &by, action: "watch.remove", subject: code, detail: "{}" })?;
        Ok(())
    })
}

/// What a look says is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Files that are the same as at the look before, to be taken in, in the order of their tables.
    pub ripe: Vec<Lying>,
    /// Results that do not lie beside their files yet.
    pub owed: Vec<Owed>,
}

/// A result that is to be written beside a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The file.
    pub name: String,
    /// By what it is known to be the same.
    pub mark: String,
    /// The result, as JSON.
    pub result: String,
}

/// Remembers what lies in a place, and says what is to be done: a file is taken in when it is the same at two looks at two
/// moments.
pub fn look(desk: &mut Desk, watch: &Watch, lying: &[Lying]) -> Result<Looked, ControlError> {
    let (scope, now) = (desk.tenant.network(), desk.now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let known = stored::files(tx, &watch.code)?;
        let (mut looked, mut new) = (Looked::default(), Vec::new());
        for file in lying {
            match known.get(&file.name).filter(|known| known.mark == file.mark) {
                None => new.push((file.name.as_str(), file.mark.as_str())),
                Some(known) => match &known.result {
                    None if known.seen_at < now => looked.ripe.push(file.clone()),
                    Some(result) if !known.told => looked.owed.push(Owed {
                        name: file.name.clone(),
                        mark: file.mark.clone(),
                        result: result.clone(),
                    }),
                    _ => {}
                },
            }
        }
        stored::see(tx, &watch.code, &new, now)?;
        let there: Vec<&str> = lying.iter().map(|file| file.name.as_str()).collect();
        stored::forget(tx, &watch.code, &there, Instant(now.0.saturating_sub(KEPT)))?;
        looked.ripe.sort_by_cached_key(|file| (take_in::place(&file.name), file.name.clone()));
        Ok(looked)
    })
}

/// The files that are taken in at one look: what could be fetched, within bounds.
#[derive(Debug, Default)]
pub struct Batch {
    /// The files.
    pub fetched: Vec<Fetched>,
    bytes: u64,
}

impl Batch {
    /// Whether another file is to be fetched: the first one in any case.
    pub fn has_room_for(&self, file: &Lying) -> bool {
        let fits = self.bytes.saturating_add(file.bytes) <= AT_ONCE_BYTES;
        self.fetched.is_empty() || (self.fetched.len() < AT_ONCE && fits)
    }

    /// Adds a file that was fetched to `at`; none: it is too large to be.
    pub fn add(&mut self, file: Lying, at: Option<PathBuf>) {
        self.bytes = self.bytes.saturating_add(if at.is_some() { file.bytes } else { 0 });
        self.fetched.push(Fetched { name: file.name, mark: file.mark, at });
    }
}

/// A place was attended to; or something there cannot be looked at: why is told by an alert.
pub fn attended(desk: &mut Desk, watch: &Watch, fault: Option<&str>) -> Result<(), ControlError> {
    let (scope, now) = (desk.tenant.network(), desk.now);
    desk.session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok(stored::looked(tx, &watch.code, fault, now)?))
}

/// Takes nothing more in for a machine whose tokens are revoked, until somebody adds its watches again.
pub(crate) fn shut_of(tx: &mut Tx, user: i32, now: Instant) -> Result<(), ControlError> {
    Ok(stored::shut_of(tx, user, now)?)
}

/// A result lies beside its file.
pub fn told(desk: &mut Desk, watch: &Watch, owed: &Owed) -> Result<(), ControlError> {
    let scope = desk.tenant.network();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok(stored::told(tx, &watch.code, &owed.name, &owed.mark)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_watches_what_the_operator_allowed_it() {
        let of = |places: &[&str]| places.iter().map(|place| (*place).to_owned()).collect();
        let places = Places(BTreeMap::from([
            ("acme".to_owned(), of(&["file:///srv/in/acme/", "s3://drop/acme"])),
            ("other".to_owned(), of(&["s3://drop/other"])),
        ]));
        for (tenant, url, wanted) in [
            ("acme", "file:///srv/in/acme", true),
            ("acme", "file:///srv/in/acme/north", true),
            ("acme", "file:///srv/in/acme-2", false),
            ("acme", "file:///srv/in/acme/../other", false),
            ("acme", "s3://drop/acme/north", true),
            ("acme", "s3://drop/other", false),
            ("acme", "s3://drop", false),
            ("nobody", "s3://drop/acme", false),
        ] {
            assert_eq!(places.allow(tenant, url), wanted, "{tenant} {url}");
        }
    }

    #[test]
    fn a_batch_is_bounded_by_files_and_bytes() {
        for (sizes, wanted) in [
            (vec![1; 600], AT_ONCE),
            (vec![1 << 30, 1 << 30, 1], 2),
            (vec![2 << 30, 1], 1),
            (vec![1, 2 << 30], 1),
            (vec![(2 << 30) + 1, 1], 2), // the first is only told to be too large
        ] {
            let mut batch = Batch::default();
            for bytes in sizes {
                let file = Lying { name: String::new(), bytes, mark: String::new() };
                if !batch.has_room_for(&file) {
                    break;
                }
                let fits = bytes <= AT_ONCE_BYTES;
                batch.add(file, fits.then(PathBuf::new));
            }
            assert_eq!(batch.fetched.len(), wanted);
        }
    }
}
