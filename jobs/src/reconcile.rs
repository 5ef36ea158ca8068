//! `reconcile`: runs every check as of now and reconciles the whole ledger.
//!
//! Due: daily at 02:30. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: whatever a single check's job missed, the books say by the morning.

use farsight_control::Desk;
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Turn, Work};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "reconcile",
    schedule: Schedule::Daily(time(2, 30, 0, 0)),
    promise: "whatever a single check's job missed, the books say by the morning",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    judge(desk, turn, &[])
}
