//! Rulebook 4.11 as tables: what is tested, and when it is no chance.

mod common;

use common::book::{Book, at};
use common::ground_with;

/// A hundred vehicles sold long ago, an order without fault in each of the six months before, and so many vehicles with
/// fault `F1` in each of the months named.
fn book(faults: &[(&str, usize)]) -> Book {
    let sold = (0..100).fold(Book::new(), |book, n| book.sold(&format!("V{n}"), "2024-01-05", Some("D1")));
    let months = ["2024-09", "2024-10", "2024-11", "2024-12", "2025-01", "2025-02"];
    let quiet = months.iter().fold(sold, |book, month| {
        book.order(&format!("Q-{month}"), &format!("{month}-03"), |order, _| order.fault = None)
    });
    faults.iter().fold(quiet, |book, (month, vehicles)| faulty(book, month, *vehicles, 5_000))
}

fn faulty(book: Book, month: &str, vehicles: usize, km: i64) -> Book {
    (0..vehicles).fold(book, |book, n| {
        book.order(&format!("F-{month}-{n}"), &format!("{month}-05"), |order, code| {
            order.vin = code(&format!("V{n}"));
            order.completed_at = Some(at(&format!("{month}-06")));
            order.odometer_km = Some(km);
        })
    })
}

fn found(book: &Book, as_of: &str) -> Vec<String> {
    book.findings("fault-hotspot", &ground_with(&[]), as_of)
}

const RISING: [&str; 1] = ["rising model:M1/F1@2025-03 2025-03-31"];

#[test]
fn a_fault_rises_when_chance_does_not_explain_it() {
    assert_eq!(found(&book(&[("2025-03", 5)]), "2025-04-01 00:00"), RISING); // λ = 0
    assert!(found(&book(&[("2025-03", 5)]), "2025-03-31 23:59:59").is_empty());
    assert!(found(&book(&[("2025-03", 4)]), "2025-04-01").is_empty()); // too few
    // Six before: λ = 1, of which six is rare and five is not.
    let before = [("2024-09", 3), ("2025-02", 3)];
    let with = |vehicles| book(&[&before[..], &[("2025-03", vehicles)]].concat());
    assert_eq!(found(&with(6), "2025-04-01"), RISING);
    assert!(found(&with(5), "2025-04-01").is_empty());
}

#[test]
fn the_same_vehicle_counts_once_and_strangers_nowhere() {
    let twice = faulty(book(&[("2025-03", 4)]), "2025-03", 0, 0);
    let twice = twice.order("again", "2025-03-20", |order, code| order.vin = code("V0"));
    assert!(found(&twice, "2025-04-01").is_empty());
    let stranger =
        book(&[("2025-03", 4)]).order("S", "2025-03-20", |order, code| order.vin = code("UNKNOWN"));
    assert!(found(&stranger, "2025-04-01").is_empty());
    let fifth = book(&[("2025-03", 4)]).order("S", "2025-03-20", |order, code| order.vin = code("V50"));
    assert_eq!(found(&fifth, "2025-04-01"), RISING);
}

#[test]
fn nothing_is_tested_without_six_months_of_orders_and_exposure() {
    let mut silent = book(&[("2025-03", 9)]);
    silent.facts.work_orders.retain(|order| order.created_at != at("2024-11-03"));
    assert!(found(&silent, "2025-04-01").is_empty());
    let mut new = book(&[("2025-03", 9)]);
    new.facts.vehicles.iter_mut().for_each(|row| row.sold_on = common::book::day("2024-10-01"));
    assert!(found(&new, "2025-04-01").is_empty()); // none sold by the end of September
}

#[test]
fn early_faults_are_measured_by_what_was_just_sold() {
    // Ten sold each month from July on; five of them have a fault in their first kilometres in March.
    let months =
        ["2024-07", "2024-08", "2024-09", "2024-10", "2024-11", "2024-12", "2025-01", "2025-02", "2025-03"];
    let sold = months.iter().fold(book(&[]), |book, month| {
        (0..10).fold(book, |book, n| book.sold(&format!("N-{month}-{n}"), &format!("{month}-02"), Some("D1")))
    });
    let check = |km: i64, expected: &[&str]| {
        let book = (0..5).fold(sold_again(&sold), |book, n| {
            book.order(&format!("E{n}"), "2025-03-10", |order, code| {
                order.vin = code(&format!("N-2025-03-{n}"));
                order.fault = Some(code(&format!("X{n}")));
                order.odometer_km = Some(km);
            })
        });
        assert_eq!(found(&book, "2025-04-01"), expected, "{km} km");
    };
    check(1_000, &["early model:M1/*@2025-03 2025-03-31"]);
    check(1_001, &[]);
}

fn sold_again(book: &Book) -> Book {
    Book { facts: book.facts.clone() }
}
