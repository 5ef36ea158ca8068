//! What a content is, told by its bytes, and how large it may be. It must never look at a name or at what the sender
//! says, and never let through a type that a browser would run (HTML, SVG, XML, scripts).

use std::fmt;

use crate::error::EvidenceError;
use crate::picture::MOST_PIXELS;

const MIB: u64 = 1 << 20;

/// The types that are taken; every other is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// HEIF with HEVC, as iPhones make it: kept and measured, never decoded here.
    Heic,
    /// PDF.
    Pdf,
    /// MPEG-4, also as `.m4v`.
    Mp4,
    /// QuickTime, as iPhones film.
    Quicktime,
}

/// What share the same limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaClass {
    /// A picture.
    Picture,
    /// A document.
    Document,
    /// A film.
    Film,
}

/// How much is taken. A store copies what is large once within itself, which S3 does up to 5 GB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a picture.
    pub picture_bytes: u64,
    /// The most bytes of a document.
    pub document_bytes: u64,
    /// The most bytes of a film.
    pub film_bytes: u64,
    /// The most pixels of a picture, told from its head before anything is decoded.
    pub picture_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            picture_bytes: 25 * MIB,
            document_bytes: 50 * MIB,
            film_bytes: 500 * MIB,
            picture_pixels: MOST_PIXELS,
        }
    }
}

impl MediaType {
    /// All that are taken.
    pub const ALL: [Self; 7] =
        [Self::Jpeg, Self::Png, Self::Webp, Self::Heic, Self::Pdf, Self::Mp4, Self::Quicktime];

    /// The media type to serve it with.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
            Self::Mp4 => "video/mp4",
            Self::Quicktime => "video/quicktime",
        }
    }

    /// The ending of a file's name when it is handed out, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Pdf => "pdf",
            Self::Mp4 => "mp4",
            Self::Quicktime => "mov",
        }
    }

    /// The class whose limit holds.
    pub const fn class(self) -> MediaClass {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::Heic => MediaClass::Picture,
            Self::Pdf => MediaClass::Document,
            Self::Mp4 | Self::Quicktime => MediaClass::Film,
        }
    }

    /// The type that `mime` names, as it was written by [`MediaType::mime`].
    pub fn from_mime(mime: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.mime() == mime)
    }

    /// The type of a content that begins like this; 4 KiB are enough.
    ///
    /// # Errors
    /// [`EvidenceError::Type`] for all that is not on the list.
    pub fn of(head: &[u8]) -> Result<Self, EvidenceError> {
        let found = infer::get(head).map(|kind| kind.mime_type());
        let kind = match found {
            Some("image/jpeg") => Some(Self::Jpeg),
            Some("image/png") => Some(Self::Png),
            Some("image/webp") => Some(Self::Webp),
            Some("image/heif") => Some(Self::Heic),
            Some("application/pdf") => Some(Self::Pdf),
            Some("video/mp4" | "video/x-m4v") => Some(Self::Mp4),
            // Four bytes somewhere near the start are too little to go by: the file has to say so itself.
            Some("video/quicktime") if head.get(4..12) == Some(b"ftypqt  ") => Some(Self::Quicktime),
            _ => None,
        };
        kind.ok_or_else(|| EvidenceError::Type { found: found.unwrap_or("of no known type").to_owned() })
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mime())
    }
}

impl MediaClass {
    /// The class's name in texts and labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Document => "document",
            Self::Film => "film",
        }
    }
}

impl Limits {
    /// The most bytes of a class.
    pub const fn of(&self, class: MediaClass) -> u64 {
        match class {
            MediaClass::Picture => self.picture_bytes,
            MediaClass::Document => self.document_bytes,
            MediaClass::Film => self.film_bytes,
        }
    }

    pub(crate) fn check_bytes(&self, kind: MediaType, bytes: u64) -> Result<(), EvidenceError> {
        let (class, most_bytes) = (kind.class(), self.of(kind.class()));
        if bytes > most_bytes {
            return Err(EvidenceError::TooLarge { class: class.as_str(), most_bytes });
        }
        Ok(())
    }

    pub(crate) fn check_pixels(&self, width: u64, height: u64) -> Result<(), EvidenceError> {
        let most_pixels = self.picture_pixels;
        if width == 0 || height == 0 {
            return Err(EvidenceError::Picture(format!("it says {width} × {height} pixels")));
        }
        if width.saturating_mul(height) > most_pixels {
            return Err(EvidenceError::TooManyPixels { width, height, most_pixels });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ftyp(brand: [u8; 4]) -> Vec<u8> {
        [b"\0\0\0\x14ftyp".as_slice(), &brand, b"\0\0\0\0", &brand, b"rest of the file"].concat()
    }

    #[test]
    fn the_bytes_tell_the_type() {
        let cases: [(&[u8], MediaType); 8] = [
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", MediaType::Jpeg),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", MediaType::Png),
            (b"RIFF\x24\0\0\0WEBPVP8 ", MediaType::Webp),
            (b"%PDF-1.7\n", MediaType::Pdf),
            (&ftyp(*b"heic"), MediaType::Heic),
            (&ftyp(*b"isom"), MediaType::Mp4),
            (&ftyp(*b"M4V "), MediaType::Mp4),
            (&ftyp(*b"qt  "), MediaType::Quicktime),
        ];
        for (head, kind) in cases {
            assert_eq!(MediaType::of(head), Ok(kind));
            assert_eq!(MediaType::from_mime(kind.mime()), Some(kind));
        }
    }

    #[test]
    fn what_a_browser_would_run_and_all_else_is_refused() {
        let cases: [(&[u8], &str); 10] = [
            (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
            (b"<html><body>", "text/html"),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "of no known type"),
            (b"<?xml version='1.0'?><svg/>", "text/xml"),
            (b"PK\x03\x04\x14\0\0\0", "application/zip"),
            (b"GIF89a\x01\0\x01\0", "image/gif"),
            (b"MZ\x90\0", "application/vnd.microsoft.portable-executable"),
            (b"#!/bin/sh\n", "text/x-shellscript"),
            (b"anything mdat at twelve", "of no known type"),
            (b"junkjunkjunkmdatjunk", "video/quicktime"),
        ];
        for (head, found) in cases {
            assert_eq!(MediaType::of(head), Err(EvidenceError::Type { found: found.to_owned() }));
        }
    }
}
