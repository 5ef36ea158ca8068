//! `certification`: judges certificates and rosters (rulebook 4.3).
//!
//! Due: daily at 01:20. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: a certificate that comes within 60, 30 or 7 days of its end is an alert that morning

use farsight_control::Desk;
use farsight_rulebook::checks::certification;
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "certification",
    schedule: Schedule::Daily(time(1, 20, 0, 0)),
    promise: "a certificate that comes within 60, 30 or 7 days of its end is an alert that morning",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[certification::NAME])
}
