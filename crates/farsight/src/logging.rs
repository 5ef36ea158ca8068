//! Logs of programs that run for long: one line an event, on standard error; for a person, or as JSON for machines.
//!
//! Spans carry tenant, job and slot. Codes and counts only: no names, texts or addresses of people.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// What is told when nobody says otherwise; apalis and sqlx tell of every poll.
pub(crate) const USUAL: &str = "info,apalis=warn,apalis_core=warn,apalis_postgres=warn,sqlx=warn";

/// What is told of a program that tells a person itself what happens.
pub(crate) const QUIET: &str = "error";

/// Starts logging: JSON where nobody looks on, or where asked for. `FARSIGHT_LOG` says what of it (`debug`, `info`, …).
pub(crate) fn start(json: bool, usually: &str) -> Result<(), Failure> {
    let filter = std::env::var("FARSIGHT_LOG").unwrap_or_else(|_| usually.to_owned());
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        Failure::usage(format!("FARSIGHT_LOG '{filter}': {error}; write for example info or debug"))
    })?;
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = if json || !std::io::stderr().is_terminal() {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        lines.compact().try_init()
    };
    started.map_err(|error| Failure::usage(format!("logging cannot be started: {error}")))
}
