//! A believable, seeded network of dealers and its facts, for the demo, tests and measurements.
//!
//! Everything is a pure function of the plan: the same plan gives the same bytes, on any machine. A dealer's day
//! is drawn from a stream of its own, so any window of time can be written without the time before it: first a
//! body up to some moment, then one more day, with rows of the body again whose later columns have come
//! (corrections, as the contract has them). Nothing here reads a clock.
//!
//! The network is simpler than life in known ways: see each module.

mod bays;
mod cars;
mod complaints;
mod crew;
mod days;
mod dealers;
mod dice;
mod inspections;
mod managers;
mod names;
mod orders;
mod places;
mod repairs;
mod rulings;
mod season;
mod staff;
mod tables;
mod texts;
mod voices;

use std::io;
use std::path::{Path, PathBuf};

use farsight_rulebook::time::{Instant, Zone};
use jiff::Span as Length;
use jiff::civil::Date;

use crate::days::{Day, Moment, Span};
use crate::dealers::Dealer;
use crate::managers::Managers;
use crate::staff::Staff;
use crate::tables::Books;
pub use crate::tables::{Table, Tables};

/// Most dealers a network may have; more would run out of vehicle serial numbers.
pub const MOST_DEALERS: u32 = 16_000;
/// Most months a plan may cover.
pub const MOST_MONTHS: u32 = 120;
/// How many days before a window things begin that can still bear facts in it: longer than any order with its
/// repairs, complaints and rulings.
const LONGEST_STORY: i64 = 120;

/// How much happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Work orders of the mean dealer in a month.
    pub orders_a_month: f64,
    /// The share of customers who answer a survey.
    pub answers: f64,
    /// Complaints of the mean dealer in a month.
    pub complaints_a_month: f64,
    /// Inspections of the whole network in a day, follow-ups apart.
    pub inspections_a_day: u32,
}

impl Scale {
    /// What is usual for so many dealers. A network of 900 and more has the published 30 inspections a day, a smaller
    /// one as many as keep a dealer's chance of being drawn the same: daily visits would ruin everybody.
    pub fn of(dealers: u32) -> Self {
        Self {
            orders_a_month: 42.3,
            answers: 0.35,
            complaints_a_month: 3.5,
            inspections_a_day: (dealers / 30).clamp(1, 30),
        }
    }
}

/// What to make. Windows of one network must be written from equal plans.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How many dealers.
    pub dealers: u32,
    /// How many whole months, besides the one that is running at `until`; see `first_day`.
    pub months: u32,
    /// The "now" of the network: later facts have not happened, unless a window asks for them.
    pub until: Instant,
    /// Another seed is another network.
    pub seed: u64,
    /// How much happens.
    pub scale: Scale,
    /// Which tables to write.
    pub tables: Tables,
    /// Files end in `.csv.gz`.
    pub gzip: bool,
    /// Where the cameras' pictures are, without a slash at the end.
    pub snapshots: String,
}

impl Plan {
    /// A network of the usual scale and the core tables.
    pub fn new(dealers: u32, months: u32, until: Instant, seed: u64) -> Self {
        Self {
            dealers,
            months,
            until,
            seed,
            scale: Scale::of(dealers),
            tables: Tables::CORE,
            gzip: false,
            snapshots: "https://cameras.example.com".to_owned(),
        }
    }

    /// What `farsight demo` makes when not told otherwise: sixty dealers, fourteen months.
    pub fn demo(until: Instant, seed: u64) -> Self {
        Self::new(60, 14, until, seed)
    }

    /// The first day with orders, complaints and inspections: the first of the month that lies `months` before the one
    /// running at `until` (at the last second of a month, the next one).
    /// Staff, certificates, vehicles and posts may be older, so judge a tenant from this day
    /// (`tenant add --from`).
    pub fn first_day(&self) -> Date {
        let running = Zone::shanghai().date(Instant(self.until.0.saturating_add(1_000_000)));
        running.first_of_month().saturating_sub(Length::new().months(i64::from(self.months)))
    }

    fn run(&self) -> Run {
        Run { begins: Day::of(self.first_day()), days: f64::from(self.months) * 30.4 }
    }

    fn check(&self) -> Result<(), NetworkError> {
        if !(1..=MOST_DEALERS).contains(&self.dealers) {
            return Err(NetworkError::Dealers(self.dealers));
        }
        if !(1..=MOST_MONTHS).contains(&self.months) {
            return Err(NetworkError::Months(self.months));
        }
        let year = Zone::shanghai().date(self.until).year();
        if !(2002..=2099).contains(&year) {
            return Err(NetworkError::Until(self.until));
        }
        Ok(())
    }
}

/// A stretch of time: what becomes known after one instant, up to and including another, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    after: Option<Instant>,
    until: Instant,
}

impl Window {
    /// Everything up to an instant.
    pub fn up_to(until: Instant) -> Self {
        Self { after: None, until }
    }

    /// What becomes known between two instants.
    pub fn between(after: Instant, until: Instant) -> Self {
        Self { after: Some(after), until }
    }

    fn span(self) -> Result<Span, NetworkError> {
        let after = self.after.unwrap_or(Instant::MIN);
        if after > self.until {
            return Err(NetworkError::Backwards { after, until: self.until });
        }
        Ok(Span { after: Moment::of(after), until: Moment::of(self.until) })
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The first day with orders, complaints and inspections.
    pub first_day: Date,
    /// The end of the window.
    pub until: Instant,
    /// The rows of each table asked for.
    pub rows: Vec<(Table, u64)>,
}

impl Summary {
    /// The rows of a table, 0 when it was not asked for.
    pub fn rows_of(&self, table: Table) -> u64 {
        self.rows.iter().find(|(t, _)| *t == table).map_or(0, |(_, rows)| *rows)
    }

    /// All rows.
    pub fn total(&self) -> u64 {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }
}

/// Why a network was not made.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The number of dealers is out of bounds.
    #[error("a network of {0} dealers cannot be made: ask for 1 to {MOST_DEALERS}")]
    Dealers(u32),
    /// The number of months is out of bounds.
    #[error("{0} months cannot be made: ask for 1 to {MOST_MONTHS}")]
    Months(u32),
    /// The end is out of bounds.
    #[error("no network can be made up to {0}: ask for a year from 2002 to 2099")]
    Until(Instant),
    /// A window ends before it begins.
    #[error("the window ends at {until}, before it begins at {after}")]
    Backwards {
        /// Where it begins.
        after: Instant,
        /// Where it ends.
        until: Instant,
    },
    /// A file or folder could not be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl NetworkError {
    /// The stable name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Dealers(_) => "dealers_out_of_bounds",
            Self::Months(_) => "months_out_of_bounds",
            Self::Until(_) => "until_out_of_bounds",
            Self::Backwards { .. } => "window_backwards",
            Self::Write { .. } => "not_written",
        }
    }
}

/// When a plan plays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) begins: Day,
    days: f64,
}

impl Run {
    /// The day when this share of the plan is over.
    pub(crate) fn after(self, share: f64) -> Day {
        self.begins.plus((share * self.days) as i64)
    }
}

/// The network as built once for a writing.
pub(crate) struct World<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) run: Run,
    pub(crate) span: Span,
    pub(crate) dealers: &'a [Dealer],
}

/// Writes the whole network up to the plan's `until` into a folder, one file a table.
pub fn write(plan: &Plan, folder: &Path) -> Result<Summary, NetworkError> {
    write_window(plan, Window::up_to(plan.until), folder)
}

/// Writes what becomes known in a window into a folder: new rows, and rows again whose later columns have come.
/// The window may go beyond the plan's `until`.
pub fn write_window(plan: &Plan, window: Window, folder: &Path) -> Result<Summary, NetworkError> {
    plan.check()?;
    let span = window.span()?;
    let mut books = Books::create(folder, plan.tables, plan.gzip)?;
    let run = plan.run();
    let dealers = dealers::of(plan, run);
    let world = World { plan, run, span, dealers: &dealers };
    let managers = Managers::of(&world);

    dealers::write_regions(span, &mut books);
    managers.write(&world, &mut books);
    voices::write_prices(&world, &mut books);
    inspections::write(&world, &mut books);
    let calendar = Calendar::of(run, span);
    for dealer in &dealers {
        write_dealer(&world, dealer, &calendar, &mut books);
    }
    Ok(Summary { first_day: plan.first_day(), until: window.until, rows: books.finish()? })
}

fn write_dealer(world: &World<'_>, dealer: &Dealer, calendar: &Calendar, books: &mut Books) {
    let staff = Staff::of(world, dealer);
    dealer.write(world.plan, world.span, books);
    staff.write(world, dealer, books);
    bays::write(world, dealer, books);
    voices::write_of_dealer(world, dealer, books);
    let mut shop = orders::Shop::of(world, dealer, &staff);
    for (day, demand) in calendar.days() {
        if dealer.is_open(day) {
            shop.write_day(day, demand, books);
            complaints::write_day(world, dealer, day, demand, books);
        }
    }
}

/// The days whose beginnings can bear facts in the window, with their demand.
struct Calendar {
    first: Day,
    demand: Vec<f64>,
}

impl Calendar {
    fn of(run: Run, span: Span) -> Self {
        let first = run.begins.max(Day(span.after.day().0.saturating_sub(LONGEST_STORY)));
        let demand = first.through(span.until.day()).map(season::demand).collect();
        Self { first, demand }
    }

    fn days(&self) -> impl Iterator<Item = (Day, f64)> {
        self.demand.iter().enumerate().map(|(n, demand)| (self.first.plus(n as i64), *demand))
    }
}
