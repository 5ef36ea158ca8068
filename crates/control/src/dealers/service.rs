//! How a dealer serves, by month: the figures that the checks of promptness, satisfaction, mystery shoppers, feedback,
//! retention and transparency judge by (rulebook 4.6 to 4.12), counted by the same functions.

use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::custom::{self, Reads};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::Policy;
use farsight_rulebook::time::Instant;
use farsight_store::facts::read;
use farsight_store::{Tx, sums};

use crate::ControlError;
use crate::evaluate::reads;

/// So many months are shown, those that are over.
const MONTHS: i32 = 12;

/// The figures, in the order in which a month has them.
const NAMES: [&str; 14] = [
    "response_score",
    "responses",
    "orders_prompt",
    "orders_timed",
    "orders_late",
    "orders_promised",
    "orders_called",
    "orders_to_call",
    "mystery_score",
    "mystery_visits",
    "feedback_late",
    "feedback",
    "orders_unconfirmed",
    "orders_with_fault",
];

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How many of them.
    pub part: i64,
    /// How many in all; not 0.
    pub of: i64,
}

impl Part {
    fn of(part: Option<i64>, of: Option<i64>) -> Option<Self> {
        part.zip(of).filter(|(_, of)| *of > 0).map(|(part, of)| Self { part, of })
    }
}

/// A score with what it is the mean of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// In hundredths.
    pub score: i64,
    /// Of how many responses or visits; not 0.
    pub of: i64,
}

/// A month; what is not known or was not there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceMonth {
    /// The month.
    pub month: Period,
    /// What customers say.
    pub satisfaction: Option<Score>,
    /// Orders that were prompt.
    pub prompt: Option<Part>,
    /// Orders completed after their promise.
    pub late: Option<Part>,
    /// Customers called after their order.
    pub called: Option<Part>,
    /// What mystery shoppers say.
    pub mystery: Option<Score>,
    /// Feedback answered late.
    pub feedback_late: Option<Part>,
    /// Orders with a fault that lack a confirmation.
    pub unconfirmed: Option<Part>,
    /// Vehicles away of those at home here, as of the latest check.
    pub away: Option<Part>,
}

/// What the policy asks for; none: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// The score, in points, below which satisfaction is low.
    pub satisfaction: Option<i64>,
    /// The least share of prompt orders, in percent.
    pub prompt: Option<i64>,
    /// The least share of customers called, in percent.
    pub called: Option<i64>,
    /// The score, in points, below which mystery shoppers find it poor.
    pub mystery: Option<i64>,
    /// The most of its vehicles that may be away, in percent.
    pub away: Option<i64>,
}

impl Limits {
    fn of(policy: &Policy) -> Self {
        Self {
            satisfaction: policy.satisfaction.as_ref().map(|terms| terms.low_below),
            prompt: policy.service_clock.as_ref().map(|terms| terms.min_rate),
            called: policy.feedback.as_ref().map(|terms| terms.min_rate),
            mystery: policy.mystery_shopper.as_ref().map(|terms| terms.poor_below),
            away: policy.retention.as_ref().map(|terms| terms.max_share),
        }
    }
}

/// How a dealer serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The months that are over, the latest first.
    pub months: Vec<ServiceMonth>,
    /// What the version in force on the latest month's last day asks for.
    pub limits: Limits,
}

/// The months of a dealer, of what is in sight.
pub(super) fn of(tx: &mut Tx, dealer: &str, ground: &Ground, now: Instant) -> Result<Service, ControlError> {
    let last = Period::of(ground.zone.date(now)).previous();
    let first = Period::from_number(last.number() - MONTHS + 1).unwrap_or(last);
    let months: Vec<Period> = first.through(last).collect();
    let units: Vec<String> = months.iter().map(|month| format!("{dealer}@{month}")).collect();
    let mut facts = Facts::default();
    read::network(tx, &mut facts)?;
    reads::of_custom(tx, &mut facts, &units, &Reads::of_figures(&NAMES), ground.zone.name())?;
    let code = facts.codes.keep(dealer);
    let case = Case::new(&facts, ground, now, Judged::All);
    let figures = custom::figures_of(&case, code, &months, &NAMES)?;
    let mut away = reads::home_months(ground, now);
    away.retain(|(month, _)| months.contains(month));
    let homes = sums::homes_of(tx, dealer, &away)?;
    let counted = months.iter().zip(&figures).rev().map(|(month, figures)| {
        let figure = |name: &str| NAMES.iter().position(|own| *own == name).and_then(|place| figures[place]);
        let part = |name, of| Part::of(figure(name), figure(of));
        let score =
            |name, of| Part::of(figure(name), figure(of)).map(|it| Score { score: it.part, of: it.of });
        ServiceMonth {
            month: *month,
            satisfaction: score("response_score", "responses"),
            prompt: part("orders_prompt", "orders_timed"),
            late: part("orders_late", "orders_promised"),
            called: part("orders_called", "orders_to_call"),
            mystery: score("mystery_score", "mystery_visits"),
            feedback_late: part("feedback_late", "feedback"),
            unconfirmed: part("orders_unconfirmed", "orders_with_fault"),
            away: homes.get(month).and_then(|(vehicles, away)| Part::of(Some(*away), Some(*vehicles))),
        }
    });
    let months = counted.collect();
    let limits = ground.timeline.in_force(last.last_day()).map(|version| Limits::of(&version.policy));
    Ok(Service { months, limits: limits.unwrap_or_default() })
}
