//! A manufacturer's own rules on the real database: from the file to a verified pack.

use std::collections::BTreeSet;

use farsight_control::evaluate::Request;
use farsight_control::explain;
use farsight_control::export::Report;
use farsight_control::pack;
use farsight_control::policies::{self, Source, drafts, replay};
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_tests::books::{Case, fen, records, same, small};
use farsight_tests::office::{LATE, Step, at, month, sealer};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::{Office, Tower};
use jiff::civil::{Date, date};

/// Rules that ask for every figure.
const RULES: &str = include_str!("../../crates/rulebook/tests/own_rules.toml");

/// The policy that ships, with own rules.
fn with_rules(rules: &str) -> Source {
    let shipped = Source::named("example-2026").unwrap();
    let text = format!("{}\n{}", shipped.text, rules.replace("{percent}", "30"));
    Source { name: "own.toml".to_owned(), text }
}

/// A tenant whose policy has own rules from a day on.
fn tenant(tower: &Tower, code: &str, rules: &str, from: Date) -> Office {
    let mut office = Office::new(tower, code, "example-2026");
    office.user("wu@oem", Role::Hq);
    office.finance(&["anna@oem"]);
    "wu@oem".clone_into(&mut office.desk.actor);
    office.now(at("2024-06-01T00:00:00+08:00"));
    drafts::publish_file(&mut office.desk, &with_rules(rules), from)
        .unwrap_or_else(|error| panic!("{error}"));
    office.now(at(LATE));
    office
}

/// Clauses of own rules that have entries.
fn own_clauses(office: &mut Office) -> BTreeSet<String> {
    let clauses =
        records(&office.csv(Report::Entries, None)).map(|row| row["clause"].clone()).collect::<Vec<_>>();
    clauses.into_iter().filter(|clause| clause.starts_with("custom.")).collect()
}

/// What a check looked at was enough: a look at everything would change nothing.
#[track_caller]
fn enough(office: &mut Office, as_of: &str, what: &str) {
    let request = Request { as_of: Some(at(as_of)), full: true, dry_run: true, ..Request::default() };
    let shown = office.evaluate(&request);
    let changes = (shown.posted, shown.reversed, shown.alerts_opened, shown.alerts_resolved);
    if changes != (0, 0, 0, 0) {
        let (net, alerts) = (office.net(), office.open_alerts());
        office.evaluate(&Request { dry_run: false, ..request });
        same(&format!("{what}: alerts"), &alerts, &office.open_alerts());
        same(what, &net, &office.net());
        panic!("{what}: {shown:?}");
    }
}

fn case() -> Case {
    small().swap_remove(1)
}

/// Time goes by month for month, by what has come till then and later all at once: the same books.
#[test]
fn month_for_month_or_all_at_once_are_the_same_books() {
    let tower = Tower::new();
    let facts = Folder::of(&case().facts());
    let mut whole = tenant(&tower, "whole", RULES, date(2025, 1, 1));
    whole.import_folder(&facts);
    whole.check(case().as_of);
    let mut steps = tenant(&tower, "steps", RULES, date(2025, 1, 1));
    steps.check("2025-01-10T00:00:00+08:00");
    steps.import_folder(&facts);
    for instant in
        ["2025-01-31T23:00:00+08:00", "2025-02-01T00:00:00+08:00", "2025-04-15T00:00:00+08:00", case().as_of]
    {
        steps.check(instant);
        enough(&mut steps, instant, instant);
    }
    same("findings", &steps.findings(), &whole.findings());
    same("charges", &steps.net(), &whole.net());
    same("alerts", &steps.open_alerts(), &whole.open_alerts());
    let clauses = own_clauses(&mut whole);
    for clause in ["custom.liked.no", "custom.work.some", "custom.trouble.bad"] {
        assert!(clauses.contains(clause), "{clause}: {clauses:?}");
    }
    let kept: BTreeSet<String> =
        steps.findings().into_keys().filter(|row| row.starts_with("custom.")).collect();
    assert!(kept.iter().any(|row| row.contains("region:")), "{kept:#?}");
}

/// A fact withdrawn and sent again has just those months judged anew in which it counts.
#[test]
fn each_fact_alone_withdrawn_and_sent_again() {
    let tower = Tower::new();
    let mut office = tenant(&tower, "t", RULES, date(2025, 1, 1));
    let facts = case().facts();
    office.import_folder(&Folder::of(&facts));
    office.check(case().as_of);
    let before = office.net();
    let tables = ["dealers", "regions", "people", "posts"];
    for whole in facts.iter().filter(|sheet| !tables.contains(&sheet.table.as_str())) {
        for row in &whole.rows {
            let mut one = Sheet { rows: vec![row.clone()], ..whole.clone() };
            one.columns.push("voided".to_owned());
            for voided in ["true", "false"] {
                one.rows[0].truncate(whole.columns.len());
                one.rows[0].push(voided.to_owned());
                office.import_folder(&Folder::of(std::slice::from_ref(&one)));
                office.evaluate(&Request {
                    checks: vec!["custom".to_owned()],
                    as_of: Some(at(case().as_of)),
                    ..Request::default()
                });
                let full = Request {
                    checks: vec!["custom".to_owned()],
                    as_of: Some(at(case().as_of)),
                    full: true,
                    dry_run: true,
                };
                let shown = office.evaluate(&full);
                assert_eq!(
                    (shown.posted, shown.reversed, shown.alerts_opened, shown.alerts_resolved),
                    (0, 0, 0, 0),
                    "{} {row:?} voided {voided}",
                    whole.table
                );
            }
        }
    }
    office.check(case().as_of);
    same("at the end", &office.net(), &before);
}

#[test]
fn a_replay_of_own_rules_charges_what_publishing_has_posted() {
    let tower = Tower::new();
    let months = (month("2025-02"), month("2025-06"));
    let mut office = Office::new(&tower, "real", "example-2026");
    office.user("wu@oem", Role::Hq);
    "wu@oem".clone_into(&mut office.desk.actor);
    office.import_folder(&Folder::of(&case().facts()));
    office.check(case().as_of);
    office.now(at(case().as_of));
    let file = with_rules(RULES);
    let replayed = replay::replay(&mut office.desk, &[file], months, None).unwrap().pop().unwrap();
    let mut copy = tenant(&tower, "copy", RULES, months.0.first_day());
    copy.import_folder(&Folder::of(&case().facts()));
    copy.check(case().as_of);
    let mut posted = std::collections::BTreeMap::new();
    for row in records(&copy.csv(Report::Entries, None)).filter(|row| row["clause"].starts_with("custom.")) {
        *posted.entry(row["clause"].clone()).or_insert(0) += fen(&row["amount"]);
    }
    posted.retain(|_, net| *net != 0);
    let clauses = replayed.clauses.iter().filter(|(clause, _)| clause.starts_with("custom."));
    let told: std::collections::BTreeMap<String, i64> = clauses
        .map(|(clause, pair)| (clause.clone(), pair.replayed.net().0))
        .filter(|(_, net)| *net != 0)
        .collect();
    assert_eq!(told, posted);
    assert!(posted.len() >= 3, "{posted:?}");
    assert!(
        replayed
            .clauses
            .iter()
            .all(|(clause, pair)| !clause.starts_with("custom.") || pair.in_force.net().0 == 0)
    );
}

#[test]
fn own_charges_are_judged_anew_from_their_pack_alone() {
    let tower = Tower::new();
    let mut office = tenant(&tower, "t", RULES, date(2025, 1, 1));
    office.import_folder(&Folder::of(&case().facts()));
    office.check(case().as_of);
    let own = |office: &mut Office| {
        let entries = office.csv(Report::Entries, None);
        records(&entries).filter(|row| row["clause"].starts_with("custom.")).collect::<Vec<_>>()
    };
    let rows = own(&mut office);
    let periods: BTreeSet<String> = rows.iter().map(|row| row["period"].clone()).collect();
    assert!(periods.len() > 2, "{periods:?}");
    for period in &periods {
        office.step(Step::Settle(case().as_of), period, "anna@oem").unwrap();
        let mut bytes = Vec::new();
        let packed = pack::pack(&mut office.desk, &sealer(), month(period), &mut bytes).unwrap();
        assert_eq!(packed.not_reproduced, Vec::<i64>::new(), "{period}");
        let folder = Folder::new();
        let report = pack::verify(&folder.put("pack.zip", &bytes)).unwrap();
        assert!(report.whole, "{period}: {:#?}", report.faults.faults);
        assert_eq!(report.charges, packed.entries as u64, "{period}");
    }
    // Every one of them has its receipt, in both languages.
    for row in rows.iter().take(12) {
        let id = row["entry_id"].parse().unwrap();
        for language in Language::ALL {
            explain::explain(&mut office.desk, id, language, None)
                .unwrap_or_else(|error| panic!("{row:?}: {error}"));
        }
    }
}

const LATE_RULE: &str = r#"
[custom.rules.late]
zh = "超时完工"
en = "Orders late"
of = "dealer"
measure = "orders_late"
sample = "orders_completed"
min_sample = 2
tiers.one = { from = 1, below = 2, zh = "一单", en = "One", severity = "notice", charges.dealer = { penalty = "100.00", source = "set by the manufacturer" } }
tiers.more = { from = 2, zh = "多单", en = "More", severity = "warning", charges.dealer = { penalty = "300.00", source = "set by the manufacturer" } }
"#;

fn orders(rows: &str) -> Folder {
    Folder::of(&[sheet(
        "work_orders",
        &format!("work_order_id | dealer_code | vin | created_at | promised_at | completed_at\n{rows}"),
    )])
}

#[test]
fn a_correction_of_an_old_order_judges_the_right_month() {
    let tower = Tower::new();
    let mut office = tenant(&tower, "t", LATE_RULE, date(2025, 2, 1));
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 服务中心 | N | 2015-01-01"),
    ]));
    office.import_folder(&orders(
        "W1 | D1 | V1 | 2025-02-03 09:00 | 2025-02-03 12:00 | 2025-02-03 13:00
         W2 | D1 | V2 | 2025-02-04 09:00 | 2025-02-04 12:00 | 2025-02-04 11:00
         W3 | D1 | V3 | 2025-03-04 09:00 | 2025-03-04 12:00 | 2025-03-04 11:00
         W4 | D1 | V4 | 2025-01-04 09:00 | 2025-01-04 12:00 | 2025-01-04 15:00",
    ));
    let own = |office: &mut Office| -> Vec<String> {
        let net = office.net();
        net.into_iter()
            .filter(|(row, _)| row.contains("custom."))
            .map(|(row, amount)| format!("{row} {amount}"))
            .collect()
    };
    office.check("2025-02-28T12:00:00+08:00");
    assert_eq!(own(&mut office), [""; 0], "February is not over");
    office.check("2025-03-01T00:00:00+08:00");
    let one = "dealer,D1,D1,custom.late.one,dealer:D1@2025-02,2025-02-28 -10000";
    assert_eq!(own(&mut office), [one], "January is before the rules");
    // Two months later W2 turns out to have been late; W3 moves from March to February.
    office.check("2025-04-05T00:00:00+08:00");
    assert_eq!(own(&mut office), [one]);
    office.import_folder(&orders("W2 | D1 | V2 | 2025-02-04 09:00 | 2025-02-04 12:00 | 2025-02-04 12:01"));
    let outcome = office.check("2025-04-06T00:00:00+08:00");
    assert!(outcome.whole.is_empty() && outcome.posted == 1 && outcome.reversed == 1, "{outcome:?}");
    let more = "dealer,D1,D1,custom.late.more,dealer:D1@2025-02,2025-02-28 -30000";
    assert_eq!(own(&mut office), [more]);
    office.import_folder(&orders("W1 | D1 | V1 | 2025-02-03 09:00 | 2025-02-03 12:00 | 2025-03-01 00:00"));
    office.check("2025-04-07T00:00:00+08:00");
    let march = "dealer,D1,D1,custom.late.one,dealer:D1@2025-03,2025-03-31 -10000";
    assert_eq!(own(&mut office), [march], "one order is left in February, two are in March");
    enough(&mut office, "2025-04-07T00:00:00+08:00", "moved");
}

#[test]
fn own_rules_are_shown_compared_and_promised_notice_like_all_others() {
    let tower = Tower::new();
    let mut office = tenant(&tower, "t", LATE_RULE, date(2025, 2, 1));
    let read = policies::text(&mut office.desk, Some(2)).unwrap();
    let section = read.sections.iter().find(|section| section.check == "custom").unwrap();
    let shown: Vec<String> =
        section.parameters.iter().map(|of| format!("{} “{}”: {}", of.name, of.text.en, of.value)).collect();
    assert_eq!(
        shown,
        [
            "rules.late “Orders late”: of dealer, measure orders_late, sample orders_completed, min_sample 2",
            "rules.late.tiers.more “Orders late: More”: from 2",
            "rules.late.tiers.one “Orders late: One”: from 1, below 2",
        ]
    );
    let clauses: Vec<&str> = section.clauses.iter().map(|clause| clause.name).collect();
    assert_eq!(clauses, ["custom.late.one", "custom.late.more"], "lowest first");
    let sentences = policies::say(&office.desk, &read.changes, Language::English).unwrap();
    assert!(read.changes.iter().all(|change| change.section == "custom"), "{sentences:#?}");
    assert!(sentences.iter().any(|said| said.contains("One") && said.contains("100.00")), "{sentences:#?}");
    // A region that the tenant does not have is refused, with its line.
    office.import_folder(&Folder::of(&[sheet("regions", "region_code | name\nN | 北区")]));
    let wrong = with_rules(&LATE_RULE.replace("of = \"dealer\"", "of = \"dealer\"\nregions = [\"X\"]"));
    let refused = drafts::draft(&mut office.desk, &wrong).expect_err("no such region").to_string();
    assert!(refused.contains("custom.rules.late.regions: no region 'X': there is N"), "{refused}");
}
