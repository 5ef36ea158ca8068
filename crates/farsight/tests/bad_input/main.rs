//! Bad input, and what it gets: a clear error with place, value and remedy, exit 1, nothing of that file stored, and the
//! books untouched.

mod cells;

use std::path::{Path, PathBuf};

use farsight_tests::books;
use farsight_tests::sheets::{Folder, Sheet, gzip, sheet};
use farsight_tests::tower::texts;
use farsight_tests::{Farsight, Tower};
use rust_xlsxwriter::{Formula, Workbook};

use cells::CELLS;

const EXE: &str = env!("CARGO_BIN_EXE_farsight");

/// A tenant in New York, where clocks go forward on 2025-03-09 and back on 2025-11-02, with facts and books.
struct Place {
    tower: Tower,
    farsight: Farsight,
    folder: Folder,
    before: Vec<String>,
}

fn place() -> Place {
    let tower = Tower::new();
    let farsight = Farsight::on_database(EXE, &tower.url()).with("--tenant", "ny");
    farsight.ok(&[
        "tenant",
        "add",
        "ny",
        "--name",
        "New York",
        "--simulated",
        "--time-zone",
        "America/New_York",
        "--currency",
        "USD",
    ]);
    let facts = Folder::of(&facts());
    farsight.ok(&["import", path(facts.path())]);
    farsight.ok(&["check", "--as-of", "2026-01-01T00:00:00-05:00"]);
    let before = stored(&tower);
    Place { tower, farsight, folder: Folder::new(), before }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn facts() -> Vec<Sheet> {
    vec![
        sheet("regions", "region_code | name\nR1 | East"),
        sheet("people", "person_code | name\nP-1 | Ann"),
        sheet(
            "dealers",
            "dealer_code | name | region_code | opened_on\nD-1 | One | R1 | 2015-01-01\nD-2 | Two | R1 | 2015-01-01",
        ),
        sheet(
            "complaints",
            "complaint_id | dealer_code | received_at | severity | category\nC-1 | D-1 | 2025-02-01 10:00 | general | attitude",
        ),
        sheet(
            "inspections",
            "inspection_id | item_code | dealer_code | inspected_at | result\nI-1 | item-01 | D-1 | 2025-02-01 10:00 | fail\nI-1 | item-02 | D-1 | 2025-02-01 10:00 | pass",
        ),
    ]
}

/// Everything that is stored, table by table.
fn stored(tower: &Tower) -> Vec<String> {
    let mut sql = tower.sql();
    let tables = texts(
        &mut sql,
        "SELECT tablename::text AS value FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    let digests: Vec<String> = tables
        .iter()
        .map(|table| format!("SELECT '{table} ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '') AS value FROM {table} t"))
        .collect();
    texts(&mut sql, &digests.join(" UNION ALL "))
}

impl Place {
    /// Imports a file of these bytes under this name: it fails, says all of this, and nothing changes.
    #[track_caller]
    fn refuses(&self, name: &str, bytes: &[u8], says: &[&str]) {
        let file = self.folder.put(name, bytes);
        self.refuses_files(&[file], says);
    }

    #[track_caller]
    fn refuses_files(&self, files: &[PathBuf], says: &[&str]) {
        self.refuses_with(&self.farsight, files, says);
    }

    #[track_caller]
    fn refuses_with(&self, farsight: &Farsight, files: &[PathBuf], says: &[&str]) {
        let mut arguments = vec!["import"];
        arguments.extend(files.iter().map(|file| path(file)));
        let told = farsight.run(&arguments);
        assert_eq!(told.code, Some(1), "{files:?}\nout: {}\nerr: {}", told.out, told.err);
        let err = told.err.replace(&format!("{}/", self.folder.path().display()), "");
        for part in says {
            assert!(err.contains(part), "{files:?}: does not say `{part}` but\n{err}");
        }
        assert!(!err.contains("panicked"), "{err}");
        assert_eq!(stored(&self.tower), self.before, "{files:?}: nothing is stored, the books are untouched");
    }

    /// Nothing is left for the next check to do.
    fn books_are_untouched(&self) {
        let out = self.farsight.ok(&["check", "--as-of", "2026-01-01T00:00:00-05:00", "--json"]);
        for part in ["\"posted\":0", "\"reversed\":0", "\"alerts_opened\":0", "\"alerts_resolved\":0"] {
            assert!(out.contains(part), "{out}");
        }
        let entries = self.farsight.ok(&["export", "entries"]);
        assert_eq!(books::net_of(&entries).values().sum::<i64>(), -550_000, "{entries}");
    }
}

#[test]
fn bad_cells_are_told_with_line_column_value_and_remedy() {
    let place = place();
    for (table, header, row, says) in CELLS {
        let text = format!("{header}\n{row}\n");
        place.refuses(&format!("{table}.csv"), text.as_bytes(), &[&format!("{table}.csv:2:"), says]);
    }
    place.books_are_untouched();
}

#[test]
fn every_bad_row_is_told_and_the_good_ones_of_the_file_are_not_stored() {
    let place = place();
    let text = "dealer_code,effective_on,bays\nD-1,2025-01-01,8\nD-9,2025-01-01,8\nD-1,2025-13-01,-1\nD-2,2025-01-01,8\nD-8,x,1\n";
    let lines = [
        "bays.csv:3: dealer_code 'D-9'",
        "bays.csv:4: effective_on",
        "bays.csv:4: bays '-1'",
        "bays.csv:6: effective_on 'x'",
    ];
    place.refuses("bays.csv", text.as_bytes(), &lines);
    let (file, errors) =
        (place.folder.put("bays.csv", text.as_bytes()), place.folder.path().join("errors.csv"));
    let told = place.farsight.run(&["import", path(&file), "--errors", path(&errors)]);
    assert_eq!(told.code, Some(1));
    let rows: Vec<_> = books::records(&std::fs::read_to_string(&errors).unwrap()).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(
        (rows[2]["line"].as_str(), rows[2]["column"].as_str(), rows[2]["value"].as_str()),
        ("4", "bays", "'-1")
    );
    // A good file of the same call is stored, each being whole or not at all.
    let good = place.folder.put("regions.csv", b"region_code,name\nR2,West\n");
    let told = place.farsight.run(&["import", path(&file), path(&good)]);
    assert_eq!(told.code, Some(1));
    assert_eq!(
        texts(&mut place.tower.sql(), "SELECT region_code AS value FROM regions ORDER BY 1"),
        ["R1", "R2"]
    );
    assert_eq!(texts(&mut place.tower.sql(), "SELECT dealer_code AS value FROM bays"), Vec::<String>::new());
}

#[test]
fn a_dry_run_tells_the_same_and_stores_nothing() {
    let place = place();
    let bad = place.folder.put("bays.csv", b"dealer_code,effective_on,bays\nD-9,2025-01-01,8\n");
    let told = place.farsight.run(&["import", "--dry-run", path(&bad)]);
    assert_eq!(told.code, Some(1));
    assert!(told.err.contains("not among the dealers"), "{}", told.err);
    // What a file refers to may come in the same call.
    let dealers =
        place.folder.put("dealers.csv", b"dealer_code,name,region_code,opened_on\nD-9,x,R1,2025-01-01\n");
    let told = place.farsight.run(&["import", "--dry-run", path(&bad), path(&dealers)]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert_eq!(stored(&place.tower), place.before);
}

#[test]
fn headers_that_do_not_fit_are_told_column_by_column() {
    let place = place();
    for (name, text, says) in [
        (
            "regions.csv",
            "code,name\nR2,x\n",
            ["unknown column 'code'", "key column 'region_code' is missing"],
        ),
        (
            "regions.csv",
            "region_code,nam\nR2,x\n",
            ["regions.csv:1: unknown column 'nam'", "did you mean 'name'?"],
        ),
        (
            "regions.csv",
            "region_code,name,colour\nR2,x,red\n",
            ["unknown column 'colour'", "regions has region_code, name, voided"],
        ),
        (
            "regions.csv",
            "region_code;name\nR2;x\n",
            ["separated by commas, not by semicolons", "regions.csv:1:"],
        ),
        ("regions.csv", "region_code,name,name\nR2,x,y\n", ["column 'name' stands twice", "keep one"]),
        ("regions.csv", "R2,x\nR3,y\n", ["unknown column 'R2'", "key column 'region_code' is missing"]),
        ("regions.csv", "", ["the file is empty", "header row is needed"]),
        (
            "regions.ndjson",
            "{\"region_code\":\"R2\",\"nam\":\"x\"}\n",
            ["regions.ndjson:1: nam", "did you mean 'name'?"],
        ),
        ("regions.ndjson", "region_code,name\nR2,x\n", ["regions.ndjson:1:", "not a JSON object"]),
        (
            "regionen.csv",
            "region_code,name\nR2,x\n",
            ["regionen.csv: no table has this name", "known are regions, people"],
        ),
    ] {
        place.refuses(name, text.as_bytes(), &says);
        std::fs::remove_file(place.folder.path().join(name)).unwrap();
    }
    place.books_are_untouched();
}

#[test]
fn two_rows_with_one_key_and_different_content_are_an_error_on_both() {
    let place = place();
    let (header, one, other) = ("region_code,name\n", "R2,West\n", "R2,South\n");
    let text = [header, one, "R3,x\n", other].concat();
    place.refuses(
        "regions.csv",
        text.as_bytes(),
        &["regions.csv:2: region_code 'R2'", "regions.csv:4: region_code 'R2'", "keep one of them"],
    );
    // Keys are compared after reading.
    let text = "complaint_id,at,kind,note\nC-1,2025-02-01 11:00,first-reply,a\nC-1,2025-02-01T16:00:00Z,first-reply,b\n";
    place.refuses(
        "complaint_events.csv",
        text.as_bytes(),
        &["complaint_events.csv:2:", "complaint_events.csv:3:"],
    );
    let first = place.folder.put("regions-1.csv", [header, one].concat().as_bytes());
    let second = place.folder.put("regions-2.csv", [header, other].concat().as_bytes());
    place.refuses_files(
        &[first, second],
        &["regions-1.csv:2: region_code 'R2'", "regions-2.csv:2: region_code 'R2'"],
    );
    // A correction, too, can be only one.
    let text = [header, "R1,West\n", "R1,South\n"].concat();
    place.refuses("regions.csv", text.as_bytes(), &["regions.csv:2:", "regions.csv:3:"]);
    place.books_are_untouched();
}

#[test]
fn files_that_end_in_the_middle() {
    let place = place();
    let text = "region_code,name\nR2,West\nR3,South\n".as_bytes();
    place.refuses(
        "regions.csv",
        b"region_code,name\nR2,West\nR3,\"Sou",
        &["regions.csv:3:", "the file ends in the middle", "send it whole"],
    );
    place.refuses(
        "regions.csv",
        b"region_code,name\nR2,West\nR3",
        &["regions.csv:3:", "the file ends in the middle", "send it whole"],
    );
    place.refuses(
        "regions.ndjson",
        b"{\"region_code\":\"R2\",\"name\":\"x\"}\n{\"region_code\":\"R3\",\"na",
        &["regions.ndjson:2:", "ends in the middle"],
    );
    let mut long = text.to_vec();
    (0..20_000)
        .for_each(|n| long.extend_from_slice(format!("R{n}x,name {}\n", n * 7919 % 10_007).as_bytes()));
    let packed = gzip(&long);
    for keep in [packed.len() - 1, packed.len() - 9, packed.len() / 2, 11] {
        place.refuses(
            "regions.csv.gz",
            &packed[..keep],
            &["regions.csv.gz", "ends in the middle", "send it whole"],
        );
    }
    let mut damaged = packed.clone();
    damaged[packed.len() / 2] ^= 0x55;
    place.refuses("regions.csv.gz", &damaged, &["regions.csv.gz", "send it again"]);
    let book = std::fs::read(
        Folder::workbook(&[sheet("regions", "region_code | name\nR2 | West")]).path().join("facts.xlsx"),
    )
    .unwrap();
    for keep in [book.len() - 1, book.len() / 2, 30] {
        place.refuses("facts.xlsx", &book[..keep], &["facts.xlsx", "workbook", "save it again"]);
    }
    place.books_are_untouched();
}

#[test]
fn other_encodings_and_other_kinds_of_file() {
    let place = place();
    place.refuses(
        "regions.csv",
        b"region_code,name\nR2,M\xfcnchen\n",
        &["regions.csv:2:", "not UTF-8 but Latin-1", "save", "UTF-8"],
    );
    place.refuses(
        "regions.csv",
        b"region_code,name\nR2,\xcd\xb6\xcb\xdf\xb4\xf3\xc7\xf8\n",
        &["not UTF-8 but GBK", "UTF-8"],
    );
    let utf16 = |mark: &[u8], order: fn(u16) -> [u8; 2]| {
        let mut bytes = mark.to_vec();
        bytes.extend("region_code,name\nR2,West\n".encode_utf16().flat_map(order));
        bytes
    };
    for bytes in [
        utf16(b"\xff\xfe", u16::to_le_bytes),
        utf16(b"\xfe\xff", u16::to_be_bytes),
        utf16(b"", u16::to_le_bytes),
    ] {
        place.refuses("regions.csv", &bytes, &["regions.csv:1:", "not UTF-8 but UTF-16", "save it as UTF-8"]);
    }
    place.refuses("regions.csv", b"region_code,name\nR2,a\0b\n", &["regions.csv:2:", "NUL"]);
    place.refuses("facts.xlsx", b"region_code,name\nR2,West\n", &["facts.xlsx", "workbook"]);
    place.refuses("facts.xlsx", b"", &["facts.xlsx"]);
    place.refuses("facts.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old excel or encrypted", &["facts.xlsx"]);
    place.refuses(
        "facts.xlsx",
        b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        &["facts.xlsx", "workbook"],
    ); // an empty archive
    std::fs::remove_file(place.folder.path().join("facts.xlsx")).unwrap();
    place.refuses("regions.csv", b"PK\x03\x04 a workbook by another name", &["regions.csv", ".xlsx"]);
    place.refuses("regions.csv.gz", b"region_code,name\nR2,West\n", &["regions.csv.gz", "not gzip"]);
    let absent = place.folder.path().join("absent.csv");
    place.refuses_files(&[absent], &["absent.csv"]);
    place.books_are_untouched();
}

#[test]
fn formulas_in_a_workbook_are_not_worked_out() {
    let place = place();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("bays").unwrap();
    for (column, name) in ["dealer_code", "effective_on", "bays"].into_iter().enumerate() {
        sheet.write_string(0, column as u16, name).unwrap();
    }
    sheet.write_string(1, 0, "D-1").unwrap();
    sheet.write_string(1, 1, "2025-01-01").unwrap();
    sheet.write_formula(1, 2, Formula::new("=4+4").set_result("8")).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    place.refuses("facts.xlsx", &bytes, &["facts.xlsx [bays]:2: bays", "a formula: paste its value instead"]);
    let strange = std::fs::read(
        Folder::workbook(&[Sheet { table: "Tabelle1".to_owned(), ..sheet_of_regions() }])
            .path()
            .join("facts.xlsx"),
    )
    .unwrap();
    place.refuses(
        "facts.xlsx",
        &strange,
        &["no table has the name of sheet 'Tabelle1'", "rename or remove it"],
    );
    place.books_are_untouched();
}

fn sheet_of_regions() -> Sheet {
    sheet("regions", "region_code | name\nR2 | West")
}

/// None of these takes more memory than an honest file does.
#[test]
fn endless_lines_and_bombs_take_no_memory() {
    let place = place();
    let farsight = place.farsight.clone().within_mib(400);
    let file = |name: &str, bytes: &[u8]| vec![place.folder.put(name, bytes)];
    let mut line = b"region_code,name\nR2,".to_vec();
    line.resize(64 << 20, b'x');
    place.refuses_with(&farsight, &file("regions.csv", &line), &["regions.csv:2:", "a record longer than"]);
    let mut quoted = b"region_code,name\nR2,\"".to_vec();
    quoted.resize(64 << 20, b'\n');
    place.refuses_with(&farsight, &file("regions.csv", &quoted), &["regions.csv:2:", "is a quote left open"]);
    let mut object = b"{\"region_code\":\"".to_vec();
    object.resize(64 << 20, b'x');
    place.refuses_with(&farsight, &file("regions.ndjson", &object), &["regions.ndjson:1:", "longer than"]);
    let mut deep = Vec::new();
    deep.resize(1 << 20, b'[');
    deep.push(b'\n');
    place.refuses_with(&farsight, &file("regions.ndjson", &deep), &["regions.ndjson:1:"]);
    place.refuses_with(
        &farsight,
        &file("regions.csv.gz", &bomb(300 << 20)),
        &["regions.csv.gz", "expands to more than", "split the file, or send it without compression"],
    );
    place.refuses_with(&farsight, &file("regions.csv.gz", &gzip(&bomb(300 << 20))), &["regions.csv.gz"]); // a bomb in a parcel
    place.books_are_untouched();
}

/// Rows that say the same for ever, gzip'd to next to nothing.
fn bomb(bytes: usize) -> Vec<u8> {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(b"region_code,name\n").unwrap();
    let row = b"R2,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
    let block = row.repeat(1 << 13);
    for _ in 0..bytes / block.len() {
        gzip.write_all(&block).unwrap();
    }
    gzip.finish().unwrap()
}
