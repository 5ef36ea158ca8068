//! Where a certificate stands on a day, as people see it on a roster (rulebook 4.3). It finds and charges nothing.

use jiff::civil::Date;

use crate::facts::Certificate;
use crate::time::plus_days;

/// Where a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It counts, and for long.
    Valid,
    /// It counts, and lapses within that many days, the narrowest threshold crossed; nothing replaces it yet.
    Lapsing(i64),
    /// It counts, and another of its kind and level lapses later.
    Replaced,
    /// It begins to count on a later day.
    NotYet,
    /// Its last day is over.
    Lapsed,
    /// It was revoked.
    Revoked,
}

impl Standing {
    /// Its name in classes and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Lapsing(_) => "lapsing",
            Self::Replaced => "replaced",
            Self::NotYet => "not-yet",
            Self::Lapsed => "lapsed",
            Self::Revoked => "revoked",
        }
    }
}

/// Where a certificate stands on a day among all of its holder; `thresholds` are the days before expiry to warn at.
pub fn standing(certificate: &Certificate, own: &[Certificate], thresholds: &[i64], on: Date) -> Standing {
    if certificate.revoked_on.is_some_and(|day| day <= on) {
        return Standing::Revoked;
    }
    if certificate.expires_on < on {
        return Standing::Lapsed;
    }
    if on < certificate.issued_on {
        return Standing::NotYet;
    }
    let crossed = |days: &&i64| plus_days(certificate.expires_on, -**days) <= on;
    let Some(days) = thresholds.iter().filter(crossed).min() else { return Standing::Valid };
    let replaced = own.iter().any(|other| {
        (other.kind, other.level) == (certificate.kind, certificate.level)
            && other.expires_on > certificate.expires_on
            && other.issued_on <= on
            && other.revoked_on.is_none_or(|day| on < day)
    });
    if replaced { Standing::Replaced } else { Standing::Lapsing(*days) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Codes;
    use jiff::civil::date;

    const THRESHOLDS: [i64; 3] = [60, 30, 7];

    #[test]
    fn a_certificate_lapses_in_steps() {
        let mut codes = Codes::default();
        let one = Certificate {
            certificate: codes.keep("C-1"),
            person: codes.keep("P-1"),
            kind: codes.keep("nev"),
            level: None,
            issued_on: date(2025, 1, 1),
            expires_on: date(2025, 12, 31),
            revoked_on: None,
        };
        for (on, expected) in [
            (date(2024, 12, 31), Standing::NotYet),
            (date(2025, 1, 1), Standing::Valid),
            (date(2025, 10, 31), Standing::Valid),
            (date(2025, 11, 1), Standing::Lapsing(60)),
            (date(2025, 12, 1), Standing::Lapsing(30)),
            (date(2025, 12, 24), Standing::Lapsing(7)),
            (date(2025, 12, 31), Standing::Lapsing(7)),
            (date(2026, 1, 1), Standing::Lapsed),
        ] {
            assert_eq!(standing(&one, &[one], &THRESHOLDS, on), expected, "{on}");
        }
        let next = Certificate {
            certificate: codes.keep("C-2"),
            issued_on: date(2025, 12, 10),
            expires_on: date(2026, 12, 9),
            ..one
        };
        assert_eq!(standing(&one, &[one, next], &THRESHOLDS, date(2025, 12, 9)), Standing::Lapsing(30));
        assert_eq!(standing(&one, &[one, next], &THRESHOLDS, date(2025, 12, 10)), Standing::Replaced);
        let revoked = Certificate { revoked_on: Some(date(2025, 6, 1)), ..one };
        assert_eq!(standing(&revoked, &[revoked], &THRESHOLDS, date(2025, 5, 31)), Standing::Valid);
        assert_eq!(standing(&revoked, &[revoked], &THRESHOLDS, date(2025, 6, 1)), Standing::Revoked);
    }
}
