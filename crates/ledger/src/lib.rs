//! The ledger: what to post so that the books say what facts and policy say, and the life of a settlement.
//!
//! Pure: nothing here reads a clock, a file or a database. Decisions come out as values; refusals are enums, checked
//! in the order they are listed.

pub mod chain;
pub mod journal;
pub mod period;
pub mod reconcile;
pub mod settlement;
