//! The command line itself: wrong usage, many commands at once, the database gone.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::{connect, number, run, texts};
use farsight_tests::{Farsight, Tower, books, cli};

const EXE: &str = env!("CARGO_BIN_EXE_farsight");

fn begun(tower: &Tower) -> Farsight {
    let farsight = Farsight::on_database(EXE, &tower.url());
    farsight.ok(&["tenant", "add", "t", "--name", "T", "--simulated"]);
    farsight
}

#[test]
fn wrong_usage_is_exit_2_and_says_what_to_do() {
    let tower = Tower::new();
    let bare = Farsight::on_database(EXE, &tower.url());
    let told = bare.run(&["check"]);
    assert_eq!(told.code, Some(2), "{}", told.err);
    assert!(
        told.err.contains("there is no tenant yet") && told.err.contains("farsight tenant add"),
        "{}",
        told.err
    );
    let farsight = begun(&tower);
    let real = farsight.clone().with("--tenant", "real");
    farsight.ok(&["tenant", "add", "real", "--name", "R"]);
    let simulated = farsight.clone().with("--tenant", "t");
    let empty = Folder::new();
    let usage: &[(&Farsight, &[&str], &str)] = &[
        (&simulated, &[], "Usage"),
        (&simulated, &["chekc"], "check"),
        (&simulated, &["check", "--fast"], "--fast"),
        (&simulated, &["check", "weather"], "no check 'weather': there is spot-check, complaint"),
        (&simulated, &["check", "--as-of", "2025-01-01"], "--as-of '2025-01-01' is no instant"),
        (&simulated, &["check", "--as-of", "soon"], "write 2026-03-05T14:30:00+08:00"),
        (&simulated, &["import"], "DIR-or-FILE"),
        (&simulated, &["export", "everything"], "everything"),
        (&simulated, &["export", "entries", "--period", "2025-13"], "2025-13"),
        (&simulated, &["export", "entries", "--bom", "--format", "xlsx"], "--bom"),
        (&simulated, &["settle", "2025-01", "--by", "a@b"], "--as-of"),
        (
            &simulated,
            &["settle", "2025-01", "--as-of", "2025-02-01 00:00", "--by", "nobody@oem"],
            "no user 'nobody@oem'",
        ),
        (&simulated, &["user", "add", "nobody", "--role", "finance"], "e-mail"),
        (&simulated, &["user", "add", "a@b", "--role", "king"], "finance"),
        (&simulated, &["user", "add", "a@b", "--role", "dealer"], "--dealer"),
        (&simulated, &["user", "add", "a@b", "--role", "dealer", "--dealer", "D9"], "no dealer D9"),
        (&simulated, &["tenant", "add", "t", "--name", "again"], "is there already"),
        (&simulated, &["tenant", "add", "a b", "--name", "x"], "is no code"),
        (&simulated, &["tenant", "add", "x", "--name", "x", "--time-zone", "Mars/Olympus"], "no time zone"),
        (&simulated, &["tenant", "add", "x", "--name", "x", "--currency", "XXXX"], "is no currency"),
        (&real, &["check", "--now", "2025-01-01 10:00"], "tenant 'real' is real"),
        (&farsight, &["check"], "several tenants: name one with --tenant (real, t)"),
        (&farsight.clone().with("--tenant", "nobody"), &["check"], "no tenant 'nobody'"),
        (&simulated, &["alerts", "--severity", "dire"], "critical"),
        (&simulated, &["alerts", "--status", "gone"], "acknowledged"),
        (&simulated, &["alerts", "--limit", "0"], "--limit"),
        (&simulated, &["alerts", "--language", "fr"], "no language 'fr'"),
        (&simulated, &["alerts", "--dealer", "D1", "acknowledge", "1", "--by", "a@b"], "--dealer"),
        (&simulated, &["alerts", "acknowledge", "1"], "--by"),
        (&simulated, &["alerts", "acknowledge", "one", "--by", "a@b"], "one"),
        (&simulated, &["alerts", "acknowledge", "1", "--by", "a@b"], "no user 'a@b'"),
    ];
    for (farsight, arguments, says) in usage {
        let told = farsight.run(arguments);
        assert_eq!(told.code, Some(2), "{arguments:?}: {}", told.err);
        assert!(told.err.contains(says), "{arguments:?} does not say `{says}` but\n{}", told.err);
        assert_eq!(told.out, "", "{arguments:?}");
    }
    for (arguments, says) in [
        (vec!["import", empty.path().to_str().unwrap()], "no file of facts in this folder"),
        (vec!["import", "/nowhere/bays.csv"], "/nowhere/bays.csv"),
        (vec!["tenant", "add", "x", "--name", "x", "--policy", "/nowhere.toml"], "neither a shipped one"),
        (vec!["check", "--as-of", "2199-01-01 00:00"], "later than now"),
        (vec!["export", "entries", "--out", "/nowhere/out.csv"], "nothing is written there"),
    ] {
        let told = simulated.run(&arguments);
        assert_eq!(told.code, Some(1), "{arguments:?}: {}", told.err);
        assert!(told.err.contains(says), "{arguments:?} does not say `{says}` but\n{}", told.err);
    }
}

/// Every command ends with help and without a database.
#[test]
fn help_needs_nothing() {
    let nowhere = Farsight::on_database(EXE, "postgres://nowhere.invalid/none");
    for command in [
        "import", "check", "settle", "review", "approve", "lock", "export", "explain", "alerts", "policy",
        "audit", "tenant", "user", "migrate", "sample", "plan", "camera", "work", "jobs",
    ] {
        assert!(nowhere.ok(&[command, "--help"]).contains("Usage"), "{command}");
    }
    assert!(nowhere.ok(&["--version"]).starts_with("farsight "));
    let told = nowhere.run(&["migrate"]);
    assert_eq!(told.code, Some(1));
    assert!(
        told.err.contains("cannot connect to the database") && told.err.contains("--database"),
        "{}",
        told.err
    );
}

/// Four commands on a data folder that does not exist yet: one makes it, all find it, the last one out stops the server.
#[test]
fn four_at_once_on_a_fresh_folder() {
    let data = tempfile::tempdir().unwrap();
    let farsight = Farsight::on_data(EXE, &data.path().join("new"));
    let children: Vec<_> = (0..4)
        .map(|_| {
            farsight
                .command(&["migrate", "--json"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let told: Vec<_> =
        children.into_iter().map(|child| cli::told(child.wait_with_output().unwrap())).collect();
    assert!(told.iter().all(|told| told.code == Some(0)), "{told:#?}");
    assert_eq!(
        told.iter().filter(|told| told.out.trim() != r#"{"migrated":[]}"#).count(),
        1,
        "one migrates: {told:#?}"
    );
    assert!(
        !data.path().join("new/postgres/data/postmaster.pid").exists(),
        "the last one out stopped the server"
    );
    assert!(farsight.ok(&["migrate"]).contains("up to date"));
}

/// Two imports of the same files at once: what one stores, the other finds.
#[test]
fn two_imports_at_once_store_once() {
    let tower = Tower::new();
    let farsight = begun(&tower);
    let case = &books::small()[0];
    let folder = Folder::of(&case.facts());
    let children: Vec<_> = (0..3)
        .map(|_| {
            farsight
                .command(&["import".as_ref(), folder.path().as_os_str()])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let told = cli::told(child.wait_with_output().unwrap());
        assert_eq!(told.code, Some(0), "{}", told.err);
    }
    let rows: usize = case.facts().iter().map(|sheet| sheet.rows.len()).sum();
    let mut sql = tower.sql();
    assert_eq!(number(&mut sql, "SELECT sum(added) FROM imports"), rows as i64);
    assert_eq!(number(&mut sql, "SELECT sum(corrected) FROM imports"), 0);
    farsight.ok(&["check", "--as-of", case.as_of]);
    assert_eq!(
        books::net_of(&farsight.ok(&["export", "entries"])),
        books::net_of(&expected(case.folder.as_path()))
    );
    farsight.ok(&["audit", "verify"]);
}

fn expected(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("expected-changan-2014.csv")).unwrap()
}

/// A file large enough that its import is still at it when something happens.
fn long() -> Sheet {
    let mut inspections =
        sheet("inspections", "inspection_id | item_code | dealer_code | inspected_at | result");
    let row = |n: usize| {
        [
            format!("L-{n}"),
            "item-01".to_owned(),
            "D1".to_owned(),
            format!("2025-01-{:02} 10:00", n % 28 + 1),
            "pass".to_owned(),
        ]
    };
    inspections.rows = (0..150_000).map(|n| row(n).to_vec()).collect();
    inspections
}

/// The database ends the connection while a file streams in: the import says so, and nothing of the file is stored.
#[test]
fn the_database_goes_away_in_the_middle_of_an_import() {
    let tower = Tower::new();
    let farsight = begun(&tower);
    farsight.ok(&["import".as_ref(), Folder::of(&books::small()[0].facts()).path().as_os_str()]);
    let mut sql = tower.sql();
    let inspections = number(&mut sql, "SELECT count(*) FROM inspections");
    let folder = Folder::of(&[long()]);
    let mut child = farsight
        .command(&["import".as_ref(), folder.path().as_os_str()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let copying = "SELECT pid::text AS value FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%' AND state = 'active'";
    let mut ended = false;
    while !ended && child.try_wait().unwrap().is_none() {
        for pid in texts(&mut sql, copying) {
            run(&mut sql, &format!("SELECT pg_terminate_backend({pid})"));
            ended = true;
        }
    }
    assert!(ended, "the import was over before anything could happen");
    let told = cli::told(child.wait_with_output().unwrap());
    assert_eq!(told.code, Some(1), "{}", told.err);
    assert!(told.err.contains("the database went away") && told.err.contains("run it again"), "{}", told.err);
    assert_eq!(
        number(&mut connect(&tower.url()), "SELECT count(*) FROM inspections"),
        inspections,
        "nothing of the file is stored"
    );
    farsight.ok(&["import".as_ref(), folder.path().as_os_str()]);
    assert_eq!(number(&mut sql, "SELECT count(*) FROM inspections"), inspections + 150_000);
}

/// `--json` prints one value that programs can read, whatever the command.
#[test]
fn json_everywhere() {
    let tower = Tower::new();
    let farsight = begun(&tower);
    let folder = Folder::of(&books::small()[0].facts());
    let as_of = "2025-07-01T00:00:00+08:00";
    for arguments in [
        vec!["user", "add", "anna@oem", "--role", "finance"],
        vec!["user", "add", "bo@oem", "--role", "finance"],
        vec!["import", folder.path().to_str().unwrap()],
        vec!["check", "--as-of", as_of],
        vec!["settle", "2024-02", "--as-of", as_of, "--by", "anna@oem"],
        vec!["review", "2024-02", "--by", "anna@oem"],
        vec!["approve", "2024-02", "--by", "bo@oem"],
        vec!["lock", "2024-02", "--by", "anna@oem"],
        vec!["tenant", "list"],
        vec!["user", "list"],
        vec!["audit", "verify"],
        vec!["migrate"],
        vec!["policy", "check", "example-2026"],
    ] {
        let out = json(&farsight, &arguments);
        assert!(out.is_object() || out.is_array(), "{arguments:?}: {out}");
    }
}

fn json(farsight: &Farsight, arguments: &[&str]) -> serde_json::Value {
    let out = farsight.ok(&[arguments, &["--json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{out}"))
}

/// The list in both languages and as JSON, narrowed; an acknowledgement; and what is refused.
#[test]
fn alerts_are_listed_and_acknowledged() {
    let tower = Tower::new();
    let farsight = begun(&tower);
    let small = farsight_tests::tower::root().join("tests/cases/small");
    farsight.ok(&["import", small.to_str().unwrap()]);
    farsight.ok(&["check", "--as-of", "2025-07-01 00:00"]);
    farsight.ok(&["user", "add", "hq@oem", "--role", "hq"]);
    farsight.ok(&["user", "add", "d2@dealer", "--role", "dealer", "--dealer", "D2"]);
    let listed = |arguments: &[&str]| -> serde_json::Value {
        let told = farsight.ok(&[&["alerts"], arguments, &["--json"]].concat());
        serde_json::from_str(&told).unwrap()
    };
    let all = listed(&["--limit", "1000"]);
    let total = all["total"].as_u64().unwrap();
    assert!(total > 20 && all["alerts"].as_array().unwrap().len() as u64 == total, "{total}");
    let of_d1 = listed(&["list", "--dealer", "D1", "--severity", "critical"]);
    assert!(of_d1["total"].as_u64().unwrap() < total);
    let first = &of_d1["alerts"][0];
    assert_eq!(
        (&first["dealer"], &first["severity"], &first["level"]),
        (&"D1".into(), &"critical".into(), &"dealer".into())
    );
    let number = first["alert"].to_string();
    let words = farsight.ok(&["alerts", "--dealer", "D1", "--limit", "1", "--language", "zh-CN"]);
    assert!(words.contains("服务中心 D1：") && words.contains("--limit shows more"), "{words}");

    let refused = farsight.run(&["alerts", "acknowledge", &number, "--by", "d2@dealer"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("there is no alert"), "{}", refused.err);
    let done = farsight.ok(&["alerts", "acknowledge", &number, "--by", "hq@oem", "--language", "en"]);
    assert!(done.contains("acknowledged by hq@oem") && done.contains("Service centre D1: "), "{done}");
    assert_eq!(listed(&["--status", "acknowledged"])["alerts"][0]["acknowledged_by"], "hq@oem");
    assert_eq!(listed(&["--status", "open", "--limit", "1"])["total"], total - 1);
}

/// Whoever reads the first lines has read them: the audit log has a link of it.
#[test]
fn an_export_that_its_reader_cuts_off_is_in_the_audit_log() {
    let tower = Tower::new();
    let farsight = begun(&tower);
    let case = &books::small()[0];
    let folder = Folder::of(&case.facts());
    farsight.ok(&[OsStr::new("import"), folder.path().as_os_str()]);
    farsight.ok(&["check", "--as-of", case.as_of]);
    farsight.ok(&["user", "add", "anna@oem", "--role", "finance"]);
    farsight.ok(&["settle", "2025-04", "--as-of", case.as_of, "--by", "anna@oem"]);
    for (arguments, subject) in [
        (&["export", "entries"][..], "entries"),
        (&["export", "journal", "--period", "2025-04"][..], "journal"),
    ] {
        let mut child =
            farsight.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let told = cli::told(child.wait_with_output().unwrap());
        assert_eq!((told.code, &*told.err), (Some(0), ""), "{subject}");
        let links = format!(
            "SELECT count(*) FROM audit_log WHERE action = 'books.export' AND subject = '{subject}' AND detail LIKE '%cut_off%'"
        );
        assert_eq!(number(&mut tower.sql(), &links), 1, "{subject}");
    }
}
