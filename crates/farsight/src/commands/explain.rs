//! `farsight explain`.

use std::process::ExitCode;

use super::Installation;
use crate::arguments::ExplainArguments;
use crate::failure::Failure;

pub(super) fn run(_installation: &Installation, _arguments: &ExplainArguments) -> Result<ExitCode, Failure> {
    Err(Failure::usage("to come"))
}
