//! What holds of every book: neither the order of fact rows nor the cut into units changes what is found, and what
//! time alone changes is woken (rulebook 3.1).
//!
//! The books are small and dense: few dealers, items, people and days, so that rules meet often.

#[path = "../common/mod.rs"]
mod common;
mod seeds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use common::book::day;
use common::ground_with;
use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::{CHECKS, Check, custom};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::{Policy, Seat, Timeline, Version};
use farsight_rulebook::receipt::receipt;
use farsight_rulebook::time::{HOUR, Instant};
use proptest::prelude::*;
use seeds::{HOURS, facts, seeds, when};

/// Two policy versions, the second counting otherwise, so that a change of version is crossed too.
fn ground() -> &'static Ground {
    static GROUND: LazyLock<Ground> = LazyLock::new(two_versions);
    &GROUND
}

fn two_versions() -> Ground {
    // The least counts are small, so that small books reach them.
    const SMALL: [(&str, &str, &str); 12] = [
        ("service-clock.min_orders", "20", "1"),
        ("service-clock.slow", "\"0.00\"", "\"100.00\""),
        ("service-clock.compensation", "\"0.00\"", "\"10.00\""),
        ("satisfaction.min_responses", "10", "1"),
        ("satisfaction.min_regions", "3", "2"),
        ("feedback.min_orders", "20", "1"),
        ("feedback.callback-missed", "\"0.00\"", "\"50.00\""),
        ("retention.min_vehicles", "20", "1"),
        ("retention.churn", "\"0.00\"", "\"500.00\""),
        ("fault-hotspot.min_count", "5", "1"),
        ("fault-hotspot.chance", "1000", "500000"),
        ("transparency.unconfirmed", "\"0.00\"", "\"5.00\""),
    ];
    let overdue = [("bay-turnover.overdue", "\"0.00\"", "\"3000.00\"")];
    let mut ground = ground_with(&[]);
    let first = with_own_rules(&[&SMALL[..], &overdue[..]].concat(), "50");
    ground.timeline = Timeline::of(first, day("2014-09-01"));
    let second = [
        ("spot-check.repeat_window", "\"next-month\"", "\"next-check\""),
        ("spot-check.follow_up_charges", "false", "true"),
        ("spot-check.manager_unit", "\"inspection\"", "\"item\""),
        ("complaint.days", "\"natural\"", "\"working\""),
        ("certification.expiring_days", "[60, 30, 7]", "[45, 7]"),
        ("bay-turnover.rectify_days", "60", "20"),
        ("repeat-repair.report_hours", "24", "48"),
        ("service-clock.complete_hours", "24", "12"),
        ("satisfaction.gold_at", "95", "99"),
        ("feedback.solve_hours", "48", "24"),
        ("retention.away_days", "90", "20"),
    ];
    let mut versions = ground.timeline.versions().to_vec();
    let policy = std::sync::Arc::new(with_own_rules(&[&SMALL[..], &second[..]].concat(), "30"));
    versions.push(Version { number: 2, effective_on: day("2025-03-16"), policy });
    ground.timeline = Timeline::new(versions, None);
    ground
}

/// The same with another charge for a first failure from the second version on.
fn drafted() -> &'static Timeline {
    static DRAFTED: LazyLock<Timeline> = LazyLock::new(|| {
        let second = &ground().timeline.versions()[1];
        let mut policy = (*second.policy).clone();
        policy.spot_check.first.charges.clear();
        ground().timeline.replaced_from(second.effective_on, std::sync::Arc::new(policy))
    });
    &DRAFTED
}

/// The example policy with some texts replaced, and rules of the manufacturer's own.
fn with_own_rules(edits: &[(&str, &str, &str)], percent: &str) -> Policy {
    let rules = include_str!("../own_rules.toml").replace("{percent}", percent);
    common::policy_of(&format!("{}\n{rules}", common::policy_text("example-2026", edits)))
}

/// The units of own rules in the months that ended after one instant and by another: time alone has them judged.
fn ended(check: &Check, facts: &Facts, (since, now): (Instant, Instant)) -> Vec<String> {
    let zone = &ground().zone;
    if check.name != custom::NAME {
        return Vec::new();
    }
    let months = custom::ended(Period::of(zone.date(since)), zone, now);
    let of_dealers = |month: Period| {
        facts.dealers.iter().map(move |row| format!("{}@{month}", facts.codes.text(row.dealer)))
    };
    months.flat_map(|month| of_dealers(month).chain([month.to_string()])).collect()
}

fn judge(check: &Check, facts: &Facts, ground: &Ground, as_of: Instant, judged: Judged) -> Found {
    let mut found = Found::default();
    (check.evaluate)(&Case::new(facts, ground, as_of, judged), &mut found).unwrap();
    found
}

/// A finding in texts, whatever the order of its codes.
fn told(facts: &Facts, finding: &Finding) -> String {
    let charges: BTreeSet<String> = finding
        .charges
        .iter()
        .map(|charge| {
            format!("{} {} {}", charge.seat.name(), facts.codes.text(charge.party), charge.amount.0)
        })
        .collect();
    let Finding { clause, family, subject, unit, occurred_on, version, detail, .. } = finding;
    let (dealer, region) = (facts.codes.text(finding.dealer), facts.codes.text(finding.region));
    let vacant = &finding.vacant;
    format!(
        "{clause} {family} {subject} {unit} {dealer} {region} {occurred_on} {version} {charges:?} {vacant:?} {detail}"
    )
}

fn all_told(facts: &Facts, findings: &[Finding]) -> Vec<String> {
    let mut lines: Vec<String> = findings.iter().map(|finding| told(facts, finding)).collect();
    lines.sort();
    lines
}

fn units(found: &Found) -> BTreeSet<String> {
    let of_findings = found.findings.iter().map(|finding| finding.unit.clone());
    of_findings.chain(found.wakes.iter().map(|wake| wake.unit.clone())).collect()
}

/// How many books each property is asked of: `PROPTEST_CASES`, or enough to meet every clause.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(600)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn the_order_of_rows_changes_nothing(
        (seeds, shuffled) in seeds().prop_flat_map(|seeds| (Just(seeds.clone()), Just(seeds).prop_shuffle())),
        hours in 0..HOURS,
    ) {
        // Rows are chosen once (a key's first seed), then given in another order, with other codes.
        let given = facts(&seeds);
        let mut other = Facts::default();
        for seed in &shuffled {
            other.codes.keep(&format!("E{}", seed.which % 3));
            other.codes.keep(&format!("item-0{}", 1 + seed.which % 2));
            other.codes.keep(&format!("F{}", seed.choice % 2));
        }
        common::recode(&given, &mut other, usize::from(hours));
        let ground = ground();
        for check in &CHECKS {
            let (a, b) = (judge(check, &given, ground, when(hours), Judged::All), judge(check, &other, ground, when(hours), Judged::All));
            prop_assert_eq!(all_told(&given, &a.findings), all_told(&other, &b.findings), "{}", check.name);
            let wakes = |found: &Found| found.wakes.iter().map(|wake| (wake.unit.clone(), wake.at)).collect::<BTreeSet<_>>();
            prop_assert_eq!(wakes(&a), wakes(&b), "{}", check.name);
        }
    }

    #[test]
    fn a_unit_alone_is_judged_as_among_all(seeds in seeds(), hours in 0..HOURS) {
        let (facts, ground) = (facts(&seeds), ground());
        for check in &CHECKS {
            let all = judge(check, &facts, ground, when(hours), Judged::All);
            let mut apart = Found::default();
            for unit in units(&all) {
                let one = judge(check, &facts, ground, when(hours), Judged::Units(std::iter::once(unit.clone()).collect()));
                prop_assert!(one.findings.iter().all(|finding| finding.unit == unit));
                prop_assert!(one.wakes.iter().all(|wake| wake.unit == unit));
                apart.findings.extend(one.findings);
                apart.wakes.extend(one.wakes);
            }
            prop_assert_eq!(all_told(&facts, &apart.findings), all_told(&facts, &all.findings), "{}", check.name);
            let wakes = |found: &Found| found.wakes.iter().map(|wake| (wake.unit.clone(), wake.at)).collect::<BTreeSet<_>>();
            prop_assert_eq!(wakes(&apart), wakes(&all), "{}", check.name);
        }
    }

    #[test]
    fn judging_only_what_has_woken_gives_the_whole(seeds in seeds(), start in 0..HOURS, steps in prop::collection::vec(1_u16..900, 1..6)) {
        let (facts, ground) = (facts(&seeds), ground());
        for check in &CHECKS {
            let mut now = when(start);
            let Found { findings, wakes } = judge(check, &facts, ground, now, Judged::All);
            let mut standing = findings;
            let mut due: BTreeMap<String, Instant> = wakes.into_iter().map(|wake| (wake.unit, wake.at)).collect();
            for hours in &steps {
                let since = now;
                now = Instant(now.0 + i64::from(*hours) * HOUR + i64::from(hours % 2));
                let mut woken: hashbrown::HashSet<String> =
                    due.iter().filter(|(_, at)| **at <= now).map(|(unit, _)| unit.clone()).collect();
                woken.extend(ended(check, &facts, (since, now)));
                let again = judge(check, &facts, ground, now, Judged::Units(woken.clone()));
                standing.retain(|finding| !woken.contains(&finding.unit));
                standing.extend(again.findings);
                due.retain(|unit, _| !woken.contains(unit));
                due.extend(again.wakes.into_iter().map(|wake| (wake.unit, wake.at)));
                let whole = judge(check, &facts, ground, now, Judged::All);
                prop_assert_eq!(all_told(&facts, &standing), all_told(&facts, &whole.findings), "{} at {}", check.name, now);
            }
        }
    }

    #[test]
    fn every_charge_has_a_receipt_that_stands_on_facts_that_are_there(seeds in seeds(), hours in 0..HOURS) {
        let (facts, ground) = (facts(&seeds), ground());
        let case = Case::new(&facts, ground, when(hours), Judged::All);
        for check in &CHECKS {
            for finding in judge(check, &facts, ground, when(hours), Judged::All).findings {
                for seat in [Seat::Dealer, Seat::DistrictManager, Seat::RegionDirector, Seat::Employee] {
                    let receipt = receipt(&case, check, &finding, seat).unwrap();
                    for fact in &receipt.facts {
                        prop_assert_eq!(facts.without(fact.table, &fact.key).len() + 1, facts.len(), "{:?}", fact);
                    }
                    if receipt.amount.is_zero() {
                        prop_assert_eq!(receipt.counterfactual, None);
                        continue;
                    }
                    // What is counted may be none: then no row is to be named.
                    let none_counted = finding.check == custom::NAME;
                    let by_counts = ["bay-turnover.data-missing", "certification.shortfall", "retention.churn"];
                    if !none_counted && !by_counts.contains(&finding.clause) {
                        prop_assert!(receipt.facts.iter().any(|fact| fact.judged), "{:?}", finding);
                        let charged = receipt.charged.iter().find(|charged| charged.seat == seat);
                        prop_assert_eq!(charged.map(|charged| charged.amount), Some(receipt.amount));
                    }
                    if let Some(otherwise) = receipt.counterfactual {
                        prop_assert!(otherwise.would_be.0.abs() < receipt.amount.0.abs());
                    }
                }
            }
        }
    }

    /// A draft is replayed by what it changes alone: checks that it leaves as they are find the same (rulebook 3.2).
    #[test]
    fn what_a_draft_leaves_as_it_is_finds_the_same(seeds in seeds(), hours in 0..HOURS) {
        let (facts, now) = (facts(&seeds), when(hours));
        let other = Ground { timeline: drafted().clone(), ..ground().clone() };
        let found = |check, ground| {
            let found = judge(check, &facts, ground, now, Judged::All);
            let versionless = found.findings.into_iter().map(|finding| Finding { version: 0, ..finding });
            all_told(&facts, &versionless.collect::<Vec<_>>())
        };
        for check in &CHECKS {
            if ground().timeline.judges_alike(&other.timeline, check.name) {
                prop_assert_eq!(found(check, ground()), found(check, &other), "{}", check.name);
            }
        }
        let judged_anew = CHECKS.iter().map(|check| check.name).filter(|name| !ground().timeline.judges_alike(&other.timeline, name));
        prop_assert_eq!(judged_anew.collect::<Vec<_>>(), ["spot-check", "repeat-repair", "custom"]);
    }
}
