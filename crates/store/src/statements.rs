//! Statements: a dealer's lines of a month, and what the dealer says of them.

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use serde::Serialize;

use crate::changes::Content;
use crate::settlements::Part;
use crate::values::{pg_instant, pg_month};
use crate::{StoreError, Tx};

/// A statement in a list.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Listed {
    /// Like `2026-03`.
    #[diesel(sql_type = Text)]
    pub period: String,
    /// The dealer.
    #[diesel(sql_type = Text)]
    pub dealer: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its region.
    #[diesel(sql_type = Text)]
    pub region: String,
    /// Charges below zero, in minor units.
    #[diesel(sql_type = BigInt)]
    pub penalties: i64,
    /// Charges above zero.
    #[diesel(sql_type = BigInt)]
    pub incentives: i64,
    /// Reversals.
    #[diesel(sql_type = BigInt)]
    pub reversals: i64,
    /// All three.
    #[diesel(sql_type = BigInt)]
    pub net: i64,
    /// How many entries.
    #[diesel(sql_type = BigInt)]
    pub entries: i64,
    /// `open`, `confirmed`, `changed` (posted since it was confirmed), `disputed`, `replied`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Lines disputed without a reply.
    #[diesel(sql_type = BigInt)]
    pub disputes: i64,
    /// Where the month's settlement stands.
    #[diesel(sql_type = Text)]
    pub status: String,
}

const LISTED: &str = "SELECT to_char(p.period, 'YYYY-MM') AS period, p.party_code AS dealer, p.name, p.region_code AS region, p.penalties, p.incentives,
        p.reversals, p.net, p.entry_count AS entries, s.status, coalesce(a.open, 0) AS disputes,
        CASE WHEN a.open > 0 THEN 'disputed'
             WHEN a.confirmed_net IS NULL AND a.disputed > 0 THEN 'replied'
             WHEN a.confirmed_net IS NULL THEN 'open'
             WHEN a.confirmed_net <> p.net OR a.confirmed_entries <> p.entry_count THEN 'changed' ELSE 'confirmed' END AS state
    FROM settlement_parties p JOIN settlements s USING (tenant_id, period)
    LEFT JOIN (SELECT tenant_id, period, dealer_code, count(*) FILTER (WHERE answer = 'disputed') AS disputed,
                   count(*) FILTER (WHERE answer = 'disputed' AND replied_at IS NULL) AS open,
                   max(net) FILTER (WHERE answer = 'confirmed') AS confirmed_net,
                   max(entry_count) FILTER (WHERE answer = 'confirmed') AS confirmed_entries
               FROM statement_answers WHERE ($1 IS NULL OR period = $1) GROUP BY tenant_id, period, dealer_code) a
        ON a.tenant_id = p.tenant_id AND a.period = p.period AND a.dealer_code = p.party_code
    WHERE p.party_kind = 'dealer' AND ($1 IS NULL OR p.period = $1)";

const ORDER: [(&str, &str); 10] = [
    ("period", "period"),
    ("dealer", "dealer COLLATE \"C\""),
    ("name", "name"),
    ("region", "region"),
    ("penalties", "penalties"),
    ("incentives", "incentives"),
    ("reversals", "reversals"),
    ("net", "net"),
    ("entries", "entries"),
    ("state", "state"),
];

/// Which statements are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'w> {
    /// Of one month.
    pub period: Option<Period>,
    /// In one state.
    pub state: Option<&'w str>,
    /// Of one region's dealers.
    pub region: Option<&'w str>,
    /// Whose code or name has this in it.
    pub text: Option<&'w str>,
}

/// Some statements, and how many there are in all.
pub fn list(tx: &mut Tx, which: Which, part: Part) -> Result<(Vec<Listed>, i64), StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(embed)]
        listed: Listed,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT l.*, count(*) OVER () AS total FROM ({LISTED}) AS l
         WHERE ($2 IS NULL OR state = $2) AND ($3 IS NULL OR region = $3)
           AND ($4 IS NULL OR strpos(lower(dealer || ' ' || name), lower($4)) > 0) {}",
        part.order(&ORDER, "period DESC, dealer COLLATE \"C\"")
    ))
    .bind::<Nullable<SqlDate>, _>(which.period.map(pg_month))
    .bind::<Nullable<Text>, _>(which.state)
    .bind::<Nullable<Text>, _>(which.region)
    .bind::<Nullable<Text>, _>(which.text)
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(|row| row.listed).collect(), total))
}

/// The statement of a dealer for a month that was calculated; none where nothing was posted.
pub fn find(tx: &mut Tx, period: Period, dealer: &str) -> Result<Option<Listed>, StoreError> {
    Ok(diesel::sql_query(format!("{LISTED} AND p.party_code = $2"))
        .bind::<Nullable<SqlDate>, _>(Some(pg_month(period)))
        .bind::<Text, _>(dealer)
        .get_result(tx.connection)
        .optional()?)
}

/// What is told of every statement, hashed.
pub fn contents(tx: &mut Tx) -> Result<Vec<Content>, StoreError> {
    Ok(diesel::sql_query(format!(
        "SELECT period || '/' || dealer AS key, dealer,
             md5(concat_ws(' ', penalties, incentives, reversals, entries, disputes, state, status)) AS content FROM ({LISTED}) AS l"
    ))
    .bind::<Nullable<SqlDate>, _>(None::<PgDate>)
    .load(tx.connection)?)
}

/// The statements of a dealer, the latest month first.
pub fn of_dealer(tx: &mut Tx, dealer: &str, most: i64) -> Result<Vec<Listed>, StoreError> {
    Ok(diesel::sql_query(format!("{LISTED} AND p.party_code = $2 ORDER BY p.period DESC LIMIT $3"))
        .bind::<Nullable<SqlDate>, _>(None::<PgDate>)
        .bind::<Text, _>(dealer)
        .bind::<BigInt, _>(most)
        .load(tx.connection)?)
}

/// A month's statements in one state.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct InState {
    /// The state.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many statements.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// How many of their lines are disputed without a reply.
    #[diesel(sql_type = BigInt)]
    pub disputes: i64,
}

/// How many statements of a month are in each state, and how many of the month's entries are appealed and not decided.
pub fn states(tx: &mut Tx, period: Period) -> Result<(Vec<InState>, i64), StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(embed)]
        in_state: InState,
        #[diesel(sql_type = BigInt)]
        appeals: i64,
    }
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT state, count(*) AS count, sum(disputes)::bigint AS disputes,
             (SELECT count(*) FROM appeals a JOIN entries e USING (tenant_id, entry_id) WHERE a.state = 'open' AND e.period = $1) AS appeals
         FROM ({LISTED}) AS l GROUP BY state ORDER BY state"
    ))
    .bind::<Nullable<SqlDate>, _>(Some(pg_month(period)))
    .load(tx.connection)?;
    // A month without statements has no entries either.
    let appeals = rows.first().map_or(0, |row| row.appeals);
    Ok((rows.into_iter().map(|row| row.in_state).collect(), appeals))
}

/// An entry on a statement.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Line {
    /// The entry.
    #[diesel(sql_type = BigInt)]
    pub entry: i64,
    /// `charge` or `reversal`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// What it reverses.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reverses: Option<i64>,
    /// Its clause.
    #[diesel(sql_type = Text)]
    pub clause: String,
    /// What it is about.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// The local date.
    #[diesel(sql_type = Text)]
    pub occurred_on: String,
    /// The month it belongs to.
    #[diesel(sql_type = Text)]
    pub origin: String,
    /// In minor units.
    #[diesel(sql_type = BigInt)]
    pub amount: i64,
    /// The policy version.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// When it was posted, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub posted_at: i64,
    /// Whether it settles an earlier month.
    #[diesel(sql_type = Bool)]
    pub adjusts: bool,
    /// Why an adjustment was made: `ruling`, `changed` (a fact became another) or `late`.
    #[diesel(sql_type = Text)]
    pub cause: String,
    /// The ruling, where there is one.
    #[diesel(sql_type = Nullable<Text>)]
    pub ruling: Option<String>,
    /// Whether it is disputed.
    #[diesel(sql_type = Bool)]
    pub disputed: bool,
    /// What the dealer says is wrong.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// What finance replied.
    #[diesel(sql_type = Nullable<Text>)]
    pub reply: Option<String>,
    /// Who replied.
    #[diesel(sql_type = Nullable<Text>)]
    pub replied_by: Option<String>,
}

/// The most entries a statement shows.
const MOST: i64 = 2000;

/// The entries of a dealer's month, by date.
pub fn lines(tx: &mut Tx, period: Period, dealer: &str) -> Result<Vec<Line>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT e.entry_id AS entry, e.kind, e.reverses, e.clause, e.subject, e.occurred_on::text AS occurred_on,
             to_char(e.origin_period, 'YYYY-MM') AS origin, e.amount, e.policy_version AS version,
             (extract(epoch FROM e.posted_at) * 1000000)::bigint AS posted_at, e.origin_period < e.period AS adjusts,
             CASE WHEN r.ruling_id IS NOT NULL THEN 'ruling' WHEN e.kind = 'reversal' THEN 'changed' ELSE 'late' END AS cause,
             r.ruling_id AS ruling, a.entry_id IS NOT NULL AS disputed, a.reason, a.reply, a.replied_by
         FROM entries e
         LEFT JOIN LATERAL (SELECT ruling_id FROM rulings r WHERE r.subject = e.subject AND r.superseded_at = 'infinity' AND NOT r.voided
             AND r.recorded_at <= e.posted_at ORDER BY r.decided_at DESC LIMIT 1) r ON true
         LEFT JOIN statement_answers a ON a.tenant_id = e.tenant_id AND a.period = e.period AND a.dealer_code = e.party_code AND a.entry_id = e.entry_id
         WHERE e.period = $1 AND e.party_kind = 'dealer' AND e.party_code = $2 ORDER BY e.occurred_on, e.entry_id LIMIT $3",
    )
    .bind::<SqlDate, _>(pg_month(period))
    .bind::<Text, _>(dealer)
    .bind::<BigInt, _>(MOST)
    .load(tx.connection)?)
}

/// A dealer's confirmation of a whole statement.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Confirmation {
    /// Who.
    #[diesel(sql_type = Text)]
    pub by: String,
    /// When, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub at: i64,
    /// The sum that was confirmed, in minor units.
    #[diesel(sql_type = BigInt)]
    pub net: i64,
}

/// Who confirmed a statement.
pub fn confirmation(tx: &mut Tx, period: Period, dealer: &str) -> Result<Option<Confirmation>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT said_by AS by, (extract(epoch FROM said_at) * 1000000)::bigint AS at, net
         FROM statement_answers WHERE period = $1 AND dealer_code = $2 AND entry_id = 0",
    )
    .bind::<SqlDate, _>(pg_month(period))
    .bind::<Text, _>(dealer)
    .get_result(tx.connection)
    .optional()?)
}

/// What a dealer says.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The month.
    pub period: Period,
    /// The dealer.
    pub dealer: &'a str,
    /// The entry disputed; 0: the whole, confirmed.
    pub entry: i64,
    /// The sum then, in minor units.
    pub net: i64,
    /// The number of entries then.
    pub entries: i64,
    /// What is wrong; empty for a confirmation.
    pub reason: &'a str,
    /// Who.
    pub by: &'a str,
    /// When.
    pub at: Instant,
}

/// Writes down what a dealer says; said again it stands anew, without the reply.
pub fn say(tx: &mut Tx, answer: &Answer) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO statement_answers (tenant_id, period, dealer_code, entry_id, answer, net, entry_count, reason, said_at, said_by)
         VALUES ($1, $2, $3, $4, CASE WHEN $4 = 0 THEN 'confirmed' ELSE 'disputed' END, $5, $6, $7, $8, $9)
         ON CONFLICT (tenant_id, period, dealer_code, entry_id) DO UPDATE SET net = excluded.net, entry_count = excluded.entry_count,
             reason = excluded.reason, said_at = excluded.said_at, said_by = excluded.said_by, reply = NULL, replied_at = NULL, replied_by = NULL",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<SqlDate, _>(pg_month(answer.period))
    .bind::<Text, _>(answer.dealer)
    .bind::<BigInt, _>(answer.entry)
    .bind::<BigInt, _>(answer.net)
    .bind::<BigInt, _>(answer.entries)
    .bind::<Text, _>(answer.reason)
    .bind::<Timestamptz, _>(pg_instant(answer.at))
    .bind::<Text, _>(answer.by)
    .execute(tx.connection)?;
    Ok(())
}

/// Replies to a dispute; whether there was one without a reply.
pub fn reply(tx: &mut Tx, answer: &Answer, reply: &str) -> Result<bool, StoreError> {
    let replied = diesel::sql_query(
        "UPDATE statement_answers SET reply = $4, replied_at = $5, replied_by = $6
         WHERE period = $1 AND dealer_code = $2 AND entry_id = $3 AND answer = 'disputed' AND replied_at IS NULL",
    )
    .bind::<SqlDate, _>(pg_month(answer.period))
    .bind::<Text, _>(answer.dealer)
    .bind::<BigInt, _>(answer.entry)
    .bind::<Text, _>(reply)
    .bind::<Timestamptz, _>(pg_instant(answer.at))
    .bind::<Text, _>(answer.by)
    .execute(tx.connection)?;
    Ok(replied > 0)
}
