//! `farsight export`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use farsight_control::ControlError;
use farsight_control::export::{self, Format, Of, Report};
use farsight_control::{Desk, audit, ground};
use farsight_rulebook::period::Quarter;
use farsight_rulebook::time::Instant;

use super::{Installation, journal, pack};
use crate::arguments::{ExportArguments, FormatName, Interval, ReportName};
use crate::failure::Failure;
use crate::output::{self, counted};

/// What is written, of when, and as known when.
#[derive(Clone, Copy)]
enum What {
    Report(Report, Of),
    Staff(Quarter, Option<Instant>),
}

impl What {
    /// Refuses a quarter.
    fn report(report: Report, period: Option<Interval>, known_at: Option<Instant>) -> Result<Self, Failure> {
        match period {
            None => Ok(Self::Report(report, Of { period: None, known_at })),
            Some(Interval::Month(month)) => Ok(Self::Report(report, Of { period: Some(month), known_at })),
            Some(Interval::Quarter(quarter)) => Err(Failure::usage(format!(
                "--period {quarter}: {} is written by month, like 2026-03",
                report.name()
            ))),
        }
    }

    /// Refuses a month.
    fn staff(desk: &Desk, period: Option<Interval>, known_at: Option<Instant>) -> Result<Self, Failure> {
        match period {
            Some(Interval::Quarter(quarter)) => Ok(Self::Staff(quarter, known_at)),
            Some(Interval::Month(month)) => {
                Err(Failure::usage(format!("--period {month}: staff is written by quarter, like 2026-Q1")))
            }
            None => {
                let today = ground::zone(&desk.tenant)?.date(known_at.unwrap_or(desk.now));
                Ok(Self::Staff(Quarter::of(today), known_at))
            }
        }
    }

    /// As the audit log names it, and its period.
    fn named(&self) -> (&'static str, Option<String>) {
        match self {
            Self::Report(what, of) => (what.name(), of.period.map(|period| period.to_string())),
            Self::Staff(quarter, _) => ("staff", Some(quarter.to_string())),
        }
    }

    fn write(self, desk: &mut Desk, format: Format, out: impl Write) -> Result<u64, ControlError> {
        match self {
            Self::Report(what, of) => export::export(desk, what, of, format, out),
            Self::Staff(quarter, known_at) => export::staff(desk, quarter, known_at, format, out),
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
    let known_at = arguments.knowledge.at(&desk)?;
    let what = match report {
        Some(report) => What::report(report, arguments.period, known_at)?,
        None => What::staff(&desk, arguments.period, known_at)?,
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
