//! The pages, one file or folder a noun: a handler asks a use case at the person's desk, and renders.

pub(crate) mod cameras;
pub(crate) mod desk;
pub(crate) mod draws;
pub(crate) mod evidence;
pub(crate) mod home;
pub(crate) mod inspections;
pub(crate) mod me;
pub(crate) mod sign_in;
pub(crate) mod uploads;
