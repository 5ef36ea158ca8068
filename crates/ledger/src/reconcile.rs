//! Reconciling: desired charges against live entries (rulebook 3.3).

use std::collections::HashMap;

use farsight_rulebook::finding::PartyKind;
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Seat;
use jiff::civil::Date;

/// What at most one live entry exists of: the finding's family and subject, and the seat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChargeKey {
    /// The clause family.
    pub family: String,
    /// The thing judged.
    pub subject: String,
    /// Who is charged.
    pub seat: Seat,
}

/// What a charge says; a live entry that says the same stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The clause.
    pub clause: String,
    /// What kind of party.
    pub party_kind: PartyKind,
    /// Who.
    pub party: String,
    /// The dealer concerned.
    pub dealer: String,
    /// The local date.
    pub occurred_on: Date,
    /// How much.
    pub amount: Money,
}

/// A charge that facts and policy call for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Its key.
    pub key: ChargeKey,
    /// What it says.
    pub terms: Terms,
    /// What of it alone posts nothing: where it belongs and by what it was judged.
    pub context: Context,
}

/// What a charge carries along without being part of what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The check.
    pub check: &'static str,
    /// The unit it was judged in.
    pub unit: String,
    /// The dealer's region.
    pub region: String,
    /// The policy version.
    pub version: i32,
}

/// An entry that is not reversed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Its id.
    pub entry: i64,
    /// Its key.
    pub key: ChargeKey,
    /// What it says.
    pub terms: Terms,
}

/// What to post.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Postings {
    /// Entries to reverse, by id.
    pub reversals: Vec<Live>,
    /// Charges to post, each after the reversal of its key if there is one.
    pub charges: Vec<Desired>,
    /// How many entries stay.
    pub unchanged: usize,
    /// Penalties not posted because they are older than the policy's limit.
    pub too_late: usize,
}

/// Compares what is desired with what is live. `oldest` gives the earliest date a penalty of this version may have
/// (`late_limit_months`), none for no limit; it holds back penalties, never reversals.
///
/// Each desired key is given once, and so is each live one.
pub fn reconcile(
    desired: Vec<Desired>,
    live: Vec<Live>,
    oldest: impl Fn(&Desired) -> Option<Date>,
) -> Postings {
    let mut postings = Postings::default();
    let mut by_key: HashMap<ChargeKey, Live> =
        live.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
    for charge in desired {
        let entry = by_key.remove(&charge.key);
        if entry.as_ref().is_some_and(|entry| entry.terms == charge.terms) {
            postings.unchanged += 1;
            continue;
        }
        postings.reversals.extend(entry);
        if charge.terms.amount < Money::ZERO
            && oldest(&charge).is_some_and(|oldest| charge.terms.occurred_on < oldest)
        {
            postings.too_late += 1;
        } else {
            postings.charges.push(charge);
        }
    }
    postings.reversals.extend(by_key.into_values());
    postings.reversals.sort_by_key(|entry| entry.entry);
    postings
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn desired(subject: u8, amount: i64, day: i8) -> Desired {
        Desired {
            key: ChargeKey {
                family: "spot-check".into(),
                subject: format!("inspection:I#{subject}"),
                seat: Seat::Dealer,
            },
            terms: Terms {
                clause: "spot-check.first".into(),
                party_kind: PartyKind::Dealer,
                party: "D".into(),
                dealer: "D".into(),
                occurred_on: date(2025, 1, day),
                amount: Money(amount),
            },
            context: Context { check: "spot-check", unit: "D".into(), region: "R".into(), version: 1 },
        }
    }

    fn post(live: &mut Vec<Live>, next: &mut i64, postings: Postings) {
        live.retain(|entry| !postings.reversals.contains(entry));
        for charge in postings.charges {
            *next += 1;
            live.push(Live { entry: *next, key: charge.key, terms: charge.terms });
        }
    }

    #[test]
    fn another_region_or_version_alone_posts_nothing() {
        let before = desired(1, -500, 1);
        let live = Live { entry: 7, key: before.key.clone(), terms: before.terms.clone() };
        let after = Desired {
            context: Context { region: "S".into(), version: 2, ..before.context.clone() },
            ..before
        };
        let postings = reconcile(vec![after], vec![live], |_| None);
        assert_eq!(postings, Postings { unchanged: 1, ..Postings::default() });
    }

    #[test]
    fn old_penalties_are_held_back_and_reversals_never() {
        let live = Live { entry: 1, key: desired(1, -500, 1).key, terms: desired(1, -500, 1).terms };
        let oldest = |_: &Desired| Some(date(2025, 1, 10));
        let changed = reconcile(vec![desired(1, -1_000, 1)], vec![live], oldest);
        assert_eq!((changed.reversals.len(), changed.charges.len(), changed.too_late), (1, 0, 1));
        let young = reconcile(vec![desired(1, -500, 10), desired(2, 300, 1)], Vec::new(), oldest);
        assert_eq!((young.charges.len(), young.too_late), (2, 0), "incentives have no limit");
    }

    proptest! {
        /// Whatever was posted before, the live entries end as desired, and a second run posts nothing.
        #[test]
        fn the_books_converge(runs in prop::collection::vec(prop::collection::btree_map(0_u8..6, (-3_i64..3, 1_i8..4), 0..6), 1..6)) {
            let (mut live, mut next) = (Vec::new(), 0);
            for run in runs {
                let wanted: Vec<_> = run.into_iter().map(|(subject, (amount, day))| desired(subject, amount * 100 + 50, day)).collect();
                let postings = reconcile(wanted.clone(), live.clone(), |_| None);
                post(&mut live, &mut next, postings);
                let mut given: Vec<_> = live.iter().map(|entry| (entry.key.clone(), entry.terms.amount)).collect();
                let mut expected: Vec<_> = wanted.iter().map(|charge| (charge.key.clone(), charge.terms.amount)).collect();
                given.sort();
                expected.sort();
                prop_assert_eq!(given, expected);
                let again = reconcile(wanted, live.clone(), |_| None);
                prop_assert!(again.reversals.is_empty() && again.charges.is_empty());
            }
        }
    }
}
