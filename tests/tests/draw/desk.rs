//! The inspection desk: who may judge what, that judging charges nobody before it is confirmed, and what a dealer may
//! know of a draw when.

use farsight_control::ControlError;
use farsight_control::inspections::{self, Filter, InspectionError, Mark, Order, Page};
use farsight_control::visits::{self, Subject};
use farsight_control::{cameras, entries, sample};
use farsight_ledger::settlement::Role;
use farsight_rulebook::facts::InspectionResult::{self, Fail, NotApplicable, Pass};
use farsight_rulebook::messages::Language;
use farsight_store::inspections as stored;
use farsight_store::session::{Isolation, Person};
use farsight_store::users::User;
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::number;
use farsight_tests::{Office, Tower};

use super::plan::{DAY, drawn, end, see, shot};
use super::{code, day};

/// Sits somebody down at the desk.
fn sit(tower: &Tower, office: &mut Office, email: &str, role: Role, regions: &[&str], dealers: &[&str]) {
    let texts = |codes: &[&str]| codes.iter().map(ToString::to_string).collect();
    let user = User { email: email.to_owned(), role, regions: texts(regions), dealers: texts(dealers) };
    office.desk.person = None;
    farsight_control::users::add(&mut office.desk, &user).unwrap();
    let user =
        number(&mut tower.sql(), &format!("SELECT user_id::bigint FROM users WHERE email = '{email}'"));
    let is_part = matches!(role, Role::RegionalManager | Role::Dealer);
    office.desk.person = is_part.then(|| Person { user: user as i32, today: day(DAY) });
    email.clone_into(&mut office.desk.actor);
}

fn manager(tower: &Tower, office: &mut Office) {
    sit(tower, office, "north@oem", Role::RegionalManager, &["R1"], &[]);
}

fn all_items(result: InspectionResult) -> Vec<(String, InspectionResult)> {
    (1..=12).map(|number| (format!("item-{number:02}"), result)).collect()
}

fn judge(
    office: &mut Office,
    dealer: &str,
    results: &[(String, InspectionResult)],
) -> Result<(), ControlError> {
    let marks: Vec<Mark> =
        results.iter().map(|(item, result)| Mark { item, result: Some(*result) }).collect();
    inspections::judge(&mut office.desk, day(DAY), dealer, &marks)
}

fn confirm(office: &mut Office, dealer: &str) -> Result<inspections::Confirmed, ControlError> {
    let mark = inspections::sheet(&mut office.desk, day(DAY), dealer)?.mark;
    inspections::confirm(&mut office.desk, day(DAY), dealer, &mark)
}

const ALL: Filter = Filter {
    from: farsight_rulebook::time::Instant(0),
    to: farsight_rulebook::time::Instant(i64::MAX / 2),
    dealer: None,
    item: None,
    result: None,
    kind: None,
};
const FIRST: Page = Page { skip: 0, most: 10 };

#[test]
fn judged_then_confirmed_then_in_the_books() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 70);
    office.now(at("2026-03-05 12:00"));
    see(&mut office, day(DAY), &sample[..2]);
    manager(&tower, &mut office);
    assert_eq!(inspections::days(&mut office.desk).unwrap(), [(day(DAY), 2)]);
    let mut results = all_items(Pass);
    results[2].1 = Fail;
    results[11].1 = NotApplicable;
    judge(&mut office, &sample[0], &results[..5]).unwrap();
    let missing = confirm(&mut office, &sample[0]).unwrap_err().to_string();
    assert!(missing.contains("item-06, item-07"), "{missing}");
    judge(&mut office, &sample[0], &results).unwrap();
    let sheet = inspections::sheet(&mut office.desk, day(DAY), &sample[0]).unwrap();
    assert_eq!(sheet.items.iter().filter(|item| item.judged.is_some()).count(), 12);
    assert_eq!(sheet.next.unwrap().dealer, sample[1]);
    assert_eq!(number(&mut tower.sql(), "SELECT count(*) FROM inspections"), 0, "a draft is no fact");

    // Somebody judges on while another looks: what was not seen is not confirmed.
    judge(&mut office, &sample[0], &[("item-01".to_owned(), Fail)]).unwrap();
    let stale = inspections::confirm(&mut office.desk, day(DAY), &sample[0], &sheet.mark);
    assert_eq!(code(stale), "inspection_changed");
    judge(&mut office, &sample[0], &[("item-01".to_owned(), Pass)]).unwrap();

    let confirmed = confirm(&mut office, &sample[0]).unwrap();
    assert_eq!((confirmed.facts, confirmed.inspection.clone()), (12, format!("visit-{DAY}-{}", sample[0])));
    assert_eq!(code(confirm(&mut office, &sample[0])), "inspection_confirmed");
    assert_eq!(code(judge(&mut office, &sample[0], &results)), "inspection_confirmed");
    assert_eq!(inspections::days(&mut office.desk).unwrap(), [(day(DAY), 1)]);

    let person = office.desk.person.take();
    office.now(at("2026-03-05 13:00"));
    office.check("2026-03-05T13:00:00+08:00");
    office.desk.person = person;
    let (list, total) = inspections::list(&mut office.desk, &ALL, Order::Charge, FIRST).unwrap();
    assert_eq!((total, list[0].passed, list[0].failed, list[0].not_applicable), (1, 10, 1, 1));
    assert_eq!(list[0].charged, -50_000, "one first failure");
    let one = inspections::one(&mut office.desk, &confirmed.inspection).unwrap();
    assert_eq!(
        (one.judged_by.as_deref(), one.pictures.len(), one.kind.as_str()),
        (Some("north@oem"), 1, "draw")
    );
    let charged: Vec<&str> =
        one.items.iter().filter(|item| !item.entries.is_empty()).map(|item| item.code.as_str()).collect();
    assert_eq!(charged, ["item-03"]);
    let entry = one.items.iter().flat_map(|item| &item.entries).next().unwrap().id;
    let receipt = entries::receipt(&mut office.desk, entry, Language::English).unwrap();
    assert_eq!(receipt.pictures.len(), 1, "the receipt shows what was judged");
    office.desk.person = None;
    office.audit_links();
}

#[test]
fn a_list_is_filtered_sorted_and_cut_by_the_database() {
    let tower = Tower::new();
    let (mut office, ..) = drawn(&tower, 3);
    office.import_folder(&Folder::of(&[sheet(
        "inspections",
        "inspection_id | item_code | dealer_code | inspected_at | result | kind
         A | item-01 | D000 | 2026-01-05 10:00 | fail | draw
         A | item-02 | D000 | 2026-01-05 10:00 | fail | draw
         B | item-01 | D001 | 2026-02-05 10:00 | pass | draw
         C | item-02 | D001 | 2026-02-06 10:00 | fail | follow-up
         D | item-02 | D002 | 2026-03-01 10:00 | not-visible | draw",
    )]));
    manager(&tower, &mut office);
    let cases: [(Filter, Order, &str); 9] = [
        (ALL, Order::Latest, "D C B A"),
        (ALL, Order::Earliest, "A B C D"),
        (ALL, Order::Dealer, "A C B D"),
        (ALL, Order::Failures, "A C D B"),
        (ALL, Order::Charge, "D C B A"),
        (Filter { from: at("2026-02-01 00:00"), to: at("2026-03-01 00:00"), ..ALL }, Order::Latest, "C B"),
        (Filter { dealer: Some("D001"), ..ALL }, Order::Latest, "C B"),
        (Filter { item: Some("item-02"), result: Some("fail"), ..ALL }, Order::Latest, "C A"),
        (Filter { kind: Some("follow-up"), ..ALL }, Order::Latest, "C"),
    ];
    for (filter, order, expected) in cases {
        let (list, total) = inspections::list(&mut office.desk, &filter, order, FIRST).unwrap();
        let found: Vec<String> = list.into_iter().map(|listed| listed.inspection).collect();
        assert_eq!(
            (found.join(" "), total),
            (expected.to_owned(), expected.split(' ').count() as i64),
            "{filter:?} {order:?}"
        );
    }
    let (list, total) =
        inspections::list(&mut office.desk, &ALL, Order::Latest, Page { skip: 1, most: 2 }).unwrap();
    assert_eq!((list.len(), list[0].inspection.as_str(), total), (2, "C", 4));
}

#[test]
fn another_regions_dealer_is_not_there_and_a_dealer_judges_nothing() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 70);
    office.now(at("2026-03-05 12:00"));
    see(&mut office, day(DAY), &sample[..1]);
    office.import_folder(&Folder::of(&[sheet("regions", "region_code | name\nR2 | South")]));
    manager(&tower, &mut office);
    judge(&mut office, &sample[0], &all_items(Pass)).unwrap();
    let inspection = confirm(&mut office, &sample[0]).unwrap().inspection;

    sit(&tower, &mut office, "south@oem", Role::RegionalManager, &["R2"], &[]);
    assert_eq!(code(judge(&mut office, &sample[0], &all_items(Pass))), "inspection_no_visit");
    assert_eq!(code(inspections::confirm(&mut office.desk, day(DAY), &sample[0], "")), "inspection_no_visit");
    assert_eq!(code(inspections::sheet(&mut office.desk, day(DAY), &sample[0])), "inspection_no_visit");
    assert_eq!(code(inspections::one(&mut office.desk, &inspection)), "inspection_unknown");
    assert_eq!(inspections::list(&mut office.desk, &ALL, Order::Latest, FIRST).unwrap().1, 0);
    assert_eq!(inspections::queue(&mut office.desk, day(DAY)).unwrap().len(), 0);
    let visit = Subject::Visit { day: day(DAY), dealer: &sample[0] };
    assert_eq!(code(visits::confirm(&mut office.desk, visit, "south@oem", true)), "visit_unknown");

    sit(&tower, &mut office, "ann@d", Role::Dealer, &[], &[&sample[0]]);
    assert_eq!(code(judge(&mut office, &sample[0], &all_items(Pass))), "inspection_may_not");
    assert_eq!(inspections::list(&mut office.desk, &ALL, Order::Latest, FIRST).unwrap().1, 1, "but sees it");
    assert_eq!(inspections::one(&mut office.desk, &inspection).unwrap().items.len(), 12);
}

#[test]
fn pictures_in_doubt_come_first() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 70);
    visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    office.now(at("2026-03-05 12:00"));
    let results = ["", "blurred"].map(|flaw| visits::CameraResult {
        camera: format!("X-{flaw}"),
        outcome: Ok(shot(&office, if flaw.is_empty() { &[] } else { &["blurred"] })),
    });
    let pictures = visits::conclude(&mut office.desk, day(DAY), &sample[0], &results).unwrap().pictures;
    let black = Ok(shot(&office, &["black"]));
    end(&mut office, day(DAY), &sample[1], black);
    manager(&tower, &mut office);
    judge(&mut office, &sample[0], &all_items(Pass)).unwrap();
    assert_eq!(code(confirm(&mut office, &sample[0])), "inspection_in_doubt");
    visits::confirm(&mut office.desk, Subject::Picture(pictures[1]), "north@oem", true).unwrap();
    assert_eq!(confirm(&mut office, &sample[0]).unwrap().facts, 12);
    assert_eq!(code(judge(&mut office, &sample[1], &all_items(Pass))), "inspection_nothing_to_judge");
    let queue = inspections::queue(&mut office.desk, day(DAY)).unwrap();
    let told: Vec<(i64, i64, bool)> =
        queue.iter().map(|queued| (queued.in_doubt, queued.judged, queued.inspection.is_some())).collect();
    assert_eq!(told, [(1, 0, false), (0, 12, true)], "what is to be judged comes first");
    // The first time there is nothing to compare with, then the one chosen.
    assert_eq!(
        inspections::sheet(&mut office.desk, day(DAY), &sample[0]).unwrap().pictures[0].standard,
        None
    );
    inspections::choose_standard(&mut office.desk, pictures[0]).unwrap();
    let sheet = inspections::sheet(&mut office.desk, day(DAY), &sample[0]).unwrap();
    let standard = sheet.pictures[0].standard.as_ref().unwrap();
    assert_eq!(standard.chosen_by.as_deref(), Some("north@oem"));
    assert_eq!(
        InspectionError::NoPicture(99).code(),
        code(inspections::choose_standard(&mut office.desk, 99))
    );
}

#[test]
fn whoever_made_a_finding_is_known() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 70);
    visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    office.now(at("2026-03-05 12:00"));
    end(&mut office, day(DAY), &sample[0], Err("timed out".to_owned()));
    manager(&tower, &mut office);
    let visit = Subject::Visit { day: day(DAY), dealer: &sample[0] };
    let nothing = visits::confirm(&mut office.desk, visit, "north@oem", true).unwrap().inspection.unwrap();
    let scope = office.desk.scope();
    let by = |office: &mut Office, id: &str| {
        office
            .desk
            .session
            .transaction(scope, Isolation::ReadCommitted, |tx| stored::judged_by(tx, id))
            .unwrap()
    };
    assert_eq!(by(&mut office, &nothing).as_deref(), Some("north@oem"));
    assert_eq!(by(&mut office, "nowhere"), None);
}

#[test]
fn a_dealer_learns_of_a_draw_when_its_day_is_over() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 70);
    office.now(at("2026-03-05 12:00"));
    see(&mut office, day(DAY), &sample[..1]);
    manager(&tower, &mut office);
    let shown = sample::shown(&mut office.desk, day(DAY)).unwrap();
    assert_eq!((shown.drawn.unwrap().sample.len(), shown.visits.len(), shown.pool), (30, 30, 70));
    assert_eq!(code(sample::proof(&mut office.desk, &sealer(), day(DAY))), "draw_sealed");

    sit(&tower, &mut office, "ann@d", Role::Dealer, &[], &[&sample[0]]);
    let shown = sample::shown(&mut office.desk, day(DAY)).unwrap();
    assert!(shown.drawn.is_none() && shown.visits.is_empty() && shown.is_drawn);
    assert_eq!((shown.own_in_pool, shown.own_not_in_pool), (vec![sample[0].clone()], vec![]));
    let (days, total) = sample::days(&mut office.desk, true, (0, 10)).unwrap();
    assert_eq!((total, days[0].visits, days[0].pool), (1, 0, 70), "not even that it is among the visits");
    assert_eq!(code(sample::check(&mut office.desk, &sealer(), day(DAY))), "draw_sealed");

    office.now(at("2026-03-06 07:00"));
    let person = office.desk.person.take();
    sample::reveal(&mut office.desk, &sealer()).unwrap();
    office.desk.person = person;
    let shown = sample::shown(&mut office.desk, day(DAY)).unwrap();
    assert_eq!((shown.drawn.unwrap().sample.len(), shown.visits.len()), (30, 1), "its own visit");
    assert_eq!(
        sample::check(&mut office.desk, &sealer(), day(DAY)).unwrap(),
        farsight_rulebook::draw::Verdict::Redone
    );
    assert_eq!(sample::proof(&mut office.desk, &sealer(), day(DAY)).unwrap().pool.len(), 70);
}

#[test]
fn cameras_are_listed_the_worst_first_within_what_is_seen() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 4);
    visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    office.now(at("2026-03-05 12:00"));
    end(&mut office, day(DAY), &sample[0], Err("timed out".to_owned()));
    let fine = Ok(shot(&office, &[]));
    end(&mut office, day(DAY), &sample[1], fine);
    manager(&tower, &mut office);
    let order = cameras::CameraOrder::Worst;
    let list = cameras::list(&mut office.desk, None, None, order, (0, 10)).unwrap();
    let told: Vec<&str> = list.cameras.iter().map(|camera| camera.condition.name()).collect();
    assert_eq!((told, list.total), (vec!["failing", "unseen", "unseen", "fine"], 4));
    assert!(list.cameras[3].last_picture.is_some());
    sit(&tower, &mut office, "ann@d", Role::Dealer, &[], &[&sample[1]]);
    for (condition, expected) in [(None, 1), (Some(cameras::Condition::Failing), 0)] {
        let list = cameras::list(&mut office.desk, None, condition, order, (0, 10)).unwrap();
        assert_eq!(list.total, expected, "{condition:?}");
    }
}
