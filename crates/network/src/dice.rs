//! Reproducible chance: every decision is drawn from a stream named by the seed, a purpose and two numbers.
//!
//! Because a stream belongs to (seed, purpose, dealer, day), any day of any dealer can be made without making
//! those before it. Only additions, multiplications and divisions of floats are used, so that every machine
//! draws the same.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is for; streams of different purposes are independent.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(crate) enum Purpose {
    Block = 1,
    Dealer,
    Slot,
    Person,
    Name,
    Orders,
    Complaints,
    Inspection,
    Draw,
    FollowUp,
    Habit,
    Load,
    Feedback,
    Mystery,
    Exam,
    Prices,
}

/// A stream of chance.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of a purpose and two numbers, usually a dealer's and a day's.
    pub(crate) fn of(seed: u64, purpose: Purpose, first: u64, second: u64) -> Self {
        let mut key = [0_u8; 32];
        for (place, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, first, second]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// A whole number in 0..count.
    pub(crate) fn below(&mut self, count: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(count)) >> 32) as u32
    }

    /// A whole number from `low` to `high`, both included; they lie less than 2^32 apart.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::from(self.below((high - low + 1) as u32))
    }

    /// Whether something of this probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of them, each as likely.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// One of them, as likely as its weight.
    pub(crate) fn weighted<T: Copy>(&mut self, from: &[(T, u32)]) -> T {
        let mut left = self.below(from.iter().map(|(_, weight)| weight).sum());
        for (value, weight) in from {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        from[0].0
    }

    /// A number around 0 with standard deviation 0.5, never beyond 1.5.
    pub(crate) fn bell(&mut self) -> f64 {
        self.unit() + self.unit() + self.unit() - 1.5
    }

    /// How many of many rare things happen, `mean` on average.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        let limit = exp_of_minus(mean);
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

/// e^-x for 0 ≤ x ≤ 20, by multiplication alone: the library's differs between machines in the last digit.
fn exp_of_minus(x: f64) -> f64 {
    let mut power = 1.0 / (1.0 + x / 4096.0);
    for _ in 0..12 {
        power *= power;
    }
    power
}

/// A well-stirred number of three, for traits that need no stream of their own.
pub(crate) fn stir(seed: u64, first: u64, second: u64) -> u64 {
    let mut z = seed ^ first.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ second.wrapping_mul(0xd1b5_4a32_d192_ed03);
    for _ in 0..2 {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
    }
    z
}

/// The value between `bad` and `good` at a quality between 0 and 1.
pub(crate) fn between_bad_and_good(bad: f64, good: f64, quality: f64) -> f64 {
    bad + (good - bad) * quality
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_purpose_and_number() {
        let first = |purpose, a, b| Dice::of(7, purpose, a, b).below(u32::MAX);
        assert_eq!(first(Purpose::Orders, 3, 9), first(Purpose::Orders, 3, 9));
        assert_ne!(first(Purpose::Orders, 3, 9), first(Purpose::Complaints, 3, 9));
        assert_ne!(first(Purpose::Orders, 3, 9), first(Purpose::Orders, 9, 3));
    }

    #[test]
    fn draws_have_the_mean_they_should() {
        let mut dice = Dice::of(1, Purpose::Draw, 0, 0);
        let rolls = 40_000;
        let poisson = f64::from((0..rolls).map(|_| dice.poisson(1.5)).sum::<u32>()) / f64::from(rolls);
        let bell = (0..rolls).map(|_| dice.bell()).sum::<f64>() / f64::from(rolls);
        let heavy = (0..rolls).filter(|_| dice.weighted(&[(true, 3), (false, 1)])).count();
        assert!((poisson - 1.5).abs() < 0.03, "{poisson}");
        assert!(bell.abs() < 0.02, "{bell}");
        assert!((29_500..30_500).contains(&heavy), "{heavy}");
        assert!((0..rolls).all(|_| (-2..=2).contains(&dice.between(-2, 2))));
    }
}
