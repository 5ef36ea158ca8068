//! `farsight policy …`: a file is checked, drafted by one person, and published by another.

use std::process::ExitCode;

use farsight_control::policies::drafts::{self, Drafted};
use farsight_control::policies::{self, Source, Toll};
use farsight_control::{ControlError, Desk, ground};
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;
use serde_json::json;

use super::explain::language;
use super::{Installation, replay};
use crate::arguments::{Global, PolicyBy, PolicyCommand};
use crate::failure::Failure;
use crate::output::{self, counted};

pub(super) fn run(installation: &Installation, command: &PolicyCommand) -> Result<ExitCode, Failure> {
    match command {
        PolicyCommand::Check { file, currency } => check(&installation.global, file, currency),
        PolicyCommand::Draft { file, who } => draft(installation, file, who),
        PolicyCommand::Replay(arguments) => replay::run(installation, arguments),
        PolicyCommand::Drafts => list(installation),
        PolicyCommand::Diff { draft, language } => diff(installation, *draft, language.as_deref()),
        PolicyCommand::Publish { file, effective, who } => publish(installation, file, *effective, who),
        PolicyCommand::Drop { draft, who } => {
            drafts::drop(&mut desk(installation, who)?, *draft)?;
            let result = json!({ "draft": draft, "state": "dropped" });
            output::print(installation.global.json, &result, |_| format!("draft {draft} is dropped"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

pub(super) fn check(global: &Global, file: &str, currency: &str) -> Result<ExitCode, Failure> {
    let currency = Currency::of(currency).ok_or_else(|| {
        Failure::usage(format!("'{currency}' is no currency: use its three letters (ISO 4217), like CNY"))
    })?;
    let source = Source::named(file)?;
    match policies::read(&source, currency) {
        Ok(policy) => {
            let clauses = policy.clauses().len();
            let result = json!({ "policy": policy.name, "valid": true, "clauses": clauses });
            output::print(global.json, &result, |_| {
                format!(
                    "policy {} is valid: {}\n{}\n{}",
                    policy.name,
                    counted(clauses as u64, "clause"),
                    policy.title.zh,
                    policy.title.en
                )
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(ControlError::Policy { file, faults }) => {
            let rows: Vec<_> = faults
                .iter()
                .map(|fault| json!({ "line": fault.line, "place": fault.place, "reason": fault.reason }))
                .collect();
            if global.json {
                output::print(true, &json!({ "valid": false, "faults": rows }), |_| String::new())?;
            }
            Err(ControlError::Policy { file, faults }.into())
        }
        Err(other) => Err(other.into()),
    }
}

/// The desk of whoever makes policy.
fn desk(installation: &Installation, who: &PolicyBy) -> Result<Desk, Failure> {
    let mut desk = installation.desk()?;
    if let Some(by) = &who.by {
        desk.actor = by.to_lowercase();
    }
    Ok(desk)
}

fn draft(installation: &Installation, file: &str, who: &PolicyBy) -> Result<ExitCode, Failure> {
    let mut desk = desk(installation, who)?;
    let id = drafts::draft(&mut desk, &Source::named(file)?)?;
    let drafted = drafts::one(&mut desk, id, None)?;
    let result = json!({ "draft": id, "changes": drafted.changes });
    output::print(installation.global.json, &result, |_| {
        format!(
            "draft {id} is kept: {} against {}\nnext: `farsight policy diff {id}` says them; a second person publishes it with `farsight policy publish {file} --effective DATE --by EMAIL`",
            counted(drafted.changes.len() as u64, "change"),
            against(&drafted)
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn against(drafted: &Drafted) -> String {
    drafted.against.map_or_else(|| "no version".to_owned(), |version| format!("version {version}"))
}

fn list(installation: &Installation) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let zone = ground::zone(&desk.tenant)?;
    let at = |instant: Instant| zone.rfc3339(instant);
    let drafts = drafts::list(&mut desk)?;
    let rows: Vec<_> = drafts
        .iter()
        .map(|draft| {
            json!({ "draft": draft.id, "policy": draft.name, "state": draft.state.name(), "version": draft.version,
                "drafted_by": draft.drafted_by, "drafted_at": at(draft.drafted_at),
                "decided_by": draft.decided_by, "decided_at": draft.decided_at.map(at) })
        })
        .collect();
    output::print(installation.global.json, &rows, |_| match drafts.as_slice() {
        [] => "no draft yet: `farsight policy draft FILE --by EMAIL` keeps one".to_owned(),
        drafts => drafts
            .iter()
            .map(|draft| {
                let became =
                    draft.version.map(|version| format!(" as version {version}")).unwrap_or_default();
                let (state, by) = (draft.state.name(), &draft.drafted_by);
                format!(
                    "{:>5}  {}  {state}{became}, drafted by {by} {}",
                    draft.id,
                    draft.name,
                    at(draft.drafted_at)
                )
            })
            .collect::<Vec<_>>()
            .join("\n"),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn diff(installation: &Installation, draft: i64, tag: Option<&str>) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let drafted = drafts::one(&mut desk, draft, None)?;
    let sentences = policies::say(&desk, &drafted.changes, language(tag)?)?;
    let result = json!({ "draft": draft, "against": drafted.against, "changes": drafted.changes,
        "earliest": drafted.earliest.map(|date| date.to_string()) });
    output::print(installation.global.json, &result, |_| {
        let mut lines = vec![format!("draft {draft} against {}:", against(&drafted))];
        for (change, sentence) in drafted.changes.iter().zip(&sentences) {
            let mark = if change.toll == Toll::More { '!' } else { ' ' };
            lines.push(format!("{mark} {:<14} {sentence}", change.section));
        }
        if let Some(earliest) = drafted.earliest {
            lines.push(format!("! may cost dealers more: published today, it can judge from {earliest}"));
        }
        lines.join("\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

fn publish(
    installation: &Installation,
    file: &str,
    effective_on: Date,
    who: &PolicyBy,
) -> Result<ExitCode, Failure> {
    let mut desk = desk(installation, who)?;
    let published = drafts::publish_file(&mut desk, &Source::named(file)?, effective_on)?;
    output::print(installation.global.json, &published, |published| {
        format!(
            "{} is published as version {}: it judges from {} on, and the next check looks at everything",
            published.policy, published.version, published.effective_on
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
