//! How much happens, how often it goes wrong, and that the year is felt.

use std::collections::{BTreeMap, HashMap};

use farsight_network::{Scale, Table};

use crate::reading::{Network, Row, plan};

const DEALERS: u32 = 120;
const MONTHS: u32 = 12;

/// The whole of 2025.
fn network() -> Network {
    Network::whole(&plan(DEALERS, MONTHS, "2025-12-31 23:59:59"))
}

fn share(rows: &[Row], is: impl Fn(&Row) -> bool) -> f64 {
    rows.iter().filter(|row| is(row)).count() as f64 / rows.len() as f64
}

fn assert_within(what: &str, value: f64, low: f64, high: f64) {
    assert!((low..=high).contains(&value), "{what}: {value} is not within {low} to {high}");
}

#[test]
fn volumes_and_rates_are_believable() {
    let network = network();
    let dealer_months = f64::from(DEALERS * MONTHS);
    let a_month = |table: Table| network.rows(table).len() as f64 / dealer_months;
    assert_within("orders of a dealer in a month", a_month(Table::WorkOrders), 39.0, 47.0);
    assert_within("complaints of a dealer in a month", a_month(Table::Complaints), 3.0, 4.1);
    assert_within(
        "events of a complaint",
        a_month(Table::ComplaintEvents) / a_month(Table::Complaints),
        2.6,
        3.3,
    );

    let orders = network.rows(Table::WorkOrders);
    let faulty: Vec<Row> = orders.iter().filter(|row| !row["fault_code"].is_empty()).cloned().collect();
    assert_within("share with a fault", faulty.len() as f64 / orders.len() as f64, 0.38, 0.43);
    assert_within("share not fixed", share(&faulty, |row| row["fixed"] == "false"), 0.02, 0.07);
    let complaints = network.rows(Table::Complaints);
    assert_within("attitude", share(complaints, |row| row["category"] == "attitude"), 0.006, 0.02);
    assert_within("major", share(complaints, |row| row["severity"] == "major"), 0.03, 0.07);
    let mishandled = network.rows(Table::Rulings).iter().filter(|row| row["kind"] == "mishandled").count();
    assert_within("mishandled", mishandled as f64 / complaints.len() as f64, 0.0005, 0.01);
}

#[test]
fn inspections_are_as_planned_and_dealers_differ() {
    let network = network();
    let rows = network.rows(Table::Inspections);
    let mut days: BTreeMap<&str, u32> = BTreeMap::new();
    let mut dealers: HashMap<&str, (f64, f64)> = HashMap::new();
    for row in rows.iter().filter(|row| row["kind"] == "draw") {
        *days.entry(&row["inspected_at"][..10]).or_default() += u32::from(row["item_code"] == "item-01");
        let seen = dealers.entry(&row["dealer_code"]).or_default();
        seen.0 += f64::from(u8::from(row["result"] == "fail"));
        seen.1 += f64::from(u8::from(row["result"] == "fail" || row["result"] == "pass"));
    }
    assert_eq!(days.len(), 365);
    assert!(
        days.values().all(|count| (4..=6).contains(count)),
        "four a day, and one for each that saw nothing"
    );
    assert_eq!(Scale::of(2_000).inspections_a_day, 30);
    assert_eq!(Scale::of(10).inspections_a_day, 1);

    let mut rates: Vec<f64> =
        dealers.values().filter(|seen| seen.1 > 60.0).map(|seen| seen.0 / seen.1).collect();
    rates.sort_by(f64::total_cmp);
    assert_within("failures at the good", rates[rates.len() / 5], 0.0, 0.035);
    assert_within("failures in the middle", rates[rates.len() / 2], 0.02, 0.055);
    assert_within("failures at the bad", rates[rates.len() * 95 / 100], 0.06, 0.14);
    assert!(share(rows, |row| row["kind"] == "follow-up") > 0.01);
    for look in ["na", "not-visible"] {
        assert_within(look, share(rows, |row| row["result"] == look), 0.004, 0.06);
    }
}

#[test]
fn most_complaints_are_answered_within_a_day() {
    let network = network();
    let first_reply: HashMap<&str, &str> = network
        .rows(Table::ComplaintEvents)
        .iter()
        .filter(|row| row["kind"] == "first-reply")
        .map(|row| (row["complaint_id"].as_str(), row["at"].as_str()))
        .collect();
    // Those of December may still be unanswered.
    let answered = |row: &&Row| row["received_at"].as_str() < "2025-12";
    let complaints: Vec<Row> = network.rows(Table::Complaints).iter().filter(answered).cloned().collect();
    let in_time = share(&complaints, |row| {
        let clock = if row["dispatched_at"].is_empty() { &row["received_at"] } else { &row["dispatched_at"] };
        let clock: jiff::Timestamp = clock.parse().unwrap();
        let reply: jiff::Timestamp = first_reply[row["complaint_id"].as_str()].parse().unwrap();
        reply.as_second() - clock.as_second() <= 86_400
    });
    assert_within("answered in time", in_time, 0.85, 0.95);
}

#[test]
fn the_load_of_most_dealers_is_bearable() {
    let network = network();
    let mut bays: HashMap<&str, Vec<(&str, f64)>> = HashMap::new();
    for row in network.rows(Table::Bays) {
        bays.entry(&row["dealer_code"])
            .or_default()
            .push((&row["effective_on"], row["bays"].parse().unwrap()));
    }
    let turnover = |row: &Row| {
        let known =
            bays[row["dealer_code"].as_str()].iter().filter(|(from, _)| from[..7] <= row["month"][..]);
        let bays = known.max_by_key(|(from, _)| *from).unwrap().1;
        row["base_customers"].parse::<f64>().unwrap() / bays
    };
    let rows = network.rows(Table::CustomerBase);
    assert_within("bearable", share(rows, |row| turnover(row) < 340.0), 0.85, 0.97);
    assert_within("warned", share(rows, |row| (350.0..450.0).contains(&turnover(row))), 0.02, 0.12);
    assert_within("to rectify", share(rows, |row| turnover(row) >= 450.0), 0.002, 0.03);
}

#[test]
fn the_year_is_felt() {
    let network = network();
    let orders = network.rows(Table::WorkOrders);
    let created = |from: &str, to: &str| {
        orders.iter().filter(|row| (from..=to).contains(&&row["created_at"][..10])).count() as f64
    };
    // The spring festival of 2025 was on 29 January.
    let ordinary = created("2025-03-03", "2025-03-30") / 4.0;
    assert!(created("2025-01-28", "2025-02-03") < 0.4 * ordinary);
    assert!(created("2025-01-13", "2025-01-19") > 1.15 * ordinary);
    let faults = |code: &str, months: [&str; 2]| {
        let is = |row: &&Row| row["fault_code"] == code && months.contains(&&row["created_at"][5..7]);
        orders.iter().filter(is).count()
    };
    assert!(faults("AC-NOCOLD", ["07", "08"]) > 5 * faults("AC-NOCOLD", ["01", "12"]));
    assert!(faults("BATT-LOW", ["01", "12"]) > 5 * faults("BATT-LOW", ["07", "08"]));
    let weekday = |offset: usize| {
        let days = orders.iter().filter_map(|row| row["created_at"][..10].parse::<jiff::civil::Date>().ok());
        days.filter(|day| day.weekday().to_monday_zero_offset() as usize == offset).count()
    };
    assert!(weekday(5) > weekday(2) * 11 / 10, "Saturdays are fuller than Wednesdays");
}

#[test]
fn a_certified_advisor_is_the_rule() {
    let network = network();
    let mut months = 0_u32;
    for row in network.rows(Table::Employments).iter().filter(|row| row["position"] == "service-advisor") {
        let certified = network.rows(Table::Certificates).iter().filter(|c| {
            c["person_code"] == row["person_code"]
                && c["kind"] == "service-advisor"
                && c["revoked_on"].is_empty()
        });
        let certified: Vec<&Row> = certified.collect();
        for month in 1..=12 {
            let (first, last) = (format!("2025-{month:02}-01"), format!("2025-{month:02}-28"));
            let works = row["from"] <= first && (row["to"].is_empty() || row["to"] >= last);
            let counts = certified.iter().any(|c| c["issued_on"] <= first && c["expires_on"] >= last);
            months += u32::from(works && counts);
        }
    }
    assert_within(
        "bonus months of a dealer in a month",
        f64::from(months) / f64::from(DEALERS * MONTHS),
        4.0,
        6.5,
    );
}
