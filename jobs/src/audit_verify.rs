//! `audit-verify`: walks the audit chain to its end.
//!
//! Due: daily at 04:30. Catch-up: the latest due time stands for all. Retries: a minute, doubling to an hour, given up after the 3rd failure: a broken chain does not mend itself.
//! Promise: a log that was rewritten is noticed within a day.

use std::time::Duration;

use farsight_control::{Desk, audit};
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Retries, Turn, Work, done};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "audit-verify",
    schedule: Schedule::Daily(time(4, 30, 0, 0)),
    promise: "a log that was rewritten is noticed within a day",
    catch_up: CatchUp::Latest,
    retries: Retries { failures: 3, first: Duration::from_mins(1), longest: Duration::from_hours(1) },
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, _: &Turn) -> anyhow::Result<Ending> {
    let walk = audit::verify(desk)?;
    match walk.broken {
        None => done(format!("{} links, unbroken", walk.links)),
        Some((link, why)) => Ok(Ending::GaveUp(format!(
            "the chain is broken at link {link}: {why}; restore the log from a backup and find out who wrote to it"
        ))),
    }
}
