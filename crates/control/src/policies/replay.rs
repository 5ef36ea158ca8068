//! Replay: what a policy file would have charged had it been in force from a month on, next to what was in force. The facts are
//! real, those known now or at a moment asked for; nothing is posted or kept. Findings count by their local date, charges without regard to how old
//! they are: from the start on they would have been posted in time.

mod sheet;

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use farsight_rulebook::case::Ground;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::{Policy, Seat, Text};
use farsight_rulebook::time::Instant;
use farsight_store::session::Isolation;
use farsight_store::standings;
use jiff::civil::Date;

use super::{Source, drafts};
use crate::evaluate::under;
use crate::{ControlError, Desk, ground, known};

pub use sheet::write;

/// More files than these are not replayed at once.
pub const MOST_FILES: usize = 20;
/// So many months are replayed at most.
pub const MOST_MONTHS: i32 = 36;
/// So many crossings of a file are told, the largest.
const CROSSINGS: usize = 200;

/// The sums of charges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Of those below zero.
    pub penalties: Money,
    /// Of those above zero.
    pub incentives: Money,
    /// How many.
    pub charges: u64,
}

impl Sums {
    /// Both.
    pub fn net(&self) -> Money {
        self.penalties + self.incentives
    }

    /// Penalties for each one of incentives, in tenths; none where there are no incentives.
    pub fn ratio_in_tenths(&self) -> Option<i128> {
        let (penalties, incentives) = (i128::from(self.penalties.size().0), i128::from(self.incentives.0));
        (incentives > 0).then(|| (penalties * 10 + incentives / 2) / incentives)
    }

    fn add(&mut self, amount: Money) {
        self.charges += 1;
        let side = if amount < Money::ZERO { &mut self.penalties } else { &mut self.incentives };
        *side = *side + amount;
    }
}

/// What was in force and what is replayed, of one clause, region or dealer, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pair {
    /// By the versions in force.
    pub in_force: Sums,
    /// By the file.
    pub replayed: Sums,
    /// Charges that only the file makes.
    pub appear: u64,
    /// Charges that only the versions in force make.
    pub vanish: u64,
}

impl Pair {
    /// What the file changes.
    pub fn difference(&self) -> Money {
        self.replayed.net().minus(self.in_force.net())
    }

    fn count(&mut self, in_force: Option<&Charged>, replayed: Option<&Charged>) {
        if let Some(charged) = in_force {
            self.count_in_force(charged, replayed.is_none());
        }
        if let Some(charged) = replayed {
            self.count_replayed(charged, in_force.is_none());
        }
    }

    fn count_in_force(&mut self, (.., amount): &Charged, alone: bool) {
        self.in_force.add(*amount);
        self.vanish += u64::from(alone);
    }

    fn count_replayed(&mut self, (.., amount): &Charged, alone: bool) {
        self.replayed.add(*amount);
        self.appear += u64::from(alone);
    }
}

/// A charge that one side makes and the other does not: a cliff that is crossed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// The dealer concerned; empty where it concerns none.
    pub dealer: String,
    /// Who is charged.
    pub party: String,
    /// The clause.
    pub clause: &'static str,
    /// The thing judged.
    pub subject: String,
    /// The charge in force; none: there is none.
    pub in_force: Option<Money>,
    /// The file's charge; none: it makes none.
    pub replayed: Option<Money>,
}

impl Crossing {
    fn size(&self) -> Money {
        self.in_force.or(self.replayed).unwrap_or(Money::ZERO).size()
    }
}

/// A file next to what was in force.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The policy's name.
    pub policy: String,
    /// The file.
    pub file: String,
    /// In all.
    pub total: Pair,
    /// By clause, each side by its own: a charge that moves from one to another neither appears nor vanishes.
    pub clauses: BTreeMap<String, Pair>,
    /// By region; empty: what concerns none.
    pub regions: BTreeMap<String, Pair>,
    /// By dealer, what it and its employees are charged: the manufacturer's managers bear their own.
    pub dealers: BTreeMap<String, Pair>,
    /// Cliffs that are crossed, the largest charges first.
    pub crossings: Vec<Crossing>,
    /// The clauses' titles in the file, of those it does not have as they are in force.
    pub titles: BTreeMap<String, Text>,
    /// What regions are called.
    pub region_names: BTreeMap<String, String>,
}

/// How many dealers pay more or less by so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bin {
    /// Whether the file is worse for them, better, or the same.
    pub order: Ordering,
    /// By this much or more.
    pub from: Money,
    /// By less than this; none: without an end.
    pub to: Option<Money>,
    /// How many dealers.
    pub dealers: u64,
}

/// Between which amounts dealers are counted, in minor units of the currency.
const EDGES: [i64; 3] = [1, 100_000, 1_000_000];

impl Replayed {
    /// How many dealers it changes nothing, little or much for: from those it costs most to those it gives most.
    pub fn spread(&self) -> Vec<Bin> {
        let [least, middle, most] = EDGES.map(Money);
        let sizes = [(least, Some(middle)), (middle, Some(most)), (most, None)];
        let worse = sizes.iter().rev().map(|size| (Ordering::Less, *size));
        let better = sizes.iter().map(|size| (Ordering::Greater, *size));
        let all = worse.chain([(Ordering::Equal, (Money::ZERO, None))]).chain(better);
        all.map(|(order, (from, to))| self.bin(order, from, to)).collect()
    }

    fn bin(&self, order: Ordering, from: Money, to: Option<Money>) -> Bin {
        let differences = self.dealers.values().map(Pair::difference);
        let of = differences.filter(|difference| {
            let size = difference.size();
            difference.cmp(&Money::ZERO) == order && size >= from && to.is_none_or(|to| size < to)
        });
        Bin { order, from, to, dealers: of.count() as u64 }
    }
}

/// Replays a draft over some months.
///
/// Refused: as [`replay`]; a draft that is not there.
pub fn of_draft(desk: &mut Desk, id: i64, months: (Period, Period)) -> Result<Replayed, ControlError> {
    let draft = drafts::one(desk, id, None)?.draft;
    let file = Source { name: draft.name, text: draft.body };
    let replayed = replay(desk, &[file], months, None)?.pop();
    replayed.ok_or(ControlError::NotFound("policy draft"))
}

/// Replays policy files over some months, from the first to the last.
///
/// As known at a moment, with the facts, days and versions known then, it is the replay that would have been made then.
///
/// Refused, in this order: no or too many files; months that do not follow one another, or too many; a file with faults; a
/// moment that has not come; a person who is not of headquarters, for what every dealer would be charged is told.
pub fn replay(
    desk: &mut Desk,
    files: &[Source],
    months: (Period, Period),
    known_at: Option<Instant>,
) -> Result<Vec<Replayed>, ControlError> {
    fits(files, months)?;
    let currency = ground::currency(&desk.tenant)?;
    let policies =
        files.iter().map(|file| super::read(file, currency).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let known_at = known::asked(desk, known_at)?;
    let (scope, actor) = (desk.tenant.network(), desk.actor.to_lowercase());
    let as_of = known_at.unwrap_or(desk.now);
    let (database, tenant) = (desk.database.clone(), desk.tenant.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        drafts::makes_policy(tx, &actor)?;
        tx.as_known_at(known_at);
        let grounds = grounds(ground::load(tx, &tenant)?, &policies, months.0);
        let basis = under::Basis { database: &database, grounds: &grounds, as_of, months };
        let mut counts: Vec<Count> = policies.iter().map(|_| Count::default()).collect();
        under::judge_under(tx, basis, |facts, found| {
            let piece = Piece { facts, days: (months.0.first_day(), months.1.last_day()) };
            piece.count(found, &mut counts);
            Ok(())
        })?;
        let named = policies.iter().zip(files).zip(counts);
        let in_force = titles(grounds[0].timeline.versions().iter().map(|version| &*version.policy));
        let mut replayed: Vec<Replayed> =
            named.map(|((policy, file), count)| count.named(policy, file, in_force.clone())).collect();
        let region_names: BTreeMap<String, String> = standings::regions(tx)?.into_iter().collect();
        replayed.iter_mut().for_each(|one| one.region_names = region_names.clone());
        Ok(replayed)
    })
}

/// What each clause is called by the last of some policies that has it.
fn titles<'p>(policies: impl Iterator<Item = &'p Policy>) -> BTreeMap<String, Text> {
    let clauses = policies.flat_map(Policy::clauses);
    clauses.map(|clause| (clause.name.to_owned(), clause.title.clone())).collect()
}

fn fits(files: &[Source], (from, to): (Period, Period)) -> Result<(), ControlError> {
    if files.is_empty() || files.len() > MOST_FILES {
        return Err(ControlError::Usage(format!(
            "{} policy files: replay 1 to {MOST_FILES} at once",
            files.len()
        )));
    }
    if from > to {
        return Err(ControlError::Usage(format!("{from} to {to}: the first month comes first")));
    }
    let months = to.number() - from.number() + 1;
    if months > MOST_MONTHS {
        return Err(ControlError::Usage(format!(
            "{months} months: at most {MOST_MONTHS} are replayed at once"
        )));
    }
    Ok(())
}

/// What was in force, and each file instead of it from the first month on.
fn grounds(in_force: Ground, policies: &[Arc<Policy>], from: Period) -> Vec<Ground> {
    let replaced = |policy: &Arc<Policy>| Ground {
        timeline: in_force.timeline.replaced_from(from.first_day(), Arc::clone(policy)),
        zone: in_force.zone.clone(),
        calendar: in_force.calendar.clone(),
    };
    let replaced: Vec<Ground> = policies.iter().map(replaced).collect();
    std::iter::once(in_force).chain(replaced).collect()
}

/// What is known of one file so far.
#[derive(Debug, Clone, Default)]
struct Count {
    total: Pair,
    clauses: BTreeMap<String, Pair>,
    regions: BTreeMap<String, Pair>,
    dealers: BTreeMap<String, Pair>,
    crossings: Vec<Crossing>,
}

impl Count {
    /// `titles` are those of the clauses that are in force, whose own rules the file may not have.
    fn named(mut self, policy: &Policy, file: &Source, mut titles: BTreeMap<String, Text>) -> Replayed {
        self.keep_largest();
        titles.extend(self::titles([policy].into_iter()));
        Replayed {
            policy: policy.name.clone(),
            file: file.name.clone(),
            total: self.total,
            clauses: self.clauses,
            regions: self.regions,
            dealers: self.dealers,
            crossings: self.crossings,
            titles,
            region_names: BTreeMap::new(),
        }
    }

    fn crosses(&mut self, crossing: Crossing) {
        self.crossings.push(crossing);
        if self.crossings.len() > 100 * CROSSINGS {
            self.keep_largest();
        }
    }

    fn keep_largest(&mut self) {
        self.crossings.sort_by(|a, b| {
            let key = |it: &Crossing| (it.dealer.clone(), it.subject.clone(), it.party.clone());
            b.size().cmp(&a.size()).then_with(|| key(a).cmp(&key(b)))
        });
        self.crossings.truncate(CROSSINGS);
    }
}

/// A piece of the network that was judged, and the days that count.
struct Piece<'p> {
    facts: &'p Facts,
    days: (Date, Date),
}

/// By what a charge is the same on both sides.
type Key<'f> = (&'static str, &'f str, Seat);
/// A finding, whom it charges and how much.
type Charged<'f> = (&'f Finding, &'f str, Money);

impl<'p> Piece<'p> {
    /// The first of what was found is by what was in force, the others by the files.
    fn count(&self, found: &'p [Found], counts: &mut [Count]) {
        let Some((in_force, replayed)) = found.split_first() else { return };
        let in_force = self.charges(in_force);
        for (replayed, count) in replayed.iter().zip(counts) {
            let replayed = self.charges(replayed);
            for (key, charged) in &replayed {
                self.add(count, key, in_force.get(key), Some(charged));
            }
            for (key, charged) in in_force.iter().filter(|(key, _)| !replayed.contains_key(*key)) {
                self.add(count, key, Some(charged), None);
            }
        }
    }

    fn charges(&self, found: &'p Found) -> HashMap<Key<'p>, Charged<'p>> {
        let (first, last) = self.days;
        let within = found.findings.iter().filter(|finding| (first..=last).contains(&finding.occurred_on));
        let charges = within.flat_map(|finding| finding.charges.iter().map(move |charge| (finding, charge)));
        charges
            .map(|(finding, charge)| {
                let party = self.facts.codes.text(charge.party);
                ((finding.family, finding.subject.as_str(), charge.seat), (finding, party, charge.amount))
            })
            .collect()
    }

    fn add(
        &self,
        count: &mut Count,
        (.., seat): &Key,
        in_force: Option<&Charged>,
        replayed: Option<&Charged>,
    ) {
        let text = |code| self.facts.codes.text(code);
        count.total.count(in_force, replayed);
        count_by(&mut count.clauses, |of| of.clause, in_force, replayed);
        count_by(&mut count.regions, |of| text(of.region), in_force, replayed);
        if matches!(seat, Seat::Dealer | Seat::Employee) {
            count_by(&mut count.dealers, |of| text(of.dealer), in_force, replayed);
        }
        if let (Some((finding, party, _)), None) | (None, Some((finding, party, _))) = (in_force, replayed) {
            let amount = |side: Option<&Charged>| side.map(|(.., amount)| *amount);
            count.crosses(Crossing {
                dealer: text(finding.dealer).to_owned(),
                party: (*party).to_owned(),
                clause: finding.clause,
                subject: finding.subject.clone(),
                in_force: amount(in_force),
                replayed: amount(replayed),
            });
        }
    }
}

/// Counts each side under the name of its own finding.
fn count_by<'n>(
    map: &mut BTreeMap<String, Pair>,
    name: impl Fn(&Finding) -> &'n str,
    in_force: Option<&Charged>,
    replayed: Option<&Charged>,
) {
    if let Some(charged) = in_force {
        at(map, name(charged.0), |pair| pair.count_in_force(charged, replayed.is_none()));
    }
    if let Some(charged) = replayed {
        at(map, name(charged.0), |pair| pair.count_replayed(charged, in_force.is_none()));
    }
}

/// Does something with the pair of a name, looked for first: names are there already nearly always.
fn at(map: &mut BTreeMap<String, Pair>, name: &str, count: impl FnOnce(&mut Pair)) {
    match map.get_mut(name) {
        Some(pair) => count(pair),
        None => count(map.entry(name.to_owned()).or_default()),
    }
}
