//! The months of entries, and the moments at which they say they were judged: what cannot have been is told. A charge's month is
//! its date's; nobody judges by what comes after the posting; and a run has one as-of instant, one posting and one newest policy
//! version, not older than that of the run before.

use std::collections::{BTreeMap, HashMap};

use farsight_rulebook::time::Instant;

use super::{Books, Verification};
use crate::books::{Entry, Judged};
use crate::fault::{Fault, What};
use crate::judging::Moment;
use crate::names;

pub(super) fn verify(work: &mut Verification, books: &Books) {
    for (file, entries) in [(names::ENTRIES, &books.entries), (names::REVERSED, &books.reversed)] {
        entries.values().for_each(|entry| month(work, file, entry));
    }
    for entry in books.entries.values() {
        after_its_charge(work, books, entry);
    }
    let mut runs = Runs::default();
    for judged in &books.judged {
        let entry = books.entry(judged.entry_id);
        if let Some((entry, moment)) = entry.zip(judged.moment()) {
            before_posting(work, entry, moment);
            runs.add(work, (entry, judged), moment);
        }
    }
    runs.in_order(work);
}

/// The month of its date, and settled in that month or later.
fn month(work: &mut Verification, file: &str, entry: &Entry) {
    let origin = entry.occurred_on.get(..7).unwrap_or_default();
    let differ = |expected: String, found: String| {
        Fault::of(What::ChargeDiffers, file, expected, found).entry(entry.id)
    };
    if entry.origin_period != origin {
        work.fault(differ(format!("origin month {origin}"), format!("origin month {}", entry.origin_period)));
    }
    if *entry.period < *origin {
        work.fault(differ(format!("period {origin} or later"), format!("period {}", entry.period)));
    }
}

fn after_its_charge(work: &mut Verification, books: &Books, entry: &Entry) {
    let charge = entry.reverses.and_then(|charge| books.entry(charge));
    if let Some(charge) = charge.filter(|charge| entry.posted_at <= charge.posted_at) {
        let expected = format!("posted after entry {}, which it takes back", charge.id);
        let found = format!("posted at {}", entry.posted_at);
        work.fault(Fault::of(What::MomentDiffers, names::ENTRIES, expected, found).entry(entry.id));
    }
}

fn before_posting(work: &mut Verification, entry: &Entry, moment: Moment) {
    for (of, at) in [("as of", moment.as_of), ("known at", moment.known_at)] {
        if at > entry.posted_at {
            let expected = format!("{of} {} or earlier, when it was posted", entry.posted_at);
            odd(work, entry.id, expected, format!("{of} {at}"));
        }
    }
    if moment.known_at < entry.posted_at {
        work.report.earlier_knowledge += 1;
    }
}

fn odd(work: &mut Verification, entry: i64, expected: String, found: String) {
    work.fault(Fault::of(What::MomentDiffers, names::JUDGEMENTS, expected, found).entry(entry));
}

/// What all entries of a run have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    posted_at: Instant,
    as_of: Instant,
    newest_policy: i32,
}

impl Run {
    fn told(self) -> String {
        let Self { posted_at, as_of, newest_policy } = self;
        format!("as of {as_of}, posted at {posted_at}, policy versions up to {newest_policy}")
    }
}

/// The runs by number, each with the entry that was seen first of it.
#[derive(Default)]
struct Runs(HashMap<i64, (Run, i64)>);

impl Runs {
    fn add(&mut self, work: &mut Verification, (entry, judged): (&Entry, &Judged), moment: Moment) {
        let Moment { as_of, newest_policy, .. } = moment;
        let run = Run { posted_at: entry.posted_at, as_of, newest_policy };
        let (first, of) = *self.0.entry(judged.run).or_insert((run, entry.id));
        if first != run {
            let expected = format!("{}, as entry {of} of the same run", first.told());
            odd(work, entry.id, expected, run.told());
        }
    }

    /// What a run knew, each later one knows.
    fn in_order(self, work: &mut Verification) {
        let in_order: BTreeMap<Instant, (Run, i64)> =
            self.0.into_values().map(|run| (run.0.posted_at, run)).collect();
        let mut known = 0;
        for (run, entry) in in_order.into_values() {
            if run.newest_policy < known {
                let expected = format!("policy versions up to {known}, which an earlier run knew");
                odd(work, entry, expected, format!("up to {}", run.newest_policy));
            }
            known = known.max(run.newest_policy);
        }
    }
}
