//! Deciding an appeal, or taking it back. Four eyes: whoever had a hand in the finding does not decide.

use farsight_ledger::settlement::Role;
use farsight_rulebook::facts::RulingKind;
use farsight_store::appeals::{self as stored, Appeal, Decision, State};
use farsight_store::session::{Isolation, Turn};
use farsight_store::{Tx, rectifications, tokens, users};
use jiff::civil::Date;
use serde_json::json;

use super::{Refusal, text, works_for};
use crate::{ControlError, Desk, audit, ground, rulings};

/// How an appeal is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The charge goes: an `excuse` of the finding, entered as a fact.
    Uphold,
    /// The charge stays.
    Reject,
}

impl Verdict {
    /// The verdict of its name in a form.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "uphold" => Some(Self::Uphold),
            "reject" => Some(Self::Reject),
            _ => None,
        }
    }
}

/// Whether a person may decide an appeal: refused, in this order, when it is over; when the person is neither of
/// headquarters nor a manager of the dealer's region today; when the person, or a machine or maker of machines that sees with
/// the same eyes, had a hand in what the entry stands on.
pub(super) fn may(tx: &mut Tx, appeal: &Appeal, by: &str, today: Date) -> Result<(), ControlError> {
    if appeal.state != State::Open {
        return Err(Refusal::Over.into());
    }
    if !watches(tx, &appeal.dealer, by, today)? {
        return Err(Refusal::MayNotDecide { by: by.to_owned() }.into());
    }
    let eyes = tokens::same_eyes(tx, by)?;
    if stored::makers(tx, appeal.entry)?.iter().any(|maker| eyes.contains(maker)) {
        return Err(Refusal::OwnFinding { by: by.to_owned() }.into());
    }
    Ok(())
}

/// Whether a person is of headquarters, or a manager of a region that the dealer belongs to today.
pub(crate) fn watches(tx: &mut Tx, dealer: &str, by: &str, today: Date) -> Result<bool, ControlError> {
    Ok(match users::find(tx, by)?.map(|user| user.role) {
        Some(Role::Hq) => true,
        Some(Role::RegionalManager) => stored::is_of_user(tx, dealer, by, today)?,
        _ => false,
    })
}

/// Decides an appeal. Upholding it enters a ruling in the same transaction; the checks that have not seen it run within a
/// minute and reverse the entry.
///
/// Refused, in this order: an appeal that the person does not see; then as [`super::One::may_decide`] says; a reason that
/// is empty or too long.
pub fn decide(desk: &mut Desk, id: i64, verdict: Verdict, reason: &str) -> Result<(), ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.to_lowercase());
    let today = ground::zone(&desk.tenant)?.date(now);
    desk.session.in_turn(scope, Turn::Facts, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            rectifications::take_turn(tx)?;
            let appeal = stored::find(tx, id)?.ok_or(ControlError::NotFound("appeal"))?;
            may(tx, &appeal, &actor, today)?;
            let reason = text(reason)?;
            let ruling = format!("appeal-{id}");
            if verdict == Verdict::Uphold {
                rulings::enter(
                    tx,
                    &rulings::New {
                        id: &ruling,
                        kind: RulingKind::Excuse,
                        subject: &appeal.subject,
                        family: Some(&appeal.family),
                        amount: None,
                        by: &actor,
                        at: now,
                        note: reason,
                        desk: "appeal",
                    },
                )?;
            }
            let (state, ruling) = match verdict {
                Verdict::Uphold => (State::Upheld, Some(ruling.as_str())),
                Verdict::Reject => (State::Rejected, None),
            };
            if !stored::decide(tx, id, &Decision { state, by: &actor, at: now, reason, ruling })? {
                return Err(Refusal::Over.into());
            }
            let detail = json!({ "entry": appeal.entry, "state": state.name(), "ruling": ruling });
            audit::about(tx, now, (&actor, "appeal.decide"), ("appeal", id), &detail)
        })
    })
}

/// Takes an open appeal back.
///
/// Refused, in this order: an appeal that the person does not see; one that is over; a person who is not the dealer's.
pub fn withdraw(desk: &mut Desk, id: i64) -> Result<(), ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.to_lowercase());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        rectifications::take_turn(tx)?;
        let appeal = stored::find(tx, id)?.ok_or(ControlError::NotFound("appeal"))?;
        if appeal.state != State::Open {
            return Err(Refusal::Over.into());
        }
        if !works_for(tx, &actor, &appeal.dealer)? {
            return Err(Refusal::MayNot { by: actor.clone() }.into());
        }
        let decision = Decision { state: State::Withdrawn, by: &actor, at: now, reason: "", ruling: None };
        if !stored::decide(tx, id, &decision)? {
            return Err(Refusal::Over.into());
        }
        audit::about(tx, now, (&actor, "appeal.withdraw"), ("appeal", id), &json!({ "entry": appeal.entry }))
    })
}
