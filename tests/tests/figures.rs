//! Figures of months: bit by bit they become what they are from nothing; they count what the rulebook says; a person
//! sees those of their own dealers and no other.

use farsight_control::dealers::{self, Limits, Part, Score, ServiceMonth, Shown, Tab};
use farsight_control::export::Report;
use farsight_control::{board, figures, search};
use farsight_ledger::settlement::Role;
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::Instant;
use farsight_store::session::Person;
use farsight_store::standings::{Column, Filter};
use farsight_store::users::User;
use farsight_tests::books::records;
use farsight_tests::chance::{Dice, World, masters, ruling, sheet_of};
use farsight_tests::office::{at, month};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::{number, texts};
use farsight_tests::{Office, Tower};

const STEPS: usize = 40;
const TABLES: [&str; 4] = ["complaint_lives", "dealer_figures", "region_figures", "standings"];

/// Every row there is, table by table.
fn dump(tower: &Tower) -> Vec<String> {
    let rows = |table: &&str| {
        texts(
            &mut tower.sql(),
            &format!("SELECT '{table} ' || to_jsonb(t)::text AS value FROM {table} t ORDER BY 1"),
        )
    };
    TABLES.iter().flat_map(rows).collect()
}

#[track_caller]
fn converged(tower: &Tower, office: &mut Office, log: &[String]) {
    let told = figures::refresh(&mut office.desk).unwrap();
    let bit_by_bit = dump(tower);
    assert!(figures::rebuild(&mut office.desk).unwrap().whole);
    let from_nothing = dump(tower);
    let differing: Vec<_> = from_nothing.iter().filter(|row| !bit_by_bit.contains(row)).take(5).collect();
    assert!(bit_by_bit == from_nothing, "{told:?}\n{differing:#?}\n{log:#?}");
}

fn walk(seed: u64) {
    let (tower, mut dice, mut world) = (Tower::new(), Dice::new(seed), World::new());
    let mut office = Office::since(&tower, "walk", "example-2026", "2025-01-02T00:00:00+08:00");
    office.import_folder(&Folder::of(&masters()));
    let mut log = vec![format!("seed {seed}")];
    for _ in 0..STEPS {
        match dice.below(8) {
            0..=3 => {
                let sheets = world.draw(&mut dice, 4);
                let folder = Folder::new();
                for (n, sheet) in sheets.iter().enumerate() {
                    let path = folder.csv(&format!("{}-{n}", sheet.table), sheet);
                    let outcome = office.try_import(&[path]).unwrap();
                    if outcome.error_count() == 0 {
                        world.take(std::slice::from_ref(sheet));
                        log.push(format!("import {} {:?}", sheet.table, sheet.rows));
                    }
                }
            }
            4 => {
                let subjects: Vec<String> =
                    records(&office.csv(Report::Findings, None)).map(|row| row["subject"].clone()).collect();
                let sheet = sheet_of("rulings", ruling(&mut dice, &subjects, &office.desk.now.to_string()));
                log.push(format!("ruling {:?}", sheet.rows));
                office.try_import(&[Folder::new().csv("rulings", &sheet)]).ok();
            }
            5 => {
                office.evaluate(&farsight_control::evaluate::Request::default());
                log.push("check".to_owned());
            }
            6 => {
                let days = dice.between(1, 20) as i64;
                office.now(Instant(office.desk.now.0 + days * 86_400_000_000));
                log.push(format!("{days} days pass"));
            }
            _ => converged(&tower, &mut office, &log),
        }
    }
    converged(&tower, &mut office, &log);
    assert!(
        number(&mut tower.sql(), "SELECT count(*) FROM dealer_figures WHERE failed > 0 OR complaints > 0")
            > 0
    );
}

#[test]
fn bit_by_bit_is_as_from_nothing() {
    match std::env::var("FARSIGHT_SEED") {
        Ok(seed) => walk(seed.parse().unwrap()),
        Err(_) => (1..=3).for_each(walk),
    }
}

fn two_regions() -> Vec<Sheet> {
    vec![
        sheet("regions", "region_code | name\nN | 北方大区\nS | 南方大区"),
        sheet(
            "dealers",
            "dealer_code | name | region_code | province | city | lat | lon | opened_on
             A-1 | 阿尔法 | N | 河北 | 石家庄 | 38.0 | 114.5 | 2020-01-01
             A-2 | Beta_1 | N | 河北 | 保定 | 38.9 | 115.5 | 2020-01-01
             B-1 | Gamma | S | 广东 | 广州 | 23.1 | 113.3 | 2020-01-01",
        ),
        sheet("dealer_regions", "dealer_code | from | region_code\nA-2 | 2025-02-15 | S"),
        sheet(
            "bays",
            "dealer_code | effective_on | bays\nA-1 | 2020-01-01 | 10\nA-1 | 2025-02-28 | 12\nA-2 | 2020-01-01 | 4",
        ),
        sheet(
            "customer_base",
            "dealer_code | month | base_customers\nA-1 | 2025-01 | 4000\nA-1 | 2025-02 | 4200\nA-2 | 2025-01 | 1000\nB-1 | 2025-01 | 900",
        ),
        sheet("people", "person_code | name\nP-1 | 王芳\nP-2 | Li Wei"),
        sheet(
            "employments",
            "person_code | dealer_code | position | from\nP-1 | A-1 | service-advisor | 2024-01-01\nP-2 | A-1 | service-advisor | 2024-01-01",
        ),
        sheet(
            "certificates",
            "certificate_id | person_code | kind | issued_on | expires_on\nC-1 | P-1 | service-advisor | 2024-01-01 | 2025-02-10",
        ),
        sheet(
            "inspections",
            "inspection_id | item_code | dealer_code | inspected_at | result | kind
             I-1 | item-01 | A-1 | 2025-01-31 23:59:59 | fail | draw
             I-1 | item-02 | A-1 | 2025-01-31 23:59:59 | pass | draw
             I-1 | item-03 | A-1 | 2025-01-31 23:59:59 | na | draw
             I-2 | item-01 | A-1 | 2025-02-01 00:00 | fail | draw
             I-2 | item-02 | A-1 | 2025-02-01 00:00 | fail | draw
             I-3 | item-01 | A-1 | 2025-02-10 10:00 | fail | follow-up",
        ),
        sheet(
            "rulings",
            "ruling_id | kind | subject | decided_at | decided_by\nR-1 | excuse | inspection:I-2#item-02 | 2025-02-03 10:00 | hq\nR-2 | withdraw | complaint:K-4 | 2025-02-03 10:00 | hq",
        ),
        sheet(
            "complaints",
            "complaint_id | dealer_code | received_at | severity | category
             K-1 | A-1 | 2025-01-30 10:00 | general | waiting
             K-2 | A-1 | 2025-02-03 10:00 | general | attitude
             K-3 | B-1 | 2025-02-27 10:00 | general | waiting
             K-4 | A-1 | 2025-02-01 10:00 | general | waiting",
        ),
        sheet(
            "complaint_events",
            "complaint_id | at | kind | satisfied
             K-1 | 2025-02-01 09:00 | first-reply |
             K-1 | 2025-02-02 10:00 | submitted |
             K-1 | 2025-02-03 10:30 | callback | true
             K-2 | 2025-02-03 11:00 | first-reply |",
        ),
    ]
}

fn office(tower: &Tower) -> Office {
    office_at(tower, "2025-02-28T12:00:00+08:00")
}

fn office_at(tower: &Tower, now: &str) -> Office {
    let mut office = Office::new(tower, "two", "example-2026");
    office.now(at(now));
    office.import_folder(&Folder::of(&two_regions()));
    office.check(now);
    figures::refresh(&mut office.desk).unwrap();
    office
}

/// The desk of somebody with these regions and dealers.
fn person(tower: &Tower, office: &mut Office, email: &str, role: Role, regions: &[&str], dealers: &[&str]) {
    let owned = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
    let user = User { email: email.to_owned(), role, regions: owned(regions), dealers: owned(dealers) };
    farsight_control::users::add(&mut office.desk, &user).unwrap();
    let query = format!("SELECT user_id::bigint AS number FROM users WHERE email = '{email}'");
    let user = number(&mut tower.sql(), &query.replace("AS number", "")) as i32;
    office.desk.person = Some(Person { user, today: jiff::civil::date(2025, 2, 28) });
}

#[test]
fn a_month_counts_what_the_rulebook_says() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let page = dealers::page(&mut office.desk, "A-1", Tab::Trends).unwrap().unwrap();
    let [.., january, february] = &page.months[..] else { panic!("{:#?}", page.months) };
    assert_eq!((january.base_customers, january.bays), (Some(4000), Some(10)));
    assert_eq!((february.base_customers, february.bays), (Some(4200), Some(12)), "bays of the last day");
    assert_eq!(
        (january.inspections, january.passed, january.failed),
        (1, 1, 1),
        "23:59:59 is the old month's"
    );
    assert_eq!(
        (february.inspections, february.passed, february.failed),
        (2, 0, 1),
        "one excused, one a follow-up"
    );
    assert_eq!((january.complaints, february.complaints), (1, 1), "the withdrawn one is none");
    assert_eq!((january.replies_late, february.replies_late), (1, 0), "due on 01-31, came on 02-01");
    assert_eq!((january.complaints_open, february.complaints_open), (1, 1));
    assert_eq!((january.closings_late, february.closings_late), (0, 1), "submitted in time is kept");
    assert_eq!(february.complaints_overdue, 1);
    assert_eq!((february.waits, february.waited_minutes), (1, 24 * 60 + 30));
    assert_eq!((january.certified, january.required), (1, 2));
    assert_eq!((february.certified, february.required), (0, 2));
    let fen = |yuan: i64| Money(yuan * 100);
    assert_eq!((january.penalties, january.incentives), (fen(-500), fen(300)), "a first failure, a bonus");
    assert_eq!(february.penalties, fen(-1_000 - 5_000), "a repeat, an attitude");
}

#[test]
fn a_region_is_that_of_the_months_last_day() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let sums = |month: &str| {
        let query = format!(
            "SELECT concat_ws(' ', region_code, dealers, base_customers, bays, complaints_open, required) AS value
             FROM region_figures WHERE month = '{month}' ORDER BY region_code"
        );
        texts(&mut tower.sql(), &query)
    };
    assert_eq!(sums("2025-01-01"), [" 3 5000 14 1 2", "N 2 5000 14 1 2", "S 1 0 0 0 0"]);
    assert_eq!(sums("2025-02-01"), [" 3 4200 12 2 2", "N 1 4200 12 1 2", "S 2 0 0 1 0"]);
    let board = board::board(&mut office.desk).unwrap();
    assert_eq!(board.months.len(), 12);
    assert_eq!(board.months[11].dealers, 3);
    assert_eq!(board.dots.len(), 3);
    assert_eq!(
        board.balances.iter().map(|balance| &*balance.name).collect::<Vec<_>>(),
        ["北方大区", "南方大区"]
    );
}

#[test]
fn clocks_run_until_they_are_kept() {
    let tower = Tower::new();
    let mut office = office_at(&tower, "2025-02-27T20:00:00+08:00");
    let board = board::board(&mut office.desk).unwrap();
    let clocks: Vec<_> =
        board.clocks.iter().map(|clock| (&*clock.subject, clock.kind.name(), &*clock.dealer)).collect();
    assert_eq!(clocks, [("K-3", "reply", "B-1")], "its closing is due in more than 48 hours");
    let event = "complaint_id | at | kind\nK-3 | 2025-02-27 19:00 | first-reply";
    office.import_folder(&Folder::of(&[sheet("complaint_events", event)]));
    figures::refresh(&mut office.desk).unwrap();
    assert_eq!(board::board(&mut office.desk).unwrap().clocks, []);
}

#[test]
fn a_person_sees_their_own_dealers() {
    let tower = Tower::new();
    let mut office = office(&tower);
    person(&tower, &mut office, "south@oem", Role::RegionalManager, &["S"], &[]);
    let board = board::board(&mut office.desk).unwrap();
    let dots: Vec<_> = board.dots.iter().map(|dot| &*dot.dealer).collect();
    assert_eq!(dots, ["A-2", "B-1"]);
    assert!(board.months.iter().all(|month| month.region == "S"), "{:#?}", board.months);
    assert_eq!(board.balances.len(), 1);
    let codes = |office: &mut Office| -> Vec<String> {
        let filter = Filter { limit: 50, ..Filter::default() };
        dealers::list(&mut office.desk, &filter).unwrap().dealers.into_iter().map(|row| row.dealer).collect()
    };
    assert_eq!(codes(&mut office), ["A-2", "B-1"]);
    for tab in Tab::ALL {
        assert!(dealers::page(&mut office.desk, "A-1", tab).unwrap().is_none(), "{tab:?}");
        assert!(dealers::page(&mut office.desk, "B-1", tab).unwrap().is_some(), "{tab:?}");
    }
    for text in ["A-1", "阿尔法", "K-1", "I-1", "1", "P-1", "王"] {
        assert_eq!(search::search(&mut office.desk, text).unwrap(), [], "{text}");
    }
    assert_eq!(search::search(&mut office.desk, "gam").unwrap()[0].id, "B-1");
    assert_eq!(search::search(&mut office.desk, "K-3").unwrap()[0].dealer, "B-1");

    office.desk.person = None;
    person(&tower, &mut office, "a1@dealer", Role::Dealer, &[], &["A-1"]);
    assert_eq!(codes(&mut office), ["A-1"]);
    assert_eq!(board::board(&mut office.desk).unwrap().months, [], "a dealer sees no sums of regions");
    assert_eq!(search::search(&mut office.desk, "王").unwrap()[0].id, "P-1");
}

#[test]
fn the_list_is_filtered_sorted_and_cut_in_the_database() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let mut check = |what: &str, filter: Filter, total: i64, expected: &[&str]| {
        let listed = dealers::list(&mut office.desk, &filter).unwrap();
        let codes: Vec<_> = listed.dealers.iter().map(|row| &*row.dealer).collect();
        assert_eq!((listed.total, &codes[..]), (total, expected), "{what}");
    };
    let all = || Filter { limit: 50, ..Filter::default() };
    check("all", all(), 3, &["A-1", "A-2", "B-1"]);
    check("backwards", Filter { falling: true, ..all() }, 3, &["B-1", "A-2", "A-1"]);
    check("second page", Filter { offset: 2, limit: 2, ..all() }, 3, &["B-1"]);
    check("past the end", Filter { offset: 50, ..all() }, 3, &[]);
    check("region of today", Filter { region: Some("S".to_owned()), ..all() }, 2, &["A-2", "B-1"]);
    check("province", Filter { province: Some("广东".to_owned()), ..all() }, 1, &["B-1"]);
    check("name", Filter { search: Some("阿尔".to_owned()), ..all() }, 1, &["A-1"]);
    check("a mark of LIKE is itself", Filter { search: Some("a_1".to_owned()), ..all() }, 1, &["A-2"]);
    check("critical", Filter { worst: Some(Severity::Critical), ..all() }, 1, &["A-1"]);
    check(
        "turnover, unknown last",
        Filter { by: Column::Turnover, falling: true, ..all() },
        3,
        &["A-1", "A-2", "B-1"],
    );
    check("money", Filter { by: Column::Money, ..all() }, 3, &["A-1", "A-2", "B-1"]);
    for by in Column::ALL {
        for falling in [false, true] {
            assert_eq!(
                dealers::list(&mut office.desk, &Filter { by, falling, ..all() }).unwrap().total,
                3,
                "{by:?}"
            );
        }
    }
}

#[test]
fn every_tab_shows_what_is_there() {
    let tower = Tower::new();
    let mut office = office(&tower);
    let mut shown = |tab| dealers::page(&mut office.desk, "A-1", tab).unwrap().unwrap().shown;
    let Shown::Timeline(happened) = shown(Tab::Timeline) else { panic!() };
    let kinds = |kind: &str| happened.iter().filter(|row| row.kind == kind).count();
    assert_eq!((kinds("inspection"), kinds("complaint")), (3, 3));
    assert!(kinds("entry") > 0 && kinds("alert") > 0);
    assert!(happened.is_sorted_by(|a, b| a.at >= b.at));
    let Shown::Money(total, entries) = shown(Tab::Money) else { panic!() };
    assert_eq!((total as usize, kinds("entry")), (entries.len(), entries.len()));
    let Shown::Inspections(inspections) = shown(Tab::Inspections) else { panic!() };
    assert_eq!(
        inspections.iter().map(|row| (&*row.inspection, row.failed, row.other)).collect::<Vec<_>>(),
        [("I-3", 1, 0), ("I-2", 2, 0), ("I-1", 1, 1)]
    );
    let Shown::Complaints(complaints) = shown(Tab::Complaints) else { panic!() };
    let told: Vec<_> =
        complaints.iter().map(|row| (&*row.complaint, row.closed_at.is_some(), row.close_late)).collect();
    assert_eq!(told, [("K-2", false, true), ("K-1", true, false)]);
    let Shown::People(people) = shown(Tab::People) else { panic!() };
    let told: Vec<_> = people.iter().map(|row| (&*row.name, &*row.certificates)).collect();
    assert_eq!(told, [("王芳", ""), ("Li Wei", "")], "the certificate has lapsed");
    let Shown::Trends(Some(thresholds)) = shown(Tab::Trends) else { panic!() };
    assert_eq!((thresholds.warn, thresholds.rectify), (350, 450));
    let Shown::Tasks(total, clocks) = shown(Tab::Tasks) else { panic!() };
    assert_eq!(total as usize, clocks.len());
    assert!(clocks.iter().any(|clock| clock.subject == "K-2" && clock.kind.name() == "close"));
}

#[test]
fn a_dealers_service_is_counted_by_the_months_that_are_over() {
    let tower = Tower::new();
    let mut office = office(&tower);
    office.import_folder(&Folder::of(&[
        sheet(
            "vehicles",
            "vin | model | sold_on | dealer_code\nV-1 | M | 2024-12-01 | A-1\nV-2 | M | 2020-01-01 | A-1\nV-3 | M | 2020-01-01 | A-2",
        ),
        sheet(
            "work_orders",
            "work_order_id | dealer_code | vin | fault_code | created_at | diagnosed_at | promised_at | completed_at
             W-1 | A-1 | V-1 |  | 2025-01-10 10:00 | 2025-01-10 10:10 | 2025-01-10 14:00 | 2025-01-10 13:00
             W-2 | A-1 | V-1 | F | 2025-01-11 10:00 | 2025-01-11 10:10 | 2025-01-11 12:00 | 2025-01-11 15:00
             W-3 | A-1 | V-1 |  | 2025-01-12 10:00 | 2025-01-12 10:10 | 2025-01-12 14:00 | 2025-02-20 13:00
             W-4 | A-2 | V-3 | F | 2025-01-11 10:00 | 2025-01-11 10:10 | 2025-01-11 12:00 | 2025-01-11 15:00",
        ),
        sheet("callbacks", "work_order_id | at | reached\nW-1 | 2025-01-10 18:00 | true"),
        sheet(
            "surveys",
            "response_id | factor | dealer_code | employee_code | answered_at | score
             S-1 | quality | A-1 |  | 2025-01-12 10:00 | 80
             S-2 | quality | A-1 |  | 2025-01-31 23:59 | 91
             S-3 | quality | A-1 |  | 2025-02-01 00:00 | 10",
        ),
        sheet(
            "mystery_visits",
            "visit_id | dealer_code | visited_on | response | attitude | professionalism | transparency\nM-1 | A-1 | 2025-01-20 | 70 | 70 | 70 | 70",
        ),
        sheet(
            "feedback",
            "feedback_id | dealer_code | channel | received_at | kind | solved_at
             B-1 | A-1 | phone | 2025-01-05 10:00 | enquiry | 2025-01-25 10:00
             B-2 | A-1 | phone | 2025-01-05 10:00 | enquiry | 2025-01-05 11:00",
        ),
    ]));
    office.check("2025-02-28T12:00:00+08:00");
    let Shown::Service(service) =
        dealers::page(&mut office.desk, "A-1", Tab::Service).unwrap().unwrap().shown
    else {
        panic!()
    };
    assert_eq!(service.months.len(), 12);
    let part = |part, of| Some(Part { part, of });
    let january = service.months[0];
    let expected = ServiceMonth {
        month: month("2025-01"),
        satisfaction: Some(Score { score: 8550, of: 2 }),
        prompt: part(2, 3),
        late: part(1, 2),
        called: part(1, 2),
        mystery: Some(Score { score: 7000, of: 1 }),
        feedback_late: part(1, 2),
        unconfirmed: part(1, 1),
        away: part(1, 2),
    };
    assert_eq!(january, expected);
    let limits = Limits {
        satisfaction: Some(75),
        prompt: Some(90),
        called: Some(90),
        mystery: Some(60),
        away: Some(60),
    };
    assert_eq!(service.limits, limits);
    let december = service.months[1];
    assert_eq!(
        (december.satisfaction, december.prompt, december.called),
        (None, None, None),
        "nothing came in"
    );
}
