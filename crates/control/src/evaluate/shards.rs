//! A whole run, shard after shard of dealers.

use std::sync::mpsc::sync_channel;

use farsight_rulebook::case::{Ground, Judged};
use farsight_rulebook::checks::{
    Check, bay_turnover, certification, complaint, feedback, mystery_shopper, repeat_repair, service_clock,
    spot_check, transparency,
};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::{Found, Wake};
use farsight_rulebook::time::Instant;
use farsight_store::facts::read::{self, Wanted, Which};
use farsight_store::ledger::Posting;
use farsight_store::{Database, Tx, runs};

use super::{Run, reconcile};
use crate::ControlError;

/// About how many work orders a shard holds: what bounds the memory of a run.
const ORDERS_A_SHARD: i64 = 750_000;

/// What a run rests on.
#[derive(Clone, Copy)]
pub(super) struct Basis<'b> {
    pub(super) database: &'b Database,
    pub(super) ground: &'b Ground,
    pub(super) as_of: Instant,
    pub(super) checks: &'b [&'static Check],
}

/// A shard, judged.
pub(super) struct Shard {
    pub(super) facts: Facts,
    pub(super) found: Found,
    /// How many facts it has of its own, and how many all shards have in common.
    read: (u64, u64),
}

/// Judges everything of some checks. While one shard is handed to `each`, a session beside this one, which sees the
/// same, reads and judges the next. Gives how many facts were read.
pub(super) fn judge_all(
    tx: &mut Tx,
    basis: Basis,
    mut each: impl FnMut(&mut Tx, &Facts, Found) -> Result<(), ControlError>,
) -> Result<u64, ControlError> {
    let (mut own_facts, mut common_facts) = (0, 0);
    let judged = |tx: &mut Tx, common: &Facts, shard: &[String]| judge_shard(tx, basis, common, shard);
    by_shard(tx, basis, judged, |tx, judged, shard| {
        let Shard { facts, found, read } = judged;
        own_facts += read.0;
        common_facts = read.1;
        tx.want(&Wanted::codes(shard.iter().map(String::as_str)))?;
        each(tx, &facts, found)
    })?;
    Ok(own_facts + common_facts)
}

/// The same without judging: the facts of each shard.
pub(super) fn read_all(
    tx: &mut Tx,
    basis: Basis,
    mut each: impl FnMut(&mut Tx, Facts, &[String]) -> Result<(), ControlError>,
) -> Result<(), ControlError> {
    let read = |tx: &mut Tx, common: &Facts, shard: &[String]| read_shard(tx, basis, common, shard);
    by_shard(tx, basis, read, |tx, facts, shard| each(tx, facts, shard))
}

/// Makes something of each shard in a session beside this one, which sees the same, while the one before it is handed to
/// `each`.
fn by_shard<T: Send>(
    tx: &mut Tx,
    basis: Basis,
    make: impl Fn(&mut Tx, &Facts, &[String]) -> Result<T, ControlError> + Sync,
    mut each: impl FnMut(&mut Tx, T, &[String]) -> Result<(), ControlError>,
) -> Result<(), ControlError> {
    if basis.checks.is_empty() {
        return Ok(());
    }
    let dealers = read::dealer_codes(tx)?;
    let shards = (read::estimated_work_orders(tx)? / ORDERS_A_SHARD + 1) as usize;
    let size = dealers.len().div_ceil(shards).max(1);
    let (scope, snapshot) = (tx.scope(), tx.snapshot()?);
    std::thread::scope(|threads| {
        // Nothing is kept between the two: one shard is made while another is handed over.
        let (hand_over, take_over) = sync_channel::<Result<T, ControlError>>(0);
        let (dealers, make) = (&dealers, &make);
        threads.spawn(move || {
            let made = || -> Result<(), ControlError> {
                basis.database.session()?.beside(scope, &snapshot, |tx| {
                    tx.look_at_all()?;
                    let common = read_common(tx, basis)?;
                    for shard in dealers.chunks(size) {
                        if hand_over.send(Ok(make(tx, &common, shard)?)).is_err() {
                            break; // the run has failed and says why itself
                        }
                    }
                    Ok(())
                })
            };
            if let Err(error) = made() {
                // Where nobody listens any more, the run has failed and says why itself.
                let _ = hand_over.send(Err(error));
            }
        });
        for (shard, made) in dealers.chunks(size).zip(take_over.iter()) {
            each(tx, made?, shard)?;
        }
        // A failure after the last shard, or instead of one.
        take_over.iter().next().map_or(Ok(()), |last| last.map(|_| ()))
    })
}

fn reads(basis: Basis, names: &[&str]) -> bool {
    basis.checks.iter().any(|check| names.contains(&check.name))
}

/// The facts that every shard needs.
pub(super) fn read_common(tx: &mut Tx, basis: Basis) -> Result<Facts, ControlError> {
    let mut common = Facts::default();
    read::network(tx, &mut common)?;
    if reads(basis, &[certification::NAME]) {
        read::staff(tx, &mut common)?;
    }
    if reads(basis, &[bay_turnover::NAME]) {
        read::customer_base(tx, &mut common)?;
    }
    Ok(common)
}

/// Reads and judges one shard of dealers.
pub(super) fn judge_shard(
    tx: &mut Tx,
    basis: Basis,
    common: &Facts,
    shard: &[String],
) -> Result<Shard, ControlError> {
    let mut facts = read_shard(tx, basis, common, shard)?;
    let read = ((facts.len() - common.len()) as u64, common.len() as u64);
    let codes = shard.iter().map(|dealer| facts.codes.keep(dealer)).collect();
    let found = super::judge(&facts, basis.ground, basis.as_of, Judged::Dealers(codes), basis.checks)?;
    // Only the texts of the findings are needed from here on.
    let facts = Facts { codes: std::mem::take(&mut facts.codes), ..Facts::default() };
    Ok(Shard { facts, found, read })
}

/// The facts that one shard of dealers needs, with those that every shard does.
fn read_shard(tx: &mut Tx, basis: Basis, common: &Facts, shard: &[String]) -> Result<Facts, ControlError> {
    let mut facts = common.clone();
    tx.want(&Wanted::codes(shard.iter().map(String::as_str)))?;
    if reads(basis, &[spot_check::NAME]) {
        read::inspections(tx, &mut facts, Which::OfDealers)?;
    }
    if reads(basis, &[complaint::NAME, repeat_repair::NAME]) {
        read::complaints(tx, &mut facts, Which::OfDealers)?;
    }
    if reads(basis, &[complaint::NAME]) {
        read::complaint_events(tx, &mut facts, Which::OfDealers)?;
    }
    let by_order =
        [certification::NAME, repeat_repair::NAME, service_clock::NAME, feedback::NAME, transparency::NAME];
    if reads(basis, &by_order) {
        read::work_orders(tx, &mut facts, Which::OfDealers, basis.ground.zone.name())?;
    }
    if reads(basis, &[repeat_repair::NAME]) {
        read::support_requests(tx, &mut facts, Which::OfDealers)?;
    }
    if reads(basis, &[service_clock::NAME]) {
        read::delays(tx, &mut facts, Which::OfDealers)?;
    }
    if reads(basis, &[feedback::NAME]) {
        read::feedback(tx, &mut facts, Which::OfDealers)?;
        read::callbacks(tx, &mut facts, Which::OfDealers)?;
    }
    if reads(basis, &[mystery_shopper::NAME]) {
        read::mystery_visits(tx, &mut facts, Which::OfDealers)?;
    }
    if reads(basis, &[transparency::NAME]) {
        read::part_prices(tx, &mut facts)?;
    }
    Ok(facts)
}

/// Judges everything of some checks and reconciles.
pub(super) fn judge(
    run: &mut Run,
    tx: &mut Tx,
    checks: &[&'static Check],
    posting: Posting,
) -> Result<(), ControlError> {
    if checks.is_empty() {
        return Ok(());
    }
    let mut wakes: Vec<Wake> = Vec::new();
    let mut tally = std::mem::take(&mut run.tally);
    let basis = Basis { database: &run.database, ground: &run.ground, as_of: run.as_of, checks };
    let facts = judge_all(tx, basis, |tx, facts, mut found| {
        wakes.append(&mut found.wakes);
        reconcile::reconcile_into(
            &mut tally,
            run,
            tx,
            checks,
            facts,
            &found,
            reconcile::Among::Dealers,
            posting,
        )
    })?;
    tally.outcome.facts += facts;
    run.tally = tally;
    for check in checks {
        runs::set_wakes(tx, check.name, None, &wakes)?;
    }
    Ok(())
}
