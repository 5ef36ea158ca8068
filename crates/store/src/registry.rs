//! The tenants of an installation. Works as the owner: it sees which tenants there are, never their facts.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::StoreError;
use crate::session::{Database, Scope};
use crate::values::{date, pg_date, pg_instant};

/// A manufacturer with its whole network.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its number.
    pub id: i32,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its IANA time zone.
    pub time_zone: String,
    /// Its ISO 4217 currency.
    pub currency: String,
    /// No finding is earlier; none: the first policy's date.
    pub first_judged_day: Option<Date>,
    /// Whether its clock may be set (tests, demo).
    pub simulated: bool,
}

impl Tenant {
    /// The scope of its whole network.
    pub const fn network(&self) -> Scope {
        Scope::network(self.id)
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    tenant_id: i32,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    time_zone: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Nullable<SqlDate>)]
    first_judged_day: Option<PgDate>,
    #[diesel(sql_type = Bool)]
    simulated: bool,
}

impl From<Row> for Tenant {
    fn from(row: Row) -> Self {
        Self {
            id: row.tenant_id,
            code: row.code,
            name: row.name,
            time_zone: row.time_zone,
            currency: row.currency,
            first_judged_day: row.first_judged_day.map(date),
            simulated: row.simulated,
        }
    }
}

const COLUMNS: &str = "tenant_id, code, name, time_zone, currency, first_judged_day, simulated";

/// All tenants, by code.
pub fn tenants(database: &Database) -> Result<Vec<Tenant>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!("SELECT {COLUMNS} FROM tenants ORDER BY code"))
        .load(&mut database.owner()?)?;
    Ok(rows.into_iter().map(Tenant::from).collect())
}

/// Adds a tenant; `None` when the code is taken.
pub fn add(database: &Database, tenant: &Tenant, at: Instant) -> Result<Option<Tenant>, StoreError> {
    let row: Option<Row> = diesel::sql_query(format!(
        "INSERT INTO tenants (code, name, time_zone, currency, first_judged_day, simulated, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (code) DO NOTHING RETURNING {COLUMNS}"
    ))
    .bind::<Text, _>(&tenant.code)
    .bind::<Text, _>(&tenant.name)
    .bind::<Text, _>(&tenant.time_zone)
    .bind::<Text, _>(&tenant.currency)
    .bind::<Nullable<SqlDate>, _>(tenant.first_judged_day.map(pg_date))
    .bind::<Bool, _>(tenant.simulated)
    .bind::<Timestamptz, PgTimestamp>(pg_instant(at))
    .get_result(&mut database.owner()?)
    .optional()?;
    Ok(row.map(Tenant::from))
}
