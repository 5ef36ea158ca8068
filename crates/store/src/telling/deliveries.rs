//! Deliveries: one message to one receiver, until it arrived or was given up.
//!
//! due → sending → delivered, or due again, or gave-up; dropped when its channel is removed. Who takes one for sending
//! has it for a while ([`claim`]); whoever is killed meanwhile loses it to the next.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// To be sent when its time has come.
    Due,
    /// Being sent.
    Sending,
    /// The channel took it.
    Delivered,
    /// It is tried no more.
    GaveUp,
    /// Its channel is gone.
    Dropped,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Due, Self::Sending, Self::Delivered, Self::GaveUp, Self::Dropped];

    /// Its name in the database and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::GaveUp => "gave-up",
            Self::Dropped => "dropped",
        }
    }

    /// The state of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A delivery to be made.
#[derive(Debug, Clone)]
pub struct Delivery<'a> {
    /// The number that goes out with it, a UUID as text.
    pub id: &'a str,
    /// To whom.
    pub receiver: &'a str,
    /// By what its pace is held; empty where there is none.
    pub robot_key: &'a str,
    /// `alerts`, `digest`, `event`, `reset` or `test`.
    pub what: &'a str,
    /// The alerts it tells of.
    pub alerts: &'a [i64],
    /// The message as JSON.
    pub message: &'a str,
    /// When it was made.
    pub made_at: Instant,
}

/// Writes a delivery down, due at once; one of the same number stays as it is. Says whether it is new.
pub fn add(tx: &mut Tx, delivery: &Delivery) -> Result<bool, StoreError> {
    let added = diesel::sql_query(
        "INSERT INTO deliveries (tenant_id, delivery_id, receiver, robot_key, what, alerts, message, state, made_at, next_at)
         VALUES ($1, $2::uuid, $3, $4, $5, $6, $7, 'due', $8, $8) ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(delivery.id)
    .bind::<Text, _>(delivery.receiver)
    .bind::<Text, _>(delivery.robot_key)
    .bind::<Text, _>(delivery.what)
    .bind::<Array<BigInt>, _>(delivery.alerts)
    .bind::<Text, _>(delivery.message)
    .bind::<Timestamptz, _>(pg_instant(delivery.made_at))
    .execute(tx.connection)?;
    Ok(added > 0)
}

/// Which try of which delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    /// The delivery.
    pub id: String,
    /// The try, from 1.
    pub tries: i32,
    /// Failures since it was made or had delivered again, this try counted as one.
    pub failures: i32,
}

/// A delivery taken for sending.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Which try of which delivery.
    pub what: Attempted,
    /// To whom.
    pub receiver: String,
    /// The message as JSON.
    pub message: String,
}

/// Those that could be taken at `$1`.
const READY: &str = "state IN ('due', 'sending') AND next_at <= $1";

/// Takes deliveries of a robot (or, with an empty key, those that have no pace) for sending, the oldest first, until an
/// instant; those that another session is taking are passed over.
pub fn claim(
    tx: &mut Tx,
    robot: &str,
    only: Option<&str>,
    most: usize,
    (now, until): (Instant, Instant),
) -> Result<Vec<Waiting>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        delivery_id: String,
        #[diesel(sql_type = Integer)]
        tries: i32,
        #[diesel(sql_type = Integer)]
        failures: i32,
        #[diesel(sql_type = Text)]
        receiver: String,
        #[diesel(sql_type = Text)]
        message: String,
    }
    let rows: Vec<Row> = diesel::sql_query(format!(
        "WITH ready AS (
             SELECT tenant_id, delivery_id FROM deliveries WHERE {READY} AND robot_key = $3 AND ($5 IS NULL OR delivery_id = $5::uuid)
             ORDER BY next_at, delivery_id LIMIT $4 FOR UPDATE SKIP LOCKED)
         UPDATE deliveries d SET state = 'sending', next_at = $2, tries = d.tries + 1, failures = d.failures + 1
         FROM ready r WHERE d.tenant_id = r.tenant_id AND d.delivery_id = r.delivery_id
         RETURNING d.delivery_id::text AS delivery_id, d.tries, d.failures, d.receiver, d.message"
    ))
    .bind::<Timestamptz, _>(pg_instant(now))
    .bind::<Timestamptz, _>(pg_instant(until))
    .bind::<Text, _>(robot)
    .bind::<BigInt, _>(most as i64)
    .bind::<Nullable<Text>, _>(only)
    .load(tx.connection)?;
    let waiting = |row: Row| Waiting {
        what: Attempted { id: row.delivery_id, tries: row.tries, failures: row.failures },
        receiver: row.receiver,
        message: row.message,
    };
    Ok(rows.into_iter().map(waiting).collect())
}

/// Robots for which something could be taken.
pub fn busy_robots(tx: &mut Tx, now: Instant) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        robot_key: String,
    }
    let query = format!("SELECT DISTINCT robot_key FROM deliveries WHERE {READY} AND robot_key <> ''");
    let rows: Vec<Row> =
        diesel::sql_query(query).bind::<Timestamptz, _>(pg_instant(now)).load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.robot_key).collect())
}

/// Gives up what was tried so often that nobody ever said what became of it: its sending may be what ends programs.
pub fn give_up_lost(tx: &mut Tx, most: u32, why: &str, now: Instant) -> Result<u64, StoreError> {
    let given_up = diesel::sql_query(
        "UPDATE deliveries SET state = 'gave-up', last_error = $3 WHERE state = 'sending' AND next_at <= $1 AND failures >= $2",
    )
    .bind::<Timestamptz, _>(pg_instant(now))
    .bind::<Integer, _>(most as i32)
    .bind::<Text, _>(why)
    .execute(tx.connection)?;
    Ok(given_up as u64)
}

/// Says what became of a try: its state from now on, when it is due, and what was wrong or answered. No: another try has begun
/// since, which will say.
pub fn end(
    tx: &mut Tx,
    what: &Attempted,
    state: State,
    (now, next_at): (Instant, Instant),
    (error, answer): (Option<&str>, Option<&str>),
) -> Result<bool, StoreError> {
    let ended = diesel::sql_query(
        "UPDATE deliveries SET state = $3, next_at = $5, last_error = $6, last_answer = $7,
             failures = CASE WHEN $3 = 'delivered' THEN 0 ELSE failures END,
             delivered_at = CASE WHEN $3 = 'delivered' THEN $4 ELSE delivered_at END
         WHERE delivery_id = $1::uuid AND tries = $2 AND state = 'sending'",
    )
    .bind::<Text, _>(&what.id)
    .bind::<Integer, _>(what.tries)
    .bind::<Text, _>(state.name())
    .bind::<Timestamptz, _>(pg_instant(now))
    .bind::<Timestamptz, _>(pg_instant(next_at))
    .bind::<Nullable<Text>, _>(error)
    .bind::<Nullable<Text>, _>(answer)
    .execute(tx.connection)?;
    Ok(ended > 0)
}

/// Has given-up deliveries (those named, or all) delivered again, under the same numbers; gives their numbers.
pub fn again(tx: &mut Tx, only: Option<&[String]>, now: Instant) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        delivery_id: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "UPDATE deliveries SET state = 'due', failures = 0, next_at = $1
         WHERE state = 'gave-up' AND ($2 IS NULL OR delivery_id::text = ANY($2)) RETURNING delivery_id::text AS delivery_id",
    )
    .bind::<Timestamptz, _>(pg_instant(now))
    .bind::<Nullable<Array<Text>>, _>(only)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.delivery_id).collect())
}

/// Drops what waits for a receiver that is gone.
pub fn drop_of(tx: &mut Tx, receiver: &str) -> Result<u64, StoreError> {
    let dropped = diesel::sql_query(
        "UPDATE deliveries SET state = 'dropped' WHERE receiver = $1 AND state IN ('due', 'sending', 'gave-up')",
    )
    .bind::<Text, _>(receiver)
    .execute(tx.connection)?;
    Ok(dropped as u64)
}

/// Gives up what waits for a receiver that is told nothing more.
pub fn give_up_of(tx: &mut Tx, receiver: &str, why: &str) -> Result<u64, StoreError> {
    let given_up = diesel::sql_query(
        "UPDATE deliveries SET state = 'gave-up', last_error = $2 WHERE receiver = $1 AND state IN ('due', 'sending')",
    )
    .bind::<Text, _>(receiver)
    .bind::<Text, _>(why)
    .execute(tx.connection)?;
    Ok(given_up as u64)
}

/// What waits for a receiver that takes nothing waits until an instant at least, but for the delivery by which that was found.
pub fn hold_back(tx: &mut Tx, receiver: &str, but: &str, until: Instant) -> Result<(), StoreError> {
    let held = "UPDATE deliveries SET next_at = $2
        WHERE receiver = $1 AND state = 'due' AND next_at < $2 AND delivery_id <> $3::uuid";
    diesel::sql_query(held)
        .bind::<Text, _>(receiver)
        .bind::<Timestamptz, _>(pg_instant(until))
        .bind::<Text, _>(but)
        .execute(tx.connection)?;
    Ok(())
}

/// What waits for a receiver that takes something again is due at once.
pub fn let_go(tx: &mut Tx, receiver: &str, now: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE deliveries SET next_at = $2 WHERE receiver = $1 AND state = 'due' AND next_at > $2",
    )
    .bind::<Text, _>(receiver)
    .bind::<Timestamptz, _>(pg_instant(now))
    .execute(tx.connection)?;
    Ok(())
}

/// Has deliveries to a receiver delivered again, under the same numbers: the one named, arrived, given up, or waiting, which waits no
/// more; or those given up that were made at an instant or later. Gives their numbers.
pub fn again_of(
    tx: &mut Tx,
    receiver: &str,
    (only, since): (Option<&str>, Option<Instant>),
    now: Instant,
) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        delivery_id: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "UPDATE deliveries SET state = 'due', failures = 0, next_at = $4
         WHERE receiver = $1 AND (delivery_id::text = $2 AND state IN ('due', 'delivered', 'gave-up') OR state = 'gave-up' AND made_at >= $3)
         RETURNING delivery_id::text AS delivery_id",
    )
    .bind::<Text, _>(receiver)
    .bind::<Nullable<Text>, _>(only)
    .bind::<Nullable<Timestamptz>, _>(since.map(pg_instant))
    .bind::<Timestamptz, _>(pg_instant(now))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.delivery_id).collect())
}

/// Deliveries to a receiver, in a state or in any, the newest first, and how many there are.
pub fn of_receiver(
    tx: &mut Tx,
    receiver: &str,
    state: Option<State>,
    (limit, offset): (i64, i64),
) -> Result<(Vec<Listed>, i64), StoreError> {
    let condition = "FROM deliveries WHERE receiver = $1 AND ($2 IS NULL OR state = $2)";
    let listed = format!(
        "SELECT *, delivery_id::text AS id {condition} ORDER BY made_at DESC, delivery_id LIMIT $3 OFFSET $4"
    );
    let rows: Vec<Row> = diesel::sql_query(listed)
        .bind::<Text, _>(receiver)
        .bind::<Nullable<Text>, _>(state.map(State::name))
        .bind::<BigInt, _>(limit)
        .bind::<BigInt, _>(offset)
        .load(tx.connection)?;
    let total: Total = diesel::sql_query(format!("SELECT count(*) AS total {condition}"))
        .bind::<Text, _>(receiver)
        .bind::<Nullable<Text>, _>(state.map(State::name))
        .get_result(tx.connection)?;
    Ok((rows.into_iter().map(Listed::from).collect(), total.total))
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// Forgets what was delivered or dropped (to webhooks of machines also what was given up) and made before an instant, and who was told of alerts that were over by then;
/// says how many deliveries that were.
pub fn forget(tx: &mut Tx, before: Instant) -> Result<u64, StoreError> {
    diesel::sql_query(
        "DELETE FROM told t USING alerts a
         WHERE a.tenant_id = t.tenant_id AND a.alert_id = t.alert_id AND a.resolved_at < $1",
    )
    .bind::<Timestamptz, _>(pg_instant(before))
    .execute(tx.connection)?;
    let forgotten =
        diesel::sql_query("DELETE FROM deliveries WHERE (state IN ('delivered', 'dropped') OR starts_with(receiver, 'webhook:') AND state = 'gave-up') AND made_at < $1")
            .bind::<Timestamptz, _>(pg_instant(before))
            .execute(tx.connection)?;
    Ok(forgotten as u64)
}

/// A delivery as it is listed.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its number.
    pub id: String,
    /// To whom.
    pub receiver: String,
    /// `alerts`, `digest`, `event`, `reset` or `test`.
    pub what: String,
    /// Where it stands.
    pub state: String,
    /// How often it was tried.
    pub tries: i32,
    /// When it was made.
    pub made_at: Instant,
    /// When it is due.
    pub next_at: Instant,
    /// What was wrong last.
    pub last_error: Option<String>,
    /// What was answered when it arrived.
    pub last_answer: Option<String>,
    /// When it arrived.
    pub delivered_at: Option<Instant>,
    /// The message as JSON.
    pub message: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    receiver: String,
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Integer)]
    tries: i32,
    #[diesel(sql_type = Timestamptz)]
    made_at: PgTimestamp,
    #[diesel(sql_type = Timestamptz)]
    next_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    last_answer: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    delivered_at: Option<PgTimestamp>,
    #[diesel(sql_type = Text)]
    message: String,
}

impl From<Row> for Listed {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            receiver: row.receiver,
            what: row.what,
            state: row.state,
            tries: row.tries,
            made_at: instant(row.made_at),
            next_at: instant(row.next_at),
            last_error: row.last_error,
            last_answer: row.last_answer,
            delivered_at: row.delivered_at.map(instant),
            message: row.message,
        }
    }
}

/// Deliveries in some states, the newest first.
pub fn list(tx: &mut Tx, states: &[State], most: u32) -> Result<Vec<Listed>, StoreError> {
    let states: Vec<&str> = states.iter().map(|state| state.name()).collect();
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT *, delivery_id::text AS id FROM deliveries WHERE state = ANY($1) ORDER BY made_at DESC, delivery_id LIMIT $2",
    )
    .bind::<Array<Text>, _>(states)
    .bind::<BigInt, _>(i64::from(most))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// The delivery of a number.
pub fn find(tx: &mut Tx, id: &str) -> Result<Option<Listed>, StoreError> {
    let query = "SELECT *, delivery_id::text AS id FROM deliveries WHERE delivery_id::text = $1";
    let row: Option<Row> =
        diesel::sql_query(query).bind::<Text, _>(id).get_result(tx.connection).optional()?;
    Ok(row.map(Listed::from))
}

/// Some deliveries in some states, the newest first, and how many there are.
pub fn page(
    tx: &mut Tx,
    states: &[State],
    limit: i64,
    offset: i64,
) -> Result<(Vec<Listed>, i64), StoreError> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(embed)]
        delivery: Row,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let states: Vec<&str> = states.iter().map(|state| state.name()).collect();
    let rows: Vec<Counted> = diesel::sql_query(
        "SELECT *, delivery_id::text AS id, count(*) OVER () AS total FROM deliveries WHERE state = ANY($1)
         ORDER BY made_at DESC, delivery_id LIMIT $2 OFFSET $3",
    )
    .bind::<Array<Text>, _>(states)
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(offset)
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |counted| counted.total);
    Ok((rows.into_iter().map(|counted| Listed::from(counted.delivery)).collect(), total))
}
