//! `settlement`: calculates the settlement of the month that is over; people review, approve and lock it.
//!
//! Due: on the 1st of each month at 03:00. Catch-up: each month that was missed, oldest first, at most 12.
//! Retries: a minute, doubling to an hour, given up after the 8th failure.
//! Promise: on the first morning of a month finance finds the month before calculated.

use std::time::Duration;

use farsight_control::{Desk, ground, settle};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, plus_days};
use farsight_store::slots::Ending;
use jiff::civil::time;

use crate::job::{CatchUp, Job, Retries, Turn, Work, done};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "settlement",
    schedule: Schedule::Monthly(1, time(3, 0, 0, 0)),
    promise: "on the first morning of a month finance finds the month before calculated",
    catch_up: CatchUp::All(12),
    retries: Retries { failures: 8, first: Duration::from_mins(1), longest: Duration::from_hours(1) },
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    let month = month_before(desk, turn.key.due_at)?;
    match settle::calculate_by_schedule(desk, month)? {
        Some(settled) => done(format!("{month}: {} entries, net {}", settled.entries, settled.net)),
        None => done(format!("{month} was settled by a person already")),
    }
}

fn month_before(desk: &Desk, due_at: Instant) -> anyhow::Result<Period> {
    let first = ground::zone(&desk.tenant)?.date(due_at);
    Ok(Period::of(plus_days(first.first_of_month(), -1)))
}
