//! `farsight import`.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use farsight_control::import::{self, Outcome};
use farsight_exchange::{OutCell, OutColumn, OutFormat, OutKind, Progress, RowError, Source, Writer};
use farsight_rulebook::time::Zone;
use indicatif::{ProgressBar, ProgressStyle};

use super::Installation;
use crate::arguments::ImportArguments;
use crate::failure::Failure;
use crate::output::{self, counted, grouped};

/// How many errors are printed; a file of errors has them all.
const PRINTED: usize = 20;

pub(super) fn run(installation: &Installation, arguments: &ImportArguments) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let sources = import::sources(&arguments.paths)?;
    if sources.is_empty() {
        return Err(Failure::usage(
            "nothing to import: no file there is named after a fact table (see `farsight import --help`)",
        ));
    }
    let progress = Progress::default();
    let outcome =
        with_bar(&sources, &progress, || import::import(&mut desk, &sources, arguments.dry_run, &progress))?;
    if let Some(path) = &arguments.errors {
        write_errors(path, &outcome.errors)?;
    }
    for error in outcome.errors.iter().take(PRINTED) {
        eprintln!("{}", if error.line == 0 { error.reason.clone() } else { error.to_string() });
    }
    let count = outcome.error_count();
    if count > PRINTED as u64 && arguments.errors.is_none() {
        eprintln!("… {} more; write them all with --errors FILE", counted(count - PRINTED as u64, "error"));
    }
    output::print(installation.global.json, &outcome, words)?;
    Ok(if count > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn words(outcome: &Outcome) -> String {
    let mut lines = Vec::new();
    for file in outcome.files.iter().take(100) {
        lines.push(if file.errors > 0 {
            format!("{}: {}, nothing of it is stored", file.file, counted(file.errors, "error"))
        } else {
            format!(
                "{}: {}: {} new, {} corrected, {} unchanged",
                file.file,
                counted(file.rows, "row"),
                grouped(file.added),
                grouped(file.corrected),
                grouped(file.unchanged)
            )
        });
    }
    if outcome.files.len() > 100 {
        lines.push(format!("… and {} more", counted(outcome.files.len() as u64 - 100, "file")));
    }
    if outcome.dry_run {
        lines.push("dry run: nothing was stored".to_owned());
    }
    lines.join("\n")
}

/// Runs the work, with a bar on a terminal.
fn with_bar<T>(sources: &[Source], progress: &Progress, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let bar = ProgressBar::new(sources.iter().map(Source::bytes).sum());
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} left")
    {
        bar.set_style(style);
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                bar.set_position(progress.bytes());
                std::thread::park_timeout(Duration::from_millis(100));
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        bar.finish_and_clear();
        result
    })
}

fn write_errors(path: &Path, errors: &[RowError]) -> Result<(), Failure> {
    const fn column(name: &'static str, kind: OutKind) -> OutColumn {
        OutColumn { name, kind }
    }
    let columns = [
        column("file", OutKind::Text),
        column("line", OutKind::Count),
        column("column", OutKind::Text),
        column("value", OutKind::Text),
        column("code", OutKind::Text),
        column("reason", OutKind::Text),
    ];
    let failed =
        |error: &dyn std::fmt::Display| Failure::Work(anyhow::anyhow!("{}: {error}", path.display()));
    let file = std::fs::File::create(path).map_err(|error| failed(&error))?;
    let out = std::io::BufWriter::new(file);
    let mut writer = Writer::new(out, OutFormat::Csv { bom: false }, &columns, &Zone::shanghai())
        .map_err(|error| failed(&error))?;
    for error in errors {
        let cells = [
            OutCell::Text(&error.file),
            OutCell::Count(error.line as i64),
            OutCell::Text(&error.column),
            OutCell::Text(&error.value),
            OutCell::Text(error.code),
            OutCell::Text(&error.reason),
        ];
        writer.row(&cells).map_err(|error| failed(&error))?;
    }
    writer.finish(&[]).map_err(|error| failed(&error))?.flush().map_err(|error| failed(&error))
}
