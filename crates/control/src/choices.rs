//! What a form offers to choose from: dealers and regions of the person's part of the network. Reads only.

use farsight_store::session::Isolation;
use farsight_store::support::{self as stored, Choice};

use crate::{ControlError, Desk, ground};

/// Beyond so many dealers a code is typed, not chosen.
const DEALERS: u32 = 400;

/// The dealers open today, by code; the first of many.
pub fn dealers(desk: &mut Desk) -> Result<Vec<Choice>, ControlError> {
    let (scope, today) = (desk.scope(), ground::zone(&desk.tenant)?.date(desk.now));
    desk.session.transaction(scope, Isolation::Snapshot, |tx| Ok(stored::open_dealers(tx, today, DEALERS)?))
}

/// The regions, by code.
pub fn regions(desk: &mut Desk) -> Result<Vec<Choice>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| Ok(stored::regions(tx)?))
}

/// Some rows of a list that is filtered by region.
#[derive(Debug, Clone)]
pub struct ByRegion<Row> {
    /// The rows.
    pub rows: Vec<Row>,
    /// How many there are in all.
    pub total: i64,
    /// The regions to choose from: codes and names.
    pub regions: Vec<(String, String)>,
}
