//! Sums of months over vehicles and work orders (rulebook 4.10, 4.11): counted by the database, kept, and brought up to
//! the vehicles that facts have touched.
//!
//! The same code counts what is kept and what is only looked at, and a test compares it with the rulebook's own
//! counting ([`farsight_rulebook::sums`]).

mod changes;
mod faults;
mod homes;

use std::collections::BTreeSet;

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Integer, Nullable, Text};
use farsight_rulebook::checks::{fault_hotspot, retention};
use farsight_rulebook::period::Period;

use crate::values::{month, pg_month};
use crate::{StoreError, Tx, runs};
use changes::{Changed, Changes};

pub use faults::{by_model, keep_faults};
pub use homes::{homes, homes_of, keep_homes};

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

    /// The check that asks for them.
    const fn check(self) -> &'static str {
        match self {
            Self::Homes => retention::NAME,
            Self::Faults => fault_hotspot::NAME,
        }
    }

    /// By when an order counts.
    const fn judged_by(self) -> &'static str {
        match self {
            Self::Homes => "completed_at",
            Self::Faults => "created_at",
        }
    }

    /// Whether a kept month is among those touched: by orders, $2, or since a sale, $3.
    const fn is_touched(self) -> &'static str {
        match self {
            Self::Homes => "(s.month >= ANY($2) OR s.month >= $3)",
            Self::Faults => "(s.month = ANY($2) OR s.month >= $3)",
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

/// What imports touch: the months in which an order was created or, of homes, the month of a visit and every later one;
/// and every month since a vehicle was sold.
struct TouchedMonths {
    of_orders: Vec<PgDate>,
    since_sale: Option<PgDate>,
}

impl TouchedMonths {
    fn of(tx: &mut Tx, kind: Kind, imports: &[i64], zone: &str) -> Result<Self, StoreError> {
        let at = kind.judged_by();
        let rows: Vec<MonthRow> = diesel::sql_query(format!(
            "SELECT DISTINCT date_trunc('month', t.{at} AT TIME ZONE '{zone}')::date AS month FROM work_orders t
             WHERE {CHANGED} AND t.{at} IS NOT NULL"
        ))
        .bind::<Array<BigInt>, _>(imports)
        .load(tx.connection)?;
        let of_orders = rows.into_iter().map(|row| row.month).collect();
        Ok(Self { of_orders, since_sale: first_changed_sale(tx, imports)? })
    }
}

/// Brings the months that are kept up to what imports have changed. Of more vehicles than are looked up one by one the months
/// are forgotten, and counted again when they are asked for.
pub fn follow(tx: &mut Tx, kind: Kind, imports: &[i64], zone: &str) -> Result<(), StoreError> {
    let months = months_kept(tx, kind)?;
    match changes(tx, kind, imports, &months, zone)? {
        Changed::Nothing => Ok(()),
        Changed::Much => forget_touched(tx, kind, imports, zone),
        Changed::Vehicles(changes) => match kind {
            Kind::Homes => homes::follow(tx, &changes, &months, zone),
            Kind::Faults => faults::follow(tx, &changes, zone),
        },
    }
}

/// What imports change of the months that are kept.
fn changes(
    tx: &mut Tx,
    kind: Kind,
    imports: &[i64],
    months: &BTreeSet<Period>,
    zone: &str,
) -> Result<Changed, StoreError> {
    match months.last() {
        Some(last) if !imports.is_empty() => {
            tx.by_plan_of_few(|tx| Changes::of(tx, kind, imports, *last, zone))
        }
        _ => Ok(Changed::Nothing),
    }
}

/// Forgets the months that imports touch.
fn forget_touched(tx: &mut Tx, kind: Kind, imports: &[i64], zone: &str) -> Result<(), StoreError> {
    let touched = TouchedMonths::of(tx, kind, imports, zone)?;
    diesel::sql_query(format!("DELETE FROM sum_months s WHERE s.kind = $1 AND {}", kind.is_touched()))
        .bind::<Text, _>(kind.name())
        .bind::<Array<SqlDate>, _>(&touched.of_orders)
        .bind::<Nullable<SqlDate>, _>(touched.since_sale)
        .execute(tx.connection)?;
    Ok(())
}

/// The months that are kept, as of the imports that the check of the kind has seen.
fn months_kept(tx: &mut Tx, kind: Kind) -> Result<BTreeSet<Period>, StoreError> {
    let rows: Vec<MonthRow> = diesel::sql_query("SELECT month FROM sum_months WHERE kind = $1")
        .bind::<Text, _>(kind.name())
        .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| month(row.month)).collect())
}

/// The imports that the check of the kind has not seen.
fn unseen(tx: &mut Tx, kind: Kind) -> Result<Vec<i64>, StoreError> {
    let touched = runs::touched(tx)?.into_iter().filter(|(check, _)| check == kind.check());
    Ok(touched.map(|(_, import)| import).collect())
}

/// The months that are kept and that no import has touched which the check of the kind has not seen.
fn kept(tx: &mut Tx, kind: Kind, zone: &str) -> Result<Vec<Period>, StoreError> {
    if tx.known_at().is_some() {
        return Ok(Vec::new()); // those that are kept are of what is known now
    }
    let imports = unseen(tx, kind)?;
    let touched = TouchedMonths::of(tx, kind, &imports, zone)?;
    let rows: Vec<MonthRow> = diesel::sql_query(format!(
        "SELECT s.month FROM sum_months s WHERE s.kind = $1 AND ({}) IS NOT TRUE",
        kind.is_touched()
    ))
    .bind::<Text, _>(kind.name())
    .bind::<Array<SqlDate>, _>(&touched.of_orders)
    .bind::<Nullable<SqlDate>, _>(touched.since_sale)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| month(row.month)).collect())
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
        #[diesel(sql_type = Nullable<SqlDate>)]
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

/// Takes what was kept of a month away and marks it as kept; false: it is kept already.
fn begin(tx: &mut Tx, kind: Kind, of: Period) -> Result<bool, StoreError> {
    let first = of.first_day();
    let marked = diesel::sql_query(
        "INSERT INTO sum_months (tenant_id, kind, month) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(kind.name())
    .bind::<SqlDate, _>(pg_month(of))
    .execute(tx.connection)?;
    if marked > 0 {
        for table in kind.tables() {
            tx.execute(&format!("DELETE FROM {table} WHERE month = date '{first}'"))?;
        }
    }
    Ok(marked > 0)
}

/// Where sums come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Those that are kept; they must be.
    Kept,
    /// Those that are kept with what facts have changed since, counted now and not kept where there are none: beside a run.
    KeptOrNow,
    /// Counted now and not kept: of facts as they were known.
    Now,
}

#[derive(QueryableByName)]
struct Span {
    #[diesel(sql_type = Nullable<SqlDate>)]
    first: Option<PgDate>,
    #[diesel(sql_type = Nullable<SqlDate>)]
    last: Option<PgDate>,
}

/// The first and last month in which something that is judged by month happened, `surveys` or `work_orders`; corrected
/// rows and those not yet known count too, so that two looks into an index a dealer are enough.
pub fn span(tx: &mut Tx, table: &str, zone: &str) -> Result<Option<(Period, Period)>, StoreError> {
    let at = when(table);
    let span: Span = diesel::sql_query(format!(
        "SELECT min(s.first AT TIME ZONE '{zone}')::date AS first, max(s.last AT TIME ZONE '{zone}')::date AS last
         FROM (SELECT DISTINCT dealer_code FROM dealers) AS d CROSS JOIN LATERAL (
             SELECT min(t.{at}) AS first, max(t.{at}) AS last FROM {table} t WHERE t.dealer_code = d.dealer_code) AS s"
    ))
    .get_result(tx.connection)?;
    Ok(span.first.zip(span.last).map(|(first, last)| (month(first), month(last))))
}

/// Whether there is any vehicle.
pub fn has_vehicles(tx: &mut Tx) -> Result<bool, StoreError> {
    let holds = tx.holds();
    Ok(tx.number(&format!(
        "SELECT count(*) AS number FROM (SELECT 1 FROM vehicles t WHERE {holds} LIMIT 1) AS v"
    ))? > 0)
}

/// By when rows of a table are looked up dealer by dealer.
fn when(table: &str) -> &'static str {
    if table == "surveys" { "answered_at" } else { "created_at" }
}

/// The dealers' months after a month in which something of `surveys` or `work_orders` happens.
pub fn later(
    tx: &mut Tx,
    table: &str,
    than: Period,
    zone: &str,
) -> Result<Vec<(String, Period)>, StoreError> {
    let (holds, at, next) = (tx.holds(), when(table), than.next().first_day());
    let query = format!(
        "SELECT DISTINCT d.dealer_code, date_trunc('month', s.at AT TIME ZONE '{zone}')::date AS month
         FROM (SELECT DISTINCT dealer_code FROM dealers) AS d CROSS JOIN LATERAL (
             SELECT t.{at} AS at FROM {table} t
             WHERE t.dealer_code = d.dealer_code AND {holds} AND t.{at} >= (timestamp '{next}' AT TIME ZONE '{zone}') OFFSET 0) AS s"
    );
    let mut later = Vec::new();
    tx.read(&query, |row| later.push((row.text().to_owned(), Period::of(row.date()))))?;
    Ok(later)
}
