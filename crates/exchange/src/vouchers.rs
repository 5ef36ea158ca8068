//! Vouchers as XML, after the element names of GB/T 24589.1 (财经信息技术 会计核算软件数据接口 第1部分:企业).
//!
//! What was and what was not checked against the standard is in docs/journals.md.

use std::io::{self, Write};

use farsight_ledger::journal::{Account, Control, Line, Voucher};
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::period::Period;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::WriteError;

/// What stands at the head of the journal.
#[derive(Debug, Clone, Copy)]
pub struct Head<'h> {
    /// The manufacturer's code.
    pub code: &'h str,
    /// Its name.
    pub name: &'h str,
    /// The month; vouchers are dated by its last day.
    pub period: Period,
    /// The currency.
    pub currency: Currency,
    /// The voucher word.
    pub word: &'h str,
    /// The program.
    pub program: &'h str,
}

/// A text that may stand in XML: characters that XML has not become the sign for them.
fn fit(text: &str) -> String {
    let odd = |c: char| matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if odd(c) { '\u{fffd}' } else { c }).collect()
}

struct Xml<W: Write>(Writer<W>);

impl<W: Write> Xml<W> {
    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        let element = self.0.create_element(name);
        element.write_text_content(BytesText::new(&fit(text)))?;
        Ok(())
    }

    /// An element with texts in it.
    fn texts(&mut self, name: &str, texts: &[(&str, &str)]) -> io::Result<()> {
        self.open(name)?;
        texts.iter().try_for_each(|(name, text)| self.text(name, text))?;
        self.close(name)
    }

    fn open(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::Start(quick_xml::events::BytesStart::new(name)))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::End(quick_xml::events::BytesEnd::new(name)))
    }
}

/// Writes vouchers; `name` gives a party's name and `summary` what a line is about.
pub fn write_xml<W: Write>(
    out: W,
    head: Head,
    vouchers: &[Voucher],
    name: impl Fn(&Voucher) -> String,
    summary: impl Fn(&Voucher, &Line) -> String,
) -> Result<W, WriteError> {
    let mut xml = Xml(Writer::new_with_indent(out, b' ', 1));
    xml.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.open("总账")?;
    let (year, currency) = (head.period.first_day().year().to_string(), head.currency.code().to_owned());
    let ledger = [
        ("电子账簿编号", head.code),
        ("电子账簿名称", head.name),
        ("会计核算单位", head.name),
        ("开发单位", head.program),
        ("本位币", &currency),
        ("会计年度", &year),
        ("标准版本号", "GB/T 24589.1-2010"),
    ];
    xml.texts("电子账簿", &ledger)?;
    xml.texts("记账凭证类型", &[("记账凭证类型编号", head.word), ("记账凭证类型名称", head.word)])?;
    for account in accounts(vouchers) {
        xml.texts("会计科目", &[("科目编号", &account.code), ("科目名称", &account.name)])?;
    }
    for voucher in vouchers {
        let kind = if voucher.kind.name() == "dealer" { "服务商" } else { "人员" };
        let of = [("辅助项类型", kind), ("辅助项编号", &voucher.party), ("辅助项名称", &name(voucher))];
        xml.texts("辅助核算项", &of)?;
    }
    for voucher in vouchers {
        for (number, line) in (1..).zip(&voucher.lines) {
            xml.line(head, voucher, (number, line), &summary(voucher, line))?;
        }
    }
    xml.control(head, vouchers)?;
    xml.close("总账")?;
    let mut out = xml.0.into_inner();
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(out)
}

/// Every account once, by code.
fn accounts(vouchers: &[Voucher]) -> Vec<&Account> {
    let mut accounts: Vec<&Account> =
        vouchers.iter().flat_map(|voucher| &voucher.lines).map(|line| &line.account).collect();
    accounts.sort_by(|a, b| a.code.cmp(&b.code));
    accounts.dedup_by(|a, b| a.code == b.code);
    accounts
}

impl<W: Write> Xml<W> {
    /// A line of a voucher, with what its voucher is beside it, as the standard has it.
    fn line(
        &mut self,
        head: Head,
        voucher: &Voucher,
        (number, line): (u32, &Line),
        summary: &str,
    ) -> io::Result<()> {
        let day = head.period.last_day();
        let show = |amount: Option<Money>| head.currency.show(amount.unwrap_or_default()).to_string();
        let (debit, credit) = (show(line.debit), show(line.credit));
        let texts = [
            ("记账凭证日期", day.strftime("%Y%m%d").to_string()),
            ("会计年度", day.year().to_string()),
            ("会计期间号", day.month().to_string()),
            ("记账凭证类型编号", head.word.to_owned()),
            ("记账凭证编号", voucher.number.to_string()),
            ("记账凭证行号", number.to_string()),
            ("记账凭证摘要", summary.to_owned()),
            ("科目编号", line.account.code.clone()),
            ("辅助项1编号", voucher.party.clone()),
            ("币种编码", head.currency.code().to_owned()),
            ("借方原币金额", debit.clone()),
            ("贷方原币金额", credit.clone()),
            ("借方本位币金额", debit),
            ("贷方本位币金额", credit),
        ];
        self.open("记账凭证")?;
        texts.iter().try_for_each(|(name, text)| self.text(name, text))?;
        self.close("记账凭证")
    }

    /// The control totals: they are not of the standard, and stand last.
    fn control(&mut self, head: Head, vouchers: &[Voucher]) -> io::Result<()> {
        let control = Control::of(vouchers);
        let show = |amount| head.currency.show(amount).to_string();
        let (count, entries) = (vouchers.len().to_string(), control.entries.to_string());
        let sums = [control.debit, control.credit, control.penalties, control.incentives, control.reversals];
        let [debit, credit, penalties, incentives, reversals] = sums.map(show);
        let net = show(control.net());
        let texts = [
            ("凭证数", &*count),
            ("分录数", &entries),
            ("借方合计", &debit),
            ("贷方合计", &credit),
            ("处罚合计", &penalties),
            ("激励合计", &incentives),
            ("冲销合计", &reversals),
            ("净额", &net),
        ];
        self.texts("控制合计", &texts)
    }
}
