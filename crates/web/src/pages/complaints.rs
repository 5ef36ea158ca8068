//! `/complaints`, `/complaints/new`, `/complaints/{complaint}`, `/queue`: complaints with their clocks, and the call
//! centre's work.

mod bars;
mod list;
mod one;

pub(crate) use list::{list, queue};
pub(crate) use one::{act, intake, show, take_in};
