//! From a hall to a camera's JPEG: focus, cover, burnt-in name and time, the sensor's noise.
//!
//! The same camera, view, time and frame give the same bytes; this file must never draw on anything else.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use jiff::civil::DateTime;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Color, FilterQuality, Pixmap, PixmapPaint, Transform};

use super::SceneCamera;
use super::paint::{Brush, rgb};
use super::{hall, letters};

pub(super) const WIDTH: u32 = 1280;
pub(super) const HEIGHT: u32 = 720;

const QUALITY: u8 = 82;
/// How often the blur halves the picture: what is left is 40 pixels wide.
const BLUR_HALVINGS: u32 = 5;

/// What a camera's lens sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The hall.
    Clear,
    /// Nothing.
    Black,
    /// The hall, far out of focus.
    Blurred,
    /// Something close before the lens.
    Covered,
}

/// Draws a camera's picture at a time, 1280×720 JPEG; `frame` makes the noise of two pictures differ.
pub fn draw(camera: &SceneCamera, view: View, at: DateTime, frame: u32) -> Vec<u8> {
    let Some(mut canvas) = Pixmap::new(WIDTH, HEIGHT) else { return Vec::new() };
    match view {
        View::Clear => hall::paint(&mut canvas, camera, at),
        View::Black => canvas.fill(rgb([2, 2, 3])),
        View::Covered => cover(&mut canvas, camera),
        View::Blurred => {
            hall::paint(&mut canvas, camera, at);
            blur(&mut canvas);
        }
    }
    letters::burn_in(&mut canvas, &camera.name, (24.0, 20.0), 3.0);
    let time = at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let right = WIDTH as f32 - 24.0 - letters::width(&time, 3.0);
    letters::burn_in(&mut canvas, &time, (right, HEIGHT as f32 - 44.0), 3.0);
    let noise = if view == View::Black { 1 } else { 3 };
    encode(&grainy(&canvas, camera.seed ^ u64::from(frame).rotate_left(32), noise))
}

fn cover(canvas: &mut Pixmap, camera: &SceneCamera) {
    let warm = (camera.seed % 24) as u8;
    let mut brush = Brush { canvas };
    let all = (0.0, 0.0, WIDTH as f32, HEIGHT as f32);
    brush.fade(all, rgb([70 + warm, 58, 50]), rgb([84 + warm, 70, 58]));
}

/// Halves the picture until little is left and draws that large again.
fn blur(canvas: &mut Pixmap) {
    let mut small = canvas.clone();
    for _ in 0..BLUR_HALVINGS {
        small = scaled(&small, 0.5).unwrap_or(small);
    }
    let back = WIDTH as f32 / small.width() as f32;
    let paint = PixmapPaint { quality: FilterQuality::Bicubic, ..PixmapPaint::default() };
    // The edge of the enlarged picture is thin; black behind it would be a frame no lens has.
    canvas.fill(Color::from_rgba8(130, 134, 136, 255));
    canvas.draw_pixmap(0, 0, small.as_ref(), &paint, Transform::from_scale(back, back), None);
}

fn scaled(source: &Pixmap, by: f32) -> Option<Pixmap> {
    let mut target = Pixmap::new((source.width() as f32 * by) as u32, (source.height() as f32 * by) as u32)?;
    let paint = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
    target.draw_pixmap(0, 0, source.as_ref(), &paint, Transform::from_scale(by, by), None);
    Some(target)
}

/// The picture's colours with a little light noise, as a sensor has it: two random sums for each pixel.
fn grainy(canvas: &Pixmap, seed: u64, strength: i16) -> Vec<u8> {
    let mut grain = vec![0; canvas.data().len() / 2];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut grain);
    let mut colors = Vec::with_capacity(canvas.data().len() / 4 * 3);
    for (pixel, grain) in canvas.data().chunks_exact(4).zip(grain.chunks_exact(2)) {
        let sum = i16::from(grain[0] & 15)
            + i16::from(grain[0] >> 4)
            + i16::from(grain[1] & 15)
            + i16::from(grain[1] >> 4);
        let light = (sum - 30) * strength / 8;
        colors.extend(pixel[..3].iter().map(|part| (i16::from(*part) + light).clamp(0, 255) as u8));
    }
    colors
}

fn encode(colors: &[u8]) -> Vec<u8> {
    let mut jpeg = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode(
        colors,
        WIDTH,
        HEIGHT,
        ExtendedColorType::Rgb8,
    );
    debug_assert!(encoded.is_ok(), "a picture of known size in memory");
    jpeg
}
