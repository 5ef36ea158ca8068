//! From findings to the books: charges against live entries, alerts against open ones.

use farsight_ledger::reconcile::{ChargeKey, Context, Desired, Terms, reconcile as compare};
use farsight_rulebook::checks::Check;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::months_before;
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
    let mut outcome = std::mem::take(&mut run.outcome);
    reconcile_into(&mut outcome, run, tx, checks, facts, found, among, posting)?;
    run.outcome = outcome;
    Ok(())
}

/// The same, counted into `outcome`.
#[expect(clippy::too_many_arguments, reason = "everything a reconciliation rests on")]
pub(super) fn reconcile_into(
    outcome: &mut Outcome,
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
    outcome.findings += found.findings.len() as u64;
    outcome.unchanged += postings.unchanged as u64;
    outcome.too_late += postings.too_late as u64;
    let alerts_among = match among {
        _ if run.first_ever => alerts::Among::Nothing,
        Among::Units => alerts::Among::WantedUnits,
        Among::Dealers => alerts::Among::WantedDealers,
    };
    let changes = alerts::sync(
        tx,
        &names,
        alerts_among,
        found.findings.iter().flat_map(|f| wanted(facts, f)),
        posting.posted_at,
    )?;
    outcome.alerts_opened += changes.opened;
    outcome.alerts_resolved += changes.resolved;
    let (posted, reversed, periods) = ledger::post(tx, postings, posting, run.first_ever)?;
    outcome.posted += posted;
    outcome.reversed += reversed;
    outcome.settlements_reopened += settlements::reopened(tx, &periods)? as u64;
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
fn wanted<'f>(facts: &'f Facts, finding: &'f Finding) -> impl Iterator<Item = Wanted<'f>> {
    let own = (finding.severity != Severity::None)
        .then(|| alert(facts, finding, finding.family, finding.clause, finding.severity));
    let vacant = finding.vacant.iter().map(move |(seat, _)| {
        let family = match seat {
            farsight_rulebook::policy::Seat::RegionDirector => "post-vacant.region-director",
            _ => "post-vacant.district-manager",
        };
        alert(facts, finding, family, "post-vacant", Severity::Warning)
    });
    own.into_iter().chain(vacant)
}

fn alert<'f>(
    facts: &'f Facts,
    finding: &'f Finding,
    family: &'static str,
    clause: &'static str,
    severity: Severity,
) -> Wanted<'f> {
    Wanted {
        family,
        subject: &finding.subject,
        check: finding.check,
        clause,
        unit: &finding.unit,
        dealer: facts.codes.text(finding.dealer),
        severity: severity.name(),
        occurred_on: finding.occurred_on,
        detail: &finding.detail,
    }
}
