//! What one row must satisfy in itself; nothing here looks at another row.
//!
//! Only what cannot have happened is refused. What is odd but possible (an order fixed without a completion, an event
//! before its complaint) is taken, as the contract says.

use super::{Cell, Table};

/// A condition on the cells of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A date or moment that cannot lie before another of the row; holds when either is absent.
    NotBefore {
        /// The later column.
        column: &'static str,
        /// The earlier one.
        earlier: &'static str,
    },
    /// A column that must be given when another has a certain value.
    NeededWhen {
        /// The column needed.
        column: &'static str,
        /// The column that decides.
        other: &'static str,
        /// Its value.
        is: &'static str,
    },
}

/// A rule that a row breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A date or moment before one that comes first.
    #[error("{column} lies before {earlier}: correct one of them")]
    Before {
        /// The later column.
        column: &'static str,
        /// The earlier one.
        earlier: &'static str,
    },
    /// A column is empty that this kind of row needs.
    #[error("{column} is needed when {other} is '{is}'")]
    Needed {
        /// The column needed.
        column: &'static str,
        /// The column that decides.
        other: &'static str,
        /// Its value.
        is: &'static str,
    },
}

impl Broken {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Before { .. } => "out_of_order",
            Self::Needed { .. } => "needed",
        }
    }

    /// The column to look at.
    pub const fn column(&self) -> &'static str {
        match self {
            Self::Before { column, .. } | Self::Needed { column, .. } => column,
        }
    }
}

impl Rule {
    /// The columns it speaks of.
    pub const fn columns(&self) -> [&'static str; 2] {
        match self {
            Self::NotBefore { column, earlier } => [column, earlier],
            Self::NeededWhen { column, other, .. } => [column, other],
        }
    }

    fn broken_by(&self, table: &Table, cells: &[Cell<'_>]) -> Option<Broken> {
        let cell =
            |name| table.column(name).and_then(|(at, _)| cells.get(at).copied()).unwrap_or(Cell::Missing);
        match *self {
            Self::NotBefore { column, earlier } => {
                before(cell(column), cell(earlier)).then_some(Broken::Before { column, earlier })
            }
            Self::NeededWhen { column, other, is } => {
                let asked = cell(other) == Cell::Text(is) && cell(column) == Cell::Empty;
                asked.then_some(Broken::Needed { column, other, is })
            }
        }
    }
}

fn before(later: Cell<'_>, earlier: Cell<'_>) -> bool {
    match (later, earlier) {
        (Cell::Date(later), Cell::Date(earlier)) => later < earlier,
        (Cell::Instant(later), Cell::Instant(earlier)) => later < earlier,
        _ => false,
    }
}

/// The rules of its table that a row breaks, in the order of the table.
///
/// A cell that is `Missing` breaks nothing here, for the stored value stays: whoever completes a row from the store
/// (where an absent value is `Empty`) asks again.
pub fn broken(table: &Table, cells: &[Cell<'_>]) -> impl Iterator<Item = Broken> {
    table.rules.iter().filter_map(move |rule| rule.broken_by(table, cells))
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;
    use crate::time::Instant;
    use jiff::civil::date;

    fn codes(name: &str, values: &[(&str, Cell<'_>)]) -> Vec<String> {
        let table = table(name).unwrap();
        let mut cells = vec![Cell::Missing; table.width()];
        for (column, cell) in values {
            cells[table.column(column).unwrap().0] = *cell;
        }
        broken(table, &cells).map(|b| format!("{} {} {b}", b.code(), b.column())).collect()
    }

    #[test]
    fn what_cannot_have_happened_is_refused_and_equality_is_not() {
        let (early, late) = (Cell::Date(date(2026, 1, 1)), Cell::Date(date(2026, 1, 2)));
        for (table, column, earlier) in [
            ("dealers", "closed_on", "opened_on"),
            ("posts", "to", "from"),
            ("employments", "to", "from"),
            ("certificates", "expires_on", "issued_on"),
        ] {
            let wrong = format!("out_of_order {column} {column} lies before {earlier}: correct one of them");
            assert_eq!(codes(table, &[(column, early), (earlier, late)]), [wrong]);
            assert!(codes(table, &[(column, late), (earlier, early)]).is_empty());
            assert!(codes(table, &[(column, late), (earlier, late)]).is_empty());
            assert!(codes(table, &[(column, Cell::Empty), (earlier, late)]).is_empty());
            assert!(codes(table, &[(column, early)]).is_empty());
        }
        let (at, later) = (Cell::Instant(Instant(5)), Cell::Instant(Instant(6)));
        assert_eq!(codes("complaints", &[("received_at", later), ("dispatched_at", at)]).len(), 1);
        assert!(codes("complaints", &[("received_at", at), ("dispatched_at", at)]).is_empty());
    }

    #[test]
    fn handling_names_the_actor_and_mishandling_the_amount() {
        let handled = ("kind", Cell::Text("handled"));
        assert_eq!(
            codes("complaint_events", &[handled, ("actor_role", Cell::Empty)]),
            ["needed actor_role actor_role is needed when kind is 'handled'"]
        );
        assert!(codes("complaint_events", &[handled, ("actor_role", Cell::Text("dealer-gm"))]).is_empty());
        assert!(
            codes("complaint_events", &[("kind", Cell::Text("callback")), ("actor_role", Cell::Empty)])
                .is_empty()
        );
        assert!(codes("complaint_events", &[handled]).is_empty(), "a stored actor stays");
        assert_eq!(codes("rulings", &[("kind", Cell::Text("mishandled")), ("amount", Cell::Empty)]).len(), 1);
        assert!(codes("rulings", &[("kind", Cell::Text("excuse")), ("amount", Cell::Empty)]).is_empty());
    }
}
