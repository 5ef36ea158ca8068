//! The same facts in CSV, NDJSON and XLSX give the same cells; what a spreadsheet does to cells is told.

mod common;

use std::path::Path;

use common::{Read, gzip, read, read_bytes, read_source, sample_folders};
use farsight_exchange::facts::{Sheet, write_csv, write_ndjson, write_workbook};
use farsight_exchange::find;
use rust_xlsxwriter::{DocProperties, Format, Formula, Workbook, Worksheet};

/// A CSV file as texts, by the CSV library alone.
fn sheet_of(path: &Path, table: &str) -> Sheet {
    let mut csv = csv::Reader::from_path(path).unwrap();
    let columns =
        csv.headers().unwrap().iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    let rows = csv.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
    Sheet { table: table.to_owned(), columns, rows }
}

#[track_caller]
fn whole(read: &Read, rows: usize) {
    assert_eq!(read.told(), Vec::<String>::new());
    assert_eq!(read.outcome.as_ref().unwrap().rows, rows as u64);
    assert!(rows > 0);
}

#[test]
fn the_samples_are_the_same_in_every_format() {
    for folder in sample_folders() {
        let out = tempfile::tempdir().unwrap();
        let mut sheets = Vec::new();
        let mut wanted = Vec::new();
        for source in find(&[&folder]).unwrap() {
            let table = source.table().name;
            let from_csv = read_source(&source);
            let sheet = sheet_of(source.path(), table);
            whole(&from_csv, sheet.rows.len());
            let mut again = write_csv(Vec::new(), &sheet).unwrap();
            assert_eq!(read_bytes(&format!("{table}.csv"), &again).cells(), from_csv.cells());
            again = write_ndjson(Vec::new(), &sheet).unwrap();
            let from_ndjson = read_bytes(&format!("{table}-1.ndjson.gz"), &gzip(&again));
            assert_eq!(from_ndjson.cells(), from_csv.cells(), "{table}");
            sheets.push(sheet);
            wanted.push((table, from_csv));
        }
        let path = out.path().join("everything.xlsx");
        std::fs::write(&path, write_workbook(Vec::new(), &sheets).unwrap()).unwrap();
        let found = find(&[&path]).unwrap();
        assert_eq!(found.len(), wanted.len());
        for (source, (table, from_csv)) in found.iter().zip(&wanted) {
            assert_eq!(source.table().name, *table);
            let from_xlsx = read_source(source);
            whole(&from_xlsx, from_csv.rows.len());
            assert_eq!(from_xlsx.cells(), from_csv.cells(), "{table}");
        }
    }
}

/// The small sample covers every table, so that the test above always sees each.
#[test]
fn the_small_sample_has_every_table() {
    let sources = find(&[&sample_folders()[0]]).unwrap();
    let names: Vec<_> = sources.iter().map(|s| s.table().name).collect();
    let all: Vec<_> = farsight_rulebook::tables::TABLES.iter().map(|t| t.name).collect();
    assert_eq!(names, all);
}

/// Reads a workbook with one sheet, made by hand.
fn workbook(name: &str, fill: impl FnOnce(&mut Worksheet)) -> Read {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name(name).unwrap();
    fill(sheet);
    book.add_worksheet().set_name("Sheet2").unwrap();
    read_bytes("any name.xlsx", &book.save_to_buffer().unwrap())
}

fn header(sheet: &mut Worksheet, names: &str) {
    for (column, name) in (0..).zip(names.split(',')) {
        sheet.write_string(0, column, name).unwrap();
    }
}

#[test]
fn what_a_spreadsheet_does_to_cells_is_told_by_place() {
    let read = workbook("bays", |sheet| {
        header(sheet, "dealer_code,effective_on,bays,voided");
        let date = Format::new().set_num_format("yyyy-mm-dd");
        sheet.write_number(1, 0, 7).unwrap();
        sheet.write_number(1, 1, 46_000).unwrap();
        sheet.write_number(1, 2, 3.5).unwrap();
        sheet.write_string(1, 3, "maybe").unwrap();
        sheet.write_string(2, 0, "D1").unwrap();
        sheet.write_number_with_format(2, 1, 46_000.5, &date).unwrap();
        sheet.write_formula(2, 2, Formula::new("=1+2").set_result("3")).unwrap();
        sheet.write_boolean(2, 3, true).unwrap();
        sheet.write_string(5, 0, "D2").unwrap();
        sheet.write_number_with_format(5, 1, 46_000, &date).unwrap();
        sheet.write_number(5, 2, 3).unwrap();
        sheet.write_number(5, 3, 1).unwrap();
        sheet.write_string(6, 0, "D3").unwrap();
        sheet.write_string(6, 1, "2026-03-05").unwrap();
        sheet.write_number_with_format(6, 2, 3, &date).unwrap();
        sheet.write_string(7, 0, "D4").unwrap();
        sheet.write_number_with_format(7, 1, 46_000, &date).unwrap();
        sheet.write_string(7, 2, "4").unwrap();
        sheet.write_string(7, 5, "beside").unwrap();
        sheet.write_string(8, 0, "D5").unwrap();
    });
    assert_eq!(
        read.told(),
        [
            "any name.xlsx [bays]:2 dealer_code '7' number_for_text: a number where text is needed (leading zeros may be lost): format the column as text, or put it in quotes",
            "any name.xlsx [bays]:2 effective_on '46000' number_for_date: a bare number where a date is needed: format the column as date, or as text like 2026-03-05",
            "any name.xlsx [bays]:2 bays '3.5' not_a_whole_number: not a whole number: write digits only, like 12",
            "any name.xlsx [bays]:2 voided 'maybe' not_yes_or_no: not yes or no: write true, false, 1, 0, 是 or 否",
            "any name.xlsx [bays]:3 effective_on '' time_of_day: a date with a time of day: give only the date",
            "any name.xlsx [bays]:3 bays '' formula: a formula: paste its value instead",
            "any name.xlsx [bays]:7 bays '' wrong_type: a date does not belong here: this column takes a whole number",
            "any name.xlsx [bays]:8  '' no_header: a value in a column without a header: name the column or clear it",
            "any name.xlsx [bays]:9 effective_on '' required: a value is needed here",
            "any name.xlsx [bays]:9 bays '' required: a value is needed here",
        ]
    );
    assert_eq!(read.rows, [(6, ["D2", "2025-12-09", "3", "true"].map(str::to_owned).to_vec())]);
}

#[test]
fn numbers_of_a_spreadsheet_are_what_was_typed() {
    let read = workbook("exams 2026", |sheet| {
        header(sheet, "person_code,taken_on,score");
        for (row, score) in (1..).zip([0.1 + 0.2, 94.87, 99.995, 100.0]) {
            sheet.write_string(row, 0, format!("P{row}")).unwrap();
            sheet.write_string(row, 1, "2026-03-05").unwrap();
            sheet.write_number(row, 2, score).unwrap();
        }
    });
    assert_eq!(
        read.told(),
        [
            "any name.xlsx [exams 2026]:2 score '0.30000000000000004' too_many_decimals: finer than two decimals: round it before sending",
            "any name.xlsx [exams 2026]:4 score '99.995' too_many_decimals: finer than two decimals: round it before sending",
        ]
    );
    let scores: Vec<_> = read.rows.iter().map(|(_, cells)| cells[2].as_str()).collect();
    assert_eq!(scores, ["9487", "10000"]);
}

#[test]
fn times_and_months_of_a_spreadsheet_are_local() {
    let read = workbook("callbacks", |sheet| {
        header(sheet, "work_order_id,at,reached");
        let date = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let second = 1.0 / 86_400.0;
        for (row, serial) in (1..).zip([45_943.5, 45_943.0 + 51_015.0 * second, 0.5, 31_536.104_166_67]) {
            sheet.write_string(row, 0, format!("W{row}")).unwrap();
            sheet.write_number_with_format(row, 1, serial, &date).unwrap();
            sheet.write_boolean(row, 2, false).unwrap();
        }
    });
    let instants: Vec<_> = read.rows.iter().map(|(_, cells)| cells[1].as_str()).collect();
    assert_eq!(instants, ["2025-10-13T04:00:00Z", "2025-10-13T06:10:15Z"]);
    let codes: Vec<_> = read.errors.iter().map(|e| (e.line, e.code)).collect();
    assert_eq!(codes, [(4, "no_such_moment"), (5, "local_time_skipped")], "{:?}", read.told());
    let read = workbook("customer_base", |sheet| {
        header(sheet, "dealer_code,month,base_customers");
        let date = Format::new().set_num_format("mmm-yy");
        for (row, serial) in (1..).zip([46_082.0, 46_083.0]) {
            sheet.write_string(row, 0, "D1").unwrap();
            sheet.write_number_with_format(row, 1, serial, &date).unwrap();
            sheet.write_number(row, 2, 5).unwrap();
        }
    });
    assert_eq!(read.cells(), [&["D1", "2026-03", "5", "-", "-"]]);
    assert_eq!(
        read.told(),
        ["any name.xlsx [customer_base]:3 month '' not_a_month: not a month: write it like 2026-03"]
    );
}

#[test]
fn workbooks_are_refused_by_sheet_header_and_shape() {
    let unknown = workbook("Tabelle1", |sheet| header(sheet, "dealer_code"));
    assert!(unknown.refusal().starts_with(
        "unknown_sheet: any name.xlsx: no table has the name of sheet 'Tabelle1': rename or remove it"
    ));
    let wrong = workbook("bays", |sheet| header(sheet, "dealer_code,effective,bays,bays"));
    assert_eq!(
        wrong.refusal(),
        "header: any name.xlsx [bays]:1: unknown column 'effective': did you mean 'effective_on'?; column 'bays' stands twice: \
         keep one; key column 'effective_on' is missing"
    );
    let text = read_bytes("bays.xlsx", b"dealer_code,effective_on\n");
    assert!(
        text.refusal().starts_with("wrong_format: bays.xlsx: not a workbook, or a damaged or protected one"),
        "{}",
        text.refusal()
    );
    let old = read_bytes("bays.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    assert!(old.refusal().starts_with("wrong_format: bays.xlsx: not a workbook"), "{}", old.refusal());
    let packed = {
        let mut book = Workbook::new();
        book.set_properties(&DocProperties::new());
        header(book.add_worksheet().set_name("bays").unwrap(), "dealer_code,effective_on,bays");
        gzip(&book.save_to_buffer().unwrap())
    };
    assert_eq!(read_bytes("bays.xlsx.gz", &packed).outcome.unwrap().rows, 0);
}

/// A zip archive with these parts, not necessarily a workbook.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn zip_bombs_and_lying_workbooks_are_refused() {
    let bomb = archive(&[("xl/worksheets/sheet1.xml", &vec![b' '; 70 << 20])]);
    assert!(bomb.len() < 1 << 20);
    let told = read_bytes("bays.xlsx", &bomb).refusal();
    assert_eq!(
        told,
        "expands_too_far: bays.xlsx: part xl/worksheets/sheet1.xml expands to 73400320 bytes: split the file, or send it without \
         compression"
    );
    let greedy = archive(&[("xl/sharedStrings.xml", br#"<sst uniqueCount="99999999999999"></sst>"#)]);
    let told = read_bytes("bays.xlsx", &greedy).refusal();
    assert!(
        told.starts_with(
            "expands_too_far: bays.xlsx: part xl/sharedStrings.xml declares 99999999999999 strings"
        ),
        "{told}"
    );
    // The size in the archive's directory says 16 bytes, the data expands to more.
    let mut lying = archive(&[("a.xml", &[b'x'; 5_000])]);
    let real = 5_000_u32.to_le_bytes();
    let at: Vec<_> = (0..lying.len() - 4).filter(|at| lying[*at..*at + 4] == real).collect();
    assert!(!at.is_empty());
    for at in at {
        lying[at..at + 4].copy_from_slice(&16_u32.to_le_bytes());
    }
    let told = read_bytes("bays.xlsx", &lying).refusal();
    assert!(told.contains("(File is larger than its declared uncompressed size)"), "{told}");
    let many: Vec<_> = (0..2_001).map(|i| format!("part{i}")).collect();
    let parts: Vec<_> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert!(read_bytes("bays.xlsx", &archive(&parts)).refusal().contains("a workbook of 2001 parts"));
}

#[test]
fn a_folder_of_several_formats_is_one_list_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = |table: &str, columns: &str, rows: &[&str]| Sheet {
        table: table.to_owned(),
        columns: columns.split(',').map(str::to_owned).collect(),
        rows: rows.iter().map(|row| row.split(',').map(str::to_owned).collect()).collect(),
    };
    let regions = sheet("regions", "region_code,name", &["R1,East"]);
    let people = sheet("people", "person_code,name", &["P1,Wang"]);
    let book = write_workbook(Vec::new(), &[people.clone(), regions.clone()]).unwrap();
    std::fs::write(folder.path().join("network.xlsx"), book).unwrap();
    std::fs::write(
        folder.path().join("regions-2.ndjson.gz"),
        gzip(&write_ndjson(Vec::new(), &regions).unwrap()),
    )
    .unwrap();
    std::fs::write(folder.path().join("people.csv"), write_csv(Vec::new(), &people).unwrap()).unwrap();
    let labels: Vec<_> = find(&[folder.path()])
        .unwrap()
        .iter()
        .map(|source| source.label().rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        labels,
        ["network.xlsx [regions]", "regions-2.ndjson.gz", "network.xlsx [people]", "people.csv"]
    );
    assert_eq!(read(&folder.path().join("people.csv")).cells(), [&["P1", "Wang", "-"]]);
}
