//! A camera as it is asked, and the picture it gave.
//!
//! This file must never show a password, nor the path or query of an address: cameras carry passwords there too.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::rules::Picture;

/// A user and password a camera asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The camera's user.
    pub user: String,
    /// The user's password, as it is.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Where a camera's picture is, and what it takes to be let in.
#[derive(Clone, PartialEq, Eq)]
pub struct Camera {
    /// Its address: `http`, `https` or `rtsp`, without user and password in it.
    pub url: String,
    /// Who to sign in as when the camera asks.
    pub credentials: Option<Credentials>,
}

impl fmt::Debug for Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Camera").field("signs_in", &self.credentials.is_some()).finish_non_exhaustive()
    }
}

/// A picture a camera gave.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The picture as it came.
    pub bytes: Bytes,
    /// What it is by its first bytes, such as `image/jpeg`.
    pub content_type: &'static str,
    /// Time from the first look at the address to the last byte.
    pub took: Duration,
    /// How many requests it took, redirects and sign-in included.
    pub requests: u32,
}

impl Snapshot {
    pub(crate) fn new(bytes: Bytes, picture: Picture, took: Duration, requests: u32) -> Self {
        Self { bytes, content_type: picture.content_type(), took, requests }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("bytes", &self.bytes.len())
            .field("content_type", &self.content_type)
            .field("took", &self.took)
            .field("requests", &self.requests)
            .finish()
    }
}
