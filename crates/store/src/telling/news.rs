//! What is new since everybody was told, what is held back, and who was told of which alert.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date as SqlDate, Integer, Nullable, Text};
use farsight_rulebook::alert::Level;
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Severity;
use jiff::civil::Date;

use crate::alerts::{KNOWN, REGION};
use crate::values::pg_date;
use crate::{StoreError, Tx};

/// A notice with its alert.
#[derive(Debug, Clone)]
pub struct News {
    /// The notice.
    pub notice: i64,
    /// Its kind: `opened`, `reopened`, `worsened`, `escalated`, `acknowledged`, `resolved`.
    pub kind: String,
    /// The alert.
    pub alert: i64,
    /// How severe the alert was then.
    pub severity: Severity,
    /// Before whom it was then.
    pub level: Level,
    /// The dealer; empty where none is concerned.
    pub dealer: String,
    /// The dealer's region today, or the alert's own where no dealer is concerned.
    pub region: String,
    /// Who did it, where somebody did.
    pub actor: Option<String>,
    /// The check.
    pub check: String,
    /// The clause.
    pub clause: String,
    /// What it charges.
    pub amount: Money,
    /// Whether the alert is over by now.
    pub over: bool,
}

/// Which notices are read.
#[derive(Debug, Clone, Copy)]
pub enum NewsOf<'a> {
    /// Those after a number.
    After(i64),
    /// Those held back for a receiver.
    Held(&'a str),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    notice_id: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    alert_id: i64,
    #[diesel(sql_type = Text)]
    severity: String,
    #[diesel(sql_type = Text)]
    level: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    region: String,
    #[diesel(sql_type = Nullable<Text>)]
    actor: Option<String>,
    #[diesel(sql_type = Text)]
    check_name: String,
    #[diesel(sql_type = Text)]
    clause: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Bool)]
    over: bool,
}

impl From<Row> for News {
    fn from(row: Row) -> Self {
        Self {
            notice: row.notice_id,
            kind: row.kind,
            alert: row.alert_id,
            severity: Severity::named(&row.severity).unwrap_or(Severity::Warning),
            level: Level::named(&row.level).unwrap_or(Level::Hq),
            dealer: row.dealer_code,
            region: row.region,
            actor: row.actor,
            check: row.check_name,
            clause: row.clause,
            amount: Money(row.amount),
            over: row.over,
        }
    }
}

/// Notices in the order of their numbers, with their alerts; dealers are in the regions of a local date.
pub fn read(tx: &mut Tx, of: NewsOf, today: Date) -> Result<Vec<News>, StoreError> {
    let (after, receiver) = match of {
        NewsOf::After(notice) => (notice, None),
        NewsOf::Held(receiver) => (0, Some(receiver)),
    };
    let mut news = Vec::new();
    let query = diesel::sql_query(format!(
        "WITH home AS (SELECT d.dealer_code, {REGION} AS region_code FROM dealers d WHERE {KNOWN})
         SELECT n.notice_id, n.kind, a.alert_id, n.severity, n.level, n.dealer_code,
             coalesce(h.region_code, n.region_code) AS region, n.actor, a.check_name, a.clause, a.amount,
             a.resolved_at < 'infinity' AS over
         FROM notices n JOIN alerts a ON a.tenant_id = n.tenant_id AND a.alert_id = n.alert_id
         LEFT JOIN home h ON h.dealer_code = n.dealer_code
         WHERE n.notice_id > $1 AND ($3 IS NULL OR n.notice_id IN (SELECT notice_id FROM held WHERE receiver = $3))
         ORDER BY n.notice_id"
    ))
    .bind::<BigInt, _>(after)
    .bind::<SqlDate, _>(pg_date(today))
    .bind::<Nullable<Text>, _>(receiver);
    tx.each::<_, Row>(query, |row| news.push(row.into()))?;
    Ok(news)
}

/// The last notice that everybody was told of; 0: nobody was told anything.
pub fn cursor(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.number("SELECT coalesce(max(notice_id), 0) AS number FROM telling_cursors")
}

/// Everybody was told up to the last notice there is.
pub fn move_cursor(tx: &mut Tx, to: i64) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO telling_cursors (tenant_id, notice_id) VALUES ($1, $2)
         ON CONFLICT (tenant_id) DO UPDATE SET notice_id = excluded.notice_id",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(to)
    .execute(tx.connection)?;
    Ok(())
}

/// Holds notices back for a receiver.
pub fn hold(tx: &mut Tx, receiver: &str, notices: &[i64]) -> Result<(), StoreError> {
    each_of(tx, "INSERT INTO held SELECT $1, $2, unnest($3) ON CONFLICT DO NOTHING", receiver, notices)
}

/// Nothing is held back for a receiver any more.
pub fn release(tx: &mut Tx, receiver: &str) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM held WHERE receiver = $1")
        .bind::<Text, _>(receiver)
        .execute(tx.connection)?;
    Ok(())
}

/// Receivers for whom something is held back.
pub fn held_receivers(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Receiver {
        #[diesel(sql_type = Text)]
        receiver: String,
    }
    let rows: Vec<Receiver> =
        diesel::sql_query("SELECT DISTINCT receiver FROM held ORDER BY receiver").load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.receiver).collect())
}

/// A receiver was told of these alerts.
pub fn mark_told(tx: &mut Tx, receiver: &str, alerts: &[i64]) -> Result<(), StoreError> {
    each_of(tx, "INSERT INTO told SELECT $1, $2, unnest($3) ON CONFLICT DO NOTHING", receiver, alerts)
}

/// These alerts are over for a receiver.
pub fn forget_told(tx: &mut Tx, receiver: &str, alerts: &[i64]) -> Result<(), StoreError> {
    let query = "DELETE FROM told WHERE tenant_id = $1 AND receiver = $2 AND alert_id = ANY($3)";
    each_of(tx, query, receiver, alerts)
}

fn each_of(tx: &mut Tx, sql: &str, receiver: &str, numbers: &[i64]) -> Result<(), StoreError> {
    if numbers.is_empty() {
        return Ok(());
    }
    diesel::sql_query(sql)
        .bind::<Integer, _>(tx.tenant())
        .bind::<Text, _>(receiver)
        .bind::<Array<BigInt>, _>(numbers)
        .execute(tx.connection)?;
    Ok(())
}

/// Which of these alerts a receiver was told of.
pub fn told_among(tx: &mut Tx, receiver: &str, alerts: &[i64]) -> Result<HashSet<i64>, StoreError> {
    #[derive(QueryableByName)]
    struct Told {
        #[diesel(sql_type = BigInt)]
        alert_id: i64,
    }
    let rows: Vec<Told> =
        diesel::sql_query("SELECT alert_id FROM told WHERE receiver = $1 AND alert_id = ANY($2)")
            .bind::<Text, _>(receiver)
            .bind::<Array<BigInt>, _>(alerts)
            .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.alert_id).collect())
}
