//! What has happened after a mark, as whoever the transaction is for sees it: for webhooks.
//!
//! The marks are those of [`crate::pulls`]: numbers that are given out under a lock held until the commit, so that nothing can
//! still appear to the left of one that was seen.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::pulls::{self, Mark, Wanted};
use crate::{StoreError, Tx};

/// What is told of one by one, or all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Notices of alerts.
    Alerts,
    /// Entries posted, all together.
    Entries,
    /// Steps of settlements.
    Settlements,
    /// Statements, and what dealers answer.
    Statements,
    /// Deeds on appeals.
    Appeals,
    /// Deeds on orders to mend.
    Rectifications,
    /// Steps of draws.
    Draws,
    /// Complaints, each at its latest change.
    Complaints,
    /// Inspections, each at its latest change.
    Inspections,
    /// Imports, all together.
    Imports,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Alerts,
        Self::Entries,
        Self::Settlements,
        Self::Statements,
        Self::Appeals,
        Self::Rectifications,
        Self::Draws,
        Self::Complaints,
        Self::Inspections,
        Self::Imports,
    ];

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Entries => "entries",
            Self::Settlements => "settlements",
            Self::Statements => "statements",
            Self::Appeals => "appeals",
            Self::Rectifications => "rectifications",
            Self::Draws => "draws",
            Self::Complaints => "complaints",
            Self::Inspections => "inspections",
            Self::Imports => "imports",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Happened {
    /// Its number, and of several in one the object.
    #[diesel(embed)]
    pub mark: Mark,
    /// The type of its event.
    #[diesel(sql_type = Text)]
    pub event: String,
    /// When, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub at: i64,
    /// What is told of it, an object as JSON text.
    #[diesel(sql_type = Text)]
    pub told: String,
}

/// The mark of the latest change there is of a source, in the whole tenant: nothing before it is told any more.
pub fn latest(tx: &mut Tx, source: Source) -> Result<Mark, StoreError> {
    let seq = tx.number(match source {
        Source::Alerts => "SELECT coalesce(max(notice_id), 0) AS number FROM notices",
        Source::Entries => "SELECT coalesce(max(entry_id), 0) AS number FROM entries",
        Source::Imports => "SELECT coalesce(max(import_id), 0) AS number FROM imports",
        // Several objects have the number of one import: those of the next one are the first to be told.
        Source::Complaints | Source::Inspections => {
            "SELECT coalesce(max(import_id), 0) + 1 AS number FROM imports"
        }
        Source::Settlements
        | Source::Statements
        | Source::Appeals
        | Source::Rectifications
        | Source::Draws => "SELECT coalesce(max(seq), 0) AS number FROM audit_log",
    })?;
    Ok(Mark { seq, key: String::new() })
}

/// What happened after a mark, in order, at most so much; and up to where that is. What is told all together is told in one.
pub fn after(
    tx: &mut Tx,
    source: Source,
    after: &Mark,
    limit: i64,
) -> Result<(Vec<Happened>, Mark), StoreError> {
    let happened = match source {
        Source::Alerts => read(tx, ALERTS, after, limit)?,
        Source::Entries => read(tx, ENTRIES, after, limit)?,
        Source::Imports => read(tx, IMPORTS, after, limit)?,
        Source::Settlements => read(tx, SETTLEMENTS, after, limit)?,
        Source::Statements => read(tx, STATEMENTS, after, limit)?,
        Source::Appeals => read(tx, APPEALS, after, limit)?,
        Source::Rectifications => read(tx, RECTIFICATIONS, after, limit)?,
        Source::Draws => read(tx, DRAWS, after, limit)?,
        Source::Complaints => {
            changed(tx, pulls::complaints, ("complaint.changed", "complaint_id"), after, limit)?
        }
        Source::Inspections => {
            changed(tx, pulls::inspections, ("inspection.changed", "inspection_id"), after, limit)?
        }
    };
    let last = happened.last().map_or_else(|| after.clone(), |last| last.mark.clone());
    Ok((happened, last))
}

fn read(tx: &mut Tx, sql: &str, after: &Mark, limit: i64) -> Result<Vec<Happened>, StoreError> {
    Ok(diesel::sql_query(sql).bind::<BigInt, _>(after.seq).bind::<BigInt, _>(limit).load(tx.connection)?)
}

const ALERTS: &str = "SELECT n.notice_id AS seq, '' AS key, 'alert.' || n.kind AS event,
        (extract(epoch FROM n.at) * 1000000)::bigint AS at,
        json_build_object('alert_id', n.alert_id, 'severity', n.severity, 'level', n.level, 'dealer_code', nullif(n.dealer_code, ''),
            'link', '/api/v1/alerts/' || n.alert_id)::text AS told
    FROM notices n WHERE n.notice_id > $1 AND n.alert_id IS NOT NULL
        AND EXISTS (SELECT FROM alerts a WHERE a.tenant_id = n.tenant_id AND a.alert_id = n.alert_id)
    ORDER BY n.notice_id LIMIT $2";

/// The caller puts the link in: it is a cursor of the list.
const ENTRIES: &str = "SELECT max(entry_id) AS seq, '' AS key, 'entries.changed' AS event,
        (extract(epoch FROM max(posted_at)) * 1000000)::bigint AS at,
        json_build_object('posted', count(*) FILTER (WHERE reverses IS NULL), 'reversed', count(reverses),
            'first_entry_id', min(entry_id), 'last_entry_id', max(entry_id))::text AS told
    FROM entries WHERE entry_id > $1 AND $2 > 0 HAVING count(*) > 0";

const IMPORTS: &str = "WITH new AS (
        SELECT fact_table, count(*) AS imports, sum(added) AS added, sum(corrected) AS corrected, min(import_id) AS first,
            max(import_id) AS last, max(recorded_at) AS at
        FROM imports WHERE import_id > $1 AND $2 > 0 GROUP BY fact_table)
    SELECT max(last) AS seq, '' AS key, 'facts.imported' AS event, (extract(epoch FROM max(at)) * 1000000)::bigint AS at,
        json_build_object('first_import_id', min(first), 'last_import_id', max(last),
            'tables', json_object_agg(fact_table, json_build_object('imports', imports, 'new', added, 'corrected', corrected)
                ORDER BY fact_table))::text AS told
    FROM new HAVING count(*) > 0";

const SETTLEMENTS: &str = "SELECT l.seq, '' AS key, CASE l.action WHEN 'settlement.calculate' THEN 'settlement.calculated'
            WHEN 'settlement.review' THEN 'settlement.reviewed' WHEN 'settlement.approve' THEN 'settlement.approved'
            WHEN 'settlement.reopen' THEN 'settlement.reopened' ELSE 'settlement.locked' END AS event,
        (extract(epoch FROM l.at) * 1000000)::bigint AS at,
        json_build_object('period', l.subject, 'link', '/api/v1/settlements/' || l.subject)::text AS told
    FROM audit_log l WHERE l.seq > $1
        AND l.action IN ('settlement.calculate', 'settlement.review', 'settlement.approve', 'settlement.reopen', 'settlement.lock')
    ORDER BY l.seq LIMIT $2";

const STATEMENTS: &str = "WITH named AS (
        SELECT seq, at, action, split_part(substr(subject, 11), '@', 1) AS dealer, split_part(subject, '@', 2) AS period
        FROM audit_log WHERE seq > $1 AND action IN ('statement.confirm', 'statement.dispute', 'statement.reply')
        UNION ALL SELECT seq, at, action, NULL, subject FROM audit_log WHERE seq > $1 AND action = 'settlement.calculate')
    SELECT seq, '' AS key, CASE action WHEN 'statement.confirm' THEN 'statement.confirmed' WHEN 'statement.dispute' THEN 'statement.disputed'
            WHEN 'statement.reply' THEN 'statement.replied' ELSE 'statements.ready' END AS event,
        (extract(epoch FROM at) * 1000000)::bigint AS at,
        json_build_object('period', period, 'dealer_code', dealer,
            'link', '/api/v1/statements' || coalesce('/' || period || '/' || dealer, '?period=' || period))::text AS told
    FROM named WHERE dealer IS NULL OR dealer IN (SELECT dealer_code FROM dealers WHERE superseded_at = 'infinity')
    ORDER BY seq LIMIT $2";

const APPEALS: &str = "SELECT l.seq, '' AS key, CASE l.action WHEN 'appeal.make' THEN 'appeal.made' WHEN 'appeal.decide' THEN 'appeal.decided'
            ELSE 'appeal.withdrawn' END AS event,
        (extract(epoch FROM l.at) * 1000000)::bigint AS at,
        json_build_object('appeal_id', a.appeal_id, 'entry_id', a.entry_id, 'dealer_code', a.dealer_code,
            'link', '/api/v1/appeals/' || a.appeal_id)::text AS told
    FROM audit_log l JOIN appeals a ON l.subject = 'appeal:' || a.appeal_id
    WHERE l.seq > $1 AND l.action IN ('appeal.make', 'appeal.decide', 'appeal.withdraw') ORDER BY l.seq LIMIT $2";

/// An order's key is its number, or `DEALER@MONTH` of bay turnover.
const RECTIFICATIONS: &str = "WITH named AS (
        SELECT seq, at, action, substr(subject, 15) AS key, split_part(substr(subject, 15), '@', 1) AS dealer FROM audit_log
        WHERE seq > $1 AND action IN ('rectification.order', 'rectification.hand-in', 'rectification.accept', 'rectification.send-back'))
    SELECT n.seq, '' AS key, CASE n.action WHEN 'rectification.order' THEN 'rectification.ordered'
            WHEN 'rectification.hand-in' THEN 'rectification.handed-in' WHEN 'rectification.accept' THEN 'rectification.accepted'
            ELSE 'rectification.sent-back' END AS event,
        (extract(epoch FROM n.at) * 1000000)::bigint AS at,
        json_build_object('order', n.key, 'dealer_code', coalesce(r.dealer_code, n.dealer), 'link', '/api/v1/rectifications/' || n.key)::text AS told
    FROM named n LEFT JOIN rectifications r ON r.order_id::text = n.key
    WHERE r.order_id IS NOT NULL OR n.key LIKE '%@%' AND n.dealer IN (SELECT dealer_code FROM dealers WHERE superseded_at = 'infinity')
    ORDER BY n.seq LIMIT $2";

const DRAWS: &str = "SELECT l.seq, '' AS key, CASE l.action WHEN 'draw.commit' THEN 'draw.committed' WHEN 'draw.make' THEN 'draw.made'
            ELSE 'draw.revealed' END AS event,
        (extract(epoch FROM l.at) * 1000000)::bigint AS at,
        json_build_object('date', l.subject, 'link', '/api/v1/draws/' || l.subject)::text AS told
    FROM audit_log l WHERE l.seq > $1 AND l.action IN ('draw.commit', 'draw.make', 'draw.reveal') ORDER BY l.seq LIMIT $2";

type Marks = fn(&mut Tx, &Wanted) -> Result<Vec<Mark>, StoreError>;

/// Objects of which an import changed something, with the moment at which that became known.
fn changed(
    tx: &mut Tx,
    marks: Marks,
    (event, key): (&str, &str),
    after: &Mark,
    limit: i64,
) -> Result<Vec<Happened>, StoreError> {
    let marks = marks(tx, &Wanted { after: after.clone(), since: None, limit })?;
    let (numbers, keys): (Vec<i64>, Vec<&str>) =
        marks.iter().map(|mark| (mark.seq, mark.key.as_str())).unzip();
    Ok(diesel::sql_query(
        "SELECT m.seq, m.key, $3 AS event, (extract(epoch FROM i.recorded_at) * 1000000)::bigint AS at,
             json_build_object($4, m.key, 'link', $5 || m.key)::text AS told
         FROM unnest($1, $2) WITH ORDINALITY AS m (seq, key, place) JOIN imports i ON i.import_id = m.seq ORDER BY m.place",
    )
    .bind::<Array<BigInt>, _>(numbers)
    .bind::<Array<Text>, _>(keys)
    .bind::<Text, _>(event)
    .bind::<Text, _>(key)
    .bind::<Text, _>(format!("/api/v1/{}s/", key.trim_end_matches("_id")))
    .load(tx.connection)?)
}
