//! What the desks' pages share: why a deed was not done, and words that are known or stand for themselves.

use axum::http::StatusCode;
use axum::response::Response;
use farsight_rulebook::time::{HOUR, Instant};

use crate::entered::Entered;
use crate::page::{PageError, said_of};
use crate::pages::cases;
use crate::table::{Cell, Tone};
use crate::views::Reading;

/// Why something was refused, in the reader's words; any other error goes on as it is.
pub(super) fn reason(entered: &Entered, error: PageError) -> Result<String, PageError> {
    let PageError::Refused { code, text } = error else { return Err(error) };
    said_of(&entered.frame().reading(), &code, &text)
}

/// A page that is shown again since what was asked on it was refused.
pub(super) fn unprocessed(mut answer: Response) -> Response {
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    answer
}

/// A word of a group where the house has it, else as it stands.
pub(super) fn word(reading: &Reading, group: &str, word: &str) -> Result<String, PageError> {
    let key = format!("{group}.{word}");
    if reading.messages.has(reading.language, &key) {
        Ok(reading.say(&key, &[])?)
    } else {
        Ok(word.to_owned())
    }
}

/// A code with its name.
pub(super) fn named(code: &str, name: &str) -> Cell {
    Cell::text(cases::named(code, name))
}

/// The same, leading to the dealer's page.
pub(super) fn to_dealer(code: &str, name: &str) -> Cell {
    Cell::link(format!("{code} {name}").trim(), format!("/dealers/{code}"))
}

/// How pressing a deadline is: over, within a day, or later.
pub(super) fn pressing(due: Option<Instant>, now: Instant) -> Tone {
    match due {
        Some(due) if due < now => Tone::Critical,
        Some(due) if due.0 - now.0 <= 24 * HOUR => Tone::Warning,
        _ => Tone::Plain,
    }
}
