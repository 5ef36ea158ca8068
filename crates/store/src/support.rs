//! Requests for technical support as people see them, and which vehicles' repairs failed lately.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Nullable, Text, Timestamptz};
use farsight_rulebook::facts::{Facts, Ruling, RulingKind};
use farsight_rulebook::money::Money;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{instant, pg_date, pg_instant};
use crate::{StoreError, Tx};

/// A request for technical support.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// The dealer.
    pub dealer: String,
    /// The dealer's name.
    pub dealer_name: String,
    /// The vehicle.
    pub vin: String,
    /// The fault.
    pub fault: String,
    /// When it was made.
    pub requested_at: Instant,
    /// When it was resolved.
    pub resolved_at: Option<Instant>,
    /// Who wrote it down last.
    pub by: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    request_id: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    dealer_name: String,
    #[diesel(sql_type = Text)]
    vin: String,
    #[diesel(sql_type = Text)]
    fault_code: String,
    #[diesel(sql_type = Timestamptz)]
    requested_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    resolved_at: Option<PgTimestamp>,
    #[diesel(sql_type = Text)]
    imported_by: String,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

impl From<Row> for Request {
    fn from(row: Row) -> Self {
        Self {
            id: row.request_id,
            dealer: row.dealer_code,
            dealer_name: row.dealer_name,
            vin: row.vin,
            fault: row.fault_code,
            requested_at: instant(row.requested_at),
            resolved_at: row.resolved_at.map(instant),
            by: row.imported_by,
        }
    }
}

/// Which requests are listed; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those resolved, or only those not.
    pub resolved: Option<bool>,
    /// Of a dealer.
    pub dealer: Option<String>,
    /// With this in the id, the vehicle, the fault or the dealer's name.
    pub search: Option<String>,
    /// By what they are sorted.
    pub sort: Sort,
    /// The other way round.
    pub descending: bool,
    /// The first row, from 0.
    pub offset: u32,
    /// At most so many rows.
    pub limit: u32,
}

/// By what requests are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// When they were made.
    #[default]
    Requested,
    /// When they were resolved.
    Resolved,
    /// The dealer.
    Dealer,
    /// The vehicle.
    Vin,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Requested, Self::Resolved, Self::Dealer, Self::Vin];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Resolved => "resolved",
            Self::Dealer => "dealer",
            Self::Vin => "vin",
        }
    }

    /// The sort of its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Requested => "t.requested_at",
            Self::Resolved => "t.resolved_at",
            Self::Dealer => "t.dealer_code COLLATE \"C\"",
            Self::Vin => "t.vin COLLATE \"C\"",
        }
    }
}

const SELECT: &str = "SELECT t.request_id, t.dealer_code, coalesce(d.name, '') AS dealer_name, t.vin, t.fault_code, t.requested_at, t.resolved_at,
        i.imported_by, count(*) OVER () AS total
    FROM support_requests t
    JOIN imports i ON i.tenant_id = t.tenant_id AND i.import_id = t.import_id
    LEFT JOIN dealers d ON d.tenant_id = t.tenant_id AND d.dealer_code = t.dealer_code AND d.superseded_at = 'infinity'
    WHERE t.superseded_at = 'infinity'";

/// The requests of a filter, and how many there are of it.
pub fn list(tx: &mut Tx, filter: &Filter) -> Result<(u64, Vec<Request>), StoreError> {
    let order = if filter.descending { "DESC" } else { "ASC" };
    let rows: Vec<Row> = diesel::sql_query(format!(
        "{SELECT} AND NOT t.voided AND ($1 IS NULL OR (t.resolved_at IS NOT NULL) = $1) AND ($2 IS NULL OR t.dealer_code = $2)
         AND ($3 IS NULL OR strpos(lower(concat_ws(' ', t.request_id, t.vin, t.fault_code, d.name)), lower($3)) > 0)
         ORDER BY {} {order} NULLS LAST, t.requested_at, t.request_id COLLATE \"C\" LIMIT $4 OFFSET $5",
        filter.sort.sql()
    ))
    .bind::<Nullable<diesel::sql_types::Bool>, _>(filter.resolved)
    .bind::<Nullable<Text>, _>(&filter.dealer)
    .bind::<Nullable<Text>, _>(&filter.search)
    .bind::<BigInt, _>(i64::from(filter.limit))
    .bind::<BigInt, _>(i64::from(filter.offset))
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total as u64);
    Ok((total, rows.into_iter().map(Request::from).collect()))
}

/// The request of an id.
pub fn find(tx: &mut Tx, id: &str) -> Result<Option<Request>, StoreError> {
    found(tx, "NOT t.voided", id)
}

/// The same of one that was voided: what was known of it last.
pub fn find_voided(tx: &mut Tx, id: &str) -> Result<Option<Request>, StoreError> {
    found(tx, "t.voided", id)
}

fn found(tx: &mut Tx, condition: &str, id: &str) -> Result<Option<Request>, StoreError> {
    let row: Option<Row> = diesel::sql_query(format!("{SELECT} AND {condition} AND t.request_id = $1"))
        .bind::<Text, _>(id)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(Request::from))
}

/// The vehicles (dealer, VIN) with a failed attempt completed since an instant, and failed before on the same fault;
/// the latest first, at most so many.
pub fn failing_vehicles(
    tx: &mut Tx,
    since: Instant,
    dealer: Option<&str>,
    limit: u32,
) -> Result<Vec<(String, String)>, StoreError> {
    #[derive(QueryableByName)]
    struct Vehicle {
        #[diesel(sql_type = Text)]
        dealer_code: String,
        #[diesel(sql_type = Text)]
        vin: String,
    }
    let rows: Vec<Vehicle> = diesel::sql_query(
        "SELECT t.dealer_code, t.vin FROM work_orders t
         WHERE NOT t.fixed AND t.fault_code IS NOT NULL AND t.superseded_at = 'infinity' AND NOT t.voided
           AND t.completed_at >= $1 AND ($2 IS NULL OR t.dealer_code = $2)
           AND EXISTS (SELECT FROM work_orders o
               WHERE o.tenant_id = t.tenant_id AND o.vin = t.vin AND o.dealer_code = t.dealer_code AND o.fault_code = t.fault_code
                 AND o.work_order_id <> t.work_order_id AND NOT o.fixed AND o.completed_at IS NOT NULL
                 AND o.superseded_at = 'infinity' AND NOT o.voided)
         GROUP BY t.dealer_code, t.vin ORDER BY max(t.completed_at) DESC, t.dealer_code, t.vin LIMIT $3",
    )
    .bind::<Timestamptz, _>(pg_instant(since))
    .bind::<Nullable<Text>, _>(dealer)
    .bind::<BigInt, _>(i64::from(limit))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.dealer_code, row.vin)).collect())
}

/// The excuses of obligations on some dealers' vehicles, added to the facts.
pub fn excuses(tx: &mut Tx, facts: &mut Facts, vins: &[&str]) -> Result<(), StoreError> {
    let Facts { rulings, .. } = facts;
    let vins: Vec<String> = vins.iter().map(|vin| format!("'vin:{}/'", vin.replace('\'', "''"))).collect();
    if vins.is_empty() {
        return Ok(());
    }
    let holds = tx.holds();
    tx.read(
        &format!(
            "SELECT t.ruling_id, t.subject, t.family, t.decided_at FROM rulings t
             WHERE {holds} AND t.kind = 'excuse' AND left(t.subject, strpos(t.subject, '/')) IN ({})",
            vins.join(", ")
        ),
        |row| {
            let (ruling, subject) = (row.text().to_owned(), row.text().to_owned());
            let (family, decided_at) = (row.text_or().map(str::to_owned), row.instant());
            let (kind, amount) = (RulingKind::Excuse, None::<Money>);
            rulings.push(Ruling { ruling, kind, subject, family, decided_at, amount });
        },
    )
}

/// The names of dealers, by code.
pub fn dealer_names(tx: &mut Tx, dealers: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    #[derive(QueryableByName)]
    struct Named {
        #[diesel(sql_type = Text)]
        dealer_code: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let rows: Vec<Named> = diesel::sql_query(
        "SELECT dealer_code, name FROM dealers WHERE dealer_code = ANY($1) AND superseded_at = 'infinity' AND NOT voided",
    )
    .bind::<Array<Text>, _>(dealers)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.dealer_code, row.name)).collect())
}

/// A dealer to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// The dealers that are open on a day and seen here, by code; at most so many.
pub fn open_dealers(tx: &mut Tx, today: Date, limit: u32) -> Result<Vec<Choice>, StoreError> {
    #[derive(QueryableByName)]
    struct Named {
        #[diesel(sql_type = Text)]
        dealer_code: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let rows: Vec<Named> = diesel::sql_query(
        "SELECT dealer_code, name FROM dealers WHERE superseded_at = 'infinity' AND NOT voided
         AND opened_on <= $1 AND (closed_on IS NULL OR closed_on >= $1) ORDER BY dealer_code COLLATE \"C\" LIMIT $2",
    )
    .bind::<SqlDate, _>(pg_date(today))
    .bind::<BigInt, _>(i64::from(limit))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| Choice { code: row.dealer_code, name: row.name }).collect())
}

/// The regions there are, by code.
pub fn regions(tx: &mut Tx) -> Result<Vec<Choice>, StoreError> {
    #[derive(QueryableByName)]
    struct Named {
        #[diesel(sql_type = Text)]
        region_code: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let rows: Vec<Named> = diesel::sql_query(
        "SELECT region_code, name FROM regions WHERE superseded_at = 'infinity' AND NOT voided ORDER BY region_code COLLATE \"C\"",
    )
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| Choice { code: row.region_code, name: row.name }).collect())
}
