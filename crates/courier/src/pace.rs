//! How many messages may go to one robot now, from the instants of those that went: a pure sliding window, so that any
//! number of replicas hold one limit by sharing the instants in the database.
//!
//! For the limit to hold whatever the network does, an instant kept for a message must not be before the message
//! arrived: when a message is reserved write [`crate::Courier::arrives_by`], and when its try ended overwrite that with
//! the instant of the end. Every try counts, also a failed one. Reading, asking and reserving must be one transaction that locks the
//! robot.

use std::time::Duration;

use farsight_rulebook::time::Instant;

/// How far apart the clocks of two replicas and the robot's may be, and how late a robot may look at what arrived.
const MARGIN: Duration = Duration::from_secs(2);

/// At most so many messages in any window of a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    limit: usize,
    span: Duration,
}

/// The limits of one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    windows: Vec<Window>,
}

/// What a pace allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// So many may go now.
    pub free: usize,
    /// The earliest moment at which one may go if none goes before: now when any may.
    pub next_at: Instant,
}

impl Pace {
    /// At most `limit` in any rolling 60 seconds.
    pub fn per_minute(limit: usize) -> Self {
        Self { windows: vec![Window { limit, span: Duration::from_mins(1) }] }
    }

    /// And at most `limit` in any rolling second.
    #[must_use]
    pub fn and_per_second(mut self, limit: usize) -> Self {
        self.windows.push(Window { limit, span: Duration::from_secs(1) });
        self
    }

    /// Instants older than this, counted back from now, do not matter any more and need not be read.
    pub fn looks_back(&self) -> Duration {
        self.windows.iter().map(|window| window.span).max().unwrap_or_default() + MARGIN
    }

    /// What may go now, given the instants of what went (in any order; those to come count as gone).
    pub fn turn(&self, sent: &[Instant], now: Instant) -> Turn {
        let mut sent = sent.to_vec();
        sent.sort_unstable_by(|a, b| b.cmp(a));
        let all = self.windows.iter().map(|window| window.turn(&sent, now));
        all.reduce(|a, b| Turn { free: a.free.min(b.free), next_at: a.next_at.max(b.next_at) })
            .unwrap_or(Turn { free: usize::MAX, next_at: now })
    }
}

impl Window {
    /// What this window allows; `sent` is sorted, the latest first.
    fn turn(self, sent: &[Instant], now: Instant) -> Turn {
        let taken = sent.iter().take_while(|&&at| self.frees_at(at) > now).count();
        let free = self.limit.saturating_sub(taken);
        let next_at = match self.limit.checked_sub(1) {
            _ if free > 0 => now,
            // when the limit-th latest leaves the window, one place is free
            Some(last) => sent.get(last).map_or(now, |&at| self.frees_at(at)),
            None => Instant::MAX,
        };
        Turn { free, next_at }
    }

    /// From this moment on a message of `at` takes no place.
    fn frees_at(self, at: Instant) -> Instant {
        Instant(at.0.saturating_add((self.span + MARGIN).as_micros() as i64))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(seconds: i64) -> Instant {
        Instant(seconds * SECOND)
    }

    fn turn(pace: &Pace, sent: &[i64], now: i64) -> (usize, i64) {
        let sent: Vec<_> = sent.iter().map(|&s| at(s)).collect();
        let turn = pace.turn(&sent, at(now));
        (turn.free, turn.next_at.0 / SECOND)
    }

    #[test]
    fn before_on_and_after_the_edge() {
        let pace = Pace::per_minute(2);
        for (sent, now, expected) in [
            (&[][..], 100, (2, 100)),
            (&[100], 100, (1, 100)),
            (&[100, 110], 120, (0, 162)),
            (&[110, 100], 161, (0, 162)),
            (&[100, 110], 162, (1, 162)),
            (&[100, 110], 172, (2, 172)),
            (&[100, 110, 120], 130, (0, 172)),
            (&[140, 150], 130, (0, 202)), // still on their way
        ] {
            assert_eq!(turn(&pace, sent, now), expected, "{sent:?} at {now}");
        }
        assert_eq!(Pace::per_minute(0).turn(&[], at(1)), Turn { free: 0, next_at: Instant::MAX });
    }

    #[test]
    fn the_tighter_of_two_windows_rules() {
        let pace = Pace::per_minute(3).and_per_second(1);
        assert_eq!(turn(&pace, &[100], 101), (0, 103));
        assert_eq!(turn(&pace, &[100], 103), (1, 103));
        assert_eq!(turn(&pace, &[100, 103, 106], 109), (0, 162));
        assert_eq!(pace.looks_back(), Duration::from_secs(62));
    }

    /// One message as it happened, in microseconds.
    struct Sent {
        arrived: i64,
        ended: i64,
        arrives_by: i64,
    }

    /// Asks at each step (a pause, and how slow the network is) and sends all that may go.
    fn play(pace: &Pace, steps: &[(i64, i64, i64)]) -> Vec<Sent> {
        const TIME_OUT: i64 = 20 * SECOND;
        let (mut sent, mut now): (Vec<Sent>, i64) = (Vec::new(), 0);
        for &(pause, way, answer) in steps {
            now += pause;
            let kept: Vec<_> =
                sent.iter().map(|s| Instant(if s.ended <= now { s.ended } else { s.arrives_by })).collect();
            for _ in 0..pace.turn(&kept, Instant(now)).free {
                let ended = now + way.max(answer);
                sent.push(Sent { arrived: now + way.min(answer), ended, arrives_by: now + TIME_OUT });
            }
        }
        sent
    }

    proptest! {
        #[test]
        fn no_rolling_minute_sees_more_than_the_limit(
            steps in prop::collection::vec((0..15 * SECOND, 0..20 * SECOND, 0..20 * SECOND), 1..120),
            limit in 1_usize..25,
        ) {
            let mut arrivals: Vec<_> = play(&Pace::per_minute(limit), &steps).iter().map(|s| s.arrived).collect();
            arrivals.sort_unstable();
            for pair in arrivals.windows(limit + 1) {
                prop_assert!(pair[limit] - pair[0] > 60 * SECOND, "{} in {} µs", limit + 1, pair[limit] - pair[0]);
            }
        }

        #[test]
        fn the_next_moment_is_free_and_the_one_before_is_not(
            sent in prop::collection::vec(0..200 * SECOND, 0..60),
            now in 0..200 * SECOND,
        ) {
            let pace = Pace::per_minute(20).and_per_second(4);
            let sent: Vec<_> = sent.into_iter().map(Instant).collect();
            let turn = pace.turn(&sent, Instant(now));
            prop_assert!(pace.turn(&sent, turn.next_at).free > 0);
            if turn.free == 0 {
                prop_assert_eq!(pace.turn(&sent, Instant(turn.next_at.0 - 1)).free, 0);
            }
        }

        #[test]
        fn what_is_older_than_the_look_back_does_not_matter(
            sent in prop::collection::vec(0..200 * SECOND, 0..60),
            now in 0..200 * SECOND,
        ) {
            let pace = Pace::per_minute(20).and_per_second(4);
            let all: Vec<_> = sent.into_iter().map(Instant).collect();
            let since = now - pace.looks_back().as_micros() as i64;
            let read: Vec<_> = all.iter().copied().filter(|at| at.0 > since).collect();
            prop_assert_eq!(pace.turn(&all, Instant(now)).free, pace.turn(&read, Instant(now)).free);
        }
    }
}
