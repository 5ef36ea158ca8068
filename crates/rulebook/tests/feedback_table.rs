//! Rulebook 4.9 as tables: feedback solved in time, customers called in time.

mod common;

use common::book::{Book, at};
use common::ground_with;
use farsight_rulebook::facts::RulingKind;

fn check(book: &Book, as_of: &str, expected: &[&str]) {
    assert_eq!(book.findings("feedback", &ground_with(&[]), as_of), expected, "as of {as_of}");
}

#[test]
fn feedback_is_late_after_48_hours_to_the_instant() {
    let late = ["late feedback:F1 2025-03-07"];
    let of = |solved: Option<&str>| Book::new().feedback("F1", "2025-03-05 10:00", solved);
    check(&of(None), "2025-03-07 10:00", &[]);
    check(&of(None), "2025-03-07 10:00:01", &late);
    check(&of(Some("2025-03-07 10:00")), "2025-03-20", &[]);
    check(&of(Some("2025-03-07 10:00:01")), "2025-03-20", &late);
    check(&of(Some("2025-03-09 10:00")), "2025-03-08", &late); // not solved yet
    check(&of(None).rules("X", RulingKind::Excuse, "feedback:F1", "2025-03-08"), "2025-03-09", &[]);
}

/// So many orders completed on the last of March at ten, the first of them called at some time.
fn orders(all: usize, called: usize, when: &str) -> Book {
    (0..all).fold(Book::new(), |book, n| {
        let book = book.order(&format!("W{n}"), "2025-03-30 10:00", |order, _| {
            order.completed_at = Some(at("2025-03-31 10:00"));
        });
        if n < called { book.calls(&format!("W{n}"), when) } else { book }
    })
}

#[test]
fn a_month_misses_callbacks_below_its_share() {
    let missed = ["callback-missed dealer:D1@2025-03 2025-03-31"];
    check(&orders(20, 17, "2025-03-31 12:00"), "2025-04-05", &missed); // 85 %
    check(&orders(20, 18, "2025-03-31 12:00"), "2025-04-05", &[]); // 90 %
    check(&orders(19, 0, "2025-03-31 12:00"), "2025-04-05", &[]); // too few
    // A call counts from the completion to 24 hours after it.
    for (when, expected) in [
        ("2025-03-31 10:00", &[][..]),
        ("2025-04-01 10:00", &[]),
        ("2025-03-31 09:59:59", &missed),
        ("2025-04-01 10:00:01", &missed),
    ] {
        check(&orders(20, 20, when), "2025-04-05", expected);
    }
}

#[test]
fn an_order_counts_once_its_day_has_passed_or_it_was_called() {
    let missed = ["callback-missed dealer:D1@2025-03 2025-03-31"];
    let book = orders(20, 10, "2025-03-31 12:00");
    check(&book, "2025-04-01 10:00", &[]); // ten count, all called
    check(&book, "2025-04-01 10:00:01", &missed);
    let excused = |family| book_excused(orders(21, 18, "2025-03-31 12:00"), family);
    check(&excused(None), "2025-04-05", &[]); // 18 of 20
    check(&excused(Some("feedback.callback-missed")), "2025-04-05", &[]);
    check(&excused(Some("service-clock.slow")), "2025-04-05", &missed);
}

fn book_excused(book: Book, family: Option<&str>) -> Book {
    book.rules_of("X", RulingKind::Excuse, "order:W20", family, "2025-04-02", None)
}
