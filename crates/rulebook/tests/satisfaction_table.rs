//! Rulebook 4.7 as tables: tiers, regions and stars, before, on and after each threshold; ties; too few.

mod common;

use common::book::Book;
use common::{ground_with, policy_with};
use farsight_rulebook::facts::{Role, RulingKind};

fn found(book: &Book, as_of: &str) -> Vec<String> {
    book.findings("satisfaction", &ground_with(&[]), as_of)
}

/// Ten responses of the same score, in hundredths.
fn ten(book: Book, dealer: &str, score: i64) -> Book {
    (0..10).fold(book, |book, n| {
        book.answers_of(dealer, &format!("{dealer}-{n}"), "quality", None, "2025-03-05", score)
    })
}

#[test]
fn tiers_are_of_the_rounded_score() {
    let table = [
        (10_000, Some("gold dealer:D1@2025-03 2025-03-31 dealer+3000")),
        (9_500, Some("gold dealer:D1@2025-03 2025-03-31 dealer+3000")),
        (9_499, Some("silver dealer:D1@2025-03 2025-03-31 dealer+1500")),
        (9_000, Some("silver dealer:D1@2025-03 2025-03-31 dealer+1500")),
        (8_999, None),
        (7_500, None),
        (7_499, Some("low dealer:D1@2025-03 2025-03-31")),
    ];
    for (score, expected) in table {
        let lines = found(&ten(Book::new(), "D1", score), "2025-04-01 00:00");
        assert_eq!(lines.first().map(String::as_str), expected, "{score}");
    }
    // 94.99 nine times and 95.04 once is 94.995: rounded 95.00.
    let nine = (0..9).fold(Book::new(), |book, n| book.answers(&format!("R{n}"), None, "2025-03-05", 9_499));
    assert_eq!(found(&nine.answers("R9", None, "2025-03-05", 9_504), "2025-04-01").len(), 1);
    assert!(found(&ten(Book::new(), "D1", 10_000), "2025-03-31 23:59:59").is_empty());
    let nine = (0..9).fold(Book::new(), |book, n| book.answers(&format!("R{n}"), None, "2025-03-05", 10_000));
    assert!(found(&nine, "2025-04-01").is_empty());
}

#[test]
fn a_response_weighs_its_answered_factors_only() {
    let respond = |factors: &[(&str, i64)]| {
        (0..10).fold(Book::new(), |book, n| {
            factors.iter().fold(book, |book, (factor, score)| {
                book.answers_of("D1", &format!("R{n}"), factor, None, "2025-03-05", *score)
            })
        })
    };
    let gold = ["gold dealer:D1@2025-03 2025-03-31 dealer+3000"];
    // (25·100 + 30·91) / 55 = 95.09; with amenities, which weigh nothing, and one the policy does not name, the same.
    assert_eq!(found(&respond(&[("response", 10_000), ("quality", 9_100)]), "2025-04-01"), gold);
    let all = [("response", 10_000), ("quality", 9_100), ("amenities", 0), ("parking", 0)];
    assert_eq!(found(&respond(&all), "2025-04-01"), gold);
    // Nothing that weighs: no response.
    assert!(found(&respond(&[("amenities", 10_000)]), "2025-04-01").is_empty());
}

#[test]
fn a_region_may_have_weights_of_its_own() {
    let text =
        "[satisfaction.region_weights]\nR1 = { amenities = 1, quality = 0 }\n\n[satisfaction.min_responses]";
    let mut ground = ground_with(&[]);
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies/example-2026.toml");
    let file = std::fs::read_to_string(path).unwrap().replace("[satisfaction.min_responses]", text);
    let yuan = farsight_rulebook::money::Currency::of("CNY").unwrap();
    let policy = farsight_rulebook::policy::Policy::read(&file, yuan).unwrap();
    let book = ten(Book::new().dealer("D2", "R2"), "D2", 10_000);
    let book = (0..10).fold(book, |book, n| {
        let book = book.answers_of("D1", &format!("D1-{n}"), "quality", None, "2025-03-05", 0);
        book.answers_of("D1", &format!("D1-{n}"), "amenities", None, "2025-03-05", 9_200)
    });
    ground.timeline = farsight_rulebook::policy::Timeline::of(policy, common::book::day("2014-09-01"));
    assert_eq!(
        book.findings("satisfaction", &ground, "2025-04-01"),
        ["gold dealer:D2@2025-03 2025-03-31 dealer+3000", "silver dealer:D1@2025-03 2025-03-31 dealer+1500",]
    );
}

/// Three regions, each one dealer with ten responses of a score, each with a director.
fn regions(scores: [i64; 3]) -> Vec<String> {
    let book = Book::new().dealer("D2", "R2").dealer("D3", "R3");
    let book = book.post("RD2", Role::RegionDirector, "R2", "2014-01-01", None);
    let book = book.post("RD3", Role::RegionDirector, "R3", "2014-01-01", None);
    let book =
        ["D1", "D2", "D3"].iter().zip(scores).fold(book, |book, (dealer, score)| ten(book, dealer, score));
    found(&book, "2025-04-01").into_iter().filter(|line| line.starts_with("region")).collect()
}

#[test]
fn the_first_region_gains_and_the_last_pays_below_ninety() {
    let top = |region: &str| format!("region-top region:{region}@2025-03 2025-03-31 region-director+2000");
    let bottom =
        |region: &str| format!("region-bottom region:{region}@2025-03 2025-03-31 region-director-500");
    assert_eq!(regions([9_500, 9_200, 8_999]), [bottom("R3"), top("R1")]);
    assert_eq!(regions([9_500, 9_200, 9_000]), [top("R1")]); // 90 is not below 90
    assert_eq!(regions([9_500, 9_500, 8_000]), [bottom("R3"), top("R1"), top("R2")]); // each of tied ones in full
    assert_eq!(regions([9_500, 8_000, 8_000]), [bottom("R2"), bottom("R3"), top("R1")]);
    assert!(regions([8_000, 8_000, 8_000]).is_empty()); // all equal
}

#[test]
fn two_regions_are_not_ranked_and_an_excuse_moves_no_other() {
    let book = ten(ten(Book::new().dealer("D2", "R2"), "D1", 9_500), "D2", 8_000);
    assert!(found(&book, "2025-04-01").iter().all(|line| !line.starts_with("region")));
    let book = ten(book.dealer("D3", "R3"), "D3", 8_500);
    let book = book.rules("X", RulingKind::Excuse, "region:R2@2025-03", "2025-04-01");
    let lines: Vec<String> =
        found(&book, "2025-04-02").into_iter().filter(|line| line.starts_with("region")).collect();
    assert_eq!(lines, ["region-top region:R1@2025-03 2025-03-31 region-director+2000"]);
}

/// An employee named in so many responses, so many of them good.
fn named(book: Book, employee: &str, all: usize, good: usize) -> Book {
    (0..all).fold(book, |book, n| {
        let score = if n < good { 9_000 } else { 8_999 };
        book.answers(&format!("{employee}-{n}"), Some(employee), "2025-03-05", score)
    })
}

fn stars(book: &Book) -> Vec<String> {
    found(book, "2025-04-01").into_iter().filter(|line| line.starts_with("star")).collect()
}

#[test]
fn stars_are_ranked_by_share_then_by_responses() {
    let star = |person: &str, yuan: i64| format!("star person:{person}@2025-03 2025-03-31 employee+{yuan}");
    let book = named(named(named(named(Book::new(), "A", 10, 10), "B", 12, 12), "C", 20, 10), "D", 10, 4);
    assert_eq!(stars(&book), [star("A", 600), star("B", 1000), star("C", 300)]);
    // Equal ones share a place and leave the next ones empty.
    let book = named(named(named(Book::new(), "A", 10, 10), "B", 10, 10), "C", 20, 10);
    assert_eq!(stars(&book), [star("A", 1000), star("B", 1000), star("C", 300)]);
    let book = named(named(named(named(Book::new(), "A", 10, 9), "B", 10, 8), "C", 10, 8), "D", 10, 8);
    assert_eq!(stars(&book), [star("A", 1000), star("B", 600), star("C", 600), star("D", 600)]);
    // Nine responses, or none good, make no star.
    assert!(stars(&named(named(Book::new(), "A", 9, 9), "B", 10, 0)).is_empty());
}

#[test]
fn an_excused_star_keeps_its_place() {
    let book = named(named(Book::new(), "A", 10, 10), "B", 10, 9);
    let book = book.rules("X", RulingKind::Excuse, "person:A@2025-03", "2025-04-01");
    assert_eq!(stars(&book), ["star person:B@2025-03 2025-03-31 employee+600"]);
}

#[test]
fn the_dealer_of_a_star_is_that_of_the_last_response() {
    let book = named(Book::new().dealer("D2", "R1"), "A", 10, 10);
    let book = book.answers_of("D2", "Z", "quality", Some("A"), "2025-03-20", 10_000);
    let found = book.found(&ground_with(&[]), "2025-04-01 12:00");
    let star = found.findings.iter().find(|finding| finding.family == "satisfaction.star").unwrap();
    assert_eq!(book.facts.codes.text(star.dealer), "D2");
}

#[test]
fn tiers_that_overlap_are_refused() {
    let refused =
        std::panic::catch_unwind(|| policy_with("example-2026", &[("satisfaction.gold_at", "95", "80")]));
    assert!(refused.is_err());
}
