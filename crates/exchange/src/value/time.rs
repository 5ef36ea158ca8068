//! Dates and moments, read by hand: an import is mostly these, and a general parser takes ten times as long.
//! The time-zone library decides wherever clocks change; tests hold the rest against it.

use farsight_rulebook::tables::{FIRST_DATE, LAST_DATE};
use farsight_rulebook::time::{Instant, Zone, day_from_number, day_number};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::CellFault;

const DAY_SECONDS: i64 = 86_400;
/// 1900-01-01T00:00:00Z.
const FIRST_SECOND: i64 = -2_208_988_800;
/// 2200-01-01T00:00:00Z.
const END_SECOND: i64 = 7_258_118_400;

/// Local times with one and the same offset, neither skipped nor repeated.
#[derive(Clone, Copy)]
struct Stretch {
    from: i64,
    to: i64,
    offset: i64,
}

/// A tenant's zone with its stretches of constant offset at hand.
pub(crate) struct LocalClock {
    zone: Zone,
    stretches: Vec<Stretch>,
    last: usize,
}

impl LocalClock {
    pub(crate) fn new(zone: &Zone) -> Self {
        Self { zone: zone.clone(), stretches: stretches(zone.name()), last: 0 }
    }

    /// The moment of a local date and time, refused where the clocks skip or repeat it.
    pub(crate) fn instant(&mut self, local: DateTime) -> Result<Instant, CellFault> {
        let (date, time) =
            (existing((local.date().year(), local.date().month(), local.date().day()))?, local.time());
        let of_day =
            i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        let seconds = day_number(date) * DAY_SECONDS + of_day;
        self.at(seconds, i64::from(time.subsec_nanosecond()) / 1_000)
    }

    /// The same from seconds since 1970-01-01 00:00 local and microseconds.
    fn at(&mut self, local_seconds: i64, micros: i64) -> Result<Instant, CellFault> {
        if let Some(offset) = self.offset(local_seconds) {
            return Ok(Instant((local_seconds - offset) * 1_000_000 + micros));
        }
        let date = day_from_number(local_seconds.div_euclid(DAY_SECONDS));
        let of_day = local_seconds.rem_euclid(DAY_SECONDS);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        let time = Time::new(hour as i8, minute as i8, second as i8, (micros * 1_000) as i32);
        let local = DateTime::from_parts(date, time.map_err(|_| CellFault::NoSuchMoment)?);
        Ok(self.zone.instant(local)?)
    }

    fn offset(&mut self, local_seconds: i64) -> Option<i64> {
        let holds = |s: &&Stretch| s.from <= local_seconds && local_seconds < s.to;
        if let Some(stretch) = self.stretches.get(self.last).filter(holds) {
            return Some(stretch.offset);
        }
        let index = self.stretches.partition_point(|s| s.to <= local_seconds);
        let stretch = self.stretches.get(index).filter(holds)?;
        self.last = index;
        Some(stretch.offset)
    }
}

fn stretches(zone: &str) -> Vec<Stretch> {
    let (Ok(zone), Ok(start)) = (TimeZone::get(zone), Timestamp::from_second(FIRST_SECOND)) else {
        return Vec::new();
    };
    let mut offset = i64::from(zone.to_offset(start).seconds());
    // Two days in, for what lies just before the first transition looked at is not known.
    let mut from = FIRST_SECOND + 2 * DAY_SECONDS;
    let mut found = Vec::new();
    for transition in zone.following(start) {
        let (at, next) = (transition.timestamp().as_second(), i64::from(transition.offset().seconds()));
        found.push(Stretch { from, to: at + offset.min(next), offset });
        if at > END_SECOND {
            return found;
        }
        from = at + offset.max(next);
        offset = next;
    }
    found.push(Stretch { from, to: i64::MAX, offset });
    found
}

/// Whether there are only digits from a place on, and at least one.
pub(super) fn digits_at(text: &[u8], from: usize) -> bool {
    text.len() > from && text[from..].iter().all(u8::is_ascii_digit)
}

/// The two digits at a place.
fn two(text: &[u8], at: usize) -> Option<i8> {
    match text.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(((tens - b'0') * 10 + (ones - b'0')) as i8),
        _ => None,
    }
}

/// `YYYY-MM-DD` at the beginning, whether or not such a day exists.
fn year_month_day(text: &[u8]) -> Option<(i16, i8, i8)> {
    if text.len() < 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = i16::from(two(text, 0)?) * 100 + i16::from(two(text, 2)?);
    Some((year, two(text, 5)?, two(text, 8)?))
}

fn existing((year, month, day): (i16, i8, i8)) -> Result<Date, CellFault> {
    let date = Date::new(year, month, day).map_err(|_| CellFault::NoSuchMoment)?;
    if (FIRST_DATE..=LAST_DATE).contains(&date) { Ok(date) } else { Err(CellFault::AbsurdDate) }
}

/// A local date, `2026-03-05`.
pub(super) fn date(text: &[u8]) -> Result<Date, CellFault> {
    let parts = year_month_day(text).ok_or(CellFault::NotADate)?;
    match &text[10..] {
        [] => existing(parts),
        [b' ' | b'T', ..] if two(text, 11).is_some() => Err(CellFault::TimeOfDay),
        _ => Err(CellFault::NotADate),
    }
}

/// A moment: RFC 3339 with its offset, or a local date and time, `2026-03-05 14:30[:00[.123456]]`.
pub(super) fn instant(text: &[u8], clock: &mut LocalClock) -> Result<Instant, CellFault> {
    let parts = year_month_day(text).ok_or(CellFault::NotAnInstant)?;
    let (of_day, micros, rest) = time_of_day(&text[10..])?;
    let local_seconds = day_number(existing(parts)?) * DAY_SECONDS + of_day;
    match rest {
        [] => clock.at(local_seconds, micros),
        _ => Ok(Instant((local_seconds - offset(rest)?) * 1_000_000 + micros)),
    }
}

/// ` HH:MM[:SS[.f…]]`: the seconds of the day, the microseconds, what follows.
fn time_of_day(text: &[u8]) -> Result<(i64, i64, &[u8]), CellFault> {
    let wrong = CellFault::NotAnInstant;
    if !matches!(text.first(), Some(b' ' | b'T' | b't')) || text.get(3) != Some(&b':') {
        return Err(wrong);
    }
    let (Some(hour), Some(minute)) = (two(text, 1), two(text, 4)) else { return Err(wrong) };
    let mut rest = &text[6..];
    let mut second = 0;
    let mut micros = 0;
    if let [b':', ..] = rest {
        second = two(rest, 1).ok_or(wrong)?;
        rest = &rest[3..];
        if let [b'.', ..] = rest {
            (micros, rest) = fraction(&rest[1..])?;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err(CellFault::NoSuchMoment);
    }
    Ok((i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second), micros, rest))
}

/// The decimals of a second in microseconds, and what follows them; zeros beyond the sixth are nothing.
fn fraction(text: &[u8]) -> Result<(i64, &[u8]), CellFault> {
    let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 {
        return Err(CellFault::NotAnInstant);
    }
    let (digits, rest) = text.split_at(length);
    if digits.iter().skip(6).any(|b| *b != b'0') {
        return Err(CellFault::TooFine);
    }
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    Ok((padded.fold(0, |sum, b| sum * 10 + i64::from(b - b'0')), rest))
}

/// `Z` or `±HH:MM`, in seconds.
fn offset(text: &[u8]) -> Result<i64, CellFault> {
    let sign = match text {
        [b'Z' | b'z'] => return Ok(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return Err(CellFault::NotAnInstant),
    };
    let shaped = text.len() == 6 && text[3] == b':';
    match (two(text, 1), two(text, 4)) {
        (Some(hours @ 0..=23), Some(minutes @ 0..=59)) if shaped => {
            Ok(sign * (i64::from(hours) * 3_600 + i64::from(minutes) * 60))
        }
        _ => Err(CellFault::NotAnInstant),
    }
}

/// A spreadsheet's day, refused with a time of day.
pub(super) fn whole_day(moment: Option<DateTime>) -> Result<Date, CellFault> {
    let moment = moment.ok_or(CellFault::NoSuchMoment)?;
    if moment.time() != Time::midnight() {
        return Err(CellFault::TimeOfDay);
    }
    let date = moment.date();
    existing((date.year(), date.month(), date.day()))
}

/// The local date and time of a spreadsheet's serial number, to the millisecond that spreadsheets keep.
/// `None` for a time without a date, the 29th of February 1900 that only spreadsheets know, and what lies beyond.
pub(crate) fn excel_moment(serial: f64, from_1904: bool) -> Option<DateTime> {
    let millis = (serial * 86_400_000.0).round();
    if !(0.0..3.0e14).contains(&millis) {
        return None;
    }
    let millis = millis as i64;
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let epoch = match (from_1904, days) {
        (true, _) => day_number(Date::constant(1904, 1, 1)),
        (false, 1..=59) => day_number(Date::constant(1899, 12, 31)),
        (false, 0 | 60) => return None,
        (false, _) => day_number(Date::constant(1899, 12, 30)),
    };
    let (seconds, rest) = (of_day / 1_000, of_day % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let time = Time::new(hour as i8, minute as i8, second as i8, (rest * 1_000_000) as i32).ok()?;
    Some(DateTime::from_parts(day_from_number(epoch + days), time))
}

/// The serial number of a date, or of a local date and time, in a spreadsheet; `None` for any other text.
pub(crate) fn excel_serial(text: &str) -> Option<f64> {
    let date = existing(year_month_day(text.as_bytes())?).ok()?;
    let days = day_number(date) - day_number(Date::constant(1899, 12, 30));
    let of_day = match &text.as_bytes()[10..] {
        [] => 0.0,
        time => match time_of_day(time).ok()? {
            (seconds, micros, []) if micros % 1_000 == 0 => (seconds * 1_000 + micros / 1_000) as f64,
            _ => return None,
        },
    };
    (days > 60).then(|| days as f64 + of_day / 86_400_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farsight_rulebook::time::LocalTimeError;
    use jiff::civil::{date as day, datetime};
    use proptest::prelude::*;

    fn read(text: &str, zone: &str) -> Result<Instant, CellFault> {
        instant(text.as_bytes(), &mut LocalClock::new(&Zone::named(zone).unwrap()))
    }

    #[test]
    fn moments_are_read_with_and_without_offset() {
        let wanted = Ok(Instant("2026-03-05T14:30:00+08:00".parse::<Timestamp>().unwrap().as_microsecond()));
        for text in [
            "2026-03-05T14:30:00+08:00",
            "2026-03-05T06:30:00Z",
            "2026-03-05 06:30:00z",
            "2026-03-05 14:30",
            "2026-03-05 14:30:00",
            "2026-03-05T14:30",
            "2026-03-05T14:30:00.000",
            "2026-03-05T15:30:00.0000000000+09:00",
            "2026-03-05T02:30:00-04:00",
        ] {
            assert_eq!(read(text, "Asia/Shanghai"), wanted, "{text}");
        }
        assert_eq!(read("1970-01-01T00:00:00.123456Z", "UTC"), Ok(Instant(123_456)));
        assert_eq!(read("1969-12-31T23:59:59.5Z", "UTC"), Ok(Instant(-500_000)));
    }

    #[test]
    fn what_is_not_a_moment_says_why() {
        use CellFault as F;
        let table = [
            ("2026-03-05", F::NotAnInstant),
            ("2026/03/05 14:30", F::NotAnInstant),
            ("2026-3-5 14:30", F::NotAnInstant),
            ("2026-03-05 1430", F::NotAnInstant),
            ("2026-03-05 14:30:0", F::NotAnInstant),
            ("2026-03-05 14:30:", F::NotAnInstant),
            ("2026-03-05T14:30:00.", F::NotAnInstant),
            ("2026-03-05T14:30:00+0800", F::NotAnInstant),
            ("2026-03-05T14:30:00+8", F::NotAnInstant),
            ("2026-03-05T14:30:00+24:00", F::NotAnInstant),
            ("2026-03-05T14:30:00 +08:00", F::NotAnInstant),
            ("2026-03-05T14:30:00Zx", F::NotAnInstant),
            ("2026-02-29 10:00", F::NoSuchMoment),
            ("2026-13-01 10:00", F::NoSuchMoment),
            ("2026-03-05 24:00", F::NoSuchMoment),
            ("2026-03-05 23:60", F::NoSuchMoment),
            ("2026-03-05T23:59:60Z", F::NoSuchMoment),
            ("2026-03-05T14:30:00.0000001Z", F::TooFine),
            ("1899-12-31 10:00", F::AbsurdDate),
            ("9999-12-31T00:00:00Z", F::AbsurdDate),
            ("", F::NotAnInstant),
            ("45000", F::NotAnInstant),
        ];
        for (text, wanted) in table {
            assert_eq!(read(text, "Asia/Shanghai"), Err(wanted), "{text}");
        }
        let gap = read("2026-03-08 02:30", "America/New_York");
        assert!(matches!(gap, Err(F::Local(LocalTimeError::Gap(_)))), "{gap:?}");
        let fold = read("2026-11-01 01:30", "America/New_York");
        assert!(matches!(fold, Err(F::Local(LocalTimeError::Fold(_)))), "{fold:?}");
        assert!(read("2026-11-01T01:30:00-05:00", "America/New_York").is_ok());
    }

    #[test]
    fn dates_are_read_and_refused() {
        let ok = |text: &str| date(text.as_bytes());
        assert_eq!(ok("2024-02-29"), Ok(day(2024, 2, 29)));
        assert_eq!(ok("1900-01-01"), Ok(day(1900, 1, 1)));
        assert_eq!(ok("2199-12-31"), Ok(day(2199, 12, 31)));
        for (text, wanted) in [
            ("2023-02-29", CellFault::NoSuchMoment),
            ("1899-12-31", CellFault::AbsurdDate),
            ("2200-01-01", CellFault::AbsurdDate),
            ("2026-03-05 10:00", CellFault::TimeOfDay),
            ("2026-03-05T10:00:00Z", CellFault::TimeOfDay),
            ("20260305", CellFault::NotADate),
            ("05.03.2026", CellFault::NotADate),
            ("2026-03-05x", CellFault::NotADate),
        ] {
            assert_eq!(ok(text), Err(wanted), "{text}");
        }
    }

    #[test]
    fn spreadsheet_serials_are_local_times() {
        assert_eq!(excel_moment(45_943.5, false), Some(datetime(2025, 10, 13, 12, 0, 0, 0)));
        assert_eq!(excel_moment(1.0, false), Some(datetime(1900, 1, 1, 0, 0, 0, 0)));
        assert_eq!(excel_moment(59.0, false), Some(datetime(1900, 2, 28, 0, 0, 0, 0)));
        assert_eq!(excel_moment(61.0, false), Some(datetime(1900, 3, 1, 0, 0, 0, 0)));
        assert_eq!(excel_moment(0.0, true), Some(datetime(1904, 1, 1, 0, 0, 0, 0)));
        for none in [60.0, 60.5, 0.5, -1.0, f64::NAN, f64::INFINITY, 1e12] {
            assert_eq!(excel_moment(none, false), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn local_times_agree_with_the_time_zone_library(
            seconds in FIRST_SECOND..END_SECOND - 200_000, near in -20_000_i64..20_000, pick in 0_usize..400,
            zone in prop::sample::select(vec!["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC",
                "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo"]),
        ) {
            let named = Zone::named(zone).unwrap();
            let tz = TimeZone::get(zone).unwrap();
            // Half the cases lie near a change of the clocks.
            let transition = tz.following(Timestamp::from_second(FIRST_SECOND).unwrap()).nth(pick)
                .map(|t| t.timestamp().as_second() + i64::from(t.offset().seconds()) + near);
            for local_seconds in [Some(seconds), transition].into_iter().flatten().filter(|s| *s < END_SECOND - 200_000) {
                let date = day_from_number(local_seconds.div_euclid(DAY_SECONDS));
                let of_day = local_seconds.rem_euclid(DAY_SECONDS);
                let local = date.at((of_day / 3600) as i8, (of_day / 60 % 60) as i8, (of_day % 60) as i8, 0);
                let text = format!("{} {}", local.date(), local.time());
                let mine = LocalClock::new(&named).at(local_seconds, 0);
                let theirs = named.instant(local).map_err(CellFault::Local);
                prop_assert_eq!(&mine, &theirs, "{} {}", zone, text);
                if date > FIRST_DATE {
                    prop_assert_eq!(read(&text, zone), theirs);
                }
            }
        }

        #[test]
        fn offsets_and_fractions_agree_with_the_time_zone_library(
            micros in FIRST_SECOND * 1_000_000 + 200_000_000_000..END_SECOND * 1_000_000 - 200_000_000_000, minutes in -1439_i32..1440,
        ) {
            let at = Timestamp::from_microsecond(micros).unwrap();
            let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
            prop_assert_eq!(read(&at.display_with_offset(offset).to_string(), "UTC"), Ok(Instant(micros)));
            prop_assert_eq!(read(&at.to_string(), "UTC"), Ok(Instant(micros)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9TZ:. +-]{0,40}|\\PC{0,20}") {
            let _ = read(&text, "Europe/Berlin");
            let mine = date(text.as_bytes());
            if let Ok(mine) = mine {
                prop_assert_eq!(mine.to_string(), text);
            }
        }
    }
}
