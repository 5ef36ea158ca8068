//! A calendar month, as settlements and monthly figures are kept: `2026-03`.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    year: i16,
    month: i8,
}

impl Period {
    /// The month a local date lies in.
    pub fn of(date: Date) -> Self {
        Self { year: date.year(), month: date.month() }
    }

    /// The month with this year and month number (1 to 12).
    pub fn new(year: i16, month: i8) -> Option<Self> {
        ((1..=12).contains(&month) && (1..=9998).contains(&year)).then_some(Self { year, month })
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        Date::constant(self.year, self.month, 1)
    }

    /// Its last day.
    pub fn last_day(self) -> Date {
        self.first_day().last_of_month()
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Self {
        if self.month == 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { month: self.month + 1, ..self }
        }
    }

    /// The month before it.
    #[must_use]
    pub fn previous(self) -> Self {
        if self.month == 1 {
            Self { year: self.year - 1, month: 12 }
        } else {
            Self { month: self.month - 1, ..self }
        }
    }

    /// Months since year 0, for storage and arithmetic.
    pub fn number(self) -> i32 {
        i32::from(self.year) * 12 + i32::from(self.month) - 1
    }

    /// The month of a number that `number` gave.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::new(i16::try_from(number.div_euclid(12)).ok()?, (number.rem_euclid(12) + 1) as i8)
    }

    /// The months from this one to `last`, both included.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |p| Some(p.next())).take_while(move |p| *p <= last)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// The text is not a month written `2026-03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a month: write it like 2026-03")]
pub struct NotAPeriod;

impl FromStr for Period {
    type Err = NotAPeriod;
    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let bytes = text.as_bytes();
        if bytes.len() != 7
            || bytes[4] != b'-'
            || !bytes.iter().enumerate().all(|(i, b)| i == 4 || b.is_ascii_digit())
        {
            return Err(NotAPeriod);
        }
        let digit = |i: usize| i16::from(bytes[i] - b'0');
        let year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3);
        Self::new(year, (digit(5) * 10 + digit(6)) as i8).ok_or(NotAPeriod)
    }
}

impl TryFrom<String> for Period {
    type Error = NotAPeriod;
    fn try_from(text: String) -> Result<Self, NotAPeriod> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

/// A calendar quarter, written `2026-Q1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter {
    first: Period,
}

impl Quarter {
    /// The quarter a local date lies in.
    pub fn of(date: Date) -> Self {
        let month = (date.month() - 1) / 3 * 3 + 1;
        Self { first: Period { year: date.year(), month } }
    }

    /// The quarter before it.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { first: self.first.previous().previous().previous() }
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        self.first.first_day()
    }

    /// Its last day.
    pub fn last_day(self) -> Date {
        self.first.next().next().last_day()
    }

    /// Its three months, in order.
    pub fn months(self) -> [Period; 3] {
        [self.first, self.first.next(), self.first.next().next()]
    }

    /// Whether a local date lies in it.
    pub fn contains(self, date: Date) -> bool {
        Self::of(date) == self
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.first.year, (self.first.month - 1) / 3 + 1)
    }
}

/// The text is not a quarter written `2026-Q1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a quarter: write it like 2026-Q1")]
pub struct NotAQuarter;

impl FromStr for Quarter {
    type Err = NotAQuarter;
    fn from_str(text: &str) -> Result<Self, NotAQuarter> {
        let (year, quarter) = text.split_once("-Q").ok_or(NotAQuarter)?;
        let number: i8 = match quarter {
            "1" => 1,
            "2" => 4,
            "3" => 7,
            "4" => 10,
            _ => return Err(NotAQuarter),
        };
        let first = format!("{year}-{number:02}").parse().map_err(|_| NotAQuarter)?;
        Ok(Self { first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_are_read_written_and_stepped() {
        let quarter: Quarter = "2025-Q2".parse().unwrap();
        assert_eq!(quarter.to_string(), "2025-Q2");
        assert_eq!(
            (quarter.first_day().to_string(), quarter.last_day().to_string()),
            ("2025-04-01".into(), "2025-06-30".into())
        );
        assert_eq!("2025-Q1".parse::<Quarter>().unwrap().previous().to_string(), "2024-Q4");
        assert!(
            quarter.contains(Date::constant(2025, 6, 30)) && !quarter.contains(Date::constant(2025, 7, 1))
        );
        for wrong in ["2025-Q0", "2025-Q5", "2025-04", "25-Q1", "", "2025-Q12"] {
            assert_eq!(wrong.parse::<Quarter>(), Err(NotAQuarter), "{wrong}");
        }
    }

    #[test]
    fn months_are_read_written_and_stepped() {
        let march: Period = "2026-03".parse().unwrap();
        assert_eq!(march.to_string(), "2026-03");
        assert_eq!(march.last_day().to_string(), "2026-03-31");
        assert_eq!("2025-12".parse::<Period>().unwrap().next().to_string(), "2026-01");
        assert_eq!("2026-01".parse::<Period>().unwrap().previous().to_string(), "2025-12");
        assert_eq!(Period::from_number(march.number()), Some(march));
        for wrong in ["2026-13", "2026-00", "2026-3", "26-03", "2026/03", "", "2026-03-01"] {
            assert_eq!(wrong.parse::<Period>(), Err(NotAPeriod), "{wrong}");
        }
    }
}
