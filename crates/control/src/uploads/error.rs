//! Why an upload is not begun, or takes no more. A text says what was tried and what to do; it never names what the
//! person may not see.

/// Why an upload is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// Too many are under way.
    #[error("{most} of your files are on their way already: wait until some have arrived, or give some up")]
    TooMany {
        /// How many may be.
        most: i64,
    },
    /// Nothing to send.
    #[error("the file is empty: take the picture again")]
    Empty,
    /// Larger than anything that is taken.
    #[error("the file has {bytes} bytes, more than {most_bytes}: send a smaller one")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        most_bytes: u64,
    },
    /// The role hands nothing in.
    #[error("your role hands no evidence in: ask the dealer or the regional manager to do it")]
    MayNot,
    /// What it is for is not there.
    #[error(
        "there is no '{0}' of this dealer to hand evidence in for: open its page and send the file from there"
    )]
    Subject(String),
    /// No such upload, or another's.
    #[error("there is no such upload of yours: send the file anew")]
    Unknown,
    /// It ended.
    #[error("the upload has ended: nothing more is taken for it")]
    Over,
    /// Its time is over.
    #[error("the upload has waited too long and is forgotten: send the file anew")]
    Expired,
    /// Bytes from a wrong place on.
    #[error(
        "bytes from {asked} on were sent, but {received} are here: ask how far it has come and go on from there"
    )]
    Offset {
        /// Where the bytes begin.
        asked: u64,
        /// How many are here.
        received: u64,
    },
    /// More bytes than were announced.
    #[error("more than the {length} bytes announced were sent: send the file anew")]
    Beyond {
        /// The bytes announced.
        length: u64,
    },
}

impl UploadError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooMany { .. } => "upload_too_many",
            Self::Empty => "upload_empty",
            Self::TooLarge { .. } => "upload_too_large",
            Self::MayNot => "upload_may_not",
            Self::Subject(_) => "upload_subject",
            Self::Unknown => "upload_unknown",
            Self::Over => "upload_over",
            Self::Expired => "upload_expired",
            Self::Offset { .. } => "upload_offset",
            Self::Beyond { .. } => "upload_beyond",
        }
    }
}
