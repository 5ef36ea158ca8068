//! Every way a file can be wrong, with the place, the value and the remedy that is told.

mod common;

use common::{gzip, read_bytes};

/// Reads a file of this name and content, and compares the errors told (and that good rows are still counted).
#[track_caller]
fn check(name: &str, content: &str, errors: &[&str]) {
    let read = read_bytes(name, content.as_bytes());
    assert!(read.outcome.is_ok(), "{:?}", read.outcome);
    assert_eq!(read.told(), errors, "{content}");
}

/// Reads a file that is refused as a whole.
#[track_caller]
fn refused(name: &str, content: &[u8], error: &str) {
    let read = read_bytes(name, content);
    assert_eq!(read.refusal(), error);
}

#[test]
fn all_bad_cells_of_all_bad_rows_are_told_and_good_rows_pass() {
    let read = read_bytes(
        "complaints-2026.csv",
        "complaint_id,dealer_code,received_at,dispatched_at,severity,category,vin\n\
         C-1,D1,2026-03-05 14:30,,general,attitude,\n\
         C 2,,2026-3-05 14:30,,General,,VIN/1\n\
         C-3,D1,2026-03-05 14:30,2026-03-05T13:00:00+08:00,major,parts,\n"
            .as_bytes(),
    );
    assert_eq!(read.rows.len(), 1);
    assert_eq!(read.rows[0].0, 2);
    let summary = read.outcome.as_ref().unwrap();
    assert_eq!((summary.rows, summary.bad_rows, summary.errors), (1, 2, 7));
    assert_eq!(
        read.told(),
        [
            "complaints-2026.csv:3 complaint_id 'C 2' not_a_code: not a code: use 1 to 64 ASCII letters, digits, '-', '_' or '.'",
            "complaints-2026.csv:3 dealer_code '' required: a value is needed here",
            "complaints-2026.csv:3 received_at '2026-3-05 14:30' not_an_instant: not a date and time: write 2026-03-05T14:30:00+08:00, \
             or 2026-03-05 14:30 for local time",
            "complaints-2026.csv:3 severity 'General' not_a_choice: not one of general, major",
            "complaints-2026.csv:3 category '' required: a value is needed here",
            "complaints-2026.csv:3 vin 'VIN/1' not_a_code: not a code: use 1 to 64 ASCII letters, digits, '-', '_' or '.'",
            "complaints-2026.csv:4 dispatched_at '' out_of_order: dispatched_at lies before received_at: correct one of them",
        ]
    );
    assert!(read.errors[0].to_string().ends_with(
        "complaints-2026.csv:3: complaint_id 'C 2': not a code: use 1 to 64 ASCII letters, \
        digits, '-', '_' or '.'"
    ));
}

#[test]
fn every_kind_of_cell_says_what_it_takes() {
    let work = "not yes or no: write true, false, 1, 0, 是 or 否";
    let code = "not a code: use 1 to 64 ASCII letters, digits, '-', '_' or '.'";
    for (table, column, rest, value, error) in [
        (
            "bays",
            "bays",
            "dealer_code,effective_on=D1,2026-01-01",
            "-3",
            "negative: below zero: only amounts from 0 up are taken here",
        ),
        (
            "bays",
            "bays",
            "dealer_code,effective_on=D1,2026-01-01",
            "8.5",
            "not_a_whole_number: not a whole number: write digits only, like 12",
        ),
        (
            "bays",
            "bays",
            "dealer_code,effective_on=D1,2026-01-01",
            "8.0",
            "not_a_whole_number: not a whole number: write digits only, like 12",
        ),
        (
            "bays",
            "bays",
            "dealer_code,effective_on=D1,2026-01-01",
            "10001",
            "too_large: larger than 10000: an absurd value, correct it",
        ),
        (
            "bays",
            "bays",
            "dealer_code,effective_on=D1,2026-01-01",
            "99999999999999999999",
            "too_large: larger than 10000: an absurd value, correct it",
        ),
        (
            "bays",
            "effective_on",
            "dealer_code,bays=D1,3",
            "2026-02-30",
            "no_such_moment: no such day or time of day: write it like 2026-03-05 or 2026-03-05 14:30:00",
        ),
        (
            "bays",
            "effective_on",
            "dealer_code,bays=D1,3",
            "05/03/2026",
            "not_a_date: not a date: write it like 2026-03-05",
        ),
        (
            "bays",
            "effective_on",
            "dealer_code,bays=D1,3",
            "0026-03-05",
            "absurd_date: before 1900-01-01 or after 2199-12-31: an absurd date, correct it",
        ),
        (
            "bays",
            "effective_on",
            "dealer_code,bays=D1,3",
            "2026-03-05 10:00",
            "time_of_day: a date with a time of day: give only the date",
        ),
        (
            "bays",
            "voided",
            "dealer_code,effective_on,bays=D1,2026-01-01,3",
            "yes",
            &format!("not_yes_or_no: {work}"),
        ),
        (
            "customer_base",
            "month",
            "dealer_code,base_customers=D1,5",
            "2026-13",
            "not_a_month: not a month: write it like 2026-03",
        ),
        (
            "customer_base",
            "month",
            "dealer_code,base_customers=D1,5",
            "1899-12",
            "absurd_date: before 1900-01-01 or after 2199-12-31: an absurd date, correct it",
        ),
        (
            "exams",
            "score",
            "person_code,taken_on=P1,2026-01-01",
            "100.01",
            "too_large: larger than 100: an absurd value, correct it",
        ),
        (
            "exams",
            "score",
            "person_code,taken_on=P1,2026-01-01",
            "99.999",
            "too_many_decimals: finer than two decimals: round it before sending",
        ),
        (
            "exams",
            "score",
            "person_code,taken_on=P1,2026-01-01",
            "A+",
            "not_a_number: not a decimal amount: write digits with at most one point, like 5000 or 123.45",
        ),
        (
            "part_prices",
            "price",
            "part_code,effective_on=P1,2026-01-01",
            "-1",
            "negative: below zero: only amounts from 0 up are taken here",
        ),
        (
            "part_prices",
            "price",
            "part_code,effective_on=P1,2026-01-01",
            "1.005",
            "too_many_decimals: finer than two decimals: round it before sending",
        ),
        (
            "dealers",
            "lat",
            "dealer_code,name,region_code,opened_on=D1,x,R1,2020-01-01",
            "91",
            "not_degrees: not a decimal between -90 and 90: write it like 31.2304",
        ),
        (
            "dealers",
            "lon",
            "dealer_code,name,region_code,opened_on=D1,x,R1,2020-01-01",
            "NaN",
            "not_degrees: not a decimal between -180 and 180: write it like 31.2304",
        ),
        (
            "cameras",
            "snapshot_url",
            "camera_code,dealer_code=K1,D1",
            "file:///etc/passwd",
            "not_an_address: not a web address: write it like https://camera.example/snapshot.jpg",
        ),
        ("people", "name", "person_code=P1", "a\u{0}b", "nul: holds a NUL character: remove it"),
        ("people", "person_code", "name=x", "=cmd", &format!("not_a_code: {code}")),
        ("people", "person_code", "name=x", "工号1", &format!("not_a_code: {code}")),
        ("people", "person_code", "name=x", &"x".repeat(65), &format!("not_a_code: {code}")),
        ("people", "person_code", "name=x", "A\u{a0}", &format!("not_a_code: {code}")),
        (
            "certificates",
            "level",
            "certificate_id,person_code,kind,issued_on,expires_on=K,P,nev,2025-01-01,2026-01-01",
            "expert",
            "not_a_choice: not one of basic, special, difficult",
        ),
        (
            "complaint_events",
            "at",
            "complaint_id,kind=C,callback",
            "2026-03-05T10:00:00.1234567Z",
            "finer_than_a_microsecond: finer than a microsecond: give at most six decimals of a second",
        ),
        (
            "complaint_events",
            "at",
            "complaint_id,kind=C,callback",
            "1986-05-04 02:30",
            "local_time_skipped: this local time does not exist in the tenant's time zone (clocks go forward): write the offset, like 2026-03-05T14:30:00+08:00",
        ),
        (
            "rulings",
            "amount",
            "ruling_id,kind,subject,decided_at,decided_by=Q,mishandled,complaint:C,2026-01-01 10:00,HQ",
            "7500.505",
            "too_many_decimals: finer than the currency: it has 2 decimals",
        ),
        (
            "rulings",
            "amount",
            "ruling_id,kind,subject,decided_at,decided_by=Q,mishandled,complaint:C,2026-01-01 10:00,HQ",
            "-5000",
            "negative: below zero: only amounts from 0 up are taken here",
        ),
        (
            "rulings",
            "amount",
            "ruling_id,kind,subject,decided_at,decided_by=Q,mishandled,complaint:C,2026-01-01 10:00,HQ",
            "",
            "needed: amount is needed when kind is 'mishandled'",
        ),
        (
            "complaint_events",
            "actor_role",
            "complaint_id,at,kind=C,2026-01-01 10:00,handled",
            "",
            "needed: actor_role is needed when kind is 'handled'",
        ),
        (
            "posts",
            "to",
            "person_code,role,scope_code,from=P,dealer-gm,D1,2026-01-02",
            "2026-01-01",
            "out_of_order: to lies before from: correct one of them",
        ),
    ] {
        let (names, values) = rest.split_once('=').unwrap();
        let content = format!("{names},{column}\n{values},{value}\n");
        let read = read_bytes(&format!("{table}.csv"), content.as_bytes());
        let shown = if error.starts_with("out_of_order") { "" } else { &value.replace('\0', "\\u{0}") };
        assert_eq!(read.told(), [format!("{table}.csv:2 {column} '{shown}' {error}")], "{content}");
    }
}

#[test]
fn odd_but_possible_facts_are_taken() {
    for (name, content) in [
        ("work_orders.csv", "work_order_id,dealer_code,vin,created_at,fixed\nW,D,V,2026-03-05 10:00,true\n"),
        (
            "work_orders.csv",
            "work_order_id,dealer_code,vin,created_at,completed_at\nW,D,V,2026-03-05 10:00,2026-03-04 10:00\n",
        ),
        ("complaint_events.csv", "complaint_id,at,kind\nC,1990-03-05 10:00,first-reply\n"),
        ("complaint_events.csv", "complaint_id,at,kind,actor_role\nC,2026-03-05 10:00,callback,dealer-gm\n"),
        (
            "certificates.csv",
            "certificate_id,person_code,kind,issued_on,expires_on,revoked_on\nK,P,nev,2025-01-02,2026-01-01,2025-01-01\n",
        ),
        ("customer_base.csv", "dealer_code,month,base_customers\nD,2026-03,0\n"),
        ("bays.csv", "dealer_code,effective_on,bays\nD,2026-03-01,0\n"),
        (
            "feedback.csv",
            "feedback_id,dealer_code,channel,received_at,kind\nF,D,热线,2026-03-01 10:00,投诉\n",
        ),
    ] {
        let read = read_bytes(name, content.as_bytes());
        assert_eq!((read.rows.len(), read.told()), (1, vec![]), "{content}");
    }
}

#[test]
fn a_file_may_lack_columns_and_cells_may_be_empty() {
    let read = read_bytes("inspections.csv", b"item_code,inspection_id,kind,result\nitem-01, I-1\t,,pass\n");
    assert_eq!(read.cells(), [&["I-1", "item-01", "-", "-", "pass", "draw", "-"]]);
    let read = read_bytes("inspections.csv", b"item_code,inspection_id,voided\nitem-01,I-1,\n");
    assert_eq!(read.cells(), [&["I-1", "item-01", "-", "-", "-", "-", ""]]);
    let read = read_bytes("part_prices.csv", b"part_code,effective_on,price\nP,2026-01-01,12.5\n");
    assert_eq!(read.cells(), [&["P", "2026-01-01", "", "1250", "-"]]);
    for (word, flag) in [
        ("true", true),
        ("1", true),
        ("是", true),
        ("TRUE", true),
        ("false", false),
        ("0", false),
        ("否", false),
    ] {
        let read = read_bytes(
            "callbacks.csv",
            format!("work_order_id,at,reached\nW,2026-01-01T00:00:00Z,{word}\n").as_bytes(),
        );
        assert_eq!(read.cells(), [&["W", "2026-01-01T00:00:00Z", &flag.to_string(), "-"]]);
    }
}

#[test]
fn the_places_of_records_are_told_whatever_the_line_breaks() {
    let bad = "regions.csv:6 region_code 'R 2' not_a_code: not a code: use 1 to 64 ASCII letters, digits, '-', '_' or '.'";
    for newline in ["\n", "\r\n"] {
        let content = [
            "\u{feff}region_code,name",
            "",
            "R1,\"two",
            "lines \"\" and, more\"",
            " \t",
            "R 2,b",
            ",",
            "R3,c",
        ]
        .join(newline);
        let read = read_bytes("regions.csv", content.as_bytes());
        assert_eq!(read.told(), [bad], "{newline:?}");
        let lines: Vec<_> = read.rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 8]);
        assert_eq!(read.rows[0].1[1], format!("two{newline}lines \" and, more"));
    }
}

#[test]
fn rows_of_another_width_are_told() {
    check(
        "regions.csv",
        "region_code,name\nR1\nR2,b,c\nR3,\"d\",\nR4,d\n",
        &[
            "regions.csv:2  '' field_count: row has 1 fields, header has 2: quote fields that hold commas, fill in those that lack",
            "regions.csv:3  '' field_count: row has 3 fields, header has 2: quote fields that hold commas, fill in those that lack",
            "regions.csv:4  '' field_count: row has 3 fields, header has 2: quote fields that hold commas, fill in those that lack",
        ],
    );
    check(
        "bays.csv",
        "dealer_code,effective_on,bays\nD1,2026-01-01,3\nD2,2026-0",
        &[
            "bays.csv:3  '' ends_in_the_middle: the file ends in the middle of this row (it has 2 fields, the header 3): send it whole",
        ],
    );
    check("bays.csv", "dealer_code,effective_on,bays\nD1,2026-01-01,3", &[]);
}

#[test]
fn a_quote_left_open_is_told_where_it_opens() {
    for end in ["", "\n"] {
        let content = format!("region_code,name\nR1,a\nR2,\"b\nR3,c{end}");
        refused(
            "regions.csv",
            content.as_bytes(),
            "ends_in_the_middle: regions.csv:3: the file ends in the middle: a quote is left open from here on; send it whole",
        );
    }
    refused(
        "regions.csv",
        b"region_code,\"name\nR1,a\n",
        "ends_in_the_middle: regions.csv:1: the file ends in the middle: a quote is left open from here on; send it whole",
    );
    let quote_within = read_bytes("regions.csv", b"region_code,name\nR1,5\" pipe\n");
    assert_eq!(quote_within.cells(), [&["R1", "5\" pipe", "-"]]);
}

#[test]
fn headers_are_refused_with_everything_wrong() {
    refused(
        "bays.csv",
        b"dealer_cod,bays,bays,colour\nD1,1,1,red\n",
        "header: bays.csv:1: unknown column 'dealer_cod': did you mean 'dealer_code'?; column 'bays' stands twice: keep one; \
         unknown column 'colour': bays has dealer_code, effective_on, bays, voided; key column 'dealer_code' is missing; \
         key column 'effective_on' is missing",
    );
    refused("bays.csv", b"", "empty_file: bays.csv: the file is empty: a header row is needed");
    refused(
        "bays.csv",
        b"\xef\xbb\xbf\n\n",
        "empty_file: bays.csv: the file is empty: a header row is needed",
    );
    assert_eq!(read_bytes("bays.ndjson", b"").outcome.unwrap().rows, 0, "no objects, no facts");
    let header_only = read_bytes("bays.csv", b"dealer_code,effective_on,bays\n");
    assert_eq!(header_only.outcome.unwrap().rows, 0);
}

#[test]
fn other_encodings_are_recognised() {
    let utf16: Vec<u8> = "region_code,name\nR1,a\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let told = "not_utf8: regions.csv:1: not UTF-8 but UTF-16: save it as UTF-8 (in Excel: CSV UTF-8)";
    refused("regions.csv", &utf16, told);
    refused("regions.csv", &[b"\xff\xfe", &utf16[..]].concat(), told);
    refused(
        "regions.csv",
        b"region_code,\xc3\xfb\xb3\xc6\nR1,a\n",
        "not_utf8: regions.csv:1: not UTF-8 but GBK (by the look of it): save it as UTF-8 (in Excel: CSV UTF-8)",
    );
    let gbk = read_bytes("regions.csv", b"region_code,name\nR1,good\nR2,\xbb\xaa\xb6\xab\nR3,M\xfcnchen\n");
    assert_eq!(gbk.rows.len(), 1);
    assert_eq!(
        gbk.told(),
        [
            "regions.csv:3 name '\u{fffd}\u{fffd}\u{fffd}\u{fffd}' not_utf8: not UTF-8 but GBK (by the look of it): save the file as UTF-8 (in Excel: CSV UTF-8)",
            "regions.csv:4 name 'M\u{fffd}nchen' not_utf8: not UTF-8 but Latin-1 or Windows-1252 (by the look of it): save the file as UTF-8 (in Excel: CSV UTF-8)",
        ]
    );
    refused(
        "regions.csv",
        b"PK\x03\x04............",
        "wrong_format: regions.csv: a zip archive or workbook: name a workbook .xlsx, unpack an archive",
    );
}

#[test]
fn long_records_are_refused_without_being_read_whole() {
    let mut content = b"region_code,name\nR1,a\nR2,".to_vec();
    content.resize(3 << 20, b'x');
    let told = "record_too_long: regions.csv:3: a record longer than 1048576 bytes: is a quote left open, or a line break missing?";
    refused("regions.csv", &content, told);
    let many_lines = format!("region_code,name\nR1,a\nR2,\"{}", "line\n".repeat(400_000));
    refused("regions.csv", many_lines.as_bytes(), told);
    let blank_lines = format!("region_code,name\n{}R1,a\n", "\n".repeat(2 << 20));
    assert_eq!(read_bytes("regions.csv", blank_lines.as_bytes()).rows[0].0, (2 << 20) + 2);
    refused(
        "regions.ndjson",
        &content,
        "record_too_long: regions.ndjson:3: a record longer than 1048576 bytes: is a quote left open, or a line break missing?",
    );
}

#[test]
fn gzip_is_taken_whatever_the_name_and_refused_when_cut_or_wrong() {
    let plain = b"region_code,name\nR1,a\n";
    for name in ["regions.csv.gz", "regions.csv"] {
        assert_eq!(read_bytes(name, &gzip(plain)).cells(), [&["R1", "a", "-"]]);
    }
    let members = [gzip(plain), gzip(b"R2,b\n")].concat();
    assert_eq!(read_bytes("regions.csv.gz", &members).rows.len(), 2);
    let long: Vec<String> = (0..50_000).map(|i| format!("R{i},name {}", i * 7919 % 1000)).collect();
    let packed = gzip(format!("region_code,name\n{}\n", long.join("\n")).as_bytes());
    let cut = read_bytes("regions.csv.gz", &packed[..packed.len() / 2]);
    assert!(cut.rows.len() > 1000);
    assert!(cut.refusal().starts_with("ends_in_the_middle: regions.csv.gz:"), "{}", cut.refusal());
    assert!(
        cut.refusal().ends_with("the file ends in the middle: the gzip'd data is cut off; send it whole")
    );
    let cut_head = read_bytes("regions.csv.gz", &packed[..5]);
    assert!(cut_head.refusal().starts_with("ends_in_the_middle: regions.csv.gz:1"), "{}", cut_head.refusal());
    refused(
        "regions.csv.gz",
        plain,
        "wrong_format: regions.csv.gz: named .gz but not gzip'd: rename it, or compress it",
    );
    let damaged = read_bytes("regions.csv.gz", &[gzip(plain), vec![b'x'; 100]].concat());
    assert!(damaged.refusal().contains("the gzip'd data is damaged"), "{}", damaged.refusal());
}

#[test]
fn gzip_bombs_are_refused() {
    let line = format!("R1,{}\n", "a".repeat(900));
    let mut content = String::from("region_code,name\n");
    while content.len() < 70 << 20 {
        content.push_str(&line);
    }
    refused(
        "regions.csv.gz",
        &gzip(content.as_bytes()),
        "expands_too_far: regions.csv.gz: expands to more than 200 times its size, or more than 64 GiB: split the file, or send it \
         without compression",
    );
}

#[test]
fn objects_are_read_field_by_field() {
    let read = read_bytes(
        "work_orders.jsonl",
        "\u{feff}{\"work_order_id\":\"W\\u002d1\",\"dealer_code\":\"D1\",\"vin\":\" V1 \",\"created_at\":\"2026-03-05 10:00\",\"fixed\":true,\"odometer_km\":12.0,\"level\":null}\r\n\
         \r\n\
         {\"work_order_id\":\"W-2\",\"odometer_km\":\"12\",\"fixed\":\"是\",\"nev\":0}"
            .as_bytes(),
    );
    let told: Vec<String> = vec![];
    assert_eq!(read.told(), told);
    let cells: Vec<_> = read.rows.iter().map(|(line, cells)| format!("{line} {}", cells.join(","))).collect();
    assert_eq!(
        cells,
        [
            "1 W-1,D1,V1,-,-,-,2026-03-05T02:00:00Z,-,-,-,true,-,-,,-,12,-,-,-,-",
            "3 W-2,-,-,-,-,-,-,-,-,-,true,-,-,-,false,12,-,-,-,-"
        ]
    );
}

#[test]
fn bad_objects_are_told() {
    check(
        "bays.ndjson",
        "{\"dealer_code\":7,\"effective_on\":20260101,\"bays\":\"3\"}\n\
         {\"effective_on\":\"2026-01-01\",\"bays\":3}\n\
         {\"dealer_code\":\"D1\",\"effective_on\":\"2026-01-01\",\"bay\":3}\n\
         {\"dealer_code\":\"D1\",\"dealer_code\":\"D2\",\"effective_on\":\"2026-01-01\"}\n\
         {\"dealer_code\":\"D1\",\"effective_on\":\"2026-01-01\",\"bays\":[3]}\n\
         {\"dealer_code\":\"D1\",\"effective_on\":\"2026-01-01\",\"bays\":1e1}\n\
         {\"dealer_code\":true,\"effective_on\":\"2026-01-01\",\"bays\":3.5}\n\
         [1]\n\
         {\"dealer_code\":\"D1\"} x\n\
         {\"dealer_code\":\"D1\",\"effec",
        &[
            "bays.ndjson:1 dealer_code '7' number_for_text: a number where text is needed (leading zeros may be lost): format the column as text, or put it in quotes",
            "bays.ndjson:1 effective_on '20260101' number_for_date: a bare number where a date is needed: format the column as date, or as text like 2026-03-05",
            "bays.ndjson:2 dealer_code '' key_missing: the key field is missing from this object",
            "bays.ndjson:3 bay '' unknown_column: the table bays has no such column: did you mean 'bays'?",
            "bays.ndjson:4 dealer_code '' given_twice: given twice in one object: keep one",
            "bays.ndjson:5 bays '[3]' wrong_type: a list or object does not belong here: this column takes a whole number",
            "bays.ndjson:6 bays '1e1' not_a_whole_number: not a whole number: write digits only, like 12",
            "bays.ndjson:7 dealer_code 'true' wrong_type: true or false does not belong here: this column takes text",
            "bays.ndjson:7 bays '3.5' not_a_whole_number: not a whole number: write digits only, like 12",
            "bays.ndjson:8  '[1]' not_an_object: not a JSON object on one line: invalid type: sequence, expected an object of columns, one a line at line 1 column 0",
            "bays.ndjson:9  '{\"dealer_code\":\"D1\"} x' not_an_object: not a JSON object on one line: trailing characters at line 1 column 22",
            "bays.ndjson:10  '{\"dealer_code\":\"D1\",\"effec' ends_in_the_middle: the file ends in the middle of this object: send it whole",
        ],
    );
}

#[test]
fn only_so_many_errors_are_told_and_the_rest_counted() {
    let content = format!("region_code,name\n{}", "R 1,a\n".repeat(10_500));
    let read = read_bytes("regions.csv", content.as_bytes());
    assert_eq!(read.errors.len(), 10_000);
    let summary = read.outcome.unwrap();
    assert_eq!((summary.rows, summary.bad_rows, summary.errors), (0, 10_500, 10_500));
}

#[test]
fn reading_breaks_off_when_told_and_progress_is_counted() {
    use farsight_exchange::{Progress, Reader, find};
    use std::ops::ControlFlow;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regions.csv");
    std::fs::write(&path, format!("region_code,name\n{}", "R1,a\n".repeat(1000))).unwrap();
    let source = find(&[&path]).unwrap().remove(0);
    let progress = Progress::default();
    let mut seen = 0;
    let reader = Reader::open(&source, &common::reading(), &progress).unwrap();
    let summary = reader
        .each(&mut |_| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!((seen, summary.rows), (3, 3));
    let progress = Progress::default();
    let reader = Reader::open(&source, &common::reading(), &progress).unwrap();
    reader.each(&mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(progress.bytes(), source.bytes());
}
