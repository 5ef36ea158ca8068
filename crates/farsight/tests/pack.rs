//! `farsight export pack`, `farsight verify` and `farsight export journal` as finance and an auditor type them.

use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::{Farsight, Tower};
use serde_json::Value;

const EXE: &str = env!("CARGO_BIN_EXE_farsight");

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A tenant whose January is calculated.
fn settled(tower: &Tower) -> Farsight {
    let farsight = Farsight::on_database(EXE, &tower.url()).with("--now", "2025-03-01 08:00");
    farsight.ok(&["tenant", "add", "t", "--name", "T", "--simulated"]);
    farsight.ok(&["user", "add", "anna@oem", "--role", "finance"]);
    let folder = Folder::of(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 服务中心 | N | 2015-01-01"),
        sheet(
            "inspections",
            "inspection_id | item_code | dealer_code | inspected_at | result\nI-1 | item-01 | D1 | 2025-01-10 10:00 | fail",
        ),
    ]);
    farsight.ok(&["import".as_ref(), folder.path().as_os_str()]);
    farsight.ok(&["settle", "2025-01", "--as-of", "2025-02-02 08:00", "--by", "anna@oem"]);
    farsight
}

#[test]
fn from_the_books_to_an_auditor_without_a_database() {
    let tower = Tower::new();
    let farsight = settled(&tower);
    let folder = Folder::new();
    let path = folder.path().join("2025-01.zip");
    let file = path.to_str().unwrap();
    let told = farsight.ok(&["export", "pack", "--period", "2025-01", "--out", file]);
    assert!(
        told.contains("1 entry, 1 receipt") && told.contains("SHA-256") && told.contains("not locked"),
        "{told}"
    );
    let first = std::fs::read(&path).unwrap();
    let again = json(&farsight.ok(&["export", "pack", "--period", "2025-01", "--out", file, "--json"]));
    assert_eq!(std::fs::read(&path).unwrap(), first, "packed twice, the same file");
    assert_eq!(again["pack"]["status"], "calculated");

    let auditor = Farsight::on_database(EXE, "postgres://nowhere.invalid/none");
    let words = auditor.ok(&["verify", file]);
    assert!(words.contains("1 charge judged anew") && words.contains("the pack is whole"), "{words}");
    let report = json(&auditor.ok(&["verify", file, "--json"]));
    assert_eq!(
        (&report["whole"], &report["charges"], &report["count"]),
        (&true.into(), &1.into(), &0.into())
    );

    let mut changed = first.clone();
    let name = b"receipts.ndjson";
    let at = changed.windows(name.len()).position(|part| part == name).unwrap() + name.len() + 20;
    changed[at] ^= 1;
    let changed = folder.put("changed.zip", &changed);
    let told = auditor.run(&["verify", changed.to_str().unwrap()]);
    assert_eq!(told.code, Some(1));
    assert!(told.out.contains("NOT whole") && told.out.contains("receipts.ndjson: "), "{}", told.out);

    let nonsense = folder.put("nonsense.zip", b"hello");
    for path in [nonsense.to_str().unwrap(), "/nowhere.zip"] {
        let told = auditor.run(&["verify", path]);
        assert_eq!((told.code, told.err.contains(path)), (Some(2), true), "{}", told.err);
    }
    farsight.ok(&["audit", "verify"]);
}

#[test]
fn a_journal_in_three_formats_and_what_is_asked_wrongly() {
    let tower = Tower::new();
    let farsight = settled(&tower);
    let folder = Folder::new();
    let path = folder.path().join("journal.xml");
    let file = path.to_str().unwrap();
    let told = farsight.ok(&["export", "journal", "--period", "2025-01", "--format", "xml", "--out", file]);
    assert!(told.contains("1 voucher, 2 lines") && told.contains("net -500.00, as settled"), "{told}");
    assert!(std::fs::read_to_string(&path).unwrap().contains("<科目编号>1221</科目编号>"));
    let before = farsight.ok(&["export", "settlement", "--known-at", "2020-01-01 00:00"]);
    assert_eq!(before.lines().count(), 1, "nothing but the header: {before}");
    let configured = folder.put(
        "own.toml",
        "[journal.dealer]\npenalty = { debit = { code = \"1122\", name = \"应收账款\" }, credit = { code = \"6051\", name = \"其他业务收入\" } }\n".as_bytes(),
    );
    let own = farsight.clone().with("--config", configured.to_str().unwrap());
    let text = own.ok(&["export", "journal", "--period", "2025-01"]);
    assert!(text.contains(",1122,应收账款,500.00,") && text.contains("control,2025-01"), "{text}");
    for (arguments, says) in [
        (vec!["export", "journal"], "a journal is of one month"),
        (vec!["export", "journal", "--period", "2025-01", "--format", "ndjson"], "csv, xlsx or xml"),
        (vec!["export", "journal", "--period", "2025-02"], "not calculated yet"),
        (vec!["export", "pack", "--period", "2025-01"], "a pack is of one month and a file"),
        (vec!["export", "pack", "--period", "2025-02", "--out", file], "not calculated yet"),
        (vec!["export", "pack", "--period", "2025-01", "--out", file, "--format", "csv"], "always a ZIP"),
        (vec!["export", "entries", "--format", "xml"], "export journal"),
        (
            vec!["export", "pack", "--period", "2025-01", "--out", file, "--known-at", "2026-03-05 14:30"],
            "goes without --known-at",
        ),
        (vec!["export", "entries", "--known-at", "2026-03-05"], "--known-at '2026-03-05' is no instant"),
        (vec!["export", "staff", "--known-at", "2199-01-01 00:00"], "that is yet to come"),
        (vec!["explain", "1", "--known-at", "2020-01-01 00:00"], "no entry 1 at that moment"),
        (
            vec!["export", "journal", "--period", "2025-01", "--known-at", "2020-01-01 00:00"],
            "not calculated yet",
        ),
    ] {
        let told = farsight.run(&arguments);
        assert_eq!((told.code, told.err.contains(says)), (Some(2), true), "{arguments:?}: {}", told.err);
    }
}
