//! Discretionary penalties (rulebook 4.2, `complaint.mishandled`): one person drafts, another decides. Approving enters a
//! ruling; the books follow by themselves.

use farsight_ledger::settlement::Role;
use farsight_rulebook::case::Ground;
use farsight_rulebook::facts::RulingKind;
use farsight_rulebook::money::Money;
use farsight_rulebook::time::Instant;
use farsight_store::penalties::{self as stored, Decision, Draft, Filter, New, State};
use farsight_store::session::{Isolation, Turn};
use farsight_store::{Tx, complaints, rectifications, tokens, users};
use serde_json::json;

use crate::appeals::{text, watches};
use crate::{ControlError, Desk, audit, ground, rulings};

/// Why something about a penalty is refused, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only managers of the region and headquarters penalise.
    #[error("{by} may not do this: a regional manager of the dealer's region or headquarters does")]
    MayNot {
        /// Who tried.
        by: String,
    },
    /// There is none of that id in the person's part of the network.
    #[error("there is no complaint '{0}': look it up in the list")]
    NoComplaint(String),
    /// There is an open draft about it.
    #[error("draft {draft} on this complaint is open: decide that one first")]
    Drafted {
        /// Its number.
        draft: i64,
    },
    /// No policy is in force.
    #[error("no policy is in force today: nothing can be charged")]
    NoPolicy,
    /// The amount is outside the policy's limits.
    #[error("the amount is outside the limits in force")]
    Amount {
        /// The least.
        least: Money,
        /// The most.
        most: Money,
    },
    /// It is decided.
    #[error("this draft is over: nothing can be done on it any more")]
    Over,
    /// Four eyes.
    #[error("{by} drafted this: a second person decides")]
    OwnDraft {
        /// Who tried.
        by: String,
    },
    /// Only the drafter takes it back.
    #[error("only whoever drafted this takes it back: refuse it instead")]
    NotOwn,
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MayNot { .. } => "penalty_may_not",
            Self::NoComplaint(_) => "penalty_no_complaint",
            Self::Drafted { .. } => "penalty_drafted",
            Self::NoPolicy => "penalty_no_policy",
            Self::Amount { .. } => "penalty_amount",
            Self::Over => "penalty_over",
            Self::OwnDraft { .. } => "penalty_own_draft",
            Self::NotOwn => "penalty_not_own",
        }
    }
}

/// Drafts of a filter.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// How many there are.
    pub total: u64,
    /// Those of the page.
    pub rows: Vec<Draft>,
}

/// A draft with all there is to see.
#[derive(Debug, Clone)]
pub struct One {
    /// The draft.
    pub draft: Draft,
    /// Whether the person at the desk may decide it, and why not.
    pub may_decide: Result<(), Refusal>,
    /// Whether the person may take it back.
    pub may_withdraw: bool,
}

/// The least and the most that a mishandled complaint costs today; none where no policy is in force.
pub fn limits(desk: &mut Desk) -> Result<Option<(Money, Money)>, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let ground = ground::load(tx, &tenant)?;
        Ok(limits_of(&ground, now))
    })
}

fn limits_of(ground: &Ground, now: Instant) -> Option<(Money, Money)> {
    let version = ground.timeline.in_force(ground.zone.date(now))?;
    let terms = &version.policy.complaint;
    Some((terms.mishandled_least.money, terms.mishandled_most.money))
}

fn within(ground: &Ground, now: Instant, amount: Money) -> Result<(), Refusal> {
    let (least, most) = limits_of(ground, now).ok_or(Refusal::NoPolicy)?;
    if (least..=most).contains(&amount) { Ok(()) } else { Err(Refusal::Amount { least, most }) }
}

/// The drafts of a filter that the person at the desk sees; a dealer sees none.
pub fn list(desk: &mut Desk, filter: &Filter) -> Result<Listed, ControlError> {
    let (scope, actor) = (desk.scope(), desk.actor.to_lowercase());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        penalises(tx, &actor)?;
        let (total, rows) = stored::list(tx, filter)?;
        Ok(Listed { total, rows })
    })
}

fn penalises(tx: &mut Tx, by: &str) -> Result<(), ControlError> {
    match users::find(tx, by)?.map(|user| user.role) {
        Some(Role::RegionalManager | Role::Hq) => Ok(()),
        _ => Err(Refusal::MayNot { by: by.to_owned() }.into()),
    }
}

/// One draft.
pub fn one(desk: &mut Desk, id: i64) -> Result<One, ControlError> {
    let (scope, actor) = (desk.scope(), desk.actor.to_lowercase());
    let today = ground::zone(&desk.tenant)?.date(desk.now);
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        penalises(tx, &actor).map_err(|_| ControlError::NotFound("penalty"))?;
        let draft = stored::find(tx, id)?.ok_or(ControlError::NotFound("penalty"))?;
        let watches = watches(tx, &draft.dealer, &actor, today)?;
        let may_withdraw = draft.state == State::Open && draft.drafted_by == actor;
        let eyes = tokens::same_eyes(tx, &actor)?;
        Ok(One { may_decide: may_decide(&draft, &actor, &eyes, watches), draft, may_withdraw })
    })
}

fn may_decide(draft: &Draft, by: &str, eyes: &[String], watches: bool) -> Result<(), Refusal> {
    if !watches {
        return Err(Refusal::MayNot { by: by.to_owned() });
    }
    if draft.state != State::Open {
        return Err(Refusal::Over);
    }
    if eyes.contains(&draft.drafted_by) { Err(Refusal::OwnDraft { by: by.to_owned() }) } else { Ok(()) }
}

/// Drafts a penalty for a mishandled complaint and gives its number.
///
/// Refused, in this order: a complaint that the person does not see; a person who does not watch its dealer; an open draft
/// on it; an amount outside the limits in force; a reason that is empty or too long.
pub fn draft(desk: &mut Desk, complaint: &str, amount: Money, reason: &str) -> Result<i64, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    let (actor, complaint) = (desk.actor.to_lowercase(), complaint.trim());
    let today = ground::zone(&tenant)?.date(now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        rectifications::take_turn(tx)?;
        penalises(tx, &actor)?;
        let found = complaints::find(tx, complaint, now)?
            .ok_or_else(|| Refusal::NoComplaint(complaint.chars().take(80).collect()))?;
        if !watches(tx, &found.dealer, &actor, today)? {
            return Err(Refusal::MayNot { by: actor.clone() }.into());
        }
        if let Some(open) = stored::open_of(tx, complaint)? {
            return Err(Refusal::Drafted { draft: open.id }.into());
        }
        let ground = ground::load(tx, &tenant)?;
        within(&ground, now, amount)?;
        let body = text(reason)?;
        let new = New { complaint, dealer: &found.dealer, amount, body, by: &actor, at: now };
        let id = stored::add(tx, &new)?;
        audit::about(
            tx,
            now,
            (&actor, "penalty.draft"),
            ("penalty", id),
            &json!({ "complaint": complaint, "amount": amount.0 }),
        )?;
        Ok(id)
    })
}

/// Decides a draft: approving it enters the ruling in the same transaction.
///
/// Refused, in this order: a draft that the person does not see; a person who does not watch the dealer; one that is over;
/// one's own; an amount that is outside the limits in force by now; a reason that is empty or too long.
pub fn decide(desk: &mut Desk, id: i64, approve: bool, reason: &str) -> Result<(), ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    let actor = desk.actor.to_lowercase();
    let today = ground::zone(&tenant)?.date(now);
    desk.session.in_turn(scope, Turn::Facts, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            rectifications::take_turn(tx)?;
            let draft = stored::find(tx, id)?.ok_or(ControlError::NotFound("penalty"))?;
            let watches = watches(tx, &draft.dealer, &actor, today)?;
            may_decide(&draft, &actor, &tokens::same_eyes(tx, &actor)?, watches)?;
            let ground = ground::load(tx, &tenant)?;
            if approve {
                within(&ground, now, draft.amount)?;
            }
            let reason = text(reason)?;
            let ruling = format!("penalty-{id}");
            if approve {
                rulings::enter(
                    tx,
                    &rulings::New {
                        id: &ruling,
                        kind: RulingKind::Mishandled,
                        subject: &format!("complaint:{}", draft.complaint),
                        family: None,
                        amount: Some(draft.amount),
                        by: &actor,
                        at: now,
                        note: &draft.body,
                        desk: "penalty",
                    },
                )?;
            }
            let (state, ruling) =
                if approve { (State::Approved, Some(ruling.as_str())) } else { (State::Refused, None) };
            if !stored::decide(tx, id, &Decision { state, by: &actor, at: now, reason, ruling })? {
                return Err(Refusal::Over.into());
            }
            let detail = json!({ "state": state.name(), "complaint": draft.complaint, "ruling": ruling });
            audit::about(tx, now, (&actor, "penalty.decide"), ("penalty", id), &detail)
        })
    })
}

/// Takes one's own open draft back.
///
/// Refused, in this order: a draft that the person does not see; one that is over; somebody else's.
pub fn withdraw(desk: &mut Desk, id: i64) -> Result<(), ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.to_lowercase());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        rectifications::take_turn(tx)?;
        let draft = stored::find(tx, id)?.ok_or(ControlError::NotFound("penalty"))?;
        if draft.state != State::Open {
            return Err(Refusal::Over.into());
        }
        if draft.drafted_by != actor {
            return Err(Refusal::NotOwn.into());
        }
        let decision = Decision { state: State::Withdrawn, by: &actor, at: now, reason: "", ruling: None };
        if !stored::decide(tx, id, &decision)? {
            return Err(Refusal::Over.into());
        }
        audit::about(
            tx,
            now,
            (&actor, "penalty.withdraw"),
            ("penalty", id),
            &json!({ "complaint": draft.complaint }),
        )
    })
}
