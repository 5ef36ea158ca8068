//! `service-clock`: judges how promptly orders are opened, diagnosed and completed (rulebook 4.6).
//!
//! Due: daily at 01:45. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: what is owed for a late order is an alert the morning after, a month's share on the first morning after it

use farsight_control::Desk;
use farsight_rulebook::checks::service_clock;
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "service-clock",
    schedule: Schedule::Daily(time(1, 45, 0, 0)),
    promise: "what is owed for a late order is an alert the morning after, a month's share on the first morning after it",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[service_clock::NAME])
}
