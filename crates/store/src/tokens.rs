//! Tokens of machines, what they were used for, and the first answers to requests that may come twice.
//!
//! Secrets are never here, only their SHA-256.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use serde::Serialize;

use crate::users::User;
use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// What stands in a token's tables for all there are.
pub const ALL_TABLES: &str = "*";

/// A token that was shown and holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its number.
    pub token: i32,
    /// The machine's number as a user.
    pub user: i32,
    /// The machine, as the audit log names it.
    pub machine: String,
    /// What the machine may do.
    pub role: Role,
    /// The regions it sees.
    pub regions: Vec<String>,
    /// The dealers it works for.
    pub dealers: Vec<String>,
    /// Whether it may read.
    pub reads: bool,
    /// Whether it may take deeds.
    pub acts: bool,
    /// The tables whose facts it may send.
    pub tables: Vec<String>,
    /// Requests a minute.
    pub rate: u32,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Instant>,
}

impl Held {
    /// Whether it may send facts of a table.
    pub fn sends(&self, table: &str) -> bool {
        self.tables.iter().any(|named| named == table || named == ALL_TABLES)
    }
}

/// The token of a secret, neither expired nor revoked, of a machine that may enter.
pub fn held(tx: &mut Tx, secret: &[u8], now: Instant) -> Result<Option<Held>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        token_id: i32,
        #[diesel(sql_type = Integer)]
        user_id: i32,
        #[diesel(sql_type = Text)]
        email: String,
        #[diesel(sql_type = Text)]
        role: String,
        #[diesel(sql_type = Array<Text>)]
        regions: Vec<String>,
        #[diesel(sql_type = Array<Text>)]
        dealers: Vec<String>,
        #[diesel(sql_type = Bool)]
        reads: bool,
        #[diesel(sql_type = Bool)]
        acts: bool,
        #[diesel(sql_type = Array<Text>)]
        tables: Vec<String>,
        #[diesel(sql_type = Integer)]
        rate: i32,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        last_used_at: Option<PgTimestamp>,
    }
    let row: Option<Row> = diesel::sql_query(
        "SELECT k.token_id, u.user_id, u.email, u.role, u.regions, u.dealers, k.reads, k.acts, k.tables, k.rate, k.last_used_at
         FROM tokens k JOIN users u ON u.tenant_id = k.tenant_id AND u.user_id = k.user_id
         WHERE k.secret_sha256 = $1 AND k.expires_at > $2 AND k.revoked_at IS NULL AND u.disabled_at IS NULL",
    )
    .bind::<Binary, _>(secret)
    .bind::<Timestamptz, _>(pg_instant(now))
    .get_result(tx.connection)
    .optional()?;
    row.map(|row| {
        let role = Role::named(&row.role).ok_or_else(|| StoreError::Value(format!("role '{}'", row.role)))?;
        Ok(Held {
            token: row.token_id,
            user: row.user_id,
            machine: row.email,
            role,
            regions: row.regions,
            dealers: row.dealers,
            reads: row.reads,
            acts: row.acts,
            tables: row.tables,
            rate: row.rate.unsigned_abs(),
            last_used_at: row.last_used_at.map(instant),
        })
    })
    .transpose()
}

/// A token that is made.
#[derive(Debug, Clone)]
pub struct New<'n> {
    /// The SHA-256 of its secret.
    pub secret: &'n [u8],
    /// The machine's number as a user.
    pub user: i32,
    /// Whether it may read.
    pub reads: bool,
    /// Whether it may take deeds.
    pub acts: bool,
    /// The tables whose facts it may send.
    pub tables: &'n [String],
    /// Requests a minute.
    pub rate: i32,
    /// When it is made.
    pub made_at: Instant,
    /// Who makes it.
    pub made_by: &'n str,
    /// Until when it holds.
    pub expires_at: Instant,
}

/// Writes a token down; gives its number.
pub fn add(tx: &mut Tx, new: &New) -> Result<i32, StoreError> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = Integer)]
        token_id: i32,
    }
    let row: Number = diesel::sql_query(
        "INSERT INTO tokens (tenant_id, user_id, secret_sha256, reads, acts, tables, rate, made_at, made_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING token_id",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Integer, _>(new.user)
    .bind::<Binary, _>(new.secret)
    .bind::<Bool, _>(new.reads)
    .bind::<Bool, _>(new.acts)
    .bind::<Array<Text>, _>(new.tables)
    .bind::<Integer, _>(new.rate)
    .bind::<Timestamptz, _>(pg_instant(new.made_at))
    .bind::<Text, _>(new.made_by)
    .bind::<Timestamptz, _>(pg_instant(new.expires_at))
    .get_result(tx.connection)?;
    Ok(row.token_id)
}

/// Adds a machine, or gives one that is there another role and scope; gives its number. None: a person has this name.
pub fn put_machine(tx: &mut Tx, machine: &User, at: Instant) -> Result<Option<i32>, StoreError> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = Integer)]
        user_id: i32,
    }
    let row: Option<Number> = diesel::sql_query(
        "INSERT INTO users (tenant_id, email, role, regions, dealers, created_at, kind) VALUES ($1, $2, $3, $4, $5, $6, 'machine')
         ON CONFLICT (tenant_id, email) DO UPDATE SET role = excluded.role, regions = excluded.regions, dealers = excluded.dealers
             WHERE users.kind = 'machine'
         RETURNING user_id",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(&machine.email)
    .bind::<Text, _>(machine.role.name())
    .bind::<Array<Text>, _>(&machine.regions)
    .bind::<Array<Text>, _>(&machine.dealers)
    .bind::<Timestamptz, _>(pg_instant(at))
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(|row| row.user_id))
}

/// A token as administrators see it.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Listed {
    /// Its number.
    #[diesel(sql_type = Integer)]
    pub token: i32,
    /// The machine's number as a user.
    #[diesel(sql_type = Integer)]
    pub user: i32,
    /// The machine, as the audit log names it.
    #[diesel(sql_type = Text)]
    pub machine: String,
    /// Its role's name.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// The regions it sees.
    #[diesel(sql_type = Array<Text>)]
    pub regions: Vec<String>,
    /// The dealers it works for.
    #[diesel(sql_type = Array<Text>)]
    pub dealers: Vec<String>,
    /// Whether it may read.
    #[diesel(sql_type = Bool)]
    pub reads: bool,
    /// Whether it may take deeds.
    #[diesel(sql_type = Bool)]
    pub acts: bool,
    /// The tables whose facts it may send.
    #[diesel(sql_type = Array<Text>)]
    pub tables: Vec<String>,
    /// Requests a minute.
    #[diesel(sql_type = Integer)]
    pub rate: i32,
    /// When it was made, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub made_at: i64,
    /// Who made it.
    #[diesel(sql_type = Text)]
    pub made_by: String,
    /// Until when it holds, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub expires_at: i64,
    /// When it was last used, in microseconds since 1970, to the minute.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub last_used_at: Option<i64>,
    /// When it was revoked, in microseconds since 1970.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub revoked_at: Option<i64>,
}

impl Listed {
    /// Whether it holds at a moment.
    pub fn holds(&self, now: Instant) -> bool {
        self.revoked_at.is_none() && self.expires_at > now.0
    }
}

const LISTED: &str = "SELECT k.token_id AS token, k.user_id AS user, u.email AS machine, u.role, u.regions, u.dealers, k.reads, k.acts, k.tables, k.rate,
        (extract(epoch FROM k.made_at) * 1000000)::bigint AS made_at, k.made_by,
        (extract(epoch FROM k.expires_at) * 1000000)::bigint AS expires_at,
        (extract(epoch FROM k.last_used_at) * 1000000)::bigint AS last_used_at,
        (extract(epoch FROM k.revoked_at) * 1000000)::bigint AS revoked_at
    FROM tokens k JOIN users u ON u.tenant_id = k.tenant_id AND u.user_id = k.user_id";

/// All tokens, by machine, the latest first.
pub fn all(tx: &mut Tx) -> Result<Vec<Listed>, StoreError> {
    Ok(diesel::sql_query(format!("{LISTED} ORDER BY u.email COLLATE \"C\", k.token_id DESC"))
        .load(tx.connection)?)
}

/// The tokens of a machine, the latest first, kept from change by others until the transaction ends.
pub fn of_machine(tx: &mut Tx, machine: &str) -> Result<Vec<Listed>, StoreError> {
    Ok(diesel::sql_query(format!("{LISTED} WHERE u.email = $1 ORDER BY k.token_id DESC FOR UPDATE"))
        .bind::<Text, _>(machine)
        .load(tx.connection)?)
}

/// Whose eyes see what somebody does: their own; for a machine also those of whoever made it a token. In lower case.
pub fn eyes(tx: &mut Tx, by: &str) -> Result<Vec<String>, StoreError> {
    let mut eyes = vec![by.to_lowercase()];
    let makers = diesel::sql_query(
        "SELECT DISTINCT lower(k.made_by) AS made_by FROM tokens k JOIN users u ON u.tenant_id = k.tenant_id AND u.user_id = k.user_id
         WHERE u.email = $1",
    )
    .bind::<Text, _>(by);
    // No person sees tokens; whose eyes they are is asked for everybody.
    let makers = tx.beyond_person(|tx| Ok(makers.load::<MadeBy>(tx.connection)?))?;
    eyes.extend(makers.into_iter().map(|row| row.made_by));
    Ok(eyes)
}

#[derive(QueryableByName)]
struct MadeBy {
    #[diesel(sql_type = Text)]
    made_by: String,
}

/// A token holds until a moment at the latest.
pub fn end_by(tx: &mut Tx, token: i32, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE tokens SET expires_at = least(expires_at, $2) WHERE token_id = $1")
        .bind::<Integer, _>(token)
        .bind::<Timestamptz, _>(pg_instant(at))
        .execute(tx.connection)?;
    Ok(())
}

/// Revokes the tokens of a machine that are not revoked yet; says how many those were.
pub fn revoke(tx: &mut Tx, user: i32, by: &str, at: Instant) -> Result<usize, StoreError> {
    Ok(diesel::sql_query(
        "UPDATE tokens SET revoked_at = $2, revoked_by = $3 WHERE user_id = $1 AND revoked_at IS NULL",
    )
    .bind::<Integer, _>(user)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(by)
    .execute(tx.connection)?)
}

/// A token was used.
pub fn used(tx: &mut Tx, token: i32, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE tokens SET last_used_at = $2 WHERE token_id = $1")
        .bind::<Integer, _>(token)
        .bind::<Timestamptz, _>(pg_instant(at))
        .execute(tx.connection)?;
    Ok(())
}

/// Notes that a token was used for something in an hour; says whether that is news.
pub fn note_use(tx: &mut Tx, token: i32, hour: Instant, what: &str) -> Result<bool, StoreError> {
    let noted = diesel::sql_query(
        "INSERT INTO token_uses (tenant_id, token_id, hour, what) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Integer, _>(token)
    .bind::<Timestamptz, _>(pg_instant(hour))
    .bind::<Text, _>(what)
    .execute(tx.connection)?;
    Ok(noted > 0)
}

/// Forgets uses and answers from before a moment.
pub fn forget(tx: &mut Tx, before: Instant) -> Result<(), StoreError> {
    for sql in ["DELETE FROM token_uses WHERE hour < $1", "DELETE FROM first_answers WHERE given_at < $1"] {
        diesel::sql_query(sql).bind::<Timestamptz, _>(pg_instant(before)).execute(tx.connection)?;
    }
    Ok(())
}

/// The first answer to a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The request's key.
    pub key: String,
    /// The SHA-256 of the request.
    pub request: Vec<u8>,
    /// The answer, as the use case wrote it.
    pub answer: String,
}

/// The first answers that a machine was given for these keys, since a moment.
pub fn answers(tx: &mut Tx, user: i32, keys: &[&str], since: Instant) -> Result<Vec<Answer>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        key: String,
        #[diesel(sql_type = Binary)]
        request_sha256: Vec<u8>,
        #[diesel(sql_type = Text)]
        answer: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT key, request_sha256, answer FROM first_answers WHERE user_id = $1 AND key = ANY($2) AND given_at >= $3",
    )
    .bind::<Integer, _>(user)
    .bind::<Array<Text>, _>(keys)
    .bind::<Timestamptz, _>(pg_instant(since))
    .load(tx.connection)?;
    Ok(rows
        .into_iter()
        .map(|row| Answer { key: row.key, request: row.request_sha256, answer: row.answer })
        .collect())
}

/// Keeps first answers; one that is too old to be given again makes way.
pub fn keep_answers(tx: &mut Tx, user: i32, answers: &[Answer], at: Instant) -> Result<(), StoreError> {
    let keys: Vec<&str> = answers.iter().map(|answer| answer.key.as_str()).collect();
    let requests: Vec<&[u8]> = answers.iter().map(|answer| answer.request.as_slice()).collect();
    let texts: Vec<&str> = answers.iter().map(|answer| answer.answer.as_str()).collect();
    diesel::sql_query("DELETE FROM first_answers WHERE user_id = $1 AND key = ANY($2)")
        .bind::<Integer, _>(user)
        .bind::<Array<Text>, _>(&keys)
        .execute(tx.connection)?;
    diesel::sql_query(
        "INSERT INTO first_answers (tenant_id, user_id, key, request_sha256, answer, given_at)
         SELECT $1, $2, key, request, answer, $6 FROM unnest($3, $4, $5) AS a (key, request, answer)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Integer, _>(user)
    .bind::<Array<Text>, _>(&keys)
    .bind::<Array<Binary>, _>(&requests)
    .bind::<Array<Text>, _>(&texts)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}
