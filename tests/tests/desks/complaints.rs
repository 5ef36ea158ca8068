//! A complaint from intake to closing: each deed by whom it belongs to, each refusal, the clocks, the list, the queue.

use farsight_control::complaints::{self, CallbackOutcome, Deed, DeedKind, Intake, Listed};
use farsight_rulebook::checks::complaint::clocks::{Clock, Phase};
use farsight_rulebook::time::Zone;
use farsight_store::complaints::{Filter, Sort, State};

use farsight_tests::sheets::Folder;
use farsight_tests::tower::root;

use super::world::{CALL, D1, D2, FINANCE, HQ, NORTH, World, code};

fn intake(dealer: &str, severity: &str) -> Intake {
    Intake {
        dealer: dealer.to_owned(),
        severity: severity.to_owned(),
        category: "waiting".to_owned(),
        vin: "LSCAA01".to_owned(),
        channel: "hotline".to_owned(),
        text: "等了三天还没修好".to_owned(),
        dispatch: false,
    }
}

impl World {
    fn take_in(&mut self, dealer: &str, severity: &str) -> String {
        complaints::intake(&mut self.desk(CALL), &intake(dealer, severity)).unwrap()
    }

    fn does(&mut self, who: &str, id: &str, kind: DeedKind) -> &'static str {
        self.notes(who, id, kind, CallbackOutcome::NoAnswer, "备注")
    }

    fn calls(&mut self, id: &str, outcome: CallbackOutcome) -> &'static str {
        self.notes(CALL, id, DeedKind::CallBack, outcome, "")
    }

    fn notes(
        &mut self,
        who: &str,
        id: &str,
        kind: DeedKind,
        outcome: CallbackOutcome,
        note: &str,
    ) -> &'static str {
        code(complaints::act(&mut self.desk(who), id, &Deed { kind, outcome, note }))
    }

    fn list(&mut self, who: &str, filter: &Filter) -> Vec<String> {
        let Listed { rows, total } = complaints::list(&mut self.desk(who), filter).unwrap();
        assert!(total >= rows.len() as u64);
        rows.into_iter().map(|row| row.complaint.id).collect()
    }

    /// Who must do what until when.
    fn duties(&mut self, id: &str) -> Vec<String> {
        let one = complaints::one(&mut self.desk(HQ), id).unwrap();
        let until = |at| Zone::shanghai().local(at).strftime("%d %H:%M").to_string();
        let line = |duty: &farsight_rulebook::checks::complaint::clocks::Duty| {
            format!("{} {} {}", duty.who.name(), duty.act.name(), duty.until.map(until).unwrap_or_default())
                .trim()
                .to_owned()
        };
        one.duties.iter().map(line).collect()
    }

    fn may(&mut self, who: &str, id: &str) -> Vec<&'static str> {
        let one = complaints::one(&mut self.desk(who), id).unwrap();
        one.may.into_iter().map(DeedKind::name).collect()
    }
}

fn all(state: State) -> Filter {
    Filter { state, limit: 50, ..Filter::default() }
}

fn bars(clock: &Clock) -> Vec<String> {
    let zone = Zone::shanghai();
    let at = |at| zone.local(at).strftime("%d %H:%M").to_string();
    let bar = |s: &farsight_rulebook::checks::complaint::clocks::Stretch| {
        format!("{} {}-{}", s.phase.name(), at(s.from), at(s.to))
    };
    clock.stretches.iter().map(bar).collect()
}

#[test]
fn a_major_complaint_goes_its_way_through_both_posts() {
    let mut world = World::new();
    let id = world.take_in("D1", "major");
    assert!(id.starts_with("CC-20260304-"), "{id}");
    assert_eq!(
        world.duties(&id),
        [
            "call-centre dispatch",
            "dealer reply 05 10:00",
            "dealer-gm attend 09 10:00",
            "region-deputy-director attend 09 10:00"
        ]
    );
    assert_eq!(world.does(D1, &id, DeedKind::Submit), "complaint_not_dispatched");
    world.now("2026-03-04 11:00");
    assert_eq!(world.does(CALL, &id, DeedKind::Dispatch), "ok");
    assert_eq!(world.does(CALL, &id, DeedKind::Dispatch), "complaint_dispatched");
    world.now("2026-03-04 15:00");
    assert_eq!(world.does(D1, &id, DeedKind::FirstReply), "ok");
    assert_eq!(world.does(D1, &id, DeedKind::FirstReply), "complaint_replied");
    assert_eq!(world.does(D1, &id, DeedKind::Handle), "ok");
    assert_eq!(world.does(NORTH, &id, DeedKind::Handle), "ok");
    assert_eq!(world.does(D1, &id, DeedKind::Handle), "complaint_handled");
    assert_eq!(world.does(NORTH, &id, DeedKind::Handle), "complaint_handled");
    world.now("2026-03-04 16:00");
    assert_eq!(world.duties(&id), ["dealer submit 09 11:00"]);
    assert_eq!(world.does(D1, &id, DeedKind::Submit), "ok");
    assert_eq!(world.does(D1, &id, DeedKind::Submit), "complaint_submitted");
    world.now("2026-03-04 17:00");
    assert_eq!(world.duties(&id), ["call-centre callback"]);
    assert_eq!(world.calls(&id, CallbackOutcome::NoAnswer), "ok");
    assert_eq!(world.duties(&id), ["call-centre callback"], "nobody answered: the customer is called again");
    world.now("2026-03-20 10:00");
    assert_eq!(world.calls(&id, CallbackOutcome::Satisfied), "ok");
    assert!(world.duties(&id).is_empty());
    for (who, kind) in [(CALL, DeedKind::CallBack), (D1, DeedKind::Submit), (CALL, DeedKind::Withdraw)] {
        assert_eq!(world.does(who, &id, kind), "complaint_closed");
    }
    let one = complaints::one(&mut world.desk(D1), &id).unwrap();
    let clocks = one.clocks.unwrap();
    assert_eq!(bars(&clocks.close), ["kept 04 11:00-04 16:00", "waiting 04 16:00-20 10:00"]);
    assert!(!clocks.close.late && !clocks.reply.late, "the manufacturer's wait is never the dealer's");
    assert_eq!(one.events.len(), 6);
    world.now("2026-03-21 00:00");
    world.office.check("2026-03-21T00:00:00+08:00");
    assert!(world.office.findings().keys().all(|row| !row.starts_with("complaint.")));
}

#[test]
fn deeds_belong_to_posts_and_parts_of_the_network() {
    let mut world = World::new();
    let id = world.take_in("D1", "general");
    for (who, kind, expected) in [
        (D2, DeedKind::FirstReply, "not_found"),
        (FINANCE, DeedKind::FirstReply, "complaint_may_not"),
        (CALL, DeedKind::FirstReply, "complaint_may_not"),
        (NORTH, DeedKind::Submit, "complaint_may_not"),
        (D1, DeedKind::Dispatch, "complaint_may_not"),
        (D1, DeedKind::CallBack, "complaint_may_not"),
        (D1, DeedKind::Withdraw, "complaint_may_not"),
        (CALL, DeedKind::CallBack, "complaint_not_dispatched"),
        (D1, DeedKind::Handle, "complaint_not_major"),
    ] {
        assert_eq!(world.does(who, &id, kind), expected, "{who} {kind}");
    }
    assert_eq!(code(complaints::one(&mut world.desk(D2), &id)), "not_found");
    assert_eq!(world.may(D1, &id), ["reply"]);
    assert_eq!(world.may(CALL, &id), ["dispatch", "withdraw"]);
    assert!(world.may(FINANCE, &id).is_empty());
    let refused = |world: &mut World, who: &str, change: &dyn Fn(&mut Intake)| {
        let mut wanted = intake("D1", "general");
        change(&mut wanted);
        code(complaints::intake(&mut world.desk(who), &wanted))
    };
    assert_eq!(refused(&mut world, D1, &|_| ()), "complaint_may_not");
    assert_eq!(refused(&mut world, CALL, &|it| it.dealer = "D7".to_owned()), "no_dealer");
    assert_eq!(refused(&mut world, CALL, &|it| it.severity = "huge".to_owned()), "field_not_a_choice");
    assert_eq!(refused(&mut world, CALL, &|it| it.category.clear()), "field_empty");
    assert_eq!(refused(&mut world, CALL, &|it| it.vin = "no code".to_owned()), "field_not_a_code");
    assert_eq!(world.list(HQ, &all(State::All)), [id], "what is refused leaves nothing");
}

#[test]
fn an_unsatisfied_customer_makes_the_submission_a_bad_one() {
    let mut world = World::new();
    let id = world.take_in("D1", "general");
    world.does(CALL, &id, DeedKind::Dispatch);
    world.does(D1, &id, DeedKind::FirstReply);
    world.now("2026-03-05 10:00");
    world.does(D1, &id, DeedKind::Submit);
    world.now("2026-03-09 10:00");
    assert_eq!(world.list(HQ, &all(State::Overdue)), [] as [&str; 0]);
    assert_eq!(world.list(HQ, &all(State::Waiting)), [id.clone()]);
    world.calls(&id, CallbackOutcome::NotSatisfied);
    assert_eq!(world.list(HQ, &all(State::Overdue)), [id.clone()]);
    assert_eq!(world.duties(&id), ["dealer submit 07 10:00"]);
    world.now("2026-03-10 10:00");
    assert_eq!(world.does(D1, &id, DeedKind::Submit), "ok");
    let clocks = complaints::one(&mut world.desk(D1), &id).unwrap().clocks.unwrap();
    assert!(clocks.close.late);
    assert_eq!(
        bars(&clocks.close),
        ["kept 04 10:00-05 10:00", "waiting 05 10:00-09 10:00", "overdue 09 10:00-10 10:00"]
    );
    assert_eq!(clocks.close.stretches.iter().filter(|s| s.phase == Phase::Overdue).count(), 1);
}

#[test]
fn a_withdrawal_says_why_and_takes_the_complaint_out_of_the_books() {
    let mut world = World::new();
    let mut attitude = intake("D1", "general");
    attitude.category = "attitude".to_owned();
    let id = complaints::intake(&mut world.desk(CALL), &attitude).unwrap();
    world.office.check("2026-03-04T10:00:00+08:00");
    assert_eq!(world.office.net().len(), 1);
    assert_eq!(
        world.notes(CALL, &id, DeedKind::Withdraw, CallbackOutcome::NoAnswer, " "),
        "complaint_no_reason"
    );
    assert_eq!(world.does(CALL, &id, DeedKind::Withdraw), "ok");
    assert_eq!(world.does(CALL, &id, DeedKind::Withdraw), "complaint_withdrawn");
    assert_eq!(world.list(HQ, &all(State::Withdrawn)), [id.clone()]);
    assert_eq!(world.list(HQ, &all(State::Open)), [] as [&str; 0]);
    world.now("2026-03-04 10:01");
    world.office.check("2026-03-04T10:01:00+08:00");
    assert!(world.office.net().is_empty());
    assert!(world.office.audit_links() > 0);
}

const MANY: &str =
    "complaint_id | dealer_code | received_at | dispatched_at | severity | category | vin | text
    K-1 | D1 | 2026-03-01 10:00 | 2026-03-01 11:00 | general | waiting | V1 | 太慢
    K-2 | D1 | 2026-03-03 10:00 | | major | parts | V2 | 缺件
    K-3 | D2 | 2026-03-02 10:00 | 2026-03-02 12:00 | general | parts | V3 | 价格 100%
    K-4 | D2 | 2026-02-01 10:00 | 2026-02-01 10:00 | general | other | | 无";

const DEEDS: &str = "complaint_id | at | kind | satisfied
    K-1 | 2026-03-01 12:00 | first-reply |
    K-1 | 2026-03-02 12:00 | submitted |
    K-3 | 2026-03-02 13:00 | first-reply |
    K-4 | 2026-02-01 11:00 | first-reply |
    K-4 | 2026-02-02 11:00 | callback | true";

#[test]
fn lists_are_filtered_sorted_and_paged_by_the_database() {
    let mut world = World::new();
    world.facts("complaints", MANY);
    world.facts("complaint_events", DEEDS);
    let mut lists = |filter: Filter, expected: &[&str]| {
        assert_eq!(world.list(HQ, &filter), expected, "{filter:?}");
    };
    // K-2 replies by the 4th 10:00, K-3 closes by the 5th 12:00, K-1 waits for the manufacturer.
    lists(all(State::Open), &["K-2", "K-3", "K-1"]);
    lists(all(State::Waiting), &["K-1"]);
    lists(all(State::Undispatched), &["K-2"]);
    lists(all(State::Closed), &["K-4"]);
    lists(Filter { sort: Sort::Received, ..all(State::All) }, &["K-4", "K-1", "K-3", "K-2"]);
    lists(Filter { sort: Sort::Received, descending: true, limit: 2, ..all(State::All) }, &["K-2", "K-3"]);
    lists(Filter { sort: Sort::Received, offset: 3, ..all(State::All) }, &["K-2"]);
    lists(Filter { major: Some(true), ..all(State::All) }, &["K-2"]);
    lists(Filter { category: Some("parts".to_owned()), ..all(State::Open) }, &["K-2", "K-3"]);
    lists(Filter { dealer: Some("D2".to_owned()), ..all(State::Open) }, &["K-3"]);
    lists(Filter { region: Some("N".to_owned()), ..all(State::Open) }, &["K-2", "K-1"]);
    for (search, expected) in [("v1", "K-1"), ("k-3", "K-3"), ("二店", "K-3"), ("100%", "K-3"), ("缺", "K-2")]
    {
        lists(Filter { search: Some(search.to_owned()), ..all(State::Open) }, &[expected]);
    }
    assert_eq!(world.list(D2, &all(State::All)).len(), 2);
    assert_eq!(world.list(NORTH, &all(State::All)).len(), 2);
    world.now("2026-03-04 10:00:01");
    assert_eq!(world.list(HQ, &all(State::Overdue)), ["K-2"]);
    world.now("2026-03-05 12:00:01");
    assert_eq!(world.list(HQ, &all(State::Overdue)), ["K-2", "K-3"]);
    let queue = complaints::queue(&mut world.desk(CALL), 10).unwrap();
    assert_eq!((queue.undispatched.total, queue.callbacks.total, queue.open, queue.overdue), (1, 1, 3, 2));
    // The order of the database is the order of the rulebook's deadlines.
    let listed = complaints::list(&mut world.desk(HQ), &all(State::Open)).unwrap();
    let next = |row: &complaints::Shown| row.duties.iter().filter_map(|duty| duty.until).min();
    let dues: Vec<_> = listed.rows.iter().filter_map(next).collect();
    assert!(dues.is_sorted() && dues.len() == 2, "{dues:?}");
}

/// Saturday counts from Monday 00:00, Friday afternoon to Monday afternoon: the database sorts by the same deadlines.
#[test]
fn working_days_are_sorted_by_too() {
    let shipped = root().join("config/policies/example-2026.toml");
    let policy = std::fs::read_to_string(shipped).unwrap();
    let (before, complaint) = policy.split_at(policy.find("[complaint.days]").unwrap());
    let working = complaint.replacen("\"natural\"", "\"working\"", 1);
    assert_ne!(working, complaint);
    let folder = Folder::new();
    let path = folder.put("working.toml", format!("{before}{working}").as_bytes());
    let mut world = World::judged_by(path.to_str().unwrap());
    world.now("2026-03-08 10:00");
    world.facts(
        "complaints",
        "complaint_id | dealer_code | received_at | severity | category
         K-1 | D1 | 2026-03-07 12:00 | general | parts
         K-2 | D1 | 2026-03-06 17:00 | general | parts
         K-3 | D1 | 2026-03-05 09:00 | general | parts",
    );
    assert_eq!(world.list(HQ, &all(State::Overdue)), ["K-3"], "Friday 09:00 was its reply's");
    assert_eq!(world.list(HQ, &all(State::Open)), ["K-3", "K-2", "K-1"]);
    for (now, overdue) in [
        ("2026-03-09 17:00", 1),
        ("2026-03-09 17:00:01", 2),
        ("2026-03-10 00:00", 2),
        ("2026-03-10 00:00:01", 3),
    ] {
        world.now(now);
        assert_eq!(world.list(HQ, &all(State::Overdue)).len(), overdue, "{now}");
        let rows = complaints::list(&mut world.desk(HQ), &all(State::Open)).unwrap().rows;
        let late = |row: &&complaints::Shown| {
            row.duties.iter().any(|duty| duty.until < Some(world.office.desk.now) && duty.until.is_some())
        };
        assert_eq!(rows.iter().filter(late).count(), overdue, "{now}: by the rulebook");
    }
}
