//! Appeals: a dealer contests an entry within the policy's days; somebody who had no hand in it decides. One that is upheld
//! becomes a ruling, and the books follow by themselves. Nothing here touches an entry.

mod decide;
mod refusal;

use std::collections::HashMap;

use farsight_ledger::settlement::Role;
use farsight_rulebook::case::Ground;
use farsight_rulebook::finding::PartyKind;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::Text;
use farsight_rulebook::time::Instant;
use farsight_store::appeals::{self as stored, Appeal, Filter, New, State};
use farsight_store::ledger::{self, Entry};
use farsight_store::session::Isolation;
use farsight_store::users::{self, User};
use farsight_store::{Tx, settlements};
use serde_json::json;

pub(crate) use decide::watches;
pub use decide::{Verdict, decide, withdraw};
pub use refusal::Refusal;

use crate::{ControlError, Desk, audit, ground};

/// A text that is kept has at most so many characters.
pub const MOST_CHARS: usize = 2_000;

/// Appeals of a filter.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// How many there are.
    pub total: u64,
    /// Those of the page.
    pub rows: Vec<Appeal>,
}

/// An appeal with all there is to see.
#[derive(Debug, Clone)]
pub struct One {
    /// The appeal.
    pub appeal: Appeal,
    /// What the policy calls the entry's clause.
    pub clause_title: Option<Text>,
    /// Whether the person at the desk may decide it, and why not.
    pub may_decide: Result<(), Refusal>,
    /// Whether the person may take it back.
    pub may_withdraw: bool,
    /// The month that a reversal of the entry falls into, as things stand.
    pub reversal_period: Period,
    /// Whether that is a later month than the entry's, which is locked.
    pub later_month: bool,
}

/// Whether an entry can be contested.
#[derive(Debug, Clone)]
pub struct Contest {
    /// Until when; none where no policy tells.
    pub until: Option<Instant>,
    /// Whether the person at the desk may contest it now, and why not.
    pub may: Result<(), Refusal>,
    /// The appeals made on it, the latest first.
    pub appeals: Vec<Appeal>,
}

/// The appeals of a filter that the person at the desk sees.
pub fn list(desk: &mut Desk, filter: &Filter) -> Result<Listed, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let (total, rows) = stored::list(tx, filter)?;
        Ok(Listed { total, rows })
    })
}

/// One appeal.
pub fn one(desk: &mut Desk, id: i64) -> Result<One, ControlError> {
    let (scope, actor, tenant) = (desk.scope(), desk.actor.to_lowercase(), desk.tenant.clone());
    let today = ground::zone(&tenant)?.date(desk.now);
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let appeal = stored::find(tx, id)?.ok_or(ControlError::NotFound("appeal"))?;
        let may_decide = match decide::may(tx, &appeal, &actor, today) {
            Ok(()) => Ok(()),
            Err(ControlError::Appeal(refusal)) => Err(refusal),
            Err(error) => return Err(error),
        };
        let ground = ground::load(tx, &tenant)?;
        let version = ground.timeline.in_force(appeal.occurred_on);
        let clause = version.and_then(|version| version.policy.clause(&appeal.clause));
        let clause_title = clause.map(|clause| clause.title.clone());
        let last_locked = settlements::last_locked(tx)?;
        let own = Period::of(appeal.occurred_on);
        let reversal_period = farsight_ledger::period::posting_period(appeal.occurred_on, last_locked);
        let may_withdraw = appeal.state == State::Open && works_for(tx, &actor, &appeal.dealer)?;
        Ok(One {
            appeal,
            clause_title,
            may_decide,
            may_withdraw,
            reversal_period,
            later_month: reversal_period > own,
        })
    })
}

fn works_for(tx: &mut Tx, by: &str, dealer: &str) -> Result<bool, ControlError> {
    let user = users::find(tx, by)?;
    Ok(user.is_some_and(|user| user.role == Role::Dealer && user.dealers.iter().any(|own| own == dealer)))
}

/// Whether and until when an entry can be contested, and what appeals there were.
pub(crate) fn contest(
    tx: &mut Tx,
    ground: &Ground,
    entry: &Entry,
    by: &str,
    now: Instant,
) -> Result<Contest, ControlError> {
    let user = users::find(tx, by)?;
    let appeals = stored::of_entry(tx, entry.id)?;
    let until = until(ground, entry.posted_at);
    let reversed = is_reversed(tx, entry)?;
    let may = refuse(entry, user.as_ref(), by, (reversed, until, now), &appeals);
    Ok(Contest { until, may, appeals })
}

/// Which of these entries the person can contest now, and until when: by the rule of [`contest`], asked of all at once.
pub(crate) fn contestable(
    tx: &mut Tx,
    ground: &Ground,
    entries: &[i64],
    by: &str,
    now: Instant,
) -> Result<HashMap<i64, Instant>, ControlError> {
    let user = users::find(tx, by)?;
    let reversed = ledger::reversed_among(tx, entries)?;
    let mut appeals: HashMap<i64, Vec<Appeal>> = HashMap::new();
    for appeal in stored::of_entries(tx, entries)? {
        appeals.entry(appeal.entry).or_default().push(appeal);
    }
    let asked = |entry: &Entry| {
        let until = until(ground, entry.posted_at);
        let of_entry = appeals.get(&entry.id).map_or(&[][..], Vec::as_slice);
        let stands = (reversed.contains(&entry.id), until, now);
        refuse(entry, user.as_ref(), by, stands, of_entry).ok().and(until).map(|until| (entry.id, until))
    };
    Ok(ledger::find_all(tx, entries)?.iter().filter_map(asked).collect())
}

/// Until when an entry can be contested, by the policy in force when it was posted.
pub(crate) fn until(ground: &Ground, posted_at: Instant) -> Option<Instant> {
    let version = ground.timeline.in_force(ground.zone.date(posted_at))?;
    Some(version.policy.appeal.until(&ground.zone, posted_at))
}

fn is_reversed(tx: &mut Tx, entry: &Entry) -> Result<bool, ControlError> {
    let key = farsight_ledger::reconcile::ChargeKey {
        family: entry.family.clone(),
        subject: entry.subject.clone(),
        seat: entry.seat,
    };
    Ok(ledger::history(tx, &key)?.iter().any(|other| other.reverses == Some(entry.id)))
}

/// Refuses in this order: a person who is no dealer's, an entry that is no penalty of theirs, one that is reversed, one
/// that is open already, one that was decided, and one that is too old.
fn refuse(
    entry: &Entry,
    user: Option<&User>,
    by: &str,
    (reversed, until, now): (bool, Option<Instant>, Instant),
    appeals: &[Appeal],
) -> Result<(), Refusal> {
    let own = |user: &User| user.role == Role::Dealer && user.dealers.contains(&entry.terms.dealer);
    if !user.is_some_and(own) {
        return Err(Refusal::MayNot { by: by.to_owned() });
    }
    let is_penalty =
        entry.reverses.is_none() && entry.terms.party_kind == PartyKind::Dealer && entry.terms.amount.0 < 0;
    if !is_penalty {
        return Err(Refusal::NoPenalty);
    }
    if reversed {
        return Err(Refusal::Reversed);
    }
    if let Some(open) = appeals.iter().find(|appeal| appeal.state == State::Open) {
        return Err(Refusal::Open { appeal: open.id });
    }
    if let Some(decided) = appeals.iter().find(|appeal| appeal.state == State::Rejected) {
        return Err(Refusal::DecidedBefore { appeal: decided.id });
    }
    match until {
        Some(until) if now <= until => Ok(()),
        until => Err(Refusal::TooLate { until }),
    }
}

/// A text that people wrote: trimmed, neither empty nor too long.
pub(crate) fn text(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::NoText);
    }
    if text.chars().count() > MOST_CHARS || text.contains('\0') {
        return Err(Refusal::TextTooLong);
    }
    Ok(text)
}

/// Contests an entry and gives the appeal's number; evidence is handed in for it afterwards, on the subject `appeal:ID`.
///
/// Refused, in this order: an entry that the person does not see; then as [`Contest::may`] says; a text that is empty or
/// too long.
pub fn make(desk: &mut Desk, entry: i64, body: &str) -> Result<i64, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    let actor = desk.actor.to_lowercase();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        farsight_store::rectifications::take_turn(tx)?;
        let entry = ledger::find(tx, entry)?.ok_or(ControlError::NotFound("entry"))?;
        let ground = ground::load(tx, &tenant)?;
        contest(tx, &ground, &entry, &actor, now)?.may?;
        let body = text(body)?;
        let version = ground.timeline.in_force(ground.zone.date(now));
        let terms = version.map(|version| version.policy.appeal).unwrap_or_default();
        let decide_by = terms.decide_by(&ground.zone, now);
        let new = New { entry: entry.id, dealer: &entry.terms.dealer, body, by: &actor, at: now, decide_by };
        let id = stored::add(tx, &new)?;
        audit::about(tx, now, (&actor, "appeal.make"), ("appeal", id), &json!({ "entry": entry.id }))?;
        Ok(id)
    })
}
