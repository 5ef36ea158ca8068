//! Web: what Farsight serves over HTTP. [`routes`](mod@router) is one list, the layers around it another.
//!
//! It renders and decides nothing: what a page needs comes from a use case. It opens no transaction, reads no clock of
//! day and no environment, and no address, query or name of a person gets into its logs and metrics.

mod admit;
mod answer;
mod api;
mod app;
mod ask;
mod assets;
mod copies;
mod door;
mod drawing;
mod entered;
mod health;
mod intake;
mod live;
mod metrics;
mod middleware;
mod nav;
mod page;
mod pages;
mod reader;
mod requests;
mod router;
mod scim;
mod seat;
mod serving;
mod table;
mod tenants;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tus;
mod views;
mod words;

pub use app::{App, AppError, Clock, Front, Parts};
pub use middleware::Limits;
pub use router::router;
pub use serving::{WebError, address, listen, serve};
