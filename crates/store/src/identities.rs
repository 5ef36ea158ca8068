//! People and groups as an identity provider knows them, and who they are here. Everything is of one provider: no query
//! finds what another one told.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use serde_json::Value;

use crate::values::pg_instant;
use crate::{StoreError, Tx};

/// A person as a provider knows them.
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own, as the row does")]
#[derive(Debug, Clone, QueryableByName)]
pub struct Identity {
    /// Their id here.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// `sub` of the provider's tokens; none before the first sign-in.
    #[diesel(sql_type = Nullable<Text>)]
    pub subject: Option<String>,
    /// Their id there, where provisioning tells it.
    #[diesel(sql_type = Nullable<Text>)]
    pub external_id: Option<String>,
    /// What they sign in as: an address.
    #[diesel(sql_type = Text)]
    pub user_name: String,
    /// What they are called.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What provisioning tells of them besides.
    #[diesel(sql_type = Jsonb)]
    pub attributes: Value,
    /// What the last token said of them.
    #[diesel(sql_type = Jsonb)]
    pub claims: Value,
    /// Whether the provider lets them in.
    #[diesel(sql_type = Bool)]
    pub active: bool,
    /// Whether provisioning looks after them.
    #[diesel(sql_type = Bool)]
    pub provisioned: bool,
    /// Who they are here; none: nobody, as no rule fits.
    #[diesel(sql_type = Nullable<Integer>)]
    pub user: Option<i32>,
    /// Whether the account is shut, and this provider shut it.
    #[diesel(sql_type = Bool)]
    pub shut: bool,
    /// When it was made, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub made_at: i64,
    /// When it was changed last, likewise.
    #[diesel(sql_type = BigInt)]
    pub changed_at: i64,
    /// Whether provisioning deleted it.
    #[diesel(sql_type = Bool)]
    pub deleted: bool,
}

const IDENTITY: &str = "SELECT i.identity_id AS id, i.subject, i.external_id, i.user_name, i.name, i.attributes, i.claims, i.active, i.provisioned,
    i.user_id AS \"user\", coalesce(u.disabled_at = i.shut_at, false) AS shut, (extract(epoch FROM i.made_at) * 1000000)::bigint AS made_at,
    (extract(epoch FROM i.changed_at) * 1000000)::bigint AS changed_at, i.deleted_at IS NOT NULL AS deleted
    FROM identities i LEFT JOIN users u ON u.tenant_id = i.tenant_id AND u.user_id = i.user_id WHERE i.provider_code = $1";

/// What an identity is looked for by.
#[derive(Debug, Clone, Copy)]
pub enum By<'b> {
    /// Its id here.
    Id(&'b str),
    /// The provider's `sub`.
    Subject(&'b str),
    /// Its id there.
    ExternalId(&'b str),
    /// What they sign in as, in any case of letters.
    UserName(&'b str),
}

/// The identity of a provider, also one that was deleted; kept from change by others until the transaction ends.
pub fn find(tx: &mut Tx, provider: &str, by: By) -> Result<Option<Identity>, StoreError> {
    let (condition, value) = match by {
        By::Id(id) => ("i.identity_id = $2", id.to_owned()),
        By::Subject(subject) => ("i.subject = $2", subject.to_owned()),
        By::ExternalId(id) => ("i.external_id = $2", id.to_owned()),
        By::UserName(name) => ("lower(i.user_name) = lower($2)", name.to_owned()),
    };
    Ok(diesel::sql_query(format!("{IDENTITY} AND {condition} LIMIT 1 FOR UPDATE OF i"))
        .bind::<Text, _>(provider)
        .bind::<Text, _>(value)
        .get_result(tx.connection)
        .optional()?)
}

/// The provider that looks after a user; none: an account of the tower's own.
pub fn provider_of(tx: &mut Tx, user: i32) -> Result<Option<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        provider_code: String,
    }
    let row: Option<Row> = diesel::sql_query("SELECT provider_code FROM identities WHERE user_id = $1")
        .bind::<Integer, _>(user)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(|row| row.provider_code))
}

/// Writes an identity down, or what changed of it.
pub fn put(tx: &mut Tx, provider: &str, identity: &Identity, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO identities (tenant_id, provider_code, identity_id, subject, external_id, user_name, name, attributes, active,
             provisioned, user_id, made_at, changed_at, deleted_at, claims)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, CASE WHEN $13 THEN $12 END, $14)
         ON CONFLICT (tenant_id, provider_code, identity_id) DO UPDATE SET subject = excluded.subject,
             external_id = excluded.external_id, user_name = excluded.user_name, name = excluded.name,
             attributes = excluded.attributes, active = excluded.active, provisioned = excluded.provisioned,
             user_id = excluded.user_id, changed_at = excluded.changed_at, deleted_at = excluded.deleted_at,
             claims = excluded.claims",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(provider)
    .bind::<Text, _>(&identity.id)
    .bind::<Nullable<Text>, _>(&identity.subject)
    .bind::<Nullable<Text>, _>(&identity.external_id)
    .bind::<Text, _>(&identity.user_name)
    .bind::<Text, _>(&identity.name)
    .bind::<Jsonb, _>(&identity.attributes)
    .bind::<Bool, _>(identity.active)
    .bind::<Bool, _>(identity.provisioned)
    .bind::<Nullable<Integer>, _>(identity.user)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Bool, _>(identity.deleted)
    .bind::<Jsonb, _>(&identity.claims)
    .execute(tx.connection)?;
    Ok(())
}

/// Forgets by which subject a provider knows the user of an address, and what their last token said; gives who it was.
pub fn unlink(tx: &mut Tx, provider: &str, email: &str) -> Result<Option<i32>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        user_id: i32,
    }
    let row: Option<Row> = diesel::sql_query(
        "UPDATE identities i SET subject = NULL, claims = '{}' FROM users u
         WHERE i.provider_code = $1 AND u.tenant_id = i.tenant_id AND u.user_id = i.user_id AND u.email = lower($2) RETURNING u.user_id",
    )
    .bind::<Text, _>(provider)
    .bind::<Text, _>(email)
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(|row| row.user_id))
}

/// Remembers that the provider shut the account at an instant; none: that it did not.
pub fn shut(tx: &mut Tx, provider: &str, id: &str, at: Option<Instant>) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE identities SET shut_at = $3 WHERE provider_code = $1 AND identity_id = $2")
        .bind::<Text, _>(provider)
        .bind::<Text, _>(id)
        .bind::<Nullable<Timestamptz>, _>(at.map(pg_instant))
        .execute(tx.connection)?;
    Ok(())
}

/// Which of a list are wanted: all, or one by what it is called or by its id there.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The user name or the group's name.
    pub name: Option<String>,
    /// The id there.
    pub external_id: Option<String>,
    /// Whether the provider lets them in.
    pub active: Option<bool>,
    /// The id here.
    pub id: Option<String>,
    /// The first to be shown, counted from 1.
    pub from: i64,
    /// How many at most.
    pub count: i64,
}

/// Some identities that are not deleted, in the order of their making; and how many there are.
pub fn list(tx: &mut Tx, provider: &str, wanted: &Wanted) -> Result<(Vec<Identity>, i64), StoreError> {
    let condition = "i.deleted_at IS NULL AND ($2 IS NULL OR lower(i.user_name) = lower($2)) AND ($3 IS NULL OR i.external_id = $3)
        AND ($4 IS NULL OR i.active = $4) AND ($5 IS NULL OR i.identity_id = $5)";
    let rows: Vec<Identity> = diesel::sql_query(format!(
        "{IDENTITY} AND {condition} ORDER BY i.made_at, i.identity_id OFFSET $6 LIMIT $7"
    ))
    .bind::<Text, _>(provider)
    .bind::<Nullable<Text>, _>(&wanted.name)
    .bind::<Nullable<Text>, _>(&wanted.external_id)
    .bind::<Nullable<Bool>, _>(wanted.active)
    .bind::<Nullable<Text>, _>(&wanted.id)
    .bind::<BigInt, _>(wanted.from - 1)
    .bind::<BigInt, _>(wanted.count)
    .load(tx.connection)?;
    let total: Count = diesel::sql_query(format!(
        "SELECT count(*) AS number FROM identities i WHERE i.provider_code = $1 AND {condition}"
    ))
    .bind::<Text, _>(provider)
    .bind::<Nullable<Text>, _>(&wanted.name)
    .bind::<Nullable<Text>, _>(&wanted.external_id)
    .bind::<Nullable<Bool>, _>(wanted.active)
    .bind::<Nullable<Text>, _>(&wanted.id)
    .get_result(tx.connection)?;
    Ok((rows, total.number))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// A group as a provider knows it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Group {
    /// Its id here.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// Its id there.
    #[diesel(sql_type = Nullable<Text>)]
    pub external_id: Option<String>,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// When it was made, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub made_at: i64,
    /// When it was changed last, likewise.
    #[diesel(sql_type = BigInt)]
    pub changed_at: i64,
}

const GROUP: &str = "SELECT g.group_id AS id, g.external_id, g.name, (extract(epoch FROM g.made_at) * 1000000)::bigint AS made_at,
    (extract(epoch FROM g.changed_at) * 1000000)::bigint AS changed_at FROM identity_groups g WHERE g.provider_code = $1";

/// The group of an id; kept from change by others until the transaction ends.
pub fn group(tx: &mut Tx, provider: &str, id: &str) -> Result<Option<Group>, StoreError> {
    Ok(diesel::sql_query(format!("{GROUP} AND g.group_id = $2 FOR UPDATE OF g"))
        .bind::<Text, _>(provider)
        .bind::<Text, _>(id)
        .get_result(tx.connection)
        .optional()?)
}

/// Some groups, in the order of their making; and how many there are.
pub fn groups(tx: &mut Tx, provider: &str, wanted: &Wanted) -> Result<(Vec<Group>, i64), StoreError> {
    let condition = "($2 IS NULL OR lower(g.name) = lower($2)) AND ($3 IS NULL OR g.external_id = $3) AND ($4 IS NULL OR g.group_id = $4)";
    let rows: Vec<Group> = diesel::sql_query(format!(
        "{GROUP} AND {condition} ORDER BY g.made_at, g.group_id OFFSET $5 LIMIT $6"
    ))
    .bind::<Text, _>(provider)
    .bind::<Nullable<Text>, _>(&wanted.name)
    .bind::<Nullable<Text>, _>(&wanted.external_id)
    .bind::<Nullable<Text>, _>(&wanted.id)
    .bind::<BigInt, _>(wanted.from - 1)
    .bind::<BigInt, _>(wanted.count)
    .load(tx.connection)?;
    let total: Count = diesel::sql_query(format!(
        "SELECT count(*) AS number FROM identity_groups g WHERE g.provider_code = $1 AND {condition}"
    ))
    .bind::<Text, _>(provider)
    .bind::<Nullable<Text>, _>(&wanted.name)
    .bind::<Nullable<Text>, _>(&wanted.external_id)
    .bind::<Nullable<Text>, _>(&wanted.id)
    .get_result(tx.connection)?;
    Ok((rows, total.number))
}

/// Writes a group down, or what changed of it.
pub fn put_group(tx: &mut Tx, provider: &str, group: &Group, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO identity_groups (tenant_id, provider_code, group_id, external_id, name, made_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (tenant_id, provider_code, group_id) DO UPDATE SET external_id = excluded.external_id, name = excluded.name,
             changed_at = excluded.changed_at",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(provider)
    .bind::<Text, _>(&group.id)
    .bind::<Nullable<Text>, _>(&group.external_id)
    .bind::<Text, _>(&group.name)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// Deletes a group, and that anybody was in it.
pub fn drop_group(tx: &mut Tx, provider: &str, id: &str) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM identity_groups WHERE provider_code = $1 AND group_id = $2")
        .bind::<Text, _>(provider)
        .bind::<Text, _>(id)
        .execute(tx.connection)?;
    Ok(())
}

/// Puts an identity into a group. Says whether it was not in it.
pub fn join(tx: &mut Tx, provider: &str, group: &str, identity: &str) -> Result<bool, StoreError> {
    let joined = diesel::sql_query(
        "INSERT INTO identity_members (tenant_id, provider_code, group_id, identity_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(provider)
    .bind::<Text, _>(group)
    .bind::<Text, _>(identity)
    .execute(tx.connection)?;
    Ok(joined > 0)
}

/// Takes an identity out of a group. Says whether it was in it.
pub fn leave(tx: &mut Tx, provider: &str, group: &str, identity: &str) -> Result<bool, StoreError> {
    let left = diesel::sql_query(
        "DELETE FROM identity_members WHERE provider_code = $1 AND group_id = $2 AND identity_id = $3",
    )
    .bind::<Text, _>(provider)
    .bind::<Text, _>(group)
    .bind::<Text, _>(identity)
    .execute(tx.connection)?;
    Ok(left > 0)
}

/// The ids of who is in a group with what they are called, by id.
pub fn members(tx: &mut Tx, provider: &str, group: &str) -> Result<Vec<(String, String)>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        identity_id: String,
        #[diesel(sql_type = Text)]
        user_name: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT i.identity_id, i.user_name FROM identity_members m JOIN identities i USING (tenant_id, provider_code, identity_id)
         WHERE m.provider_code = $1 AND m.group_id = $2 ORDER BY i.identity_id",
    )
    .bind::<Text, _>(provider)
    .bind::<Text, _>(group)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.identity_id, row.user_name)).collect())
}

/// The groups an identity is in: id and name, by name.
pub fn groups_of(tx: &mut Tx, provider: &str, identity: &str) -> Result<Vec<Group>, StoreError> {
    Ok(diesel::sql_query(format!(
        "{GROUP} AND EXISTS (SELECT FROM identity_members m WHERE m.tenant_id = g.tenant_id AND m.provider_code = g.provider_code
             AND m.group_id = g.group_id AND m.identity_id = $2) ORDER BY g.name"
    ))
    .bind::<Text, _>(provider)
    .bind::<Text, _>(identity)
    .load(tx.connection)?)
}
