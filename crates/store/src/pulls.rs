//! What machines pull, piece by piece: which objects have changed after a mark, in the order of committing.
//!
//! A mark is a number that is given out under one of the tenant's turns and committed before the next one is given out:
//! entries and changes of alerts under that of the books, imports under that of facts, links of the audit log under their own. So
//! whatever is seen to the left of a mark was all there is: nothing can still appear there, and nothing is lost. An object
//! has the number of its latest change only, so that it comes once for each state it is seen in, and none comes twice.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::pg_instant;
use crate::{StoreError, Tx};

/// How far somebody has read: the number of a change, and of several in one change the object.
#[derive(Debug, Clone, PartialEq, Eq, Default, QueryableByName)]
pub struct Mark {
    /// The number of the change.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// The object.
    #[diesel(sql_type = Text)]
    pub key: String,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What comes after this.
    pub after: Mark,
    /// Of changes that became known then or later.
    pub since: Option<Instant>,
    /// At most so many.
    pub limit: i64,
}

fn pull(tx: &mut Tx, sql: &str, wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    Ok(diesel::sql_query(format!("{sql} LIMIT $4"))
        .bind::<BigInt, _>(wanted.after.seq)
        .bind::<Text, _>(&wanted.after.key)
        .bind::<Nullable<Timestamptz>, _>(wanted.since.map(pg_instant))
        .bind::<BigInt, _>(wanted.limit)
        .load(tx.connection)?)
}

/// Entries, which never change: in the order of posting.
pub fn entries(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    let sql = "SELECT entry_id AS seq, entry_id::text AS key FROM entries
         WHERE entry_id > $1 AND $2 IS NOT NULL AND ($3 IS NULL OR posted_at >= $3) ORDER BY entry_id";
    pull(tx, sql, wanted)
}

/// Alerts, each at its latest change: opened, saying something else, gone up, acknowledged, resolved, come back.
pub fn alerts(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    let sql = "SELECT change AS seq, alert_id::text AS key FROM alerts
         WHERE change > $1 AND $2 IS NOT NULL AND ($3 IS NULL OR changed_at >= $3) ORDER BY change";
    pull(tx, sql, wanted)
}

/// The first import that became known then or later: imports become known in the order of their numbers.
const FROM_IMPORT: &str =
    "coalesce((SELECT min(import_id) FROM imports WHERE recorded_at >= $3), 9223372036854775807)";

/// Complaints, each at the latest import of itself, of something done on it, or of a ruling on it; also one that is voided.
pub fn complaints(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    let sql = format!(
        "WITH changed AS MATERIALIZED (
             SELECT complaint_id FROM complaints WHERE import_id >= $1
             UNION SELECT complaint_id FROM complaint_events WHERE import_id >= $1
             UNION SELECT substr(subject, 11) FROM rulings WHERE import_id >= $1 AND subject LIKE 'complaint:%'),
         latest AS (
             SELECT greatest(c.import_id,
                 (SELECT max(e.import_id) FROM complaint_events e WHERE e.tenant_id = c.tenant_id AND e.complaint_id = c.complaint_id),
                 (SELECT max(r.import_id) FROM rulings r WHERE r.tenant_id = c.tenant_id AND r.subject = 'complaint:' || c.complaint_id)) AS seq,
                 c.complaint_id COLLATE \"C\" AS key
             FROM complaints c JOIN changed USING (complaint_id) WHERE c.superseded_at = 'infinity')
         SELECT seq, key FROM latest WHERE (seq, key) > ($1, $2) AND ($3 IS NULL OR seq >= {FROM_IMPORT}) ORDER BY seq, key"
    );
    pull(tx, &sql, wanted)
}

/// Inspections, each at the latest import of one of its results; also one that is voided.
pub fn inspections(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    let sql = format!(
        "WITH latest AS (
             SELECT max(import_id) AS seq, inspection_id COLLATE \"C\" AS key FROM inspections
             WHERE superseded_at = 'infinity' AND inspection_id IN (SELECT inspection_id FROM inspections WHERE import_id >= $1)
             GROUP BY inspection_id)
         SELECT seq, key FROM latest WHERE (seq, key) > ($1, $2) AND ($3 IS NULL OR seq >= {FROM_IMPORT}) ORDER BY seq, key"
    );
    pull(tx, &sql, wanted)
}

/// Requests for technical support, each at its latest import; also one that is voided.
pub fn support_requests(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    let sql = format!(
        "SELECT import_id AS seq, request_id COLLATE \"C\" AS key FROM support_requests
         WHERE superseded_at = 'infinity' AND (import_id, request_id COLLATE \"C\") > ($1, $2) AND ($3 IS NULL OR import_id >= {FROM_IMPORT})
         ORDER BY seq, key"
    );
    pull(tx, &sql, wanted)
}

/// The first link that was added then or later.
const FROM_LINK: &str = "coalesce((SELECT min(seq) FROM audit_log WHERE at >= $3), 9223372036854775807)";

/// What the audit log names by a text, each at its latest link of these actions.
fn linked(tx: &mut Tx, from: &str, actions: &[&str], wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    let sql = format!(
        "WITH latest AS (SELECT subject, max(seq) AS seq FROM audit_log WHERE action = ANY($5) GROUP BY subject)
         SELECT l.seq, {from} WHERE l.seq > $1 AND $2 IS NOT NULL AND ($3 IS NULL OR l.seq >= {FROM_LINK})
         ORDER BY l.seq LIMIT $4"
    );
    Ok(diesel::sql_query(sql)
        .bind::<BigInt, _>(wanted.after.seq)
        .bind::<Text, _>(&wanted.after.key)
        .bind::<Nullable<Timestamptz>, _>(wanted.since.map(pg_instant))
        .bind::<BigInt, _>(wanted.limit)
        .bind::<Array<Text>, _>(actions)
        .load(tx.connection)?)
}

/// Drafts of penalties, each at the latest deed on it.
pub fn penalties(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    let from =
        "p.draft_id::text AS key FROM penalty_drafts p JOIN latest l ON l.subject = 'penalty:' || p.draft_id";
    linked(tx, from, &["penalty.draft", "penalty.decide", "penalty.withdraw"], wanted)
}

/// Draws, each at its latest step.
pub fn draws(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    let from = "d.day::text AS key FROM draws d JOIN latest l ON l.subject = d.day::text";
    linked(tx, from, &["draw.commit", "draw.make", "draw.reveal"], wanted)
}

/// Settlements, each at its latest step.
pub fn settlements(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Mark>, StoreError> {
    let from = "to_char(s.period, 'YYYY-MM') AS key FROM settlements s JOIN latest l ON l.subject = to_char(s.period, 'YYYY-MM')";
    let actions = [
        "settlement.calculate",
        "settlement.review",
        "settlement.approve",
        "settlement.reopen",
        "settlement.lock",
    ];
    linked(tx, from, &actions, wanted)
}
