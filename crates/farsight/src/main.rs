//! The command `farsight` (千里眼): reads what was asked, wires the parts together, prints what came of it.

mod arenas;
mod arguments;
mod chance;
mod clock;
mod commands;
mod configuration;
mod failure;
mod logging;
mod output;
mod outside;
mod watching;

use std::process::ExitCode;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_command_line();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("farsight: {failure}");
            failure.exit_code()
        }
    }
}
