//! An appeal's life.

use farsight_control::appeals::{self, Verdict};
use farsight_control::pulls::{self, Mark, Wanted};
use farsight_control::{entries, tokens};
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_store::StoreError;
use farsight_store::appeals::{Filter, State};
use farsight_store::changes::{self, List};
use farsight_store::entries::{Filter as Entries, Standing};
use farsight_store::session::Isolation;
use farsight_tests::office::{at, sealer};
use farsight_tests::tower::{number, run};
use farsight_tests::{Office, Tower};

use super::world::{World, no};

const POSTED: &str = "2025-02-20T09:00:00+08:00";

fn world() -> World {
    let mut world = World::new(POSTED);
    world.check(POSTED);
    world
}

/// The entry of a dealer's finding.
fn entry(world: &World, subject: &str) -> i64 {
    world.number(&format!(
        "SELECT entry_id FROM entries WHERE subject = '{subject}' AND seat = 'dealer' AND kind = 'charge'"
    ))
}

#[test]
fn an_upheld_appeal_is_a_ruling_and_the_books_follow() {
    let mut world = world();
    let (first, second) = (entry(&world, "inspection:I-1#item-01"), entry(&world, "inspection:I-2#item-01"));
    let appeal = appeals::make(world.by("one@d1"), first, "  The lamp was on: see the pictures. ").unwrap();
    let one = appeals::one(world.by("hq@oem"), appeal).unwrap();
    assert_eq!(
        (one.appeal.state, one.appeal.body.as_str()),
        (State::Open, "The lamp was on: see the pictures.")
    );
    assert_eq!(one.appeal.decide_by, at("2025-03-02T09:00:00+08:00"));
    assert!(one.may_decide.is_ok() && !one.may_withdraw);
    appeals::decide(world.by("north@oem"), appeal, Verdict::Uphold, "It was on.").unwrap();
    let sum = world.check("2025-02-20T09:05:00+08:00");
    // The first goes; the second falls from repeat to first.
    assert_eq!((sum.reversed, sum.posted), (2, 1));
    let one = appeals::one(world.by("one@d1"), appeal).unwrap();
    assert_eq!((one.appeal.state, one.appeal.ruling.as_deref()), (State::Upheld, Some("appeal-1")));
    assert!(one.appeal.reversed_by.is_some());
    let receipt = entries::receipt(world.by("one@d1"), second, Language::English).unwrap();
    assert!(receipt.reversed_by.is_some() && receipt.explained.history.len() >= 2);
    assert!(
        receipt.explained.history.iter().any(|line| line.contains("appeal-1")),
        "{:?}",
        receipt.explained.history
    );
    no(appeals::decide(world.by("hq@oem"), appeal, Verdict::Reject, "No."), "appeal_over");
    world.office.audit_links();
}

#[test]
fn refused_in_the_order_of_the_documentation() {
    let mut world = world();
    let (own, other) = (entry(&world, "inspection:I-1#item-01"), entry(&world, "inspection:I-3#item-02"));
    no(appeals::make(world.by("one@d1"), other, "Why?"), "not_found");
    no(appeals::make(world.by("one@d1"), 999, "Why?"), "not_found");
    no(appeals::make(world.by("north@oem"), own, "Why?"), "appeal_may_not");
    no(appeals::make(world.by("money@oem"), own, "Why?"), "appeal_may_not");
    no(appeals::make(world.by("one@d1"), own, " \n "), "case_text_empty");
    no(appeals::make(world.by("one@d1"), own, &"x".repeat(2_001)), "case_text_too_long");
    let appeal = appeals::make(world.by("one@d1"), own, "Why?").unwrap();
    no(appeals::make(world.by("one@d1"), own, "Why?"), "appeal_open");
    no(appeals::one(world.by("two@d2"), appeal).map(|one| one.appeal.id), "not_found");
    no(appeals::decide(world.by("south@oem"), appeal, Verdict::Reject, "No."), "not_found");
    for by in ["one@d1", "money@oem"] {
        no(appeals::decide(world.by(by), appeal, Verdict::Uphold, "Yes."), "appeal_may_not_decide");
    }
    no(appeals::decide(world.by("north@oem"), appeal, Verdict::Reject, ""), "case_text_empty");
    no(appeals::withdraw(world.by("north@oem"), appeal), "appeal_may_not");
    appeals::withdraw(world.by("one@d1"), appeal).unwrap();
    let again = appeals::make(world.by("one@d1"), own, "After all.").unwrap();
    appeals::decide(world.by("north@oem"), again, Verdict::Reject, "It stands.").unwrap();
    no(appeals::make(world.by("one@d1"), own, "And yet."), "appeal_decided_before");
    let states = |world: &mut World, by| {
        let listed = appeals::list(world.by(by), &Filter { limit: 50, ..Filter::default() }).unwrap();
        (listed.total, listed.rows.iter().map(|appeal| appeal.state.name()).collect::<Vec<_>>())
    };
    assert_eq!(states(&mut world, "one@d1"), (2, vec!["withdrawn", "rejected"]));
    assert_eq!(states(&mut world, "two@d2").0, 0);
}

#[test]
fn the_days_are_counted_from_the_posting() {
    let mut world = world();
    let own = entry(&world, "inspection:I-1#item-01");
    world.office.now(at("2025-03-07T09:01:00+08:00"));
    no(appeals::make(world.by("one@d1"), own, "Why?"), "appeal_too_late");
    world.office.now(at("2025-03-07T09:00:00+08:00"));
    appeals::make(world.by("one@d1"), own, "Why?").unwrap();
}

#[test]
fn whoever_had_a_hand_in_the_finding_does_not_decide() {
    let mut world = world();
    let own = entry(&world, "inspection:I-1#item-01");
    let appeal = appeals::make(world.by("one@d1"), own, "Why?").unwrap();
    farsight_tests::tower::run(&mut world.tower.sql(), "UPDATE imports SET imported_by = 'NORTH@oem'");
    no(appeals::decide(world.by("north@oem"), appeal, Verdict::Reject, "No."), "appeal_own_finding");
    assert!(appeals::one(world.by("north@oem"), appeal).unwrap().may_decide.is_err());
    appeals::decide(world.by("north2@oem"), appeal, Verdict::Reject, "No.").unwrap();
}

/// A machine's token, made by whoever is at headquarters; gives the machine as the log names it.
fn machine(world: &mut World, name: &str, role: Role, regions: &[&str]) -> String {
    let terms = tokens::New {
        name: name.to_owned(),
        role,
        regions: regions.iter().map(|code| (*code).to_owned()).collect(),
        dealers: Vec::new(),
        tables: Vec::new(),
        reads: true,
        acts: true,
        days: 1,
        rate: 60,
    };
    tokens::add(world.by("hq@oem"), &sealer(), &terms).unwrap();
    format!("machine:{name}")
}

#[test]
fn a_machine_sees_with_the_eyes_of_whoever_made_it() {
    let mut world = world();
    let own = entry(&world, "inspection:I-1#item-01");
    let appeal = appeals::make(world.by("one@d1"), own, "Why?").unwrap();
    let network = machine(&mut world, "robot", Role::Hq, &[]);
    let regional = machine(&mut world, "north-robot", Role::RegionalManager, &["N"]);
    let hands = ["hq@oem", &*network, &*regional];
    for found in hands {
        farsight_tests::tower::run(
            &mut world.tower.sql(),
            &format!("UPDATE imports SET imported_by = '{found}'"),
        );
        for decides in hands {
            no(appeals::decide(world.by(decides), appeal, Verdict::Reject, "No."), "appeal_own_finding");
        }
    }
    appeals::decide(world.by("north@oem"), appeal, Verdict::Reject, "No.").unwrap();
}

#[test]
fn entries_are_filtered_sorted_and_paged_by_the_database() {
    let mut world = world();
    let list = |world: &mut World, by, filter| {
        let page = entries::list(world.by(by), &filter).unwrap();
        (page.sum.total, page.sum.net, page.rows.iter().map(|row| row.amount.0 / 100).collect::<Vec<_>>())
    };
    let by_amount = |standing| Entries {
        standing,
        sort: farsight_store::entries::Sort::Amount,
        limit: 2,
        ..Entries::default()
    };
    assert_eq!(list(&mut world, "hq@oem", by_amount(None)), (3, -200_000, vec![-1_000, -500]));
    assert_eq!(
        list(&mut world, "one@d1", by_amount(Some(Standing::Live))),
        (2, -150_000, vec![-1_000, -500])
    );
    assert_eq!(list(&mut world, "south@oem", by_amount(None)), (1, -50_000, vec![-500]));
    let second = Entries { offset: 2, ..by_amount(None) };
    assert_eq!(list(&mut world, "hq@oem", second), (3, -200_000, vec![-500]));
    let clause = Entries { clause: Some("spot-check.repeat".to_owned()), ..by_amount(None) };
    assert_eq!(list(&mut world, "hq@oem", clause).0, 1);
    assert_eq!(list(&mut world, "hq@oem", by_amount(Some(Standing::Reversal))).0, 0);
}

/// Two pull at once: who waited for the other's numbers finds them, and works nothing out again.
#[test]
fn what_another_has_noted_meanwhile_is_not_noted_again() {
    let tower = Tower::new();
    let (mut first, mut second) = (Office::new(&tower, "t", "example-2026"), Office::open(&tower, "t"));
    run(
        &mut tower.sql(),
        "CREATE FUNCTION noted_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'noted again'; END $$;
         CREATE TRIGGER noted_again BEFORE UPDATE ON change_stamps FOR EACH ROW EXECUTE FUNCTION noted_again()",
    );
    let (scope, now) = (first.desk.tenant.network(), first.desk.now);
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let noting = first.desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        changes::take_turn(tx)?;
        let (stamp, _) = changes::stamps(tx, List::Appeals)?;
        changes::note(tx, List::Appeals, &[], &stamp, now)?;
        let pulling = std::thread::spawn(move || {
            let wanted = Wanted { after: Mark::default(), since: None, limit: 10 };
            pulls::appeals(&mut second.desk, &wanted).map(|pulled| pulled.items.len())
        });
        while number(&mut tower.sql(), waits) == 0 && !pulling.is_finished() {
            std::thread::yield_now();
        }
        Ok::<_, StoreError>(pulling)
    });
    assert_eq!(noting.unwrap().join().unwrap().unwrap(), 0);
}
