//! Rulebook 4.13 as tables: the parts of a district manager's quarter, and what a missing one leaves.

mod common;

use common::book::{Book, at};
use common::ground_with;
use farsight_rulebook::case::{Case, Judged};
use farsight_rulebook::checks::field_staff;
use farsight_rulebook::exact::hundredths;
use farsight_rulebook::facts::{InspectionResult, Role, RulingKind};

/// `PERSON SCORE` of 2025-Q1, the best first.
fn scores(book: &Book, as_of: &str) -> Vec<String> {
    let ground = ground_with(&[]);
    let case = Case::new(&book.facts, &ground, at(as_of), Judged::All);
    let scores = field_staff::scores(&case, "2025-Q1".parse().unwrap());
    scores
        .iter()
        .map(|score| format!("{} {}", book.facts.codes.text(score.person), hundredths(score.score)))
        .collect()
}

fn answers(book: Book, score: i64) -> Book {
    (0..10).fold(book, |book, n| book.answers(&format!("R{n}"), None, "2025-02-05", score))
}

#[test]
fn parts_weigh_forty_forty_twenty_and_a_missing_one_is_shared() {
    let exam = |book: Book| book.exam("DM", "2025-01-01", 8_000);
    let looks = |book: Book| book.passes("2025-02-01").fails(&["2025-02-02"]);
    let all = answers(looks(exam(Book::new())), 9_000);
    assert_eq!(scores(&all, "2025-04-01"), ["DM 70.00"]); // 0.4·80 + 0.4·50 + 0.2·90
    assert_eq!(scores(&looks(exam(Book::new())), "2025-04-01"), ["DM 65.00"]);
    assert_eq!(scores(&answers(exam(Book::new()), 9_500), "2025-04-01"), ["DM 85.00"]);
    assert_eq!(scores(&exam(Book::new()).exam("DM", "2025-03-31", 8_001), "2025-04-01"), ["DM 80.01"]); // 80.005
    assert!(scores(&Book::new(), "2025-04-01").is_empty());
}

#[test]
fn only_what_lies_in_the_quarter_and_has_come_counts() {
    let of = |on: &str| Book::new().exam("DM", "2025-02-01", 5_000).exam("DM", on, 10_000);
    for (on, expected) in [
        ("2025-01-01", "DM 75.00"),
        ("2025-03-31", "DM 75.00"),
        ("2024-12-31", "DM 50.00"),
        ("2025-04-01", "DM 50.00"),
    ] {
        assert_eq!(scores(&of(on), "2025-06-01"), [expected], "{on}");
    }
    assert_eq!(scores(&of("2025-03-31"), "2025-03-30"), ["DM 50.00"]);
    // A month's satisfaction counts once the month is over.
    let book = || answers(Book::new().exam("DM", "2025-01-05", 6_000), 9_000);
    assert_eq!(scores(&book(), "2025-02-28"), ["DM 60.00"]);
    assert_eq!(scores(&book(), "2025-03-01"), ["DM 70.00"]);
}

#[test]
fn looks_count_for_whoever_held_the_post_that_day() {
    let other = |from: &str| {
        let book = Book::new().post("D9", Role::DistrictManager, "D1", from, None);
        book.exam("DM", "2025-01-05", 10_000).exam("D9", "2025-01-05", 10_000).fails(&["2025-02-02"])
    };
    assert_eq!(scores(&other("2025-02-03"), "2025-04-01"), ["D9 100.00", "DM 50.00"]);
    assert_eq!(scores(&other("2025-02-02"), "2025-04-01"), ["DM 100.00", "D9 50.00"]);
    // Overtaken for the whole quarter: no district manager of it.
    assert_eq!(scores(&other("2024-12-01"), "2025-04-01"), ["D9 50.00"]);
}

#[test]
fn follow_ups_and_what_is_excused_do_not_count() {
    let book = || Book::new().passes("2025-02-01");
    let failed = |follow_up| book().looks("I", "item-05", "2025-02-03", InspectionResult::Fail, follow_up);
    assert_eq!(scores(&failed(false), "2025-04-01"), ["DM 50.00"]);
    assert_eq!(scores(&failed(true), "2025-04-01"), ["DM 100.00"]);
    let excused = failed(false).rules("X", RulingKind::Excuse, "inspection:I#item-05", "2025-02-05");
    assert_eq!(scores(&excused, "2025-04-01"), ["DM 100.00"]);
    let passed = failed(false).looks("J", "item-06", "2025-02-04", InspectionResult::Pass, false);
    assert_eq!(scores(&passed, "2025-04-01"), ["DM 66.67"]);
    let excused = passed.rules("X", RulingKind::Excuse, "inspection:J#item-06", "2025-02-05");
    assert_eq!(scores(&excused, "2025-04-01"), ["DM 50.00"]);
    assert_eq!(
        scores(
            &book().looks("I", "item-05", "2025-02-03", InspectionResult::NotApplicable, false),
            "2025-04-01"
        ),
        ["DM 100.00"]
    );
}
