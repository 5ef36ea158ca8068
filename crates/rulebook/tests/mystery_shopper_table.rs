//! Rulebook 4.8 as tables.

mod common;

use common::book::Book;
use common::ground_with;
use farsight_rulebook::facts::RulingKind;

fn check(book: &Book, as_of: &str, expected: &[&str]) {
    assert_eq!(book.findings("mystery-shopper", &ground_with(&[]), as_of), expected, "as of {as_of}");
}

#[test]
fn a_month_is_its_visits_mean_rounded() {
    let excellent = ["excellent dealer:D1@2025-03 2025-03-31 dealer+2000"];
    let poor = ["poor dealer:D1@2025-03 2025-03-31 dealer-2000"];
    let of = |scores: &[[i64; 4]]| {
        scores
            .iter()
            .enumerate()
            .fold(Book::new(), |book, (n, scores)| book.mystery(&format!("V{n}"), "2025-03-31", *scores))
    };
    check(&of(&[[9_000; 4]]), "2025-04-01 00:00", &excellent);
    check(&of(&[[9_000; 4]]), "2025-03-31 23:59:59", &[]);
    check(&of(&[[9_000, 9_000, 9_000, 8_998]]), "2025-04-01", &excellent); // 89.995 is 90.00
    check(&of(&[[9_000, 9_000, 9_000, 8_996]]), "2025-04-01", &[]); // 89.99
    check(&of(&[[6_000; 4]]), "2025-04-01", &[]);
    check(&of(&[[6_000, 6_000, 6_000, 5_996]]), "2025-04-01", &poor); // 59.99
    check(&of(&[[10_000; 4], [8_000; 4]]), "2025-04-01", &excellent);
    check(&Book::new(), "2025-04-01", &[]);
    check(
        &of(&[[0; 4]]).rules("X", RulingKind::Excuse, "dealer:D1@2025-03", "2025-04-01"),
        "2025-04-02",
        &[],
    );
}
