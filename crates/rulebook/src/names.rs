//! Names that come from policy files and are used like the program's own: clauses, families and figures of a manufacturer's
//! rules.
//!
//! Every finding names its clause and family by `&'static str`, for nearly all of them are the program's. Those few that
//! a file brings are kept once each for as long as the program runs: a file has at most some hundred of them, of at most
//! [`MOST_BYTES`] each, and beyond [`MOST`] different ones no more are taken, so that nobody fills the memory with drafts.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// How many different names are kept.
pub const MOST: usize = 100_000;
/// How long a name is at most.
pub const MOST_BYTES: usize = 80;

static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The name, kept from now on; none when it is too long or too many others are kept.
pub fn keep(name: &str) -> Option<&'static str> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(name) {
        return Some(known);
    }
    if name.len() > MOST_BYTES || kept.len() >= MOST {
        return None;
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    kept.insert(name);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let (a, b) = (keep("custom.late").unwrap(), keep(&["custom", "late"].join(".")).unwrap());
        assert!(std::ptr::eq(a, b));
        assert_eq!(keep(&"x".repeat(MOST_BYTES + 1)), None);
    }
}
