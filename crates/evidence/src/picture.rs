//! What a picture shows without understanding it: its size, a fingerprint that finds it again, and what is wrong with
//! it as a camera's picture. Pure functions of bytes that use the processor: call them where blocking is allowed. They
//! must never decode more than [`MOST_PIXELS`], and what they find is a hint for a person, never a verdict.

mod fingerprint;
mod flaws;
mod frozen;
mod quantised;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader};

use crate::error::EvidenceError;
use crate::kind::{Limits, MediaType};
pub use fingerprint::{Fingerprints, NEAR_BITS};
pub use flaws::{BLACK_BELOW, BLURRED_BELOW, COVERED_BELOW, Flaws, Measure};
pub use frozen::{CHANGED_BLOCK, FRESH_BLOCKS, Likeness, frozen};

/// The most pixels of a picture that is decoded: 64 megapixels, some 200 MB in memory, twice that for a progressive JPEG.
pub const MOST_PIXELS: u64 = 64_000_000;

/// The longest side, in pixels, of the reduced picture that is looked at: what is found depends on the picture, not on
/// how finely it was scanned.
const LOOKED_AT_PIXELS: u32 = 512;

/// What there is to see at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Width in pixels, as the picture is shown.
    pub width: u32,
    /// Height in pixels, as the picture is shown.
    pub height: u32,
    /// What finds it again, turned and mirrored too.
    pub fingerprint: Fingerprints,
    /// What is wrong with it as a camera's picture.
    pub flaws: Flaws,
}

/// Looks at a JPEG, PNG or WebP.
///
/// # Errors
/// [`EvidenceError::NotDecoded`] for what else may be stored, [`EvidenceError::Type`], [`EvidenceError::TooManyPixels`],
/// [`EvidenceError::Picture`].
pub fn look(bytes: &[u8]) -> Result<Look, EvidenceError> {
    let (picture, orientation) = decode(bytes)?;
    let (width, height) = shown(&picture, orientation);
    let reduced = reduced(picture, LOOKED_AT_PIXELS);
    Ok(Look { width, height, fingerprint: Fingerprints::of(&reduced), flaws: Flaws::of(&reduced) })
}

/// A picture's pixels as they are stored, and how to turn them to show it.
pub(crate) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), EvidenceError> {
    let unreadable = |error: image::ImageError| EvidenceError::Picture(error.to_string());
    let format = match MediaType::of(bytes)? {
        MediaType::Jpeg => image::ImageFormat::Jpeg,
        MediaType::Png => image::ImageFormat::Png,
        MediaType::Webp => image::ImageFormat::WebP,
        other => return Err(EvidenceError::NotDecoded(other.mime())),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MOST_PIXELS * 4);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    Limits::default().check_pixels(width.into(), height.into())?;
    // A turn that cannot be read is none: cameras write all sorts of things.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    Ok((picture, orientation))
}

/// The picture at a longest side of at most `longest` pixels, by averaging; never larger than it was.
pub(crate) fn reduced(picture: DynamicImage, longest: u32) -> DynamicImage {
    if picture.width().max(picture.height()) <= longest {
        return picture;
    }
    picture.thumbnail(longest, longest)
}

fn shown(picture: &DynamicImage, orientation: Orientation) -> (u32, u32) {
    let (width, height) = (picture.width(), picture.height());
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
        _ => (width, height),
    }
}
