//! `spot-check`: judges camera inspections (rulebook 4.1).
//!
//! Due: daily at 01:00. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: every failed item seen by yesterday is charged by the morning

use farsight_control::Desk;
use farsight_rulebook::checks::spot_check;
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "spot-check",
    schedule: Schedule::Daily(time(1, 0, 0, 0)),
    promise: "every failed item seen by yesterday is charged by the morning",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[spot_check::NAME])
}
