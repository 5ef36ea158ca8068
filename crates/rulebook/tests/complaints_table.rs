//! Rulebook 4.2 as tables: before, on and after every deadline of a complaint received on Monday 2025-03-03 at 10:00.

mod common;

use common::book::Book;
use common::ground_with;
use farsight_rulebook::calendar::HolidaysUnknown;
use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks;
use farsight_rulebook::facts::Deed::{
    self, Callback, FirstReply, HandledByDealerGm, HandledByDeputyDirector, Submitted,
};
use farsight_rulebook::facts::RulingKind;
use farsight_rulebook::finding::Found;

const YES: Deed = Callback(Some(true));
const NO: Deed = Callback(Some(false));
const UNANSWERED: Deed = Callback(None);

fn rulebook() -> Ground {
    ground_with(&[])
}

fn check_book(book: &Book, as_of: &str, expected: &[&str]) {
    let short = |line: String| line.replace(" complaint:C-1", "");
    let given: Vec<String> = book.findings("complaint", &rulebook(), as_of).into_iter().map(short).collect();
    assert_eq!(given, expected, "as of {as_of}");
}

/// What is found about a general complaint with these deeds, long after.
fn check(deeds: &[(Deed, &str)], expected: &[&str]) {
    check_book(&with(Book::new().complaint("2025-03-03", false, "parts"), deeds), "2025-06-01", expected);
}

fn check_major(deeds: &[(Deed, &str)], expected: &[&str]) {
    check_book(&with(Book::new().complaint("2025-03-03", true, "parts"), deeds), "2025-06-01", expected);
}

fn with(book: Book, deeds: &[(Deed, &str)]) -> Book {
    deeds.iter().fold(book, |book, (deed, when)| book.deed(*deed, when))
}

#[test]
fn the_first_reply_is_due_a_day_after_the_start() {
    let closed = (YES, "2025-03-04 09:00");
    check(&[(FirstReply, "2025-03-04 09:59:59"), closed], &[]);
    check(&[(FirstReply, "2025-03-04 10:00"), closed], &[]);
    check(&[(FirstReply, "2025-03-04 10:00:01"), closed], &["reply-late 2025-03-04"]);
    check(&[closed], &["reply-late 2025-03-04"]);
    let open = || Book::new().complaint("2025-03-03", false, "parts");
    check_book(&open(), "2025-03-04 09:59:59", &[]);
    check_book(&open(), "2025-03-04 10:00", &[]);
    check_book(&open(), "2025-03-04 10:00:01", &["reply-late 2025-03-04"]);
}

#[test]
fn the_clock_starts_with_the_dispatch_where_there_is_one() {
    let dispatched = |deed: &str| {
        let book =
            Book::new().complaint_of("C-1", "2025-03-03", Some("2025-03-05 15:00"), false, "parts", None);
        with(book, &[(FirstReply, deed), (YES, "2025-03-08 15:00")])
    };
    check_book(&dispatched("2025-03-06 15:00"), "2025-06-01", &[]);
    check_book(&dispatched("2025-03-06 15:01"), "2025-06-01", &["reply-late 2025-03-06"]);
    check_book(&dispatched("2025-03-04 15:00"), "2025-06-01", &[]); // a reply before the clock's start counts
    check_book(&dispatched("2025-03-06 15:00"), "2025-03-04 11:00", &["reply-late 2025-03-04"]); // not dispatched yet
}

#[test]
fn a_general_complaint_is_closed_within_three_days_a_major_within_five() {
    let reply = (FirstReply, "2025-03-03 11:00");
    let (gm, deputy) =
        ((HandledByDealerGm, "2025-03-03 12:00"), (HandledByDeputyDirector, "2025-03-03 12:00"));
    check(&[reply, (YES, "2025-03-06 09:59")], &[]);
    check(&[reply, (YES, "2025-03-06 10:00")], &[]);
    check(&[reply, (YES, "2025-03-06 10:01")], &["close-late 2025-03-06"]);
    check(&[reply], &["close-late 2025-03-06"]);
    check(&[reply, (NO, "2025-03-04 10:00"), (UNANSWERED, "2025-03-05 10:00")], &["close-late 2025-03-06"]);
    check_major(&[reply, gm, deputy, (YES, "2025-03-08 10:00")], &[]);
    check_major(&[reply, gm, deputy, (YES, "2025-03-08 10:01")], &["close-late 2025-03-08"]);
}

#[test]
fn a_submission_is_good_until_the_next_answer_says_otherwise() {
    let reply = (FirstReply, "2025-03-03 11:00");
    let late = ["close-late 2025-03-06"];
    check(&[reply, (Submitted, "2025-03-06 10:00")], &[]);
    check(&[reply, (Submitted, "2025-03-06 10:01")], &late);
    check(&[reply, (Submitted, "2025-03-05 10:00"), (NO, "2025-03-20 10:00")], &late);
    check(
        &[
            reply,
            (Submitted, "2025-03-05 10:00"),
            (UNANSWERED, "2025-03-07 10:00"),
            (YES, "2025-03-20 10:00"),
        ],
        &[],
    );
    check(&[reply, (NO, "2025-03-05 10:00"), (Submitted, "2025-03-05 10:00")], &[]); // strictly later
    let twice =
        [reply, (Submitted, "2025-03-04 10:00"), (NO, "2025-03-05 10:00"), (Submitted, "2025-03-06 10:00")];
    check(&twice, &[]);
    // The answer is not seen before it is given.
    let refused = with(
        Book::new().complaint("2025-03-03", false, "parts"),
        &[reply, (Submitted, "2025-03-05 10:00"), (NO, "2025-03-20 10:00")],
    );
    check_book(&refused, "2025-03-20 09:59", &[]);
    check_book(&refused, "2025-03-20 10:00", &late);
}

#[test]
fn a_major_complaint_is_handled_by_both_in_person() {
    let done = [(FirstReply, "2025-03-03 11:00"), (YES, "2025-03-04 10:00")];
    let major = |deeds: &[(Deed, &str)], expected: &[&str]| {
        check_major(&[&done, deeds].concat(), expected);
    };
    let late = ["major-unattended 2025-03-08"];
    let on = "2025-03-08 10:00";
    major(&[(HandledByDealerGm, on), (HandledByDeputyDirector, on)], &[]);
    major(&[(HandledByDealerGm, on)], &late);
    major(&[(HandledByDeputyDirector, on)], &late);
    major(&[(HandledByDealerGm, "2025-03-08 10:01"), (HandledByDeputyDirector, on)], &late);
    major(&[], &late);
    check(&done, &[]); // a general one needs neither
}

#[test]
fn the_deputys_absence_is_never_charged_to_the_dealer() {
    let charging = ground_with(&[("complaint.major-unattended", "\"0.00\"", "\"800.00\"")]);
    let charged = |deeds: &[(Deed, &str)]| {
        let done = [(FirstReply, "2025-03-03 11:00"), (YES, "2025-03-04 10:00")];
        let book = with(Book::new().complaint("2025-03-03", true, "parts"), &[&done, deeds].concat());
        book.findings("complaint", &charging, "2025-06-01")
    };
    let gm = (HandledByDealerGm, "2025-03-08 10:00");
    let deputy = (HandledByDeputyDirector, "2025-03-08 10:00");
    assert_eq!(charged(&[deputy]), ["major-unattended complaint:C-1 2025-03-08 dealer-800"]);
    assert_eq!(charged(&[gm]), ["major-unattended complaint:C-1 2025-03-08"]);
    assert_eq!(charged(&[]), ["major-unattended complaint:C-1 2025-03-08 dealer-800"]);
}

fn kept(category: &str) -> Book {
    with(
        Book::new().complaint("2025-03-03", false, category),
        &[(FirstReply, "2025-03-03 11:00"), (YES, "2025-03-04 10:00")],
    )
}

#[test]
fn attitude_is_charged_when_received() {
    check_book(&kept("attitude"), "2025-03-03 09:59", &[]);
    check_book(&kept("attitude"), "2025-03-03 10:00", &["attitude 2025-03-03 dealer-5000"]);
    check_book(&kept("parts"), "2025-06-01", &[]);
}

#[test]
fn the_latest_ruling_says_what_mishandling_costs() {
    let ruled = |book: Book, id: &str, when: &str, amount: &str| {
        book.rules_of(id, RulingKind::Mishandled, "complaint:C-1", None, when, Some(amount))
    };
    let once = ruled(kept("parts"), "U-1", "2025-03-20", "8000");
    check_book(&once, "2025-03-20 09:59", &[]);
    check_book(&once, "2025-03-20 10:00", &["mishandled 2025-03-20 dealer-8000"]);
    let twice = ruled(once, "U-2", "2025-04-02", "6000");
    check_book(&twice, "2025-03-31", &["mishandled 2025-03-20 dealer-8000"]);
    check_book(&twice, "2025-06-01", &["mishandled 2025-04-02 dealer-6000"]);
    let at_once = ruled(ruled(kept("parts"), "U-9", "2025-03-20", "9000"), "U-10", "2025-03-20", "7000");
    check_book(&at_once, "2025-06-01", &["mishandled 2025-03-20 dealer-9000"]);
    check_book(&ruled(kept("parts"), "U-1", "2025-03-02", "8000"), "2025-06-01", &[]); // before it was received
    let attitude = ruled(kept("attitude"), "U-1", "2025-03-20", "8000");
    check_book(
        &attitude,
        "2025-06-01",
        &["attitude 2025-03-03 dealer-5000", "mishandled 2025-03-20 dealer-8000"],
    );
    let withdrawn = attitude.rules("W-1", RulingKind::Withdraw, "complaint:C-1", "2025-03-10");
    check_book(&withdrawn, "2025-03-10 09:59", &["attitude 2025-03-03 dealer-5000"]);
    check_book(&withdrawn, "2025-06-01", &[]);
}

#[test]
fn an_excuse_may_name_one_family() {
    let late = Book::new().complaint("2025-03-03", false, "parts");
    check_book(&late, "2025-06-01", &["close-late 2025-03-06", "reply-late 2025-03-04"]);
    let excused =
        late.rules_of("X", RulingKind::Excuse, "complaint:C-1", Some("complaint.reply"), "2025-04-01", None);
    check_book(&excused, "2025-06-01", &["close-late 2025-03-06"]);
    let all = excused.rules("Y", RulingKind::Excuse, "complaint:C-1", "2025-04-01");
    check_book(&all, "2025-06-01", &[]);
}

/// What is found by working days about a general complaint, answered and closed at these times.
fn check_working(received: &str, reply: &str, closed: &str, expected: &[&str]) {
    let working = ground_with(&[("complaint.days", "\"natural\"", "\"working\"")]);
    let book = with(Book::new().complaint(received, false, "parts"), &[(FirstReply, reply), (YES, closed)]);
    let found = book.findings("complaint", &working, "2025-12-01");
    let short = |line: String| line.replace(" complaint:C-1", "");
    assert_eq!(found.into_iter().map(short).collect::<Vec<_>>(), expected, "received {received}");
}

#[test]
fn working_days_pass_over_weekends_holidays_and_count_make_up_days() {
    // Friday 17:00: Monday, and Wednesday.
    check_working("2025-03-07 17:00", "2025-03-10 17:00", "2025-03-12 17:00", &[]);
    check_working(
        "2025-03-07 17:00",
        "2025-03-10 17:01",
        "2025-03-12 17:01",
        &["close-late 2025-03-12", "reply-late 2025-03-10"],
    );
    // Saturday: from Monday 00:00.
    check_working("2025-03-08 12:00", "2025-03-11 00:00", "2025-03-13 00:00", &[]);
    check_working(
        "2025-03-08 12:00",
        "2025-03-11 00:01",
        "2025-03-13 00:01",
        &["close-late 2025-03-13", "reply-late 2025-03-11"],
    );
    // Tuesday 30 September: 1 to 8 October are holidays, Saturday 11 is made up.
    check_working("2025-09-30 17:00", "2025-10-09 17:00", "2025-10-11 17:00", &[]);
    check_working(
        "2025-09-30 17:00",
        "2025-10-09 17:01",
        "2025-10-11 17:01",
        &["close-late 2025-10-11", "reply-late 2025-10-09"],
    );
    // Sunday 28 September is made up.
    check_working("2025-09-27 12:00", "2025-09-29 00:00", "2025-10-09 00:00", &[]);
}

#[test]
fn working_days_of_a_year_without_known_holidays_are_refused() {
    let working = ground_with(&[("complaint.days", "\"natural\"", "\"working\"")]);
    let book = Book::new().complaint("2031-03-03", false, "parts");
    let case = Case::new(&book.facts, &working, common::book::at("2031-06-01"), Judged::All);
    let result = (checks::check("complaint").unwrap().evaluate)(&case, &mut Found::default());
    assert_eq!(result, Err(HolidaysUnknown { year: 2031 }));
}
