//! `farsight sample`, `plan` and `camera` as an operator and an outsider type them.

use std::io::Write;
use std::process::Stdio;

use farsight_tests::cli::{Told, told};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::{number, texts};
use farsight_tests::{Farsight, Tower};
use serde_json::Value;

const EXE: &str = env!("CARGO_BIN_EXE_farsight");

/// A tenant with three dealers, two of them with a camera.
fn begun(tower: &Tower) -> Farsight {
    let farsight = Farsight::on_database(EXE, &tower.url());
    farsight.ok(&["tenant", "add", "t", "--name", "T", "--simulated", "--now", "2026-03-04 08:00"]);
    let folder = Folder::of(&[
        sheet("regions", "region_code | name\nR1 | North"),
        sheet(
            "dealers",
            "dealer_code | name | region_code | opened_on
             D1 | One | R1 | 2020-01-01
             D2 | Two | R1 | 2020-01-01
             D3 | Three | R1 | 2020-01-01",
        ),
        sheet(
            "cameras",
            "camera_code | dealer_code | snapshot_url\nC1 | D1 | http://c/1\nC2 | D2 | http://c/2",
        ),
    ]);
    farsight.ok(&["import".as_ref(), folder.path().as_os_str()]);
    farsight
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn at(farsight: &Farsight, now: &str) -> Farsight {
    farsight.clone().with("--now", now)
}

#[test]
fn a_day_from_the_draw_to_the_outsider() {
    let tower = Tower::new();
    let farsight = begun(&tower);
    let morning = at(&farsight, "2026-03-05 07:00");
    let drawn = json(&morning.ok(&["sample", "2026-03-05", "--json"]));
    assert_eq!(drawn["pool"], serde_json::json!(["D1", "D2"]));
    assert_eq!(
        (&drawn["index"], &drawn["key"], &drawn["sample_size"]),
        (&2.into(), &Value::Null, &30.into())
    );
    assert!(morning.ok(&["sample", "2026-03-05"]).contains("published when the day is over"));
    assert!(morning.ok(&["sample", "verify", "2026-03-05"]).contains("holds so far"));
    let plan = json(&morning.ok(&["plan", "2026-03-05", "--json"]));
    assert_eq!((&plan["planned"], &plan["waiting"], &plan["missing"]), (&2.into(), &2.into(), &28.into()));
    assert!(
        morning
            .ok(&["plan", "2026-03-05"])
            .contains("dealers that could be drawn (open, with a working camera): 2")
    );

    let next = at(&farsight, "2026-03-06 07:00");
    let folder = Folder::new();
    let file = folder.path().join("draw.json");
    let path = file.to_str().unwrap();
    next.ok(&["sample", "export", "2026-03-05", "--out", path]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(next.ok(&["sample", "export", "2026-03-05"]), text);
    let published = json(&text);
    let fields: Vec<&str> = published.as_object().unwrap().keys().map(String::as_str).collect();
    let contract = "tenant date index anchor previous_key key pool pool_sha256 sample_size sample reserve follow_ups committed_at revealed_at";
    assert_eq!(fields.join(" "), contract);
    assert_eq!((&published["sample"], &published["pool_sha256"]), (&drawn["sample"], &drawn["pool_sha256"]));
    assert!(next.ok(&["sample", "verify", "2026-03-05"]).contains("without a difference"));

    let outsider = Farsight::on_database(EXE, "postgres://nowhere.invalid/none");
    let verdict = json(&outsider.ok(&["sample", "verify", "--file", path, "--json"]));
    assert_eq!(verdict, serde_json::json!({ "date": "2026-03-05", "valid": true, "redone": true }));
    let first = published["sample"][0].as_str().unwrap();
    let forged = text.replacen(&format!("\"sample\": [\n    \"{first}\""), "\"sample\": [\n    \"D3\"", 1);
    std::fs::write(&file, forged).unwrap();
    let told = outsider.run(&["sample", "verify", "--file", path, "--json"]);
    assert_eq!((told.code, &json(&told.out)["fault"]), (Some(1), &"draw_sample".into()));
    assert!(told.err.contains("`sample` differs at place 1: published is D3"), "{}", told.err);
    let anchors = json(&next.ok(&["sample", "anchors", "--json"]));
    assert_eq!(anchors[0]["anchor"], published["anchor"]);
    farsight.ok(&["audit", "verify"]);
}

#[test]
fn what_cannot_be_done_is_told() {
    let tower = Tower::new();
    let farsight = at(&begun(&tower), "2026-03-05 07:00");
    let folder = Folder::new();
    let nonsense = folder.put("nonsense.json", b"{\"tenant\": \"t\"}");
    let nonsense = nonsense.to_str().unwrap();
    for (arguments, code, says) in [
        (vec!["sample"], 2, "Usage"),
        (vec!["sample", "yesterday"], 2, "yesterday"),
        (vec!["sample", "verify"], 2, "DATE"),
        (vec!["sample", "verify", "2026-03-05", "--file", nonsense], 2, "cannot be used with"),
        (vec!["sample", "2026-03-04"], 1, "the draw of 2026-03-04 was missed"),
        (vec!["sample", "2026-03-06"], 1, "it is 2026-03-05 there now"),
        (vec!["sample", "export", "2026-03-05"], 1, "not drawn yet: `farsight sample 2026-03-05`"),
        (vec!["plan", "2026-03-05"], 1, "not drawn yet"),
        (vec!["sample", "verify", "--file", nonsense], 1, "not a published draw"),
        (vec!["sample", "verify", "--file", "/nowhere.json"], 1, "/nowhere.json"),
        (vec!["camera", "sign-in", "C1"], 2, "--user"),
        (vec!["camera", "sign-in", "C1", "--user", "u"], 2, "the password is empty"),
    ] {
        let told = farsight.run(&arguments);
        assert_eq!(told.code, Some(code), "{arguments:?}: {}", told.err);
        assert!(told.err.contains(says), "{arguments:?} does not say `{says}` but\n{}", told.err);
        assert_eq!(told.out, "", "{arguments:?}");
    }
    farsight.ok(&["sample", "2026-03-05"]);
    let told = farsight.run(&["sample", "export", "2026-03-05", "--out", "/nowhere/draw.json"]);
    assert_eq!(told.code, Some(1));
    assert!(told.err.contains("nothing is written there"), "{}", told.err);
}

fn sign_in(farsight: &Farsight, camera: &str, password: &str) -> Told {
    let mut child = farsight
        .command(&["camera", "sign-in", camera, "--user", "viewer", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    told(child.wait_with_output().unwrap())
}

#[test]
fn a_cameras_password_comes_on_standard_input_and_is_kept_sealed() {
    let tower = Tower::new();
    let farsight = begun(&tower);
    let done = sign_in(&farsight, "C1", "hidden\n");
    assert_eq!((done.code, &json(&done.out)["user"]), (Some(0), &"viewer".into()), "{}", done.err);
    let told = sign_in(&farsight, "C9", "hidden\n");
    assert_eq!(told.code, Some(2));
    assert!(told.err.contains("no camera C9") && !told.err.contains("hidden"), "{}", told.err);
    let mut sql = tower.sql();
    assert_eq!(number(&mut sql, "SELECT count(*) FROM camera_states"), 1);
    let kept = texts(&mut sql, "SELECT encode(sealed_secret, 'escape') AS value FROM camera_states");
    assert!(!kept[0].contains("hidden"));
}
