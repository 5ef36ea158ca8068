//! `farsight evidence`: hands a file in, and sees that what is stored is what was handed in.

use std::path::Path;
use std::process::ExitCode;

use farsight_control::evidence::{self, For, Handed, Source};
use farsight_evidence::{Digest, EvidenceError, Limits, Store, Verdict};
use futures_util::stream;
use serde_json::json;

use super::{Installation, work};
use crate::arguments::{EvidenceAddArguments, EvidenceCommand};
use crate::failure::Failure;
use crate::{output, outside};

/// A file is read in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

/// Does what was asked.
pub(super) fn run(installation: &Installation, command: &EvidenceCommand) -> Result<ExitCode, Failure> {
    match command {
        EvidenceCommand::Add(arguments) => add(installation, arguments),
        EvidenceCommand::Verify { sha256 } => verify(installation, sha256),
    }
}

fn add(installation: &Installation, arguments: &EvidenceAddArguments) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let url = installation.evidence()?;
    let file = &arguments.file;
    let tenant = desk.tenant.code.clone();
    let (stored, bytes) = work::runtime()?.block_on(async {
        let store = outside::store(&url).await?;
        let stored = store
            .put(&tenant, pieces(file)?, &Limits::default())
            .await
            .map_err(|error| about(file, &error))?;
        let bytes = store.bytes(&tenant, &stored.sha256, stored.bytes).await.map_err(anyhow::Error::from)?;
        Ok::<_, Failure>((stored, bytes))
    })?;
    let examined = evidence::examine(&stored, &bytes).map_err(|error| about(file, &error))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let what = For {
        source: Source::Person,
        by: &arguments.by,
        subject: &arguments.subject,
        dealer: &arguments.dealer,
        file_name: &name,
    };
    let handed = evidence::hand_in(&mut desk, &examined, what)?;
    output::print(installation.global.json, &handed, words)?;
    Ok(ExitCode::SUCCESS)
}

fn about(file: &Path, error: &EvidenceError) -> Failure {
    Failure::Work(anyhow::anyhow!("{}: {error}", file.display()))
}

/// A file piece by piece.
fn pieces(
    file: &Path,
) -> Result<impl futures_util::Stream<Item = std::io::Result<bytes::Bytes>> + Send + Unpin, Failure> {
    use std::io::Read;
    let unreadable = |error| Failure::usage(format!("{}: {error}", file.display()));
    let mut file = std::fs::File::open(file).map_err(unreadable)?;
    Ok(stream::iter(std::iter::from_fn(move || {
        let mut piece = vec![0; PIECE_BYTES];
        match file.read(&mut piece) {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some(Ok(piece.into()))
            }
            Err(error) => Some(Err(error)),
        }
    })))
}

fn words(handed: &Handed) -> String {
    let mut text = format!(
        "handed in as {}: {} {}, {} bytes",
        handed.handing, handed.media_type, handed.sha256, handed.bytes
    );
    if !handed.flaws.is_empty() {
        text += &format!("\nit looks {}", handed.flaws.join(", "));
    }
    for seen in &handed.like {
        let how = if seen.how == "same" { "the same file" } else { "nearly the same picture" };
        text += &format!(
            "\n{how} was handed in as {} on {} by {} for {}",
            seen.handing, seen.at, seen.by, seen.subject
        );
    }
    text
}

fn verify(installation: &Installation, sha256: &str) -> Result<ExitCode, Failure> {
    let digest: Digest = sha256.parse().map_err(|error| Failure::usage(format!("'{sha256}': {error}")))?;
    let desk = installation.desk()?;
    let url = installation.evidence()?;
    let verdict = work::runtime()?.block_on(async {
        let store: Store = outside::store(&url).await?;
        Ok::<_, Failure>(store.verify(&desk.tenant.code, &digest).await.map_err(anyhow::Error::from)?)
    })?;
    let sound = matches!(verdict, Verdict::Sound { .. });
    output::print(installation.global.json, &json!({ "sha256": sha256, "sound": sound }), |_| {
        if sound {
            format!("{sha256} is as it was handed in")
        } else {
            format!("{sha256} was ALTERED: restore it from a backup")
        }
    })?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
