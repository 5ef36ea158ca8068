//! Whether a camera gives the same picture again: the same bytes, or the same frame compressed anew. It must never go
//! by a fingerprint: an unchanged hall gives a near one every day, and only its clock and its noise are new.
//!
//! Two compressions of one frame differ by no more than half a step of each in any frequency of any block; the steps
//! are in the files. Noise of another moment goes beyond that in many blocks, a clock that moved on in a few blocks by
//! far.

use std::f32::consts::PI;

use image::RgbImage;

use super::quantised::{LOWEST, Steps, steps};
use crate::error::EvidenceError;

/// A block is changed when its pixels differ by more than this on average, of 255: a digit of a clock does that,
/// compression does not.
pub const CHANGED_BLOCK: f32 = 26.0;
/// The share of blocks that rounding does not explain from which the noise is that of another moment.
pub const FRESH_BLOCKS: f32 = 0.05;

const SIDE: usize = 8;
/// What decoding rounds, to whole brightness and colours, can add to a frequency.
const ROUNDING: f32 = 2.5;

/// How two pictures of one camera compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Whether the later is the earlier again.
    pub frozen: bool,
    /// Whether the files are the same, byte by byte.
    pub identical: bool,
    /// Blocks of 8 × 8 pixels that show something else; a picture of another size counts as one changed block.
    pub changed_blocks: u32,
    /// The share, 0–1, of the blocks whose difference rounding does not explain.
    pub fresh_share: f32,
}

/// Whether `now` is `earlier` again. Frames compressed anew are recognised at the same size, JPEG from JPEG or PNG.
///
/// # Errors
/// As [`super::look`].
pub fn frozen(earlier: &[u8], now: &[u8]) -> Result<Likeness, EvidenceError> {
    let same = Likeness { frozen: true, identical: true, changed_blocks: 0, fresh_share: 0.0 };
    let other = Likeness { frozen: false, identical: false, changed_blocks: 1, fresh_share: 0.0 };
    let later = super::decode(now)?.0.to_rgb8();
    if earlier == now {
        return Ok(same);
    }
    let before = super::decode(earlier)?.0.to_rgb8();
    if before.dimensions() != later.dimensions() {
        return Ok(other);
    }
    Ok(compare(&before, &later, &tolerance(&steps(earlier), &steps(now))))
}

/// How far a frequency of one frame may lie apart in two compressions. With equal steps both rounded to the same
/// multiple, so less than half a step is all there can be.
fn tolerance(one: &Steps, two: &Steps) -> Steps {
    std::array::from_fn(|index| {
        let (one, two) = (one[index], two[index]);
        let apart = if (one - two).abs() < 0.5 { one / 2.0 } else { f32::midpoint(one, two) };
        apart + ROUNDING
    })
}

fn compare(before: &RgbImage, later: &RgbImage, tolerance: &Steps) -> Likeness {
    let waves = waves();
    let (mut changed_blocks, mut fresh, mut seen) = (0, 0_u32, 0_u32);
    let (across, down) = (before.width() as usize / SIDE, before.height() as usize / SIDE);
    for block in 0..across * down {
        let difference = Difference::of(before, later, block % across * SIDE, block / across * SIDE);
        changed_blocks += u32::from(difference.mean() > CHANGED_BLOCK);
        // Where a colour is at its end, decoding cut it off, by how much nobody knows.
        if !difference.cut_off {
            seen += 1;
            fresh += u32::from(difference.goes_beyond(tolerance, &waves));
        }
    }
    let fresh_share = fresh as f32 / seen.max(1) as f32;
    let frozen = changed_blocks == 0 && fresh_share < FRESH_BLOCKS;
    Likeness { frozen, identical: false, changed_blocks, fresh_share }
}

/// By how much the brightness of one block differs.
struct Difference {
    pixels: [[f32; SIDE]; SIDE],
    cut_off: bool,
}

impl Difference {
    fn of(before: &RgbImage, later: &RgbImage, left: usize, top: usize) -> Self {
        let mut pixels = [[0.0; SIDE]; SIDE];
        let mut cut_off = false;
        for (y, row) in pixels.iter_mut().enumerate() {
            for (x, slot) in row.iter_mut().enumerate() {
                let at = ((left + x) as u32, (top + y) as u32);
                let (one, two) = (before.get_pixel(at.0, at.1).0, later.get_pixel(at.0, at.1).0);
                *slot = brightness(two) - brightness(one);
                cut_off |= one.iter().chain(&two).any(|value| matches!(value, 0 | 255));
            }
        }
        Self { pixels, cut_off }
    }

    fn mean(&self) -> f32 {
        self.pixels.iter().flatten().map(|value| value.abs()).sum::<f32>() / (SIDE * SIDE) as f32
    }

    fn goes_beyond(&self, tolerance: &Steps, waves: &[[f32; SIDE]; 4]) -> bool {
        let rows: [[f32; 4]; SIDE] = std::array::from_fn(|y| {
            std::array::from_fn(|wave| self.pixels[y].iter().zip(&waves[wave]).map(|(a, b)| a * b).sum())
        });
        LOWEST.iter().zip(tolerance).any(|(&(down, across), bound)| {
            let part: f32 = rows.iter().zip(&waves[down]).map(|(row, weight)| row[across] * weight).sum();
            part.abs() > *bound
        })
    }
}

/// Brightness as JPEG has it, so that its own rounding is what is compared.
fn brightness([red, green, blue]: [u8; 3]) -> f32 {
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
}

/// The lowest waves of JPEG's cosine transform.
fn waves() -> [[f32; SIDE]; 4] {
    std::array::from_fn(|wave| {
        let scale = if wave == 0 { (1.0 / 8.0_f32).sqrt() } else { 0.5 };
        std::array::from_fn(|at| scale * (PI / 16.0 * wave as f32 * (2 * at + 1) as f32).cos())
    })
}
