//! The month's entries judged anew from what is packed, with their findings and receipts: what a verification will do.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use farsight_proof::{Basis, Called, Judged, Judging, JudgingError, Moment, PackError, names};
use farsight_proof::{finding_line, receipt_line};
use farsight_rulebook::checks::custom::Reads;
use farsight_rulebook::checks::{CHECKS, Check};
use farsight_rulebook::finding::Finding;
use farsight_rulebook::messages::Messages;
use farsight_rulebook::time::Instant;
use farsight_store::ledger::Entry;
use farsight_store::registry::Tenant;
use farsight_store::{Tx, runs};

use super::Packing;
use super::facts::odd;
use crate::{ControlError, calendars, explain, ground};

/// Lines of a file of the pack that is written while others are.
struct Aside(BufWriter<File>);

impl Aside {
    fn new() -> Result<Self, ControlError> {
        Ok(Self(BufWriter::new(tempfile::tempfile().map_err(PackError::Io)?)))
    }

    fn line(&mut self, line: &impl serde::Serialize) -> Result<(), ControlError> {
        let text = serde_json::to_string(line).map_err(io::Error::from).map_err(PackError::Io)?;
        Ok(writeln!(self.0, "{text}").map_err(PackError::Io)?)
    }

    fn into_pack(self, packing: &mut Packing, name: &str) -> Result<(), ControlError> {
        packing.writer.begin(name)?;
        let mut file = self.0.into_inner().map_err(|why| PackError::Io(why.into_error()))?;
        let copied = file.seek(SeekFrom::Start(0)).and_then(|_| io::copy(&mut file, &mut packing.writer));
        copied.map_err(PackError::Io)?;
        Ok(())
    }
}

/// What is written while the entries are judged.
struct Out {
    judgements: Aside,
    findings: Aside,
    receipts: Aside,
    messages: Messages,
}

/// Writes the facts of the month's entries, how each was judged, findings and receipts.
pub(super) fn write(packing: &mut Packing, tx: &mut Tx, tenant: &Tenant) -> Result<(), ControlError> {
    let mut out = Out {
        judgements: Aside::new()?,
        findings: Aside::new()?,
        receipts: Aside::new()?,
        messages: explain::messages()?,
    };
    if let Some(until) = packing.until() {
        let shipped = calendars::days()?;
        let timeline = ground::timeline(tx, tenant)?;
        let basis = Basis { timeline, zone: packing.zone.clone(), currency: packing.currency, shipped };
        let reads = Reads::of(&basis.timeline);
        let network = packing.network(tx, until)?;
        let mut by_check: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for entry in packing.entries.iter().chain(&packing.reversed) {
            by_check.entry(entry.check.clone()).or_default().push(entry.clone());
        }
        for check in &CHECKS {
            let Some(mut entries) = by_check.remove(check.name) else { continue };
            let units: BTreeSet<String> = entries.iter().map(|entry| entry.unit.clone()).collect();
            let mut ever = network.clone();
            packing.own(tx, check.name, (&units, &reads), until, &mut ever)?;
            entries.sort_by(|a, b| (a.posted_at, &a.unit, a.id).cmp(&(b.posted_at, &b.unit, b.id)));
            of_check(packing, &mut Judging::new(&basis, &ever, check), check, &entries, &mut out)?;
        }
    }
    out.judgements.into_pack(packing, names::JUDGEMENTS)?;
    out.findings.into_pack(packing, names::FINDINGS)?;
    out.receipts.into_pack(packing, names::RECEIPTS)
}

fn of_check(
    packing: &mut Packing,
    judging: &mut Judging,
    check: &Check,
    entries: &[Entry],
    out: &mut Out,
) -> Result<(), ControlError> {
    // A finding that several seats are charged for is one line. Those of earlier months are in the packs of those.
    let mut told = HashSet::new();
    for entry in entries {
        let run = packing.run(entry)?;
        let (known_at, finding) = judge(judging, entry, run)?;
        let judged = Judged {
            entry_id: entry.id,
            check: check.name.to_owned(),
            family: entry.family.clone(),
            unit: entry.unit.clone(),
            run: entry.run,
            as_of: packing.zone.rfc3339(run.as_of),
            known_at: packing.zone.rfc3339(known_at.unwrap_or(entry.posted_at)),
            newest_policy: run.newest_policy,
        };
        out.judgements.line(&judged)?;
        if known_at.is_none() {
            packing.packed.not_reproduced.push(entry.id);
        }
        let Some(finding) = finding.filter(|_| packing.is_charge(entry)) else { continue };
        let line = finding_line(judging, &finding, &judged);
        if told.insert(line.to_string()) {
            out.findings.line(&line)?;
        }
        if let Some(receipt) = judging.receipt(&finding, entry.seat).map_err(unjudged)? {
            let of = (&finding, entry.seat);
            let line =
                receipt_line(judging, &out.messages, of, &receipt, entry.id).map_err(explain::unsaid)?;
            out.receipts.line(&line)?;
            packing.packed.receipts += 1;
        }
    }
    Ok(())
}

/// By what knowledge an entry comes out again (none: by none that was tried), and the finding of it.
fn judge(
    judging: &mut Judging,
    entry: &Entry,
    run: runs::Judged,
) -> Result<(Option<Instant>, Option<Finding>), ControlError> {
    let found = |judging: &mut Judging, known_at| {
        let moment = Moment { known_at, as_of: run.as_of, newest_policy: run.newest_policy };
        let finding =
            judging.finding(&entry.unit, moment, &entry.family, &entry.subject).map_err(unjudged)?;
        let called = finding.as_ref().and_then(|finding| judging.called(finding, entry.seat));
        Ok::<_, ControlError>((comes_out(entry, called.as_ref()), finding))
    };
    let (out, finding) = found(judging, entry.posted_at)?;
    if out {
        return Ok((Some(entry.posted_at), finding));
    }
    for known_at in judging.earlier(entry.posted_at) {
        let (out, finding) = found(judging, known_at)?;
        if out {
            return Ok((Some(known_at), finding));
        }
    }
    Ok((None, found(judging, entry.posted_at)?.1))
}

/// A charge is called for as it is booked; a reversal's charge is not called for any more, where region and version, which
/// alone reverse nothing, are not looked at (3.3).
fn comes_out(entry: &Entry, called: Option<&Called>) -> bool {
    let (terms, reversal) = (&entry.terms, entry.reverses.is_some());
    let charged = if reversal { terms.amount.opposite() } else { terms.amount };
    let same = called.is_some_and(|called| {
        (&called.clause, called.party_kind, &called.party)
            == (&terms.clause, terms.party_kind.name(), &terms.party)
            && (&called.dealer, called.occurred_on, called.amount)
                == (&terms.dealer, terms.occurred_on, charged)
            && (reversal || (&called.region, called.version) == (&entry.region, entry.version))
    });
    same != reversal
}

fn unjudged(error: JudgingError) -> ControlError {
    match error {
        JudgingError::Row(fault) => odd(fault),
        JudgingError::Holidays(unknown) => ControlError::Holidays(unknown),
    }
}
