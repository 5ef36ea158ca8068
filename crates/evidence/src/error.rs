//! What can go wrong with evidence, each with a stable code. A text must never hold a credential or bytes of the
//! evidence itself.

use crate::Digest;

/// Why evidence was not taken in or not handed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The address of the store says no place.
    #[error("{0:?} is no place for evidence; write file:///PATH or s3://BUCKET or s3://BUCKET/PREFIX")]
    Address(String),
    /// A setting of the bucket cannot be used.
    #[error("the bucket's settings cannot be used: {0}; check the AWS_… variables")]
    Settings(String),
    /// The place does not answer, or may not be read or written.
    #[error(
        "the evidence store {place} cannot be opened: {reason}; check that it is there, and who may write to it"
    )]
    Unreachable {
        /// The address.
        place: String,
        /// What the place answered.
        reason: String,
    },
    /// A file of a watched place that cannot be read.
    #[error("{file} cannot be read: {reason}; check who may read it")]
    Unreadable {
        /// Its name.
        file: String,
        /// What the place answered.
        reason: String,
    },
    /// Our own copy of a file of a watched place: neither the place's fault nor the sender's.
    #[error("the copy of {file} cannot be written here: {reason}; look after this machine's disk")]
    Copy {
        /// Its name.
        file: String,
        /// What this machine answered.
        reason: String,
    },
    /// A tenant's code that cannot be one.
    #[error("{0:?} is no tenant's code")]
    Tenant(String),
    /// Nothing came.
    #[error("the file is empty; send it again")]
    Empty,
    /// A type that is not on the list.
    #[error("the content is {found}; send a JPEG, PNG, WebP or HEIC picture, a PDF, or an MP4 or MOV film")]
    Type {
        /// What the content looks like: a media type, or "of no known type".
        found: String,
    },
    /// Longer than its class may be.
    #[error("the {class} is larger than {most_bytes} bytes; send a smaller one")]
    TooLarge {
        /// The class: picture, document, film.
        class: &'static str,
        /// The limit in bytes.
        most_bytes: u64,
    },
    /// A picture of more pixels than may be decoded.
    #[error("the picture has {width} × {height} pixels, more than {most_pixels}; send it smaller")]
    TooManyPixels {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
        /// The limit in pixels.
        most_pixels: u64,
    },
    /// A picture that cannot be measured or decoded.
    #[error("the picture cannot be read: {0}; take it again or save it as JPEG")]
    Picture(String),
    /// A picture of a type that is kept as it is but not decoded.
    #[error("a picture of type {0} is kept, but cannot be shown or looked at here; ask for a JPEG")]
    NotDecoded(&'static str),
    /// Whoever sends stopped before the end.
    #[error("the file broke off while it was sent: {0}; nothing of it is kept, send it again")]
    Source(String),
    /// No such evidence.
    #[error("no evidence {0} is stored for this tenant")]
    Missing(Digest),
    /// The stored bytes are not those that were handed in.
    #[error(
        "the stored bytes of evidence {name} hash to {found}: they were altered or damaged; restore them from a copy"
    )]
    Altered {
        /// The name: what was handed in.
        name: Digest,
        /// What is there.
        found: Digest,
    },
    /// The content is larger than the caller wants to hold in memory.
    #[error("evidence {name} has {bytes} bytes, more than the {most_bytes} asked for; read it as a stream")]
    TooLargeToHold {
        /// The evidence.
        name: Digest,
        /// Its size.
        bytes: u64,
        /// The caller's limit.
        most_bytes: u64,
    },
    /// The store refused or failed; nothing half-written is visible.
    #[error("the evidence store failed: {0}; try again when it is well")]
    Storage(String),
}

impl EvidenceError {
    /// Whether it is not the content's fault: what was sent may be sound, and is to be tried again.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Storage(_) | Self::Source(_))
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "evidence_address",
            Self::Settings(_) => "evidence_settings",
            Self::Unreadable { .. } => "evidence_unreadable",
            Self::Copy { .. } => "evidence_copy",
            Self::Unreachable { .. } => "evidence_unreachable",
            Self::Tenant(_) => "evidence_tenant",
            Self::Empty => "evidence_empty",
            Self::Type { .. } => "evidence_type",
            Self::TooLarge { .. } => "evidence_too_large",
            Self::TooManyPixels { .. } => "evidence_too_many_pixels",
            Self::Picture(_) => "evidence_picture",
            Self::NotDecoded(_) => "evidence_not_decoded",
            Self::Source(_) => "evidence_source",
            Self::Missing(_) => "evidence_missing",
            Self::Altered { .. } => "evidence_altered",
            Self::TooLargeToHold { .. } => "evidence_too_large_to_hold",
            Self::Storage(_) => "evidence_storage",
        }
    }
}

impl From<object_store::Error> for EvidenceError {
    fn from(error: object_store::Error) -> Self {
        Self::Storage(error.to_string())
    }
}
