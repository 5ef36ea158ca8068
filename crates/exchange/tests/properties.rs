//! What holds for any bytes and any text.

mod common;

use common::{gzip, read_bytes};
use farsight_exchange::facts::{Sheet, write_csv, write_ndjson, write_workbook};
use proptest::prelude::*;

fn regions(names: &[String]) -> Sheet {
    Sheet {
        table: "regions".to_owned(),
        columns: vec!["name".to_owned(), "region_code".to_owned()],
        rows: names.iter().enumerate().map(|(at, name)| vec![name.clone(), format!("R{at}")]).collect(),
    }
}

fn names_of(read: &common::Read) -> Vec<String> {
    assert_eq!(read.told(), Vec::<String>::new());
    read.rows.iter().map(|(_, cells)| cells[1].clone()).collect()
}

/// Text that survives: a cell's surrounding spaces and tabs do not count, and no cell is empty.
fn kept(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.trim_matches([' ', '\t']).to_owned()).collect()
}

/// Text with what is awkward in some format.
fn awkward() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\"", ",", "\n", "\r\n", "=", "'", " ", "\t", "\\", "文", "é", "a", "\u{feff}", "_x000D_", "&lt;",
        "𝄞",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("{}x", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for name in ["complaints.csv", "complaints.ndjson", "complaints.xlsx", "complaints.csv.gz"] {
            read_bytes(name, &bytes);
        }
        read_bytes("complaints.csv", &gzip(&bytes));
    }

    #[test]
    fn any_rows_under_a_good_header_are_read_or_refused(body in "(?s)[\"\\n\\r, a-c0-9:.Zé-]{0,300}") {
        let header = "work_order_id,dealer_code,vin,created_at,fixed,odometer_km\n";
        let read = read_bytes("work_orders.csv", format!("{header}{body}").as_bytes());
        let Ok(summary) = read.outcome else { return Ok(()) };
        prop_assert_eq!(summary.rows as usize, read.rows.len());
        prop_assert!(read.errors.iter().all(|e| e.line >= 2 && !e.code.is_empty() && !e.reason.is_empty()));
    }

    #[test]
    fn any_json_is_read_or_refused(body in "[\\[\\]{}\":,\\\\a-z0-9. \\n]{0,200}") {
        read_bytes("bays.ndjson", body.as_bytes());
        read_bytes("bays.ndjson", format!("{{\"dealer_code\":{body}}}").as_bytes());
    }

    #[test]
    fn what_is_written_is_read(names in prop::collection::vec(awkward(), 1..8)) {
        let sheet = regions(&names);
        let csv = write_csv(Vec::new(), &sheet).unwrap();
        prop_assert_eq!(names_of(&read_bytes("regions.csv", &csv)), kept(&names));
        let ndjson = write_ndjson(Vec::new(), &sheet).unwrap();
        prop_assert_eq!(names_of(&read_bytes("regions.ndjson", &ndjson)), kept(&names));
    }

    #[test]
    fn lines_of_records_are_where_they_begin(names in prop::collection::vec(awkward(), 1..8)) {
        let names: Vec<_> = names.iter().map(|name| name.replace('\r', "")).collect();
        let mut line = 2;
        let mut wanted = Vec::new();
        for name in &names {
            wanted.push(line);
            line += 1 + name.matches('\n').count() as u64;
        }
        let read = read_bytes("regions.csv", &write_csv(Vec::new(), &regions(&names)).unwrap());
        prop_assert_eq!(read.rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_a_workbook_holds_is_read(names in prop::collection::vec("[ -~文é]{0,10}x", 1..8)) {
        let book = write_workbook(Vec::new(), &[regions(&names)]).unwrap();
        prop_assert_eq!(names_of(&read_bytes("r.xlsx", &book)), kept(&names));
    }

    #[test]
    fn damaged_workbooks_are_read_or_refused(at in any::<prop::sample::Index>(), with in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let names: Vec<_> = (0..20).map(|at| format!("name {at}")).collect();
        let book = write_workbook(Vec::new(), &[regions(&names)]).unwrap();
        let mut damaged = book.clone();
        let place = at.index(damaged.len());
        damaged[place] = with;
        quiet(&damaged);
        quiet(&book[..cut.index(book.len())]);
    }

    #[test]
    fn strange_workbooks_are_read_or_refused(
        pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        with in "[0-9]{1,12}|[<>\"'/= A-Za-z:&;]{1,4}|\\PC{1,3}|<f>1</f>|t=\"s\"|t=\"e\"|r=\"ZZZ9\"|s=\"99\"",
    ) {
        let names: Vec<_> = (0..5).map(|at| format!("name {at}")).collect();
        let dated = Sheet {
            table: "bays".to_owned(),
            columns: ["dealer_code", "effective_on", "bays", "voided"].map(str::to_owned).to_vec(),
            rows: vec![["D1", "2026-03-05", "3", "true"].map(str::to_owned).to_vec()],
        };
        let book = write_workbook(Vec::new(), &[regions(&names), dated]).unwrap();
        quiet(&changed(&book, pick, at, &with));
    }
}

/// The parts of a workbook, one changed by replacing one piece of its text, packed again.
fn changed(book: &[u8], pick: prop::sample::Index, at: prop::sample::Index, with: &str) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(book)).unwrap();
    let chosen = pick.index(zip.len());
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..zip.len() {
        let mut part = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        packed
            .start_file(part.name().unwrap().into_owned(), zip::write::SimpleFileOptions::default())
            .unwrap();
        if index == chosen {
            let place = at.index(bytes.len());
            let end = (place + with.len()).min(bytes.len());
            bytes.splice(place..end, with.bytes());
        }
        packed.write_all(&bytes).unwrap();
    }
    packed.finish().unwrap().into_inner()
}

/// Reads a workbook, whatever becomes of it.
fn quiet(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.xlsx");
    std::fs::write(&path, bytes).unwrap();
    for source in farsight_exchange::find(&[&path]).unwrap_or_default() {
        common::read_source(&source);
    }
}
