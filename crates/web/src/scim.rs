//! `/scim/v2/{tenant}`: identity providers tell of their people and groups (SCIM 2.0, RFC 7643 and 7644), each by a secret
//! of its own. What the calls mean is `control::provisioning`'s; here they are read and answered.

pub(crate) mod about;
mod answer;
mod filter;
pub(crate) mod groups;
mod patch;
mod provisioner;
mod resource;
#[cfg(test)]
mod tests;
pub(crate) mod users;

pub(crate) use answer::{Fault, ScimResult};
pub(crate) use provisioner::Provisioner;
