//! `digest`: the day's digest of each person and channel that has one, at their own time of day.
//!
//! Due: every 5 minutes, for those whose time has come and who had none today. Catch-up: the latest due time stands for
//! all; a day that is over gets no digest any more. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: a receiver gets at most one digest a day, and none where there is nothing to tell.

use farsight_control::{Desk, telling};
use farsight_store::slots::Ending;

use crate::job::{CatchUp, Job, Turn, Work, done};
use crate::judging::RETRIES;
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "digest",
    schedule: Schedule::Every(300),
    promise: "a receiver gets at most one digest a day, and none where there is nothing to tell",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, _: &Turn) -> anyhow::Result<Ending> {
    let digested = telling::digest(desk)?;
    done(format!(
        "{} made, {} with nothing to tell, {} old deliveries forgotten",
        digested.made, digested.empty, digested.forgotten
    ))
}
