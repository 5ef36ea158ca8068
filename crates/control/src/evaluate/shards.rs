//! A whole run, shard after shard of dealers.

use farsight_rulebook::case::{Ground, Judged};
use farsight_rulebook::checks::{Check, bay_turnover, certification, complaint, repeat_repair, spot_check};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::{Found, Wake};
use farsight_rulebook::time::Instant;
use farsight_store::facts::read::{self, Wanted, Which};
use farsight_store::ledger::Posting;
use farsight_store::{Tx, runs};

use super::{Run, reconcile};
use crate::ControlError;

/// About how many work orders a shard holds: what bounds the memory of a run.
const ORDERS_A_SHARD: i64 = 1_200_000;

/// Judges everything of some checks.
pub(super) fn judge_all(
    tx: &mut Tx,
    ground: &Ground,
    as_of: Instant,
    checks: &[&'static Check],
    mut each: impl FnMut(&mut Tx, &Facts, Found) -> Result<(), ControlError>,
) -> Result<u64, ControlError> {
    let mut common = Facts::default();
    read::network(tx, &mut common)?;
    let reads = |names: &[&str]| checks.iter().any(|check| names.contains(&check.name));
    if reads(&[certification::NAME]) {
        read::staff(tx, &mut common)?;
    }
    if reads(&[bay_turnover::NAME]) {
        read::customer_base(tx, &mut common)?;
    }
    let mut facts_read = common.len() as u64;
    let dealers = read::dealer_codes(tx)?;
    let shards = (read::estimated_work_orders(tx)? / ORDERS_A_SHARD + 1) as usize;
    for shard in dealers.chunks(dealers.len().div_ceil(shards).max(1)) {
        let which = if shard.len() == dealers.len() { Which::All } else { Which::OfDealers };
        let mut facts = common.clone();
        tx.want(&Wanted::codes(shard.iter().map(String::as_str)))?;
        if reads(&[spot_check::NAME]) {
            read::inspections(tx, &mut facts, which)?;
        }
        if reads(&[complaint::NAME, repeat_repair::NAME]) {
            read::complaints(tx, &mut facts, which)?;
        }
        if reads(&[complaint::NAME]) {
            read::complaint_events(tx, &mut facts, which)?;
        }
        if reads(&[certification::NAME, repeat_repair::NAME]) {
            read::work_orders(tx, &mut facts, which, ground.zone.name())?;
        }
        if reads(&[repeat_repair::NAME]) {
            read::support_requests(tx, &mut facts, which)?;
        }
        facts_read += (facts.len() - common.len()) as u64;
        let codes = shard.iter().map(|dealer| facts.codes.keep(dealer)).collect();
        let found = super::judge(&facts, ground, as_of, Judged::Dealers(codes), checks)?;
        facts.work_orders = Vec::new();
        facts.complaint_events = Vec::new();
        facts.inspections = Vec::new();
        each(tx, &facts, found)?;
    }
    Ok(facts_read)
}

/// Judges everything of some checks and reconciles.
pub(super) fn judge(run: &mut Run, tx: &mut Tx, checks: &[&'static Check], posting: Posting) -> Result<(), ControlError> {
    if checks.is_empty() {
        return Ok(());
    }
    let mut wakes: Vec<Wake> = Vec::new();
    let mut outcome = std::mem::take(&mut run.outcome);
    let facts = judge_all(tx, &run.ground, run.as_of, checks, |tx, facts, mut found| {
        wakes.append(&mut found.wakes);
        reconcile::reconcile_into(&mut outcome, run, tx, checks, facts, &found, reconcile::Among::Dealers, posting)
    })?;
    outcome.facts += facts;
    run.outcome = outcome;
    for check in checks {
        runs::set_wakes(tx, check.name, None, &wakes)?;
    }
    Ok(())
}
