//! A moment as people write it: with an offset, or in the tenant's local time.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::time::{Instant, LocalTimeError, Zone};

/// Why a text is no moment; to be said after the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// It is written otherwise; a bare date would be a guess.
    #[error("is no instant: write 2026-03-05T14:30:00+08:00, or local time in {0} like '2026-03-05 14:30'")]
    Unreadable(String),
    /// It has more digits than are kept.
    #[error("is finer than a microsecond")]
    Finer,
    /// The clocks skip or repeat it.
    #[error("is not one instant: {0}")]
    Local(#[from] LocalTimeError),
}

/// Reads a moment: RFC 3339 with offset, or local date and time.
pub fn read(text: &str, zone: &Zone) -> Result<Instant, MomentError> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Instant::exactly(timestamp).ok_or(MomentError::Finer);
    }
    let local = text.parse::<DateTime>().ok().filter(|_| text.contains(':'));
    let local = local.ok_or_else(|| MomentError::Unreadable(zone.name().to_owned()))?;
    Ok(zone.instant(local)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_with_its_offset_or_as_local_time() {
        let zone = Zone::shanghai();
        let read = |text| read(text, &zone).map_err(|error| error.to_string());
        let half_past = Instant(1_772_692_200_000_000);
        for text in
            ["2026-03-05T14:30:00+08:00", "2026-03-05T06:30:00Z", "2026-03-05 14:30", "2026-03-05T14:30"]
        {
            assert_eq!(read(text), Ok(half_past), "{text}");
        }
        for text in ["", "today", "2026-03-05", "14:30", "2026-03-32 14:30"] {
            assert!(read(text).unwrap_err().starts_with("is no instant: write"), "{text}");
        }
        assert_eq!(read("2026-03-05T14:30:00.0000001Z").unwrap_err(), "is finer than a microsecond");
    }

    #[test]
    fn local_time_that_the_clocks_skip_is_refused() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let skipped = read("2026-03-29 02:30", &zone).unwrap_err();
        assert!(matches!(skipped, MomentError::Local(_)), "{skipped}");
    }
}
