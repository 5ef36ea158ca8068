//! The rulebook: words, facts, dated policy, and the checks that turn facts into findings.
//!
//! Pure: nothing here reads a file, a clock, an environment or a database, and no floating point touches money.

pub mod alert;
pub mod appeal;
pub mod calendar;
pub mod case;
pub mod checks;
pub mod codes;
pub mod draw;
pub mod exact;
pub mod facts;
pub mod finding;
pub mod horizon;
pub mod messages;
pub mod moment;
pub mod money;
pub mod names;
pub mod org;
pub mod period;
pub mod policy;
pub mod receipt;
pub mod rulings;
pub mod subject;
pub mod sums;
pub mod tables;
pub mod time;
