//! The tenant's calendar: natural and working days (rulebook 1). Small, pure, and it never guesses: a year
//! whose holidays are not known is an error that says so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time, Weekday};

use crate::time::{Instant, Zone, plus_days};

/// What a calendar row says of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// A statutory holiday: no working day, whatever the weekday.
    Holiday,
    /// A make-up working day: a working day, whatever the weekday.
    MakeUp,
}

/// How a policy counts the days of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// Calendar days.
    Natural,
    /// Working days by the tenant's calendar.
    Working,
}

/// The holidays of a year are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "working days of {year} cannot be counted: its holidays are not known; \
     import a calendar file with the days of {year}, or publish a policy that counts natural days"
)]
pub struct HolidaysUnknown {
    /// The year.
    pub year: i16,
}

/// Holidays and make-up working days by day.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    days: BTreeMap<Date, DayKind>,
    years: BTreeSet<i16>,
}

impl Calendar {
    /// Adds a day, and with it knowledge of its year.
    pub fn set(&mut self, day: Date, kind: DayKind) {
        self.days.insert(day, kind);
        self.years.insert(day.year());
    }

    /// Takes a day back to what its weekday says.
    pub fn clear(&mut self, day: Date) {
        self.days.remove(&day);
    }

    /// Whether a day is a working day: Monday to Friday less holidays plus make-up working days.
    pub fn is_working(&self, day: Date) -> Result<bool, HolidaysUnknown> {
        match self.days.get(&day) {
            Some(DayKind::Holiday) => Ok(false),
            Some(DayKind::MakeUp) => Ok(true),
            None if self.years.contains(&day.year()) => {
                Ok(!matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday))
            }
            None => Err(HolidaysUnknown { year: day.year() }),
        }
    }

    /// The deadline `count` days after an instant, at the same local time of day. Counted in working days,
    /// an instant on a non-working day counts from 00:00 of the next working day.
    pub fn deadline(
        &self,
        zone: &Zone,
        start: Instant,
        days: Days,
        count: u32,
    ) -> Result<Instant, HolidaysUnknown> {
        if days == Days::Natural {
            return Ok(zone.plus_natural_days(start, count));
        }
        let local = zone.local(start);
        let (mut day, mut time) = (local.date(), local.time());
        while !self.is_working(day)? {
            day = plus_days(day, 1);
            time = Time::midnight();
        }
        let mut left = count;
        while left > 0 {
            day = plus_days(day, 1);
            if self.is_working(day)? {
                left -= 1;
            }
        }
        Ok(zone.compatible(day.to_datetime(time)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// October 2025: holidays 1–8, make-up Saturday 11; a make-up Sunday 28 September.
    fn autumn() -> Calendar {
        let mut calendar = Calendar::default();
        for day in 1..=8 {
            calendar.set(Date::constant(2025, 10, day), DayKind::Holiday);
        }
        calendar.set(Date::constant(2025, 9, 28), DayKind::MakeUp);
        calendar.set(Date::constant(2025, 10, 11), DayKind::MakeUp);
        calendar
    }

    fn check(start: &str, days: Days, count: u32, expected: &str) {
        let zone = Zone::shanghai();
        let start = zone.instant(start.parse().unwrap()).unwrap();
        let deadline = autumn().deadline(&zone, start, days, count).unwrap();
        assert_eq!(zone.local(deadline).to_string(), expected, "{count} {days:?} days");
    }

    #[test]
    fn deadlines_in_natural_days_keep_the_time_of_day() {
        check("2025-09-30T17:00:00", Days::Natural, 3, "2025-10-03T17:00:00");
        check("2025-12-31T23:59:59", Days::Natural, 1, "2026-01-01T23:59:59");
    }

    #[test]
    fn deadlines_in_working_days_pass_over_holidays_and_use_make_up_days() {
        check("2025-09-30T17:00:00", Days::Working, 1, "2025-10-09T17:00:00"); // Tuesday; 1–8 holidays
        check("2025-09-30T17:00:00", Days::Working, 3, "2025-10-11T17:00:00"); // Saturday, make-up
        check("2025-09-26T09:00:00", Days::Working, 1, "2025-09-28T09:00:00"); // Friday; Sunday make-up
        check("2025-09-27T09:00:00", Days::Working, 1, "2025-09-29T00:00:00"); // Saturday: from Sunday 00:00
        check("2025-10-04T15:00:00", Days::Working, 1, "2025-10-10T00:00:00"); // holiday: from the 9th 00:00
        check("2025-10-12T15:00:00", Days::Working, 0, "2025-10-13T00:00:00"); // Sunday, none to count
    }

    #[test]
    fn a_year_without_published_holidays_is_an_error() {
        let zone = Zone::shanghai();
        let start = zone.instant("2025-12-31T10:00:00".parse().unwrap()).unwrap();
        let error = autumn().deadline(&zone, start, Days::Working, 1).unwrap_err();
        assert_eq!(error, HolidaysUnknown { year: 2026 });
        assert!(error.to_string().contains("import a calendar file"));
    }
}
