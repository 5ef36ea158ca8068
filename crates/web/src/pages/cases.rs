//! What the pages of cases (to do, entries, appeals, rectifications, penalties) share: words, tones, evidence, refusals.

use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Text;
use farsight_rulebook::time::{HOUR, Instant};
use minijinja::{Value, context};
use serde::Deserialize;
use serde_json::json;

use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::desks;
use crate::pages::evidence::{Upload, of_subjects};
use crate::table::Tone;
use crate::views::{Reading, value};

/// A text that decides something.
#[derive(Deserialize)]
pub(crate) struct Said {
    #[serde(default)]
    pub(crate) body: String,
    #[serde(default)]
    pub(crate) verdict: String,
}

/// A text of the policy in the reader's language.
pub(crate) fn titled(reading: &Reading, text: &Text) -> String {
    match reading.language {
        Language::Chinese => text.zh.clone(),
        Language::English => text.en.clone(),
    }
}

/// How pressing a deadline is: over, within a day, within three, or later.
pub(crate) fn pressing(due: Option<Instant>, now: Instant) -> Tone {
    match (desks::pressing(due, now), due) {
        (Tone::Plain, Some(due)) if due.0 - now.0 <= 72 * HOUR => Tone::Notice,
        (tone, _) => tone,
    }
}

/// A dealer's code and name.
pub(crate) fn named(code: &str, name: &str) -> String {
    if name.is_empty() { code.to_owned() } else { format!("{code} {name}") }
}

/// `gallery` of what was handed in for these subjects, and `upload` where the reader may send more for the first.
pub(crate) async fn evidence(
    entered: &Entered,
    subjects: Vec<String>,
    send: Option<(&str, &str)>,
) -> Result<Value, PageError> {
    let subject = subjects.first().cloned().unwrap_or_default();
    let gallery = of_subjects(entered, subjects).await?;
    let upload = send.map(|(dealer, back)| value(Upload { dealer, subject: &subject, back }));
    Ok(context! { gallery, upload })
}

/// Why a form was not taken, as `refused`; any other error goes on as it is.
pub(crate) fn refused(entered: &Entered, error: PageError) -> Result<Value, PageError> {
    Ok(value(json!({ "said": desks::reason(entered, error)? })))
}

/// A page that is shown again with why its form was not taken.
pub(crate) fn unprocessed(answer: PageResult) -> PageResult {
    answer.map(desks::unprocessed)
}
