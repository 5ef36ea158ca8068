//! The proof pack: made from the books and verified from itself alone; in a room beside it, whatever is changed in it is named.

mod forged;

use std::path::PathBuf;

use farsight_control::pack::{self, Packed};
use farsight_control::policies::{Source, drafts};
use farsight_control::{ControlError, explain, sample};
use farsight_ledger::settlement::Role;
use farsight_proof::{Report, What};
use farsight_rulebook::messages::Language;
use farsight_tests::books::{self, Case};
use farsight_tests::office::{LATE, Step, at, month, sealer};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::{Office, Tower};
use forged::{forged, replaced, text, told, unpacked};
use serde_json::Value;

const APRIL: &str = "2025-04-01T00:00:00+08:00";
const MAY: &str = "2025-05-01T00:00:00+08:00";

pub(crate) fn packed(office: &mut Office, period: &str) -> (Packed, Vec<u8>) {
    let mut bytes = Vec::new();
    let packed = pack::pack(&mut office.desk, &sealer(), month(period), &mut bytes)
        .unwrap_or_else(|error| panic!("{period}: {error}"));
    assert_eq!(packed.bytes, bytes.len() as u64);
    (packed, bytes)
}

pub(crate) fn verified(pack: &[u8]) -> Result<Report, ControlError> {
    let folder = Folder::new();
    let path: PathBuf = folder.put("pack.zip", pack);
    pack::verify(&path)
}

pub(crate) fn report(pack: &[u8]) -> Report {
    verified(pack).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
pub(crate) fn whole(what: &str, pack: &[u8]) -> Report {
    let report = report(pack);
    let told: Vec<String> = report.faults.faults.iter().take(8).map(ToString::to_string).collect();
    assert!(report.whole, "{what}: {} faults {told:#?}", report.faults.count);
    report
}

fn failed(inspection: &str, item: &str, on: &str, more: &str) -> Sheet {
    let voided = if more.is_empty() { "" } else { " | voided" };
    let rows = format!(
        "inspection_id | item_code | dealer_code | inspected_at | result{voided}\n{inspection} | {item} | D1 | {on} 10:00 | fail{more}"
    );
    sheet("inspections", &rows)
}

pub(crate) fn files(sheets: &[Sheet]) -> Folder {
    let folder = Folder::new();
    for (number, sheet) in sheets.iter().enumerate() {
        folder.csv(&format!("{}-{number}", sheet.table), sheet);
    }
    folder
}

/// A dealer that is drawn in January and fails items in three months; January and February are locked; then a late fact
/// comes, and March takes back what it makes different.
pub(crate) fn three_months(tower: &Tower) -> Office {
    let mut office = Office::since(tower, "t", "changan-2014", "2025-01-01T08:00:00+08:00");
    office.import_folder(&files(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet(
            "dealers",
            "dealer_code | name | region_code | opened_on\nD1 | 服务中心 | N | 2015-01-01\n-D2 | =2+3 | N | 2015-01-01",
        ),
        sheet("cameras", "camera_code | dealer_code | snapshot_url\nC1 | D1 | http://c/1"),
        failed("I-1", "item-01", "2025-01-10", ""),
        failed("I-2", "item-02", "2025-02-10", ""),
        failed("I-3", "item-03", "2025-03-10", ""),
        sheet(
            "inspections",
            "inspection_id | item_code | dealer_code | inspected_at | result\nI-4 | item-01 | -D2 | 2025-03-11 10:00 | fail",
        ),
    ]));
    office.now(at("2025-01-10 07:00"));
    sample::make(&mut office.desk, &sealer(), jiff::civil::date(2025, 1, 10)).unwrap();
    office.now(at(LATE));
    sample::reveal(&mut office.desk, &sealer()).unwrap();
    office.finance(&["anna@oem", "bo@oem"]);
    office.lock("2025-01", APRIL);
    office.lock("2025-02", APRIL);
    office.import_folder(&files(&[failed("I-0", "item-02", "2025-01-05", "")]));
    office.check(MAY);
    office.lock("2025-03", MAY);
    office
}

#[test]
fn a_locked_month_is_packed_to_the_same_bytes_for_ever() {
    let tower = Tower::new();
    let mut office = three_months(&tower);
    let (january, first) = packed(&mut office, "2025-01");
    assert_eq!(
        (january.status.as_str(), january.entries, january.receipts, january.draws),
        ("locked", 1, 1, 1)
    );
    let (march, reversing) = packed(&mut office, "2025-03");
    assert_eq!((march.entries, march.receipts), (5, 4), "one of them is a reversal");
    assert!(march.not_reproduced.is_empty() && january.not_reproduced.is_empty());

    let seen = whole("January", &first);
    assert_eq!((seen.charges, seen.reversals, seen.receipts, seen.draws), (1, 0, 1, 1));
    assert!(seen.words && seen.audit_links >= 4);
    let head = seen.statement.and_then(|statement| statement.audit_head);
    let printed = office.step(Step::Lock, "2025-01", "anna@oem").map_err(|error| error.code());
    assert_eq!((head.map(|head| head.len()), printed.unwrap_err()), (Some(64), "locked"));
    let seen = whole("March", &reversing);
    assert_eq!((seen.charges, seen.reversals, seen.receipts), (4, 1, 4));
    assert!(text(&reversing, "reversed.csv").contains("inspection:I-2#item-02"));

    // Whatever becomes known later, and whoever packs again.
    office.import_folder(&files(&[
        failed("I-1", "item-01", "2025-01-10", " | true"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 新名 | N | 2015-01-01"),
        sheet("calendar", "day | kind\n2025-01-13 | holiday"),
    ]));
    office.check("2025-06-01T00:00:00+08:00");
    assert_eq!(packed(&mut office, "2025-01").1, first);
    assert_eq!(packed(&mut office, "2025-03").1, reversing);
    let (_, april) = packed_after(&mut office, "2025-04");
    assert_eq!(whole("April, which takes January's back", &april).reversals, 1);
}

fn packed_after(office: &mut Office, period: &str) -> (Packed, Vec<u8>) {
    office.step(Step::Settle("2025-06-01T00:00:00+08:00"), period, "anna@oem").unwrap();
    packed(office, period)
}

/// A dealer that failed an item in March, charged by the first version.
fn a_march(tower: &Tower, code: &str) -> Office {
    let mut office = Office::since(tower, code, "changan-2014", "2025-01-01T08:00:00+08:00");
    office.import_folder(&files(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 服务中心 | N | 2015-01-01"),
        failed("I-3", "item-03", "2025-03-10", ""),
    ]));
    office.finance(&["anna@oem"]);
    office.now(at(LATE));
    assert_eq!(office.check(APRIL).posted, 1);
    office
}

/// Publishes the shipped policy with an amount replaced, from the first of March on.
fn published(office: &mut Office, table: &str, from: &str, to: &str) {
    let mut source = Source::named("changan-2014").unwrap();
    let table = source.text.find(&format!("[{table}]\n")).expect(table);
    let place = table + source.text[table..].find(from).expect(from);
    source.text.replace_range(place..place + from.len(), to);
    "os:test".clone_into(&mut office.desk.actor);
    drafts::publish_file(&mut office.desk, &source, jiff::civil::date(2025, 3, 1)).unwrap();
}

/// The month's pack, which has to be whole, and how many charges and reversals are proven by it.
#[track_caller]
fn proven(office: &mut Office) -> (Vec<u8>, u64, u64) {
    office.step(Step::Settle(MAY), "2025-03", "anna@oem").unwrap();
    let (packed, bytes) = packed(office, "2025-03");
    assert_eq!(packed.not_reproduced, Vec::<i64>::new());
    let report = whole("March", &bytes);
    (bytes, report.charges, report.reversals)
}

#[test]
fn what_a_version_charged_stays_proven_when_a_later_one_judges_its_days() {
    let tower = Tower::new();
    // March's amounts alike: nothing is posted, and the charge keeps its version.
    let mut office = a_march(&tower, "alike");
    published(&mut office, "complaint.attitude", "5000.00", "4000.00");
    assert_eq!(office.check(MAY).posted, 0);
    let (bytes, charges, reversals) = proven(&mut office);
    assert_eq!((charges, reversals), (1, 0));
    assert!(!unpacked(&bytes).0.contains_key("policies/2.toml"), "no run that posted knew it");

    // Less for what was charged: it is taken back and charged anew, each by its own version.
    let mut office = a_march(&tower, "less");
    published(&mut office, "spot-check.first", "500.00", "400.00");
    assert_eq!(office.check(MAY).posted, 1);
    let (bytes, charges, reversals) = proven(&mut office);
    assert_eq!((charges, reversals), (2, 1));
    let receipts = text(&bytes, "receipts.ndjson");
    assert!(receipts.contains("\"amount\":\"-500.00\"") && receipts.contains("\"amount\":\"-400.00\""));
    let mut amounts = Vec::new();
    for row in books::records(&text(&bytes, "entries.csv")).filter(|row| row["kind"] == "charge") {
        let id = row["entry_id"].parse().unwrap();
        let explained = explain::explain(&mut office.desk, id, Language::English, None).unwrap();
        amounts.extend(explained.arithmetic.into_iter().filter(|line| line.contains("penalty")));
    }
    amounts.sort();
    let penalty = |amount| format!("“First failure”: penalty CNY {amount} for the service centre.");
    assert_eq!(amounts, [penalty("400.00"), penalty("500.00")]);
    // Who says that the charge's run knew the later version finds another amount.
    let later = forged(&bytes, |files| {
        replaced(files, "judgements.ndjson", "\"newest_policy\":1", "\"newest_policy\":2");
    });
    told(&later, What::ChargeDiffers, &["recomputed amount -400.00, booked amount -500.00"]);
}

#[test]
fn every_month_of_the_cases_is_judged_anew_from_its_pack_alone() {
    let tower = Tower::new();
    let all = [Some(books::small()), books::case_1(), books::case_2()];
    for (number, cases) in all.into_iter().flatten().enumerate() {
        for policy in ["changan-2014", "example-2026"] {
            let code = format!("{policy}-{number}");
            let mut office = Office::new(&tower, &code, policy);
            office.import_folder(&Folder::of(&cases[0].facts()));
            office.finance(&["anna@oem"]);
            let last = cases.iter().rfind(|case| case.policy == policy).unwrap();
            office.check(last.as_of);
            every_month(&mut office, &code, last);
            // Facts are withdrawn: the open months take back what stood on them.
            let mut inspections: Vec<Sheet> =
                cases[0].facts().into_iter().filter(|sheet| sheet.table == "inspections").collect();
            for sheet in &mut inspections {
                sheet.columns.push("voided".to_owned());
                sheet.rows.iter_mut().for_each(|row| row.push("true".to_owned()));
            }
            office.import_folder(&Folder::of(&inspections));
            assert!(office.check(last.as_of).reversed > 0);
            every_month(&mut office, &code, last);
        }
    }
}

fn every_month(office: &mut Office, what: &str, case: &Case) {
    let net = books::records(&office.csv(farsight_control::export::Report::Settlement, None))
        .map(|row| row["period"].clone())
        .collect::<std::collections::BTreeSet<String>>();
    let (mut charges, mut reversals) = (0, 0);
    for period in net {
        office.step(Step::Settle(case.as_of), &period, "anna@oem").unwrap();
        let (packed, bytes) = packed(office, &period);
        let what = format!("{what} {} {period}", case.as_of);
        assert_eq!(packed.not_reproduced, Vec::<i64>::new(), "{what}");
        let report = whole(&what, &bytes);
        assert_eq!(report.charges + report.reversals, packed.entries as u64, "{what}");
        assert_eq!(report.receipts, packed.receipts as u64, "{what}");
        charges += report.charges;
        reversals += report.reversals;
    }
    assert!(charges > 0, "{what}: {charges} charges, {reversals} reversals");
}

#[test]
fn a_month_that_is_not_calculated_or_not_the_persons_is_refused() {
    let tower = Tower::new();
    let mut office = three_months(&tower);
    let refused = pack::pack(&mut office.desk, &sealer(), month("2025-09"), &mut Vec::new());
    assert_eq!(refused.map_err(|error| error.code()).unwrap_err(), "not_calculated");
    office.user("hq@oem", Role::Hq);
    office.desk.person =
        Some(farsight_store::session::Person { user: 1, today: jiff::civil::date(2025, 5, 1) });
    let refused = pack::pack(&mut office.desk, &sealer(), month("2025-01"), &mut Vec::new());
    assert_eq!(refused.map_err(|error| error.code()).unwrap_err(), "not_found");
}

/// A pack's files, without its manifest.
/// Names and free texts stay at home; what is packed of facts are the columns that judgements read.
#[test]
fn facts_of_a_pack_have_no_names_and_no_texts() {
    let tower = Tower::new();
    let case = &books::small()[0];
    let mut office = Office::new(&tower, "t", case.policy);
    office.import_folder(&Folder::of(&case.facts()));
    office.finance(&["anna@oem"]);
    office.check(case.as_of);
    let mut facts = 0;
    for period in ["2025-04", "2025-05", "2025-06"] {
        office.step(Step::Settle(case.as_of), period, "anna@oem").unwrap();
        for (name, content) in unpacked(&packed(&mut office, period).1).0 {
            let Some(table) = name.strip_prefix("facts/").and_then(|name| name.split('/').nth(1)) else {
                continue;
            };
            let (_, columns) = farsight_proof::kept(table.trim_end_matches(".ndjson")).expect(table);
            for line in String::from_utf8(content).unwrap().lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                let fields: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
                let expected: Vec<&str> =
                    columns.iter().copied().chain(["voided", "recorded_at", "superseded_at"]).collect();
                assert_eq!(fields, expected, "{name}");
                assert!(
                    !expected.iter().any(|column| ["name", "text", "note", "snapshot_url"].contains(column))
                );
                facts += 1;
            }
        }
    }
    assert!(facts > 0);
}
