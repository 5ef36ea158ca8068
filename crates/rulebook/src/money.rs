//! Money: a whole number of minor units (fen) with the tenant's currency. No floating point touches it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in minor units of the tenant's currency; penalties are negative, incentives positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The opposite amount, as a reversal carries it.
    #[must_use]
    pub const fn opposite(self) -> Self {
        Self(-self.0)
    }

    /// How much it is, whichever way it goes.
    #[must_use]
    pub const fn size(self) -> Self {
        Self(self.0.abs())
    }

    /// What is left of it without another.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    /// Whether this is no money at all (rulebook 3.5: such a charge posts no entry).
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl std::ops::Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| sum + amount)
    }
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a decimal number.
    #[error("not a decimal amount: write digits with at most one point, like 5000 or 123.45")]
    NotANumber,
    /// More decimals than the currency has.
    #[error("finer than the currency: it has {0} decimals")]
    TooFine(u8),
    /// Does not fit.
    #[error("the amount is too large")]
    TooLarge,
}

/// An ISO 4217 currency, known by its code and its number of decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

/// Currencies whose minor unit is not a hundredth (ISO 4217, table A.1).
const OTHER_DECIMALS: [(&str, u8); 23] = [
    ("BHD", 3),
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];

impl Currency {
    /// The currency of a three-letter code; `None` when it is not three capital letters.
    pub fn of(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        if !bytes.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        let decimals = OTHER_DECIMALS.iter().find(|(known, _)| *known == code).map_or(2, |(_, d)| *d);
        Some(Self { code: bytes, decimals })
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("???")
    }

    /// How many decimals an amount has.
    pub const fn decimals(&self) -> u8 {
        self.decimals
    }

    /// Reads a decimal amount such as `5000`, `-500.00` or `123.4`.
    pub fn parse(&self, text: &str) -> Result<Money, AmountError> {
        parse_decimal(text, self.decimals).map(Money)
    }

    /// Writes an amount with all its decimals and its sign: `-500.00`.
    pub fn show(&self, amount: Money) -> Decimal {
        Decimal { units: amount.0, decimals: self.decimals }
    }
}

/// A whole number of 10^-decimals, shown as a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// The number of smallest units.
    pub units: i64,
    /// How many of its digits stand behind the point.
    pub decimals: u8,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let size = self.units.unsigned_abs();
        if self.decimals == 0 {
            return write!(f, "{sign}{size}");
        }
        let one = 10_u64.pow(u32::from(self.decimals));
        write!(f, "{sign}{}.{:0width$}", size / one, size % one, width = usize::from(self.decimals))
    }
}

/// Reads a decimal into a whole number of 10^-decimals; nothing is rounded, finer is an error.
pub fn parse_decimal(text: &str, decimals: u8) -> Result<i64, AmountError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
        return Err(AmountError::NotANumber);
    }
    let significant = fraction.trim_end_matches('0');
    if significant.len() > usize::from(decimals) {
        return Err(AmountError::TooFine(decimals));
    }
    let mut units: i64 = 0;
    let padded = significant.bytes().chain(std::iter::repeat(b'0')).take(usize::from(decimals));
    for digit in whole.bytes().chain(padded) {
        units = units
            .checked_mul(10)
            .and_then(|u| u.checked_add(i64::from(digit - b'0')))
            .ok_or(AmountError::TooLarge)?;
    }
    Ok(if negative { -units } else { units })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_fen_and_shown_with_sign() {
        let yuan = Currency::of("CNY").unwrap();
        for (text, fen) in
            [("5000", 500_000), ("-500.00", -50_000), ("0.1", 10), ("123.450", 12_345), ("+1", 100)]
        {
            assert_eq!(yuan.parse(text), Ok(Money(fen)), "{text}");
        }
        for text in ["", "-", "1.", ".5", "1,000", "1e3", "NaN", "12.3.4", "１２"] {
            assert_eq!(yuan.parse(text), Err(AmountError::NotANumber), "{text}");
        }
        assert_eq!(yuan.parse("0.001"), Err(AmountError::TooFine(2)));
        assert_eq!(yuan.parse("99999999999999999999"), Err(AmountError::TooLarge));
        assert_eq!(yuan.show(Money(-5)).to_string(), "-0.05");
        assert_eq!(Currency::of("JPY").unwrap().show(Money(-5)).to_string(), "-5");
        assert_eq!(Currency::of("KWD").unwrap().show(Money(1_234)).to_string(), "1.234");
        assert_eq!(Currency::of("cny"), None);
    }
}
