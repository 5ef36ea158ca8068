//! What does not fit in a pack, by name.

use std::fmt;

use serde::Serialize;

/// Faults that are told one by one; of the rest only the number.
const TOLD: usize = 1_000;

/// The kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A file of the manifest is not there.
    FileMissing,
    /// A file that the manifest does not have.
    FileForeign,
    /// A file's bytes are not those that were packed.
    FileChanged,
    /// A file does not unpack, or a line of it is not to be read.
    FileUnreadable,
    /// Bytes of the archive outside of its files.
    ArchiveChanged,
    /// An entry without a judgement or with two, or a judgement without an entry.
    JudgementMissing,
    /// A moment at which an entry cannot have been judged.
    MomentDiffers,
    /// A charge without a receipt.
    ReceiptMissing,
    /// A receipt of no charge of the month.
    ReceiptForeign,
    /// A receipt says something else than the recomputation.
    ReceiptDiffers,
    /// A finding that the recomputation has not, or lacks.
    FindingDiffers,
    /// The facts call for no such charge.
    NotCalledFor,
    /// The facts call for a charge that says something else.
    ChargeDiffers,
    /// A reversal of something else, or of nothing.
    ReversalDiffers,
    /// A reversal of a charge that the facts still call for.
    StillCalledFor,
    /// Entries and settlement, or settlement and statement, do not add up alike.
    SumDiffers,
    /// A draw that cannot be redone.
    Draw,
    /// A policy text or version that does not fit.
    Policy,
    /// A link of the audit chain that does not fit.
    Audit,
    /// Something this program does not know: it is older than the pack, or the pack was not made by it.
    Unknown,
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Its kind.
    pub what: What,
    /// The file.
    pub file: String,
    /// The entry, where it is about one.
    pub entry: Option<i64>,
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl Fault {
    /// A fault of a file.
    pub fn of(what: What, file: &str, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what, file: file.to_owned(), entry: None, expected: expected.into(), found: found.into() }
    }

    /// The same, of an entry.
    #[must_use]
    pub fn entry(self, entry: i64) -> Self {
        Self { entry: Some(entry), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(entry) = self.entry {
            write!(f, "entry {entry}: ")?;
        }
        let (expected, found) = (&self.expected, &self.found);
        match self.what {
            What::FileMissing => f.write_str("the file is missing"),
            What::FileForeign => f.write_str("the manifest does not have this file"),
            What::FileChanged => {
                write!(f, "its bytes are not those that were packed: expected {expected}, found {found}")
            }
            What::FileUnreadable => write!(f, "cannot be read: {found}"),
            What::ReceiptMissing => f.write_str("the receipt is missing"),
            What::ReceiptForeign => f.write_str("a receipt of no charge of this month"),
            What::ReceiptDiffers => write!(f, "the receipt differs: expected {expected}, found {found}"),
            What::FindingDiffers => write!(f, "the finding differs: expected {expected}, found {found}"),
            What::NotCalledFor => write!(f, "the facts call for no such charge; booked is {found}"),
            What::ChargeDiffers => write!(f, "recomputed {expected}, booked {found}"),
            What::ReversalDiffers => write!(f, "the reversal differs: expected {expected}, found {found}"),
            What::StillCalledFor => {
                write!(f, "it takes back a charge that the facts still call for: {found}")
            }
            What::SumDiffers => write!(f, "the sums differ: expected {expected}, found {found}"),
            What::JudgementMissing | What::MomentDiffers | What::Draw | What::Policy | What::Audit => {
                write!(f, "expected {expected}, found {found}")
            }
            What::ArchiveChanged | What::Unknown => write!(f, "{found}"),
        }
    }
}

/// The faults of a pack.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Faults {
    /// The first thousand.
    pub faults: Vec<Fault>,
    /// How many there are.
    pub count: u64,
}

impl Faults {
    /// Adds one.
    pub fn add(&mut self, fault: Fault) {
        self.count += 1;
        if self.faults.len() < TOLD {
            self.faults.push(fault);
        }
    }
}
