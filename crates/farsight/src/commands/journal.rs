//! `farsight export journal`.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use farsight_control::journal::{self, Format, Of, Written};

use super::{Installation, export};
use crate::arguments::{ExportArguments, FormatName, Interval};
use crate::failure::Failure;
use crate::output::{self, counted};

pub(super) fn export(installation: &Installation, arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let Some(Interval::Month(period)) = arguments.period else {
        return Err(Failure::usage(
            "a journal is of one month: farsight export journal --period 2026-03 --format xlsx --out 2026-03.xlsx",
        ));
    };
    let format = match arguments.format.unwrap_or(FormatName::Csv) {
        FormatName::Csv => Format::Csv { bom: arguments.bom },
        FormatName::Xlsx => Format::Xlsx,
        FormatName::Xml => Format::Xml,
        FormatName::Ndjson => return Err(Failure::usage("a journal is written as csv, xlsx or xml")),
    };
    if arguments.bom && !matches!(format, Format::Csv { .. }) {
        return Err(Failure::usage("--bom goes with --format csv only"));
    }
    let (mut desk, accounts) = (installation.desk()?, installation.accounts());
    let of = Of { period, known_at: arguments.knowledge.at(&desk)? };
    match &arguments.out {
        None => {
            let out = BufWriter::new(io::stdout().lock());
            let written = journal::journal(&mut desk, accounts, of, format, out);
            export::unless_enough(&mut desk, ("journal", Some(&period.to_string())), written)?;
        }
        Some(path) => {
            let written =
                output::to_file(path, |out| Ok(journal::journal(&mut desk, accounts, of, format, out)?))?;
            let result = serde_json::json!({ "file": path, "journal": written });
            output::print(installation.global.json, &result, |_| {
                format!("{}: {}", path.display(), words(&written))
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn words(written: &Written) -> String {
    let Written { period, status, debit, penalties, incentives, reversals, net, .. } = written;
    format!(
        "settlement {period}, {status}: {}, {}\ndebit {debit} = credit {debit}\npenalties {penalties}  incentives {incentives}  reversals {reversals}  net {net}, as settled",
        counted(written.vouchers as u64, "voucher"),
        counted(written.lines as u64, "line"),
    )
}
