//! `/me/telling`: what reaches oneself by e-mail, and in which hours not.

use axum::Form;
use farsight_control::telling::{self, Heard, Kind, Source, Wish};
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use serde_json::json;

use super::own;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases;
use crate::views::value;

/// The severities to choose from: what raises no alert is told by nobody.
const SEVERITIES: [Severity; 3] = [Severity::Notice, Severity::Warning, Severity::Critical];

/// What the person hears, for the form: as it stands, or as it was typed where that was refused.
pub(super) async fn heard(entered: &Entered, typed: Option<Wish>) -> Result<Value, PageError> {
    let heard = entered.at_desk(telling::heard).await?;
    let wish = typed.unwrap_or_else(|| wish_of(&heard));
    let kinds = Kind::ALL
        .map(|kind| json!({ "name": kind.name(), "on": wish.kinds.iter().any(|it| it == kind.name()) }));
    Ok(context! { telling => value(json!({
        "own": heard.source == Source::Own, "silent": !heard.terms.each && heard.terms.digest_at.is_none(),
        "each": wish.each, "least": wish.least, "kinds": kinds, "severities": SEVERITIES.map(Severity::name),
        "language": wish.language, "languages": Language::ALL.map(Language::tag),
        "digest_at": wish.digest_at, "quiet_from": wish.quiet_from, "quiet_to": wish.quiet_to,
    })) })
}

/// What is heard, as it would be typed.
fn wish_of(heard: &Heard) -> Wish {
    let terms = &heard.terms;
    let clock = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
    let quiet = terms.quiet.map(|quiet| (clock(quiet.from), clock(quiet.to)));
    let (quiet_from, quiet_to) = quiet.unwrap_or_default();
    Wish {
        each: terms.each,
        least: terms.least.name().to_owned(),
        kinds: terms.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
        language: terms.language.tag().to_owned(),
        digest_at: terms.digest_at.map(clock).unwrap_or_default(),
        quiet_from,
        quiet_to,
    }
}

/// What was typed: of a name that a form may repeat, all; of any other, the last.
fn typed(fields: Vec<(String, String)>) -> Wish {
    let mut wish = Wish::default();
    for (name, said) in fields {
        match name.as_str() {
            "each" => wish.each = said == "yes",
            "kind" => wish.kinds.push(said),
            "least" => wish.least = said,
            "language" => wish.language = said,
            "digest_at" => wish.digest_at = said,
            "quiet_from" => wish.quiet_from = said,
            "quiet_to" => wish.quiet_to = said,
            _ => {}
        }
    }
    wish
}

/// Chooses what to hear.
pub(crate) async fn choose(entered: Entered, Form(fields): Form<Vec<(String, String)>>) -> PageResult {
    let wish = typed(fields);
    let chosen = wish.clone();
    match entered.at_desk(move |desk| telling::choose(desk, &chosen)).await {
        Ok(()) => Ok(entered.onward("/me", "telling-chosen")),
        Err(error) => {
            let telling_refused = cases::refused(&entered, error)?;
            let context = merge_maps([context! { telling_refused }, own(&entered, Some(wish)).await?]);
            cases::unprocessed(entered.page("me/me.html", context))
        }
    }
}

/// Hears again what the role hears.
pub(crate) async fn choose_nothing(entered: Entered) -> PageResult {
    match entered.at_desk(telling::choose_nothing).await {
        Ok(()) => Ok(entered.onward("/me", "telling-default")),
        Err(error) => {
            let telling_refused = cases::refused(&entered, error)?;
            let context = merge_maps([context! { telling_refused }, own(&entered, None).await?]);
            cases::unprocessed(entered.page("me/me.html", context))
        }
    }
}
