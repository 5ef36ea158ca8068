//! The pages, one file or folder a noun: a handler asks a use case at the person's desk, and renders.

pub(crate) mod audit;
pub(crate) mod home;
pub(crate) mod jobs;
pub(crate) mod me;
pub(crate) mod policy;
pub(crate) mod settlements;
pub(crate) mod sign_in;
pub(crate) mod statements;
pub(crate) mod users;
