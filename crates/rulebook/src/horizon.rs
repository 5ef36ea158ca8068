//! What is seen as of an instant (rulebook 3.1), and when the sight next changes.
//!
//! A check asks the horizon and nothing else about "now". Each "not yet" is remembered, so that after a
//! unit is judged the horizon tells the earliest later instant at which the judgement could change without
//! any new fact: the evaluation of what merely time has touched rests on that.

use std::cell::Cell;

use jiff::civil::Date;

use crate::time::{Instant, Zone};

/// The as-of instant of an evaluation.
#[derive(Debug)]
pub struct Horizon<'a> {
    as_of: Instant,
    today: Date,
    zone: &'a Zone,
    next: Cell<Instant>,
}

impl<'a> Horizon<'a> {
    /// The horizon of an as-of instant in a tenant's zone.
    pub fn new(as_of: Instant, zone: &'a Zone) -> Self {
        Self { as_of, today: zone.date(as_of), zone, next: Cell::new(Instant::MAX) }
    }

    /// The local date of the as-of instant.
    pub fn today(&self) -> Date {
        self.today
    }

    /// The as-of instant.
    pub fn as_of(&self) -> Instant {
        self.as_of
    }

    /// Whether something dated by an instant is seen: it is at or before the as-of instant.
    pub fn seen(&self, at: Instant) -> bool {
        at <= self.as_of || self.not_before(at)
    }

    /// A later instant of a seen row: empty until it comes.
    pub fn came(&self, at: Option<Instant>) -> Option<Instant> {
        at.filter(|at| self.seen(*at))
    }

    /// Whether a local day has begun.
    pub fn begun(&self, day: Date) -> bool {
        day <= self.today || self.not_before(self.zone.midnight(day))
    }

    /// Whether a local day is over.
    pub fn over(&self, day: Date) -> bool {
        day < self.today || self.not_before(self.zone.end_of(day))
    }

    /// Whether a deadline has passed: the as-of instant is later.
    pub fn passed(&self, deadline: Instant) -> bool {
        self.as_of > deadline || self.not_before(Instant(deadline.0.saturating_add(1)))
    }

    /// The earliest instant at which an answer given since the last call would change.
    pub fn take_next(&self) -> Option<Instant> {
        let next = self.next.replace(Instant::MAX);
        (next < Instant::MAX).then_some(next)
    }

    fn not_before(&self, at: Instant) -> bool {
        if at < self.next.get() {
            self.next.set(at);
        }
        false
    }
}
