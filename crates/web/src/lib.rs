//! Web: what Farsight serves over HTTP. [`routes`](mod@router) is one list, the layers around it another.
//!
//! It renders and decides nothing: what a page needs comes from a use case. It opens no transaction, reads no clock of
//! day and no environment, and no address, query or name of a person gets into its logs and metrics.

mod answer;
mod app;
mod health;
mod metrics;
mod middleware;
mod requests;
mod router;
mod serving;
#[cfg(test)]
mod testing;

pub use app::{App, Clock};
pub use middleware::Limits;
pub use router::router;
pub use serving::{WebError, address, listen, serve};
