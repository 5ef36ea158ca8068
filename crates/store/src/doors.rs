//! Coming in: what a user proves themselves by, the browsers that are signed in, the ways to set a password anew.
//!
//! Secrets are never here: of a password its argon2 hash, of a session and a reset the SHA-256 of what the browser has,
//! of a second factor its sealed seed.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// A user with what they prove themselves by.
#[derive(Debug, Clone)]
pub struct Account {
    /// Their number.
    pub user: i32,
    /// The address they sign in with.
    pub email: String,
    /// What they are called; empty where nobody said.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The regions they see, of a regional manager.
    pub regions: Vec<String>,
    /// The dealers they work for, of a dealer.
    pub dealers: Vec<String>,
    /// The language they chose, a tag; empty where they did not.
    pub language: String,
    /// The hash of their password, in PHC form.
    pub password_hash: Option<String>,
    /// The sealed seed of their second factor.
    pub totp_sealed: Option<Vec<u8>>,
    /// Whether they proved that they have it.
    pub totp_confirmed: bool,
    /// The last time step a code was taken for: none is taken twice.
    pub totp_last_step: i64,
    /// Wrong passwords or codes since the last right one.
    pub failures: i32,
    /// Until when nothing is looked at.
    pub locked_until: Option<Instant>,
    /// Whether they may not enter any more.
    pub disabled: bool,
}

#[derive(QueryableByName)]
struct AccountRow {
    #[diesel(sql_type = Integer)]
    user_id: i32,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Array<Text>)]
    regions: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    dealers: Vec<String>,
    #[diesel(sql_type = Text)]
    language: String,
    #[diesel(sql_type = Nullable<Text>)]
    password_hash: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    totp_sealed: Option<Vec<u8>>,
    #[diesel(sql_type = Bool)]
    totp_confirmed: bool,
    #[diesel(sql_type = BigInt)]
    totp_last_step: i64,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    locked_until: Option<PgTimestamp>,
    #[diesel(sql_type = Bool)]
    disabled: bool,
}

const ACCOUNT: &str = "u.user_id, u.email, u.name, u.role, u.regions, u.dealers, u.language, u.password_hash, u.totp_sealed,
    u.totp_confirmed_at IS NOT NULL AS totp_confirmed, u.totp_last_step, u.failures, u.locked_until, u.disabled_at IS NOT NULL AS disabled";

fn account(row: AccountRow) -> Result<Account, StoreError> {
    let role = Role::named(&row.role).ok_or_else(|| StoreError::Value(format!("role '{}'", row.role)))?;
    Ok(Account {
        user: row.user_id,
        email: row.email,
        name: row.name,
        role,
        regions: row.regions,
        dealers: row.dealers,
        language: row.language,
        password_hash: row.password_hash,
        totp_sealed: row.totp_sealed,
        totp_confirmed: row.totp_confirmed,
        totp_last_step: row.totp_last_step,
        failures: row.failures,
        locked_until: row.locked_until.map(instant),
        disabled: row.disabled,
    })
}

/// The account of an address, kept from change by others until the transaction ends.
pub fn of_email(tx: &mut Tx, email: &str) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = diesel::sql_query(format!(
        "SELECT {ACCOUNT} FROM users u WHERE u.email = $1 AND u.kind = 'person' FOR UPDATE"
    ))
    .bind::<Text, _>(email)
    .get_result(tx.connection)
    .optional()?;
    row.map(account).transpose()
}

/// The account of a number, kept from change by others until the transaction ends.
pub fn of_user(tx: &mut Tx, user: i32) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = diesel::sql_query(format!(
        "SELECT {ACCOUNT} FROM users u WHERE u.user_id = $1 AND u.kind = 'person' FOR UPDATE"
    ))
    .bind::<Integer, _>(user)
    .get_result(tx.connection)
    .optional()?;
    row.map(account).transpose()
}

/// Counts a wrong password or code; nothing is looked at until `locked_until`.
pub fn failed(tx: &mut Tx, user: i32, locked_until: Option<Instant>) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE users SET failures = failures + 1, locked_until = $2 WHERE user_id = $1")
        .bind::<Integer, _>(user)
        .bind::<Nullable<Timestamptz>, _>(locked_until.map(pg_instant))
        .execute(tx.connection)?;
    Ok(())
}

/// Forgets the wrong ones; `step` is that of the code that was right, when it was a code.
pub fn succeeded(tx: &mut Tx, user: i32, step: Option<i64>) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE users SET failures = 0, locked_until = NULL, totp_last_step = coalesce($2, totp_last_step) WHERE user_id = $1",
    )
    .bind::<Integer, _>(user)
    .bind::<Nullable<BigInt>, _>(step)
    .execute(tx.connection)?;
    Ok(())
}

/// Sets a password's hash, and lifts a lock.
pub fn set_password(tx: &mut Tx, user: i32, hash: &str, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE users SET password_hash = $2, password_set_at = $3, failures = 0, locked_until = NULL WHERE user_id = $1",
    )
    .bind::<Integer, _>(user)
    .bind::<Text, _>(hash)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// Sets the sealed seed of a second factor that is yet to be confirmed; none takes the second factor away.
pub fn set_totp(tx: &mut Tx, user: i32, sealed: Option<&[u8]>) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE users SET totp_sealed = $2, totp_confirmed_at = NULL, totp_last_step = 0 WHERE user_id = $1",
    )
    .bind::<Integer, _>(user)
    .bind::<Nullable<Binary>, _>(sealed)
    .execute(tx.connection)?;
    Ok(())
}

/// The user has shown that they have the second factor.
pub fn confirm_totp(tx: &mut Tx, user: i32, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE users SET totp_confirmed_at = $2 WHERE user_id = $1")
        .bind::<Integer, _>(user)
        .bind::<Timestamptz, _>(pg_instant(at))
        .execute(tx.connection)?;
    Ok(())
}

/// Remembers the language a user chose.
pub fn set_language(tx: &mut Tx, user: i32, tag: &str) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE users SET language = $2 WHERE user_id = $1")
        .bind::<Integer, _>(user)
        .bind::<Text, _>(tag)
        .execute(tx.connection)?;
    Ok(())
}

/// A browser that signs in.
#[derive(Debug, Clone)]
pub struct NewSession<'s> {
    /// The SHA-256 of its secret.
    pub secret: &'s [u8],
    /// Whose it is.
    pub user: i32,
    /// When it began.
    pub begun_at: Instant,
    /// When it ends at the latest.
    pub ends_at: Instant,
    /// Whether the second factor was shown.
    pub second_factor: bool,
    /// What the browser calls itself.
    pub browser: &'s str,
    /// Where it is.
    pub address: &'s str,
}

/// Writes a session down.
pub fn begin_session(tx: &mut Tx, session: &NewSession) -> Result<(), StoreError> {
    let begun_at = pg_instant(session.begun_at);
    diesel::sql_query(
        "INSERT INTO sessions (tenant_id, secret_sha256, user_id, begun_at, seen_at, ends_at, second_factor_at, browser, address)
         VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Binary, _>(session.secret)
    .bind::<Integer, _>(session.user)
    .bind::<Timestamptz, _>(begun_at)
    .bind::<Timestamptz, _>(pg_instant(session.ends_at))
    .bind::<Nullable<Timestamptz>, _>(session.second_factor.then_some(begun_at))
    .bind::<Text, _>(session.browser)
    .bind::<Text, _>(session.address)
    .execute(tx.connection)?;
    Ok(())
}

/// Who has a session.
#[derive(Debug, Clone)]
pub struct Held {
    /// Whose it is.
    pub account: Account,
    /// When it was last seen, to the minute.
    pub seen_at: Instant,
    /// Whether the second factor was shown.
    pub second_factor: bool,
}

/// The session of a secret that has not ended and was seen since `idle_since`, of a user who may enter.
pub fn held(
    tx: &mut Tx,
    secret: &[u8],
    now: Instant,
    idle_since: Instant,
) -> Result<Option<Held>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(embed)]
        account: AccountRow,
        #[diesel(sql_type = Timestamptz)]
        seen_at: PgTimestamp,
        #[diesel(sql_type = Bool)]
        second_factor: bool,
    }
    let row: Option<Row> = diesel::sql_query(format!(
        "SELECT {ACCOUNT}, s.seen_at, s.second_factor_at IS NOT NULL AS second_factor
         FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.user_id = s.user_id
         WHERE s.secret_sha256 = $1 AND s.ends_at > $2 AND s.seen_at > $3 AND u.disabled_at IS NULL"
    ))
    .bind::<Binary, _>(secret)
    .bind::<Timestamptz, _>(pg_instant(now))
    .bind::<Timestamptz, _>(pg_instant(idle_since))
    .get_result(tx.connection)
    .optional()?;
    row.map(|row| {
        Ok(Held {
            account: account(row.account)?,
            seen_at: instant(row.seen_at),
            second_factor: row.second_factor,
        })
    })
    .transpose()
}

/// A session was seen.
pub fn seen(tx: &mut Tx, secret: &[u8], now: Instant) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE sessions SET seen_at = $2 WHERE secret_sha256 = $1")
        .bind::<Binary, _>(secret)
        .bind::<Timestamptz, _>(pg_instant(now))
        .execute(tx.connection)?;
    Ok(())
}

/// The second factor was shown in a session.
pub fn second_factor(tx: &mut Tx, secret: &[u8], now: Instant) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE sessions SET second_factor_at = $2 WHERE secret_sha256 = $1")
        .bind::<Binary, _>(secret)
        .bind::<Timestamptz, _>(pg_instant(now))
        .execute(tx.connection)?;
    Ok(())
}

/// Ends a session.
pub fn end_session(tx: &mut Tx, secret: &[u8]) -> Result<usize, StoreError> {
    Ok(diesel::sql_query("DELETE FROM sessions WHERE secret_sha256 = $1")
        .bind::<Binary, _>(secret)
        .execute(tx.connection)?)
}

/// Ends a user's sessions, but for the one kept.
pub fn end_sessions(tx: &mut Tx, user: i32, keep: Option<&[u8]>) -> Result<usize, StoreError> {
    Ok(diesel::sql_query("DELETE FROM sessions WHERE user_id = $1 AND secret_sha256 IS DISTINCT FROM $2")
        .bind::<Integer, _>(user)
        .bind::<Nullable<Binary>, _>(keep)
        .execute(tx.connection)?)
}

/// A session as its user sees it.
#[derive(Debug, Clone)]
pub struct ListedSession {
    /// The SHA-256 of its secret.
    pub secret: Vec<u8>,
    /// When it began.
    pub begun_at: Instant,
    /// When it was last seen.
    pub seen_at: Instant,
    /// What the browser calls itself.
    pub browser: String,
    /// Where it was.
    pub address: String,
}

/// A user's sessions that have not ended, the last seen first.
pub fn sessions(
    tx: &mut Tx,
    user: i32,
    now: Instant,
    idle_since: Instant,
) -> Result<Vec<ListedSession>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Binary)]
        secret_sha256: Vec<u8>,
        #[diesel(sql_type = Timestamptz)]
        begun_at: PgTimestamp,
        #[diesel(sql_type = Timestamptz)]
        seen_at: PgTimestamp,
        #[diesel(sql_type = Text)]
        browser: String,
        #[diesel(sql_type = Text)]
        address: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT secret_sha256, begun_at, seen_at, browser, address FROM sessions
         WHERE user_id = $1 AND ends_at > $2 AND seen_at > $3 ORDER BY seen_at DESC, begun_at DESC",
    )
    .bind::<Integer, _>(user)
    .bind::<Timestamptz, _>(pg_instant(now))
    .bind::<Timestamptz, _>(pg_instant(idle_since))
    .load(tx.connection)?;
    Ok(rows
        .into_iter()
        .map(|row| ListedSession {
            secret: row.secret_sha256,
            begun_at: instant(row.begun_at),
            seen_at: instant(row.seen_at),
            browser: row.browser,
            address: row.address,
        })
        .collect())
}

/// Deletes sessions, resets and sign-ins under way that ended before an instant.
pub fn forget(tx: &mut Tx, before: Instant) -> Result<usize, StoreError> {
    let mut gone = 0;
    for table in ["sessions", "password_resets", "sign_ins_under_way"] {
        gone += diesel::sql_query(format!("DELETE FROM {table} WHERE ends_at < $1"))
            .bind::<Timestamptz, _>(pg_instant(before))
            .execute(tx.connection)?;
    }
    Ok(gone)
}

/// Writes down a way to set a password anew.
pub fn add_reset(
    tx: &mut Tx,
    secret: &[u8],
    user: i32,
    made_at: Instant,
    ends_at: Instant,
) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO password_resets (tenant_id, secret_sha256, user_id, made_at, ends_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Binary, _>(secret)
    .bind::<Integer, _>(user)
    .bind::<Timestamptz, _>(pg_instant(made_at))
    .bind::<Timestamptz, _>(pg_instant(ends_at))
    .execute(tx.connection)?;
    Ok(())
}

/// How many resets a user asked for since an instant.
pub fn resets_since(tx: &mut Tx, user: i32, since: Instant) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let row: Count = diesel::sql_query(
        "SELECT count(*) AS number FROM password_resets WHERE user_id = $1 AND made_at > $2",
    )
    .bind::<Integer, _>(user)
    .bind::<Timestamptz, _>(pg_instant(since))
    .get_result(tx.connection)?;
    Ok(row.number)
}

/// Whose reset a secret is, while it has not ended.
pub fn reset_of(tx: &mut Tx, secret: &[u8], now: Instant) -> Result<Option<i32>, StoreError> {
    #[derive(QueryableByName)]
    struct Whose {
        #[diesel(sql_type = Integer)]
        user_id: i32,
    }
    let row: Option<Whose> =
        diesel::sql_query("SELECT user_id FROM password_resets WHERE secret_sha256 = $1 AND ends_at > $2")
            .bind::<Binary, _>(secret)
            .bind::<Timestamptz, _>(pg_instant(now))
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(|row| row.user_id))
}

/// Takes all of a user's resets away.
pub fn drop_resets(tx: &mut Tx, user: i32) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM password_resets WHERE user_id = $1")
        .bind::<Integer, _>(user)
        .execute(tx.connection)?;
    Ok(())
}
