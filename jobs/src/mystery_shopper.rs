//! `mystery-shopper`: judges mystery visits (rulebook 4.8).
//!
//! Due: daily at 01:55. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: a month's visits are judged on the first morning after it

use farsight_control::Desk;
use farsight_rulebook::checks::mystery_shopper;
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "mystery-shopper",
    schedule: Schedule::Daily(time(1, 55, 0, 0)),
    promise: "a month's visits are judged on the first morning after it",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[mystery_shopper::NAME])
}
