//! How many rows a second are read: `cargo run --release -p farsight-exchange --example read_speed [FILE] [ROWS]`.
//!
//! Repeats the rows of a file (by default the sample's work orders) until there are enough, and reads them once to warm
//! up and three times for the record. Prints the best.

use std::io::{BufRead, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use farsight_exchange::{Found, Progress, Reader, Reading, find};
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::Zone;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/work_orders.csv");
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/case-2/work_orders.csv");
    let usual = if shared.exists() { shared } else { samples };
    let file = arguments.next().map_or(usual, PathBuf::from);
    let rows: usize = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let long = folder.path().join(file.file_name().unwrap_or_default());
    repeat(&file, &long, rows)?;
    let mut best = f64::MAX;
    for _ in 0..4 {
        best = best.min(read(&long)?);
    }
    let bytes = std::fs::metadata(&long)?.len() as f64;
    println!("{:.0} rows/s, {:.0} MB/s", rows as f64 / best, bytes / best / 1e6);
    Ok(())
}

fn repeat(from: &Path, to: &Path, rows: usize) -> Outcome {
    let lines = std::io::BufReader::new(std::fs::File::open(from)?).lines().take(10_000);
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    let (header, body) = lines.split_first().ok_or("no rows")?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(to)?);
    writeln!(out, "{header}")?;
    for line in body.iter().cycle().take(rows) {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

fn read(path: &Path) -> Result<f64, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let currency = Currency::of("CNY").ok_or("no currency")?;
    let source = find(&[path])?.remove(0);
    let mut cells = 0;
    let reader = Reader::open(&source, &Reading { zone: Zone::shanghai(), currency }, &Progress::default())?;
    let summary = reader.each(&mut |found| {
        match found {
            Found::Row(row) => cells += row.cells.len(),
            Found::Bad(error) => eprintln!("{error}"),
        }
        ControlFlow::Continue(())
    })?;
    assert!(summary.rows > 0 && cells > 0);
    Ok(started.elapsed().as_secs_f64())
}
