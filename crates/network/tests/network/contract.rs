//! A run of twenty dealers keeps the contract: keys, references, words, times.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use farsight_network::Table;

use crate::reading::{Network, Row, key_columns, plan};

const UNTIL: &str = "2026-03-17 15:20:00";

fn network() -> Network {
    Network::whole(&plan(20, 9, UNTIL))
}

/// Columns that hold a code of the table.
fn codes<'a>(network: &'a Network, table: Table, column: &str) -> BTreeSet<&'a str> {
    network.rows(table).iter().map(|row| row[column].as_str()).collect()
}

#[test]
fn keys_are_unique_and_every_table_has_rows() {
    let network = network();
    for table in Table::ALL {
        assert!(!network.by_key(*table).is_empty(), "{table:?}");
    }
}

#[test]
fn codes_are_ascii_and_names_chinese() {
    let network = network();
    let is_code = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    for table in Table::ALL {
        let ids = table.columns().filter(|c| c.ends_with("_code") || c.ends_with("_id") || *c == "vin");
        let ids: Vec<_> = ids.collect();
        for row in network.rows(*table) {
            for id in &ids {
                let text = &row[*id];
                let may_be_empty = !key_columns(*table).contains(id) || *table == Table::PartPrices;
                assert!(text.len() <= 64 && text.bytes().all(is_code), "{table:?} {id} {text}");
                assert!(may_be_empty || !text.is_empty(), "{table:?} {id}");
            }
        }
    }
    let dealers = network.rows(Table::Dealers);
    assert!(
        dealers.iter().all(|row| row["name"].starts_with(&row["city"]) && row["name"].ends_with("有限公司"))
    );
    assert_eq!(codes(&network, Table::Dealers, "name").len(), dealers.len());
    let places: BTreeSet<_> = dealers.iter().map(|row| (&row["lat"], &row["lon"])).collect();
    assert_eq!(places.len(), dealers.len());
}

#[test]
fn every_reference_has_its_row() {
    let network = network();
    let references = [
        ("dealer_code", Table::Dealers, "dealer_code"),
        ("person_code", Table::People, "person_code"),
        ("advisor_code", Table::People, "person_code"),
        ("technician_code", Table::People, "person_code"),
        ("employee_code", Table::People, "person_code"),
        ("decided_by", Table::People, "person_code"),
        ("region_code", Table::Regions, "region_code"),
        ("complaint_id", Table::Complaints, "complaint_id"),
        ("work_order_id", Table::WorkOrders, "work_order_id"),
        ("vin", Table::Vehicles, "vin"),
    ];
    for (column, of, key) in references {
        let known = codes(&network, of, key);
        for table in Table::ALL.iter().filter(|t| t.columns().any(|c| c == column)) {
            for row in network.rows(*table) {
                assert!(row[column].is_empty() || known.contains(row[column].as_str()), "{table:?} {row:?}");
            }
        }
    }
    for post in network.rows(Table::Posts) {
        let (of, key) = if post["role"].starts_with("region") {
            (Table::Regions, "region_code")
        } else {
            (Table::Dealers, "dealer_code")
        };
        assert!(codes(&network, of, key).contains(post["scope_code"].as_str()), "{post:?}");
    }
}

#[test]
fn rulings_are_about_what_there_is_and_come_after_it() {
    let network = network();
    let complaints = network.by_key(Table::Complaints);
    let fails: HashMap<String, &Row> = network
        .rows(Table::Inspections)
        .iter()
        .filter(|row| row["result"] == "fail")
        .map(|row| (format!("inspection:{}#{}", row["inspection_id"], row["item_code"]), row))
        .collect();
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for ruling in network.rows(Table::Rulings) {
        *kinds.entry(&ruling["kind"]).or_default() += 1;
        let (form, subject) = ruling["subject"].split_once(':').unwrap();
        let begun = match form {
            "complaint" => complaints[&vec![subject.to_owned()]]["received_at"].clone(),
            "inspection" => fails[&ruling["subject"]]["inspected_at"].clone(),
            "dealer" | "person" => subject.rsplit('@').next().unwrap().to_owned(),
            "vin" => String::new(),
            other => panic!("no subject has the form {other}"),
        };
        assert!(ruling["decided_at"] > begun, "{ruling:?}");
        if ruling["kind"] == "mishandled" {
            let amount: f64 = ruling["amount"].parse().unwrap();
            assert!((5_000.0..=20_000.0).contains(&amount), "{amount}");
        } else {
            assert_eq!(ruling["amount"], "");
        }
    }
    assert!(kinds["excuse"] > 0, "{kinds:?}");
}

#[test]
fn nothing_lies_after_the_plans_now() {
    let network = network();
    let now = UNTIL.replace(' ', "T");
    // What is known beforehand: promises, and when a certificate runs out.
    let foretold = ["promised_at", "expires_on"];
    for table in Table::ALL {
        let times = table.columns().filter(|c| {
            c.ends_with("_at") || c.ends_with("_on") || ["at", "from", "to", "month"].contains(c)
        });
        let times: Vec<_> = times.filter(|c| !foretold.contains(c)).collect();
        for row in network.rows(*table) {
            for column in &times {
                let text = &row[*column];
                assert!(text.len() < 19 || text.ends_with("+08:00"), "{table:?} {column} {text}");
                assert!(text.trim_end_matches("+08:00") <= now.as_str(), "{table:?} {column} {text}");
            }
        }
    }
}

#[test]
fn work_orders_run_forwards_within_business_hours() {
    let network = network();
    let mut open = 0;
    for order in network.rows(Table::WorkOrders) {
        let time = |column: &str| Some(order[column].as_str()).filter(|text| !text.is_empty());
        let created = order["created_at"].as_str();
        assert!(("08:00:00".."18:30:00").contains(&&created[11..19]), "{created}");
        assert!(time("reported_at").is_none_or(|at| at <= created));
        assert!(time("diagnosed_at").is_none_or(|at| at >= created));
        assert!(order["promised_at"].as_str() > created);
        assert!(time("completed_at").is_none_or(|at| at > created));
        let is_done = time("completed_at").is_some();
        open += usize::from(!is_done);
        assert_eq!(!order["fixed"].is_empty(), is_done && !order["fault_code"].is_empty(), "{order:?}");
        assert_eq!(!order["confirmed_inspector"].is_empty(), is_done);
        assert_vin(&order["vin"]);
    }
    assert!((1..40).contains(&open), "{open} orders in work");
    for delay in network.rows(Table::WorkOrderDelays) {
        assert!(delay["promised_at"] > delay["given_at"], "{delay:?}");
    }
}

fn assert_vin(vin: &str) {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    const LETTERS: &str = "ABCDEFGHJKLMNPRSTUVWXYZ";
    const VALUES: [u32; 23] = [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9];
    let value = |c: char| c.to_digit(10).unwrap_or_else(|| VALUES[LETTERS.find(c).unwrap()]);
    assert_eq!(vin.len(), 17);
    let rest = vin.chars().zip(WEIGHTS).map(|(c, weight)| value(c) * weight).sum::<u32>() % 11;
    let digit = if rest == 10 { 'X' } else { char::from_digit(rest, 10).unwrap() };
    assert_eq!(vin.chars().nth(8), Some(digit), "{vin}");
}

#[test]
fn complaints_are_dispatched_after_receipt_and_events_follow() {
    let network = network();
    let complaints = network.by_key(Table::Complaints);
    for complaint in complaints.values() {
        let dispatched = &complaint["dispatched_at"];
        assert!(dispatched.is_empty() || *dispatched >= complaint["received_at"]);
        assert!(!complaint["text"].contains('{'));
    }
    for event in network.rows(Table::ComplaintEvents) {
        let complaint = &complaints[&vec![event["complaint_id"].clone()]];
        assert!(event["at"] > complaint["received_at"], "{event:?}");
        assert!(event["kind"] == "callback" || event["satisfied"].is_empty());
        assert_eq!(event["kind"] == "handled", !event["actor_role"].is_empty());
    }
}

#[test]
fn people_are_at_one_dealer_at_a_time_and_do_orders_while_employed() {
    let network = network();
    let mut jobs: BTreeMap<&str, Vec<(&str, &str, &str)>> = BTreeMap::new();
    for row in network.rows(Table::Employments) {
        let to = if row["to"].is_empty() { "9999" } else { &row["to"] };
        assert!(row["from"].as_str() <= to, "{row:?}");
        jobs.entry(&row["person_code"]).or_default().push((&row["from"], to, &row["dealer_code"]));
    }
    for stays in jobs.values_mut() {
        stays.sort_unstable();
        assert!(stays.windows(2).all(|pair| pair[0].1 < pair[1].0), "{stays:?}");
    }
    for order in network.rows(Table::WorkOrders) {
        let day = &order["created_at"][..10];
        for person in [&order["advisor_code"], &order["technician_code"]] {
            let is_there =
                |stay: &(&str, &str, &str)| stay.0 <= day && day <= stay.1 && stay.2 == order["dealer_code"];
            assert!(person.is_empty() || jobs[person.as_str()].iter().any(is_there), "{person} {order:?}");
        }
    }
}

#[test]
fn a_post_has_one_holder_and_every_dealer_belongs_to_a_district() {
    let network = Network::whole(&plan(150, 12, UNTIL));
    let mut posts: BTreeMap<(&str, &str), Vec<(&str, &str)>> = BTreeMap::new();
    for row in network.rows(Table::Posts) {
        let to = if row["to"].is_empty() { "9999" } else { &row["to"] };
        assert!(row["from"].as_str() <= to, "{row:?}");
        posts.entry((&row["role"], &row["scope_code"])).or_default().push((&row["from"], to));
    }
    let mut vacant = 0;
    for holders in posts.values_mut() {
        holders.sort_unstable();
        for pair in holders.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{holders:?}");
            vacant += usize::from(pair[0].1[..7] != pair[1].0[..7]);
        }
    }
    assert!(vacant > 0, "some post is vacant for a while");
    for dealer in network.rows(Table::Dealers) {
        let code = dealer["dealer_code"].as_str();
        assert!(posts.contains_key(&("district-manager", code)), "{code}");
        assert!(posts.contains_key(&("dealer-gm", code)), "{code}");
    }
    assert!(network.rows(Table::Dealers).iter().any(|row| !row["closed_on"].is_empty()));
    assert!(network.rows(Table::DealerRegions).len() >= 4);
    assert!(network.rows(Table::Employments).iter().any(|row| row["leave_reason"] == "transfer"));
}
