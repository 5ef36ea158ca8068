//! Why a camera gave no picture, with a stable code, whether trying again can help, and what to do.
//!
//! A text here must never hold a password, a path or a query: only scheme, host and port.

use std::net::IpAddr;
use std::time::Duration;

use crate::address::Refusal;

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Away {
    /// The address is no address of a camera.
    #[error(
        "the camera's address was not tried: {why}; correct it to http://, https:// or rtsp:// with a host"
    )]
    RefusedUrl {
        /// What is wrong with it.
        why: String,
    },
    /// The rules do not allow the scheme.
    #[error(
        "{place} was not tried: the rules do not allow this scheme; use another, or have the operator allow it"
    )]
    RefusedScheme {
        /// Scheme, host and port.
        place: String,
    },
    /// The rules do not allow the port.
    #[error(
        "{place} was not tried: the rules do not allow this port; use another, or have the operator allow it"
    )]
    RefusedPort {
        /// Scheme, host and port.
        place: String,
    },
    /// The rules do not allow the network address.
    #[error(
        "{place} was not connected to: {address} is refused, {refusal}; an operator can allow a network by `allow_networks`"
    )]
    RefusedAddress {
        /// Scheme, host and port.
        place: String,
        /// The address the host has.
        address: IpAddr,
        /// Which rule refused it.
        refusal: Refusal,
    },
    /// A redirect led from a protected connection to a readable one, or to nowhere.
    #[error(
        "{place} sent the visit on, and it was not followed: {why}; enter the address the camera really has"
    )]
    RefusedRedirect {
        /// Scheme, host and port.
        place: String,
        /// What was wrong with where it led.
        why: &'static str,
    },
    /// The name has no address.
    #[error("{place} was not found: its name has no address ({why}); check the name")]
    NotFound {
        /// Scheme, host and port.
        place: String,
        /// What the resolver said.
        why: String,
    },
    /// Nobody answered at the address.
    #[error("{place} could not be connected to ({why}); check that the camera has power and network")]
    Unreachable {
        /// Scheme, host and port.
        place: String,
        /// What the network said.
        why: String,
    },
    /// The camera's certificate is not trusted.
    #[error(
        "{place} showed a certificate that is not trusted ({why}); give the camera a valid one, or trust its issuer"
    )]
    Untrusted {
        /// Scheme, host and port.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// The connection ended before the picture did, or made no sense.
    #[error(
        "{place} broke off before the picture was whole ({why}); try again, then look at the camera's network"
    )]
    BrokenOff {
        /// Scheme, host and port.
        place: String,
        /// What the network said.
        why: String,
    },
    /// The time was over.
    #[error("{place} gave no whole picture within {} ms; check the camera's network, or allow more time", within.as_millis())]
    TimedOut {
        /// Scheme, host and port.
        place: String,
        /// The time it had.
        within: Duration,
    },
    /// The camera wants a sign-in and none is known.
    #[error("{place} asks for a sign-in and none is entered; enter the camera's user and password")]
    SignInNeeded {
        /// Scheme, host and port.
        place: String,
    },
    /// The camera did not take user and password.
    #[error("{place} did not take the user and password entered; correct them")]
    SignInRefused {
        /// Scheme, host and port.
        place: String,
    },
    /// The camera asks for a sign-in this program or the rules do not give.
    #[error(
        "{place} asks for a sign-in that is not given: {why}; let the camera use Digest (MD5 or SHA-256)"
    )]
    SignInUnsupported {
        /// Scheme, host and port.
        place: String,
        /// Which, and why not.
        why: &'static str,
    },
    /// The camera answered, and not with a picture.
    #[error("{place} answered with status {status}; check the camera's address")]
    HttpStatus {
        /// Scheme, host and port.
        place: String,
        /// The status it answered with.
        status: u16,
    },
    /// One redirect more than the rules allow.
    #[error(
        "{place} was one redirect too many: {most} are followed; enter the address the camera really has"
    )]
    TooManyRedirects {
        /// Scheme, host and port of the last that sent on.
        place: String,
        /// How many are followed.
        most: u8,
    },
    /// The picture is larger than the rules allow.
    #[error("{place} sent more than {most} bytes; let the camera send smaller pictures, or allow more")]
    TooLarge {
        /// Scheme, host and port.
        place: String,
        /// Largest allowed, in bytes.
        most: u64,
    },
    /// What came is no picture the rules accept.
    #[error(
        "{place} sent {what} instead of a picture the rules accept; check that the address is the camera's snapshot"
    )]
    NotAPicture {
        /// Scheme, host and port.
        place: String,
        /// What it looks like.
        what: &'static str,
    },
    /// A stream needs ffmpeg and there is none.
    #[error(
        "{place} is a stream, and no ffmpeg was found to read it; install ffmpeg, or enter a snapshot address"
    )]
    NoFfmpeg {
        /// Scheme, host and port.
        place: String,
    },
    /// The stream held no frame that could be read.
    #[error("{place} gave no frame that ffmpeg could read ({why}); check the stream's path and format")]
    NoFrame {
        /// Scheme, host and port.
        place: String,
        /// What ffmpeg or the stream said.
        why: String,
    },
}

impl Away {
    /// The stable code for rows, labels and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RefusedUrl { .. } => "refused_url",
            Self::RefusedScheme { .. } => "refused_scheme",
            Self::RefusedPort { .. } => "refused_port",
            Self::RefusedAddress { .. } => "refused_address",
            Self::RefusedRedirect { .. } => "refused_redirect",
            Self::NotFound { .. } => "not_found",
            Self::Unreachable { .. } => "unreachable",
            Self::Untrusted { .. } => "untrusted",
            Self::BrokenOff { .. } => "broken_off",
            Self::TimedOut { .. } => "timed_out",
            Self::SignInNeeded { .. } => "sign_in_needed",
            Self::SignInRefused { .. } => "sign_in_refused",
            Self::SignInUnsupported { .. } => "sign_in_unsupported",
            Self::HttpStatus { .. } => "http_status",
            Self::TooManyRedirects { .. } => "too_many_redirects",
            Self::TooLarge { .. } => "too_large",
            Self::NotAPicture { .. } => "not_a_picture",
            Self::NoFfmpeg { .. } => "no_ffmpeg",
            Self::NoFrame { .. } => "no_frame",
        }
    }

    /// Whether the same visit a little later may end better with nothing changed by a person.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::NotFound { .. }
            | Self::Unreachable { .. }
            | Self::BrokenOff { .. }
            | Self::TimedOut { .. }
            | Self::NoFrame { .. } => true,
            Self::HttpStatus { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            _ => false,
        }
    }
}
