//! Evaluating: facts + policy + as-of instant → findings, and the books reconciled with them, in one transaction.
//!
//! A whole run judges shard after shard of dealers, so that its memory does not grow with the network; otherwise only
//! those units are judged that facts or time have touched. Both leave the same books.

mod again;
mod network;
mod plan;
pub(crate) mod reads;
mod reconcile;
mod shards;
pub(crate) mod under;

use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::{CHECKS, Check};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::{Found, Wake};
use farsight_rulebook::time::Instant;
use farsight_store::audit::Deed;
use farsight_store::facts::read::{self, Wanted};
use farsight_store::session::{Isolation, Turn};
use farsight_store::sums::From;
use farsight_store::{Database, Tx, audit, runs, settlements};
use serde::Serialize;
use serde_json::json;

use crate::{ControlError, Desk, ground};

pub use again::FindingRow;
pub(crate) use again::{Again, NetworkUnit, findings};
pub(crate) use reads::facts_of_units;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The checks, by name; none named: all.
    pub checks: Vec<String>,
    /// The as-of instant; none: now.
    pub as_of: Option<Instant>,
    /// Look at everything, touched or not.
    pub full: bool,
    /// Compute and show, post nothing.
    pub dry_run: bool,
}

/// What a run did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// The as-of instant, RFC 3339.
    pub as_of: String,
    /// The checks judged.
    pub checks: Vec<&'static str>,
    /// The checks of which everything was looked at.
    pub whole: Vec<&'static str>,
    /// Facts read.
    pub facts: u64,
    /// Findings of what was judged.
    pub findings: u64,
    /// Charges posted.
    pub posted: u64,
    /// Entries reversed.
    pub reversed: u64,
    /// Entries compared and left as they are.
    pub unchanged: u64,
    /// Penalties not posted for their age (`late_limit_months`).
    pub too_late: u64,
    /// Alerts opened.
    pub alerts_opened: u64,
    /// Alerts resolved.
    pub alerts_resolved: u64,
    /// Reviewed or approved settlements that are calculated again.
    pub settlements_reopened: u64,
    /// Whether nothing of it was kept.
    pub dry_run: bool,
}

/// Runs checks and reconciles the books.
pub fn evaluate(desk: &mut Desk, request: &Request) -> Result<Outcome, ControlError> {
    let scope = desk.scope();
    let (tenant, now, actor) = (desk.tenant.clone(), desk.now, desk.actor.clone());
    let database = desk.database.clone();
    desk.session.in_turn(scope, Turn::Books, |session| {
        let work = |tx: &mut Tx| Run::new(tx, &database, &tenant, now, &actor, request)?.carry_out(tx);
        if request.dry_run {
            session.rehearse(scope, Isolation::Snapshot, work)
        } else {
            session.transaction(scope, Isolation::Snapshot, work)
        }
    })
}

/// The checks that have not seen everything that came in, or never ran.
pub fn behind(desk: &mut Desk) -> Result<Vec<&'static str>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let touched = runs::touched(tx)?;
        Ok(CHECKS
            .iter()
            .map(|check| check.name)
            .filter(|name| touched.iter().any(|(check, _)| check == name))
            .collect())
    })
}

/// The checks of these names, in the order of the catalogue; none named: all.
pub fn checks_named(names: &[String]) -> Result<Vec<&'static Check>, ControlError> {
    let known = || CHECKS.iter().map(|check| check.name).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = names.iter().find(|name| farsight_rulebook::checks::check(name).is_none()) {
        return Err(ControlError::Usage(format!("no check '{unknown}': there is {}", known())));
    }
    Ok(CHECKS
        .iter()
        .filter(|check| names.is_empty() || names.iter().any(|name| name == check.name))
        .collect())
}

/// How many units are judged at a time: what bounds the memory of a night on which every roster's month ends.
const UNITS_AT_A_TIME: usize = 5_000;

/// One run, from its reads to its writes.
struct Run<'r> {
    ground: Ground,
    checks: Vec<&'static Check>,
    as_of: Instant,
    now: Instant,
    actor: &'r str,
    request: &'r Request,
    tally: reconcile::Tally,
    /// Nothing was ever posted or opened: there is nothing to compare with.
    first_ever: bool,
    database: Database,
    /// What holds for the whole network, once it has been read.
    network: Option<Facts>,
}

impl<'r> Run<'r> {
    fn new(
        tx: &mut Tx,
        database: &Database,
        tenant: &farsight_store::registry::Tenant,
        now: Instant,
        actor: &'r str,
        request: &'r Request,
    ) -> Result<Self, ControlError> {
        let ground = ground::load(tx, tenant)?;
        let checks = checks_named(&request.checks)?;
        let as_of = request.as_of.unwrap_or(now);
        let outcome = Outcome {
            as_of: ground.zone.rfc3339(as_of),
            checks: checks.iter().map(|check| check.name).collect(),
            dry_run: request.dry_run,
            ..Outcome::default()
        };
        let first_ever = runs::marks(tx)?.is_empty();
        Ok(Self {
            ground,
            checks,
            as_of,
            now,
            actor,
            request,
            tally: reconcile::Tally { outcome, ..reconcile::Tally::default() },
            first_ever,
            database: database.clone(),
            network: None,
        })
    }

    fn carry_out(mut self, tx: &mut Tx) -> Result<Outcome, ControlError> {
        let plan = plan::make(tx, &self)?;
        let run = runs::next_id(tx)?;
        let stamp = runs::stamp(tx, self.now)?;
        let posting = farsight_store::ledger::Posting {
            run,
            posted_at: stamp,
            last_locked: settlements::last_locked(tx)?,
        };
        let whole: Vec<&'static Check> = plan.whole.clone();
        network::follow(tx, &plan, (self.request.full, self.ground.zone.name()))?;
        let (of_network, by_dealer): (Vec<_>, Vec<_>) = whole.iter().partition(|check| check.of_network);
        tx.look_at_all()?;
        shards::judge(&mut self, tx, &by_dealer, posting)?;
        for check in of_network {
            let units = network::all_units(tx, check, (std::slice::from_ref(&self.ground), self.as_of))?;
            runs::set_wakes(tx, check.name, None, &[])?;
            self.judge_some(tx, check, units, posting)?;
        }
        for (check, units) in &plan.partial {
            self.judge_some(tx, check, units.clone(), posting)?;
        }
        for (check, imports) in &plan.seen {
            runs::seen(tx, check, imports)?;
        }
        if let Some(round) = self.tally.alerts.take() {
            let changes = round.close(tx)?;
            self.tally.outcome.alerts_opened = changes.opened;
            self.tally.outcome.alerts_resolved = changes.resolved;
        }
        self.tally.outcome.whole = whole.iter().map(|check| check.name).collect();
        // What was posted into a month that is being settled shows in its figures at once.
        for period in settlements::stale(tx)? {
            settlements::refresh(tx, period, self.now)?;
        }
        self.write_down(tx, run, stamp)?;
        Ok(self.tally.outcome)
    }

    /// Judges some units of one check, as many at a time as bound the memory. Of a month that is not over nothing is read.
    fn judge_some(
        &mut self,
        tx: &mut Tx,
        check: &'static Check,
        units: Vec<String>,
        posting: farsight_store::ledger::Posting,
    ) -> Result<(), ControlError> {
        let (months, mut units) = network::by_month(check, units);
        let (resting, over) = network::resting(months, &self.ground.zone, self.as_of);
        units.extend(over);
        let wakes: Vec<Wake> = network::wakes(check, &resting, &self.ground.zone);
        runs::set_wakes(tx, check.name, Some(&resting), &wakes)?;
        for units in network::chunks(check, units, UNITS_AT_A_TIME) {
            self.judge_units(tx, check, &units, posting)?;
        }
        Ok(())
    }

    /// Judges some units of one check, with the facts that they need.
    fn judge_units(
        &mut self,
        tx: &mut Tx,
        check: &'static Check,
        units: &[String],
        posting: farsight_store::ledger::Posting,
    ) -> Result<(), ControlError> {
        tx.look_at_few()?;
        let network = self.network(tx)?;
        let facts = reads::beside_network(tx, network, check, units, (&self.ground, self.as_of), From::Kept)?;
        self.tally.outcome.facts += facts.len() as u64;
        let judged = Judged::Units(units.iter().cloned().collect());
        let found = judge(&facts, &self.ground, self.as_of, judged, &[check])?;
        tx.want(&Wanted::codes(units.iter().map(String::as_str)))?;
        reconcile::reconcile(self, tx, &[check], &facts, &found, reconcile::Among::Units, posting)?;
        runs::set_wakes(tx, check.name, Some(units), &found.wakes)?;
        Ok(())
    }

    /// What holds for the whole network: read once, however many units there are.
    fn network(&mut self, tx: &mut Tx) -> Result<Facts, ControlError> {
        if self.network.is_none() {
            let mut facts = Facts::default();
            read::network(tx, &mut facts)?;
            self.network = Some(facts);
        }
        Ok(self.network.clone().unwrap_or_default())
    }

    fn write_down(&self, tx: &mut Tx, run: i64, stamp: Instant) -> Result<(), ControlError> {
        let outcome = &self.tally.outcome;
        let row = runs::Run {
            id: run,
            checks: outcome.checks.clone(),
            as_of: self.as_of,
            ran_at: stamp,
            whole: outcome.whole.len() == outcome.checks.len(),
            posted: outcome.posted,
            reversed: outcome.reversed,
            unchanged: outcome.unchanged,
            opened: outcome.alerts_opened,
            resolved: outcome.alerts_resolved,
            newest_policy: self.ground.timeline.newest(),
        };
        runs::add(tx, &row)?;
        if outcome.posted + outcome.reversed > 0 {
            self.note(tx, run)?;
        }
        Ok(())
    }

    /// One link for what was posted, and one for each settlement that this set back.
    fn note(&self, tx: &mut Tx, run: i64) -> Result<(), ControlError> {
        let outcome = &self.tally.outcome;
        let did = json!({ "run": run, "posted": outcome.posted, "reversed": outcome.reversed }).to_string();
        let why = json!({ "run": run }).to_string();
        let months: Vec<String> = self.tally.reopened.iter().map(ToString::to_string).collect();
        let deed = |action, subject, detail| Deed { actor: self.actor, action, subject, detail };
        let mut deeds = vec![deed("books.reconcile", outcome.as_of.as_str(), did.as_str())];
        deeds.extend(months.iter().map(|month| deed("settlement.reopen", month, &why)));
        Ok(audit::add_beside(tx, &self.database, self.now, &deeds)?)
    }
}

/// Judges facts by some checks.
fn judge(
    facts: &Facts,
    ground: &Ground,
    as_of: Instant,
    judged: Judged,
    checks: &[&Check],
) -> Result<Found, ControlError> {
    let case = Case::new(facts, ground, as_of, judged);
    let mut found = Found::default();
    for check in checks {
        (check.evaluate)(&case, &mut found)?;
    }
    Ok(found)
}
