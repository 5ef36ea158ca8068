//! Judging again, for exports and machines: what is found as of each check's latest run, from the facts stored now.
//! Nothing is posted or kept.

use std::collections::BTreeMap;

use farsight_rulebook::case::{Ground, Judged};
use farsight_rulebook::checks::Check;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::Finding;
use farsight_rulebook::time::Instant;
use farsight_store::registry::Tenant;
use farsight_store::sums::From;
use farsight_store::{Database, Tx, runs};

use super::{UNITS_AT_A_TIME, checks_named, facts_of_units, judge, network, shards};
use crate::{ControlError, ground};

/// A finding as it is exported.
#[derive(Debug, Clone)]
pub struct FindingRow {
    /// The check.
    pub check: &'static str,
    /// The clause.
    pub clause: &'static str,
    /// The family.
    pub family: &'static str,
    /// The subject.
    pub subject: String,
    /// The dealer; empty where it concerns none.
    pub dealer: String,
    /// The local date.
    pub occurred_on: jiff::civil::Date,
    /// All its charges, posted or vacant.
    pub amount: farsight_rulebook::money::Money,
    /// What there is to know at a glance, as JSON.
    pub detail: String,
}

fn row(facts: &Facts, finding: Finding) -> FindingRow {
    FindingRow {
        check: finding.check,
        clause: finding.clause,
        family: finding.family,
        dealer: facts.codes.text(finding.dealer).to_owned(),
        occurred_on: finding.occurred_on,
        amount: finding.amount(),
        subject: finding.subject,
        detail: finding.detail,
    }
}

/// Checks by the as-of instant of their latest run; one that never ran finds nothing.
type Instants = BTreeMap<Instant, Vec<&'static Check>>;

fn instants(tx: &mut Tx, checks: &[&'static Check]) -> Result<Instants, ControlError> {
    let mut instants = Instants::new();
    for mark in runs::marks(tx)? {
        if let Some(check) = checks.iter().find(|check| check.name == mark.check) {
            instants.entry(mark.as_of).or_default().push(check);
        }
    }
    Ok(instants)
}

/// What each check of these names finds as of its latest run; a check that never ran finds nothing.
pub(crate) fn findings(
    tx: &mut Tx,
    database: &Database,
    tenant: &Tenant,
    named: impl Fn(&str) -> bool,
) -> Result<Vec<FindingRow>, ControlError> {
    let ground = ground::load(tx, tenant)?;
    let checks: Vec<_> = checks_named(&[])?.into_iter().filter(|check| named(check.name)).collect();
    let mut rows = Vec::new();
    for (as_of, checks) in instants(tx, &checks)? {
        let (of_network, by_dealer): (Vec<_>, Vec<_>) =
            checks.into_iter().partition(|check| check.of_network);
        let basis = shards::Basis { database, ground: &ground, as_of, checks: &by_dealer };
        shards::judge_all(tx, basis, |_, facts, found| {
            rows.extend(found.findings.into_iter().map(|finding| row(facts, finding)));
            Ok(())
        })?;
        for check in of_network {
            let units = network::all_units(tx, check, (std::slice::from_ref(&ground), as_of))?;
            rows.extend(of_units(tx, check, units, (&ground, as_of))?);
        }
    }
    Ok(rows)
}

/// What some units of a check give; sums are counted now where those that are kept are a run behind.
fn of_units(
    tx: &mut Tx,
    check: &'static Check,
    units: Vec<String>,
    (ground, as_of): (&Ground, Instant),
) -> Result<Vec<FindingRow>, ControlError> {
    let (_, units) = network::resting(units, &ground.zone, as_of);
    let mut rows = Vec::new();
    for units in network::chunks(check, units, UNITS_AT_A_TIME) {
        let facts = facts_of_units(tx, check, &units, (ground, as_of), From::KeptOrNow)?;
        let judged = Judged::Units(units.into_iter().collect());
        let found = judge(&facts, ground, as_of, judged, &[check])?;
        rows.extend(found.findings.into_iter().map(|finding| row(&facts, finding)));
    }
    Ok(rows)
}

/// A unit of the whole network of a check: what it finds may be of any dealer, or of none.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NetworkUnit {
    /// The check.
    pub(crate) check: String,
    /// The unit.
    pub(crate) unit: String,
}

/// Checks that judge again piece by piece, as of each check's latest run. What every dealer needs is read once.
pub(crate) struct Again {
    ground: Ground,
    database: Database,
    /// Checks whose every unit is a dealer's.
    by_dealer: Vec<(Instant, Vec<&'static Check>, Facts)>,
    /// Checks with units of the whole network: all their units.
    of_network: Vec<(Instant, &'static Check, Vec<String>)>,
}

impl Again {
    pub(crate) fn new(
        tx: &mut Tx,
        (database, tenant): (&Database, &Tenant),
        checks: &[&'static Check],
    ) -> Result<Self, ControlError> {
        let ground = ground::load(tx, tenant)?;
        let mut again =
            Self { ground, database: database.clone(), by_dealer: Vec::new(), of_network: Vec::new() };
        for (as_of, checks) in instants(tx, checks)? {
            let (of_network, by_dealer): (Vec<_>, Vec<_>) =
                checks.into_iter().partition(|check| check.of_network);
            for check in of_network {
                let units = network::all_units(tx, check, (std::slice::from_ref(&again.ground), as_of))?;
                again.of_network.push((as_of, check, units));
            }
            if !by_dealer.is_empty() {
                let basis = shards::Basis { database, ground: &again.ground, as_of, checks: &by_dealer };
                let common = shards::read_common(tx, basis)?;
                again.by_dealer.push((as_of, by_dealer, common));
            }
        }
        Ok(again)
    }

    /// The units of the whole network, by check and unit.
    pub(crate) fn network(&self) -> Vec<NetworkUnit> {
        let mut network: Vec<NetworkUnit> = Vec::new();
        for (_, check, units) in &self.of_network {
            let own = units.iter().filter(|unit| dealer_of(unit).is_none());
            network.extend(own.map(|unit| NetworkUnit { check: check.name.to_owned(), unit: unit.clone() }));
        }
        network.sort_unstable();
        network
    }

    /// What is found of these dealers' own units.
    pub(crate) fn dealers(&self, tx: &mut Tx, dealers: &[String]) -> Result<Vec<FindingRow>, ControlError> {
        tx.look_at_few()?;
        let mut rows = Vec::new();
        for (as_of, checks, common) in &self.by_dealer {
            let basis =
                shards::Basis { database: &self.database, ground: &self.ground, as_of: *as_of, checks };
            let shards::Shard { facts, found, .. } = shards::judge_shard(tx, basis, common, dealers)?;
            rows.extend(found.findings.into_iter().map(|finding| row(&facts, finding)));
        }
        let theirs =
            |unit: &&String| dealer_of(unit).is_some_and(|of| dealers.iter().any(|dealer| dealer == of));
        for (as_of, check, units) in &self.of_network {
            let units = units.iter().filter(theirs).cloned().collect();
            rows.extend(of_units(tx, check, units, (&self.ground, *as_of))?);
        }
        Ok(rows)
    }

    /// What is found of a unit of the whole network.
    pub(crate) fn unit(&self, tx: &mut Tx, of: &NetworkUnit) -> Result<Vec<FindingRow>, ControlError> {
        let Some((as_of, check, _)) = self.of_network.iter().find(|(_, check, _)| check.name == of.check)
        else {
            return Ok(Vec::new());
        };
        tx.look_at_few()?;
        of_units(tx, check, vec![of.unit.clone()], (&self.ground, *as_of))
    }
}

/// The dealer of a dealer's month (`D1@2026-03`).
fn dealer_of(unit: &str) -> Option<&str> {
    Some(unit.rsplit_once('@')?.0)
}
