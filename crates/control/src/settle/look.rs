//! What a settlement looks like before a step is taken: its figures, what blocks it, whether its sums agree.
//!
//! Reads only kept figures and small tables: it costs the same for five dealers and five thousand.

use farsight_rulebook::period::Period;
use farsight_rulebook::time::{DAY, Instant};
use farsight_store::session::Isolation;
use farsight_store::settlements::{self, Change, LinesOf, Month, Part, PartyLine, Sum, Sums};
use farsight_store::statements::{self, InState};
use farsight_store::{Tx, slots, standings};
use serde::Serialize;

use super::surroundings;
use crate::choices::ByRegion;
use crate::{ControlError, Desk, ground};

/// A month in the list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Where it stands.
    #[serde(flatten)]
    pub month: Month,
    /// Days from the month's end to its being locked, or to now.
    pub days: i64,
    /// Whether it is over.
    pub over: bool,
}

/// A region's penalties against its incentives.
#[derive(Debug, Clone, Serialize)]
pub struct RegionSums {
    /// Its sums.
    #[serde(flatten)]
    pub sum: Sum,
    /// Its name; empty for persons.
    pub name: String,
    /// Penalties for each unit of incentives; none where nothing is earned.
    pub ratio: Option<f64>,
}

/// Whether what must be equal is equal.
#[derive(Debug, Clone, Serialize)]
pub struct Controls {
    /// The ledger's entries: sum in minor units, count.
    pub ledger: (i64, i64),
    /// The lines, as they are exported.
    pub lines: (i64, i64),
    /// Added up by clause.
    pub clauses: (i64, i64),
    /// Added up by region.
    pub regions: (i64, i64),
    /// Whether all four are the same.
    pub agree: bool,
}

/// A settlement, as a person looks at it.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    /// Its steps; none before it was calculated.
    pub month: Option<Listed>,
    /// The month.
    pub period: String,
    /// Whether it is over.
    pub over: bool,
    /// The earlier month that has to be locked first.
    pub locked_first: Option<String>,
    /// Checks that ran last before the month's end.
    pub behind: Vec<String>,
    /// Checks that have not seen every fact.
    pub unseen: Vec<String>,
    /// Jobs that were given up.
    pub gave_up: Vec<(String, i64)>,
    /// Lines disputed without a reply: a warning, no obstacle.
    pub disputes: i64,
    /// Entries appealed and not decided: a warning too.
    pub appeals: i64,
    /// Statements by state.
    pub states: Vec<InState>,
    /// Sums of dealers and persons.
    pub kinds: Vec<(Sum, i64)>,
    /// Sums by clause.
    pub clauses: Vec<Sum>,
    /// Sums by region.
    pub regions: Vec<RegionSums>,
    /// Whether the sums agree.
    pub controls: Controls,
    /// The largest differences, and how many there are.
    pub changes: Vec<Change>,
}

/// Differences shown beside a settlement; the list has them all.
const CHANGES_SHOWN: i64 = 12;

/// A settlement with all that a person needs to decide on its next step.
pub fn look(desk: &mut Desk, period: Period) -> Result<Look, ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    let over_at = ground::zone(&desk.tenant)?.end_of(period.last_day());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let month = settlements::of_month(tx, period)?.map(|month| listed(month, over_at, now));
        let around = surroundings(tx, period, over_at)?;
        let next = around.last_locked.map(Period::next).filter(|next| *next < period);
        let kinds = settlements::of_lines(tx, period)?;
        let Sums { clauses, regions } = settlements::sums(tx, period)?;
        let controls = controls(month.as_ref(), &kinds, &clauses, &regions);
        let shown = Part { sort: None, limit: CHANGES_SHOWN, offset: 0 };
        let (states, appeals) = statements::states(tx, period)?;
        Ok(Look {
            period: period.to_string(),
            over: over_at <= now,
            locked_first: next.or(around.open_before).map(|before| before.to_string()),
            behind: around.behind,
            unseen: around.unseen,
            gave_up: gave_up(tx)?,
            disputes: states.iter().map(|state| state.disputes).sum(),
            appeals,
            states,
            kinds,
            clauses,
            regions: regions.into_iter().map(balanced).collect(),
            controls,
            changes: settlements::changes(tx, period, shown)?,
            month,
        })
    })
}

fn gave_up(tx: &mut Tx) -> Result<Vec<(String, i64)>, ControlError> {
    let work = slots::workload(tx)?;
    Ok(work.into_iter().filter(|row| row.state == "gave-up").map(|row| (row.job, row.slots)).collect())
}

fn listed(month: Month, over_at: Instant, now: Instant) -> Listed {
    let until = month.locked_at.unwrap_or(now.0);
    Listed { days: (until - over_at.0).max(0) / DAY, over: over_at <= now, month }
}

fn controls(
    month: Option<&Listed>,
    kinds: &[(Sum, i64)],
    clauses: &[Sum],
    regions: &[(Sum, String)],
) -> Controls {
    let of = |sums: &mut dyn Iterator<Item = &Sum>| {
        sums.fold((0, 0), |(net, entries), sum| (net + sum.net, entries + sum.entries))
    };
    let ledger = month.map_or((0, 0), |listed| (listed.month.entry_sum, listed.month.entry_count));
    let lines = of(&mut kinds.iter().map(|(sum, _)| sum));
    let (clauses, regions) = (of(&mut clauses.iter()), of(&mut regions.iter().map(|(sum, _)| sum)));
    Controls {
        ledger,
        lines,
        clauses,
        regions,
        agree: ledger == lines && lines == clauses && clauses == regions,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio to look at; no sum is made of it")]
fn balanced((sum, name): (Sum, String)) -> RegionSums {
    let ratio = (sum.incentives > 0).then(|| sum.penalties.unsigned_abs() as f64 / sum.incentives as f64);
    RegionSums { sum, name, ratio }
}

/// Every month that was calculated, the latest first; and those that have entries but were not.
pub fn months(desk: &mut Desk) -> Result<(Vec<Listed>, Vec<String>), ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    let zone = ground::zone(&desk.tenant)?;
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let months = settlements::months(tx)?;
        let span = settlements::posted_span(tx)?.and_then(|(first, last)| {
            Some(first.parse::<Period>().ok()?.through(last.parse::<Period>().ok()?))
        });
        let locked = settlements::last_locked(tx)?;
        let settled = |period: &Period| months.iter().any(|month| month.period == period.to_string());
        let open = span
            .into_iter()
            .flatten()
            .filter(|period| !settled(period) && locked.is_none_or(|locked| locked < *period));
        let open: Vec<String> = open.map(|period| period.to_string()).collect();
        let over = |month: Month| {
            let period: Option<Period> = month.period.parse().ok();
            let over_at = period.map_or(now, |period| zone.end_of(period.last_day()));
            listed(month, over_at, now)
        };
        Ok((months.into_iter().map(over).collect(), open))
    })
}

/// Some lines of a month's settlement, how many there are, and the regions to choose from.
pub fn lines(
    desk: &mut Desk,
    period: Period,
    of: LinesOf,
    part: Part,
) -> Result<ByRegion<PartyLine>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let (rows, total) = settlements::party_lines(tx, period, of, part)?;
        Ok(ByRegion { rows, total, regions: standings::regions(tx)? })
    })
}

/// The differences of a month's settlement, and how many there are.
pub fn changes(desk: &mut Desk, period: Period, part: Part) -> Result<Vec<Change>, ControlError> {
    let scope = desk.scope();
    desk.session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok(settlements::changes(tx, period, part)?))
}
