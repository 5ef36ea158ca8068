//! Homes of vehicles at months' ends (rulebook 4.10): for how many days each had not been seen there, whatever a policy calls
//! away.

use std::collections::{BTreeMap, HashMap};

use farsight_rulebook::facts::Facts;
use farsight_rulebook::period::Period;
use farsight_rulebook::sums::{HomeVehicles, home_at};
use farsight_rulebook::time::day_number;
use jiff::civil::Date;

use super::{From, Kind, begin, kept};
use crate::{StoreError, Tx};

/// Counts and keeps the months that are not kept yet.
pub fn keep_homes(tx: &mut Tx, months: &[Period], zone: &str) -> Result<(), StoreError> {
    let mut missing = Vec::new();
    for month in months {
        if begin(tx, Kind::Homes, *month)? {
            missing.push(*month);
        }
    }
    let homes = count(tx, &missing, zone)?;
    tx.stage("month date, dealer_code text, idle text", |rows| -> Result<(), StoreError> {
        for home in homes.all() {
            let row = rows.row().map_err(|error| StoreError::Gone(error.to_string()))?;
            row.date(home.month.first_day()).text(home.dealer).text(&home.listed());
        }
        Ok(())
    })?;
    let tenant = tx.tenant();
    tx.execute(&format!(
        "INSERT INTO home_sums (tenant_id, month, dealer_code, idle)
         SELECT {tenant}, month, dealer_code, idle::smallint[] FROM pg_temp.staging"
    ))?;
    Ok(())
}

/// Reads the homes of months, away by these days.
pub fn homes(
    tx: &mut Tx,
    facts: &mut Facts,
    months: &[(Period, i64)],
    from: From,
    zone: &str,
) -> Result<(), StoreError> {
    let there = match from {
        From::Kept => months.iter().map(|(month, _)| *month).collect(),
        From::KeptOrNow => kept(tx, Kind::Homes, zone)?,
        From::Now => Vec::new(),
    };
    let (kept, missing): (Vec<_>, Vec<_>) = months.iter().partition(|(month, _)| there.contains(month));
    let mut sums = facts.sums.take().unwrap_or_default();
    for (month, away_days) in kept {
        // The buckets' bounds are the days themselves: a vehicle is in one at or below `away_days`, or away.
        let query = format!(
            "SELECT dealer_code, cardinality(idle)::bigint AS vehicles,
                 (cardinality(idle) - width_bucket({away_days}::smallint, idle))::bigint AS away
             FROM home_sums WHERE month = date '{}'",
            month.first_day()
        );
        tx.read(&query, |row| {
            let dealer = facts.codes.keep(row.text());
            sums.homes.push(HomeVehicles { dealer, month, vehicles: row.big(), away: row.big() });
        })?;
    }
    let away_days: BTreeMap<Period, i64> = missing.into_iter().collect();
    for home in count(tx, &away_days.keys().copied().collect::<Vec<_>>(), zone)?.all() {
        let (dealer, month) = (facts.codes.keep(home.dealer), home.month);
        let most = away_days.get(&month).copied().unwrap_or(i64::MAX);
        let away = home.idle.iter().filter(|days| i64::from(**days) > most).count() as i64;
        sums.homes.push(HomeVehicles { dealer, month, vehicles: home.idle.len() as i64, away });
    }
    facts.sums = Some(sums);
    Ok(())
}

/// Counts months by one walk over the vehicles with their visits.
fn count(tx: &mut Tx, months: &[Period], zone: &str) -> Result<Homes, StoreError> {
    let mut homes = Homes { months: months.to_vec(), ..Homes::default() };
    let (Some(first), Some(last)) = (months.iter().min(), months.iter().max()) else { return Ok(homes) };
    let query = if first == last { latest_visits(tx, *last, zone) } else { all_visits(tx, *last, zone) };
    tx.by_plan_of_all(|tx| {
        tx.read(&query, |row| {
            let (vin, sold_on, seller) = (row.text(), row.date(), row.text_or());
            let visit = row.date_or().zip(row.text_or());
            homes.row(vin, sold_on, seller, visit);
        })
    })?;
    homes.count();
    Ok(homes)
}

/// Every vehicle sold by a month's end with each of its visits since it was sold, by time and then id.
fn all_visits(tx: &Tx, last: Period, zone: &str) -> String {
    let (holds, last, next) = (tx.holds(), last.last_day(), last.next().first_day());
    format!(
        "SELECT v.vin, v.sold_on, v.dealer_code AS seller, (o.completed_at AT TIME ZONE '{zone}')::date AS visited_on, o.dealer_code
         FROM (SELECT t.vin, t.sold_on, t.dealer_code FROM vehicles t WHERE {holds} AND t.sold_on <= date '{last}') AS v
         LEFT JOIN (SELECT t.vin, t.dealer_code, t.completed_at, t.work_order_id FROM work_orders t
                    WHERE {holds} AND t.completed_at < (timestamp '{next}' AT TIME ZONE '{zone}')) AS o
             ON o.vin = v.vin AND o.completed_at >= (v.sold_on::timestamp AT TIME ZONE '{zone}')
         ORDER BY v.vin, o.completed_at, o.work_order_id COLLATE \"C\""
    )
}

/// The same with the latest visit alone, looked up vehicle by vehicle: all that one month asks for.
fn latest_visits(tx: &Tx, month: Period, zone: &str) -> String {
    let (holds, last, next) = (tx.holds(), month.last_day(), month.next().first_day());
    format!(
        "SELECT v.vin, v.sold_on, v.dealer_code AS seller, (o.completed_at AT TIME ZONE '{zone}')::date AS visited_on, o.dealer_code
         FROM (SELECT t.vin, t.sold_on, t.dealer_code FROM vehicles t WHERE {holds} AND t.sold_on <= date '{last}') AS v
         LEFT JOIN LATERAL (
             SELECT t.dealer_code, t.completed_at FROM work_orders t
             WHERE {holds} AND t.vin = v.vin AND t.completed_at >= (v.sold_on::timestamp AT TIME ZONE '{zone}')
               AND t.completed_at < (timestamp '{next}' AT TIME ZONE '{zone}')
             ORDER BY t.completed_at DESC, t.work_order_id COLLATE \"C\" DESC LIMIT 1) AS o ON true"
    )
}

/// What a dealer was the home of at a month's end.
struct Home<'h> {
    month: Period,
    dealer: &'h str,
    /// Of each vehicle, the days since its last visit, ascending.
    idle: Vec<i16>,
}

impl Home<'_> {
    /// The days as the database reads an array.
    fn listed(&self) -> String {
        let listed: Vec<String> = self.idle.iter().map(ToString::to_string).collect();
        format!("{{{}}}", listed.join(","))
    }
}

/// The number of a dealer in a walk.
type Dealer = usize;

/// A vehicle whose visits are being gathered.
struct Vehicle {
    vin: String,
    sold_on: Date,
    seller: Option<Dealer>,
}

/// A walk over vehicles and their visits, and what it has counted.
#[derive(Default)]
struct Homes {
    months: Vec<Period>,
    numbers: HashMap<String, Dealer>,
    dealers: Vec<String>,
    vehicle: Option<Vehicle>,
    visits: Vec<(Date, Dealer)>,
    /// By dealer and month.
    idle: Vec<Vec<Vec<i16>>>,
}

impl Homes {
    fn row(&mut self, vin: &str, sold_on: Date, seller: Option<&str>, visit: Option<(Date, &str)>) {
        if self.vehicle.as_ref().is_none_or(|vehicle| vehicle.vin != vin) {
            self.count();
            let seller = seller.map(|dealer| self.number(dealer));
            self.vehicle = Some(Vehicle { vin: vin.to_owned(), sold_on, seller });
        }
        if let Some((on, dealer)) = visit {
            let dealer = self.number(dealer);
            self.visits.push((on, dealer));
        }
    }

    fn number(&mut self, dealer: &str) -> Dealer {
        if let Some(number) = self.numbers.get(dealer) {
            return *number;
        }
        let number = self.dealers.len();
        self.numbers.insert(dealer.to_owned(), number);
        self.dealers.push(dealer.to_owned());
        self.idle.push(vec![Vec::new(); self.months.len()]);
        number
    }

    /// Counts the vehicle at hand at every month's end.
    fn count(&mut self) {
        let Some(Vehicle { sold_on, seller, .. }) = self.vehicle.take() else { return };
        for (index, month) in self.months.iter().enumerate() {
            let last = month.last_day();
            if sold_on > last {
                continue;
            }
            let (seen_on, Some(dealer)) = home_at(last, sold_on, seller, &self.visits) else { continue };
            let days = day_number(last) - day_number(seen_on);
            self.idle[dealer][index].push(i16::try_from(days).unwrap_or(i16::MAX)); // beyond what any policy asks for
        }
        self.visits.clear();
    }

    fn all(&self) -> impl Iterator<Item = Home<'_>> {
        self.dealers.iter().zip(&self.idle).flat_map(|(dealer, months)| {
            let counted = self.months.iter().zip(months).filter(|(_, idle)| !idle.is_empty());
            counted.map(move |(month, idle)| {
                let mut idle = idle.clone();
                idle.sort_unstable();
                Home { month: *month, dealer, idle }
            })
        })
    }
}
