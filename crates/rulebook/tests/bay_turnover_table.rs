//! Rulebook 4.4 as tables: before, on and after each threshold and due date.

mod common;

use common::book::Book;
use common::ground_with;
use farsight_rulebook::case::Ground;
use farsight_rulebook::facts::RulingKind;

fn rulebook() -> Ground {
    ground_with(&[])
}

fn check(book: &Book, as_of: &str, expected: &[&str]) {
    assert_eq!(book.findings("bay-turnover", &rulebook(), as_of), expected, "as of {as_of}");
}

fn ten_bays() -> Book {
    Book::new().bays("2020-01-01", 10)
}

#[test]
fn thresholds_are_reached_exactly() {
    let rectify = ["rectify dealer:D1@2025-01 2025-01-31"];
    let warn = ["warn dealer:D1@2025-01 2025-01-31"];
    let with = |base: i64| ten_bays().base("2025-01", base, None);
    check(&with(3_499), "2025-02-01 00:00", &[]);
    check(&with(3_500), "2025-02-01 00:00", &warn);
    check(&with(4_499), "2025-02-01 00:00", &warn);
    check(&with(4_500), "2025-02-01 00:00", &rectify);
    check(&with(4_500), "2025-01-31 23:59:59", &[]);
    check(&with(4_500).bays("2025-01-31", 11), "2025-02-01", &warn);
    check(&with(4_500).bays("2025-02-01", 11), "2025-02-01", &rectify);
    check(&with(9_999).closes("2025-01-30"), "2025-02-15", &[]);
    check(&with(9_999).closes("2025-01-31"), "2025-02-15", &rectify);
}

#[test]
fn a_busy_region_has_a_lower_threshold_a_quiet_one_a_higher() {
    let rectify = ["rectify dealer:D1@2025-01 2025-01-31"];
    let warn = ["warn dealer:D1@2025-01 2025-01-31"];
    // D2 of another region makes the network's visits a customer what the row says.
    let region = |base: i64, visits: i64, other: i64| {
        let book = ten_bays().dealer("D2", "R2").base("2025-01", base, Some(visits)).base_of(
            "D2",
            "2025-01",
            base,
            Some(other),
        );
        book.findings("bay-turnover", &rulebook(), "2025-02-01")
    };
    assert_eq!(region(4_500, 450, 450), rectify); // factor 1
    assert_eq!(region(4_500, 450, 540), warn); // 1.1
    assert_eq!(region(4_950, 495, 594), rectify); // 1.1 × 450 = 495 a bay
    assert_eq!(region(3_600, 720, 72), rectify); // held to 0.80: 360 a bay
    assert_eq!(region(3_599, 720, 72), warn);
    assert_eq!(region(5_625, 56, 5_600), rectify); // held to 1.25: 562.5 a bay
    assert_eq!(region(5_624, 56, 5_600), warn);
    assert_eq!(region(4_500, 0, 450), rectify); // nothing known of the region
}

#[test]
fn the_region_is_that_of_the_months_last_day() {
    let busy_elsewhere = |from: &str| {
        let book = ten_bays().dealer("D2", "R2").dealer("D3", "R1").moves(from, "R2");
        let book = book.base("2025-01", 4_500, None);
        let book = book.base_of("D2", "2025-01", 4_500, Some(900)).base_of("D3", "2025-01", 4_500, Some(450));
        book.findings("bay-turnover", &rulebook(), "2025-02-01")
    };
    assert_eq!(busy_elsewhere("2025-02-01"), ["warn dealer:D1@2025-01 2025-01-31"]); // R1: 1.25
    assert_eq!(busy_elsewhere("2025-01-31"), ["rectify dealer:D1@2025-01 2025-01-31"]); // R2: 0.80
}

#[test]
fn missing_figures_are_an_alert_after_ten_days_and_never_a_guess() {
    let missing = ["data-missing dealer:D1@2025-01 2025-01-31"];
    let other = |book: Book| book.dealer("D2", "R1").base_of("D2", "2025-01", 10, None);
    let of_d1 = |book: &Book, as_of: &str| -> Vec<String> {
        let lines = book.findings("bay-turnover", &rulebook(), as_of);
        lines.into_iter().filter(|line| line.contains("D1@")).collect()
    };
    let no_base = other(ten_bays());
    assert!(of_d1(&no_base, "2025-02-09 23:59:59").is_empty());
    assert_eq!(of_d1(&no_base, "2025-02-10 00:00"), missing);
    let no_bays = other(Book::new()).base("2025-01", 9_999, None);
    assert_eq!(of_d1(&no_bays, "2025-02-10"), missing);
    let none = other(Book::new()).bays("2020-01-01", 0).base("2025-01", 9_999, None);
    assert_eq!(of_d1(&none, "2025-02-10"), missing);
    assert!(of_d1(&ten_bays(), "2025-03-10").is_empty()); // no dealer has a figure
}

/// Months of 5 000 customers each, on ten bays.
fn too_high(months: &[&str]) -> Book {
    months.iter().fold(ten_bays(), |book, month| book.base(month, 5_000, None))
}

fn accepted(book: Book, month: &str, when: &str) -> Book {
    book.rules(&format!("A-{month}-{when}"), RulingKind::Accept, &format!("dealer:D1@{month}"), when)
}

/// The overdue findings only.
fn overdue(book: &Book, as_of: &str) -> Vec<String> {
    let lines = book.findings("bay-turnover", &rulebook(), as_of);
    lines.iter().filter_map(|line| line.strip_prefix("overdue ").map(str::to_owned)).collect()
}

#[test]
fn an_order_not_accepted_in_time_is_overdue() {
    // Due 2025-04-01, 60 days after 2025-01-31.
    let january = || too_high(&["2025-01"]);
    let late = ["dealer:D1@2025-01 2025-04-02"];
    assert!(overdue(&january(), "2025-04-01 23:59:59").is_empty());
    assert_eq!(overdue(&january(), "2025-04-02 00:00"), late);
    assert!(overdue(&accepted(january(), "2025-01", "2025-04-01 23:59"), "2025-06-01").is_empty());
    assert_eq!(overdue(&accepted(january(), "2025-01", "2025-04-02 00:00"), "2025-06-01"), late);
    assert_eq!(overdue(&accepted(january(), "2025-02", "2025-03-01"), "2025-06-01"), late); // of no month it covers
}

#[test]
fn further_months_join_the_open_order() {
    let late = ["dealer:D1@2025-01 2025-04-02"];
    let both = || too_high(&["2025-01", "2025-02"]);
    assert_eq!(overdue(&both(), "2025-12-01"), late);
    assert!(overdue(&accepted(both(), "2025-02", "2025-03-20"), "2025-12-01").is_empty()); // by a joined month
    // Closed on 2025-02-10: February opens one of its own, due 2025-04-29.
    let apart = accepted(both(), "2025-01", "2025-02-10");
    assert_eq!(overdue(&apart, "2025-12-01"), ["dealer:D1@2025-02 2025-04-30"]);
    // Closed on the last day of February, which still joins.
    assert!(overdue(&accepted(both(), "2025-01", "2025-02-28"), "2025-12-01").is_empty());
}

#[test]
fn an_excused_first_month_passes_the_order_on() {
    let book =
        too_high(&["2025-01", "2025-02"]).rules("X", RulingKind::Excuse, "dealer:D1@2025-01", "2025-03-01");
    check(
        &book,
        "2025-12-01",
        &["overdue dealer:D1@2025-02 2025-04-30", "rectify dealer:D1@2025-02 2025-02-28"],
    );
    let alone = too_high(&["2025-01"]).rules("X", RulingKind::Excuse, "dealer:D1@2025-01", "2025-03-01");
    check(&alone, "2025-12-01", &[]);
}

#[test]
fn where_the_policy_sets_an_amount_the_overdue_order_costs_it() {
    let charging = ground_with(&[("bay-turnover.overdue", "\"0.00\"", "\"3000.00\"")]);
    let lines = too_high(&["2025-01"]).findings("bay-turnover", &charging, "2025-06-01");
    assert_eq!(
        lines,
        ["overdue dealer:D1@2025-01 2025-04-02 dealer-3000", "rectify dealer:D1@2025-01 2025-01-31"]
    );
}
