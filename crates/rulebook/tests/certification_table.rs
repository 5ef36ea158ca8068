//! Rulebook 4.3 as tables: advisors who come and go, certificates that lapse, work without one.

mod common;

use common::book::Book;
use common::ground_with;
use farsight_rulebook::facts::{Level, RulingKind};

/// The findings of one clause, without the others of the check.
fn check(book: &Book, clause: &str, as_of: &str, expected: &[&str]) {
    let lines = book.findings("certification", &ground_with(&[]), as_of);
    let of_clause: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix(clause)?.strip_prefix(' ')).collect();
    assert_eq!(of_clause, expected, "{clause} as of {as_of}");
}

const ADVISOR: &str = "service-advisor";
const YEARS: (&str, &str) = ("2024-01-01", "2026-12-31");

/// Advisor E1, certified for years, at the dealer until a day.
fn leaver(to: &str, reason: &str) -> Book {
    Book::new()
        .employed("E1", ADVISOR, "2024-01-01", Some((to, reason)))
        .certified("K1", "E1", ADVISOR, YEARS)
}

#[test]
fn a_certified_advisor_who_leaves_is_attrition() {
    let left = ["person:E1/D1@2025-03-10 2025-03-10 dealer-2000"];
    let check_left = |book: &Book, expected: &[&str]| check(book, "attrition", "2025-06-01", expected);
    check_left(&leaver("2025-03-10", "resigned"), &left);
    check_left(&leaver("2025-03-10", ""), &left);
    for exempt in ["transfer", "retirement", "death"] {
        check_left(&leaver("2025-03-10", exempt), &[]);
    }
    let by_day =
        |as_of: &str, expected: &[&str]| check(&leaver("2025-03-10", ""), "attrition", as_of, expected);
    by_day("2025-03-10 23:59:59", &[]);
    by_day("2025-03-11 00:00", &left);
    // Another position there on the next day, or the day after it.
    let next = |from: &str| leaver("2025-03-10", "").employed("E1", "clerk", from, None);
    check_left(&next("2025-03-11"), &[]);
    check_left(&next("2025-03-12"), &left);
    check_left(&next("2025-01-01"), &[]);
    // The day the dealer itself closes, and the day before.
    check_left(&leaver("2025-03-10", "").closes("2025-03-10"), &[]);
    check_left(&leaver("2025-03-10", "").closes("2025-03-11"), &left);
}

#[test]
fn the_certificate_must_be_valid_on_the_last_day() {
    let with = |days: (&str, &str), revoked: Option<&str>| {
        let book = Book::new().employed("E1", ADVISOR, "2024-01-01", Some(("2025-03-10", "")));
        book.certified_at("K1", "E1", ADVISOR, None, days, revoked)
    };
    let found = |book: &Book, expected: bool| {
        let line: &[&str] = if expected { &["person:E1/D1@2025-03-10 2025-03-10 dealer-2000"] } else { &[] };
        check(book, "attrition", "2025-06-01", line);
    };
    found(&with(("2024-01-01", "2025-03-10"), None), true);
    found(&with(("2024-01-01", "2025-03-09"), None), false);
    found(&with(("2025-03-10", "2026-12-31"), None), true);
    found(&with(("2025-03-11", "2026-12-31"), None), false);
    found(&with(YEARS, Some("2025-03-11")), true);
    found(&with(YEARS, Some("2025-03-10")), false); // on the day revoked it no longer counts
}

/// Advisors E1, E2 … certified and there from 2025-01-01.
fn staff(count: usize) -> Book {
    (1..=count).fold(Book::new(), |book, number| {
        let person = format!("E{number}");
        let book = book.employed(&person, ADVISOR, "2025-01-01", None);
        book.certified(&format!("K{number}"), &person, ADVISOR, YEARS)
    })
}

#[test]
fn a_dealer_needs_two_certified_advisors_and_one_for_eight_bays() {
    let short = ["dealer:D1@2025-01 2025-01-31"];
    let at_end = |book: &Book, expected: &[&str]| check(book, "shortfall", "2025-02-01 00:00", expected);
    at_end(&staff(2), &[]);
    at_end(&staff(1), &short);
    at_end(&staff(2).bays("2020-01-01", 16), &[]);
    at_end(&staff(2).bays("2020-01-01", 17), &short);
    at_end(&staff(3).bays("2020-01-01", 24), &[]);
    at_end(&staff(3).bays("2020-01-01", 24).bays("2025-01-31", 25), &short);
    at_end(&staff(3).bays("2020-01-01", 24).bays("2025-02-01", 25), &[]);
    check(&staff(1), "shortfall", "2025-01-31 23:59:59", &[]);
    at_end(&Book::new(), &[]); // before anybody is employed there
    at_end(&Book::new().employed("E1", "clerk", "2025-01-31", None), &short);
    at_end(&Book::new().employed("E1", "clerk", "2025-02-01", None), &[]);
    at_end(&staff(1).closes("2025-01-30"), &[]);
    at_end(&staff(1).closes("2025-01-31"), &short);
}

#[test]
fn a_lapsing_certificate_warns_sixty_thirty_and_seven_days_before() {
    let lapsing = || {
        let book = Book::new().employed("E1", ADVISOR, "2024-01-01", None);
        book.certified("K1", "E1", ADVISOR, ("2024-01-01", "2025-06-30"))
    };
    let at = |book: &Book, as_of: &str, expected: &[&str]| check(book, "expiring", as_of, expected);
    let (sixty, thirty, seven) =
        ("certificate:K1#60 2025-05-01", "certificate:K1#30 2025-05-31", "certificate:K1#7 2025-06-23");
    at(&lapsing(), "2025-04-30 23:59:59", &[]);
    at(&lapsing(), "2025-05-01 00:00", &[sixty]);
    at(&lapsing(), "2025-05-31 00:00", &[thirty, sixty]);
    at(&lapsing(), "2025-06-23 00:00", &[thirty, sixty, seven]);
    at(&lapsing(), "2025-06-30 23:59:59", &[thirty, sixty, seven]);
    at(&lapsing(), "2025-07-01 00:00", &[]);
    // A successor that lapses later, from the day of its issue; one of another kind or no later is none.
    let succeeded =
        |kind: &str, issued: &str, expires: &str| lapsing().certified("K2", "E1", kind, (issued, expires));
    at(&succeeded(ADVISOR, "2025-05-02", "2027-01-01"), "2025-05-01", &[sixty]);
    at(&succeeded(ADVISOR, "2025-05-02", "2027-01-01"), "2025-05-02 00:00", &[]);
    at(&succeeded("technician", "2025-05-02", "2027-01-01"), "2025-05-02", &[sixty]);
    at(&succeeded(ADVISOR, "2025-05-02", "2025-06-30"), "2025-05-02", &[sixty]);
    // Issued on the crossing day, or later; revoked; holder in another position.
    let alone = |issued: &str| {
        Book::new().employed("E1", ADVISOR, "2024-01-01", None).certified(
            "K1",
            "E1",
            ADVISOR,
            (issued, "2025-06-30"),
        )
    };
    at(&alone("2025-05-01"), "2025-05-02", &[sixty]);
    at(&alone("2025-05-02"), "2025-05-02", &[]);
    let revoked = Book::new().employed("E1", ADVISOR, "2024-01-01", None);
    let revoked =
        revoked.certified_at("K1", "E1", ADVISOR, None, ("2024-01-01", "2025-06-30"), Some("2025-05-10"));
    at(&revoked, "2025-05-09", &[sixty]);
    at(&revoked, "2025-05-10 00:00", &[]);
    let other = Book::new().employed("E1", "technician", "2024-01-01", None);
    at(&other.certified("K1", "E1", ADVISOR, ("2024-01-01", "2025-06-30")), "2025-05-02", &[]);
}

#[test]
fn differential_pay_is_for_every_day_of_the_month() {
    let earned = ["person:E1/D1@2025-03 2025-03-31 dealer+300"];
    let march = |from: &str, to: Option<(&str, &str)>, days: (&str, &str)| {
        Book::new().employed("E1", ADVISOR, from, to).certified("K1", "E1", ADVISOR, days)
    };
    let at_end = |book: &Book, expected: &[&str]| check(book, "bonus", "2025-04-01 00:00", expected);
    let whole = ("2025-03-01", "2025-03-31");
    at_end(&march("2025-03-01", None, whole), &earned);
    check(&march("2025-03-01", None, whole), "bonus", "2025-03-31 23:59:59", &[]);
    at_end(&march("2025-03-02", None, whole), &[]);
    at_end(&march("2025-03-01", Some(("2025-03-30", "")), whole), &[]);
    at_end(&march("2025-03-01", Some(("2025-03-31", "")), whole), &earned);
    at_end(&march("2025-03-01", None, ("2025-03-02", "2025-03-31")), &[]);
    at_end(&march("2025-03-01", None, ("2025-03-01", "2025-03-30")), &[]);
    // Adjoining certificates and employments are one; a day between them is not.
    let two = |second: &str| {
        march("2025-03-01", None, ("2025-03-01", "2025-03-15")).certified(
            "K2",
            "E1",
            ADVISOR,
            (second, "2026-01-01"),
        )
    };
    at_end(&two("2025-03-16"), &earned);
    at_end(&two("2025-03-17"), &[]);
    let again = |second: &str| {
        march("2025-03-01", Some(("2025-03-15", "")), whole).employed("E1", ADVISOR, second, None)
    };
    at_end(&again("2025-03-16"), &earned);
    at_end(&again("2025-03-17"), &[]);
    let excused = march("2025-03-01", None, whole).rules(
        "X",
        RulingKind::Excuse,
        "person:E1/D1@2025-03",
        "2025-04-01 00:00",
    );
    at_end(&excused, &[]);
}

/// What is found of one order by advisor A and technician T, who hold these certificates.
fn check_work(level: Level, nev: bool, held: &[(&str, &str, Option<Level>)], lacks: bool) {
    let book = Book::new().order("W1", "2025-03-05 15:00", |order, code| {
        (order.advisor, order.technician) = (Some(code("A")), Some(code("T")));
        (order.level, order.nev) = (level, nev);
    });
    let book = held.iter().enumerate().fold(book, |book, (number, (person, kind, level))| {
        book.certified_at(&format!("K{number}"), person, kind, *level, ("2025-03-05", "2025-03-05"), None)
    });
    let expected: &[&str] = if lacks { &["dealer:D1@2025-03-05 2025-03-05"] } else { &[] };
    check(&book, "uncertified-work", "2025-03-05 23:59:59", &[]);
    check(&book, "uncertified-work", "2025-03-06 00:00", expected);
}

#[test]
fn work_needs_the_certificate_of_its_level() {
    let advisor = ("A", ADVISOR, None);
    let technician = |level| ("T", "technician", Some(level));
    let nev = ("T", "nev", None);
    check_work(Level::Basic, false, &[advisor, technician(Level::Basic)], false);
    check_work(Level::Basic, false, &[technician(Level::Basic)], true);
    check_work(Level::Basic, false, &[advisor], true);
    check_work(Level::Special, false, &[advisor, technician(Level::Basic)], true);
    check_work(Level::Special, false, &[advisor, technician(Level::Special)], false);
    check_work(Level::Special, false, &[advisor, technician(Level::Difficult)], false);
    check_work(Level::Basic, true, &[advisor, technician(Level::Difficult)], true);
    check_work(Level::Basic, true, &[advisor, technician(Level::Difficult), nev], false);
}

#[test]
fn work_is_judged_by_the_certificate_of_that_day() {
    let on = |days: (&str, &str), revoked: Option<&str>, lacks: bool| {
        let book = Book::new().order("W1", "2025-03-05 15:00", |order, code| order.advisor = Some(code("A")));
        let book = book.certified_at("K1", "A", ADVISOR, None, days, revoked);
        let expected: &[&str] = if lacks { &["dealer:D1@2025-03-05 2025-03-05"] } else { &[] };
        check(&book, "uncertified-work", "2025-06-01", expected);
    };
    on(("2025-03-05", "2025-12-31"), None, false);
    on(("2025-03-06", "2025-12-31"), None, true);
    on(("2025-01-01", "2025-03-05"), None, false);
    on(("2025-01-01", "2025-03-04"), None, true);
    on(YEARS, Some("2025-03-06"), false);
    on(YEARS, Some("2025-03-05"), true);
}
