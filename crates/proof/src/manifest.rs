//! What a pack says of itself.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The format of this version's packs.
pub const FORMAT: &str = "farsight-pack/1";

/// A pack's first word: what it is, and which files it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format, [`FORMAT`].
    pub format: String,
    /// The program that packed it, `farsight 0.1.0`.
    pub program: String,
    /// What the pack states.
    pub statement: Statement,
    /// Every other file, by name.
    pub files: Vec<Listed>,
}

/// The manufacturer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantOf {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// What a pack states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Whose month it is.
    pub tenant: TenantOf,
    /// The month, `2026-03`.
    pub period: String,
    /// How far its settlement had come; only a locked one never changes again.
    pub status: String,
    /// ISO 4217.
    pub currency: String,
    /// The IANA name of the tenant's zone.
    pub time_zone: String,
    /// No finding is earlier; none: the first policy's date.
    pub first_judged_day: Option<Date>,
    /// What the month comes to.
    pub totals: Totals,
    /// The audit chain's head as it was when the month was locked.
    pub audit_head: Option<String>,
}

/// What a month comes to; amounts are decimal texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Parties with entries.
    pub parties: usize,
    /// Entries.
    pub entries: i64,
    /// The sum of charges below zero.
    pub penalties: String,
    /// The sum of charges above zero.
    pub incentives: String,
    /// The sum of reversals.
    pub reversals: String,
    /// All three.
    pub net: String,
}

/// A file of the pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its SHA-256, lower-case hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}
