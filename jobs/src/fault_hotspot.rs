//! `fault-hotspot`: judges which faults rise (rulebook 4.11).
//!
//! Due: daily at 02:10. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: a fault that rises is an alert on the first morning after the month

use farsight_control::Desk;
use farsight_rulebook::checks::fault_hotspot;
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "fault-hotspot",
    schedule: Schedule::Daily(time(2, 10, 0, 0)),
    promise: "a fault that rises is an alert on the first morning after the month",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[fault_hotspot::NAME])
}
