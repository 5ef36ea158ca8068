//! Local days and moments of the simulated country, and the window of time that is written.
//!
//! The network lives in China, whose clocks have stood at +08:00 all through the years a plan may cover, so a
//! moment is a number of local seconds and a day is that number divided. No clock is read.

use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, day_from_number, day_number};
use jiff::civil::Date;

/// China's offset in seconds.
const OFFSET: i64 = 8 * 3600;
/// A minute in seconds.
pub(crate) const MINUTE: i64 = 60;
/// An hour in seconds.
pub(crate) const HOUR: i64 = 3600;
/// A day in seconds.
pub(crate) const DAY: i64 = 86_400;
/// When dealers open, in seconds of the day.
pub(crate) const OPENING: i64 = 8 * HOUR;
/// When dealers close, in seconds of the day.
pub(crate) const CLOSING: i64 = 18 * HOUR + 30 * MINUTE;

/// A local date, as days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(pub(crate) i64);

impl Day {
    pub(crate) fn of(date: Date) -> Self {
        Self(day_number(date))
    }

    pub(crate) fn date(self) -> Date {
        day_from_number(self.0)
    }

    pub(crate) fn month(self) -> Period {
        Period::of(self.date())
    }

    /// The moment it begins.
    pub(crate) fn start(self) -> Moment {
        Moment(self.0 * DAY)
    }

    /// The moment so many seconds after it begins.
    pub(crate) fn at(self, seconds: i64) -> Moment {
        Moment(self.0 * DAY + seconds)
    }

    pub(crate) fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// 0 is Monday.
    pub(crate) fn weekday(self) -> usize {
        (self.0 + 3).rem_euclid(7) as usize
    }

    /// The days from this one to `last`, both included.
    pub(crate) fn through(self, last: Self) -> impl Iterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }
}

/// A local moment, in seconds since 1970-01-01 00:00 local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    /// The last whole local second at or before an instant.
    pub(crate) fn of(at: Instant) -> Self {
        Self(at.0.div_euclid(1_000_000).saturating_add(OFFSET))
    }

    pub(crate) fn day(self) -> Day {
        Day(self.0.div_euclid(DAY))
    }

    /// Seconds since its day began.
    pub(crate) fn second_of_day(self) -> i64 {
        self.0.rem_euclid(DAY)
    }

    pub(crate) fn plus(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    /// The moment after so many minutes of business hours: what is left at closing goes on in the morning.
    pub(crate) fn plus_working_minutes(self, minutes: i64) -> Self {
        let mut at = self;
        let mut left = minutes * MINUTE;
        loop {
            if at.second_of_day() < OPENING {
                at = at.day().at(OPENING);
            }
            let until_closing = CLOSING - at.second_of_day();
            if left <= until_closing {
                return at.plus(left);
            }
            left -= until_closing.max(0);
            at = at.day().plus(1).at(OPENING);
        }
    }

    /// This moment, or, in the night, the next morning: people telephone from eight to eight.
    pub(crate) fn awake(self) -> Self {
        let second = self.second_of_day();
        if second < 8 * HOUR {
            self.plus(8 * HOUR - second + second / 40)
        } else if second > 20 * HOUR {
            self.day().plus(1).at(8 * HOUR + (second - 20 * HOUR) / 5)
        } else {
            self
        }
    }

    /// The next moment on a whole ten minutes, as promises are made.
    pub(crate) fn round_up(self) -> Self {
        Self((self.0 + 599).div_euclid(600) * 600)
    }
}

/// The stretch of time a writing covers: what became known after `after`, up to and including `until`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) after: Moment,
    pub(crate) until: Moment,
}

impl Span {
    /// Whether a row is to be written: it exists by the end, and it or a later column of it is new.
    pub(crate) fn writes(self, born: Moment, later: &[Option<Moment>]) -> bool {
        born <= self.until
            && (born > self.after || later.iter().flatten().any(|m| *m > self.after && *m <= self.until))
    }

    /// A later column, empty as long as it has not come.
    pub(crate) fn seen(self, at: Option<Moment>) -> Option<Moment> {
        at.filter(|m| *m <= self.until)
    }

    /// A later date column, empty as long as its day has not begun.
    pub(crate) fn seen_day(self, day: Option<Day>) -> Option<Day> {
        day.filter(|d| d.start() <= self.until)
    }
}

/// Appends `2026-03-05`.
pub(crate) fn push_date(text: &mut Vec<u8>, day: Day) {
    let date = day.date();
    push_digits(text, i64::from(date.year()), 4);
    text.push(b'-');
    push_digits(text, i64::from(date.month()), 2);
    text.push(b'-');
    push_digits(text, i64::from(date.day()), 2);
}

/// Appends `2026-03-05T14:30:00+08:00`.
pub(crate) fn push_moment(text: &mut Vec<u8>, at: Moment) {
    push_date(text, at.day());
    let second = at.second_of_day();
    for (mark, part) in [(b'T', second / HOUR), (b':', second / MINUTE % 60), (b':', second % 60)] {
        text.push(mark);
        push_digits(text, part, 2);
    }
    text.extend_from_slice(b"+08:00");
}

/// Appends `260305`, as ids carry a day.
pub(crate) fn push_short_date(text: &mut String, day: Day) {
    let date = day.date();
    let short = i64::from(date.year()) % 100 * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day());
    let mut digits = Vec::with_capacity(6);
    push_digits(&mut digits, short, 6);
    text.extend(digits.into_iter().map(char::from));
}

fn push_digits(text: &mut Vec<u8>, number: i64, width: usize) {
    let start = text.len();
    text.resize(start + width, b'0');
    let mut left = number;
    for place in text[start..].iter_mut().rev() {
        *place = b'0' + (left % 10) as u8;
        left /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn at(hour: i64, minute: i64) -> Moment {
        Day::of(date(2026, 3, 5)).at(hour * HOUR + minute * MINUTE)
    }

    fn shown(at: Moment) -> String {
        let mut text = Vec::new();
        push_moment(&mut text, at);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn moments_are_written_with_their_offset() {
        assert_eq!(shown(at(14, 30)), "2026-03-05T14:30:00+08:00");
        let instant = Instant(1_772_692_200_000_000);
        assert_eq!(instant.to_string(), "2026-03-05T06:30:00Z");
        assert_eq!(Moment::of(instant), at(14, 30));
        let mut short = String::new();
        push_short_date(&mut short, at(0, 0).day());
        assert_eq!(short, "260305");
        assert_eq!(at(0, 0).day().weekday(), 3, "2026-03-05 is a Thursday");
    }

    #[test]
    fn work_rests_at_night() {
        assert_eq!(shown(at(9, 0).plus_working_minutes(60)), "2026-03-05T10:00:00+08:00");
        assert_eq!(shown(at(18, 0).plus_working_minutes(60)), "2026-03-06T08:30:00+08:00");
        assert_eq!(shown(at(19, 0).plus_working_minutes(15)), "2026-03-06T08:15:00+08:00");
        assert_eq!(shown(at(2, 0).plus_working_minutes(630 + 5)), "2026-03-06T08:05:00+08:00");
    }

    #[test]
    fn a_row_is_written_when_it_or_a_later_column_is_new() {
        let span = Span { after: at(10, 0), until: at(12, 0) };
        for (born, later, written) in [
            (at(11, 0), None, true),
            (at(10, 0), None, false),
            (at(10, 0), Some(at(12, 0)), true),
            (at(10, 0), Some(at(12, 1)), false),
            (at(12, 1), Some(at(12, 1)), false),
        ] {
            assert_eq!(span.writes(born, &[later]), written, "{born:?} {later:?}");
        }
        assert_eq!(span.seen(Some(at(12, 1))), None);
    }
}
