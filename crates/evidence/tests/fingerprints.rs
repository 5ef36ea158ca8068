//! How well a fingerprint finds a picture again, and how seldom another: the ground for `NEAR_BITS`. Seeded: the rates
//! are the same at every run.

mod drawn;

use drawn::{clock, hall, jpeg, noise, relit, resized, turned};
use farsight_evidence::picture::{Fingerprints, NEAR_BITS, look};
use image::RgbImage;

const SCENES: u64 = 24;

fn fingerprint(picture: &RgbImage, quality: u8) -> Fingerprints {
    look(&jpeg(picture, quality)).unwrap().fingerprint
}

fn scene(seed: u64) -> RgbImage {
    hall(seed, 320, 240)
}

/// How many scenes are not found again after the change.
fn missed(change: impl Fn(&RgbImage, u64) -> RgbImage, quality: u8) -> usize {
    (0..SCENES)
        .filter(|&seed| {
            let before = scene(seed);
            !fingerprint(&before, 85).near(&fingerprint(&change(&before, seed), quality))
        })
        .count()
}

#[test]
fn a_picture_is_found_again_under_all_eight_turns() {
    for turn in 0..8 {
        assert_eq!(missed(|picture, _| turned(picture, turn), 40), 0, "turn {turn}");
    }
    assert_eq!(missed(|picture, _| resized(&turned(picture, 5), 150, 200), 60), 0, "turned and smaller");
}

#[test]
fn a_picture_is_found_again_after_what_happens_to_pictures() {
    let noisy = |picture: &RgbImage, seed: u64| {
        let mut noisy = picture.clone();
        noise(&mut noisy, 8.0, seed);
        noisy
    };
    let stamped = |picture: &RgbImage, seed: u64| {
        let mut stamped = picture.clone();
        clock(&mut stamped, seed as u32);
        stamped
    };
    assert_eq!(missed(|picture, _| picture.clone(), 40), 0, "compressed");
    assert_eq!(missed(noisy, 40), 0, "noise");
    assert_eq!(missed(|picture, _| resized(picture, 160, 120), 60), 0, "half");
    assert_eq!(missed(|picture, _| resized(picture, 640, 480), 60), 0, "double");
    assert_eq!(missed(|picture, _| resized(picture, 320, 180), 80), 0, "squeezed");
    assert_eq!(missed(|picture, _| relit(picture, 0.5, 0.0), 60), 0, "darker");
    assert_eq!(missed(|picture, _| relit(picture, 1.1, 10.0), 60), 0, "lighter");
    // A clock written over a tenth of so small a picture is a change: a fifth of them are not found again.
    assert!(missed(stamped, 80) <= 6, "a clock");
}

#[test]
fn another_picture_is_not_near() {
    let all: Vec<Fingerprints> = (0..60).map(|seed| fingerprint(&scene(seed), 85)).collect();
    let pairs =
        all.iter().enumerate().flat_map(|(at, one)| all[..at].iter().map(move |two| one.distance(two)));
    let nearest = pairs.min().unwrap();
    assert!(nearest > NEAR_BITS, "two of 1770 pairs of halls are {nearest} bits apart");
}
