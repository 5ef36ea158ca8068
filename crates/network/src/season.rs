//! The year of a workshop: months, weekdays and holidays make customers come or stay away.

use farsight_rulebook::time::day_number;
use jiff::civil::Date;

use crate::days::Day;

/// New Year's Day of the lunar calendar (春节), month and day, from 2014 on.
const SPRING_FESTIVALS: [(i8, i8); 27] = [
    (1, 31),
    (2, 19),
    (2, 8),
    (1, 28),
    (2, 16),
    (2, 5),
    (1, 25),
    (2, 12),
    (2, 1),
    (1, 22),
    (2, 10),
    (1, 29),
    (2, 17),
    (2, 6),
    (1, 26),
    (2, 13),
    (2, 3),
    (1, 23),
    (2, 11),
    (1, 31),
    (2, 19),
    (2, 8),
    (1, 28),
    (2, 15),
    (2, 4),
    (1, 24),
    (2, 12),
];

/// Customers by month against the year's mean: winter and summer are hard on cars.
const MONTHS: [f64; 12] = [1.06, 0.98, 0.96, 0.95, 0.98, 1.04, 1.10, 1.08, 1.00, 0.99, 0.96, 1.04];
/// Customers by weekday, Monday first.
const WEEKDAYS: [f64; 7] = [1.02, 0.92, 0.90, 0.91, 0.97, 1.22, 1.10];

/// The first day of the lunar year that begins in a civil year; outside the table, about then.
pub(crate) fn spring_festival(year: i16) -> Day {
    let listed = usize::try_from(year - 2014).ok().and_then(|i| SPRING_FESTIVALS.get(i));
    let (month, day) = listed.copied().unwrap_or((2, 5));
    Day(day_number(Date::constant(year, month, day)))
}

/// How many customers come on a day, against an ordinary one.
pub(crate) fn demand(day: Day) -> f64 {
    let date = day.date();
    let ordinary = MONTHS[(date.month() - 1) as usize] * WEEKDAYS[day.weekday()];
    ordinary * holiday(day, date)
}

fn holiday(day: Day, date: Date) -> f64 {
    match day.0 - spring_festival(date.year()).0 {
        -1..=2 => return 0.06,
        3..=6 => return 0.30,
        7..=15 => return 0.80,
        -4..=-2 => return 0.90,
        -24..=-5 => return 1.42, // everybody has the car looked at before the drive home
        _ => {}
    }
    match (date.month(), date.day()) {
        (10, 1..=7) => 0.45,
        (9, 20..=30) => 1.18,
        (5, 1..=5) => 0.55,
        (4, 22..=30) => 1.10,
        (1, 1) => 0.5,
        _ => 1.0,
    }
}

/// How hot it is for batteries and coolers: 1 at the height of summer, -1 in the depth of winter.
pub(crate) fn heat(day: Day) -> f64 {
    const HEAT: [f64; 12] = [-1.0, -0.8, -0.4, 0.0, 0.4, 0.8, 1.0, 1.0, 0.5, 0.0, -0.4, -0.9];
    HEAT[(day.date().month() - 1) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn before_the_spring_festival_many_come_and_in_it_few() {
        let festival = spring_festival(2026);
        assert_eq!(festival.date(), date(2026, 2, 17));
        assert!(demand(festival.plus(-10)) > 1.2);
        assert!(demand(festival) < 0.1);
        let year: f64 = (0..365).map(|n| demand(Day::of(date(2025, 1, 1)).plus(n))).sum();
        assert!((0.95..1.05).contains(&(year / 365.0)), "{year}");
    }
}
