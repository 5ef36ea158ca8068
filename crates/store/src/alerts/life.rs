//! What becomes of open alerts: they go up, are acknowledged, and a coming back that stays is told.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date as SqlDate, Text, Timestamptz};
use farsight_rulebook::alert::Terms;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use super::{CHANGED, INTO_NOTICES, TOLD, hours, last_notice, step, tell};
use crate::values::{pg_date, pg_instant};
use crate::{StoreError, Tx};

/// The region of dealer `d` on a day `$2` (rulebook 3.7).
pub(crate) const REGION: &str = "coalesce(
    (SELECT m.region_code FROM dealer_regions m WHERE m.dealer_code = d.dealer_code AND m.\"from\" <= $2
        AND m.superseded_at = 'infinity' AND NOT m.voided ORDER BY m.\"from\" DESC LIMIT 1), d.region_code)";
/// That dealer `d` is known.
pub(crate) const KNOWN: &str = "d.superseded_at = 'infinity' AND NOT d.voided";

/// Who holds the posts of some roles on a day `$2`, by scope: the first role, the later `from`, the smaller code.
fn holders(roles: [&str; 2]) -> String {
    format!(
        "SELECT DISTINCT ON (scope_code) scope_code, person_code FROM posts
         WHERE superseded_at = 'infinity' AND NOT voided AND role IN ('{0}', '{1}')
           AND \"from\" <= $2 AND (\"to\" IS NULL OR \"to\" >= $2)
         ORDER BY scope_code, role = '{0}' DESC, \"from\" DESC, person_code COLLATE \"C\"",
        roles[0], roles[1]
    )
}

/// Moves every alert that is due one level up, to whoever holds that post on the local date; a vacant post is passed
/// over. What was acknowledged below is not acknowledged there. Says how many went up.
pub fn escalate(tx: &mut Tx, at: Instant, on: Date, terms: &Terms) -> Result<u64, StoreError> {
    if !anything_due(tx, at)? {
        return Ok(0);
    }
    let step = step(terms, "a.severity", "due.level");
    let last = last_notice(tx)?;
    let moved = diesel::sql_query(format!(
        "WITH district AS ({district}), leader AS ({leader}),
         home AS (SELECT d.dealer_code, {REGION} AS region_code FROM dealers d WHERE {KNOWN}),
         due AS (
             SELECT a.alert_id,
                 CASE WHEN a.level = 'dealer' AND d.person_code IS NOT NULL THEN 'district-manager'
                      WHEN a.level IN ('dealer', 'district-manager') AND l.person_code IS NOT NULL THEN 'region-director'
                      ELSE 'hq' END AS level,
                 CASE WHEN a.level = 'dealer' AND d.person_code IS NOT NULL THEN d.person_code
                      WHEN a.level IN ('dealer', 'district-manager') THEN l.person_code END AS holder
             FROM alerts a LEFT JOIN home h ON h.dealer_code = a.dealer_code
             LEFT JOIN district d ON d.scope_code = a.dealer_code
             LEFT JOIN leader l ON l.scope_code = coalesce(h.region_code, a.region_code)
             WHERE a.resolved_at = 'infinity' AND a.escalates_at <= $1),
         moved AS (
             UPDATE alerts a SET level = due.level, holder_code = due.holder, level_since = $1, escalates_at = $1 + {step},
                 acknowledged_at = NULL, acknowledged_by = NULL, told_at = $1, tell_at = NULL, {CHANGED}
             FROM due WHERE a.alert_id = due.alert_id AND a.resolved_at = 'infinity' RETURNING a.*)
         {INTO_NOTICES} SELECT {tenant}, $3 + row_number() OVER (ORDER BY a.alert_id), 'escalated', {TOLD}, $1 FROM moved a",
        district = holders(["district-manager", "district-manager"]),
        leader = holders(["region-director", "region-deputy-director"]),
        tenant = tx.tenant(),
    ))
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<SqlDate, _>(pg_date(on))
    .bind::<BigInt, _>(last)
    .execute(tx.connection)?;
    Ok(moved as u64)
}

/// Whether any alert is due to go up: mostly none is.
fn anything_due(tx: &mut Tx, at: Instant) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Due {
        #[diesel(sql_type = Bool)]
        any: bool,
    }
    let query =
        "SELECT EXISTS (SELECT FROM alerts WHERE resolved_at = 'infinity' AND escalates_at <= $1) AS any";
    let due: Due =
        diesel::sql_query(query).bind::<Timestamptz, _>(pg_instant(at)).get_result(tx.connection)?;
    Ok(due.any)
}

/// Tells of alerts that came back and stayed; says how many.
pub fn tell_what_stayed(tx: &mut Tx, at: Instant) -> Result<u64, StoreError> {
    let due = "FROM alerts a WHERE a.resolved_at = 'infinity' AND a.tell_at <= $1";
    let told = tell(tx, "reopened", due, at)?;
    if told > 0 {
        diesel::sql_query(
            "UPDATE alerts SET told_at = $1, tell_at = NULL WHERE resolved_at = 'infinity' AND tell_at <= $1",
        )
        .bind::<Timestamptz, _>(pg_instant(at))
        .execute(tx.connection)?;
    }
    Ok(told as u64)
}

/// An acknowledgement: which alert, by whom, when, and under which terms.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledgement<'a> {
    /// The alert's number.
    pub alert: i64,
    /// The user's address.
    pub by: &'a str,
    /// When.
    pub at: Instant,
    /// For how long it stops the clock.
    pub terms: &'a Terms,
}

/// Acknowledges an open alert. The first one at a level holds it there for the stated hours at least; a further one
/// only says who looked at it.
pub fn acknowledge(tx: &mut Tx, it: Acknowledgement) -> Result<(), StoreError> {
    let held = hours(it.terms.acknowledged_hours);
    diesel::sql_query(format!(
        "UPDATE alerts SET acknowledged_at = $1, acknowledged_by = $2, {CHANGED},
             escalates_at = CASE WHEN acknowledged_at IS NULL AND escalates_at IS NOT NULL THEN greatest(escalates_at, $1 + {held}) ELSE escalates_at END
         WHERE alert_id = $3 AND resolved_at = 'infinity'"
    ))
    .bind::<Timestamptz, _>(pg_instant(it.at))
    .bind::<Text, _>(it.by)
    .bind::<BigInt, _>(it.alert)
    .execute(tx.connection)?;
    tell(tx, "acknowledged", &format!("FROM alerts a WHERE a.alert_id = {}", it.alert), it.at)?;
    Ok(())
}

/// The region that a dealer belongs to on a day; empty where it is not known.
pub fn region_on(tx: &mut Tx, dealer: &str, on: Date) -> Result<String, StoreError> {
    #[derive(QueryableByName)]
    struct Region {
        #[diesel(sql_type = Text)]
        region: String,
    }
    let row: Option<Region> = diesel::sql_query(format!(
        "SELECT {REGION} AS region FROM dealers d WHERE d.dealer_code = $1 AND {KNOWN}"
    ))
    .bind::<Text, _>(dealer)
    .bind::<SqlDate, _>(pg_date(on))
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map_or_else(String::new, |row| row.region))
}
