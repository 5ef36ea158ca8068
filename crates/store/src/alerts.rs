//! Alerts: what a person is to look at now. An alert opens with its finding and resolves itself when that is gone.

use std::collections::HashMap;

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Array, Date as SqlDate, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{FOREVER, date, instant, pg_instant};
use crate::{StoreError, Tx};

/// An alert that should be open.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The family, of its key.
    pub family: &'a str,
    /// The subject, of its key.
    pub subject: &'a str,
    /// The check.
    pub check: &'a str,
    /// The clause.
    pub clause: &'a str,
    /// The unit it was found in.
    pub unit: &'a str,
    /// The dealer.
    pub dealer: &'a str,
    /// Its severity.
    pub severity: &'a str,
    /// The local date of its finding.
    pub occurred_on: Date,
    /// What there is to know at a glance, as JSON.
    pub detail: &'a str,
}

/// What changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Alerts opened.
    pub opened: u64,
    /// Alerts resolved.
    pub resolved: u64,
}

/// Whose alerts are compared with what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// None are there yet.
    Nothing,
    /// Those of the dealers put into `wanted`.
    WantedDealers,
    /// Those of the units put into `wanted`.
    WantedUnits,
}

/// An open alert as far as a finding decides it.
#[derive(PartialEq, Eq)]
struct Open {
    clause: String,
    unit: String,
    dealer: String,
    severity: String,
    occurred_on: Date,
    detail: String,
}

impl Open {
    fn says(&self, wanted: &Wanted) -> bool {
        (&*self.clause, &*self.unit, &*self.dealer, &*self.severity, self.occurred_on, &*self.detail)
            == (wanted.clause, wanted.unit, wanted.dealer, wanted.severity, wanted.occurred_on, wanted.detail)
    }
}

type Key = (String, String);

fn open(tx: &mut Tx, checks: &[&str], among: Among) -> Result<HashMap<Key, Open>, StoreError> {
    let names = checks.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let is_open = format!("a.resolved_at = 'infinity' AND a.check_name IN ({names})");
    let from = match among {
        Among::Nothing => return Ok(HashMap::new()),
        // A fence: unit by unit, by index.
        Among::WantedUnits => format!(
            "pg_temp.wanted w CROSS JOIN LATERAL (SELECT * FROM alerts a WHERE {is_open} AND a.unit = w.a OFFSET 0) AS a"
        ),
        Among::WantedDealers => {
            format!("alerts a WHERE {is_open} AND a.dealer_code IN (SELECT a FROM pg_temp.wanted)")
        }
    };
    let mut open = HashMap::new();
    let columns = "a.family, a.subject, a.clause, a.unit, a.dealer_code, a.severity, a.occurred_on, a.detail";
    tx.read(&format!("SELECT {columns} FROM {from}"), |row| {
        let key = (row.text().to_owned(), row.text().to_owned());
        let alert = Open {
            clause: row.text().to_owned(),
            unit: row.text().to_owned(),
            dealer: row.text().to_owned(),
            severity: row.text().to_owned(),
            occurred_on: row.date(),
            detail: row.text().to_owned(),
        };
        open.insert(key, alert);
    })?;
    Ok(open)
}

/// Opens what is wanted and not open, resolves what is open and not wanted, and lets an open one say what its
/// finding says now.
pub fn sync<'a>(
    tx: &mut Tx,
    checks: &[&str],
    among: Among,
    wanted: impl Iterator<Item = Wanted<'a>>,
    at: Instant,
) -> Result<Changes, StoreError> {
    let mut open = open(tx, checks, among)?;
    let mut changed = Vec::new();
    let mut opened = Vec::new();
    for alert in wanted {
        match open.remove(&(alert.family.to_owned(), alert.subject.to_owned())) {
            Some(known) if known.says(&alert) => {}
            Some(_) => changed.push(alert),
            None => opened.push(alert),
        }
    }
    let resolved: Vec<Key> = open.into_keys().collect();
    resolve(tx, &resolved, at)?;
    stage(tx, &changed)?;
    if !changed.is_empty() {
        tx.execute(&format!("UPDATE alerts a SET {SAYS} FROM pg_temp.staging s WHERE {SAME}"))?;
    }
    // What is open under another unit or dealer, which is judged later in this run, becomes this finding's.
    stage(tx, &opened)?;
    let mut news = 0;
    if !opened.is_empty() {
        news = diesel::sql_query(format!(
            "INSERT INTO alerts (tenant_id, {COLUMNS}, opened_at)
             SELECT (SELECT nullif(current_setting('farsight.tenant', true), '')::integer), {COLUMNS}, $1 FROM pg_temp.staging
             ON CONFLICT DO NOTHING"
        ))
        .bind::<Timestamptz, _>(pg_instant(at))
        .execute(tx.connection)?;
        if news < opened.len() {
            tx.execute(&format!("UPDATE alerts a SET {SAYS} FROM pg_temp.staging s WHERE {SAME}"))?;
        }
    }
    Ok(Changes { opened: news as u64, resolved: resolved.len() as u64 })
}

const COLUMNS: &str = "family, subject, check_name, clause, unit, dealer_code, severity, occurred_on, detail";
const SAYS: &str = "check_name = s.check_name, clause = s.clause, unit = s.unit, dealer_code = s.dealer_code,
    severity = s.severity, occurred_on = s.occurred_on, detail = s.detail";
const SAME: &str = "a.family = s.family AND a.subject = s.subject AND a.resolved_at = 'infinity'";

fn stage(tx: &mut Tx, alerts: &[Wanted]) -> Result<(), StoreError> {
    if alerts.is_empty() {
        return Ok(());
    }
    let types = "family text, subject text, check_name text, clause text, unit text, dealer_code text, severity text, occurred_on date, detail text";
    tx.stage::<StoreError>(types, |rows| {
        for alert in alerts {
            let row = rows.row().map_err(|error| StoreError::Input(error.to_string()))?;
            row.text(alert.family).text(alert.subject).text(alert.check).text(alert.clause).text(alert.unit);
            row.text(alert.dealer).text(alert.severity).date(alert.occurred_on).text(alert.detail);
        }
        Ok(())
    })?;
    Ok(())
}

fn resolve(tx: &mut Tx, keys: &[Key], at: Instant) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let (families, subjects): (Vec<&str>, Vec<&str>) =
        keys.iter().map(|(family, subject)| (&**family, &**subject)).unzip();
    diesel::sql_query(
        "UPDATE alerts a SET resolved_at = $1 FROM unnest($2, $3) AS s (family, subject)
         WHERE a.family = s.family AND a.subject = s.subject AND a.resolved_at = 'infinity'",
    )
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Array<Text>, _>(families)
    .bind::<Array<Text>, _>(subjects)
    .execute(tx.connection)?;
    Ok(())
}

/// An alert, open or not.
#[derive(Debug, Clone)]
pub struct Alert {
    /// The check.
    pub check: String,
    /// The clause.
    pub clause: String,
    /// The subject.
    pub subject: String,
    /// The dealer.
    pub dealer: String,
    /// The severity.
    pub severity: String,
    /// The local date of its finding.
    pub occurred_on: Date,
    /// When it opened.
    pub opened_at: Instant,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// When it was resolved.
    pub resolved_at: Option<Instant>,
}

impl Alert {
    /// `open`, `acknowledged` or `resolved`.
    pub const fn status(&self) -> &'static str {
        match (&self.resolved_at, &self.acknowledged_by) {
            (Some(_), _) => "resolved",
            (None, Some(_)) => "acknowledged",
            (None, None) => "open",
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    check_name: String,
    #[diesel(sql_type = Text)]
    clause: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    severity: String,
    #[diesel(sql_type = SqlDate)]
    occurred_on: PgDate,
    #[diesel(sql_type = Timestamptz)]
    opened_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Text>)]
    acknowledged_by: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    resolved_at: PgTimestamp,
}

/// Every alert, by check, clause, subject and time, streamed.
pub fn each(tx: &mut Tx, mut take: impl FnMut(Alert)) -> Result<(), StoreError> {
    let query = "SELECT check_name, clause, subject, dealer_code, severity, occurred_on, opened_at, acknowledged_by, resolved_at
                 FROM alerts
                 ORDER BY check_name COLLATE \"C\", clause COLLATE \"C\", subject COLLATE \"C\", opened_at, family COLLATE \"C\"";
    tx.each::<_, Row>(diesel::sql_query(query), |row| {
        take(Alert {
            check: row.check_name,
            clause: row.clause,
            subject: row.subject,
            dealer: row.dealer_code,
            severity: row.severity,
            occurred_on: date(row.occurred_on),
            opened_at: instant(row.opened_at),
            acknowledged_by: row.acknowledged_by,
            resolved_at: (row.resolved_at.0 != FOREVER).then(|| instant(row.resolved_at)),
        });
    })
}

/// How many alerts are open: critical, warning, notice.
pub fn open_by_severity(tx: &mut Tx) -> Result<[u64; 3], StoreError> {
    let mut counts = [0; 3];
    tx.each::<_, (String, i64)>(
        diesel::dsl::sql::<(Text, diesel::sql_types::BigInt)>(
            "SELECT severity, count(*) FROM alerts WHERE resolved_at = 'infinity' GROUP BY severity",
        ),
        |(severity, number)| match severity.as_str() {
            "critical" => counts[0] = number as u64,
            "warning" => counts[1] = number as u64,
            _ => counts[2] = number as u64,
        },
    )?;
    Ok(counts)
}
