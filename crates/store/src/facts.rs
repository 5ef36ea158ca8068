//! Facts, bitemporal: taking them in, reading them for an evaluation, and telling which units they touch.

pub mod read;
pub mod references;
pub mod sources;
pub mod states;
pub mod take_in;
pub mod touch;
