//! Between the rulebook's times and PostgreSQL's, which count from 2000-01-01.

use diesel::data_types::{PgDate, PgTimestamp};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, day_from_number, day_number};
use jiff::civil::Date;

/// Days from 1970-01-01 to 2000-01-01.
pub(crate) const EPOCH_DAYS: i64 = 10_957;
/// Microseconds from 1970-01-01 to 2000-01-01.
pub(crate) const EPOCH_MICROS: i64 = EPOCH_DAYS * 86_400_000_000;

pub(crate) fn pg_date(date: Date) -> PgDate {
    PgDate((day_number(date) - EPOCH_DAYS) as i32)
}

pub(crate) fn date(stored: PgDate) -> Date {
    day_from_number(i64::from(stored.0) + EPOCH_DAYS)
}

pub(crate) fn pg_instant(at: Instant) -> PgTimestamp {
    PgTimestamp(at.0.saturating_sub(EPOCH_MICROS))
}

pub(crate) fn instant(stored: PgTimestamp) -> Instant {
    Instant(stored.0.saturating_add(EPOCH_MICROS))
}

/// An instant as SQL.
pub(crate) fn literal(at: Instant) -> String {
    format!("(timestamptz '1970-01-01 00:00:00+00' + {} * interval '1 microsecond')", at.0)
}

pub(crate) fn pg_month(period: Period) -> PgDate {
    pg_date(period.first_day())
}

pub(crate) fn month(stored: PgDate) -> Period {
    Period::of(date(stored))
}

/// `infinity` as PostgreSQL stores it.
pub(crate) const FOREVER: i64 = i64::MAX;
