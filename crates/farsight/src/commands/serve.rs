//! `farsight serve`: serves over HTTP until it is told to stop, and works besides where asked to.
//!
//! Without a worker it still makes due times into slots: with none anywhere, an operator sees them wait.

use std::process::ExitCode;

use super::Installation;
use super::work::{Duty, until_told};
use crate::arguments::ServeArguments;
use crate::failure::Failure;

/// Serves until SIGTERM or SIGINT.
pub(super) fn run(installation: &Installation, arguments: &ServeArguments) -> Result<ExitCode, Failure> {
    let duty = Duty {
        at_once: arguments.at_once,
        works: arguments.with_worker,
        listen: Some(arguments.listen),
        courier: installation.courier()?,
    };
    until_told(installation, duty)
}
