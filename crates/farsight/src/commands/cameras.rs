//! `farsight camera …`.

use std::io::Read;
use std::process::ExitCode;

use farsight_control::cameras;
use serde_json::json;

use super::Installation;
use crate::arguments::CameraSignInArguments;
use crate::failure::Failure;
use crate::output;

/// No camera takes a longer password.
const MAX_BYTES: u64 = 4096;

/// Keeps how one signs in to a camera. The password comes on standard input: an argument would be seen by everyone on
/// the machine.
pub(super) fn sign_in(
    installation: &Installation,
    arguments: &CameraSignInArguments,
) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text)?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    let (camera, user) = (&arguments.camera, &arguments.user);
    cameras::set_credentials(&mut installation.desk()?, &installation.sealer()?, camera, user, password)?;
    output::print(installation.global.json, &json!({ "camera": camera, "user": user }), |_| {
        format!("camera {camera}: signs in as {user} from now on; the password is kept sealed")
    })?;
    Ok(ExitCode::SUCCESS)
}
