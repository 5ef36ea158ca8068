//! A dealer's roster: changes one by one and by workbook, its own only; what is needed and what lapses.

use std::path::PathBuf;

use farsight_control::people::{self, Certify, Hire, Leave, Revoke};
use farsight_rulebook::checks::certification::Standing;
use farsight_store::roster::{Filter, StaffingFilter};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use jiff::civil::{Date, date};

use super::world::{D1, D2, FINANCE, HQ, NORTH, World, code};

const TODAY: Date = date(2026, 3, 4);

fn hire<'h>(dealer: &'h str, person: &'h str, name: &'h str) -> Hire<'h> {
    Hire { dealer, person, name, position: "service-advisor", from: date(2026, 3, 1) }
}

fn certify<'c>(certificate: &'c str, person: &'c str) -> Certify<'c> {
    Certify {
        dealer: "D1",
        certificate,
        person,
        kind: "service-advisor",
        level: "",
        issued_on: date(2025, 3, 1),
        expires_on: date(2026, 3, 31),
    }
}

fn staffed() -> World {
    let mut world = World::new();
    world.facts(
        "employments",
        "person_code | dealer_code | position | from\nP1 | D1 | service-advisor | 2024-01-01\nP9 | D2 | technician | 2024-01-01",
    );
    world.facts(
        "certificates",
        "certificate_id | person_code | kind | issued_on | expires_on\nC-9 | P9 | technician | 2024-01-01 | 2027-01-01",
    );
    world
}

impl World {
    fn members(&mut self, who: &str, dealer: &str) -> Vec<String> {
        let filter = Filter { dealer: dealer.to_owned(), limit: 50, ..Filter::default() };
        let roster = people::roster(&mut self.desk(who), &filter).unwrap();
        let standing = |member: &people::Member| {
            let stands: Vec<&str> = member.certificates.iter().map(|one| one.standing.name()).collect();
            format!("{} {}", member.employment.person, stands.join(" ")).trim().to_owned()
        };
        roster.members.iter().map(standing).collect()
    }

    fn checks(&mut self, who: &str, sheets: &[Sheet]) -> Vec<String> {
        let folder = Folder::workbook(sheets);
        let path: PathBuf = folder.path().join("facts.xlsx");
        let checked = people::preview(&mut self.desk(who), "D1", &path, "roster.xlsx").unwrap();
        checked
            .outcome
            .errors
            .iter()
            .map(|error| format!("{} {} {}", error.file, error.line, error.code))
            .collect()
    }
}

#[test]
fn a_dealer_changes_its_own_roster_and_no_other() {
    let mut world = staffed();
    for (who, change, expected) in [
        (D2, hire("D1", "P2", "李二"), "not_found"),
        (NORTH, hire("D1", "P2", "李二"), "people_may_not"),
        (FINANCE, hire("D1", "P2", "李二"), "people_may_not"),
        (D1, hire("D2", "P2", "李二"), "not_found"),
        (D1, hire("D1", "P2", "别人"), "person_code_taken"),
        (D1, hire("D1", "P9", "赵九"), "person_elsewhere"),
        (D1, hire("D1", "P1", "王一"), "person_employed"),
        (D1, hire("D1", "P 2", "李二"), "field_not_a_code"),
        (D1, hire("D1", "P5", ""), "field_empty"),
        (D1, hire("D1", "P2", "李二"), "ok"),
        (D1, hire("D1", "P5", "新人"), "ok"),
        (HQ, hire("D1", "P3", "张三"), "ok"),
    ] {
        assert_eq!(code(people::hire(&mut world.desk(who), &change)), expected, "{who} {change:?}");
    }
    assert_eq!(world.members(D1, "D1"), ["P1", "P2", "P3", "P5"]);
    let mut leaves = |who: &str, person: &str, from: Date, to: Date| {
        let leave = Leave { dealer: "D1", person, position: "service-advisor", from, to, reason: "resigned" };
        code(people::leave(&mut world.desk(who), &leave))
    };
    assert_eq!(leaves(D1, "P2", date(2026, 2, 1), TODAY), "person_not_employed");
    assert_eq!(leaves(D1, "P2", date(2026, 3, 1), date(2026, 2, 1)), "fields_contradict");
    assert_eq!(leaves(D1, "P2", date(2026, 3, 1), date(2026, 3, 3)), "ok");
    assert_eq!(leaves(D1, "P2", date(2026, 3, 1), TODAY), "employment_ended");
    assert_eq!(world.members(D1, "D1"), ["P1", "P3", "P5"]);
    let again = Hire { from: TODAY, ..hire("D1", "P2", "李二") };
    assert_eq!(code(people::hire(&mut world.desk(D1), &again)), "ok");
}

#[test]
fn certificates_are_added_lapse_and_are_revoked() {
    let mut world = staffed();
    for (who, change, expected) in [
        (D1, certify("C-1", "P2"), "person_not_employed"),
        (D1, certify("C-9", "P1"), "certificate_taken"),
        (D1, Certify { level: "grand", ..certify("C-1", "P1") }, "field_not_a_choice"),
        (D1, Certify { expires_on: date(2025, 1, 1), ..certify("C-1", "P1") }, "fields_contradict"),
        (NORTH, certify("C-1", "P1"), "people_may_not"),
        (D1, certify("C-1", "P1"), "ok"),
        (D1, certify("C-1", "P1"), "certificate_taken"),
    ] {
        assert_eq!(code(people::certify(&mut world.desk(who), &change)), expected, "{who} {change:?}");
    }
    let roster = |world: &mut World| {
        let filter = Filter { dealer: "D1".to_owned(), limit: 50, ..Filter::default() };
        people::roster(&mut world.desk(NORTH), &filter).unwrap()
    };
    let before = roster(&mut world);
    assert_eq!((before.needed, before.have, before.may_change), (Some(2), 1, false));
    assert_eq!(before.members[0].certificates[0].standing, Standing::Lapsing(30));
    assert!(!before.members[0].is_uncertified());
    let places =
        people::dealers(&mut world.desk(HQ), &StaffingFilter { limit: 9, ..StaffingFilter::default() })
            .unwrap();
    let figures: Vec<_> = places
        .rows
        .iter()
        .map(|place| {
            (place.staffing.dealer.as_str(), place.staffing.certified_advisors, place.staffing.lapsing)
        })
        .collect();
    assert_eq!(figures, [("D2", 0, 0), ("D1", 1, 1)], "who lacks most comes first");
    let mut revokes = |who: &str, certificate: &str| {
        code(people::revoke(&mut world.desk(who), &Revoke { dealer: "D1", certificate, on: TODAY }))
    };
    assert_eq!(revokes(D1, "C-9"), "no_certificate");
    assert_eq!(revokes(D1, "C-1"), "ok");
    assert_eq!(revokes(D1, "C-1"), "certificate_revoked");
    let after = roster(&mut world);
    assert_eq!((after.have, after.members[0].is_uncertified()), (0, true));
}

fn roster_sheets() -> [Sheet; 3] {
    [
        sheet("people", "person_code | name\nP5 | 新人\nP1 | 王一一"),
        sheet(
            "employments",
            "person_code | dealer_code | position | from\nP5 | D1 | technician | 2026-03-01",
        ),
        sheet(
            "certificates",
            "certificate_id | person_code | kind | level | issued_on | expires_on\nC-5 | P5 | technician | basic | 2026-01-01 | 2028-01-01",
        ),
    ]
}

#[test]
fn a_workbook_is_looked_through_and_then_taken_in_whole() {
    let mut world = staffed();
    assert_eq!(world.checks(D1, &roster_sheets()), [] as [&str; 0]);
    assert_eq!(world.members(D1, "D1"), ["P1"], "looking through stores nothing");
    let folder = Folder::workbook(&roster_sheets());
    let path = folder.path().join("facts.xlsx");
    let taken = people::take_in(&mut world.desk(D1), "D1", &path, "名册.xlsx").unwrap();
    assert!(taken.is_good());
    assert_eq!(
        taken.outcome.files.iter().map(|file| file.added).sum::<u64>(),
        3,
        "a new name is a correction"
    );
    assert_eq!(world.members(D1, "D1"), ["P1", "P5 valid"]);
    // What is downloaded can be sent back as it is, and changes nothing.
    let bytes = people::download(&mut world.desk(D1), "D1").unwrap();
    let again = folder.put("again.xlsx", &bytes);
    let checked = people::preview(&mut world.desk(D1), "D1", &again, "again.xlsx").unwrap();
    assert!(checked.is_good(), "{:?}", checked.outcome.errors);
    assert_eq!(checked.outcome.files.iter().map(|file| file.added + file.corrected).sum::<u64>(), 0);
    assert_eq!(code(people::download(&mut world.desk(D2), "D1")), "not_found");
}

#[test]
fn a_workbook_with_anothers_rows_is_refused_row_by_row() {
    let mut world = staffed();
    let [people_sheet, employments, certificates] = roster_sheets();
    let check = |world: &mut World, sheets: &[Sheet], expected: &[&str]| {
        assert_eq!(world.checks(D1, sheets), expected);
    };
    check(
        &mut world,
        &[sheet(
            "employments",
            "person_code | dealer_code | position | from\nP1 | D1 | technician | 2026-03-01\nP2 | D2 | technician | 2026-03-01\nP9 | D1 | technician | 2026-03-01",
        )],
        &["roster.xlsx [employments] 3 foreign_dealer", "roster.xlsx [employments] 4 person_elsewhere"],
    );
    check(
        &mut world,
        &[sheet("people", "person_code | name\nP9 | 冒名")],
        &["roster.xlsx [people] 2 person_code_taken"],
    );
    check(
        &mut world,
        &[sheet(
            "certificates",
            "certificate_id | person_code | kind | issued_on | expires_on\nC-9 | P9 | nev | 2026-01-01 | 2027-01-01\nC-9 | P1 | nev | 2026-01-01 | 2027-01-01",
        )],
        &[
            "roster.xlsx [certificates] 2 person_not_employed",
            "roster.xlsx [certificates] 3 certificate_taken",
        ],
    );
    check(
        &mut world,
        &[sheet("bays", "dealer_code | effective_on | bays\nD1 | 2026-01-01 | 2")],
        &["roster.xlsx [bays] 0 foreign_sheet"],
    );
    check(
        &mut world,
        &[sheet(
            "employments",
            "person_code | dealer_code | position | from\nP1 | D1 | technician | 2026-13-01",
        )],
        &["roster.xlsx [employments] 2 no_such_moment"],
    );
    // One bad sheet keeps the good ones out too.
    let bad = sheet(
        "certificates",
        "certificate_id | person_code | kind | issued_on | expires_on\nC-8 | P7 | nev | 2026-01-01 | 2027-01-01",
    );
    let folder = Folder::workbook(&[people_sheet, employments, bad]);
    let path = folder.path().join("facts.xlsx");
    assert!(!people::take_in(&mut world.desk(D1), "D1", &path, "x.xlsx").unwrap().is_good());
    assert_eq!(world.members(D1, "D1"), ["P1"]);
    let good = Folder::workbook(&[certificates]);
    let path = good.path().join("facts.xlsx");
    assert_eq!(code(people::preview(&mut world.desk(NORTH), "D1", &path, "x")), "people_may_not");
    assert_eq!(code(people::preview(&mut world.desk(D2), "D1", &path, "x")), "not_found");
}
