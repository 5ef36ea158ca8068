//! `farsight explain`.

use std::process::ExitCode;

use farsight_control::explain::{self, Explained};
use farsight_rulebook::messages::Language;

use super::Installation;
use crate::arguments::ExplainArguments;
use crate::failure::Failure;
use crate::output;

pub(super) fn run(installation: &Installation, arguments: &ExplainArguments) -> Result<ExitCode, Failure> {
    let language = language(arguments.language.as_deref())?;
    let mut desk = installation.desk()?;
    let known_at = arguments.knowledge.at(&desk)?;
    let explained = explain::explain(&mut desk, arguments.entry_id, language, known_at)?;
    output::print(installation.global.json, &explained, words)?;
    Ok(ExitCode::SUCCESS)
}

/// The language of a tag; none given: the one that the environment asks for.
pub(super) fn language(tag: Option<&str>) -> Result<Language, Failure> {
    match tag {
        Some(tag) => Language::tagged(tag)
            .ok_or_else(|| Failure::usage(format!("no language '{tag}': there is zh-CN and en"))),
        None => Ok(system_language()),
    }
}

/// The language that the environment asks for.
fn system_language() -> Language {
    let asked = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    if asked.is_some_and(|value| value.starts_with("zh")) { Language::Chinese } else { Language::English }
}

fn words(explained: &Explained) -> String {
    let mut lines = vec![explained.title.clone(), explained.booked.clone()];
    lines.extend(explained.clause.iter().cloned());
    let [facts, arithmetic, charged, history, otherwise] = &explained.headings;
    let mut part = |heading: &str, body: Vec<String>| {
        if !body.is_empty() {
            lines.push(String::new());
            lines.push(heading.to_owned());
            lines.extend(body.into_iter().map(|line| format!("  {line}")));
        }
    };
    let sourced = explained.facts.iter().flat_map(|stands| {
        std::iter::once(format!("- {}", stands.fact))
            .chain(stands.source.iter().map(|source| format!("    {source}")))
    });
    part(facts, sourced.collect());
    part(arithmetic, explained.arithmetic.clone());
    part(charged, explained.charged.clone());
    part(history, explained.history.clone());
    part(otherwise, vec![explained.otherwise.clone()]);
    lines.join("\n")
}
