//! The draw and the day's plan over simulated days: drawn once whatever happens, redone by outsiders, and every dealer
//! that cannot be seen has someone in its place or a reason.

mod desk;
mod outsider;
mod plan;
mod steps;

use farsight_control::ControlError;
use farsight_control::sample;
use farsight_store::draws::StoredDraw;
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::{Office, Tower};
use jiff::civil::Date;

/// Dealers `D000`, `D001` …, all of region R1, each with a camera of its own, `C000`, `C001` …
fn network(dealers: usize) -> Vec<Sheet> {
    let mut centres = sheet("dealers", "dealer_code | name | region_code | opened_on");
    let mut cameras = sheet("cameras", "camera_code | dealer_code | snapshot_url | working");
    for number in 0..dealers {
        let row = |cells: [String; 4]| cells.to_vec();
        let dealer = format!("D{number:03}");
        centres.rows.push(row([
            dealer.clone(),
            "Centre".to_owned(),
            "R1".to_owned(),
            "2020-01-01".to_owned(),
        ]));
        let url = format!("https://cameras.example.com/{number}");
        cameras.rows.push(row([format!("C{number:03}"), dealer, url, String::new()]));
    }
    vec![sheet("regions", "region_code | name\nR1 | North"), centres, cameras]
}

/// An office with a network, at a moment.
fn office(tower: &Tower, dealers: usize, now: &str) -> Office {
    let mut office = Office::since(tower, "t", "example-2026", now);
    office.import_folder(&Folder::of(&network(dealers)));
    office
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Draws a day at seven in the morning.
fn draw_at_seven(office: &mut Office, on: Date) -> Result<StoredDraw, ControlError> {
    office.now(at(&format!("{on}T07:00:00")));
    sample::make(&mut office.desk, &sealer(), on)
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, ControlError>) -> &'static str {
    result.expect_err("this is refused").code()
}
