//! What the simulator draws, measured: the views differ as a person would see them differ.

use farsight_cameras::simulator::{SceneCamera, View, draw};
use image::GrayImage;
use jiff::civil::{DateTime, datetime};

const AT: DateTime = datetime(2026, 3, 5, 10, 15, 42, 0);

fn camera(seed: u64) -> SceneCamera {
    SceneCamera { code: format!("c{seed}"), name: format!("HALL {seed}"), seed }
}

fn gray(seed: u64, view: View, at: DateTime) -> GrayImage {
    image::load_from_memory(&draw(&camera(seed), view, at, 1)).unwrap().to_luma8()
}

/// Mean light and mean difference of neighbours, between the lines of writing.
fn light_and_edges(picture: &GrayImage) -> (f64, f64) {
    let (mut light, mut edges, mut count) = (0.0, 0.0, 0.0);
    for (x, y, pixel) in picture.enumerate_pixels().filter(|(x, y, _)| (60..660).contains(y) && *x > 0) {
        light += f64::from(pixel[0]);
        edges += f64::from(pixel[0].abs_diff(picture.get_pixel(x - 1, y)[0]));
        count += 1.0;
    }
    (light / count, edges / count)
}

fn differing(a: &GrayImage, b: &GrayImage) -> f64 {
    let far = a.pixels().zip(b.pixels()).filter(|(a, b)| a[0].abs_diff(b[0]) > 24).count();
    far as f64 / (1280.0 * 720.0)
}

#[test]
fn views_differ_in_light_and_sharpness() {
    let [clear, black, blurred, covered] = [View::Clear, View::Black, View::Blurred, View::Covered]
        .map(|view| light_and_edges(&gray(3, view, AT)));
    assert!(clear.0 > 90.0 && clear.1 > 3.0, "clear {clear:?}");
    assert!(black.0 < 8.0, "black {black:?}");
    assert!(blurred.0 > 90.0 && blurred.1 < clear.1 * 0.7, "blurred {blurred:?}, clear {clear:?}");
    assert!((30.0..100.0).contains(&covered.0) && covered.1 < clear.1 * 0.7, "covered {covered:?}");
}

#[test]
fn halls_differ_by_seed_and_stay_themselves() {
    let one = gray(1, View::Clear, AT);
    assert!(differing(&one, &gray(2, View::Clear, AT)) > 0.1);
    let second = differing(&one, &gray(1, View::Clear, datetime(2026, 3, 5, 10, 15, 43, 0)));
    assert!(second > 0.0 && second < 0.01, "only the clock goes on in a second: {second}");
    let hour = differing(&one, &gray(1, View::Clear, datetime(2026, 3, 5, 11, 35, 42, 0)));
    assert!(hour > second && hour < 0.3, "cars come and go, the hall stays: {hour}");
}

#[test]
fn the_same_moment_gives_the_same_bytes_and_another_frame_other_noise() {
    let drawn = |frame| draw(&camera(9), View::Clear, AT, frame);
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}
