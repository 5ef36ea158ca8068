//! `bay-turnover`: judges bay turnover and its orders to mend (rulebook 4.4).
//!
//! Due: daily at 01:40. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: a month's turnover is judged on the first morning after it, an overdue order on the morning after its date

use farsight_control::Desk;
use farsight_rulebook::checks::bay_turnover;
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "bay-turnover",
    schedule: Schedule::Daily(time(1, 40, 0, 0)),
    promise: "a month's turnover is judged on the first morning after it, an overdue order on the morning after its date",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[bay_turnover::NAME])
}
