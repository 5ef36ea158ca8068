//! Instants to the microsecond and the tenant's time zone. No clock is read here: time is passed in.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

/// A moment, in microseconds since 1970-01-01T00:00:00Z (rulebook 1: finer is refused).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds of 24 hours.
pub const DAY: i64 = 24 * HOUR;
/// One hour in microseconds.
pub const HOUR: i64 = 3_600_000_000;
/// One minute in microseconds.
pub const MINUTE: i64 = 60_000_000;

impl Instant {
    /// Before every fact.
    pub const MIN: Self = Self(i64::MIN);
    /// After every fact.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment `hours` elapsed hours later.
    #[must_use]
    pub const fn plus_hours(self, hours: i64) -> Self {
        Self(self.0 + hours * HOUR)
    }

    /// The library's form of it.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MAX)
    }

    /// A library timestamp, or `None` when it is finer than a microsecond.
    pub fn exactly(timestamp: Timestamp) -> Option<Self> {
        (timestamp.subsec_nanosecond() % 1_000 == 0).then(|| Self(timestamp.as_microsecond()))
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

/// Why a local date and time is not one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocalTimeError {
    /// The clocks were put forward over it.
    #[error(
        "this local time does not exist in {0} (clocks go forward): write the offset, like 2026-03-05T14:30:00+08:00"
    )]
    Gap(&'static str),
    /// The clocks were put back over it.
    #[error(
        "this local time exists twice in {0} (clocks go back): write the offset, like 2026-03-05T14:30:00+08:00"
    )]
    Fold(&'static str),
}

/// A tenant's time zone, with its offsets at hand: local dates are asked millions of times a run.
#[derive(Clone)]
pub struct Zone {
    name: String,
    zone: TimeZone,
    /// From this moment on (seconds since 1970), this offset in seconds; sorted.
    offsets: Vec<(i64, i32)>,
}

/// The time zone's name is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no time zone is named '{0}': use an IANA name like Asia/Shanghai")]
pub struct UnknownZone(pub String);

impl Zone {
    /// The zone of an IANA name.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone(name.to_owned()))?;
        let start =
            Date::constant(1900, 1, 1).to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |z| z.timestamp());
        let mut offsets = vec![(i64::MIN, zone.to_offset(start).seconds())];
        for transition in zone.following(start) {
            if transition.timestamp().as_second() > 7_258_118_400 {
                break; // 2200
            }
            offsets.push((transition.timestamp().as_second(), transition.offset().seconds()));
        }
        Ok(Self { name: name.to_owned(), zone, offsets })
    }

    /// China's zone, the default of a tenant.
    ///
    /// # Panics
    /// When the time zone database linked in lacks it, which a test excludes.
    pub fn shanghai() -> Self {
        Self::named("Asia/Shanghai").expect("the bundled time zone database has Asia/Shanghai")
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn local_seconds(&self, at: Instant) -> i64 {
        let seconds = at.0.div_euclid(1_000_000);
        let index = match self.offsets.last() {
            Some((start, _)) if *start <= seconds => self.offsets.len() - 1,
            _ => self.offsets.partition_point(|(start, _)| *start <= seconds) - 1,
        };
        seconds + i64::from(self.offsets[index].1)
    }

    /// The local date of a moment (rulebook 1).
    pub fn date(&self, at: Instant) -> Date {
        day_from_number(self.local_seconds(at).div_euclid(86_400))
    }

    /// The local date and wall-clock time of a moment.
    pub fn local(&self, at: Instant) -> DateTime {
        self.zone.to_datetime(at.timestamp())
    }

    /// A moment as RFC 3339 with the zone's offset: `2026-03-05T14:30:00+08:00`.
    pub fn rfc3339(&self, at: Instant) -> String {
        let timestamp = at.timestamp();
        timestamp.display_with_offset(self.zone.to_offset(timestamp)).to_string()
    }

    /// The moment of a local date and time, refused where the clocks skip or repeat it.
    pub fn instant(&self, local: DateTime) -> Result<Instant, LocalTimeError> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Ok(self.compatible(local)),
            AmbiguousOffset::Gap { .. } => Err(LocalTimeError::Gap("the tenant's time zone")),
            AmbiguousOffset::Fold { .. } => Err(LocalTimeError::Fold("the tenant's time zone")),
        }
    }

    /// The moment of a local date and time; where the clocks skip it the moment after the gap's length,
    /// where they repeat it the first of the two.
    pub fn compatible(&self, local: DateTime) -> Instant {
        let timestamp = self.zone.to_ambiguous_timestamp(local).compatible().unwrap_or(Timestamp::MAX);
        Instant(timestamp.as_microsecond())
    }

    /// The moment a local date begins.
    pub fn midnight(&self, date: Date) -> Instant {
        self.compatible(date.to_datetime(Time::midnight()))
    }

    /// The moment a local date is over.
    pub fn end_of(&self, date: Date) -> Instant {
        self.midnight(plus_days(date, 1))
    }

    /// The same local wall-clock time `days` calendar days later (natural days, rulebook 1).
    pub fn plus_natural_days(&self, at: Instant, days: u32) -> Instant {
        let local = self.local(at);
        self.compatible(plus_days(local.date(), i64::from(days)).to_datetime(local.time()))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

/// The date `days` later (or earlier, when negative), held within the calendar's range.
pub fn plus_days(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().days(days))
}

/// Whole days since 1970-01-01.
pub fn day_number(date: Date) -> i64 {
    // Howard Hinnant's days_from_civil, exact over the whole calendar.
    let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date of a number that `day_number` gave.
pub fn day_from_number(days: i64) -> Date {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date::new(year as i16, month as i8, day as i8).unwrap_or(if days < 0 { Date::MIN } else { Date::MAX })
}

/// One year before a date, held to the end of the month (2028-02-29 gives 2027-02-28).
pub fn year_before(date: Date) -> Date {
    date.saturating_sub(Span::new().years(1))
}

/// `months` months before a date, held to the end of the month.
pub fn months_before(date: Date, months: u32) -> Date {
    date.saturating_sub(Span::new().months(i64::from(months)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn local_dates_agree_with_the_time_zone_library() {
        for name in ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"] {
            let zone = Zone::named(name).unwrap();
            for hours in (0..24 * 366 * 60).step_by(7) {
                let at = Instant(i64::from(hours) * HOUR - 1);
                assert_eq!(zone.date(at), zone.local(at).date(), "{name} {at}");
            }
        }
    }

    #[test]
    fn day_numbers_and_dates_are_each_others_inverse() {
        for number in (-700_000..2_900_000).step_by(97) {
            assert_eq!(day_number(day_from_number(number)), number);
        }
        assert_eq!(day_number(date(1970, 1, 1)), 0);
        assert_eq!(day_from_number(20_000), date(2024, 10, 4));
    }

    #[test]
    fn a_year_before_a_leap_day_is_the_end_of_february() {
        assert_eq!(year_before(date(2028, 2, 29)), date(2027, 2, 28));
        assert_eq!(year_before(date(2025, 2, 28)), date(2024, 2, 28));
        assert_eq!(months_before(date(2026, 3, 31), 1), date(2026, 2, 28));
    }

    #[test]
    fn local_times_in_a_gap_or_fold_are_refused() {
        let zone = Zone::named("America/New_York").unwrap();
        assert!(matches!(zone.instant(date(2026, 3, 8).at(2, 30, 0, 0)), Err(LocalTimeError::Gap(_))));
        assert!(matches!(zone.instant(date(2026, 11, 1).at(1, 30, 0, 0)), Err(LocalTimeError::Fold(_))));
        assert!(zone.instant(date(2026, 11, 1).at(2, 30, 0, 0)).is_ok());
    }

    #[test]
    fn natural_days_keep_the_wall_clock() {
        let zone = Zone::named("America/New_York").unwrap();
        let start = zone.instant(date(2026, 3, 7).at(14, 0, 0, 0)).unwrap();
        assert_eq!(zone.plus_natural_days(start, 1).0 - start.0, 23 * HOUR);
        assert!(Zone::named("Mars/Olympus").is_err());
    }
}
