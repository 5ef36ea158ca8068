//! The proof pack: a settled month as one archive, and its verification from that archive alone.
//!
//! A pack holds the month's entries, and everything they were judged by: the facts with when each was known, the policy
//! texts, the calendar, zone and currency. So each charge can be judged anew by the rulebook, on a machine that has no
//! database. Nothing here knows one, or a clock; whoever packs reads them and hands them in.

mod archive;
mod books;
mod ever;
mod fault;
mod judging;
mod manifest;
mod receipts;
mod rows;
mod verify;

pub use archive::{PackError, PackWriter};
pub use books::{Audit, Entry, Judged, Link, Published};
pub use ever::{Ever, NETWORK, TABLES, kept};
pub use fault::{Fault, Faults, What};
pub use judging::{Basis, Called, Judging, JudgingError, Moment, Shipped};
pub use manifest::{FORMAT, Listed, Manifest, Statement, TenantOf, Totals};
pub use receipts::{finding_line, receipt_line};
pub use rows::RowFault;
pub use verify::{Report, verify};

/// What a pack tells whoever opens it.
pub const README: &str = include_str!("readme.md");

/// The files of a pack, by name.
pub mod names {
    /// What the pack says it is, and the hash of each of its files.
    pub const MANIFEST: &str = "manifest.json";
    /// What is in it, in words.
    pub const README: &str = "README.md";
    /// The settlement, the very bytes of `farsight export settlement`.
    pub const SETTLEMENT: &str = "settlement.csv";
    /// The month's entries, the very bytes of `farsight export entries`.
    pub const ENTRIES: &str = "entries.csv";
    /// Entries of earlier months that the month's reversals take back, in the same columns.
    pub const REVERSED: &str = "reversed.csv";
    /// In which unit, as of when and by what knowledge each entry was judged.
    pub const JUDGEMENTS: &str = "judgements.ndjson";
    /// The findings that the month's charges stand on.
    pub const FINDINGS: &str = "findings.ndjson";
    /// The receipt of each charge.
    pub const RECEIPTS: &str = "receipts.ndjson";
    /// The policy versions: number, first day, file.
    pub const POLICIES: &str = "policies.json";
    /// Holidays and make-up days as the program had them; the tenant's own are facts.
    pub const CALENDAR: &str = "calendar.csv";
    /// The settlement's links of the audit chain.
    pub const AUDIT: &str = "audit.json";

    /// A policy version's text.
    pub fn policy(version: i32) -> String {
        format!("policies/{version}.toml")
    }

    /// A day's draw.
    pub fn draw(day: jiff::civil::Date) -> String {
        format!("draws/{day}.json")
    }

    /// The facts of a table that a check (or, under `network`, every check) judged by.
    pub fn facts(check: &str, table: &str) -> String {
        format!("facts/{check}/{table}.ndjson")
    }
}
