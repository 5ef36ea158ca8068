//! The books of a pack: entries as they are exported, and how each was judged.

use std::io::Read;

use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::judging::Moment;
use crate::rows::instant;

/// An entry as `farsight export entries` writes it (formats, section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: i64,
    /// The settlement it falls into.
    pub period: String,
    /// The month it occurred in.
    pub origin_period: String,
    /// `dealer` or `person`.
    pub party_kind: String,
    /// Who.
    pub party: String,
    /// The seat.
    pub seat: String,
    /// The dealer concerned.
    pub dealer: String,
    /// The dealer's region.
    pub region: String,
    /// The check.
    pub check: String,
    /// The clause.
    pub clause: String,
    /// The thing judged.
    pub subject: String,
    /// The local date.
    pub occurred_on: String,
    /// How much.
    pub amount: Money,
    /// The entry it takes back; none: a charge.
    pub reverses: Option<i64>,
    /// The policy version.
    pub version: i32,
    /// When it was posted.
    pub posted_at: Instant,
}

const COLUMNS: [&str; 17] = [
    "entry_id",
    "period",
    "origin_period",
    "party_kind",
    "party_code",
    "seat",
    "dealer_code",
    "region_code",
    "check",
    "clause",
    "subject",
    "occurred_on",
    "amount",
    "kind",
    "reverses",
    "policy_version",
    "posted_at",
];

/// A text as it was before it was guarded against spreadsheets.
pub(crate) fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => text,
    }
}

impl Entry {
    /// The entries of an export; the first line that is none is the error.
    pub(crate) fn read(source: impl Read, currency: Currency) -> Result<Vec<Self>, String> {
        let mut csv = csv::Reader::from_reader(source);
        let header = csv.headers().map_err(|why| why.to_string())?;
        if header != COLUMNS.as_slice() {
            return Err("line 1: its columns are not those of `farsight export entries`".to_owned());
        }
        let mut entries = Vec::new();
        for record in csv.records() {
            let record = record.map_err(|why| why.to_string())?;
            let line = record.position().map_or(0, csv::Position::line);
            let wrong =
                |column: usize| format!("line {line}, column {}: '{}'", COLUMNS[column], &record[column]);
            entries.push(Self::of(&record, currency).map_err(wrong)?);
        }
        Ok(entries)
    }

    /// The entry of a record, or the column that cannot be read.
    fn of(record: &csv::StringRecord, currency: Currency) -> Result<Self, usize> {
        let text = |column: usize| unguarded(&record[column]).to_owned();
        let reverses = match (&record[13], &record[14]) {
            ("charge", "") => None,
            ("reversal", id) => Some(id.parse().map_err(|_| 14_usize)?),
            _ => return Err(13),
        };
        Ok(Self {
            id: record[0].parse().map_err(|_| 0_usize)?,
            period: text(1),
            origin_period: text(2),
            party_kind: text(3),
            party: text(4),
            seat: text(5),
            dealer: text(6),
            region: text(7),
            check: text(8),
            clause: text(9),
            subject: text(10),
            occurred_on: text(11),
            amount: currency.parse(&record[12]).map_err(|_| 12_usize)?,
            reverses,
            version: record[15].parse().map_err(|_| 15_usize)?,
            posted_at: instant(&record[16]).ok_or(16_usize)?,
        })
    }
}

/// How an entry was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The entry.
    pub entry_id: i64,
    /// The check.
    pub check: String,
    /// The clause family, which with subject and seat is the charge's key.
    pub family: String,
    /// What was judged together.
    pub unit: String,
    /// The run that posted it.
    pub run: i64,
    /// As of when it was judged, RFC 3339.
    pub as_of: String,
    /// By what was known when, RFC 3339.
    pub known_at: String,
    /// The newest policy version that the run knew: what was published later is not judged by.
    pub newest_policy: i32,
}

impl Judged {
    /// By what it was judged; none: its instants cannot be read.
    pub(crate) fn moment(&self) -> Option<Moment> {
        let (as_of, known_at) = instant(&self.as_of).zip(instant(&self.known_at))?;
        Some(Moment { known_at, as_of, newest_policy: self.newest_policy })
    }
}

/// A policy version as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Its number.
    pub version: i32,
    /// The first day it judges.
    pub effective_on: Date,
    /// The file in the pack.
    pub file: String,
    /// The SHA-256 of its text.
    pub sha256: String,
}

/// The settlement's part of the audit chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The tenant's number, a part of each hash.
    pub tenant: i32,
    /// The links of the settlement's steps, in their order.
    pub links: Vec<Link>,
}

/// A link of the audit chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its number.
    pub seq: i64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// With what result, as JSON.
    pub detail: String,
    /// The hash of the link before it.
    pub previous_hash: String,
    /// Its own.
    pub hash: String,
}
