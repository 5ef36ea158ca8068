//! The people who may enter, of one tenant.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use serde::Serialize;

use crate::settlements::Part;
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

/// The user of an address: a person or a machine.
pub fn find(tx: &mut Tx, email: &str) -> Result<Option<User>, StoreError> {
    let row: Option<Row> =
        diesel::sql_query("SELECT email, role, regions, dealers FROM users WHERE email = $1")
            .bind::<Text, _>(email)
            .get_result(tx.connection)
            .optional()?;
    row.map(user).transpose()
}

/// All people, by address; machines are found among the [`crate::tokens`].
pub fn all(tx: &mut Tx) -> Result<Vec<User>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT email, role, regions, dealers FROM users WHERE kind = 'person' ORDER BY email",
    )
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

/// A user as administrators see them.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Listed {
    /// Their number.
    #[diesel(sql_type = Integer)]
    pub user: i32,
    /// The address they sign in with.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// What they are called; empty where nobody said.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Their role's name.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// The regions they see.
    #[diesel(sql_type = Array<Text>)]
    pub regions: Vec<String>,
    /// The dealers they work for.
    #[diesel(sql_type = Array<Text>)]
    pub dealers: Vec<String>,
    /// Whether they may not enter any more.
    #[diesel(sql_type = Bool)]
    pub disabled: bool,
    /// Whether they ever set a password.
    #[diesel(sql_type = Bool)]
    pub has_password: bool,
    /// Whether they proved a second factor.
    #[diesel(sql_type = Bool)]
    pub second_factor: bool,
    /// The code of the identity provider that looks after them; none: the tower does.
    #[diesel(sql_type = Nullable<Text>)]
    pub provider: Option<String>,
    /// When a browser of theirs was last seen, in microseconds since 1970.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub seen_at: Option<i64>,
}

const LISTED: &str = "SELECT u.user_id AS user, u.email, u.name, u.role, u.regions, u.dealers, u.disabled_at IS NOT NULL AS disabled,
    u.password_hash IS NOT NULL AS has_password, u.totp_confirmed_at IS NOT NULL AS second_factor,
    (SELECT i.provider_code FROM identities i WHERE i.tenant_id = u.tenant_id AND i.user_id = u.user_id) AS provider,
    (SELECT (extract(epoch FROM max(s.seen_at)) * 1000000)::bigint FROM sessions s WHERE s.tenant_id = u.tenant_id AND s.user_id = u.user_id) AS seen_at
    FROM users u";

/// Some users, of one role or with this text in address or name where asked; and how many there are.
pub fn listed(
    tx: &mut Tx,
    role: Option<&str>,
    text: Option<&str>,
    part: Part,
) -> Result<(Vec<Listed>, i64), StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(embed)]
        listed: Listed,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let order = [("email", "email"), ("name", "name"), ("role", "role"), ("seen", "seen_at")];
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT l.*, count(*) OVER () AS total FROM ({LISTED} WHERE u.kind = 'person') AS l WHERE ($1 IS NULL OR role = $1)
           AND ($2 IS NULL OR strpos(lower(email || ' ' || name), lower($2)) > 0) {}",
        part.order(&order, "email")
    ))
    .bind::<Nullable<Text>, _>(role)
    .bind::<Nullable<Text>, _>(text)
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(|row| row.listed).collect(), total))
}

/// The user of a number.
pub fn one(tx: &mut Tx, user: i32) -> Result<Option<Listed>, StoreError> {
    Ok(diesel::sql_query(format!("{LISTED} WHERE u.user_id = $1 AND u.kind = 'person'"))
        .bind::<Integer, _>(user)
        .get_result(tx.connection)
        .optional()?)
}

/// Lets a user enter no more from an instant on; none: again.
pub fn disable(tx: &mut Tx, user: i32, from: Option<Instant>) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE users SET disabled_at = $2 WHERE user_id = $1")
        .bind::<Integer, _>(user)
        .bind::<Nullable<Timestamptz>, _>(from.map(pg_instant))
        .execute(tx.connection)?;
    Ok(())
}

/// Says what a user is called.
pub fn rename(tx: &mut Tx, email: &str, name: &str) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE users SET name = $2 WHERE email = $1")
        .bind::<Text, _>(email)
        .bind::<Text, _>(name)
        .execute(tx.connection)?;
    Ok(())
}
