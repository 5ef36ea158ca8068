//! The use cases, one file each: the only place that opens transactions.
//!
//! A use case reads what it needs, lets the pure crates decide, and writes once. The one clock is the caller's: time
//! comes in with the [`Desk`].

pub mod alerts;
pub mod appeals;
pub mod audit;
pub mod board;
pub mod calendars;
pub mod cameras;
mod cases;
pub mod choices;
pub mod complaints;
pub mod dealers;
pub mod demo;
pub mod desk;
pub mod doors;
pub mod entries;
pub mod error;
pub mod evaluate;
pub mod evidence;
pub mod explain;
pub mod export;
pub mod feeds;
pub mod field_staff;
pub mod figures;
pub mod findings;
pub mod ground;
pub mod honours;
pub mod import;
pub mod inspections;
pub mod jobs;
pub mod journal;
mod known;
pub mod metrics;
pub mod organisation;
pub mod pack;
pub mod penalties;
pub mod people;
pub mod policies;
pub mod providers;
pub mod provisioning;
pub mod pulls;
pub mod pulse;
pub mod readiness;
pub mod rectifications;
pub mod risk;
mod rulings;
pub mod sample;
pub mod sealing;
pub mod search;
pub mod settle;
pub mod statements;
pub mod support;
pub mod telling;
pub mod tenants;
pub mod todo;
pub mod tokens;
pub mod uploads;
pub mod users;
pub mod visits;
pub mod watches;
pub mod webhooks;

pub use desk::Desk;
pub use error::ControlError;
