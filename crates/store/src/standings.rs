//! How each dealer stands now: one row a dealer, worked out beforehand, for lists, maps and the head of a page.

use std::collections::{BTreeMap, BTreeSet};

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date as SqlDate, Double, Integer, Nullable, Text};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::Severity;
use jiff::civil::Date;

use crate::values::{date, month, pg_date, pg_month};
use crate::{StoreError, Tx};

/// How a dealer stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DealerStanding {
    /// Its code.
    pub dealer: String,
    /// Its name.
    pub name: String,
    /// Its region now.
    pub region: String,
    /// That region's name.
    pub region_name: String,
    /// The province; empty where it is not known.
    pub province: String,
    /// The city; empty where it is not known.
    pub city: String,
    /// Latitude and longitude, in degrees.
    pub place: Option<(f64, f64)>,
    /// The day it opened.
    pub opened_on: Date,
    /// Its last day.
    pub closed_on: Option<Date>,
    /// Whether it is open today.
    pub is_open: bool,
    /// Open alerts: critical, warning, notice.
    pub alerts: [i64; 3],
    /// Charges below zero of the running month.
    pub penalties: Money,
    /// Charges above zero of the running month.
    pub incentives: Money,
    /// What was taken back in the running month.
    pub reversals: Money,
    /// The last month with customers and bays, those customers, and those bays.
    pub turnover: Option<(Period, i64, i64)>,
    /// Items passed in the spot checks of twelve months.
    pub passed: i64,
    /// Items failed in them.
    pub failed: i64,
    /// Certified advisors today.
    pub certified: i64,
    /// Certified advisors asked for.
    pub required: i64,
    /// Open complaints.
    pub complaints_open: i64,
    /// Those past their closing deadline.
    pub complaints_overdue: i64,
}

impl DealerStanding {
    /// Charges and what was taken back, of the running month.
    pub fn net(&self) -> Money {
        self.penalties + self.incentives + self.reversals
    }

    /// The most severe open alert.
    pub fn worst(&self) -> Severity {
        worst(self.alerts)
    }
}

/// The most severe of so many critical, warning, notice.
fn worst(alerts: [i64; 3]) -> Severity {
    match alerts {
        [0, 0, 0] => Severity::None,
        [0, 0, _] => Severity::Notice,
        [0, ..] => Severity::Warning,
        _ => Severity::Critical,
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    region_code: String,
    #[diesel(sql_type = Text)]
    region_name: String,
    #[diesel(sql_type = Text)]
    province: String,
    #[diesel(sql_type = Text)]
    city: String,
    #[diesel(sql_type = Nullable<Double>)]
    lat: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    lon: Option<f64>,
    #[diesel(sql_type = SqlDate)]
    opened_on: PgDate,
    #[diesel(sql_type = Nullable<SqlDate>)]
    closed_on: Option<PgDate>,
    #[diesel(sql_type = Bool)]
    is_open: bool,
    #[diesel(sql_type = BigInt)]
    critical: i64,
    #[diesel(sql_type = BigInt)]
    warning: i64,
    #[diesel(sql_type = BigInt)]
    notice: i64,
    #[diesel(sql_type = BigInt)]
    penalties: i64,
    #[diesel(sql_type = BigInt)]
    incentives: i64,
    #[diesel(sql_type = BigInt)]
    reversals: i64,
    #[diesel(sql_type = Nullable<SqlDate>)]
    turnover_month: Option<PgDate>,
    #[diesel(sql_type = Nullable<BigInt>)]
    base_customers: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    bays: Option<i64>,
    #[diesel(sql_type = BigInt)]
    passed: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    certified: i64,
    #[diesel(sql_type = BigInt)]
    required: i64,
    #[diesel(sql_type = BigInt)]
    complaints_open: i64,
    #[diesel(sql_type = BigInt)]
    complaints_overdue: i64,
}

impl From<Row> for DealerStanding {
    fn from(row: Row) -> Self {
        let turnover = row.turnover_month.zip(row.base_customers).zip(row.bays);
        Self {
            dealer: row.dealer_code,
            name: row.name,
            region: row.region_code,
            region_name: row.region_name,
            province: row.province,
            city: row.city,
            place: row.lat.zip(row.lon),
            opened_on: date(row.opened_on),
            closed_on: row.closed_on.map(date),
            is_open: row.is_open,
            alerts: [row.critical, row.warning, row.notice],
            penalties: Money(row.penalties),
            incentives: Money(row.incentives),
            reversals: Money(row.reversals),
            turnover: turnover.map(|((of, base), bays)| (month(of), base, bays)),
            passed: row.passed,
            failed: row.failed,
            certified: row.certified,
            required: row.required,
            complaints_open: row.complaints_open,
            complaints_overdue: row.complaints_overdue,
        }
    }
}

/// Works out how every dealer stands on a day, from the figures of the months up to then.
pub fn work_out(tx: &mut Tx, today: Date) -> Result<(), StoreError> {
    let running = Period::of(today);
    diesel::sql_query(
        "WITH moved AS (
             SELECT DISTINCT ON (dealer_code) dealer_code, region_code FROM dealer_regions
             WHERE superseded_at = 'infinity' AND NOT voided AND \"from\" <= $1 ORDER BY dealer_code, \"from\" DESC),
         alerted AS (
             SELECT dealer_code, count(*) FILTER (WHERE severity = 'critical') AS critical,
                    count(*) FILTER (WHERE severity = 'warning') AS warning, count(*) FILTER (WHERE severity = 'notice') AS notice
             FROM alerts WHERE resolved_at = 'infinity' GROUP BY 1),
         now AS (SELECT * FROM dealer_figures WHERE month = $2),
         turned AS (
             SELECT DISTINCT ON (dealer_code) dealer_code, month, base_customers, bays FROM dealer_figures
             WHERE is_open AND base_customers IS NOT NULL AND bays > 0 AND month > $3 ORDER BY dealer_code, month DESC),
         looked AS (
             SELECT dealer_code, sum(passed)::bigint AS passed, sum(failed)::bigint AS failed FROM dealer_figures
             WHERE month > $3 GROUP BY 1),
         fresh AS MATERIALIZED (
             SELECT d.dealer_code, d.name, coalesce(m.region_code, d.region_code) AS region_code,
                    coalesce(r.name, coalesce(m.region_code, d.region_code)) AS region_name,
                    coalesce(d.province, '') AS province, coalesce(d.city, '') AS city, d.lat, d.lon, d.opened_on, d.closed_on,
                    d.opened_on <= $1 AND (d.closed_on IS NULL OR d.closed_on >= $1) AS is_open,
                    coalesce(a.critical, 0) AS critical, coalesce(a.warning, 0) AS warning, coalesce(a.notice, 0) AS notice,
                    coalesce(n.penalties, 0) AS penalties, coalesce(n.incentives, 0) AS incentives, coalesce(n.reversals, 0) AS reversals,
                    t.month, t.base_customers, t.bays, coalesce(l.passed, 0) AS passed, coalesce(l.failed, 0) AS failed,
                    coalesce(n.certified, 0) AS certified, coalesce(n.required, 0) AS required,
                    coalesce(n.complaints_open, 0) AS complaints_open, coalesce(n.complaints_overdue, 0) AS complaints_overdue
             FROM dealers d LEFT JOIN moved m USING (dealer_code)
                 LEFT JOIN regions r ON r.region_code = coalesce(m.region_code, d.region_code) AND r.superseded_at = 'infinity' AND NOT r.voided
                 LEFT JOIN alerted a USING (dealer_code) LEFT JOIN now n USING (dealer_code)
                 LEFT JOIN turned t USING (dealer_code) LEFT JOIN looked l USING (dealer_code)
             WHERE d.superseded_at = 'infinity' AND NOT d.voided),
         gone AS (DELETE FROM standings s WHERE NOT EXISTS (SELECT FROM fresh WHERE fresh.dealer_code = s.dealer_code))
         INSERT INTO standings AS s
         SELECT (SELECT nullif(current_setting('farsight.tenant', true), '')::integer), fresh.* FROM fresh
         ON CONFLICT (tenant_id, dealer_code) DO UPDATE SET
             (name, region_code, region_name, province, city, lat, lon, opened_on, closed_on, is_open, critical, warning, notice,
              penalties, incentives, reversals, turnover_month, base_customers, bays, passed, failed, certified, required,
              complaints_open, complaints_overdue)
             = (excluded.name, excluded.region_code, excluded.region_name, excluded.province, excluded.city, excluded.lat, excluded.lon,
              excluded.opened_on, excluded.closed_on, excluded.is_open, excluded.critical, excluded.warning, excluded.notice,
              excluded.penalties, excluded.incentives, excluded.reversals, excluded.turnover_month, excluded.base_customers,
              excluded.bays, excluded.passed, excluded.failed, excluded.certified, excluded.required, excluded.complaints_open,
              excluded.complaints_overdue)
         WHERE (s.*) IS DISTINCT FROM (excluded.*)",
    )
    .bind::<SqlDate, _>(pg_date(today))
    .bind::<SqlDate, _>(pg_month(running))
    .bind::<SqlDate, _>(pg_date(farsight_rulebook::time::months_before(running.first_day(), 12)))
    .execute(tx.connection)?;
    Ok(())
}

/// What lists of dealers are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// The code.
    #[default]
    Code,
    /// The name.
    Name,
    /// The region's name.
    Region,
    /// The city.
    City,
    /// The most severe open alert, then how many.
    Alerts,
    /// The net charges of the running month.
    Money,
    /// Customers a bay.
    Turnover,
    /// The share of items passed.
    PassRate,
    /// Certified advisors less those asked for.
    Cover,
    /// Open complaints.
    Complaints,
    /// Overdue complaints.
    Overdue,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Code,
        Self::Name,
        Self::Region,
        Self::City,
        Self::Alerts,
        Self::Money,
        Self::Turnover,
        Self::PassRate,
        Self::Cover,
        Self::Complaints,
        Self::Overdue,
    ];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Name => "name",
            Self::Region => "region",
            Self::City => "city",
            Self::Alerts => "alerts",
            Self::Money => "money",
            Self::Turnover => "turnover",
            Self::PassRate => "pass-rate",
            Self::Cover => "cover",
            Self::Complaints => "complaints",
            Self::Overdue => "overdue",
        }
    }

    /// The column of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// What is compared; greater is more.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Code => &["dealer_code COLLATE \"C\""],
            Self::Name => &["name COLLATE \"C\""],
            Self::Region => &["region_name COLLATE \"C\""],
            Self::City => &["city COLLATE \"C\""],
            Self::Alerts => &["least(critical, 1)", "least(warning, 1)", "critical", "warning", "notice"],
            Self::Money => &["penalties + incentives + reversals"],
            Self::Turnover => &["base_customers::double precision / bays"],
            Self::PassRate => &["passed::double precision / nullif(passed + failed, 0)"],
            Self::Cover => &["certified - required"],
            Self::Complaints => &["complaints_open"],
            Self::Overdue => &["complaints_overdue"],
        }
    }
}

/// Which dealers are listed; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of a region.
    pub region: Option<String>,
    /// Of a province.
    pub province: Option<String>,
    /// Whose most severe open alert is this.
    pub worst: Option<Severity>,
    /// Whose code or name has this in it, whatever the case.
    pub search: Option<String>,
    /// Sorted by.
    pub by: Column,
    /// From the greatest down.
    pub falling: bool,
    /// So many are left out before.
    pub offset: i64,
    /// At most so many.
    pub limit: i64,
}

const fn is_worst(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical > 0",
        Severity::Warning => "critical = 0 AND warning > 0",
        Severity::Notice => "critical = 0 AND warning = 0 AND notice > 0",
        Severity::None => "critical = 0 AND warning = 0 AND notice = 0",
    }
}

/// A text with the marks of LIKE as themselves, to be found anywhere.
pub(crate) fn anywhere(search: &str) -> String {
    format!("%{}%", search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(embed)]
    standing: Row,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// Dealers of a filter, and how many there are of it.
pub fn list(tx: &mut Tx, filter: &Filter) -> Result<(i64, Vec<DealerStanding>), StoreError> {
    let way = if filter.falling { "DESC" } else { "ASC" };
    // What is not known comes last, whichever way.
    let order: Vec<String> = filter.by.keys().iter().map(|key| format!("{key} {way} NULLS LAST")).collect();
    let from = format!(
        "FROM standings WHERE ($1 IS NULL OR region_code = $1) AND ($2 IS NULL OR province = $2) AND {}
             AND ($3 IS NULL OR dealer_code ILIKE $3 OR name ILIKE $3)",
        filter.worst.map_or("true", is_worst)
    );
    let search = filter.search.as_deref().map(anywhere);
    let rows: Vec<Counted> = diesel::sql_query(format!(
        "SELECT *, count(*) OVER () AS total {from} ORDER BY {}, dealer_code COLLATE \"C\" OFFSET $4 LIMIT $5",
        order.join(", ")
    ))
    .bind::<Nullable<Text>, _>(&filter.region)
    .bind::<Nullable<Text>, _>(&filter.province)
    .bind::<Nullable<Text>, _>(&search)
    .bind::<BigInt, _>(filter.offset)
    .bind::<BigInt, _>(filter.limit)
    .load(tx.connection)?;
    let total = match rows.first() {
        Some(row) => row.total,
        // Past the end the rows do not tell.
        None if filter.offset > 0 => count(tx, &from, filter, search.as_deref())?,
        None => 0,
    };
    Ok((total, rows.into_iter().map(|row| row.standing.into()).collect()))
}

fn count(tx: &mut Tx, from: &str, filter: &Filter, search: Option<&str>) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Total {
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let row: Total = diesel::sql_query(format!("SELECT count(*) AS total {from}"))
        .bind::<Nullable<Text>, _>(&filter.region)
        .bind::<Nullable<Text>, _>(&filter.province)
        .bind::<Nullable<Text>, _>(search)
        .get_result(tx.connection)?;
    Ok(row.total)
}

/// How the dealer of a code stands; none: there is none in sight.
pub fn find(tx: &mut Tx, dealer: &str) -> Result<Option<DealerStanding>, StoreError> {
    let row: Option<Row> = diesel::sql_query("SELECT * FROM standings WHERE dealer_code = $1")
        .bind::<Text, _>(dealer)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(DealerStanding::from))
}

/// A dealer on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    /// Its code.
    pub dealer: String,
    /// Its name.
    pub name: String,
    /// Latitude, in degrees.
    pub lat: f64,
    /// Longitude, in degrees.
    pub lon: f64,
    /// The most severe open alert.
    pub worst: Severity,
}

/// In the order of the number that the query gives them.
const SEVERITIES: [Severity; 4] = [Severity::None, Severity::Notice, Severity::Warning, Severity::Critical];

/// Every open dealer in sight whose place is known, the most severe last, so that it is drawn above others.
pub fn dots(tx: &mut Tx) -> Result<Vec<Dot>, StoreError> {
    let mut dots = Vec::new();
    tx.each::<_, (String, String, f64, f64, i32)>(
        diesel::dsl::sql::<(Text, Text, Double, Double, Integer)>(
            "SELECT dealer_code, name, lat, lon,
                CASE WHEN critical > 0 THEN 3 WHEN warning > 0 THEN 2 WHEN notice > 0 THEN 1 ELSE 0 END AS worst
             FROM standings WHERE is_open AND lat IS NOT NULL AND lon IS NOT NULL ORDER BY worst, dealer_code COLLATE \"C\"",
        ),
        |(dealer, name, lat, lon, worst)| {
            let worst = SEVERITIES.get(worst as usize).copied().unwrap_or(Severity::None);
            dots.push(Dot { dealer, name, lat, lon, worst });
        },
    )?;
    Ok(dots)
}

/// What can be chosen for a list: regions with their names, and provinces, in sight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// Region codes and names.
    pub regions: Vec<(String, String)>,
    /// Provinces.
    pub provinces: Vec<String>,
}

/// The choices there are.
pub fn choices(tx: &mut Tx) -> Result<Choices, StoreError> {
    let (mut regions, mut provinces) = (BTreeMap::new(), BTreeSet::new());
    tx.each::<_, (String, String, String)>(
        diesel::dsl::sql::<(Text, Text, Text)>(
            "SELECT DISTINCT region_code, region_name, province FROM standings",
        ),
        |(code, name, province)| {
            regions.insert(code, name);
            provinces.insert(province);
        },
    )?;
    provinces.remove("");
    Ok(Choices { regions: regions.into_iter().collect(), provinces: provinces.into_iter().collect() })
}

/// The regions there are, by code, with their names.
pub fn regions(tx: &mut Tx) -> Result<Vec<(String, String)>, StoreError> {
    let mut regions = Vec::new();
    tx.each::<_, (String, String)>(
        diesel::dsl::sql::<(Text, Text)>(
            "SELECT region_code, name FROM regions WHERE superseded_at = 'infinity' AND NOT voided ORDER BY region_code",
        ),
        |region| regions.push(region),
    )?;
    Ok(regions)
}
