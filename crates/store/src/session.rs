//! Connections and transactions, each for one scope.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use diesel::connection::{LoadConnection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, PooledConnection};
use diesel::sql_types::{Array, BigInt, Integer};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::StoreError;
use crate::values::literal;

/// Who may see what: a transaction is opened for exactly this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    tenant: i32,
    person: Option<Person>,
}

/// A user who sees a part of the network only. Which dealers that are follows from the user's row, in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The user's number.
    pub user: i32,
    /// The day by which dealers belong to regions.
    pub today: Date,
}

impl Scope {
    /// The whole network of one tenant.
    pub const fn network(tenant: i32) -> Self {
        Self { tenant, person: None }
    }

    /// What a user sees whose role has regions or dealers.
    pub const fn part(tenant: i32, person: Person) -> Self {
        Self { tenant, person: Some(person) }
    }

    /// Whether it is the whole network.
    pub const fn is_whole(self) -> bool {
        self.person.is_none()
    }

    /// The tenant.
    pub const fn tenant(self) -> i32 {
        self.tenant
    }

    /// What makes a transaction one for this scope: the tenant, who the person is, and which dealers they see, which is
    /// asked before the person's role is taken on, under which nothing else would be seen.
    fn enter(self) -> String {
        let tenant = format!("SET LOCAL farsight.tenant = '{}'", self.tenant);
        match self.person {
            None => tenant,
            Some(Person { user, today }) => {
                format!(
                    "{tenant}; SET LOCAL farsight.person = '{user}'; SELECT farsight_enter({user}, '{today}'); SET LOCAL ROLE farsight_person"
                )
            }
        }
    }
}

/// Where the database is.
#[derive(Debug, Clone)]
pub struct Database {
    url: String,
}

impl Database {
    /// The database at an address that libpq understands.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// A connection as the owner of the schema: for migrations and the registry of tenants only.
    pub(crate) fn owner(&self) -> Result<PgConnection, StoreError> {
        let mut connection = PgConnection::establish(&self.url)?;
        connection.batch_execute(AS_OWNER)?;
        Ok(connection)
    }

    /// Has the planner's statistics of some tables made anew, which only their owner may.
    pub fn analyze(&self, tables: &BTreeSet<&str>) -> Result<(), StoreError> {
        let mut connection = self.owner()?;
        for table in tables {
            connection.batch_execute(&format!("ANALYZE \"{table}\""))?;
        }
        Ok(())
    }

    /// Its address, as libpq understands it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A session under the program's role, which owns nothing.
    pub fn session(&self) -> Result<Session, StoreError> {
        let mut connection = self.owner()?;
        connection.batch_execute(AS_PROGRAM)?;
        Ok(Session { connection: Held::Own(connection) })
    }
}

/// How every connection begins.
pub(crate) const AS_OWNER: &str = "SET client_min_messages = warning; SET timezone = 'UTC'";

/// What makes it one of the program's.
pub(crate) const AS_PROGRAM: &str = "SET ROLE farsight_app; SET application_name = 'farsight'";

/// A connection under the program's role.
pub struct Session {
    connection: Held,
}

/// One of our own, or one lent by a pool.
enum Held {
    Own(PgConnection),
    Lent(PooledConnection<ConnectionManager<PgConnection>>),
}

impl Deref for Held {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Own(connection) => connection,
            Self::Lent(connection) => connection,
        }
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Own(connection) => connection,
            Self::Lent(connection) => connection,
        }
    }
}

/// How a transaction sees others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All statements see one state: for evaluations and exports.
    Snapshot,
}

/// Advisory locks of a tenant: what runs one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Turn {
    /// Reconciling, settling and locking.
    Books = 0x6661_7201,
    /// Taking facts in.
    Facts = 0x6661_7202,
    /// Adding to the audit log.
    Audit = 0x6661_7203,
    /// Numbering what is handed in.
    Evidence = 0x6661_7205,
    /// Drawing, planning the day, and concluding its visits.
    Draws = 0x6661_7204,
    /// Making notices into messages.
    Telling = 0x6661_7206,
    /// Working out figures.
    Figures = 0x6661_720a,
    /// Numbering appeals, orders and drafts, and deciding on them.
    Cases = 0x6661_720c,
    /// Numbering what has no number of its own.
    Changes = 0x6661_720d,
}

impl Session {
    /// A session on a pool's connection, which goes back when the session ends.
    pub(crate) fn lent(connection: PooledConnection<ConnectionManager<PgConnection>>) -> Self {
        Self { connection: Held::Lent(connection) }
    }

    /// Runs `work` in a transaction for a scope; an error rolls everything back.
    pub fn transaction<T, E: From<StoreError>>(
        &mut self,
        scope: Scope,
        isolation: Isolation,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin(scope, isolation)?;
        match work(&mut Tx { connection: &mut self.connection, scope, known_at: None }) {
            Ok(value) => {
                self.connection.batch_execute("COMMIT").map_err(StoreError::from)?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to tell; a connection that broke has rolled back by itself.
                let _ = self.connection.batch_execute("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Runs `work` and leaves nothing of it behind: for trying out.
    pub fn rehearse<T, E: From<StoreError>>(
        &mut self,
        scope: Scope,
        isolation: Isolation,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin(scope, isolation)?;
        let result = work(&mut Tx { connection: &mut self.connection, scope, known_at: None });
        let rolled_back = self.connection.batch_execute("ROLLBACK").map_err(StoreError::from);
        let value = result?;
        rolled_back?;
        Ok(value)
    }

    /// Runs `work` in a transaction that sees just what another one sees, while that one is open.
    pub fn beside<T, E: From<StoreError>>(
        &mut self,
        scope: Scope,
        snapshot: &Snapshot,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '{}'; {}",
            snapshot.id,
            scope.enter()
        );
        self.connection.batch_execute(&begin).map_err(StoreError::from)?;
        let known_at = snapshot.known_at;
        let result = work(&mut Tx { connection: &mut self.connection, scope, known_at });
        let ended = self.connection.batch_execute("ROLLBACK").map_err(StoreError::from);
        let value = result?;
        ended?;
        Ok(value)
    }

    fn begin(&mut self, scope: Scope, isolation: Isolation) -> Result<(), StoreError> {
        let level = match isolation {
            Isolation::ReadCommitted => "READ COMMITTED",
            Isolation::Snapshot => "REPEATABLE READ",
        };
        self.connection.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}; {}", scope.enter()))?;
        Ok(())
    }

    /// Runs `work` while no other session has the same turn of the tenant. The turn is taken before any
    /// transaction begins, so that a snapshot taken inside sees all that earlier turns committed.
    pub fn in_turn<T, E: From<StoreError>>(
        &mut self,
        scope: Scope,
        turn: Turn,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.turn("SELECT pg_advisory_lock($1, $2)", scope, turn)?;
        let result = work(self);
        let given_back = self.turn("SELECT pg_advisory_unlock($1, $2)", scope, turn);
        let value = result?;
        given_back?;
        Ok(value)
    }

    /// Takes these numbers for itself where no other session has them; gives those it got, until [`Self::let_go`].
    pub fn hold(&mut self, numbers: &[i64]) -> Result<Vec<i64>, StoreError> {
        let held: Vec<Number> =
            diesel::sql_query("SELECT number FROM unnest($1) AS number WHERE pg_try_advisory_lock(number)")
                .bind::<Array<BigInt>, _>(numbers)
                .load(&mut *self.connection)?;
        Ok(held.into_iter().map(|row| row.number).collect())
    }

    /// Gives numbers back that it got.
    pub fn let_go(&mut self, numbers: &[i64]) -> Result<(), StoreError> {
        diesel::sql_query("SELECT pg_advisory_unlock(number) FROM unnest($1) AS number")
            .bind::<Array<BigInt>, _>(numbers)
            .execute(&mut *self.connection)?;
        Ok(())
    }

    fn turn(&mut self, sql: &str, scope: Scope, turn: Turn) -> Result<(), StoreError> {
        diesel::sql_query(sql)
            .bind::<Integer, _>(turn as i32)
            .bind::<Integer, _>(scope.tenant)
            .execute(&mut *self.connection)?;
        Ok(())
    }
}

/// What a transaction sees, for another session to see the same.
#[derive(Debug, Clone)]
pub struct Snapshot {
    id: String,
    known_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct SnapshotRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    snapshot: String,
}

/// A transaction for a scope.
pub struct Tx<'s> {
    pub(crate) connection: &'s mut PgConnection,
    scope: Scope,
    known_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Tx<'_> {
    /// The tenant.
    pub fn tenant(&self) -> i32 {
        self.scope.tenant
    }

    /// From here on facts are read as they were known at an instant, and so are what the reports are made of: entries
    /// (`ledger`), settlements' lines and standing, alerts as exported, policies, and how far the checks had come. None: as
    /// all that is known now. Who writes never asks for this.
    pub fn as_known_at(&mut self, at: Option<Instant>) {
        self.known_at = at;
    }

    /// As of when it is read as known; none: now.
    pub const fn known_at(&self) -> Option<Instant> {
        self.known_at
    }

    /// The condition that a fact `t` holds: known, not superseded, and not voided.
    pub(crate) fn holds(&self) -> String {
        self.holds_of("t")
    }

    /// The same of a fact of another name.
    pub(crate) fn holds_of(&self, fact: &str) -> String {
        format!("{} AND NOT {fact}.voided", self.stands(fact))
    }

    /// The condition that a fact of a name is the latest that is known of its key, voided or not.
    pub(crate) fn stands(&self, fact: &str) -> String {
        match self.known_at {
            None => format!("{fact}.superseded_at = 'infinity'"),
            Some(at) => {
                let at = literal(at);
                format!("{fact}.recorded_at <= {at} AND {fact}.superseded_at > {at}")
            }
        }
    }

    /// The condition that what a column says was there already.
    pub(crate) fn by_then(&self, column: &str) -> String {
        self.known_at.map_or_else(|| "true".to_owned(), |at| format!("{column} <= {}", literal(at)))
    }

    /// The scope.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// What this transaction sees, while it is open.
    pub fn snapshot(&mut self) -> Result<Snapshot, StoreError> {
        let row: SnapshotRow =
            diesel::sql_query("SELECT pg_export_snapshot() AS snapshot").get_result(self.connection)?;
        Ok(Snapshot { id: row.snapshot, known_at: self.known_at })
    }

    pub(crate) fn execute(&mut self, sql: &str) -> Result<usize, StoreError> {
        Ok(diesel::sql_query(sql).execute(self.connection)?)
    }

    /// One number; the query names it `number`.
    pub(crate) fn number(&mut self, sql: &str) -> Result<i64, StoreError> {
        Ok(diesel::sql_query(sql).get_result::<Number>(self.connection)?.number)
    }

    /// The number after the greatest of a table's column; nobody else numbers until the transaction ends.
    pub(crate) fn next_number(&mut self, table: &str, column: &str) -> Result<i64, StoreError> {
        self.take_turn(Turn::Cases)?;
        let query = format!("SELECT coalesce(max({column}), 0) + 1 AS number FROM {table}");
        self.beyond_the_person(|tx| tx.number(&query))
    }

    /// Looks at the whole tenant, also where a person sees some rows only: for what must not depend on who asks, such as
    /// the numbers that are taken. Nothing of it may be shown.
    pub(crate) fn beyond_the_person<T>(
        &mut self,
        look: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.scope.person.is_none() {
            return look(self);
        }
        self.execute("SET LOCAL ROLE farsight_app")?;
        let seen = look(self)?;
        self.execute("SET LOCAL ROLE farsight_person")?;
        Ok(seen)
    }

    /// Reads row by row, holding none.
    pub(crate) fn each<'q, Q, R>(&mut self, query: Q, mut take: impl FnMut(R)) -> Result<(), StoreError>
    where
        Q: diesel::query_dsl::LoadQuery<'q, PgConnection, R, diesel::pg::PgRowByRowLoadingMode>,
        PgConnection: LoadConnection<diesel::pg::PgRowByRowLoadingMode>,
    {
        let rows = query.internal_load(self.connection)?;
        for row in rows {
            take(row?);
        }
        Ok(())
    }

    /// Runs `work`; when it says so, all it did is undone while the transaction goes on.
    pub fn attempt<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Tx) -> Result<Attempt<T>, E>,
    ) -> Result<Attempt<T>, E> {
        self.connection.batch_execute("SAVEPOINT attempt").map_err(StoreError::from)?;
        let outcome =
            work(&mut Tx { connection: self.connection, scope: self.scope, known_at: self.known_at })?;
        let end = match &outcome {
            Attempt::Keep(_) => "RELEASE SAVEPOINT attempt",
            Attempt::Undo(_) => "ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt",
        };
        self.connection.batch_execute(end).map_err(StoreError::from)?;
        Ok(outcome)
    }

    /// Keeps the turn until the transaction ends.
    pub(crate) fn take_turn(&mut self, turn: Turn) -> Result<(), StoreError> {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1, $2)")
            .bind::<Integer, _>(turn as i32)
            .bind::<Integer, _>(self.scope.tenant)
            .execute(self.connection)?;
        Ok(())
    }

    /// Plans by index: for transactions that look at few units of large tables.
    pub fn look_at_few(&mut self) -> Result<(), StoreError> {
        Ok(self.connection.batch_execute(PLAN_OF_FEW)?)
    }

    /// Plans by hash and scan: for transactions that look at whole tables.
    pub fn look_at_all(&mut self) -> Result<(), StoreError> {
        Ok(self.connection.batch_execute(PLAN_OF_ALL)?)
    }

    /// Does something that looks at few rows amid what is planned otherwise.
    pub(crate) fn by_plan_of_few<T>(
        &mut self,
        look: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.by_plan(PLAN_OF_FEW, look)
    }

    /// Does something that looks at whole tables amid what is planned otherwise.
    pub(crate) fn by_plan_of_all<T>(
        &mut self,
        look: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.by_plan(PLAN_OF_ALL, look)
    }

    /// What follows is planned as what came before.
    fn by_plan<T>(
        &mut self,
        plan: &str,
        look: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        #[derive(QueryableByName)]
        struct Before {
            #[diesel(sql_type = diesel::sql_types::Text)]
            plan: String,
        }
        let before: Before = diesel::sql_query(
            "SELECT string_agg(format('SET LOCAL %s = %s', name, setting), '; ') AS plan FROM unnest(ARRAY[
                 'enable_seqscan', 'enable_mergejoin', 'enable_hashjoin', 'enable_nestloop']) AS name
             CROSS JOIN LATERAL current_setting(name) AS setting",
        )
        .get_result(self.connection)?;
        self.connection.batch_execute(plan)?;
        let looked = look(self)?;
        self.connection.batch_execute(&before.plan)?;
        Ok(looked)
    }
}

const PLAN_OF_FEW: &str =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashjoin = off;
     SET LOCAL enable_nestloop = on";
const PLAN_OF_ALL: &str =
    "SET LOCAL enable_seqscan = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_hashjoin = on;
     SET LOCAL enable_nestloop = off";

/// How an attempt ended.
pub enum Attempt<T> {
    /// What it did stays.
    Keep(T),
    /// What it did is undone.
    Undo(T),
}
