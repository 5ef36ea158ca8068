//! `farsight demo`.

mod inbox;
mod live;

use std::process::ExitCode;

use farsight_control::demo::{self, Shown, Wish};

use super::Installation;
use crate::arguments::DemoArguments;
use crate::failure::Failure;
use crate::output::{self, grouped};
use crate::{clock, configuration};

pub(super) fn run(installation: &Installation, arguments: &DemoArguments) -> Result<ExitCode, Failure> {
    let scratch = tempfile::Builder::new().prefix("farsight-demo-").tempdir()?;
    let wish = Wish { dealers: arguments.dealers, months: arguments.months, seed: arguments.seed };
    let shown = demo::demo(
        &installation.database,
        wish,
        scratch.path(),
        &installation.sealer()?,
        &configuration::system_actor(),
        clock::now(),
    )?;
    output::print(installation.global.json, &shown, |shown| words(shown, installation))?;
    if !arguments.once {
        live::run(installation, arguments.port, scratch.path())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn words(shown: &Shown, installation: &Installation) -> String {
    let mut lines = vec![if shown.made {
        format!(
            "The demonstration is made: {} dealers, {} facts judged.",
            shown.dealers,
            grouped(shown.facts)
        )
    } else {
        format!("The demonstration is there already: {} dealers. It is judged up to now.", shown.dealers)
    }];
    lines.push(String::new());
    lines.push("month     status          penalties      incentives             net".to_owned());
    for month in &shown.months {
        lines.push(format!(
            "{}   {:<10} {:>14} {:>15} {:>15}",
            month.period, month.status, month.penalties, month.incentives, month.net
        ));
    }
    lines.push(String::new());
    lines.push("entries              net   clause".to_owned());
    for clause in &shown.clauses {
        lines.push(format!(
            "{:>7} {:>16}   {:<24} {}",
            grouped(clause.entries),
            clause.net,
            clause.clause,
            clause.title
        ));
    }
    lines.push(String::new());
    lines.push("dealers that owe the most".to_owned());
    for owing in &shown.owing {
        lines.push(format!("{:>16}   {}  {}", owing.net, owing.dealer, owing.name));
    }
    lines.push(String::new());
    let [critical, warning, notice] = shown.alerts;
    lines.push(format!(
        "open alerts: {} critical, {} warning, {} notice",
        grouped(critical),
        grouped(warning),
        grouped(notice)
    ));
    lines.push(String::new());
    lines.push(format!("someone of each role, all with the password: {}", demo::PASSWORD));
    for (email, role) in &shown.users {
        lines.push(format!("  {email:<28} {role}"));
    }
    lines.push(String::new());
    lines.push("look further:".to_owned());
    let farsight = command(installation);
    if let Some(entry) = shown.entry {
        lines.push(format!("  {farsight} explain {entry}                 the receipt of a penalty"));
    }
    if let Some(open) = shown.months.iter().find(|month| month.status == "open") {
        lines.push(format!(
            "  {farsight} export settlement --period {}   what finance takes away",
            open.period
        ));
    }
    lines.push(format!("  {farsight} audit verify"));
    lines.join("\n")
}

/// How this installation is called again.
fn command(installation: &Installation) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "farsight".to_owned());
    let mut command = program;
    if let Some(data) = &installation.global.data {
        command.push_str(&format!(" --data {}", data.display()));
    }
    command.push_str(&format!(" --tenant {}", demo::TENANT));
    command
}
