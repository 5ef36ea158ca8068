//! Rulebook 4.5 as tables: attempts, the duty to ask for support, and complaints that it was not asked for.

mod common;

use common::book::Book;
use common::ground_with;
use farsight_rulebook::facts::RulingKind;

fn check_at(book: &Book, as_of: &str, expected: &[&str]) {
    let short = |line: String| line.replace("vin:V1/F1@D1#", "");
    let lines: Vec<String> =
        book.findings("repeat-repair", &ground_with(&[]), as_of).into_iter().map(short).collect();
    assert_eq!(lines, expected, "as of {as_of}");
}

fn check(book: &Book, expected: &[&str]) {
    check_at(book, "2027-01-01", expected);
}

/// Unfixed repairs W1, W2 … of one fault, completed at these times.
fn unfixed(whens: &[&str]) -> Book {
    whens
        .iter()
        .enumerate()
        .fold(Book::new(), |book, (number, when)| book.repair(&format!("W{}", number + 1), when, false))
}

fn twice() -> Book {
    unfixed(&["2025-03-01", "2025-03-10"])
}

#[test]
fn support_is_asked_for_within_a_day_of_the_second_attempt() {
    let unreported = ["unreported W2 2025-03-11"];
    check(&unfixed(&["2025-03-01"]), &[]);
    check(&twice(), &unreported);
    check_at(&twice(), "2025-03-11 10:00", &[]);
    check_at(&twice(), "2025-03-11 10:00:01", &unreported);
    check(&twice().asks("Q1", "2025-03-11 10:00"), &[]);
    check(&twice().asks("Q1", "2025-03-11 10:00:01"), &unreported);
    check(&twice().asks("Q1", "2025-03-10 10:00"), &[]); // at one instant attempts come first: it answers
    check(&twice().asks("Q1", "2025-03-10 09:59"), &[]); // it restarts the count
}

#[test]
fn attempts_more_than_a_year_apart_do_not_belong_together() {
    check(&unfixed(&["2025-03-01", "2026-03-01 23:59"]), &["unreported W2 2026-03-02"]);
    check(&unfixed(&["2025-03-01 23:59", "2026-03-02 00:00"]), &[]);
    check(&unfixed(&["2025-03-01", "2026-03-02", "2026-03-03"]), &["unreported W3 2026-03-04"]);
}

#[test]
fn the_count_starts_again_after_a_fix_a_request_and_an_obligation() {
    let fixed_between = unfixed(&["2025-03-01", "2025-03-10"]).repair("W9", "2025-03-05", true);
    check(&fixed_between, &[]);
    check(&unfixed(&["2025-03-01", "2025-03-10"]).asks("Q1", "2025-03-05"), &[]);
    check(&unfixed(&["2025-03-01", "2025-03-10", "2025-03-20"]), &["unreported W2 2025-03-11"]);
    check(
        &unfixed(&["2025-03-01", "2025-03-10", "2025-03-20", "2025-03-30"]),
        &["unreported W2 2025-03-11", "unreported W4 2025-03-31"],
    );
    let three = ground_with(&[("repeat-repair.attempts", "2", "3")]);
    let lines =
        unfixed(&["2025-03-01", "2025-03-10", "2025-03-20"]).findings("repeat-repair", &three, "2027-01-01");
    assert_eq!(lines, ["unreported vin:V1/F1@D1#W3 2025-03-21"]);
}

#[test]
fn an_attempt_is_one_vehicle_and_fault_and_is_over() {
    let other_fault = twice().order("W3", "2025-03-01", |order, code| {
        (order.fault, order.completed_at, order.fixed) =
            (Some(code("F2")), Some(common::book::at("2025-03-02")), Some(false));
    });
    check(&other_fault, &["unreported W2 2025-03-11"]);
    let open = unfixed(&["2025-03-01"]).order("W2", "2025-03-10", |order, _| order.fixed = Some(false));
    check(&open, &[]);
    let unknown = unfixed(&["2025-03-01"])
        .order("W2", "2025-03-10", |order, _| order.completed_at = Some(order.created_at));
    check(&unknown, &[]);
}

fn complains(book: Book, received: &str, category: &str) -> Book {
    book.complaint_of("C-1", received, None, false, category, Some("V1"))
}

#[test]
fn a_complaint_after_support_was_not_asked_for_is_charged() {
    let charged = |on: &str| {
        [format!("complaint complaint:C-1 {on} dealer-5000"), "unreported W2 2025-03-11".to_owned()]
    };
    let check_complaint = |received: &str, expected: &str| {
        let lines = charged(expected);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        check(
            &complains(twice(), received, "waiting"),
            if expected.is_empty() { &lines[1..] } else { &lines },
        );
    };
    check_complaint("2025-03-10 10:00", ""); // not after the completion
    check_complaint("2025-03-10 10:00:01", "2025-03-11"); // dated by the deadline
    check_complaint("2025-03-11 10:00", "2025-03-11");
    check_complaint("2025-03-12 00:00", "2025-03-12");
    check(
        &complains(twice(), "2025-03-12", "repair-quality"),
        &["complaint complaint:C-1 2025-03-12 dealer-5000", "unreported W2 2025-03-11"],
    );
    check(&complains(twice(), "2025-03-12", "attitude"), &["unreported W2 2025-03-11"]);
    check(&complains(twice().asks("Q1", "2025-03-11 09:00"), "2025-03-12", "waiting"), &[]); // asked in time
}

#[test]
fn a_complaint_counts_until_the_first_request_or_fix() {
    let unreported = "unreported W2 2025-03-11";
    let charged = "complaint complaint:C-1 2025-03-12 dealer-5000";
    let received =
        |book: Book, expected: &[&str]| check(&complains(book, "2025-03-12 10:00", "waiting"), expected);
    received(twice().asks("Q1", "2025-03-12 10:00"), &[unreported]); // at that very instant
    received(twice().asks("Q1", "2025-03-12 10:01"), &[charged, unreported]);
    received(twice().repair("W9", "2025-03-12 10:00", true), &[unreported]);
    received(twice().repair("W9", "2025-03-12 10:01", true), &[charged, unreported]);
}

#[test]
fn excuses_and_withdrawals_end_it() {
    let book = || complains(twice(), "2025-03-12", "waiting");
    let obligation = "vin:V1/F1@D1#W2";
    check(&book().rules("X", RulingKind::Excuse, obligation, "2025-04-01"), &[]);
    check(
        &book().rules("X", RulingKind::Excuse, "complaint:C-1", "2025-04-01"),
        &["unreported W2 2025-03-11"],
    );
    check(
        &book().rules("X", RulingKind::Withdraw, "complaint:C-1", "2025-04-01"),
        &["unreported W2 2025-03-11"],
    );
}

#[test]
fn of_several_obligations_the_earliest_date_counts_and_a_complaint_is_charged_once() {
    let book = unfixed(&["2025-03-01", "2025-03-10", "2025-03-12", "2025-03-13"]);
    check(
        &complains(book, "2025-03-13 11:00", "waiting"),
        &[
            "complaint complaint:C-1 2025-03-13 dealer-5000",
            "unreported W2 2025-03-11",
            "unreported W4 2025-03-14",
        ],
    );
}
