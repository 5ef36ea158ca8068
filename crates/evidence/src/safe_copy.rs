//! The copy of a picture that is shown: pixels and nothing else. It must never carry over metadata, nor touch the
//! original.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, RgbImage, RgbaImage};

use crate::error::EvidenceError;
use crate::picture::{decode, reduced};

/// The quality of the copy, as JPEG counts it, 1–100.
const QUALITY: u8 = 85;

/// A JPEG of the picture with at most `longest_side` pixels on its longest side: turned as it is to be shown, on white
/// where it was transparent, without any metadata (place, time, device, thumbnail, colour profile).
///
/// # Errors
/// As [`crate::picture::look`].
pub fn safe_copy(bytes: &[u8], longest_side: u32) -> Result<Vec<u8>, EvidenceError> {
    let (picture, orientation) = decode(bytes)?;
    let mut copy = reduced(picture, longest_side.max(1));
    copy.apply_orientation(orientation);
    let mut written = Vec::new();
    JpegEncoder::new_with_quality(&mut written, QUALITY)
        .encode_image(&opaque(copy))
        .map_err(|error| EvidenceError::Picture(error.to_string()))?;
    Ok(written)
}

fn opaque(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let seen: RgbaImage = picture.into_rgba8();
    RgbImage::from_fn(seen.width(), seen.height(), |x, y| {
        let [red, green, blue, cover] = seen.get_pixel(x, y).0;
        let over_white = |colour: u8| {
            let (colour, cover) = (u32::from(colour), u32::from(cover));
            ((colour * cover + 255 * (255 - cover) + 127) / 255) as u8
        };
        image::Rgb([over_white(red), over_white(green), over_white(blue)])
    })
}
