//! The proof pack: made from the books, verified from itself alone, and whatever is changed in it is named.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;

use farsight_control::pack::{self, Packed};
use farsight_control::policies::{Source, drafts};
use farsight_control::{ControlError, explain, sample};
use farsight_ledger::settlement::Role;
use farsight_proof::{Manifest, PackWriter, Report, What};
use farsight_rulebook::messages::Language;
use farsight_tests::books::{self, Case};
use farsight_tests::office::{LATE, Step, at, month, sealer};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::{Office, Tower};
use serde_json::Value;

const APRIL: &str = "2025-04-01T00:00:00+08:00";
const MAY: &str = "2025-05-01T00:00:00+08:00";

fn packed(office: &mut Office, period: &str) -> (Packed, Vec<u8>) {
    let mut bytes = Vec::new();
    let packed = pack::pack(&mut office.desk, &sealer(), month(period), &mut bytes)
        .unwrap_or_else(|error| panic!("{period}: {error}"));
    assert_eq!(packed.bytes, bytes.len() as u64);
    (packed, bytes)
}

fn verified(pack: &[u8]) -> Result<Report, ControlError> {
    let folder = Folder::new();
    let path: PathBuf = folder.put("pack.zip", pack);
    pack::verify(&path)
}

fn report(pack: &[u8]) -> Report {
    verified(pack).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn whole(what: &str, pack: &[u8]) -> Report {
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

fn files(sheets: &[Sheet]) -> Folder {
    let folder = Folder::new();
    for (number, sheet) in sheets.iter().enumerate() {
        folder.csv(&format!("{}-{number}", sheet.table), sheet);
    }
    folder
}

/// A dealer that is drawn in January and fails items in three months; January and February are locked; then a late fact
/// comes, and March takes back what it makes different.
fn three_months(tower: &Tower) -> Office {
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
type Files = BTreeMap<String, Vec<u8>>;

fn unpacked(pack: &[u8]) -> (Files, Manifest) {
    let mut zip = zip::ZipArchive::new(Cursor::new(pack)).unwrap();
    let mut files = Files::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.insert(file.name().unwrap().into_owned(), content);
    }
    let manifest = serde_json::from_slice(&files.remove("manifest.json").unwrap()).unwrap();
    (files, manifest)
}

fn text(pack: &[u8], name: &str) -> String {
    String::from_utf8(unpacked(pack).0.remove(name).unwrap()).unwrap()
}

/// The pack with other content, its manifest made to fit: what only the recomputation can find.
fn forged(pack: &[u8], change: impl FnOnce(&mut Files)) -> Vec<u8> {
    let (mut files, manifest) = unpacked(pack);
    change(&mut files);
    let mut writer = PackWriter::new(Cursor::new(Vec::new()));
    for (name, content) in &files {
        writer.file(name, content).unwrap();
    }
    writer.finish(&manifest.program, manifest.statement).unwrap().into_inner()
}

fn replaced(files: &mut Files, name: &str, from: &str, to: &str) {
    let old = String::from_utf8(files[name].clone()).unwrap();
    assert!(old.contains(from), "{name} has '{from}': {old}");
    files.insert(name.to_owned(), old.replacen(from, to, 1).into_bytes());
}

fn without_line(files: &mut Files, name: &str, with: &str) {
    let old = String::from_utf8(files[name].clone()).unwrap();
    let kept: Vec<&str> = old.split_inclusive('\n').filter(|line| !line.contains(with)).collect();
    let kept = kept.concat();
    assert_ne!(old, kept, "{name} has a line with '{with}'");
    files.insert(name.to_owned(), kept.into_bytes());
}

/// What is told first of a kind, and that nothing passes for whole.
#[track_caller]
fn told(pack: &[u8], what: What, says: &[&str]) {
    let report = report(pack);
    let all: Vec<String> = report.faults.faults.iter().map(ToString::to_string).collect();
    assert!(!report.whole, "{what:?} passes for whole");
    let fault = report.faults.faults.iter().find(|fault| {
        let text = fault.to_string();
        fault.what == what && says.iter().all(|part| text.contains(part))
    });
    assert!(fault.is_some(), "no {what:?} that says {says:?} among {all:#?}");
}

#[test]
fn one_changed_byte_one_missing_receipt_one_altered_amount_are_named() {
    let tower = Tower::new();
    let mut office = three_months(&tower);
    let pack = packed(&mut office, "2025-03").1;
    whole("March", &forged(&pack, |_| ()));
    let entry = books::records(&text(&pack, "entries.csv"))
        .find(|row| row["subject"] == "inspection:I-3#item-03")
        .unwrap()["entry_id"]
        .clone();
    let named = format!("entry {entry}: ");

    // A byte of a file's packed content, found in the archive by its name.
    let mut changed = pack.clone();
    let name = b"entries.csv";
    let at = changed.windows(name.len()).position(|part| part == name).unwrap() + name.len() + 40;
    changed[at] ^= 1;
    let report = report(&changed);
    assert!(report.faults.faults.iter().any(|fault| fault.file == "entries.csv"), "{:#?}", report.faults);

    let missing = forged(&pack, |files| without_line(files, "receipts.ndjson", "inspection:I-3#item-03"));
    told(&missing, What::ReceiptMissing, &["receipts.ndjson: ", &named, "missing"]);

    let altered =
        forged(&pack, |files| replaced(files, "entries.csv", "2025-03-10,-500.00", "2025-03-10,-400.00"));
    told(&altered, What::ChargeDiffers, &[&named, "recomputed amount -500.00, booked amount -400.00"]);
    told(&altered, What::SumDiffers, &["settlement.csv", "D1"]);
    // Also where settlement and statement were made to fit.
    let (_, manifest) = unpacked(&pack);
    assert_eq!(manifest.statement.totals.net, "-2000.00");
}

#[test]
fn whatever_else_is_forged_is_named_too() {
    let tower = Tower::new();
    let mut office = three_months(&tower);
    let pack = packed(&mut office, "2025-03").1;
    let january = packed(&mut office, "2025-01").1;
    let forged = |change: &dyn Fn(&mut Files)| forged(&pack, change);

    let (mut files, manifest) = unpacked(&pack);
    files.remove("receipts.ndjson");
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    files.insert("manifest.json".to_owned(), serde_json::to_vec(&manifest).unwrap());
    files.insert("extra.txt".to_owned(), b"hello".to_vec());
    for (name, content) in &files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    told(&bytes, What::FileMissing, &["receipts.ndjson"]);
    told(&bytes, What::FileForeign, &["extra.txt"]);
    told(&bytes, What::ReceiptMissing, &["entry"]);

    // A fact that was otherwise: another result, another moment of knowledge, one less.
    let fact = "facts/spot-check/inspections.ndjson";
    told(&forged(&|files| without_line(files, fact, "\"I-3\"")), What::NotCalledFor, &["entries.csv"]);
    told(
        &forged(&|files| replaced(files, fact, "\"fail\"", "\"pass\"")),
        What::ChargeDiffers,
        &["recomputed"],
    );
    told(
        &forged(&|files| replaced(files, fact, "\"fail\"", "\"odd\"")),
        What::FileUnreadable,
        &[fact, "result"],
    );
    told(&forged(&|files| without_line(files, fact, "\"I-0\"")), What::StillCalledFor, &["takes back"]);
    // An entry that is not there, was judged otherwise, or is there twice.
    told(&forged(&|files| without_line(files, "entries.csv", "I-4")), What::SumDiffers, &["manifest.json"]);
    told(
        &forged(&|files| without_line(files, "entries.csv", "I-4")),
        What::JudgementMissing,
        &["entries.csv"],
    );
    told(
        &forged(&|files| without_line(files, "judgements.ndjson", "-D2")),
        What::JudgementMissing,
        &["judgements"],
    );
    told(
        &forged(&|files| replaced(files, "entries.csv", "spot-check.repeat", "spot-check.third")),
        What::ChargeDiffers,
        &["clause spot-check.third"],
    );
    told(
        &forged(&|files| replaced(files, "reversed.csv", "-500.00", "-600.00")),
        What::ReversalDiffers,
        &["600.00"],
    );
    // Facts that unpack to far too much are not read; nor are those that the manifest does not have.
    let bomb = |files: &mut Files| {
        files.get_mut(fact).unwrap().resize(65 << 20, b' ');
    };
    told(&forged(&bomb), What::FileUnreadable, &["facts/spot-check/", "unpacks to 68157440 bytes"]);
    // Receipts and findings.
    told(
        &forged(&|files| replaced(files, "receipts.ndjson", "-500.00", "-400.00")),
        What::ReceiptDiffers,
        &["expected -500.00, found -400.00"],
    );
    told(
        &forged(&|files| replaced(files, "receipts.ndjson", "item-03", "item-09")),
        What::ReceiptDiffers,
        &["receipts"],
    );
    told(&forged(&|files| without_line(files, "findings.ndjson", "I-3")), What::FindingDiffers, &["I-3"]);
    // Policy, calendar, audit, settlement, statement.
    told(
        &forged(&|files| replaced(files, "policies/1.toml", "500", "400")),
        What::Policy,
        &["policies/1.toml", "SHA-256"],
    );
    told(
        &forged(&|files| replaced(files, "calendar.csv", "holiday", "feast")),
        What::FileUnreadable,
        &["calendar.csv"],
    );
    told(&forged(&|files| replaced(files, "audit.json", "anna@oem", "bobo@oem")), What::Audit, &["link"]);
    told(
        &forged(&|files| replaced(files, "settlement.csv", "-1500.00", "-1400.00")),
        What::SumDiffers,
        &["settlement.csv"],
    );
    told(
        &forged(&|files| replaced(files, "settlement.csv", ",locked,", ",open,")),
        What::SumDiffers,
        &["settlement.csv"],
    );
    let draw = "draws/2025-01-10.json";
    let swapped =
        self::forged(&january, |files| replaced(files, draw, "\"sample\":[\"D1\"]", "\"sample\":[\"D9\"]"));
    told(&swapped, What::Draw, &[draw, "sample"]);

    let mut writer = PackWriter::new(Cursor::new(Vec::new()));
    let (files, mut manifest) = unpacked(&pack);
    files.iter().for_each(|(name, content)| writer.file(name, content).unwrap());
    manifest.statement.totals.net = "-1.00".to_owned();
    manifest.statement.audit_head = Some("00".repeat(32));
    let stated = writer.finish(&manifest.program, manifest.statement).unwrap().into_inner();
    told(&stated, What::SumDiffers, &["manifest.json", "-1.00"]);
    told(&stated, What::Audit, &["manifest.json", "as locked"]);
    told(&stated, What::Audit, &["after which the month was locked"]);
}

/// An honest reversal's pack, and a forged one of a charge that the facts call for as before.
#[test]
fn a_reversal_is_proven_by_its_charge_alone() {
    let tower = Tower::new();
    let mut office = three_months(&tower);
    let pack = packed(&mut office, "2025-03").1;
    let judged = text(&pack, "judgements.ndjson");
    let reversal = judged.lines().rfind(|line| line.contains("\"unit\":\"D1\"")).unwrap();
    let charge = judged.lines().find(|line| line.contains("\"unit\":\"D1\"")).unwrap();
    let entries = text(&pack, "entries.csv");
    let of_pack = |kind: &str| books::records(&entries).find(|row| row["kind"] == kind).unwrap();
    let taken_back = of_pack("reversal");
    assert!(charge.contains(&format!("\"entry_id\":{},", taken_back["reverses"])), "{judged}");
    assert!(reversal != charge);

    // In a unit or family of which nothing is known, nothing is called for.
    for (from, to) in [("\"unit\":\"D1\"", "\"unit\":\"X\""), ("\"family\":\"", "\"family\":\"x")] {
        let line = judged
            .lines()
            .find(|line| line.contains(&format!("\"entry_id\":{},", taken_back["entry_id"])))
            .unwrap()
            .to_owned();
        let forged = forged(&pack, |files| {
            replaced(files, "judgements.ndjson", &line, &line.replacen(from, to, 1));
            // The fact that excuses the charge is taken out, so that it is called for as before.
            without_line(files, "facts/spot-check/inspections.ndjson", "\"I-0\"");
        });
        let named = format!("entry {}: ", taken_back["entry_id"]);
        told(&forged, What::ReversalDiffers, &[&named, "judged"]);
        assert_eq!(report(&forged).reversals, 0);
    }
    // Charge and reversal alike: the charge does not come out there.
    let moved = forged(&pack, |files| {
        let old = String::from_utf8(files["judgements.ndjson"].clone()).unwrap();
        let moved = old.replace("\"unit\":\"D1\"", "\"unit\":\"X\"");
        files.insert("judgements.ndjson".to_owned(), moved.into_bytes());
    });
    told(&moved, What::NotCalledFor, &["reversed.csv"]);
    assert_eq!(report(&moved).reversals, 0);
    // A charge that there never was cannot be taken back.
    let made_up = forged(&pack, |files| replaced(files, "reversed.csv", "item-02", "item-07"));
    told(&made_up, What::NotCalledFor, &["reversed.csv", "item-07"]);
    let without = forged(&pack, |files| without_line(files, "judgements.ndjson", charge));
    told(&without, What::JudgementMissing, &["judgements.ndjson"]);
}

#[test]
fn moments_and_months_of_entries_are_not_believed() {
    let tower = Tower::new();
    let mut office = three_months(&tower);
    // A charge that a ruling excuses before it is posted again in no month: what was known before is not what counts.
    let pack = packed(&mut office, "2025-03").1;
    assert_eq!(whole("March", &pack).earlier_knowledge, 0);
    let judged = text(&pack, "judgements.ndjson");
    let line: Value = serde_json::from_str(judged.lines().next().unwrap()).unwrap();
    let moment = |column: &str| format!("\"{column}\":\"{}\"", line[column].as_str().unwrap());
    let at = |column: &str, at: &str| format!("\"{column}\":\"{at}\"");
    let forged = |change: &dyn Fn(&mut Files)| forged(&pack, change);
    let swapped = |column: &'static str, to: &'static str| {
        forged(&|files| replaced(files, "judgements.ndjson", &moment(column), &at(column, to)))
    };
    told(&swapped("as_of", "2031-01-01T00:00:00+08:00"), What::MomentDiffers, &["as of", "posted"]);
    told(&swapped("known_at", "2031-01-01T00:00:00+08:00"), What::MomentDiffers, &["known", "posted"]);
    let earlier = swapped("known_at", "2029-12-31T00:00:00+08:00");
    told(&earlier, What::MomentDiffers, &["before one of the latest imports"]);
    assert_eq!(report(&earlier).earlier_knowledge, 1);
    let last: Value = serde_json::from_str(judged.lines().last().unwrap()).unwrap();
    assert_eq!(last["newest_policy"], 1);
    let knew = forged(&|files| {
        replaced(files, "judgements.ndjson", "\"newest_policy\":1", "\"newest_policy\":9");
    });
    told(&knew, What::MomentDiffers, &["9", "1"]);
    let again = forged(&|files| {
        let file = files.get_mut("judgements.ndjson").unwrap();
        file.extend_from_slice(judged.lines().next().unwrap().as_bytes());
        file.push(b'\n');
    });
    told(&again, What::JudgementMissing, &["one judgement", "two"]);
    let origin = forged(&|files| replaced(files, "entries.csv", ",2025-03,2025-03,", ",2025-03,2025-02,"));
    told(&origin, What::ChargeDiffers, &["origin month 2025-03", "2025-02"]);
    let posted = books::records(&text(&pack, "entries.csv")).next().unwrap()["posted_at"].clone();
    let early = forged(&|files| replaced(files, "entries.csv", &posted, "2025-01-02T00:00:00+08:00"));
    told(&early, What::MomentDiffers, &["posted"]);
}

#[test]
fn no_byte_of_a_pack_can_be_changed_unseen() {
    let tower = Tower::new();
    let mut office = three_months(&tower);
    let pack = packed(&mut office, "2025-01").1;
    whole("January", &pack);
    // Every one of the first and last bytes, and every 97th between them.
    let length = pack.len();
    let places = (0..length).filter(|at| *at < 120 || *at + 400 > length || at % 97 == 0);
    for at in places {
        let mut changed = pack.clone();
        changed[at] ^= 0x20;
        assert!(
            verified(&changed).is_ok_and(|report| !report.whole) || verified(&changed).is_err(),
            "byte {at} of {length}"
        );
    }
    let mut longer = pack.clone();
    longer.push(0);
    assert!(verified(&longer).is_err() || !report(&longer).whole, "a byte behind the end");
    for (bytes, code) in [
        (&b"not a pack"[..], "pack_no_archive"),
        (&[], "pack_no_archive"),
        (&pack[..length / 2], "pack_no_archive"),
    ] {
        assert_eq!(verified(bytes).map_err(|error| error.code()).unwrap_err(), code);
    }
    let mut foreign = zip::ZipWriter::new(Cursor::new(Vec::new()));
    foreign.start_file("letter.txt", zip::write::SimpleFileOptions::default()).unwrap();
    foreign.write_all(b"hello").unwrap();
    let foreign = foreign.finish().unwrap().into_inner();
    assert_eq!(verified(&foreign).map_err(|error| error.code()).unwrap_err(), "pack_foreign");
}

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
