//! Judging the same facts under several policies: what each of them finds. Facts are read once, however many policies there
//! are; nothing is posted or kept.

use std::thread;

use farsight_rulebook::case::{Ground, Judged, month_of_unit};
use farsight_rulebook::checks::{Check, custom, retention};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::Found;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use farsight_store::sums::From;
use farsight_store::{Database, Tx};

use super::{UNITS_AT_A_TIME, checks_named, facts_of_units, judge, network, shards};
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

/// Judges all facts under each ground; `each` is given what a piece of the network found, in the order of the grounds.
pub(crate) fn judge_under(
    tx: &mut Tx,
    basis: Basis,
    mut each: impl FnMut(&Facts, &[Found]) -> Result<(), ControlError>,
) -> Result<(), ControlError> {
    let (of_network, by_dealer): (Vec<_>, Vec<_>) =
        checks_named(&[])?.into_iter().partition(|check| check.of_network);
    tx.look_at_all()?;
    by_shard(tx, basis, &by_dealer, &mut each)?;
    for check in of_network {
        of_network_check(tx, basis, check, &mut each)?;
    }
    Ok(())
}

type Each<'e> = dyn FnMut(&Facts, &[Found]) -> Result<(), ControlError> + 'e;

/// While one shard is judged, a session beside this one reads the next.
fn by_shard(
    tx: &mut Tx,
    basis: Basis,
    checks: &[&'static Check],
    each: &mut Each,
) -> Result<(), ControlError> {
    let Some(ground) = basis.grounds.first() else { return Ok(()) };
    let of = shards::Basis { database: basis.database, ground, as_of: basis.as_of, checks };
    shards::read_all(tx, of, |_, mut facts, dealers| {
        let codes = dealers.iter().map(|dealer| facts.codes.keep(dealer)).collect();
        let judged = Judged::Dealers(codes);
        let found = under_all(basis, |ground| judge(&facts, ground, basis.as_of, judged.clone(), checks))?;
        each(&facts, &found)
    })
}

fn of_network_check(
    tx: &mut Tx,
    basis: Basis,
    check: &'static Check,
    each: &mut Each,
) -> Result<(), ControlError> {
    let Some(ground) = basis.grounds.first() else { return Ok(()) };
    let (first, last) = basis.months;
    let mut units = network::all_units(tx, check, (basis.grounds, basis.as_of))?;
    units.retain(|unit| month_of_unit(unit).is_none_or(|month| (first..=last).contains(&month)));
    let (_, units) = network::resting(units, &ground.zone, basis.as_of);
    for units in network::chunks(units, UNITS_AT_A_TIME) {
        let read = |tx: &mut Tx, ground| facts_of_units(tx, check, &units, (ground, basis.as_of), From::Now);
        let facts = read(tx, ground)?;
        let judged = Judged::Units(units.iter().cloned().collect());
        let found = if [retention::NAME, custom::NAME].contains(&check.name) {
            // By when a vehicle is away, and what own rules count, is the policy's to say: other facts under each.
            let mut found = vec![judge(&facts, ground, basis.as_of, judged.clone(), &[check])?];
            for ground in &basis.grounds[1..] {
                let facts = read(tx, ground)?;
                found.push(judge(&facts, ground, basis.as_of, judged.clone(), &[check])?);
            }
            found
        } else {
            under_all(basis, |ground| judge(&facts, ground, basis.as_of, judged.clone(), &[check]))?
        };
        each(&facts, &found)?;
    }
    Ok(())
}

/// Judges under each ground, on as many threads as there are.
fn under_all(
    basis: Basis,
    judge: impl Fn(&Ground) -> Result<Found, ControlError> + Sync,
) -> Result<Vec<Found>, ControlError> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = basis.grounds.len().div_ceil(threads).max(1);
    let judge = &judge;
    thread::scope(|scope| {
        let shares: Vec<_> = basis
            .grounds
            .chunks(share)
            .map(|grounds| scope.spawn(move || grounds.iter().map(judge).collect::<Result<Vec<_>, _>>()))
            .collect();
        let mut found = Vec::with_capacity(basis.grounds.len());
        for share in shares {
            found.extend(share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(found)
    })
}
