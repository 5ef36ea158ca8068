//! Fault hotspots — 故障高频 (rulebook 4.11): a model's fault that more vehicles have than chance explains.
//!
//! Its unit is the month, over the whole network.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde_json::json;

use crate::calendar::HolidaysUnknown;
use crate::case::{Case, Concern, Draft, detail};
use crate::codes::Code;
use crate::exact::{fraction, hundredths, is_rare, rounded};
use crate::finding::{Finding, Found};
use crate::period::Period;
use crate::policy::{Clause, Section, Version};
use crate::receipt::{Grounds, Value};
use crate::subject::Subject;
use crate::sums::{MOST_EARLY_KM, Sums, by_model};

/// The check's name.
pub const NAME: &str = "fault-hotspot";
/// The family of faults that rise.
pub const RISING: &str = "fault-hotspot.rising";
/// The family of faults in a vehicle's first kilometres.
pub const EARLY: &str = "fault-hotspot.early";
/// The fault of an early hotspot: any.
const ANY: &str = "*";
/// How many months before are looked at.
pub const MONTHS_BEFORE: i32 = 6;
/// How many months of sales early faults are measured by.
const MONTHS_SOLD: i32 = 3;

/// What a policy says of hotspots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The least vehicles with the fault in the month.
    pub min_count: i64,
    /// The chance below which it is no chance, in millionths.
    pub chance: i64,
    /// The most kilometres of an early fault.
    pub early_km: i64,
    /// `fault-hotspot.rising`
    pub rising: Clause,
    /// `fault-hotspot.early`
    pub early: Clause,
}

impl Terms {
    /// Reads the section `fault-hotspot` of a policy file. No seat can be charged: it concerns no dealer.
    pub fn read(section: &mut Section) -> Self {
        Self {
            min_count: section.count("min_count", 1, 1_000_000),
            chance: section.count("chance", 1, 500_000),
            early_km: section.count("early_km", 1, MOST_EARLY_KM),
            rising: section.clause("rising", RISING, &[]),
            early: section.clause("early", EARLY, &[]),
        }
    }

    /// Its clauses.
    pub fn clauses(&self) -> Vec<&Clause> {
        vec![&self.rising, &self.early]
    }
}

type ByMonth = BTreeMap<Period, i64>;

/// What is known of one model and fault in a month and those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Test {
    count: i64,
    exposure: i64,
    counts_before: i64,
    exposures_before: i64,
}

impl Test {
    /// What is tested of a month; none where an exposure is 0.
    fn of(month: Period, counts: &ByMonth, exposure: impl Fn(Period) -> i64) -> Option<Self> {
        let before = || (1..=MONTHS_BEFORE).filter_map(|back| Period::from_number(month.number() - back));
        let exposures: Vec<i64> = before().chain(std::iter::once(month)).map(&exposure).collect();
        if exposures.len() as i32 != MONTHS_BEFORE + 1 || exposures.contains(&0) {
            return None;
        }
        let own = exposure(month);
        Some(Self {
            count: counts.get(&month).copied().unwrap_or(0),
            exposure: own,
            counts_before: before().filter_map(|month| counts.get(&month)).sum(),
            exposures_before: exposures.iter().sum::<i64>() - own,
        })
    }

    /// λ, as above and below the stroke.
    fn expected(&self) -> (i128, i128) {
        (i128::from(self.exposure) * i128::from(self.counts_before), i128::from(self.exposures_before))
    }

    fn expected_hundredths(&self) -> i64 {
        let (above, below) = self.expected();
        rounded(&fraction(above * 100, below))
    }

    fn is_hotspot(&self, terms: &Terms) -> bool {
        let (above, below) = self.expected();
        self.count >= terms.min_count && is_rare(above, below, self.count, terms.chance)
    }
}

/// The sums by model and fault.
struct Known<'c> {
    sums: Cow<'c, Sums>,
    faulty: HashMap<(Code, Code), ByMonth>,
    sold: HashMap<Code, ByMonth>,
}

impl<'c> Known<'c> {
    fn of(case: &Case<'c>) -> Self {
        let sums = match &case.facts.sums {
            Some(sums) => Cow::Borrowed(sums),
            None => Cow::Owned(by_model(case.facts, &case.ground.zone)),
        };
        let mut faulty: HashMap<(Code, Code), ByMonth> = HashMap::new();
        for row in &sums.faulty {
            faulty.entry((row.model, row.fault)).or_default().insert(row.month, row.vehicles);
        }
        let mut sold: HashMap<Code, ByMonth> = HashMap::new();
        for row in &sums.sold {
            sold.entry(row.model).or_default().insert(row.month, row.vehicles);
        }
        Self { sums, faulty, sold }
    }

    /// Whether the network has an order created in each of the months before.
    fn has_orders_before(&self, month: Period) -> bool {
        let mut before = (1..=MONTHS_BEFORE).map(|back| Period::from_number(month.number() - back));
        before.all(|month| month.is_some_and(|month| self.sums.ordered.contains(&month)))
    }

    /// Vehicles of a model sold by the end of a month, of the last `months` months where so many are named.
    fn sold_by(&self, model: Code, month: Period, months: Option<i32>) -> i64 {
        let first = months.map_or(i32::MIN, |months| month.number() - months + 1);
        let sold = self.sold.get(&model).into_iter().flat_map(|of| of.range(..=month));
        sold.filter(|(month, _)| month.number() >= first).map(|(_, vehicles)| vehicles).sum()
    }

    fn rising(&self, model: Code, month: Period, counts: &ByMonth) -> Option<Test> {
        Test::of(month, counts, |of| self.sold_by(model, of, None))
    }

    fn early(&self, model: Code, month: Period, counts: &ByMonth) -> Option<Test> {
        Test::of(month, counts, |of| self.sold_by(model, of, Some(MONTHS_SOLD)))
    }

    /// Vehicles of each model with a fault within so many kilometres.
    fn early_counts(&self, most_km: i64) -> HashMap<Code, ByMonth> {
        let mut counts: HashMap<Code, ByMonth> = HashMap::new();
        for row in self.sums.early.iter().filter(|row| row.km <= most_km) {
            *counts.entry(row.model).or_default().entry(row.month).or_default() += row.vehicles;
        }
        counts
    }
}

/// Judges every month in which an order was created.
pub fn evaluate(case: &Case, found: &mut Found) -> Result<(), HolidaysUnknown> {
    let known = Known::of(case);
    for month in &known.sums.ordered {
        let unit = month.to_string();
        if case.judges_network(&unit) {
            judge(case, &known, *month, &unit, found);
            case.close_unit(NAME, &unit, found);
        }
    }
    Ok(())
}

fn judge(case: &Case, known: &Known, month: Period, unit: &str, found: &mut Found) {
    let Some(version) = case.version(month.last_day()) else { return };
    let Some(terms) = &version.policy.fault_hotspot else { return };
    if !case.horizon.over(month.last_day()) || !known.has_orders_before(month) {
        return;
    }
    let hotspot = Hotspot { case, month, unit, version };
    for ((model, fault), counts) in &known.faulty {
        if counts.get(&month).is_some_and(|count| *count >= terms.min_count)
            && let Some(test) = known.rising(*model, month, counts).filter(|test| test.is_hotspot(terms))
        {
            hotspot.find(&terms.rising, RISING, *model, case.text(*fault), test, found);
        }
    }
    for (model, counts) in &known.early_counts(terms.early_km) {
        if let Some(test) = known.early(*model, month, counts).filter(|test| test.is_hotspot(terms)) {
            hotspot.find(&terms.early, EARLY, *model, ANY, test, found);
        }
    }
}

struct Hotspot<'a, 'c> {
    case: &'a Case<'c>,
    month: Period,
    unit: &'a str,
    version: &'a Version,
}

impl Hotspot<'_, '_> {
    fn find(
        &self,
        clause: &Clause,
        family: &'static str,
        model: Code,
        fault: &str,
        test: Test,
        found: &mut Found,
    ) {
        let case = self.case;
        let draft = Draft {
            check: NAME,
            clause,
            family,
            subject: format!("model:{}/{fault}@{}", case.text(model), self.month),
            unit: self.unit,
            dealer: case.facts.codes.none(),
            occurred_on: self.month.last_day(),
            version: self.version.number,
            charged: &clause.charges,
            detail: detail(&json!({
                "count": test.count, "expected": hundredths(test.expected_hundredths()).to_string(), "vehicles": test.exposure,
            })),
        };
        case.find_of(found, Concern::Network, draft);
    }
}

/// Tells a finding's grounds: the counts (the vehicles themselves are too many to name).
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let Some(Subject::ModelFaultMonth { model, fault, month }) = Subject::read(&finding.subject) else {
        return Ok(());
    };
    let version = case.ground.timeline.version(finding.version);
    let Some(terms) = version.and_then(|version| version.policy.fault_hotspot.as_ref()) else {
        return Ok(());
    };
    let (known, code) = (Known::of(case), |text: &str| case.facts.codes.find(text));
    let test = code(model).and_then(|model| match fault {
        ANY => known.early(model, month, known.early_counts(terms.early_km).get(&model)?),
        fault => known.rising(model, month, known.faulty.get(&(model, code(fault)?))?),
    });
    let Some(test) = test else { return Ok(()) };
    grounds.say(
        "fault-hotspot.test",
        [
            ("month", Value::Month(month)),
            ("count", Value::text(test.count)),
            ("vehicles", Value::text(test.exposure)),
            ("before", Value::text(test.counts_before)),
            ("exposures", Value::text(test.exposures_before)),
            ("expected", Value::text(hundredths(test.expected_hundredths()))),
            ("chance", Value::text(terms.chance)),
        ],
    );
    Ok(())
}
