//! What nobody goes on with: uploads whose time is over are forgotten, and those that arrived while their program ended are
//! told of, to be put together and looked at after all.

use farsight_rulebook::time::Instant;
use farsight_store::session::Isolation;
use farsight_store::uploads::{self, Upload};

use crate::{ControlError, Desk};

/// One that arrived is looked at within this by the program that took it.
const LOOKED_AT_WITHIN: i64 = 10 * 60_000_000;
/// So many are told of at a time.
const MOST_LEFT: i64 = 1_000;
/// Finished ones are remembered a while longer than they take bytes, for a sender who asks late.
const REMEMBERED: i64 = 24 * 3_600_000_000;

/// Forgets the tenant's uploads whose time is over; says how many.
pub fn sweep(desk: &mut Desk) -> Result<usize, ControlError> {
    let (scope, before) = (desk.tenant.network(), Instant(desk.now.0 - REMEMBERED));
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        farsight_store::evidence::forget_looks(tx, before)?;
        Ok(uploads::sweep(tx, before)?)
    })
}

/// The tenant's uploads whose bytes are all here and that nobody has put together.
pub fn left_in_pieces(desk: &mut Desk) -> Result<Vec<Upload>, ControlError> {
    let scope = desk.tenant.network();
    desk.session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok(uploads::left_in_pieces(tx, MOST_LEFT)?))
}

/// The tenant's uploads that are whole and that nobody has looked at.
pub fn left(desk: &mut Desk) -> Result<Vec<Upload>, ControlError> {
    let (scope, before) = (desk.tenant.network(), Instant(desk.now.0 - LOOKED_AT_WITHIN));
    desk.session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok(uploads::left_stored(tx, before, MOST_LEFT)?))
}
