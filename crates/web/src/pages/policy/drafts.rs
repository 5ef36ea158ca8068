//! `/policy/drafts/new` and `/policy/drafts/{draft}`: a policy file is handed in by one person of headquarters, read as what
//! it would change, and published by another.

use axum::Form;
use axum::extract::Path;
use farsight_control::ControlError;
use farsight_control::policies::drafts::{self, Drafted, Refusal};
use farsight_control::policies::{self, Source};
use farsight_rulebook::policy::PolicyError;
use farsight_store::policies::drafts::{Draft, State};
use jiff::civil::Date;
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use serde::Deserialize;
use serde_json::json;

use super::changes_told;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases;
use crate::views::value;

/// What the form of a new draft says.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    body: String,
}

/// The form of a new draft, with what the last version says.
pub(crate) async fn new(entered: Entered) -> PageResult {
    let body = entered.at_desk(drafts::last).await?.unwrap_or_default();
    entered.page("policy/new.html", context! { typed => body })
}

/// Checks a file and keeps it as a draft; one with faults is shown again with each beside its line.
pub(crate) async fn add(entered: Entered, Form(typed): Form<Typed>) -> PageResult {
    // A form sends its lines with a carriage return each.
    let text = typed.body.replace("\r\n", "\n");
    let source = Source { name: "policy".to_owned(), text: text.clone() };
    let drafted = entered
        .at_desk(move |desk| match drafts::draft(desk, &source) {
            Ok(id) => Ok(Ok(id)),
            Err(ControlError::Policy { faults, .. }) => Ok(Err(faults)),
            Err(error) => Err(error),
        })
        .await;
    let shown = |more: Value| {
        let context = merge_maps([more, context! { typed => text }]);
        cases::unprocessed(entered.page("policy/new.html", context))
    };
    match drafted {
        Ok(Ok(id)) => Ok(entered.onward(&format!("/policy/drafts/{id}"), "policy-drafted")),
        Ok(Err(faults)) => shown(context! { faults => value(faults.iter().map(fault).collect::<Vec<_>>()) }),
        Err(error) => {
            let refused = cases::refused(&entered, error)?;
            shown(context! { refused })
        }
    }
}

fn fault(fault: &PolicyError) -> serde_json::Value {
    json!({ "line": fault.line, "place": fault.place, "reason": fault.reason })
}

/// A draft, and what it would change.
pub(crate) async fn show(entered: Entered, Path(id): Path<i64>) -> PageResult {
    let context = seen(&entered, id, None).await?;
    entered.page("policy/draft.html", context)
}

/// A draft as its page shows it, to begin on a date where one is wanted.
async fn seen(entered: &Entered, id: i64, wanted: Option<Date>) -> Result<Value, PageError> {
    let (drafted, sentences) = entered
        .at_desk({
            let language = entered.frame().reading().language;
            move |desk| {
                let drafted = drafts::one(desk, id, wanted)?;
                let sentences = policies::say(desk, &drafted.changes, language)?;
                Ok((drafted, sentences))
            }
        })
        .await?;
    Ok(told(&drafted, &sentences))
}

fn told(drafted: &Drafted, sentences: &[String]) -> Value {
    context! {
        draft => value(draft_told(&drafted.draft)),
        body => &drafted.draft.body,
        against => drafted.against,
        changes => value(changes_told(&drafted.changes, sentences)),
        earliest => drafted.earliest.map(|date| date.to_string()),
        open => drafted.draft.state == State::Open,
        may_publish => drafted.may_publish.is_ok(),
        why_not => drafted.may_publish.as_ref().err().map(Refusal::code),
    }
}

/// A draft as lists and its page show it.
pub(super) fn draft_told(draft: &Draft) -> serde_json::Value {
    json!({
        "id": draft.id, "name": draft.name, "state": draft.state.name(), "drafted_by": draft.drafted_by,
        "drafted_at": draft.drafted_at.0, "decided_by": draft.decided_by,
        "decided_at": draft.decided_at.map(|at| at.0), "version": draft.version,
    })
}

/// What is done with a draft.
#[derive(Deserialize)]
pub(crate) struct Deed {
    #[serde(default)]
    effective_on: String,
    /// The version whose changes were shown.
    #[serde(default)]
    against: String,
    #[serde(default)]
    verdict: String,
}

/// Publishes by `verdict` `publish`, gives up by `drop`.
pub(crate) async fn act(entered: Entered, Path(id): Path<i64>, Form(typed): Form<Deed>) -> PageResult {
    let wanted = typed.effective_on.parse::<Date>();
    let against = typed.against.parse().ok();
    let done = match typed.verdict.as_str() {
        "publish" => match wanted {
            Ok(on) => {
                let publish = entered.at_desk(move |desk| drafts::publish_seen(desk, id, on, against));
                publish
                    .await
                    .map(|published| (format!("/policy?version={}", published.version), "policy-published"))
            }
            Err(_) => Err(Refusal::NoDate.into()).map_err(|refusal: ControlError| refusal.into()),
        },
        "drop" => {
            let drop = entered.at_desk(move |desk| drafts::drop(desk, id));
            drop.await.map(|()| ("/policy".to_owned(), "policy-dropped"))
        }
        _ => return Err(PageError::NotFound),
    };
    match done {
        Ok((to, said)) => Ok(entered.onward(&to, said)),
        Err(error) => {
            let refused = cases::refused(&entered, error)?;
            let context = merge_maps([
                context! { refused, typed => typed.effective_on },
                seen(&entered, id, wanted.ok()).await?,
            ]);
            cases::unprocessed(entered.page("policy/draft.html", context))
        }
    }
}
