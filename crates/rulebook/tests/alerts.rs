//! Alerts in words, one for each clause that can alert and each kind that no check finds; and what a policy says of
//! their life.
//!
//! The words stand in `alerts.txt`, as a person reads them.

mod common;

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

/// Family, clause, subject, detail, amount in fen; the name of its texts where that is not the clause.
type Row = (&'static str, &'static str, &'static str, &'static str, i64, &'static str);

/// The details are those that the checks write.
const ROWS: [Row; 52] = [
    (
        "spot-check",
        "spot-check.first",
        "inspection:I-1#item-01",
        r#"{"item":"item-01","failures_in_window":1,"earlier":[]}"#,
        -50_000,
        "",
    ),
    (
        "spot-check",
        "spot-check.repeat",
        "inspection:I-2#item-01",
        r#"{"item":"item-01","failures_in_window":2,"earlier":["2026-02-01"]}"#,
        -120_000,
        "",
    ),
    (
        "spot-check",
        "spot-check.third",
        "inspection:I-3#item-01",
        r#"{"item":"item-01","failures_in_window":3,"earlier":[]}"#,
        -1_000_000,
        "",
    ),
    (
        "spot-check.managers",
        "spot-check.third",
        "inspection:I-3",
        r#"{"items":["item-01","item-07"]}"#,
        -150_000,
        "spot-check.managers",
    ),
    (
        "spot-check.not-visible",
        "spot-check.not-visible",
        "inspection:I-4#item-12",
        r#"{"item":"item-12"}"#,
        0,
        "",
    ),
    ("complaint.attitude", "complaint.attitude", "complaint:C-77", "{}", -500_000, ""),
    (
        "complaint.reply",
        "complaint.reply-late",
        "complaint:C-77",
        r#"{"due_at":"2026-03-05T14:00:00+08:00","done_at":null,"late_minutes":null}"#,
        0,
        "",
    ),
    (
        "complaint.reply",
        "complaint.reply-late",
        "complaint:C-77",
        r#"{"due_at":"2026-03-05T14:00:00+08:00","done_at":"2026-03-05T15:30:00+08:00","late_minutes":90}"#,
        0,
        "complaint.reply-late-done",
    ),
    (
        "complaint.close",
        "complaint.close-late",
        "complaint:C-77",
        r#"{"due_at":"2026-03-07T14:00:00+08:00","done_at":null,"late_minutes":null}"#,
        0,
        "",
    ),
    (
        "complaint.close",
        "complaint.close-late",
        "complaint:C-77",
        r#"{"due_at":"2026-03-07T14:00:00+08:00","done_at":"2026-03-08T09:00:00+08:00","late_minutes":1140}"#,
        0,
        "complaint.close-late-done",
    ),
    (
        "complaint.major",
        "complaint.major-unattended",
        "complaint:C-78",
        r#"{"due_at":"2026-03-09T14:00:00+08:00","missing":["dealer-gm","region-deputy-director"]}"#,
        0,
        "",
    ),
    ("complaint.mishandled", "complaint.mishandled", "complaint:C-78", r#"{"ruling":"RU-5"}"#, -800_000, ""),
    (
        "certification.attrition",
        "certification.attrition",
        "person:P-9/D012@2026-03-05",
        r#"{"person":"P-9","reason":null}"#,
        -200_000,
        "",
    ),
    (
        "certification.shortfall",
        "certification.shortfall",
        "dealer:D012@2026-03",
        r#"{"have":1,"needed":2,"bays":12}"#,
        0,
        "",
    ),
    (
        "certification.expiring",
        "certification.expiring",
        "certificate:CE-4#30",
        r#"{"person":"P-9","kind":"service-advisor","expires_on":"2026-04-04","days":30}"#,
        0,
        "",
    ),
    (
        "certification.uncertified-work",
        "certification.uncertified-work",
        "dealer:D012@2026-03-05",
        r#"{"orders":1,"work_orders":["W-1"]}"#,
        0,
        "",
    ),
    ("certification.bonus", "certification.bonus", "person:P-9/D012@2026-03", "{}", 30_000, ""),
    (
        "bay-turnover",
        "bay-turnover.rectify",
        "dealer:D012@2026-03",
        r#"{"base_customers":6000,"bays":12,"factor":"1.0000","warn_at":350,"rectify_at":450,"due_on":"2026-05-30"}"#,
        0,
        "",
    ),
    (
        "bay-turnover",
        "bay-turnover.warn",
        "dealer:D012@2026-03",
        r#"{"base_customers":4800,"bays":12,"factor":"1.0000","warn_at":350,"rectify_at":450,"due_on":"2026-05-30"}"#,
        0,
        "",
    ),
    (
        "bay-turnover.overdue",
        "bay-turnover.overdue",
        "dealer:D012@2026-01",
        r#"{"due_on":"2026-03-04","months":["2026-01","2026-02"],"accepted_on":null}"#,
        0,
        "",
    ),
    (
        "bay-turnover.overdue",
        "bay-turnover.overdue",
        "dealer:D012@2026-01",
        r#"{"due_on":"2026-03-04","months":["2026-01"],"accepted_on":"2026-03-06"}"#,
        0,
        "bay-turnover.overdue-done",
    ),
    (
        "bay-turnover.data-missing",
        "bay-turnover.data-missing",
        "dealer:D012@2026-03",
        r#"{"base_customers":null,"bays":null}"#,
        0,
        "",
    ),
    (
        "repeat-repair.unreported",
        "repeat-repair.unreported",
        "vin:V-1/F-2@D012#W-3",
        r#"{"due_at":"2026-03-05T17:00:00+08:00","requested_at":null}"#,
        0,
        "",
    ),
    (
        "repeat-repair.unreported",
        "repeat-repair.unreported",
        "vin:V-1/F-2@D012#W-3",
        r#"{"due_at":"2026-03-05T17:00:00+08:00","requested_at":"2026-03-06T08:00:00+08:00"}"#,
        0,
        "repeat-repair.unreported-done",
    ),
    (
        "repeat-repair.complaint",
        "repeat-repair.complaint",
        "complaint:C-80",
        r#"{"vin":"V-1","fault":"F-2","work_order":"W-3"}"#,
        -500_000,
        "",
    ),
    (
        "service-clock.slow",
        "service-clock.slow",
        "dealer:D012@2026-03",
        r#"{"orders":40,"prompt":34,"share":"85.00"}"#,
        0,
        "",
    ),
    (
        "service-clock.compensation",
        "service-clock.compensation",
        "order:W-9",
        r#"{"work_order":"W-9","promised_at":"2026-03-05T14:00:00+08:00","completed_at":"2026-03-05T15:10:00+08:00","late_minutes":70,"owed":"40.00"}"#,
        0,
        "",
    ),
    (
        "satisfaction.level",
        "satisfaction.gold",
        "dealer:D012@2026-03",
        r#"{"score":"95.20","responses":12}"#,
        300_000,
        "",
    ),
    (
        "satisfaction.level",
        "satisfaction.silver",
        "dealer:D012@2026-03",
        r#"{"score":"91.00","responses":12}"#,
        150_000,
        "",
    ),
    (
        "satisfaction.level",
        "satisfaction.low",
        "dealer:D012@2026-03",
        r#"{"score":"74.99","responses":12}"#,
        0,
        "",
    ),
    (
        "satisfaction.region",
        "satisfaction.region-top",
        "region:R1@2026-03",
        r#"{"score":"93.10","responses":120,"regions":4}"#,
        200_000,
        "",
    ),
    (
        "satisfaction.region",
        "satisfaction.region-bottom",
        "region:R1@2026-03",
        r#"{"score":"83.10","responses":120,"regions":4}"#,
        -50000,
        "",
    ),
    (
        "satisfaction.star",
        "satisfaction.star",
        "person:P-9@2026-03",
        r#"{"place":1,"share":"96.00","responses":25}"#,
        100_000,
        "",
    ),
    (
        "mystery-shopper",
        "mystery-shopper.excellent",
        "dealer:D012@2026-03",
        r#"{"score":"90.00","visits":2}"#,
        200_000,
        "",
    ),
    (
        "mystery-shopper",
        "mystery-shopper.poor",
        "dealer:D012@2026-03",
        r#"{"score":"59.99","visits":1}"#,
        -200_000,
        "",
    ),
    (
        "feedback.late",
        "feedback.late",
        "feedback:FB-1",
        r#"{"due_at":"2026-03-05T14:00:00+08:00","done_at":null,"late_minutes":null}"#,
        0,
        "",
    ),
    (
        "feedback.late",
        "feedback.late",
        "feedback:FB-1",
        r#"{"due_at":"2026-03-05T14:00:00+08:00","done_at":"2026-03-06T09:00:00+08:00","late_minutes":1140}"#,
        0,
        "feedback.late-done",
    ),
    (
        "feedback.callback-missed",
        "feedback.callback-missed",
        "dealer:D012@2026-03",
        r#"{"orders":30,"called":26,"share":"86.67"}"#,
        0,
        "",
    ),
    (
        "retention.churn",
        "retention.churn",
        "dealer:D012@2026-03",
        r#"{"vehicles":50,"away":31,"share":"62.00"}"#,
        0,
        "",
    ),
    (
        "fault-hotspot.rising",
        "fault-hotspot.rising",
        "model:CS75/P0301@2026-03",
        r#"{"count":9,"expected":"1.25","vehicles":800}"#,
        0,
        "",
    ),
    (
        "fault-hotspot.early",
        "fault-hotspot.early",
        "model:CS75/*@2026-03",
        r#"{"count":6,"expected":"0.50","vehicles":90}"#,
        0,
        "",
    ),
    (
        "transparency.unconfirmed",
        "transparency.unconfirmed",
        "dealer:D012@2026-03",
        r#"{"orders":20,"count":3,"share":"15.00"}"#,
        0,
        "",
    ),
    (
        "transparency.price",
        "transparency.price",
        "dealer:D012@2026-03",
        r#"{"prices":12,"count":1,"share":"8.33"}"#,
        0,
        "",
    ),
    (
        "post-vacant.district-manager",
        "post-vacant",
        "inspection:I-2#item-01",
        r#"{"item":"item-01"}"#,
        -20_000,
        "post-vacant",
    ),
    (
        "post-vacant.region-director",
        "post-vacant",
        "inspection:I-3",
        r#"{"items":["item-01"]}"#,
        -50_000,
        "post-vacant",
    ),
    (
        "post-vacant.district-manager",
        "post-vacant",
        "dealer:D012",
        r#"{"role":"district-manager"}"#,
        0,
        "post-vacant.district-manager",
    ),
    (
        "post-vacant.region-director",
        "post-vacant",
        "region:R1",
        r#"{"role":"region-director"}"#,
        0,
        "post-vacant.region-director",
    ),
    (
        "feed-silent",
        "feed-silent",
        "feed:work_orders",
        r#"{"table":"work_orders","since":"2026-03-01T02:10:00+08:00","usual_gap_hours":24}"#,
        0,
        "",
    ),
    (
        "camera-away",
        "camera-away",
        "camera:CAM-1",
        r#"{"camera":"CAM-1","since":"2026-03-05T09:12:00+08:00","why":"no answer in 10 s"}"#,
        0,
        "",
    ),
    (
        "job-gave-up",
        "job-gave-up",
        "job:draw@2026-03-05T00:00:00Z",
        r#"{"job":"draw","slot":"2026-03-05T08:00:00+08:00","attempts":5,"why":"the pool is empty"}"#,
        0,
        "",
    ),
    (
        "webhook-off",
        "webhook-off",
        "webhook:4f7c",
        r#"{"machine":"dms-north","host":"hooks.example","since":"2026-03-05T09:12:00+08:00","why":"answered 500"}"#,
        0,
        "",
    ),
    (
        "watch-away",
        "watch-away",
        "watch:dms",
        r#"{"watch":"dms","since":"2026-03-05T09:12:00+08:00","why":"no such bucket"}"#,
        0,
        "",
    ),
];

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
    assert!(said == expected, "tests/alerts.txt differs; it would have to be\n{said}");
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
    let shipped = include_str!("../../../config/policies/changan-2014.toml");
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
