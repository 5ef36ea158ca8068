//! Which units imports touch: a changed row touches what it says and what it said before.

mod custom;

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use farsight_rulebook::checks::custom::Reads;
use farsight_rulebook::checks::{
    bay_turnover, certification, complaint, fault_hotspot, feedback, mystery_shopper, repeat_repair,
    retention, satisfaction, service_clock, spot_check, transparency,
};

use crate::{StoreError, Tx};

/// Of which check the touched units are asked.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// Its name.
    pub check: &'a str,
    /// Of a manufacturer's own rules: what they read.
    pub own: Option<&'a Reads>,
}

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
        _ => return touches_by_month(check, zone).map_or(vec![("", None)], |own| {
            list.extend(own);
            list
        }),
    }
    list
}

/// The same of the checks whose units are months; none: there is no such check.
fn touches_by_month(check: &str, zone: &str) -> Option<Vec<(&'static str, Option<String>)>> {
    let of = |table: &'static str, select: &str, from: &str| {
        (table, Some(format!("SELECT DISTINCT {select} AS unit FROM {table} t {from} WHERE {CHANGED}")))
    };
    let month = |at: &str| format!("to_char({at} AT TIME ZONE '{zone}', 'YYYY-MM')");
    let dealer_month =
        |row: &str, at: &str| format!("{row}.dealer_code || '@' || {}", month(&format!("{row}.{at}")));
    let day =
        |row: &str, at: &str| format!("{row}.dealer_code || '@' || ({row}.{at} AT TIME ZONE '{zone}')::date");
    let completed = dealer_month("t", "completed_at");
    let order = "JOIN work_orders o ON o.work_order_id = t.work_order_id";
    // Rulings about a dealer's month, and those by which an order does not count in one; `{unit}` is that order's.
    let rulings = |of_order: &str| {
        let on_order = match of_order {
            "" => String::new(),
            unit => format!(
                "WHEN t.subject LIKE 'order:%' THEN coalesce((
                     SELECT string_agg(DISTINCT {unit}, ' ') FROM work_orders o WHERE o.work_order_id = substr(t.subject, 7)), '')"
            ),
        };
        let unit = format!(
            "CASE WHEN t.subject LIKE 'dealer:%@____-__' THEN substr(t.subject, 8)
                  WHEN t.subject LIKE 'feedback:%' THEN substr(t.subject, 10) {on_order} ELSE '' END"
        );
        of("rulings", &unit, "")
    };
    // The month that ran when the check was judged last.
    let judged = format!(
        "(SELECT date_trunc('month', m.as_of AT TIME ZONE '{zone}')::date FROM marks m WHERE m.check_name = '{check}')"
    );
    let last_of_subject = |subject: &str| {
        of("rulings", &format!("CASE WHEN {subject} THEN split_part(t.subject, '@', 2) ELSE '' END"), "")
    };
    Some(match check {
        service_clock::NAME => {
            let both = |row| {
                format!("{} || coalesce(' ' || {}, '')", dealer_month(row, "created_at"), day(row, "completed_at"))
            };
            vec![
                of("work_orders", &both("t"), ""),
                of("work_order_delays", &both("o"), order),
                rulings(&both("o")),
            ]
        }
        satisfaction::NAME => vec![
            of("surveys", &format!("{} || ' ' || {}", dealer_month("t", "answered_at"), month("t.answered_at")), ""),
            of("posts", "CASE WHEN t.role LIKE 'region-%' THEN '*' ELSE '' END", ""),
            rulings(""),
            last_of_subject("t.subject LIKE 'region:%' OR t.subject LIKE 'person:%@____-__'"),
        ],
        mystery_shopper::NAME => vec![
            of("mystery_visits", "t.dealer_code || '@' || to_char(t.visited_on, 'YYYY-MM')", ""),
            rulings(""),
        ],
        feedback::NAME => vec![
            of("feedback", "t.feedback_id", ""),
            of("work_orders", &format!("coalesce({completed}, '')"), ""),
            of("callbacks", &format!("coalesce({}, '')", dealer_month("o", "completed_at")), order),
            rulings(&format!("coalesce({}, '')", dealer_month("o", "completed_at"))),
        ],
        // Only what changes a month that was over at the latest run: those to come are judged at their end.
        retention::NAME => {
            let unit = |on: &str| {
                format!("CASE WHEN date_trunc('month', {on})::date < {judged} THEN '{}' ELSE '' END", retention::UNIT)
            };
            vec![
                of("work_orders", &unit(&format!("t.completed_at AT TIME ZONE '{zone}'")), ""),
                of("vehicles", &unit("t.sold_on"), ""),
                of("rulings", &format!("CASE WHEN t.subject LIKE 'dealer:%@____-__' THEN '{}' ELSE '' END", retention::UNIT), ""),
            ]
        }
        // An order counts in its month and, as one before, in the six that follow.
        fault_hotspot::NAME => {
            let months = format!(
                "(SELECT string_agg(to_char(m, 'YYYY-MM'), ' ') FROM generate_series(
                     date_trunc('month', t.created_at AT TIME ZONE '{zone}'),
                     date_trunc('month', t.created_at AT TIME ZONE '{zone}') + interval '{} months', interval '1 month') AS m)",
                fault_hotspot::MONTHS_BEFORE
            );
            let since_sold = format!(
                "(SELECT coalesce(string_agg(to_char(m, 'YYYY-MM'), ' '), '') FROM generate_series(
                     date_trunc('month', t.sold_on::timestamp), {judged}::timestamp, interval '1 month') AS m)"
            );
            vec![
                of("work_orders", &months, ""),
                of("vehicles", &since_sold, ""),
                last_of_subject("t.subject LIKE 'model:%'"),
            ]
        }
        transparency::NAME => vec![
            of("work_orders", &format!("CASE WHEN t.fault_code IS NULL THEN '' ELSE coalesce({completed}, '') END"), ""),
            of(
                "part_prices",
                "CASE WHEN p.dealer_code = '' THEN '' ELSE p.dealer_code || '@' || to_char(p.effective_on, 'YYYY-MM') END",
                // A list price stands beside the dealers' prices that came into effect from its day on.
                "JOIN part_prices p ON p.part_code = t.part_code AND (p.dealer_code = t.dealer_code AND p.effective_on = t.effective_on
                     OR t.dealer_code = '' AND p.dealer_code <> '' AND p.effective_on >= t.effective_on)",
            ),
            rulings(&format!("coalesce({}, '')", dealer_month("o", "completed_at"))),
        ],
        _ => return None,
    })
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

impl Looked<'_> {
    /// Whether there is such a unit: a month of the network only where a rule is about regions.
    fn judges(self, unit: &str) -> bool {
        self.own.is_none_or(|reads| reads.regions || unit.contains('@'))
    }
}

/// The units of a check that these imports touch.
pub fn units(
    tx: &mut Tx,
    looked: Looked,
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
    let list = match looked.own {
        Some(reads) => custom::touches(reads, zone),
        None => touches(looked.check, zone),
    };
    for (_, query) in list.into_iter().filter(|(table, _)| tables.contains(*table)) {
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
                .filter(|unit| !unit.is_empty() && looked.judges(unit))
                .map(str::to_owned),
        );
    }
    Ok(if units.len() > most { Touched::Everything } else { Touched::Units(units) })
}
