//! What imports have changed of vehicles and their orders, so that sums that are kept follow them vehicle by vehicle.

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{Date as SqlDate, Nullable};
use farsight_rulebook::period::Period;

use super::Kind;
use crate::values::month;
use crate::{StoreError, Tx};

/// More vehicles that imports have changed are not looked up one by one.
const MOST_CHANGED: i64 = 100_000;
/// Nor more vehicles that were seen in a month: one walk over all is quicker then (of 4.9 M vehicles it takes 34 s, and a look
/// at one alone 0.1 ms).
const MOST_SEEN: i64 = 300_000;

/// Some imports, by which facts were others before than they are now. The vehicles they concern lie in
/// `pg_temp.changed_vehicles (vin)`.
pub(super) struct Changes {
    imports: String,
    /// The first month they change.
    pub(super) since: Period,
}

/// What imports change of the months that are kept.
pub(super) enum Changed {
    /// Nothing.
    Nothing,
    /// What some vehicles count for.
    Vehicles(Changes),
    /// What too many do.
    Much,
}

impl Changes {
    /// Those of imports in the months up to the last that is kept.
    pub(super) fn of(
        tx: &mut Tx,
        kind: Kind,
        imports: &[i64],
        last: Period,
        zone: &str,
    ) -> Result<Changed, StoreError> {
        #[derive(QueryableByName)]
        struct First {
            #[diesel(sql_type = Nullable<SqlDate>)]
            on_day: Option<PgDate>,
        }
        let listed: Vec<String> = imports.iter().map(ToString::to_string).collect();
        let imports = format!("ARRAY[{}]::bigint[]", listed.join(","));
        let changed = format!("(t.import_id = ANY({imports}) OR t.superseded_by = ANY({imports}))");
        let (at, next) = (kind.judged_by(), last.next().first_day());
        let counts = match kind {
            Kind::Homes => "",
            Kind::Faults => "AND t.fault_code IS NOT NULL",
        };
        let within = |counts: &str| {
            format!(
                "SELECT t.vin, (t.{at} AT TIME ZONE '{zone}')::date AS on_day FROM work_orders t
                 WHERE {changed} AND t.{at} < (timestamp '{next}' AT TIME ZONE '{zone}') {counts}
                 UNION ALL
                 SELECT t.vin, t.sold_on FROM vehicles t WHERE {changed} AND t.sold_on < date '{next}'"
            )
        };
        let first: First =
            diesel::sql_query(format!("SELECT min(on_day) AS on_day FROM ({}) AS c", within("")))
                .get_result(tx.connection)?;
        let Some(first) = first.on_day else { return Ok(Changed::Nothing) };
        // Whether there were orders at all counts too, but not whose.
        if !gather(tx, &format!("SELECT DISTINCT vin FROM ({}) AS c", within(counts)), MOST_CHANGED)? {
            return Ok(Changed::Much);
        }
        Ok(Changed::Vehicles(Self { imports, since: month(first) }))
    }

    /// The imports, as an array.
    pub(super) fn imports(&self) -> &str {
        &self.imports
    }

    /// The condition that a fact of a name held before the imports.
    pub(super) fn held_before(&self, fact: &str) -> String {
        let imports = &self.imports;
        format!(
            "NOT {fact}.voided AND {fact}.import_id <> ALL({imports})
             AND ({fact}.superseded_at = 'infinity' OR {fact}.superseded_by = ANY({imports}))"
        )
    }
}

/// The condition that a fact of a name holds now.
pub(super) fn holds_now(fact: &str) -> String {
    format!("{fact}.superseded_at = 'infinity' AND NOT {fact}.voided")
}

/// Gathers the vehicles that were sold or came in a month; false: they are too many.
pub(super) fn seen_in(tx: &mut Tx, month: Period, zone: &str) -> Result<bool, StoreError> {
    let (holds, first, last, next) =
        (tx.holds(), month.first_day(), month.last_day(), month.next().first_day());
    gather(
        tx,
        &format!(
            "SELECT o.vin FROM (SELECT DISTINCT dealer_code FROM dealers) AS d CROSS JOIN LATERAL (
                 SELECT t.vin FROM work_orders t
                 WHERE {holds} AND t.dealer_code = d.dealer_code AND t.completed_at >= (timestamp '{first}' AT TIME ZONE '{zone}')
                   AND t.completed_at < (timestamp '{next}' AT TIME ZONE '{zone}') OFFSET 0) AS o
             UNION
             SELECT t.vin FROM vehicles t WHERE {holds} AND t.sold_on BETWEEN date '{first}' AND date '{last}'"
        ),
        MOST_SEEN,
    )
}

/// Puts vehicles where the next queries find them; false: they are too many.
fn gather(tx: &mut Tx, vehicles: &str, most: i64) -> Result<bool, StoreError> {
    tx.execute("DROP TABLE IF EXISTS pg_temp.changed_vehicles")?;
    tx.execute(&format!(
        "CREATE TEMP TABLE changed_vehicles ON COMMIT DROP AS SELECT vin FROM ({vehicles}) AS v LIMIT {}",
        most + 1
    ))?;
    tx.execute("ANALYZE pg_temp.changed_vehicles")?;
    Ok(tx.number("SELECT count(*) AS number FROM pg_temp.changed_vehicles")? <= most)
}
