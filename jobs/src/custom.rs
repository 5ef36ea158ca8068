//! `custom`: judges by the manufacturer's own rules (docs/custom-rules.md).
//!
//! Due: daily at 02:20. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: a month is judged by the manufacturer's own rules on the first morning after it

use farsight_control::Desk;
use farsight_rulebook::checks::custom;
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "custom",
    schedule: Schedule::Daily(time(2, 20, 0, 0)),
    promise: "a month is judged by the manufacturer's own rules on the first morning after it",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[custom::NAME])
}
