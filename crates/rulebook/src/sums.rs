//! Sums of months over vehicles and work orders, for what is judged over the whole network (rulebook 4.10, 4.11).
//!
//! They are counted here from the rows; where those are many, whoever gives the facts keeps the same sums and gives them
//! instead. Of a month that is over they do not change with the as-of instant.

use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};
use jiff::civil::Date;

use crate::codes::Code;
use crate::facts::{Facts, Vehicle};
use crate::period::Period;
use crate::time::{Instant, Zone, day_number};

/// The most kilometres at which a fault can be early: what the sums keep.
pub const MOST_EARLY_KM: i64 = 5_000;

/// Vehicles that a dealer was the home of at a month's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HomeVehicles {
    /// The dealer.
    pub dealer: Code,
    /// The month.
    pub month: Period,
    /// How many vehicles.
    pub vehicles: i64,
    /// Those of them whose last visit was too long ago by the policy of the month's last day.
    pub away: i64,
}

/// Vehicles of a model, sold by a month's end, with an order of a fault created in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultyVehicles {
    /// The model.
    pub model: Code,
    /// The fault.
    pub fault: Code,
    /// The month.
    pub month: Period,
    /// How many vehicles.
    pub vehicles: i64,
}

/// The same of any fault, by the least odometer on such an order of the month, up to [`MOST_EARLY_KM`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlyFaults {
    /// The model.
    pub model: Code,
    /// The month.
    pub month: Period,
    /// The least odometer, in kilometres.
    pub km: i64,
    /// How many vehicles.
    pub vehicles: i64,
}

/// Vehicles of a model sold in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoldVehicles {
    /// The model.
    pub model: Code,
    /// The month.
    pub month: Period,
    /// How many vehicles.
    pub vehicles: i64,
}

/// The sums of some months.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Homes of vehicles.
    pub homes: Vec<HomeVehicles>,
    /// Vehicles with faults.
    pub faulty: Vec<FaultyVehicles>,
    /// Vehicles with early faults.
    pub early: Vec<EarlyFaults>,
    /// Vehicles sold.
    pub sold: Vec<SoldVehicles>,
    /// Months in which any order was created.
    pub ordered: BTreeSet<Period>,
}

impl Sums {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.homes.len() + self.faulty.len() + self.early.len() + self.sold.len() + self.ordered.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Vehicles and their visits, from which homes are counted.
pub struct Visits<'f> {
    vehicles: &'f [Vehicle],
    /// Of each vehicle, by time and then id.
    by_vehicle: HashMap<Code, Vec<(Date, Code)>>,
}

/// Where a vehicle sold by then was at home at a month's end, by its visits in the order of time and then id, and the day
/// it was last seen: at its last visit's dealer or, never seen since it was sold, at the selling one, if known.
pub fn home_at<D: Copy>(
    last: Date,
    sold_on: Date,
    seller: Option<D>,
    visits: &[(Date, D)],
) -> (Date, Option<D>) {
    let by_then = visits.partition_point(|(on, _)| *on <= last);
    match by_then.checked_sub(1).map(|index| visits[index]) {
        Some((on, dealer)) if on >= sold_on => (on, Some(dealer)),
        _ => (sold_on, seller),
    }
}

impl<'f> Visits<'f> {
    /// Those of some facts.
    pub fn of(facts: &'f Facts, zone: &Zone) -> Self {
        let sold: HashSet<Code> = facts.vehicles.iter().map(|row| row.vin).collect();
        let mut by_vehicle: HashMap<Code, Vec<(Instant, &str, Code)>> = HashMap::new();
        for order in facts.work_orders.iter().filter(|order| sold.contains(&order.vin)) {
            if let Some(at) = order.completed_at {
                let visit = (at, facts.codes.text(order.work_order), order.dealer);
                by_vehicle.entry(order.vin).or_default().push(visit);
            }
        }
        let in_order = |mut visits: Vec<(Instant, &str, Code)>| {
            visits.sort_unstable();
            visits.into_iter().map(|(at, _, dealer)| (zone.date(at), dealer)).collect()
        };
        let by_vehicle = by_vehicle.into_iter().map(|(vin, visits)| (vin, in_order(visits))).collect();
        Self { vehicles: &facts.vehicles, by_vehicle }
    }

    /// The first month in which a vehicle was sold.
    pub fn first_month(&self) -> Option<Period> {
        self.vehicles.iter().map(|row| Period::of(row.sold_on)).min()
    }

    /// The homes at a month's end; away is a last visit more than `away_days` before its last day.
    pub fn homes(&self, month: Period, away_days: i64) -> Vec<HomeVehicles> {
        let last = month.last_day();
        let mut homes: HashMap<Code, HomeVehicles> = HashMap::new();
        for vehicle in self.vehicles.iter().filter(|row| row.sold_on <= last) {
            let visits = self.by_vehicle.get(&vehicle.vin).map_or(&[][..], Vec::as_slice);
            let (visited_on, Some(dealer)) = home_at(last, vehicle.sold_on, vehicle.dealer, visits) else {
                continue;
            };
            let none = HomeVehicles { dealer, month, vehicles: 0, away: 0 };
            let home = homes.entry(dealer).or_insert(none);
            home.vehicles += 1;
            home.away += i64::from(day_number(last) - day_number(visited_on) > away_days);
        }
        homes.into_values().collect()
    }
}

/// The sums by model, of all months.
pub fn by_model(facts: &Facts, zone: &Zone) -> Sums {
    let vehicles: HashMap<Code, &Vehicle> = facts.vehicles.iter().map(|row| (row.vin, row)).collect();
    let mut sums = Sums::default();
    let mut faulty: HashSet<(Code, Code, Code, Period)> = HashSet::new();
    let mut early: HashMap<(Code, Code, Period), i64> = HashMap::new();
    for order in &facts.work_orders {
        let month = Period::of(zone.date(order.created_at));
        sums.ordered.insert(month);
        let vehicle = vehicles.get(&order.vin).filter(|row| row.sold_on <= month.last_day());
        let Some((vehicle, fault)) = vehicle.zip(order.fault) else { continue };
        faulty.insert((vehicle.model, fault, order.vin, month));
        if let Some(km) = order.odometer_km.filter(|km| *km <= MOST_EARLY_KM) {
            let least = early.entry((vehicle.model, order.vin, month)).or_insert(km);
            *least = km.min(*least);
        }
    }
    let counted = counts(faulty.into_iter().map(|(model, fault, _, month)| (model, fault, month)));
    sums.faulty = counted
        .map(|((model, fault, month), vehicles)| FaultyVehicles { model, fault, month, vehicles })
        .collect();
    let counted = counts(early.into_iter().map(|((model, _, month), km)| (model, month, km)));
    sums.early =
        counted.map(|((model, month, km), vehicles)| EarlyFaults { model, month, km, vehicles }).collect();
    let counted = counts(facts.vehicles.iter().map(|row| (row.model, Period::of(row.sold_on))));
    sums.sold = counted.map(|((model, month), vehicles)| SoldVehicles { model, month, vehicles }).collect();
    sums
}

fn counts<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = K>) -> impl Iterator<Item = (K, i64)> {
    let mut counts: HashMap<K, i64> = HashMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts.into_iter()
}
