//! `farsight export`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use farsight_control::ControlError;
use farsight_control::export::{self, Format, Report};
use farsight_control::{Desk, audit, ground};
use farsight_rulebook::period::{Period, Quarter};

use super::{Installation, journal, pack};
use crate::arguments::{ExportArguments, FormatName, Interval, ReportName};
use crate::failure::Failure;
use crate::output::{self, counted};

/// What is written, and of when.
#[derive(Clone, Copy)]
enum What {
    Report(Report, Option<Period>),
    Staff(Quarter),
}

impl What {
    /// Refuses a quarter.
    fn report(report: Report, period: Option<Interval>) -> Result<Self, Failure> {
        match period {
            None => Ok(Self::Report(report, None)),
            Some(Interval::Month(month)) => Ok(Self::Report(report, Some(month))),
            Some(Interval::Quarter(quarter)) => Err(Failure::usage(format!(
                "--period {quarter}: {} is written by month, like 2026-03",
                report.name()
            ))),
        }
    }

    /// Refuses a month.
    fn staff(desk: &Desk, period: Option<Interval>) -> Result<Self, Failure> {
        match period {
            Some(Interval::Quarter(quarter)) => Ok(Self::Staff(quarter)),
            Some(Interval::Month(month)) => {
                Err(Failure::usage(format!("--period {month}: staff is written by quarter, like 2026-Q1")))
            }
            None => Ok(Self::Staff(Quarter::of(ground::zone(&desk.tenant)?.date(desk.now)))),
        }
    }

    /// As the audit log names it, and its period.
    fn named(&self) -> (&'static str, Option<String>) {
        match self {
            Self::Report(what, period) => (what.name(), period.map(|period| period.to_string())),
            Self::Staff(quarter) => ("staff", Some(quarter.to_string())),
        }
    }

    fn write(self, desk: &mut Desk, format: Format, out: impl Write) -> Result<u64, ControlError> {
        match self {
            Self::Report(what, period) => export::export(desk, what, period, format, out),
            Self::Staff(quarter) => export::staff(desk, quarter, format, out),
        }
    }
}

pub(super) fn run(installation: &Installation, arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let report = match arguments.what {
        ReportName::Pack => return pack::export(installation, arguments),
        ReportName::Journal => return journal::export(installation, arguments),
        ReportName::Entries => Some(Report::Entries),
        ReportName::Settlement => Some(Report::Settlement),
        ReportName::Alerts => Some(Report::Alerts),
        ReportName::Findings => Some(Report::Findings),
        ReportName::Compensation => Some(Report::Compensation),
        ReportName::Staff => None,
    };
    let named = arguments.format.unwrap_or(FormatName::Csv);
    let format = match named {
        FormatName::Csv => Format::Csv { bom: arguments.bom },
        FormatName::Xlsx => Format::Xlsx,
        FormatName::Ndjson => Format::Ndjson,
        FormatName::Xml => {
            return Err(Failure::usage("--format xml goes with `farsight export journal` only"));
        }
    };
    if arguments.bom && named != FormatName::Csv {
        return Err(Failure::usage("--bom goes with --format csv only"));
    }
    let mut desk = installation.desk()?;
    let what = match report {
        Some(report) => What::report(report, arguments.period)?,
        None => What::staff(&desk, arguments.period)?,
    };
    match &arguments.out {
        None => {
            let out = BufWriter::new(io::stdout().lock());
            let (named, period) = what.named();
            let written = what.write(&mut desk, format, out);
            unless_enough(&mut desk, (named, period.as_deref()), written)?;
        }
        Some(path) => {
            let rows = output::to_file(path, |out| Ok(what.write(&mut desk, format, out)?))?;
            let result = serde_json::json!({ "file": path, "rows": rows });
            output::print(installation.global.json, &result, |_| {
                format!("{}: {}", path.display(), counted(rows, "row"))
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// On standard output whoever reads may have seen enough; what they saw is in the audit log all the same.
pub(super) fn unless_enough<T>(
    desk: &mut Desk,
    (what, period): (&str, Option<&str>),
    written: Result<T, ControlError>,
) -> Result<(), Failure> {
    match written {
        Err(ControlError::Write(farsight_exchange::WriteError::Output(error)))
            if error.kind() == io::ErrorKind::BrokenPipe =>
        {
            Ok(audit::cut_off(desk, what, period)?)
        }
        other => Ok(other.map(drop)?),
    }
}
