//! Cameras: pictures fetched by snapshot or stream, within an operator's network rules; and a simulator of cameras.
//!
//! A camera's address is written by a dealer and fetched by the operator's machine, so it is a way into the
//! operator's network unless every connection is judged first. [`Fetcher`] judges each of them by [`Rules`].
//!
//! This crate must never open a connection to an address that [`Rules::admit`] did not see, put a password into a text
//! or on a command line, ask a camera more often than [`Rules::most_requests`] says, or judge what a picture shows.

mod address;
mod away;
mod camera;
mod fetcher;
mod resolve;
mod rules;
mod sign_in;
pub mod simulator;
mod snapshot;
mod stream;
mod visit;

pub use address::Refusal;
pub use away::Away;
pub use camera::{Camera, Credentials, Snapshot};
pub use fetcher::{Fetcher, Fresh, system_trust};
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use rules::{MOST_STREAM_REQUESTS, Picture, Rules, Scheme};
