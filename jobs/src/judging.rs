//! What every job that runs checks has in common.

use std::time::Duration;

use farsight_control::evaluate::{self, Request};
use farsight_control::{ControlError, Desk};
use farsight_store::slots::Ending;

use crate::job::{Retries, Turn, done};
use crate::run::between;

/// A check that fails is run again soon: nothing is lost, the next run sees what this one would have seen.
pub(crate) const RETRIES: Retries =
    Retries { failures: 6, first: Duration::from_secs(5), longest: Duration::from_mins(5) };

/// Runs checks as of now, and reconciles the books.
pub(crate) fn judge(desk: &mut Desk, turn: &Turn, checks: &[&str]) -> anyhow::Result<Ending> {
    let request =
        Request { checks: checks.iter().map(|name| (*name).to_owned()).collect(), ..Request::default() };
    let begun = turn.means.now();
    match evaluate::evaluate(desk, &request) {
        Ok(outcome) => {
            turn.means.watch.judged(&outcome, between(begun, turn.means.now()));
            done(format!(
                "{} findings, {} posted, {} reversed, {} alerts opened, {} resolved",
                outcome.findings,
                outcome.posted,
                outcome.reversed,
                outcome.alerts_opened,
                outcome.alerts_resolved
            ))
        }
        // A simulated tenant's books may have been reconciled for a time to come; so may a clock have been set back.
        Err(ControlError::AsOf { why, .. }) => done(format!("nothing to judge: {why}")),
        Err(error) => Err(error.into()),
    }
}
