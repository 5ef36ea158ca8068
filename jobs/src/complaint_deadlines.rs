//! `complaint-deadlines`: judges complaints and their deadlines (rulebook 4.2).
//!
//! Due: every 5 minutes. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: a deadline that passes is an alert within 5 minutes

use farsight_control::Desk;
use farsight_rulebook::checks::complaint;
use farsight_store::slots::Ending;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "complaint-deadlines",
    schedule: Schedule::Every(300),
    promise: "a deadline that passes is an alert within 5 minutes",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[complaint::NAME])
}
