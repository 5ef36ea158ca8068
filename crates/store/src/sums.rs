//! Sums of months over vehicles and work orders (rulebook 4.10, 4.11): counted by the database, kept, and counted again
//! where facts have touched a month.
//!
//! The same statements count what is kept and what is only looked at, and a test compares them with the rulebook's own
//! counting ([`farsight_rulebook::sums`]).

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Integer, Text};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::period::Period;
use farsight_rulebook::sums::{EarlyFaults, FaultyVehicles, HomeVehicles, MOST_EARLY_KM, SoldVehicles};

use crate::values::{month, pg_month};
use crate::{StoreError, Tx};

/// A kind of sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Homes of vehicles.
    Homes,
    /// Vehicles with faults.
    Faults,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Homes => "homes",
            Self::Faults => "faults",
        }
    }

    /// The tables that keep them.
    const fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Homes => &["home_sums"],
            Self::Faults => &["fault_sums", "early_fault_sums"],
        }
    }
}

/// Rows of these imports, new and closed.
const CHANGED: &str = "(t.import_id = ANY($1) OR t.superseded_by = ANY($1))";

/// Forgets the months that imports touch: those in which an order was created or, of homes, the month of a visit and
/// every later one; and every month since a vehicle was sold.
pub fn forget_touched(tx: &mut Tx, kind: Kind, imports: &[i64], zone: &str) -> Result<(), StoreError> {
    let (at, later) = match kind {
        Kind::Homes => ("completed_at", ">="),
        Kind::Faults => ("created_at", "="),
    };
    let first = first_changed_sale(tx, imports)?;
    let months: Vec<PgDate> = diesel::sql_query(format!(
        "SELECT DISTINCT date_trunc('month', t.{at} AT TIME ZONE '{zone}')::date AS month FROM work_orders t
         WHERE {CHANGED} AND t.{at} IS NOT NULL"
    ))
    .bind::<Array<BigInt>, _>(imports)
    .load::<MonthRow>(tx.connection)?
    .into_iter()
    .map(|row| row.month)
    .collect();
    diesel::sql_query(format!(
        "DELETE FROM sum_months s WHERE s.kind = $1 AND (s.month {later} ANY($2) OR s.month >= $3)"
    ))
    .bind::<Text, _>(kind.name())
    .bind::<Array<SqlDate>, _>(&months)
    .bind::<diesel::sql_types::Nullable<SqlDate>, _>(first)
    .execute(tx.connection)?;
    Ok(())
}

#[derive(QueryableByName)]
struct MonthRow {
    #[diesel(sql_type = SqlDate)]
    month: PgDate,
}

/// The first month in which a vehicle was sold that imports have changed.
fn first_changed_sale(tx: &mut Tx, imports: &[i64]) -> Result<Option<PgDate>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Nullable<SqlDate>)]
        month: Option<PgDate>,
    }
    let row: Row = diesel::sql_query(format!(
        "SELECT date_trunc('month', min(t.sold_on))::date AS month FROM vehicles t WHERE {CHANGED}"
    ))
    .bind::<Array<BigInt>, _>(imports)
    .get_result(tx.connection)?;
    Ok(row.month)
}

/// Forgets all months of a kind.
pub fn forget_all(tx: &mut Tx, kind: Kind) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM sum_months WHERE kind = $1")
        .bind::<Text, _>(kind.name())
        .execute(tx.connection)?;
    Ok(())
}

/// Counts and keeps the months that are not kept yet, homes by these days.
pub fn keep_homes(tx: &mut Tx, months: &[(Period, i64)], zone: &str) -> Result<(), StoreError> {
    for (of, away_days) in months {
        if !begin(tx, Kind::Homes, *of, *away_days)? {
            continue;
        }
        let counted = homes_query(tx, *of, *away_days, zone);
        let tenant = tx.tenant();
        tx.execute(&format!(
            "INSERT INTO home_sums (tenant_id, month, dealer_code, vehicles, away)
             SELECT {tenant}, date '{}', dealer_code, vehicles, away FROM ({counted}) AS c",
            of.first_day()
        ))?;
    }
    Ok(())
}

/// Counts and keeps the months of faults that are not kept yet.
pub fn keep_faults(tx: &mut Tx, months: &[Period], zone: &str) -> Result<(), StoreError> {
    for of in months {
        if !begin(tx, Kind::Faults, *of, 0)? {
            continue;
        }
        orders_of_month(tx, *of, zone)?;
        let (tenant, first) = (tx.tenant(), of.first_day());
        let (faulty, early) = (faulty_query(tx, *of), early_query(tx, *of));
        tx.execute(&format!(
            "INSERT INTO fault_sums (tenant_id, month, model, fault_code, vehicles)
             SELECT {tenant}, date '{first}', c.* FROM ({faulty}) AS c"
        ))?;
        tx.execute(&format!(
            "INSERT INTO early_fault_sums (tenant_id, month, model, km, vehicles)
             SELECT {tenant}, date '{first}', c.* FROM ({early}) AS c"
        ))?;
        tx.execute(&format!(
            "UPDATE sum_months SET orders = (SELECT count(*) FROM pg_temp.month_orders)
             WHERE kind = 'faults' AND month = date '{first}'"
        ))?;
    }
    Ok(())
}

/// Takes what was kept of a month away and marks it as kept; false: it is kept already, by the same days.
fn begin(tx: &mut Tx, kind: Kind, of: Period, away_days: i64) -> Result<bool, StoreError> {
    let first = of.first_day();
    let marked = diesel::sql_query(
        "INSERT INTO sum_months (tenant_id, kind, month, away_days) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, kind, month) DO UPDATE SET away_days = excluded.away_days
         WHERE sum_months.away_days <> excluded.away_days",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(kind.name())
    .bind::<SqlDate, _>(pg_month(of))
    .bind::<BigInt, _>(away_days)
    .execute(tx.connection)?;
    if marked > 0 {
        for table in kind.tables() {
            tx.execute(&format!("DELETE FROM {table} WHERE month = date '{first}'"))?;
        }
    }
    Ok(marked > 0)
}

/// The homes of vehicles at a month's end: of each vehicle sold by then its latest visit since it was sold (at one
/// instant the greater id), else where it was sold. Away is a day of it more than `away_days` before the month's last.
fn homes_query(tx: &Tx, of: Period, away_days: i64, zone: &str) -> String {
    let (holds, last, next) = (tx.holds(), of.last_day(), of.next().first_day());
    format!(
        "SELECT h.dealer_code, count(*) AS vehicles, count(*) FILTER (WHERE date '{last}' - h.visited_on > {away_days}) AS away
         FROM (SELECT CASE WHEN o.vin IS NULL THEN v.dealer_code ELSE o.dealer_code END AS dealer_code,
                      coalesce(o.visited_on, v.sold_on) AS visited_on
               FROM (SELECT * FROM vehicles t WHERE {holds} AND t.sold_on <= date '{last}') AS v
               LEFT JOIN LATERAL (
                   SELECT t.vin, t.dealer_code, (t.completed_at AT TIME ZONE '{zone}')::date AS visited_on FROM work_orders t
                   WHERE {holds} AND t.vin = v.vin AND t.completed_at >= (v.sold_on::timestamp AT TIME ZONE '{zone}')
                     AND t.completed_at < (timestamp '{next}' AT TIME ZONE '{zone}')
                   ORDER BY t.completed_at DESC, t.work_order_id COLLATE \"C\" DESC LIMIT 1) AS o ON true) AS h
         WHERE h.dealer_code IS NOT NULL GROUP BY h.dealer_code"
    )
}

/// Puts a month's orders where the next two queries find them, looked up dealer by dealer.
fn orders_of_month(tx: &mut Tx, of: Period, zone: &str) -> Result<(), StoreError> {
    let (holds, first, next) = (tx.holds(), of.first_day(), of.next().first_day());
    tx.execute("DROP TABLE IF EXISTS pg_temp.month_orders")?;
    tx.execute(&format!(
        "CREATE TEMP TABLE month_orders ON COMMIT DROP AS
         SELECT o.vin, o.fault_code, o.odometer_km FROM (SELECT DISTINCT dealer_code FROM dealers) AS d
         CROSS JOIN LATERAL (
             SELECT t.vin, t.fault_code, t.odometer_km FROM work_orders t
             WHERE {holds} AND t.dealer_code = d.dealer_code AND t.created_at >= (timestamp '{first}' AT TIME ZONE '{zone}')
               AND t.created_at < (timestamp '{next}' AT TIME ZONE '{zone}') OFFSET 0) AS o"
    ))?;
    tx.execute("ANALYZE pg_temp.month_orders")?;
    Ok(())
}

fn faulty_query(tx: &Tx, of: Period) -> String {
    let (holds, last) = (tx.holds(), of.last_day());
    format!(
        "SELECT t.model, o.fault_code, count(DISTINCT o.vin) AS vehicles FROM pg_temp.month_orders o JOIN vehicles t USING (vin)
         WHERE {holds} AND t.sold_on <= date '{last}' AND o.fault_code IS NOT NULL GROUP BY t.model, o.fault_code"
    )
}

fn early_query(tx: &Tx, of: Period) -> String {
    let (holds, last) = (tx.holds(), of.last_day());
    format!(
        "SELECT e.model, e.km, count(*) AS vehicles FROM (
             SELECT t.model, min(o.odometer_km) AS km FROM pg_temp.month_orders o JOIN vehicles t USING (vin)
             WHERE {holds} AND t.sold_on <= date '{last}' AND o.fault_code IS NOT NULL AND o.odometer_km <= {MOST_EARLY_KM}
             GROUP BY t.model, o.vin) AS e GROUP BY e.model, e.km"
    )
}

/// Whether sums are those that are kept, or counted now and not kept: of facts as they were known, or beside a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Those that are kept; they must be.
    Kept,
    /// Counted now.
    Now,
}

/// Reads the homes of months.
pub fn homes(
    tx: &mut Tx,
    facts: &mut Facts,
    months: &[(Period, i64)],
    from: From,
    zone: &str,
) -> Result<(), StoreError> {
    let mut sums = facts.sums.take().unwrap_or_default();
    for (of, away_days) in months {
        let query = match from {
            From::Kept => {
                format!(
                    "SELECT dealer_code, vehicles, away FROM home_sums WHERE month = date '{}'",
                    of.first_day()
                )
            }
            From::Now => homes_query(tx, *of, *away_days, zone),
        };
        tx.read(&query, |row| {
            let dealer = facts.codes.keep(row.text());
            sums.homes.push(HomeVehicles { dealer, month: *of, vehicles: row.big(), away: row.big() });
        })?;
    }
    facts.sums = Some(sums);
    Ok(())
}

/// Reads the sums by model of months, and all vehicles sold.
pub fn by_model(
    tx: &mut Tx,
    facts: &mut Facts,
    months: &[Period],
    from: From,
    zone: &str,
) -> Result<(), StoreError> {
    let mut sums = facts.sums.take().unwrap_or_default();
    let codes = &mut facts.codes;
    for of in months {
        let first = of.first_day();
        let (faulty, early, orders) = match from {
            From::Kept => (
                format!("SELECT model, fault_code, vehicles FROM fault_sums WHERE month = date '{first}'"),
                format!("SELECT model, km, vehicles FROM early_fault_sums WHERE month = date '{first}'"),
                format!(
                    "SELECT orders AS number FROM sum_months WHERE kind = 'faults' AND month = date '{first}'"
                ),
            ),
            From::Now => {
                orders_of_month(tx, *of, zone)?;
                let orders = "SELECT count(*) AS number FROM pg_temp.month_orders".to_owned();
                (faulty_query(tx, *of), early_query(tx, *of), orders)
            }
        };
        tx.read(&faulty, |row| {
            let (model, fault) = (codes.keep(row.text()), codes.keep(row.text()));
            sums.faulty.push(FaultyVehicles { model, fault, month: *of, vehicles: row.big() });
        })?;
        tx.read(&early, |row| {
            let model = codes.keep(row.text());
            sums.early.push(EarlyFaults { model, month: *of, km: row.big(), vehicles: row.big() });
        })?;
        if tx.number(&orders)? > 0 {
            sums.ordered.insert(*of);
        }
    }
    let holds = tx.holds();
    tx.read(
        &format!(
            "SELECT t.model, date_trunc('month', t.sold_on)::date AS month, count(*) AS vehicles FROM vehicles t WHERE {holds} GROUP BY 1, 2"
        ),
        |row| {
            let model = codes.keep(row.text());
            sums.sold.push(SoldVehicles { model, month: Period::of(row.date()), vehicles: row.big() });
        },
    )?;
    facts.sums = Some(sums);
    Ok(())
}

#[derive(QueryableByName)]
struct Span {
    #[diesel(sql_type = diesel::sql_types::Nullable<SqlDate>)]
    first: Option<PgDate>,
    #[diesel(sql_type = diesel::sql_types::Nullable<SqlDate>)]
    last: Option<PgDate>,
}

/// The first and last month in which something that is judged by month happened: `surveys`, `work_orders`, `vehicles`.
pub fn span(tx: &mut Tx, table: &str, zone: &str) -> Result<Option<(Period, Period)>, StoreError> {
    let known = tx.by_then("t.recorded_at");
    let by_dealer = |at: &str| {
        format!(
            "SELECT min(s.first AT TIME ZONE '{zone}')::date AS first, max(s.last AT TIME ZONE '{zone}')::date AS last
             FROM (SELECT DISTINCT dealer_code FROM dealers) AS d CROSS JOIN LATERAL (
                 SELECT min(t.{at}) AS first, max(t.{at}) AS last FROM {table} t WHERE t.dealer_code = d.dealer_code AND {known}) AS s"
        )
    };
    let query = match table {
        "surveys" => by_dealer("answered_at"),
        "work_orders" => by_dealer("created_at"),
        _ => format!("SELECT min(t.sold_on) AS first, max(t.sold_on) AS last FROM vehicles t WHERE {known}"),
    };
    let span: Span = diesel::sql_query(query).get_result(tx.connection)?;
    Ok(span.first.zip(span.last).map(|(first, last)| (month(first), month(last))))
}
