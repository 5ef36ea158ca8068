//! The desks of complaints, technical support and rosters: who may do what, what is refused, and what the books say after.

mod complaints;
mod people;
mod support;
mod world;
