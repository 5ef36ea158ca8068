//! When to try again: the schedule that Standard Webhooks suggests, with a jitter that comes from the message and not
//! from chance, so that a retry recomputed after a crash falls on the same instant.

use std::time::Duration;

/// Waits in seconds after the first, second, … failure.
const WAITS: [u64; 9] = [5, 5 * 60, 30 * 60, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
const HOUR: u64 = 3_600;

/// How many tries there are in all: the first and one after each wait.
pub const TRIES: u32 = WAITS.len() as u32 + 1;

/// The wait after `failures` failed tries: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, each up to a fifth
/// longer as `seed` says, so that what failed together does not come back together. None yet failed: no wait.
/// `None` after the last: give up.
pub fn backoff(failures: u32, seed: u64) -> Option<Duration> {
    let Some(nth) = failures.checked_sub(1) else { return Some(Duration::ZERO) };
    let wait = Duration::from_secs(*WAITS.get(usize::try_from(nth).ok()?)?);
    // wait / 5 * part / 65536, in whole nanoseconds
    Some(wait + wait / 5 * u32::from(part(seed, failures)) / 65_536)
}

/// An even spread over 16 bits (the finalizer of splitmix64).
fn part(seed: u64, failures: u32) -> u16 {
    let mut z = seed.wrapping_add(u64::from(failures).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 48) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ten_tries_and_no_more() {
        assert_eq!(backoff(0, 7), Some(Duration::ZERO));
        assert!(backoff(TRIES - 1, 7).is_some());
        assert_eq!(backoff(TRIES, 7), None);
        assert_eq!(backoff(u32::MAX, 7), None);
    }

    #[test]
    fn what_failed_together_spreads() {
        let waits: std::collections::BTreeSet<_> = (0..1_000).map(|seed| backoff(2, seed)).collect();
        assert!(waits.len() > 900, "{} different waits", waits.len());
    }

    proptest! {
        #[test]
        fn a_wait_is_its_schedule_and_at_most_a_fifth_more(failures in 1_u32..10, seed: u64) {
            let wait = backoff(failures, seed).unwrap();
            let least = Duration::from_secs(WAITS[failures as usize - 1]);
            prop_assert!(wait >= least && wait < least + least / 5 + Duration::from_nanos(1));
            prop_assert_eq!(Some(wait), backoff(failures, seed));
        }
    }
}
