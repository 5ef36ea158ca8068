//! From findings to the books: charges against live entries, alerts against open ones.

use farsight_ledger::reconcile::{ChargeKey, Context, Desired, Terms, reconcile as compare};
use farsight_rulebook::alert::{self, Level};
use farsight_rulebook::checks::Check;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::{Seat, Severity};
use farsight_rulebook::time::{Zone, months_before};
use farsight_store::alerts::{self, Wanted};
use farsight_store::ledger::{self, Posting};
use farsight_store::{Tx, settlements};

use super::{Outcome, Run};
use crate::ControlError;

/// What was judged, and stands in `wanted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among {
    /// Units of one check.
    Units,
    /// Dealers, of whole checks.
    Dealers,
}

/// Reconciles what was found among what was judged, and counts it into the run.
pub(super) fn reconcile(
    run: &mut Run,
    tx: &mut Tx,
    checks: &[&'static Check],
    facts: &Facts,
    found: &Found,
    among: Among,
    posting: Posting,
) -> Result<(), ControlError> {
    let mut tally = std::mem::take(&mut run.tally);
    reconcile_into(&mut tally, run, tx, checks, facts, found, among, posting)?;
    run.tally = tally;
    Ok(())
}

/// What a run has done so far.
#[derive(Default)]
pub(super) struct Tally {
    /// The counts.
    pub(super) outcome: Outcome,
    /// The round of alerts; none before the first findings.
    pub(super) alerts: Option<alerts::Round>,
    /// Months whose settlement was set back.
    pub(super) reopened: Vec<Period>,
}

/// The same, counted into `tally`.
#[expect(clippy::too_many_arguments, reason = "everything a reconciliation rests on")]
pub(super) fn reconcile_into(
    tally: &mut Tally,
    run: &Run,
    tx: &mut Tx,
    checks: &[&'static Check],
    facts: &Facts,
    found: &Found,
    among: Among,
    posting: Posting,
) -> Result<(), ControlError> {
    let names: Vec<&str> = checks.iter().map(|check| check.name).collect();
    let live = if run.first_ever {
        Vec::new()
    } else {
        ledger::live(
            tx,
            &names,
            if among == Among::Units { ledger::Among::WantedUnits } else { ledger::Among::WantedDealers },
        )?
    };
    let mut desired: Vec<Desired> =
        found.findings.iter().flat_map(|finding| desired(facts, finding)).collect();
    // In the order of the ledger's indexes, which then grow at their ends.
    desired.sort_unstable_by(|a, b| {
        (a.context.check, &a.context.unit, &a.key).cmp(&(b.context.check, &b.context.unit, &b.key))
    });
    let today = run.ground.zone.date(run.as_of);
    let postings = compare(desired, live, |charge| {
        let policy = &run.ground.timeline.version(charge.context.version)?.policy;
        policy.late_limit_months.map(|months| months_before(today, months))
    });
    let Tally { outcome, alerts: round, reopened } = tally;
    outcome.findings += found.findings.len() as u64;
    outcome.unchanged += postings.unchanged as u64;
    outcome.too_late += postings.too_late as u64;
    let alerts_among = match among {
        _ if run.first_ever => alerts::Among::Nothing,
        Among::Units => alerts::Among::WantedUnits,
        Among::Dealers => alerts::Among::WantedDealers,
    };
    let round = round.get_or_insert_with(|| {
        let terms = crate::alerts::terms(&run.ground, run.ground.zone.date(posting.posted_at));
        alerts::Round::new(posting.posted_at, terms)
    });
    let zone = &run.ground.zone;
    round.sync(
        tx,
        &names,
        alerts_among,
        found.findings.iter().flat_map(|finding| wanted(facts, zone, finding)),
    )?;
    let (posted, reversed, periods) = ledger::post(tx, postings, posting, run.first_ever)?;
    outcome.posted += posted;
    outcome.reversed += reversed;
    let again = settlements::reopened(tx, &periods)?;
    outcome.settlements_reopened += again.len() as u64;
    reopened.extend(again);
    Ok(())
}

fn desired(facts: &Facts, finding: &Finding) -> impl Iterator<Item = Desired> {
    let text = |code| facts.codes.text(code).to_owned();
    finding.charges.iter().map(move |charge| Desired {
        key: ChargeKey {
            family: finding.family.to_owned(),
            subject: finding.subject.clone(),
            seat: charge.seat,
        },
        terms: Terms {
            clause: finding.clause.to_owned(),
            party_kind: charge.party_kind,
            party: text(charge.party),
            dealer: text(finding.dealer),
            occurred_on: finding.occurred_on,
            amount: charge.amount,
        },
        context: Context {
            check: finding.check,
            unit: finding.unit.clone(),
            region: text(finding.region),
            version: finding.version,
        },
    })
}

/// A finding's own alert, and one for each charge whose post nobody holds (rulebook 3.7).
fn wanted<'f>(facts: &'f Facts, zone: &Zone, finding: &'f Finding) -> impl Iterator<Item = Wanted<'f>> {
    let own = (finding.severity != Severity::None).then(|| Wanted {
        family: finding.family,
        subject: &finding.subject,
        check: finding.check,
        clause: finding.clause,
        unit: &finding.unit,
        dealer: facts.codes.text(finding.dealer),
        region: facts.codes.text(finding.region),
        severity: finding.severity,
        level: alert::opens_before(facts.codes.text(finding.dealer), facts.codes.text(finding.region)),
        occurred_on: finding.occurred_on,
        amount: finding.amount(),
        due_at: alert::due_at(finding.clause, &finding.detail, zone),
        detail: &finding.detail,
    });
    let vacant = finding.vacant.iter().map(move |(seat, amount)| vacancy(facts, finding, *seat, *amount));
    own.into_iter().chain(vacant)
}

/// A charge whose post nobody holds: whoever is above that post is to fill it.
fn vacancy<'f>(facts: &'f Facts, finding: &'f Finding, seat: Seat, amount: Money) -> Wanted<'f> {
    let no_leader = finding.vacant.iter().any(|(seat, _)| *seat == Seat::RegionDirector);
    Wanted {
        family: if seat == Seat::RegionDirector { alert::REGION_VACANT } else { alert::DISTRICT_VACANT },
        subject: &finding.subject,
        check: finding.check,
        clause: alert::POST_VACANT,
        unit: &finding.unit,
        dealer: facts.codes.text(finding.dealer),
        region: facts.codes.text(finding.region),
        severity: Severity::Warning,
        level: if no_leader { Level::Hq } else { Level::RegionDirector },
        occurred_on: finding.occurred_on,
        amount,
        due_at: None,
        detail: &finding.detail,
    }
}
