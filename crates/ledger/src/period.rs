//! Which settlement a posting falls into (rulebook 3.4).

use farsight_rulebook::period::Period;
use jiff::civil::Date;

/// The period of a posting: the month it occurred in, or, that being locked, the first after the last locked one.
/// Whatever lies before a locked period counts as locked with it.
pub fn posting_period(occurred_on: Date, last_locked: Option<Period>) -> Period {
    let month = Period::of(occurred_on);
    match last_locked {
        Some(locked) if month <= locked => locked.next(),
        _ => month,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(occurred_on: &str, last_locked: Option<&str>, expected: &str) {
        let locked = last_locked.map(|month| month.parse().unwrap());
        assert_eq!(
            posting_period(occurred_on.parse().unwrap(), locked).to_string(),
            expected,
            "{occurred_on} {last_locked:?}"
        );
    }

    #[test]
    fn a_posting_never_falls_into_a_locked_period() {
        check("2025-03-31", None, "2025-03");
        check("2025-03-31", Some("2025-02"), "2025-03");
        check("2025-03-31", Some("2025-03"), "2025-04");
        check("2024-07-01", Some("2025-12"), "2026-01");
    }
}
