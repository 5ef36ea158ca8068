//! `farsight demo`.

use std::process::ExitCode;

use super::Installation;
use crate::arguments::DemoArguments;
use crate::failure::Failure;

pub(super) fn run(_installation: &Installation, _arguments: &DemoArguments) -> Result<ExitCode, Failure> {
    Err(Failure::usage("to come"))
}
