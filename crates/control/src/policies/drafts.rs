//! A policy version's way in: one person drafts, the file is checked, a second person publishes it with the date it judges
//! from. What costs dealers more is told them in time (`general.notice_days`). What is published never changes.

use farsight_ledger::settlement::Role;
use farsight_rulebook::checks::CHECKS;
use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::Policy;
use farsight_rulebook::time::Instant;
use farsight_store::facts::read;
use farsight_store::policies::drafts::{self, Draft, State};
use farsight_store::policies::{self, Published};
use farsight_store::session::{Isolation, Turn};
use farsight_store::{Tx, runs, settlements, users};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use super::changes::{self, Change, Toll};
use super::{Source, text};
use crate::{ControlError, Desk, audit, ground};

/// No more drafts than these are shown.
const SHOWN: i64 = 50;

/// Why something about a draft is refused, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only headquarters make policy.
    #[error("{by} may not do this: headquarters make policy")]
    MayNot {
        /// Who tried.
        by: String,
    },
    /// It says what is in force.
    #[error("this says the same as version {version}: nothing would change")]
    Same {
        /// The version.
        version: i32,
    },
    /// It is published or dropped.
    #[error("this draft is {}: nothing can be done on it any more", state.name())]
    Over {
        /// Where it stands.
        state: State,
    },
    /// No date.
    #[error("this is no date: write the first day that it judges like 2026-03-01")]
    NoDate,
    /// Four eyes.
    #[error("{by} drafted this: a second person publishes it")]
    OwnDraft {
        /// Who tried.
        by: String,
    },
    /// A version begins on that day.
    #[error("version {version} begins on {effective_on} already: choose another date")]
    DateTaken {
        /// The version.
        version: i32,
        /// The date.
        effective_on: Date,
    },
    /// Who publishes has seen other changes than it would make.
    #[error(
        "from that day on this changes {}, not what was shown: look at these changes, then publish",
        version.map_or_else(|| "everything".to_owned(), |version| format!("version {version}"))
    )]
    OtherChanges {
        /// The version that it would change.
        version: Option<i32>,
    },
    /// Dealers would not know in time.
    #[error(
        "dealers pay more by this, and version {version} promises them {days} days' notice: the first date it can judge from is {earliest}"
    )]
    Notice {
        /// The version that promises it.
        version: i32,
        /// How many days.
        days: i64,
        /// The first date that keeps it.
        earliest: Date,
    },
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MayNot { .. } => "policy_may_not",
            Self::Same { .. } => "policy_same",
            Self::Over { .. } => "policy_over",
            Self::NoDate => "policy_no_date",
            Self::OwnDraft { .. } => "policy_own_draft",
            Self::DateTaken { .. } => "policy_date_taken",
            Self::OtherChanges { .. } => "policy_other_changes",
            Self::Notice { .. } => "policy_notice",
        }
    }
}

/// A draft, and what it would change.
#[derive(Debug, Clone)]
pub struct Drafted {
    /// The draft.
    pub draft: Draft,
    /// The version it is compared with: the one before it on the first date it can judge from, or of a published one, the
    /// one that it was compared with then.
    pub against: Option<i32>,
    /// What is different.
    pub changes: Vec<Change>,
    /// The first date it can judge from, as things are now; none where no date is too early.
    pub earliest: Option<Date>,
    /// Why whoever is at the desk may not publish it.
    pub may_publish: Result<(), Refusal>,
}

/// A version that was published.
#[derive(Debug, Clone, Serialize)]
pub struct Publication {
    /// Its number.
    pub version: i32,
    /// The policy's name.
    pub policy: String,
    /// The first day it judges.
    pub effective_on: String,
    /// How many changes there are.
    pub changes: usize,
}

/// Checks a policy file and keeps it as a draft; gives its number.
///
/// Refused, in this order: a person who is not of headquarters; a file with faults, each with its line, also a region that there is not; one that says the
/// same as the last version.
pub fn draft(desk: &mut Desk, source: &Source) -> Result<i64, ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.to_lowercase());
    let currency = ground::currency(&desk.tenant)?;
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        makes_policy(tx, &actor)?;
        let regions = read::region_codes(tx)?;
        let policy = super::read_among(source, currency, Some(&regions))?;
        keep(tx, &policy, source, &actor, now)
    })
}

fn keep(tx: &mut Tx, policy: &Policy, source: &Source, by: &str, now: Instant) -> Result<i64, ControlError> {
    if let Some(last) = policies::all(tx)?.last().filter(|last| last.body == source.text) {
        return Err(Refusal::Same { version: last.version }.into());
    }
    let id = drafts::add(tx, &policy.name, &source.text, by, now)?;
    audit::about(
        tx,
        now,
        (by, "policy.draft"),
        ("policy-draft", id),
        &serde_json::json!({ "policy": policy.name }),
    )?;
    Ok(id)
}

/// Whether somebody makes policy. Whoever runs the command at the machine is no user and may: they are trusted.
pub(super) fn makes_policy(tx: &mut Tx, by: &str) -> Result<(), ControlError> {
    let role = users::find(tx, by)?.map(|user| user.role);
    match role {
        Some(Role::Hq) => Ok(()),
        None if by.starts_with(crate::desk::AT_THE_MACHINE) => Ok(()),
        _ => Err(Refusal::MayNot { by: by.to_owned() }.into()),
    }
}

/// What the last version says; nothing where there is none.
pub fn last(desk: &mut Desk) -> Result<Option<String>, ControlError> {
    let (scope, actor) = (desk.scope(), desk.actor.to_lowercase());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        makes_policy(tx, &actor)?;
        Ok(policies::all(tx)?.pop().map(|version| version.body))
    })
}

/// The latest drafts, those that are open first.
pub fn list(desk: &mut Desk) -> Result<Vec<Draft>, ControlError> {
    let (scope, actor) = (desk.scope(), desk.actor.to_lowercase());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        makes_policy(tx, &actor)?;
        Ok(drafts::all(tx, SHOWN)?)
    })
}

/// A draft, and what it would change: an open one of the version that is before it from the first date on that it can judge
/// from, today or where one is `wanted`, from then on.
pub fn one(desk: &mut Desk, id: i64, wanted: Option<Date>) -> Result<Drafted, ControlError> {
    let (scope, actor, tenant) = (desk.scope(), desk.actor.to_lowercase(), desk.tenant.clone());
    let (currency, today) = (ground::currency(&tenant)?, ground::zone(&tenant)?.date(desk.now));
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        makes_policy(tx, &actor).map_err(|_| ControlError::NotFound("policy draft"))?;
        let draft = drafts::find(tx, id)?.ok_or(ControlError::NotFound("policy draft"))?;
        let versions = policies::all(tx)?;
        let may_publish = four_eyes(&draft, &actor, tenant.simulated);
        let became = versions.iter().find(|version| draft.version == Some(version.version));
        let First { against, changes, earliest } = match became {
            Some(own) => {
                let known = |version: &&Published| version.version < own.version;
                let against = versions.iter().filter(known).rfind(|v| v.effective_on < own.effective_on);
                First { against, changes: differences(against, &draft.body, currency)?, earliest: None }
            }
            None => first(&versions, &draft.body, currency, (today, wanted.unwrap_or(today)))?,
        };
        Ok(Drafted { against: against.map(|version| version.version), changes, earliest, may_publish, draft })
    })
}

/// What a file changes from the first date on that it can judge from.
struct First<'v> {
    /// The version before it then.
    against: Option<&'v Published>,
    /// What is different.
    changes: Vec<Change>,
    /// That date, where the one asked for is too early.
    earliest: Option<Date>,
}

/// The version before a date, of those by effective date.
fn before(versions: &[Published], on: Date) -> Option<&Published> {
    versions.iter().rfind(|version| version.effective_on < on)
}

/// The first date from `on` that keeps the notice promised, where `on` does not, with the version before it and what the
/// file changes of that. Whatever begins on the way is another version with another notice.
fn first<'v>(
    versions: &'v [Published],
    body: &str,
    currency: Currency,
    (today, mut on): (Date, Date),
) -> Result<First<'v>, ControlError> {
    let (asked, mut promised) = (on, false);
    loop {
        let against = before(versions, on);
        let changes = differences(against, body, currency)?;
        let notice = earliest(against, &changes, currency, today)?.map(|(_, earliest)| earliest);
        promised |= notice.is_some();
        let date = notice.map_or(on, |earliest| earliest.max(on));
        match versions.iter().find(|next| (on..=date).contains(&next.effective_on)) {
            Some(next) => on = next.effective_on.saturating_add(1.days()),
            None => {
                let earliest = (promised && date > asked).then_some(date);
                return Ok(First { against, changes, earliest });
            }
        }
    }
}

/// What a file would change of a version; everything where there is none.
fn differences(
    against: Option<&Published>,
    body: &str,
    currency: Currency,
) -> Result<Vec<Change>, ControlError> {
    let before = against.map(|version| text::sections_of(&version.body, currency)).transpose()?;
    Ok(changes::between(&before.unwrap_or_default(), &text::sections_of(body, currency)?))
}

/// The days of notice that a version promises, and the first date from today that keeps them; none where nothing is
/// promised or nothing costs dealers more.
fn earliest(
    against: Option<&Published>,
    changes: &[Change],
    currency: Currency,
    today: Date,
) -> Result<Option<(i64, Date)>, ControlError> {
    let Some(against) = against.filter(|_| changes.iter().any(|change| change.toll == Toll::More)) else {
        return Ok(None);
    };
    let days = text::read(&against.body, currency)?.notice_days;
    Ok((days > 0).then(|| (days, today.saturating_add(days.days()))))
}

/// In a simulated tenant one person may try everything alone.
fn four_eyes(draft: &Draft, by: &str, simulated: bool) -> Result<(), Refusal> {
    if draft.state != State::Open {
        return Err(Refusal::Over { state: draft.state });
    }
    if draft.drafted_by == by && !simulated {
        return Err(Refusal::OwnDraft { by: by.to_owned() });
    }
    Ok(())
}

/// Publishes a draft: from `effective_on` it judges, and every check looks at everything once more.
///
/// Refused, in this order: a person who is not of headquarters; a draft that is not there; one that is over; one's own; a
/// date in a locked period; a date that another version has; a file that this program cannot read any more; too short a
/// notice of what costs dealers more.
pub fn publish(desk: &mut Desk, id: i64, effective_on: Date) -> Result<Publication, ControlError> {
    publish_if(desk, id, effective_on, |_| true)
}

/// The same by somebody who was shown what it changes of a version: refused, before too short a notice, where from that
/// date on it would change another.
pub fn publish_seen(
    desk: &mut Desk,
    id: i64,
    effective_on: Date,
    seen: Option<i32>,
) -> Result<Publication, ControlError> {
    publish_if(desk, id, effective_on, |version| version == seen)
}

fn publish_if(
    desk: &mut Desk,
    id: i64,
    effective_on: Date,
    is_seen: impl Fn(Option<i32>) -> bool,
) -> Result<Publication, ControlError> {
    let (scope, now, actor, tenant) =
        (desk.scope(), desk.now, desk.actor.to_lowercase(), desk.tenant.clone());
    let (currency, today) = (ground::currency(&tenant)?, ground::zone(&tenant)?.date(now));
    // With the books to oneself: no run is under way that has not seen the version.
    desk.session.in_turn(scope, Turn::Books, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            makes_policy(tx, &actor)?;
            let draft = drafts::find(tx, id)?.ok_or(ControlError::NotFound("policy draft"))?;
            four_eyes(&draft, &actor, tenant.simulated)?;
            let versions = policies::all(tx)?;
            may_begin(tx, &versions, effective_on)?;
            let against = before(&versions, effective_on);
            let changes = differences(against, &draft.body, currency)?;
            let number = against.map(|version| version.version);
            if !is_seen(number) {
                return Err(Refusal::OtherChanges { version: number }.into());
            }
            in_time(&versions, &draft.body, currency, today, effective_on)?;
            let version = policies::publish(
                tx,
                &policies::New {
                    name: &draft.name,
                    body: &draft.body,
                    effective_on,
                    drafted_by: Some(&draft.drafted_by),
                    by: &actor,
                    at: now,
                },
            )?;
            if !drafts::end(tx, id, Some(version), &actor, now)? {
                return Err(Refusal::Over { state: State::Published }.into());
            }
            let checks: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
            runs::touch(tx, &checks, runs::EVERYTHING)?;
            let detail = serde_json::json!({ "policy": draft.name, "version": version,
                "effective_on": effective_on.to_string(), "drafted_by": draft.drafted_by });
            audit::about(tx, now, (&actor, "policy.publish"), ("policy-draft", id), &detail)?;
            let (policy, effective_on) = (draft.name, effective_on.to_string());
            Ok(Publication { version, policy, effective_on, changes: changes.len() })
        })
    })
}

fn may_begin(tx: &mut Tx, versions: &[Published], effective_on: Date) -> Result<(), ControlError> {
    if let Some(locked) = settlements::last_locked(tx)?.filter(|locked| effective_on <= locked.last_day()) {
        return Err(ControlError::PolicyTooEarly { effective_on, locked });
    }
    match versions.iter().find(|version| version.effective_on == effective_on) {
        Some(taken) => Err(Refusal::DateTaken { version: taken.version, effective_on }.into()),
        None => Ok(()),
    }
}

fn in_time(
    versions: &[Published],
    body: &str,
    currency: Currency,
    today: Date,
    effective_on: Date,
) -> Result<(), ControlError> {
    let against = before(versions, effective_on);
    let changes = differences(against, body, currency)?;
    let Some((days, promised)) = earliest(against, &changes, currency, today)? else { return Ok(()) };
    match (against, first(versions, body, currency, (today, effective_on))?.earliest) {
        (Some(against), Some(earliest)) if effective_on < promised => {
            Err(Refusal::Notice { version: against.version, days, earliest }.into())
        }
        _ => Ok(()),
    }
}

/// Publishes a file: the open draft that says exactly this. In a simulated tenant, where one person tries everything
/// alone, it is drafted on the way.
pub fn publish_file(
    desk: &mut Desk,
    source: &Source,
    effective_on: Date,
) -> Result<Publication, ControlError> {
    let scope = desk.scope();
    let drafted = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok::<_, ControlError>(drafts::saying(tx, &source.text)?)
    })?;
    let id = match drafted {
        Some(drafted) => drafted.id,
        None if desk.tenant.simulated => draft(desk, source)?,
        None => {
            super::read(source, ground::currency(&desk.tenant)?)?;
            return Err(ControlError::Usage(format!(
                "nobody has drafted {0}: `farsight policy draft {0} --by EMAIL` does, and a second person publishes it",
                source.name
            )));
        }
    };
    publish(desk, id, effective_on)
}

/// Gives a draft up.
///
/// Refused, in this order: a person who is not of headquarters; a draft that is not there; one that is over.
pub fn drop(desk: &mut Desk, id: i64) -> Result<(), ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.to_lowercase());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        makes_policy(tx, &actor)?;
        let draft = drafts::find(tx, id)?.ok_or(ControlError::NotFound("policy draft"))?;
        if !drafts::end(tx, id, None, &actor, now)? {
            return Err(Refusal::Over { state: draft.state }.into());
        }
        audit::about(
            tx,
            now,
            (&actor, "policy.drop"),
            ("policy-draft", id),
            &serde_json::json!({ "policy": draft.name }),
        )
    })
}
