//! Orders to mend: those that people gave, and those of bay turnover, which follow from open alerts and acceptances and
//! have no row of their own (rulebook 4.4). Who may do what is decided elsewhere.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::changes::Content;
use crate::values::{date, instant, pg_date, pg_instant};
use crate::{StoreError, Tx};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The dealer has done nothing yet.
    Open,
    /// The dealer has handed evidence in; somebody has to look.
    HandedIn,
    /// It was sent back; the dealer has to do more.
    SentBack,
    /// It is mended.
    Accepted,
}

impl State {
    /// All of them, in the order of a choice.
    pub const ALL: [Self; 4] = [Self::Open, Self::HandedIn, Self::SentBack, Self::Accepted];

    /// Its name in addresses and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::HandedIn => "handed-in",
            Self::SentBack => "sent-back",
            Self::Accepted => "accepted",
        }
    }

    /// The state of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Why there is an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Bay turnover reached the threshold.
    BayTurnover,
    /// An inspection's failures.
    Inspection,
    /// A person gave it.
    Hand,
}

impl Cause {
    /// Its name in addresses and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BayTurnover => "bay-turnover",
            Self::Inspection => "inspection",
            Self::Hand => "hand",
        }
    }

    fn named(name: &str) -> Self {
        [Self::BayTurnover, Self::Inspection]
            .into_iter()
            .find(|cause| cause.name() == name)
            .unwrap_or(Self::Hand)
    }
}

/// An order with where it stands.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its key: a number, or `DEALER@MONTH` of bay turnover.
    pub key: String,
    /// Why there is one.
    pub cause: Cause,
    /// The dealer.
    pub dealer: String,
    /// The dealer's name.
    pub dealer_name: String,
    /// The inspection.
    pub inspection: Option<String>,
    /// What is to be mended; empty of bay turnover.
    pub title: String,
    /// More of it; of bay turnover the finding's figures as JSON.
    pub body: String,
    /// By when.
    pub due_on: Date,
    /// Who gave it; empty of bay turnover.
    pub ordered_by: String,
    /// When, of bay turnover when the alert opened.
    pub ordered_at: Instant,
    /// How many months of bay turnover it covers.
    pub months: i32,
    /// Where it stands.
    pub state: State,
    /// How often evidence was handed in.
    pub rounds: i32,
    /// The day it was accepted.
    pub accepted_on: Option<Date>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    order_key: String,
    #[diesel(sql_type = Text)]
    cause: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    dealer_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    inspection_id: Option<String>,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Text)]
    body: String,
    #[diesel(sql_type = SqlDate)]
    due_on: PgDate,
    #[diesel(sql_type = Text)]
    ordered_by: String,
    #[diesel(sql_type = Timestamptz)]
    ordered_at: PgTimestamp,
    #[diesel(sql_type = Integer)]
    months: i32,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Integer)]
    rounds: i32,
    #[diesel(sql_type = Nullable<SqlDate>)]
    accepted_on: Option<PgDate>,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

impl From<Row> for Order {
    fn from(row: Row) -> Self {
        Self {
            key: row.order_key,
            cause: Cause::named(&row.cause),
            dealer: row.dealer_code,
            dealer_name: row.dealer_name,
            inspection: row.inspection_id,
            title: row.title,
            body: row.body,
            due_on: date(row.due_on),
            ordered_by: row.ordered_by,
            ordered_at: instant(row.ordered_at),
            months: row.months,
            state: State::named(&row.state).unwrap_or(State::Open),
            rounds: row.rounds,
            accepted_on: row.accepted_on.map(date),
        }
    }
}

/// All orders. Bay turnover's are walked month by month, as the rulebook does: a month joins the order before it while
/// that is not accepted on an earlier day; the earliest acceptance of a month it covers ends it. `$1` is the zone, `$2`
/// the instant up to which acceptances are seen.
const ORDERS: &str = "WITH RECURSIVE
    rectified AS (
        SELECT a.dealer_code, a.occurred_on, a.detail, a.opened_at,
            row_number() OVER (PARTITION BY a.dealer_code ORDER BY a.occurred_on) AS place,
            (SELECT min((r.decided_at AT TIME ZONE $1)::date) FROM rulings r WHERE r.subject = a.subject AND r.kind = 'accept'
                AND r.superseded_at = 'infinity' AND NOT r.voided AND r.decided_at <= $2) AS accepted_on
        FROM alerts a WHERE a.clause = 'bay-turnover.rectify' AND a.resolved_at = 'infinity'),
    walked AS (
        SELECT r.*, r.occurred_on AS first, r.accepted_on AS ended_on FROM rectified r WHERE r.place = 1
        UNION ALL
        SELECT r.*, CASE WHEN w.ended_on < r.occurred_on THEN r.occurred_on ELSE w.first END,
            CASE WHEN w.ended_on < r.occurred_on THEN r.accepted_on ELSE least(w.ended_on, r.accepted_on) END
        FROM walked w JOIN rectified r ON r.dealer_code = w.dealer_code AND r.place = w.place + 1),
    given AS (
        SELECT dealer_code || '@' || to_char(first, 'YYYY-MM') AS order_key, 'bay-turnover' AS cause, dealer_code,
            NULL::text AS inspection_id, '' AS title, (array_agg(detail ORDER BY occurred_on))[1] AS body,
            ((array_agg(detail ORDER BY occurred_on))[1]::json ->> 'due_on')::date AS due_on,
            '' AS ordered_by, min(opened_at) AS ordered_at, count(*)::integer AS months, min(ended_on) AS ruled_on
        FROM walked GROUP BY dealer_code, first
        UNION ALL
        SELECT o.order_id::text, CASE WHEN o.inspection_id IS NULL THEN 'hand' ELSE 'inspection' END, o.dealer_code,
            o.inspection_id, o.title, o.body, o.due_on, o.ordered_by, o.ordered_at, 0, NULL
        FROM rectifications o),
    orders AS (
        SELECT g.order_key, g.cause, g.dealer_code, coalesce(d.name, '') AS dealer_name, g.inspection_id, g.title, g.body,
            g.due_on, g.ordered_by, g.ordered_at, g.months, coalesce(s.rounds, 0)::integer AS rounds,
            CASE WHEN g.ruled_on IS NOT NULL THEN 'accepted'
                WHEN s.last = 'accepted' AND g.cause = 'bay-turnover' THEN 'handed-in' ELSE coalesce(s.last, 'open') END AS state,
            CASE WHEN g.cause = 'bay-turnover' THEN g.ruled_on
                WHEN s.last = 'accepted' THEN (s.last_at AT TIME ZONE $1)::date END AS accepted_on
        FROM given g
        LEFT JOIN dealers d ON d.dealer_code = g.dealer_code AND d.superseded_at = 'infinity'
        LEFT JOIN LATERAL (
            SELECT count(*) FILTER (WHERE t.kind = 'handed-in') AS rounds, max(t.done_at) AS last_at,
                (array_agg(t.kind ORDER BY t.step DESC))[1] AS last
            FROM rectification_steps t WHERE t.order_key = g.order_key) AS s ON true)";

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By when it is due.
    #[default]
    Due,
    /// When it was given.
    Ordered,
    /// The dealer.
    Dealer,
    /// How often evidence was handed in.
    Rounds,
}

impl Sort {
    const fn sql(self) -> &'static str {
        match self {
            Self::Due => "due_on",
            Self::Ordered => "ordered_at",
            Self::Dealer => "dealer_code COLLATE \"C\"",
            Self::Rounds => "rounds",
        }
    }
}

/// Which orders are listed; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Not accepted yet.
    pub unfinished: bool,
    /// In a state.
    pub state: Option<State>,
    /// Of a dealer.
    pub dealer: Option<String>,
    /// Not accepted, and due before this day.
    pub overdue_on: Option<Date>,
    /// In what order.
    pub sort: Sort,
    /// The last first.
    pub descending: bool,
    /// At most so many.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

/// How acceptances are looked at: in which zone a day is, and up to when.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'s> {
    /// The tenant's zone.
    pub zone: &'s str,
    /// The moment.
    pub now: Instant,
}

/// How many orders there are of a filter, and those of the page.
pub fn list(tx: &mut Tx, filter: &Filter, sight: Sight) -> Result<(u64, Vec<Order>), StoreError> {
    let order = if filter.descending { "DESC" } else { "ASC" };
    let rows: Vec<Row> = diesel::sql_query(format!(
        "{ORDERS} SELECT o.*, count(*) OVER () AS total FROM orders o
         WHERE (NOT $3 OR o.state <> 'accepted') AND ($4 IS NULL OR o.state = $4) AND ($5 IS NULL OR o.dealer_code = $5)
           AND ($6 IS NULL OR (o.state <> 'accepted' AND o.due_on < $6))
         ORDER BY {} {order}, order_key COLLATE \"C\" LIMIT $7 OFFSET $8",
        filter.sort.sql()
    ))
    .bind::<Text, _>(sight.zone)
    .bind::<Timestamptz, _>(pg_instant(sight.now))
    .bind::<Bool, _>(filter.unfinished)
    .bind::<Nullable<Text>, _>(filter.state.map(State::name))
    .bind::<Nullable<Text>, _>(&filter.dealer)
    .bind::<Nullable<SqlDate>, _>(filter.overdue_on.map(pg_date))
    .bind::<BigInt, _>(filter.limit)
    .bind::<BigInt, _>(filter.offset)
    .load(tx.connection)?;
    Ok((rows.first().map_or(0, |row| row.total as u64), rows.into_iter().map(Order::from).collect()))
}

/// The order of a key.
pub fn find(tx: &mut Tx, key: &str, sight: Sight) -> Result<Option<Order>, StoreError> {
    let row: Option<Row> = diesel::sql_query(format!(
        "{ORDERS} SELECT o.*, 1::bigint AS total FROM orders o WHERE o.order_key = $3"
    ))
    .bind::<Text, _>(sight.zone)
    .bind::<Timestamptz, _>(pg_instant(sight.now))
    .bind::<Text, _>(key)
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(Order::from))
}

/// The orders of these keys, as far as there are any.
pub fn of_keys(tx: &mut Tx, keys: &[&str], sight: Sight) -> Result<Vec<Order>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "{ORDERS} SELECT o.*, 1::bigint AS total FROM orders o WHERE o.order_key = ANY ($3)"
    ))
    .bind::<Text, _>(sight.zone)
    .bind::<Timestamptz, _>(pg_instant(sight.now))
    .bind::<Array<Text>, _>(keys)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Order::from).collect())
}

/// What is told of every order, hashed.
pub fn contents(tx: &mut Tx, sight: Sight) -> Result<Vec<Content>, StoreError> {
    Ok(diesel::sql_query(format!(
        "{ORDERS} SELECT o.order_key AS key, o.dealer_code AS dealer, md5(concat_ws(' ', cause, inspection_id, title, body, due_on,
             ordered_by, extract(epoch FROM ordered_at), months, state, rounds, accepted_on)) AS content FROM orders o"
    ))
    .bind::<Text, _>(sight.zone)
    .bind::<Timestamptz, _>(pg_instant(sight.now))
    .load(tx.connection)?)
}

/// The dealer of an order that a person gave.
pub fn dealer_of(tx: &mut Tx, id: i64) -> Result<Option<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Of {
        #[diesel(sql_type = Text)]
        dealer_code: String,
    }
    let row: Option<Of> = diesel::sql_query("SELECT dealer_code FROM rectifications WHERE order_id = $1")
        .bind::<BigInt, _>(id)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(|row| row.dealer_code))
}

/// A new order.
#[derive(Debug, Clone, Copy)]
pub struct New<'n> {
    /// The dealer.
    pub dealer: &'n str,
    /// The inspection whose failures it is about.
    pub inspection: Option<&'n str>,
    /// What is to be mended.
    pub title: &'n str,
    /// More of it.
    pub body: &'n str,
    /// By when.
    pub due_on: Date,
    /// Who gives it.
    pub by: &'n str,
    /// When.
    pub at: Instant,
}

/// Writes an order down and gives its number.
pub fn add(tx: &mut Tx, new: &New) -> Result<i64, StoreError> {
    let id = tx.next_number("rectifications", "order_id")?;
    diesel::sql_query(
        "INSERT INTO rectifications (tenant_id, order_id, dealer_code, inspection_id, title, body, due_on, ordered_by, ordered_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(new.dealer)
    .bind::<Nullable<Text>, _>(new.inspection)
    .bind::<Text, _>(new.title)
    .bind::<Text, _>(new.body)
    .bind::<SqlDate, _>(pg_date(new.due_on))
    .bind::<Text, _>(new.by)
    .bind::<Timestamptz, _>(pg_instant(new.at))
    .execute(tx.connection)?;
    Ok(id)
}

/// What happened on an order.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its place, from 1.
    pub step: i32,
    /// `handed-in`, `accepted` or `sent-back`.
    pub kind: String,
    /// What was said.
    pub body: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Instant,
    /// The ruling that accepting it became.
    pub ruling: Option<String>,
}

/// A step to take.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'t> {
    /// The order.
    pub key: &'t str,
    /// Its dealer.
    pub dealer: &'t str,
    /// The state it leads to.
    pub to: State,
    /// What is said.
    pub body: &'t str,
    /// By whom.
    pub by: &'t str,
    /// When.
    pub at: Instant,
    /// The ruling it becomes.
    pub ruling: Option<&'t str>,
}

/// Nobody else takes a step on an order until the transaction ends.
pub fn take_turn(tx: &mut Tx) -> Result<(), StoreError> {
    tx.take_turn(crate::session::Turn::Cases)
}

/// Adds a step.
pub fn take(tx: &mut Tx, taken: &Taken) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO rectification_steps (tenant_id, order_key, step, dealer_code, kind, body, done_by, done_at, ruling_id)
         VALUES ($1, $2, (SELECT coalesce(max(step), 0) + 1 FROM rectification_steps WHERE order_key = $2), $3, $4, $5, $6, $7, $8)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(taken.key)
    .bind::<Text, _>(taken.dealer)
    .bind::<Text, _>(taken.to.name())
    .bind::<Text, _>(taken.body)
    .bind::<Text, _>(taken.by)
    .bind::<Timestamptz, _>(pg_instant(taken.at))
    .bind::<Nullable<Text>, _>(taken.ruling)
    .execute(tx.connection)?;
    Ok(())
}

/// All that happened on an order, the first first.
pub fn steps(tx: &mut Tx, key: &str) -> Result<Vec<Step>, StoreError> {
    #[derive(QueryableByName)]
    struct StepRow {
        #[diesel(sql_type = Integer)]
        step: i32,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Text)]
        body: String,
        #[diesel(sql_type = Text)]
        done_by: String,
        #[diesel(sql_type = Timestamptz)]
        done_at: PgTimestamp,
        #[diesel(sql_type = Nullable<Text>)]
        ruling_id: Option<String>,
    }
    let rows: Vec<StepRow> =
        diesel::sql_query("SELECT * FROM rectification_steps WHERE order_key = $1 ORDER BY step")
            .bind::<Text, _>(key)
            .load(tx.connection)?;
    let told = |row: StepRow| Step {
        step: row.step,
        kind: row.kind,
        body: row.body,
        by: row.done_by,
        at: instant(row.done_at),
        ruling: row.ruling_id,
    };
    Ok(rows.into_iter().map(told).collect())
}
