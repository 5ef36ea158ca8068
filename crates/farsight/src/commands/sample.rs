//! `farsight sample …`, `farsight plan`: the day's draw, redone, exported; how its plan stands.

use std::path::Path;
use std::process::ExitCode;

use farsight_control::sample::{self, SampleError};
use farsight_control::visits::{self, Standing};
use farsight_control::{ControlError, ground};
use farsight_rulebook::draw::{Published, Verdict};
use jiff::civil::Date;
use serde_json::json;

use super::Installation;
use crate::arguments::{Global, SampleArguments, SampleCommand};
use crate::failure::Failure;
use crate::output::{self, counted};

/// The most bytes a published draw has.
const MAX_BYTES: u64 = 64 << 20;

pub(super) fn run(installation: &Installation, arguments: &SampleArguments) -> Result<ExitCode, Failure> {
    match (&arguments.command, arguments.date) {
        (None, Some(date)) => show(installation, date),
        (Some(SampleCommand::Verify { date: Some(date), .. }), _) => verify(installation, *date),
        (Some(SampleCommand::Export { date, out }), _) => export(installation, *date, out.as_deref()),
        (Some(SampleCommand::Anchors), _) => anchors(installation),
        _ => Err(Failure::usage("name a day, like `farsight sample 2026-03-05`")),
    }
}

/// Keys of days that are over are published whoever comes first, a job or an operator.
fn opened(
    installation: &Installation,
) -> Result<(farsight_control::Desk, farsight_control::sealing::Sealer), Failure> {
    let (mut desk, sealer) = (installation.desk()?, installation.sealer()?);
    sample::reveal(&mut desk, &sealer)?;
    Ok((desk, sealer))
}

fn show(installation: &Installation, date: Date) -> Result<ExitCode, Failure> {
    let (mut desk, sealer) = opened(installation)?;
    sample::make(&mut desk, &sealer, date)?;
    let published = sample::export(&mut desk, &sealer, date)?;
    output::print(installation.global.json, &published, words)?;
    Ok(ExitCode::SUCCESS)
}

fn words(draw: &Published) -> String {
    let list = |codes: &[String]| if codes.is_empty() { "nobody".to_owned() } else { codes.join(" ") };
    let key = match (&draw.key, &draw.revealed_at) {
        (Some(key), Some(at)) => format!("{key}, published {at}"),
        _ => "published when the day is over".to_owned(),
    };
    [
        format!("draw of {}, day {} of its chain", draw.date, draw.index),
        format!("pool       {}, frozen {}", counted(draw.pool.len() as u64, "dealer"), draw.committed_at),
        format!("pool hash  {}", draw.pool_sha256),
        format!("key        {key}"),
        format!("sample     {}", list(&draw.sample)),
        format!("reserve    {}", list(&draw.reserve)),
        format!("follow-ups {}", list(&draw.follow_ups)),
    ]
    .join("\n")
}

fn verify(installation: &Installation, date: Date) -> Result<ExitCode, Failure> {
    let (mut desk, sealer) = opened(installation)?;
    let published = sample::export(&mut desk, &sealer, date)?;
    tell_verdict(&installation.global, &published)
}

/// Redoes a published draw from its file alone.
pub(super) fn verify_file(global: &Global, path: &Path) -> Result<ExitCode, Failure> {
    let failed = |why: String| Failure::Work(anyhow::anyhow!("{}: {why}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > MAX_BYTES {
        return Err(failed(format!("{size} bytes: a published draw has at most {MAX_BYTES}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let published: Published = serde_json::from_str(&text).map_err(|error| {
        failed(format!("not a published draw, as `farsight sample export` writes it: {error}"))
    })?;
    tell_verdict(global, &published)
}

fn tell_verdict(global: &Global, published: &Published) -> Result<ExitCode, Failure> {
    let verdict = match sample::verify_published(published) {
        Ok(verdict) => verdict,
        Err(ControlError::Sample(SampleError::Wrong { day, fault })) => {
            if global.json {
                let result = json!({ "date": day, "valid": false, "fault": fault.code(), "reason": fault.to_string() });
                output::print(true, &result, |_| String::new())?;
            }
            return Err(ControlError::from(SampleError::Wrong { day, fault }).into());
        }
        Err(other) => return Err(other.into()),
    };
    let redone = verdict == Verdict::Redone;
    let result = json!({ "date": published.date, "valid": true, "redone": redone });
    output::print(global.json, &result, |_| {
        let date = published.date;
        if redone {
            format!(
                "the draw of {date} is right: pool, chain, sample and reserve are redone without a difference"
            )
        } else {
            format!(
                "the draw of {date} holds so far: pool and chain are right; its key is published when the day is over"
            )
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn export(installation: &Installation, date: Date, out: Option<&Path>) -> Result<ExitCode, Failure> {
    let (mut desk, sealer) = opened(installation)?;
    let published = sample::export(&mut desk, &sealer, date)?;
    let mut text = serde_json::to_string_pretty(&published).map_err(anyhow::Error::from)?;
    text.push('\n');
    let Some(path) = out else {
        // One value a line, with or without --json: it is for a shell to read.
        output::print(false, &(), |()| text)?;
        return Ok(ExitCode::SUCCESS);
    };
    let whole = || -> std::io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut part = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut part, text.as_bytes())?;
        part.as_file().sync_all()?;
        part.persist(path)?;
        Ok(())
    };
    whole().map_err(|why| {
        Failure::Work(anyhow::anyhow!("{}: {why}; nothing is written there", path.display()))
    })?;
    output::print(installation.global.json, &json!({ "file": path, "date": date }), |_| {
        format!("{}: the draw of {date}", path.display())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn anchors(installation: &Installation) -> Result<ExitCode, Failure> {
    let anchors = sample::anchors(&mut installation.desk()?)?;
    output::print(installation.global.json, &anchors, |anchors| {
        let line = |anchor: &sample::Anchor| {
            format!(
                "{} to {}  {}  published {}",
                anchor.first_day, anchor.last_day, anchor.anchor, anchor.published_at
            )
        };
        match anchors.as_slice() {
            [] => "no chain yet: the first draw makes one".to_owned(),
            anchors => anchors.iter().map(line).collect::<Vec<_>>().join("\n"),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// How the day's plan stands; today's is made when the day is drawn and it is not made yet.
pub(super) fn plan(installation: &Installation, date: Date) -> Result<ExitCode, Failure> {
    let (mut desk, sealer) = opened(installation)?;
    if ground::zone(&desk.tenant)?.date(desk.now) == date {
        visits::plan(&mut desk, &sealer, date)?;
    }
    let standing = visits::standing(&mut desk, date)?;
    output::print(installation.global.json, &standing, plan_words)?;
    Ok(ExitCode::SUCCESS)
}

fn plan_words(standing: &Standing) -> String {
    let mut lines = vec![standing.verdict.clone()];
    let follow_ups = &standing.follow_ups;
    if follow_ups.planned > 0 {
        lines.push(format!(
            "follow-ups: {} planned, {} inspectable, {} not visible, {} waiting",
            follow_ups.planned, follow_ups.inspectable, follow_ups.not_visible, follow_ups.waiting
        ));
    }
    for visit in &standing.visits {
        let mut line = format!(
            "{:>4}  {}  {:<9}  {:<11}  {}",
            visit.rank,
            visit.due_at,
            visit.kind.name(),
            visit.state.name(),
            visit.dealer
        );
        if let Some(stands_for) = &visit.stands_for {
            line.push_str(&format!("  for {stands_for}"));
        }
        if let Some(reason) = &visit.reason {
            line.push_str(&format!("  ({reason})"));
        }
        lines.push(line);
    }
    lines.join("\n")
}
