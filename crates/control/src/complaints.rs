//! Complaints at the desk: listed with their clocks, looked at one by one, the call centre's queue, and the deeds that
//! people do on them, which are facts like any other.
//!
//! Clocks, lateness and whose turn it is are the rulebook's; nothing here writes to the books.

mod deeds;
mod intake;
mod look;
mod refusal;

pub use deeds::{CallbackOutcome, Deed, DeedKind, act};
pub use intake::{Intake, intake};
pub use look::{Listed, One, Queue, Shown, list, one, queue};
pub use refusal::Refusal;
