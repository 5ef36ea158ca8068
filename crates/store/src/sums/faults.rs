//! Vehicles with faults, by month and model (rulebook 4.11).

use farsight_rulebook::facts::Facts;
use farsight_rulebook::period::Period;
use farsight_rulebook::sums::{EarlyFaults, FaultyVehicles, MOST_EARLY_KM, SoldVehicles};

use super::changes::Changes;
use super::{From, Kind, begin, kept};
use crate::{StoreError, Tx};

/// Counts and keeps the months of faults that are not kept yet.
pub fn keep_faults(tx: &mut Tx, months: &[Period], zone: &str) -> Result<(), StoreError> {
    for of in months {
        if !begin(tx, Kind::Faults, *of)? {
            continue;
        }
        orders_of_month(tx, *of, zone)?;
        let (tenant, first) = (tx.tenant(), of.first_day());
        let (faulty, early) = (faulty_query(tx, *of), early_query(tx, *of));
        tx.execute(&format!(
            "INSERT INTO fault_sums (tenant_id, month, model, fault_code, vehicles)
             SELECT {tenant}, date '{first}', c.* FROM ({faulty}) AS c"
        ))?;
        tx.execute(&format!(
            "INSERT INTO early_fault_sums (tenant_id, month, model, km, vehicles)
             SELECT {tenant}, date '{first}', c.* FROM ({early}) AS c"
        ))?;
        tx.execute(&format!(
            "UPDATE sum_months SET orders = (SELECT count(*) FROM pg_temp.month_orders)
             WHERE kind = 'faults' AND month = date '{first}'"
        ))?;
    }
    Ok(())
}

/// Puts a month's orders where the next two queries find them, looked up dealer by dealer.
fn orders_of_month(tx: &mut Tx, of: Period, zone: &str) -> Result<(), StoreError> {
    let (holds, first, next) = (tx.holds(), of.first_day(), of.next().first_day());
    tx.execute("DROP TABLE IF EXISTS pg_temp.month_orders")?;
    tx.execute(&format!(
        "CREATE TEMP TABLE month_orders ON COMMIT DROP AS
         SELECT o.vin, o.fault_code, o.odometer_km FROM (SELECT DISTINCT dealer_code FROM dealers) AS d
         CROSS JOIN LATERAL (
             SELECT t.vin, t.fault_code, t.odometer_km FROM work_orders t
             WHERE {holds} AND t.dealer_code = d.dealer_code AND t.created_at >= (timestamp '{first}' AT TIME ZONE '{zone}')
               AND t.created_at < (timestamp '{next}' AT TIME ZONE '{zone}') OFFSET 0) AS o"
    ))?;
    tx.execute("ANALYZE pg_temp.month_orders")?;
    Ok(())
}

/// Vehicles are looked up one by one: a month's orders are few beside all vehicles.
fn model_of(tx: &Tx, of: Period, vin: &str) -> String {
    let (holds, last) = (tx.holds(), of.last_day());
    format!(
        "(SELECT t.model FROM vehicles t WHERE {holds} AND t.vin = {vin} AND t.sold_on <= date '{last}' OFFSET 0) AS v"
    )
}

fn faulty_query(tx: &Tx, of: Period) -> String {
    let model = model_of(tx, of, "o.vin");
    format!(
        "SELECT v.model, o.fault_code, count(*) AS vehicles FROM (
             SELECT DISTINCT vin, fault_code FROM pg_temp.month_orders WHERE fault_code IS NOT NULL) AS o
         CROSS JOIN LATERAL {model} GROUP BY v.model, o.fault_code"
    )
}

fn early_query(tx: &Tx, of: Period) -> String {
    let model = model_of(tx, of, "o.vin");
    format!(
        "SELECT v.model, o.km, count(*) AS vehicles FROM (
             SELECT vin, min(odometer_km) AS km FROM pg_temp.month_orders
             WHERE fault_code IS NOT NULL AND odometer_km <= {MOST_EARLY_KM} GROUP BY vin) AS o
         CROSS JOIN LATERAL {model} GROUP BY v.model, o.km"
    )
}

/// Brings what is kept up to what imports have changed: what each of the changed vehicles counted for before them is taken
/// away, and what it counts for now is added.
pub(super) fn follow(tx: &mut Tx, changes: &Changes, zone: &str) -> Result<(), StoreError> {
    let (before, now) = (changes.held_before("t"), tx.holds());
    let first = changes.since.first_day();
    let orders = |sign: i8, holds: &str| {
        format!(
            "SELECT {sign} AS sign, o.month, v.model, c.vin, o.fault_code, o.odometer_km FROM pg_temp.changed_vehicles c
             CROSS JOIN LATERAL (SELECT t.model, t.sold_on FROM vehicles t WHERE {holds} AND t.vin = c.vin OFFSET 0) AS v
             CROSS JOIN LATERAL (
                 SELECT date_trunc('month', t.created_at AT TIME ZONE '{zone}')::date AS month, t.fault_code, t.odometer_km
                 FROM work_orders t WHERE {holds} AND t.vin = c.vin AND t.fault_code IS NOT NULL
                   AND t.created_at >= (timestamp '{first}' AT TIME ZONE '{zone}') OFFSET 0) AS o
             WHERE v.sold_on < (o.month + interval '1 month')::date
               AND o.month IN (SELECT month FROM sum_months WHERE kind = 'faults')"
        )
    };
    tx.execute("DROP TABLE IF EXISTS pg_temp.changed_faults")?;
    tx.execute(&format!(
        "CREATE TEMP TABLE changed_faults ON COMMIT DROP AS {} UNION ALL {}",
        orders(-1, &before),
        orders(1, &now)
    ))?;
    merge(
        tx,
        ("fault_sums", "fault_code"),
        "SELECT month, model, fault_code AS key, sum(sign) AS number FROM (
             SELECT DISTINCT sign, month, model, vin, fault_code FROM pg_temp.changed_faults) AS c GROUP BY month, model, fault_code",
    )?;
    merge(
        tx,
        ("early_fault_sums", "km"),
        &format!(
            "SELECT month, model, km AS key, sum(sign) AS number FROM (
                 SELECT sign, month, model, min(odometer_km) AS km FROM pg_temp.changed_faults
                 WHERE odometer_km <= {MOST_EARLY_KM} GROUP BY sign, month, model, vin) AS c GROUP BY month, model, km"
        ),
    )?;
    let imports = changes.imports();
    tx.execute(&format!(
        "UPDATE sum_months s SET orders = s.orders + d.number FROM (
             SELECT date_trunc('month', c.created_at AT TIME ZONE '{zone}')::date AS month, sum(c.sign) AS number FROM (
                 SELECT 1 AS sign, t.created_at FROM work_orders t WHERE {now} AND t.import_id = ANY({imports})
                 UNION ALL
                 SELECT -1, t.created_at FROM work_orders t WHERE {before} AND t.superseded_by = ANY({imports})) AS c
             GROUP BY 1) AS d
         WHERE s.kind = 'faults' AND s.month = d.month"
    ))?;
    Ok(())
}

/// Adds differences, one a month, model and key, to what is kept.
fn merge(tx: &mut Tx, (table, key): (&str, &str), differences: &str) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    tx.execute(&format!(
        "MERGE INTO {table} s USING (SELECT * FROM ({differences}) AS d WHERE d.number <> 0) AS d
         ON s.month = d.month AND s.model = d.model AND s.{key} = d.key
         WHEN MATCHED AND s.vehicles + d.number = 0 THEN DELETE
         WHEN MATCHED THEN UPDATE SET vehicles = s.vehicles + d.number
         WHEN NOT MATCHED THEN INSERT (tenant_id, month, model, {key}, vehicles) VALUES ({tenant}, d.month, d.model, d.key, d.number)"
    ))?;
    Ok(())
}

/// Reads the sums by model of months, and all vehicles sold.
pub fn by_model(
    tx: &mut Tx,
    facts: &mut Facts,
    months: &[Period],
    from: From,
    zone: &str,
) -> Result<(), StoreError> {
    let mut sums = facts.sums.take().unwrap_or_default();
    let there = match from {
        From::Kept => months.to_vec(),
        From::KeptOrNow => kept(tx, Kind::Faults, zone)?,
        From::Now => Vec::new(),
    };
    let codes = &mut facts.codes;
    for of in months {
        let first = of.first_day();
        let (faulty, early, orders) = if there.contains(of) {
            (
                format!("SELECT model, fault_code, vehicles FROM fault_sums WHERE month = date '{first}'"),
                format!("SELECT model, km, vehicles FROM early_fault_sums WHERE month = date '{first}'"),
                format!(
                    "SELECT orders AS number FROM sum_months WHERE kind = 'faults' AND month = date '{first}'"
                ),
            )
        } else {
            orders_of_month(tx, *of, zone)?;
            let orders = "SELECT count(*) AS number FROM pg_temp.month_orders".to_owned();
            (faulty_query(tx, *of), early_query(tx, *of), orders)
        };
        tx.read(&faulty, |row| {
            let (model, fault) = (codes.keep(row.text()), codes.keep(row.text()));
            sums.faulty.push(FaultyVehicles { model, fault, month: *of, vehicles: row.big() });
        })?;
        tx.read(&early, |row| {
            let model = codes.keep(row.text());
            sums.early.push(EarlyFaults { model, month: *of, km: row.big(), vehicles: row.big() });
        })?;
        if tx.number(&orders)? > 0 {
            sums.ordered.insert(*of);
        }
    }
    let holds = tx.holds();
    tx.read(
        &format!(
            "SELECT t.model, date_trunc('month', t.sold_on)::date AS month, count(*) AS vehicles FROM vehicles t WHERE {holds} GROUP BY 1, 2"
        ),
        |row| {
            let model = codes.keep(row.text());
            sums.sold.push(SoldVehicles { model, month: Period::of(row.date()), vehicles: row.big() });
        },
    )?;
    facts.sums = Some(sums);
    Ok(())
}
