//! Facts in, books out: the cases with the books they must give, by every way facts can come in.
//!
//! The contract's own cases lie beside the repository where it is developed; the small one is committed, so that
//! nothing here is ever empty.

use std::path::PathBuf;

use farsight_control::export::{self, Format, Report};
use farsight_tests::books::{self, Case};
use farsight_tests::office::at;
use farsight_tests::sheets::{self, Folder};
use farsight_tests::{Office, Tower};

/// A folder of facts as one call brings it in; the office ends with the books of the case.
fn gives_the_books(what: &str, cases: &[Case], folder: &Folder) {
    let tower = Tower::new();
    for policy in ["changan-2014", "example-2026"] {
        let mut of_policy = cases.iter().filter(|case| case.policy == policy).peekable();
        if of_policy.peek().is_none() {
            continue;
        }
        let mut office = Office::new(&tower, policy, policy);
        office.import_folder(folder);
        for case in of_policy {
            office.check(case.as_of);
            case.compare(what, &mut office);
            let again = office.check(case.as_of);
            let changed = (again.posted, again.reversed, again.alerts_opened, again.alerts_resolved);
            assert_eq!(changed, (0, 0, 0, 0), "{what}: a second check changes nothing");
        }
    }
}

fn both() -> Vec<Vec<Case>> {
    [Some(books::small()), books::case_1()].into_iter().flatten().collect()
}

#[test]
fn the_small_case() {
    let cases = books::small();
    gives_the_books("small", &cases, &Folder::of(&cases[0].facts()));
}

#[test]
fn case_1() {
    if let Some(cases) = books::case_1() {
        gives_the_books("case 1", &cases, &Folder::of(&cases[0].facts()));
    }
}

#[test]
fn case_2() {
    if let Some(cases) = books::case_2() {
        gives_the_books("case 2", &cases, &Folder::of(&cases[0].facts()));
    }
}

/// What customers are owed, and the quarter of the regional staff, as they are exported.
#[test]
fn case_2_beside_the_books() {
    let Some(cases) = books::case_2() else { return };
    let case = cases.iter().find(|case| case.policy == "example-2026").unwrap();
    let tower = Tower::new();
    let mut office = Office::new(&tower, "t", case.policy);
    office.import_folder(&Folder::of(&case.facts()));
    office.check(case.as_of);
    let read = |file: &str| std::fs::read_to_string(case.folder.join(file)).unwrap();
    let owed = |csv: &str| {
        let row = |row: std::collections::BTreeMap<String, String>| {
            ["work_order_id", "dealer_code", "occurred_on", "owed"]
                .map(|column| row[column].clone())
                .join(",")
        };
        books::records(csv).map(row).collect::<Vec<_>>()
    };
    assert_eq!(owed(&office.csv(Report::Compensation, None)), owed(&read("expected-owed.csv")));
    let mut staff = Vec::new();
    export::staff(&mut office.desk, "2025-Q2".parse().unwrap(), None, Format::Csv { bom: false }, &mut staff)
        .unwrap();
    assert_eq!(String::from_utf8(staff).unwrap(), read("expected-staff-2025-Q2.csv"));
}

#[test]
fn records_of_real_origin() {
    if let Some(cases) = books::real() {
        gives_the_books("real", &cases, &Folder::of(&cases[0].facts()));
    }
}

#[test]
fn as_a_workbook() {
    for cases in both() {
        gives_the_books("xlsx", &cases, &Folder::workbook(&cases[0].facts()));
    }
}

#[test]
fn as_ndjson_gzipped_or_not() {
    for cases in both() {
        gives_the_books("ndjson", &cases, &Folder::ndjson(&cases[0].facts()));
    }
}

#[test]
fn one_row_a_file_in_another_order() {
    for cases in both() {
        let mut facts = cases[0].facts();
        facts.iter_mut().for_each(|sheet| sheet.rows.reverse());
        gives_the_books("one row a file", &cases, &Folder::one_row_a_file(&facts));
    }
}

/// Files named by hand in any order, each table in two pieces with its rows turned round.
#[test]
fn files_and_rows_in_another_order() {
    for cases in both().into_iter().chain(books::real()) {
        let mut facts = cases[0].facts();
        facts.iter_mut().for_each(|sheet| sheet.rows.reverse());
        let (first, second) = sheets::split(&facts, |_, row| row % 3 == 0);
        let folder = Folder::new();
        let mut files: Vec<PathBuf> =
            second.iter().map(|sheet| folder.csv(&format!("{}-a", sheet.table), sheet)).collect();
        files.extend(first.iter().map(|sheet| folder.csv(&format!("{}-b", sheet.table), sheet)));
        files.reverse();
        let tower = Tower::new();
        let case = &cases[cases.len() - 1];
        let mut office = Office::new(&tower, "t", case.policy);
        office.import(&files);
        office.check(case.as_of);
        case.compare("another order", &mut office);
    }
}

/// Every other row first, a check as of an earlier moment, then the rest: late facts take part as if they had always been there.
#[test]
fn half_of_the_rows_first_and_a_check_in_between() {
    for cases in both().into_iter().chain(books::real()).chain(books::case_2()) {
        for case in &cases {
            // What others refer to comes whole.
            let whole = ["regions", "people", "dealers", "complaints", "work_orders"];
            let (first, second) =
                sheets::split(&case.facts(), |table, row| whole.contains(&table) || row % 2 == 0);
            let tower = Tower::new();
            let mut office = Office::new(&tower, "t", case.policy);
            office.import_folder(&Folder::of(&first));
            let earlier = at(case.as_of).plus_hours(-24 * 75);
            office.check(&earlier.to_string());
            office.import_folder(&Folder::of(&second));
            office.check(case.as_of);
            case.compare("half first", &mut office);
        }
    }
}

#[test]
fn twice_over_is_once() {
    for cases in both().into_iter().chain(books::real()) {
        let case = &cases[0];
        let tower = Tower::new();
        let mut office = Office::new(&tower, "t", case.policy);
        let folder = Folder::of(&case.facts());
        let first = office.import_folder(&folder);
        assert!(first.iter().all(|file| file.added == file.rows && file.rows > 0), "{first:#?}");
        office.check(case.as_of);
        let links = office.audit_links();
        let second = office.import_folder(&folder);
        assert!(second.iter().all(|file| file.unchanged == file.rows), "{second:#?}");
        let check = office.check(case.as_of);
        assert_eq!((check.posted, check.reversed, check.facts), (0, 0, 0), "nothing new is looked at");
        case.compare("twice over", &mut office);
        assert!(office.audit_links() > links);
    }
}
