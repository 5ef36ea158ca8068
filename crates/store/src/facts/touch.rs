//! Which units imports touch: a changed row touches what it says and what it said before.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use farsight_rulebook::checks::{bay_turnover, certification, complaint, repeat_repair, spot_check};

use crate::{StoreError, Tx};

/// What some imports touch of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// So much, or something so general, that everything is looked at.
    Everything,
    /// These units.
    Units(HashSet<String>),
}

#[derive(QueryableByName)]
struct Unit {
    #[diesel(sql_type = Text)]
    unit: String,
}

#[derive(QueryableByName)]
struct TableName {
    #[diesel(sql_type = Text)]
    fact_table: String,
}

/// Rows of these imports, new and closed; `{t}` is the table.
const CHANGED: &str = "(t.import_id = ANY($1) OR t.superseded_by = ANY($1))";

/// The tables a check reads, with the units that a changed row touches; `None`: everything.
fn touches(check: &str, zone: &str) -> Vec<(&'static str, Option<String>)> {
    let of = |table: &'static str, select: &str, from: &str| {
        (table, Some(format!("SELECT DISTINCT {select} AS unit FROM {table} t {from} WHERE {CHANGED}")))
    };
    // Dealers, their regions and whoever leads them stand behind every finding.
    let mut list: Vec<(&'static str, Option<String>)> =
        vec![("dealers", None), ("dealer_regions", None), ("calendar", None)];
    let subject = "substr(t.subject, strpos(t.subject, ':') + 1)";
    match check {
        spot_check::NAME => list.extend([
            of("inspections", "t.dealer_code", ""),
            of("posts", "CASE WHEN t.role LIKE 'region-%' THEN '*' ELSE t.scope_code END", ""),
            of(
                "rulings",
                "i.dealer_code",
                &format!("JOIN inspections i ON t.subject LIKE 'inspection:%' AND i.inspection_id = split_part({subject}, '#', 1)"),
            ),
        ]),
        complaint::NAME => list.extend([
            of("complaints", "t.complaint_id", ""),
            of("complaint_events", "t.complaint_id", ""),
            of("rulings", "CASE WHEN t.subject LIKE 'complaint:%' THEN substr(t.subject, 11) ELSE '' END", ""),
        ]),
        certification::NAME => list.extend([
            ("employments", Some(format!(
                "SELECT DISTINCT e.dealer_code AS unit FROM employments e WHERE e.person_code IN (
                     SELECT t.person_code FROM employments t WHERE {CHANGED})"
            ))),
            ("certificates", Some(certificates(zone))),
            of("bays", "t.dealer_code", ""),
            of("work_orders", &format!("t.dealer_code || '@' || (t.created_at AT TIME ZONE '{zone}')::date"), ""),
            of(
                "rulings",
                "CASE WHEN t.subject LIKE 'dealer:%@____-__' THEN split_part(substr(t.subject, 8), '@', 1)
                      WHEN t.subject LIKE 'dealer:%' THEN substr(t.subject, 8)
                      WHEN t.subject LIKE 'person:%/%' THEN split_part(split_part(t.subject, '/', 2), '@', 1)
                      WHEN t.subject LIKE 'certificate:%' THEN coalesce((
                          SELECT string_agg(DISTINCT e.dealer_code, ' ') FROM certificates k JOIN employments e USING (person_code)
                          WHERE k.certificate_id = split_part(substr(t.subject, 13), '#', 1)), '')
                      ELSE '' END",
                "",
            ),
        ]),
        bay_turnover::NAME => list.extend([
            ("customer_base", None), // the regions' factors change with it
            of("bays", "t.dealer_code", ""),
            of("rulings", "CASE WHEN t.subject LIKE 'dealer:%' THEN split_part(substr(t.subject, 8), '@', 1) ELSE '' END", ""),
        ]),
        repeat_repair::NAME => list.extend([
            of("work_orders", "CASE WHEN t.fault_code IS NULL THEN '' ELSE t.dealer_code || '/' || t.vin END", ""),
            of("support_requests", "t.dealer_code || '/' || t.vin", ""),
            of("complaints", "CASE WHEN t.vin IS NULL THEN '' ELSE t.dealer_code || '/' || t.vin END", ""),
            of(
                "rulings",
                "CASE WHEN t.subject LIKE 'vin:%' THEN split_part(split_part(t.subject, '@', 2), '#', 1) || '/' || split_part(substr(t.subject, 5), '/', 1)
                      WHEN t.subject LIKE 'complaint:%' THEN coalesce((
                          SELECT string_agg(DISTINCT c.dealer_code || '/' || c.vin, ' ') FROM complaints c WHERE c.complaint_id = substr(t.subject, 11)), '')
                      ELSE '' END",
                "",
            ),
        ]),
        _ => return vec![("", None)],
    }
    list
}

/// The rosters of a certificate's holder, and the days of orders with the holder on them from where it changes things:
/// a revocation or another end changes nothing before it.
fn certificates(zone: &str) -> String {
    format!(
        "WITH changed AS MATERIALIZED (
             SELECT min(t.person_code) AS person, max(t.person_code) AS other_person,
                    CASE WHEN count(*) > 1 AND count(DISTINCT (t.person_code, t.kind, t.level, t.issued_on, t.voided)) = 1
                         THEN min(least(t.revoked_on, t.expires_on + 1)) ELSE min(t.issued_on) END AS since
             FROM certificates t WHERE {CHANGED} GROUP BY t.certificate_id),
         holders AS MATERIALIZED (
             SELECT array_agg(person) || array_agg(other_person) AS persons, min(since) AS since FROM changed)
         SELECT DISTINCT e.dealer_code AS unit FROM holders h JOIN employments e ON e.person_code = ANY(h.persons)
         UNION
         SELECT o.unit FROM holders h CROSS JOIN dealers d CROSS JOIN LATERAL (
             SELECT o.dealer_code || '@' || (o.created_at AT TIME ZONE '{zone}')::date AS unit FROM work_orders o
             WHERE o.dealer_code = d.dealer_code AND o.created_at >= (h.since::timestamp AT TIME ZONE '{zone}')
               AND o.superseded_at = 'infinity'
               AND (o.advisor_code = ANY(h.persons) OR o.technician_code = ANY(h.persons)) OFFSET 0) AS o -- a fence: dealer by dealer, by index
         WHERE d.superseded_at = 'infinity'"
    )
}

/// The units of a check that these imports touch.
pub fn units(
    tx: &mut Tx,
    check: &str,
    imports: &[i64],
    zone: &str,
    most: usize,
) -> Result<Touched, StoreError> {
    let tables: Vec<TableName> =
        diesel::sql_query("SELECT DISTINCT fact_table FROM imports WHERE import_id = ANY($1)")
            .bind::<Array<BigInt>, _>(imports)
            .load(tx.connection)?;
    let tables: HashSet<String> = tables.into_iter().map(|row| row.fact_table).collect();
    if imports.contains(&crate::runs::EVERYTHING) {
        return Ok(Touched::Everything);
    }
    let mut units = HashSet::new();
    for (_, query) in touches(check, zone).into_iter().filter(|(table, _)| tables.contains(*table)) {
        let Some(query) = query else { return Ok(Touched::Everything) };
        let rows: Vec<Unit> = diesel::sql_query(format!("{query} LIMIT {}", most + 1))
            .bind::<Array<BigInt>, _>(imports)
            .load(tx.connection)?;
        if rows.len() > most || rows.iter().any(|row| row.unit == "*") {
            return Ok(Touched::Everything);
        }
        units.extend(
            rows.iter()
                .flat_map(|row| row.unit.split(' '))
                .filter(|unit| !unit.is_empty())
                .map(str::to_owned),
        );
    }
    Ok(if units.len() > most { Touched::Everything } else { Touched::Units(units) })
}
