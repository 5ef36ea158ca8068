//! The morning board: what somebody who leads dealers looks at first. One look at precomputed figures.

use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{HOUR, Instant};
use farsight_store::board::{self, Away, Clock};
use farsight_store::figures::{self, RegionMonth};
use farsight_store::session::Isolation;
use farsight_store::standings::{self, Dot};
use farsight_store::visits::{Kind, State};
use jiff::civil::Date;

use crate::{ControlError, Desk, ground};

/// Months of the strip, the running one included.
const MONTHS: i32 = 12;
/// A clock that runs out within these hours is shown.
const SOON_HOURS: i64 = 48;
/// So many clocks and cameras are shown.
const MOST: i64 = 12;
/// Over so many locked months the days to settle are told.
const SETTLED: i64 = 12;

/// How the day's visits of a kind stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// All of them.
    pub planned: i64,
    /// With something to inspect.
    pub inspectable: i64,
    /// That saw nothing.
    pub not_visible: i64,
    /// Still to be made.
    pub waiting: i64,
}

/// Penalties and incentives of a region in the last whole year of months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// Charges below zero.
    pub penalties: Money,
    /// Charges above zero.
    pub incentives: Money,
    /// What was taken back.
    pub reversals: Money,
}

/// The board.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// When its figures were worked out; none: they are still to be.
    pub figures_at: Option<Instant>,
    /// The day.
    pub today: Date,
    /// The months, oldest first, the running one last: sums of what is in sight.
    pub months: Vec<RegionMonth>,
    /// Penalties and incentives by region.
    pub balances: Vec<Balance>,
    /// The dealers, the most severe last.
    pub dots: Vec<Dot>,
    /// The day's draw.
    pub draw: Progress,
    /// The day's follow-ups.
    pub follow_ups: Progress,
    /// How many clocks run out soon.
    pub clocks_total: i64,
    /// The first of them.
    pub clocks: Vec<Clock>,
    /// How many cameras give no picture.
    pub away_total: i64,
    /// Those away the longest.
    pub away: Vec<Away>,
    /// Feeds that are silent, by table.
    pub silent_feeds: Vec<String>,
    /// Days from a month's end to its lock: on average in tenths, and the slowest; over so many months.
    pub settling: Option<Settling>,
}

/// How long the manufacturer takes to settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settling {
    /// Over so many months.
    pub months: i64,
    /// All their days together.
    pub days: i64,
    /// The slowest.
    pub slowest_days: i64,
}

/// The board of what the desk sees.
pub fn board(desk: &mut Desk) -> Result<Board, ControlError> {
    let (scope, now, zone) = (desk.scope(), desk.now, ground::zone(&desk.tenant)?);
    let today = zone.date(now);
    let running = Period::of(today);
    let first = Period::from_number(running.number() - MONTHS + 1).unwrap_or(running);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let mark = figures::mark(tx)?;
        let rows = figures::of_regions(tx, first)?;
        let visits = board::visits(tx, today)?;
        let (clocks_total, clocks) = board::clocks(tx, now, Instant(now.0 + SOON_HOURS * HOUR), None, MOST)?;
        let (away_total, away) = board::cameras_away(tx, MOST)?;
        let locked = board::locked_at(tx, SETTLED)?;
        let regions = standings::regions(tx)?;
        Ok(Board {
            figures_at: mark.as_ref().map(|mark| mark.refreshed_at),
            today,
            months: sums(&rows),
            balances: balances(&rows, &regions),
            dots: standings::dots(tx)?,
            draw: progress(&visits, Kind::Draw),
            follow_ups: progress(&visits, Kind::FollowUp),
            clocks_total,
            clocks,
            away_total,
            away,
            silent_feeds: mark.map(|mark| mark.silent_feeds).unwrap_or_default(),
            settling: settling(&locked, |at| zone.date(at)),
        })
    })
}

/// A month of several regions as one: the network's own row where it is in sight.
fn sums(rows: &[RegionMonth]) -> Vec<RegionMonth> {
    let sees_network = rows.iter().any(|row| row.region.is_empty());
    let of_month = |month: &[RegionMonth]| {
        let mut parts = month.iter().filter(|row| row.region.is_empty() == sees_network);
        let first = parts.next().cloned();
        first.map(|first| parts.fold(first, added))
    };
    rows.chunk_by(|a, b| a.month == b.month).filter_map(of_month).collect()
}

fn added(mut sum: RegionMonth, row: &RegionMonth) -> RegionMonth {
    sum.region.clear();
    for (total, part) in [
        (&mut sum.dealers, row.dealers),
        (&mut sum.base_customers, row.base_customers),
        (&mut sum.bays, row.bays),
        (&mut sum.inspections, row.inspections),
        (&mut sum.passed, row.passed),
        (&mut sum.failed, row.failed),
        (&mut sum.complaints, row.complaints),
        (&mut sum.replies_late, row.replies_late),
        (&mut sum.closings_late, row.closings_late),
        (&mut sum.complaints_open, row.complaints_open),
        (&mut sum.complaints_overdue, row.complaints_overdue),
        (&mut sum.waiting, row.waiting),
        (&mut sum.waits, row.waits),
        (&mut sum.waited_minutes, row.waited_minutes),
        (&mut sum.covered, row.covered),
        (&mut sum.required, row.required),
    ] {
        *total += part;
    }
    sum.penalties = sum.penalties + row.penalties;
    sum.incentives = sum.incentives + row.incentives;
    sum.reversals = sum.reversals + row.reversals;
    sum
}

fn balances(rows: &[RegionMonth], names: &[(String, String)]) -> Vec<Balance> {
    let mut balances: Vec<Balance> = Vec::new();
    for row in rows.iter().filter(|row| !row.region.is_empty()) {
        let place = balances.iter().position(|balance| balance.region == row.region);
        let place = place.unwrap_or_else(|| {
            let named = names.iter().find(|(code, _)| *code == row.region);
            let name = named.map_or_else(|| row.region.clone(), |(_, name)| name.clone());
            let zero = Money::ZERO;
            balances.push(Balance {
                region: row.region.clone(),
                name,
                penalties: zero,
                incentives: zero,
                reversals: zero,
            });
            balances.len() - 1
        });
        let balance = &mut balances[place];
        balance.penalties = balance.penalties + row.penalties;
        balance.incentives = balance.incentives + row.incentives;
        balance.reversals = balance.reversals + row.reversals;
    }
    balances.sort_by(|a, b| a.region.cmp(&b.region));
    balances
}

fn progress(visits: &[(Kind, State, i64)], kind: Kind) -> Progress {
    let of =
        |state| visits.iter().filter(|(k, s, _)| (*k, *s) == (kind, state)).map(|(.., count)| count).sum();
    let (inspectable, not_visible, waiting): (i64, i64, i64) =
        (of(State::Inspectable), of(State::NotVisible), of(State::Waiting));
    Progress { planned: inspectable + not_visible + waiting, inspectable, not_visible, waiting }
}

fn settling(locked: &[(Period, Instant)], date: impl Fn(Instant) -> Date) -> Option<Settling> {
    let days = |(period, at): &(Period, Instant)| {
        farsight_rulebook::time::day_number(date(*at))
            - farsight_rulebook::time::day_number(period.last_day())
    };
    let days: Vec<i64> = locked.iter().map(days).collect();
    let slowest_days = *days.iter().max()?;
    Some(Settling { months: days.len() as i64, days: days.iter().sum(), slowest_days })
}
