//! The pages, one file or folder a noun: a handler asks a use case at the person's desk, and renders.

pub(crate) mod home;
pub(crate) mod me;
pub(crate) mod sign_in;
