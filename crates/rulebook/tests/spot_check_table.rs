//! Rulebook 4.1 as tables: what the last failure costs dealer / district manager / region director.

mod common;

use common::book::{Book, at, line};
use common::ground_with;
use farsight_rulebook::case::Ground;
use farsight_rulebook::facts::InspectionResult::{Fail, NotApplicable, NotVisible, Pass};
use farsight_rulebook::facts::{Role, RulingKind};
use farsight_rulebook::policy::Seat;

/// A day after all failures.
const AS_OF: &str = "2026-01-01";

fn rulebook() -> Ground {
    ground_with(&[])
}

/// What is charged to each seat for what happened on the local date of the last failure.
fn cost(book: &Book, ground: &Ground, last: &str) -> String {
    let found = book.found(ground, AS_OF);
    let on = ground.zone.date(at(last));
    let seats = [Seat::Dealer, Seat::DistrictManager, Seat::RegionDirector];
    let sum = |seat| {
        let of_day = found.findings.iter().filter(|finding| finding.occurred_on == on);
        let charges = of_day.flat_map(|finding| &finding.charges).filter(|charge| charge.seat == seat);
        charges.map(|charge| -charge.amount.0 / 100).sum::<i64>().to_string()
    };
    seats.map(sum).join("/")
}

fn check_by(ground: &Ground, failed_on: &[&str], expected: &str) {
    let given = cost(&Book::new().fails(failed_on), ground, failed_on.last().unwrap());
    assert_eq!(given, expected, "failed on {failed_on:?}");
}

fn check(failed_on: &[&str], expected: &str) {
    check_by(&rulebook(), failed_on, expected);
}

#[test]
fn months_not_thirty_days() {
    check(&["2025-01-31", "2025-02-01"], "1000/200/0");
}

#[test]
fn not_the_next_month() {
    check(&["2025-01-10", "2025-03-05"], "500/0/0");
}

#[test]
fn december_comes_before_january() {
    check(&["2024-12-20", "2025-01-05"], "1000/200/0");
}

#[test]
fn twice_in_one_month_is_no_repeat() {
    check(&["2025-01-10", "2025-01-20"], "500/0/0");
}

#[test]
fn the_third_replaces_the_repeat() {
    check(&["2025-01-10", "2025-02-20", "2025-03-05"], "10000/1000/500");
    check(&["2025-01-10", "2025-02-20", "2025-03-05", "2025-03-06"], "10000/1000/500");
}

#[test]
fn a_year_to_the_day() {
    check(&["2024-03-05", "2024-09-01", "2025-03-04"], "10000/1000/500");
    check(&["2024-03-05", "2024-09-01", "2025-03-05"], "500/0/0");
}

#[test]
fn a_leap_day_is_within_the_year_until_the_end_of_february() {
    check(&["2024-02-29", "2024-06-01", "2025-02-28"], "10000/1000/500");
    check(&["2024-02-29", "2024-06-01", "2025-03-01"], "500/0/0");
}

/// The findings of item-05 and the managers, one line each.
fn clauses(book: &Book) -> Vec<String> {
    book.findings("spot-check", &rulebook(), AS_OF)
}

#[test]
fn with_an_excuse_the_clauses_fall() {
    let book = Book::new().fails(&["2025-01-10", "2025-02-20", "2025-03-05"]);
    assert_eq!(
        clauses(&book),
        [
            "first inspection:I-2025-01-10#item-05 2025-01-10 dealer-500",
            "repeat inspection:I-2025-02-20#item-05 2025-02-20 dealer-1000 district-manager-200",
            "third inspection:I-2025-03-05 2025-03-05 district-manager-1000 region-director-500",
            "third inspection:I-2025-03-05#item-05 2025-03-05 dealer-10000",
        ]
    );
    let excused = book.rules("X-1", RulingKind::Excuse, "inspection:I-2025-01-10#item-05", "2025-04-01");
    assert_eq!(
        clauses(&excused),
        [
            "first inspection:I-2025-02-20#item-05 2025-02-20 dealer-500",
            "repeat inspection:I-2025-03-05#item-05 2025-03-05 dealer-1000 district-manager-200",
        ]
    );
}

#[test]
fn two_items_reach_the_third_in_one_inspection() {
    let days = ["2025-01-10", "2025-02-20", "2025-03-05"];
    let both = days.iter().fold(Book::new().fails(&days), |book, when| {
        book.looks(&format!("I-{when}"), "item-07", when, Fail, false)
    });
    assert_eq!(cost(&both, &rulebook(), "2025-03-05"), "20000/1000/500");
    let by_item = ground_with(&[("spot-check.manager_unit", "\"inspection\"", "\"item\"")]);
    assert_eq!(cost(&both, &by_item, "2025-03-05"), "20000/2000/1000");
    assert!(
        both.found(&by_item, AS_OF).findings.iter().all(|finding| finding.family != "spot-check.managers")
    );
}

#[test]
fn a_repeat_and_a_third_in_one_inspection_are_both_charged() {
    let book = Book::new().fails(&["2025-01-10", "2025-02-20", "2025-03-05"]);
    let book = book.looks("I-2025-02-20", "item-07", "2025-02-20", Fail, false);
    let book = book.looks("I-2025-03-05", "item-07", "2025-03-05", Fail, false);
    assert_eq!(cost(&book, &rulebook(), "2025-03-05"), "11000/1200/500");
}

#[test]
fn a_pass_between_changes_nothing_unless_the_policy_goes_by_the_next_check() {
    let by_check = ground_with(&[("spot-check.repeat_window", "\"next-month\"", "\"next-check\"")]);
    let passed = Book::new().fails(&["2025-01-10", "2025-02-20"]).passes("2025-02-01");
    assert_eq!(cost(&passed, &rulebook(), "2025-02-20"), "1000/200/0");
    assert_eq!(cost(&passed, &by_check, "2025-02-20"), "500/0/0");
    check_by(&by_check, &["2025-01-10", "2025-06-20"], "1000/200/0");
    check_by(&by_check, &["2025-06-20"], "500/0/0");
    // What does not apply or was not seen is no result.
    let unseen = Book::new().fails(&["2025-01-10", "2025-02-20"]);
    let unseen = unseen.looks("I-A", "item-05", "2025-02-01", NotApplicable, false);
    let unseen = unseen.looks("I-B", "item-05", "2025-02-02", NotVisible, false);
    assert_eq!(cost(&unseen, &by_check, "2025-02-20"), "1000/200/0");
    // Nor is an excused one, nor a follow-up that does not count.
    let excused = passed.rules("X", RulingKind::Excuse, "inspection:I-2025-02-01#item-05", "2025-03-01");
    assert_eq!(cost(&excused, &by_check, "2025-02-20"), "1000/200/0");
    let follow_up =
        Book::new().fails(&["2025-01-10", "2025-02-20"]).looks("I-C", "item-05", "2025-02-01", Pass, true);
    assert_eq!(cost(&follow_up, &by_check, "2025-02-20"), "1000/200/0");
}

#[test]
fn a_year_may_be_that_of_the_calendar() {
    let calendar = ground_with(&[("spot-check.year_window", "\"rolling\"", "\"calendar-year\"")]);
    check_by(&calendar, &["2024-11-01", "2024-12-20", "2025-01-05"], "1000/200/0");
    check(&["2024-11-01", "2024-12-20", "2025-01-05"], "10000/1000/500");
    check_by(&calendar, &["2025-01-01", "2025-06-01", "2025-12-31"], "10000/1000/500");
}

#[test]
fn follow_ups_count_and_charge_only_where_the_policy_says_so() {
    let counting = ground_with(&[("spot-check.follow_up_charges", "false", "true")]);
    let book = Book::new().fails(&["2025-01-10"]).looks("I-F", "item-05", "2025-02-20", Fail, true);
    assert_eq!(cost(&book, &rulebook(), "2025-02-20"), "0/0/0");
    assert_eq!(cost(&book, &counting, "2025-02-20"), "1000/200/0");
    let third = book.fails(&["2025-03-05"]);
    assert_eq!(cost(&third, &rulebook(), "2025-03-05"), "500/0/0");
    assert_eq!(cost(&third, &counting, "2025-03-05"), "10000/1000/500");
}

#[test]
fn of_several_failures_on_one_day_the_earliest_counts() {
    let book = Book::new().fails(&["2025-01-10 09:00", "2025-01-10 08:00"]);
    assert_eq!(clauses(&book), ["first inspection:I-2025-01-100800#item-05 2025-01-10 dealer-500"]);
    let excused = book.rules("X", RulingKind::Excuse, "inspection:I-2025-01-100800#item-05", "2025-02-01");
    assert_eq!(clauses(&excused), ["first inspection:I-2025-01-100900#item-05 2025-01-10 dealer-500"]);
    let at_once = Book::new().looks("I-b", "item-05", "2025-01-10", Fail, false).looks(
        "I-a",
        "item-05",
        "2025-01-10",
        Fail,
        false,
    );
    assert_eq!(clauses(&at_once), ["first inspection:I-a#item-05 2025-01-10 dealer-500"]);
}

#[test]
fn what_was_not_visible_is_an_alert_and_no_failure() {
    let book = Book::new().looks("I-1", "item-05", "2025-01-10", NotVisible, false).fails(&["2025-02-01"]);
    assert_eq!(
        clauses(&book),
        [
            "first inspection:I-2025-02-01#item-05 2025-02-01 dealer-500",
            "not-visible inspection:I-1#item-05 2025-01-10",
        ]
    );
}

#[test]
fn the_deputy_bears_it_where_the_director_is_missing_and_nobody_where_both_are() {
    let days = ["2025-01-10", "2025-02-20", "2025-03-05"];
    let managers = |book: Book| {
        let found = book.fails(&days).found(&rulebook(), AS_OF);
        line(found.findings.iter().find(|finding| finding.family == "spot-check.managers").unwrap())
    };
    assert_eq!(
        managers(Book::bare()),
        "third inspection:I-2025-03-05 2025-03-05 vacant district-manager-1000 vacant region-director-500"
    );
    let deputy = Book::bare().post("DD", Role::RegionDeputyDirector, "R1", "2020-01-01", Some("2025-03-05"));
    assert_eq!(
        managers(deputy),
        "third inspection:I-2025-03-05 2025-03-05 region-director-500 vacant district-manager-1000"
    );
    let moved =
        Book::new().moves("2025-03-05", "R2").post("RD2", Role::RegionDirector, "R2", "2020-01-01", None);
    let moved = moved.fails(&days);
    let found = moved.found(&rulebook(), AS_OF);
    let finding = found.findings.iter().find(|finding| finding.family == "spot-check.managers").unwrap();
    let director = finding.charges.iter().find(|charge| charge.seat == Seat::RegionDirector).unwrap();
    assert_eq!(moved.facts.codes.text(director.party), "RD2");
}

#[test]
fn visits_have_hours_also_in_policies_that_do_not_name_them() {
    use farsight_rulebook::money::Currency;
    use farsight_rulebook::policy::Policy;

    let shipped = include_str!("../../../config/policies/changan-2014.toml");
    let read = |more: &str| {
        let text = format!("{shipped}\n{more}");
        Policy::read(&text, Currency::of("CNY").unwrap())
            .map(|policy| {
                let terms = policy.spot_check;
                format!("{} {} {}", terms.visit_from, terms.visit_to, terms.away_after)
            })
            .map_err(|faults| faults[0].to_string())
    };
    let parameter = |name: &str, value: &str| {
        format!(
            "[spot-check.{name}]\nvalue = {value}\nunit = \"x\"\nsource = \"set by the manufacturer\"\nzh = \"x\"\nen = \"x\"\n"
        )
    };
    assert_eq!(read(""), Ok("09:00:00 17:00:00 3".to_owned()));
    let all = parameter("visit_from", "\"08:30\"")
        + &parameter("visit_to", "\"16:00\"")
        + &parameter("away_after", "5");
    assert_eq!(read(&all), Ok("08:30:00 16:00:00 5".to_owned()));
    for (more, says) in [
        (parameter("visit_from", "\"17:00\""), "visit_to must be later than visit_from"),
        (parameter("visit_to", "\"25:00\""), "must be a local time of day"),
        (parameter("visit_to", "\"9:00\""), "must be a local time of day"),
        (parameter("visit_to", "17"), "must be a text in quotes"),
        (parameter("away_after", "0"), "out of range"),
    ] {
        let told = read(&more).unwrap_err();
        assert!(told.contains(says), "{more}: {told}");
    }
}
