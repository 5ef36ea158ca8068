//! Cameras from the outside: the simulator's pictures, and fetching from it by every behaviour and every rule.

mod pictures;
mod protected;
mod snapshot;
mod stream;
mod yard;
