//! The follow-up list (rulebook 4.1): dealers with a failure in month M are looked at again in month M+1, on top of
//! the draw, the oldest failure first, each at most once a month.
//!
//! It names whom to look at; what the look costs is the check's business.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::look;
use crate::case::Case;
use crate::period::Period;
use crate::time::Instant;

/// A dealer on a month's follow-up list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The dealer.
    pub dealer: String,
    /// Its oldest failure in the month before.
    pub failed_at: Instant,
}

/// The follow-up list of the month that `on` lies in: every dealer with a failure in the month before that is not
/// excused and counts under the policy in force on `on`; the oldest failure first, of equal ones the smaller code.
pub fn owed(case: &Case, on: Date) -> Vec<Owed> {
    let Some(version) = case.version(on) else { return Vec::new() };
    let terms = &version.policy.spot_check;
    let month = Period::of(on).previous();
    let mut oldest: BTreeMap<&str, Instant> = BTreeMap::new();
    for row in &case.facts.inspections {
        let failed = look(case, row).filter(|look| look.is_failure() && Period::of(look.on) == month);
        if failed.is_some() && terms.counts(row) {
            let at = oldest.entry(case.text(row.dealer)).or_insert(row.inspected_at);
            *at = row.inspected_at.min(*at);
        }
    }
    let mut owed: Vec<Owed> =
        oldest.into_iter().map(|(dealer, failed_at)| Owed { dealer: dealer.to_owned(), failed_at }).collect();
    owed.sort_by_key(|owed| owed.failed_at); // stable: of equal ones the smaller code stays first
    owed
}

/// Whom a day's plan follows up: the first `daily` of the list who can be looked at today and are not drawn, and whom
/// no earlier follow-up of the month has seen. Those whom one has tried in vain come after all the others.
pub fn choose(
    owed: &[Owed],
    can_be_seen: impl Fn(&str) -> bool,
    seen: &BTreeSet<String>,
    tried: &BTreeSet<String>,
    daily: usize,
) -> Vec<String> {
    let open = || owed.iter().filter(|owed| can_be_seen(&owed.dealer) && !seen.contains(&owed.dealer));
    let fresh = open().filter(|owed| !tried.contains(&owed.dealer));
    let again = open().filter(|owed| tried.contains(&owed.dealer));
    fresh.chain(again).take(daily).map(|owed| owed.dealer.clone()).collect()
}
