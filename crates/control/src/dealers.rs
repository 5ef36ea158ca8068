//! The list of dealers and one dealer's page, of what the desk sees.

mod service;

use std::collections::HashMap;

use farsight_rulebook::period::Period;
use farsight_rulebook::policy::{Text, Timeline};
use farsight_rulebook::time::{HOUR, Instant};
use farsight_store::board::{self, Clock};
use farsight_store::dealers::{
    self, DealerComplaint, DealerEntry, DealerInspection, DealerPerson, Happening,
};
use farsight_store::figures::{self, DealerMonth};
use farsight_store::session::Isolation;
use farsight_store::standings::{self, Choices, DealerStanding, Filter};
use jiff::civil::Date;

use crate::{ControlError, Desk, ground};

pub use service::{Limits, Part, Score, Service, ServiceMonth};

/// Months of a dealer's charts, the running one included.
const MONTHS: i32 = 24;
/// Rows of a tab.
const MOST: i64 = 50;
/// Clocks are shown from this many days ago, for what is overdue, to as many ahead.
const CLOCK_DAYS: i64 = 90;

/// Dealers of a filter.
#[derive(Debug, Clone)]
pub struct Listed {
    /// How many there are of it.
    pub total: i64,
    /// Those asked for.
    pub dealers: Vec<DealerStanding>,
    /// What can be chosen.
    pub choices: Choices,
}

/// Dealers of a filter, with what can be chosen.
pub fn list(desk: &mut Desk, filter: &Filter) -> Result<Listed, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let (total, dealers) = standings::list(tx, filter)?;
        Ok(Listed { total, dealers, choices: standings::choices(tx)? })
    })
}

/// A tab of a dealer's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// What happened lately.
    #[default]
    Timeline,
    /// Entries.
    Money,
    /// Clocks that run.
    Tasks,
    /// Inspections.
    Inspections,
    /// Complaints.
    Complaints,
    /// Who works there.
    People,
    /// How it serves its customers.
    Service,
    /// Figures by month against the policy.
    Trends,
}

impl Tab {
    /// All of them, as they stand side by side.
    pub const ALL: [Self; 8] = [
        Self::Timeline,
        Self::Money,
        Self::Tasks,
        Self::Inspections,
        Self::Complaints,
        Self::People,
        Self::Service,
        Self::Trends,
    ];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timeline => "timeline",
            Self::Money => "money",
            Self::Tasks => "tasks",
            Self::Inspections => "inspections",
            Self::Complaints => "complaints",
            Self::People => "people",
            Self::Service => "service",
            Self::Trends => "trends",
        }
    }

    /// The tab of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.name() == name)
    }
}

/// What the policy of a month says, to be drawn into charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Customers a bay at which to warn, before the region's factor.
    pub warn: i64,
    /// Customers a bay at which to order a rectification, before the region's factor.
    pub rectify: i64,
}

/// What a tab shows.
#[derive(Debug, Clone)]
pub enum Shown {
    /// The latest first.
    Timeline(Vec<Happening>),
    /// How many entries there are, and the latest.
    Money(i64, Vec<DealerEntry>),
    /// How many clocks run, and the first.
    Tasks(i64, Vec<Clock>),
    /// The latest first.
    Inspections(Vec<DealerInspection>),
    /// The open ones first.
    Complaints(Vec<DealerComplaint>),
    /// By position.
    People(Vec<DealerPerson>),
    /// The latest month first.
    Service(Service),
    /// The policy in force today.
    Trends(Option<Thresholds>),
}

/// A dealer's page.
#[derive(Debug, Clone)]
pub struct Page {
    /// How it stands.
    pub standing: DealerStanding,
    /// Its months, oldest first, the running one last.
    pub months: Vec<DealerMonth>,
    /// What the tab shows.
    pub shown: Shown,
    /// The day.
    pub today: Date,
    /// What each clause that is shown is called, by the latest policy.
    pub titles: HashMap<String, Text>,
}

/// The page of the dealer of a code; none: there is none in sight.
pub fn page(desk: &mut Desk, dealer: &str, tab: Tab) -> Result<Option<Page>, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    let today = ground::zone(&tenant)?.date(now);
    let running = Period::of(today);
    let first = Period::from_number(running.number() - MONTHS + 1).unwrap_or(running);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let Some(standing) = standings::find(tx, dealer)? else { return Ok(None) };
        let months = figures::of_dealer(tx, dealer, first)?;
        let shown = match tab {
            Tab::Timeline => Shown::Timeline(dealers::timeline(tx, dealer, MOST)?),
            Tab::Money => {
                let (total, entries) = dealers::entries(tx, dealer, 0, MOST)?;
                Shown::Money(total, entries)
            }
            Tab::Tasks => {
                let (total, clocks) =
                    board::clocks(tx, days_away(now, -1), days_away(now, 1), Some(dealer), MOST)?;
                Shown::Tasks(total, clocks)
            }
            Tab::Inspections => Shown::Inspections(dealers::inspections(tx, dealer, MOST)?),
            Tab::Complaints => Shown::Complaints(dealers::complaints(tx, dealer, MOST)?),
            Tab::People => Shown::People(dealers::people(tx, dealer, today)?),
            Tab::Service => {
                let ground = ground::load(tx, &tenant)?;
                Shown::Service(service::of(tx, dealer, &ground, now)?)
            }
            Tab::Trends => {
                let timeline = ground::timeline(tx, &tenant)?;
                let terms = timeline.in_force(today).map(|version| &version.policy.bay_turnover);
                Shown::Trends(terms.map(|terms| Thresholds { warn: terms.warn, rectify: terms.rectify }))
            }
        };
        let titles = match &shown {
            Shown::Timeline(_) | Shown::Money(..) => titles(&ground::timeline(tx, &tenant)?),
            _ => HashMap::new(),
        };
        Ok(Some(Page { standing, months, shown, today, titles }))
    })
}

/// What clauses are called, by the latest policy that has them.
fn titles(timeline: &Timeline) -> HashMap<String, Text> {
    let clauses = timeline.versions().iter().flat_map(|version| version.policy.clauses());
    clauses.map(|clause| (clause.name.to_owned(), clause.title.clone())).collect()
}

fn days_away(now: Instant, way: i64) -> Instant {
    Instant(now.0 + way * CLOCK_DAYS * 24 * HOUR)
}
