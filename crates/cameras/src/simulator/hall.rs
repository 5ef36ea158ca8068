//! The service hall a camera sees: wall, floor, bays, lifts, cars, a mechanic, a reception; from its seed and the hour.
//!
//! This file must never depend on anything but the camera's seed and the time.

use jiff::civil::DateTime;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Color, Pixmap};

use super::SceneCamera;
use super::letters;
use super::paint::{Brush, rgb, shade};
use super::picture::{HEIGHT, WIDTH};

const W: f32 = WIDTH as f32;
const H: f32 = HEIGHT as f32;
const CARS: [[u8; 3]; 8] = [
    [178, 34, 38],
    [38, 72, 140],
    [205, 208, 210],
    [48, 50, 54],
    [232, 232, 226],
    [30, 104, 88],
    [196, 142, 40],
    [110, 116, 124],
];
const LIFTS: [[u8; 3]; 3] = [[30, 90, 170], [190, 40, 36], [222, 160, 22]];
const WALLS: [[u8; 3]; 4] = [[206, 208, 204], [196, 204, 210], [214, 206, 192], [188, 196, 190]];
const STRIPES: [[u8; 3]; 4] = [[26, 84, 150], [170, 32, 40], [40, 120, 70], [70, 70, 76]];

/// What stays as it is in a hall.
struct Plan {
    bays: usize,
    horizon: f32,
    wall: [u8; 3],
    stripe: [u8; 3],
    lift: [u8; 3],
    floor: [u8; 3],
    reception_left: bool,
}

/// Where a bay stands, between its two lines on the floor.
struct Bay {
    left: f32,
    width: f32,
    ground: f32,
}

/// Paints the hall as it is at a time: the cars change every 20 minutes, the mechanic every minute.
pub(super) fn paint(canvas: &mut Pixmap, camera: &SceneCamera, at: DateTime) {
    let mut chance = ChaCha8Rng::seed_from_u64(camera.seed);
    let plan = Plan::of(&mut chance);
    let mut brush = Brush { canvas };
    wall(&mut brush, &plan);
    floor(&mut brush, &plan);
    reception(&mut brush, &plan);
    let third = (at.date().to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |day| day.timestamp().as_second())
        / 86_400)
        * 72
        + i64::from(at.hour()) * 3
        + i64::from(at.minute()) / 20;
    let mut now =
        ChaCha8Rng::seed_from_u64(camera.seed ^ third.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15));
    for number in 0..plan.bays {
        let bay = plan.bay(number);
        occupied(&mut brush, &plan, &bay, &mut now);
    }
    let mut minute = ChaCha8Rng::seed_from_u64(camera.seed.wrapping_add(at.minute().unsigned_abs().into()));
    let step = minute.random_range(0.25..0.8);
    mechanic(&mut brush, (W * step, H * 0.95), H * 0.30);
    foreground(&mut brush, &plan);
}

impl Plan {
    fn of(chance: &mut ChaCha8Rng) -> Self {
        let mut pick = |most: usize| chance.random_range(0..most);
        Self {
            bays: 3 + pick(2),
            horizon: H * (0.40 + 0.02 * pick(4) as f32),
            wall: WALLS[pick(WALLS.len())],
            stripe: STRIPES[pick(STRIPES.len())],
            lift: LIFTS[pick(LIFTS.len())],
            floor: [[128, 132, 132], [112, 122, 126], [138, 132, 122]][pick(3)],
            reception_left: pick(2) == 0,
        }
    }

    /// The bays share the width that the reception leaves.
    fn bay(&self, number: usize) -> Bay {
        let desk = W * 0.2;
        let from = if self.reception_left { desk } else { 0.0 };
        let width = (W - desk) / self.bays as f32;
        Bay { left: from + number as f32 * width, width, ground: self.horizon + (H - self.horizon) * 0.42 }
    }
}

fn wall(brush: &mut Brush<'_>, plan: &Plan) {
    brush.fade((0.0, 0.0, W, plan.horizon), rgb(shade(plan.wall, 0.7)), rgb(plan.wall));
    brush.fade((0.0, 0.0, W, H * 0.1), rgb([74, 78, 84]), rgb([98, 102, 106]));
    for truss in 0..8 {
        let x = truss as f32 * W / 7.0;
        brush.line((x, 0.0), (x - 46.0, H * 0.1), 5.0, [58, 60, 66]);
        brush.line((x - 92.0, 0.0), (x - 46.0, H * 0.1), 5.0, [58, 60, 66]);
    }
    brush.line((0.0, H * 0.1), (W, H * 0.1), 7.0, [64, 66, 72]);
    brush.block(0.0, plan.horizon - 50.0, W, 14.0, plan.stripe);
    brush.block(0.0, plan.horizon - 8.0, W, 8.0, shade(plan.wall, 0.45));
    for number in 0..plan.bays {
        door(brush, plan, &plan.bay(number), number);
    }
}

/// A roll-up door behind a bay, its number above it and a lamp before it.
fn door(brush: &mut Brush<'_>, plan: &Plan, bay: &Bay, number: usize) {
    let (x, width) = (bay.left + bay.width * 0.14, bay.width * 0.72);
    let (top, bottom) = (H * 0.19, plan.horizon);
    brush.block(x - 6.0, top - 6.0, width + 12.0, bottom - top + 6.0, shade(plan.wall, 0.6));
    brush.block(x, top, width, bottom - top, [172, 180, 184]);
    let mut y = top + 14.0;
    while y < bottom {
        brush.line((x, y), (x + width, y), 2.0, [142, 150, 156]);
        y += 14.0;
    }
    for pane in 0..3 {
        let pane_x = x + width * (0.1 + 0.28 * pane as f32);
        brush.fade((pane_x, top + 34.0, width * 0.22, 24.0), rgb([220, 236, 246]), rgb([186, 208, 222]));
    }
    let sign = format!("{}", number + 1);
    let middle = bay.left + bay.width / 2.0;
    brush.block(middle - 20.0, H * 0.125, 40.0, 34.0, plan.stripe);
    letters::write(brush.canvas, &sign, (middle - 12.0, H * 0.125 + 5.0), 3.0, Color::WHITE);
    brush.block(bay.left + bay.width * 0.3, H * 0.072, bay.width * 0.4, 9.0, [250, 250, 240]);
}

fn floor(brush: &mut Brush<'_>, plan: &Plan) {
    let depth = H - plan.horizon;
    brush.fade((0.0, plan.horizon, W, depth), rgb(shade(plan.floor, 0.82)), rgb(shade(plan.floor, 1.12)));
    // A polished floor gives back the doors, faintly.
    for number in 0..plan.bays {
        let bay = plan.bay(number);
        let gleam = (bay.left + bay.width * 0.2, plan.horizon, bay.width * 0.6, depth * 0.5);
        brush.fade(gleam, Color::from_rgba8(235, 240, 245, 60), Color::from_rgba8(235, 240, 245, 0));
    }
    for border in 0..=plan.bays {
        let x = plan.bay(0).left + border as f32 * plan.bay(0).width;
        let foot = W / 2.0 + (x - W / 2.0) * 1.3;
        let end = plan.horizon + depth * 0.62;
        brush.shape(
            &[(x - 3.0, plan.horizon), (x + 3.0, plan.horizon), (foot + 8.0, end), (foot - 8.0, end)],
            rgb([214, 182, 40]),
        );
    }
    let aisle = plan.horizon + depth * 0.62;
    brush.block(0.0, aisle, W, 12.0, [214, 182, 40]);
    for dash in 0..9 {
        brush.block(dash as f32 * 160.0 + 30.0, aisle + 92.0, 80.0, 9.0, [224, 226, 224]);
    }
}

/// The desk customers come to, with a screen, a plant and a sign.
fn reception(brush: &mut Brush<'_>, plan: &Plan) {
    let left = if plan.reception_left { 0.0 } else { W * 0.8 };
    let (width, top) = (W * 0.2, plan.horizon);
    brush.fade((left, H * 0.1, width, top - H * 0.1), rgb([226, 218, 202]), rgb([240, 234, 220]));
    brush.block(left, top - 8.0, width, 8.0, [120, 104, 84]);
    brush.block(left + 30.0, H * 0.16, width - 60.0, 40.0, plan.stripe);
    let sign = "SERVICE";
    let text = left + (width - letters::width(sign, 3.0)) / 2.0;
    letters::write(brush.canvas, sign, (text, H * 0.16 + 8.0), 3.0, Color::WHITE);
    brush.fade((left + 40.0, H * 0.26, width - 80.0, 66.0), rgb([34, 44, 58]), rgb([60, 84, 110]));
    brush.ellipse((left + width * 0.5, top - 44.0), (15.0, 18.0), rgb([206, 164, 134]));
    brush.ellipse((left + width * 0.5, top - 54.0), (16.0, 12.0), rgb([40, 32, 30]));
    brush.fade((left + width * 0.5 - 28.0, top - 26.0, 56.0, 40.0), rgb([52, 66, 96]), rgb([40, 52, 78]));
    brush.block(left + 22.0, top + 6.0, width - 44.0, 12.0, [236, 236, 232]);
    brush.fade((left + 30.0, top + 18.0, width - 60.0, 84.0), rgb([150, 112, 74]), rgb([112, 80, 52]));
    brush.block(left + 48.0, top - 34.0, 54.0, 36.0, [30, 32, 36]);
    brush.block(left + 52.0, top - 30.0, 46.0, 28.0, [126, 170, 204]);
    brush.block(left + 70.0, top, 10.0, 8.0, [30, 32, 36]);
    plant(brush, (left + width - 34.0, top + 104.0));
}

fn plant(brush: &mut Brush<'_>, (x, y): (f32, f32)) {
    for (dx, dy) in [(-22.0, -84.0), (-8.0, -108.0), (9.0, -102.0), (23.0, -80.0), (0.0, -70.0)] {
        brush.ellipse((x + dx, y + dy + 10.0), (13.0, 26.0), rgb([46, 110, 58]));
    }
    brush.shape(
        &[(x - 22.0, y - 50.0), (x + 22.0, y - 50.0), (x + 15.0, y), (x - 15.0, y)],
        rgb([168, 92, 62]),
    );
}

/// A bay with its lift and, mostly, a car on it: on the ground, half way or up.
fn occupied(brush: &mut Brush<'_>, plan: &Plan, bay: &Bay, now: &mut ChaCha8Rng) {
    let middle = bay.left + bay.width / 2.0;
    let raised = [0.0, 52.0, 104.0][now.random_range(0..3)];
    let color = CARS[now.random_range(0..CARS.len())];
    let (taken, tall) = (now.random_range(0..6) != 0, now.random_range(0..3) == 0);
    let arm = bay.ground - if taken { raised } else { 0.0 };
    brush.ellipse((middle, bay.ground + 8.0), (bay.width * 0.40, 15.0), Color::from_rgba8(20, 22, 24, 110));
    lift(brush, plan, bay, arm);
    if taken {
        car(brush, (middle, arm), bay.width * 0.70, color, tall);
    }
    if raised > 0.0 && taken {
        brush.line((middle, bay.ground), (middle, arm + 4.0), 9.0, [84, 88, 94]);
        brush.block(middle - 26.0, bay.ground - 4.0, 52.0, 10.0, [60, 62, 66]);
    }
    trolley(
        brush,
        (bay.left + bay.width * 0.03, bay.ground + 62.0),
        STRIPES[now.random_range(0..STRIPES.len())],
    );
}

fn lift(brush: &mut Brush<'_>, plan: &Plan, bay: &Bay, arm: f32) {
    for side in [0.08, 0.92] {
        let x = bay.left + bay.width * side;
        brush.block(x - 9.0, bay.ground - 226.0, 18.0, 232.0, plan.lift);
        brush.block(x + 3.0, bay.ground - 226.0, 6.0, 232.0, shade(plan.lift, 0.7));
        brush.block(x - 20.0, bay.ground, 40.0, 10.0, shade(plan.lift, 0.5));
        brush.block(x - 13.0, arm - 12.0, 26.0, 24.0, [52, 54, 58]);
    }
    brush.line(
        (bay.left + bay.width * 0.08, arm + 3.0),
        (bay.left + bay.width * 0.92, arm + 3.0),
        7.0,
        [66, 68, 74],
    );
}

/// A car from its side, its wheels on the ground line.
fn car(brush: &mut Brush<'_>, (middle, ground): (f32, f32), length: f32, color: [u8; 3], tall: bool) {
    let at = |x: f32, y: f32| (middle + (x - 0.5) * length, ground - y * length);
    let roof = if tall { 0.40 } else { 0.34 };
    let body = [(0.0, 0.08), (0.01, 0.20), (0.06, 0.23), (0.95, 0.22), (0.99, 0.17), (1.0, 0.08)]
        .map(|(x, y)| at(x, y));
    let tail = if tall { 0.05 } else { 0.16 };
    let cabin = [(tail - 0.04, 0.22), (tail + 0.06, roof), (0.60, roof), (0.76, 0.22)].map(|(x, y)| at(x, y));
    brush.shape(&cabin, rgb(shade(color, 0.92)));
    brush.shape(&body, rgb(color));
    let glass = rgb([54, 68, 80]);
    brush.shape(
        &[(tail + 0.02, 0.235), (tail + 0.085, roof - 0.025), (0.38, roof - 0.025), (0.38, 0.235)]
            .map(|(x, y)| at(x, y)),
        glass,
    );
    brush.shape(
        &[(0.41, 0.235), (0.41, roof - 0.025), (0.585, roof - 0.025), (0.71, 0.235)].map(|(x, y)| at(x, y)),
        glass,
    );
    brush.line(at(0.395, 0.23), at(0.395, 0.09), 2.0, shade(color, 0.6));
    brush.line(at(0.03, 0.17), at(0.97, 0.165), 2.0, shade(color, 1.25));
    brush.line(at(0.0, 0.085), at(1.0, 0.085), 5.0, shade(color, 0.45));
    brush.ellipse(at(0.975, 0.165), (length * 0.022, length * 0.018), rgb([250, 246, 214]));
    brush.ellipse(at(0.015, 0.175), (length * 0.014, length * 0.022), rgb([200, 30, 30]));
    for wheel in [0.20, 0.79] {
        brush.ellipse(at(wheel, 0.075), (length * 0.088, length * 0.088), rgb([26, 26, 28]));
        brush.ellipse(at(wheel, 0.075), (length * 0.052, length * 0.052), rgb([170, 174, 178]));
        brush.ellipse(at(wheel, 0.075), (length * 0.018, length * 0.018), rgb([70, 72, 76]));
    }
}

fn trolley(brush: &mut Brush<'_>, (x, y): (f32, f32), color: [u8; 3]) {
    brush.block(x, y - 66.0, 54.0, 60.0, color);
    for drawer in 0..4 {
        brush.block(x + 4.0, y - 60.0 + drawer as f32 * 13.0, 46.0, 3.0, [226, 228, 230]);
    }
    brush.block(x - 2.0, y - 70.0, 58.0, 6.0, [44, 46, 50]);
    for wheel in [9.0, 45.0] {
        brush.ellipse((x + wheel, y - 2.0), (5.0, 5.0), rgb([20, 20, 22]));
    }
}

/// A mechanic in overalls, standing at a point.
fn mechanic(brush: &mut Brush<'_>, (x, y): (f32, f32), tall: f32) {
    let part = |share: f32| tall * share;
    brush.ellipse((x, y), (part(0.20), part(0.035)), Color::from_rgba8(20, 22, 24, 120));
    for side in [-1.0, 1.0] {
        brush.line(
            (x + side * part(0.055), y - part(0.45)),
            (x + side * part(0.075), y - part(0.02)),
            part(0.10),
            [34, 52, 92],
        );
        brush.line(
            (x + side * part(0.10), y - part(0.78)),
            (x + side * part(0.18), y - part(0.46)),
            part(0.065),
            [40, 60, 104],
        );
        brush.ellipse(
            (x + side * part(0.18), y - part(0.44)),
            (part(0.035), part(0.035)),
            rgb([206, 164, 134]),
        );
        brush.ellipse((x + side * part(0.09), y - part(0.01)), (part(0.065), part(0.025)), rgb([24, 24, 26]));
    }
    let torso = [(-0.13, 0.82), (0.13, 0.82), (0.11, 0.42), (-0.11, 0.42)]
        .map(|(dx, dy)| (x + part(dx), y - part(dy)));
    brush.shape(&torso, rgb([42, 64, 110]));
    brush.line(
        (x - part(0.12), y - part(0.60)),
        (x + part(0.12), y - part(0.60)),
        part(0.03),
        [224, 220, 120],
    );
    brush.ellipse((x, y - part(0.91)), (part(0.065), part(0.08)), rgb([210, 168, 138]));
    brush.ellipse((x, y - part(0.96)), (part(0.068), part(0.045)), rgb([30, 34, 44]));
}

/// What stands nearest: a stack of tyres and an oil drum, in the corner away from the reception.
fn foreground(brush: &mut Brush<'_>, plan: &Plan) {
    let x = if plan.reception_left { W - 110.0 } else { 110.0 };
    for tyre in 0..4 {
        let y = H - 34.0 - tyre as f32 * 32.0;
        brush.ellipse((x, y + 8.0), (78.0, 28.0), rgb([16, 16, 18]));
        brush.ellipse((x, y), (78.0, 28.0), rgb([40, 40, 44]));
        brush.ellipse((x, y), (40.0, 13.0), rgb([14, 14, 16]));
    }
    let drum = if plan.reception_left { x - 190.0 } else { x + 120.0 };
    brush.ellipse((drum + 35.0, H - 30.0), (46.0, 12.0), Color::from_rgba8(20, 22, 24, 120));
    brush.block(drum, H - 140.0, 70.0, 112.0, plan.stripe);
    brush.block(drum + 48.0, H - 140.0, 22.0, 112.0, shade(plan.stripe, 0.7));
    for ring in [0.0, 37.0, 74.0, 108.0] {
        brush.block(drum - 2.0, H - 140.0 + ring, 74.0, 5.0, shade(plan.stripe, 0.5));
    }
}
