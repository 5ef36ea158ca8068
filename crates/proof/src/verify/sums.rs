//! Entries, settlement and statement add up alike.

use std::collections::BTreeMap;

use farsight_rulebook::money::Money;

use super::{Books, Verification};
use crate::books::Entry;
use crate::fault::{Fault, What};
use crate::manifest::Totals;
use crate::names;

/// What a party's month comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    penalties: Money,
    incentives: Money,
    reversals: Money,
    entries: i64,
}

impl Sum {
    fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        let part = match (entry.reverses, entry.amount.0) {
            (Some(_), _) => &mut self.reversals,
            (None, ..0) => &mut self.penalties,
            (None, _) => &mut self.incentives,
        };
        *part = *part + entry.amount;
    }

    fn net(self) -> Money {
        self.penalties + self.incentives + self.reversals
    }

    fn shown(self, work: &Verification, parties: usize) -> Totals {
        let show = |amount| work.currency.show(amount).to_string();
        Totals {
            parties,
            entries: self.entries,
            penalties: show(self.penalties),
            incentives: show(self.incentives),
            reversals: show(self.reversals),
            net: show(self.net()),
        }
    }
}

fn told(totals: &Totals) -> String {
    let Totals { parties, entries, penalties, incentives, reversals, net } = totals;
    let parties = if *parties > 1 { format!("{parties} parties, ") } else { String::new() };
    format!(
        "{parties}{entries} entries: penalties {penalties}, incentives {incentives}, reversals {reversals}, net {net}"
    )
}

/// The columns of a settlement (formats, section 3).
const COLUMNS: [&str; 13] = [
    "period",
    "party_kind",
    "party_code",
    "name",
    "region_code",
    "penalties",
    "incentives",
    "reversals",
    "net",
    "entries",
    "status",
    "approved_by",
    "locked_at",
];

pub(super) fn verify(work: &mut Verification, books: &Books) {
    let period = work.manifest.statement.period.clone();
    let mut sums: BTreeMap<(String, String), Sum> = BTreeMap::new();
    let mut whole = Sum::default();
    for entry in books.entries.values() {
        if entry.period != period {
            let fault = Fault::of(What::SumDiffers, names::ENTRIES, period.as_str(), entry.period.as_str());
            work.fault(fault.entry(entry.id));
        }
        sums.entry((entry.party_kind.clone(), entry.party.clone())).or_default().add(entry);
        whole.add(entry);
    }
    let totals = whole.shown(work, sums.len());
    let stated = work.manifest.statement.totals.clone();
    if totals != stated {
        let (expected, found) = (told(&totals), told(&stated));
        work.fault(Fault::of(What::SumDiffers, names::MANIFEST, expected, found));
    }
    lines(work, sums);
}

/// Each line of the settlement is what its party's entries come to.
fn lines(work: &mut Verification, mut sums: BTreeMap<(String, String), Sum>) {
    let Some(content) = work.read(names::SETTLEMENT) else { return };
    let mut csv = csv::Reader::from_reader(content.as_slice());
    if !csv.headers().is_ok_and(|header| header == COLUMNS.as_slice()) {
        work.unreadable(names::SETTLEMENT, "its columns are not those of `farsight export settlement`");
        return;
    }
    for record in csv.into_deserialize::<BTreeMap<String, String>>() {
        let row = match record {
            Ok(row) => row,
            Err(why) => {
                work.unreadable(names::SETTLEMENT, &why.to_string());
                return;
            }
        };
        let cell = |name: &str| row.get(name).map_or("", String::as_str);
        let party = crate::books::unguarded(cell("party_code")).to_owned();
        let found = Totals {
            parties: 1,
            entries: cell("entries").parse().unwrap_or(-1),
            penalties: cell("penalties").to_owned(),
            incentives: cell("incentives").to_owned(),
            reversals: cell("reversals").to_owned(),
            net: cell("net").to_owned(),
        };
        let sum = sums.remove(&(cell("party_kind").to_owned(), party.clone())).unwrap_or_default();
        let expected = sum.shown(work, 1);
        let statement = &work.manifest.statement;
        let placed = (cell("period"), cell("status")) == (&statement.period, &statement.status);
        if expected != found || !placed {
            let told = |totals: &Totals, period: &str, status: &str| {
                format!("{party} {period} {status}, {}", told(totals))
            };
            let expected = told(&expected, &statement.period, &statement.status);
            let found = told(&found, cell("period"), cell("status"));
            work.fault(Fault::of(What::SumDiffers, names::SETTLEMENT, expected, found));
        }
    }
    for ((kind, party), sum) in sums {
        let expected = format!("{kind} {party}, {}", told(&sum.shown(work, 1)));
        work.fault(Fault::of(What::SumDiffers, names::SETTLEMENT, expected, "no line"));
    }
}
