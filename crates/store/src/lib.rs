//! The database: schema, tenant scope, facts, what was found, the ledger, and the private cluster.
//!
//! No query without a [`Scope`]: every transaction is opened for one, and row-level security enforces it again.
//! Only [`registry`] and [`schema::migrate`] work as the owner; they see tenants, never their facts.

pub mod alerts;
pub mod appeals;
pub mod audit;
pub mod board;
pub mod cameras;
pub mod changes;
pub mod cluster;
pub mod complaints;
pub mod counts;
pub mod dealers;
pub mod doors;
pub mod draws;
pub mod entries;
pub mod error;
pub mod evidence;
pub mod facts;
pub mod figures;
pub mod identities;
pub mod imports;
pub mod inspections;
pub mod ledger;
pub mod organisation;
pub mod penalties;
pub mod pictures;
pub mod policies;
pub mod pool;
pub mod pulls;
pub mod pulse;
mod reading;
pub mod rectifications;
pub mod registry;
pub mod roster;
pub mod runs;
pub mod schema;
pub mod search;
pub mod session;
pub mod settlements;
pub mod single_sign_on;
pub mod slots;
pub mod staging;
pub mod standings;
pub mod statements;
pub mod subjects;
pub mod sums;
pub mod support;
pub mod telling;
pub mod todo;
pub mod tokens;
pub mod uploads;
pub mod users;
mod values;
pub mod visits;
pub mod watches;
pub mod webhooks;

pub use error::StoreError;
pub use session::{Database, Scope, Session, Tx};
