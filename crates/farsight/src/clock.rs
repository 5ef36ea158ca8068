//! The one clock of the program.

use farsight_rulebook::time::Instant;

/// The present moment, to the microsecond.
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub(crate) fn now() -> Instant {
    Instant(jiff::Timestamp::now().as_microsecond())
}
