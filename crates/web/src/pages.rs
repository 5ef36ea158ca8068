//! The pages, one file or folder a noun: a handler asks a use case at the person's desk, and renders.

pub(crate) mod appeals;
pub(crate) mod cameras;
mod cases;
pub(crate) mod desk;
pub(crate) mod draws;
pub(crate) mod entries;
pub(crate) mod evidence;
pub(crate) mod home;
pub(crate) mod inspections;
pub(crate) mod me;
pub(crate) mod penalties;
pub(crate) mod rectifications;
pub(crate) mod sign_in;
pub(crate) mod todo;
pub(crate) mod uploads;
