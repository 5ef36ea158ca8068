//! Facts in pieces, each request sent twice, in any order, by four clients at once, to a server that is killed in between:
//! the books are those of one `farsight import`.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use farsight_exchange::facts::{write_csv, write_ndjson};
use farsight_tests::books::{self, Case, records};
use farsight_tests::chance::Dice;
use farsight_tests::served::{Machine, Served, token};
use farsight_tests::sheets::{Folder, Sheet, gzip, header_of};
use farsight_tests::tower::number;
use farsight_tests::{Farsight, Office, Tower};

use super::EXE;

const SEED: u64 = 5;
const CLIENTS: usize = 4;
const KILLS: usize = 6;

/// A request that can be sent again.
struct Piece {
    table: String,
    kind: &'static str,
    gzipped: bool,
    key: String,
    body: Vec<u8>,
}

/// Rows of a sheet, as one of the three kinds of text.
fn piece(sheet: &Sheet, number: usize, dice: &mut Dice) -> Piece {
    let ndjson = || String::from_utf8(write_ndjson(Vec::new(), sheet).unwrap()).unwrap();
    let (kind, body) = match dice.below(3) {
        0 => ("application/json", format!("[{}]", ndjson().trim_end().replace('\n', ",")).into_bytes()),
        1 => ("application/x-ndjson", ndjson().into_bytes()),
        _ => ("text/csv", write_csv(Vec::new(), sheet).unwrap()),
    };
    let gzipped = dice.once_in(4);
    let body = if gzipped { gzip(&body) } else { body };
    Piece { table: sheet.table.clone(), kind, gzipped, key: format!("piece-{number}"), body }
}

fn pieces(sheets: &[Sheet], dice: &mut Dice) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for sheet in sheets {
        let mut rest = sheet.rows.as_slice();
        while !rest.is_empty() {
            // Mostly small ones, which are stored together; some too large for that.
            let most = if dice.once_in(6) { 2_000 } else { 150 };
            let (some, others) = rest.split_at(dice.between(1, most).min(rest.len()));
            pieces.push(piece(&Sheet { rows: some.to_vec(), ..header_of(sheet) }, pieces.len(), dice));
            rest = others;
        }
    }
    pieces
}

/// What all clients share.
struct Sending<'s> {
    served: &'s Served,
    machine: Machine,
    pieces: &'s [Piece],
    /// Pieces to send; each is in it twice.
    queue: Mutex<VecDeque<usize>>,
    left: AtomicUsize,
    again: AtomicUsize,
}

impl Sending<'_> {
    /// One client: it sends until nothing is left; what cannot be taken yet, it sends again later with the same key.
    fn client(&self) {
        while self.left.load(Ordering::SeqCst) > 0 {
            let Some(number) = self.queue.lock().unwrap().pop_front() else {
                std::thread::park_timeout(Duration::from_millis(5));
                continue;
            };
            if self.is_taken(&self.pieces[number]) {
                self.done();
            } else {
                self.again.fetch_add(1, Ordering::SeqCst);
                self.queue.lock().unwrap().push_back(number);
            }
        }
    }

    /// Whether a piece is in; else it is to be sent again.
    fn is_taken(&self, piece: &Piece) -> bool {
        let mut headers = vec![("Content-Type", piece.kind), ("Idempotency-Key", piece.key.as_str())];
        headers.extend(piece.gzipped.then_some(("Content-Encoding", "gzip")));
        let Ok(answer) = self.machine.facts(&piece.table, &headers, &piece.body) else {
            // Killed: it is there again soon.
            std::thread::park_timeout(Duration::from_millis(20));
            return false;
        };
        match answer.status {
            200 => true,
            409 | 429 => false,
            422 => {
                let told = answer.json();
                let errors = told["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
                let waits =
                    !errors.is_empty() && errors.iter().all(|error| error["code"] == "unknown_reference");
                assert!(waits, "seed {SEED}, {} of {}: {}", piece.key, piece.table, answer.text);
                false
            }
            _ => panic!("seed {SEED}, {} of {}: {answer:?}", piece.key, piece.table),
        }
    }

    /// A piece is in; now and then the server is killed over those that others send just now.
    fn done(&self) {
        let left = self.left.fetch_sub(1, Ordering::SeqCst) - 1;
        let apart = (2 * self.pieces.len() / (KILLS + 1)).max(1);
        if left > 0 && left.is_multiple_of(apart) {
            self.served.kill_and_start_again();
        }
    }
}

/// Sends all of it; gives how often something had to be sent again.
fn send(served: &Served, machine: Machine, pieces: &[Piece], dice: &mut Dice) -> usize {
    let mut order: Vec<usize> = (0..pieces.len()).chain(0..pieces.len()).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, dice.below(place + 1));
    }
    let sending = Sending {
        served,
        machine,
        pieces,
        left: AtomicUsize::new(order.len()),
        queue: Mutex::new(order.into()),
        again: AtomicUsize::new(0),
    };
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| sending.client());
        }
    });
    sending.again.into_inner()
}

/// The rows of an export but for what numbers and moments of storing are in it, in no order.
fn rows(farsight: &Farsight, what: &str, tenant: &str) -> Vec<String> {
    let csv = farsight.ok(&["export", what, "--format", "csv", "--tenant", tenant]);
    let told = |row: std::collections::BTreeMap<String, String>| {
        let cells = row.into_iter().filter(|(name, _)| name != "entry_id" && name != "posted_at");
        cells.map(|(_, value)| value).collect::<Vec<_>>().join(",")
    };
    let mut rows: Vec<String> = records(&csv).map(told).collect();
    rows.sort();
    rows
}

fn same_books_by_both_ways(name: &str, cases: &[Case]) {
    let tower = Tower::new();
    let farsight = Farsight::on_database(EXE, &tower.url());
    let policy = cases[cases.len() - 1].policy;
    for tenant in ["machines", "files"] {
        farsight.ok(&["tenant", "add", tenant, "--name", tenant, "--policy", policy, "--simulated"]);
    }
    let mut dice = Dice::new(SEED);
    let sheets = cases[0].facts();
    let pieces = pieces(&sheets, &mut dice);
    let served = Served::start(&farsight);
    let secret = token(&farsight, "feed", &["--role", "hq", "--table", "all", "--tenant", "machines"]);
    let again = send(&served, Machine::new(served.address(), &secret), &pieces, &mut dice);
    eprintln!(
        "{name}: seed {SEED}, {} requests twice, sent again {again} times, {KILLS} kills",
        pieces.len()
    );
    assert!(again > 0, "seed {SEED}: nothing came too early or was hit by a kill, so nothing was shown");
    let imports = "SELECT count(*) FROM imports i JOIN tenants t USING (tenant_id) WHERE t.code = 'machines'";
    assert_eq!(
        number(&mut tower.sql(), imports),
        pieces.len() as i64,
        "seed {SEED}: each request is in once"
    );
    let folder = Folder::of(&sheets);
    farsight.ok(&["import", folder.path().to_str().unwrap(), "--tenant", "files"]);
    let mut office = Office::open(&tower, "machines");
    for case in cases.iter().filter(|case| case.policy == policy) {
        for tenant in ["machines", "files"] {
            farsight.ok(&["check", "--as-of", case.as_of, "--tenant", tenant]);
        }
        case.compare(&format!("{name} by machines"), &mut office);
        for what in ["entries", "findings"] {
            let (given, wanted) = (rows(&farsight, what, "machines"), rows(&farsight, what, "files"));
            assert!(!wanted.is_empty() && given == wanted, "seed {SEED}, {name}, {what}, {}", case.as_of);
        }
    }
    farsight.ok(&["audit", "verify", "--tenant", "machines"]);
}

#[test]
fn the_small_case() {
    same_books_by_both_ways("small", &books::small());
}

#[test]
fn case_1() {
    if let Some(cases) = books::case_1() {
        same_books_by_both_ways("case 1", &cases);
    }
}

#[test]
fn records_of_real_origin() {
    if let Some(cases) = books::real() {
        same_books_by_both_ways("real", &cases);
    }
}
