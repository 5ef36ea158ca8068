//! Alerts in words, one for each clause that can alert and each kind that no check finds; and what a policy says of
//! their life.
//!
//! The words stand in `alerts.txt`, as a person reads them.

#[path = "../common/mod.rs"]
mod common;
mod rows;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;

use common::book::at;
use common::{ground, ground_with};
use farsight_rulebook::alert::{self, Level, OWN_RULES, RAISED, Spoken, Terms, Told, text_keys};
use farsight_rulebook::finding::Finding;
use farsight_rulebook::messages::{Language, Messages, Voice};
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::policy::{Policy, PolicyError};
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::date;
use rows::{ROWS, Row};

fn level(family: &str) -> Level {
    match family {
        "feed-silent" | "job-gave-up" | "webhook-off" | "watch-away" | "post-vacant.region-director" => {
            Level::Hq
        }
        "post-vacant.district-manager" | "satisfaction.region" => Level::RegionDirector,
        "fault-hotspot.rising" | "fault-hotspot.early" => Level::Hq,
        _ => Level::Dealer,
    }
}

/// An alert of the dealer D012 in region R1 about 2026-03-05.
fn told(row: &Row) -> Told<'static> {
    let (family, clause, subject, detail, amount, _) = *row;
    let concerns_dealer =
        !(subject.starts_with("model:") || subject.starts_with("region:") && subject.contains('@'));
    Told {
        family,
        clause,
        subject,
        dealer: if concerns_dealer { "D012" } else { "" },
        region: if subject.starts_with("model:") { "" } else { "R1" },
        occurred_on: date(2026, 3, 5),
        detail,
        amount: Money(amount),
        due_at: alert::due_at(clause, detail, &Zone::shanghai()),
        escalates_at: None,
        level: level(family),
        holder: None,
    }
}

fn voice<'m>(messages: &'m Messages, zone: &'m Zone, language: Language) -> Voice<'m> {
    Voice { messages, language, zone, currency: Currency::of("CNY").unwrap() }
}

fn speak(told: &Told, policy: Option<&Policy>, language: Language, now: &str) -> Spoken {
    static WORDS: LazyLock<(Messages, Zone)> = LazyLock::new(|| (common::messages(), Zone::shanghai()));
    let (messages, zone) = &*WORDS;
    told.speak(&voice(messages, zone, language), policy, at(now))
        .unwrap_or_else(|error| panic!("{} {}: {error}", told.family, told.clause))
}

fn names(row: &Row) -> &'static str {
    if row.5.is_empty() { row.1 } else { row.5 }
}

#[test]
fn alerts_read_like_this() {
    let ground = ground_with(&[]);
    let policy = &*ground.timeline.versions()[0].policy;
    let mut said = String::new();
    for row in &ROWS {
        writeln!(said, "{}", names(row)).unwrap();
        for language in Language::ALL {
            let spoken = speak(&told(row), Some(policy), language, "2026-03-10");
            assert!(!spoken.text.contains(['{', '}']), "{}", spoken.text);
            writeln!(said, "  {}\n  {}\n  {}", spoken.happened, spoken.cost, spoken.act).unwrap();
        }
    }
    let expected = include_str!("alerts.txt");
    assert!(said == expected, "tests/alerts/alerts.txt differs; it would have to be\n{said}");
}

/// The rows above say every text that an alert can have.
#[test]
fn every_clause_and_kind_has_its_words() {
    let ground = ground_with(&[]);
    let clauses = ground.timeline.versions()[0].policy.clauses();
    let mut needed: BTreeSet<String> = clauses.iter().flat_map(|clause| text_keys(clause.name)).collect();
    needed.extend(RAISED.iter().flat_map(|(_, names)| names.iter().map(ToString::to_string)));
    let said: BTreeSet<String> = ROWS.iter().map(|row| names(row).to_owned()).collect();
    assert_eq!(said, needed);
    needed.extend(OWN_RULES.map(str::to_owned)); // said by custom_table.rs
    let messages = common::messages();
    for language in Language::ALL {
        for section in ["alert-happened", "alert-deed"] {
            let prefix = format!("{section}.");
            let there: BTreeSet<String> = messages
                .keys(language)
                .filter_map(|key| key.strip_prefix(&prefix))
                .map(str::to_owned)
                .collect();
            assert_eq!(there, needed, "{} {section}", language.tag());
        }
        for table in farsight_rulebook::tables::TABLES {
            assert!(messages.has(language, &format!("table.{}", table.name)), "{}", table.name);
        }
        for level in Level::ALL {
            assert!(messages.has(language, &format!("alert-level.{}", level.name())), "{}", level.name());
        }
    }
}

/// The details that the checks really write fill every sentence.
#[test]
fn every_finding_of_the_cases_can_be_told() {
    let mut clauses = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for policy in ["changan-2014", "example-2026"] {
        let ground = ground(policy);
        for (folder, as_of) in [
            ("tests/cases/small", "2025-07-01"),
            ("../shared/case-1", "2026-01-01"),
            ("../shared/case-2", "2025-08-20"),
        ] {
            let folder = root.join(folder);
            if !folder.is_dir() {
                continue;
            }
            let facts = common::read(&folder, &ground.zone);
            let found = common::evaluate(&facts, &ground, at(as_of));
            for finding in &found.findings {
                clauses.insert(finding.clause);
                let (dealer, region) = (facts.codes.text(finding.dealer), facts.codes.text(finding.region));
                let version = ground.timeline.in_force(finding.occurred_on).unwrap();
                for language in Language::ALL {
                    let told = of_finding(finding, dealer, region, &ground.zone);
                    let spoken = speak(&told, Some(&version.policy), language, as_of);
                    assert!(
                        spoken.happened.contains(dealer) && !spoken.text.contains(['{', '}']),
                        "{}",
                        spoken.text
                    );
                }
            }
        }
    }
    assert!(clauses.len() > 15, "{clauses:?}");
}

fn of_finding<'f>(finding: &'f Finding, dealer: &'f str, region: &'f str, zone: &Zone) -> Told<'f> {
    Told {
        family: finding.family,
        clause: finding.clause,
        subject: &finding.subject,
        dealer,
        region,
        occurred_on: finding.occurred_on,
        detail: &finding.detail,
        amount: finding.amount(),
        due_at: alert::due_at(finding.clause, &finding.detail, zone),
        escalates_at: None,
        level: alert::opens_before(dealer, region),
        holder: None,
    }
}

#[test]
fn an_alert_says_before_whom_it_is_and_when_it_goes_up() {
    let late = ROWS.iter().find(|row| row.1 == "complaint.reply-late").unwrap();
    let acts = |level, holder, escalates_at: Option<Instant>| {
        let told = Told { level, holder, escalates_at, ..told(late) };
        Language::ALL.map(|language| speak(&told, None, language, "2026-03-10").act)
    };
    assert_eq!(
        acts(Level::DistrictManager, Some("P-3"), Some(at("2026-03-13 09:00:59.999999"))),
        [
            "区域经理 P-3：请督促服务中心 D012 立即联系客户并登记首次回复。2026年3月13日 09:00 前未解决也未确认的，上报一级。",
            "District manager P-3, at once: see to it that service centre D012 does this: contact the customer and record the first reply. Unless it is settled or acknowledged by 13 Mar 2026 09:00, it goes one level up.",
        ]
    );
    assert_eq!(
        acts(Level::RegionDirector, Some("P-4"), None)[0],
        "大区 R1 总监 P-4：请督促服务中心 D012 立即联系客户并登记首次回复。"
    );
    assert_eq!(acts(Level::Hq, None, None)[0], "总部：请督促服务中心 D012 立即联系客户并登记首次回复。");
}

#[test]
fn a_deadline_to_come_is_told_and_one_that_passed_asks_for_haste() {
    let rectify = ROWS.iter().find(|row| row.1 == "bay-turnover.rectify").unwrap();
    let act = |now: &str| speak(&told(rectify), None, Language::Chinese, now).act;
    assert_eq!(act("2026-05-30 23:59"), "服务中心 D012：请最迟在2026年5月30日完成整改并通过验收。");
    assert_eq!(act("2026-05-31 00:00"), "服务中心 D012：请立即完成整改并通过验收。");
}

#[test]
fn a_detail_that_lacks_a_value_is_an_error_not_a_gap() {
    let row = ("complaint.reply", "complaint.reply-late", "complaint:C-1", "{}", 0, "");
    let (messages, zone) = (common::messages(), Zone::shanghai());
    let error =
        told(&row).speak(&voice(&messages, &zone, Language::English), None, at("2026-03-10")).unwrap_err();
    assert!(error.to_string().contains("asks for {due}"), "{error}");
}

fn parse(alerts: &str) -> Result<Policy, Vec<PolicyError>> {
    let shipped = include_str!("../../../../config/policies/changan-2014.toml");
    let (before, _) = shipped.split_once("\n[alerts.").unwrap();
    Policy::read(&format!("{before}\n{alerts}"), Currency::of("CNY").unwrap())
}

fn parameter(name: &str, value: &str) -> String {
    format!(
        "[alerts.{name}]\nvalue = {value}\nunit = \"hours\"\nsource = \"set by the manufacturer\"\nzh = \"字\"\nen = \"words\"\n"
    )
}

#[test]
fn a_policy_may_leave_the_life_of_alerts_out() {
    assert_eq!(parse("").unwrap().alerts, Terms::default());
    for name in ["changan-2014", "example-2026"] {
        assert_eq!(common::policy(name).alerts, Terms::default(), "{name} writes the defaults out");
    }
    let some = parse(&parameter("warning_hours", "[1, 2, 3]")).unwrap().alerts;
    assert_eq!(some, Terms { warning_hours: [1, 2, 3], ..Terms::default() });
    let other = parse(&parameter("flap_hours", "6")).unwrap().alerts;
    assert_eq!(other, Terms { flap_hours: 6, ..Terms::default() });
}

#[test]
fn what_it_says_of_alerts_is_read_as_strictly_as_the_rest() {
    let table = [
        (parameter("warning_hours", "[1, 2]"), 1, "must be a list of 3 whole numbers from 1 to 8760"),
        (parameter("critical_hours", "[0, 2, 3]"), 1, "must be a list of 3 whole numbers from 1 to 8760"),
        (parameter("critical_hours", "24"), 1, "must be a list of 3 whole numbers from 1 to 8760"),
        (parameter("flap_hours", "0"), 1, "0 is out of range: 1 to 8760"),
        (parameter("notice_hours", "[1, 2, 3]"), 0, "unknown key"),
        ("[alerts.flap_hours]\nvalue = 3\n".to_owned(), 0, "missing"),
    ];
    let first = parse("[alerts.x]").unwrap_err()[0].line;
    for (text, below, reason) in table {
        let faults = parse(&text).unwrap_err();
        assert_eq!(faults[0].line, first + below, "{faults:?}");
        assert!(faults[0].reason.contains(reason) && faults[0].place.starts_with("alerts."), "{faults:?}");
    }
}
