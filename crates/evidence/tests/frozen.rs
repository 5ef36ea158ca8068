//! A camera that gives the same picture again is found, whatever it was compressed to since; a clock that moved on or
//! another moment's noise make another picture. Seeded: the numbers are the same at every run.

mod drawn;

use drawn::{clock, hall, jpeg, noise, pixels, png};
use farsight_evidence::picture::{FRESH_BLOCKS, frozen};
use image::RgbImage;

fn shot(scene: u64, seconds: u32, deviation: f32, moment: u64) -> RgbImage {
    let mut shot = hall(scene, 320, 240);
    noise(&mut shot, deviation, moment);
    clock(&mut shot, seconds);
    shot
}

#[test]
fn the_same_frame_is_frozen_however_it_was_compressed() {
    for scene in 0..3 {
        let frame = shot(scene, 100, 3.0, scene);
        for earlier in [40, 75, 95].map(|quality| jpeg(&frame, quality)) {
            assert!(frozen(&earlier, &earlier).unwrap().identical);
            let again = png(&pixels(&earlier));
            assert!(frozen(&earlier, &again).unwrap().frozen, "as PNG");
            for quality in [40, 60, 95] {
                for now in [jpeg(&frame, quality), jpeg(&pixels(&earlier), quality)] {
                    let likeness = frozen(&earlier, &now).unwrap();
                    assert!(likeness.frozen, "scene {scene} at {quality}: {likeness:?}");
                }
            }
        }
    }
}

#[test]
fn noise_of_another_moment_is_another_picture() {
    for scene in 0..3 {
        for (deviation, quality) in [(3.0, 75), (3.0, 95), (5.0, 60), (2.0, 90)] {
            let earlier = jpeg(&shot(scene, 100, deviation, 1), quality);
            let now = jpeg(&shot(scene, 100, deviation, 2), quality);
            let likeness = frozen(&earlier, &now).unwrap();
            assert!(
                likeness.fresh_share > FRESH_BLOCKS,
                "scene {scene}, {deviation} at {quality}: {likeness:?}"
            );
            assert!(!likeness.frozen);
        }
    }
}

#[test]
fn a_clock_that_moved_on_by_a_second_is_another_picture() {
    for scene in 0..3 {
        for quality in [40, 75, 95] {
            // Without any noise: only the clock tells.
            let earlier = jpeg(&shot(scene, 100, 0.0, 1), quality);
            let likeness = frozen(&earlier, &jpeg(&shot(scene, 101, 0.0, 1), quality)).unwrap();
            assert!(
                likeness.changed_blocks > 0 && !likeness.frozen,
                "scene {scene} at {quality}: {likeness:?}"
            );
        }
    }
}

#[test]
fn another_size_is_another_picture_and_rubbish_is_none() {
    let earlier = png(&hall(1, 320, 240));
    assert!(!frozen(&earlier, &png(&hall(1, 320, 248))).unwrap().frozen);
    assert_eq!(frozen(&earlier, b"\xff\xd8\xff\xe0 broken").unwrap_err().code(), "evidence_picture");
}
