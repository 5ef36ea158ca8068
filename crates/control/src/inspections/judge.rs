//! Judging a visit's items into a draft, and choosing what a camera's pictures are compared with.

use farsight_ledger::settlement::Role;
use farsight_rulebook::facts::InspectionResult;
use farsight_store::audit::Deed;
use farsight_store::session::Isolation;
use farsight_store::visits::{State, Visit};
use farsight_store::{Tx, audit, draws, inspections, pictures, users, visits};
use jiff::civil::Date;
use serde_json::json;

use super::InspectionError;
use crate::sample::SampleError;
use crate::{ControlError, Desk, ground};

/// What is judged of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'m> {
    /// The item's code.
    pub item: &'m str,
    /// The result; none takes back what was judged.
    pub result: Option<InspectionResult>,
}

/// The visit of a dealer whom the person sees and may judge. Refused in this order: visit, role.
pub(super) fn may_judge(tx: &mut Tx, by: &str, day: Date, dealer: &str) -> Result<Visit, ControlError> {
    let visit = visits::find(tx, day, dealer)?
        .ok_or_else(|| InspectionError::NoVisit { day, dealer: dealer.to_owned() })?;
    let judges = |role| matches!(role, Role::RegionalManager | Role::Hq | Role::CallCentre);
    if !users::find(tx, by)?.is_some_and(|user| judges(user.role)) {
        return Err(InspectionError::MayNot.into());
    }
    Ok(visit)
}

/// Judges items of a visit: a draft that others see and may change until it is confirmed. Refused in this order: visit,
/// role, nothing to judge, confirmed, item. Of several items all are judged or none.
pub fn judge(desk: &mut Desk, day: Date, dealer: &str, marks: &[Mark]) -> Result<(), ControlError> {
    let (scope, tenant, now, by) = (desk.scope(), desk.tenant.clone(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        draws::take_turn(tx)?; // so that nothing is judged while somebody confirms
        let visit = may_judge(tx, &by, day, dealer)?;
        refuse(tx, &visit)?;
        let ground = ground::load(tx, &tenant)?;
        let version = ground.timeline.in_force(day).ok_or(SampleError::NoPolicy(day))?;
        for mark in marks {
            if !version.policy.spot_check.items.iter().any(|(code, _)| code == mark.item) {
                return Err(InspectionError::NoItem(mark.item.chars().take(80).collect()).into());
            }
            inspections::judge(tx, (day, dealer, mark.item), mark.result.map(name), &by, now)?;
        }
        Ok(())
    })
}

/// What is over, or has nothing to judge by, is refused.
pub(super) fn refuse(tx: &mut Tx, visit: &Visit) -> Result<(), ControlError> {
    if visit.state != State::Inspectable {
        let (day, dealer, state) = (visit.day, visit.dealer.clone(), visit.state.name());
        return Err(InspectionError::NothingToJudge { day, dealer, state }.into());
    }
    match inspections::judged(tx, visit.day, &visit.dealer)? {
        Some(inspection) => Err(InspectionError::Confirmed(inspection).into()),
        None => Ok(()),
    }
}

/// A result's name in facts.
pub(super) const fn name(result: InspectionResult) -> &'static str {
    match result {
        InspectionResult::Pass => "pass",
        InspectionResult::Fail => "fail",
        InspectionResult::NotApplicable => "na",
        InspectionResult::NotVisible => "not-visible",
    }
}

/// Makes a picture the one that shows its camera's hall as it should be. Refused in this order: picture, role.
pub fn choose_standard(desk: &mut Desk, picture: i64) -> Result<(), ControlError> {
    let (own, network, now, by) = (desk.scope(), desk.tenant.network(), desk.now, desk.actor.clone());
    let picture = desk.session.transaction(own, Isolation::ReadCommitted, |tx| {
        let found = pictures::find(tx, picture)?.ok_or(InspectionError::NoPicture(picture))?;
        may_judge(tx, &by, found.day, &found.dealer)?;
        Ok::<_, ControlError>(found)
    })?;
    // The one before may be of the dealer whose the camera was: that row is replaced, whoever sees it.
    desk.session.transaction(network, Isolation::ReadCommitted, |tx| {
        inspections::set_standard(tx, &picture, &by, now)?;
        let (subject, detail) =
            (format!("camera:{}", picture.camera), json!({ "sha256": picture.shot.sha256 }).to_string());
        let deed = Deed { actor: &by, action: "camera.standard", subject: &subject, detail: &detail };
        audit::add(tx, now, &deed)?;
        Ok(())
    })
}
