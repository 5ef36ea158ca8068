//! A month's vouchers for a bookkeeping system. What they come to is compared with the settlement before a byte is written.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;

use farsight_exchange::vouchers::{self, Head};
use farsight_exchange::{OutCell, OutColumn, OutFormat, OutKind, Writer};
use farsight_ledger::journal::{Accounts, AccountsError, Booked, Control, Journal, Line, Voucher};
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::settlements::{self, Line as Settled};
use farsight_store::{Tx, ledger};
use serde::Serialize;

use crate::{ControlError, Desk, export, ground, known, policies};

/// How a journal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A row a line; control totals at the end.
    Csv {
        /// Whether Excel's mark comes first.
        bom: bool,
    },
    /// A workbook; control totals on the second sheet.
    Xlsx,
    /// XML after GB/T 24589.1.
    Xml,
}

/// What was written; amounts are decimal texts.
#[derive(Debug, Clone, Serialize)]
pub struct Written {
    /// The month.
    pub period: String,
    /// How far its settlement had come.
    pub status: &'static str,
    /// Vouchers.
    pub vouchers: usize,
    /// Their lines.
    pub lines: usize,
    /// Entries.
    pub entries: i64,
    /// All debits, which are all credits.
    pub debit: String,
    /// The sum of charges below zero.
    pub penalties: String,
    /// The sum of charges above zero.
    pub incentives: String,
    /// The sum of reversals.
    pub reversals: String,
    /// All three: the settlement's.
    pub net: String,
}

/// Why a journal is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Accounts that cannot be booked to.
    #[error("configuration: journal: {0}")]
    Accounts(#[from] AccountsError),
    /// It does not come to what the settlement comes to.
    #[error(
        "the journal does not agree with the settlement: {0}; nothing is written, calculate the settlement again"
    )]
    Differs(String),
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Accounts(_) => "journal_accounts",
            Self::Differs(_) => "journal_differs",
        }
    }
}

/// A month's journal, as known when.
#[derive(Debug, Clone, Copy)]
pub struct Of {
    /// The month.
    pub period: Period,
    /// As known at this moment; none: now.
    pub known_at: Option<Instant>,
}

/// Writes the journal of a month that was calculated.
///
/// Refused, in this order: a person who sees only a part of the network; a moment that has not come; accounts that cannot be
/// booked to; a month that was not calculated.
pub fn journal<W: Write>(
    desk: &mut Desk,
    accounts: &Accounts,
    of: Of,
    format: Format,
    out: W,
) -> Result<Written, ControlError> {
    let scope = desk.scope();
    if !scope.is_whole() {
        return Err(ControlError::NotFound("settlement"));
    }
    let (period, known_at) = (of.period, known::asked(desk, of.known_at)?);
    let tenant = desk.tenant.clone();
    let (zone, currency) = (ground::zone(&tenant)?, ground::currency(&tenant)?);
    let (vouchers, settled, status) = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        tx.as_known_at(known_at);
        let standing = settlements::standing(tx, period)?;
        let status = standing.ok_or(ControlError::NotCalculated(period))?.status;
        checked(tx, &tenant, accounts)?;
        let lines = settlements::lines(tx, period, Some(status))?;
        Ok::<_, ControlError>((read(tx, period, accounts)?, lines, status))
    })?;
    let control = Control::of(&vouchers);
    agree(&control, &settled, currency)?;
    let names = settled.into_iter().map(|line| ((line.party_kind, line.party), line.name)).collect();
    let journal = Sheet { period, accounts, currency, zone: &zone, names, vouchers: &vouchers, control };
    match format {
        Format::Csv { bom } => journal.rows(OutFormat::Csv { bom }, out)?,
        Format::Xlsx => {
            let created = zone.midnight(period.first_day());
            journal.rows(OutFormat::Xlsx { sheet: "journal", created }, out)?;
        }
        Format::Xml => {
            let head = Head {
                code: &tenant.code,
                name: &tenant.name,
                period,
                currency,
                word: &accounts.word,
                program: concat!("farsight ", env!("CARGO_PKG_VERSION")),
            };
            let name = |voucher: &Voucher| journal.name(voucher).to_owned();
            vouchers::write_xml(out, head, &vouchers, name, |voucher, line| journal.summary(voucher, line))?;
        }
    }
    let show = |amount| currency.show(amount).to_string();
    let written = Written {
        period: period.to_string(),
        status: status.name(),
        vouchers: vouchers.len(),
        lines: vouchers.iter().map(|voucher| voucher.lines.len()).sum(),
        entries: control.entries,
        debit: show(control.debit),
        penalties: show(control.penalties),
        incentives: show(control.incentives),
        reversals: show(control.reversals),
        net: show(control.net()),
    };
    let detail = serde_json::to_value(&written).unwrap_or_default();
    export::note(desk, "journal", detail, (&zone, known_at))?;
    Ok(written)
}

/// Refuses accounts that cannot be booked to, and clauses that are neither in this tenant's policies nor in those that ship.
fn checked(tx: &mut Tx, tenant: &Tenant, accounts: &Accounts) -> Result<(), ControlError> {
    let own = ground::timeline(tx, tenant)?;
    let shipped = policies::shipped()?;
    let policies = shipped.iter().chain(own.versions().iter().map(|version| &*version.policy));
    let clauses = policies.flat_map(|policy| policy.clauses()).map(|clause| clause.name.to_string());
    // One table serves an installation: another manufacturer's own rules are not this one's to know.
    let of_others = accounts.clauses.keys().filter(|name| name.starts_with("custom.")).cloned();
    let known: BTreeSet<String> = clauses.chain(of_others).collect();
    accounts.check(&known).map_err(Refusal::Accounts)?;
    Ok(())
}

fn read(tx: &mut Tx, period: Period, accounts: &Accounts) -> Result<Vec<Voucher>, ControlError> {
    let mut journal = Journal::default();
    ledger::each(tx, Some(period), |entry| {
        journal.add(Booked {
            kind: entry.terms.party_kind,
            party: &entry.terms.party,
            clause: &entry.terms.clause,
            reversal: entry.reverses.is_some(),
            amount: entry.terms.amount,
        });
    })?;
    Ok(journal.vouchers(accounts))
}

/// Debits are credits, and the journal comes to what the settlement comes to.
fn agree(control: &Control, settled: &[Settled], currency: Currency) -> Result<(), ControlError> {
    let sum = |of: fn(&Settled) -> Money| settled.iter().map(of).sum::<Money>();
    let expected = Control {
        penalties: sum(|line| line.penalties),
        incentives: sum(|line| line.incentives),
        reversals: sum(|line| line.reversals),
        entries: settled.iter().map(|line| line.entries).sum(),
        debit: control.credit,
        credit: control.credit,
    };
    if *control == expected {
        return Ok(());
    }
    let (journal, settlement) = (currency.show(control.net()), currency.show(expected.net()));
    Err(Refusal::Differs(format!(
        "{journal} in {} entries against {settlement} in {}, debits {} and credits {}",
        control.entries,
        expected.entries,
        currency.show(control.debit),
        currency.show(control.credit)
    ))
    .into())
}

struct Sheet<'s> {
    period: Period,
    accounts: &'s Accounts,
    currency: Currency,
    zone: &'s Zone,
    names: HashMap<(String, String), String>,
    vouchers: &'s [Voucher],
    control: Control,
}

const fn column(name: &'static str, kind: OutKind) -> OutColumn {
    OutColumn { name, kind }
}

const COLUMNS: [OutColumn; 18] = [
    column("record", OutKind::Text),
    column("period", OutKind::Text),
    column("word", OutKind::Text),
    column("voucher", OutKind::Count),
    column("line", OutKind::Count),
    column("posted_on", OutKind::Date),
    column("party_kind", OutKind::Text),
    column("party_code", OutKind::Text),
    column("party_name", OutKind::Text),
    column("summary", OutKind::Text),
    column("clause", OutKind::Text),
    column("account_code", OutKind::Text),
    column("account_name", OutKind::Text),
    column("debit", OutKind::Amount),
    column("credit", OutKind::Amount),
    column("currency", OutKind::Text),
    column("settled", OutKind::Amount),
    column("entries", OutKind::Count),
];

impl Sheet<'_> {
    fn name(&self, voucher: &Voucher) -> &str {
        let key = (voucher.kind.name().to_owned(), voucher.party.clone());
        self.names.get(&key).map_or("", String::as_str)
    }

    /// What a line is about, for whoever reads the voucher: vouchers are Chinese bookkeeping.
    fn summary(&self, voucher: &Voucher, line: &Line) -> String {
        let what = if line.reversal { "红字冲销" } else { "结算" };
        format!("{} {what} {} {}", self.period, voucher.party, line.clause)
    }

    fn rows<W: Write>(&self, format: OutFormat<'_>, out: W) -> Result<(), ControlError> {
        let workbook = matches!(format, OutFormat::Xlsx { .. });
        let mut writer = Writer::new(out, format, &COLUMNS, self.zone)?;
        for voucher in self.vouchers {
            for (number, line) in (1..).zip(&voucher.lines) {
                writer.row(&self.row(
                    voucher,
                    (number, line),
                    &self.summary(voucher, line),
                    &self.period.to_string(),
                ))?;
            }
        }
        if !workbook {
            for total in self.totals() {
                writer.row(&self.total(total, &self.period.to_string()))?;
            }
        }
        let money = |amount| OutCell::Decimal(self.currency.show(amount));
        let mut summary = vec![
            ("vouchers", OutCell::Count(self.vouchers.len() as i64)),
            ("entries", OutCell::Count(self.control.entries)),
        ];
        summary.extend([("debit", money(self.control.debit)), ("credit", money(self.control.credit))]);
        summary.extend(self.totals().map(|(name, amount)| (name, money(amount))));
        writer.finish(&summary)?;
        Ok(())
    }

    fn row<'r>(
        &'r self,
        voucher: &'r Voucher,
        (number, line): (i64, &'r Line),
        summary: &'r str,
        period: &'r str,
    ) -> [OutCell<'r>; 18] {
        let money = |amount: Option<Money>| {
            amount.map_or(OutCell::Empty, |amount| OutCell::Decimal(self.currency.show(amount)))
        };
        [
            OutCell::Text("line"),
            OutCell::Text(period),
            OutCell::Text(&self.accounts.word),
            OutCell::Count(i64::from(voucher.number)),
            OutCell::Count(number),
            OutCell::Date(self.period.last_day()),
            OutCell::Text(voucher.kind.name()),
            OutCell::Text(&voucher.party),
            OutCell::Text(self.name(voucher)),
            OutCell::Text(summary),
            OutCell::Text(&line.clause),
            OutCell::Text(&line.account.code),
            OutCell::Text(&line.account.name),
            money(line.debit),
            money(line.credit),
            OutCell::Text(self.currency.code()),
            money(line.settled),
            if line.settled.is_some() { OutCell::Count(line.entries) } else { OutCell::Empty },
        ]
    }

    /// What the settlement comes to, by its parts.
    fn totals(&self) -> [(&'static str, Money); 4] {
        let Control { penalties, incentives, reversals, .. } = self.control;
        [
            ("penalties", penalties),
            ("incentives", incentives),
            ("reversals", reversals),
            ("net", self.control.net()),
        ]
    }

    /// A control row: its amount in `settled`, and with the net all debits, credits and entries.
    fn total<'r>(&'r self, (name, amount): (&'r str, Money), period: &'r str) -> [OutCell<'r>; 18] {
        let money = |amount| OutCell::Decimal(self.currency.show(amount));
        let mut row = [OutCell::Empty; 18];
        row[0] = OutCell::Text("control");
        row[1] = OutCell::Text(period);
        row[9] = OutCell::Text(name);
        row[15] = OutCell::Text(self.currency.code());
        row[16] = money(amount);
        if name == "net" {
            row[13] = money(self.control.debit);
            row[14] = money(self.control.credit);
            row[17] = OutCell::Count(self.control.entries);
        }
        row
    }
}
