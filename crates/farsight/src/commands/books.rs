//! `farsight check`, the steps of a settlement, `audit verify`.

use std::process::ExitCode;

use farsight_control::evaluate::{self, Outcome, Request};
use farsight_control::settle::{self, Settled};
use farsight_control::{ControlError, Desk, audit, figures, ground};
use farsight_rulebook::period::Period;
use serde_json::json;

use super::{Installation, instant};
use crate::arguments::{CheckArguments, SettleArguments, StepArguments};
use crate::failure::Failure;
use crate::output::{self, counted, grouped};

pub(super) fn check(installation: &Installation, arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let zone = ground::zone(&desk.tenant)?;
    let as_of = arguments.as_of.as_deref().map(|text| instant(text, &zone, "--as-of")).transpose()?;
    let request =
        Request { checks: arguments.names.clone(), as_of, full: arguments.full, dry_run: arguments.dry_run };
    let outcome = evaluate::evaluate(&mut desk, &request)?;
    output::print(installation.global.json, &outcome, words)?;
    Ok(ExitCode::SUCCESS)
}

fn words(outcome: &Outcome) -> String {
    let looked = if outcome.whole.is_empty() { "what facts and time have touched" } else { "everything" };
    let mut lines = vec![
        format!("as of {}: {}", outcome.as_of, outcome.checks.join(", ")),
        format!(
            "looked at {looked}: {}, {}",
            counted(outcome.facts, "fact"),
            counted(outcome.findings, "finding")
        ),
        format!(
            "entries: {} posted, {} reversed, {} unchanged",
            grouped(outcome.posted),
            grouped(outcome.reversed),
            grouped(outcome.unchanged)
        ),
        format!(
            "alerts: {} opened, {} resolved",
            grouped(outcome.alerts_opened),
            grouped(outcome.alerts_resolved)
        ),
    ];
    if outcome.too_late > 0 {
        lines.push(format!(
            "{} not posted: older than the policy's limit",
            counted(outcome.too_late, "penalty")
        ));
    }
    if outcome.settlements_reopened > 0 {
        lines.push(format!("{} set back to calculated", counted(outcome.settlements_reopened, "settlement")));
    }
    if outcome.dry_run {
        lines.push("dry run: nothing was posted".to_owned());
    }
    lines.join("\n")
}

pub(super) fn settle(installation: &Installation, arguments: &SettleArguments) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let zone = ground::zone(&desk.tenant)?;
    let as_of = instant(&arguments.as_of, &zone, "--as-of")?;
    let (outcome, settled) = settle::calculate(&mut desk, arguments.period, as_of, &arguments.by)?;
    let result = json!({ "check": outcome, "settlement": settled });
    output::print(installation.global.json, &result, |_| {
        format!("{}\n{}", words(&outcome), settlement_words(&settled))
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn step(
    installation: &Installation,
    arguments: &StepArguments,
    take: fn(&mut Desk, Period, &str) -> Result<Settled, ControlError>,
) -> Result<ExitCode, Failure> {
    let settled = take(&mut installation.desk()?, arguments.period, &arguments.by)?;
    output::print(installation.global.json, &settled, settlement_words)?;
    Ok(ExitCode::SUCCESS)
}

fn settlement_words(settled: &Settled) -> String {
    let mut text = format!(
        "settlement {} is {}: {} for {}\npenalties {}  incentives {}  reversals {}  net {}",
        settled.period,
        settled.status,
        if settled.entries == 1 {
            "1 entry".to_owned()
        } else {
            format!("{} entries", grouped(settled.entries as u64))
        },
        if settled.parties == 1 {
            "1 party".to_owned()
        } else {
            format!("{} parties", grouped(settled.parties as u64))
        },
        settled.penalties,
        settled.incentives,
        settled.reversals,
        settled.net
    );
    if let Some(head) = &settled.audit_head {
        text.push_str(&format!("\naudit chain head {head}"));
    }
    text
}

/// `farsight figures`
pub(super) fn work_out_figures(installation: &Installation, from_nothing: bool) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let refreshed = if from_nothing { figures::rebuild(&mut desk)? } else { figures::refresh(&mut desk)? };
    output::print(installation.global.json, &refreshed, |refreshed| {
        format!("{} months and {} complaints worked out", refreshed.months, refreshed.complaints)
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn verify_audit(installation: &Installation) -> Result<ExitCode, Failure> {
    let walk = audit::verify(&mut installation.desk()?)?;
    let broken = walk.broken.map(|(seq, fault)| json!({ "seq": seq, "fault": fault }));
    let result = json!({ "links": walk.links, "head": walk.head, "broken": broken });
    output::print(installation.global.json, &result, |_| match walk.broken {
        None => {
            format!("the audit chain is whole: {}, head {}", counted(walk.links as u64, "link"), walk.head)
        }
        Some((seq, fault)) => format!("the audit chain is broken at link {seq}: {fault}"),
    })?;
    Ok(if walk.broken.is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
