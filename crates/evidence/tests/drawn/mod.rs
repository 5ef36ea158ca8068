//! Drawn service halls: seeded scenes, and what cameras and carelessness do to them. Tests draw what they judge, so
//! they need no picture of anyone.
#![allow(dead_code)] // Each test file uses its own part.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// The random numbers of a seed.
pub(crate) fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn fill(picture: &mut RgbImage, left: u32, top: u32, width: u32, height: u32, colour: [u8; 3]) {
    for y in top..(top + height).min(picture.height()) {
        for x in left..(left + width).min(picture.width()) {
            picture.put_pixel(x, y, Rgb(colour));
        }
    }
}

fn colour(rng: &mut ChaCha8Rng) -> [u8; 3] {
    [rng.random_range(20..235), rng.random_range(20..235), rng.random_range(20..235)]
}

/// A service hall of its own: wall, floor with tiles, lamps, posts, cars with windows and wheels, tool boards.
pub(crate) fn hall(seed: u64, width: u32, height: u32) -> RgbImage {
    let mut rng = seeded(seed);
    let horizon = height * rng.random_range(35..60) / 100;
    let (wall, floor) = (rng.random_range(120..210_u8), rng.random_range(60..150_u8));
    let mut picture = RgbImage::from_fn(width, height, |x, y| {
        let light = (x * 30 / width) as u8;
        if y < horizon {
            Rgb([wall + light, wall + light, wall + light / 2])
        } else {
            Rgb([floor + light; 3])
        }
    });
    for lamp in 0..rng.random_range(2..6) {
        let left = width * lamp / 6 + rng.random_range(0..width / 12);
        fill(&mut picture, left, height / 20, width / 12, height / 40 + 1, [250, 250, 245]);
    }
    for tile in 1..8 {
        fill(
            &mut picture,
            0,
            horizon + (height - horizon) * tile / 8,
            width,
            height / 200 + 1,
            [floor - 30; 3],
        );
    }
    for _ in 0..rng.random_range(2..5) {
        let post = colour(&mut rng);
        fill(&mut picture, rng.random_range(0..width), 0, width / 40 + 2, height * 9 / 10, post);
    }
    for _ in 0..rng.random_range(2..6) {
        car(&mut picture, &mut rng, horizon);
    }
    for _ in 0..rng.random_range(10..30) {
        let tool = colour(&mut rng);
        let (left, top) = (rng.random_range(0..width), rng.random_range(height / 10..horizon));
        let size = rng.random_range(width / 80..width / 25) + 2;
        fill(&mut picture, left, top, size, size * rng.random_range(1..4) / 2 + 1, tool);
    }
    picture
}

fn car(picture: &mut RgbImage, rng: &mut ChaCha8Rng, horizon: u32) {
    let (width, height) = picture.dimensions();
    let body = colour(rng);
    let (long, tall) = (rng.random_range(width / 6..width / 3), rng.random_range(height / 10..height / 5));
    let left = rng.random_range(0..width - long);
    let top = rng.random_range(horizon - tall / 2..height - 2 * tall);
    fill(picture, left, top + tall / 2, long, tall, body);
    fill(picture, left + long / 5, top, long * 3 / 5, tall / 2 + 1, body);
    fill(picture, left + long / 4, top + tall / 8, long / 5, tall / 3, [30, 40, 50]);
    fill(picture, left + long / 2, top + tall / 8, long / 5, tall / 3, [30, 40, 50]);
    for wheel in [long / 6, long * 4 / 6] {
        fill(picture, left + wheel, top + tall * 5 / 4, long / 8, tall / 3, [15, 15, 15]);
    }
}

/// The clock a camera writes into its picture: white digits on black, as tall as a thirtieth of the picture.
pub(crate) fn clock(picture: &mut RgbImage, seconds: u32) {
    const DIGITS: [u16; 10] =
        [0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71111, 0o75757, 0o75717];
    let unit = (picture.height() / 150).max(2);
    let digits = [1, 4, 3, 2, seconds / 600 % 6, seconds / 60 % 10, seconds / 10 % 6, seconds % 10];
    fill(picture, unit, unit, unit * 4 * 8 + unit, unit * 7, [8, 8, 8]);
    for (at, digit) in (0_u32..).zip(digits) {
        for dot in 0..15_u32 {
            if DIGITS[digit as usize] >> (14 - dot) & 1 == 1 {
                let (x, y) = (2 * unit + at * 4 * unit + dot % 3 * unit, 2 * unit + dot / 3 * unit);
                fill(picture, x, y, unit, unit, [245, 245, 245]);
            }
        }
    }
}

/// Noise of a sensor, of about this standard deviation; drawn from a table, for speed.
pub(crate) fn noise(picture: &mut RgbImage, deviation: f32, seed: u64) {
    let mut rng = seeded(seed);
    let table: Vec<i16> = (0..1024)
        .map(|_| (0..4).map(|_| rng.random_range(-1.0..1.0_f32)).sum::<f32>() * deviation * 0.866)
        .map(|value| value.round() as i16)
        .collect();
    let mut state = seed | 1;
    for value in picture.iter_mut() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *value = (i16::from(*value) + table[(state >> 54) as usize]).clamp(0, 255) as u8;
    }
}

/// Each value times `gain`, plus `lift`.
pub(crate) fn relit(picture: &RgbImage, gain: f32, lift: f32) -> RgbImage {
    let mut lit = picture.clone();
    for value in lit.iter_mut() {
        *value = (f32::from(*value) * gain + lift).round().clamp(0.0, 255.0) as u8;
    }
    lit
}

/// Out of focus by this many pixels.
pub(crate) fn unfocused(picture: &RgbImage, pixels: f32) -> RgbImage {
    imageops::fast_blur(picture, pixels)
}

/// Another size.
pub(crate) fn resized(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    imageops::resize(picture, width, height, FilterType::Triangle)
}

/// The picture under one of the eight rotations and mirrorings.
pub(crate) fn turned(picture: &RgbImage, turn: u8) -> RgbImage {
    let mut turned = DynamicImage::ImageRgb8(picture.clone());
    if turn & 4 != 0 {
        turned = turned.fliph();
    }
    match turn & 3 {
        0 => turned,
        1 => turned.rotate90(),
        2 => turned.rotate180(),
        _ => turned.rotate270(),
    }
    .into_rgb8()
}

/// As JPEG.
pub(crate) fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture).expect("a picture in memory");
    bytes
}

/// As PNG.
pub(crate) fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("a picture in memory");
    bytes.into_inner()
}

/// The pixels of a JPEG or PNG again.
pub(crate) fn pixels(bytes: &[u8]) -> RgbImage {
    image::load_from_memory(bytes).expect("a picture of ours").into_rgb8()
}
