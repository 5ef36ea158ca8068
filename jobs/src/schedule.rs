//! When a job is due: in the tenant's own zone, right through changes of its clocks. Pure.

use farsight_rulebook::time::{Instant, Zone, plus_days};
use jiff::civil::{Date, Time};

/// When a job is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Every so many seconds, counted from 1970 in UTC: a change of clocks neither doubles nor skips one.
    Every(u32),
    /// Once a local day, at a time of day. A time that does not exist on a day is the one after the gap; of a time that
    /// exists twice it is the first.
    Daily(Time),
    /// Once a month, on a day (1 to 28) at a time of day.
    Monthly(i8, Time),
    /// Never by itself: another job makes its slots.
    Called,
}

/// A second, in microseconds.
const SECOND: i64 = 1_000_000;

impl Schedule {
    /// The first due time after an instant; none: never.
    pub fn next(self, after: Instant, zone: &Zone) -> Option<Instant> {
        match self {
            Self::Every(seconds) => {
                let step = i64::from(seconds) * SECOND;
                Some(Instant((after.0.div_euclid(step) + 1) * step))
            }
            Self::Daily(_) | Self::Monthly(..) => {
                let today = zone.date(after);
                // A month has its day within 31 days; a zone that moves across the date line may skip one.
                (-1..=33)
                    .map(|days| plus_days(today, days))
                    .filter(|day| self.is_on(*day))
                    .filter_map(|day| self.on(day, zone))
                    .find(|due| *due > after)
            }
            Self::Called => None,
        }
    }

    fn is_on(self, day: Date) -> bool {
        match self {
            Self::Monthly(of_month, _) => day.day() == of_month,
            _ => true,
        }
    }

    fn on(self, day: Date, zone: &Zone) -> Option<Instant> {
        match self {
            Self::Daily(time) | Self::Monthly(_, time) => Some(zone.compatible(day.to_datetime(time))),
            Self::Every(_) | Self::Called => None,
        }
    }

    /// The due times after one instant and up to another, oldest first: the last `most` of them, and how many were
    /// before those.
    pub fn between(self, after: Instant, to: Instant, zone: &Zone, most: usize) -> (u64, Vec<Instant>) {
        let mut skipped = 0;
        let mut from = after;
        if let Self::Every(seconds) = self {
            let step = i64::from(seconds) * SECOND;
            let all = (to.0.div_euclid(step) - after.0.div_euclid(step)).max(0) as u64;
            skipped = all.saturating_sub(most as u64);
            from = Instant(after.0 + skipped as i64 * step);
        }
        let mut due = std::collections::VecDeque::new();
        while let Some(next) = self.next(from, zone).filter(|next| *next <= to) {
            due.push_back(next);
            if due.len() > most {
                due.pop_front();
                skipped += 1;
            }
            from = next;
        }
        (skipped, due.into())
    }

    /// From where the due times of a job count that was never scheduled: those of this very day are still due.
    pub fn beginning(self, now: Instant, zone: &Zone) -> Instant {
        match self {
            Self::Every(seconds) => Instant(now.0 - i64::from(seconds) * SECOND),
            Self::Daily(_) => Instant(zone.midnight(zone.date(now)).0 - 1),
            Self::Monthly(..) | Self::Called => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;
    use proptest::prelude::*;

    fn at(zone: &Zone, local: &str) -> Instant {
        zone.instant(local.parse().unwrap()).unwrap()
    }

    fn told(zone: &Zone, due: &[Instant]) -> Vec<String> {
        due.iter().map(|due| zone.rfc3339(*due)).collect()
    }

    #[test]
    fn daily_is_once_a_local_day_whatever_the_clocks_do() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let daily = Schedule::Daily(time(2, 30, 0, 0));
        // 2026-03-29 02:30 does not exist there; on 2026-10-25 it exists twice.
        let (_, due) =
            daily.between(at(&berlin, "2026-03-28T00:00"), at(&berlin, "2026-03-31T00:00"), &berlin, 100);
        assert_eq!(
            told(&berlin, &due),
            ["2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"]
        );
        let (_, due) =
            daily.between(at(&berlin, "2026-10-24T00:00"), at(&berlin, "2026-10-27T00:00"), &berlin, 100);
        assert_eq!(
            told(&berlin, &due),
            ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]
        );
    }

    #[test]
    fn daily_at_midnight_where_midnight_does_not_exist() {
        let beirut = Zone::named("Asia/Beirut").unwrap(); // clocks go forward at 00:00
        let daily = Schedule::Daily(time(0, 0, 0, 0));
        let (_, due) =
            daily.between(at(&beirut, "2026-03-28T12:00"), at(&beirut, "2026-03-30T12:00"), &beirut, 100);
        assert_eq!(told(&beirut, &due), ["2026-03-29T01:00:00+03:00", "2026-03-30T00:00:00+03:00"]);
    }

    #[test]
    fn every_five_minutes_goes_through_a_change_of_clocks() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let (skipped, due) = Schedule::Every(300).between(
            at(&berlin, "2026-03-29T01:50"),
            at(&berlin, "2026-03-29T03:10"),
            &berlin,
            100,
        );
        assert_eq!((skipped, due.len()), (0, 4)); // 20 minutes
    }

    #[test]
    fn three_days_away() {
        let zone = Zone::shanghai();
        let (from, to) = (at(&zone, "2026-03-01T12:00"), at(&zone, "2026-03-04T12:00"));
        let (skipped, due) = Schedule::Every(300).between(from, to, &zone, 1);
        assert_eq!((skipped, told(&zone, &due)), (863, vec!["2026-03-04T12:00:00+08:00".to_owned()]));
        let (skipped, due) = Schedule::Daily(time(0, 10, 0, 0)).between(from, to, &zone, 2);
        assert_eq!(
            (skipped, told(&zone, &due)),
            (1, vec!["2026-03-03T00:10:00+08:00".to_owned(), "2026-03-04T00:10:00+08:00".to_owned()])
        );
        let monthly = Schedule::Monthly(2, time(4, 0, 0, 0));
        assert_eq!(told(&zone, &monthly.between(from, to, &zone, 9).1), ["2026-03-02T04:00:00+08:00"]);
        assert_eq!(monthly.next(to, &zone), Some(at(&zone, "2026-04-02T04:00")));
        assert_eq!(Schedule::Called.between(from, to, &zone, 9), (0, vec![]));
    }

    #[test]
    fn a_new_tenant_gets_today() {
        let zone = Zone::shanghai();
        let now = at(&zone, "2026-03-04T15:00");
        let daily = Schedule::Daily(time(0, 0, 0, 0));
        assert_eq!(daily.next(daily.beginning(now, &zone), &zone), Some(at(&zone, "2026-03-04T00:00")));
        let every = Schedule::Every(300);
        assert!(every.next(every.beginning(now, &zone), &zone).unwrap() <= now);
    }

    proptest! {
        #[test]
        fn cut_anywhere_the_due_times_are_the_same(
            from in 1_700_000_000_000_000_i64..1_800_000_000_000_000,
            cuts in prop::collection::vec(1_i64..200_000_000_000, 1..12),
            which in 0_usize..4,
            place in 0_usize..4,
        ) {
            let zone = Zone::named(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"][place]).unwrap();
            let schedule = [
                Schedule::Every(300),
                Schedule::Daily(time(2, 15, 0, 0)),
                Schedule::Daily(time(0, 0, 0, 0)),
                Schedule::Monthly(28, time(2, 30, 0, 0)),
            ][which];
            let mut piecewise = Vec::new();
            let mut at = Instant(from);
            for cut in cuts {
                let to = Instant(at.0 + cut);
                piecewise.extend(schedule.between(at, to, &zone, usize::MAX).1);
                at = to;
            }
            let (skipped, whole) = schedule.between(Instant(from), at, &zone, usize::MAX);
            prop_assert_eq!(skipped, 0);
            prop_assert_eq!(&piecewise, &whole);
            prop_assert!(whole.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
