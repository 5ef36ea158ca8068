//! When and where a picture says it was taken. It must never fail on rubbish, nor be believed: whoever sends a picture
//! can write there what they like.

use std::io::Cursor;

use ::exif::{Exif, Field, In, Reader, Tag, Value};
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// What a picture says of itself; what is not there or makes no sense is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Taken {
    /// When.
    pub at: Option<TakenAt>,
    /// Where.
    pub place: Option<TakenPlace>,
}

/// A moment on the camera's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenAt {
    /// Date and time of day, to the second, where the camera was.
    pub local: DateTime,
    /// How far that was from UTC, when the camera says so.
    pub offset: Option<Offset>,
}

/// A place in WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakenPlace {
    /// Degrees north, −90 to 90.
    pub latitude: f64,
    /// Degrees east, −180 to 180.
    pub longitude: f64,
}

/// Reads the EXIF of a JPEG, PNG, WebP or HEIC, as far as it can be read.
pub fn read(bytes: &[u8]) -> Taken {
    let read = Reader::new().continue_on_error(true).read_from_container(&mut Cursor::new(bytes));
    match read.or_else(|error| error.distill_partial_result(|_| ())) {
        Ok(exif) => Taken { at: at(&exif), place: place(&exif) },
        Err(_) => Taken::default(),
    }
}

/// The moment of the shot; a camera that does not know it may still know when it wrote the file.
fn at(exif: &Exif) -> Option<TakenAt> {
    const SOURCES: [(Tag, Tag); 3] = [
        (Tag::DateTimeOriginal, Tag::OffsetTimeOriginal),
        (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized),
        (Tag::DateTime, Tag::OffsetTime),
    ];
    SOURCES.into_iter().find_map(|(time, offset)| {
        let local = date_time(text(exif, time)?)?;
        let offset = text(exif, offset).and_then(offset_of);
        Some(TakenAt { local, offset })
    })
}

fn text(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => lines.first().map(Vec::as_slice),
        _ => None,
    }
}

fn date_time(written: &[u8]) -> Option<DateTime> {
    let read = ::exif::DateTime::from_ascii(written).ok()?;
    let small = |value: u8| i8::try_from(value).ok();
    DateTime::new(
        i16::try_from(read.year).ok()?,
        small(read.month)?,
        small(read.day)?,
        small(read.hour)?,
        small(read.minute)?,
        small(read.second)?,
        0,
    )
    .ok()
    // Cameras that were never set write the year 0.
    .filter(|local| local.year() > 0)
}

/// `+08:00`.
fn offset_of(written: &[u8]) -> Option<Offset> {
    let written = std::str::from_utf8(written).ok()?.trim();
    let (sign, rest) = match written.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, written.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()
}

fn place(exif: &Exif) -> Option<TakenPlace> {
    let latitude = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, b'S', 90.0)?;
    let longitude = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, b'W', 180.0)?;
    // Phones without a fix write zeros; nobody repairs cars in the Gulf of Guinea.
    let nowhere = latitude.abs() < 1e-9 && longitude.abs() < 1e-9;
    (!nowhere).then_some(TakenPlace { latitude, longitude })
}

/// Degrees, minutes and seconds as one number; `negative` is the letter of the south or the west.
fn degrees(exif: &Exif, tag: Tag, side: Tag, negative: u8, most: f64) -> Option<f64> {
    let Field { value: Value::Rational(parts), .. } = exif.get_field(tag, In::PRIMARY)? else { return None };
    let [degrees, minutes, seconds] = parts.as_slice() else { return None };
    let value = degrees.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3600.0;
    let side = text(exif, side)?.first()?.to_ascii_uppercase();
    let value = if side == negative { -value } else { value };
    (value.abs() <= most).then_some(value)
}
