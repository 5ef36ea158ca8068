//! Orders to mend: given by people, and following from bay turnover.

use farsight_control::rectifications::{self, Verdict, Wanted};
use farsight_store::evidence::{self, Content, Handing, Source};
use farsight_store::rectifications::{Cause, Filter, State};
use farsight_store::session::Isolation;
use farsight_tests::office::at;
use farsight_tests::sheets::sheet;
use jiff::civil::date;

use super::world::{World, files, no};

const NOW: &str = "2025-02-20T09:00:00+08:00";

fn wanted<'w>(dealer: &'w str, title: &'w str) -> Wanted<'w> {
    Wanted { dealer, inspection: "", title, body: "", due_on: date(2025, 3, 1) }
}

/// A picture handed in for a subject.
fn hand_in(world: &mut World, subject: &str) {
    let desk = world.by("one@d1");
    let (scope, now) = (desk.tenant.network(), desk.now);
    desk.session
        .transaction(scope, Isolation::ReadCommitted, |tx| {
            let content = Content {
                sha256: "ab".repeat(32),
                media_type: "image/jpeg".to_owned(),
                ..Content::default()
            };
            evidence::keep(tx, &content, now)?;
            let handing = Handing {
                sha256: &content.sha256,
                source: Source::Person,
                by: "one@d1",
                at: now,
                subject,
                dealer: "D1",
                file_name: "mended.jpg",
                likeness: "[]",
            };
            evidence::hand_in(tx, &handing)
        })
        .unwrap();
}

#[test]
fn a_given_order_goes_back_and_forth_until_it_is_accepted() {
    let mut world = World::new(NOW);
    for (by, order, code) in [
        ("one@d1", wanted("D1", "Paint"), "rectification_may_not"),
        ("north@oem", wanted("D2", "Paint"), "rectification_no_dealer"),
        ("north@oem", wanted("D1", "  "), "rectification_title"),
        ("north@oem", Wanted { due_on: date(2025, 2, 20), ..wanted("D1", "Paint") }, "rectification_due"),
        ("north@oem", Wanted { inspection: "I-3", ..wanted("D1", "Paint") }, "rectification_no_inspection"),
    ] {
        no(rectifications::order(world.by(by), &order), code);
    }
    let order = Wanted { inspection: "I-2", ..wanted("D1", "Paint the wall") };
    let key = rectifications::order(world.by("north@oem"), &order).unwrap().to_string();
    no(rectifications::one(world.by("two@d2"), &key).map(|one| one.overdue), "not_found");
    no(
        rectifications::judge(world.by("north@oem"), &key, Verdict::Accept, "Fine."),
        "rectification_not_handed_in",
    );
    no(rectifications::hand_in(world.by("one@d1"), &key, "Done."), "rectification_no_evidence");
    hand_in(&mut world, &format!("rectification:{key}"));
    rectifications::hand_in(world.by("one@d1"), &key, "Done.").unwrap();
    no(rectifications::hand_in(world.by("one@d1"), &key, "Done."), "rectification_handed_in");
    rectifications::judge(world.by("north@oem"), &key, Verdict::SendBack, "The other wall too.").unwrap();
    world.office.now(at("2025-03-02T09:00:00+08:00"));
    no(rectifications::hand_in(world.by("one@d1"), &key, "Done."), "rectification_no_evidence");
    hand_in(&mut world, &format!("rectification:{key}"));
    let one = rectifications::one(world.by("one@d1"), &key).unwrap();
    assert!(one.overdue && one.may_hand_in && !one.may_judge);
    rectifications::hand_in(world.by("one@d1"), &key, "Both.").unwrap();
    rectifications::judge(world.by("hq@oem"), &key, Verdict::Accept, "Fine.").unwrap();
    let one = rectifications::one(world.by("north@oem"), &key).unwrap();
    assert_eq!((one.order.state, one.order.rounds, one.overdue), (State::Accepted, 2, false));
    assert_eq!(one.order.accepted_on, Some(date(2025, 3, 2)));
    assert_eq!(
        one.steps.iter().map(|step| step.kind.as_str()).collect::<Vec<_>>(),
        ["handed-in", "sent-back", "handed-in", "accepted"]
    );
    assert_eq!(world.number("SELECT count(*) FROM rulings"), 0, "a given order is no finding");
    world.office.audit_links();
}

/// Rectify months of D1, with acceptances; what orders there are.
fn bay_turnover(months: &[&str], accepts: &[(&str, &str)], expected: &[(&str, i32, Option<&str>)]) {
    let mut world = World::new("2025-01-01T00:00:00+08:00");
    world.office.now(at("2025-12-01T00:00:00+08:00"));
    let rows: Vec<String> = months.iter().map(|month| format!("D1 | {month} | 5000")).collect();
    let mut sheets = vec![
        sheet("bays", "dealer_code | effective_on | bays\nD1 | 2015-01-01 | 10"),
        sheet("customer_base", &format!("dealer_code | month | base_customers\n{}", rows.join("\n"))),
    ];
    if !accepts.is_empty() {
        let rows: Vec<String> = accepts
            .iter()
            .enumerate()
            .map(|(n, (month, at))| format!("R-{n} | accept | dealer:D1@{month} | {at} | boss"))
            .collect();
        sheets.push(sheet(
            "rulings",
            &format!("ruling_id | kind | subject | decided_at | decided_by\n{}", rows.join("\n")),
        ));
    }
    world.office.import_folder(&files(&sheets));
    world.check("2025-12-01T00:00:00+08:00");
    let listed =
        rectifications::list(world.by("north@oem"), &Filter { limit: 50, ..Filter::default() }).unwrap();
    let given: Vec<(String, i32, Option<String>)> = listed
        .rows
        .iter()
        .map(|order| (order.key.clone(), order.months, order.accepted_on.map(|day| day.to_string())))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(key, months, on)| ((*key).to_owned(), *months, on.map(str::to_owned)))
        .collect();
    assert_eq!(given, expected, "{months:?} {accepts:?}");
    assert!(listed.rows.iter().all(|order| order.cause == Cause::BayTurnover));
}

#[test]
fn months_join_an_open_order_as_the_rulebook_says() {
    bay_turnover(&["2025-01"], &[], &[("D1@2025-01", 1, None)]);
    bay_turnover(&["2025-01", "2025-02", "2025-04"], &[], &[("D1@2025-01", 3, None)]);
    let accepted = [("2025-01", "2025-02-27 10:00")];
    bay_turnover(
        &["2025-01", "2025-02"],
        &accepted,
        &[("D1@2025-01", 1, Some("2025-02-27")), ("D1@2025-02", 1, None)],
    );
    // On the month's last day the order is open still.
    let accepted = [("2025-01", "2025-02-28 10:00")];
    bay_turnover(&["2025-01", "2025-02"], &accepted, &[("D1@2025-01", 2, Some("2025-02-28"))]);
    // An acceptance that names a joined month ends the whole order.
    let accepted = [("2025-02", "2025-03-05 10:00")];
    bay_turnover(
        &["2025-01", "2025-02", "2025-03"],
        &accepted,
        &[("D1@2025-01", 2, Some("2025-03-05")), ("D1@2025-03", 1, None)],
    );
}

#[test]
fn accepting_an_order_of_bay_turnover_is_a_ruling() {
    let mut world = World::new("2025-02-01T00:00:00+08:00");
    world.office.import_folder(&files(&[
        sheet("bays", "dealer_code | effective_on | bays\nD1 | 2015-01-01 | 10"),
        sheet("customer_base", "dealer_code | month | base_customers\nD1 | 2025-01 | 5000"),
    ]));
    world.check(NOW);
    hand_in(&mut world, "dealer:D1@2025-01");
    rectifications::hand_in(world.by("one@d1"), "D1@2025-01", "Two bays more.").unwrap();
    rectifications::judge(world.by("north@oem"), "D1@2025-01", Verdict::Accept, "Seen.").unwrap();
    let one = rectifications::one(world.by("one@d1"), "D1@2025-01").unwrap();
    assert_eq!((one.order.state, one.order.due_on), (State::Accepted, date(2025, 4, 1)));
    assert_eq!(
        world.number("SELECT count(*) FROM rulings WHERE kind = 'accept' AND subject = 'dealer:D1@2025-01'"),
        1
    );
    // In time: no finding that it is overdue ever comes.
    world.check("2025-04-03T00:00:00+08:00");
    assert_eq!(world.number("SELECT count(*) FROM alerts WHERE clause = 'bay-turnover.overdue'"), 0);
}
