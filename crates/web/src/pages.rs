//! The pages, one file or folder a noun: a handler asks a use case at the person's desk, and renders.

pub(crate) mod alerts;
pub(crate) mod appeals;
pub(crate) mod board;
pub(crate) mod cameras;
mod cases;
pub(crate) mod complaints;
pub(crate) mod dealers;
pub(crate) mod desk;
mod desks;
pub(crate) mod draws;
pub(crate) mod entries;
pub(crate) mod evidence;
pub(crate) mod home;
pub(crate) mod inspections;
pub(crate) mod me;
pub(crate) mod penalties;
pub(crate) mod people;
pub(crate) mod rectifications;
pub(crate) mod search;
pub(crate) mod sign_in;
pub(crate) mod support;
pub(crate) mod todo;
pub(crate) mod uploads;
