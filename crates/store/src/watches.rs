//! Watched places and the files that lay there, as rows.

use std::collections::HashMap;

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Timestamptz};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;

use crate::tokens::ALL_TABLES;
use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// A watched place.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Its code.
    pub code: String,
    /// Where it is.
    pub url: String,
    /// Whose facts they are: the number of a user.
    pub user: i32,
    /// The user, as the audit log names it.
    pub actor: String,
    /// What the user may do.
    pub role: Role,
    /// Whether the user is shut out.
    pub shut: bool,
    /// Whether the user is a machine whose tokens were revoked since the place was added.
    pub revoked: bool,
    /// The tables whose facts are taken in.
    pub tables: Vec<String>,
    /// Whether good rows are taken in though others are bad.
    pub lenient: bool,
    /// When it was added.
    pub added_at: Instant,
    /// By whom.
    pub added_by: String,
    /// When it was last looked at.
    pub looked_at: Option<Instant>,
    /// Since when it cannot be looked at.
    pub failing_since: Option<Instant>,
    /// Why.
    pub last_error: Option<String>,
}

impl Watch {
    /// Whether facts of a table are taken in.
    pub fn takes(&self, table: &str) -> bool {
        self.tables.iter().any(|named| named == table || named == ALL_TABLES)
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    watch_code: String,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Integer)]
    user_id: i32,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Bool)]
    shut: bool,
    #[diesel(sql_type = Bool)]
    revoked: bool,
    #[diesel(sql_type = Array<Text>)]
    tables: Vec<String>,
    #[diesel(sql_type = Bool)]
    lenient: bool,
    #[diesel(sql_type = Timestamptz)]
    added_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    added_by: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    looked_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    failing_since: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
}

/// All watched places, by code.
pub fn all(tx: &mut Tx) -> Result<Vec<Watch>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT w.*, u.email, u.role, u.disabled_at IS NOT NULL AS shut, w.shut_at IS NOT NULL AS revoked
         FROM watches w JOIN users u ON u.tenant_id = w.tenant_id AND u.user_id = w.user_id ORDER BY w.watch_code COLLATE \"C\"",
    )
    .load(tx.connection)?;
    let watch = |row: Row| {
        let role = Role::named(&row.role).ok_or_else(|| StoreError::Value(format!("role '{}'", row.role)))?;
        Ok(Watch {
            code: row.watch_code,
            url: row.url,
            user: row.user_id,
            actor: row.email,
            role,
            shut: row.shut,
            revoked: row.revoked,
            tables: row.tables,
            lenient: row.lenient,
            added_at: instant(row.added_at),
            added_by: row.added_by,
            looked_at: row.looked_at.map(instant),
            failing_since: row.failing_since.map(instant),
            last_error: row.last_error,
        })
    };
    rows.into_iter().map(watch).collect()
}

/// Whether a watched place is still what was listed: by the same terms, not shut, its user let in and in the same role. Asked
/// with `hold`, that stays so until the transaction ends.
pub fn stands(tx: &mut Tx, watch: &Watch, hold: bool) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Code {
        #[diesel(sql_type = Text)]
        #[expect(dead_code, reason = "that there is a row says all")]
        watch_code: String,
    }
    let lock = if hold { "FOR SHARE" } else { "" };
    let query = format!(
        "SELECT w.watch_code FROM watches w JOIN users u ON u.tenant_id = w.tenant_id AND u.user_id = w.user_id
         WHERE w.watch_code = $1 AND w.user_id = $2 AND w.added_at = $3 AND w.shut_at IS NULL AND u.disabled_at IS NULL AND u.role = $4 {lock}"
    );
    // The terms are the operator's; a person who sees a part of the network sees none.
    let row: Option<Code> = tx.beyond_the_person(|tx| {
        let query = diesel::sql_query(query)
            .bind::<Text, _>(&watch.code)
            .bind::<Integer, _>(watch.user)
            .bind::<Timestamptz, _>(pg_instant(watch.added_at))
            .bind::<Text, _>(watch.role.name());
        Ok(query.get_result(tx.connection).optional()?)
    })?;
    Ok(row.is_some())
}

/// The number and role of the user or machine of a name in the audit log.
pub fn user(tx: &mut Tx, actor: &str) -> Result<Option<(i32, Role)>, StoreError> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Integer)]
        user_id: i32,
        #[diesel(sql_type = Text)]
        role: String,
    }
    let found: Option<Found> =
        diesel::sql_query("SELECT user_id, role FROM users WHERE email = $1 AND disabled_at IS NULL")
            .bind::<Text, _>(actor)
            .get_result(tx.connection)
            .optional()?;
    let read = |found: Found| {
        let role = Role::named(&found.role);
        role.map(|role| (found.user_id, role))
            .ok_or_else(|| StoreError::Value(format!("role '{}'", found.role)))
    };
    found.map(read).transpose()
}

/// A watched place that is added.
#[derive(Debug, Clone)]
pub struct New<'n> {
    /// Its code.
    pub code: &'n str,
    /// Where it is.
    pub url: &'n str,
    /// Whose facts they are: the number of a user.
    pub user: i32,
    /// The tables whose facts are taken in.
    pub tables: &'n [String],
    /// Whether good rows are taken in though others are bad.
    pub lenient: bool,
    /// When it is added.
    pub at: Instant,
    /// By whom.
    pub by: &'n str,
}

/// Writes a watched place down, or new terms for the one of its code, whose files stay known. A place that is another one has
/// no known files.
pub fn put(tx: &mut Tx, new: &New) -> Result<(), StoreError> {
    diesel::sql_query(
        "DELETE FROM watched_files f USING watches w WHERE w.tenant_id = f.tenant_id AND w.watch_code = f.watch_code
             AND w.watch_code = $1 AND w.url <> $2",
    )
    .bind::<Text, _>(new.code)
    .bind::<Text, _>(new.url)
    .execute(tx.connection)?;
    diesel::sql_query(
        "INSERT INTO watches (tenant_id, watch_code, url, user_id, tables, lenient, added_at, added_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, watch_code) DO UPDATE SET url = excluded.url, user_id = excluded.user_id, tables = excluded.tables,
             lenient = excluded.lenient, added_at = excluded.added_at, added_by = excluded.added_by,
             failing_since = NULL, last_error = NULL, shut_at = NULL",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(new.code)
    .bind::<Text, _>(new.url)
    .bind::<Integer, _>(new.user)
    .bind::<Array<Text>, _>(new.tables)
    .bind::<Bool, _>(new.lenient)
    .bind::<Timestamptz, _>(pg_instant(new.at))
    .bind::<Text, _>(new.by)
    .execute(tx.connection)?;
    Ok(())
}

/// Watches a place no more; says whether there was one.
pub fn remove(tx: &mut Tx, code: &str) -> Result<bool, StoreError> {
    diesel::sql_query("DELETE FROM watched_files WHERE watch_code = $1")
        .bind::<Text, _>(code)
        .execute(tx.connection)?;
    let removed = diesel::sql_query("DELETE FROM watches WHERE watch_code = $1")
        .bind::<Text, _>(code)
        .execute(tx.connection)?;
    Ok(removed > 0)
}

/// The tokens of a machine were revoked: its places are watched no more until they are added again.
pub fn shut_of(tx: &mut Tx, user: i32, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query("UPDATE watches SET shut_at = $2 WHERE user_id = $1 AND shut_at IS NULL")
        .bind::<Integer, _>(user)
        .bind::<Timestamptz, _>(pg_instant(at))
        .execute(tx.connection)?;
    Ok(())
}

/// A place was looked at; or why it, or something there, could not be.
pub fn looked(tx: &mut Tx, code: &str, fault: Option<&str>, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE watches SET looked_at = $2, last_error = $3,
             failing_since = CASE WHEN $3 IS NULL THEN NULL ELSE coalesce(failing_since, $2) END
         WHERE watch_code = $1",
    )
    .bind::<Text, _>(code)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Nullable<Text>, _>(fault)
    .execute(tx.connection)?;
    Ok(())
}

/// A file that lay in a watched place.
#[derive(Debug, Clone)]
pub struct Known {
    /// By what it is known to hold the same.
    pub mark: String,
    /// When it was first seen so.
    pub seen_at: Instant,
    /// When it was taken in or refused.
    pub done_at: Option<Instant>,
    /// What became of it, as JSON.
    pub result: Option<String>,
    /// Whether the result lies beside it.
    pub told: bool,
}

/// The files that are known of a place, by name.
pub fn files(tx: &mut Tx, code: &str) -> Result<HashMap<String, Known>, StoreError> {
    #[derive(QueryableByName)]
    struct FileRow {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        mark: String,
        #[diesel(sql_type = Timestamptz)]
        seen_at: PgTimestamp,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        done_at: Option<PgTimestamp>,
        #[diesel(sql_type = Nullable<Text>)]
        result: Option<String>,
        #[diesel(sql_type = Bool)]
        told: bool,
    }
    let rows: Vec<FileRow> = diesel::sql_query(
        "SELECT name, mark, seen_at, done_at, result, told FROM watched_files WHERE watch_code = $1",
    )
    .bind::<Text, _>(code)
    .load(tx.connection)?;
    let known = |row: FileRow| {
        let known = Known {
            mark: row.mark,
            seen_at: instant(row.seen_at),
            done_at: row.done_at.map(instant),
            result: row.result,
            told: row.told,
        };
        (row.name, known)
    };
    Ok(rows.into_iter().map(known).collect())
}

/// These files are seen for the first time as they are: name and mark.
pub fn see(tx: &mut Tx, code: &str, files: &[(&str, &str)], at: Instant) -> Result<(), StoreError> {
    let (names, marks): (Vec<&str>, Vec<&str>) = files.iter().copied().unzip();
    diesel::sql_query(
        "INSERT INTO watched_files (tenant_id, watch_code, name, mark, state, seen_at)
         SELECT $1, $2, name, mark, 'seen', $5 FROM unnest($3, $4) AS f (name, mark)
         ON CONFLICT (tenant_id, watch_code, name) DO UPDATE SET mark = excluded.mark, state = 'seen', seen_at = excluded.seen_at,
             done_at = NULL, result = NULL, told = false",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(code)
    .bind::<Array<Text>, _>(names)
    .bind::<Array<Text>, _>(marks)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// Takes a file to be done in this transaction; no: it was done meanwhile, or is another one.
pub fn take(tx: &mut Tx, code: &str, name: &str, mark: &str) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        #[expect(dead_code, reason = "that there is a row says all")]
        name: String,
    }
    let row: Option<Name> = diesel::sql_query(
        "SELECT name FROM watched_files WHERE watch_code = $1 AND name = $2 AND mark = $3 AND state = 'seen' FOR UPDATE",
    )
    .bind::<Text, _>(code)
    .bind::<Text, _>(name)
    .bind::<Text, _>(mark)
    .get_result(tx.connection)
    .optional()?;
    Ok(row.is_some())
}

/// A file was taken in or refused: what became of it, as JSON.
pub fn done(tx: &mut Tx, code: &str, name: &str, result: &str, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE watched_files SET state = 'done', done_at = $3, result = $4, told = false WHERE watch_code = $1 AND name = $2",
    )
    .bind::<Text, _>(code)
    .bind::<Text, _>(name)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(result)
    .execute(tx.connection)?;
    Ok(())
}

/// The result of a file lies beside it.
pub fn told(tx: &mut Tx, code: &str, name: &str, mark: &str) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE watched_files SET told = true WHERE watch_code = $1 AND name = $2 AND mark = $3 AND state = 'done'",
    )
    .bind::<Text, _>(code)
    .bind::<Text, _>(name)
    .bind::<Text, _>(mark)
    .execute(tx.connection)?;
    Ok(())
}

/// Forgets files that lie there no more and were done before an instant.
pub fn forget(tx: &mut Tx, code: &str, there: &[&str], before: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "DELETE FROM watched_files WHERE watch_code = $1 AND coalesce(done_at, seen_at) < $3 AND name <> ALL($2)",
    )
    .bind::<Text, _>(code)
    .bind::<Array<Text>, _>(there)
    .bind::<Timestamptz, _>(pg_instant(before))
    .execute(tx.connection)?;
    Ok(())
}
