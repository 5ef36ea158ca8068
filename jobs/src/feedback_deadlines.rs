//! `feedback-deadlines`: judges feedback and callbacks (rulebook 4.9).
//!
//! Due: every 15 minutes. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: a deadline that passes is an alert within 15 minutes

use farsight_control::Desk;
use farsight_rulebook::checks::feedback;
use farsight_store::slots::Ending;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "feedback-deadlines",
    schedule: Schedule::Every(900),
    promise: "a deadline that passes is an alert within 15 minutes",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[feedback::NAME])
}
