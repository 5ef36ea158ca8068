//! Replay on the real database: a file over a period charges, to the fen, what publishing it from the start has posted in a
//! copy; nothing of it is kept.

use std::collections::BTreeMap;

use farsight_control::export::Report;
use farsight_control::policies::replay::{self, Pair, Replayed, Sums};
use farsight_control::policies::{Source, drafts};
use farsight_ledger::settlement::Role;
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_tests::books::{Case, case_2, fen, records, small};
use farsight_tests::office::{at, month};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::{number, texts};
use farsight_tests::{Office, Tower};

/// What was posted for days of some months, by what a column says: penalties, incentives, net of reversals; of dealers what
/// they and their employees are charged.
fn posted(office: &mut Office, (from, to): (Period, Period), column: &str) -> BTreeMap<String, i64> {
    let csv = office.csv(Report::Entries, None);
    let mut net: BTreeMap<String, i64> = BTreeMap::new();
    for record in records(&csv) {
        let period: Period = record["occurred_on"][..7].parse().unwrap();
        let theirs = column != "dealer_code" || ["dealer", "employee"].contains(&record["seat"].as_str());
        if theirs && (from..=to).contains(&period) {
            *net.entry(record[column].clone()).or_default() += fen(&record["amount"]);
        }
    }
    net.retain(|_, net| *net != 0);
    net
}

fn net(pairs: &BTreeMap<String, Pair>, side: fn(&Pair) -> &Sums) -> BTreeMap<String, i64> {
    pairs.iter().map(|(code, pair)| (code.clone(), side(pair).net().0)).filter(|(_, net)| *net != 0).collect()
}

/// Everything a check, a settlement or a person could have left behind.
fn left_behind(tower: &Tower) -> Vec<String> {
    let tables = ["entries", "alerts", "runs", "audit_log", "policies", "touched", "wakes", "notices"];
    let count = |table: &str| format!("SELECT '{table} ' || count(*) AS value FROM {table}");
    let all = tables.map(count).join(" UNION ALL ");
    texts(&mut tower.sql(), &format!("SELECT value FROM ({all}) AS t ORDER BY 1"))
}

/// Somebody of headquarters at a new tenant.
fn headquarters(tower: &Tower, code: &str) -> Office {
    let mut office = Office::new(tower, code, "changan-2014");
    office.user("wu@oem", Role::Hq);
    "wu@oem".clone_into(&mut office.desk.actor);
    office
}

/// A tenant with the facts of a case, judged at the end of each month up to its instant: nothing is posted too late.
fn judged(office: &mut Office, case: &Case, months: (Period, Period)) {
    office.import_folder(&Folder::of(&case.facts()));
    for month in months.0.through(months.1) {
        let next = Period::from_number(month.number() + 1).unwrap();
        let as_of = format!("{}T00:00:00+08:00", next.first_day());
        if at(&as_of) < at(case.as_of) {
            office.check(&as_of);
        }
    }
    office.check(case.as_of);
}

fn replay_equals_publishing(case: &Case, months: (Period, Period)) {
    let tower = Tower::new();
    let file = Source::named("example-2026").unwrap();
    let mut office = headquarters(&tower, "real");
    judged(&mut office, case, (month("2025-01"), months.1));
    let before = left_behind(&tower);
    office.now(at(case.as_of));
    let mut replayed = replay::replay(&mut office.desk, std::slice::from_ref(&file), months, None).unwrap();
    assert_eq!(left_behind(&tower), before, "nothing is posted or kept");
    let replayed = replayed.pop().unwrap();
    let mut copy = headquarters(&tower, "copy");
    copy.now(at("2024-06-01T00:00:00+08:00"));
    drafts::publish_file(&mut copy.desk, &file, months.0.first_day()).unwrap();
    copy.now(at(case.as_of));
    judged(&mut copy, case, (month("2025-01"), months.1));
    for (column, pairs) in [("clause", &replayed.clauses), ("dealer_code", &replayed.dealers)] {
        assert_eq!(net(pairs, |pair| &pair.in_force), posted(&mut office, months, column), "{column}");
        assert_eq!(net(pairs, |pair| &pair.replayed), posted(&mut copy, months, column), "{column}");
    }
    sums_agree(&replayed);
    assert!(replayed.total.in_force.charges > 0 && replayed.total.replayed.charges > 0);
    assert_ne!(replayed.total.in_force, replayed.total.replayed, "the two policies differ");
    assert!(number(&mut tower.sql(), "SELECT count(*) AS value FROM policies") > 2);
}

/// Clauses, regions and dealers each add up to the total.
fn sums_agree(replayed: &Replayed) {
    let total = &replayed.total;
    for map in [&replayed.clauses, &replayed.regions] {
        let sum = |of: fn(&Pair) -> Money| map.values().map(of).sum::<Money>();
        assert_eq!(sum(|pair| pair.in_force.penalties), total.in_force.penalties);
        assert_eq!(sum(|pair| pair.replayed.penalties), total.replayed.penalties);
        assert_eq!(sum(|pair| pair.replayed.incentives), total.replayed.incentives);
        assert_eq!(sum(Pair::difference), total.difference());
        assert_eq!(map.values().map(|pair| pair.appear).sum::<u64>(), total.appear);
    }
    let dealers = replayed.dealers.len() as u64;
    assert!(!replayed.dealers.contains_key(""), "whom it concerns is a dealer");
    assert_eq!(replayed.spread().iter().map(|bin| bin.dealers).sum::<u64>(), dealers, "each is in one bin");
    let both = total.replayed.charges - total.appear;
    assert_eq!(total.in_force.charges - total.vanish, both);
    assert_eq!(replayed.crossings.len() as u64, (total.appear + total.vanish).min(200));
}

#[test]
fn a_replay_charges_what_publishing_has_posted() {
    let case = small().swap_remove(0);
    replay_equals_publishing(&case, (month("2025-02"), month("2025-06")));
}

#[test]
fn a_replay_of_the_whole_rulebook_charges_what_publishing_has_posted() {
    let Some(mut cases) = case_2() else {
        eprintln!("case 2 lies not beside the repository");
        return;
    };
    replay_equals_publishing(&cases.swap_remove(0), (month("2025-02"), month("2025-07")));
}

#[test]
fn several_files_are_as_one_each_and_what_is_in_force_changes_nothing() {
    let tower = Tower::new();
    let case = small().swap_remove(0);
    let mut office = headquarters(&tower, "t");
    office.import_folder(&Folder::of(&case.facts()));
    office.now(at(case.as_of));
    let months = (month("2025-01"), month("2025-06"));
    let files = ["changan-2014", "example-2026", "changan-2014"].map(|name| Source::named(name).unwrap());
    let all = replay::replay(&mut office.desk, &files, months, None).unwrap();
    for (file, together) in files.iter().zip(&all) {
        let alone = replay::replay(&mut office.desk, std::slice::from_ref(file), months, None)
            .unwrap()
            .pop()
            .unwrap();
        assert_eq!((alone.total, &alone.dealers), (together.total, &together.dealers), "{}", file.name);
        assert_eq!((&alone.clauses, &alone.crossings), (&together.clauses, &together.crossings));
    }
    let [same, other, _] = all.as_slice() else { panic!("three files") };
    assert_eq!((same.total.in_force, same.total.appear, same.total.vanish), (same.total.replayed, 0, 0));
    assert!(same.crossings.is_empty() && same.total.difference() == Money::ZERO);
    assert_ne!(other.total.difference(), Money::ZERO);
}

/// One dealer under the example policy, with facts of its own; and what a file with one thing changed would charge.
fn replay_of_change(facts: &[Sheet], (from, to): (&str, &str)) -> Replayed {
    let tower = Tower::new();
    let mut office = Office::new(&tower, "t", "example-2026");
    office.user("wu@oem", Role::Hq);
    "wu@oem".clone_into(&mut office.desk.actor);
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet("people", "person_code | name\nDM | 王"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 一店 | N | 2015-01-01"),
        sheet("posts", "person_code | role | scope_code | from\nDM | district-manager | D1 | 2020-01-01"),
    ]));
    office.import_folder(&Folder::of(facts));
    office.now(at("2025-07-01T00:00:00+08:00"));
    let mut file = Source::named("example-2026").unwrap();
    assert!(file.text.contains(from), "{from}");
    file.text = file.text.replacen(from, to, 1);
    let months = (month("2025-01"), month("2025-06"));
    let replayed = replay::replay(&mut office.desk, &[file], months, None).unwrap().pop().unwrap();
    sums_agree(&replayed);
    replayed
}

#[test]
fn a_charge_that_moves_to_another_clause_is_told_under_both() {
    // Ten responses of 94.50: silver, and gold from 94 on.
    let rows: Vec<String> =
        (0..10).map(|n| format!("R{n} | quality | D1 | 2025-03-05 10:00 | 94.5")).collect();
    let answers = format!("response_id | factor | dealer_code | answered_at | score\n{}", rows.join("\n"));
    let gold = "[satisfaction.gold_at]\nvalue = 9";
    let replayed =
        replay_of_change(&[sheet("surveys", &answers)], (&format!("{gold}5"), &format!("{gold}4")));
    let sums = |clause: &str| {
        let pair = &replayed.clauses[clause];
        (pair.in_force.incentives.0, pair.replayed.incentives.0, pair.appear, pair.vanish)
    };
    assert_eq!(sums("satisfaction.silver"), (150_000, 0, 0, 0));
    assert_eq!(sums("satisfaction.gold"), (0, 300_000, 0, 0));
    assert_eq!((replayed.total.appear, replayed.total.difference().0), (0, 150_000));
}

#[test]
fn what_the_manufacturers_managers_are_charged_is_no_dealers_money() {
    let rows: Vec<String> =
        (1..=3).map(|n| format!("I-{n} | item-01 | D1 | 2025-0{n}-10 10:00 | fail")).collect();
    let failures =
        format!("inspection_id | item_code | dealer_code | inspected_at | result\n{}", rows.join("\n"));
    let manager = "charges.district-manager = { penalty = \"1000.00\"";
    let replayed =
        replay_of_change(&[sheet("inspections", &failures)], (manager, &manager.replace("1000", "9000")));
    assert_eq!(replayed.total.difference().0, -800_000, "the third failure is dearer for the manager");
    assert_eq!(replayed.regions["N"].difference().0, -800_000);
    assert_eq!(replayed.dealers["D1"].difference(), Money::ZERO);
    let same = replayed.spread().into_iter().find(|bin| bin.order.is_eq()).unwrap();
    assert_eq!(same.dealers, 1, "nobody is worse off");
}

#[test]
fn what_cannot_be_replayed_is_refused() {
    let tower = Tower::new();
    let mut office = headquarters(&tower, "t");
    let good = Source::named("example-2026").unwrap();
    let bad = Source { name: "bad.toml".to_owned(), text: "name = 3".to_owned() };
    let mut no = |files: &[Source], from: &str, to: &str, why: &str| {
        let refused =
            replay::replay(&mut office.desk, files, (month(from), month(to)), None).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    };
    no(&[], "2025-01", "2025-02", "0 policy files");
    no(&vec![good.clone(); 21], "2025-01", "2025-02", "21 policy files");
    no(std::slice::from_ref(&good), "2025-03", "2025-02", "the first month comes first");
    no(std::slice::from_ref(&good), "2020-01", "2025-02", "at most 36");
    no(&[good.clone(), bad], "2025-01", "2025-02", "bad.toml");
    office.user("anna@oem", Role::Finance);
    "anna@oem".clone_into(&mut office.desk.actor);
    let refused =
        replay::replay(&mut office.desk, &[good], (month("2025-01"), month("2025-02")), None).unwrap_err();
    assert_eq!(refused.code(), "policy_may_not");
}
