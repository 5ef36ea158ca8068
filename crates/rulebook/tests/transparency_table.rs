//! Rulebook 4.12 as tables: confirmations and prices.

mod common;

use common::book::{Book, at};
use common::ground_with;
use farsight_rulebook::facts::RulingKind;

fn found(book: &Book, as_of: &str) -> Vec<String> {
    book.findings("transparency", &ground_with(&[]), as_of)
}

#[test]
fn an_order_with_a_fault_needs_three_confirmations() {
    let unconfirmed = ["unconfirmed dealer:D1@2025-03 2025-03-31"];
    let order = |confirmed: bool, fault: bool| {
        Book::new().order("W", "2025-02-28", |order, _| {
            order.completed_at = Some(at("2025-03-01 00:00"));
            order.confirmed = confirmed;
            order.fault = order.fault.filter(|_| fault);
        })
    };
    assert_eq!(found(&order(false, true), "2025-04-01 00:00"), unconfirmed);
    assert!(found(&order(false, true), "2025-03-31 23:59:59").is_empty());
    assert!(found(&order(true, true), "2025-04-01").is_empty());
    assert!(found(&order(false, false), "2025-04-01").is_empty());
    let excused =
        |family| order(false, true).rules_of("X", RulingKind::Excuse, "order:W", family, "2025-04-01", None);
    assert!(found(&excused(None), "2025-04-02").is_empty());
    assert_eq!(found(&excused(Some("service-clock.slow")), "2025-04-02"), unconfirmed);
}

#[test]
fn a_price_is_compared_with_the_list_in_force_that_day() {
    let price = ["price dealer:D1@2025-03 2025-03-31"];
    let list = |on: &str, units: i64| Book::new().price(on, None, units);
    assert!(found(&list("2025-03-05", 100).price("2025-03-05", Some("D1"), 100), "2025-04-01").is_empty());
    assert_eq!(found(&list("2025-03-05", 100).price("2025-03-05", Some("D1"), 101), "2025-04-01"), price);
    assert!(found(&list("2025-03-06", 100).price("2025-03-05", Some("D1"), 101), "2025-04-01").is_empty()); // none in force
    let two = || list("2025-01-01", 100).price("2025-03-05", None, 120);
    assert!(found(&two().price("2025-03-04", Some("D1"), 100), "2025-04-01").is_empty());
    assert_eq!(found(&two().price("2025-03-05", Some("D1"), 100), "2025-04-01"), price);
    assert!(found(&Book::new().price("2025-03-05", Some("D1"), 1), "2025-04-01").is_empty());
}
