//! Being watched: what happens to slots is told to whoever counts it.

use std::time::Duration;

/// How a start of a slot went.
#[derive(Debug, Clone, Copy)]
pub struct Went {
    /// The job.
    pub job: &'static str,
    /// How long after it was due (or to be tried again) it was begun.
    pub delay: Duration,
    /// How long it took.
    pub took: Duration,
    /// `done`, `retry`, `snoozed` or `gave-up`.
    pub ending: &'static str,
}

/// Who watches.
pub trait Watch: Send + Sync {
    /// A start of a slot ended.
    fn went(&self, went: &Went);
    /// A slot was given up because its processes ended while it ran.
    fn lost(&self, job: &'static str);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Watch for Nobody {
    fn went(&self, _: &Went) {}
    fn lost(&self, _: &'static str) {}
}
