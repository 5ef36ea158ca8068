//! Evidence: pictures and documents streamed into an object store, addressed by content, checked.
//!
//! It must never overwrite, change or delete what was once stored, never look at a file's name to tell what it is,
//! never read the environment, a clock or a random source, and never decide what a flaw costs: a flaw is a hint
//! for a person. Who handed what in is the database's, not kept here. What others put into a watched place is no evidence:
//! [`watched`] fetches it and writes results beside it.

mod digest;
mod error;
pub mod exif;
mod kind;
pub mod picture;
mod safe_copy;
mod store;
pub mod watched;

pub use digest::{Digest, DigestError};
pub use error::EvidenceError;
pub use kind::{Limits, MediaClass, MediaType};
pub use safe_copy::safe_copy;
pub use store::{Content, Store, Stored, Swept, Verdict};
