//! Vehicles with faults, by month and model (rulebook 4.11).

use farsight_rulebook::facts::Facts;
use farsight_rulebook::period::Period;
use farsight_rulebook::sums::{EarlyFaults, FaultyVehicles, MOST_EARLY_KM, SoldVehicles};

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

fn faulty_query(tx: &Tx, of: Period) -> String {
    let (holds, last) = (tx.holds(), of.last_day());
    format!(
        "SELECT t.model, o.fault_code, count(DISTINCT o.vin) AS vehicles FROM pg_temp.month_orders o JOIN vehicles t USING (vin)
         WHERE {holds} AND t.sold_on <= date '{last}' AND o.fault_code IS NOT NULL GROUP BY t.model, o.fault_code"
    )
}

fn early_query(tx: &Tx, of: Period) -> String {
    let (holds, last) = (tx.holds(), of.last_day());
    format!(
        "SELECT e.model, e.km, count(*) AS vehicles FROM (
             SELECT t.model, min(o.odometer_km) AS km FROM pg_temp.month_orders o JOIN vehicles t USING (vin)
             WHERE {holds} AND t.sold_on <= date '{last}' AND o.fault_code IS NOT NULL AND o.odometer_km <= {MOST_EARLY_KM}
             GROUP BY t.model, o.vin) AS e GROUP BY e.model, e.km"
    )
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
