//! A month's vouchers: balanced to the fen, by the accounts of the configuration, and what they come to is the settlement.

use std::collections::BTreeMap;

use farsight_control::export::Report;
use farsight_control::journal::{self, Format, Of, Written};
use farsight_ledger::journal::Accounts;
use farsight_tests::books::{self, fen};
use farsight_tests::office::{Step, month};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::{Office, Tower};

const JULY: &str = "2025-07-01T00:00:00+08:00";

fn of(period: &str) -> Of {
    Of { period: month(period), known_at: None }
}

fn written(office: &mut Office, accounts: &Accounts, period: &str, format: Format) -> (Written, Vec<u8>) {
    let mut bytes = Vec::new();
    let written = journal::journal(&mut office.desk, accounts, of(period), format, &mut bytes)
        .unwrap_or_else(|error| panic!("{period}: {error}"));
    (written, bytes)
}

fn csv(office: &mut Office, accounts: &Accounts, period: &str) -> (Written, String) {
    let (written, bytes) = written(office, accounts, period, Format::Csv { bom: false });
    (written, String::from_utf8(bytes).unwrap())
}

#[test]
fn every_month_of_the_cases_balances_and_comes_to_its_settlement() {
    let tower = Tower::new();
    for cases in [Some(books::small()), books::case_1()].into_iter().flatten() {
        let case = cases.last().unwrap();
        let mut office = Office::new(&tower, &format!("t{}", cases.len()), case.policy);
        office.import_folder(&Folder::of(&case.facts()));
        office.finance(&["anna@oem"]);
        office.check(case.as_of);
        let settled = office.csv(Report::Settlement, None);
        let months: std::collections::BTreeSet<String> =
            books::records(&settled).map(|row| row["period"].clone()).collect();
        for period in months {
            office.step(Step::Settle(case.as_of), &period, "anna@oem").unwrap();
            balanced(&mut office, &period);
        }
    }
}

fn balanced(office: &mut Office, period: &str) {
    let (written, text) = csv(office, &Accounts::default(), period);
    let mut by_voucher: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut by_party: BTreeMap<(String, String), i64> = BTreeMap::new();
    let amount = |cell: &str| if cell.is_empty() { 0 } else { fen(cell) };
    for row in books::records(&text).filter(|row| row["record"] == "line") {
        let sums = by_voucher.entry(row["voucher"].clone()).or_default();
        *sums = (sums.0 + amount(&row["debit"]), sums.1 + amount(&row["credit"]));
        let party = (row["party_kind"].clone(), row["party_code"].clone());
        *by_party.entry(party).or_default() += amount(&row["settled"]);
    }
    for (voucher, (debit, credit)) in &by_voucher {
        assert_eq!(debit, credit, "{period}, voucher {voucher}");
    }
    let settlement = office.csv(Report::Settlement, Some(month(period)));
    let expected: BTreeMap<(String, String), i64> = books::records(&settlement)
        .map(|row| ((row["party_kind"].clone(), row["party_code"].clone()), fen(&row["net"])))
        .collect();
    assert_eq!(by_party, expected, "{period}");
    assert_eq!((by_voucher.len(), written.vouchers), (expected.len(), expected.len()));
    let control: BTreeMap<String, String> = books::records(&text)
        .filter(|row| row["record"] == "control")
        .map(|row| (row["summary"].clone(), row["settled"].clone()))
        .collect();
    for (name, column) in
        [("penalties", "penalties"), ("incentives", "incentives"), ("reversals", "reversals"), ("net", "net")]
    {
        let sum: i64 = books::records(&settlement).map(|row| fen(&row[column])).sum();
        assert_eq!(fen(&control[name]), sum, "{period} {name}");
    }
    assert_eq!(fen(&written.net), expected.values().sum::<i64>());
}

/// A dealer with every sign that XML keeps for itself; a failure that is charged, then taken back in the next month.
fn odd_names(tower: &Tower) -> Office {
    let mut office = Office::new(tower, "t", "changan-2014");
    let failed = |voided: &str| {
        sheet(
            "inspections",
            &format!(
                "inspection_id | item_code | dealer_code | inspected_at | result | voided\nI-1 | item-01 | D1 | 2025-04-10 10:00 | fail | {voided}"
            ),
        )
    };
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet(
            "dealers",
            "dealer_code | name | region_code | opened_on\nD1 | 长安&<汽>\"服务'\u{7} | N | 2015-01-01",
        ),
        failed("false"),
    ]));
    office.finance(&["anna@oem", "bo@oem"]);
    office.lock("2025-04", JULY);
    let again = Folder::of(&[failed("true")]);
    office.import_folder(&again);
    office.check(JULY);
    office.step(Step::Settle(JULY), "2025-05", "anna@oem").unwrap();
    office
}

#[test]
fn what_is_taken_back_is_red_on_the_same_accounts() {
    let tower = Tower::new();
    let mut office = odd_names(&tower);
    let lines = |text: &str| -> Vec<String> {
        let of = ["voucher", "account_code", "debit", "credit", "settled", "entries"];
        books::records(text).map(|row| of.map(|name| row[name].as_str()).join(" ")).take(2).collect()
    };
    let (april, text) = csv(&mut office, &Accounts::default(), "2025-04");
    assert_eq!(lines(&text), ["1 1221 500.00  -500.00 1", "1 6301  500.00  "]);
    assert_eq!((april.status, april.debit.as_str(), april.net.as_str()), ("locked", "500.00", "-500.00"));
    let (may, text) = csv(&mut office, &Accounts::default(), "2025-05");
    assert_eq!(lines(&text), ["1 1221 -500.00  500.00 1", "1 6301  -500.00  "]);
    assert!(text.contains("红字冲销"));
    assert_eq!((may.reversals.as_str(), may.net.as_str()), ("500.00", "500.00"));
    let again = csv(&mut office, &Accounts::default(), "2025-04").1;
    assert_eq!(again, csv(&mut office, &Accounts::default(), "2025-04").1, "the same books, the same bytes");
}

#[test]
fn accounts_are_the_configurations() {
    let tower = Tower::new();
    let mut office = odd_names(&tower);
    let accounts =
        |text: &str| -> Accounts { serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}")) };
    let own = accounts(
        r#"{"word": "转", "clauses": {"spot-check": {"penalty": {"debit": {"code": "1122.07", "name": "应收账款"}, "credit": {"code": "6051", "name": "其他业务收入"}}}}}"#,
    );
    let (_, text) = csv(&mut office, &own, "2025-04");
    let rows: Vec<_> =
        books::records(&text).take(2).map(|row| (row["word"].clone(), row["account_code"].clone())).collect();
    assert_eq!(rows, [("转".to_owned(), "1122.07".to_owned()), ("转".to_owned(), "6051".to_owned())]);
    let odd = accounts(
        r#"{"dealer": {"penalty": {"debit": {"code": "1", "name": "a"}, "credit": {"code": "1", "name": "b"}}}}"#,
    );
    let refused = journal::journal(&mut office.desk, &odd, of("2025-04"), Format::Xml, &mut Vec::new());
    assert!(refused.unwrap_err().to_string().contains("account 1 is on both sides"));
    let early = journal::journal(&mut office.desk, &own, of("2025-06"), Format::Xml, &mut Vec::new());
    assert!(early.unwrap_err().to_string().contains("not calculated yet"));
}

#[test]
fn xml_is_well_formed_whatever_a_name_holds_and_says_the_same() {
    let tower = Tower::new();
    let mut office = odd_names(&tower);
    let (written, bytes) = written(&mut office, &Accounts::default(), "2025-04", Format::Xml);
    let text = String::from_utf8(bytes).unwrap();
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut path, mut said, mut texts) = (Vec::new(), String::new(), Vec::<(String, String)>::new());
    loop {
        use quick_xml::events::Event;
        match reader.read_event().unwrap_or_else(|error| panic!("{error}\n{text}")) {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                said.clear();
            }
            Event::End(_) => {
                texts.push((path[path.len().saturating_sub(2)..].join("/"), std::mem::take(&mut said)));
                path.pop();
            }
            Event::Text(part) => said.push_str(&part),
            Event::GeneralRef(sign) => {
                said.push_str(quick_xml::escape::resolve_predefined_entity(&sign).unwrap());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(path.is_empty());
    let all = |name: &str| -> Vec<&str> {
        texts.iter().filter(|(path, _)| path == name).map(|(_, text)| text.as_str()).collect()
    };
    assert_eq!(all("辅助核算项/辅助项名称"), ["长安&<汽>\"服务'\u{fffd}"]);
    assert_eq!(all("记账凭证/科目编号"), ["1221", "6301"]);
    assert_eq!(all("记账凭证/借方本位币金额"), ["500.00", "0.00"]);
    assert_eq!(all("记账凭证/贷方本位币金额"), ["0.00", "500.00"]);
    assert_eq!(all("记账凭证/记账凭证日期"), ["20250430", "20250430"]);
    assert_eq!(all("控制合计/净额"), [written.net.as_str()]);
    assert_eq!(all("控制合计/借方合计"), all("控制合计/贷方合计"));
}

#[test]
fn a_workbook_has_its_control_totals_on_the_second_sheet() {
    let tower = Tower::new();
    let mut office = odd_names(&tower);
    let (_, bytes) = written(&mut office, &Accounts::default(), "2025-04", Format::Xlsx);
    let (_, again) = written(&mut office, &Accounts::default(), "2025-04", Format::Xlsx);
    assert_eq!(bytes, again);
    assert!(bytes.starts_with(b"PK"));
}
