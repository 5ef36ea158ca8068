//! Being watched: what happens to slots is told to whoever counts it.

use std::time::Duration;

use farsight_control::alerts::Tended;
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

/// Who watches; whoever counts only some of it, leaves out the rest.
pub trait Watch: Send + Sync {
    /// A start of a slot ended.
    fn went(&self, _went: &Went) {}
    /// A slot was given up because its processes ended while it ran.
    fn lost(&self, _job: &'static str) {}
    /// A job ran checks.
    fn judged(&self, _outcome: &evaluate::Outcome, _took: Duration) {}
    /// Time changed alerts.
    fn tended(&self, _tended: &Tended) {}
    /// A camera gave no picture, by the code of why not.
    fn camera(&self, _reason: &'static str) {}
    /// A camera gave a picture of so many bytes, with these flaws.
    fn picture(&self, _bytes: u64, _flaws: &[String]) {}
    /// A message was sent, or tried: by the channel's kind, and `delivered`, `later` or `never`.
    fn delivery(&self, _channel: &str, _outcome: &str) {}
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Watch for Nobody {}
