//! Writing in pictures, as cameras burn it in: a bitmap font, enlarged, light with a dark edge.
//!
//! This file must never lay out more than one line.

use font8x8::{BASIC_FONTS, UnicodeFonts as _};
use tiny_skia::{Color, Paint, Pixmap, Rect, Transform};

/// Writes a line with its upper left corner at a point; a sign the font does not have is left blank.
pub(super) fn write(canvas: &mut Pixmap, text: &str, (x, y): (f32, f32), size: f32, color: Color) {
    for (at, sign) in text.chars().enumerate() {
        let left = x + at as f32 * 8.0 * size;
        for (row, bits) in BASIC_FONTS.get(sign).unwrap_or_default().into_iter().enumerate() {
            for column in (0..8).filter(|column| bits & (1 << column) != 0) {
                dot(canvas, left + column as f32 * size, y + row as f32 * size, size, color);
            }
        }
    }
}

/// Writes a line that can be read on any ground.
pub(super) fn burn_in(canvas: &mut Pixmap, text: &str, (x, y): (f32, f32), size: f32) {
    let edge = size * 0.6;
    for (dx, dy) in [(-edge, 0.0), (edge, 0.0), (0.0, -edge), (0.0, edge)] {
        write(canvas, text, (x + dx, y + dy), size, Color::BLACK);
    }
    write(canvas, text, (x, y), size, Color::WHITE);
}

/// How wide a line of so many signs is.
pub(super) fn width(text: &str, size: f32) -> f32 {
    text.chars().count() as f32 * 8.0 * size
}

fn dot(canvas: &mut Pixmap, x: f32, y: f32, size: f32, color: Color) {
    let mut paint = Paint::default();
    paint.set_color(color);
    if let Some(rect) = Rect::from_xywh(x, y, size, size) {
        canvas.fill_rect(rect, &paint, Transform::identity(), None);
    }
}
