//! The proof pack of a month: everything it was settled by in one archive, so that each charge can be judged anew without
//! this database.
//!
//! What is packed is what was known when the month's last entry was posted, and no more: so a locked month gives the same
//! bytes whenever it is packed.

mod facts;
mod judged;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use farsight_ledger::settlement::Status;
use farsight_proof::{Audit, Link, PackWriter, Published, Report, Statement, TenantOf, Totals, names};
use farsight_rulebook::calendar::DayKind;
use farsight_rulebook::draw;
use farsight_rulebook::money::Currency;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::ledger::{self, Entry};
use farsight_store::session::Isolation;
use farsight_store::settlements::{self, Stored};
use farsight_store::{StoreError, Tx, audit as links, draws, policies, runs};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::sealing::Sealer;
use crate::{ControlError, Desk, audit, calendars, explain, export, ground, sample, settle};

/// The program, as packs name it.
const PROGRAM: &str = concat!("farsight ", env!("CARGO_PKG_VERSION"));

/// What was packed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Packed {
    /// The month.
    pub period: String,
    /// How far its settlement had come: only a locked month's pack is final.
    pub status: String,
    /// Its entries.
    pub entries: usize,
    /// Charges with their receipts.
    pub receipts: usize,
    /// States of facts.
    pub facts: u64,
    /// Draws.
    pub draws: usize,
    /// Entries that do not come out again when they are judged anew: verifying the pack will name them too.
    pub not_reproduced: Vec<i64>,
    /// The pack's size.
    pub bytes: u64,
    /// The pack's own SHA-256, which the audit log keeps.
    pub sha256: String,
}

/// Packs a month that was calculated, and writes the pack to `out`.
///
/// Refused: a month that was not calculated; a person who sees only a part of the network.
pub fn pack<W: Write>(
    desk: &mut Desk,
    sealer: &Sealer,
    period: Period,
    mut out: W,
) -> Result<Packed, ControlError> {
    let scope = desk.scope();
    if !scope.is_whole() {
        return Err(ControlError::NotFound("settlement"));
    }
    let draws = published(desk, sealer, period)?;
    let tenant = desk.tenant.clone();
    let (mut packed, file) = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let stored = settlements::find(tx, period)?.ok_or(ControlError::NotCalculated(period))?;
        let (zone, currency) = (ground::zone(&tenant)?, ground::currency(&tenant)?);
        let writer =
            PackWriter::new(BufWriter::new(tempfile::tempfile().map_err(farsight_proof::PackError::Io)?));
        let mut packing = Packing {
            writer,
            zone,
            currency,
            period,
            entries: Vec::new(),
            reversed: Vec::new(),
            runs: HashMap::new(),
            packed: Packed { period: period.to_string(), ..Packed::default() },
        };
        packing.books(tx)?;
        packing.basis(tx)?;
        judged::write(&mut packing, tx, &tenant)?;
        packing.draws(&draws)?;
        packing.audit(tx)?;
        packing.whole(tx, &tenant, &stored)
    })?;
    copy(file, &mut packed, &mut out)?;
    let detail =
        serde_json::json!({ "period": packed.period, "status": packed.status, "sha256": packed.sha256 });
    audit::note(desk, "books.export", "pack", &detail)?;
    Ok(packed)
}

/// Verifies a pack; needs nothing else.
pub fn verify(path: &Path) -> Result<Report, ControlError> {
    Ok(farsight_proof::verify(path, &explain::messages()?, PROGRAM)?)
}

/// The month's draws whose keys are published: an earlier look would say who is drawn today.
fn published(desk: &mut Desk, sealer: &Sealer, period: Period) -> Result<Vec<draw::Published>, ControlError> {
    let scope = desk.scope();
    let (first, last) = (period.first_day(), period.last_day());
    let days = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok::<_, ControlError>(draws::revealed_within(tx, first, last)?)
    })?;
    days.into_iter().map(|day| sample::export(desk, sealer, day)).collect()
}

fn copy(mut file: File, packed: &mut Packed, out: &mut impl Write) -> Result<(), ControlError> {
    let mut copied = || -> io::Result<()> {
        let (mut hasher, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
        file.seek(SeekFrom::Start(0))?;
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                break;
            }
            hasher.update(&piece[..read]);
            out.write_all(&piece[..read])?;
            packed.bytes += read as u64;
        }
        packed.sha256 = hex::encode(hasher.finalize());
        out.flush()
    };
    Ok(copied().map_err(farsight_exchange::WriteError::Output)?)
}

/// A pack in the making.
struct Packing {
    writer: PackWriter<BufWriter<File>>,
    zone: Zone,
    currency: Currency,
    period: Period,
    entries: Vec<Entry>,
    /// Charges of earlier months that the month takes back.
    reversed: Vec<Entry>,
    runs: HashMap<i64, runs::Judged>,
    packed: Packed,
}

impl Packing {
    /// Settlement and entries, as they are exported, and what the month's reversals take back of earlier months.
    fn books(&mut self, tx: &mut Tx) -> Result<(), ControlError> {
        let terms = (&self.zone, self.currency);
        self.writer.begin(names::SETTLEMENT)?;
        export::settlement_csv(tx, terms, self.period, &mut self.writer)?;
        ledger::each(tx, Some(self.period), |entry| self.entries.push(entry))?;
        self.writer.begin(names::ENTRIES)?;
        export::entries_csv(terms, &self.entries, &mut self.writer)?;
        let here: HashSet<i64> = self.entries.iter().map(|entry| entry.id).collect();
        let mut earlier: Vec<i64> =
            self.entries.iter().filter_map(|entry| entry.reverses).filter(|id| !here.contains(id)).collect();
        earlier.sort_unstable();
        self.reversed = ledger::find_all(tx, &earlier)?;
        self.reversed.sort_by_key(|entry| entry.id);
        self.writer.begin(names::REVERSED)?;
        export::entries_csv(terms, &self.reversed, &mut self.writer)?;
        let of: Vec<i64> = self.entries.iter().chain(&self.reversed).map(|entry| entry.run).collect();
        self.runs = runs::judged(tx, &of)?;
        self.packed.entries = self.entries.len();
        Ok(())
    }

    /// The policy versions that can judge the month, and the calendar that the program ships with. A version that begins
    /// later judges nothing that falls into this month, and one that no run knew nothing that was posted.
    fn basis(&mut self, tx: &mut Tx) -> Result<(), ControlError> {
        let mut versions = policies::all(tx)?;
        let newest = self.runs.values().map(|run| run.newest_policy).max().unwrap_or(i32::MAX);
        let last = self.period.last_day();
        versions.retain(|version| version.effective_on <= last && version.version <= newest);
        let listed: Vec<Published> = versions
            .iter()
            .map(|version| Published {
                version: version.version,
                effective_on: version.effective_on,
                file: names::policy(version.version),
                sha256: hex::encode(Sha256::digest(&version.body)),
            })
            .collect();
        self.json(names::POLICIES, &listed)?;
        for version in &versions {
            self.writer.file(&names::policy(version.version), version.body.as_bytes())?;
        }
        let mut days = calendars::days()?;
        days.sort_by_key(|(day, _)| *day);
        let kind = |kind| if kind == DayKind::Holiday { "holiday" } else { "make-up" };
        let mut lines = vec!["day,kind\n".to_owned()];
        lines.extend(days.iter().map(|(day, of)| format!("{day},{}\n", kind(*of))));
        Ok(self.writer.file(names::CALENDAR, lines.concat().as_bytes())?)
    }

    fn draws(&mut self, draws: &[draw::Published]) -> Result<(), ControlError> {
        for draw in draws {
            self.json(&names::draw(draw.date), draw)?;
        }
        self.packed.draws = draws.len();
        Ok(())
    }

    /// The links of the settlement's steps: the last one of a locked month says its totals and what head it followed.
    fn audit(&mut self, tx: &mut Tx) -> Result<(), ControlError> {
        let of_month = links::of(tx, "settlement.", &self.period.to_string())?;
        let link = |whole: links::Whole| {
            let links::Listed { seq, at, actor, action, subject, detail, hash } = whole.link;
            Link { seq, at, actor, action, subject, detail, previous_hash: whole.previous_hash, hash }
        };
        let audit = Audit { tenant: tx.tenant(), links: of_month.into_iter().map(link).collect() };
        self.json(names::AUDIT, &audit)
    }

    /// The last file, and what the pack states.
    fn whole(
        mut self,
        tx: &mut Tx,
        tenant: &farsight_store::registry::Tenant,
        stored: &Stored,
    ) -> Result<(Packed, File), ControlError> {
        self.writer.file(names::README, farsight_proof::README.as_bytes())?;
        let lines = settlements::lines(tx, self.period, Some(stored.settlement.status))?;
        let settled =
            settle::total(self.period, Some(stored), &lines, |amount| self.currency.show(amount).to_string());
        let statement = Statement {
            tenant: TenantOf { code: tenant.code.clone(), name: tenant.name.clone() },
            period: settled.period,
            status: settled.status.to_owned(),
            currency: tenant.currency.clone(),
            time_zone: tenant.time_zone.clone(),
            first_judged_day: tenant.first_judged_day,
            totals: Totals {
                parties: settled.parties,
                entries: settled.entries,
                penalties: settled.penalties,
                incentives: settled.incentives,
                reversals: settled.reversals,
                net: settled.net,
            },
            audit_head: stored.audit_head.clone().filter(|_| stored.settlement.status == Status::Locked),
        };
        self.packed.status.clone_from(&statement.status);
        let out = self.writer.finish(PROGRAM, statement)?;
        let file = out.into_inner().map_err(|why| farsight_proof::PackError::Io(why.into_error()))?;
        Ok((self.packed, file))
    }

    fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), ControlError> {
        let mut text =
            serde_json::to_vec(value).map_err(io::Error::from).map_err(farsight_proof::PackError::Io)?;
        text.push(b'\n');
        Ok(self.writer.file(name, &text)?)
    }

    /// Whether an entry is a charge of this month, with finding and receipt.
    fn is_charge(&self, entry: &Entry) -> bool {
        entry.reverses.is_none() && entry.period == self.period
    }

    /// What the run judged by that posted an entry.
    fn run(&self, entry: &Entry) -> Result<runs::Judged, ControlError> {
        let unknown = || StoreError::Value(format!("entry {}: no run {}", entry.id, entry.run));
        Ok(*self.runs.get(&entry.run).ok_or_else(unknown)?)
    }

    /// The moment of the month's last posting: nothing that became known later bears on it.
    fn until(&self) -> Option<Instant> {
        self.entries.iter().map(|entry| entry.posted_at).max()
    }
}
