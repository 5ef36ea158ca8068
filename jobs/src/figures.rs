//! `figures`: works out again the months that facts or entries have touched, and how each dealer stands.
//!
//! Due: every minute. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: what is judged shows on the screens within a minute or two.

use farsight_control::{Desk, figures};
use farsight_store::slots::Ending;

use crate::job::{CatchUp, Job, Turn, Work, done};
use crate::judging::RETRIES;
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "figures",
    schedule: Schedule::Every(60),
    promise: "what is judged shows on the screens within a minute or two",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, _turn: &Turn) -> anyhow::Result<Ending> {
    let refreshed = figures::refresh(desk)?;
    done(format!("{} months, {} complaints worked out", refreshed.months, refreshed.complaints))
}
