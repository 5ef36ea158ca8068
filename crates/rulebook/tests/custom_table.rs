//! A manufacturer's own rules as tables: before, on and after each threshold, and what is not judged (docs/custom-rules.md).

mod common;

use common::book::{Book, at};
use common::{ground_with_rules, messages};
use farsight_rulebook::case::Ground;
use farsight_rulebook::checks::custom::{FIGURES, FUNCTIONS, MOST_BYTES, MOST_DEPTH};
use farsight_rulebook::facts::{Deed, InspectionResult, Role, RulingKind};
use farsight_rulebook::finding::Finding;
use farsight_rulebook::messages::{Language, Voice};
use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::Seat;

const DOCS: &str = include_str!("../../../docs/custom-rules.md");

/// A share of late orders with three tiers, in a region and at dealers; no complaint at all; customers a bay.
const RULES: &str = r#"
[custom.measures.late_share]
zh = "超时完工占比"
en = "Share of orders late"
unit = { zh = "%", en = "%" }
decimals = 2
expression = "share(orders_late, orders_promised)"

[custom.measures.strain]
zh = "每工位进店"
en = "Visits a bay"
expression = "per(visits, bays, 1)"

[custom.rules.late]
zh = "超时完工"
en = "Orders late"
of = "dealer"
measure = "late_share"
condition = "month != 2"
sample = "orders_promised"
min_sample = 4
tiers.few = { below = 2500 }
tiers.some = { from = 2500, below = 5000, zh = "较多", en = "Many late", severity = "warning", charges.dealer = { penalty = "500.00", source = "set by the manufacturer" } }
tiers.many = { from = 5000, zh = "很多", en = "Very many late", severity = "critical", charges = { dealer = { penalty = "2000.00", source = "set by the manufacturer" }, district-manager = { penalty = "200.00", source = "set by the manufacturer" } } }

[custom.rules.quiet]
zh = "零投诉"
en = "No complaint"
of = "dealer"
measure = "complaints"
sample = "orders_completed"
min_sample = 2
tiers.none = { below = 1, zh = "零", en = "None at all", severity = "none", charges.dealer = { incentive = "300.00", source = "set by the manufacturer" } }

[custom.rules.region]
zh = "大区超时完工"
en = "Orders late in a region"
of = "region"
measure = "late_share"
sample = "orders_promised"
min_sample = 6
tiers.half = { from = 5000, zh = "过半", en = "Half of them", severity = "warning", charges.region-director = { penalty = "1000.00", source = "set by the manufacturer" } }

[custom.rules.strain]
zh = "负荷"
en = "Strain"
of = "dealer"
measure = "strain"
sample = "base_customers"
min_sample = 100
tiers.high = { from = 51, zh = "高", en = "High", severity = "notice" }
no-figure = { zh = "无数", en = "No figure", severity = "notice" }
"#;

fn ground() -> Ground {
    ground_with_rules(RULES)
}

#[track_caller]
fn check(book: &Book, as_of: &str, expected: &[&str]) {
    assert_eq!(book.findings("custom", &ground(), as_of), expected, "as of {as_of}");
}

/// So many orders of a month that were promised for the tenth at noon, the first of them completed a minute later than that.
fn orders(book: Book, month: &str, all: usize, late: usize) -> Book {
    (0..all).fold(book, |book, number| {
        let id = format!("W-{month}-{number}");
        book.order(&id, &format!("{month}-05 10:00"), |order, _| {
            order.promised_at = Some(at(&format!("{month}-10 12:00")));
            let minute = if number < late { "12:01" } else { "12:00" };
            order.completed_at = Some(at(&format!("{month}-10 {minute}")));
        })
    })
}

/// The same without the incentive for a month without a complaint.
fn complained(book: Book, month: &str) -> Book {
    book.complaint_of("C-9", &format!("{month}-03"), None, false, "parts", None)
}

fn of(all: usize, late: usize) -> Book {
    complained(orders(Book::new(), "2025-03", all, late), "2025-03")
}

#[test]
fn a_number_lies_in_the_tier_from_its_bound_on() {
    let some = ["late.some dealer:D1@2025-03 2025-03-31 dealer-500"];
    let many = ["late.many dealer:D1@2025-03 2025-03-31 dealer-2000 district-manager-200"];
    check(&of(5, 1), "2025-04-01", &[]); // 20.00
    check(&of(4, 1), "2025-04-01", &some); // 25.00
    check(&of(5, 2), "2025-04-01", &some); // 40.00
    check(&of(4, 2), "2025-04-01", &many); // 50.00
    check(&of(4, 4), "2025-04-01", &many);
    // Judged once the month is over.
    check(&of(4, 1), "2025-03-31 23:59:59", &[]);
    check(&of(4, 1), "2025-04-01 00:00", &some);
}

#[test]
fn too_few_and_a_condition_that_does_not_hold_are_not_judged() {
    check(&of(3, 3), "2025-04-01", &[]);
    let february = complained(orders(Book::new(), "2025-02", 5, 5), "2025-02");
    check(&february, "2025-04-01", &[]);
    check(&Book::new(), "2025-04-01", &[]);
    check(&of(4, 1).closes("2025-03-30"), "2025-04-01", &[]);
    check(
        &of(4, 1).closes("2025-03-31"),
        "2025-04-01",
        &["late.some dealer:D1@2025-03 2025-03-31 dealer-500"],
    );
}

#[test]
fn none_at_all_can_earn_an_incentive() {
    let earned = ["quiet.none dealer:D1@2025-03 2025-03-31 dealer+300"];
    let quiet = || orders(Book::new(), "2025-03", 2, 0);
    check(&quiet(), "2025-04-01", &earned);
    check(&orders(Book::new(), "2025-03", 1, 0), "2025-04-01", &[]);
    check(&complained(quiet(), "2025-03"), "2025-04-01", &[]);
    check(&complained(quiet(), "2025-02"), "2025-04-01", &earned);
    let withdrawn =
        complained(quiet(), "2025-03").rules("X", RulingKind::Withdraw, "complaint:C-9", "2025-04-02");
    check(&withdrawn, "2025-04-02 09:59", &[]);
    check(&withdrawn, "2025-04-02", &earned);
}

#[test]
fn a_figure_that_is_not_known_is_told_and_not_guessed() {
    let none = ["strain.no-figure dealer:D1@2025-03 2025-03-31"];
    let base = |visits| Book::new().base("2025-03", 100, visits);
    check(
        &base(Some(510)).bays("2025-01-01", 10),
        "2025-04-01",
        &["strain.high dealer:D1@2025-03 2025-03-31"],
    );
    check(
        &base(Some(505)).bays("2025-01-01", 10),
        "2025-04-01",
        &["strain.high dealer:D1@2025-03 2025-03-31"],
    ); // 50.5 is 51
    check(&base(Some(504)).bays("2025-01-01", 10), "2025-04-01", &[]);
    check(&base(None).bays("2025-01-01", 10), "2025-04-01", &none);
    check(&base(Some(510)), "2025-04-01", &none);
    check(&base(Some(510)).bays("2025-01-01", 0), "2025-04-01", &none);
    check(&Book::new().base("2025-03", 99, None), "2025-04-01", &[]); // too few to say anything
}

#[test]
fn a_region_is_the_sum_of_its_dealers_on_the_last_day() {
    let half = "region.half region:R1@2025-03 2025-03-31 region-director-1000";
    // D1 has three of five late, D2 (whose orders come by hand) none of one.
    let both = |late| {
        let mut book = of(5, late).dealer("D2", "R1");
        let dealer = book.facts.codes.keep("D2");
        let mut order = book.facts.work_orders[4];
        (order.dealer, order.work_order) = (dealer, book.facts.codes.keep("W-D2"));
        book.facts.work_orders.push(order);
        book
    };
    let many = "late.many dealer:D1@2025-03 2025-03-31 dealer-2000 district-manager-200";
    check(&both(3), "2025-04-01", &[many, half]);
    check(&both(2), "2025-04-01", &["late.some dealer:D1@2025-03 2025-03-31 dealer-500"]); // a third
    check(&both(3).moves("2025-04-01", "R2"), "2025-04-01", &[many, half]);
    check(&both(3).moves("2025-03-31", "R2"), "2025-04-01", &[many]); // five there, one here: too few
}

#[test]
fn an_order_counts_in_the_month_of_its_completion_and_can_be_corrected() {
    let march = of(4, 1);
    let mut april = of(4, 1);
    april.facts.work_orders[3].completed_at = Some(at("2025-04-01 00:00"));
    check(&march, "2025-05-01", &["late.some dealer:D1@2025-03 2025-03-31 dealer-500"]);
    check(&april, "2025-05-01", &[]); // three are left in March, and the one of April is late, alone
    let mut late = orders(april, "2025-04", 3, 0);
    late = complained(late, "2025-04");
    check(&late, "2025-05-01", &["late.some dealer:D1@2025-04 2025-04-30 dealer-500"]);
}

#[test]
fn a_delay_notice_given_in_time_moves_the_promise() {
    let book = of(4, 1).delays("W-2025-03-0", "2025-03-10 11:00", "2025-03-10 12:30");
    check(&book, "2025-04-01", &[]);
    let late = of(4, 1).delays("W-2025-03-0", "2025-03-10 12:00:30", "2025-03-10 12:30");
    check(&late, "2025-04-01", &["late.some dealer:D1@2025-03 2025-03-31 dealer-500"]);
}

#[test]
fn a_ruling_excuses_a_rule_or_all() {
    let excused =
        |family| of(4, 1).rules_of("X", RulingKind::Excuse, "dealer:D1@2025-03", family, "2025-04-01", None);
    let some = ["late.some dealer:D1@2025-03 2025-03-31 dealer-500"];
    check(&excused(None), "2025-04-02", &[]);
    check(&excused(Some("custom.late")), "2025-04-02", &[]);
    check(&excused(Some("custom.quiet")), "2025-04-02", &some);
    check(&excused(Some("bay-turnover")), "2025-04-02", &some);
}

#[test]
fn a_vacant_post_is_told_and_not_charged() {
    let book = complained(orders(Book::bare(), "2025-03", 4, 2), "2025-03");
    let found = book.found(&ground(), "2025-04-01");
    let finding = found.findings.iter().find(|finding| finding.clause == "custom.late.many").unwrap();
    assert_eq!(finding.charges.len(), 1);
    assert_eq!(finding.vacant.len(), 1);
    assert_eq!((finding.family, finding.unit.as_str()), ("custom.late", "D1@2025-03"));
}

/// A receipt as lines in a language, its facts first.
fn receipt(book: &Book, key: (&str, &str), seat: Seat, language: Language) -> Vec<String> {
    let (ground, messages) = (ground(), messages());
    let receipt = book.receipt(&ground, "2025-06-01", key, seat);
    let voice =
        Voice { messages: &messages, language, zone: &ground.zone, currency: Currency::of("CNY").unwrap() };
    let facts = receipt.facts.iter().map(|fact| format!("- {}", voice.fact(fact).unwrap()));
    let said = receipt.sentences.iter().map(|sentence| voice.sentence(sentence).unwrap());
    facts.chain(said).collect()
}

#[test]
fn a_receipt_has_figures_measure_sample_condition_tier_and_amount() {
    let key = ("custom.late", "dealer:D1@2025-03");
    let english = receipt(&of(4, 1), key, Seat::Dealer, Language::English);
    let (facts, said): (Vec<_>, Vec<_>) = english.iter().partition(|line| line.starts_with("- "));
    assert_eq!(facts.len(), 4);
    assert!(facts[0].contains("W-2025-03-0"), "{facts:?}");
    assert_eq!(
        said,
        [
            "Judged by the manufacturer's own rule “Orders late” for Mar 2025.",
            "Completed work orders with a promise: 4.",
            "Work orders completed after the promise: 1.",
            "Month: 3.",
            "Share of orders late = share(orders_late, orders_promised) = 25.00 %.",
            "There is enough to judge by: Completed work orders with a promise 4, at least 4.",
            "The rule judges where this holds, and it does: month != 2.",
            "Share of orders late is 25.00 %: from 25.00 % to less than 50.00 %.",
            "“Many late”: penalty CNY 500.00 for the service centre.",
        ]
    );
    assert_eq!(receipt(&of(4, 1), key, Seat::Dealer, Language::Chinese).len(), english.len());
}

#[test]
fn a_receipt_without_a_figure_says_why_and_a_regions_whom_it_sums() {
    let book = Book::new().base("2025-03", 100, Some(510));
    let said = receipt(&book, ("custom.strain", "dealer:D1@2025-03"), Seat::Dealer, Language::English);
    let has = |said: &[String], part: &str| {
        assert!(said.iter().any(|line| line.contains(part)), "{part}: {said:#?}");
    };
    has(&said, "Bays: not known.");
    has(&said, "Visits a bay = per(visits, bays, 1): no figure, for a figure is not known.");
    has(&said, "The rule has no figure to judge by, for a figure is not known.");
    let region = of(6, 3);
    let said =
        receipt(&region, ("custom.region", "region:R1@2025-03"), Seat::RegionDirector, Language::English);
    has(&said, "Region R1 is counted as its 1 service centre that were open on");
    has(&said, "Share of orders late is 50.00 %: 50.00 % or more.");
    has(&said, "Post held by RD");
}

/// The measure of a rule with one tier each for so many, judged on a book: the figure as it is told in the finding.
fn figure(book: &Book, name: &str) -> Option<i64> {
    let rules = format!(
        "[custom.rules.one]\nzh = \"一\"\nen = \"One\"\nof = \"dealer\"\nmeasure = \"{name}\"\nsample = \"days\"\nmin_sample = 1\n\
         tiers.any = {{ zh = \"任\", en = \"Any\", severity = \"none\" }}\n"
    );
    let found = book.found(&ground_with_rules(&rules), "2025-06-01");
    let finding = found
        .findings
        .iter()
        .find(|finding| finding.subject == "dealer:D1@2025-03" && finding.check == "custom")?;
    serde_json::from_str::<serde_json::Value>(&finding.detail).unwrap()["value"].as_i64()
}

#[test]
fn every_figure_is_counted_as_its_check_counts() {
    let book = of(4, 1)
        .base("2025-03", 700, Some(90))
        .bays("2025-03-31", 8)
        .employed("A-1", "service-advisor", "2024-01-01", None)
        .employed("A-2", "service-advisor", "2024-01-01", Some(("2025-03-30", "resigned")))
        .employed("A-3", "service-advisor", "2024-01-01", None)
        .certified("K-1", "A-1", "service-advisor", ("2024-01-01", "2025-03-31"))
        .certified("K-2", "A-2", "service-advisor", ("2024-01-01", "2026-03-31"))
        .certified("K-3", "A-3", "service-advisor", ("2024-01-01", "2025-03-30"))
        .repair("R-1", "2025-03-08", true)
        .repair("R-2", "2025-03-08", false)
        .calls("R-1", "2025-03-08 12:00")
        .complaint_of("C-1", "2025-03-04", None, true, "parts", None)
        .deed(Deed::FirstReply, "2025-03-20")
        .deed(Deed::Callback(Some(true)), "2025-05-20")
        .looks("I-1", "item-01", "2025-03-09", InspectionResult::Fail, false)
        .looks("I-1", "item-02", "2025-03-09", InspectionResult::Pass, false)
        .looks("I-2", "item-03", "2025-03-10", InspectionResult::NotVisible, true)
        .answers("S-1", None, "2025-03-11", 9_900)
        .answers("S-2", None, "2025-03-12", 7_000)
        .mystery("V-1", "2025-03-13", [9_000; 4])
        .mystery("V-2", "2025-04-01", [1_000; 4])
        .feedback("F-1", "2025-03-14", Some("2025-03-15"))
        .feedback("F-2", "2025-03-14", None);
    let expected = [
        ("base_customers", Some(700)),
        ("visits", Some(90)),
        ("bays", Some(8)),
        ("advisors_certified", Some(1)),
        ("orders_created", Some(6)),
        ("orders_completed", Some(6)),
        ("orders_promised", Some(4)),
        ("orders_late", Some(1)),
        ("orders_fixed", Some(1)),
        ("orders_not_fixed", Some(1)),
        ("orders_with_fault", Some(6)),
        ("orders_unconfirmed", Some(6)),
        ("orders_timed", Some(6)),
        ("orders_prompt", Some(0)),
        ("orders_to_call", Some(6)),
        ("orders_called", Some(1)),
        ("complaints", Some(2)),
        ("complaints_major", Some(1)),
        ("complaints_reply_late", Some(2)),
        ("complaints_close_late", Some(2)),
        ("complaints_closed", Some(1)),
        ("inspections", Some(2)),
        ("items_inspected", Some(2)),
        ("items_failed", Some(1)),
        ("responses", Some(2)),
        ("responses_good", Some(1)),
        ("response_score", Some(8_450)),
        ("mystery_visits", Some(1)),
        ("mystery_score", Some(9_000)),
        ("feedback", Some(2)),
        ("feedback_late", Some(1)),
        ("year", Some(2_025)),
        ("month", Some(3)),
        ("days", Some(31)),
    ];
    assert_eq!(expected.map(|(name, _)| name), FIGURES.each_ref().map(|figure| figure.name));
    for (name, value) in expected {
        assert_eq!(figure(&book, name), value, "{name}");
    }
    let empty = Book::new().post("X", Role::DealerGm, "D1", "2014-01-01", None);
    for name in ["base_customers", "visits", "bays", "response_score", "mystery_score"] {
        assert_eq!(figure(&empty, name), None, "{name}");
    }
    for name in ["orders_created", "complaints", "responses", "feedback_late", "advisors_certified"] {
        assert_eq!(figure(&empty, name), Some(0), "{name}");
    }
}

/// The value of an expression of figures of a book with 4 promised orders, 1 of them late, in March.
fn value(expression: &str) -> Option<i64> {
    let rules = format!(
        "[custom.measures.m]\nzh = \"值\"\nen = \"Value\"\nexpression = \"{expression}\"\n\
         [custom.rules.one]\nzh = \"一\"\nen = \"One\"\nof = \"dealer\"\nmeasure = \"m\"\nsample = \"days\"\nmin_sample = 1\n\
         tiers.any = {{ zh = \"任\", en = \"Any\", severity = \"none\" }}\n"
    );
    let found = of(4, 1).found(&ground_with_rules(&rules), "2025-04-01");
    let own = |finding: &&Finding| finding.check == "custom" && finding.subject == "dealer:D1@2025-03";
    let finding = found.findings.iter().find(own)?;
    serde_json::from_str::<serde_json::Value>(&finding.detail).unwrap()["value"].as_i64()
}

#[test]
fn expressions_reckon_exactly_or_not_at_all() {
    for (expression, expected) in [
        ("orders_late + orders_promised * 10", Some(41)),
        ("(orders_late + orders_promised) * 10", Some(50)),
        ("-7 / 2", Some(-3)),
        ("-7 % 2", Some(-1)),
        ("share(1, 3)", Some(3_333)),
        ("share(2, 3)", Some(6_667)),
        ("share(1, 20000)", Some(1)), // a half is up
        ("share(-1, 20000)", Some(-1)),
        ("share(1, 20001)", Some(0)),
        ("per(9223372036854775807, 2, 2)", Some(i64::MAX)), // exact between
        ("min(3, max(1, abs(-2)))", Some(2)),
        ("orders_late > 0 && month == 3 ? 1 : 2", Some(1)),
        ("!(orders_late > 0) || month != 3 ? 1 : 2", Some(2)),
        ("false && 1 / 0 == 1 ? 1 : 2", Some(2)),
        ("1 / 0 == 1 && false ? 1 : 2", Some(2)),
        ("true || bays == 1 ? 1 : 2", Some(1)),
        ("orders_late == 0 ? 1 / 0 : 5", Some(5)),
        ("1 / 0", None),
        ("7 % 0", None),
        ("share(1, 0)", None),
        ("bays + 1", None),
        ("9223372036854775807 + 1", None),
        ("-9223372036854775808 - 1", None),
        ("-9223372036854775808 / -1", None),
        ("9223372036854775807 * 2", None),
        ("-(-9223372036854775808)", None),
        ("abs(-9223372036854775808)", None),
        ("per(9223372036854775807, 1, 2)", None),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

/// The example stands between the first pair of fences.
fn example() -> &'static str {
    let start = DOCS.find("```toml\n").unwrap() + 8;
    &DOCS[start..start + DOCS[start..].find("```").unwrap()]
}

#[test]
fn the_example_of_the_docs_judges_as_they_say() {
    let ground = ground_with_rules(example());
    let of = |all, late| orders(Book::new(), "2025-03", all, late).findings("custom", &ground, "2025-04-01");
    assert_eq!(of(40, 1), [""; 0]);
    assert_eq!(of(40, 2), ["late-orders.some dealer:D1@2025-03 2025-03-31 dealer-500"]);
    assert_eq!(of(40, 4), ["late-orders.many dealer:D1@2025-03 2025-03-31 dealer-2000 district-manager-200"]);
    assert_eq!(of(20, 4), [""; 0]); // the condition asks for more than 20
}

#[test]
fn everything_a_receipt_can_say_has_its_words() {
    let code = include_str!("../src/checks/custom/receipts.rs");
    let keys = code.split('"').skip(1).step_by(2).filter(|text| text.starts_with("custom."));
    let mut seen = 0;
    for key in keys {
        assert!(Language::ALL.iter().all(|language| messages().has(*language, key)), "{key}");
        seen += 1;
    }
    assert!(seen > 14, "{seen} keys seen");
}

#[test]
fn the_docs_list_every_figure_function_and_bound() {
    for figure in &FIGURES {
        assert!(DOCS.contains(&format!("`{}`", figure.name)), "{}", figure.name);
        for language in Language::ALL {
            assert!(messages().has(language, &format!("figure.{}", figure.name)), "{}", figure.name);
        }
        for table in figure.reads.iter().flat_map(|table| table.names()) {
            assert!(DOCS.contains(&format!("`{table}`")), "{table}");
        }
    }
    for (name, _) in FUNCTIONS {
        assert!(DOCS.contains(&format!("`{name}(")), "{name}");
    }
    assert!(DOCS.contains(&format!("{MOST_BYTES} bytes")) && DOCS.contains(&format!("{MOST_DEPTH} deep")));
}

/// Numbers and truth over `a`, `b` and `c`, as CEL writes them.
fn expressions() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let number = prop_oneof![
        Just("complaints".to_owned()),
        Just("bays".to_owned()),
        Just("month".to_owned()),
        (-20_i64..20).prop_map(|number| format!("({number})")),
        Just("9223372036854775807".to_owned()),
    ];
    number.prop_recursive(5, 24, 3, |inner| {
        let compare = ("(==|!=|<|<=|>|>=)", inner.clone(), inner.clone())
            .prop_map(|(how, left, right)| format!("({left} {how} {right})"));
        let truth = prop_oneof![
            compare.clone(),
            (compare.clone(), "(&&|\\|\\|)", compare.clone())
                .prop_map(|(left, how, right)| format!("({left} {how} !{right})")),
        ];
        prop_oneof![
            (inner.clone(), "[-+*/%]", inner.clone())
                .prop_map(|(left, how, right)| format!("({left} {how} {right})")),
            (truth, inner.clone(), inner.clone())
                .prop_map(|(when, then, otherwise)| format!("({when} ? {then} : {otherwise})")),
            inner.prop_map(|of| format!("(-{of})")),
        ]
    })
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::with_cases(400) })]

    /// What is reckoned here is what CEL's own interpreter gives; where that has no number, here is none.
    #[test]
    fn expressions_give_what_cel_gives(expression in expressions(), complaints in 0_usize..3, bays in 1_i64..9) {
        proptest::prop_assume!(expression.len() <= MOST_BYTES);
        let rules = format!(
            "[custom.measures.m]\nzh = \"值\"\nen = \"Value\"\nexpression = \"{expression}\"\n\
             [custom.rules.one]\nzh = \"一\"\nen = \"One\"\nof = \"dealer\"\nmeasure = \"m\"\nsample = \"days\"\nmin_sample = 1\n\
             tiers.any = {{ zh = \"任\", en = \"Any\", severity = \"none\" }}\n"
        );
        let book = (0..complaints).fold(Book::new().bays("2025-01-01", bays), |book, number| {
            book.complaint_of(&format!("C-{number}"), "2025-03-03", None, false, "parts", None)
        });
        let found = book.found(&ground_with_rules(&rules), "2025-04-01");
        let finding = found.findings.iter().find(|finding| finding.subject == "dealer:D1@2025-03" && finding.check == "custom");
        let given = finding.map(|finding| serde_json::from_str::<serde_json::Value>(&finding.detail).unwrap()["value"].as_i64().unwrap());
        let mut context = cel::Context::default();
        context.add_variable("complaints", complaints as i64).unwrap();
        context.add_variable("bays", bays).unwrap();
        context.add_variable("month", 3_i64).unwrap();
        let expected = match cel::Program::compile(&expression).unwrap().execute(&context) {
            Ok(cel::Value::Int(number)) => Some(number),
            _ => None,
        };
        proptest::prop_assert_eq!(given, expected, "{}", expression);
    }
}

#[test]
fn an_alert_says_what_the_policy_calls_it_and_how_much() {
    use farsight_rulebook::alert::{Level, Told};
    let (ground, messages) = (ground(), messages());
    let policy = &ground.timeline.versions()[0].policy;
    let voice = |language| Voice {
        messages: &messages,
        language,
        zone: &ground.zone,
        currency: Currency::of("CNY").unwrap(),
    };
    let happened = |clause, dealer, region, detail, policy| {
        let told = Told {
            family: "custom.late",
            clause,
            subject: "dealer:D1@2025-03",
            dealer,
            region,
            occurred_on: "2025-03-31".parse().unwrap(),
            detail,
            amount: common::book::yuan("0"),
            due_at: None,
            escalates_at: None,
            level: Level::Hq,
            holder: None,
        };
        Language::ALL.map(|language| told.speak(&voice(language), policy, at("2025-04-01")).unwrap().happened)
    };
    let number = r#"{"value":5000,"sample":4}"#;
    let none = r#"{"value":null,"sample":100}"#;
    assert_eq!(
        happened("custom.late.many", "D1", "R1", number, Some(policy)),
        ["服务中心 D1：很多。2025年3月：50.00 %。", "Service centre D1: Very many late. Mar 2025: 50.00 %."]
    );
    assert_eq!(
        happened("custom.region.half", "", "R1", number, Some(policy))[1],
        "Region R1: Half of them. Mar 2025: 50.00 %."
    );
    assert_eq!(
        happened("custom.strain.no-figure", "D1", "R1", none, Some(policy))[1],
        "Service centre D1: No figure. There is no figure for Mar 2025."
    );
    assert_eq!(
        happened("custom.late.many", "D1", "R1", number, None)[1],
        "Service centre D1: custom.late.many. Mar 2025: 5000."
    );
}
