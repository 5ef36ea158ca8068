//! `/alerts`: what somebody is to look at, in words, and that somebody has.

use farsight_control::alerts::{self, Shown};
use farsight_control::{ControlError, pulls};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::appeals::Silent;
use super::caller::Caller;
use super::paging::{Amount, Paging, Piece};
use super::problem::Given;

const LIST: &str = "alerts";

/// An alert.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfAlert {
    /// Its number.
    alert: i64,
}

/// An alert. Its texts are in the language that Accept-Language wishes for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertOut {
    /// Its number.
    alert_id: i64,
    /// Where it stands: `open`, `acknowledged` or `resolved`.
    status: String,
    /// Its severity: `critical`, `warning` or `notice`.
    severity: String,
    /// Before whom it is: `dealer`, `district-manager`, `region-director` or `hq`.
    level: String,
    /// The check.
    check: String,
    /// The clause.
    clause: String,
    /// What it is about.
    subject: String,
    /// The dealer; empty where none is concerned.
    dealer_code: String,
    /// The region; empty where none is concerned.
    region_code: String,
    /// The local date of what happened.
    #[schema(format = Date)]
    occurred_on: String,
    /// All that its finding charges.
    amount: Amount,
    /// When it opened.
    #[schema(format = DateTime)]
    opened_at: String,
    /// Until when something can or must be done.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// When it goes one level up.
    #[schema(format = DateTime)]
    escalates_at: Option<String>,
    /// When it was acknowledged.
    #[schema(format = DateTime)]
    acknowledged_at: Option<String>,
    /// By whom.
    acknowledged_by: Option<String>,
    /// When it was resolved.
    #[schema(format = DateTime)]
    resolved_at: Option<String>,
    /// What happened.
    happened: String,
    /// What it costs.
    cost: String,
    /// Who is to do what by when.
    act: String,
}

fn told(caller: &Caller, alert: Shown) -> AlertOut {
    AlertOut {
        alert_id: alert.alert,
        status: alert.status.to_owned(),
        severity: alert.severity,
        level: alert.level.to_owned(),
        check: alert.check,
        clause: alert.clause,
        subject: alert.subject,
        dealer_code: alert.dealer,
        region_code: alert.region,
        occurred_on: alert.occurred_on.to_string(),
        amount: Amount::told(alert.amount, &caller.tenant().currency),
        opened_at: alert.opened_at,
        due_at: alert.due_at,
        escalates_at: alert.escalates_at,
        acknowledged_at: alert.acknowledged_at,
        acknowledged_by: alert.acknowledged_by,
        resolved_at: alert.resolved_at,
        happened: alert.happened,
        cost: alert.cost,
        act: alert.act,
    }
}

/// The alerts, in the order of their latest change.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<AlertOut>> {
    let (wanted, language) = (paging.wanted(LIST)?, caller.language());
    let pulled = caller.at_desk(move |desk| pulls::alerts(desk, &wanted, language)).await?;
    Ok(Piece::of(LIST, pulled, |alert| told(&caller, alert)))
}

/// One alert.
pub(crate) async fn one(caller: Caller, of: OfAlert) -> Given<AlertOut> {
    let language = caller.language();
    let found = caller
        .at_desk(move |desk| alerts::find(desk, of.alert, language)?.ok_or(ControlError::NotFound("alert")));
    let alert = found.await?;
    Ok(told(&caller, alert))
}

/// Says that somebody has looked at an alert.
pub(crate) async fn acknowledge(caller: Caller, of: OfAlert, _: Silent) -> Given<AlertOut> {
    let (language, by) = (caller.language(), caller.held().machine.clone());
    let done = caller.at_desk(move |desk| {
        alerts::find(desk, of.alert, language)?.ok_or(ControlError::NotFound("alert"))?;
        alerts::acknowledge(desk, of.alert, &by, language)
    });
    let alert = done.await?;
    Ok(told(&caller, alert))
}
