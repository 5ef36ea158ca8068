//! `farsight camera …`.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use farsight_cameras::Rules;
use farsight_control::{cameras, visits};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use super::Installation;
use crate::arguments::{CameraCommand, CameraConfirmArguments, CameraSignInArguments};
use crate::failure::Failure;
use crate::output;

/// No camera takes a longer password.
const MAX_BYTES: u64 = 4096;

/// Does what was asked.
pub(super) fn run(installation: &Installation, command: &CameraCommand) -> Result<ExitCode, Failure> {
    match command {
        CameraCommand::SignIn(arguments) => sign_in(installation, arguments),
        CameraCommand::Rules { file } => rules(installation, file.as_deref()),
        CameraCommand::Pictures => pictures(installation),
        CameraCommand::Confirm(arguments) => confirm(installation, arguments),
    }
}

/// Shows where the tenant's cameras may be, or sets it.
fn rules(installation: &Installation, file: Option<&Path>) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    if let Some(file) = file {
        let unreadable = |why: String| Failure::usage(format!("{}: {why}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
        let rules: Rules = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        cameras::set_rules(&mut desk, &rules)?;
    }
    let rules = cameras::rules(&mut desk)?;
    output::print(installation.global.json, &rules, |rules| {
        serde_json::to_string_pretty(rules).unwrap_or_default()
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A picture in doubt.
#[derive(Serialize)]
struct Doubt {
    picture: i64,
    day: Date,
    dealer: String,
    camera: String,
    flaws: Vec<String>,
    sha256: String,
}

fn pictures(installation: &Installation) -> Result<ExitCode, Failure> {
    let doubts: Vec<Doubt> = visits::to_confirm(&mut installation.desk()?)?
        .into_iter()
        .map(|picture| Doubt {
            picture: picture.id,
            day: picture.day,
            dealer: picture.dealer,
            camera: picture.camera,
            flaws: picture.shot.flaws,
            sha256: picture.shot.sha256,
        })
        .collect();
    output::print(installation.global.json, &doubts, |doubts| {
        if doubts.is_empty() {
            return "No picture is in doubt.".to_owned();
        }
        doubts.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

fn line(it: &Doubt) -> String {
    let flaws = it.flaws.join(", ");
    format!("{:>6}  {}  {:<12} {:<18} {flaws:<18} {}", it.picture, it.day, it.dealer, it.camera, it.sha256)
}

fn confirm(installation: &Installation, arguments: &CameraConfirmArguments) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let subject = visits::Subject::Picture(arguments.picture);
    let decided = visits::confirm(&mut desk, subject, &arguments.by, !arguments.dismiss)?;
    let (dealer, state) = (&decided.visit.dealer, decided.visit.state.name());
    let told =
        json!({ "dealer": dealer, "visit": state, "inspection": decided.inspection, "facts": decided.facts });
    output::print(installation.global.json, &told, |_| match &decided.inspection {
        Some(inspection) => {
            format!("the visit to {dealer} is {state}; inspection {inspection} is taken in as facts")
        }
        None => format!("the visit to {dealer} is {state}"),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Keeps how one signs in to a camera. The password comes on standard input: an argument would be seen by everyone on
/// the machine.
fn sign_in(installation: &Installation, arguments: &CameraSignInArguments) -> Result<ExitCode, Failure> {
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
