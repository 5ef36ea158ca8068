//! Everything that can be wrong in a policy file: each is refused with its line, its place and a reason.

use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::{Policy, PolicyError};

/// Where the text is replaced (the first time after this), what, and by what; then what the line told has in it, the
/// place, and a part of the reason.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const FIRST: &str = "[spot-check.first]";

#[rustfmt::skip]
const ROWS: [Row; 48] = [
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
    // No TOML at all.
    (FIRST, "zh = \"首次不合格\"", "zh = \"首次不合格", "zh = \"首次不合格", "file", "not readable as TOML"),
];

fn example() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/policies/example-2026.toml");
    std::fs::read_to_string(path).unwrap()
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
