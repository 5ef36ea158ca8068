//! What a job is: declared once, at the head of its file. A job holds no logic of its own; it calls one use case.

use std::sync::Arc;
use std::time::Duration;

use farsight_control::Desk;
use farsight_store::slots::{Ending, Key};
use futures_util::future::BoxFuture;

use crate::means::Means;
use crate::schedule::Schedule;

/// A scheduled job.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// Its name: in slots, logs, metrics, and on the command line.
    pub name: &'static str,
    /// When it is due.
    pub schedule: Schedule,
    /// What it promises, in a sentence for an operator.
    pub promise: &'static str,
    /// What happens with due times that passed while no worker was there.
    pub catch_up: CatchUp,
    /// How often it may fail, and how long it waits in between.
    pub retries: Retries,
    /// How it is carried out.
    pub work: Work,
}

/// What happens with due times that passed while no worker was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// Each is made up for, oldest first, one after the other; at most so many, the ones before are missed.
    All(usize),
    /// The latest one stands for all.
    Latest,
    /// Only today's, by the tenant's zone; each earlier one is recorded as missed.
    Today,
}

/// How often a job may fail, and how long it waits in between: twice as long each time.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// After so many failures it is given up, which is an alert.
    pub failures: u32,
    /// The wait after the first failure.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
}

impl Retries {
    /// The wait after a failure, counted from 1; none: it is given up.
    pub fn wait(&self, failure: u32) -> Option<Duration> {
        if failure >= self.failures {
            return None;
        }
        let factor = 1_u32.checked_shl(failure.saturating_sub(1)).unwrap_or(u32::MAX);
        Some(self.first.saturating_mul(factor).min(self.longest))
    }
}

/// Work on the database alone, on a thread of its own.
pub type Books = fn(&mut Desk, &Turn) -> anyhow::Result<Ending>;

/// Work that waits for the network.
pub type Abroad = fn(Turn, farsight_store::registry::Tenant) -> BoxFuture<'static, anyhow::Result<Ending>>;

/// How a job is carried out.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// On the database alone.
    Books(Books),
    /// With the network.
    Abroad(Abroad),
}

/// What a job is given.
#[derive(Clone)]
pub struct Turn {
    /// Which slot.
    pub key: Key,
    /// Earlier due times that it stands for as well.
    pub stands_for: u64,
    /// Failures of this slot so far.
    pub failures: u32,
    /// What there is to work with.
    pub means: Arc<Means>,
}

/// Something done, told in a line.
pub fn done(told: impl Into<String>) -> anyhow::Result<Ending> {
    Ok(Ending::Done(told.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_end() {
        let retries =
            Retries { failures: 6, first: Duration::from_secs(10), longest: Duration::from_mins(1) };
        let waits: Vec<_> = (1..=7).map(|failure| retries.wait(failure).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(10), Some(20), Some(40), Some(60), Some(60), None, None]);
    }
}
