//! `import-watch`: looks whether facts came in, and runs the checks that have not seen them.
//!
//! Due: every minute. Catch-up: the latest due time stands for all. Retries: 5 s, doubling to 5 minutes, given up after the 6th failure.
//! Promise: a fact that came in is judged within a minute or two.

use farsight_control::{Desk, evaluate};
use farsight_store::slots::Ending;

use crate::job::{CatchUp, Job, Turn, Work, done};
use crate::judging::{RETRIES, judge};
use crate::schedule::Schedule;

pub(crate) const JOB: Job = Job {
    name: "import-watch",
    schedule: Schedule::Every(60),
    promise: "a fact that came in is judged within a minute or two",
    catch_up: CatchUp::Latest,
    retries: RETRIES,
    work: Work::Books(carry_out),
};

fn carry_out(desk: &mut Desk, turn: &Turn) -> anyhow::Result<Ending> {
    let behind = evaluate::behind(desk)?;
    if behind.is_empty() {
        return done("nothing came in");
    }
    judge(desk, turn, &behind)
}
