//! `farsight alerts`: the list, and acknowledging.

use std::process::ExitCode;

use farsight_control::alerts::{self, Listed, Shown};
use farsight_rulebook::policy::Severity;
use farsight_store::alerts::{Filter, Status};

use super::Installation;
use super::explain::language;
use crate::arguments::{
    AcknowledgeArguments, AlertsArguments, AlertsCommand, AlertsListArguments, SeverityName, StatusName,
};
use crate::failure::Failure;
use crate::output::{self, counted, grouped};

pub(super) fn run(installation: &Installation, arguments: &AlertsArguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        None => list(installation, &arguments.list),
        Some(AlertsCommand::List(arguments)) => list(installation, arguments),
        Some(AlertsCommand::Acknowledge(arguments)) => acknowledge(installation, arguments),
    }
}

fn list(installation: &Installation, arguments: &AlertsListArguments) -> Result<ExitCode, Failure> {
    let filter = Filter {
        opened_since: None,
        dealer: arguments.dealer.clone(),
        region: arguments.region.clone(),
        severity: arguments.severity.map(severity),
        status: arguments.status.map(status),
        limit: Some(arguments.limit),
        ..Filter::default()
    };
    let language = language(arguments.language.as_deref())?;
    let listed = alerts::list(&mut installation.desk()?, &filter, language)?;
    output::print(installation.global.json, &listed, words)?;
    Ok(ExitCode::SUCCESS)
}

fn words(listed: &Listed) -> String {
    let mut lines: Vec<String> = listed.alerts.iter().map(one).collect();
    let rest = listed.total - listed.alerts.len() as u64;
    lines.push(match (listed.total, rest) {
        (0, _) => "no alert".to_owned(),
        (total, 0) => counted(total, "alert"),
        (total, rest) => {
            format!("{}, {} of them not shown: --limit shows more", counted(total, "alert"), grouped(rest))
        }
    });
    lines.join("\n")
}

/// An alert on two lines.
fn one(shown: &Shown) -> String {
    let by = shown.acknowledged_by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    format!(
        "{}  {}  {}{by}  {}  since {}\n    {}",
        shown.alert, shown.severity, shown.status, shown.level, shown.opened_at, shown.text
    )
}

fn acknowledge(installation: &Installation, arguments: &AcknowledgeArguments) -> Result<ExitCode, Failure> {
    let language = language(arguments.language.as_deref())?;
    let shown = alerts::acknowledge(&mut installation.desk()?, arguments.alert, &arguments.by, language)?;
    output::print(installation.global.json, &shown, one)?;
    Ok(ExitCode::SUCCESS)
}

const fn severity(name: SeverityName) -> Severity {
    match name {
        SeverityName::Notice => Severity::Notice,
        SeverityName::Warning => Severity::Warning,
        SeverityName::Critical => Severity::Critical,
    }
}

const fn status(name: StatusName) -> Status {
    match name {
        StatusName::Open => Status::Open,
        StatusName::Acknowledged => Status::Acknowledged,
        StatusName::Resolved => Status::Resolved,
    }
}
