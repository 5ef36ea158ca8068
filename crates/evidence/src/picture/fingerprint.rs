//! A fingerprint that survives scaling, compression and brightness, and finds a picture again that was turned or
//! mirrored. It must never be taken for proof: two pictures of one empty bay are near too.
//!
//! 64 signs of the cosine transform of the picture at 32 × 32 (coefficients 1–8 each way, so neither brightness nor a
//! light that falls from one side sets a bit). Turning or mirroring the picture transposes those coefficients and flips
//! known signs, so the other seven fingerprints follow from the first without touching a pixel.

use std::f32::consts::PI;

use image::DynamicImage;
use image::imageops::FilterType;

/// How many of 64 bits two fingerprints of one picture may differ in. Measured in `tests/fingerprints.rs`.
pub const NEAR_BITS: u32 = 10;

const SIDE: usize = 32;
const KEPT: usize = 8;

/// The fingerprints of a picture under the eight rotations and mirrorings; the first is that of the picture as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprints([u64; 8]);

impl Fingerprints {
    pub(super) fn of(picture: &DynamicImage) -> Self {
        let side = SIDE as u32;
        let grey = picture.resize_exact(side, side, FilterType::Triangle).to_luma8();
        let pixels: Vec<f32> = grey.as_raw().iter().map(|&value| f32::from(value)).collect();
        Self::from_first(signs(&pixels))
    }

    /// All eight from the first, as kept in a database.
    pub fn from_first(first: u64) -> Self {
        let mut all = [0; 8];
        for (turn, slot) in all.iter_mut().enumerate() {
            let turned = if turn & 4 == 0 { first } else { transposed(first) };
            *slot = turned
                ^ if turn & 1 == 0 { 0 } else { ODD_COLUMNS }
                ^ if turn & 2 == 0 { 0 } else { ODD_ROWS };
        }
        Self(all)
    }

    /// That of the picture as it is: what to keep.
    pub const fn first(&self) -> u64 {
        self.0[0]
    }

    /// All eight: what to look for among those that are kept.
    pub const fn all(&self) -> &[u64; 8] {
        &self.0
    }

    /// In how many bits the two pictures differ, turned and mirrored so that they differ least; 0–64.
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().map(|turned| (turned ^ other.first()).count_ones()).min().unwrap_or(u64::BITS)
    }

    /// Whether the two may be one picture: within [`NEAR_BITS`].
    pub fn near(&self, other: &Self) -> bool {
        self.distance(other) <= NEAR_BITS
    }
}

/// Coefficient (row, column) has bit `row * 8 + column`; both count from 1 in the transform, so the signs that a
/// mirroring flips are those of even bit columns or rows: frequencies 1, 3, 5, 7.
const ODD_COLUMNS: u64 = 0x5555_5555_5555_5555;
const ODD_ROWS: u64 = 0x00ff_00ff_00ff_00ff;

fn transposed(bits: u64) -> u64 {
    let mut turned = 0;
    for bit in 0..64 {
        let (row, column) = (bit / 8, bit % 8);
        turned |= (bits >> bit & 1) << (column * 8 + row);
    }
    turned
}

fn signs(pixels: &[f32]) -> u64 {
    let rows: Vec<[f32; KEPT]> = pixels.chunks_exact(SIDE).map(frequencies).collect();
    let mut bits = 0;
    for column in 0..KEPT {
        let along: Vec<f32> = rows.iter().map(|row| row[column]).collect();
        for (row, value) in frequencies(&along).into_iter().enumerate() {
            bits |= u64::from(value > 0.0) << (row * KEPT + column);
        }
    }
    bits
}

/// The cosine transform of a line, frequencies 1–8.
fn frequencies(line: &[f32]) -> [f32; KEPT] {
    let mut found = [0.0; KEPT];
    for (index, slot) in found.iter_mut().enumerate() {
        let step = PI / SIDE as f32 * (index + 1) as f32;
        *slot = line.iter().zip(0_u8..).map(|(value, at)| value * (step * (f32::from(at) + 0.5)).cos()).sum();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eight_follow_from_the_first() {
        let first = 0x0123_4567_89ab_cdef;
        let all = Fingerprints::from_first(first);
        assert_eq!(all.first(), first);
        let mut apart = all.all().to_vec();
        apart.sort_unstable();
        apart.dedup();
        assert_eq!(apart.len(), 8);
        for turned in all.all() {
            assert_eq!(Fingerprints::from_first(*turned).distance(&all), 0);
        }
    }

    #[test]
    fn a_transposed_transposed_is_itself() {
        assert_eq!(transposed(transposed(0xdead_beef_0bad_f00d)), 0xdead_beef_0bad_f00d);
        assert_eq!(transposed(0xff), 0x0101_0101_0101_0101);
    }
}
