//! `repeat-repair`: judges repeat repairs (rulebook 4.5).
//!
//! Due: every 15 minutes. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: an unreported repeat repair is an alert within 15 minutes of its deadline

use farsight_control::Desk;
use farsight_rulebook::checks::repeat_repair;
use farsight_store::slots::Ending;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "repeat-repair",
    schedule: Schedule::Every(900),
    promise: "an unreported repeat repair is an alert within 15 minutes of its deadline",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[repeat_repair::NAME])
}
