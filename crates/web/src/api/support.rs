//! `/support-requests`: technical support asked for and given, and what dealers owe to ask.

use farsight_control::pulls::{self, Kept};
use farsight_control::support::{self, Owed};
use farsight_store::support::Request;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::appeals::Silent;
use super::caller::Caller;
use super::operation::Nothing;
use super::paging::{Paging, Piece};
use super::problem::Given;

const LIST: &str = "support-requests";

/// A request.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfRequest {
    /// Its id.
    request: String,
}

/// A request for technical support.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SupportOut {
    /// Its id.
    request_id: String,
    /// The dealer.
    dealer_code: String,
    /// The vehicle.
    vin: String,
    /// The fault.
    fault_code: String,
    /// When it was made.
    #[schema(format = DateTime)]
    requested_at: String,
    /// When it was resolved.
    #[schema(format = DateTime)]
    resolved_at: Option<String>,
    /// Who wrote it down last.
    by: String,
    /// Whether it was voided: nothing counts it any more.
    voided: bool,
}

fn told(caller: &Caller, it: Request, voided: bool) -> SupportOut {
    SupportOut {
        request_id: it.id,
        dealer_code: it.dealer,
        vin: it.vin,
        fault_code: it.fault,
        requested_at: caller.moment(it.requested_at),
        resolved_at: it.resolved_at.map(|at| caller.moment(at)),
        by: it.by,
        voided,
    }
}

/// The requests, in the order of what became known of them last.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<SupportOut>> {
    let wanted = paging.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::support_requests(desk, &wanted)).await?;
    Ok(Piece::of(LIST, pulled, |Kept { it, voided }| told(&caller, it, voided)))
}

/// One request.
pub(crate) async fn one(caller: Caller, of: OfRequest) -> Given<SupportOut> {
    let request = caller.at_desk(move |desk| support::one(desk, &of.request)).await?;
    Ok(told(&caller, request, false))
}

/// What is owed and not asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllOwed {
    /// The requests that are owed, the earliest deadline first.
    items: Vec<OwedOut>,
}

/// A request that a dealer owes after a second failed repair.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwedOut {
    /// The dealer.
    dealer_code: String,
    /// The vehicle.
    vin: String,
    /// The fault.
    fault_code: String,
    /// The work order of the attempt that it arose with.
    work_order_id: String,
    /// When that was completed.
    #[schema(format = DateTime)]
    arose_at: String,
    /// Until when support must be asked for.
    #[schema(format = DateTime)]
    due_at: String,
    /// How many attempts failed.
    attempts: usize,
    /// When the fault was mended since.
    #[schema(format = DateTime)]
    mended_at: Option<String>,
}

fn owes(caller: &Caller, it: Owed) -> OwedOut {
    OwedOut {
        dealer_code: it.dealer,
        vin: it.vin,
        fault_code: it.fault,
        work_order_id: it.work_order,
        arose_at: caller.moment(it.arose_at),
        due_at: caller.moment(it.due),
        attempts: it.attempts,
        mended_at: it.mended_at.map(|at| caller.moment(at)),
    }
}

/// What is owed just now, at the dealers that the caller sees.
pub(crate) async fn owed(caller: Caller, _: Nothing) -> Given<AllOwed> {
    let owed = caller.at_desk(|desk| support::owed(desk, None)).await?;
    Ok(AllOwed { items: owed.into_iter().map(|it| owes(&caller, it)).collect() })
}

/// What support is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRequest {
    /// The dealer.
    #[schema(example = "dealer-1")]
    dealer_code: String,
    /// The vehicle.
    #[schema(example = "vin-1")]
    vin: String,
    /// The fault.
    #[schema(example = "fault-1")]
    fault_code: String,
}

/// Asks for support.
pub(crate) async fn request(caller: Caller, _: Nothing, new: NewRequest) -> Given<SupportOut> {
    let asked = caller.at_desk(move |desk| {
        let id = support::request(desk, &new.dealer_code, &new.vin, &new.fault_code)?;
        support::one(desk, &id)
    });
    let request = asked.await?;
    Ok(told(&caller, request, false))
}

/// Writes down that a request is resolved.
pub(crate) async fn resolve(caller: Caller, of: OfRequest, _: Silent) -> Given<SupportOut> {
    let done = caller.at_desk(move |desk| {
        support::resolve(desk, &of.request)?;
        support::one(desk, &of.request)
    });
    let request = done.await?;
    Ok(told(&caller, request, false))
}
