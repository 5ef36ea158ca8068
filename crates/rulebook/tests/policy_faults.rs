//! Everything that can be wrong in a policy file: each is refused with its line, its place and a reason.

use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::{Policy, PolicyError};

/// Where the text is replaced (the first time after this), what, and by what; then what the line told has in it, the
/// place, and a part of the reason.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const FIRST: &str = "[spot-check.first]";
const MEASURE: &str = "[custom.measures.late_share]";
const RULE: &str = "[custom.rules.late-orders]";
const SOME: &str = "[custom.rules.late-orders.tiers.some]";
const LONG: &str = "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

#[rustfmt::skip]
const ROWS: [Row; 96] = [
    // Keys.
    (FIRST, "severity =", "colour = \"red\"\nseverity =", "colour", "spot-check.first.colour", "unknown key"),
    (FIRST, "severity =", "severty =", "severty", "spot-check.first.severty", "unknown key"),
    (FIRST, FIRST, "[spot-check.speed]\nvalue = 1\n[spot-check.first]", "[spot-check.speed]", "spot-check.speed", "unknown key"),
    (FIRST, FIRST, "[weather.rain]\nvalue = 1\n[spot-check.first]", "[weather.rain]", "weather", "unknown key"),
    (FIRST, "charges.dealer =", "charges.customer = { penalty = \"1.00\", source = \"published\" }\ncharges.dealer =", "charges.customer", "spot-check.first.charges.customer", "unknown key"),
    (FIRST, "charges.dealer =", "severity = \"notice\"\ncharges.dealer =", "severity = \"notice\"", "file", "duplicate key"),
    // Amounts.
    (FIRST, "\"500.00\"", "\"-500.00\"", "-500.00", "spot-check.first.charges.dealer.penalty", "negative amount"),
    (FIRST, "\"500.00\"", "500.0", "500.0", "spot-check.first.charges.dealer.penalty", "must be a text in quotes"),
    (FIRST, "\"500.00\"", "500", "penalty = 500", "spot-check.first.charges.dealer.penalty", "must be a text in quotes"),
    (FIRST, "\"500.00\"", "\"500.005\"", "500.005", "spot-check.first.charges.dealer.penalty", "decimal"),
    (FIRST, "\"500.00\"", "\"5,00\"", "5,00", "spot-check.first.charges.dealer.penalty", "amount"),
    (FIRST, "\"500.00\"", "\"\"", "penalty = \"\"", "spot-check.first.charges.dealer.penalty", "amount"),
    (FIRST, "penalty = \"500.00\", ", "", "charges.dealer", "spot-check.first.charges.dealer.penalty", "missing"),
    (FIRST, "penalty =", "incentive = \"1.00\", penalty =", "charges.dealer", "spot-check.first.charges.dealer.penalty", "unknown key"),
    ("[complaint.mishandled_least]", "\"5000.00\"", "\"20000.01\"", "[complaint.mishandled_least]", "complaint.mishandled_least", "is above mishandled_most"),
    // Texts.
    (FIRST, "zh = \"首次不合格\"\n", "", FIRST, "spot-check.first.zh", "missing"),
    (FIRST, "en = \"First failure\"\n", "", FIRST, "spot-check.first.en", "missing"),
    (FIRST, "首次不合格", " ", "zh = \" \"", "spot-check.first.zh", "must not be empty"),
    ("title.zh", "title.en =", "title.fr =", "title.fr", "title.fr", "unknown key"),
    ("title.zh", "title.en =", "title.fr =", "title.zh", "title.en", "missing"),
    ("", "name = \"example-2026\"\n", "", "", "name", "missing"),
    ("", "\"example-2026\"", "\"two words\"", "two words", "name", "ASCII letters"),
    (FIRST, "\"warning\"", "\"loud\"", "loud", "spot-check.first.severity", "none, notice, warning or critical"),
    (FIRST, "severity = \"warning\"\n", "", FIRST, "spot-check.first.severity", "missing"),
    (FIRST, "\"published\"", "\"somebody\"", "somebody", "spot-check.first.charges.dealer.source", "set by the manufacturer"),
    (FIRST, ", source = \"published\"", "", "charges.dealer", "spot-check.first.charges.dealer.source", "missing"),
    ("[spot-check.year_count]", "unit = \"failures\"\n", "", "[spot-check.year_count]", "spot-check.year_count.unit", "missing"),
    // Numbers and rules.
    ("[spot-check.year_count]", "value = 3", "value = 3.5", "3.5", "spot-check.year_count.value", "whole number"),
    ("[spot-check.year_count]", "value = 3", "value = \"3\"", "value = \"3\"", "spot-check.year_count.value", "whole number"),
    ("[spot-check.year_count]", "value = 3", "value = -3", "-3", "spot-check.year_count.value", "-3 is out of range"),
    ("[retention.max_share]", "value = 60", "value = 101", "101", "retention.max_share.value", "0 to 100"),
    ("[spot-check.year_count]", "value = 3", "worth = 3", "[spot-check.year_count]", "spot-check.year_count.value", "missing"),
    ("[spot-check.follow_up_charges]", "value = false", "value = \"no\"", "\"no\"", "spot-check.follow_up_charges.value", "true or false"),
    ("[complaint.days]", "\"natural\"", "\"lunar\"", "lunar", "complaint.days.value", "\"natural\" or \"working\""),
    ("[certification.expiring_days]", "[60, 30, 7]", "[7, 30, 60]", "[7, 30, 60]", "certification.expiring_days.value", "the largest first"),
    ("[certification.expiring_days]", "[60, 30, 7]", "[]", "value = []", "certification.expiring_days.value", "the largest first"),
    ("[certification.exempt_reasons]", "\"death\"", "\"transfer\"", "transfer", "certification.exempt_reasons.value", "each once"),
    ("[alerts.warning_hours]", "[72, 72, 168]", "[72, 72]", "[72, 72]", "alerts.warning_hours.value", "a list of 3"),
    ("[spot-check.visit_from]", "\"09:00\"", "\"25:00\"", "25:00", "spot-check.visit_from.value", "local time of day"),
    ("[spot-check.visit_to]", "\"17:00\"", "\"08:00\"", "[spot-check.visit_to]", "spot-check.visit_to", "later than visit_from"),
    // Tiers and weights.
    ("[bay-turnover.warn_at]", "value = 350", "value = 450", "[bay-turnover.warn_at]", "bay-turnover.warn_at", "tiers overlap"),
    ("[satisfaction.silver_at]", "value = 90", "value = 96", "[satisfaction.gold_at]", "satisfaction.gold_at", "tiers overlap"),
    ("[mystery-shopper.poor_below]", "value = 60", "value = 91", "[mystery-shopper.poor_below]", "mystery-shopper.poor_below", "tiers overlap"),
    ("[satisfaction.weights]", "response = 25, quality = 30, attitude = 25, transparency = 20", "response = 0", "value = {", "satisfaction.weights.value", "every weight is 0"),
    ("[mystery-shopper.weights]", "response =", "weather =", "[mystery-shopper.weights]", "mystery-shopper.weights", "'weather' in weights is not scored"),
    ("[field-staff.weights]", "exams =", "weather =", "[field-staff.weights]", "field-staff.weights", "'weather' in weights is no part"),
    ("[satisfaction.weights]", "[satisfaction.weights]", "[satisfaction.region_weights.X]\nresponse = 1\n[satisfaction.weights]", "region_weights.X", "satisfaction.region_weights.X", "no region 'X': there is N, S"),
    // Own measures.
    (MEASURE, "share(orders_late, orders_promised)", "share(orders_late, orders_promised) * 1.5", "* 1.5", "custom.measures.late_share.expression", "at character 39: a float"),
    (MEASURE, "orders_promised)", "orders_promissed)", "promissed", "custom.measures.late_share.expression", "at character 20: no figure or measure 'orders_promissed'"),
    (MEASURE, "share(orders_late, orders_promised)", "ratio(orders_late, 3)", "ratio", "custom.measures.late_share.expression", "no function 'ratio': there is share, per, min, max, abs"),
    (MEASURE, "orders_late, orders_promised)", "orders_late)", "share(orders_late)", "custom.measures.late_share.expression", "'share' takes 2 number(s), not 1"),
    (MEASURE, "share(orders_late, orders_promised)", "orders_late > 3", "orders_late > 3", "custom.measures.late_share.expression", "it gives true or false, a whole number is wanted"),
    (MEASURE, "share(orders_late, orders_promised)", "orders_late + (month > 3)", "(month > 3)", "custom.measures.late_share.expression", "it is true or false, a whole number is wanted here"),
    (MEASURE, "share(orders_late, orders_promised)", "[orders_late].size()", "size()", "custom.measures.late_share.expression", "is called on nothing here"),
    (MEASURE, "share(orders_late, orders_promised)", "[1, 2].map(x, x)", "map(x, x)", "custom.measures.late_share.expression", "a macro over a list"),
    (MEASURE, "share(orders_late, orders_promised)", "{1: 2}", "{1: 2}", "custom.measures.late_share.expression", "a list or structure"),
    (MEASURE, "share(orders_late, orders_promised)", "'late'", "'late'", "custom.measures.late_share.expression", "a text or nothing"),
    (MEASURE, "share(orders_late, orders_promised)", "orders_late.count", "orders_late.count", "custom.measures.late_share.expression", "a field: names have none"),
    (MEASURE, "share(orders_late, orders_promised)", "1u", "1u", "custom.measures.late_share.expression", "unsigned"),
    (MEASURE, "share(orders_late, orders_promised)", "1 in orders_late", "1 in", "custom.measures.late_share.expression", "no function 'in'"),
    (MEASURE, "share(orders_late, orders_promised)", "9223372036854775808", "9223372036854775808", "custom.measures.late_share.expression", "invalid int literal"),
    (MEASURE, "share(orders_late, orders_promised)", "orders_late +", "orders_late +", "custom.measures.late_share.expression", "at character 14: not readable as CEL"),
    (MEASURE, "share(orders_late, orders_promised)", "((((((((((((((((((((((((((1))))))))))))))))))))))))))", "((((", "custom.measures.late_share.expression", "too deep: at most 24"),
    (MEASURE, "share(orders_late, orders_promised)", "1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", "1-1-1", "custom.measures.late_share.expression", "too deep: at most 24"),
    (MEASURE, "share(orders_late, orders_promised)", LONG, "000000", "custom.measures.late_share.expression", "are too long: at most 500"),
    (MEASURE, "share(orders_late, orders_promised)", "late_share + 1", MEASURE, "custom.measures.late_share", "a measure that needs itself: late_share → late_share"),
    (MEASURE, MEASURE, "[custom.measures.again]\nzh = \"一\"\nen = \"A\"\nexpression = \"twice\"\n[custom.measures.twice]\nzh = \"二\"\nen = \"B\"\nexpression = \"again * 2\"\n[custom.measures.late_share]", "[custom.measures.again]", "custom.measures.again", "a measure that needs itself: again → twice → again"),
    (MEASURE, MEASURE, "[custom.measures.orders_late]", "[custom.measures.orders_late]", "custom.measures.orders_late", "there is a figure or function of this name"),
    (MEASURE, MEASURE, "[custom.measures.return]", "[custom.measures.return]", "custom.measures.return", "CEL keeps this word"),
    (MEASURE, MEASURE, "[custom.measures.Late]", "[custom.measures.Late]", "custom.measures.Late", "begins with a letter"),
    (MEASURE, "zh = \"超时完工占比\"\n", "", MEASURE, "custom.measures.late_share.zh", "missing"),
    (MEASURE, "decimals = 2", "decimals = 5", "decimals = 5", "custom.measures.late_share.decimals", "0 to 4"),
    (MEASURE, "decimals = 2", "digits = 2", "digits = 2", "custom.measures.late_share.digits", "unknown key"),
    // Own rules.
    (RULE, "en = \"Work orders completed after the promise\"\n", "", RULE, "custom.rules.late-orders.en", "missing"),
    (RULE, RULE, "[custom.rules.late_orders]", "[custom.rules.late_orders]", "custom.rules.late_orders", "a rule's name has"),
    (RULE, "of = \"dealer\"", "of = \"shop\"", "shop", "custom.rules.late-orders.of", "must be \"dealer\" or \"region\""),
    (RULE, "measure = \"late_share\"", "measure = \"late_shares\"", "late_shares", "custom.rules.late-orders.measure", "no figure or measure 'late_shares'"),
    (RULE, "sample = \"orders_promised\"\n", "", RULE, "custom.rules.late-orders.sample", "missing"),
    (RULE, "min_sample = 20", "min_sample = 0", "min_sample = 0", "custom.rules.late-orders.min_sample", "0 is out of range"),
    (RULE, "min_sample = 20", "min_sample = 2.5", "2.5", "custom.rules.late-orders.min_sample", "whole number"),
    (RULE, "orders_completed > 20 && month != 2", "orders_completed", "condition", "custom.rules.late-orders.condition", "it gives a whole number, true or false is wanted"),
    (RULE, "of = \"dealer\"", "of = \"region\"", "charges.dealer", "custom.rules.late-orders.tiers.some.charges.dealer", "unknown key"),
    ("[custom.rules.region-complaints]", "[\"N\"]", "[\"X\"]", "regions", "custom.rules.region-complaints.regions", "no region 'X': there is N, S"),
    ("[custom.rules.region-complaints]", "[\"N\"]", "[\"N\", \"N\"]", "regions", "custom.rules.region-complaints.regions", "each once"),
    (SOME, "from = 500", "from = 600", SOME, "custom.rules.late-orders.tiers.some", "a gap between the tiers: 'few' ends below 500, 'some' begins at 600"),
    (SOME, "from = 500", "from = 400", SOME, "custom.rules.late-orders.tiers.some", "the tiers overlap: 'few' and 'some'"),
    (SOME, "below = 1000\n", "", "tiers.many]", "custom.rules.late-orders.tiers.many", "the tiers overlap: 'some' and 'many'"),
    (SOME, "from = 500", "from = 1000", "below = 1000", "custom.rules.late-orders.tiers.some.below", "nothing lies in this tier"),
    (SOME, "from = 500", "from = 500.5", "500.5", "custom.rules.late-orders.tiers.some.from", "whole number"),
    (SOME, "\"500.00\"", "\"-500.00\"", "-500.00", "custom.rules.late-orders.tiers.some.charges.dealer.penalty", "negative amount"),
    (SOME, "\"500.00\"", "500.0", "500.0", "custom.rules.late-orders.tiers.some.charges.dealer.penalty", "must be a text in quotes"),
    (SOME, "severity = \"warning\"\n", "", SOME, "custom.rules.late-orders.tiers.some.severity", "missing"),
    (SOME, "zh = \"较多\"\n", "", SOME, "custom.rules.late-orders.tiers.some.zh", "missing"),
    (SOME, SOME, "[custom.rules.late-orders.tiers.no-figure]", "tiers.no-figure]", "custom.rules.late-orders.tiers.no-figure", "a tier's name has"),
    ("[custom.rules.region-complaints.no-figure]", "severity = \"notice\"", "severity = \"notice\"\ncharges.region-director = { penalty = \"1.00\", source = \"published\" }", "charges.region-director", "custom.rules.region-complaints.no-figure.charges.region-director", "unknown key"),
    // No TOML at all.
    (FIRST, "zh = \"首次不合格\"", "zh = \"首次不合格", "zh = \"首次不合格", "file", "not readable as TOML"),
];

/// The policy that ships, with the own rules that docs/custom-rules.md shows.
fn example() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/policies/example-2026.toml");
    let docs = include_str!("../../../docs/custom-rules.md");
    let rules = docs.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    [&std::fs::read_to_string(path).unwrap(), rules].join("\n")
}

fn read(text: &str) -> Result<Policy, Vec<PolicyError>> {
    let regions = ["N".to_owned(), "S".to_owned()];
    Policy::read_among(text, Currency::of("CNY").unwrap(), Some(&regions))
}

#[test]
fn each_is_refused_with_its_line_place_and_reason() {
    let mut wrong = Vec::new();
    for (after, from, to, line, place, reason) in ROWS {
        let mut text = example();
        let start = text.find(after).expect(after);
        let at = start + text[start..].find(from).unwrap_or_else(|| panic!("{from} after {after}"));
        text.replace_range(at..at + from.len(), to);
        let faults = read(&text).expect_err(to);
        let lines: Vec<&str> = text.lines().collect();
        let told = |fault: &&PolicyError| {
            fault.place == place
                && fault.reason.contains(reason)
                && lines.get(fault.line - 1).is_some_and(|own| own.contains(line))
        };
        if !faults.iter().any(|fault| told(&fault)) {
            let shown: Vec<String> = faults
                .iter()
                .map(|fault| format!("{fault}\n        in: {}", lines.get(fault.line - 1).unwrap_or(&"")))
                .collect();
            wrong.push(format!(
                "{to}: wanted {place}: {reason} on “{line}”, told\n    {}",
                shown.join("\n    ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_whole_part_that_is_missing_is_told_at_the_head_of_the_file() {
    let text = example();
    let (from, to) = (text.find("[repeat-repair.").unwrap(), text.find("[service-clock.").unwrap());
    let faults = read(&[&text[..from], &text[to..]].concat()).expect_err("no repeat repair");
    assert_eq!((faults[0].line, &*faults[0].place, &*faults[0].reason), (1, "repeat-repair", "missing"));
}

#[test]
fn all_faults_are_told_at_once_by_line() {
    let text = example().replacen("\"500.00\"", "500.0", 1).replacen("value = 350", "value = 350.5", 1);
    let lines: Vec<usize> = read(&text).expect_err("two").iter().map(|fault| fault.line).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0] < lines[1]);
}

#[test]
fn too_many_rules_measures_or_tiers_are_refused() {
    let own = |begin: &str, of: &dyn Fn(usize) -> String| {
        let many = (0..33).map(of).collect::<String>();
        read(&example().replacen(begin, &format!("{many}{begin}"), 1)).expect_err("too many")
    };
    let rule = |n| {
        format!(
            "[custom.rules.r{n}]\nzh = \"一\"\nen = \"A\"\nof = \"dealer\"\nmeasure = \"days\"\nsample = \"days\"\nmin_sample = 1\ntiers.any = {{ zh = \"一\", en = \"A\", severity = \"none\" }}\n"
        )
    };
    let measure = |n| format!("[custom.measures.m{n}]\nzh = \"一\"\nen = \"A\"\nexpression = \"days\"\n");
    let tier =
        |n| format!("[custom.rules.late-orders.tiers.t{n}]\nfrom = {}\nbelow = {}\n", 5_000 + n, 5_001 + n);
    for (faults, place, reason) in [
        (own(RULE, &rule), "custom.rules", "35 are too many: at most 32"),
        (own(MEASURE, &measure), "custom.measures", "34 are too many: at most 32"),
        (own(SOME, &tier), "custom.rules.late-orders.tiers", "36 are too many: at most 12"),
    ] {
        let told = faults.iter().any(|fault| fault.place == place && fault.reason == reason);
        assert!(told, "{place}: {faults:#?}");
    }
}

#[test]
fn no_expression_whatever_brings_the_reading_down() {
    use proptest::prelude::*;
    let parts = prop::sample::select(vec![
        "orders_late",
        "month",
        "share(",
        "(",
        ")",
        " + ",
        " - ",
        "-",
        " / ",
        " % ",
        " && ",
        " || ",
        "!",
        " ? ",
        " : ",
        ",",
        "1",
        "0",
        "9223372036854775807",
        "1.5",
        "'",
        "[",
        "]",
        "{",
        "}",
        ".",
        "true",
        "in",
        "<",
        "==",
        "\\u0000",
        "汉",
        "//",
        " ",
        "has(",
        ".map(",
        "x",
        "u",
        "e9",
        "0x",
    ]);
    let expressions = prop::collection::vec(parts, 0..40).prop_map(|parts| parts.concat());
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) }, |(expression in expressions)| {
        let text = example().replacen("share(orders_late, orders_promised)", &expression, 1);
        // Read, or refused at its place: nothing else.
        if let Err(faults) = read(&text) {
            prop_assert!(faults.iter().all(|fault| fault.place == "custom.measures.late_share.expression" || fault.place == "custom.measures.late_share" || fault.place == "file"), "{faults:?}");
        }
    });
}
