//! The people who may enter, of one tenant.

use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Text, Timestamptz};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;

use crate::values::pg_instant;
use crate::{StoreError, Tx};

/// A user.
#[derive(Debug, Clone)]
pub struct User {
    /// The address they sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// The regions they see, of a regional manager.
    pub regions: Vec<String>,
    /// The dealers they work for, of a dealer.
    pub dealers: Vec<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Array<Text>)]
    regions: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    dealers: Vec<String>,
}

fn user(row: Row) -> Result<User, StoreError> {
    let role = Role::named(&row.role).ok_or_else(|| StoreError::Value(format!("role '{}'", row.role)))?;
    Ok(User { email: row.email, role, regions: row.regions, dealers: row.dealers })
}

/// The user of an address.
pub fn find(tx: &mut Tx, email: &str) -> Result<Option<User>, StoreError> {
    let row: Option<Row> =
        diesel::sql_query("SELECT email, role, regions, dealers FROM users WHERE email = $1")
            .bind::<Text, _>(email)
            .get_result(tx.connection)
            .optional()?;
    row.map(user).transpose()
}

/// All users, by address.
pub fn all(tx: &mut Tx) -> Result<Vec<User>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query("SELECT email, role, regions, dealers FROM users ORDER BY email")
        .load(tx.connection)?;
    rows.into_iter().map(user).collect()
}

/// Adds a user, or gives one that is there another role and scope. Says whether it is new.
pub fn put(tx: &mut Tx, user: &User, at: Instant) -> Result<bool, StoreError> {
    let new = find(tx, &user.email)?.is_none();
    diesel::sql_query(
        "INSERT INTO users (tenant_id, email, role, regions, dealers, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, email) DO UPDATE SET role = excluded.role, regions = excluded.regions, dealers = excluded.dealers",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(&user.email)
    .bind::<Text, _>(user.role.name())
    .bind::<Array<Text>, _>(&user.regions)
    .bind::<Array<Text>, _>(&user.dealers)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(new)
}

/// Which of these codes a table of the network (`dealers`, `regions`) does not know.
pub fn unknown_codes(tx: &mut Tx, table: NetworkTable, codes: &[String]) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Code {
        #[diesel(sql_type = Text)]
        code: String,
    }
    let (table, column) = match table {
        NetworkTable::Dealers => ("dealers", "dealer_code"),
        NetworkTable::Regions => ("regions", "region_code"),
    };
    let rows: Vec<Code> = diesel::sql_query(format!(
        "SELECT code FROM unnest($1) AS code WHERE NOT EXISTS (
             SELECT FROM {table} t WHERE t.{column} = code AND t.superseded_at = 'infinity')"
    ))
    .bind::<Array<Text>, _>(codes)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.code).collect())
}

/// A table whose codes a user's scope names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkTable {
    /// `dealers`
    Dealers,
    /// `regions`
    Regions,
}
