//! Stars: what is judged over the whole network, as headquarters see a month of it and as a dealer sees its own.

use farsight_control::explain::{self, Explained};
use farsight_control::export::Report;
use farsight_control::honours::{self, Region, Star};
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::money::Money;
use farsight_store::session::Person;
use farsight_store::users::User;
use farsight_tests::books::records;
use farsight_tests::office::{at, month};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::number;
use farsight_tests::{Office, Tower};
use jiff::civil::date;

const APRIL: &str = "2025-04-02T00:00:00+08:00";

/// Three regions with a dealer each. P1 is praised in ten responses of ten, P2 in eleven of twelve, P3 in ten of eleven; one
/// of P3's, the first of the month, was given at another dealer.
fn month_of_praise() -> Vec<Sheet> {
    let mut rows: Vec<String> = Vec::new();
    for (person, dealer, good, bad) in [("P1", "D1", 10, 0), ("P2", "D2", 11, 1), ("P3", "D3", 10, 1)] {
        for n in 0..good + bad {
            let (at, day) = if (person, n) == ("P3", 0) { ("D1", 1) } else { (dealer, 2 + n) };
            let score = if n < good { 95 } else { 80 };
            rows.push(format!(
                "{person}-{n:02} | quality | {at} | {person} | 2025-03-{day:02} 10:00 | {score}"
            ));
        }
    }
    let answers = format!(
        "response_id | factor | dealer_code | employee_code | answered_at | score\n{}",
        rows.join("\n")
    );
    vec![
        sheet("regions", "region_code | name\nR1 | 北区\nR2 | 南区\nR3 | 西区"),
        sheet("people", "person_code | name\nP1 | 王\nP2 | 李\nP3 | 张"),
        sheet(
            "dealers",
            "dealer_code | name | region_code | opened_on\nD1 | 一店 | R1 | 2020-01-01\nD2 | 二店 | R2 | 2020-01-01\nD3 | 三店 | R3 | 2020-01-01",
        ),
        sheet("surveys", &answers),
    ]
}

fn office(tower: &Tower) -> Office {
    let mut office = Office::since(tower, "t", "example-2026", "2025-01-01T00:00:00+08:00");
    office.import_folder(&Folder::of(&month_of_praise()));
    office.now(at(APRIL));
    office.check(APRIL);
    office
}

#[test]
fn a_month_has_its_stars_and_its_first_and_last_region() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let (stars, regions) = honours::of_month(&mut office.desk, month("2025-03")).unwrap();
    let star = |place, person: &str, dealer: &str, share: &str, responses, reward| Star {
        place,
        person: person.to_owned(),
        name: match person {
            "P1" => "王",
            "P2" => "李",
            _ => "张",
        }
        .to_owned(),
        dealer: dealer.to_owned(),
        share: share.to_owned(),
        responses,
        reward: Money(reward),
    };
    let expected = [
        star(1, "P1", "D1", "100.00", 10, 100_000),
        star(2, "P2", "D2", "91.67", 12, 60_000),
        star(3, "P3", "D3", "90.91", 11, 30_000),
    ];
    assert_eq!(stars, expected);
    let region = |region: &str, first, score: &str, responses| Region {
        region: region.to_owned(),
        name: "北区".to_owned(),
        first,
        score: score.to_owned(),
        responses,
    };
    assert_eq!(regions, [region("R1", true, "95.00", 11)]);
    let (stars, regions) = honours::of_month(&mut office.desk, month("2025-02")).unwrap();
    assert!(stars.is_empty() && regions.is_empty(), "{stars:?} {regions:?}");
}

#[test]
fn hotspots_are_told_as_their_alerts_tell_them() {
    let tower = Tower::new();
    let mut office = office(&tower);
    assert_eq!(honours::hotspots(&mut office.desk).unwrap(), []);
    // Ten vehicles, an order without a fault in each of six months, then five vehicles with the same fault.
    let sold: Vec<String> = (0..10).map(|n| format!("V{n} | M1 | 2024-01-05")).collect();
    let before = ["2024-09", "2024-10", "2024-11", "2024-12", "2025-01", "2025-02"];
    let quiet = before.iter().map(|month| format!("Q-{month} | D1 | V0 |  | {month}-03 10:00"));
    let faulty = (0..5).map(|n| format!("F-{n} | D1 | V{n} | F1 | 2025-03-05 10:00"));
    let orders: Vec<String> = quiet.chain(faulty).collect();
    office.import_folder(&Folder::of(&[
        sheet("vehicles", &format!("vin | model | sold_on\n{}", sold.join("\n"))),
        sheet(
            "work_orders",
            &format!("work_order_id | dealer_code | vin | fault_code | created_at\n{}", orders.join("\n")),
        ),
    ]));
    office.check(APRIL);
    let hotspots = honours::hotspots(&mut office.desk).unwrap();
    let told: Vec<_> = hotspots.iter().map(|it| (&*it.model, &*it.fault, it.month, it.count)).collect();
    assert_eq!(told, [("M1", "F1", month("2025-03"), 5)]);
    assert_eq!((&*hotspots[0].expected, hotspots[0].vehicles), ("0.00", 10));
}

/// What somebody of a dealer reads of an entry, or who sees everything.
fn explained(office: &mut Office, person: Option<Person>, entry: i64) -> Explained {
    office.desk.person = person;
    let explained = explain::explain(&mut office.desk, entry, Language::English, None);
    office.desk.person = None;
    explained.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_dealer_reads_of_its_star_what_was_found_among_all() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let user = User {
        email: "d3@t".to_owned(),
        role: Role::Dealer,
        regions: Vec::new(),
        dealers: vec!["D3".to_owned()],
    };
    farsight_control::users::add(&mut office.desk, &user).unwrap();
    let user = number(&mut tower.sql(), "SELECT user_id::bigint FROM users WHERE email = 'd3@t'") as i32;
    let entries = office.csv(Report::Entries, None);
    let own = records(&entries).find(|row| row["party_code"] == "P3").expect("the star's entry");
    let id = own["entry_id"].parse().unwrap();
    let all = explained(&mut office, None, id);
    let part = explained(&mut office, Some(Person { user, today: date(2025, 4, 2) }), id);
    assert!(all.arithmetic[0].contains("That is place 3"), "{all:#?}");
    assert_eq!(part.arithmetic, all.arithmetic, "the place among all");
    assert_eq!((&part.title, &part.booked, &part.clause), (&all.title, &all.booked, &all.clause));
    assert_eq!((all.facts.len(), part.facts.len()), (11, 10), "the other dealer's response is not named");
    assert!(!format!("{part:?}").contains("P3-00"), "{part:#?}");
    assert!(format!("{all:?}").contains("P3-00"));
}
