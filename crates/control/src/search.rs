//! Searching by code or name, within what the desk sees.

use farsight_store::search::{self, Hit};
use farsight_store::session::Isolation;

use crate::{ControlError, Desk};

/// So many of each kind are shown.
const MOST: i64 = 20;
/// A shorter text would find everything.
const LEAST_CHARACTERS: usize = 2;

/// What a text finds; nothing where it is too short (one Chinese character says enough).
pub fn search(desk: &mut Desk, text: &str) -> Result<Vec<Hit>, ControlError> {
    let text = text.trim();
    if text.is_empty() || (text.is_ascii() && text.len() < LEAST_CHARACTERS) {
        return Ok(Vec::new());
    }
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(search::find(tx, text, MOST)?))
}
