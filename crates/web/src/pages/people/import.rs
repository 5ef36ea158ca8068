//! A roster by workbook: looked through first, with its faults row by row, then taken in.
//!
//! Between the two the file waits in the page itself, not here: nobody's half-done upload is kept.

use axum::Form;
use axum::extract::{Multipart, Path};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use farsight_control::people::{self, Checked};
use farsight_control::{ControlError, Desk};
use minijinja::context;
use serde::Deserialize;
use serde_json::json;

use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::desks::{reason, unprocessed, word};
use crate::table::download;
use crate::views::value;

/// A roster of thousands of rows is smaller.
const MOST_BYTES: usize = 512 * 1024;
/// Faults shown at a time.
const SHOWN: usize = 200;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The roster as a workbook, to be changed and sent back.
pub(crate) async fn workbook(entered: Entered, Path(dealer): Path<String>) -> PageResult {
    let name = format!("roster-{dealer}.xlsx");
    let bytes = entered.at_desk(move |desk| people::download(desk, &dealer)).await?;
    Ok(download(bytes, XLSX, &name))
}

/// The form to send a workbook.
pub(crate) async fn import(entered: Entered, Path(dealer): Path<String>) -> PageResult {
    page(&entered, &dealer, None, None).await
}

/// A workbook that was looked through.
struct Looked<'l> {
    checked: &'l Checked,
    name: &'l str,
    bytes: &'l [u8],
}

async fn page(
    entered: &Entered,
    dealer: &str,
    looked: Option<Looked<'_>>,
    refused: Option<String>,
) -> PageResult {
    // Who may not see the dealer is told by the roster itself, before any form is shown.
    let wanted = dealer.to_owned();
    let filter = move || farsight_store::roster::Filter { dealer: wanted, limit: 1, ..Default::default() };
    let roster = entered.at_desk(move |desk| people::roster(desk, &filter())).await?;
    let reading = entered.frame().reading();
    let looked = looked.map(|looked| {
        let errors = &looked.checked.outcome.errors;
        let files = looked.checked.outcome.files.iter().map(|file| {
            json!({
                "said": word(&reading, "roster-sheet", file.table).unwrap_or_default(), "added": file.added, "corrected": file.corrected,
                "unchanged": file.unchanged, "errors": file.errors,
            })
        });
        value(json!({
            "name": looked.name, "good": looked.checked.is_good(),
            "file": looked.checked.is_good().then(|| URL_SAFE_NO_PAD.encode(looked.bytes)),
            "files": files.collect::<Vec<_>>(), "count": looked.checked.outcome.error_count(),
            "errors": errors.iter().take(SHOWN).collect::<Vec<_>>(),
            "more": errors.len().saturating_sub(SHOWN),
        }))
    });
    let context = context! { dealer, name => roster.name, looked, refused, most => MOST_BYTES / 1024 };
    entered.page("people/import.html", context)
}

/// Looks a workbook through.
pub(crate) async fn look_through(
    entered: Entered,
    Path(dealer): Path<String>,
    sent: Multipart,
) -> PageResult {
    let checked = match received(sent).await {
        Err(error) => Err(error),
        Ok((name, bytes)) => {
            let (at, called) = (dealer.clone(), name.clone());
            let copy = bytes.clone();
            let look =
                move |desk: &mut Desk| with_file(&copy, |path| people::preview(desk, &at, path, &called));
            entered.at_desk(look).await.map(|checked| (checked, name, bytes))
        }
    };
    match checked {
        Ok((checked, name, bytes)) => {
            let looked = Looked { checked: &checked, name: &name, bytes: &bytes };
            page(&entered, &dealer, Some(looked), None).await
        }
        Err(error) => {
            let why = reason(&entered, error)?;
            Ok(unprocessed(page(&entered, &dealer, None, Some(why)).await?))
        }
    }
}

/// A workbook that was looked through, sent again by its own page.
#[derive(Deserialize)]
pub(crate) struct Again {
    #[serde(default)]
    name: String,
    #[serde(default)]
    file: String,
}

/// Takes a workbook in that was looked through; what has changed since then is looked at again.
pub(crate) async fn take_in(
    entered: Entered,
    Path(dealer): Path<String>,
    Form(again): Form<Again>,
) -> PageResult {
    let bytes = URL_SAFE_NO_PAD.decode(&again.file).map_err(|_| PageError::NotFound)?;
    let (at, called, copy) = (dealer.clone(), plain_name(&again.name), bytes.clone());
    let name = called.clone();
    let take = move |desk: &mut Desk| with_file(&copy, |path| people::take_in(desk, &at, path, &called));
    match entered.at_desk(take).await {
        Ok(checked) if checked.is_good() => {
            Ok(entered.onward(&format!("/people/{dealer}"), "roster-taken-in"))
        }
        Ok(checked) => {
            let looked = Looked { checked: &checked, name: &name, bytes: &bytes };
            Ok(unprocessed(page(&entered, &dealer, Some(looked), None).await?))
        }
        Err(error) => {
            let why = reason(&entered, error)?;
            Ok(unprocessed(page(&entered, &dealer, None, Some(why)).await?))
        }
    }
}

fn refused(code: &str, text: &str) -> PageError {
    PageError::Refused { code: code.to_owned(), text: text.to_owned() }
}

/// The file of a form, with the name its sender gave it.
async fn received(mut sent: Multipart) -> Result<(String, Vec<u8>), PageError> {
    let unreadable = || refused("upload_unreadable", "the upload was cut off: send it again");
    while let Some(part) = sent.next_field().await.map_err(|_| unreadable())? {
        if part.name() != Some("file") {
            continue;
        }
        let name = plain_name(part.file_name().unwrap_or_default());
        let bytes = part.bytes().await.map_err(|_| unreadable())?;
        return match bytes.len() {
            0 => Err(refused("roster_empty", "no file was chosen: choose a workbook")),
            len if len > MOST_BYTES => Err(refused("roster_too_large", "a roster has at most 512 KiB")),
            _ => Ok((name, bytes.to_vec())),
        };
    }
    Err(refused("roster_empty", "no file was chosen: choose a workbook"))
}

/// The last part of a name, short and without control characters.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control()).take(80).collect();
    if kept.trim().is_empty() { "roster.xlsx".to_owned() } else { kept }
}

/// Lends a file with these bytes to `work`; it is gone afterwards.
fn with_file<T>(
    bytes: &[u8],
    work: impl FnOnce(&std::path::Path) -> Result<T, ControlError>,
) -> Result<T, ControlError> {
    let unwritten = |why| ControlError::File { path: "an upload".to_owned(), why };
    let folder = tempfile::tempdir().map_err(unwritten)?;
    let path = folder.path().join("roster.xlsx");
    std::fs::write(&path, bytes).map_err(unwritten)?;
    work(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_last_part() {
        for (name, expected) in [
            ("名册.xlsx", "名册.xlsx"),
            ("C:\\My Files\\roster.xlsx", "roster.xlsx"),
            ("../../etc/passwd", "passwd"),
            ("a\u{0}\nb.xlsx", "ab.xlsx"),
            ("", "roster.xlsx"),
            ("dir/", "roster.xlsx"),
        ] {
            assert_eq!(plain_name(name), expected, "{name:?}");
        }
    }
}
