//! Being watched: what happens to slots is told to whoever counts it.

use std::time::Duration;

use farsight_control::evaluate;

/// How a start of a slot went.
#[derive(Debug, Clone, Copy)]
pub struct Went {
    /// The job.
    pub job: &'static str,
    /// How long after it was due it was begun for the first time; none: it was begun before.
    pub delay: Option<Duration>,
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
    /// A job ran checks.
    fn judged(&self, outcome: &evaluate::Outcome, took: Duration);
    /// A camera gave no picture, by the code of why not.
    fn camera(&self, reason: &'static str);
    /// A camera gave a picture of so many bytes, with these flaws.
    fn picture(&self, bytes: u64, flaws: &[String]);
    /// A message was sent, or tried: by the channel's kind, and `delivered`, `later` or `never`.
    fn delivery(&self, channel: &str, outcome: &str);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Watch for Nobody {
    fn went(&self, _: &Went) {}
    fn lost(&self, _: &'static str) {}
    fn camera(&self, _: &'static str) {}
    fn picture(&self, _: u64, _: &[String]) {}
    fn judged(&self, _: &evaluate::Outcome, _: Duration) {}
    fn delivery(&self, _: &str, _: &str) {}
}
