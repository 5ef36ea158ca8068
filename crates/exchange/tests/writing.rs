//! Results: their exact bytes, and what a spreadsheet finds in them.

mod common;

use calamine::{Data, Reader as _, Xlsx};
use farsight_exchange::{OutCell, OutColumn, OutFormat, OutKind, WriteError, Writer};
use farsight_rulebook::money::{Currency, Decimal, Money};
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::date;

const COLUMNS: [OutColumn; 7] = [
    OutColumn { name: "subject", kind: OutKind::Text },
    OutColumn { name: "entries", kind: OutKind::Count },
    OutColumn { name: "score", kind: OutKind::Number },
    OutColumn { name: "amount", kind: OutKind::Amount },
    OutColumn { name: "occurred_on", kind: OutKind::Date },
    OutColumn { name: "posted_at", kind: OutKind::Instant },
    OutColumn { name: "detail", kind: OutKind::Json },
];

fn at(text: &str) -> Instant {
    Instant::exactly(text.parse().unwrap()).unwrap()
}

fn write(format: OutFormat<'_>, zone: &Zone) -> Vec<u8> {
    let yuan = Currency::of("CNY").unwrap();
    let detail = serde_json::json!({"owed": "20.00", "names": ["东区", "a,b"], "n": 1});
    let mut writer = Writer::new(Vec::new(), format, &COLUMNS, zone).unwrap();
    writer
        .row(&[
            OutCell::Text("complaint:C-1"),
            OutCell::Count(12),
            OutCell::Decimal(Decimal { units: 9_487, decimals: 2 }),
            OutCell::Decimal(yuan.show(Money(-50_000))),
            OutCell::Date(date(2026, 3, 5)),
            OutCell::Instant(at("2026-03-05T06:30:00Z")),
            OutCell::Json(&detail),
        ])
        .unwrap();
    for text in ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "a \"quoted\", b\nc", "'", ""] {
        let mut row = [OutCell::Empty; 7];
        row[0] = OutCell::Text(text);
        row[5] = OutCell::Instant(at("2026-12-31T16:00:00.25Z"));
        writer.row(&row).unwrap();
    }
    let net = OutCell::Decimal(yuan.show(Money(-50_000)));
    writer.finish(&[("tenant", OutCell::Text("=demo")), ("net", net)]).unwrap()
}

#[test]
fn csv_is_exact() {
    let expected = "subject,entries,score,amount,occurred_on,posted_at,detail\n\
        complaint:C-1,12,94.87,-500.00,2026-03-05,2026-03-05T14:30:00+08:00,\"{\"\"owed\"\":\"\"20.00\"\",\"\"names\"\":[\"\"东区\"\",\"\"a,b\"\"],\"\"n\"\":1}\"\n\
        '=1+1,,,,,2027-01-01T00:00:00.25+08:00,\n\
        '+1,,,,,2027-01-01T00:00:00.25+08:00,\n\
        '-1,,,,,2027-01-01T00:00:00.25+08:00,\n\
        '@x,,,,,2027-01-01T00:00:00.25+08:00,\n\
        '\tx,,,,,2027-01-01T00:00:00.25+08:00,\n\
        \"'\rx\",,,,,2027-01-01T00:00:00.25+08:00,\n\
        \"a \"\"quoted\"\", b\nc\",,,,,2027-01-01T00:00:00.25+08:00,\n\
        ',,,,,2027-01-01T00:00:00.25+08:00,\n\
        ,,,,,2027-01-01T00:00:00.25+08:00,\n";
    let plain = write(OutFormat::Csv { bom: false }, &Zone::shanghai());
    assert_eq!(String::from_utf8(plain.clone()).unwrap(), expected);
    let marked = write(OutFormat::Csv { bom: true }, &Zone::shanghai());
    assert_eq!(marked, ["\u{feff}".as_bytes(), &plain].concat());
}

#[test]
fn ndjson_is_exact_and_keeps_text_as_it_is() {
    let text =
        String::from_utf8(write(OutFormat::Ndjson, &Zone::named("America/New_York").unwrap())).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        "{\"subject\":\"complaint:C-1\",\"entries\":12,\"score\":94.87,\"amount\":\"-500.00\",\"occurred_on\":\"2026-03-05\",\
         \"posted_at\":\"2026-03-05T01:30:00-05:00\",\"detail\":{\"owed\":\"20.00\",\"names\":[\"东区\",\"a,b\"],\"n\":1}}"
    );
    assert!(lines[1].starts_with("{\"subject\":\"=1+1\",\"entries\":null,"), "{}", lines[1]);
    assert_eq!(lines.len(), 10);
    assert!(lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn a_workbook_has_numbers_dates_a_summary_and_the_same_bytes() {
    let format = OutFormat::Xlsx { sheet: "entries", created: at("2026-04-01T00:00:00Z") };
    let bytes = write(format, &Zone::shanghai());
    assert_eq!(bytes, write(format, &Zone::shanghai()));
    let mut book = Xlsx::new(std::io::Cursor::new(&bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["entries", "summary"]);
    let entries = book.worksheet_range("entries").unwrap();
    let cell = |row, column| entries.get_value((row, column)).cloned().unwrap_or_default();
    assert_eq!(cell(0, 3), Data::String("amount".to_owned()));
    assert_eq!(
        (cell(1, 1), cell(1, 2), cell(1, 3)),
        (Data::Float(12.0), Data::Float(94.87), Data::Float(-500.0))
    );
    let Data::DateTime(day) = cell(1, 4) else { panic!("a date: {:?}", cell(1, 4)) };
    assert_eq!(day.to_ymd_hms_milli(), (2026, 3, 5, 0, 0, 0, 0));
    let Data::DateTime(moment) = cell(1, 5) else { panic!("a moment: {:?}", cell(1, 5)) };
    assert_eq!(moment.to_ymd_hms_milli(), (2026, 3, 5, 14, 30, 0, 0));
    assert_eq!(
        cell(1, 6),
        Data::String("{\"owed\":\"20.00\",\"names\":[\"东区\",\"a,b\"],\"n\":1}".to_owned())
    );
    assert_eq!(cell(2, 0), Data::String("'=1+1".to_owned()));
    assert_eq!(cell(2, 1), Data::Empty);
    let summary = book.worksheet_range("summary").unwrap();
    assert_eq!(summary.get_value((0, 1)), Some(&Data::String("'=demo".to_owned())));
    assert_eq!(summary.get_value((1, 1)), Some(&Data::Float(-500.0)));
    let frozen = part(&bytes, "xl/worksheets/sheet1.xml");
    assert!(frozen.contains("<pane ySplit=\"1\" topLeftCell=\"A2\""), "the header is frozen");
    assert!(part(&bytes, "docProps/core.xml").contains("2026-04-01T00:00:00Z"));
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    std::io::read_to_string(zip.by_name(name).unwrap()).unwrap()
}

#[test]
fn what_does_not_fit_is_refused() {
    let columns = [OutColumn { name: "detail", kind: OutKind::Text }];
    let format = OutFormat::Xlsx { sheet: "x", created: at("2026-04-01T00:00:00Z") };
    let mut writer = Writer::new(Vec::new(), format, &columns, &Zone::shanghai()).unwrap();
    let long = "x".repeat(32_768);
    let error = writer.row(&[OutCell::Text(&long)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column detail has a text longer than the 32767 characters of a worksheet's cell: export csv or ndjson"
    );
    let mut writer = Writer::new(Vec::new(), OutFormat::Ndjson, &columns, &Zone::shanghai()).unwrap();
    for wrong in [&[][..], &[OutCell::Count(1)], &[OutCell::Empty, OutCell::Empty]] {
        assert!(matches!(writer.row(wrong), Err(WriteError::Misfit { .. })), "{wrong:?}");
    }
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    let columns = [OutColumn { name: "amount", kind: OutKind::Amount }];
    for (code, shown) in [("JPY", "-12345"), ("KWD", "-12.345"), ("CNY", "-123.45")] {
        let mut writer =
            Writer::new(Vec::new(), OutFormat::Csv { bom: false }, &columns, &Zone::shanghai()).unwrap();
        let amount = Currency::of(code).unwrap().show(Money(-12_345));
        writer.row(&[OutCell::Decimal(amount)]).unwrap();
        let text = String::from_utf8(writer.finish(&[]).unwrap()).unwrap();
        assert_eq!(text, format!("amount\n{shown}\n"));
    }
}
