//! Custom rules — 自定义规则: what a manufacturer adds in its policy file, without code (docs/custom-rules.md).
//!
//! Its units are the dealer and month (rules of dealers), and the month over the whole network (rules of regions). Every
//! dealer that was open on a month's last day is judged once the month is over, by the version of that day.

mod expression;
mod figures;
mod judge;
mod read;
mod receipts;

use std::collections::BTreeSet;

use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::codes::Code;
use crate::finding::Found;
use crate::period::Period;
use crate::policy::{Clause, Seat, Text, Timeline, Version};
use crate::time::{Instant, Zone};

pub use expression::{Expression, FUNCTIONS, MOST_BYTES, MOST_DEPTH, Name};
pub use figures::{FIGURES, Figure, Table};
pub use read::{MOST_MEASURES, MOST_RULES, MOST_TIERS};
pub use receipts::grounds;

use figures::{Book, Scope};

/// The check's name, and what every clause and family of it begins with.
pub const NAME: &str = "custom";

/// The rules of a policy file, in the order of their names.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Its own measures.
    pub measures: Vec<Measure>,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A measure of the manufacturer's own.
#[derive(Debug, Clone)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Text,
    /// Its unit.
    pub unit: Text,
    /// The decimals it is shown with; the number itself is whole.
    pub decimals: u8,
    /// How it is worked out.
    pub expression: Expression,
}

/// Whose month a rule judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Each dealer's.
    Dealer,
    /// Each region's.
    Region,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// `custom.NAME`, the family of what it finds.
    pub family: &'static str,
    /// Its title.
    pub title: Text,
    /// Whose month it judges.
    pub of: Of,
    /// Only in these regions; none named: in all.
    pub regions: Vec<String>,
    /// What is measured.
    pub measure: Name,
    /// Only where this holds.
    pub condition: Option<Expression>,
    /// What has to be there for the measure to say anything.
    pub sample: Name,
    /// How much of it at least.
    pub min_sample: i64,
    /// The tiers, lowest first, without a gap.
    pub tiers: Vec<Tier>,
    /// What is found where there is no figure, if anything.
    pub no_figure: Option<Clause>,
}

/// A tier of a rule.
#[derive(Debug, Clone)]
pub struct Tier {
    /// Its name.
    pub name: String,
    /// The least number of it; none: whatever is below.
    pub from: Option<i64>,
    /// The least number above it; none: whatever is above.
    pub below: Option<i64>,
    /// What is found in it, if anything: `custom.RULE.TIER`.
    pub clause: Option<Clause>,
}

impl Terms {
    /// The clauses of all rules.
    pub fn clauses(&self) -> Vec<&Clause> {
        self.rules.iter().flat_map(Rule::clauses).collect()
    }

    /// The rule and its clause of this full name.
    pub fn rule_of(&self, clause: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.clauses().any(|own| own.name == clause))
    }

    /// The decimals that a number is shown with.
    pub fn decimals(&self, name: Name) -> u8 {
        match name {
            Name::Figure(place) => FIGURES[place].decimals,
            Name::Measure(place) => self.measures[place].decimals,
        }
    }

    /// All figures that a rule needs, by their places.
    fn figures(&self, rule: &Rule) -> BTreeSet<usize> {
        let condition = rule.condition.iter().flat_map(|condition| condition.names.iter().copied());
        let mut open: Vec<Name> = condition.chain([rule.measure, rule.sample]).collect();
        let (mut seen, mut figures) = (BTreeSet::new(), BTreeSet::new());
        while let Some(name) = open.pop() {
            match name {
                Name::Figure(place) => {
                    figures.insert(place);
                }
                Name::Measure(place) if seen.insert(place) => {
                    open.extend(&self.measures[place].expression.names);
                }
                Name::Measure(_) => {}
            }
        }
        figures
    }

    fn has(&self, of: Of) -> bool {
        self.rules.iter().any(|rule| rule.of == of)
    }
}

impl Rule {
    fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.tiers.iter().filter_map(|tier| tier.clause.as_ref()).chain(&self.no_figure)
    }
}

impl Tier {
    /// Whether a number lies in it.
    pub fn has(&self, number: i64) -> bool {
        self.from.is_none_or(|from| from <= number) && self.below.is_none_or(|below| number < below)
    }
}

fn terms<'c>(case: &Case<'c>, month: Period) -> Option<(&'c Version, &'c Terms)> {
    let version = case.version(month.last_day())?;
    Some((version, version.policy.custom.as_ref()?))
}

/// The dealers that were open on a month's last day.
fn open_dealers(case: &Case, month: Period) -> Vec<Code> {
    let open = case.facts.dealers.iter().filter(|row| row.is_open(month.last_day()));
    open.map(|row| row.dealer).collect()
}

/// Judges every month from the first that a version with rules can judge.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let Some(first) = first_month(&case.ground.timeline) else { return Ok(()) };
    let book = Book::of(case);
    for month in first.through(Period::of(case.horizon.today())) {
        let Some((version, terms)) = terms(case, month) else { continue };
        let month = judge::Month { case, book: &book, month, version, terms };
        if terms.has(Of::Dealer) {
            month.judge_dealers(found)?;
        }
        if terms.has(Of::Region) {
            month.judge_regions(found)?;
        }
    }
    Ok(())
}

/// The first month that any version with rules can judge; none: there are no rules.
pub fn first_month(timeline: &Timeline) -> Option<Period> {
    let with_rules = timeline.versions().iter().filter(|version| version.policy.custom.is_some());
    let first = with_rules.map(|version| version.effective_on).min()?;
    Some(Period::of(first.max(timeline.first_judged_day())))
}

/// The months from a first one that have ended by an instant.
pub fn ended(first: Period, zone: &Zone, as_of: Instant) -> impl Iterator<Item = Period> {
    let running = Period::of(zone.date(as_of));
    first.through(running).filter(move |month| *month < running)
}

/// What judging by the rules of some policies reads, so that no more is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// What the figures are counted from.
    pub tables: BTreeSet<Table>,
    /// Whether any rule is about regions, which are judged by all their dealers' facts.
    pub regions: bool,
    /// Whether any rule charges the holder of a post.
    pub posts: bool,
}

/// Figures of a dealer's months, each by the version in force on the month's last day; none where one is not known.
///
/// The case's facts are those that [`Reads::of_figures`] names, of these months.
pub fn figures_of(
    case: &Case,
    dealer: Code,
    months: &[Period],
    names: &[&str],
) -> Result<Vec<Vec<Option<i64>>>, HolidaysUnknown> {
    let (book, dealers) = (Book::of(case), [dealer]);
    let places: Vec<Option<usize>> =
        names.iter().map(|name| FIGURES.iter().position(|figure| figure.name == *name)).collect();
    let of_month = |month: &Period| {
        let Some(version) = case.version(month.last_day()) else { return Ok(vec![None; names.len()]) };
        let scope = Scope { case, book: &book, dealers: &dealers, month: *month, version };
        let figure = |place: &Option<usize>| place.map_or(Ok(None), |place| scope.figure(place, &mut |_| {}));
        places.iter().map(figure).collect()
    };
    months.iter().map(of_month).collect()
}

impl Reads {
    /// What these figures are counted from.
    pub fn of_figures(names: &[&str]) -> Self {
        let figures = FIGURES.iter().filter(|figure| names.contains(&figure.name));
        Self { tables: figures.flat_map(|figure| figure.reads).copied().collect(), ..Self::default() }
    }

    /// What all versions of a timeline need.
    pub fn of(timeline: &Timeline) -> Self {
        let mut reads = Self::default();
        for terms in timeline.versions().iter().filter_map(|version| version.policy.custom.as_ref()) {
            for rule in &terms.rules {
                let figures = terms.figures(rule);
                reads.tables.extend(figures.iter().flat_map(|place| FIGURES[*place].reads));
                reads.regions |= rule.of == Of::Region;
                let mut charges = rule.clauses().flat_map(|clause| &clause.charges);
                reads.posts |=
                    charges.any(|terms| matches!(terms.seat, Seat::DistrictManager | Seat::RegionDirector));
            }
        }
        reads
    }

    /// What both need.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        self.tables.append(&mut other.tables);
        Self { regions: self.regions || other.regions, posts: self.posts || other.posts, ..self }
    }

    /// Whether rows of a fact table bear on the figures.
    pub fn reads(&self, table: &str) -> bool {
        self.tables.iter().any(|read| read.names().contains(&table))
    }
}
