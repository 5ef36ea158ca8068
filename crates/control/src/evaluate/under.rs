//! Judging the same facts under several policies: what each of them finds. Facts are read once, however many policies there
//! are; nothing is posted or kept.

use std::sync::{Mutex, PoisonError};
use std::thread;

use farsight_rulebook::case::{Ground, Judged, month_of_unit};
use farsight_rulebook::checks::{Check, custom, retention};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::Found;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use farsight_store::sums::From;
use farsight_store::{Database, Tx};

use super::{UNITS_AT_A_TIME, checks_named, facts_of_units, judge, network, reads, shards};
use crate::ControlError;

/// What is judged.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'b> {
    /// For a session beside the transaction's, that sees the same.
    pub(crate) database: &'b Database,
    /// The policies, each with the zone and calendar.
    pub(crate) grounds: &'b [Ground],
    /// The as-of instant.
    pub(crate) as_of: Instant,
    /// The months whose units are judged, where a check has units by month of the whole network.
    pub(crate) months: (Period, Period),
}

impl Basis<'_> {
    /// Whether a check finds the same under a ground as under the first.
    fn judges_alike(&self, ground: &Ground, check: &str) -> bool {
        self.grounds.first().is_some_and(|first| first.timeline.judges_alike(&ground.timeline, check))
    }

    /// The checks that a ground has to judge for itself: of the first all.
    fn judged_anew(&self, index: usize, checks: &[&'static Check]) -> Vec<&'static Check> {
        let own =
            |check: &&&'static Check| index == 0 || !self.judges_alike(&self.grounds[index], check.name);
        checks.iter().filter(own).copied().collect()
    }
}

/// Judges all facts under each ground; `each` is given what a piece of the network found, in the order of the grounds, one
/// piece at a time. What is judged over the whole network is read by a session beside the dealers' one, which sees the same.
pub(crate) fn judge_under(
    tx: &mut Tx,
    basis: Basis,
    each: impl FnMut(&Facts, &[Found]) -> Result<(), ControlError> + Send,
) -> Result<(), ControlError> {
    let (of_network, by_dealer): (Vec<_>, Vec<_>) =
        checks_named(&[])?.into_iter().partition(|check| check.of_network);
    let (scope, snapshot) = (tx.scope(), tx.snapshot()?);
    let each = Mutex::new(each);
    let hand = |facts: &Facts, found: &[Found]| {
        let mut each = each.lock().unwrap_or_else(PoisonError::into_inner);
        (*each)(facts, found)
    };
    thread::scope(|threads| {
        let beside = threads.spawn(|| -> Result<(), ControlError> {
            basis.database.session()?.beside(scope, &snapshot, |tx| {
                for check in of_network {
                    of_network_check(tx, basis, check, &hand)?;
                }
                Ok(())
            })
        });
        tx.look_at_all()?;
        let of_dealers = by_shard(tx, basis, &by_dealer, &hand);
        beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(of_dealers)
    })
}

type Each<'e> = dyn Fn(&Facts, &[Found]) -> Result<(), ControlError> + 'e;

/// While one shard is judged, a session beside this one reads the next.
fn by_shard(tx: &mut Tx, basis: Basis, checks: &[&'static Check], each: &Each) -> Result<(), ControlError> {
    let Some(ground) = basis.grounds.first() else { return Ok(()) };
    let of = shards::Basis { database: basis.database, ground, as_of: basis.as_of, checks };
    shards::read_all(tx, of, |_, mut facts, dealers| {
        let codes = dealers.iter().map(|dealer| facts.codes.keep(dealer)).collect();
        let judged = Judged::Dealers(codes);
        let found = under_all(basis, checks, |ground, checks| {
            judge(&facts, ground, basis.as_of, judged.clone(), checks)
        })?;
        each(&facts, &found)
    })
}

fn of_network_check(
    tx: &mut Tx,
    basis: Basis,
    check: &'static Check,
    each: &Each,
) -> Result<(), ControlError> {
    let Some(ground) = basis.grounds.first() else { return Ok(()) };
    let (first, last) = basis.months;
    let mut units = network::all_units(tx, check, (basis.grounds, basis.as_of))?;
    units.retain(|unit| month_of_unit(unit).is_none_or(|month| (first..=last).contains(&month)));
    let (_, units) = network::resting(units, &ground.zone, basis.as_of);
    for units in network::chunks(check, units, UNITS_AT_A_TIME) {
        tx.look_at_few()?;
        // What own rules count is each policy's to say.
        let facts = if check.name == custom::NAME {
            reads::of_own_rules(tx, &units, basis.grounds)?
        } else {
            facts_of_units(tx, check, &units, (ground, basis.as_of), From::KeptOrNow)?
        };
        let judged = Judged::Units(units.iter().cloned().collect());
        let found = if check.name == retention::NAME {
            homes_under_all(tx, basis, &facts, |facts, ground| {
                judge(facts, ground, basis.as_of, judged.clone(), &[check])
            })?
        } else {
            under_all(basis, &[check], |ground, checks| {
                judge(&facts, ground, basis.as_of, judged.clone(), checks)
            })?
        };
        each(&facts, &found)?;
    }
    Ok(())
}

/// By when a vehicle is away is the policy's to say: its sums are others under each. The facts have those of the first.
fn homes_under_all(
    tx: &mut Tx,
    basis: Basis,
    facts: &Facts,
    judge: impl Fn(&Facts, &Ground) -> Result<Found, ControlError>,
) -> Result<Vec<Found>, ControlError> {
    let mut found: Vec<Found> = Vec::with_capacity(basis.grounds.len());
    let mut facts = facts.clone();
    for (index, ground) in basis.grounds.iter().enumerate() {
        if index > 0 {
            if basis.judges_alike(ground, retention::NAME) {
                found.push(Found { findings: found[0].findings.clone(), ..Found::default() });
                continue;
            }
            facts.sums = None;
            reads::homes(tx, &mut facts, (ground, basis.as_of), From::KeptOrNow)?;
        }
        found.push(judge(&facts, ground)?);
    }
    Ok(found)
}

/// Judges under each ground, on as many threads as there are. What a policy leaves as it is in the first is judged once.
fn under_all(
    basis: Basis,
    checks: &[&'static Check],
    judge: impl Fn(&Ground, &[&'static Check]) -> Result<Found, ControlError> + Sync,
) -> Result<Vec<Found>, ControlError> {
    let own: Vec<Vec<&'static Check>> =
        (0..basis.grounds.len()).map(|index| basis.judged_anew(index, checks)).collect();
    let to_judge: Vec<_> = basis.grounds.iter().zip(&own).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = to_judge.len().div_ceil(threads).max(1);
    let judge = &|(ground, checks): &(&Ground, &Vec<&'static Check>)| match checks.as_slice() {
        [] => Ok(Found::default()),
        checks => judge(ground, checks),
    };
    let mut found = thread::scope(|scope| {
        let shares: Vec<_> = to_judge
            .chunks(share)
            .map(|share| scope.spawn(move || share.iter().map(judge).collect::<Result<Vec<_>, _>>()))
            .collect();
        let mut found = Vec::with_capacity(to_judge.len());
        for share in shares {
            found.extend(share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok::<_, ControlError>(found)
    })?;
    if let Some((first, others)) = found.split_first_mut() {
        for (other, own) in others.iter_mut().zip(&own[1..]) {
            let of_first =
                first.findings.iter().filter(|finding| !own.iter().any(|of| of.name == finding.check));
            other.findings.extend(of_first.cloned());
        }
    }
    Ok(found)
}
