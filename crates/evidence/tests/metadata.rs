//! Time and place stay with the original and are gone from the copy that is shown; rubbish is read as nothing.

mod drawn;

use drawn::{hall, jpeg, pixels};
use farsight_evidence::exif::{TakenAt, TakenPlace, read};
use farsight_evidence::safe_copy;
use jiff::civil::date;
use jiff::tz::offset;
use proptest::prelude::*;

/// One entry of a TIFF directory: tag, type, count, value or where it lies.
fn entry(tag: u16, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
}

fn directory(entries: &[Vec<u8>]) -> Vec<u8> {
    [&(entries.len() as u16).to_be_bytes()[..], &entries.concat(), &[0; 4]].concat()
}

fn rationals(parts: [(u32, u32); 3]) -> Vec<u8> {
    parts.iter().flat_map(|(over, under)| [over.to_be_bytes(), under.to_be_bytes()].concat()).collect()
}

/// An EXIF segment, written by hand: turned a quarter, taken in Chongqing on 5 March 2026 at 14:30:05 +08:00.
fn segment() -> Vec<u8> {
    let main_at = 8;
    let shot_at = main_at + 2 + 3 * 12 + 4;
    let place_at = shot_at + 2 + 2 * 12 + 4;
    let values_at = place_at + 2 + 4 * 12 + 4;
    let (time_at, offset_at) = (values_at, values_at + 20);
    let (north_at, east_at) = (offset_at + 8, offset_at + 8 + 24);
    let at = |place: u32| place.to_be_bytes();
    let tiff = [
        b"MM\0\x2a\0\0\0\x08".to_vec(),
        directory(&[
            entry(0x0112, 3, 1, [0, 6, 0, 0]),
            entry(0x8769, 4, 1, at(shot_at)),
            entry(0x8825, 4, 1, at(place_at)),
        ]),
        directory(&[entry(0x9003, 2, 20, at(time_at)), entry(0x9011, 2, 7, at(offset_at))]),
        directory(&[
            entry(1, 2, 2, *b"N\0\0\0"),
            entry(2, 5, 3, at(north_at)),
            entry(3, 2, 2, *b"E\0\0\0"),
            entry(4, 5, 3, at(east_at)),
        ]),
        b"2026:03:05 14:30:05\0".to_vec(),
        b"+08:00\0\0".to_vec(),
        rationals([(29, 1), (33, 1), (4680, 100)]),
        rationals([(106, 1), (30, 1), (0, 1)]),
    ]
    .concat();
    let length = (tiff.len() + 8) as u16;
    [b"\xff\xe1".as_slice(), &length.to_be_bytes(), b"Exif\0\0", &tiff].concat()
}

fn with_metadata() -> Vec<u8> {
    let plain = jpeg(&hall(1, 160, 96), 90);
    [&plain[..2], &segment(), &plain[2..]].concat()
}

#[test]
fn the_original_keeps_time_and_place_and_the_copy_has_neither() {
    let original = with_metadata();
    let taken = read(&original);
    let local = date(2026, 3, 5).at(14, 30, 5, 0);
    assert_eq!(taken.at, Some(TakenAt { local, offset: Some(offset(8)) }));
    let TakenPlace { latitude, longitude } = taken.place.unwrap();
    assert!((latitude - 29.563).abs() < 1e-6 && (longitude - 106.5).abs() < 1e-6);

    let copy = safe_copy(&original, 1000).unwrap();
    assert_eq!(read(&copy), farsight_evidence::exif::Taken::default());
    assert!(!copy.windows(4).any(|four| four == b"Exif"), "the copy has an EXIF segment");
    assert!(original.windows(4).any(|four| four == b"Exif"));
}

#[test]
fn the_copy_is_turned_and_small_enough() {
    let original = with_metadata();
    let shown = |longest| pixels(&safe_copy(&original, longest).unwrap()).dimensions();
    assert_eq!(shown(1000), (96, 160));
    assert_eq!(shown(80), (48, 80));
    // Turned a quarter to the right: what was at the lower left is at the upper left.
    let (before, after) = (pixels(&original), pixels(&safe_copy(&original, 1000).unwrap()));
    let (one, two) = (before.get_pixel(4, 91).0, after.get_pixel(4, 4).0);
    assert!(one.iter().zip(two).all(|(a, b)| a.abs_diff(b) < 12), "{one:?} became {two:?}");
}

#[test]
fn what_is_no_picture_has_no_copy() {
    assert_eq!(safe_copy(b"%PDF-1.7", 100).unwrap_err().code(), "evidence_not_decoded");
    assert_eq!(safe_copy(b"<svg/>", 100).unwrap_err().code(), "evidence_type");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn damaged_metadata_never_fails(at in 0_usize..300, byte: u8, cut in 0_usize..400) {
        let mut damaged = with_metadata();
        damaged[at + 2] = byte;
        damaged.truncate(damaged.len().saturating_sub(cut * 8));
        if let Some(place) = read(&damaged).place {
            prop_assert!(place.latitude.abs() <= 90.0 && place.longitude.abs() <= 180.0);
        }
    }
}
