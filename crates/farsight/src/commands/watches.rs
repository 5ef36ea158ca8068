//! `farsight watch …`: folders and buckets that others put files with facts into.

use std::process::ExitCode;

use farsight_control::watches::{self, New};
use farsight_store::watches::Watch;
use serde_json::{Value, json};

use super::Installation;
use crate::arguments::{WatchAddArguments, WatchCommand};
use crate::failure::Failure;
use crate::output;

pub(super) fn run(installation: &Installation, command: &WatchCommand) -> Result<ExitCode, Failure> {
    match command {
        WatchCommand::Add(arguments) => add(installation, arguments),
        WatchCommand::List => list(installation),
        WatchCommand::Remove { code } => {
            watches::remove(&mut installation.desk()?, code)?;
            output::print(installation.global.json, &json!({ "watch": code }), |_| {
                format!("{code} is watched no more")
            })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn add(installation: &Installation, arguments: &WatchAddArguments) -> Result<ExitCode, Failure> {
    let new = New {
        code: arguments.code.clone(),
        url: arguments.url.clone(),
        sender: arguments.sender.clone(),
        tables: arguments.table.clone(),
        lenient: arguments.lenient,
    };
    watches::add(&mut installation.desk()?, &installation.watched().places, &new)?;
    let result = json!({ "watch": new.code, "url": new.url, "as": new.sender, "lenient": new.lenient });
    output::print(installation.global.json, &result, |_| {
        format!(
            "{} is watched as {}: every minute `farsight work` takes in the files that are there, each once, and writes NAME.result.json beside it",
            new.url, new.code
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn list(installation: &Installation) -> Result<ExitCode, Failure> {
    let watches = watches::list(&mut installation.desk()?)?;
    let rows: Vec<Value> = watches.iter().map(row).collect();
    output::print(installation.global.json, &rows, |_| match watches.as_slice() {
        [] => "nothing is watched: add a place with `farsight watch add CODE URL --as NAME --table TABLE`"
            .to_owned(),
        watches => watches.iter().map(line).collect::<Vec<_>>().join("\n"),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn row(watch: &Watch) -> Value {
    json!({
        "watch": watch.code, "url": watch.url, "as": watch.actor, "tables": watch.tables, "lenient": watch.lenient,
        "looked_at": watch.looked_at.map(|at| at.timestamp().to_string()),
        "failing_since": watch.failing_since.map(|at| at.timestamp().to_string()), "last_error": watch.last_error,
    })
}

fn line(watch: &Watch) -> String {
    let state = match (&watch.last_error, watch.looked_at) {
        (Some(why), _) => format!("cannot be looked at: {why}"),
        (None, Some(at)) => format!("looked at {}", at.timestamp()),
        (None, None) => "not looked at yet: does `farsight work` run?".to_owned(),
    };
    format!("{}  {}  as {}  {}  {state}", watch.code, watch.url, watch.actor, watch.tables.join(" "))
}
