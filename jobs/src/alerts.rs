//! `alerts`: what time does to alerts: they go up, feeds go quiet, posts are vacant, jobs were given up.
//!
//! Due: every minute. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: an alert that nobody took goes one level up within a minute of its time.

use farsight_control::{Desk, alerts};
use farsight_store::slots::Ending;

use crate::job::{CatchUp, Job, Turn, Work, done};
use crate::judging::RETRIES;
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "alerts",
    schedule: Schedule::Every(60),
    promise: "an alert that nobody took goes one level up within a minute of its time",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    let tended = alerts::tend(desk)?;
    turn.means.watch.tended(&tended);
    done(format!(
        "{} opened, {} resolved, {} gone up, {} told again",
        tended.opened, tended.resolved, tended.escalated, tended.told
    ))
}
