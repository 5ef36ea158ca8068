//! Feeds: when a table that a tenant sends regularly has been silent for too long.
//!
//! A feed is judged by its own past only, and silence says nothing about what it did not bring: missing is never good
//! or bad news.

use crate::time::{HOUR, Instant};

/// Sendings closer than this are one: a night's files, or a file sent again.
const ONE_SENDING: i64 = HOUR;
/// A table is a feed from this many sendings on: below it there is no habit to be measured by.
const FEWEST_SENDINGS: usize = 4;
/// The habit is that of the latest gaps.
const LATEST_GAPS: usize = 20;
/// Silence beyond so many usual gaps is worth a look.
const GAPS_OF_SILENCE: i64 = 3;

/// A feed, as its past shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feed {
    /// When it came last.
    pub last_at: Instant,
    /// The median of its latest gaps, in microseconds; of two in the middle the longer.
    pub usual_gap: i64,
    /// Until when its silence is as usual; after it the feed is silent.
    pub expected_by: Instant,
}

impl Feed {
    /// The feed that these moments of sending show, with the policy's least hours of silence; none: there were too few.
    pub fn of(sent: &[Instant], least_hours: i64) -> Option<Self> {
        let sendings = sendings(sent);
        if sendings.len() < FEWEST_SENDINGS {
            return None;
        }
        let last_at = *sendings.last()?;
        let mut gaps: Vec<i64> = sendings.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        gaps.drain(..gaps.len().saturating_sub(LATEST_GAPS));
        gaps.sort_unstable();
        let usual_gap = gaps[gaps.len() / 2];
        let patience = (usual_gap * GAPS_OF_SILENCE).max(least_hours * HOUR);
        Some(Self { last_at, usual_gap, expected_by: Instant(last_at.0 + patience) })
    }

    /// The usual gap in whole hours, for people; at least one.
    pub const fn usual_hours(&self) -> i64 {
        let hours = (self.usual_gap + HOUR / 2) / HOUR;
        if hours > 1 { hours } else { 1 }
    }

    /// Whether it is silent for longer than usual.
    pub fn is_silent(&self, now: Instant) -> bool {
        now > self.expected_by
    }
}

/// The sendings, in order; each is the latest of the moments that belong together.
fn sendings(sent: &[Instant]) -> Vec<Instant> {
    let mut moments = sent.to_vec();
    moments.sort_unstable();
    let mut sendings: Vec<Instant> = Vec::with_capacity(moments.len());
    for at in moments {
        match sendings.last_mut() {
            Some(last) if at.0 - last.0 < ONE_SENDING => *last = at,
            _ => sendings.push(at),
        }
    }
    sendings
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * HOUR;

    /// The hours at which a feed came; after how many hours since its last coming it is silent (none: no feed).
    fn check(hours: &[i64], least_hours: i64, silent_after: Option<i64>) {
        let sent: Vec<Instant> = hours.iter().map(|hour| Instant(hour * HOUR)).collect();
        let feed = Feed::of(&sent, least_hours);
        let patience = feed.map(|feed| (feed.expected_by.0 - feed.last_at.0) / HOUR);
        assert_eq!(patience, silent_after, "{hours:?}");
        if let Some(feed) = feed {
            assert!(!feed.is_silent(Instant(feed.expected_by.0 - 1)), "{hours:?} before");
            assert!(!feed.is_silent(feed.expected_by), "{hours:?} on");
            assert!(feed.is_silent(Instant(feed.expected_by.0 + 1)), "{hours:?} after");
        }
    }

    #[test]
    fn a_feed_is_judged_by_its_own_habit() {
        let d = DAY / HOUR;
        check(&[0, d, 2 * d, 3 * d], 48, Some(72)); // daily
        check(&[0, 7 * d, 14 * d, 21 * d, 28 * d], 48, Some(21 * d)); // weekly
        check(&[0, 2, 4, 6, 8], 48, Some(48)); // every two hours: the policy's least
        check(&[3 * d, 0, 2 * d, d], 48, Some(72)); // in any order
        check(&[0, d, 2 * d, 9 * d, 10 * d, 11 * d], 48, Some(72)); // one holiday is no habit
    }

    #[test]
    fn what_came_too_seldom_is_no_feed() {
        check(&[], 48, None);
        check(&[0], 48, None);
        check(&[0, 24, 48], 48, None);
        // A year of history taken in within one hour is one sending, however many files.
        check(&[0, 0, 0, 0, 0, 0, 0, 0], 48, None);
        check(&[0, 0, 24, 24, 48, 48, 72, 72], 48, Some(72));
    }

    #[test]
    fn the_usual_gap_is_told_in_whole_hours() {
        for (gap, hours) in [(1, 1), (HOUR, 1), (HOUR * 3 / 2, 2), (DAY - 1, 24), (7 * DAY, 168)] {
            let feed = Feed { last_at: Instant(0), usual_gap: gap, expected_by: Instant(0) };
            assert_eq!(feed.usual_hours(), hours, "{gap}");
        }
    }

    #[test]
    fn only_the_latest_gaps_make_the_habit() {
        let weekly = (0..30).map(|week| week * 7 * 24);
        let daily = (1..=20).map(|day| 29 * 7 * 24 + day * 24);
        let hours: Vec<i64> = weekly.chain(daily).collect();
        check(&hours, 48, Some(72));
    }
}
