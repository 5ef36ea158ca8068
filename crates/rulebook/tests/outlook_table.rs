//! What the next failure of item-05 would cost, before, on and after each edge: the clause, the dealer's amount, the
//! failures that count, and the day on which the oldest stops counting.

mod common;

use common::book::{Book, at};
use common::ground_with;
use farsight_rulebook::checks::spot_check::{Outlook, outlook};

fn of_item(failed_on: &[&str], now: &str) -> Outlook {
    let book = Book::new().fails(failed_on);
    let all = outlook(&book.facts, &ground_with(&[]), at(now), "D1").unwrap();
    assert_eq!(all.len(), 12, "one for each item of the policy");
    all.into_iter().find(|it| it.item == "item-05").unwrap()
}

fn check(
    failed_on: &[&str],
    now: &str,
    (clause, costs, failures): (&str, i64, usize),
    leaves_on: Option<&str>,
) {
    let it = of_item(failed_on, now);
    assert_eq!(
        (it.clause, -it.dealer.0 / 100, it.failures),
        (clause, costs, failures),
        "{failed_on:?} at {now}"
    );
    assert_eq!(it.leaves_on.map(|day| day.to_string()).as_deref(), leaves_on, "{failed_on:?} at {now}");
}

#[test]
fn it_says_what_the_check_says() {
    check(&[], "2025-03-05", ("spot-check.first", 500, 0), None);
    check(&["2025-02-05"], "2025-03-31", ("spot-check.repeat", 1_000, 1), Some("2026-02-05"));
    check(&["2025-02-05"], "2025-04-01", ("spot-check.first", 500, 1), Some("2026-02-05"));
    check(&["2024-03-05", "2024-09-01"], "2025-03-04", ("spot-check.third", 10_000, 2), Some("2025-03-05"));
    check(&["2024-03-05", "2024-09-01"], "2025-03-05", ("spot-check.first", 500, 1), Some("2025-09-01"));
    check(&["2024-02-29", "2024-06-01"], "2025-02-28", ("spot-check.third", 10_000, 2), Some("2025-03-01"));
}

#[test]
fn an_item_that_failed_today_fails_next_tomorrow() {
    check(&["2025-03-05"], "2025-03-05 18:00", ("spot-check.first", 500, 1), Some("2026-03-05"));
    check(&["2025-03-31"], "2025-03-31 18:00", ("spot-check.repeat", 1_000, 1), Some("2026-03-31"));
}
