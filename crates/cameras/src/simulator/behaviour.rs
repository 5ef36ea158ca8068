//! How a simulated camera behaves.
//!
//! This file must never hold a real camera's password.

/// How a simulated camera answers from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// A new picture at each request, with the time in it.
    Fine,
    /// A lens that sees nothing; the clock goes on.
    Black,
    /// The last picture it gave, for ever; if it gave none, the next one.
    Frozen,
    /// Out of focus; the clock goes on.
    Blurred,
    /// A hand or a sheet before the lens; the clock goes on.
    Covered,
    /// Takes the request and never answers.
    TimesOut,
    /// Answers at once, then sends one byte a second.
    DripsSlowly,
    /// Asks for Basic sign-in.
    Basic {
        /// The user it lets in.
        user: String,
        /// The password it takes.
        password: String,
    },
    /// Asks for Digest sign-in, `qop=auth`, each nonce once.
    Digest {
        /// The user it lets in.
        user: String,
        /// The password it takes.
        password: String,
        /// The hash it asks for.
        hash: Hash,
    },
    /// Answers with this HTTP status and no picture.
    Fails(u16),
    /// Answers with a page, and calls it a JPEG.
    NotAPicture,
    /// Answers with what begins like a JPEG and goes on without end, its length unsaid.
    TooLarge,
    /// Sends on to another address.
    RedirectsTo(String),
}

/// The hash a Digest sign-in is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// MD5, as most cameras have it.
    Md5,
    /// SHA-256.
    Sha256,
}

impl Hash {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }
}
