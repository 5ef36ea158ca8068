//! The draw over 20 000 days: each dealer's share is within what chance allows, and the test would tell if it were not.

use farsight_rulebook::draw::{Chain, Key, draw};
use farsight_rulebook::time::plus_days;
use jiff::civil::{Date, date};

const DEALERS: usize = 573;
const SAMPLE: usize = 30;
const DAYS: u32 = 20_000;

/// How often each dealer of a network is drawn over some days.
fn times_drawn(days: u32, take: impl Fn(Key, Date, &[String]) -> Vec<String> + Sync) -> Vec<u32> {
    let pool: Vec<String> = (0..DEALERS).map(|number| format!("D{number:04}")).collect();
    let seed = Key::new([0x5a; 32]);
    let keys: Vec<Key> =
        std::iter::successors(Some(seed), |key| Some(key.previous())).take(days as usize).collect();
    assert_eq!(keys.last().map(|key| key.previous()), Some(Chain::new(seed, days).anchor()));
    let halves = keys.split_at(keys.len() / 2);
    let count = |keys: &[Key], from: i64| {
        let mut times = vec![0; DEALERS];
        for (day, key) in (from..).zip(keys) {
            for dealer in take(*key, plus_days(date(2026, 1, 1), day), &pool) {
                times[dealer[1..].parse::<usize>().unwrap()] += 1;
            }
        }
        times
    };
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| count(halves.1, halves.0.len() as i64));
        (count(halves.0, 0), other.join().unwrap())
    });
    first.iter().zip(second).map(|(a, b)| a + b).collect()
}

/// The chi-square statistic of equal shares, scaled for drawing without putting back, and the value that chance
/// exceeds once in a thousand times (Wilson and Hilferty's approximation, good to four digits here).
fn chi_square(times: &[u32], days: u32) -> (f64, f64) {
    let (dealers, sample) = (DEALERS as f64, SAMPLE as f64);
    let expected = f64::from(days) * sample / dealers;
    let sum: f64 = times.iter().map(|times| (f64::from(*times) - expected).powi(2) / expected).sum();
    let free = dealers - 1.0;
    let (spread, z) = (2.0 / (9.0 * free), 3.0902);
    (sum * free / (dealers - sample), free * (1.0 - spread + z * spread.sqrt()).powi(3))
}

#[test]
fn every_dealer_is_drawn_as_often_as_chance_has_it() {
    let times = times_drawn(DAYS, |key, date, pool| draw(key, date, pool, SAMPLE).sample);
    assert_eq!(times.iter().sum::<u32>(), DAYS * SAMPLE as u32);
    let (statistic, limit) = chi_square(&times, DAYS);
    println!("chi-square {statistic:.1} of 572 degrees, limit {limit:.1} at p = 0.001");
    assert!(statistic < limit, "chi-square {statistic:.1} is above {limit:.1}");
}

/// The last place goes to the smallest code of the three whose hashes come next: wrong by a little, as an order by
/// the hashes' first byte and then by code would be.
#[test]
fn a_draw_that_is_biased_by_a_little_is_found_out() {
    let days = DAYS / 4;
    let biased = |key: Key, date: Date, pool: &[String]| {
        let mut taken = draw(key, date, pool, SAMPLE + 2).sample;
        taken[SAMPLE - 1..].sort();
        taken.truncate(SAMPLE);
        taken
    };
    let (statistic, limit) = chi_square(&times_drawn(days, biased), days);
    assert!(statistic > limit, "chi-square {statistic:.1} is not above {limit:.1}");
}
