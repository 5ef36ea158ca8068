//! Exact arithmetic: means of fractions, shares, and the Poisson decision. Nothing is rounded before the end.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::Ratio;

use crate::money::Decimal;

/// An exact fraction.
pub type Fraction = Ratio<BigInt>;

/// A fraction of whole numbers.
pub fn fraction(above: i128, below: i128) -> Fraction {
    Fraction::new(BigInt::from(above), BigInt::from(below))
}

/// Half-up, away from zero, to a whole number of the fraction's unit (rulebook 1). Only for fractions that fit.
pub fn rounded(value: &Fraction) -> i64 {
    let half = fraction(1, 2);
    let zero = fraction(0, 1);
    let whole = if *value < zero { (value - half).ceil() } else { (value + half).floor() };
    i64::try_from(whole.to_integer()).unwrap_or(i64::MAX)
}

/// A share in percent, half-up to two decimals, to be read and not compared.
pub fn percent(part: i64, whole: i64) -> Decimal {
    let units = if whole == 0 { 0 } else { rounded(&fraction(i128::from(part) * 10_000, i128::from(whole))) };
    Decimal { units, decimals: 2 }
}

/// A number of hundredths, with its two decimals.
pub fn hundredths(units: i64) -> Decimal {
    Decimal { units, decimals: 2 }
}

/// The mean of fractions, kept as sums by denominator so that millions of them stay small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mean {
    count: i64,
    by_denominator: BTreeMap<i64, i128>,
}

impl Mean {
    /// Adds `above / below`; `below` is more than 0.
    pub fn add(&mut self, above: i64, below: i64) {
        self.count += 1;
        *self.by_denominator.entry(below).or_default() += i128::from(above);
    }

    /// How many were added.
    pub fn count(&self) -> i64 {
        self.count
    }

    /// The mean; none of nothing.
    pub fn value(&self) -> Option<Fraction> {
        let sums = self.by_denominator.iter().map(|(below, above)| fraction(*above, i128::from(*below)));
        let sum = sums.fold(fraction(0, 1), |sum, part| sum + part);
        (self.count > 0).then(|| sum / BigInt::from(self.count))
    }

    /// The mean, rounded half-up to a whole number of the unit added; none of nothing.
    pub fn rounded(&self) -> Option<i64> {
        self.value().map(|mean| rounded(&mean))
    }
}

/// Whether P(Poisson(λ) ≥ count) < `per_million` / 1 000 000, with λ = `above` / `below`, exactly.
///
/// With S the sum of λ^k/k! below `count` and R the rest of the series, e^λ = S + R, and the question is whether
/// `per_million`·S > (1 000 000 − `per_million`)·R. R is held between its partial sums and those with the geometric
/// series that bounds what is left, which come as near as the decision needs.
pub fn is_rare(above: i128, below: i128, count: i64, per_million: i64) -> bool {
    if count <= 0 {
        return false; // P is 1
    }
    if above == 0 {
        return true; // P is 0
    }
    let lambda = fraction(above, below);
    if lambda >= Fraction::from(BigInt::from(count)) {
        return per_million > 500_000 && decide(&lambda, count, per_million); // P is more than a half
    }
    decide(&lambda, count, per_million)
}

fn decide(lambda: &Fraction, count: i64, per_million: i64) -> bool {
    // Every term over the common denominator q^n·n!: whole numbers only, without a gcd at each step.
    let (p, q) = (lambda.numer(), lambda.denom());
    let (mut term, mut head, mut tail) = (BigInt::from(1), BigInt::from(0), BigInt::from(0));
    let (ours, theirs) = (BigInt::from(per_million), BigInt::from(1_000_000 - per_million));
    for k in 0_i64.. {
        if k < count {
            head += &term;
        } else {
            tail += &term;
            // What follows term k is less than term·r/(1 − r), r = λ/(k + 1), once r < 1.
            let (next, left) = (p.clone(), q * BigInt::from(k + 1) - p);
            if left > BigInt::from(0) {
                let wanted = &ours * &head;
                let least = &theirs * &tail;
                if wanted <= least {
                    return false;
                }
                if (wanted - least) * &left > &theirs * &term * next {
                    return true;
                }
            }
        }
        let step = q * BigInt::from(k + 1);
        head *= &step;
        tail *= &step;
        term *= p;
    }
    unreachable!("the series is held ever more narrowly")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_up_away_from_zero() {
        for (above, below, expected) in [(1, 2, 1), (-1, 2, -1), (5, 4, 1), (7, 4, 2), (-7, 4, -2), (0, 3, 0)]
        {
            assert_eq!(rounded(&fraction(above, below)), expected, "{above}/{below}");
        }
        assert_eq!(percent(2, 3).to_string(), "66.67");
        assert_eq!(percent(1, 0).to_string(), "0.00");
    }

    #[test]
    fn a_mean_of_thirds_is_exact() {
        let mut mean = Mean::default();
        assert_eq!(mean.rounded(), None);
        mean.add(1, 3);
        mean.add(2, 3);
        mean.add(1, 2);
        assert_eq!(mean.value(), Some(fraction(1, 2)));
        assert_eq!((mean.count(), mean.rounded()), (3, Some(1)));
    }

    /// λ, the least count that is rare at one in a thousand.
    #[test]
    fn the_poisson_decision_turns_at_its_threshold() {
        for (above, below, least) in
            [(1, 1, 6), (1, 2, 5), (3, 1, 11), (10, 1, 22), (1, 1_000_000, 1), (100, 1, 133)]
        {
            assert!(is_rare(above, below, least, 1_000), "{above}/{below} {least}");
            assert!(!is_rare(above, below, least - 1, 1_000), "{above}/{below} {}", least - 1);
        }
        assert!(is_rare(0, 1, 1, 1_000));
        assert!(!is_rare(5_000, 1, 5_000, 1_000));
        assert!(is_rare(5_000, 1, 5_300, 1_000));
    }
}
