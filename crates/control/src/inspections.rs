//! The inspection desk and what comes of it: the day's pictures are judged item by item into a draft, the draft is
//! confirmed by a second act, and only then becomes facts, from which checks and books follow.
//!
//! What was confirmed is not judged again here: a change of mind is a correction by an import.

mod confirm;
mod desk;
mod error;
mod judge;
mod read;

pub use confirm::{Confirmed, confirm};
pub use desk::{Item, Pair, Sheet, Shown, days, items, queue, sheet};
pub use error::InspectionError;
pub use farsight_store::inspections::{Entry, Excuse, Filter, Judged, Listed, Order, Page, Queued, Standard};
pub use judge::{Mark, choose_standard, judge};
pub use read::{Inspection, ItemResult, list, one};
