//! The rulebook: words, facts, dated policy, and the checks that turn facts into findings.
//!
//! Pure: nothing here reads a file, a clock, an environment or a database, and no floating point touches money.

pub mod money;
pub mod period;
pub mod time;
