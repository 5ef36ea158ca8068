//! Entries as people look through them, and the receipt of one with all that can be done about it.
//!
//! The receipt itself is [`crate::explain`]; here is what a page shows beside it. It decides and charges nothing.

use farsight_rulebook::messages::Language;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::Text;
use farsight_store::entries::{self as stored, Filter, Listed, Sum};
use farsight_store::ledger::{self, Entry};
use farsight_store::pictures::{self, Picture};
use farsight_store::session::Isolation;
use farsight_store::{Tx, inspections, settlements};

use crate::appeals::{self, Contest};
use crate::explain::{self, Explained};
use crate::{ControlError, Desk, ground};

/// A page of entries.
#[derive(Debug, Clone)]
pub struct Page {
    /// How many there are of the filter, and their sum.
    pub sum: Sum,
    /// Those of the page.
    pub rows: Vec<Listed>,
    /// What the latest policy version that has it calls each clause, in the order of the rulebook.
    pub titles: Vec<(&'static str, Text)>,
}

/// The entries of a filter that the person at the desk sees.
pub fn list(desk: &mut Desk, filter: &Filter) -> Result<Page, ControlError> {
    let (scope, tenant) = (desk.scope(), desk.tenant.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        let mut titles: Vec<(&'static str, Text)> = Vec::new();
        for clause in ground.timeline.versions().iter().rev().flat_map(|version| version.policy.clauses()) {
            if !titles.iter().any(|(known, _)| *known == clause.name) {
                titles.push((clause.name, clause.title.clone()));
            }
        }
        Ok(Page { sum: stored::sum(tx, filter)?, rows: stored::page(tx, filter)?, titles })
    })
}

/// An entry with its receipt and what can be done about it.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The entry.
    pub entry: Entry,
    /// The name of whoever bears it.
    pub party_name: String,
    /// The receipt in words.
    pub explained: Explained,
    /// Whether it can be contested, until when, and what appeals there were.
    pub contest: Contest,
    /// The other live charges on the same finding.
    pub beside: Vec<Entry>,
    /// The entry that reversed it.
    pub reversed_by: Option<i64>,
    /// The subjects that pictures and documents about it were handed in for.
    pub subjects: Vec<String>,
    /// The camera's pictures that the inspection was judged by; none of any other entry, nor of an imported inspection.
    pub pictures: Vec<Picture>,
    /// The month that a reversal would fall into, as things stand.
    pub reversal_period: Period,
    /// Whether the entry's own month is locked.
    pub locked: bool,
}

/// The receipt of an entry; that it was looked at is in the audit log.
pub fn receipt(desk: &mut Desk, id: i64, language: Language) -> Result<Receipt, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    let actor = desk.actor.to_lowercase();
    let mut receipt = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let entry = ledger::find(tx, id)?.ok_or(ControlError::NotFound("entry"))?;
        let ground = ground::load(tx, &tenant)?;
        let contest = appeals::contest(tx, &ground, &entry, &actor, now)?;
        let key = farsight_ledger::reconcile::ChargeKey {
            family: entry.family.clone(),
            subject: entry.subject.clone(),
            seat: entry.seat,
        };
        let history = ledger::history(tx, &key)?;
        let last_locked = settlements::last_locked(tx)?;
        Ok::<_, ControlError>(Receipt {
            party_name: settlements::party_name(tx, entry.terms.party_kind, &entry.terms.party)?,
            explained: Explained::default(),
            beside: ledger::beside(tx, &entry.subject, entry.id)?,
            reversed_by: history.iter().find(|other| other.reverses == Some(entry.id)).map(|other| other.id),
            subjects: subjects(&entry, &contest),
            pictures: pictures(tx, &entry)?,
            reversal_period: farsight_ledger::period::posting_period(entry.terms.occurred_on, last_locked),
            locked: last_locked.is_some_and(|locked| entry.period <= locked),
            contest,
            entry,
        })
    })?;
    receipt.explained = explain::explain(desk, id, language, None)?;
    Ok(receipt)
}

/// The inspection that an entry is about.
fn inspection(entry: &Entry) -> Option<&str> {
    let rest = entry.subject.strip_prefix("inspection:")?;
    Some(rest.split_once('#').map_or(rest, |(inspection, _)| inspection))
}

/// The pictures of the visit that an entry's inspection was made of.
fn pictures(tx: &mut Tx, entry: &Entry) -> Result<Vec<Picture>, ControlError> {
    let Some(inspection) = inspection(entry) else { return Ok(Vec::new()) };
    Ok(match inspections::visit_of(tx, inspection)? {
        Some((day, dealer)) => pictures::of_visit(tx, day, &dealer)?,
        None => Vec::new(),
    })
}

/// What evidence about an entry may have been handed in for: its subject, its whole inspection, its appeals.
fn subjects(entry: &Entry, contest: &Contest) -> Vec<String> {
    let mut subjects = vec![entry.subject.clone()];
    subjects.extend(
        inspection(entry).map(|id| format!("inspection:{id}")).filter(|whole| *whole != entry.subject),
    );
    subjects.extend(contest.appeals.iter().map(|appeal| format!("appeal:{}", appeal.id)));
    subjects
}
