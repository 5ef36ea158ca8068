//! Forged packs: whatever is changed in one is named.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use farsight_proof::{Manifest, PackWriter, What};
use farsight_tests::Tower;
use farsight_tests::books;
use serde_json::Value;

use crate::{packed, report, three_months, verified, whole};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn unpacked(pack: &[u8]) -> (Files, Manifest) {
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

pub(crate) fn text(pack: &[u8], name: &str) -> String {
    String::from_utf8(unpacked(pack).0.remove(name).unwrap()).unwrap()
}

/// The pack with other content, its manifest made to fit: what only the recomputation can find.
pub(crate) fn forged(pack: &[u8], change: impl FnOnce(&mut Files)) -> Vec<u8> {
    let (mut files, manifest) = unpacked(pack);
    change(&mut files);
    let mut writer = PackWriter::new(Cursor::new(Vec::new()));
    for (name, content) in &files {
        writer.file(name, content).unwrap();
    }
    writer.finish(&manifest.program, manifest.statement).unwrap().into_inner()
}

pub(crate) fn replaced(files: &mut Files, name: &str, from: &str, to: &str) {
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
pub(crate) fn told(pack: &[u8], what: What, says: &[&str]) {
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
