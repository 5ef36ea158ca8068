//! Rulebook 4.10 as tables: where a vehicle is at home, and when it is away.

mod common;

use common::book::{Book, at};
use common::ground_with;

/// The churn of March 2025 at each dealer: how many home vehicles, how many away.
fn homes(book: &Book) -> Vec<String> {
    let all = ground_with(&[("retention.min_vehicles", "20", "1"), ("retention.max_share", "60", "0")]);
    let found = book.found(&all, "2025-04-15");
    let mut lines: Vec<String> = found
        .findings
        .iter()
        .filter(|finding| finding.family == "retention.churn" && finding.subject.ends_with("@2025-03"))
        .map(|finding| {
            let detail: serde_json::Value = serde_json::from_str(&finding.detail).unwrap();
            format!("{} {}/{}", book.facts.codes.text(finding.dealer), detail["away"], detail["vehicles"])
        })
        .collect();
    lines.sort();
    lines
}

fn visit(book: Book, id: &str, completed: &str) -> Book {
    book.order(id, "2024-01-01", |order, _| order.completed_at = Some(at(completed)))
}

#[test]
fn away_is_more_than_90_days_before_the_months_end() {
    // 90 days before 2025-03-31 is 2024-12-31.
    let sold = || Book::new().sold("V1", "2024-02-01", Some("D1"));
    assert_eq!(homes(&sold()), ["D1 1/1"]);
    assert!(homes(&visit(sold(), "W", "2024-12-31 00:00")).is_empty());
    assert_eq!(homes(&visit(sold(), "W", "2024-12-30 23:59:59")), ["D1 1/1"]);
    assert!(homes(&Book::new().sold("V1", "2024-12-31", Some("D1"))).is_empty());
    assert_eq!(homes(&Book::new().sold("V1", "2024-12-30", Some("D1"))), ["D1 1/1"]);
    // A visit after the month's end, or before it was sold, is none.
    assert_eq!(homes(&visit(sold(), "W", "2025-04-01 00:00")), ["D1 1/1"]);
    assert_eq!(
        homes(&visit(Book::new().sold("V1", "2024-06-01", Some("D1")), "W", "2024-05-31")),
        ["D1 1/1"]
    );
}

#[test]
fn home_is_the_dealer_of_the_last_visit() {
    let book = Book::new().dealer("D2", "R1").sold("V1", "2024-02-01", Some("D2"));
    assert_eq!(homes(&book), ["D2 1/1"]);
    assert_eq!(homes(&visit(book, "W", "2024-03-01")), ["D1 1/1"]);
    // At one instant the greater id; never seen and sold by nobody known: at home nowhere.
    let mut book = visit(
        visit(Book::new().dealer("D2", "R1").sold("V1", "2024-02-01", None), "W9", "2024-03-01"),
        "W10",
        "2024-03-01",
    );
    let second = book.facts.codes.keep("D2");
    book.facts.work_orders[0].dealer = second;
    assert_eq!(homes(&book), ["D2 1/1"]); // W9 after W10, bytewise
    assert!(homes(&Book::new().sold("V1", "2024-02-01", None)).is_empty());
}

#[test]
fn churn_needs_enough_vehicles_and_more_than_the_share() {
    let check = |all: usize, away: usize, expected: &[&str]| {
        let book = (0..all).fold(Book::new(), |book, n| {
            let on = if n < away { "2024-02-01" } else { "2025-03-01" };
            book.sold(&format!("V{n}"), on, Some("D1"))
        });
        let lines = book.findings("retention", &ground_with(&[]), "2025-04-01 00:00");
        let of_march: Vec<&String> = lines.iter().filter(|line| line.contains("@2025-03 ")).collect();
        assert_eq!(of_march, expected, "{away} of {all}");
    };
    let churn = ["churn dealer:D1@2025-03 2025-03-31"];
    check(20, 13, &churn);
    check(20, 12, &[]); // 60 % is not more
    check(19, 19, &[]);
    let closed = (0..20)
        .fold(Book::new(), |book, n| book.sold(&format!("V{n}"), "2024-02-01", Some("D1")))
        .closes("2025-03-30");
    let lines = closed.findings("retention", &ground_with(&[]), "2025-04-01");
    assert!(
        lines.iter().all(|line| !line.contains("@2025-03 "))
            && lines.iter().any(|line| line.contains("@2025-02 "))
    );
}
