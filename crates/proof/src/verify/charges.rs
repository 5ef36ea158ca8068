//! Each charge judged anew; each reversal's charge judged not to be called for; each receipt said again.

use std::collections::{BTreeMap, HashMap, HashSet};

use farsight_rulebook::calendar::DayKind;
use farsight_rulebook::checks::{CHECKS, Check};
use farsight_rulebook::finding::Finding;
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::{Policy, Seat, Timeline, Version};
use farsight_rulebook::time::Zone;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Books, Verification, digest};
use crate::books::{Entry, Judged, Published};
use crate::ever::{Ever, kept};
use crate::fault::{Fault, What};
use crate::judging::{Basis, Called, Judging, Moment, Shipped};
use crate::names;
use crate::receipts::{finding_line, receipt_line};

/// What the pack says beside its entries: receipts by entry, findings by fingerprint with whether one was asked for.
struct Beside {
    receipts: HashMap<i64, (String, [u8; 32])>,
    findings: HashMap<[u8; 32], (u64, bool)>,
}

/// One entry with how it was judged.
struct Booked<'b> {
    entry: &'b Entry,
    judged: &'b Judged,
    moment: Moment,
    seat: Seat,
    /// The file it stands in: a charge of an earlier month, which this one takes back, has its receipt in that month's pack.
    file: &'static str,
}

pub(super) fn verify(work: &mut Verification, books: &Books) {
    let Some(basis) = basis(work) else { return };
    let by_check = booked(work, books);
    let mut beside = Beside { receipts: receipts(work), findings: findings(work) };
    let mut network = Ever::new(work.currency);
    load(work, &mut network, "network");
    for check in &CHECKS {
        let Some(of_check) = by_check.get(check.name) else { continue };
        let mut ever = network.clone();
        load(work, &mut ever, check.name);
        judge(work, books, (&basis, &ever, check), of_check, &mut beside);
    }
    twice(work, books);
    let charges = || books.entries.values().filter(|entry| entry.reverses.is_none());
    let known: HashSet<i64> = charges().map(|entry| entry.id).collect();
    let mut foreign: Vec<i64> = beside.receipts.keys().filter(|id| !known.contains(id)).copied().collect();
    foreign.sort_unstable();
    for id in foreign {
        work.fault(Fault::of(What::ReceiptForeign, names::RECEIPTS, "nothing", "a receipt").entry(id));
    }
    for entry in charges().filter(|entry| !beside.receipts.contains_key(&entry.id)) {
        work.fault(Fault::of(What::ReceiptMissing, names::RECEIPTS, "a receipt", "nothing").entry(entry.id));
    }
    let mut odd: Vec<u64> =
        beside.findings.values().filter(|(_, asked)| !asked).map(|(line, _)| *line).collect();
    odd.sort_unstable();
    for line in odd {
        let found = format!("line {line}, which no charge stands on");
        work.fault(Fault::of(What::FindingDiffers, names::FINDINGS, "nothing", found));
    }
}

/// Policies, zone and calendar, as the pack has them.
fn basis(work: &mut Verification) -> Option<Basis> {
    let statement = work.manifest.statement.clone();
    let Ok(zone) = Zone::named(&statement.time_zone) else {
        work.fault(Fault::of(What::Unknown, names::MANIFEST, "a time zone", statement.time_zone));
        return None;
    };
    let published: Vec<Published> = work.json(names::POLICIES)?;
    let mut versions = Vec::new();
    for policy in &published {
        versions.extend(version(work, policy));
    }
    if versions.len() < published.len() {
        return None;
    }
    let shipped = shipped(work)?;
    let timeline = Timeline::new(versions, statement.first_judged_day);
    Some(Basis { timeline, zone, currency: work.currency, shipped })
}

fn version(work: &mut Verification, published: &Published) -> Option<Version> {
    let text = work.read(&published.file)?;
    let sha256 = hex::encode(Sha256::digest(&text));
    if sha256 != published.sha256 {
        let (expected, found) = (format!("SHA-256 {}", published.sha256), sha256);
        work.fault(Fault::of(What::Policy, &published.file, expected, found));
    }
    let read = String::from_utf8(text).map_err(|why| why.to_string()).and_then(|text| {
        Policy::read(&text, work.currency)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    });
    match read {
        Ok(policy) => Some(Version {
            number: published.version,
            effective_on: published.effective_on,
            policy: policy.into(),
        }),
        Err(why) => {
            work.fault(Fault::of(What::Policy, &published.file, "a policy", why));
            None
        }
    }
}

fn shipped(work: &mut Verification) -> Option<Shipped> {
    let content = work.read(names::CALENDAR)?;
    let mut days = Vec::new();
    for record in
        csv::Reader::from_reader(content.as_slice()).into_deserialize::<(jiff::civil::Date, String)>()
    {
        match record {
            Ok((day, kind)) if kind == "holiday" => days.push((day, DayKind::Holiday)),
            Ok((day, kind)) if kind == "make-up" => days.push((day, DayKind::MakeUp)),
            Ok((day, kind)) => {
                work.unreadable(names::CALENDAR, &format!("{day} is '{kind}'"));
                return None;
            }
            Err(why) => {
                work.unreadable(names::CALENDAR, &why.to_string());
                return None;
            }
        }
    }
    Some(days)
}

/// Reads the facts of a check, or of the network.
fn load(work: &mut Verification, ever: &mut Ever, check: &str) {
    let of_check = names::facts(check, "");
    let folder = of_check.trim_end_matches(".ndjson");
    let mut files = work.pack.names();
    files.retain(|name| name.starts_with(folder));
    files.sort();
    let bytes: u64 = files.iter().filter_map(|name| work.sizes.get(name)).sum();
    if bytes > work.most_facts {
        let why =
            format!("it unpacks to {bytes} bytes, more than {} for its size: no facts do", work.most_facts);
        work.unreadable(folder, &why);
        return;
    }
    // A file that the manifest does not list is no part of the pack.
    files.retain(|name| work.sizes.contains_key(name));
    for name in files {
        let table = name.trim_start_matches(folder).trim_end_matches(".ndjson");
        match kept(table) {
            Some((table, _)) => {
                work.lines(&name, |line| ever.add(table, line).map_err(|why| why.to_string()));
            }
            None => work.fault(Fault::of(What::Unknown, &name, "", "no judgement reads such a table")),
        }
    }
}

fn receipts(work: &mut Verification) -> HashMap<i64, (String, [u8; 32])> {
    let (mut receipts, mut twice, words) = (HashMap::new(), Vec::new(), work.report.words);
    work.lines(names::RECEIPTS, |line| {
        let line: Value = serde_json::from_str(line).map_err(|why| why.to_string())?;
        let Some(entry) = line["entry_id"].as_i64() else { return Err("it names no entry".to_owned()) };
        let amount = line["amount"].as_str().unwrap_or_default().to_owned();
        if receipts.insert(entry, (amount, digest(line, words, "words"))).is_some() {
            twice.push(entry);
        }
        Ok(())
    });
    for entry in twice {
        work.fault(Fault::of(What::ReceiptDiffers, names::RECEIPTS, "one receipt", "two").entry(entry));
    }
    receipts
}

fn findings(work: &mut Verification) -> HashMap<[u8; 32], (u64, bool)> {
    let (mut findings, mut number, words) = (HashMap::new(), 0, work.report.words);
    work.lines(names::FINDINGS, |line| {
        let line: Value = serde_json::from_str(line).map_err(|why| why.to_string())?;
        number += 1;
        findings.insert(digest(line, words, "detail"), (number, false));
        Ok(())
    });
    findings
}

/// Entries by check, each with its judgement, those of one moment and unit together.
fn booked<'b>(work: &mut Verification, books: &'b Books) -> BTreeMap<&'b str, Vec<Booked<'b>>> {
    let mut judged: HashMap<i64, &Judged> = HashMap::new();
    for line in &books.judged {
        if judged.insert(line.entry_id, line).is_some() {
            let fault = Fault::of(What::JudgementMissing, names::JUDGEMENTS, "one judgement", "two");
            work.fault(fault.entry(line.entry_id));
        }
        if books.entry(line.entry_id).is_none() {
            let fault =
                Fault::of(What::JudgementMissing, names::ENTRIES, "the entry that was judged", "nothing");
            work.fault(fault.entry(line.entry_id));
        }
    }
    let mut by_check: BTreeMap<&str, Vec<Booked>> = BTreeMap::new();
    let here = books.entries.values().map(|entry| (names::ENTRIES, entry));
    let earlier = books.reversed.values().map(|entry| (names::REVERSED, entry));
    for (file, entry) in here.chain(earlier) {
        let Some(judged) = judged.get(&entry.id).copied() else {
            let fault = Fault::of(What::JudgementMissing, names::JUDGEMENTS, "how it was judged", "nothing");
            work.fault(fault.entry(entry.id));
            continue;
        };
        let known = CHECKS.iter().any(|check| check.name == judged.check) && judged.check == entry.check;
        match (known, judged.moment(), Seat::named(&entry.seat)) {
            (true, Some(moment), Some(seat)) => {
                by_check.entry(&judged.check).or_default().push(Booked { entry, judged, moment, seat, file });
            }
            _ => {
                let found = format!(
                    "check '{}', seat '{}', as of '{}', known at '{}': this program cannot judge that",
                    entry.check, entry.seat, judged.as_of, judged.known_at
                );
                work.fault(Fault::of(What::Unknown, names::JUDGEMENTS, "", found).entry(entry.id));
            }
        }
    }
    for of_check in by_check.values_mut() {
        of_check.sort_by_key(|booked| (booked.moment, &booked.judged.unit, booked.entry.id));
    }
    by_check
}

fn judge(
    work: &mut Verification,
    books: &Books,
    (basis, ever, check): (&Basis, &Ever, &'static Check),
    of_check: &[Booked],
    beside: &mut Beside,
) {
    let mut judging = Judging::new(basis, ever, check);
    let (mut came_out, mut reversals) = (HashSet::new(), Vec::new());
    for booked in of_check {
        let (entry, file) = (booked.entry, booked.file);
        possible(work, &judging, booked);
        let Judged { unit, family, .. } = booked.judged;
        let finding = match judging.finding(unit, booked.moment, family, &entry.subject) {
            Ok(finding) => finding,
            Err(why) => {
                work.fault(Fault::of(What::Unknown, file, "", why.to_string()).entry(entry.id));
                continue;
            }
        };
        let called = finding.as_ref().and_then(|finding| judging.called(finding, booked.seat));
        match (entry.reverses, called, &finding) {
            (Some(of), called, _) => reversals.push((booked, of, called)),
            (None, Some(called), Some(finding)) => {
                if charge(work, booked, &called) {
                    came_out.insert(entry.id);
                }
                if file == names::ENTRIES {
                    receipt(work, &judging, (booked, finding), beside);
                }
            }
            (None, ..) => {
                let found = told(work, entry);
                work.fault(Fault::of(What::NotCalledFor, file, "no charge", found).entry(entry.id));
            }
        }
    }
    let judged: HashMap<i64, &Judged> =
        of_check.iter().map(|booked| (booked.entry.id, booked.judged)).collect();
    for (booked, of, called) in reversals {
        if reversal(work, books, booked.entry, of, called.as_ref())
            && as_its_charge(work, booked, judged.get(&of).copied())
            && came_out.contains(&of)
        {
            work.report.reversals += 1;
        }
    }
}

/// What was known before the posting is believed of the latest imports alone.
fn possible(work: &mut Verification, judging: &Judging, booked: &Booked) {
    let (posted_at, known_at) = (booked.entry.posted_at, booked.moment.known_at);
    if known_at < posted_at && !judging.earlier(posted_at).any(|at| at == known_at) {
        let expected = format!("known at {posted_at}, or before one of the latest imports before that");
        let fault =
            Fault::of(What::MomentDiffers, names::JUDGEMENTS, expected, format!("known at {known_at}"));
        work.fault(fault.entry(booked.entry.id));
    }
}

/// A reversal is judged where its charge was: elsewhere nothing is called for. A charge without a judgement is told already.
fn as_its_charge(work: &mut Verification, booked: &Booked, charge: Option<&Judged>) -> bool {
    let Some(charge) = charge else { return false };
    let told = |judged: &Judged| format!("judged in unit {} as {}", judged.unit, judged.family);
    let (expected, found) = (told(charge), told(booked.judged));
    if expected == found {
        return true;
    }
    let expected = format!("{expected}, like its charge");
    let fault = Fault::of(What::ReversalDiffers, names::JUDGEMENTS, expected, found);
    work.fault(fault.entry(booked.entry.id));
    false
}

fn told(work: &Verification, entry: &Entry) -> String {
    format!("{} of {} on {}", work.currency.show(entry.amount), entry.party, entry.subject)
}

/// What differs between what the facts call for and what is booked, as told: recomputed, booked.
fn differences(work: &Verification, entry: &Entry, called: &Called) -> Vec<(String, String)> {
    let show = |amount: Money| work.currency.show(amount).to_string();
    let said = [
        ("amount", show(called.amount), show(entry.amount)),
        ("clause", called.clause.clone(), entry.clause.clone()),
        ("party", called.party.clone(), entry.party.clone()),
        ("kind of party", called.party_kind.to_owned(), entry.party_kind.clone()),
        ("dealer", called.dealer.clone(), entry.dealer.clone()),
        ("date", called.occurred_on.to_string(), entry.occurred_on.clone()),
        ("region", called.region.clone(), entry.region.clone()),
        ("policy version", called.version.to_string(), entry.version.to_string()),
    ];
    let differ = said.into_iter().filter(|(_, recomputed, booked)| recomputed != booked);
    differ.map(|(of, recomputed, booked)| (format!("{of} {recomputed}"), format!("{of} {booked}"))).collect()
}

/// Whether a charge is booked as the facts call for it; what differs is told.
fn charge(work: &mut Verification, booked: &Booked, called: &Called) -> bool {
    let differences = differences(work, booked.entry, called);
    let same = differences.is_empty();
    if same && booked.file == names::ENTRIES {
        work.report.charges += 1;
    }
    for (recomputed, said) in differences {
        work.fault(Fault::of(What::ChargeDiffers, booked.file, recomputed, said).entry(booked.entry.id));
    }
    same
}

/// Whether a reversal says the opposite of its charge, which the facts in its unit do not call for any more; else it is told.
fn reversal(work: &mut Verification, books: &Books, entry: &Entry, of: i64, called: Option<&Called>) -> bool {
    let Some(charge) = books.entry(of) else {
        let expected =
            format!("entry {of}, which it takes back, in {} or {}", names::ENTRIES, names::REVERSED);
        work.fault(Fault::of(What::ReversalDiffers, names::ENTRIES, expected, "nothing").entry(entry.id));
        return false;
    };
    let opposite = Entry {
        id: entry.id,
        period: entry.period.clone(),
        amount: charge.amount.opposite(),
        reverses: Some(of),
        posted_at: entry.posted_at,
        ..charge.clone()
    };
    if opposite != *entry || charge.reverses.is_some() {
        let (expected, found) = (told(work, &opposite), told(work, entry));
        let expected = format!("the opposite of entry {of}, {expected}");
        work.fault(Fault::of(What::ReversalDiffers, names::ENTRIES, expected, found).entry(entry.id));
        return false;
    }
    // Another region or version alone reverses nothing; every other difference does.
    let still = called.is_some_and(|called| {
        let same = Called { region: charge.region.clone(), version: charge.version, ..called.clone() };
        differences(work, charge, &same).is_empty()
    });
    if still {
        let found = told(work, charge);
        work.fault(Fault::of(What::StillCalledFor, names::ENTRIES, "", found).entry(entry.id));
    }
    !still
}

fn receipt(
    work: &mut Verification,
    judging: &Judging,
    (booked, finding): (&Booked, &Finding),
    beside: &mut Beside,
) {
    let id = booked.entry.id;
    let line = finding_line(judging, finding, booked.judged);
    let told = format!("{} {} {}", finding.clause, finding.subject, line["amount"]);
    match beside.findings.get_mut(&digest(line, work.report.words, "detail")) {
        Some((_, asked)) => *asked = true,
        None => work.fault(Fault::of(What::FindingDiffers, names::FINDINGS, told, "no such line").entry(id)),
    }
    let Some((amount, packed)) = beside.receipts.get(&id) else { return };
    let recomputed =
        judging.receipt(finding, booked.seat).map_err(|why| why.to_string()).and_then(|receipt| {
            let receipt = receipt.ok_or("nothing was judged")?;
            receipt_line(judging, work.messages, (finding, booked.seat), &receipt, id)
                .map_err(|why| why.to_string())
        });
    match recomputed {
        Ok(line) => {
            let expected = line["amount"].as_str().unwrap_or_default().to_owned();
            if digest(line, work.report.words, "words") == *packed {
                work.report.receipts += 1;
            } else if expected == *amount {
                let fault = Fault::of(
                    What::ReceiptDiffers,
                    names::RECEIPTS,
                    "what the facts give",
                    "other facts or words",
                );
                work.fault(fault.entry(id));
            } else {
                let fault = Fault::of(What::ReceiptDiffers, names::RECEIPTS, expected, amount.as_str());
                work.fault(fault.entry(id));
            }
        }
        Err(why) => work.fault(Fault::of(What::Unknown, names::RECEIPTS, "", why).entry(id)),
    }
}

/// No key is charged twice in the month without being taken back in between.
fn twice(work: &mut Verification, books: &Books) {
    let families: HashMap<i64, &str> =
        books.judged.iter().map(|judged| (judged.entry_id, judged.family.as_str())).collect();
    let mut taken_back = HashSet::new();
    for entry in books.entries.values() {
        if let Some(of) = entry.reverses.filter(|of| !taken_back.insert(*of)) {
            let (expected, found) = ("one reversal".to_owned(), format!("another of entry {of}"));
            work.fault(Fault::of(What::ReversalDiffers, names::ENTRIES, expected, found).entry(entry.id));
        }
    }
    let mut live: HashMap<(&str, &str, &str), i64> = HashMap::new();
    for entry in books.entries.values() {
        if entry.reverses.is_some() || taken_back.contains(&entry.id) {
            continue;
        }
        let key = (families.get(&entry.id).copied().unwrap_or_default(), &*entry.subject, &*entry.seat);
        if let Some(other) = live.insert(key, entry.id) {
            let found = format!("the same charge as entry {other}");
            work.fault(
                Fault::of(What::ChargeDiffers, names::ENTRIES, "each charge once", found).entry(entry.id),
            );
        }
    }
}
