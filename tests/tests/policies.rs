//! Policy versions on the real database: who drafts and publishes, in what time, and that nothing before a version's date
//! is judged by it.

use farsight_control::ControlError;
use farsight_control::export::Report;
use farsight_control::policies::drafts::{self, Publication};
use farsight_control::policies::{self, Source};
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_store::policies::drafts::State;
use farsight_tests::books::Rows;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::{number, refused, run, texts};
use farsight_tests::{Office, Tower};
use jiff::civil::Date;

const NOW: &str = "2025-04-10T09:00:00+08:00";
const JULY: &str = "2025-07-01T00:00:00+08:00";

/// A tenant with two people of headquarters, and a dealer that fails an item each month of a half-year.
fn office(tower: &Tower) -> Office {
    let mut office = Office::real(tower, "t", "example-2026", NOW);
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 服务中心 | N | 2015-01-01"),
    ]));
    for email in ["wu@oem", "he@oem"] {
        office.user(email, Role::Hq);
    }
    office.finance(&["anna@oem", "bo@oem"]);
    office
}

fn fail_each_month(office: &mut Office) {
    let rows: Vec<String> = (1..=6)
        .map(|month| format!("I-{month} | item-0{month} | D1 | 2025-0{month}-10 10:00 | fail"))
        .collect();
    let lines =
        format!("inspection_id | item_code | dealer_code | inspected_at | result\n{}", rows.join("\n"));
    office.import_folder(&Folder::of(&[sheet("inspections", &lines)]));
}

/// The shipped policy with some texts replaced, each in the table of its name.
fn edited(edits: &[(&str, &str, &str)]) -> Source {
    let mut source = Source::named("example-2026").unwrap();
    for (header, from, to) in edits {
        let table = source.text.find(&format!("[{header}]\n")).expect(header);
        let place = table + source.text[table..].find(from).expect(from);
        source.text.replace_range(place..place + from.len(), to);
    }
    source
}

const DEARER: (&str, &str, &str) = ("spot-check.first", "penalty = \"500.00\"", "penalty = \"600.00\"");
const CHEAPER: (&str, &str, &str) = ("spot-check.first", "penalty = \"500.00\"", "penalty = \"400.00\"");

/// Somebody drafts a file.
fn draft(office: &mut Office, by: &str, source: &Source) -> Result<i64, ControlError> {
    by.clone_into(&mut office.desk.actor);
    drafts::draft(&mut office.desk, source)
}

/// Somebody publishes a draft.
fn publish(office: &mut Office, by: &str, id: i64, on: &str) -> Result<Publication, ControlError> {
    by.clone_into(&mut office.desk.actor);
    drafts::publish(&mut office.desk, id, on.parse().unwrap())
}

/// A deed that must be refused, by its stable code.
#[track_caller]
fn no<T: std::fmt::Debug>(code: &str, done: Result<T, ControlError>) -> String {
    let error = done.expect_err(code);
    assert_eq!(error.code(), code, "{error}");
    error.to_string()
}

#[test]
fn one_drafts_and_a_second_publishes() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let cheaper = edited(&[CHEAPER]);
    no("policy_may_not", draft(&mut office, "anna@oem", &cheaper));
    no("policy_may_not", draft(&mut office, "stranger@oem", &cheaper));
    no("policy_same", draft(&mut office, "wu@oem", &edited(&[])));
    let id = draft(&mut office, "wu@oem", &cheaper).unwrap();
    no("policy_own_draft", publish(&mut office, "wu@oem", id, "2025-05-01"));
    no("policy_own_draft", publish(&mut office, "Wu@OEM", id, "2025-05-01"));
    no("policy_may_not", publish(&mut office, "anna@oem", id, "2025-05-01"));
    no("not_found", publish(&mut office, "he@oem", id + 1, "2025-05-01"));
    let published = publish(&mut office, "he@oem", id, "2025-05-01").unwrap();
    assert_eq!((published.version, &*published.effective_on, published.changes), (2, "2025-05-01", 1));
    no("policy_over", publish(&mut office, "he@oem", id, "2025-06-01"));
    no("policy_over", drafts::drop(&mut office.desk, id));
    let kept = drafts::one(&mut office.desk, id, None).unwrap().draft;
    assert_eq!((kept.state, kept.version, &*kept.drafted_by), (State::Published, Some(2), "wu@oem"));
    assert_eq!(kept.decided_by.as_deref(), Some("he@oem"));
    let told = texts(
        &mut tower.sql(),
        "SELECT action || ' ' || actor || ' ' || subject AS value FROM audit_log WHERE action LIKE 'policy.%' AND subject LIKE 'policy-draft:%' ORDER BY seq",
    );
    assert_eq!(told, ["policy.draft wu@oem policy-draft:1", "policy.publish he@oem policy-draft:1"]);
    office.audit_links();
}

#[test]
fn a_draft_is_dropped_by_anybody_of_headquarters() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let id = draft(&mut office, "wu@oem", &edited(&[CHEAPER])).unwrap();
    drafts::drop(&mut office.desk, id).unwrap();
    no("policy_over", publish(&mut office, "he@oem", id, "2025-05-01"));
    let states: Vec<_> = drafts::list(&mut office.desk).unwrap().iter().map(|draft| draft.state).collect();
    assert_eq!(states, [State::Dropped]);
}

#[test]
fn who_sits_at_the_machine_is_a_person_too() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let cheaper = edited(&[CHEAPER]);
    draft(&mut office, "os:root", &cheaper).unwrap();
    let on = Date::constant(2025, 5, 1);
    no("policy_own_draft", drafts::publish_file(&mut office.desk, &cheaper, on));
    "he@oem".clone_into(&mut office.desk.actor);
    assert_eq!(drafts::publish_file(&mut office.desk, &cheaper, on).unwrap().version, 2);
    let told = no("usage", drafts::publish_file(&mut office.desk, &edited(&[DEARER]), on));
    assert!(told.contains("nobody has drafted"), "{told}");
}

#[test]
fn in_a_simulation_one_person_tries_everything() {
    let tower = Tower::new();
    let mut office = Office::since(&tower, "s", "example-2026", NOW);
    office.user("wu@oem", Role::Hq);
    "wu@oem".clone_into(&mut office.desk.actor);
    let published =
        drafts::publish_file(&mut office.desk, &edited(&[CHEAPER]), Date::constant(2025, 5, 1)).unwrap();
    assert_eq!(published.version, 2);
}

#[test]
fn what_costs_dealers_more_is_told_in_time() {
    const TABLE: [((&str, &str, &str), &str, &str); 9] = [
        // Today is 2025-04-10, and 30 days are promised.
        (DEARER, "2025-05-09", "policy_notice"),
        (DEARER, "2025-05-10", "published"),
        (CHEAPER, "2025-04-11", "published"),
        // Managers of the manufacturer are no dealers.
        (
            ("spot-check.third", "district-manager = { penalty = \"", "district-manager = { penalty = \"9"),
            "2025-04-11",
            "published",
        ),
        // Of a number nobody can tell.
        (("spot-check.year_count", "value = 3", "value = 4"), "2025-05-09", "policy_notice"),
        (("spot-check.year_count", "value = 3", "value = 4"), "2025-05-10", "published"),
        // Alerts cost nothing.
        (("alerts.warning_hours", "value = [72", "value = [71"), "2025-04-11", "published"),
        // The promise itself cannot be taken away at once.
        (("general.notice_days", "value = 30", "value = 0"), "2025-05-09", "policy_notice"),
        // Another wording.
        (("spot-check.first", "zh = \"", "zh = \"新"), "2025-04-11", "published"),
    ];
    for (edit, on, expected) in TABLE {
        let tower = Tower::new();
        let mut office = office(&tower);
        let id = draft(&mut office, "wu@oem", &edited(&[edit])).unwrap();
        match publish(&mut office, "he@oem", id, on) {
            Ok(published) => assert_eq!("published", expected, "{edit:?} {on}: {published:?}"),
            Err(error) => {
                assert_eq!(error.code(), expected, "{edit:?} {on}: {error}");
                assert!(error.to_string().contains("2025-05-10"), "{error}");
            }
        }
    }
}

#[test]
fn notice_is_that_of_the_version_before() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let soon = edited(&[("general.notice_days", "value = 30", "value = 5")]);
    let id = draft(&mut office, "wu@oem", &soon).unwrap();
    publish(&mut office, "he@oem", id, "2025-05-10").unwrap();
    let both = edited(&[("general.notice_days", "value = 30", "value = 5"), DEARER]);
    let id = draft(&mut office, "wu@oem", &both).unwrap();
    no("policy_notice", publish(&mut office, "he@oem", id, "2025-05-09"));
    no("policy_date_taken", publish(&mut office, "he@oem", id, "2025-05-10"));
    publish(&mut office, "he@oem", id, "2025-05-11").unwrap();
}

/// The version a draft is compared with, the clauses of what it changes, and the first date it can judge from.
fn shown(office: &mut Office, id: i64, wanted: Option<&str>) -> (Option<i32>, usize, Option<String>) {
    let wanted = wanted.map(|on| on.parse().unwrap());
    let drafted = drafts::one(&mut office.desk, id, wanted).unwrap();
    (drafted.against, drafted.changes.len(), drafted.earliest.map(|on| on.to_string()))
}

#[test]
fn a_draft_is_compared_with_the_version_before_it() {
    let tower = Tower::new();
    let mut office = office(&tower);
    // Version 2 promises five days instead of thirty, and begins in December.
    let soon = ("general.notice_days", "value = 30", "value = 5");
    let second = draft(&mut office, "wu@oem", &edited(&[soon])).unwrap();
    publish(&mut office, "he@oem", second, "2025-12-01").unwrap();
    let id = draft(&mut office, "wu@oem", &edited(&[soon, DEARER])).unwrap();
    // Today is 2025-04-10: before December it changes version 1, its notice too.
    assert_eq!(shown(&mut office, id, None), (Some(1), 2, Some("2025-05-10".to_owned())));
    assert_eq!(shown(&mut office, id, Some("2025-12-02")), (Some(2), 1, None));
    office.now(at("2025-11-23T09:00:00+08:00"));
    // Thirty days from here version 2 is in force: five are promised, and over when it has begun.
    assert_eq!(shown(&mut office, id, None), (Some(2), 1, Some("2025-12-02".to_owned())));
    let told = no("policy_notice", publish(&mut office, "he@oem", id, "2025-11-28"));
    assert!(told.contains("2025-12-02"), "{told}");
    let on = Date::constant(2025, 12, 2);
    no("policy_other_changes", drafts::publish_seen(&mut office.desk, id, on, Some(1)));
    assert_eq!(drafts::publish_seen(&mut office.desk, id, on, Some(2)).unwrap().version, 3);
    // Whatever comes later, a published draft says what it changed.
    assert_eq!(shown(&mut office, second, None), (Some(1), 1, None));
    assert_eq!(shown(&mut office, id, None), (Some(2), 1, None));
}

/// Entries and findings that occurred before a day, and those from it on.
fn books(office: &mut Office, day: &str) -> [Rows; 2] {
    let mut parts = [Rows::new(), Rows::new()];
    for report in [Report::Entries, Report::Findings] {
        for row in farsight_tests::books::records(&office.csv(report, None)) {
            let later = usize::from(row["occurred_on"].as_str() >= day);
            let told =
                format!("{} {} {} {}", row["clause"], row["subject"], row["occurred_on"], row["amount"]);
            *parts[later].entry(told).or_default() += 1;
        }
    }
    parts
}

#[test]
fn nothing_before_its_date_is_judged_by_it() {
    let (tower, other) = (Tower::new(), Tower::new());
    let (mut office, mut without) = (office(&tower), office(&other));
    for office in [&mut office, &mut without] {
        fail_each_month(office);
        office.check(NOW);
    }
    let id = draft(&mut office, "wu@oem", &edited(&[DEARER])).unwrap();
    publish(&mut office, "he@oem", id, "2025-06-01").unwrap();
    let counted = |tower: &Tower| number(&mut tower.sql(), "SELECT count(*) FROM entries");
    let before = counted(&tower);
    office.check(NOW);
    assert_eq!(counted(&tower), before, "nothing it judges has happened: nothing is posted or taken back");
    for office in [&mut office, &mut without] {
        office.now(at(JULY));
        office.check(JULY);
    }
    let ([old, new], [kept, june]) = (books(&mut office, "2025-06-01"), books(&mut without, "2025-06-01"));
    assert_eq!(old, kept, "before its date");
    assert!(!old.is_empty() && new != june);
    let dearer = |rows: &Rows| rows.keys().any(|row| row.ends_with("-600.00"));
    assert!(dearer(&new) && !dearer(&june), "{new:?} {june:?}");
}

#[test]
fn a_version_of_days_that_are_over_corrects_the_books() {
    let tower = Tower::new();
    let mut office = office(&tower);
    fail_each_month(&mut office);
    office.check(NOW);
    let id = draft(&mut office, "wu@oem", &edited(&[CHEAPER])).unwrap();
    publish(&mut office, "he@oem", id, "2025-03-01").unwrap();
    office.check(NOW);
    let [before, since] = books(&mut office, "2025-03-01");
    let cheaper = |rows: &Rows| rows.keys().any(|row| row.ends_with("-400.00"));
    assert!(!cheaper(&before) && cheaper(&since), "{before:?} {since:?}");
}

#[test]
fn no_version_begins_in_a_locked_month() {
    let tower = Tower::new();
    let mut office = office(&tower);
    fail_each_month(&mut office);
    office.check("2025-02-01T00:00:00+08:00");
    office.lock("2025-01", "2025-02-01T00:00:00+08:00");
    let id = draft(&mut office, "wu@oem", &edited(&[CHEAPER])).unwrap();
    let told = no("policy_too_early", publish(&mut office, "he@oem", id, "2025-01-31"));
    assert!(told.contains("2025-01"), "{told}");
    publish(&mut office, "he@oem", id, "2025-02-01").unwrap();
}

#[test]
fn what_is_published_or_drafted_stays_as_it_is() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let id = draft(&mut office, "wu@oem", &edited(&[CHEAPER])).unwrap();
    publish(&mut office, "he@oem", id, "2025-05-01").unwrap();
    let mut sql = tower.sql();
    run(&mut sql, &format!("SET farsight.tenant = '{}'; SET ROLE farsight_app", office.tenant()));
    for statement in [
        "UPDATE policies SET body = ''",
        "UPDATE policies SET effective_on = '2020-01-01'",
        "DELETE FROM policies",
        "UPDATE policy_drafts SET body = ''",
        "UPDATE policy_drafts SET drafted_by = 'he@oem'",
        "DELETE FROM policy_drafts",
    ] {
        assert!(refused(&mut sql, statement).contains("permission denied"), "{statement}");
    }
}

#[test]
fn a_file_with_faults_is_no_draft() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let wrong = edited(&[("spot-check.first", "penalty = \"500.00\"", "penalty = 500.0")]);
    let told = no("bad_policy", draft(&mut office, "wu@oem", &wrong));
    assert!(told.contains("line ") && told.contains("spot-check.first.charges.dealer.penalty"), "{told}");
    let mut elsewhere = edited(&[]);
    elsewhere.text.push_str("\n[satisfaction.region_weights.NORTH]\nresponse = 1\n");
    let told = no("bad_policy", draft(&mut office, "wu@oem", &elsewhere));
    let line = elsewhere.text.lines().count() - 1;
    let expected = format!("line {line}: satisfaction.region_weights.NORTH: no region 'NORTH': there is N");
    assert!(told.contains(&expected), "{told}");
    assert!(drafts::list(&mut office.desk).unwrap().is_empty());
}

#[test]
fn a_clause_or_a_region_that_is_dropped_or_added_is_a_change() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let mut source = edited(&[]);
    source.text.push_str("\n[satisfaction.region_weights.N]\nresponse = 1\n");
    let start = source.text.find("[mystery-shopper.weights]").unwrap();
    let end = source.text.find("[feedback.").unwrap();
    source.text.replace_range(start..end, "");
    let id = draft(&mut office, "wu@oem", &source).unwrap();
    let changes = drafts::one(&mut office.desk, id, None).unwrap().changes;
    let said = policies::say(&office.desk, &changes, Language::English).unwrap();
    let told: Vec<String> =
        changes.iter().zip(&said).map(|(change, said)| format!("{} {said}", change.section)).collect();
    let has = |text: &str| told.iter().any(|line| line.contains(text));
    assert!(has("mystery-shopper Mystery shopping: excellent: the service centre: "), "{told:#?}");
    assert!(has("(region_weights): N: left out becomes response 1"), "{told:#?}");
}

#[test]
fn changes_are_told_in_words() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let source = edited(&[
        DEARER,
        ("spot-check.year_count", "value = 3", "value = 4"),
        ("spot-check.first", "severity = \"warning\"", "severity = \"critical\""),
        ("satisfaction.weights", "response = 25", "response = 30"),
    ]);
    let id = draft(&mut office, "wu@oem", &source).unwrap();
    let changes = drafts::one(&mut office.desk, id, None).unwrap().changes;
    let said = |language| policies::say(&office.desk, &changes, language).unwrap();
    let weights = "amenities 0, attitude 25, quality 30, response";
    let english = [
        "First failure: the service centre: penalty CNY 500.00 becomes penalty CNY 600.00".to_owned(),
        "First failure: the alert's severity Warning becomes Critical".to_owned(),
        "the failure within a year that is a third: 3 becomes 4".to_owned(),
        format!(
            "the weight of each factor; named regions may have others (region_weights): {weights} 25, transparency 20 becomes {weights} 30, transparency 20"
        ),
    ];
    assert_eq!(said(Language::English), english);
    let chinese = [
        "首次不合格：服务中心由处罚 500.00 元改为处罚 600.00 元".to_owned(),
        "首次不合格：预警级别由警告改为严重".to_owned(),
        "一年内第几次不合格按第三次处理：由 3 改为 4".to_owned(),
        format!(
            "各评价因素的权重；大区可另定（region_weights）：由 {weights} 25, transparency 20 改为 {weights} 30, transparency 20"
        ),
    ];
    assert_eq!(said(Language::Chinese), chinese);
}
