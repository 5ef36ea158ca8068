//! The generated network against its contract: formats, section 2.

mod contract;
mod reading;
mod volumes;
mod windows;
