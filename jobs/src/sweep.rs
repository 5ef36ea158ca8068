//! `sweep`: deletes what is over: rows of the queue, and slots older than a year.
//!
//! Due: hourly. Catch-up: the latest due time stands for all. Retries: a minute, doubling to an hour, given up after the 6th failure.
//! Promise: the queue stays small, and the history of jobs a year long.

use std::time::Duration;

use farsight_control::Desk;
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Ending};

use crate::job::{CatchUp, Job, Retries, Turn, Work, done};
use crate::schedule::Schedule;

/// Slots that ended are kept for so long.
const KEEP_DAYS: u32 = 366;

pub(crate) const JOB: Job = Job {
    name: "sweep",
    schedule: Schedule::Every(3600),
    promise: "the queue stays small, and the history of jobs a year long",
    catch_up: CatchUp::Latest,
    retries: Retries { failures: 6, first: Duration::from_mins(1), longest: Duration::from_hours(1) },
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, _: &Turn) -> anyhow::Result<Ending> {
    let scope = desk.scope();
    let gone = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| slots::purge(tx, KEEP_DAYS))?;
    done(format!("{gone} old slots deleted"))
}
