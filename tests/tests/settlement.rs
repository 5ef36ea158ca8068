//! The settlement's life on the real database: who may do what, in which order, and that what is locked stays.

use farsight_control::evaluate::{self, Request};
use farsight_control::export::{Format, Report};
use farsight_control::{ControlError, Desk};
use farsight_ledger::settlement::Role;
use farsight_tests::books::records;
use farsight_tests::office::{LATE, Step, at, month};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::{number, refused, run, texts};
use farsight_tests::{Office, Tower};

const FEBRUARY: &str = "2025-02-01T00:00:00+08:00";
const APRIL: &str = "2025-04-01T00:00:00+08:00";
const MAY: &str = "2025-05-01T00:00:00+08:00";

/// One dealer that fails an item in January, February and March, and a late fact to come.
fn network() -> Vec<Sheet> {
    vec![
        sheet("regions", "region_code | name\nN | 北区"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 服务中心 | N | 2015-01-01"),
        failed("I-1", "item-01", "2025-01-10"),
        failed("I-2", "item-02", "2025-02-10"),
        failed("I-3", "item-03", "2025-03-10"),
    ]
}

fn failed(inspection: &str, item: &str, on: &str) -> Sheet {
    let rows = format!(
        "inspection_id | item_code | dealer_code | inspected_at | result\n{inspection} | {item} | D1 | {on} 10:00 | fail"
    );
    sheet("inspections", &rows)
}

fn files(sheets: &[Sheet]) -> Folder {
    let folder = Folder::new();
    for (number, sheet) in sheets.iter().enumerate() {
        folder.csv(&format!("{}-{number}", sheet.table), sheet);
    }
    folder
}

fn office(tower: &Tower) -> Office {
    let mut office = Office::new(tower, "t", "changan-2014");
    office.import_folder(&files(&network()));
    office.finance(&["anna@oem", "bo@oem", "cai@oem"]);
    office.user("hq@oem", Role::Hq);
    office.user("ops@oem", Role::Operator);
    office.user("calls@oem", Role::CallCentre);
    office
}

/// A step that must fail, with its stable code.
#[track_caller]
fn no(office: &mut Office, step: Step, period: &str, by: &str, code: &str) {
    match office.step(step, period, by) {
        Ok(settled) => panic!("{step:?} {period} by {by} was done: {settled:?}"),
        Err(error) => assert_eq!(error.code(), code, "{step:?} {period} by {by}: {error}"),
    }
}

#[track_caller]
fn yes(office: &mut Office, step: Step, period: &str, by: &str, status: &str) {
    match office.step(step, period, by) {
        Ok(settled) => assert_eq!(settled.status, status),
        Err(error) => panic!("{step:?} {period} by {by}: {error}"),
    }
}

fn status(office: &mut Office, period: &str) -> String {
    let text = office.csv(Report::Settlement, Some(month(period)));
    records(&text).next().map_or_else(|| "none".to_owned(), |row| row["status"].clone())
}

#[test]
fn steps_in_order_each_by_whom_it_takes() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let settle = Step::Settle(APRIL);
    let january = "2025-01";
    no(&mut office, Step::Review, january, "anna@oem", "not_calculated"); // not calculated yet
    no(&mut office, Step::Lock, january, "anna@oem", "not_calculated");
    no(&mut office, settle, january, "nobody@oem", "usage");
    for by in ["ops@oem", "calls@oem"] {
        no(&mut office, settle, january, by, "role_may_not");
    }
    assert_eq!(
        number(&mut tower.sql(), "SELECT count(*) FROM runs"),
        0,
        "a refused settlement judges nothing"
    );
    yes(&mut office, settle, january, "hq@oem", "calculated");
    no(&mut office, Step::Approve, january, "anna@oem", "wrong_status");
    no(&mut office, Step::Lock, january, "anna@oem", "wrong_status");
    no(&mut office, Step::Review, january, "ops@oem", "role_may_not");
    yes(&mut office, Step::Review, january, "anna@oem", "reviewed");
    no(&mut office, Step::Review, january, "bo@oem", "wrong_status");
    no(&mut office, Step::Approve, january, "anna@oem", "four_eyes");
    no(&mut office, Step::Approve, january, "hq@oem", "role_may_not");
    yes(&mut office, Step::Approve, january, "bo@oem", "approved");
    no(&mut office, Step::Lock, january, "bo@oem", "four_eyes");
    no(&mut office, Step::Lock, january, "hq@oem", "role_may_not");
    yes(&mut office, Step::Lock, january, "anna@oem", "locked");
    for step in [Step::Review, Step::Approve, Step::Lock, settle] {
        no(&mut office, step, january, "cai@oem", "locked");
    }
}

#[test]
fn periods_are_locked_in_order_without_a_gap() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let walk = |office: &mut Office, period: &str| {
        yes(office, Step::Settle(APRIL), period, "anna@oem", "calculated");
        yes(office, Step::Review, period, "anna@oem", "reviewed");
        yes(office, Step::Approve, period, "bo@oem", "approved");
    };
    walk(&mut office, "2025-02");
    no(&mut office, Step::Lock, "2025-02", "anna@oem", "out_of_order"); // January has postings
    walk(&mut office, "2025-01");
    yes(&mut office, Step::Lock, "2025-01", "anna@oem", "locked");
    walk(&mut office, "2025-03");
    no(&mut office, Step::Lock, "2025-03", "anna@oem", "out_of_order");
    yes(&mut office, Step::Lock, "2025-02", "anna@oem", "locked");
    yes(&mut office, Step::Lock, "2025-03", "anna@oem", "locked");
    no(&mut office, Step::Settle(APRIL), "2024-12", "anna@oem", "past"); // before a locked one is as good as locked
    // A month without a single entry is locked in its turn, too.
    no(&mut office, Step::Settle("2025-06-01T00:00:00+08:00"), "2025-03", "anna@oem", "locked");
    walk_at(&mut office, "2025-05");
    no(&mut office, Step::Lock, "2025-05", "anna@oem", "out_of_order");
    walk_at(&mut office, "2025-04");
    yes(&mut office, Step::Lock, "2025-04", "anna@oem", "locked");
    yes(&mut office, Step::Lock, "2025-05", "anna@oem", "locked");
}

fn walk_at(office: &mut Office, period: &str) {
    yes(office, Step::Settle("2025-06-01T00:00:00+08:00"), period, "anna@oem", "calculated");
    yes(office, Step::Review, period, "anna@oem", "reviewed");
    yes(office, Step::Approve, period, "bo@oem", "approved");
}

#[test]
fn nothing_is_locked_on_books_that_ran_too_early_or_missed_a_fact() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let january = "2025-01";
    let approved = |office: &mut Office, as_of: &'static str| {
        yes(office, Step::Settle(as_of), january, "anna@oem", "calculated");
        yes(office, Step::Review, january, "anna@oem", "reviewed");
        yes(office, Step::Approve, january, "bo@oem", "approved");
    };
    approved(&mut office, "2025-01-31T23:59:59.999999+08:00");
    no(&mut office, Step::Lock, january, "anna@oem", "checks_behind");
    approved(&mut office, FEBRUARY);
    office.import_folder(&files(&[failed("I-9", "item-09", "2025-03-20")]));
    no(&mut office, Step::Lock, january, "anna@oem", "facts_unseen");
    let one =
        Request { checks: vec!["spot-check".to_owned()], as_of: Some(at(FEBRUARY)), ..Request::default() };
    office.evaluate(&one);
    no(&mut office, Step::Lock, january, "anna@oem", "facts_unseen"); // four checks have not seen it
    office.check(FEBRUARY);
    yes(&mut office, Step::Lock, january, "anna@oem", "locked");
}

#[test]
fn a_late_fact_goes_to_the_first_open_period_and_keeps_its_origin() {
    let tower = Tower::new();
    let mut office = office(&tower);
    office.lock("2025-01", APRIL);
    office.lock("2025-02", APRIL);
    let locked: Vec<Vec<u8>> = kept(&mut office);
    // A January failure that makes February's a repeat: one entry changes, one is new, all in March.
    office.import_folder(&files(&[failed("I-0", "item-02", "2025-01-05")]));
    let outcome = office.check(MAY);
    assert_eq!((outcome.posted, outcome.reversed), (2, 1));
    let march = office.csv(Report::Entries, Some(month("2025-03")));
    let rows: Vec<[String; 5]> = records(&march)
        .map(|row| ["subject", "origin_period", "clause", "kind", "amount"].map(|name| row[name].clone()))
        .filter(|row| row[1] != "2025-03")
        .collect();
    let expected = [
        ["inspection:I-0#item-02", "2025-01", "spot-check.first", "charge", "-500.00"],
        ["inspection:I-2#item-02", "2025-02", "spot-check.first", "reversal", "500.00"],
        ["inspection:I-2#item-02", "2025-02", "spot-check.repeat", "charge", "-1000.00"],
    ];
    assert_eq!(rows, expected);
    assert_eq!(kept(&mut office), locked, "what is locked is the same to the byte");
    // The settlement of March has it all, and the sum is right.
    let settled = office.lock("2025-03", MAY);
    assert_eq!(
        (settled.net.as_str(), settled.reversals.as_str(), settled.entries),
        ("-1500.00", "500.00", 4)
    );
    assert_eq!(kept(&mut office), locked);
}

/// January's and February's exports in every format.
fn kept(office: &mut Office) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for period in ["2025-01", "2025-02"] {
        for what in [Report::Entries, Report::Settlement] {
            for format in
                [Format::Csv { bom: false }, Format::Csv { bom: true }, Format::Ndjson, Format::Xlsx]
            {
                all.push(office.export(what, Some(month(period)), format));
            }
        }
    }
    all
}

/// Names and regions are those of the day of locking, whatever becomes of the dealer.
#[test]
fn a_locked_settlement_does_not_follow_its_masters() {
    let tower = Tower::new();
    let mut office = office(&tower);
    office.lock("2025-01", APRIL);
    let before = office.csv(Report::Settlement, Some(month("2025-01")));
    assert!(before.contains("服务中心") && before.contains(",N,"), "{before}");
    office.import_folder(&files(&[
        sheet("regions", "region_code | name\nS | 南区"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 另一个名字 | S | 2015-01-01"),
    ]));
    office.check(MAY);
    assert_eq!(office.csv(Report::Settlement, Some(month("2025-01"))), before);
    office.import_folder(&files(&[sheet("dealers", "dealer_code | voided\nD1 | true")]));
    office.check(MAY);
    assert_eq!(office.csv(Report::Settlement, Some(month("2025-01"))), before);
    let open = office.csv(Report::Settlement, Some(month("2025-02")));
    assert!(
        records(&open)
            .all(|row| row["penalties"] == "-1500.00" || row["net"] == "500.00" || row["net"] == "0.00"),
        "{open}"
    );
}

#[test]
fn a_posting_sets_a_reviewed_or_approved_settlement_back() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let january = "2025-01";
    for (round, until) in [(1, Step::Review), (2, Step::Approve)] {
        yes(&mut office, Step::Settle(APRIL), january, "anna@oem", "calculated");
        yes(&mut office, Step::Review, january, "anna@oem", "reviewed");
        if until == Step::Approve {
            yes(&mut office, Step::Approve, january, "bo@oem", "approved");
        }
        office.import_folder(&files(&[failed(
            &format!("I-8{round}"),
            &format!("item-1{round}"),
            "2025-01-20",
        )]));
        let outcome = office.check(APRIL);
        assert_eq!((outcome.posted, outcome.settlements_reopened), (1, 1));
        assert_eq!(status(&mut office, january), "calculated");
        let cleared = "SELECT count(*) FROM settlements WHERE coalesce(reviewed_by, approved_by) IS NULL AND reviewed_at IS NULL AND approved_at IS NULL";
        assert_eq!(number(&mut tower.sql(), cleared), 1);
        no(&mut office, Step::Approve, january, "bo@oem", "wrong_status");
    }
    // A posting into another month leaves it alone.
    yes(&mut office, Step::Review, january, "anna@oem", "reviewed");
    office.import_folder(&files(&[failed("I-88", "item-12", "2025-03-20")]));
    assert_eq!(office.check(APRIL).settlements_reopened, 0);
    assert_eq!(status(&mut office, january), "reviewed");
}

#[test]
fn a_locked_period_cannot_be_posted_into_by_anyone() {
    let tower = Tower::new();
    let mut office = office(&tower);
    office.check(APRIL);
    office.lock("2025-01", APRIL);
    let mut owner = tower.sql();
    let columns = texts(
        &mut owner,
        "SELECT column_name::text AS value FROM information_schema.columns WHERE table_name = 'entries' AND column_name NOT IN ('entry_id', 'turn', 'period')
         ORDER BY ordinal_position",
    )
    .join(", ");
    let again = |period: &str| {
        format!(
            "INSERT INTO entries (entry_id, turn, period, {columns}) SELECT entry_id + 1000, turn + 1, '{period}', {columns} FROM entries WHERE kind = 'charge' LIMIT 1"
        )
    };
    let tenant = office.tenant();
    for role in ["SELECT 1".to_owned(), format!("SET ROLE farsight_app; SET farsight.tenant = '{tenant}'")] {
        let mut sql = tower.sql();
        run(&mut sql, &role);
        for period in ["2025-01-01", "2024-12-01"] {
            let told = refused(&mut sql, &again(period));
            assert!(told.contains("2025-01 is locked"), "{told}");
        }
        for statement in [
            "UPDATE settlements SET status = 'calculated' WHERE status = 'locked'",
            "UPDATE settlements SET locked_by = 'x' WHERE status = 'locked'",
        ] {
            let told = refused(&mut sql, statement);
            assert!(told.contains("locked and never changes"), "{told}");
        }
        run(&mut sql, &format!("BEGIN; {}; ROLLBACK", again("2025-02-01")));
    }
    assert_eq!(office.check(APRIL).posted, 0);
}

#[test]
fn runs_go_forward_and_not_beyond_the_present() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let tried = |office: &mut Office, request: Request| -> Result<evaluate::Outcome, ControlError> {
        evaluate::evaluate(&mut office.desk, &request)
    };
    let as_of = |text: &str| Request { as_of: Some(at(text)), ..Request::default() };
    office.check(MAY);
    let earlier = tried(&mut office, as_of(APRIL)).unwrap_err();
    assert_eq!(earlier.code(), "as_of_refused", "{earlier}");
    assert!(
        earlier.to_string().contains("2025-05-01T00:00:00+08:00")
            && earlier.to_string().contains("--dry-run"),
        "{earlier}"
    );
    let named = Request { checks: vec!["complaint".to_owned()], ..as_of(APRIL) };
    assert_eq!(tried(&mut office, named).unwrap_err().code(), "as_of_refused", "nor of one check");
    let later = tried(&mut office, as_of("2030-01-01T00:00:00.000001+08:00")).unwrap_err();
    assert_eq!(later.code(), "as_of_refused", "{later}");
    no(&mut office, Step::Settle(APRIL), "2025-03", "anna@oem", "as_of_refused");
    let before = office.csv(Report::Entries, None);
    let shown = tried(&mut office, Request { dry_run: true, ..as_of("2025-01-20T00:00:00+08:00") }).unwrap();
    assert!(shown.dry_run && shown.reversed == 2, "an earlier one is computed and shown: {shown:?}");
    assert_eq!(office.csv(Report::Entries, None), before, "and posts nothing");
    assert_eq!(tried(&mut office, as_of(LATE)).unwrap().posted, 0);
    let unknown = Request { checks: vec!["weather".to_owned()], ..Request::default() };
    assert_eq!(tried(&mut office, unknown).unwrap_err().code(), "usage");
}

/// Two at once take turns: the second finds nothing left to post.
#[test]
fn two_runs_at_once_post_once() {
    let tower = Tower::new();
    drop(office(&tower));
    let totals: Vec<u64> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut desk = Desk::open(&tower.database, Some("t"), "test", at(LATE)).unwrap();
                    evaluate::evaluate(&mut desk, &Request { as_of: Some(at(APRIL)), ..Request::default() })
                        .unwrap()
                        .posted
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!((totals.iter().sum::<u64>(), totals.iter().max()), (3, Some(&3)), "{totals:?}");
    assert_eq!(Office::open(&tower, "t").net().values().sum::<i64>(), -150_000);
}
