//! The pages, one file or folder a noun: a handler asks a use case at the person's desk, and renders.

pub(crate) mod alerts;
pub(crate) mod board;
pub(crate) mod dealers;
pub(crate) mod home;
pub(crate) mod me;
pub(crate) mod search;
pub(crate) mod sign_in;
