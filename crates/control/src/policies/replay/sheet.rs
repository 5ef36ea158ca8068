//! A replay as a sheet: one row a file and clause, region or dealer, with the totals first.

use std::collections::BTreeMap;
use std::io::Write;

use farsight_exchange::{OutCell, OutColumn, OutFormat, OutKind, Writer};
use farsight_rulebook::money::Currency;

use super::{Pair, Replayed};
use crate::{ControlError, Desk, ground};

const COLUMNS: [OutColumn; 13] = [
    text("policy"),
    text("file"),
    text("of"),
    text("code"),
    amount("penalties_in_force"),
    amount("incentives_in_force"),
    count("charges_in_force"),
    amount("penalties_replayed"),
    amount("incentives_replayed"),
    count("charges_replayed"),
    amount("difference"),
    count("appear"),
    count("vanish"),
];

const fn text(name: &'static str) -> OutColumn {
    OutColumn { name, kind: OutKind::Text }
}

const fn amount(name: &'static str) -> OutColumn {
    OutColumn { name, kind: OutKind::Amount }
}

const fn count(name: &'static str) -> OutColumn {
    OutColumn { name, kind: OutKind::Count }
}

/// Writes a replay as CSV; gives how many rows it has.
pub fn write<W: Write>(desk: &Desk, replayed: &[Replayed], out: W) -> Result<u64, ControlError> {
    let (zone, currency) = (ground::zone(&desk.tenant)?, ground::currency(&desk.tenant)?);
    let mut writer = Writer::new(out, OutFormat::Csv { bom: false }, &COLUMNS, &zone)?;
    let mut rows = 0;
    for one in replayed {
        let total = std::iter::once(("total", "", &one.total));
        let all = total
            .chain(named("clause", &one.clauses))
            .chain(named("region", &one.regions))
            .chain(named("dealer", &one.dealers));
        for (of, code, pair) in all {
            writer.row(&row(currency, (&one.policy, &one.file), (of, code), pair))?;
            rows += 1;
        }
    }
    writer.finish(&[])?;
    Ok(rows)
}

fn named<'m>(
    of: &'static str,
    map: &'m BTreeMap<String, Pair>,
) -> impl Iterator<Item = (&'static str, &'m str, &'m Pair)> {
    map.iter().map(move |(code, pair)| (of, code.as_str(), pair))
}

fn row<'r>(
    currency: Currency,
    (policy, file): (&'r str, &'r str),
    (of, code): (&'r str, &'r str),
    pair: &Pair,
) -> [OutCell<'r>; 13] {
    let money = |amount| OutCell::Decimal(currency.show(amount));
    let number = |count: u64| OutCell::Count(count as i64);
    [
        OutCell::Text(policy),
        OutCell::Text(file),
        OutCell::Text(of),
        OutCell::Text(code),
        money(pair.in_force.penalties),
        money(pair.in_force.incentives),
        number(pair.in_force.charges),
        money(pair.replayed.penalties),
        money(pair.replayed.incentives),
        number(pair.replayed.charges),
        money(pair.difference()),
        number(pair.appear),
        number(pair.vanish),
    ]
}
