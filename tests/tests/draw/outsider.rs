//! Outsiders redo what was drawn: a Python program over a hundred days, and the very commands of docs/draw.md.

use std::path::PathBuf;
use std::process::{Command, Output};

use farsight_control::sample;
use farsight_rulebook::draw::{Published, Verdict};
use farsight_rulebook::time::plus_days;
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::root;
use farsight_tests::{Office, Tower};
use jiff::civil::Date;

use super::{day, draw_at_seven, office};

fn write(folder: &Folder, name: &str, published: &Published) -> PathBuf {
    folder.put(name, serde_json::to_string_pretty(published).unwrap().as_bytes())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// What happens to the network on a day: cameras break and are mended, a dealer closes, failures are found.
fn live(office: &mut Office, on: Date, number: usize) {
    let mut changes = vec![sheet(
        "cameras",
        &format!(
            "camera_code | dealer_code | snapshot_url | working\nC{0:03} | D{0:03} | http://c/ | {1}",
            number * 7 % 75,
            number.is_multiple_of(3)
        ),
    )];
    if number.is_multiple_of(4) {
        changes.push(sheet(
            "inspections",
            &format!(
                "inspection_id | item_code | dealer_code | inspected_at | result\nI-{number} | item-01 | D{:03} | {on} 06:00 | fail",
                number * 11 % 75
            ),
        ));
    }
    if number == 50 {
        changes.push(sheet("dealers", "dealer_code | closed_on\nD000 | 2026-01-20"));
    }
    office.now(at(&format!("{on}T06:30:00")));
    office.import_folder(&Folder::of(&changes));
}

/// A hundred days in a row, over the turn of the year and from one chain to the next.
#[test]
fn a_hundred_days_are_redone_without_a_difference() {
    let tower = Tower::new();
    let mut office = office(&tower, 75, "2025-02-01 08:00");
    let first = day("2025-12-05");
    let days: Vec<Date> = (0..100).map(|number| plus_days(first, number)).collect();
    for (number, on) in days.iter().enumerate() {
        live(&mut office, *on, number);
        sample::reveal(&mut office.desk, &sealer()).unwrap();
        draw_at_seven(&mut office, *on).unwrap();
    }
    office.now(at("2026-03-15 00:00"));
    sample::reveal(&mut office.desk, &sealer()).unwrap();
    let folder = Folder::new();
    let mut files = Vec::new();
    let (mut pools, mut followed_up) = (std::collections::BTreeSet::new(), 0);
    for on in &days {
        assert_eq!(sample::verify(&mut office.desk, &sealer(), *on).unwrap(), Verdict::Redone, "{on}");
        let published = sample::export(&mut office.desk, &sealer(), *on).unwrap();
        pools.insert(published.pool_sha256.clone());
        followed_up += published.follow_ups.len();
        files.push(write(&folder, &format!("{on}.json"), &published));
    }
    assert!(pools.len() > 50 && followed_up > 20, "{} pools, {followed_up} follow-ups", pools.len());
    assert_eq!(sample::anchors(&mut office.desk).unwrap().len(), 2);
    let redo = |files: &[PathBuf]| {
        Command::new("python3").arg(root().join("tests/draw_outsider.py")).args(files).output().unwrap()
    };
    let output = redo(&files);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(text(&output).trim(), "100 draws redone, 0 differences");

    let mut forged = sample::export(&mut office.desk, &sealer(), first).unwrap();
    forged.sample.swap(0, 29);
    let output = redo(&[write(&folder, "forged.json", &forged)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("the sample is another"), "{}", text(&output));
}

/// The commands of the page, one after the other.
fn commands_of_the_page() -> String {
    let page = std::fs::read_to_string(root().join("docs/draw.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.collect()
}

fn check_with_openssl(folder: &Folder, published: &Published) -> Output {
    write(folder, "draw.json", published);
    Command::new("sh").args(["-c", &commands_of_the_page()]).current_dir(folder.path()).output().unwrap()
}

#[test]
fn the_page_is_right_with_openssl_and_a_shell_alone() {
    let tower = Tower::new();
    for (dealers, sample) in [(75, 30), (45, 30), (8, 8)] {
        let code = format!("t{dealers}");
        let mut office = Office::since(&tower, &code, "example-2026", "2026-02-25 07:00");
        office.import_folder(&Folder::of(&super::network(dealers)));
        let on = day("2026-03-05");
        draw_at_seven(&mut office, on).unwrap();
        office.now(at("2026-03-06 07:00"));
        sample::reveal(&mut office.desk, &sealer()).unwrap();
        let published = sample::export(&mut office.desk, &sealer(), on).unwrap();
        assert_eq!((published.index, published.sample.len()), (9, sample));
        let folder = Folder::new();
        let output = check_with_openssl(&folder, &published);
        assert!(output.status.success(), "{}", text(&output));
        let expected = ["the hash of the pool", "the key", "the anchor", "the sample", "the reserve list"]
            .map(|part| format!("right: {part}"));
        assert_eq!(text(&output).lines().collect::<Vec<_>>(), expected);
        forged_parts_are_told(&folder, &published);
    }
}

type Change = fn(&mut Published, usize);

fn forged_parts_are_told(folder: &Folder, published: &Published) {
    let last = published.sample.len() - 1;
    let changes: [(&str, Change); 5] = [
        ("WRONG: the hash of the pool", |draw, _| drop(draw.pool.pop())),
        ("WRONG: the key", |draw, _| draw.key = Some("00".repeat(32))),
        ("WRONG: the anchor", |draw, _| draw.index += 1),
        ("WRONG: the sample", |draw, last| draw.sample.swap(0, last)),
        ("WRONG: the reserve list", |draw, _| draw.reserve.push("D999".to_owned())),
    ];
    for (says, change) in changes {
        let mut forged = published.clone();
        change(&mut forged, last);
        let output = check_with_openssl(folder, &forged);
        assert!(!output.status.success() && text(&output).contains(says), "{says}: {}", text(&output));
    }
}
