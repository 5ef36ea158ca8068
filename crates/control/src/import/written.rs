//! What a person writes into a form as cells of a fact table, held to the same limits as a file's.
//!
//! It looks at one row only: whether what it refers to is there is asked of the database.

use farsight_rulebook::codes::is_code;
use farsight_rulebook::tables::{Broken, Cell, Kind, Table, broken};

/// A field that a fact cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A field that a fact needs is empty.
    #[error("{field} is empty: fill it in")]
    Empty {
        /// The column.
        field: &'static str,
    },
    /// A code with other characters, or too long.
    #[error("{field} '{value}' is no code: use 1 to 64 letters, digits, '-', '_' or '.'")]
    NotACode {
        /// The column.
        field: &'static str,
        /// What was written.
        value: String,
    },
    /// A text that is too long.
    #[error("{field} is too long: write at most {most} bytes")]
    TooLong {
        /// The column.
        field: &'static str,
        /// The most bytes.
        most: usize,
    },
    /// A text with a character that no text may have.
    #[error("{field} has a NUL character: take it out")]
    Nul {
        /// The column.
        field: &'static str,
    },
    /// A word that is none of those to choose from.
    #[error("{field} '{value}' is not to choose from: take one of the list")]
    NotAChoice {
        /// The column.
        field: &'static str,
        /// What was written.
        value: String,
    },
    /// A date that cannot be read or is absurd.
    #[error("{field} is no date between 1900 and 2199: write it like 2026-03-05")]
    NotADate {
        /// The column.
        field: &'static str,
    },
    /// Two fields that contradict each other.
    #[error(transparent)]
    Broken(#[from] Broken),
}

impl Unfit {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "field_empty",
            Self::NotACode { .. } => "field_not_a_code",
            Self::TooLong { .. } => "field_too_long",
            Self::Nul { .. } => "field_nul",
            Self::NotAChoice { .. } => "field_not_a_choice",
            Self::NotADate { .. } => "field_not_a_date",
            Self::Broken(_) => "fields_contradict",
        }
    }

    /// The column to look at.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Empty { field }
            | Self::NotACode { field, .. }
            | Self::TooLong { field, .. }
            | Self::Nul { field }
            | Self::NotAChoice { field, .. }
            | Self::NotADate { field } => field,
            Self::Broken(broken) => broken.column(),
        }
    }
}

/// A row of a table with these cells; the columns that are not named stay as they are stored.
///
/// Texts are trimmed, and an empty one is an empty cell. Errors: the first column that does not fit.
pub(crate) fn row<'c>(table: &'static Table, cells: &[(&str, Cell<'c>)]) -> Result<Vec<Cell<'c>>, Unfit> {
    let named = |name| cells.iter().find(|(column, _)| *column == name).map(|(_, cell)| *cell);
    let mut row = Vec::with_capacity(table.width());
    for column in table.all_columns() {
        let cell = match named(column.name) {
            None => Cell::Missing,
            Some(Cell::Text(text)) if text.trim().is_empty() => Cell::Empty,
            Some(Cell::Text(text)) => Cell::Text(text.trim()),
            Some(other) => other,
        };
        if cell == Cell::Empty && column.required {
            return Err(Unfit::Empty { field: column.name });
        }
        fits(column.name, column.kind, cell)?;
        row.push(cell);
    }
    let fault = broken(table, &row).next();
    fault.map_or(Ok(row), |fault| Err(fault.into()))
}

fn fits(field: &'static str, kind: Kind, cell: Cell) -> Result<(), Unfit> {
    match (kind, cell) {
        (Kind::Code, Cell::Text(text)) if !is_code(text) => {
            Err(Unfit::NotACode { field, value: text.chars().take(80).collect() })
        }
        (Kind::Text { max }, Cell::Text(text)) if text.len() > max => {
            Err(Unfit::TooLong { field, most: max })
        }
        (Kind::Text { .. }, Cell::Text(text)) if text.contains('\0') => Err(Unfit::Nul { field }),
        (Kind::Choice(words), Cell::Text(text)) if !words.contains(&text) => {
            Err(Unfit::NotAChoice { field, value: text.chars().take(80).collect() })
        }
        (Kind::Date, Cell::Date(date)) if !sensible(date) => Err(Unfit::NotADate { field }),
        _ => Ok(()),
    }
}

fn sensible(date: jiff::civil::Date) -> bool {
    (farsight_rulebook::tables::FIRST_DATE..=farsight_rulebook::tables::LAST_DATE).contains(&date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farsight_rulebook::tables::table;
    use jiff::civil::date;

    fn check(name: &str, cells: &[(&str, Cell)], expected: Result<usize, (&str, &str)>) {
        let given = row(table(name).unwrap(), cells);
        let given = given.map(|row| row.len()).map_err(|unfit| (unfit.code(), unfit.field()));
        assert_eq!(given, expected, "{cells:?}");
    }

    #[test]
    fn a_form_is_held_to_the_limits_of_a_file() {
        let text = Cell::Text;
        check("people", &[("person_code", text(" P-1 ")), ("name", text("王"))], Ok(3));
        check("people", &[("person_code", text("P 1"))], Err(("field_not_a_code", "person_code")));
        check("people", &[("person_code", text("P-1")), ("name", text("  "))], Err(("field_empty", "name")));
        check("people", &[("person_code", text("P-1")), ("name", text("a\0b"))], Err(("field_nul", "name")));
        let long = "王".repeat(400);
        check(
            "people",
            &[("person_code", text("P-1")), ("name", text(&long))],
            Err(("field_too_long", "name")),
        );
        check("complaints", &[("severity", text("huge"))], Err(("field_not_a_choice", "severity")));
        let (from, to) = (Cell::Date(date(2026, 2, 1)), Cell::Date(date(2026, 1, 1)));
        check("employments", &[("from", from), ("to", to)], Err(("fields_contradict", "to")));
        check("employments", &[("from", Cell::Date(date(1800, 1, 1)))], Err(("field_not_a_date", "from")));
    }
}
