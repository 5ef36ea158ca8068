//! `farsight export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use farsight_control::export::{self, Format, Report};
use farsight_control::{ControlError, Desk};
use farsight_rulebook::period::Period;

use super::Installation;
use crate::arguments::{ExportArguments, FormatName, ReportName};
use crate::failure::Failure;
use crate::output::{self, counted};

pub(super) fn run(installation: &Installation, arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let what = match arguments.what {
        ReportName::Entries => Report::Entries,
        ReportName::Settlement => Report::Settlement,
        ReportName::Alerts => Report::Alerts,
        ReportName::Findings => Report::Findings,
    };
    let format = match arguments.format {
        FormatName::Csv => Format::Csv { bom: arguments.bom },
        FormatName::Xlsx => Format::Xlsx,
        FormatName::Ndjson => Format::Ndjson,
    };
    if arguments.bom && arguments.format != FormatName::Csv {
        return Err(Failure::usage("--bom goes with --format csv only"));
    }
    let mut desk = installation.desk()?;
    match &arguments.out {
        None => {
            match export::export(
                &mut desk,
                what,
                arguments.period,
                format,
                BufWriter::new(io::stdout().lock()),
            ) {
                // Whoever reads may have seen enough.
                Err(ControlError::Write(farsight_exchange::WriteError::Output(error)))
                    if error.kind() == io::ErrorKind::BrokenPipe => {}
                other => {
                    other?;
                }
            }
        }
        Some(path) => {
            let rows = to_file(&mut desk, what, arguments.period, format, path)?;
            let result = serde_json::json!({ "file": path, "rows": rows });
            output::print(installation.global.json, &result, |_| {
                format!("{}: {}", path.display(), counted(rows, "row"))
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes beside the file and renames: what stands at the path is the old or the new, never a half.
fn to_file(
    desk: &mut Desk,
    what: Report,
    period: Option<Period>,
    format: Format,
    path: &Path,
) -> Result<u64, Failure> {
    let failed = |why: io::Error| {
        Failure::Work(anyhow::anyhow!("{}: {why}; nothing is written there", path.display()))
    };
    let mut name = path
        .file_name()
        .ok_or_else(|| Failure::usage(format!("--out {}: not a file's name", path.display())))?
        .to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let mut write = || -> Result<u64, Failure> {
        let mut out = BufWriter::new(File::create(&part).map_err(failed)?);
        let rows = export::export(desk, what, period, format, &mut out)?;
        out.flush().map_err(failed)?;
        out.get_ref().sync_all().map_err(failed)?;
        std::fs::rename(&part, path).map_err(failed)?;
        Ok(rows)
    };
    let rows = write();
    if rows.is_err() {
        // What was begun is of no use; that it may not be there is no fault.
        let _ = std::fs::remove_file(&part);
    }
    rows
}
