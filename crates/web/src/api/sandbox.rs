//! `/sandbox`: what an integrator needs to try things out in a simulated tenant, where no job is waited for.

use axum::http::StatusCode;
use farsight_control::evaluate::{self, Request};
use serde::Serialize;
use utoipa::ToSchema;

use super::appeals::Silent;
use super::caller::Caller;
use super::operation::Nothing;
use super::problem::{Given, Problem};

/// What a run of all checks did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// As of when.
    #[schema(format = DateTime)]
    as_of: String,
    /// Findings of what was judged.
    findings: u64,
    /// Charges posted.
    posted: u64,
    /// Entries reversed.
    reversed: u64,
    /// Entries compared and left as they are.
    unchanged: u64,
    /// Alerts opened.
    alerts_opened: u64,
    /// Alerts resolved.
    alerts_resolved: u64,
}

/// Runs every check of a simulated tenant.
pub(crate) async fn check(caller: Caller, _: Nothing, _: Silent) -> Given<Checked> {
    if !caller.tenant().simulated {
        let why = "this tenant is real: its checks are run by jobs; try things out in a simulated one";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not_simulated", why));
    }
    let done = caller.at_desk(|desk| evaluate::evaluate(desk, &Request::default())).await?;
    Ok(Checked {
        as_of: done.as_of,
        findings: done.findings,
        posted: done.posted,
        reversed: done.reversed,
        unchanged: done.unchanged,
        alerts_opened: done.alerts_opened,
        alerts_resolved: done.alerts_resolved,
    })
}
