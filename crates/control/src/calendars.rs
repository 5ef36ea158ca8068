//! The holidays that ship with the program (`config/calendars`), one file a year.

use farsight_rulebook::calendar::{Calendar, DayKind};
use jiff::civil::Date;
use serde::Deserialize;

use crate::ControlError;

/// The files, as the State Council's notices gave them; a year not yet published has no days.
const SHIPPED: [(&str, &str); 5] = [
    ("2023.json", include_str!("../../../config/calendars/2023.json")),
    ("2024.json", include_str!("../../../config/calendars/2024.json")),
    ("2025.json", include_str!("../../../config/calendars/2025.json")),
    ("2026.json", include_str!("../../../config/calendars/2026.json")),
    ("2027.json", include_str!("../../../config/calendars/2027.json")),
];

#[derive(Deserialize)]
struct Year {
    days: Vec<Day>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Day {
    date: Date,
    is_off_day: bool,
}

/// China's statutory holidays and make-up working days, as far as they are published.
pub fn shipped() -> Result<Calendar, ControlError> {
    let mut calendar = Calendar::default();
    for (day, kind) in days()? {
        calendar.set(day, kind);
    }
    Ok(calendar)
}

/// The same, day by day.
pub(crate) fn days() -> Result<Vec<(Date, DayKind)>, ControlError> {
    let mut days = Vec::new();
    for (name, text) in SHIPPED {
        let year: Year = serde_json::from_str(text).map_err(|error| {
            ControlError::Usage(format!("config/calendars/{name} cannot be read: {error}"))
        })?;
        let kind = |day: &Day| if day.is_off_day { DayKind::Holiday } else { DayKind::MakeUp };
        days.extend(year.days.iter().map(|day| (day.date, kind(day))));
    }
    Ok(days)
}
