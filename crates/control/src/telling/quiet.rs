//! Quiet hours, in a tenant's local time, through midnight and changes of its clocks. Pure.

use farsight_rulebook::time::{Instant, Zone, plus_days};
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// Hours in which only what is critical is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// The first quiet moment of a night.
    pub from: Time,
    /// The first moment that is not quiet any more; of the next day where it is not after `from`.
    pub to: Time,
}

impl Quiet {
    /// The end of the quiet hours that an instant lies in; none: it lies in none.
    ///
    /// A night is the span between two instants, not a range of the clock's hands: where clocks repeat an hour, it is
    /// not begun again.
    pub fn until(&self, at: Instant, zone: &Zone) -> Option<Instant> {
        let today = zone.date(at);
        let nights = u8::from(self.to <= self.from);
        [-1, 0].into_iter().find_map(|day| {
            let begins = plus_days(today, day);
            let ends = plus_days(begins, i64::from(nights));
            let from = zone.compatible(begins.to_datetime(self.from));
            let to = zone.compatible(ends.to_datetime(self.to));
            (from <= at && at < to).then_some(to)
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn at(zone: &Zone, text: &str) -> Instant {
        let instant = text.parse::<jiff::Timestamp>().ok().and_then(Instant::exactly);
        instant.unwrap_or_else(|| zone.instant(text.parse().unwrap()).unwrap())
    }

    fn check(zone: &str, (from, to): (Time, Time), cases: &[(&str, &str)]) {
        let zone = Zone::named(zone).unwrap();
        for (now, expected) in cases {
            let until = Quiet { from, to }.until(at(&zone, now), &zone);
            assert_eq!(until.map_or_else(String::new, |until| zone.rfc3339(until)), *expected, "{now}");
        }
    }

    #[test]
    fn across_midnight_before_on_and_after_each_edge() {
        check(
            "Asia/Shanghai",
            (time(22, 0, 0, 0), time(7, 0, 0, 0)),
            &[
                ("2026-03-10T21:59:59.999999", ""),
                ("2026-03-10T22:00", "2026-03-11T07:00:00+08:00"),
                ("2026-03-11T00:00", "2026-03-11T07:00:00+08:00"),
                ("2026-03-11T06:59:59.999999", "2026-03-11T07:00:00+08:00"),
                ("2026-03-11T07:00", ""),
            ],
        );
    }

    #[test]
    fn within_a_day() {
        check(
            "Asia/Shanghai",
            (time(12, 0, 0, 0), time(14, 0, 0, 0)),
            &[
                ("2026-03-10T11:59", ""),
                ("2026-03-10T12:00", "2026-03-10T14:00:00+08:00"),
                ("2026-03-10T14:00", ""),
                ("2026-03-11T00:30", ""),
            ],
        );
    }

    #[test]
    fn through_changes_of_the_clocks() {
        // On 2026-03-29 02:00 to 03:00 does not exist; on 2026-10-25 02:00 to 03:00 exists twice.
        check(
            "Europe/Berlin",
            (time(22, 0, 0, 0), time(2, 30, 0, 0)),
            &[
                ("2026-03-29T00:59:00Z", "2026-03-29T03:30:00+02:00"),
                ("2026-03-29T01:29:00Z", "2026-03-29T03:30:00+02:00"),
                ("2026-03-29T01:30:00Z", ""),
                ("2026-10-25T00:29:00Z", "2026-10-25T02:30:00+02:00"),
                // 02:30 for the first time: over, and the second 02:15 does not begin it again.
                ("2026-10-25T00:30:00Z", ""),
                ("2026-10-25T01:15:00Z", ""),
            ],
        );
        check(
            "Europe/Berlin",
            (time(2, 30, 0, 0), time(6, 0, 0, 0)),
            &[
                ("2026-03-29T01:00:00Z", ""), // 03:00, half an hour before the night that had no 02:30
                ("2026-03-29T01:30:00Z", "2026-03-29T06:00:00+02:00"),
                ("2026-10-25T01:15:00Z", "2026-10-25T06:00:00+01:00"), // the second 02:15
            ],
        );
    }
}
