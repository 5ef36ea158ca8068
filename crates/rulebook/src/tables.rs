//! Every fact table as the outside sends it (formats.md, section 2): its columns, what a cell may hold, what it refers to.
//!
//! Pure description, the one place the reader, the store and the templates take their columns from. It reads nothing.

mod catalogue;
mod rules;

use jiff::civil::Date;

use crate::period::Period;
use crate::time::Instant;

pub use catalogue::TABLES;
pub use rules::{Broken, Rule, broken};

/// The first date a fact may carry; earlier ones are refused as absurd.
pub const FIRST_DATE: Date = Date::constant(1900, 1, 1);
/// The last date a fact may carry; later ones are refused as absurd.
pub const LAST_DATE: Date = Date::constant(2199, 12, 31);
/// The longest code, in characters (all ASCII).
pub const CODE_LENGTH: usize = 64;
/// The largest amount of money a fact may carry, in minor units.
pub const MONEY_MAX: i64 = 1_000_000_000_000_000;
/// More columns than any table has, `voided` included.
pub const MAX_COLUMNS: usize = 24;

/// What a column's cells hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// 1 to 64 ASCII letters, digits, `-`, `_`, `.`.
    Code,
    /// Free text of at most `max` bytes of UTF-8, without NUL.
    Text {
        /// The most bytes.
        max: usize,
    },
    /// A finding's subject such as `complaint:C-1`: text here, its form is checked by the rulings.
    Subject,
    /// An `http` or `https` address.
    Url,
    /// A local date, `2026-03-05`.
    Date,
    /// A moment, RFC 3339 with offset or local time in the tenant's zone.
    Instant,
    /// A month, `2026-03`.
    Month,
    /// A whole number from 0 to `max`.
    Count {
        /// The largest number that is not absurd.
        max: i64,
    },
    /// A decimal ≥ 0 with at most two decimals (scores, prices), kept as whole hundredths.
    Hundredths {
        /// The largest, in hundredths.
        max: i64,
    },
    /// An amount ≥ 0 in the tenant's currency, kept in minor units.
    Money,
    /// A latitude or longitude, between `-limit` and `limit`.
    Degrees {
        /// The largest absolute value.
        limit: f64,
    },
    /// Yes or no.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What must exist for a cell to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refers {
    /// A row of this table, with the cell as its (first) key.
    To(&'static str),
    /// `posts.scope_code`: a region or a dealer, as the row's `role` says ([`post_scope`]).
    PostScope,
}

/// A column of a fact table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: Kind,
    /// Whether it is part of the key.
    pub key: bool,
    /// Whether a stored fact must have it. A key column that is not required may be empty (the manufacturer's list prices).
    pub required: bool,
    /// What an empty cell, or a new fact without the column, means.
    pub default: Option<&'static str>,
    /// What its value refers to.
    pub refers: Option<Refers>,
}

impl Column {
    /// The same column referring to a table.
    const fn of(mut self, table: &'static str) -> Self {
        self.refers = Some(Refers::To(table));
        self
    }

    /// The same column with a value for empty cells.
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

/// A fact table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Table {
    /// Its name: the file's, the sheet's.
    pub name: &'static str,
    /// Its columns without `voided`, in the order of the contract.
    pub columns: &'static [Column],
    /// What one row must satisfy in itself.
    pub rules: &'static [Rule],
}

/// The optional column every table takes besides its own: `true` withdraws the fact, until `false` is sent.
pub static VOIDED: Column =
    Column { name: "voided", kind: Kind::Flag, key: false, required: false, default: None, refers: None };

impl Table {
    /// All columns of a file: the table's own, then `voided`. A row's cells stand in this order.
    pub fn all_columns(&self) -> impl Iterator<Item = &'static Column> + use<> {
        self.columns.iter().chain(std::iter::once(&VOIDED))
    }

    /// How many columns `all_columns` gives.
    pub const fn width(&self) -> usize {
        self.columns.len() + 1
    }

    /// Where `voided` stands in a row.
    pub const fn voided(&self) -> usize {
        self.columns.len()
    }

    /// Where a column of this name stands in a row (`voided` last), with the column.
    pub fn column(&self, name: &str) -> Option<(usize, &'static Column)> {
        self.all_columns().enumerate().find(|(_, column)| column.name == name)
    }

    /// The key's columns with their places.
    pub fn key(&self) -> impl Iterator<Item = (usize, &'static Column)> + use<> {
        self.columns.iter().enumerate().filter(|(_, column)| column.key)
    }

    /// The column a row is dated by: its first required date, month or instant (rulebook 3.1). `None` for tables
    /// whose rows always count (regions, people, cameras).
    pub fn dated_by(&self) -> Option<(usize, &'static Column)> {
        let dated = |kind| matches!(kind, Kind::Date | Kind::Instant | Kind::Month);
        self.columns.iter().enumerate().find(|(_, column)| column.required && dated(column.kind))
    }
}

/// The table of a name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// The table that the scope of a post with this role refers to; `None` for a role that is not one.
pub fn post_scope(role: &str) -> Option<&'static str> {
    match role {
        "region-director" | "region-deputy-director" => Some("regions"),
        "district-manager" | "dealer-gm" => Some("dealers"),
        _ => None,
    }
}

/// A cell that was read: checked against its column's kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// The file has no such column, or the object no such field: the stored value stays.
    Missing,
    /// Empty: the stored value is cleared.
    Empty,
    /// A code, text, subject, address or choice.
    Text(&'a str),
    /// A whole number; hundredths and money in their smallest units.
    Count(i64),
    /// A latitude or longitude.
    Degrees(f64),
    /// Yes or no.
    Flag(bool),
    /// A local date.
    Date(Date),
    /// A month.
    Month(Period),
    /// A moment.
    Instant(Instant),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_contract_is_described_once() {
        let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        let contract = "regions people posts dealers dealer_regions bays calendar customer_base cameras inspections complaints \
             complaint_events employments certificates work_orders work_order_delays support_requests surveys mystery_visits \
             feedback callbacks vehicles part_prices exams rulings";
        let mut wanted: Vec<_> = contract.split_whitespace().collect();
        let mut have = names.clone();
        wanted.sort_unstable();
        have.sort_unstable();
        assert_eq!(have, wanted);
        assert_eq!(table("bays").map(|t| t.name), Some("bays"));
        assert!(table("expected").is_none());
    }

    #[test]
    fn tables_are_well_formed_and_in_order_of_dependency() {
        for (place, table) in TABLES.iter().enumerate() {
            assert!(table.key().next().is_some(), "{} has no key", table.name);
            assert!(table.width() <= MAX_COLUMNS, "{}", table.name);
            for (at, column) in table.all_columns().enumerate() {
                assert_eq!(
                    table.column(column.name),
                    Some((at, column)),
                    "{} twice in {}",
                    column.name,
                    table.name
                );
                let before = |name| TABLES[..place].iter().any(|earlier| earlier.name == name);
                match column.refers {
                    Some(Refers::To(name)) => assert!(before(name), "{} before {name}", table.name),
                    Some(Refers::PostScope) => assert!(before("regions") && before("dealers")),
                    None => {}
                }
                if let (Some(default), Kind::Choice(words)) = (column.default, column.kind) {
                    assert!(words.contains(&default));
                }
            }
            for rule in table.rules {
                assert!(rule.columns().iter().all(|name| table.column(name).is_some()), "{rule:?}");
            }
        }
    }

    #[test]
    fn rows_are_dated_by_the_columns_the_rulebook_names() {
        let dated = |name| table(name).and_then(Table::dated_by).map(|(_, column)| column.name);
        for (name, column) in [
            ("inspections", "inspected_at"),
            ("complaints", "received_at"),
            ("work_orders", "created_at"),
            ("employments", "from"),
            ("certificates", "issued_on"),
            ("bays", "effective_on"),
            ("dealers", "opened_on"),
            ("rulings", "decided_at"),
            ("customer_base", "month"),
            ("vehicles", "sold_on"),
            ("work_order_delays", "given_at"),
            ("complaint_events", "at"),
            ("part_prices", "effective_on"),
        ] {
            assert_eq!(dated(name), Some(column), "{name}");
        }
        assert_eq!(dated("regions"), None);
    }

    #[test]
    fn the_scope_of_a_post_follows_its_role() {
        let roles = table("posts").and_then(|t| t.column("role")).map(|(_, c)| c.kind);
        let Some(Kind::Choice(roles)) = roles else { panic!("roles are a choice") };
        assert!(roles.iter().all(|role| post_scope(role).is_some()));
        assert_eq!(post_scope("dealer-gm"), Some("dealers"));
        assert_eq!(post_scope("king"), None);
    }
}
