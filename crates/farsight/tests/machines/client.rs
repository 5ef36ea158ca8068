//! The client of docs/examples and the curl lines of docs/api.md, run as they stand there.

use std::path::Path;
use std::process::{Command, Output};

use farsight_tests::served::{Machine, Served, token};
use farsight_tests::sheets::Folder;
use farsight_tests::tower::{number, root};
use farsight_tests::{Farsight, Tower};

use super::EXE;

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// A tenant that is served, and a token of it.
fn served(tower: &Tower) -> (Farsight, Served, String) {
    let farsight = Farsight::on_database(EXE, &tower.url());
    farsight.ok(&["tenant", "add", "t", "--name", "T"]);
    let served = Served::start(&farsight);
    let secret = token(&farsight, "erp", &["--role", "hq", "--table", "all"]);
    (farsight, served, secret)
}

fn client(served: &Served, token: &str, folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new("python3");
    command.arg(root().join("docs/examples/farsight_client.py")).args(words).current_dir(folder);
    command.env("FARSIGHT_URL", format!("http://{}", served.address())).env("FARSIGHT_TOKEN", token);
    command.output().unwrap()
}

#[test]
fn the_example_client_sends_and_pulls() {
    let tower = Tower::new();
    let (farsight, served, secret) = served(&tower);
    let folder = Folder::new();
    let run = |words: &[&str]| client(&served, &secret, folder.path(), words);
    folder.put("regions.csv", b"region_code,name\nR1,North\n");
    folder.put(
        "dealers.ndjson",
        br#"{"dealer_code":"D1","name":"One","region_code":"R1","opened_on":"2020-01-01"}"#,
    );
    let complaints: Vec<String> = (0..7_000).map(|n| format!("C{n},D1,2025-03-05 09:00,general,x")).collect();
    let complaints = complaints.join("\n");
    let header = "complaint_id,dealer_code,received_at,severity,category\n";
    folder.put("complaints.csv", format!("{header}{complaints}").as_bytes());
    folder.put("bad.csv", format!("{header}C9,D1,yesterday,general,x\n").as_bytes());
    assert_eq!(text(&run(&["send", "regions", "regions.csv"])), "1 new, 0 corrected, 0 known\n");
    assert_eq!(text(&run(&["send", "dealers", "dealers.ndjson"])), "1 new, 0 corrected, 0 known\n");
    let two = "5000 new, 0 corrected, 0 known\n2000 new, 0 corrected, 0 known\n";
    assert_eq!(text(&run(&["send", "complaints", "complaints.csv"])), two);
    let imports = || number(&mut tower.sql(), "SELECT count(*) FROM imports");
    let before = imports();
    assert_eq!(text(&run(&["send", "complaints", "complaints.csv"])), two, "the first answers again");
    assert_eq!(imports(), before);
    let bad = run(&["send", "complaints", "bad.csv"]);
    assert!(!bad.status.success());
    let said = text(&bad);
    assert!(said.contains("line 2, received_at 'yesterday': ") && said.contains("rows_refused: "), "{said}");
    assert_eq!(text(&run(&["pull", "complaints", "cursor.txt"])).lines().count(), 7_000);
    assert_eq!(text(&run(&["pull", "complaints", "cursor.txt"])), "", "nothing new");
    farsight.ok(&["token", "revoke", "erp"]);
    let revoked = run(&["pull", "complaints", "cursor.txt"]);
    assert!(!revoked.status.success() && text(&revoked).contains("token: "), "{}", text(&revoked));
}

/// The signature that the standard gives as its example, and what is wrong with others.
#[test]
fn the_example_client_knows_a_genuine_webhook() {
    let program = r#"
from farsight_client import is_genuine
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
body = b'{"test": 2432232314}'
headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
           "webhook-signature": "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
other = "whsec_" + "QUJD" * 8
assert is_genuine([secret], headers, body, 1614265330 + 299)
assert is_genuine([other, secret], headers, body, 1614265330), "while secrets are changed"
assert not is_genuine([secret], headers, body, 1614265330 + 301), "too old"
assert not is_genuine([secret], headers, body + b" ", 1614265330)
assert not is_genuine([other], headers, body, 1614265330)
assert not is_genuine([secret], headers | {"webhook-id": "msg_x"}, body, 1614265330)
assert not is_genuine([secret], {}, body, 1614265330)
"#;
    let output = Command::new("python3")
        .args(["-B", "-c", program])
        .env("PYTHONPATH", root().join("docs/examples"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

/// The commands of the page that call the tower, one after the other.
fn commands_of_the_page() -> String {
    let page = std::fs::read_to_string(root().join("docs/api.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let calls: String = blocks.filter(|block| block.contains("curl")).collect();
    assert!(calls.matches("curl").count() > 4, "the page has commands");
    calls
}

#[test]
fn the_pages_commands_work_as_they_stand() {
    let tower = Tower::new();
    let (farsight, served, secret) = served(&tower);
    let folder = Folder::new();
    let machine = Machine::new(served.address(), &secret);
    let csv = [("Content-Type", "text/csv")];
    assert_eq!(machine.facts("regions", &csv, b"region_code,name\nR1,North\n").unwrap().status, 200);
    let dealer = b"dealer_code,name,region_code,opened_on\nD1,One,R1,2020-01-01\n";
    assert_eq!(machine.facts("dealers", &csv, dealer).unwrap().status, 200);
    let run = || {
        let mut command = Command::new("sh");
        command.args(["-e", "-c", &commands_of_the_page()]).current_dir(folder.path());
        command.env("FARSIGHT_URL", format!("http://{}", served.address())).env("FARSIGHT_TOKEN", &secret);
        command.output().unwrap()
    };
    for round in ["first", "second"] {
        let output = run();
        assert!(output.status.success(), "the {round} time: {}", text(&output));
        let stored = "SELECT count(*) FROM work_orders";
        assert_eq!(number(&mut tower.sql(), stored), 3, "the {round} time: {}", text(&output));
    }
    assert!(folder.path().join("alerts.json").exists());
    farsight.ok(&["audit", "verify"]);
}
