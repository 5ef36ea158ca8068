//! A brush: shapes in colours on a picture, in its own pixels.
//!
//! This file must never know what it paints.

use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder, Pixmap, Point, Rect, SpreadMode,
    Stroke, Transform,
};

/// A picture being painted.
pub(super) struct Brush<'a> {
    pub(super) canvas: &'a mut Pixmap,
}

/// A colour of 8-bit parts.
pub(super) fn rgb([r, g, b]: [u8; 3]) -> Color {
    Color::from_rgba8(r, g, b, 255)
}

/// A colour made lighter (above 1) or darker (below 1).
pub(super) fn shade(color: [u8; 3], by: f32) -> [u8; 3] {
    color.map(|part| (f32::from(part) * by).clamp(0.0, 255.0) as u8)
}

impl Brush<'_> {
    /// A filled shape with these corners.
    pub(super) fn shape(&mut self, corners: &[(f32, f32)], color: Color) {
        let mut path = PathBuilder::new();
        for (at, (x, y)) in corners.iter().enumerate() {
            if at == 0 {
                path.move_to(*x, *y);
            } else {
                path.line_to(*x, *y);
            }
        }
        path.close();
        self.fill(path.finish(), &plain(color));
    }

    /// A filled rectangle.
    pub(super) fn block(&mut self, x: f32, y: f32, width: f32, height: f32, color: [u8; 3]) {
        self.shape(&[(x, y), (x + width, y), (x + width, y + height), (x, y + height)], rgb(color));
    }

    /// A rectangle that runs from one colour above to another below.
    pub(super) fn fade(&mut self, (x, y, width, height): (f32, f32, f32, f32), above: Color, below: Color) {
        let stops = vec![GradientStop::new(0.0, above), GradientStop::new(1.0, below)];
        let (top, bottom) = (Point::from_xy(x, y), Point::from_xy(x, y + height));
        let shader = LinearGradient::new(top, bottom, stops, SpreadMode::Pad, Transform::identity());
        let mut paint = plain(above);
        if let Some(shader) = shader {
            paint.shader = shader;
        }
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.canvas.fill_rect(rect, &paint, Transform::identity(), None);
        }
    }

    /// A filled ellipse round a point.
    pub(super) fn ellipse(&mut self, (x, y): (f32, f32), (rx, ry): (f32, f32), color: Color) {
        let oval = Rect::from_ltrb(x - rx, y - ry, x + rx, y + ry).and_then(PathBuilder::from_oval);
        self.fill(oval, &plain(color));
    }

    /// A line of some width.
    pub(super) fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, color: [u8; 3]) {
        let mut path = PathBuilder::new();
        path.move_to(from.0, from.1);
        path.line_to(to.0, to.1);
        let stroke = Stroke { width, ..Stroke::default() };
        if let Some(path) = path.finish() {
            self.canvas.stroke_path(&path, &plain(rgb(color)), &stroke, Transform::identity(), None);
        }
    }

    fn fill(&mut self, path: Option<Path>, paint: &Paint<'_>) {
        if let Some(path) = path {
            self.canvas.fill_path(&path, paint, FillRule::Winding, Transform::identity(), None);
        }
    }
}

fn plain(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color);
    paint.anti_alias = true;
    paint
}
