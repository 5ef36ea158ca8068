//! What a dealer has done since an instant, and which certificates lapse: for the list of things to do.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date as SqlDate, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{date, instant, pg_instant};
use crate::{StoreError, Tx};

/// A deed of a dealer's people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What: `first-reply`, `submitted`, `handled`, `support`, `rectification`, `appeal`.
    pub kind: String,
    /// On what: a complaint, a request, an order, an appeal.
    pub key: String,
    /// When.
    pub at: Instant,
}

#[derive(QueryableByName)]
struct DoneRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Timestamptz)]
    at: PgTimestamp,
}

/// What a dealer's people did since an instant, the latest first.
pub fn done(tx: &mut Tx, dealer: &str, since: Instant, until: Instant) -> Result<Vec<Done>, StoreError> {
    let rows: Vec<DoneRow> = diesel::sql_query(
        "SELECT kind, key, at FROM (
             SELECT e.kind, e.complaint_id AS key, e.at FROM complaints c
             JOIN complaint_events e ON e.tenant_id = c.tenant_id AND e.complaint_id = c.complaint_id
                 AND e.superseded_at = 'infinity' AND NOT e.voided
             WHERE c.dealer_code = $1 AND c.superseded_at = 'infinity' AND NOT c.voided
               AND (e.kind IN ('first-reply', 'submitted') OR (e.kind = 'handled' AND e.actor_role = 'dealer-gm'))
             UNION ALL SELECT 'support', s.request_id, s.requested_at FROM support_requests s
             WHERE s.dealer_code = $1 AND s.superseded_at = 'infinity' AND NOT s.voided
             UNION ALL SELECT 'rectification', t.order_key, t.done_at FROM rectification_steps t
             WHERE t.dealer_code = $1 AND t.kind = 'handed-in'
             UNION ALL SELECT 'appeal', a.appeal_id::text, a.made_at FROM appeals a WHERE a.dealer_code = $1
         ) AS deeds (kind, key, at) WHERE at >= $2 AND at <= $3 ORDER BY at DESC, key LIMIT 100",
    )
    .bind::<Text, _>(dealer)
    .bind::<Timestamptz, _>(pg_instant(since))
    .bind::<Timestamptz, _>(pg_instant(until))
    .load(tx.connection)?;
    let told = |row: DoneRow| Done { kind: row.kind, key: row.key, at: instant(row.at) };
    Ok(rows.into_iter().map(told).collect())
}

/// A certificate about to lapse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapsing {
    /// The certificate.
    pub certificate: String,
    /// Its kind.
    pub kind: String,
    /// Whose it is.
    pub person: String,
    /// That person's name.
    pub name: String,
    /// Its last day.
    pub expires_on: Date,
}

/// The certificates about to lapse of a dealer, by the open alerts of the check, the earliest first.
pub fn lapsing(tx: &mut Tx, dealer: &str, limit: i64) -> Result<Vec<Lapsing>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        certificate: String,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Text)]
        person: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = SqlDate)]
        expires_on: PgDate,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT DISTINCT split_part(substr(a.subject, 13), '#', 1) AS certificate, a.detail::json ->> 'kind' AS kind,
             a.detail::json ->> 'person' AS person, coalesce(p.name, '') AS name, (a.detail::json ->> 'expires_on')::date AS expires_on
         FROM alerts a LEFT JOIN people p ON p.person_code = a.detail::json ->> 'person' AND p.superseded_at = 'infinity'
         WHERE a.dealer_code = $1 AND a.clause = 'certification.expiring' AND a.resolved_at = 'infinity'
         ORDER BY expires_on, certificate LIMIT $2",
    )
    .bind::<Text, _>(dealer)
    .bind::<BigInt, _>(limit)
    .load(tx.connection)?;
    let told = |row: Row| Lapsing {
        certificate: row.certificate,
        kind: row.kind,
        person: row.person,
        name: row.name,
        expires_on: date(row.expires_on),
    };
    Ok(rows.into_iter().map(told).collect())
}
