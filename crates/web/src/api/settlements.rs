//! `/settlements`: where each month stands.

use farsight_control::pulls;
use farsight_control::settle;
use farsight_ledger::settlement::Status;
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_store::settlements::Month;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::appeals::Silent;
use super::caller::Caller;
use super::paging::{Amount, Paging, Piece};
use super::problem::{Given, Problem};

const LIST: &str = "settlements";

/// A month.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfMonth {
    /// The month, like 2026-03.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    period: String,
}

/// A month's settlement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettlementOut {
    /// The month.
    #[schema(example = "2026-03")]
    period: String,
    /// Where it stands: `calculated`, `reviewed`, `approved` or `locked`.
    status: String,
    /// All its entries together.
    net: Amount,
    /// How many entries.
    entries: i64,
    /// Who calculated it.
    calculated_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    calculated_at: Option<String>,
    /// Who reviewed it.
    reviewed_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    reviewed_at: Option<String>,
    /// Who approved it.
    approved_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    approved_at: Option<String>,
    /// Who locked it.
    locked_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    locked_at: Option<String>,
    /// The audit chain's head when it was locked.
    audit_head: Option<String>,
    /// The mark of its figures: a step names it, and is refused where they have become others since.
    figures: Option<String>,
}

fn told(caller: &Caller, month: Month) -> SettlementOut {
    let moment = |at: Option<i64>| at.map(|at| caller.micros(at));
    SettlementOut {
        period: month.period,
        status: month.status,
        net: caller.amount(Money(month.entry_sum)),
        entries: month.entry_count,
        calculated_by: month.calculated_by,
        calculated_at: moment(month.calculated_at),
        reviewed_by: month.reviewed_by,
        reviewed_at: moment(month.reviewed_at),
        approved_by: month.approved_by,
        approved_at: moment(month.approved_at),
        locked_by: month.locked_by,
        locked_at: moment(month.locked_at),
        audit_head: month.audit_head,
        figures: month.figured_at.map(|at| at.to_string()),
    }
}

/// The settlements, in the order of their latest step.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<SettlementOut>> {
    let wanted = paging.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::settlements(desk, &wanted)).await?;
    Ok(Piece::of(LIST, pulled, |month| told(&caller, month)))
}

/// One month's settlement.
pub(crate) async fn one(caller: Caller, of: OfMonth) -> Given<SettlementOut> {
    let period: Period = of.period.parse().map_err(|_| Problem::not_found())?;
    let look = caller.at_desk(move |desk| settle::look(desk, period)).await?;
    let month = look.month.ok_or_else(Problem::not_found)?;
    Ok(told(&caller, month.month))
}

/// The figures that a step is taken on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Looked {
    /// `figures` of the settlement that was looked at.
    #[schema(example = "1775008800000000")]
    figures: String,
}

impl Looked {
    fn at(&self) -> Given<i64> {
        let bad =
            |_| Problem::refused("bad_figures", "figures is no mark: take that of the settlement as it is");
        self.figures.parse().map_err(bad)
    }
}

/// Takes a step by the caller, who has looked at the figures of a mark.
async fn advance(caller: Caller, of: OfMonth, to: Status, seen: i64) -> Given<SettlementOut> {
    let period: Period = of.period.parse().map_err(|_| Problem::not_found())?;
    let done = caller.at_desk(move |desk| {
        settle::advance(desk, period, to, seen)?;
        settle::look(desk, period)
    });
    let month = done.await?.month.ok_or_else(Problem::not_found)?;
    Ok(told(&caller, month.month))
}

/// Runs all checks and calculates a month, or calculates it again.
pub(crate) async fn calculate(caller: Caller, of: OfMonth, _: Silent) -> Given<SettlementOut> {
    advance(caller, of, Status::Calculated, 0).await
}

/// A first pair of eyes has looked.
pub(crate) async fn review(caller: Caller, of: OfMonth, looked: Looked) -> Given<SettlementOut> {
    let seen = looked.at()?;
    advance(caller, of, Status::Reviewed, seen).await
}

/// A second pair of eyes agrees.
pub(crate) async fn approve(caller: Caller, of: OfMonth, looked: Looked) -> Given<SettlementOut> {
    let seen = looked.at()?;
    advance(caller, of, Status::Approved, seen).await
}

/// Never changes again.
pub(crate) async fn lock(caller: Caller, of: OfMonth, looked: Looked) -> Given<SettlementOut> {
    let seen = looked.at()?;
    advance(caller, of, Status::Locked, seen).await
}
