//! Alerts as they are exported, now or as they were known: what an alert said before each change is kept (`alert_states`).

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Date as SqlDate, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use super::Status;
use crate::values::{FOREVER, date, instant, literal};
use crate::{StoreError, Tx};

/// An alert as far as it is exported.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The check.
    pub check: String,
    /// The clause.
    pub clause: String,
    /// The subject.
    pub subject: String,
    /// The dealer; empty where none is concerned.
    pub dealer: String,
    /// The severity.
    pub severity: String,
    /// The local date of its finding.
    pub occurred_on: Date,
    /// When it opened.
    pub opened_at: Instant,
    /// Who acknowledged it at its level.
    pub acknowledged_by: Option<String>,
    /// When it was resolved.
    pub resolved_at: Option<Instant>,
}

impl Exported {
    /// `open`, `acknowledged` or `resolved`.
    pub const fn status(&self) -> Status {
        Status::of(self.resolved_at.is_some(), self.acknowledged_by.is_some())
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

impl From<Row> for Exported {
    fn from(row: Row) -> Self {
        Self {
            check: row.check_name,
            clause: row.clause,
            subject: row.subject,
            dealer: row.dealer_code,
            severity: row.severity,
            occurred_on: date(row.occurred_on),
            opened_at: instant(row.opened_at),
            acknowledged_by: row.acknowledged_by,
            resolved_at: (row.resolved_at.0 != FOREVER).then(|| instant(row.resolved_at)),
        }
    }
}

/// Every alert, by check, clause, subject and time, streamed.
pub fn each(tx: &mut Tx, mut take: impl FnMut(Exported)) -> Result<(), StoreError> {
    let alerts = tx.known_at().map_or_else(|| "alerts".to_owned(), known);
    let query = format!(
        "SELECT check_name, clause, subject, dealer_code, severity, occurred_on, opened_at, acknowledged_by, resolved_at
         FROM {alerts} ORDER BY check_name COLLATE \"C\", clause COLLATE \"C\", subject COLLATE \"C\", opened_at, family COLLATE \"C\""
    );
    tx.each::<_, Row>(diesel::sql_query(query), |row| take(row.into()))
}

/// The alerts as they were known: in the first state that had not ended yet, else as they stand. What is later than that is
/// left out once more, for alerts that changed before states were kept.
fn known(at: Instant) -> String {
    let at = literal(at);
    format!(
        "(SELECT s.check_name, s.clause, a.subject, s.dealer_code, s.severity, s.occurred_on, a.opened_at, a.family,
                 CASE WHEN s.acknowledged_at <= {at} THEN s.acknowledged_by END AS acknowledged_by,
                 CASE WHEN s.resolved_at <= {at} THEN s.resolved_at ELSE 'infinity' END AS resolved_at
          FROM alerts a CROSS JOIN LATERAL (
              SELECT e.check_name, e.clause, e.dealer_code, e.severity, e.occurred_on, e.acknowledged_at, e.acknowledged_by,
                     e.resolved_at, e.change
              FROM alert_states e WHERE e.tenant_id = a.tenant_id AND e.alert_id = a.alert_id AND e.until > {at}
              UNION ALL
              SELECT a.check_name, a.clause, a.dealer_code, a.severity, a.occurred_on, a.acknowledged_at, a.acknowledged_by,
                     a.resolved_at, a.change
              ORDER BY change LIMIT 1) AS s
          WHERE a.opened_at <= {at}) AS known"
    )
}
