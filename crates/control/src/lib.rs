//! The use cases, one file each: the only place that opens transactions.
//!
//! A use case reads what it needs, lets the pure crates decide, and writes once. The one clock is the caller's: time
//! comes in with the [`Desk`].

pub mod alerts;
pub mod audit;
pub mod calendars;
pub mod cameras;
pub mod demo;
pub mod desk;
pub mod doors;
pub mod error;
pub mod evaluate;
pub mod evidence;
pub mod explain;
pub mod export;
pub mod feeds;
pub mod ground;
pub mod import;
pub mod jobs;
pub mod metrics;
pub mod organisation;
pub mod policies;
pub mod pulse;
pub mod readiness;
pub mod sample;
pub mod sealing;
pub mod settle;
pub mod statements;
pub mod telling;
pub mod tenants;
pub mod users;
pub mod visits;

pub use desk::Desk;
pub use error::ControlError;
