//! The follow-up list of rulebook 4.1 as tables: who is on it, in what order, and whom a day's plan takes.

mod common;

use std::collections::BTreeSet;

use common::book::{Book, at, day};
use common::ground_with;
use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::spot_check::{Owed, choose, owed};
use farsight_rulebook::facts::InspectionResult::{self, Fail, NotApplicable, NotVisible, Pass};
use farsight_rulebook::facts::RulingKind;

/// A look at item-05 of a dealer.
type Look = (&'static str, &'static str, InspectionResult, bool);

fn book(looks: &[Look]) -> Book {
    let mut book = Book::bare();
    for (number, (dealer, when, result, follow_up)) in looks.iter().enumerate() {
        book = book.looks(&format!("I-{number}"), "item-05", when, *result, *follow_up);
        let dealer = book.facts.codes.keep(dealer);
        book.facts.inspections[number].dealer = dealer;
    }
    book
}

fn list(book: &Book, ground: &Ground, on: &str) -> Vec<Owed> {
    owed(&Case::new(&book.facts, ground, at(on), Judged::All), day(on))
}

fn check_by(ground: &Ground, looks: &[Look], on: &str, expected: &[&str]) {
    let dealers: Vec<String> = list(&book(looks), ground, on).into_iter().map(|owed| owed.dealer).collect();
    assert_eq!(dealers, expected, "{looks:?} on {on}");
}

fn check(looks: &[Look], on: &str, expected: &[&str]) {
    check_by(&ground_with(&[]), looks, on, expected);
}

#[test]
fn a_failure_of_the_month_before_is_followed_up() {
    let failure = [("D1", "2025-01-31 23:59", Fail, false)];
    check(&failure, "2025-01-31", &[]);
    check(&failure, "2025-02-01", &["D1"]);
    check(&failure, "2025-02-28", &["D1"]);
    check(&failure, "2025-03-01", &[]);
    check(&[("D1", "2024-12-01 00:00", Fail, false)], "2025-01-15", &["D1"]);
}

#[test]
fn the_month_is_the_local_one() {
    check(&[("D1", "2025-01-31T16:00:00Z", Fail, false)], "2025-02-10", &[]);
    check(&[("D1", "2025-01-31T15:59:59Z", Fail, false)], "2025-02-10", &["D1"]);
}

#[test]
fn only_failures_count() {
    let looks = [
        ("D1", "2025-01-10", Pass, false),
        ("D2", "2025-01-10", NotApplicable, false),
        ("D3", "2025-01-10", NotVisible, false),
    ];
    check(&looks, "2025-02-10", &[]);
}

#[test]
fn the_oldest_failure_comes_first_of_equal_ones_the_smaller_code() {
    let looks = [
        ("D9", "2025-01-10 10:00", Fail, false),
        ("D2", "2025-01-10 10:00", Fail, false),
        ("D3", "2025-01-09 23:00", Fail, false),
        ("D3", "2025-01-30 10:00", Fail, false),
        ("D4", "2025-01-02 10:00", Fail, false),
    ];
    check(&looks, "2025-02-10", &["D4", "D3", "D2", "D9"]);
}

#[test]
fn failures_of_follow_ups_count_where_the_policy_says_so() {
    let looks = [("D1", "2025-01-10", Fail, true)];
    check(&looks, "2025-02-10", &[]);
    let charging = ground_with(&[("spot-check.follow_up_charges", "value = false", "value = true")]);
    check_by(&charging, &looks, "2025-02-10", &["D1"]);
}

#[test]
fn an_excused_failure_owes_nothing() {
    let looks = [("D1", "2025-01-10", Fail, false), ("D1", "2025-01-20", Fail, false)];
    let excused = |whens: &[usize]| {
        whens.iter().fold(book(&looks), |book, number| {
            let subject = format!("inspection:I-{number}#item-05");
            book.rules(&format!("R-{number}"), RulingKind::Excuse, &subject, "2025-01-25")
        })
    };
    let ground = ground_with(&[]);
    assert_eq!(list(&excused(&[]), &ground, "2025-02-10")[0].failed_at, at("2025-01-10"));
    assert_eq!(list(&excused(&[0]), &ground, "2025-02-10")[0].failed_at, at("2025-01-20"));
    assert_eq!(list(&excused(&[0, 1]), &ground, "2025-02-10"), []);
}

fn set(codes: &[&str]) -> BTreeSet<String> {
    codes.iter().map(ToString::to_string).collect()
}

/// A list `A B C D`, those who cannot be seen today, those seen and those tried in vain this month, how many a day.
#[track_caller]
fn chosen(not_today: &[&str], seen: &[&str], tried: &[&str], daily: usize, expected: &[&str]) {
    let list: Vec<Owed> = ["A", "B", "C", "D"]
        .map(|dealer| Owed { dealer: dealer.to_owned(), failed_at: at("2025-01-10") })
        .to_vec();
    let given = choose(&list, |dealer| !not_today.contains(&dealer), &set(seen), &set(tried), daily);
    assert_eq!(given, expected);
}

#[test]
fn so_many_a_day_each_once_a_month() {
    chosen(&[], &[], &[], 2, &["A", "B"]);
    chosen(&[], &["A", "B"], &[], 2, &["C", "D"]);
    chosen(&[], &["A", "B", "C", "D"], &[], 2, &[]);
    chosen(&[], &[], &[], 0, &[]);
    chosen(&[], &[], &[], 9, &["A", "B", "C", "D"]);
}

#[test]
fn who_is_drawn_today_or_has_no_camera_waits() {
    chosen(&["A"], &[], &[], 2, &["B", "C"]);
    chosen(&["A", "B", "C", "D"], &[], &[], 2, &[]);
}

#[test]
fn who_could_not_be_seen_stays_owed_behind_the_others() {
    chosen(&[], &[], &["A"], 4, &["B", "C", "D", "A"]);
    chosen(&[], &["B", "C"], &["A"], 2, &["D", "A"]);
    chosen(&[], &["A", "B", "C"], &["A", "D"], 2, &["D"]);
}
