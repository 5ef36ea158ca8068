//! The receipt of a charge (rulebook 5): the facts it stands on, its arithmetic, who was charged and why them,
//! and what it would have been without one of those facts.
//!
//! Says everything in message keys and typed values; the words are the message files'
//! ([`messages`](crate::messages)). Each check tells its own grounds; charged and counterfactual are the same for all.

mod charged;

use jiff::civil::Date;

use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Judged};
use crate::checks::{Check, satisfaction};
use crate::facts::{Row, When};
use crate::finding::{Finding, Found, PartyKind};
use crate::money::Money;
use crate::period::Period;
use crate::policy::{Seat, Text};
use crate::time::Instant;

/// A value in a sentence or note, written as the reader's language and zone want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A code or number, as it is.
    Text(String),
    /// The text of a message key, such as `role.dealer-gm`.
    Word(String),
    /// A code with a text of its own under `GROUP.CODE`, if the message files have one; else the code itself.
    Known(&'static str, String),
    /// A title of the policy, in both languages.
    Title(Text),
    /// A number of things: the message key that counts them, with `{count}`.
    Counted(&'static str, i64),
    /// A local date.
    Date(Date),
    /// First and last day; none: still running.
    Days(Date, Option<Date>),
    /// A month.
    Month(Period),
    /// Several, in order.
    List(Vec<Value>),
    /// A moment.
    At(Instant),
    /// Elapsed time, in microseconds.
    Elapsed(i64),
    /// A charge: penalty < 0, incentive > 0.
    Charge(Money),
    /// An amount without a sign.
    Amount(Money),
}

impl Value {
    /// A text as it is.
    pub fn text(text: impl std::fmt::Display) -> Self {
        Self::Text(text.to_string())
    }

    /// The text of a message key.
    pub fn word(key: impl Into<String>) -> Self {
        Self::Word(key.into())
    }
}

/// One sentence: a message key and the values of its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The key in the message files.
    pub key: &'static str,
    /// The values, by placeholder.
    pub values: Vec<(&'static str, Value)>,
}

impl Sentence {
    /// A sentence.
    pub fn new<const N: usize>(key: &'static str, values: [(&'static str, Value); N]) -> Self {
        Self { key, values: values.into() }
    }
}

/// A fact that a charge stands on, named so that its source can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRef {
    /// The fact table.
    pub table: &'static str,
    /// The texts of its key columns, in the table's order ([`Row::key`]).
    pub key: Vec<String>,
    /// The part it plays, message key `fact.ROLE`.
    pub role: &'static str,
    /// When it was.
    pub when: When,
    /// Whether it is the thing judged itself.
    pub judged: bool,
    /// What else of it matters, message keys `note.NAME` with `{value}`.
    pub notes: Vec<(&'static str, Value)>,
}

impl FactRef {
    /// A row in a part it plays.
    pub fn new<R: Row>(case: &Case, row: &R, role: &'static str) -> Self {
        let (key, when) = (row.key(&case.facts.codes), row.when());
        Self { table: R::TABLE, key, role, when, judged: false, notes: Vec::new() }
    }

    /// The same, as the thing judged itself.
    #[must_use]
    pub fn judged(self) -> Self {
        Self { judged: true, ..self }
    }

    /// The same, with one thing more about it.
    #[must_use]
    pub fn note(mut self, name: &'static str, value: Value) -> Self {
        self.notes.push((name, value));
        self
    }
}

/// What a finding stands on, as its check tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grounds {
    /// The facts; they are read the judged first, then by time.
    pub facts: Vec<FactRef>,
    /// The arithmetic and reasons, in the order they are to be read.
    pub sentences: Vec<Sentence>,
}

impl Grounds {
    /// Adds a fact, once.
    pub fn stand_on(&mut self, fact: FactRef) {
        if !self.facts.iter().any(|known| (known.table, &known.key) == (fact.table, &fact.key)) {
            self.facts.push(fact);
        }
    }

    /// Adds a sentence.
    pub fn say<const N: usize>(&mut self, key: &'static str, values: [(&'static str, Value); N]) {
        self.sentences.push(Sentence::new(key, values));
    }
}

/// Who bears a charge of the finding, and why them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charged {
    /// The seat.
    pub seat: Seat,
    /// What kind of party sits there, and its code; none: the post was vacant and nothing is posted.
    pub party: Option<(PartyKind, String)>,
    /// How much: penalty < 0, incentive > 0.
    pub amount: Money,
    /// Why them.
    pub why: Vec<Sentence>,
}

/// What the charge would be without one fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterfactual {
    /// The fact left out.
    pub without: FactRef,
    /// The charge of the same family, subject and seat then; zero if there would be none.
    pub would_be: Money,
    /// The clause it would stand on then, if it would be found at all.
    pub clause: Option<&'static str>,
}

/// A receipt: everything owed to the one charged but the clause's text, the facts' sources and the history,
/// which the caller has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The charge of the seat asked about; zero if the finding charges it nothing.
    pub amount: Money,
    /// The facts it stands on, the thing judged first, then by time; for a person's charge also the post held.
    pub facts: Vec<FactRef>,
    /// The arithmetic and the reasons, then what the clause charges for it.
    pub sentences: Vec<Sentence>,
    /// Everyone the finding charges.
    pub charged: Vec<Charged>,
    /// The smallest single fact without which the charge would be smaller.
    pub counterfactual: Option<Counterfactual>,
}

/// The receipt of what a finding charges a seat.
///
/// `case` holds the facts and the instant by which `finding` was found, all units judged or this one; its facts may
/// be only those of the finding's unit, and should be: the counterfactual judges the unit anew for each fact.
///
/// # Errors
/// As evaluating does, when working days are counted in a year whose holidays are not known.
pub fn receipt(
    case: &Case,
    check: &Check,
    finding: &Finding,
    seat: Seat,
) -> Result<Receipt, HolidaysUnknown> {
    let counterfactual = otherwise(case, check, finding, seat)?;
    Ok(Receipt { counterfactual, ..standing(case, check, finding, seat)? })
}

/// The receipt without what it would have been otherwise, which is most of the work.
///
/// # Errors
/// As [`receipt`].
pub fn standing(
    case: &Case,
    check: &Check,
    finding: &Finding,
    seat: Seat,
) -> Result<Receipt, HolidaysUnknown> {
    let mut grounds = grounds(case, check, finding)?;
    let charged = charged::charged(case, finding);
    charged::amounts(case, finding, &mut grounds);
    charged::post(case, finding, seat, &mut grounds);
    let Grounds { facts, sentences } = grounds;
    Ok(Receipt { amount: charge(finding, seat), facts, sentences, charged, counterfactual: None })
}

/// What the charge would be without one of the facts that the finding stands on.
///
/// # Errors
/// As [`receipt`].
pub fn otherwise(
    case: &Case,
    check: &Check,
    finding: &Finding,
    seat: Seat,
) -> Result<Option<Counterfactual>, HolidaysUnknown> {
    let facts = grounds(case, check, finding)?.facts;
    let Some(few) = satisfaction::facts_of_star(case, finding) else {
        return Ok(counterfactual(case, check, finding, seat, &facts));
    };
    let unit = Judged::Units(std::iter::once(finding.unit.clone()).collect());
    let case = Case::new(&few, case.ground, case.horizon.as_of(), unit);
    Ok(counterfactual(&case, check, finding, seat, &facts))
}

fn grounds(case: &Case, check: &Check, finding: &Finding) -> Result<Grounds, HolidaysUnknown> {
    let mut grounds = Grounds::default();
    (check.grounds)(case, finding, &mut grounds)?;
    case.horizon.take_next(); // what was asked here wakes nothing
    grounds.facts.sort_by_key(|fact| (!fact.judged, fact.when.instant(&case.ground.zone)));
    Ok(grounds)
}

/// What a finding charges a seat. A vacant post's charge counts: that nobody held the post makes no charge smaller.
fn charge(finding: &Finding, seat: Seat) -> Money {
    let posted = finding.charges.iter().map(|charge| (charge.seat, charge.amount));
    posted.chain(finding.vacant.iter().copied()).filter(|(of, _)| *of == seat).map(|(_, amount)| amount).sum()
}

/// "The smallest single fact without which the charge would be smaller, and what it would then be" (rulebook 5).
///
/// Read thus: the unit is judged anew with each fact of the grounds left out, as if it had never been sent. Of
/// those without which the charge of the same family, subject and seat has a smaller absolute amount (zero if it is
/// gone; an incentive's too), the smallest fact is the one that changes it least: the largest remaining amount.
/// Of equal ones, a fact that is not the thing judged itself, then the earliest, then the first by table and key,
/// bytewise. Posts are not among them: they say who pays, not that there is something to pay.
fn counterfactual(
    case: &Case,
    check: &Check,
    finding: &Finding,
    seat: Seat,
    facts: &[FactRef],
) -> Option<Counterfactual> {
    let amount = charge(finding, seat).0.unsigned_abs();
    if amount == 0 {
        return None;
    }
    let smaller = facts.iter().filter_map(|fact| {
        let other = judged_without(case, check, finding, fact).ok()?;
        let would_be = other.as_ref().map_or(Money::ZERO, |other| charge(other, seat));
        let clause = other.map(|other| other.clause);
        (would_be.0.unsigned_abs() < amount).then(|| Counterfactual {
            without: fact.clone(),
            would_be,
            clause,
        })
    });
    smaller.min_by_key(|it| {
        let fact = &it.without;
        let remaining = std::cmp::Reverse(it.would_be.0.unsigned_abs());
        (remaining, fact.judged, fact.when.instant(&case.ground.zone), fact.table, fact.key.clone())
    })
}

type Judgement = Result<Option<Finding>, HolidaysUnknown>;

/// The finding of the same key with one fact left out, if it is still found.
fn judged_without(case: &Case, check: &Check, finding: &Finding, fact: &FactRef) -> Judgement {
    let facts = case.facts.without(fact.table, &fact.key);
    let unit = Judged::Units(std::iter::once(finding.unit.clone()).collect());
    let mut found = Found::default();
    (check.evaluate)(&Case::new(&facts, case.ground, case.horizon.as_of(), unit), &mut found)?;
    let same = |other: &Finding| (other.family, &other.subject) == (finding.family, &finding.subject);
    Ok(found.findings.into_iter().find(same))
}
