//! `farsight export pack`, `farsight verify`.

use std::path::Path;
use std::process::ExitCode;

use farsight_control::pack::{self, Packed};
use farsight_control::{ControlError, sample};
use farsight_proof::{PackError, Report};

use super::Installation;
use crate::arguments::{ExportArguments, Global, Interval};
use crate::failure::Failure;
use crate::output::{self, counted};

pub(super) fn export(installation: &Installation, arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let ask = "farsight export pack --period 2026-03 --out 2026-03.zip";
    let (Some(Interval::Month(period)), Some(path)) = (arguments.period, arguments.out.as_deref()) else {
        return Err(Failure::usage(format!("a pack is of one month and a file: {ask}")));
    };
    if arguments.format.is_some() || arguments.bom {
        return Err(Failure::usage(format!(
            "a pack is always a ZIP archive, without --format and --bom: {ask}"
        )));
    }
    if arguments.knowledge.known_at.is_some() {
        return Err(Failure::usage(
            "a pack goes without --known-at: it always says what was known at its month's last posting, and a locked month's is the same for ever",
        ));
    }
    let (mut desk, sealer) = (installation.desk()?, installation.sealer()?);
    sample::reveal(&mut desk, &sealer)?; // of days that are over, whoever comes first
    let packed = output::to_file(path, |out| Ok(pack::pack(&mut desk, &sealer, period, out)?))?;
    let result = serde_json::json!({ "file": path, "pack": packed });
    output::print(installation.global.json, &result, |_| words(path, &packed))?;
    Ok(ExitCode::SUCCESS)
}

fn words(path: &Path, packed: &Packed) -> String {
    let Packed { period, status, entries, receipts, facts, draws, .. } = packed;
    let mut lines = vec![
        format!(
            "{}: settlement {period}, {status}: {}, {}, {}, {}",
            path.display(),
            if *entries == 1 {
                "1 entry".to_owned()
            } else {
                format!("{} entries", output::grouped(*entries as u64))
            },
            counted(*receipts as u64, "receipt"),
            counted(*facts, "fact"),
            counted(*draws as u64, "draw")
        ),
        format!("SHA-256 {}", packed.sha256),
    ];
    if packed.status != "locked" {
        lines.push("the month is not locked: what is posted into it later is not in this pack".to_owned());
    }
    if !packed.not_reproduced.is_empty() {
        let ids: Vec<String> = packed.not_reproduced.iter().take(20).map(ToString::to_string).collect();
        lines.push(format!(
            "{} do not come out again when judged anew, and `farsight verify` will name them: {}",
            counted(packed.not_reproduced.len() as u64, "charge"),
            ids.join(" ")
        ));
    }
    lines.join("\n")
}

pub(super) fn verify(global: &Global, path: &Path) -> Result<ExitCode, Failure> {
    let report = pack::verify(path).map_err(|error| match error {
        ControlError::Pack(why @ (PackError::NoArchive(_) | PackError::Foreign(_) | PackError::Io(_))) => {
            Failure::usage(format!("{}: {why}", path.display()))
        }
        other => other.into(),
    })?;
    output::print(global.json, &report, verdict)?;
    Ok(if report.whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn verdict(report: &Report) -> String {
    let mut lines = Vec::new();
    if let Some(statement) = &report.statement {
        let totals = &statement.totals;
        lines.push(format!(
            "settlement {} of {} ({}), {}, packed by {}",
            statement.period, statement.tenant.name, statement.tenant.code, statement.status, report.program
        ));
        lines.push(format!(
            "net {} {}: penalties {}  incentives {}  reversals {}",
            totals.net, statement.currency, totals.penalties, totals.incentives, totals.reversals
        ));
        if let Some(head) = &statement.audit_head {
            lines.push(format!("audit chain head {head}: compare it with the one printed on the settlement"));
        }
    }
    lines.push(format!(
        "as they should be: {}, {} judged anew, {}, {}, {}, {}",
        counted(report.files, "file"),
        counted(report.charges, "charge"),
        counted(report.reversals, "reversal"),
        counted(report.receipts, "receipt"),
        counted(report.draws, "draw"),
        counted(report.audit_links, "audit link")
    ));
    if report.earlier_knowledge > 0 {
        lines.push(format!(
            "{} by what was known before one of the latest imports before the posting: it was under way then",
            counted(report.earlier_knowledge, "judgement")
        ));
    }
    if !report.words && report.statement.is_some() {
        lines.push(
            "the words of receipts were not compared: another version of the program packed them".to_owned(),
        );
    }
    let faults = &report.faults;
    match faults.count {
        0 => lines.push("the pack is whole: every charge follows from its facts and policy".to_owned()),
        count => {
            lines.push(format!("the pack is NOT whole: {}", counted(count, "fault")));
            lines.extend(faults.faults.iter().map(|fault| format!("  {fault}")));
            let untold = count - faults.faults.len() as u64;
            if untold > 0 {
                lines.push(format!("  and {} more", output::grouped(untold)));
            }
        }
    }
    lines.join("\n")
}
