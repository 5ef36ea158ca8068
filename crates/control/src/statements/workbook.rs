//! A statement as a workbook, for whoever files it: its lines, and what they come to.

use farsight_exchange::{OutCell, OutColumn, OutFormat, OutKind, Writer};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use jiff::civil::Date;

use super::{ShownLine, Statement, show};
use crate::{ControlError, Desk, ground};

const fn column(name: &'static str, kind: OutKind) -> OutColumn {
    OutColumn { name, kind }
}

const COLUMNS: [OutColumn; 14] = [
    column("entry_id", OutKind::Count),
    column("occurred_on", OutKind::Date),
    column("origin_period", OutKind::Text),
    column("part", OutKind::Text),
    column("cause", OutKind::Text),
    column("clause", OutKind::Text),
    column("policy_version", OutKind::Count),
    column("subject", OutKind::Text),
    column("amount", OutKind::Amount),
    column("kind", OutKind::Text),
    column("reverses", OutKind::Count),
    column("disputed", OutKind::Text),
    column("reason", OutKind::Text),
    column("reply", OutKind::Text),
];

/// A dealer's statement of a month that was calculated, as a workbook: the month's own lines, then what settles earlier
/// months; on the second sheet the sums, the state, and the audit chain's head. Told at the month's first moment, so that
/// the same statement is the same file.
pub fn workbook(desk: &mut Desk, period: Period, dealer: &str) -> Result<Vec<u8>, ControlError> {
    let statement = show(desk, period, dealer)?;
    let (zone, currency) = (ground::zone(&desk.tenant)?, ground::currency(&desk.tenant)?);
    let created = zone.midnight(period.first_day());
    let format = OutFormat::Xlsx { sheet: "statement", created };
    let mut writer = Writer::new(Vec::new(), format, &COLUMNS, &zone)?;
    let money = |amount| OutCell::Decimal(currency.show(Money(amount)));
    let own = statement.lines.iter().map(|line| ("month", line));
    for (part, line) in own.chain(statement.adjustments.iter().map(|line| ("adjustment", line))) {
        writer.row(&row(part, line, money(line.line.amount)))?;
    }
    let Statement { head, own_net, adjusted_net, audit_head, .. } = &statement;
    Ok(writer.finish(&[
        ("tenant", OutCell::Text(&desk.tenant.name)),
        ("period", OutCell::Text(&head.period)),
        ("dealer", OutCell::Text(&head.dealer)),
        ("name", OutCell::Text(&head.name)),
        ("region", OutCell::Text(&head.region)),
        ("currency", OutCell::Text(currency.code())),
        ("penalties", money(head.penalties)),
        ("incentives", money(head.incentives)),
        ("reversals", money(head.reversals)),
        ("net", money(head.net)),
        ("entries", OutCell::Count(head.entries)),
        ("net of the month", money(*own_net)),
        ("net of adjustments", money(*adjusted_net)),
        ("status", OutCell::Text(&head.status)),
        ("statement", OutCell::Text(&head.state)),
        ("audit head", OutCell::Text(audit_head.as_deref().unwrap_or_default())),
    ])?)
}

fn row<'r>(part: &'r str, shown: &'r ShownLine, amount: OutCell<'r>) -> [OutCell<'r>; 14] {
    let line = &shown.line;
    let text = |text: &'r Option<String>| OutCell::Text(text.as_deref().unwrap_or_default());
    [
        OutCell::Count(line.entry),
        line.occurred_on.parse::<Date>().map_or(OutCell::Empty, OutCell::Date),
        OutCell::Text(&line.origin),
        OutCell::Text(part),
        OutCell::Text(if line.adjusts { &line.cause } else { "" }),
        OutCell::Text(&line.clause),
        OutCell::Count(i64::from(line.version)),
        OutCell::Text(&line.subject),
        amount,
        OutCell::Text(&line.kind),
        line.reverses.map_or(OutCell::Empty, OutCell::Count),
        OutCell::Text(if line.disputed { "yes" } else { "" }),
        text(&line.reason),
        text(&line.reply),
    ]
}
