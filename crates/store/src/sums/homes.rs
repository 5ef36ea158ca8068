//! Homes of vehicles at months' ends (rulebook 4.10): for how many days each had not been seen there, whatever a policy calls
//! away.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::period::Period;
use farsight_rulebook::sums::{HomeVehicles, home_at};
use farsight_rulebook::time::day_number;
use jiff::civil::Date;

use super::changes::{Changed, Changes, holds_now, seen_in};
use super::{From, Kind, begin, changes, kept, months_kept, unseen};
use crate::reading::Values;
use crate::{StoreError, Tx};

/// Counts and keeps the months that are not kept yet: after one that is kept by the vehicles seen since, the others by one
/// walk.
pub fn keep_homes(tx: &mut Tx, months: &[Period], zone: &str) -> Result<(), StoreError> {
    let mut there = months_kept(tx, Kind::Homes)?;
    let mut missing = Vec::new();
    for month in months.iter().copied().collect::<BTreeSet<_>>() {
        if there.contains(&month) {
            continue;
        }
        begin(tx, Kind::Homes, month)?;
        if there.contains(&month.previous()) && keep_next(tx, month, zone)? {
            there.insert(month);
        } else {
            missing.push(month);
        }
    }
    let homes = count(tx, &missing, zone)?;
    write(tx, homes.all().map(|home| ((home.month, home.dealer.to_owned()), home.idle)))
}

/// The days of homes by their month and dealer.
type Idle = BTreeMap<(Period, String), Vec<i16>>;

/// Keeps a month that follows one that is kept: what did not come and was not sold in it is still where it was, seen so
/// many days longer ago. False: too many did.
fn keep_next(tx: &mut Tx, month: Period, zone: &str) -> Result<bool, StoreError> {
    if !seen_in(tx, month, zone)? {
        return Ok(false);
    }
    let previous = month.previous();
    let changed = tx.by_plan_of_few(|tx| count_changed(tx, &holds_now, &[previous, month], zone))?;
    let days = month.last_day().day().into();
    let later = |idle: &[i16]| idle.iter().map(|days_before| days_before.saturating_add(days)).collect();
    let mut homes: Idle = BTreeMap::new();
    let query = format!(
        "SELECT dealer_code, idle::text FROM home_sums WHERE month = date '{}'",
        previous.first_day()
    );
    tx.read(&query, |row| {
        let dealer = row.text().to_owned();
        homes.insert((month, dealer), later(&listed(row.text())));
    })?;
    for home in changed.all() {
        let idle = homes.entry((month, home.dealer.to_owned())).or_default();
        if home.month == previous {
            take_away(idle, &later(&home.idle));
        } else {
            idle.extend(home.idle);
        }
    }
    write(tx, homes.into_iter())?;
    Ok(true)
}

/// Brings months that are kept up to what imports have changed: where each of the changed vehicles was at home before them is
/// taken away, and where it is now is added.
pub(super) fn follow(
    tx: &mut Tx,
    changes: &Changes,
    months: &BTreeSet<Period>,
    zone: &str,
) -> Result<(), StoreError> {
    let differences = differences(tx, changes, months, zone)?;
    tx.stage("month date, dealer_code text", |rows| -> Result<(), StoreError> {
        for (month, dealer) in differences.keys() {
            let row = rows.row().map_err(|error| StoreError::Gone(error.to_string()))?;
            row.date(month.first_day()).text(dealer);
        }
        Ok(())
    })?;
    let mut homes: Idle = differences.keys().map(|key| (key.clone(), Vec::new())).collect();
    let query = "SELECT s.month, s.dealer_code, k.idle FROM pg_temp.staging s CROSS JOIN LATERAL (
                     SELECT h.idle::text FROM home_sums h WHERE h.month = s.month AND h.dealer_code = s.dealer_code OFFSET 0) AS k";
    tx.read(query, |row| {
        let key = (Period::of(row.date()), row.text().to_owned());
        homes.insert(key, listed(row.text()));
    })?;
    for (key, difference) in differences {
        let idle = homes.entry(key).or_default();
        take_away(idle, &difference.before);
        idle.extend(difference.now);
    }
    write(tx, homes.into_iter())
}

/// Of the changed vehicles, those at home at a dealer at a month's end.
#[derive(Default)]
struct Difference {
    before: Vec<i16>,
    now: Vec<i16>,
}

/// Differences by month and dealer.
type Differences = BTreeMap<(Period, String), Difference>;

/// What imports change of months, where they do.
fn differences(
    tx: &mut Tx,
    changes: &Changes,
    months: &BTreeSet<Period>,
    zone: &str,
) -> Result<Differences, StoreError> {
    let months: Vec<Period> = months.range(changes.since..).copied().collect();
    let (before, now) = tx.by_plan_of_few(|tx| {
        let before = count_changed(tx, &|fact| changes.held_before(fact), &months, zone)?;
        Ok((before, count_changed(tx, &holds_now, &months, zone)?))
    })?;
    let mut differences = Differences::new();
    for home in before.all() {
        differences.entry((home.month, home.dealer.to_owned())).or_default().before = home.idle;
    }
    for home in now.all() {
        differences.entry((home.month, home.dealer.to_owned())).or_default().now = home.idle;
    }
    differences.retain(|_, difference| difference.before != difference.now);
    Ok(differences)
}

/// Takes some days away, each once.
fn take_away(from: &mut Vec<i16>, days: &[i16]) {
    let mut left: HashMap<i16, usize> = HashMap::new();
    for days in days {
        *left.entry(*days).or_default() += 1;
    }
    from.retain(|days| match left.get_mut(days) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
}

/// Keeps homes in place of those that are kept of the same months and dealers; where nobody is at home any more, there is
/// nothing to keep.
fn write(tx: &mut Tx, homes: impl Iterator<Item = ((Period, String), Vec<i16>)>) -> Result<(), StoreError> {
    let mut deserted = false;
    let written = tx.stage("month date, dealer_code text, idle text", |rows| -> Result<(), StoreError> {
        for ((month, dealer), mut idle) in homes {
            deserted |= idle.is_empty();
            idle.sort_unstable();
            let row = rows.row().map_err(|error| StoreError::Gone(error.to_string()))?;
            row.date(month.first_day()).text(&dealer).text(&list(&idle));
        }
        Ok(())
    })?;
    if written > 0 {
        let tenant = tx.tenant();
        tx.execute(&format!(
            "INSERT INTO home_sums (tenant_id, month, dealer_code, idle)
             SELECT {tenant}, month, dealer_code, idle::smallint[] FROM pg_temp.staging
             ON CONFLICT (tenant_id, month, dealer_code) DO UPDATE SET idle = excluded.idle"
        ))?;
    }
    if deserted {
        tx.execute("DELETE FROM home_sums WHERE idle = '{}'")?;
    }
    Ok(())
}

/// The days as the database reads an array.
fn list(idle: &[i16]) -> String {
    let listed: Vec<String> = idle.iter().map(ToString::to_string).collect();
    format!("{{{}}}", listed.join(","))
}

/// The days of an array as the database writes it.
fn listed(idle: &str) -> Vec<i16> {
    let within = idle.trim_start_matches('{').trim_end_matches('}');
    within.split(',').filter_map(|days| days.parse().ok()).collect()
}

/// Reads the homes of months, away by these days.
pub fn homes(
    tx: &mut Tx,
    facts: &mut Facts,
    months: &[(Period, i64)],
    from: From,
    zone: &str,
) -> Result<(), StoreError> {
    let asked: BTreeMap<Period, i64> = months.iter().copied().collect();
    let (there, differences) = match from {
        From::Kept => (asked.keys().copied().collect(), BTreeMap::new()),
        From::KeptOrNow => kept_and_changed(tx, &asked, zone)?,
        From::Now => (BTreeSet::new(), BTreeMap::new()),
    };
    let mut homes: BTreeMap<(Period, String), (i64, i64)> = BTreeMap::new();
    for (month, away_days) in asked.iter().filter(|(month, _)| there.contains(month)) {
        let query = kept_counts(*month, *away_days);
        tx.read(&query, |row| {
            homes.insert((*month, row.text().to_owned()), (row.big(), row.big()));
        })?;
    }
    let counted = |month: Period, idle: &[i16]| {
        let most = asked.get(&month).copied().unwrap_or(i64::MAX);
        (idle.len() as i64, idle.iter().filter(|days| i64::from(**days) > most).count() as i64)
    };
    for ((month, dealer), difference) in differences {
        let (before, now) = (counted(month, &difference.before), counted(month, &difference.now));
        let home = homes.entry((month, dealer)).or_default();
        *home = (home.0 + now.0 - before.0, home.1 + now.1 - before.1);
    }
    let missing: Vec<Period> = asked.keys().filter(|month| !there.contains(month)).copied().collect();
    for home in count(tx, &missing, zone)?.all() {
        homes.insert((home.month, home.dealer.to_owned()), counted(home.month, &home.idle));
    }
    let mut sums = facts.sums.take().unwrap_or_default();
    for ((month, dealer), (vehicles, away)) in homes.into_iter().filter(|(_, (vehicles, _))| *vehicles > 0) {
        sums.homes.push(HomeVehicles { dealer: facts.codes.keep(&dealer), month, vehicles, away });
    }
    facts.sums = Some(sums);
    Ok(())
}

/// Of how many vehicles a dealer was the home at the ends of months, and how many of them were away by these days, by month;
/// as the latest check has counted them.
pub fn homes_of(
    tx: &mut Tx,
    dealer: &str,
    months: &[(Period, i64)],
) -> Result<BTreeMap<Period, (i64, i64)>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        vehicles: i64,
        #[diesel(sql_type = BigInt)]
        away: i64,
    }
    let kept = months_kept(tx, Kind::Homes)?;
    let mut homes = BTreeMap::new();
    for (month, away_days) in months.iter().filter(|(month, _)| kept.contains(month)) {
        let row: Option<Row> =
            diesel::sql_query(format!("{} AND dealer_code = $1", kept_counts(*month, *away_days)))
                .bind::<Text, _>(dealer)
                .get_result(tx.connection)
                .optional()?;
        homes.extend(row.map(|row| (*month, (row.vehicles, row.away))));
    }
    Ok(homes)
}

/// Of each dealer the vehicles at home there at the end of a month that is kept, and how many of them were away.
fn kept_counts(month: Period, away_days: i64) -> String {
    // The buckets' bounds are the days themselves: a vehicle is in one at or below `away_days`, or away.
    format!(
        "SELECT dealer_code, cardinality(idle)::bigint AS vehicles,
             (cardinality(idle) - width_bucket({away_days}::smallint, idle))::bigint AS away
         FROM home_sums WHERE month = date '{}'",
        month.first_day()
    )
}

/// The asked months that are kept, and what facts have changed of them that no run has seen; where they have changed too
/// many vehicles, only the months they have not touched.
fn kept_and_changed(
    tx: &mut Tx,
    asked: &BTreeMap<Period, i64>,
    zone: &str,
) -> Result<(BTreeSet<Period>, Differences), StoreError> {
    if tx.known_at().is_some() {
        return Ok(Default::default()); // those that are kept are of what is known now
    }
    let mut there = months_kept(tx, Kind::Homes)?;
    there.retain(|month| asked.contains_key(month));
    let unseen = unseen(tx, Kind::Homes)?;
    match changes(tx, Kind::Homes, &unseen, &there, zone)? {
        Changed::Nothing => Ok((there, BTreeMap::new())),
        Changed::Vehicles(changes) => {
            let differences = differences(tx, &changes, &there, zone)?;
            Ok((there, differences))
        }
        Changed::Much => Ok((kept(tx, Kind::Homes, zone)?.into_iter().collect(), BTreeMap::new())),
    }
}

/// Counts months by one walk over the vehicles with their visits.
fn count(tx: &mut Tx, months: &[Period], zone: &str) -> Result<Homes, StoreError> {
    let mut homes = Homes { months: months.to_vec(), ..Homes::default() };
    let (Some(first), Some(last)) = (months.iter().min(), months.iter().max()) else { return Ok(homes) };
    let query = if first == last { latest_visits(tx, *last, zone) } else { all_visits(tx, *last, zone) };
    tx.by_plan_of_all(|tx| tx.read(&query, |row| homes.visit(row)))?;
    homes.count();
    Ok(homes)
}

/// The same of the changed vehicles alone, by the facts that a condition holds for: looked up one by one, of the visits before
/// the first month the latest alone.
fn count_changed(
    tx: &mut Tx,
    holds: &dyn Fn(&str) -> String,
    months: &[Period],
    zone: &str,
) -> Result<Homes, StoreError> {
    let mut homes = Homes { months: months.to_vec(), ..Homes::default() };
    let (Some(first), Some(last)) = (months.iter().min(), months.iter().max()) else { return Ok(homes) };
    let (holds, also_holds) = (holds("t"), holds("e"));
    let (first, last, next) = (first.first_day(), last.last_day(), last.next().first_day());
    let sold = format!("(v.sold_on::timestamp AT TIME ZONE '{zone}')");
    let (begins, ends) = (
        format!("(timestamp '{first}' AT TIME ZONE '{zone}')"),
        format!("(timestamp '{next}' AT TIME ZONE '{zone}')"),
    );
    let query = format!(
        "SELECT v.vin, v.sold_on, v.dealer_code AS seller, (o.completed_at AT TIME ZONE '{zone}')::date AS visited_on, o.dealer_code
         FROM pg_temp.changed_vehicles c CROSS JOIN LATERAL (
             SELECT t.vin, t.sold_on, t.dealer_code FROM vehicles t
             WHERE {holds} AND t.vin = c.vin AND t.sold_on <= date '{last}' OFFSET 0) AS v
         LEFT JOIN LATERAL (
             SELECT t.dealer_code, t.completed_at, t.work_order_id FROM work_orders t
             WHERE {holds} AND t.vin = v.vin AND t.completed_at >= greatest({sold}, {begins}) AND t.completed_at < {ends}
             UNION ALL
             SELECT t.dealer_code, t.completed_at, t.work_order_id FROM work_orders t
             WHERE {holds} AND t.vin = v.vin AND t.completed_at = (
                 SELECT max(e.completed_at) FROM work_orders e
                 WHERE {also_holds} AND e.vin = v.vin AND e.completed_at >= {sold} AND e.completed_at < {begins})
             OFFSET 0) AS o ON true
         ORDER BY v.vin, o.completed_at, o.work_order_id COLLATE \"C\""
    );
    tx.read(&query, |row| homes.visit(row))?;
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
    /// A vehicle with one of its visits, if any.
    fn visit(&mut self, row: &mut Values) {
        let (vin, sold_on, seller) = (row.text(), row.date(), row.text_or());
        let visit = row.date_or().zip(row.text_or());
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
