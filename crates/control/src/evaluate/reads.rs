//! The facts that some units of a check need.

use std::collections::BTreeSet;

use farsight_rulebook::case::{Ground, month_of_unit};
use farsight_rulebook::checks::custom::{Reads, Table};
use farsight_rulebook::checks::{
    Check, bay_turnover, certification, complaint, custom, fault_hotspot, feedback, mystery_shopper,
    repeat_repair, retention, satisfaction, service_clock, spot_check, transparency,
};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use farsight_store::Tx;
use farsight_store::facts::read::{self, Wanted, Which};
use farsight_store::sums::{self, From};

use crate::ControlError;

/// The facts that some units of a check need, as of an instant; sums are those that are kept, or counted now.
pub(crate) fn facts_of_units(
    tx: &mut Tx,
    check: &Check,
    units: &[String],
    basis: (&Ground, Instant),
    from: From,
) -> Result<Facts, ControlError> {
    let mut facts = Facts::default();
    read::network(tx, &mut facts)?;
    beside_network(tx, facts, check, units, basis, from)
}

/// The same with what holds for the whole network, which has been read.
pub(super) fn beside_network(
    tx: &mut Tx,
    mut facts: Facts,
    check: &Check,
    units: &[String],
    (ground, as_of): (&Ground, Instant),
    from: From,
) -> Result<Facts, ControlError> {
    let zone = ground.zone.name();
    match check.name {
        spot_check::NAME => {
            tx.want(&codes(units))?;
            read::inspections(tx, &mut facts, Which::DealerByDealer)?;
        }
        complaint::NAME => {
            tx.want(&codes(units))?;
            read::complaints(tx, &mut facts, Which::ById)?;
            read::complaint_events(tx, &mut facts, Which::ById)?;
        }
        certification::NAME => {
            read::staff(tx, &mut facts)?;
            if units.iter().any(|unit| unit.contains('@')) {
                tx.want(&dealer_days(units))?;
                read::work_orders(tx, &mut facts, Which::OfDealerDays, zone)?;
            }
        }
        bay_turnover::NAME => read::customer_base(tx, &mut facts)?,
        repeat_repair::NAME => of_vehicles(tx, &mut facts, units, zone)?,
        service_clock::NAME => {
            tx.want(&dealer_days(units))?;
            read::work_orders(tx, &mut facts, Which::OfDealerWork, zone)?;
            facts.work_orders.sort_unstable_by_key(|order| order.work_order);
            facts.work_orders.dedup_by_key(|order| order.work_order);
            read::of_orders(tx, &mut facts)?;
        }
        satisfaction::NAME => {
            let wanted = answered(tx, units)?;
            tx.want(&wanted)?;
            read::answers(tx, &mut facts, Which::OfDealerDays, zone)?;
        }
        mystery_shopper::NAME => {
            tx.want(&dealers(units))?;
            read::mystery_visits(tx, &mut facts, Which::DealerByDealer)?;
        }
        feedback::NAME => {
            tx.want(&codes(units))?;
            read::feedback(tx, &mut facts, Which::ById)?;
            tx.want(&dealer_days(units))?;
            read::work_orders(tx, &mut facts, Which::OfDealerCompletions, zone)?;
            read::of_orders(tx, &mut facts)?;
        }
        transparency::NAME => {
            tx.want(&dealer_days(units))?;
            read::work_orders(tx, &mut facts, Which::OfDealerCompletions, zone)?;
            read::part_prices(tx, &mut facts)?;
        }
        retention::NAME => homes(tx, &mut facts, (ground, as_of), from)?,
        fault_hotspot::NAME => {
            let months = hotspot_months(units, ground, as_of);
            if from == From::Kept {
                sums::keep_faults(tx, &months, zone)?;
            }
            sums::by_model(tx, &mut facts, &months, from, zone)?;
        }
        custom::NAME => of_custom(tx, &mut facts, units, &Reads::of(&ground.timeline), zone)?,
        _ => {}
    }
    Ok(facts)
}

/// The facts of units of own rules, by whichever of some policies they are judged.
pub(super) fn of_own_rules(tx: &mut Tx, units: &[String], grounds: &[Ground]) -> Result<Facts, ControlError> {
    let mut facts = Facts::default();
    read::network(tx, &mut facts)?;
    let Some(zone) = grounds.first().map(|ground| ground.zone.name()) else { return Ok(facts) };
    let reads = grounds.iter().map(|ground| Reads::of(&ground.timeline)).fold(Reads::default(), Reads::and);
    of_custom(tx, &mut facts, units, &reads, zone)?;
    Ok(facts)
}

/// What a manufacturer's own rules count in some dealers' months, and no more than they name.
pub(crate) fn of_custom(
    tx: &mut Tx,
    facts: &mut Facts,
    units: &[String],
    reads: &Reads,
    zone: &str,
) -> Result<(), ControlError> {
    let has = |table| reads.tables.contains(&table);
    if has(Table::CustomerBase) {
        read::customer_base(tx, facts)?;
    }
    if has(Table::Staff) {
        read::staff(tx, facts)?;
    }
    let wanted = answered(tx, units)?;
    tx.want(&wanted)?;
    if has(Table::Surveys) {
        read::answers(tx, facts, Which::OfDealerDays, zone)?;
    }
    if has(Table::Inspections) {
        read::inspections_of_days(tx, facts, zone)?;
    }
    if has(Table::Feedback) {
        read::feedback_of_days(tx, facts, zone)?;
    }
    if has(Table::Created) {
        read::work_orders(tx, facts, Which::OfDealerDays, zone)?;
    }
    if has(Table::Completed) {
        read::work_orders(tx, facts, Which::OfDealerCompletions, zone)?;
        facts.work_orders.sort_unstable_by_key(|order| order.work_order);
        facts.work_orders.dedup_by_key(|order| order.work_order); // created and completed in months that are judged
    }
    if has(Table::Complaints) {
        read::complaints_of_days(tx, facts, zone)?;
    }
    if has(Table::MysteryVisits) {
        let dealers = concerned(tx, units)?;
        tx.want(&dealers)?;
        read::mystery_visits(tx, facts, Which::DealerByDealer)?;
    }
    if has(Table::Deeds) {
        let complaints = facts.complaints.iter().map(|row| facts.codes.text(row.complaint));
        tx.want(&Wanted::codes(complaints))?;
        read::complaint_events(tx, facts, Which::ById)?;
    }
    if has(Table::Delays) || has(Table::Callbacks) {
        read::of_orders(tx, facts)?;
    }
    Ok(())
}

/// The dealers of units, each once; of a month of the network all.
pub(crate) fn concerned(tx: &mut Tx, units: &[String]) -> Result<Wanted, ControlError> {
    if units.iter().any(|unit| unit.parse::<Period>().is_ok()) {
        let all = read::dealer_codes(tx)?;
        return Ok(Wanted::codes(all.iter().map(String::as_str)));
    }
    Ok(dealers(units))
}

/// The units of a manufacturer's own rules in some months: every dealer's and, where a rule is about regions, the
/// network's.
pub(super) fn custom_units(
    tx: &mut Tx,
    reads: &Reads,
    months: impl Iterator<Item = Period>,
) -> Result<Vec<String>, ControlError> {
    let dealers = read::dealer_codes(tx)?;
    let mut units = Vec::new();
    for month in months {
        units.extend(dealers.iter().map(|dealer| format!("{dealer}@{month}")));
        units.extend(reads.regions.then(|| month.to_string()));
    }
    Ok(units)
}

/// All of them, of every month that has ended since the rules of any of these policies can judge.
fn all_custom_units(tx: &mut Tx, grounds: &[Ground], as_of: Instant) -> Result<Vec<String>, ControlError> {
    let mut units = BTreeSet::new();
    for ground in grounds {
        if let Some(first) = custom::first_month(&ground.timeline) {
            let months = custom::ended(first, &ground.zone, as_of);
            units.extend(custom_units(tx, &Reads::of(&ground.timeline), months)?);
        }
    }
    Ok(units.into_iter().collect())
}

fn codes(units: &[String]) -> Wanted {
    Wanted::codes(units.iter().map(String::as_str))
}

fn of_vehicles(tx: &mut Tx, facts: &mut Facts, units: &[String], zone: &str) -> Result<(), ControlError> {
    let mut wanted = Wanted::default();
    for (dealer, vin) in units.iter().filter_map(|unit| unit.split_once('/')) {
        wanted.push(dealer, vin, None);
    }
    tx.want(&wanted)?;
    read::work_orders(tx, facts, Which::OfVehicles, zone)?;
    read::support_requests(tx, facts, Which::OfVehicles)?;
    read::complaints(tx, facts, Which::OfVehicles)?;
    Ok(())
}

/// The dealers of units, each once.
pub(crate) fn dealers(units: &[String]) -> Wanted {
    let dealers: BTreeSet<&str> = units.iter().filter_map(|unit| Some(unit.split_once('@')?.0)).collect();
    Wanted::codes(dealers)
}

/// The dealers' months and days of units: a day that lies in a month of the same dealer is read with it.
pub(crate) fn dealer_days(units: &[String]) -> Wanted {
    let mut wanted = Wanted::default();
    let parts = || units.iter().filter_map(|unit| unit.split_once('@'));
    let months: BTreeSet<(&str, Period)> =
        parts().filter_map(|(dealer, month)| Some((dealer, month.parse().ok()?))).collect();
    for (dealer, day) in parts() {
        let day: Option<jiff::civil::Date> = day.parse().ok();
        if let Some(day) = day.filter(|day| !months.contains(&(dealer, Period::of(*day)))) {
            wanted.push(dealer, "", Some(day));
        }
    }
    months.into_iter().for_each(|(dealer, month)| wanted.push_month(dealer, month));
    wanted
}

/// The dealers' months of units, of a month of the network every dealer's.
pub(crate) fn answered(tx: &mut Tx, units: &[String]) -> Result<Wanted, ControlError> {
    let network: Vec<Period> = units.iter().filter_map(|unit| unit.parse().ok()).collect();
    let all = if network.is_empty() { Vec::new() } else { read::dealer_codes(tx)? };
    let mut months: BTreeSet<(&str, Period)> = BTreeSet::new();
    for (dealer, month) in units.iter().filter_map(|unit| unit.split_once('@')) {
        months.extend(month.parse().ok().map(|month| (dealer, month)));
    }
    months.extend(network.iter().flat_map(|month| all.iter().map(|dealer| (dealer.as_str(), *month))));
    let mut wanted = Wanted::default();
    months.into_iter().for_each(|(dealer, month)| wanted.push_month(dealer, month));
    Ok(wanted)
}

/// Homes of the months that are judged, away by the days of the policy.
pub(super) fn homes(
    tx: &mut Tx,
    facts: &mut Facts,
    (ground, as_of): (&Ground, Instant),
    from: From,
) -> Result<(), ControlError> {
    let zone = ground.zone.name();
    let months = if sums::has_vehicles(tx)? { home_months(ground, as_of) } else { Vec::new() };
    if from == From::Kept {
        let months: Vec<Period> = months.iter().map(|(month, _)| *month).collect();
        sums::keep_homes(tx, &months, zone)?;
    }
    Ok(sums::homes(tx, facts, &months, from, zone)?)
}

/// The months of homes that are judged, with the days by which vehicles are away.
pub(crate) fn home_months(ground: &Ground, as_of: Instant) -> Vec<(Period, i64)> {
    let last = Period::of(ground.zone.date(as_of)).previous();
    let first = Period::of(ground.timeline.first_judged_day());
    let judged = first.through(last).filter_map(|month| {
        let version = ground.timeline.in_force(month.last_day())?;
        Some((month, version.policy.retention.as_ref()?.away_days))
    });
    judged.collect()
}

/// The months that hotspots of units look at: those that are over, and the six before each.
fn hotspot_months(units: &[String], ground: &Ground, as_of: Instant) -> Vec<Period> {
    let running = Period::of(ground.zone.date(as_of));
    let judged = units.iter().filter_map(|unit| month_of_unit(unit)).filter(|month| *month < running);
    let looked_at = judged.flat_map(|month| {
        (0..=fault_hotspot::MONTHS_BEFORE).filter_map(move |back| Period::from_number(month.number() - back))
    });
    looked_at.collect::<BTreeSet<_>>().into_iter().collect()
}

/// All units of a check that has some of the whole network, besides those it has left traces of.
pub(super) fn units_of(
    tx: &mut Tx,
    check: &Check,
    (grounds, as_of): (&[Ground], Instant),
) -> Result<Vec<String>, ControlError> {
    let Some(ground) = grounds.first() else { return Ok(Vec::new()) };
    let table = match check.name {
        satisfaction::NAME => "surveys",
        fault_hotspot::NAME => "work_orders",
        retention::NAME => return Ok(vec![retention::UNIT.to_owned()]),
        custom::NAME => return all_custom_units(tx, grounds, as_of),
        _ => return Ok(Vec::new()),
    };
    let zone = ground.zone.name();
    let running = Period::of(ground.zone.date(as_of));
    let span = sums::span(tx, table, zone)?;
    let judged = span.into_iter().flat_map(|(first, last)| {
        first.max(Period::of(ground.timeline.first_judged_day())).through(last.min(running))
    });
    let mut months: BTreeSet<Period> = judged.collect();
    let mut units = Vec::new();
    if check.name == satisfaction::NAME {
        let dealers = read::dealer_codes(tx)?;
        units.extend(
            months.iter().flat_map(|month| dealers.iter().map(move |dealer| format!("{dealer}@{month}"))),
        );
    }
    // Of later months, far ones perhaps, only what there is.
    for (dealer, month) in sums::later(tx, table, running, zone)? {
        months.insert(month);
        if check.name == satisfaction::NAME {
            units.push(format!("{dealer}@{month}"));
        }
    }
    units.extend(months.iter().map(ToString::to_string));
    Ok(units)
}
