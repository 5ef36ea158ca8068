//! What is wrong with a camera's picture: black, covered, blurred. Each flaw is a number beside its threshold, so that
//! a person can see how close it was; it must never be more than a hint.
//!
//! Cameras write a clock into the picture. So every number leaves out the share of the picture a clock may take: a lens
//! cap behind a bright, sharp clock is still black, covered, or blurred.

use image::{DynamicImage, GrayImage, RgbImage};

/// Black: when all but the brightest twentieth is darker than this, of 255.
pub const BLACK_BELOW: f32 = 28.0;
/// Covered: when the middle four fifths of each colour lie within this, of 255, at the coarse scale.
pub const COVERED_BELOW: f32 = 16.0;
/// Blurred: when the steepest step between neighbouring pixels is this share of the contrast around it, in the middle one
/// of the blocks that have contrast; a sharp edge takes half of its contrast in one step.
pub const BLURRED_BELOW: f32 = 0.29;

/// The side, in pixels, of the blocks whose edges are measured.
const BLOCK: u32 = 16;
/// The contrast, of 255, below which a block has no edge to measure.
const CONTRAST: u8 = 32;
/// The fewest blocks with contrast from which sharpness is told.
const FEWEST_BLOCKS: usize = 12;
/// The longest side at which colours are compared: noise and texture are gone there, things are not.
const COARSE: u32 = 48;

/// A number that was measured, beside its threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// What was measured.
    pub number: f32,
    /// Below this the flaw is found.
    pub threshold: f32,
    /// Whether the flaw is found. A black picture is not called covered, nor either of them blurred.
    pub found: bool,
}

/// The flaws of a camera's picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flaws {
    /// Black: the brightness, 0–255, below which 95 % of the picture lies.
    pub black: Measure,
    /// Covered or blind: the range, 0–255, in which the middle 80 % of its colours lie.
    pub covered: Measure,
    /// Blurred: sharpness, 0–1; a picture with nothing to measure counts as 1.
    pub blurred: Measure,
}

impl Flaws {
    pub(super) fn of(reduced: &DynamicImage) -> Self {
        let grey = reduced.to_luma8();
        let black = measure(brightness(&grey), BLACK_BELOW, true);
        let covered = measure(range(reduced), COVERED_BELOW, !black.found);
        let blurred = measure(sharpness(&grey), BLURRED_BELOW, !black.found && !covered.found);
        Self { black, covered, blurred }
    }

    /// Whether nothing is wrong.
    pub fn none(&self) -> bool {
        !self.black.found && !self.covered.found && !self.blurred.found
    }
}

fn measure(number: f32, threshold: f32, asked: bool) -> Measure {
    Measure { number, threshold, found: asked && number < threshold }
}

fn brightness(grey: &GrayImage) -> f32 {
    at_share(grey.as_raw().clone(), 0.95).into()
}

fn range(reduced: &DynamicImage) -> f32 {
    let coarse: RgbImage = super::reduced(reduced.clone(), COARSE).to_rgb8();
    let spread = |channel: usize| {
        let values: Vec<u8> = coarse.pixels().map(|pixel| pixel.0[channel]).collect();
        f32::from(at_share(values.clone(), 0.9)) - f32::from(at_share(values, 0.1))
    };
    (0..3).map(spread).fold(0.0, f32::max)
}

/// The value below which this share of the values lies.
fn at_share(mut values: Vec<u8>, share: f32) -> u8 {
    if values.is_empty() {
        return 0;
    }
    let place = ((values.len() - 1) as f32 * share) as usize;
    *values.select_nth_unstable(place).1
}

fn sharpness(grey: &GrayImage) -> f32 {
    let calm = smoothed(grey);
    let (width, height) = calm.dimensions();
    let mut shares = Vec::new();
    for top in (0..height.saturating_sub(BLOCK)).step_by(BLOCK as usize) {
        for left in (0..width.saturating_sub(BLOCK)).step_by(BLOCK as usize) {
            shares.extend(steepness(&calm, left, top));
        }
    }
    if shares.len() < FEWEST_BLOCKS {
        return 1.0;
    }
    let middle = shares.len() / 2;
    *shares.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// The steepest step of a block as a share of its contrast, when it has any.
fn steepness(calm: &GrayImage, left: u32, top: u32) -> Option<f32> {
    let (mut low, mut high, mut step) = (u8::MAX, 0, 0);
    for y in top..top + BLOCK {
        for x in left..left + BLOCK {
            let here = calm.get_pixel(x, y).0[0];
            low = low.min(here);
            high = high.max(here);
            let across = calm.get_pixel(x + 1, y).0[0].abs_diff(here);
            let down = calm.get_pixel(x, y + 1).0[0].abs_diff(here);
            step = step.max(across).max(down);
        }
    }
    let contrast = high - low;
    (contrast >= CONTRAST).then(|| (f32::from(step) / f32::from(contrast)).min(1.0))
}

/// Each pixel with its neighbours in the weights 1 2 1 both ways: takes most of the noise of a sensor and little of an
/// edge.
fn smoothed(grey: &GrayImage) -> GrayImage {
    let (width, height) = grey.dimensions();
    let at = |x: u32, y: u32| u32::from(grey.get_pixel(x.min(width - 1), y.min(height - 1)).0[0]);
    let across = |x: u32, y: u32| at(x.saturating_sub(1), y) + 2 * at(x, y) + at(x + 1, y);
    GrayImage::from_fn(width, height, |x, y| {
        let sum = across(x, y.saturating_sub(1)) + 2 * across(x, y) + across(x, y + 1);
        image::Luma([((sum + 8) / 16) as u8])
    })
}
