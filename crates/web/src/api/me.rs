//! `/me`: who the caller is here, and what its token is good for.

use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::operation::Nothing;
use super::problem::Given;

/// The caller, as the tower knows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The manufacturer's code.
    tenant: String,
    /// The machine, as the audit log names it.
    machine: String,
    /// Its role.
    role: String,
    /// The regions it sees; with no dealers either, the whole network.
    regions: Vec<String>,
    /// The dealers it works for.
    dealers: Vec<String>,
    /// Whether it may read.
    reads: bool,
    /// Whether it may take deeds.
    acts: bool,
    /// The tables whose facts it may send; `*` is all of them.
    tables: Vec<String>,
    /// Requests a minute.
    rate: u32,
}

/// Tells the caller who it is.
pub(crate) async fn show(caller: Caller, _: Nothing) -> Given<Me> {
    let held = caller.held().clone();
    Ok(Me {
        tenant: caller.tenant().code.clone(),
        machine: held.machine,
        role: held.role.name().to_owned(),
        regions: held.regions,
        dealers: held.dealers,
        reads: held.reads,
        acts: held.acts,
        tables: held.tables,
        rate: held.rate,
    })
}
