//! Results out: entries, settlement, alerts, findings, compensation, staff.

use std::io::Write;

use farsight_exchange::{OutCell, OutColumn, OutFormat, OutKind, Writer};
use farsight_rulebook::checks::service_clock;
use farsight_rulebook::exact::hundredths;
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::period::{Period, Quarter};
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::ledger::Entry;
use farsight_store::session::Isolation;
use farsight_store::settlements::{self, Line, Standing};
use farsight_store::{Tx, alerts, ledger};

use crate::{ControlError, Desk, audit, evaluate, field_staff, ground, known};

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// The ledger.
    Entries,
    /// One row a period and party.
    Settlement,
    /// What people are to look at.
    Alerts,
    /// What the checks find.
    Findings,
    /// What dealers owe customers for late work.
    Compensation,
}

impl Report {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Settlement => "settlement",
            Self::Alerts => "alerts",
            Self::Findings => "findings",
            Self::Compensation => "compensation",
        }
    }
}

/// Of what it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Of {
    /// The month; none: all.
    pub period: Option<Period>,
    /// As known at this moment; none: now.
    pub known_at: Option<Instant>,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with or without a byte order mark.
    Csv {
        /// Whether Excel's mark comes first.
        bom: bool,
    },
    /// One JSON object a line.
    Ndjson,
    /// A workbook.
    Xlsx,
}

impl Format {
    const fn of_sheet(self, sheet: &'static str, created: Instant) -> OutFormat<'static> {
        match self {
            Self::Csv { bom } => OutFormat::Csv { bom },
            Self::Ndjson => OutFormat::Ndjson,
            Self::Xlsx => OutFormat::Xlsx { sheet, created },
        }
    }
}

/// Writes a result; gives how many rows it has. The same books give the same bytes, and so do those of a past moment,
/// whatever came since.
///
/// Refused: a moment that has not come.
pub fn export<W: Write>(
    desk: &mut Desk,
    what: Report,
    of: Of,
    format: Format,
    out: W,
) -> Result<u64, ControlError> {
    let (period, known_at) = (of.period, known::asked(desk, of.known_at)?);
    let zone = ground::zone(&desk.tenant)?;
    let currency = ground::currency(&desk.tenant)?;
    let scope = desk.scope();
    let (database, tenant) = (desk.database.clone(), desk.tenant.clone());
    let rows = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        tx.as_known_at(known_at);
        // A workbook tells a moment of its making: the month's first, not the clock's, so that it is made alike again.
        let created = period.map_or(Instant(0), |period| zone.midnight(period.first_day()));
        let format = format.of_sheet(what.name(), created);
        let mut sheet = Sheet {
            writer: Writer::new(out, format, columns(what), &zone)?,
            rows: 0,
            currency,
            total: Money::ZERO,
        };
        match what {
            Report::Entries => entries(tx, &mut sheet, period)?,
            Report::Settlement => settlement(tx, &mut sheet, period)?,
            Report::Alerts => every_alert(tx, &mut sheet, period)?,
            Report::Findings => findings(tx, &mut sheet, period, &database, &tenant)?,
            Report::Compensation => compensation(tx, &mut sheet, period, &database, &tenant)?,
        }
        sheet.finish(&tenant.code, period)
    })?;
    let detail = serde_json::json!({ "period": period.map(|p| p.to_string()), "rows": rows });
    note(desk, what.name(), detail, (&zone, known_at))?;
    Ok(rows)
}

/// Writes down what was taken away, and as known when, where that was not now.
pub(crate) fn note(
    desk: &mut Desk,
    what: &str,
    mut detail: serde_json::Value,
    (zone, known_at): (&Zone, Option<Instant>),
) -> Result<(), ControlError> {
    if let Some(at) = known_at {
        detail["known_at"] = zone.rfc3339(at).into();
    }
    audit::note(desk, "books.export", what, &detail)
}

struct Sheet<W: Write> {
    writer: Writer<W>,
    rows: u64,
    currency: Currency,
    total: Money,
}

impl<W: Write> Sheet<W> {
    fn row(&mut self, cells: &[OutCell]) -> Result<(), ControlError> {
        self.rows += 1;
        Ok(self.writer.row(cells)?)
    }

    fn money<'a>(&self, amount: Money) -> OutCell<'a> {
        OutCell::Decimal(self.currency.show(amount))
    }

    fn finish(self, tenant: &str, period: Option<Period>) -> Result<u64, ControlError> {
        let period = period.map_or_else(|| "all".to_owned(), |period| period.to_string());
        let total = OutCell::Decimal(self.currency.show(self.total));
        self.writer.finish(&[
            ("tenant", OutCell::Text(tenant)),
            ("period", OutCell::Text(&period)),
            ("currency", OutCell::Text(self.currency.code())),
            ("rows", OutCell::Count(self.rows as i64)),
            ("total", total),
        ])?;
        Ok(self.rows)
    }
}

const fn column(name: &'static str, kind: OutKind) -> OutColumn {
    OutColumn { name, kind }
}

const fn text(name: &'static str) -> OutColumn {
    column(name, OutKind::Text)
}

fn columns(what: Report) -> &'static [OutColumn] {
    const ENTRIES: [OutColumn; 17] = [
        column("entry_id", OutKind::Count),
        text("period"),
        text("origin_period"),
        text("party_kind"),
        text("party_code"),
        text("seat"),
        text("dealer_code"),
        text("region_code"),
        text("check"),
        text("clause"),
        text("subject"),
        column("occurred_on", OutKind::Date),
        column("amount", OutKind::Amount),
        text("kind"),
        column("reverses", OutKind::Count),
        column("policy_version", OutKind::Count),
        column("posted_at", OutKind::Instant),
    ];
    const SETTLEMENT: [OutColumn; 13] = [
        text("period"),
        text("party_kind"),
        text("party_code"),
        text("name"),
        text("region_code"),
        column("penalties", OutKind::Amount),
        column("incentives", OutKind::Amount),
        column("reversals", OutKind::Amount),
        column("net", OutKind::Amount),
        column("entries", OutKind::Count),
        text("status"),
        text("approved_by"),
        column("locked_at", OutKind::Instant),
    ];
    const ALERTS: [OutColumn; 9] = [
        text("check"),
        text("clause"),
        text("subject"),
        text("dealer_code"),
        text("severity"),
        text("status"),
        column("opened_at", OutKind::Instant),
        text("acknowledged_by"),
        column("resolved_at", OutKind::Instant),
    ];
    const FINDINGS: [OutColumn; 7] = [
        text("check"),
        text("clause"),
        text("subject"),
        text("dealer_code"),
        column("occurred_on", OutKind::Date),
        column("amount", OutKind::Amount),
        column("detail", OutKind::Json),
    ];
    const COMPENSATION: [OutColumn; 6] = [
        text("work_order_id"),
        text("dealer_code"),
        column("occurred_on", OutKind::Date),
        column("promised_at", OutKind::Instant),
        column("completed_at", OutKind::Instant),
        column("owed", OutKind::Amount),
    ];
    match what {
        Report::Entries => &ENTRIES,
        Report::Settlement => &SETTLEMENT,
        Report::Alerts => &ALERTS,
        Report::Findings => &FINDINGS,
        Report::Compensation => &COMPENSATION,
    }
}

/// Writing can fail in the middle of a stream of rows: the first failure is kept and the rest passed over.
pub(crate) fn keep_first(
    failure: &mut Option<ControlError>,
    step: impl FnOnce() -> Result<(), ControlError>,
) {
    if failure.is_none()
        && let Err(error) = step()
    {
        *failure = Some(error);
    }
}

fn entries<W: Write>(tx: &mut Tx, sheet: &mut Sheet<W>, period: Option<Period>) -> Result<(), ControlError> {
    let mut failure = None;
    ledger::each(tx, period, |entry| keep_first(&mut failure, || entry_row(sheet, &entry)))?;
    failure.map_or(Ok(()), Err)
}

fn entry_row<W: Write>(sheet: &mut Sheet<W>, entry: &Entry) -> Result<(), ControlError> {
    let (in_period, origin) = (entry.period.to_string(), entry.origin_period.to_string());
    let terms = &entry.terms;
    sheet.total = sheet.total + terms.amount;
    let amount = sheet.money(terms.amount);
    sheet.row(&[
        OutCell::Count(entry.id),
        OutCell::Text(&in_period),
        OutCell::Text(&origin),
        OutCell::Text(terms.party_kind.name()),
        OutCell::Text(&terms.party),
        OutCell::Text(entry.seat.name()),
        OutCell::Text(&terms.dealer),
        OutCell::Text(&entry.region),
        OutCell::Text(&entry.check),
        OutCell::Text(&terms.clause),
        OutCell::Text(&entry.subject),
        OutCell::Date(terms.occurred_on),
        amount,
        OutCell::Text(if entry.reverses.is_some() { "reversal" } else { "charge" }),
        entry.reverses.map_or(OutCell::Empty, OutCell::Count),
        OutCell::Count(i64::from(entry.version)),
        OutCell::Instant(entry.posted_at),
    ])
}

/// A month's settlement as CSV, the very bytes of the export.
pub(crate) fn settlement_csv<W: Write>(
    tx: &mut Tx,
    (zone, currency): (&Zone, Currency),
    period: Period,
    out: W,
) -> Result<(), ControlError> {
    let writer = Writer::new(out, OutFormat::Csv { bom: false }, columns(Report::Settlement), zone)?;
    let mut sheet = Sheet { writer, rows: 0, currency, total: Money::ZERO };
    settlement(tx, &mut sheet, Some(period))?;
    sheet.finish("", Some(period))?;
    Ok(())
}

/// Some entries as CSV, as they are exported.
pub(crate) fn entries_csv<W: Write>(
    (zone, currency): (&Zone, Currency),
    entries: &[Entry],
    out: W,
) -> Result<(), ControlError> {
    let writer = Writer::new(out, OutFormat::Csv { bom: false }, columns(Report::Entries), zone)?;
    let mut sheet = Sheet { writer, rows: 0, currency, total: Money::ZERO };
    entries.iter().try_for_each(|entry| entry_row(&mut sheet, entry))?;
    sheet.finish("", None)?;
    Ok(())
}

fn settlement<W: Write>(
    tx: &mut Tx,
    sheet: &mut Sheet<W>,
    period: Option<Period>,
) -> Result<(), ControlError> {
    let periods = match period {
        Some(period) => vec![period],
        None => settlements::periods(tx)?,
    };
    for period in periods {
        let standing = settlements::standing(tx, period)?;
        let status = standing.as_ref().map(|standing| standing.status);
        for line in settlements::lines(tx, period, status)? {
            settlement_row(sheet, &line, standing.as_ref())?;
        }
    }
    Ok(())
}

fn settlement_row<W: Write>(
    sheet: &mut Sheet<W>,
    line: &Line,
    standing: Option<&Standing>,
) -> Result<(), ControlError> {
    let period = line.period.to_string();
    sheet.total = sheet.total + line.net();
    let status = standing.map_or("open", |standing| standing.status.name());
    let approved_by = standing.and_then(|standing| standing.approved_by.as_deref()).unwrap_or_default();
    let locked_at = standing.and_then(|standing| standing.locked_at);
    let (penalties, incentives, reversals) =
        (sheet.money(line.penalties), sheet.money(line.incentives), sheet.money(line.reversals));
    let net = sheet.money(line.net());
    sheet.row(&[
        OutCell::Text(&period),
        OutCell::Text(&line.party_kind),
        OutCell::Text(&line.party),
        OutCell::Text(&line.name),
        OutCell::Text(&line.region),
        penalties,
        incentives,
        reversals,
        net,
        OutCell::Count(line.entries),
        OutCell::Text(status),
        OutCell::Text(approved_by),
        locked_at.map_or(OutCell::Empty, OutCell::Instant),
    ])
}

/// Alerts of a period are those whose finding occurred in it.
fn every_alert<W: Write>(
    tx: &mut Tx,
    sheet: &mut Sheet<W>,
    period: Option<Period>,
) -> Result<(), ControlError> {
    let mut failure = None;
    alerts::each(tx, |alert| {
        if period.is_some_and(|period| Period::of(alert.occurred_on) != period) {
            return;
        }
        keep_first(&mut failure, || {
            sheet.row(&[
                OutCell::Text(&alert.check),
                OutCell::Text(&alert.clause),
                OutCell::Text(&alert.subject),
                OutCell::Text(&alert.dealer),
                OutCell::Text(&alert.severity),
                OutCell::Text(alert.status().name()),
                OutCell::Instant(alert.opened_at),
                OutCell::Text(alert.acknowledged_by.as_deref().unwrap_or_default()),
                alert.resolved_at.map_or(OutCell::Empty, OutCell::Instant),
            ])
        });
    })?;
    failure.map_or(Ok(()), Err)
}

/// What each check finds as of its latest run, from the facts known.
fn findings<W: Write>(
    tx: &mut Tx,
    sheet: &mut Sheet<W>,
    period: Option<Period>,
    database: &farsight_store::Database,
    tenant: &farsight_store::registry::Tenant,
) -> Result<(), ControlError> {
    let mut rows = evaluate::findings(tx, database, tenant, |_| true)?;
    rows.retain(|row| period.is_none_or(|period| Period::of(row.occurred_on) == period));
    rows.sort_by(|a, b| (&a.clause, &a.subject, &a.family).cmp(&(&b.clause, &b.subject, &b.family)));
    for row in rows {
        let detail = serde_json::from_str(&row.detail).unwrap_or(serde_json::Value::Null);
        sheet.total = sheet.total + row.amount;
        let amount = sheet.money(row.amount);
        sheet.row(&[
            OutCell::Text(row.check),
            OutCell::Text(row.clause),
            OutCell::Text(&row.subject),
            OutCell::Text(&row.dealer),
            OutCell::Date(row.occurred_on),
            amount,
            OutCell::Json(&detail),
        ])?;
    }
    Ok(())
}

/// What the detail of such a finding tells.
#[derive(serde::Deserialize)]
struct Owed {
    work_order: String,
    promised_at: jiff::Timestamp,
    completed_at: jiff::Timestamp,
    owed: String,
}

/// What is owed as of the service clock's latest run, by order.
fn compensation<W: Write>(
    tx: &mut Tx,
    sheet: &mut Sheet<W>,
    period: Option<Period>,
    database: &farsight_store::Database,
    tenant: &farsight_store::registry::Tenant,
) -> Result<(), ControlError> {
    let found = evaluate::findings(tx, database, tenant, |check| check == service_clock::NAME)?;
    let of_period = found.into_iter().filter(|row| {
        row.family == service_clock::COMPENSATION
            && period.is_none_or(|period| Period::of(row.occurred_on) == period)
    });
    let told = of_period.filter_map(|row| Some((serde_json::from_str::<Owed>(&row.detail).ok()?, row)));
    let mut told: Vec<_> = told.collect();
    told.sort_by(|(a, _), (b, _)| a.work_order.cmp(&b.work_order));
    let at = |at: jiff::Timestamp| OutCell::Instant(Instant(at.as_microsecond()));
    for (owed, row) in told {
        let amount = sheet.currency.parse(&owed.owed).unwrap_or_default();
        sheet.total = sheet.total + amount;
        let amount = sheet.money(amount);
        sheet.row(&[
            OutCell::Text(&owed.work_order),
            OutCell::Text(&row.dealer),
            OutCell::Date(row.occurred_on),
            at(owed.promised_at),
            at(owed.completed_at),
            amount,
        ])?;
    }
    Ok(())
}

/// Writes the scores of district managers in a quarter, as far as it has passed; gives how many rows there are.
///
/// Refused: a moment that has not come.
pub fn staff<W: Write>(
    desk: &mut Desk,
    quarter: Quarter,
    known_at: Option<Instant>,
    format: Format,
    out: W,
) -> Result<u64, ControlError> {
    const COLUMNS: [OutColumn; 2] = [text("person_code"), column("score", OutKind::Amount)];
    let zone = ground::zone(&desk.tenant)?;
    let tenant = desk.tenant.code.clone();
    let known_at = known::asked(desk, known_at)?;
    let mut scores = field_staff::scores(desk, quarter, known_at)?;
    scores.sort_by(|a, b| a.person.cmp(&b.person));
    let created = zone.midnight(quarter.first_day());
    let format = format.of_sheet("staff", created);
    let mut writer = Writer::new(out, format, &COLUMNS, &zone)?;
    for score in &scores {
        writer.row(&[OutCell::Text(&score.person), OutCell::Decimal(hundredths(score.score))])?;
    }
    let rows = scores.len() as u64;
    let period = quarter.to_string();
    writer.finish(&[
        ("tenant", OutCell::Text(&tenant)),
        ("period", OutCell::Text(&period)),
        ("rows", OutCell::Count(rows as i64)),
    ])?;
    let detail = serde_json::json!({ "period": period, "rows": rows });
    note(desk, "staff", detail, (&zone, known_at))?;
    Ok(rows)
}
