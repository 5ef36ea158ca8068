//! Rulebook 4.6 as tables: before, on and after each limit of the service clock.

mod common;

use common::book::{Book, at};
use common::ground_with;
use farsight_rulebook::case::Ground;
use farsight_rulebook::facts::RulingKind;

/// The rulebook's numbers, and one order a month enough to be judged.
fn alone() -> Ground {
    ground_with(&[("service-clock.min_orders", "20", "1")])
}

/// One order created on 2025-03-05 at ten, diagnosed and completed at once, changed by the test.
fn order(times: [&str; 4]) -> Book {
    let maybe = |text: &str| (!text.is_empty()).then(|| at(text));
    Book::new().order("W", "2025-03-05 10:00", |order, _| {
        order.reported_at = maybe(times[0]);
        order.diagnosed_at = maybe(times[1]);
        order.promised_at = maybe(times[2]);
        order.completed_at = maybe(times[3]);
    })
}

fn is_slow(book: &Book, as_of: &str) -> bool {
    let found = book.findings("service-clock", &alone(), as_of);
    found.iter().any(|line| line == "slow dealer:D1@2025-03 2025-03-31")
}

#[test]
fn an_order_is_prompt_to_the_instant() {
    let table = [
        // reported, diagnosed, completed: slow?
        (["", "2025-03-05 10:00", "", "2025-03-05 11:00"], false),
        (["2025-03-05 09:57", "2025-03-05 10:00", "", "2025-03-05 11:00"], false), // 3 minutes
        (["2025-03-05 09:56:59", "2025-03-05 10:00", "", "2025-03-05 11:00"], true),
        (["2025-03-05 10:05", "2025-03-05 10:00", "", "2025-03-05 11:00"], false), // reported afterwards
        (["", "2025-03-05 10:30", "", "2025-03-05 11:00"], false),                 // 30 minutes
        (["", "2025-03-05 10:30:01", "", "2025-03-05 11:00"], true),
        (["", "", "", "2025-03-05 11:00"], true), // a fault never diagnosed
        (["", "2025-03-05 10:00", "", "2025-03-06 10:00"], false), // 24 hours
        (["", "2025-03-05 10:00", "", "2025-03-06 10:00:01"], true),
    ];
    for (times, slow) in table {
        assert_eq!(is_slow(&order(times), "2025-04-05"), slow, "{times:?}");
    }
    let without_fault = Book::new().order("W", "2025-03-05 10:00", |order, _| {
        order.fault = None;
        order.completed_at = Some(at("2025-03-05 11:00"));
    });
    assert!(!is_slow(&without_fault, "2025-04-05"));
}

#[test]
fn a_notice_given_in_time_moves_the_limit() {
    let late = |completed: &str| order(["", "2025-03-05 10:00", "", completed]);
    let table = [
        ("2025-03-08 10:00", vec![("2025-03-06 10:00", "2025-03-08 10:00")], false), // given at the limit
        ("2025-03-08 10:00", vec![("2025-03-06 10:00:01", "2025-03-08 10:00")], true),
        ("2025-03-08 10:00:01", vec![("2025-03-06 10:00", "2025-03-08 10:00")], true),
        ("2025-03-06 10:00", vec![("2025-03-05 12:00", "2025-03-05 13:00")], false), // an earlier promise moves nothing
        (
            "2025-03-09 09:00",
            vec![("2025-03-06 09:00", "2025-03-07 09:00"), ("2025-03-07 09:00", "2025-03-09 09:00")],
            false,
        ),
        (
            "2025-03-09 09:00",
            vec![("2025-03-06 09:00", "2025-03-07 09:00"), ("2025-03-07 09:01", "2025-03-09 09:00")],
            true,
        ),
        ("2025-03-12 10:00", vec![("2025-03-05 11:00", "2025-03-20 10:00")], false), // 7 days at most
        ("2025-03-12 10:00:01", vec![("2025-03-05 11:00", "2025-03-20 10:00")], true),
    ];
    for (completed, notices, slow) in table {
        let book =
            notices.iter().fold(late(completed), |book, (given, promised)| book.delays("W", given, promised));
        assert_eq!(is_slow(&book, "2025-04-05"), slow, "{completed} {notices:?}");
    }
}

#[test]
fn an_order_is_decided_when_completed_or_past_its_limit() {
    let open = Book::new()
        .order("W", "2025-03-31 20:00", |order, _| order.diagnosed_at = Some(at("2025-03-31 20:00")));
    assert!(!is_slow(&open, "2025-04-01 00:00"));
    assert!(!is_slow(&open, "2025-04-01 20:00"));
    assert!(is_slow(&open, "2025-04-01 20:00:01"));
    let slow = order(["", "", "", "2025-03-05 11:00"]);
    assert!(!is_slow(&slow, "2025-03-31 23:59:59"));
    assert!(is_slow(&slow, "2025-04-01 00:00"));
}

/// So many orders, so many of them never diagnosed.
fn orders(all: usize, slow: usize) -> Book {
    (0..all).fold(Book::new(), |book, number| {
        book.order(&format!("W{number}"), "2025-03-05 10:00", |order, _| {
            order.completed_at = Some(at("2025-03-05 11:00"));
            order.diagnosed_at = (number >= slow).then(|| at("2025-03-05 10:00"));
        })
    })
}

#[test]
fn a_month_is_slow_below_its_share_and_with_enough_orders() {
    let found = |book: &Book| book.findings("service-clock", &ground_with(&[]), "2025-04-05");
    let slow = ["slow dealer:D1@2025-03 2025-03-31"];
    assert!(found(&orders(19, 19)).is_empty());
    assert_eq!(found(&orders(20, 3)), slow); // 85 %
    assert!(found(&orders(20, 2)).is_empty()); // 90 %
    // One of three excused: 17 of 19, too few; of 21, 18 of 20 is 90 %.
    let excused = |book: Book| book.rules("X", RulingKind::Excuse, "order:W0", "2025-04-02");
    assert!(found(&excused(orders(20, 3))).is_empty());
    assert!(found(&excused(orders(21, 3))).is_empty());
    assert_eq!(found(&excused(orders(21, 4))), slow);
    let other = orders(20, 3).rules_of(
        "X",
        RulingKind::Excuse,
        "order:W0",
        Some("transparency.unconfirmed"),
        "2025-04-02",
        None,
    );
    assert_eq!(found(&other), slow);
}

/// What an order owes, in yuan.
fn owed(book: &Book) -> Option<String> {
    let found = book.found(&ground_with(&[]), "2025-04-05");
    let finding = found.findings.iter().find(|finding| finding.clause == "service-clock.compensation")?;
    let detail: serde_json::Value = serde_json::from_str(&finding.detail).unwrap();
    Some(detail["owed"].as_str().unwrap().to_owned())
}

#[test]
fn compensation_is_owed_by_steps_after_the_grace() {
    let completed = |at: &str| order(["", "2025-03-05 10:00", "2025-03-05 12:00", at]);
    let table = [
        ("2025-03-05 11:59", None),
        ("2025-03-05 12:30", None), // the grace
        ("2025-03-05 12:30:01", Some("20.00")),
        ("2025-03-05 13:00", Some("20.00")),
        ("2025-03-05 13:00:01", Some("40.00")),
        ("2025-03-05 17:00", Some("180.00")),
        ("2025-03-05 17:00:01", Some("200.00")),
        ("2025-03-09 17:00", Some("200.00")), // at most
    ];
    for (at, expected) in table {
        assert_eq!(owed(&completed(at)).as_deref(), expected, "{at}");
    }
}

#[test]
fn the_promise_in_force_is_what_notices_made_of_it() {
    let with = |promised: &str, notices: &[(&str, &str)]| {
        let book = order(["", "2025-03-05 10:00", promised, "2025-03-05 15:00"]);
        owed(&notices.iter().fold(book, |book, (given, promised)| book.delays("W", given, promised)))
    };
    assert_eq!(with("", &[]), None); // nothing was promised
    assert_eq!(with("", &[("2025-03-05 11:00", "2025-03-05 14:00")]).as_deref(), Some("20.00"));
    assert_eq!(with("2025-03-05 12:00", &[("2025-03-05 12:00", "2025-03-05 15:00")]), None); // given at the promise
    assert_eq!(
        with("2025-03-05 12:00", &[("2025-03-05 12:01", "2025-03-05 15:00")]).as_deref(),
        Some("100.00")
    );
    assert_eq!(
        with("2025-03-05 14:00", &[("2025-03-05 11:00", "2025-03-05 12:00")]).as_deref(),
        Some("20.00")
    );
    assert_eq!(with("", &[("2025-03-05 15:00:01", "2025-03-05 15:10")]), None); // given after completion
}
