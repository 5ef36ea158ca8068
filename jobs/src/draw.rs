//! `draw`: publishes the keys of days that are over, freezes the day's pool, draws, plans the visits, and makes a
//! `snapshot` slot for each.
//!
//! Due: daily at 00:10. Catch-up: today's only; a day without a draw is recorded as missed, for no day can be drawn
//! afterwards; where no camera works it looks again every 20 minutes while the day lasts. Retries: 5 s, doubling to 5 minutes, given up after the 12th failure.
//! Promise: before the first dealer opens the day's sample is drawn, once, and its pool is published.

use std::time::Duration;

use farsight_control::sample::{self, SampleError};
use farsight_control::{ControlError, Desk, ground, visits};
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Ending, Making};
use farsight_store::visits::State;
use jiff::civil::{Date, time};

use crate::job::{CatchUp, Job, Retries, Turn, Work, done};
use crate::schedule::Schedule;
use crate::snapshot;

pub(crate) const JOB: Job = Job {
    name: "draw",
    schedule: Schedule::Daily(time(0, 10, 0, 0)),
    promise: "before the first dealer opens the day's sample is drawn, once, and its pool is published",
    catch_up: CatchUp::Today,
    retries: Retries { failures: 12, first: Duration::from_secs(5), longest: Duration::from_mins(5) },
    work: Work::Books(carry_out),
};

/// How long it waits where no dealer has a working camera.
const WITHOUT_CAMERAS: Duration = Duration::from_mins(20);

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    let sealer = &turn.means.sealer;
    let revealed = sample::reveal(desk, sealer)?.len();
    let day = ground::zone(&desk.tenant)?.date(turn.key.due_at);
    if ground::zone(&desk.tenant)?.date(desk.now) != day {
        return done(format!("{revealed} keys published; {day} is over, nothing can be drawn for it"));
    }
    match sample::make(desk, sealer, day) {
        Ok(_) => {}
        Err(ControlError::Sample(error @ SampleError::NoPolicy(_))) => return done(error.to_string()),
        // Nothing failed: cameras may still be mended, or come to be known, while the day lasts.
        Err(ControlError::Sample(error @ SampleError::EmptyPool(_))) => {
            return Ok(Ending::Snooze(error.to_string(), WITHOUT_CAMERAS.as_millis() as u64));
        }
        Err(error) => return Err(error.into()),
    }
    let planned = visits::plan(desk, sealer, day)?.len();
    make_slots(desk, day)?;
    done(format!("{revealed} keys published, {planned} visits planned"))
}

/// Makes a slot for each visit of a day that waits; those that are there stay.
pub(crate) fn make_slots(desk: &mut Desk, day: Date) -> anyhow::Result<usize> {
    let (scope, now) = (desk.scope(), desk.now);
    let making = Making { at: now, priority: 0, called: true };
    Ok(desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let visits = farsight_store::visits::of_day(tx, day)?;
        let waiting: Vec<_> = visits
            .iter()
            .filter(|visit| visit.state == State::Waiting)
            .map(|visit| (visit.due_at, visit.dealer.as_str()))
            .collect();
        slots::add(tx, snapshot::NAME, &waiting, making)
    })?)
}
